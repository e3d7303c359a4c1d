//! The headers that signatures stand in, picked out of all headers of a call in one pass.

use crate::refusal::Refusal;

/// Every header that is looked at, in lower case.
const NAMES: [&str; 16] = [
    "_api_access_key",
    "_api_name",
    "_api_signature",
    "_api_timestamp",
    "_api_version",
    "x-tif-paasid",
    "x-tif-timestamp",
    "x-tif-nonce",
    "x-tif-signature",
    "x-rio-paasid",
    "x-rio-timestamp",
    "x-rio-nonce",
    "x-rio-signature",
    "x-ca-key",
    "x-ca-signature",
    "authorization",
];

/// Headers by which a proxy says that it passed a call on; besides all that begin with `x-forwarded-`.
const PASSED_ON: [&str; 2] = ["forwarded", "via"];

/// The headers of one call that matter to its signature.
#[derive(Default)]
pub(crate) struct Headers<'h> {
    values: [Option<&'h [u8]>; NAMES.len()],
    /// Whether a proxy passed it on.
    pub(crate) forwarded: bool,
}

impl<'h> Headers<'h> {
    /// Picks them out. A header of a signature that stands there twice leaves open which one was signed: it is refused.
    pub(crate) fn of(
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Headers<'h>, Refusal> {
        let mut found = Headers::default();
        for (name, value) in headers {
            if let Some(at) = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known))
                && found.values[at].replace(value).is_some()
            {
                return Err(Refusal::SignatureDiffers);
            }
            let prefix = name.get(.."x-forwarded-".len());
            found.forwarded |= PASSED_ON.iter().any(|known| name.eq_ignore_ascii_case(known))
                || prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-forwarded-"));
        }
        Ok(found)
    }

    /// What a header says, without the blanks around it; nothing where it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&'h [u8]> {
        let at = NAMES.iter().position(|known| *known == name);
        let at = at.expect("a header that is looked for is in the list");
        self.values[at].map(<[u8]>::trim_ascii).filter(|value| !value.is_empty())
    }

    /// The same where it must be there.
    pub(crate) fn must(&self, name: &str) -> Result<&'h [u8], Refusal> {
        self.get(name).ok_or(Refusal::HeadersMissing)
    }
}
