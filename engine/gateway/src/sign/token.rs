//! Tokens of the family that asks for one before it calls: random, good for a while, and kept in memory alone. After a start clients ask
//! again, as they do when theirs has ended.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::limits::{TOKEN_LIFE_MS, TOKENS_MAX};
use crate::refusal::{Family, Refusal};
use crate::sign::credential::{Credential, CredentialId, Credentials, Proof};
use crate::sign::header::Headers;
use crate::sign::keys::{KeyError, hex, random};

/// A token, as its client is told it once.
pub struct Token(Zeroizing<String>);

/// The tokens that are good.
#[derive(Default)]
pub struct Tokens {
    /// By the hash of each: how long a look-up takes tells nothing of a token, and memory holds none.
    good: HashMap<[u8; 32], Good>,
}

#[derive(Copy, Clone)]
struct Good {
    of: CredentialId,
    ends_ms: i64,
}

/// Why no token is given.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum NoToken {
    /// The client is refused.
    Refused(Refusal),
    /// No token can be made.
    Random(KeyError),
}

impl Token {
    /// It, as it stands behind `Bearer`.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The body of the answer to who asked for it (RFC 6749 §5.1).
    pub fn body(&self) -> Zeroizing<String> {
        let (token, seconds) = (&*self.0, TOKEN_LIFE_MS / 1_000);
        Zeroizing::new(format!(
            "{{\"access_token\":\"{token}\",\"token_type\":\"bearer\",\"expires_in\":{seconds}}}"
        ))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.good.len())
    }
}

impl Tokens {
    /// Answers a call of the token endpoint: `Authorization: Basic` of clientId and secret.
    pub fn grant<'h>(
        &mut self,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        now_ms: i64,
        credentials: &Credentials,
    ) -> Result<Token, NoToken> {
        let headers = Headers::of(headers).map_err(NoToken::Refused)?;
        let client = client(&headers, credentials).map_err(NoToken::Refused)?;
        self.issue(client.id(), now_ms).map_err(NoToken::Random)
    }

    /// A new token of a credential. Where it has [`TOKENS_MAX`], its oldest is no longer good.
    pub fn issue(&mut self, of: CredentialId, now_ms: i64) -> Result<Token, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random(&mut *bytes)?;
        let token = Zeroizing::new(hex(&*bytes));
        self.good.retain(|_, good| good.ends_ms > now_ms);
        let own = self.good.iter().filter(|(_, good)| good.of == of);
        if own.clone().count() >= TOKENS_MAX
            && let Some(oldest) = own.min_by_key(|(_, good)| good.ends_ms).map(|(hash, _)| *hash)
        {
            self.good.remove(&oldest);
        }
        let ends_ms = now_ms.saturating_add(TOKEN_LIFE_MS);
        self.good.insert(hash(token.as_bytes()), Good { of, ends_ms });
        Ok(Token(token))
    }

    /// Whose token this is, while it is good.
    pub fn verify(&self, token: &[u8], now_ms: i64) -> Result<CredentialId, Refusal> {
        let good = self.good.get(&hash(token)).ok_or(Refusal::KeyUnknown)?;
        if good.ends_ms > now_ms { Ok(good.of) } else { Err(Refusal::Expired) }
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.good.len()
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}

/// Who asks for a token.
fn client<'c>(headers: &Headers<'_>, all: &'c Credentials) -> Result<&'c Credential, Refusal> {
    let basic = behind(b"basic ", headers.must("authorization")?).ok_or(Refusal::HeadersMissing)?;
    let pair = Zeroizing::new(STANDARD.decode(basic).map_err(|_| Refusal::SignatureDiffers)?);
    let colon = pair.iter().position(|byte| *byte == b':').ok_or(Refusal::SignatureDiffers)?;
    let (name, secret) = (&pair[..colon], &pair[colon + 1..]);
    let client = all.named(Family::Sm, name);
    let known = match client.map(Credential::proof) {
        Some(Proof::Sm(sm)) => &sm.secret,
        _ => &all.decoy().secret,
    };
    // Hashed first: comparing tells not even their lengths.
    let same = bool::from(hash(secret).ct_eq(&hash(known.expose())));
    match client {
        None => Err(Refusal::KeyUnknown),
        Some(_) if !same => Err(Refusal::SignatureDiffers),
        Some(client) => Ok(client),
    }
}

/// What stands behind the scheme of an `Authorization`.
pub(crate) fn behind<'h>(scheme: &[u8], value: &'h [u8]) -> Option<&'h [u8]> {
    let (before, after) = value.split_at_checked(scheme.len())?;
    before.eq_ignore_ascii_case(scheme).then(|| after.trim_ascii())
}
