//! The envelope of a request: read whole before anything in its `input` is, because `infno` may stand behind it.

use serde_json::error::Category;

use crate::fault::{Came, Faults, Wrong};
use crate::limits::BODY_BYTES_MAX;
use crate::reading::{Decoded, Reading, decode, decode_valid};
use crate::record::Record;
use crate::row;
use crate::tolerance::{Borne, Profile, Tolerance};
use crate::walk;
use crate::wire::Transaction;

/// The fields of the envelope (接口输入报文).
pub type Envelope<'a> = crate::wire::envelope::input::Input<'a>;

/// The fields of the envelope of answers (接口输出报文).
pub type AnswerEnvelope<'a> = crate::wire::envelope::output::Output<'a>;

/// A request whose envelope was read.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Its fields. `input` is as it came: see [`Call::input`].
    pub envelope: Envelope<'a>,
    /// The transaction's input.
    pub input: Input<'a>,
    /// What was tolerated of the envelope.
    pub borne: Borne,
}

/// How `input` came.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Input<'a> {
    /// An object of JSON.
    Json(&'a str),
    /// A text that holds JSON, or what was encrypted and is open now.
    Text(String),
    /// A text that holds none: encrypted, to be opened first.
    Ciphertext(String),
}

impl<'a> Call<'a> {
    /// Reads the envelope of a body.
    pub fn read(body: &'a [u8], profile: &Profile) -> Result<Call<'a>, Faults> {
        let mut reading = Reading::new(profile);
        let envelope: Option<Envelope<'a>> = body_of(body, &mut reading)?;
        let input = envelope.as_ref().and_then(|it| Input::of(it.input.0, &mut reading));
        let ((envelope, input), borne) = reading.ended(envelope.zip(input))?;
        Ok(Call { envelope, input, borne })
    }

    /// The transaction that the body names, where it is served.
    pub fn transaction(&self) -> Option<Transaction> {
        self.envelope.infno.as_deref().and_then(Transaction::of)
    }

    /// The same call with its input decrypted.
    pub fn opened(self, input: String) -> Call<'a> {
        Call { input: Input::Text(input), ..self }
    }

    /// Reads the input as that of a transaction.
    pub fn decode(&self, one: Transaction, profile: &Profile) -> Result<Decoded<'_>, Faults> {
        match &self.input {
            Input::Json(json) => decode_valid(one, json, profile),
            Input::Text(text) => decode(one, text, profile),
            Input::Ciphertext(_) => Err(Faults::one(Wrong::Encrypted)),
        }
    }
}

/// Reads the envelope of an answer, as a client does.
pub fn read_answer<'a>(
    body: &'a [u8],
    profile: &Profile,
) -> Result<(AnswerEnvelope<'a>, Borne), Faults> {
    let mut reading = Reading::of_answer(profile);
    let envelope = body_of(body, &mut reading)?;
    reading.ended(envelope)
}

/// Reads the object that a body is.
fn body_of<'a, T: Record<'a>>(
    body: &'a [u8],
    reading: &mut Reading<'_>,
) -> Result<Option<T>, Faults> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Faults::one(Wrong::TooManyBytes(BODY_BYTES_MAX)));
    }
    let text = std::str::from_utf8(body).map_err(|_| Faults::one(Wrong::NotUtf8))?;
    walk::body(text, reading).map_err(|error| match error.classify() {
        // It is JSON, but no object.
        Category::Data => Faults::one(Wrong::OtherKind(Came::Shown("".into()))),
        Category::Io | Category::Syntax | Category::Eof => {
            Faults::one(Wrong::NotJson(error.line(), error.column()))
        }
    })
}

impl<'a> Input<'a> {
    fn of(raw: &'a str, reading: &mut Reading<'_>) -> Option<Input<'a>> {
        let field = &crate::table::Entry::envelope().fields[INPUT];
        let wrong = |reading: &mut Reading<'_>, came| {
            reading.fault(Some(field), Wrong::OtherKind(came));
            None
        };
        match raw.as_bytes().first() {
            Some(b'{') => Some(Input::Json(raw)),
            Some(b'[') => wrong(reading, Came::Array),
            Some(b'"') => {
                let Some(text) = row::text(raw) else {
                    return wrong(reading, Came::Hidden(raw.chars().count()));
                };
                if !text.trim_start().starts_with('{') {
                    return Some(Input::Ciphertext(text.into_owned()));
                }
                let borne = reading.bear(Tolerance::InputAsText, Some(field));
                borne.then(|| Input::Text(text.into_owned()))
            }
            Some(b't' | b'f') => wrong(reading, Came::Boolean),
            _ => wrong(reading, Came::Shown(raw.chars().take(8).collect::<String>().into())),
        }
    }
}

/// The place of `input` among the fields of the envelope; a test holds it.
const INPUT: usize = 17;

#[cfg(test)]
mod tests {
    use super::INPUT;
    use crate::table::Entry;

    #[test]
    fn input_stands_where_it_is_looked_for() {
        assert_eq!((Entry::envelope().find)("input"), Some(INPUT));
    }
}
