//! What stands between sockets and transactions: the signature, what came before, how much an institution may ask, and the URL.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use parking_lot::{Mutex, RwLock};

use crate::answer::Stamp;
use crate::form::{NotAForm, form};
use crate::http::{Calls, Incoming, Sent, Spoilt};
use crate::limit::{Limiter, Place};
use crate::limits::STRANGERS_WRITTEN_A_SECOND;
use crate::refusal::{Family, Refusal, failed};
use crate::replay::Replays;
use crate::route::{SHARED, route};
use crate::service::{Caller, Declined, Service, civil};
use crate::sign::token::NoToken;
use crate::sign::{Credentials, Once, Tokens, verify};
use crate::tolerance::Profile;

/// One listener's front.
#[derive(Debug)]
pub struct Front {
    service: Arc<Service>,
    credentials: Credentials,
    /// URLs for all transactions.
    shared: Vec<String>,
    /// Where tokens are asked for.
    token_path: String,
    tokens: RwLock<Tokens>,
    replays: Mutex<Replays>,
    limiter: Mutex<Limiter>,
    strangers: Mutex<Strangers>,
}

/// Who is not let in, as far as that is written down: anybody can knock, so most of many are counted only.
#[derive(Debug, Default)]
struct Strangers {
    second: i64,
    written: u32,
    unwritten: u64,
}

impl Strangers {
    /// Whether one that comes now is written down: then how many before were not.
    fn note(&mut self, now_ms: i64) -> Option<u64> {
        let second = now_ms.div_euclid(1_000);
        if second != self.second {
            (self.second, self.written) = (second, 0);
        }
        if self.written >= STRANGERS_WRITTEN_A_SECOND {
            self.unwritten = self.unwritten.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.unwritten))
    }
}

/// A call that waits for its answer; dropped, its institution may ask again.
struct Within<'f> {
    front: &'f Front,
    place: Option<Place>,
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.front.limiter.lock().leave(place);
        }
    }
}

impl Front {
    /// Of a service, for calls with these credentials. `more_shared` are URLs for all transactions besides [`SHARED`].
    pub fn new(
        service: Arc<Service>,
        credentials: Credentials,
        more_shared: &[String],
        token_path: &str,
    ) -> Front {
        let shared = SHARED.iter().map(|path| (*path).to_owned());
        Front {
            service,
            credentials,
            shared: shared.chain(more_shared.iter().cloned()).collect(),
            token_path: token_path.to_owned(),
            tokens: RwLock::default(),
            replays: Mutex::default(),
            limiter: Mutex::default(),
            strangers: Mutex::default(),
        }
    }

    async fn answer(&self, call: &Incoming, now_ms: i64, came: Stamp) -> Sent {
        let headers = || call.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        if call.path == self.token_path {
            return Sent::Json(self.grant(headers(), now_ms, came));
        }
        let kind = call.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let form = match form(kind.unwrap_or_default(), &call.body).await {
            Some(Ok(form)) => Some(form),
            Some(Err(NotAForm)) => return Sent::Json(declined(Declined::NotAForm, came)),
            None => None,
        };
        let message = form.as_ref().map_or(&call.body, |form| &form.message);
        let verified = {
            let tokens = self.tokens.read();
            verify(headers(), message, now_ms, &self.credentials, &tokens)
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(rejected) => {
                if let Some(unwritten) = self.strangers.lock().note(now_ms) {
                    let (peer, why) = (call.peer, &rejected.why);
                    tracing::info!(target: "audit", %peer, ?why, unwritten, "not let in");
                }
                return Sent::Json(rejected.body(came, civil(now_ms)));
            }
        };
        let credential = verified.credential();
        let refused = |refusal: Refusal| {
            Sent::Json(refusal.body(credential.family(), credential.profile(), came, came))
        };
        // What is signed with the message does not sign the file beside it.
        if form.is_some() && credential.family() == Family::Sm {
            return Sent::Json(declined(Declined::NotAForm, came));
        }
        let Some(institution) = self.service.institutions().find(verified.institution()) else {
            return refused(Refusal::OtherInstitution);
        };
        let entered = self.limiter.lock().enter(&institution.code, &institution.limits, now_ms);
        let _within = match entered {
            Ok(place) => Within { front: self, place: Some(place) },
            Err(refusal) => return refused(refusal),
        };
        // Of a form all of the body is what may not come otherwise, its file too.
        let whole = |once: &Once| form.as_ref().map_or(*once, |_| once.of_body(&call.body));
        if let Some(once) = verified.once().map(whole)
            && let Err(refusal) = self.replays.lock().note(&once, now_ms)
        {
            return refused(refusal);
        }
        let Some(route) = route(&call.path, &self.shared) else {
            return refused(Refusal::TransactionUnknown);
        };
        let file = form.as_ref().and_then(|form| form.file.clone());
        let caller = Caller { institution, credential, came, file };
        self.service.answer(&caller, route, verified.call()).await
    }

    fn grant<'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        now_ms: i64,
        came: Stamp,
    ) -> Vec<u8> {
        match self.tokens.write().grant(headers, now_ms, &self.credentials) {
            Ok(token) => token.body().as_bytes().to_vec(),
            Err(NoToken::Refused(refusal)) => {
                refusal.body(Family::Sm, &Profile::LENIENT, came, came)
            }
            Err(NoToken::Random(error)) => {
                tracing::error!(%error, "no token can be made");
                Refusal::Busy.body(Family::Sm, &Profile::LENIENT, came, came)
            }
        }
    }
}

/// The body of an answer to who is not known.
fn declined(why: Declined, now: Stamp) -> Vec<u8> {
    let mut body = Vec::new();
    let err_msg = crate::service::gateway_message(why, None);
    failed(&err_msg, now, now).write(&Profile::LENIENT, &mut body);
    body
}

impl Calls for Front {
    async fn call(&self, call: Incoming) -> Sent {
        let since = call.came.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.answer(&call, now_ms, civil(now_ms)).await
    }

    fn refuse(&self, what: Spoilt) -> Vec<u8> {
        let now = crate::service::now();
        let why = match what {
            Spoilt::Busy => return Refusal::Busy.body(Family::None, &Profile::LENIENT, now, now),
            Spoilt::Forwarded => {
                return Refusal::Forwarded.body(Family::None, &Profile::LENIENT, now, now);
            }
            Spoilt::TooLong => Declined::BodyTooLong,
            Spoilt::NotGzip | Spoilt::Coding => Declined::BodyNotGzip,
            Spoilt::Cut | Spoilt::TooSlow => Declined::BodyNotWhole,
            Spoilt::Late | Spoilt::Broken => Declined::NotAnswered,
        };
        declined(why, now)
    }

    fn serves(&self, path: &str) -> bool {
        path == self.token_path || route(path, &self.shared).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_strangers_some_are_written_down_and_all_are_counted() {
        let mut strangers = Strangers::default();
        let mut note = |now_ms| strangers.note(now_ms);
        for _ in 0..STRANGERS_WRITTEN_A_SECOND {
            assert_eq!(note(5_000), Some(0));
        }
        assert_eq!([note(5_001), note(5_500), note(5_999)], [None; 3]);
        assert_eq!([note(6_000), note(6_001)], [Some(3), Some(0)]);
    }
}
