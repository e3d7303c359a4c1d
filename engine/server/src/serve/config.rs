//! The configuration of `yidan serve`: TOML, every field with its default, and what is wrong told by its name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use yidan_gateway::limit::Limits;
use yidan_gateway::sign::credential::Sm;
use yidan_gateway::sign::keys::{PrivateKey, Secret, VerifyingKey};
use yidan_gateway::sign::{Credential, Proof};
use yidan_gateway::{InfcodeForm, Profile};

/// A configuration with every field and its default, commented; it is what `--print-config` prints.
pub const COMMENTED: &str = include_str!("config.toml");

/// All of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where hospitals call.
    pub listen: Listen,
    /// Where operators look: `/metrics`, `/healthz`, `/readyz`.
    pub operators: Operators,
    /// The platform itself.
    pub platform: Platform,
    /// How calls without signature are read, on a loopback address: those of every registered institution, where no credential
    /// speaks for it.
    pub unsigned: Unsigned,
    /// Credentials by their name on the wire.
    pub credential: BTreeMap<String, CredentialEntry>,
    /// Institutions by `fixmedins_code`: name and limits.
    pub institution: BTreeMap<String, InstitutionEntry>,
}

/// `[listen]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// URLs for all transactions, besides those of the provinces that are known.
    pub shared_paths: Vec<String>,
    /// Where clients that sign by SM2 ask for their tokens.
    pub token_path: String,
    /// The certificate chain, as PEM; with it the listener speaks TLS alone.
    pub tls_certificate: Option<PathBuf>,
    /// Its key, as PEM.
    pub tls_key: Option<PathBuf>,
}

/// `[operators]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operators {
    /// Address and port.
    pub address: SocketAddr,
    /// Calls that take longer are told in the log.
    pub slow_ms: u64,
}

/// `[platform]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    /// Its division: the first six digits of every `inf_refmsgid`.
    pub admdvs: String,
}

/// `[unsigned]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Unsigned {
    /// How they are read.
    pub profile: ProfileName,
    /// How `infcode` is written to them.
    pub infcode: Infcode,
}

/// `[credential.<name on the wire>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialEntry {
    /// How calls are signed.
    pub family: FamilyName,
    /// The institutions it speaks for.
    pub institutions: Vec<String>,
    /// How its messages are read.
    #[serde(default)]
    pub profile: ProfileName,
    /// How `infcode` is written to it.
    #[serde(default)]
    pub infcode: Infcode,
    /// The file that has its secret in its first line, as it is.
    pub secret_file: Option<PathBuf>,
    /// The variable of the environment that has it.
    pub secret_env: Option<String>,
    /// The file with the client's SM2 public key, as hexadecimal digits.
    pub client_key_file: Option<PathBuf>,
    /// The file with our SM2 private key for it.
    pub own_key_file: Option<PathBuf>,
    /// It is served where others can read and change what is sent.
    #[serde(default)]
    pub insecure: bool,
    /// Times of its signatures are not held against the clock: for tests with clients that print them wrongly.
    #[serde(default)]
    pub at_any_time: bool,
}

/// How calls are signed.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FamilyName {
    /// Not at all.
    None,
    /// `_api_*`, HMAC-SHA1.
    Api,
    /// `x-tif-*`, SHA-256.
    Tif,
    /// `x-ca-*`, HMAC-SM3.
    Ca,
    /// A token, SM2 and SM4 in the body.
    Sm,
    /// SM2 in `cainfo`.
    Cainfo,
}

/// `[institution.<fixmedins_code>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InstitutionEntry {
    /// `fixmedins_name`; without it that of the catalogue image.
    pub name: String,
    /// Calls a second, over time.
    pub per_second: u32,
    /// Calls that may come at one moment after a pause.
    pub burst: u32,
    /// Calls that may wait for their answers.
    pub at_once: u32,
}

/// How strictly messages are read.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    /// What working clients are known to do is borne, and counted.
    #[default]
    Lenient,
    /// By the text.
    Strict,
}

/// How `infcode` is written.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Infcode {
    /// `0`
    #[default]
    Number,
    /// `"0"`
    Text,
}

impl Default for Listen {
    fn default() -> Listen {
        Listen {
            address: SocketAddr::from(([127, 0, 0, 1], 8086)),
            shared_paths: Vec::new(),
            token_path: "/oauth/token".to_owned(),
            tls_certificate: None,
            tls_key: None,
        }
    }
}

impl Default for Operators {
    fn default() -> Operators {
        Operators { address: SocketAddr::from(([127, 0, 0, 1], 8087)), slow_ms: 3_000 }
    }
}

impl Default for Platform {
    fn default() -> Platform {
        Platform { admdvs: "630100".to_owned() }
    }
}

impl Default for InstitutionEntry {
    fn default() -> InstitutionEntry {
        let Limits { per_second, burst, at_once } = Limits::USUAL;
        InstitutionEntry { name: String::new(), per_second, burst, at_once }
    }
}

impl InstitutionEntry {
    /// How much it may ask.
    pub fn limits(&self) -> Limits {
        let InstitutionEntry { per_second, burst, at_once, .. } = *self;
        Limits { per_second, burst, at_once }
    }
}

