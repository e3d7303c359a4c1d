//! What can go wrong with signatures: what, where, and what to do. No secret is ever told.

use std::path::PathBuf;

use super::Family;

/// Why a signer cannot be made, a call cannot be signed, or an answer is not believed.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum SignError {
    /// A text names no family.
    #[error("“{0}” is no signature family: write none, api, tif, ca, sm or cainfo")]
    Family(String),
    /// Something that a signer needs is missing or cannot be used.
    #[error("{field} of the {family} signer “{name}”: {what}")]
    Signer {
        /// The family.
        family: Family,
        /// The name on the wire.
        name: String,
        /// What of it.
        field: &'static str,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A call that needs a token was to be signed without one.
    #[error("the sm signer “{0}” has no token: ask for one by its token request first")]
    NoToken(String),
    /// The answer to a token request has no token.
    #[error("the answer to the token request of “{name}”: {what}")]
    Token {
        /// The name on the wire.
        name: String,
        /// What is wrong, and what to do.
        what: &'static str,
    },
    /// The `infno` of a call cannot stand in a header.
    #[error("infno of a call: it cannot stand in the header _api_name; write digits and letters")]
    Infno,
    /// The `output` of an answer is not what the server sealed.
    #[error("the output of an answer to “{name}”: {what}")]
    Sealed {
        /// The name on the wire.
        name: String,
        /// What is wrong, and what to do.
        what: &'static str,
    },
    /// SM2 gives no signature for a message: one in 2²⁵⁵.
    #[error("SM2 gives no signature for this call: change its msgid and sign it again")]
    Unsigned,
    /// The folder of the files cannot be named in a configuration.
    #[error("the folder {}: its name is not UTF-8, so no serve.toml can name it; take another one", .0.display())]
    Folder(PathBuf),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for nonces ({0}): look at /dev/urandom")]
    Random(String),
}

impl SignError {
    pub(super) fn signer(family: Family, name: &str, field: &'static str, what: &str) -> SignError {
        SignError::Signer { family, name: name.to_owned(), field, what: what.to_owned() }
    }

    pub(super) fn no_token(name: &str) -> SignError {
        SignError::NoToken(name.to_owned())
    }

    pub(super) fn sealed(name: &str, what: &'static str) -> SignError {
        SignError::Sealed { name: name.to_owned(), what }
    }
}
