//! The types of fields: how each is read from what came, written as JSON, and put into the content of a request.

use std::borrow::Cow;
use std::io::Write;

use yidan_settlement::date::{Day, Moment};
use yidan_settlement::limits::{BILL_FEN_MAX, PRICE_MAX, QUANTITY_MAX};
use yidan_settlement::money::{Fen, Price, Quantity};

use crate::fault::{Came, Wrong};
use crate::json::write_text;
use crate::number::{NotFixed, fixed, write_fixed};
use crate::reading::Reading;
use crate::row::{Form, Leaf, bare};
use crate::table::{Field, Kind};
use crate::time;
use crate::tolerance::Tolerance;

/// A text, lent by the message where nothing in it is escaped.
pub type Text<'a> = Cow<'a, str>;

/// A number with `D` decimals, in units of its last one: ratios, ages, weights.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Scaled<const D: u32>(i64);

/// The bytes of a file.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FileBytes(pub Vec<u8>);

/// Any JSON value, as it came.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Raw<'a>(pub &'a str);

impl<const D: u32> Scaled<D> {
    /// A number of so many units of the last decimal.
    pub const fn new(units: i64) -> Scaled<D> {
        Scaled(units)
    }

    /// How many units of the last decimal.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A value that can be written.
pub trait Value {
    /// Appends it as JSON.
    fn write(&self, to: &mut Vec<u8>);
    /// Appends it to the content of a request.
    fn put(&self, to: &mut Vec<u8>);
}

/// A value that can be read from what came.
pub(crate) trait ReadValue<'a>: Sized {
    /// Reads it; `None` where a fault was noted.
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self>;
}

/// Appends a length: seven bits a byte, the lowest first.
pub(crate) fn put_length(length: usize, to: &mut Vec<u8>) {
    let mut left = length;
    while left >= 0x80 {
        to.push((left & 0x7F) as u8 | 0x80);
        left >>= 7;
    }
    to.push(left as u8);
}

impl Value for Text<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        write_text(self, to);
    }

    fn put(&self, to: &mut Vec<u8>) {
        put_length(self.len(), to);
        to.extend_from_slice(self.as_bytes());
    }
}

impl<'a> ReadValue<'a> for Text<'a> {
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self> {
        let text = match leaf.form {
            Form::Text(text) => text,
            Form::Number(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                let either = matches!(field.kind, Kind::Serial(_));
                if !either && !reading.bear(Tolerance::TextAsNumber, Some(field)) {
                    return None;
                }
                Cow::Borrowed(text)
            }
            other @ (Form::Number(_) | Form::Boolean(_) | Form::Object | Form::Array) => {
                return wrong(reading, field, Wrong::OtherKind(other.came(field)));
            }
        };
        let text = trimmed(text, reading, field)?;
        is_short(&text, field.kind.characters(), reading, field)?;
        match field.codes {
            Some(_) => coded(text, reading, field),
            None => Some(text),
        }
    }
}

/// A text without the blanks around it. Only where it is a code are they wrong by the text.
fn trimmed<'a>(
    text: Text<'a>,
    reading: &mut Reading<'_>,
    field: &'static Field,
) -> Option<Text<'a>> {
    if bare(&text).len() == text.len() {
        return Some(text);
    }
    if field.codes.is_none() && !reading.profile.bears(Tolerance::StrayBlank) {
        return Some(text);
    }
    reading.bear(Tolerance::StrayBlank, Some(field)).then(|| match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(ref text) => Cow::Owned(text.trim().to_owned()),
    })
}

fn is_short(text: &str, most: u32, reading: &mut Reading<'_>, field: &'static Field) -> Option<()> {
    let fits = |text: &str, most: u32| {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        text.len() <= most || text.chars().count() <= most
    };
    if fits(text, most) || reading.of_answer {
        return Some(());
    }
    if field.longest_borne.is_some_and(|longest| fits(text, longest)) {
        return reading.bear(Tolerance::LongText, Some(field)).then_some(());
    }
    wrong(reading, field, Wrong::TooLong(most))
}

/// A code as its dictionary writes it.
fn coded<'a>(text: Text<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Text<'a>> {
    let codes = field.codes.expect("a coded field has its table");
    if codes.codes.iter().any(|(code, _)| *code == text) {
        return Some(text);
    }
    if let Some(code) = codes.same_number(&text) {
        let borne = reading.bear(Tolerance::UnpaddedCode, Some(field));
        return borne.then_some(Cow::Borrowed(code));
    }
    if codes.closed {
        let came = Came::of(&text, field);
        return wrong(reading, field, Wrong::UnknownCode(came));
    }
    // Provinces extend a dictionary under the roots it has: 2101 is a 21.
    if codes.codes.iter().any(|(root, _)| text.starts_with(root)) {
        return Some(text);
    }
    reading.bear(Tolerance::UnknownCode, Some(field)).then_some(text)
}