impl ProfileName {
    /// What it bears, and how it is answered.
    pub fn profile(self, infcode: Infcode) -> Profile {
        let form = match infcode {
            Infcode::Number => InfcodeForm::Number,
            Infcode::Text => InfcodeForm::Text,
        };
        match self {
            ProfileName::Lenient => Profile::LENIENT.answering(form),
            ProfileName::Strict => Profile::STRICT.answering(form),
        }
    }
}

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {error}. Check the path and its permissions", .path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML, or has a field that is wrong: the message has the line and what was expected.
    #[error("{}: {error}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What.
        error: Box<toml::de::Error>,
    },
    /// A credential is not whole, or something of it cannot be read.
    #[error("credential.{name}.{field}: {what}")]
    Credential {
        /// Its name on the wire.
        name: String,
        /// The field.
        field: &'static str,
        /// What is wrong, and what was expected.
        what: String,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| ConfigError::Unread { path: path.to_owned(), error })?;
        let wrong = |error| ConfigError::Wrong { path: path.to_owned(), error: Box::new(error) };
        toml::from_str(&text).map_err(wrong)
    }

    /// Its credentials.
    ///
    /// # Errors
    /// One is not whole, or a file of it cannot be read.
    pub fn credentials(&self) -> Result<Vec<Credential>, ConfigError> {
        self.credential.iter().map(|(name, entry)| entry.credential(name)).collect()
    }
}

impl CredentialEntry {
    fn credential(&self, name: &str) -> Result<Credential, ConfigError> {
        let wrong =
            |field, what: String| ConfigError::Credential { name: name.to_owned(), field, what };
        let proof = match self.family {
            FamilyName::None => Proof::None,
            FamilyName::Api => Proof::Api(self.secret(name)?),
            FamilyName::Tif => Proof::Tif(self.secret(name)?),
            FamilyName::Ca => Proof::Ca(self.secret(name)?),
            FamilyName::Cainfo => Proof::Cainfo(self.client_key(name)?),
            FamilyName::Sm => Proof::Sm(Sm {
                secret: self.secret(name)?,
                client: self.client_key(name)?,
                own: self.own_key(name)?,
            }),
        };
        let profile = self.profile.profile(self.infcode);
        let made = Credential::new(name, proof, &self.institutions, profile);
        let made = made.map_err(|error| wrong("institutions", error.to_string()))?;
        let made = if self.insecure { made.insecure() } else { made };
        Ok(if self.at_any_time { made.at_any_time() } else { made })
    }

    fn secret(&self, name: &str) -> Result<Secret, ConfigError> {
        let wrong =
            |field, what: String| ConfigError::Credential { name: name.to_owned(), field, what };
        let (field, text) = match (&self.secret_file, &self.secret_env) {
            (Some(file), None) => ("secret_file", line_of(file)?),
            (None, Some(variable)) => {
                let text = std::env::var(variable);
                let text =
                    text.map_err(|error| wrong("secret_env", format!("{variable}: {error}")));
                ("secret_env", text?)
            }
            (Some(_), Some(_)) => {
                return Err(wrong("secret_env", "beside secret_file; one of them".to_owned()));
            }
            (None, None) => {
                let what =
                    "nothing; expected a file or a variable with the secret, see `yidan keys`";
                return Err(wrong("secret_file", what.to_owned()));
            }
        };
        Secret::read(&text).map_err(|error| wrong(field, error.to_string()))
    }

    fn client_key(&self, name: &str) -> Result<VerifyingKey, ConfigError> {
        let text = key_text(name, "client_key_file", self.client_key_file.as_deref())?;
        VerifyingKey::read(&text).map_err(|error| ConfigError::Credential {
            name: name.to_owned(),
            field: "client_key_file",
            what: error.to_string(),
        })
    }

    fn own_key(&self, name: &str) -> Result<PrivateKey, ConfigError> {
        let text = key_text(name, "own_key_file", self.own_key_file.as_deref())?;
        PrivateKey::read(&text).map_err(|error| ConfigError::Credential {
            name: name.to_owned(),
            field: "own_key_file",
            what: error.to_string(),
        })
    }
}

fn key_text(name: &str, field: &'static str, file: Option<&Path>) -> Result<String, ConfigError> {
    let file = file.ok_or_else(|| ConfigError::Credential {
        name: name.to_owned(),
        field,
        what: "nothing; expected a file with the key, see `yidan keys`".to_owned(),
    })?;
    line_of(file)
}

/// The first line of a file.
fn line_of(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| ConfigError::Unread { path: path.to_owned(), error })?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_configuration_is_that_of_the_defaults() {
        let read: Config = toml::from_str(COMMENTED).expect("it reads");
        assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
        let entries: Vec<&str> =
            COMMENTED.lines().filter_map(|line| line.strip_prefix("#: ")).collect();
        let all: Config = toml::from_str(&entries.join("\n")).expect("its examples read");
        assert!(!all.credential.is_empty() && !all.institution.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        let unknown = toml::from_str::<Config>("[listen]\nadress = \"127.0.0.1:1\"");
        assert!(unknown.expect_err("unknown").to_string().contains("adress"));
        let entry = "[credential.key1]\nfamily = \"api\"\ninstitutions = [\"H1\"]";
        let config: Config = toml::from_str(entry).expect("reads");
        let told = config.credentials().expect_err("no secret").to_string();
        assert!(told.starts_with("credential.key1.secret_file: nothing"), "{told}");
    }
}
