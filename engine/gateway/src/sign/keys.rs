//! Keys and secrets: made from the system's random numbers, written as hexadecimal digits, and read back with a reason where they
//! cannot be. Nothing secret is shown by `Debug`, and what is dropped is wiped.

use std::fmt;

use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{Signature, SigningKey};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::{PublicKey, SecretKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::limits::KEY_CHARS_MAX;

/// What an institution and this side both know.
pub struct Secret(Zeroizing<Vec<u8>>);

/// The private key of an SM2 pair.
pub struct PrivateKey(SecretKey);

/// The public key of an SM2 pair.
#[derive(Clone, Eq, PartialEq)]
pub struct VerifyingKey(PublicKey);

/// Why a key or a secret cannot be made or read.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum KeyError {
    /// There is nothing.
    Empty,
    /// It is longer than [`KEY_CHARS_MAX`].
    TooLong(usize),
    /// It has a blank or a control character, at this character (from 1).
    Blank(usize),
    /// It has so many digits, and none of the lengths it may have.
    Length(usize, &'static str),
    /// At this character (from 1) stands no hexadecimal digit.
    NotHex(usize),
    /// It is nought, or not below the order of the curve.
    OutOfRange,
    /// It is no point of the curve.
    OffCurve,
    /// The user id is longer than SM2 allows.
    UserId,
    /// The system gives no random numbers.
    Random(String),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Empty => write!(f, "it is empty"),
            KeyError::TooLong(most) => write!(f, "it is longer than {most} characters"),
            KeyError::Blank(at) => write!(f, "character {at} is a blank or a control character"),
            KeyError::Length(came, wanted) => {
                write!(f, "it has {came} hexadecimal digits, not {wanted}")
            }
            KeyError::NotHex(at) => write!(f, "character {at} is no hexadecimal digit"),
            KeyError::OutOfRange => write!(f, "it is nought, or not below the order of the curve"),
            KeyError::OffCurve => write!(f, "it is no point of the SM2 curve"),
            KeyError::UserId => write!(f, "as a user id of SM2 it is too long"),
            KeyError::Random(why) => write!(f, "the system gives no random numbers: {why}"),
        }
    }
}

impl std::error::Error for KeyError {}

impl Secret {
    /// A secret as it was agreed on: its characters are the key, whatever they would mean as digits.
    pub fn read(text: &str) -> Result<Secret, KeyError> {
        plain(text)?;
        Ok(Secret(Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// A new secret: 64 hexadecimal digits, 256 bits.
    pub fn random() -> Result<Secret, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random(&mut *bytes)?;
        Ok(Secret(Zeroizing::new(hex(&*bytes).into_bytes())))
    }

    /// It, to be handed to the institution once.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the same; how long this takes tells nothing but the length.
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PrivateKey {
    /// A new key.
    pub fn random() -> Result<PrivateKey, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        loop {
            random(&mut *bytes)?;
            // Of 2³² tries one is beyond the order of the curve.
            if let Ok(key) = SecretKey::from_slice(&*bytes) {
                return Ok(PrivateKey(key));
            }
        }
    }

    /// A key of 64 hexadecimal digits.
    pub fn read(text: &str) -> Result<PrivateKey, KeyError> {
        let bytes = Zeroizing::new(of_hex(text, &[64], "64")?);
        SecretKey::from_slice(&bytes).map(PrivateKey).map_err(|_| KeyError::OutOfRange)
    }

    /// It as 64 hexadecimal digits.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&self.0.to_bytes()))
    }

    /// The key others verify with.
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey(self.0.public_key())
    }

    /// SM3withSM2 of a message: `r` and `s`, 32 bytes each.
    pub fn sign(&self, user: &str, message: &[u8]) -> Result<[u8; 64], KeyError> {
        let key = SigningKey::new(user, &self.0).map_err(|_| KeyError::UserId)?;
        let signature: Signature = key.try_sign(message).map_err(|_| KeyError::OutOfRange)?;
        Ok(signature.to_bytes().into())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl VerifyingKey {
    /// A key of 128 hexadecimal digits, or of 130 with `04` before them, or of 66 where it is compressed.
    pub fn read(text: &str) -> Result<VerifyingKey, KeyError> {
        let mut bytes = of_hex(text, &[128, 130, 66], "128, 130 or 66")?;
        if bytes.len() == 64 {
            bytes.insert(0, 4);
        }
        PublicKey::from_sec1_bytes(&bytes).map(VerifyingKey).map_err(|_| KeyError::OffCurve)
    }

    /// It as 130 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex(self.0.to_sec1_point(false).as_bytes())
    }

    /// The signature, `r` and `s` of 32 bytes each, if it is one of this message. It may come so or as ASN.1 (DER): what is given
    /// back is the same for both, as otherwise one signature could pass for two.
    pub fn verify(&self, user: &str, message: &[u8], signature: &[u8]) -> Option<[u8; 64]> {
        let signature = match signature.len() {
            64 => Signature::from_slice(signature),
            _ => Signature::from_der(signature),
        };
        let signature = signature.ok()?;
        let key = sm2::dsa::VerifyingKey::new(user, self.0).ok()?;
        key.verify(message, &signature).ok()?;
        Some(signature.to_bytes().into())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.to_hex())
    }
}

/// A new name of a credential, 16 characters long, as the SM4 key of [`crate::refusal::Family::Sm`] must be.
pub fn random_name() -> Result<String, KeyError> {
    let mut bytes = [0_u8; 8];
    random(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Fills bytes with random numbers of the system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(bytes).map_err(|error| KeyError::Random(error.to_string()))
}

/// Whether a key can stand in a header and in a file: not empty, not too long, without blanks.
pub(crate) fn plain(text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > KEY_CHARS_MAX {
        return Err(KeyError::TooLong(KEY_CHARS_MAX));
    }
    match text.chars().position(|c| c.is_whitespace() || c.is_control()) {
        Some(at) => Err(KeyError::Blank(at + 1)),
        None => Ok(()),
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Hexadecimal digits as bytes, in capitals or not.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn of_hex(text: &str, lengths: &[usize], wanted: &'static str) -> Result<Vec<u8>, KeyError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if let Some(at) = text.chars().position(|c| !c.is_ascii_hexdigit()) {
        return Err(KeyError::NotHex(at + 1));
    }
    if !lengths.contains(&text.len()) {
        return Err(KeyError::Length(text.len(), wanted));
    }
    Ok(unhex(text.as_bytes()).expect("an even number of hexadecimal digits"))
}
