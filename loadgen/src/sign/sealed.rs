//! What family `sm` does to inputs and outputs: signed by SM2, then encrypted by SM4 and written in Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit as _};
use sm2::dsa::signature::Verifier as _;
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::{PublicKey, SecretKey};
use sm4::Sm4;

use super::SignError;
use super::keys;

/// Seals what is sent, opens what comes. The clientId is the key of SM4 and the user id of both signatures.
pub(super) struct Sealer {
    encrypt: ecb::Encryptor<Sm4>,
    decrypt: ecb::Decryptor<Sm4>,
    own: SigningKey,
    server: VerifyingKey,
}

const SIXTEEN: &str = "a clientId of 16 bytes";

impl Sealer {
    /// `name` has 16 bytes.
    pub(super) fn new(name: &str, own: &SecretKey, server: PublicKey) -> Sealer {
        Sealer {
            encrypt: ecb::Encryptor::new_from_slice(name.as_bytes()).expect(SIXTEEN),
            decrypt: ecb::Decryptor::new_from_slice(name.as_bytes()).expect(SIXTEEN),
            own: keys::signing(name, own),
            server: VerifyingKey::new(name, server).expect(SIXTEEN),
        }
    }

    /// `input`, quotes included, and `cainfo`.
    pub(super) fn seal(&self, input: &str) -> Result<(String, String), SignError> {
        let signature = keys::sign(&self.own, input.as_bytes())?;
        let mut buffer = vec![0; input.len() + 16];
        let sealed =
            self.encrypt.clone().encrypt_padded_b2b::<Pkcs7>(input.as_bytes(), &mut buffer);
        let sealed = sealed.expect("one block more than the text has room for the padding");
        let mut quoted = String::with_capacity(sealed.len() / 3 * 4 + 6);
        quoted.push('"');
        STANDARD.encode_string(sealed, &mut quoted);
        quoted.push('"');
        Ok((quoted, STANDARD.encode(signature)))
    }

    /// The output of an answer, or why it is none.
    pub(super) fn open(&self, output: &str, cainfo: Option<&str>) -> Result<String, &'static str> {
        let cainfo = cainfo.ok_or("it has no signature in cainfo; ask whether it is our server")?;
        let sealed: String = serde_json::from_str(output)
            .map_err(|_| "it is no JSON string; the server does not seal as sm says")?;
        let mut buffer = STANDARD
            .decode(sealed)
            .map_err(|_| "it is no Base64; the server does not seal as sm says")?;
        let plain = self.decrypt.clone().decrypt_padded::<Pkcs7>(&mut buffer);
        let length = plain.map_err(|_| "SM4 cannot decrypt it; check the clientId")?.len();
        buffer.truncate(length);
        let signature = signature(cainfo).ok_or("its cainfo is no SM2 signature in Base64")?;
        let differs = "the server did not sign it; check the server's public key";
        self.server.verify(&buffer, &signature).map_err(|_| differs)?;
        String::from_utf8(buffer).map_err(|_| "it is no UTF-8; tell who runs the server")
    }
}

/// `r` and `s`, or DER.
fn signature(cainfo: &str) -> Option<Signature> {
    let bytes = STANDARD.decode(cainfo.trim()).ok()?;
    let signature = match bytes.len() {
        64 => Signature::from_slice(&bytes),
        _ => Signature::from_der(&bytes),
    };
    signature.ok()
}