/// The units of a number, of so many decimals.
fn units(
    leaf: &Leaf<'_>,
    decimals: u32,
    reading: &mut Reading<'_>,
    field: &'static Field,
) -> Option<i64> {
    let text: &str = match &leaf.form {
        Form::Number(text) => text,
        Form::Text(text) => {
            if !reading.bear(Tolerance::NumberAsText, Some(field)) {
                return None;
            }
            let bare = text.trim();
            if bare.len() != text.len() && !reading.bear(Tolerance::StrayBlank, Some(field)) {
                return None;
            }
            bare
        }
        other @ (Form::Boolean(_) | Form::Object | Form::Array) => {
            return wrong(reading, field, Wrong::OtherKind(other.came(field)));
        }
    };
    match fixed(text, decimals) {
        Ok((units, exponent)) => {
            let borne = !exponent || reading.bear(Tolerance::Exponent, Some(field));
            (borne && has_digits(units, text, reading, field)).then_some(units)
        }
        Err(NotFixed::NotANumber) => {
            let came = Came::of(text, field);
            wrong(reading, field, Wrong::NotANumber(came))
        }
        Err(NotFixed::TooManyDecimals) => wrong(reading, field, Wrong::TooManyDecimals(decimals)),
        Err(NotFixed::OutOfRange) => {
            let came = Came::of(text, field);
            wrong(reading, field, Wrong::OutOfRange(came))
        }
    }
}

/// Whether a number has no more digits than its field.
fn has_digits(units: i64, text: &str, reading: &mut Reading<'_>, field: &'static Field) -> bool {
    let digits = field.kind.digits();
    let fits = |digits| 10_u64.checked_pow(digits).is_none_or(|most| units.unsigned_abs() < most);
    if fits(digits) {
        return true;
    }
    if field.longest_borne.is_some_and(fits) {
        return reading.bear(Tolerance::LongText, Some(field));
    }
    let came = Came::of(text, field);
    reading.fault(Some(field), Wrong::OutOfRange(came));
    false
}

/// A number that must lie between two others.
fn between(
    leaf: &Leaf<'_>,
    decimals: u32,
    range: (i64, i64),
    reading: &mut Reading<'_>,
    field: &'static Field,
) -> Option<i64> {
    let units = units(leaf, decimals, reading, field)?;
    if units < range.0 || units > range.1 {
        let came = leaf.form.came(field);
        return wrong(reading, field, Wrong::OutOfRange(came));
    }
    Some(units)
}

macro_rules! numbers {
    ($($type:ty, $decimals:expr, $range:expr, $make:expr, $get:expr;)*) => {$(
        impl Value for $type {
            fn write(&self, to: &mut Vec<u8>) {
                write_fixed($get(*self), $decimals, to);
            }

            fn put(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&$get(*self).to_le_bytes());
            }
        }

        impl<'a> ReadValue<'a> for $type {
            fn read(
                leaf: Leaf<'a>,
                reading: &mut Reading<'_>,
                field: &'static Field,
            ) -> Option<Self> {
                between(&leaf, $decimals, $range, reading, field).map($make)
            }
        }
    )*};
}

const ANY: (i64, i64) = (i64::MIN, i64::MAX);

numbers! {
    Fen, 2, (-BILL_FEN_MAX, BILL_FEN_MAX), Fen::new, Fen::get;
    Quantity, 4, (-QUANTITY_MAX, QUANTITY_MAX), Quantity::new, Quantity::get;
    Price, 6, (0, PRICE_MAX), Price::new, Price::get;
    Scaled<1>, 1, ANY, Scaled::new, Scaled::get;
    Scaled<2>, 2, ANY, Scaled::new, Scaled::get;
    Scaled<4>, 4, ANY, Scaled::new, Scaled::get;
    Scaled<6>, 6, ANY, Scaled::new, Scaled::get;
    i64, 0, ANY, |units| units, |units: i64| units;
}

impl Value for bool {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(if *self { b"true" } else { b"false" });
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.push((*self).into());
    }
}

impl<'a> ReadValue<'a> for bool {
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self> {
        match leaf.form {
            Form::Boolean(flag) => Some(flag),
            other @ (Form::Text(_) | Form::Number(_) | Form::Object | Form::Array) => {
                wrong(reading, field, Wrong::OtherKind(other.came(field)))
            }
        }
    }
}

