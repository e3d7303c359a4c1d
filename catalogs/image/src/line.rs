//! An entry as one cache line of 64 bytes: its code, and its terms.
//!
//! ```text
//!  0        40                64
//!  | code   | terms, 24 bytes |
//! ```
//!
//! The bits of the terms are drawn in [`yidan_settlement::catalogue::terms`].

use yidan_settlement::catalogue::terms::TERMS_BYTES;
use yidan_settlement::catalogue::{Entry, Terms, terms::TermsError};
use yidan_settlement::id::EntryId;
use yidan_settlement::limits::CODE_BYTES_MAX;

use crate::code::{CodeWords, WORDS};

/// Bytes of an entry line: one cache line.
pub(crate) const LINE_BYTES: usize = 64;

const TERMS_AT: usize = CODE_BYTES_MAX;

const _: () = assert!(TERMS_AT + TERMS_BYTES == LINE_BYTES, "the fields fill the line");

/// Why an entry does not fit a line.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum LineError {
    Code,
    Terms(TermsError),
}

/// Writes a line; the entry's own `id` is its place and is not stored.
pub(crate) fn encode(code: &[u8], entry: &Entry) -> Result<[u8; LINE_BYTES], LineError> {
    if CodeWords::read(code).is_none() {
        return Err(LineError::Code);
    }
    let terms = Terms::of(entry).map_err(LineError::Terms)?;
    let mut line = [0; LINE_BYTES];
    line[..code.len()].copy_from_slice(code);
    line[TERMS_AT..].copy_from_slice(&terms.to_bytes());
    Ok(line)
}

/// Reads the terms of a line, checked by [`sound`] when the image was opened.
#[inline(always)]
pub(crate) fn decode(line: &[u8; LINE_BYTES], id: EntryId) -> Terms {
    match line.last_chunk() {
        Some(bytes) => Terms::from_bytes(bytes, id),
        None => unreachable!("a line ends in its terms"),
    }
}

/// Whether the line holds this very code.
#[inline]
pub(crate) fn holds(line: &[u8; LINE_BYTES], code: CodeWords) -> bool {
    let mut difference = 0;
    for (i, word) in code.0.iter().enumerate() {
        difference |= u64_at(line, 8 * i) ^ word;
    }
    difference == 0
}

/// The code of a line, without its padding.
pub(crate) fn code_of(line: &[u8; LINE_BYTES]) -> &[u8] {
    let code = &line[..CODE_BYTES_MAX];
    let length = code.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &code[..length]
}

/// The padded code of a line.
pub(crate) fn words_of(line: &[u8; LINE_BYTES]) -> CodeWords {
    let mut words = [0; WORDS];
    for (i, word) in words.iter_mut().enumerate() {
        *word = u64_at(line, 8 * i);
    }
    CodeWords(words)
}

/// What is wrong with the numbers of a line, given how many tags and rules the image has.
pub(crate) fn sound(
    line: &[u8; LINE_BYTES],
    tags: usize,
    rules: usize,
) -> Result<(), &'static str> {
    if !code_of(line).iter().all(u8::is_ascii_graphic) || code_of(line).is_empty() {
        return Err("a code with a byte that no code has");
    }
    decode(line, EntryId::new(0)).fault(tags, rules).map_or(Ok(()), Err)
}

#[inline]
fn u32_at(line: &[u8; LINE_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]])
}

#[inline]
fn u64_at(line: &[u8; LINE_BYTES], at: usize) -> u64 {
    u64::from(u32_at(line, at)) | u64::from(u32_at(line, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use yidan_settlement::catalogue::{Ceilings, Class, List, Scope};
    use yidan_settlement::date::{Day, Span};
    use yidan_settlement::id::{RuleId, Tag};
    use yidan_settlement::money::Rate;

    #[test]
    fn a_code_and_its_terms_come_back() {
        let code = b"C0101010101010101010-1234567-90123456789";
        assert_eq!(code.len(), CODE_BYTES_MAX);
        let given = Entry {
            id: EntryId::new(7),
            valid: Span { from: Day::new(10_000), to: Day::MAX },
            list: List::Service,
            class: Class::A,
            scope: Scope { employee: true, resident: true, maternity: false },
            share: [Rate::ZERO, Rate::ONE],
            ceiling: Ceilings::NONE,
            tag: Tag::new(3),
            rule: RuleId::new(9),
        };
        let line = encode(code, &given).expect("fits");
        assert_eq!(decode(&line, given.id).entry(), given);
        assert_eq!(code_of(&line), code);
        assert_eq!(sound(&line, 3, 9), Ok(()));
        assert!(sound(&line, 2, 9).is_err() && sound(&line, 3, 8).is_err());
        assert_eq!(encode(&[b'A'; 41], &given).err(), Some(LineError::Code));
    }
}
