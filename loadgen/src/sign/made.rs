//! Credentials of made-up towns: drawn from a seed, with the section and the files that a server takes them by. They are for trials: who
//! knows the seed knows them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sm2::SecretKey;
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};

use super::headers::hex;
use super::{Family, Keys, SignError, Signer};

/// A credential, on both sides.
#[derive(Clone)]
pub struct MadeCredential {
    /// Its family.
    pub family: Family,
    /// Its name on the wire.
    pub name: String,
    /// Its secret; empty where the family has none.
    pub secret: String,
    /// The client's keys, as PEM, where the family has any.
    pub keys: Option<Keys>,
    /// The section `[credential.NAME]` of `serve.toml`. Lines may be added at its end, such as `insecure = true`.
    pub config: String,
    /// The files that the section names: name inside of the folder, and content. Others must not read them (0600).
    pub files: Vec<(String, String)>,
}

impl fmt::Debug for MadeCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&str> = self.files.iter().map(|(name, _)| &**name).collect();
        write!(f, "MadeCredential({} “{}” {files:?})", self.family, self.name)
    }
}

impl MadeCredential {
    /// What signs with it.
    ///
    /// # Errors
    /// Its parts were changed, and do not fit any more.
    pub fn signer(&self) -> Result<Signer, SignError> {
        Signer::new(self.family, &self.name, &self.secret, self.keys.as_ref())
    }
}

/// The part of the configuration that has credentials.
#[derive(Serialize)]
struct Sections<'s> {
    credential: BTreeMap<&'s str, &'s Section<'s>>,
}

/// The section of one of them.
#[derive(Serialize)]
struct Section<'s> {
    family: &'s str,
    institutions: &'s [String],
    profile: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key_file: Option<String>,
}

/// Makes a credential that speaks for some institutions. `folder` is where its files will be, absolute, as the server may run elsewhere;
/// `profile` is `lenient` or `strict`. The same seed, family and name give the same credential.
///
/// # Errors
/// The name cannot stand on the wire or in the name of a file, no institution is named, or the folder's name is not UTF-8.
pub fn make(
    family: Family,
    name: &str,
    institutions: &[String],
    folder: &Path,
    profile: &str,
    seed: u64,
) -> Result<MadeCredential, SignError> {
    let wrong = |field, what| SignError::signer(family, name, field, what);
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        || name.is_empty()
    {
        let what = "files are called by it; write letters, digits, - and _";
        return Err(wrong("name", what));
    }
    if institutions.is_empty() {
        return Err(wrong("institutions", "there are none; name one at least"));
    }
    if !["lenient", "strict"].contains(&profile) {
        return Err(wrong("profile", "there is no such one; write lenient or strict"));
    }
    let folder = folder.to_str().ok_or_else(|| SignError::Folder(folder.to_owned()))?;
    let drawn = |what| Drawn { seed, family, name, what };
    let mut files = Vec::new();
    let mut file = |end: &str, content: &str| {
        let file = format!("{name}.{end}");
        let path = Path::new(folder).join(&file).to_str().map(str::to_owned);
        files.push((file, format!("{content}\n")));
        path
    };
    let mut section = Section {
        family: family.name(),
        institutions,
        profile,
        secret_file: None,
        client_key_file: None,
        own_key_file: None,
    };
    let (mut secret, mut keys) = (String::new(), None);
    if matches!(family, Family::Api | Family::Tif | Family::Ca | Family::Sm) {
        secret = hex(&drawn("secret").bytes(0));
        section.secret_file = file("secret", &secret);
    }
    if matches!(family, Family::Sm | Family::Cainfo) {
        let own = drawn("client").key();
        section.client_key_file = file("client.pub", &public_hex(&own));
        let server = (family == Family::Sm).then(|| drawn("server").key());
        if let Some(server) = &server {
            section.own_key_file = file("server", &hex(&server.to_bytes()));
        }
        keys = Some(Keys { own: private_pem(&own), server: server.as_ref().map(public_pem) });
    }
    let config = toml::to_string(&Sections { credential: BTreeMap::from([(name, &section)]) })
        .expect("texts and lists of them are TOML");
    let made = MadeCredential { family, name: name.to_owned(), secret, keys, config, files };
    made.signer()?;
    Ok(made)
}

/// One thing that is drawn for a credential.
struct Drawn<'d> {
    seed: u64,
    family: Family,
    name: &'d str,
    what: &'static str,
}

impl Drawn<'_> {
    /// Bytes that depend on all of it, and on which try it is.
    fn bytes(&self, try_: u32) -> [u8; 32] {
        let text = format!(
            "credential of a made-up town\n{}\n{}\n{}\n{}\n{try_}",
            self.seed, self.family, self.name, self.what
        );
        Sha256::digest(text.as_bytes()).into()
    }

    /// A private key. Of 2³² draws one is not below the order of the curve, and the next one is taken.
    fn key(&self) -> SecretKey {
        let tries = (0..).map(|try_| self.bytes(try_));
        let mut keys = tries.filter_map(|bytes| SecretKey::from_slice(&bytes).ok());
        keys.next().expect("one of 2³² draws is below the order of the curve")
    }
}

fn public_hex(key: &SecretKey) -> String {
    hex(key.public_key().to_sec1_point(false).as_bytes())
}

fn private_pem(key: &SecretKey) -> String {
    let pem = key.to_pkcs8_pem(LineEnding::LF).expect("every key can be written");
    pem.as_str().to_owned()
}

fn public_pem(key: &SecretKey) -> String {
    key.public_key().to_public_key_pem(LineEnding::LF).expect("every key can be written")
}
