//! Who may call: a credential names how its calls are signed, with what, and the institution codes it may speak for. The set that a
//! listener serves is checked when it is made, so no call meets a family where this may not be served.

use std::collections::HashMap;
use std::fmt;

use crate::refusal::Family;
use crate::sign::keys::{KeyError, PrivateKey, Secret, VerifyingKey, plain};
use crate::tolerance::Profile;

/// How calls are signed, and what they are verified with.
#[derive(Debug)]
pub enum Proof {
    /// They are not.
    None,
    /// `_api_*`: the secret of an access key.
    Api(Secret),
    /// `x-tif-*` and `x-rio-*`: the secret of a paasid.
    Tif(Secret),
    /// `x-ca-*`: the secret of a key, which is an institution code in Zhejiang.
    Ca(Secret),
    /// A token, and SM2 and SM4 in the body.
    Sm(Sm),
    /// SM2 in `cainfo` over the envelope.
    Cainfo(VerifyingKey),
}

/// What a client of [`Family::Sm`] has. Its name, the clientId, is the key of SM4 and the user id of SM2.
#[derive(Debug)]
pub struct Sm {
    /// What it asks for tokens with.
    pub secret: Secret,
    /// What its signatures are verified with.
    pub client: VerifyingKey,
    /// What answers to it are signed with.
    pub own: PrivateKey,
}

/// A credential of an institution.
#[derive(Debug)]
pub struct Credential {
    name: Box<str>,
    proof: Proof,
    institutions: Box<[Box<str>]>,
    profile: Profile,
    insecure: bool,
    keeps_time: bool,
    id: CredentialId,
}

/// A credential as other tables know it: 128 bits of the BLAKE3 of its family and name, the same after every start.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct CredentialId([u8; 16]);

/// What is wrong with a credential, or with a set of them.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct CredentialError {
    /// The name of the credential.
    pub name: String,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a credential.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Why {
    /// Its name or one of its institution codes cannot be used.
    Name(KeyError),
    /// It may speak for no institution.
    NoInstitution,
    /// Its name is no key of SM4: that has 16 bytes.
    NoCipherKey,
    /// It does not hold clients to the time, which only `insecure` allows.
    AnyTime,
    /// Its calls are not signed, and the listener's address is not loopback.
    NotLoopback,
    /// Its signature does not cover the body, and the listener speaks neither TLS nor from loopback alone.
    NotPrivate,
    /// Another credential of its family has its name.
    Twice,
    /// Another credential that is found by the institution alone speaks for this one too.
    Ambiguous(String),
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credential “{}”: ", self.name)?;
        match &self.why {
            Why::Name(error) => write!(f, "its name, or a code of an institution: {error}"),
            Why::NoInstitution => write!(f, "it names no institution"),
            Why::NoCipherKey => write!(f, "as a key of SM4 its name must have 16 bytes"),
            Why::AnyTime => write!(f, "any time is taken only with insecure = true"),
            Why::NotLoopback => write!(f, "calls without signature need a loopback address"),
            Why::NotPrivate => {
                write!(f, "its signature leaves the body open: TLS, loopback, or insecure = true")
            }
            Why::Twice => write!(f, "there are two of this name"),
            Why::Ambiguous(code) => {
                write!(f, "{code} has an unsigned or cainfo credential beside another one")
            }
        }
    }
}

impl std::error::Error for CredentialError {}

impl Credential {
    /// A credential by its name on the wire (access key, paasid, ca-key, clientId; where none is sent, any name).
    pub fn new<S: AsRef<str>>(
        name: &str,
        proof: Proof,
        institutions: &[S],
        profile: Profile,
    ) -> Result<Credential, CredentialError> {
        let wrong = |why| CredentialError { name: name.to_owned(), why };
        plain(name).map_err(|error| wrong(Why::Name(error)))?;
        for code in institutions {
            plain(code.as_ref()).map_err(|error| wrong(Why::Name(error)))?;
        }
        if institutions.is_empty() {
            return Err(wrong(Why::NoInstitution));
        }
        if matches!(proof, Proof::Sm(_)) && name.len() != 16 {
            return Err(wrong(Why::NoCipherKey));
        }
        let institutions = institutions.iter().map(|code| code.as_ref().into()).collect();
        let (id, name) = (CredentialId::of(proof.family(), name.as_bytes()), name.into());
        let (insecure, keeps_time) = (false, true);
        Ok(Credential { name, proof, institutions, profile, insecure, keeps_time, id })
    }

    /// The same, and it is served where others can read and change what is sent.
    pub fn insecure(self) -> Credential {
        Credential { insecure: true, ..self }
    }

    /// The same, and times of signatures are not held against the clock: for tests with clients that print them wrongly. Nothing
    /// such a credential sends is remembered, so it must be `insecure`.
    pub fn at_any_time(self) -> Credential {
        Credential { keeps_time: false, ..self }
    }

    /// How its calls are signed.
    pub fn family(&self) -> Family {
        self.proof.family()
    }

    /// Its name on the wire.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// It as other tables know it.
    pub fn id(&self) -> CredentialId {
        self.id
    }

    /// How its messages are read and answered.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether its calls may be read and changed on their way; printed at start.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// The institutions that it speaks for.
    pub fn institutions(&self) -> impl Iterator<Item = &str> {
        self.institutions.iter().map(|code| &**code)
    }

    /// Whether it may speak for an institution.
    pub fn speaks_for(&self, institution: &str) -> bool {
        self.institutions.iter().any(|code| **code == *institution)
    }

    pub(crate) fn proof(&self) -> &Proof {
        &self.proof
    }

