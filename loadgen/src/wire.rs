//! One cashier's connection: keep-alive HTTP/1.1, one call at a time, as a HIS has it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::net::TcpSocket;

use crate::answers::Envelope;
use crate::sign::{Signer, TOKEN_PATH};
use crate::town::POOL;

/// Where all transactions go.
const PATH: &str = "/fsi/api/rsfComIfsService/callService";

/// What all cashiers share.
#[derive(Debug)]
pub struct Line {
    /// The server.
    pub to: SocketAddr,
    /// How long an answer may take before it is unknown whether anything was done.
    pub patience: Duration,
    /// Bytes sent and received.
    pub bytes: (AtomicU64, AtomicU64),
    /// Held by who asks for a token: the server keeps few of them.
    asking: tokio::sync::Mutex<()>,
    /// When the last one was had.
    token_at: Mutex<Option<Instant>>,
}

/// Who calls: an institution, and how it signs.
#[derive(Debug)]
pub struct Caller {
    /// `fixmedins_code`
    pub code: String,
    /// Where it stands.
    pub admdvs: &'static str,
    /// Its signatures.
    pub signer: Arc<Signer>,
}

/// A connection, made when it is first needed and again after it broke.
pub struct Cashier {
    number: u32,
    open: Option<SendRequest<Full<Bytes>>>,
    /// When it was last used.
    used: Instant,
}

/// After so long without a call a connection is not used again: servers close what is idle, and a call must not meet that.
const IDLE: Duration = Duration::from_secs(50);

/// An answer that came whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it was done.
    pub done: bool,
    /// The number of the answer.
    pub inf_refmsgid: Option<String>,
    /// Why it was not done.
    pub err_msg: Option<String>,
    /// `output`, as it stood there, or as it was once decrypted.
    pub output: Option<Box<RawValue>>,
}

/// No answer that can be read.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// The time is over.
    #[error("no answer in {0:.1?}")]
    Late(Duration),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It is no answer of the interface.
    #[error("no answer of the interface: {0}")]
    Garbage(String),
}

impl Line {
    /// To a server.
    pub fn new(to: SocketAddr, patience: Duration) -> Line {
        Line {
            to,
            patience,
            bytes: (AtomicU64::new(0), AtomicU64::new(0)),
            asking: tokio::sync::Mutex::default(),
            token_at: Mutex::new(None),
        }
    }
}

impl Line {
    /// The server does not know the token any more that a call was signed with which began at a moment; one that came since then is
    /// kept.
    pub fn forget_token(&self, signer: &Signer, begun: Instant) {
        let at = self.token_at.lock();
        if at.is_none_or(|at| at <= begun) {
            signer.forget_token();
        }
    }
}

impl Cashier {
    /// Not connected yet.
    pub fn new(number: u32) -> Cashier {
        Cashier { number, open: None, used: Instant::now() }
    }

    /// Sends one transaction and waits for its answer.
    ///
    /// # Errors
    /// Whether it was done is unknown.
    pub async fn call(
        &mut self,
        line: &Line,
        who: &Caller,
        infno: &str,
        msgid: &str,
        input: &str,
    ) -> Result<Answer, Unknown> {
        let asked = async {
            let (status, _, body) = self.ask(line, who, infno, msgid, input).await?;
            read(status, &body, &who.signer)
        };
        let asked = tokio::time::timeout(line.patience, asked).await;
        self.or_unknown(line, asked)
    }

    /// Sends one transaction whose answer is a file, where it is done; else its answer.
    ///
    /// # Errors
    /// Whether it was done is unknown.
    pub async fn fetch(
        &mut self,
        line: &Line,
        who: &Caller,
        infno: &str,
        msgid: &str,
        input: &str,
    ) -> Result<Result<Bytes, Answer>, Unknown> {
        let asked = async {
            let (status, is_file, body) = self.ask(line, who, infno, msgid, input).await?;
            if is_file { Ok(Ok(body)) } else { read(status, &body, &who.signer).map(Err) }
        };
        let asked = tokio::time::timeout(line.patience, asked).await;
        self.or_unknown(line, asked)
    }

