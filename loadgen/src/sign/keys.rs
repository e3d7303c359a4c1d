//! Keys of SM2: read from PEM, as `openssl` writes them, or from hexadecimal digits, as `yidan keys` does; and signing with them.

use std::fmt;

use sm2::dsa::signature::Signer as _;
use sm2::dsa::{Signature, SigningKey};
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use sm2::{PublicKey, SecretKey};

use super::SignError;

/// The keys of a client. Each is PEM (PKCS #8, or SubjectPublicKeyInfo) or hexadecimal digits.
#[derive(Clone, Eq, PartialEq)]
pub struct Keys {
    /// Its own SM2 private key.
    pub own: String,
    /// The server's SM2 public key, which answers are checked with; `sm` alone needs it.
    pub server: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys {{ own: ***, server: {:?} }}", self.server)
    }
}

/// Reads a private key, or tells why not.
pub(super) fn private(text: &str) -> Result<SecretKey, &'static str> {
    let text = text.trim();
    if text.starts_with("-----") {
        let what = "it is no SM2 private key as PEM of PKCS #8; make it so by `openssl pkey`";
        return SecretKey::from_pkcs8_pem(text).map_err(|_| what);
    }
    let what = "it is no SM2 private key; give PEM of PKCS #8, or 64 hexadecimal digits";
    let bytes = unhex(text).ok_or(what)?;
    SecretKey::from_slice(&bytes).map_err(|_| what)
}

/// Reads a public key, or tells why not.
pub(super) fn public(text: &str) -> Result<PublicKey, &'static str> {
    let text = text.trim();
    if text.starts_with("-----") {
        let what = "it is no SM2 public key as PEM; make it so by `openssl pkey -pubout`";
        return PublicKey::from_public_key_pem(text).map_err(|_| what);
    }
    let what = "it is no SM2 public key; give PEM, or 130 hexadecimal digits that begin with 04";
    let mut bytes = unhex(text).ok_or(what)?;
    if bytes.len() == 64 {
        bytes.insert(0, 4);
    }
    PublicKey::from_sec1_bytes(&bytes).map_err(|_| what)
}

/// What signs for a user id.
pub(super) fn signing(user: &str, key: &SecretKey) -> SigningKey {
    SigningKey::new(user, key).expect("user ids of SM2 may have 8191 bytes, these have 16")
}

/// SM2 with SM3, as `r` and `s` of 32 bytes each.
pub(super) fn sign(key: &SigningKey, message: &[u8]) -> Result<[u8; 64], SignError> {
    let signature: Signature = key.try_sign(message).map_err(|_| SignError::Unsigned)?;
    Ok(signature.to_bytes().into())
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
