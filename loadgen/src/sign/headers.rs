//! The three families that sign in headers alone. Secrets are put into their hashes once; a call goes on from a copy of these.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::{HeaderName, HeaderValue};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

use super::SignError;

static API_KEY: HeaderName = HeaderName::from_static("_api_access_key");
static API_NAME: HeaderName = HeaderName::from_static("_api_name");
static API_TIMESTAMP: HeaderName = HeaderName::from_static("_api_timestamp");
static API_VERSION: HeaderName = HeaderName::from_static("_api_version");
static API_SIGNATURE: HeaderName = HeaderName::from_static("_api_signature");
static TIF_PAASID: HeaderName = HeaderName::from_static("x-tif-paasid");
static TIF_TIMESTAMP: HeaderName = HeaderName::from_static("x-tif-timestamp");
static TIF_NONCE: HeaderName = HeaderName::from_static("x-tif-nonce");
static TIF_SIGNATURE: HeaderName = HeaderName::from_static("x-tif-signature");
static CA_KEY: HeaderName = HeaderName::from_static("x-ca-key");
static CA_SIGNATURE: HeaderName = HeaderName::from_static("x-ca-signature");

const VERSION: &str = "1.0.0";
const ANY_LENGTH: &str = "HMAC takes keys of any length";

type Headers = Vec<(HeaderName, HeaderValue)>;

/// `_api_*`
pub(super) struct Api {
    key: HeaderValue,
    /// It has the secret and all that stands before the name of the call.
    mac: Hmac<Sha1>,
}

impl Api {
    pub(super) fn new(name: &str, secret: &[u8]) -> Api {
        let mut mac = Hmac::new_from_slice(secret).expect(ANY_LENGTH);
        for part in ["_api_access_key=", name, "&_api_name="] {
            mac.update(part.as_bytes());
        }
        Api { key: value(name.to_owned()), mac }
    }

    /// The call is named by its transaction.
    pub(super) fn headers(&self, infno: &str, now_ms: u64) -> Result<Headers, SignError> {
        let stamp = now_ms.to_string();
        let name = HeaderValue::from_str(infno).map_err(|_| SignError::Infno)?;
        let mut mac = self.mac.clone();
        for part in [infno, "&_api_timestamp=", &stamp, "&_api_version=", VERSION] {
            mac.update(part.as_bytes());
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        Ok(vec![
            (API_KEY.clone(), self.key.clone()),
            (API_NAME.clone(), name),
            (API_TIMESTAMP.clone(), value(stamp)),
            (API_VERSION.clone(), HeaderValue::from_static(VERSION)),
            (API_SIGNATURE.clone(), value(signature)),
        ])
    }
}

/// `x-tif-*`
pub(super) struct Tif {
    paasid: HeaderValue,
    secret: Box<[u8]>,
    /// What nonces begin with: another one for each signer, in this process and after the next start.
    nonces: String,
    serial: AtomicU64,
}

impl Tif {
    pub(super) fn new(name: &str, secret: &[u8]) -> Result<Tif, SignError> {
        let mut random = [0; 6];
        getrandom::fill(&mut random).map_err(|error| SignError::Random(error.to_string()))?;
        let (paasid, nonces) = (value(name.to_owned()), hex(&random));
        Ok(Tif { paasid, secret: secret.into(), nonces, serial: AtomicU64::new(0) })
    }

    pub(super) fn headers(&self, now_ms: u64) -> Headers {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.with_nonce(format!("{}{serial:x}", self.nonces), now_ms)
    }

    pub(super) fn with_nonce(&self, nonce: String, now_ms: u64) -> Headers {
        let stamp = (now_ms / 1_000).to_string();
        let mut hash = Sha256::new();
        for part in [stamp.as_bytes(), &self.secret, nonce.as_bytes(), stamp.as_bytes()] {
            hash.update(part);
        }
        let signature = hex(&hash.finalize());
        vec![
            (TIF_PAASID.clone(), self.paasid.clone()),
            (TIF_TIMESTAMP.clone(), value(stamp)),
            (TIF_NONCE.clone(), value(nonce)),
            (TIF_SIGNATURE.clone(), value(signature)),
        ]
    }
}

/// `x-ca-*`
pub(super) struct Ca {
    key: HeaderValue,
    mac: Hmac<Sm3>,
}

impl Ca {
    pub(super) fn new(name: &str, secret: &[u8]) -> Ca {
        let mac = Hmac::new_from_slice(secret).expect(ANY_LENGTH);
        Ca { key: value(name.to_owned()), mac }
    }

    pub(super) fn headers(&self, body: &[u8], now_ms: u64) -> Headers {
        let mut both = (now_ms / 1_000).to_string();
        let mut mac = self.mac.clone();
        for part in [both.as_bytes(), b"\n", body] {
            mac.update(part);
        }
        both.push(':');
        push_hex(&mac.finalize().into_bytes(), &mut both);
        vec![(CA_KEY.clone(), self.key.clone()), (CA_SIGNATURE.clone(), value(both))]
    }
}

/// A text that was looked at before, or is digits, as a header; its bytes are not copied.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("visible ASCII")
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut to = String::with_capacity(bytes.len() * 2);
    push_hex(bytes, &mut to);
    to
}

fn push_hex(bytes: &[u8], to: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        to.push(DIGITS[usize::from(byte >> 4)]);
        to.push(DIGITS[usize::from(byte & 15)]);
    }
}
