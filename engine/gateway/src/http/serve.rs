//! One call from its head to its answer.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::io::Write;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, body};

use super::limits::{GZIP_ASIDE_BYTES_MIN, SHOWN_PATH_CHARS_MAX};
use super::server::Hall;
use super::{Calls, Incoming, Sent, Spoilt};

/// What is said when even [`Calls::refuse`] breaks down: `infcode` and `err_msg` are all that a client needs.
const LAST_WORDS: &str = r#"{"infcode":-1,"err_msg":"FSI-系统错误"}"#;

/// What answers stand behind a listener.
pub(super) struct Desk<C> {
    calls: Arc<C>,
    hall: Arc<Hall>,
    unsigned: bool,
}

impl<C: Calls> Desk<C> {
    pub(super) fn new(calls: Arc<C>, hall: Arc<Hall>, unsigned: bool) -> Desk<C> {
        Desk { calls, hall, unsigned }
    }

    /// The answer to one request.
    pub(super) async fn answer(
        &self,
        peer: SocketAddr,
        request: Request<body::Incoming>,
    ) -> Response<Bytes> {
        if request.method() != Method::POST {
            return self.not_a_call(request.uri().path());
        }
        let (began, came) = (Instant::now(), SystemTime::now());
        let packs = accepts_gzip(request.headers());
        let (head, body) = request.into_parts();
        let answer = match self.whole(peer, (began, came), head, body).await {
            Ok(answer) => answer,
            Err(what) => Sent::Json(self.refuse(what)),
        };
        let response = self.response(answer, packs).await;
        self.hall.counters.answered(began.elapsed());
        response
    }

    async fn whole(
        &self,
        peer: SocketAddr,
        (began, came): (Instant, SystemTime),
        head: hyper::http::request::Parts,
        body: body::Incoming,
    ) -> Result<Sent, Spoilt> {
        let Hall { limits, budget, counters, .. } = &*self.hall;
        let forwarded = self.unsigned && is_forwarded(&head.headers);
        let refused = forwarded.then_some(Spoilt::Forwarded);
        // It holds its part of the budget until this function ends.
        let whole = super::body::read(body, &head.headers, refused, began, limits, budget).await?;
        let path = head.uri.path();
        let call = Incoming {
            path: path.to_owned(),
            headers: head.headers,
            body: whole.bytes.clone(),
            peer,
            came,
        };
        let began = Instant::now();
        // The call is made inside, so that what it does before its first await is caught too. It is some kilobytes that would be moved
        // with everything that holds them, and kept by every connection that waits.
        let calling = caught(Box::pin(async { self.calls.call(call).await }));
        let answer = match tokio::time::timeout(limits.answer, calling).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Panicked)) => {
                tracing::error!(path = %shown(path), "a call broke down");
                Err(Spoilt::Broken)
            }
            Err(_) => Err(Spoilt::Late),
        };
        let took = began.elapsed();
        counters.called(took);
        if took > limits.slow {
            counters.slow.add(1);
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(path = %shown(path), took_ms, "a slow call");
        }
        answer
    }

    fn refuse(&self, what: Spoilt) -> Vec<u8> {
        self.hall.counters.refuse(what);
        tracing::debug!(cause = what.name(), "a call was refused");
        let refused = unharmed(|| self.calls.refuse(what));
        refused.unwrap_or_else(|Panicked| LAST_WORDS.into())
    }

    async fn response(&self, answer: Sent, packs: bool) -> Response<Bytes> {
        let (answer, kind) = match answer {
            Sent::Json(answer) => (answer, "application/json;charset=utf-8"),
            Sent::File(answer) => (answer, "application/octet-stream"),
        };
        let mut answer = Bytes::from(answer);
        let mut packed = None;
        if packs && answer.len() > self.hall.limits.gzip_bytes_min {
            packed = gzip(&answer).await;
        }
        let is_packed = packed.is_some();
        answer = packed.unwrap_or(answer);
        let mut response = Response::new(answer);
        let kind = HeaderValue::from_static(kind);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if is_packed {
            let coding = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, coding);
        }
        response
    }

    fn not_a_call(&self, path: &str) -> Response<Bytes> {
        if unharmed(|| self.calls.serves(path)).unwrap_or(true) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "POST only\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            response
        } else {
            text(StatusCode::NOT_FOUND, "not found\n")
        }
    }
}

/// A short answer in words.
pub(super) fn text(status: StatusCode, words: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(words.into());
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// It did not come to its end. What it said is not kept: it may have been about a person.
pub(super) struct Panicked;

impl From<Box<dyn Any + Send>> for Panicked {
    fn from(_: Box<dyn Any + Send>) -> Panicked {
        Panicked
    }
}

/// What a function gives, unless it breaks down. What it left half done is its own to bear: nothing of ours is in its hands.
pub(super) fn unharmed<T>(function: impl FnOnce() -> T) -> Result<T, Panicked> {
    Ok(catch_unwind(AssertUnwindSafe(function))?)
}

/// What a future gives, unless it breaks down; then it is not polled again.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| match unharmed(|| future.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panicked) => std::task::Poll::Ready(Err(panicked)),
    })
    .await
}

/// Whether a proxy was on the way.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let of_proxy = |name: &HeaderName| {
        *name == header::FORWARDED
            || *name == header::VIA
            || name.as_str().starts_with("x-forwarded-")
    };
    headers.keys().any(of_proxy)
}

/// Whether the client takes gzip: it is named, and not with a weight of nought.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING);
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.filter_map(|part| part.strip_prefix("q=")).any(is_nought);
        named && !refused
    })
}

/// `0`, `0.`, `0.0` and so on.
fn is_nought(weight: &str) -> bool {
    weight.starts_with('0') && weight.chars().all(|letter| matches!(letter, '0' | '.'))
}

/// Packs an answer, a large one where it holds up no other; `None` where that cannot be, and it goes as it is.
async fn gzip(answer: &Bytes) -> Option<Bytes> {
    if answer.len() < GZIP_ASIDE_BYTES_MIN {
        return pack(answer);
    }
    let answer = answer.clone();
    tokio::task::spawn_blocking(move || pack(&answer)).await.ok().flatten()
}

fn pack(answer: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(answer.len() / 4), Compression::fast());
    encoder.write_all(answer).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// As much of a path as belongs in a log.
fn shown(path: &str) -> &str {
    let end = path.char_indices().nth(SHOWN_PATH_CHARS_MAX).map_or(path.len(), |(at, _)| at);
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(name, value.parse().expect("a value"));
        headers
    }

    #[test]
    fn gzip_is_taken_where_it_is_named() {
        let takes = |value: &str| accepts_gzip(&headers(header::ACCEPT_ENCODING, value));
        for yes in ["gzip", "deflate, GZIP", "br;q=1.0, gzip;q=0.8", "gzip; q=0.001"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=1", "xgzip"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn proxies_are_known_by_their_headers() {
        for name in ["forwarded", "via", "x-forwarded-for", "x-forwarded-anything"] {
            let name = HeaderName::from_static(name);
            assert!(is_forwarded(&headers(name, "1.1 proxy")));
        }
        for name in ["x-forward", "host", "x-tif-signature"] {
            assert!(!is_forwarded(&headers(HeaderName::from_static(name), "1")));
        }
    }

    #[test]
    fn a_long_path_is_shown_to_a_bound() {
        assert_eq!(shown("/short"), "/short");
        let long = "\u{4e00}".repeat(500);
        assert_eq!(shown(&long).chars().count(), SHOWN_PATH_CHARS_MAX);
    }
}
