//! Who calls: a call's signature is verified, its envelope read, and the institution it names compared with those its credential may speak
//! for. Nothing of its input is read before that. Pure: headers, body, time and credentials come in, a verified call goes out.
//!
//! ```text
//! headers ─► 431 there? ─► 432 in time? ─► 433 known? ─► 434 same? ─► envelope ─► 435 its own? ─► Verified ─► replay ─► limit
//! ```
//!
//! *Forwarded* (440) stands before them all on a listener that serves calls without signature. Families that sign in the body read the
//! envelope first, as the signature or the institution stands in it.

mod claim;
pub mod credential;
mod header;
pub mod keys;
mod sm;
pub mod token;

use subtle::ConstantTimeEq;

use crate::answer::Stamp;
use crate::envelope::Call;
use crate::fault::Faults;
use crate::limits::SIGNATURE_WINDOW_MS;
use crate::refusal::{Family, Refusal, failed};
use crate::tolerance::Profile;

use self::claim::Claim;
use self::credential::{CredentialId, digest};
use self::header::Headers;
use self::keys::KeyError;

pub use self::credential::{Channel, Credential, Credentials, Proof};
pub use self::sm::Sealed;
pub use self::token::Tokens;

/// A call whose signer may speak for the institution it names.
#[derive(Debug)]
pub struct Verified<'c, 'b> {
    credential: &'c Credential,
    call: Call<'b>,
    once: Option<Once>,
}

/// What of a call may not come again with another body: see [`crate::replay`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Once {
    pub(crate) of: CredentialId,
    pub(crate) seen: [u8; 16],
    pub(crate) body: [u8; 16],
    pub(crate) made_ms: i64,
}

/// A call that goes no further, and how it is answered.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// What the call was signed as.
    pub family: Family,
    /// The profile of the institution; the strict one where it is not known.
    pub profile: Profile,
    /// Why.
    pub why: Why,
}

/// Why a call goes no further.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Why {
    /// It is refused.
    Refused(Refusal),
    /// Its envelope cannot be read.
    Unreadable(Faults),
}

impl<'c, 'b> Verified<'c, 'b> {
    /// Whose call it is.
    pub fn credential(&self) -> &'c Credential {
        self.credential
    }

    /// The call; what was encrypted is open.
    pub fn call(&self) -> &Call<'b> {
        &self.call
    }

    /// The institution it speaks for.
    pub fn institution(&self) -> &str {
        &self.call.envelope.fixmedins_code
    }

    /// What of it may not come again with another body, where its family has such a thing.
    pub fn once(&self) -> Option<&Once> {
        self.once.as_ref()
    }

    /// The call alone.
    pub fn into_call(self) -> Call<'b> {
        self.call
    }
}

impl Once {
    /// The same of a call whose body has more in it than the message.
    pub(crate) fn of_body(&self, body: &[u8]) -> Once {
        Once { body: digest(&[body]), ..*self }
    }
}

impl Rejected {
    /// The body of the answer.
    pub fn body(&self, came: Stamp, now: Stamp) -> Vec<u8> {
        match &self.why {
            Why::Refused(refusal) => refusal.body(self.family, &self.profile, came, now),
            Why::Unreadable(faults) => {
                let mut to = Vec::new();
                failed(&faults.err_msg(), came, now).write(&self.profile, &mut to);
                to
            }
        }
    }
}

impl Credential {
    /// An output as this credential's client takes it: encrypted and signed where its family is so, else `None`.
    pub fn seal(&self, output: &str) -> Option<Result<Sealed, KeyError>> {
        match self.proof() {
            Proof::Sm(keys) => Some(sm::seal(output, self.name(), keys)),
            Proof::None | Proof::Api(_) | Proof::Tif(_) | Proof::Ca(_) | Proof::Cainfo(_) => None,
        }
    }
}

