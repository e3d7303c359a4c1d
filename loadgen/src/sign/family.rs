//! The families by the names that configurations have for them.

use std::fmt;
use std::str::FromStr;

use super::SignError;

/// How an institution signs its calls.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub enum Family {
    /// Not at all.
    #[default]
    None,
    /// Headers `_api_*`: HMAC-SHA1 of themselves.
    Api,
    /// Headers `x-tif-*`: SHA-256 with the secret.
    Tif,
    /// Headers `x-ca-*`: HMAC-SM3 of the body.
    Ca,
    /// A token; SM4 and SM2 in the body.
    Sm,
    /// SM2 over the envelope, in its `cainfo`.
    Cainfo,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 6] =
        [Family::None, Family::Api, Family::Tif, Family::Ca, Family::Sm, Family::Cainfo];

    /// Its name: `none`, `api`, `tif`, `ca`, `sm` or `cainfo`.
    pub fn name(self) -> &'static str {
        match self {
            Family::None => "none",
            Family::Api => "api",
            Family::Tif => "tif",
            Family::Ca => "ca",
            Family::Sm => "sm",
            Family::Cainfo => "cainfo",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Family {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Family, SignError> {
        let found = Family::ALL.into_iter().find(|family| family.name() == text);
        found.ok_or_else(|| SignError::Family(text.to_owned()))
    }
}