    pub(crate) fn keeps_time(&self) -> bool {
        self.keeps_time
    }
}

impl Proof {
    /// Which family it is of.
    pub fn family(&self) -> Family {
        match self {
            Proof::None => Family::None,
            Proof::Api(_) => Family::Api,
            Proof::Tif(_) => Family::Tif,
            Proof::Ca(_) => Family::Ca,
            Proof::Sm(_) => Family::Sm,
            Proof::Cainfo(_) => Family::Cainfo,
        }
    }

    /// The secret that headers are signed with.
    pub(crate) fn header_secret(&self) -> Option<&Secret> {
        match self {
            Proof::Api(secret) | Proof::Tif(secret) | Proof::Ca(secret) => Some(secret),
            Proof::None | Proof::Sm(_) | Proof::Cainfo(_) => None,
        }
    }

    /// Whether calls name only the institution.
    fn is_found_by_institution(&self) -> bool {
        match self {
            Proof::None | Proof::Cainfo(_) => true,
            Proof::Api(_) | Proof::Tif(_) | Proof::Ca(_) | Proof::Sm(_) => false,
        }
    }
}

impl CredentialId {
    fn of(family: Family, name: &[u8]) -> CredentialId {
        let family: &[u8] = match family {
            Family::None => b"none",
            Family::Api => b"api",
            Family::Tif => b"tif",
            Family::Ca => b"ca",
            Family::Sm => b"sm",
            Family::Cainfo => b"cainfo",
        };
        CredentialId(digest(&[family, name]))
    }
}

/// 128 bits of the BLAKE3 of some parts, each with its length before it.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Who can read and change what comes to a listener.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Channel {
    /// Its own address is loopback: this machine alone.
    Loopback,
    /// TLS.
    Tls,
    /// Whoever is on the way.
    Plain,
}

/// The credentials that one listener serves.
#[derive(Debug)]
pub struct Credentials {
    all: Vec<Credential>,
    by_id: HashMap<CredentialId, usize>,
    by_institution: HashMap<Box<str>, usize>,
    /// What is verified with where there is no such credential, so that this takes as long.
    decoy: Decoy,
}

/// Keys of no one, new at every start.
#[derive(Debug)]
pub(crate) struct Decoy {
    pub(crate) secret: Secret,
    pub(crate) key: VerifyingKey,
}

impl Credentials {
    /// The credentials of a listener, unless one of them may not be served there.
    pub fn new(channel: Channel, all: Vec<Credential>) -> Result<Credentials, CredentialError> {
        let mut by_id = HashMap::new();
        let mut by_institution: HashMap<Box<str>, usize> = HashMap::new();
        for (at, one) in all.iter().enumerate() {
            let wrong = |why| CredentialError { name: one.name.to_string(), why };
            one.may_be_served(channel).map_err(wrong)?;
            if by_id.insert(one.id, at).is_some() {
                return Err(wrong(Why::Twice));
            }
            if one.proof.is_found_by_institution() {
                for code in &one.institutions {
                    // Else who is held to a signature could leave it out.
                    if all.iter().filter(|other| other.speaks_for(code)).count() > 1 {
                        return Err(wrong(Why::Ambiguous(code.to_string())));
                    }
                    by_institution.insert(code.clone(), at);
                }
            }
        }
        let random = |error| CredentialError { name: "decoy".to_owned(), why: Why::Name(error) };
        let secret = Secret::random().map_err(random)?;
        let key = PrivateKey::random().map_err(random)?.verifying();
        Ok(Credentials { all, by_id, by_institution, decoy: Decoy { secret, key } })
    }

    /// All of them, in the order they were given.
    pub fn all(&self) -> &[Credential] {
        &self.all
    }

    /// Those to be printed at start.
    pub fn insecure(&self) -> impl Iterator<Item = &Credential> {
        self.all.iter().filter(|one| one.insecure)
    }

    pub(crate) fn named(&self, family: Family, name: &[u8]) -> Option<&Credential> {
        self.with_id(CredentialId::of(family, name))
    }

    pub(crate) fn with_id(&self, id: CredentialId) -> Option<&Credential> {
        self.by_id.get(&id).and_then(|at| self.all.get(*at))
    }

    pub(crate) fn of_institution(&self, code: &str) -> Option<&Credential> {
        self.by_institution.get(code).and_then(|at| self.all.get(*at))
    }

    /// Whether calls without any header of a signature are served.
    pub(crate) fn serve_without_headers(&self) -> bool {
        !self.by_institution.is_empty()
    }

    /// Whether calls with a token are served.
    pub(crate) fn serve_tokens(&self) -> bool {
        self.all.iter().any(|one| matches!(one.proof, Proof::Sm(_)))
    }

    /// Whether calls without any signature are served.
    pub(crate) fn serve_unsigned(&self) -> bool {
        self.all.iter().any(|one| matches!(one.proof, Proof::None))
    }

    pub(crate) fn decoy(&self) -> &Decoy {
        &self.decoy
    }
}

impl Credential {
    fn may_be_served(&self, channel: Channel) -> Result<(), Why> {
        if !self.keeps_time && !self.insecure {
            return Err(Why::AnyTime);
        }
        if matches!(self.proof, Proof::None) && channel != Channel::Loopback {
            return Err(Why::NotLoopback);
        }
        let is_private = match channel {
            Channel::Loopback | Channel::Tls => true,
            Channel::Plain => self.family().signs_body(),
        };
        if is_private || self.insecure { Ok(()) } else { Err(Why::NotPrivate) }
    }
}
