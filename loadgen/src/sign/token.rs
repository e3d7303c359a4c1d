//! Tokens of family `sm`: asked for with the secret, put before each call, and asked for again before they end.

use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Deserialize;

use super::{How, SignError, Signer};

/// Where servers give tokens, unless their configuration says otherwise.
pub const TOKEN_PATH: &str = "/oauth/token";

/// How much of a token's life may be left when another one is asked for, at most, in milliseconds.
const LEFT_MS: u64 = 600_000;

/// A request for a token, to be sent by POST.
#[derive(Debug)]
pub struct TokenRequest {
    /// Its headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body, a form.
    pub body: &'static str,
}

/// What a client asks with, and the token that it has.
pub(super) struct Token {
    basic: HeaderValue,
    now: RwLock<Option<Held>>,
}

struct Held {
    bearer: HeaderValue,
    renew_ms: u64,
}

/// RFC 6749, 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Token {
    pub(super) fn new(name: &str, secret: &[u8]) -> Token {
        let pair = [name.as_bytes(), b":", secret].concat();
        let basic = hidden(&format!("Basic {}", STANDARD.encode(pair)));
        Token { basic: basic.expect("Base64 is visible ASCII"), now: RwLock::new(None) }
    }

    /// What stands before a call; nothing where there is no token.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.as_ref().map(|held| held.bearer.clone())
    }

    fn set(&self, held: Option<Held>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

/// A header that `Debug` does not show.
fn hidden(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Signer {
    /// For `sm`: the request for a token. Of other families there is none.
    pub fn token_request(&self) -> Option<TokenRequest> {
        let basic = self.token()?.basic.clone();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = vec![(AUTHORIZATION, basic), (CONTENT_TYPE, form)];
        Some(TokenRequest { headers, body: "grant_type=password" })
    }

    /// Whether a token must be asked for before the next call: there is none, or it ends in 10 minutes. Let one task at a time ask:
    /// the server keeps few tokens of one client, and forgets the oldest.
    pub fn needs_token(&self, now_ms: u64) -> bool {
        self.token().is_some_and(|token| {
            let now = token.now.read().unwrap_or_else(PoisonError::into_inner);
            now.as_ref().is_none_or(|held| held.renew_ms <= now_ms)
        })
    }

    /// Takes the token from the body of the answer to the request. Calls that are signed from now on have it.
    ///
    /// # Errors
    /// The answer has no token, and the one before stays.
    pub fn take_token(&self, answer: &[u8], now_ms: u64) -> Result<(), SignError> {
        let granted: Granted = serde_json::from_slice(answer).map_err(|_| {
            self.no_such_token("it is no JSON with access_token and expires_in; check the secret")
        })?;
        let life_ms = granted.expires_in.saturating_mul(1_000);
        let renew_ms = now_ms.saturating_add(life_ms - LEFT_MS.min(life_ms / 2));
        self.set_token(&granted.access_token, renew_ms)
    }

    /// Gives it a token that [`Signer::needs_token`] says nothing of until `renew_ms`. Other families pass it over.
    ///
    /// # Errors
    /// The token cannot stand in a header.
    pub fn set_token(&self, token: &str, renew_ms: u64) -> Result<(), SignError> {
        let what = "its token cannot stand in a header; tell who runs the server";
        let bearer = hidden(&format!("Bearer {token}")).ok_or_else(|| self.no_such_token(what))?;
        if let Some(token) = self.token() {
            token.set(Some(Held { bearer, renew_ms }));
        }
        Ok(())
    }

    /// Drops its token, so that another one is asked for: the server has forgotten it, as it does when it starts (433), or says that
    /// it has ended (432).
    pub fn forget_token(&self) {
        if let Some(token) = self.token() {
            token.set(None);
        }
    }

    fn no_such_token(&self, what: &'static str) -> SignError {
        SignError::Token { name: self.name.to_string(), what }
    }

    fn token(&self) -> Option<&Token> {
        match &self.how {
            How::Sm(sm) => Some(&sm.token),
            How::None | How::Api(_) | How::Tif(_) | How::Ca(_) | How::Cainfo(_) => None,
        }
    }
}