    /// A connection on which an answer is missing is not used again.
    fn or_unknown<T>(
        &mut self,
        line: &Line,
        asked: Result<Result<T, Unknown>, tokio::time::error::Elapsed>,
    ) -> Result<T, Unknown> {
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(unknown)) => {
                self.open = None;
                Err(unknown)
            }
            Err(_) => {
                self.open = None;
                Err(Unknown::Late(line.patience))
            }
        }
    }

    /// The status of an answer, whether it is a file, and its bytes.
    async fn ask(
        &mut self,
        line: &Line,
        who: &Caller,
        infno: &str,
        msgid: &str,
        input: &str,
    ) -> Result<(StatusCode, bool, Bytes), Unknown> {
        let (now, inf_time) = now();
        if who.signer.needs_token(now) {
            let _asking = line.asking.lock().await;
            if who.signer.needs_token(now) {
                token(line.to, &who.signer).await?;
                *line.token_at.lock() = Some(Instant::now());
            }
        }
        let envelope = [
            ("infno", infno),
            ("msgid", msgid),
            ("mdtrtarea_admvs", who.admdvs),
            ("insuplc_admdvs", POOL),
            ("recer_sys_code", "99"),
            ("dev_no", ""),
            ("dev_safe_info", ""),
            ("signtype", ""),
            ("infver", "V1.0"),
            ("opter_type", "1"),
            ("opter", "001"),
            ("opter_name", "收费员"),
            ("inf_time", &*inf_time),
            ("fixmedins_code", &*who.code),
            ("fixmedins_name", &*who.code),
            ("sign_no", ""),
        ];
        let signed = who
            .signer
            .sign(&envelope, input, now)
            .map_err(|error| Unknown::Broken(error.to_string()))?;
        let mut request =
            Request::post(PATH).header(HOST, "yidan").header(CONTENT_TYPE, "application/json");
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let _ = line.bytes.0.fetch_add(signed.body.len() as u64, Ordering::Relaxed);
        let request = request
            .body(Full::new(Bytes::from(signed.body)))
            .map_err(|error| Unknown::Broken(error.to_string()))?;
        let broken = |error: hyper::Error| Unknown::Broken(error.to_string());
        let sender = self.connected(line).await?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_file = kind.is_some_and(|kind| kind.starts_with("application/octet-stream"));
        let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
        let _ = line.bytes.1.fetch_add(body.len() as u64, Ordering::Relaxed);
        Ok((status, is_file, body))
    }

    /// Opens the connection, where it is not open.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub async fn open(&mut self, line: &Line) -> Result<(), String> {
        self.connected(line).await.map(|_| ()).map_err(|unknown| unknown.to_string())
    }

    async fn connected(&mut self, line: &Line) -> Result<&mut SendRequest<Full<Bytes>>, Unknown> {
        let usable = match &mut self.open {
            Some(sender) if self.used.elapsed() < IDLE => sender.ready().await.is_ok(),
            Some(_) | None => false,
        };
        self.used = Instant::now();
        if !usable {
            self.open = Some(connect(line.to, self.number).await.map_err(Unknown::Broken)?);
        }
        Ok(self.open.as_mut().expect("it was just connected"))
    }
}

/// Connects. On this machine every cashier of four hundred comes from another loopback address, as every hospital has its own.
async fn connect(to: SocketAddr, number: u32) -> Result<SendRequest<Full<Bytes>>, String> {
    let told = |error: std::io::Error| format!("cannot connect to {to}: {error}");
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }
    .map_err(told)?;
    if to.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        let host = u8::try_from(2 + number / 400 % 250).expect("at most 251");
        let from = SocketAddr::from(([127, 0, 0, host], 0));
        socket.bind(from).map_err(told)?;
    }
    let stream = socket.connect(to).await.map_err(told)?;
    stream.set_nodelay(true).map_err(told)?;
    let (sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // It ends with the sender; what went wrong is told to whoever waits for an answer.
    drop(tokio::spawn(async move { drop(connection.await) }));
    Ok(sender)
}

fn read(status: StatusCode, body: &[u8], signer: &Signer) -> Result<Answer, Unknown> {
    let garbage = |error: &dyn std::fmt::Display| {
        let begin: String = String::from_utf8_lossy(body).chars().take(120).collect();
        Unknown::Garbage(format!("HTTP {status}, {error}: {begin}"))
    };
    if status != StatusCode::OK {
        return Err(garbage(&"expected 200"));
    }
    let text = std::str::from_utf8(body).map_err(|error| garbage(&error))?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| garbage(&error))?;
    let done = envelope.infcode.get().trim_matches('"') == "0";
    let output = match envelope.output {
        Some(output) if output.get() != "null" => {
            let opened = signer
                .open(output.get(), envelope.cainfo.as_deref())
                .map_err(|error| garbage(&error))?;
            Some(RawValue::from_string(opened.into_owned()).map_err(|error| garbage(&error))?)
        }
        _ => None,
    };
    Ok(Answer { done, inf_refmsgid: envelope.inf_refmsgid, err_msg: envelope.err_msg, output })
}

/// Gets the token that calls of one family are let in with.
async fn token(to: SocketAddr, signer: &Signer) -> Result<(), Unknown> {
    let Some(asked) = signer.token_request() else { return Ok(()) };
    let told = |error: &dyn std::fmt::Display| Unknown::Broken(format!("no token: {error}"));
    let mut request = Request::post(TOKEN_PATH).header(HOST, "yidan");
    for (name, value) in asked.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(asked.body))).map_err(|error| told(&error))?;
    let mut sender = connect(to, 0).await.map_err(|error| told(&error))?;
    let response = sender.send_request(request).await.map_err(|error| told(&error))?;
    let body = response.into_body().collect().await.map_err(|error| told(&error))?.to_bytes();
    signer.take_token(&body, now().0).map_err(|error| told(&error))
}

/// Milliseconds since 1970, and the moment in Beijing as `yyyy-MM-dd HH:mm:ss`.
pub fn now() -> (u64, String) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let beijing = i64::try_from(since.as_secs()).unwrap_or(0) + 8 * 3_600;
    (u64::try_from(since.as_millis()).unwrap_or(0), civil(beijing))
}

/// Seconds since 1970 as `yyyy-MM-dd HH:mm:ss`.
pub fn civil(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, in eras of 400 years: Howard Hinnant's civil_from_days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn moments_are_civil() {
        assert_eq!(civil(0), "1970-01-01 00:00:00");
        assert_eq!(civil(951_782_400 + 86_399), "2000-02-29 23:59:59");
        assert_eq!(civil(1_795_392_000), "2026-11-23 00:00:00");
    }
}