impl Value for Day {
    fn write(&self, to: &mut Vec<u8>) {
        write!(to, "\"{self}\"").expect("memory");
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.get().to_le_bytes());
    }
}

impl<'a> ReadValue<'a> for Day {
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self> {
        date(&leaf, reading, field, time::day)
    }
}

impl Value for Moment {
    fn write(&self, to: &mut Vec<u8>) {
        write!(to, "\"{self}\"").expect("memory");
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.day().get().to_le_bytes());
        to.extend_from_slice(&self.second().to_le_bytes());
    }
}

impl<'a> ReadValue<'a> for Moment {
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self> {
        date(&leaf, reading, field, time::moment)
    }
}

fn date<T>(
    leaf: &Leaf<'_>,
    reading: &mut Reading<'_>,
    field: &'static Field,
    parse: impl FnOnce(&str) -> Option<time::Read<T>>,
) -> Option<T> {
    let text: &str = match &leaf.form {
        Form::Text(text) => text,
        Form::Number(text) => {
            if !reading.bear(Tolerance::TextAsNumber, Some(field)) {
                return None;
            }
            text
        }
        other @ (Form::Boolean(_) | Form::Object | Form::Array) => {
            return wrong(reading, field, Wrong::OtherKind(other.came(field)));
        }
    };
    let Some(read) = parse(text) else {
        let came = Came::of(text, field);
        return wrong(reading, field, Wrong::NotADate(came));
    };
    let mut borne = true;
    for oddity in read.oddities.into_iter().flatten() {
        borne &= reading.bear(oddity, Some(field));
    }
    borne.then_some(read.value)
}

impl Value for FileBytes {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(b'[');
        for (at, byte) in self.0.iter().enumerate() {
            if at > 0 {
                to.push(b',');
            }
            to.extend_from_slice(byte.to_string().as_bytes());
        }
        to.push(b']');
    }

    fn put(&self, to: &mut Vec<u8>) {
        put_length(self.0.len(), to);
        to.extend_from_slice(&self.0);
    }
}

impl<'a> ReadValue<'a> for FileBytes {
    fn read(leaf: Leaf<'a>, reading: &mut Reading<'_>, field: &'static Field) -> Option<Self> {
        let bytes = match &leaf.form {
            Form::Array => serde_json::from_str::<Vec<i16>>(leaf.raw).ok().and_then(of_numbers),
            Form::Text(text) => of_base64(text),
            Form::Number(_) | Form::Boolean(_) | Form::Object => None,
        };
        match bytes {
            Some(bytes) => Some(FileBytes(bytes)),
            None => wrong(reading, field, Wrong::OtherKind(leaf.form.came(field))),
        }
    }
}

/// Bytes written as numbers, with or without a sign: Java's have one.
fn of_numbers(numbers: Vec<i16>) -> Option<Vec<u8>> {
    let byte = |number: i16| (-128..256).contains(&number).then_some((number & 0xFF) as u8);
    numbers.into_iter().map(byte).collect()
}

/// Bytes as Base64 (RFC 4648), which is how Java's JSON libraries write them by themselves.
fn of_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for letter in group {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let whole = bits.to_be_bytes();
        let count = group.len() - 1;
        if count == 0 || whole[1 + count..].iter().any(|rest| *rest != 0) {
            return None;
        }
        bytes.extend_from_slice(&whole[1..1 + count]);
    }
    Some(bytes)
}

impl Value for Raw<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.0.as_bytes());
    }

    fn put(&self, to: &mut Vec<u8>) {
        put_length(self.0.len(), to);
        to.extend_from_slice(self.0.as_bytes());
    }
}

impl<'a> ReadValue<'a> for Raw<'a> {
    fn read(leaf: Leaf<'a>, _: &mut Reading<'_>, _: &'static Field) -> Option<Self> {
        Some(Raw(leaf.raw))
    }
}

fn wrong<T>(reading: &mut Reading<'_>, field: &'static Field, what: Wrong) -> Option<T> {
    reading.fault(Some(field), what);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_the_rfc_writes_it() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYmE=", b"fooba"),
            ("+/8=", &[0xFB, 0xFF]),
        ] {
            assert_eq!(of_base64(text).as_deref(), Some(bytes), "{text}");
        }
        for text in ["Z", "Zm9v!", "Zh==", "中文"] {
            assert_eq!(of_base64(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_numbers_with_or_without_a_sign() {
        assert_eq!(of_numbers(vec![-1, 255, 0, -128, 127]), Some(vec![255, 255, 0, 128, 127]));
        assert_eq!(of_numbers(vec![256]), None);
    }
}
