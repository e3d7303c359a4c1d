//! The two families that sign with SM2: the input under SM4 after a token (Jilin), and the envelope in `cainfo`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit as _};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use sm4::Sm4;

use crate::envelope::{Call, Input};
use crate::refusal::Refusal;
use crate::row;
use crate::sign::credential::Sm;
use crate::sign::keys::{KeyError, VerifyingKey, unhex};

/// The user id of signatures where nothing else was agreed (GM/T 0009).
const USER: &str = "1234567812345678";

/// An output as it is sent: encrypted, and signed before that.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Sealed {
    /// `output`: a text of JSON, quotes included.
    pub output: String,
    /// `cainfo`
    pub cainfo: String,
}

impl Sealed {
    /// `signtype` beside it.
    pub const SIGNTYPE: &'static str = "SM2";
    /// `enctype` beside it.
    pub const ENCTYPE: &'static str = "SM4";
}

/// Opens the input of a call and verifies its signature, which is over what was encrypted.
pub(crate) fn open<'b>(call: Call<'b>, name: &str, sm: &Sm) -> Result<Call<'b>, Refusal> {
    let cainfo = call.envelope.cainfo.as_deref().ok_or(Refusal::HeadersMissing)?;
    let signature = STANDARD.decode(cainfo).map_err(|_| Refusal::SignatureDiffers)?;
    let Input::Ciphertext(sealed) = &call.input else {
        return Err(Refusal::SignatureDiffers);
    };
    let plain = decrypt(name, sealed).ok_or(Refusal::SignatureDiffers)?;
    let signed = sm.client.verify(name, plain.as_bytes(), &signature);
    signed.ok_or(Refusal::SignatureDiffers)?;
    Ok(call.opened(plain))
}

/// Encrypts an output for a client, and signs what it was.
pub(crate) fn seal(output: &str, name: &str, sm: &Sm) -> Result<Sealed, KeyError> {
    let signature = sm.own.sign(name, output.as_bytes())?;
    let sealed = encrypt(name, output.as_bytes());
    Ok(Sealed { output: format!("\"{sealed}\""), cainfo: STANDARD.encode(signature) })
}

/// Base64 of SM4/ECB/PKCS7.
fn encrypt(name: &str, plain: &[u8]) -> String {
    let cipher = ecb::Encryptor::<Sm4>::new_from_slice(name.as_bytes()).expect(SIXTEEN);
    let mut buffer = vec![0; plain.len() + 16];
    let sealed = cipher.encrypt_padded_b2b::<Pkcs7>(plain, &mut buffer);
    STANDARD.encode(sealed.expect("one block more than the text has room for the padding"))
}

fn decrypt(name: &str, sealed: &str) -> Option<String> {
    let cipher = ecb::Decryptor::<Sm4>::new_from_slice(name.as_bytes()).expect(SIXTEEN);
    // Some libraries write Base64 in lines of 76 characters.
    let bare: Vec<u8> = sealed.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut buffer = STANDARD.decode(bare).ok()?;
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    String::from_utf8(buffer).ok()
}

const SIXTEEN: &str = "a credential of this family has a name of 16 bytes";

/// The signature in `cainfo`, if it is one of the fields of an envelope, whether as `r` and `s` or as DER: Java's signers write that
/// unless told otherwise. The digest of SM3 that clients without a key send in its place proves nothing: it differs.
pub(crate) fn signature_of_envelope(
    body: &[u8],
    cainfo: &str,
    key: &VerifyingKey,
) -> Option<[u8; 64]> {
    let signature = unhex(cainfo.trim().as_bytes())?;
    key.verify(USER, signed_of_envelope(body)?.as_bytes(), &signature)
}

