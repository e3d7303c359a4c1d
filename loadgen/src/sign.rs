//! How institutions sign their calls: the five families of the interface and none, from the client's side. A signer writes the body of
//! a call once and says which headers go with it; it opens what answers are sealed with. Written from the guide alone, so that an error
//! in the server's own signing code cannot hide here.

mod body;
mod error;
mod family;
mod headers;
mod keys;
mod made;
mod sealed;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;
use std::fmt;

use hyper::header::{HeaderName, HeaderValue};
use sm2::dsa::SigningKey;

use self::headers::{Api, Ca, Tif};
use self::sealed::Sealer;
use self::token::Token;

pub use self::error::SignError;
pub use self::family::Family;
pub use self::keys::Keys;
pub use self::made::{MadeCredential, make};
pub use self::token::{TOKEN_PATH, TokenRequest};

/// User id of SM2 signatures where nothing else was agreed (GM/T 0009).
const USER: &str = "1234567812345678";

/// Characters that a name or a secret may have.
const CHARS_MAX: usize = 128;

/// What one institution signs with: its name on the wire, its secret, its keys. All threads may share one; it is never copied.
pub struct Signer {
    name: Box<str>,
    how: How,
}

/// What signing takes, made ready once.
enum How {
    None,
    Api(Api),
    Tif(Tif),
    Ca(Ca),
    Sm(Box<Sm>),
    Cainfo(Box<SigningKey>),
}

/// Family `sm`: what seals bodies, and what calls are let in with.
struct Sm {
    sealer: Sealer,
    token: Token,
}

/// A call, ready to be sent.
#[derive(Debug)]
pub struct Signed {
    /// The body, as it must be sent to the byte.
    pub body: Vec<u8>,
    /// The headers that belong to it, besides those of HTTP itself; no name comes twice.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} “{}”)", self.family(), self.name)
    }
}

impl Signer {
    /// One that signs nothing.
    pub fn none() -> Signer {
        Signer { name: "".into(), how: How::None }
    }

    /// One of a family.
    ///
    /// `name` is the access key, paasid, x-ca-key or clientId; for `sm` it has 16 bytes, as it is the key of SM4 too. `secret` is used
    /// as its characters stand. `sm` and `cainfo` need keys, `sm` the server's among them. What a family does not use is passed over.
    ///
    /// # Errors
    /// Something is missing, or cannot be read or sent.
    pub fn new(
        family: Family,
        name: &str,
        secret: &str,
        keys: Option<&Keys>,
    ) -> Result<Signer, SignError> {
        let wrong = |field, what: &str| SignError::signer(family, name, field, what);
        let plain = |field, text: &str| plain(text).map_err(|what| wrong(field, what));
        let secret = || plain("secret", secret).map(|()| secret.as_bytes());
        let no_keys = || wrong("keys", "there are none; give the client's SM2 private key");
        let own = || {
            let key = keys::private(&keys.ok_or_else(no_keys)?.own);
            key.map_err(|what| wrong("keys.own", what))
        };
        if family != Family::None {
            plain("name", name)?;
        }
        let how = match family {
            Family::None => How::None,
            Family::Api => How::Api(Api::new(name, secret()?)),
            Family::Tif => How::Tif(Tif::new(name, secret()?)?),
            Family::Ca => How::Ca(Ca::new(name, secret()?)),
            Family::Cainfo => How::Cainfo(Box::new(keys::signing(USER, &own()?))),
            Family::Sm => {
                if name.len() != 16 || name.contains(':') {
                    let what = "as a key of SM4 it must have 16 bytes, and no colon to be asked a \
                                token with; agree on another clientId";
                    return Err(wrong("name", what));
                }
                let server = keys.ok_or_else(no_keys)?.server.as_deref();
                let missing = "it is missing; give the server's SM2 public key";
                let server = server.ok_or_else(|| wrong("keys.server", missing))?;
                let server = keys::public(server).map_err(|what| wrong("keys.server", what))?;
                let token = Token::new(name, secret()?);
                How::Sm(Box::new(Sm { sealer: Sealer::new(name, &own()?, server), token }))
            }
        };
        Ok(Signer { name: name.into(), how })
    }

    /// Which family it is of.
    pub fn family(&self) -> Family {
        match self.how {
            How::None => Family::None,
            How::Api(_) => Family::Api,
            How::Tif(_) => Family::Tif,
            How::Ca(_) => Family::Ca,
            How::Sm(_) => Family::Sm,
            How::Cainfo(_) => Family::Cainfo,
        }
    }

    /// Its name on the wire; empty where it signs nothing.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Prepares one call.
    ///
    /// `envelope` are the fields of the envelope but `input` and `cainfo`, in the order they are to be sent, each once; `input` is the
    /// text of a JSON value. `now_ms` is the time that goes into signatures, in milliseconds since 1970; family `cainfo` has none of
    /// its own and is held to `inf_time`. Signing a call again gives another nonce; it is the same call by its `msgid` alone.
    ///
    /// # Errors
    /// `sm` has no token yet, or `infno` cannot stand in a header of `api`.
    pub fn sign(
        &self,
        envelope: &[(&str, &str)],
        input: &str,
        now_ms: u64,
    ) -> Result<Signed, SignError> {
        let plain = || body::written(envelope, "", input);
        let (body, headers) = match &self.how {
            How::None => (plain(), Vec::new()),
            How::Api(api) => (plain(), api.headers(body::infno(envelope), now_ms)?),
            How::Tif(tif) => (plain(), tif.headers(now_ms)),
            How::Ca(ca) => {
                let body = plain();
                let headers = ca.headers(&body, now_ms);
                (body, headers)
            }
            How::Sm(sm) => {
                let bearer = sm.token.bearer().ok_or_else(|| SignError::no_token(&self.name))?;
                let (input, cainfo) = sm.sealer.seal(input)?;
                let headers = vec![(hyper::header::AUTHORIZATION, bearer)];
                (body::written(envelope, &cainfo, &input), headers)
            }
            How::Cainfo(key) => {
                let signature = keys::sign(key, body::signed_in_cainfo(envelope).as_bytes())?;
                (body::written(envelope, &headers::hex(&signature), input), Vec::new())
            }
        };
        Ok(Signed { body, headers })
    }

    /// What an answer's `output` is, as JSON text. `output` is that of the answer as it stood there, quotes included; `cainfo` is that
    /// of the answer, `None` where it was `null`. `sm` decrypts it and checks the server's signature; a refusal has neither, its
    /// `output` is `null`.
    ///
    /// # Errors
    /// It cannot be decrypted, or it is not what the server signed.
    pub fn open<'a>(
        &self,
        output: &'a str,
        cainfo: Option<&str>,
    ) -> Result<Cow<'a, str>, SignError> {
        match &self.how {
            How::Sm(sm) if output != "null" => {
                let opened = sm.sealer.open(output, cainfo);
                opened.map(Cow::Owned).map_err(|what| SignError::sealed(&self.name, what))
            }
            How::None | How::Api(_) | How::Tif(_) | How::Ca(_) | How::Sm(_) | How::Cainfo(_) => {
                Ok(Cow::Borrowed(output))
            }
        }
    }
}

/// Whether a name or a secret can stand in a header and in a file; if not, why.
fn plain(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty; give the characters that were agreed on")
    } else if text.len() > CHARS_MAX {
        Err("it is longer than 128 bytes; agree on a shorter one")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("it has a blank, or a character that is not ASCII; agree on another one")
    } else {
        Ok(())
    }
}
