//! What stands between sockets and transactions: the signature, what came before, how much an institution may ask, and the URL.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use parking_lot::{Mutex, RwLock};

use crate::answer::Stamp;
use crate::http::{Calls, Incoming, Spoilt};
use crate::limit::{Limiter, Place};
use crate::refusal::{Family, Refusal, failed};
use crate::replay::Replays;
use crate::route::{SHARED, route};
use crate::service::{Caller, Declined, Service, civil};
use crate::sign::token::NoToken;
use crate::sign::{Credentials, Tokens, verify};
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
        }
    }

    async fn answer(&self, call: &Incoming, now_ms: i64, came: Stamp) -> Vec<u8> {
        let headers = || call.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        if call.path == self.token_path {
            return self.grant(headers(), now_ms, came);
        }
        let verified = {
            let tokens = self.tokens.read();
            verify(headers(), &call.body, now_ms, &self.credentials, &tokens)
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(rejected) => {
                tracing::info!(target: "audit", peer = %call.peer, why = ?rejected.why, "not let in");
                return rejected.body(came, civil(now_ms));
            }
        };
        let credential = verified.credential();
        let refused =
            |refusal: Refusal| refusal.body(credential.family(), credential.profile(), came, came);
        let Some(institution) = self.service.institutions().find(verified.institution()) else {
            return refused(Refusal::OtherInstitution);
        };
        let entered = self.limiter.lock().enter(&institution.code, &institution.limits, now_ms);
        let _within = match entered {
            Ok(place) => Within { front: self, place: Some(place) },
            Err(refusal) => return refused(refusal),
        };
        if let Some(once) = verified.once()
            && let Err(refusal) = self.replays.lock().note(once, now_ms)
        {
            return refused(refusal);
        }
        let Some(route) = route(&call.path, &self.shared) else {
            return refused(Refusal::TransactionUnknown);
        };
        let caller = Caller { institution, credential, came };
        self.service.answer(caller, route, verified.call()).await
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

impl Calls for Front {
    async fn call(&self, call: Incoming) -> Vec<u8> {
        let since = call.came.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.answer(&call, now_ms, civil(now_ms)).await
    }

    fn refuse(&self, what: Spoilt) -> Vec<u8> {
        let now = crate::service::now();
        let declined = match what {
            Spoilt::Busy => return Refusal::Busy.body(Family::None, &Profile::LENIENT, now, now),
            Spoilt::Forwarded => {
                return Refusal::Forwarded.body(Family::None, &Profile::LENIENT, now, now);
            }
            Spoilt::TooLong => Declined::BodyTooLong,
            Spoilt::NotGzip | Spoilt::Coding => Declined::BodyNotGzip,
            Spoilt::Cut | Spoilt::TooSlow => Declined::BodyNotWhole,
            Spoilt::Late | Spoilt::Broken => Declined::NotAnswered,
        };
        let mut body = Vec::new();
        let err_msg = crate::service::gateway_message(declined, None);
        failed(&err_msg, now, now).write(&Profile::LENIENT, &mut body);
        body
    }

    fn serves(&self, path: &str) -> bool {
        path == self.token_path || route(path, &self.shared).is_some()
    }
}
