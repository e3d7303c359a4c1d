//! The three families that are signed in headers alone: what a call says of its signer, and what its signature should be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

use crate::refusal::{Family, Refusal};
use crate::sign::credential::digest;
use crate::sign::header::Headers;
use crate::sign::keys::{Secret, unhex};

/// What the headers of a call say of who signed it.
pub(crate) struct Claim<'h> {
    pub(crate) key: &'h [u8],
    /// The signature; empty where it is written in no form of its family.
    pub(crate) given: Vec<u8>,
    /// When it was made, in milliseconds since 1970; `None` where that cannot be read.
    pub(crate) made_ms: Option<i64>,
    signed: Signed<'h>,
}

/// What is signed.
enum Signed<'h> {
    Api { key: &'h [u8], name: &'h [u8], stamp: &'h [u8], version: &'h [u8] },
    Tif { stamp: &'h [u8], nonce: &'h [u8] },
    Ca { stamp: &'h [u8] },
}

impl<'h> Claim<'h> {
    /// What a call says, by the family whose key it has; `None` where it has none of these.
    pub(crate) fn of(headers: &Headers<'h>) -> Option<(Family, Result<Claim<'h>, Refusal>)> {
        let api = ["_api_access_key", "_api_signature", "_api_timestamp"];
        let tif = ["x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"];
        let rio = ["x-rio-paasid", "x-rio-timestamp", "x-rio-nonce", "x-rio-signature"];
        let ca = ["x-ca-key", "x-ca-signature"];
        let any = |names: &[&str]| names.iter().any(|name| headers.get(name).is_some());
        if any(&api) {
            Some((Family::Api, Claim::api(headers)))
        } else if any(&tif) {
            Some((Family::Tif, Claim::tif(headers, tif)))
        } else if any(&rio) {
            Some((Family::Tif, Claim::tif(headers, rio)))
        } else if any(&ca) {
            Some((Family::Ca, Claim::ca(headers)))
        } else {
            None
        }
    }

    fn api(headers: &Headers<'h>) -> Result<Claim<'h>, Refusal> {
        let (key, name) = (headers.must("_api_access_key")?, headers.must("_api_name")?);
        let (stamp, version) = (headers.must("_api_timestamp")?, headers.must("_api_version")?);
        let given = STANDARD.decode(headers.must("_api_signature")?).unwrap_or_default();
        let signed = Signed::Api { key, name, stamp, version };
        Ok(Claim { key, given, made_ms: milliseconds(stamp), signed })
    }

    fn tif(headers: &Headers<'h>, names: [&str; 4]) -> Result<Claim<'h>, Refusal> {
        let [key, stamp, nonce, signature] = names;
        let (key, stamp) = (headers.must(key)?, headers.must(stamp)?);
        let (nonce, signature) = (headers.must(nonce)?, headers.must(signature)?);
        let signed = Signed::Tif { stamp, nonce };
        let given = unhex(signature).unwrap_or_default();
        Ok(Claim { key, given, made_ms: milliseconds(stamp), signed })
    }

    fn ca(headers: &Headers<'h>) -> Result<Claim<'h>, Refusal> {
        let (key, both) = (headers.must("x-ca-key")?, headers.must("x-ca-signature")?);
        let colon = both.iter().position(|byte| *byte == b':').ok_or(Refusal::HeadersMissing)?;
        let (stamp, signature) = (&both[..colon], &both[colon + 1..]);
        let given = unhex(signature).unwrap_or_default();
        Ok(Claim { key, given, made_ms: milliseconds(stamp), signed: Signed::Ca { stamp } })
    }

    /// What the signature is, made with this secret.
    pub(crate) fn signature(&self, secret: &Secret, body: &[u8]) -> Vec<u8> {
        let secret = secret.expose();
        match &self.signed {
            Signed::Api { key, name, stamp, version } => {
                let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect(ANY_LENGTH);
                // In the order of their names.
                let parts = [
                    (&b"_api_access_key="[..], *key),
                    (b"&_api_name=", *name),
                    (b"&_api_timestamp=", *stamp),
                    (b"&_api_version=", *version),
                ];
                for (name, value) in parts {
                    mac.update(name);
                    mac.update(value);
                }
                mac.finalize().into_bytes().to_vec()
            }
            Signed::Tif { stamp, nonce } => {
                let mut hash = Sha256::new();
                for part in [*stamp, secret, *nonce, *stamp] {
                    hash.update(part);
                }
                hash.finalize().to_vec()
            }
            Signed::Ca { stamp } => {
                let mut mac = Hmac::<Sm3>::new_from_slice(secret).expect(ANY_LENGTH);
                mac.update(stamp);
                mac.update(b"\n");
                mac.update(body);
                mac.finalize().into_bytes().to_vec()
            }
        }
    }

    /// What of it may not come again with another body.
    ///
    /// `x-tif-*`: time stamp and nonce together, as the signature binds both. The nonce alone would refuse a client that draws from a
    /// million nonces after about a thousand calls.
    ///
    /// `x-ca-*`: nothing. Its stamps are seconds, and two calls of one second are two calls, so stamp and signature would have to be
    /// remembered together; but the signature covers the body, and one that comes again with another body already differs.
    ///
    /// `_api_*`: nothing, as it has no nonce; its window and the key of the request protect it.
    pub(crate) fn once(&self) -> Option<[u8; 16]> {
        match &self.signed {
            Signed::Tif { stamp, nonce } => Some(digest(&[stamp, nonce])),
            Signed::Api { .. } | Signed::Ca { .. } => None,
        }
    }
}

const ANY_LENGTH: &str = "HMAC takes keys of any length";

/// A time of 10 digits of seconds or 13 of milliseconds. A minus before them is read as such: a known client prints it, and only a
/// profile that does not hold clients to the time takes it.
fn milliseconds(stamp: &[u8]) -> Option<i64> {
    let digits = stamp.strip_prefix(b"-").unwrap_or(stamp);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let scale = match digits.len() {
        10 => 1_000,
        13 => 1,
        _ => return None,
    };
    let number: i64 = std::str::from_utf8(stamp).ok()?.parse().ok()?;
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use sm3::Digest as _;

    use super::*;
    use crate::sign::keys::hex;

    #[test]
    fn macs_and_hashes_are_those_of_the_standards() {
        // RFC 2202, test case 2.
        let mut mac = Hmac::<Sha1>::new_from_slice(b"Jefe").expect(ANY_LENGTH);
        mac.update(b"what do ya want for nothing?");
        assert_eq!(hex(&mac.finalize().into_bytes()), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        // GB/T 32905, example 1.
        let sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(hex(&Sm3::digest(b"abc")), sm3);
        // FIPS 180-4.
        let sha2 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&Sha256::digest(b"abc")), sha2);
    }

    #[test]
    fn times_have_ten_digits_or_thirteen() {
        assert_eq!(milliseconds(b"1767323045"), Some(1_767_323_045_000));
        assert_eq!(milliseconds(b"1767323045007"), Some(1_767_323_045_007));
        assert_eq!(milliseconds(b"-1767323045"), Some(-1_767_323_045_000));
        for wrong in
            ["", "-", "176732304", "17673230450", "+1767323045", "--767323045", "17673 3045"]
        {
            assert_eq!(milliseconds(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