/// Verifies a call: its headers in any order, its body as it was received.
pub fn verify<'c, 'b, 'h>(
    headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    body: &'b [u8],
    now_ms: i64,
    credentials: &'c Credentials,
    tokens: &Tokens,
) -> Result<Verified<'c, 'b>, Rejected> {
    let headers = Headers::of(headers).map_err(|refusal| Rejected::at(Family::None, refusal))?;
    if headers.forwarded && credentials.serve_unsigned() {
        return Err(Rejected::at(Family::None, Refusal::Forwarded));
    }
    if let Some((family, claim)) = Claim::of(&headers) {
        let claim = claim.map_err(|refusal| Rejected::at(family, refusal))?;
        let credential = by_headers(family, &claim, body, now_ms, credentials)?;
        let call = read(body, credential)?;
        let once = match (claim.once(), claim.made_ms) {
            (Some(seen), Some(made_ms)) => once(credential, seen, body, made_ms),
            _ => None,
        };
        return speaking(credential, call, once);
    }
    let bearer = headers.get("authorization").and_then(|it| token::behind(b"bearer ", it));
    if let Some(token) = bearer
        && credentials.serve_tokens()
    {
        let credential = by_token(token, now_ms, credentials, tokens)?;
        let call = read(body, credential)?;
        return by_input(credential, call);
    }
    if credentials.serve_without_headers() {
        return by_institution(body, now_ms, credentials);
    }
    Err(Rejected::at(credentials.likely_family(), Refusal::HeadersMissing))
}

/// The signer of headers. Who is not known is compared with a secret of no one, so both ways take as long.
fn by_headers<'c>(
    family: Family,
    claim: &Claim<'_>,
    body: &[u8],
    now_ms: i64,
    credentials: &'c Credentials,
) -> Result<&'c Credential, Rejected> {
    let known = credentials.named(family, claim.key);
    let secret = known.and_then(|known| known.proof().header_secret());
    let secret = secret.unwrap_or(&credentials.decoy().secret);
    let same = bool::from(claim.signature(secret, body).ct_eq(&claim.given));
    let in_time = known.is_some_and(|known| !known.keeps_time()) || is_near(claim.made_ms, now_ms);
    match known {
        _ if !in_time => Err(Rejected::at(family, Refusal::Expired)),
        None => Err(Rejected::at(family, Refusal::KeyUnknown)),
        Some(known) if !same => Err(Rejected::of(known, Refusal::SignatureDiffers)),
        Some(known) => Ok(known),
    }
}

/// The holder of a token.
fn by_token<'c>(
    token: &[u8],
    now_ms: i64,
    credentials: &'c Credentials,
    tokens: &Tokens,
) -> Result<&'c Credential, Rejected> {
    let id = tokens.verify(token, now_ms);
    let id = id.map_err(|refusal| Rejected::at(Family::Sm, refusal))?;
    // One whose credential was taken away since is no one's.
    credentials.with_id(id).ok_or_else(|| Rejected::at(Family::Sm, Refusal::KeyUnknown))
}

/// The call of a holder of a token, its input opened. Its institution stands outside of what is encrypted.
fn by_input<'c, 'b>(
    credential: &'c Credential,
    call: Call<'b>,
) -> Result<Verified<'c, 'b>, Rejected> {
    let Proof::Sm(keys) = credential.proof() else {
        return Err(Rejected::at(Family::Sm, Refusal::KeyUnknown));
    };
    let opened = sm::open(call, credential.name(), keys);
    let call = opened.map_err(|refusal| Rejected::of(credential, refusal))?;
    // Neither nonce nor time stamp is signed, so nothing is remembered; token and channel protect it.
    speaking(credential, call, None)
}

/// A call that names its institution alone: not signed, or signed in `cainfo`.
fn by_institution<'c, 'b>(
    body: &'b [u8],
    now_ms: i64,
    credentials: &'c Credentials,
) -> Result<Verified<'c, 'b>, Rejected> {
    let family = credentials.likely_family();
    let unreadable = |faults| {
        let why = Why::Unreadable(faults);
        Rejected { family, profile: Profile::STRICT, why }
    };
    // Whose profile it is to be read by stands in it. What both read of it is the same.
    let call = Call::read(body, &Profile::LENIENT).map_err(unreadable)?;
    let known = credentials.of_institution(&call.envelope.fixmedins_code);
    let mut remembered = None;
    let signed = match known.map(Credential::proof) {
        Some(Proof::None) => Ok(()),
        Some(Proof::Cainfo(key)) => in_cainfo(&call, body, now_ms, known, key).map(|made| {
            remembered = known
                .zip(made)
                .and_then(|(known, (seen, made_ms))| once(known, seen, body, made_ms));
        }),
        Some(Proof::Api(_) | Proof::Tif(_) | Proof::Ca(_) | Proof::Sm(_)) | None => {
            // Where signatures are expected, what is not known takes the time that one takes.
            let decoy = &credentials.decoy().key;
            if family == Family::Cainfo {
                let _ = in_cainfo(&call, body, now_ms, None, decoy);
            }
            Err(Refusal::KeyUnknown)
        }
    };
    let Some(credential) = known else { return Err(Rejected::at(family, Refusal::KeyUnknown)) };
    signed.map_err(|refusal| Rejected::of(credential, refusal))?;
    let call =
        if *credential.profile() == Profile::LENIENT { call } else { read(body, credential)? };
    speaking(credential, call, remembered)
}