/// `k=v` of all fields of an envelope but `cainfo` and `input`, in the order of their names, `&` between; what is `null` is empty. None
/// where a field stands there twice: one of the two would be read, and perhaps the other one signed.
pub(crate) fn signed_of_envelope(body: &[u8]) -> Option<String> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let mut fields = from.deserialize_map(Fields).ok()?;
    fields.sort();
    if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    fields.retain(|(name, _)| name != "cainfo" && name != "input");
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(pairs.join("&"))
}

/// Reads the fields of an envelope as texts.
struct Fields;

impl<'a> Visitor<'a> for Fields {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an envelope")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let raw: &'a RawValue = map.next_value()?;
            if fields.len() == FIELDS_MAX {
                return Err(Error::custom("too many fields"));
            }
            // The input is not signed, and may have megabytes.
            let value = match raw.get() {
                _ if name == "input" => String::new(),
                "null" => String::new(),
                text if text.starts_with('"') => {
                    row::text(text).ok_or_else(|| Error::custom("no text"))?.into_owned()
                }
                other => other.to_owned(),
            };
            fields.push((name, value));
        }
        Ok(fields)
    }
}

/// Fields of an envelope: three times as many as the text and all provinces have.
const FIELDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sm4_is_that_of_the_standard() {
        // GB/T 32907, example 1: key and block are the same.
        let bytes = unhex(b"0123456789abcdeffedcba9876543210").expect("digits");
        let cipher = ecb::Encryptor::<Sm4>::new_from_slice(&bytes).expect(SIXTEEN);
        let mut buffer = [0; 32];
        let sealed = cipher.encrypt_padded_b2b::<Pkcs7>(&bytes, &mut buffer).expect("room");
        assert_eq!(unhex(b"681edf34d206965e86b3e94f536e4246").as_deref(), Some(&sealed[..16]));
    }

    #[test]
    fn inputs_are_encrypted_as_openssl_does_it() {
        // printf '{"data":{"psn_no":"1"}}' | openssl enc -sm4-ecb -K $(printf 0123456789abcdef | xxd -p) -a -A
        let name = "0123456789abcdef";
        let plain = r#"{"data":{"psn_no":"1"}}"#;
        let sealed = "ChFgtqWBcdv8o7TzWPaMh9Rys1/2IJatdb9Jl2s68Uo=";
        assert_eq!(encrypt(name, plain.as_bytes()), sealed);
        assert_eq!(decrypt(name, sealed).as_deref(), Some(plain));
        let lines = format!("{}\r\n{}", &sealed[..20], &sealed[20..]);
        assert_eq!(decrypt(name, &lines).as_deref(), Some(plain));
        for wrong in ["", "AAAA", &sealed[..24], "!"] {
            assert_eq!(decrypt(name, wrong), None, "{wrong}");
        }
        assert_eq!(decrypt("0123456789abcdee", sealed), None, "another key");
        assert_eq!(
            decrypt(name, &encrypt(name, b"")).as_deref(),
            Some(""),
            "a whole block of padding"
        );
        assert_eq!(decrypt(name, &encrypt(name, &[0xFF, 0xFE])), None, "no UTF-8");
    }

    #[test]
    fn what_is_signed_of_an_envelope_is_its_fields_in_order() {
        let of = |body: &str| signed_of_envelope(body.as_bytes());
        let body = r#"{"msgid":"H1","infno":"2202","input":"{\"x\":1}","cainfo":"00","sign_no":null,"n":1.50,"opter_name":"\u5f20","own":"x"}"#;
        let signed = "infno=2202&msgid=H1&n=1.50&opter_name=张&own=x&sign_no=";
        assert_eq!(of(body).as_deref(), Some(signed));
        assert_eq!(of(r#"{"a":"1","b":"2","a":"3"}"#), None);
        assert_eq!(of(r#"{"a":"1","input":{},"input":{}}"#), None);
        assert_eq!(of("[]"), None);
        let many: Vec<String> = (0..65).map(|n| format!("\"f{n}\":1")).collect();
        assert_eq!(of(&format!("{{{}}}", many.join(","))), None);
    }
}