/// What identifies a signature in `cainfo`, and when it was made. The envelope alone would not do: clients that make `msgid` from the
/// second sign the same envelope twice with two inputs; but each signature of SM2 is new, and the input another one cannot be put under.
type Made = ([u8; 16], i64);

fn in_cainfo(
    call: &Call<'_>,
    body: &[u8],
    now_ms: i64,
    known: Option<&Credential>,
    key: &keys::VerifyingKey,
) -> Result<Option<Made>, Refusal> {
    let cainfo = call.envelope.cainfo.as_deref().ok_or(Refusal::HeadersMissing)?;
    let made_ms = call.envelope.inf_time.map(|time| {
        let second = i64::from(time.day().get()) * 86_400 + i64::from(time.second());
        // Local civil time: all of China has that of 120° east.
        (second - 8 * 3_600) * 1_000
    });
    if known.is_none_or(Credential::keeps_time) && !is_near(made_ms, now_ms) {
        return Err(Refusal::Expired);
    }
    let signature = sm::signature_of_envelope(body, cainfo, key);
    let signature = signature.ok_or(Refusal::SignatureDiffers)?;
    Ok(made_ms.map(|made_ms| (digest(&[&signature]), made_ms)))
}

/// The envelope of a call, read as its institution's are.
fn read<'b>(body: &'b [u8], credential: &Credential) -> Result<Call<'b>, Rejected> {
    Call::read(body, credential.profile()).map_err(|faults| Rejected {
        family: credential.family(),
        profile: credential.profile().clone(),
        why: Why::Unreadable(faults),
    })
}

/// The last check: whether the credential may speak for the institution that the envelope names.
fn speaking<'c, 'b>(
    credential: &'c Credential,
    call: Call<'b>,
    once: Option<Once>,
) -> Result<Verified<'c, 'b>, Rejected> {
    if !credential.speaks_for(&call.envelope.fixmedins_code) {
        return Err(Rejected::of(credential, Refusal::OtherInstitution));
    }
    Ok(Verified { credential, call, once })
}

/// What is remembered of a call; nothing where the credential is not held to the time, as it could never be forgotten.
fn once(credential: &Credential, seen: [u8; 16], body: &[u8], made_ms: i64) -> Option<Once> {
    let of = credential.id();
    credential.keeps_time().then(|| Once { of, seen, body: digest(&[body]), made_ms })
}

/// Whether a time is within the window, on both sides of now.
fn is_near(made_ms: Option<i64>, now_ms: i64) -> bool {
    made_ms.is_some_and(|made| now_ms.abs_diff(made) <= SIGNATURE_WINDOW_MS.unsigned_abs())
}

impl Rejected {
    fn at(family: Family, refusal: Refusal) -> Rejected {
        Rejected { family, profile: Profile::STRICT, why: Why::Refused(refusal) }
    }

    fn of(credential: &Credential, refusal: Refusal) -> Rejected {
        let (family, profile) = (credential.family(), credential.profile().clone());
        Rejected { family, profile, why: Why::Refused(refusal) }
    }

    /// The refusal, where it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.why {
            Why::Refused(refusal) => Some(refusal),
            Why::Unreadable(_) => None,
        }
    }
}

impl Credentials {
    /// How a call that shows no family is answered: as that of the first credential, for a listener mostly serves one.
    fn likely_family(&self) -> Family {
        self.all().first().map_or(Family::None, Credential::family)
    }
}
