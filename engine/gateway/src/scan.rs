//! Goes through JSON that was checked before, value by value: nothing is checked, built or copied again. Of a text that is no JSON it
//! gives some pieces, then an end, and never panics.

use std::borrow::Cow;

use crate::row;

/// A place in an object or an array.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// The place behind the bracket that opens an object or an array.
    pub(crate) fn inside(raw: &'a str) -> Scan<'a> {
        Scan { text: raw, at: 1 }
    }

    /// The key of the next member of an object, lent where nothing in it is escaped; its value is next. `None` behind the last one,
    /// and the place is then behind the object. A key that is no text, as with half of a surrogate pair, comes as it is written, with its
    /// quotes: no field has that name.
    pub(crate) fn key(&mut self) -> Option<Cow<'a, str>> {
        let begins = self.next()?;
        let from = self.at;
        if begins != b'"' {
            self.at += 1;
            return None;
        }
        let escaped = self.string();
        let raw = self.since(from)?;
        self.blanks(b':');
        if escaped {
            row::text(raw).or(Some(Cow::Borrowed(raw)))
        } else {
            raw.get(1..raw.len() - 1).map(Cow::Borrowed)
        }
    }

    /// The first byte of the next element of an array; `None` behind the last one.
    pub(crate) fn next(&mut self) -> Option<u8> {
        self.blanks(b',');
        let byte = self.byte()?;
        (byte != b']').then_some(byte)
    }

    /// Passes over a value that begins here, and gives it; `None` where none does.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let from = self.at;
        match self.byte()? {
            b'"' => _ = self.string(),
            b'{' | b'[' => self.nested(),
            _ => self.pass(|byte| !matches!(byte, b',' | b'}' | b']') && !is_blank(byte)),
        }
        self.since(from).filter(|value| !value.is_empty())
    }

    /// Goes into the object that begins here.
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.text.len().saturating_sub(self.at)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, from: usize) -> Option<&'a str> {
        self.text.get(from..self.at)
    }

    fn pass(&mut self, is: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
    }

    /// Passes over blanks, and the one mark that may stand among them.
    fn blanks(&mut self, mark: u8) {
        if self.byte() != Some(mark) {
            self.pass(is_blank);
        }
        if self.byte() == Some(mark) {
            self.at += 1;
            self.pass(is_blank);
        }
    }

    /// Passes over a text that begins here; whether anything in it is escaped.
    fn string(&mut self) -> bool {
        let mut escaped = false;
        self.at += 1;
        while let Some(rest) = self.text.as_bytes().get(self.at..) {
            let length = plain(rest);
            self.at += length + 1;
            match rest.get(length) {
                Some(b'\\') => {
                    self.at += 1;
                    escaped = true;
                }
                Some(_) => return escaped,
                None => break,
            }
        }
        // It has no end.
        self.at = self.text.len();
        true
    }

    /// Passes over an object or array that begins here, however deep it is.
    fn nested(&mut self) {
        let mut open = 0_usize;
        loop {
            self.pass(|byte| !matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'));
            match self.byte() {
                Some(b'"') => _ = self.string(),
                Some(b'{' | b'[') => {
                    self.at += 1;
                    open += 1;
                }
                Some(_) => {
                    self.at += 1;
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                None => return,
            }
        }
    }
}

/// How many bytes stand before the first quote or backslash. Texts of messages are short: eight bytes at a time find it sooner than the
/// vectors of a library, which begin with a call.
pub(crate) fn plain(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let mut at = 0;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let eight = u64::from_le_bytes(*eight);
        let (quote, slash) = (eight ^ (ONES * u64::from(b'"')), eight ^ (ONES * u64::from(b'\\')));
        // The lowest byte that is nought has its high bit set here; above it there may be others that are none.
        let nought = (quote.wrapping_sub(ONES) & !quote | slash.wrapping_sub(ONES) & !slash) & HIGH;
        if nought != 0 {
            return at + (nought.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\');
    at + text[at..].iter().position(is_mark).unwrap_or(text.len() - at)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn members(raw: &str) -> Vec<(String, &str)> {
        let mut scan = Scan::inside(raw);
        let mut all = Vec::new();
        while let Some(key) = scan.key() {
            all.push((key.into_owned(), scan.value().expect("a value")));
        }
        assert_eq!(scan.left(), 0, "{raw}");
        all
    }

    fn elements(raw: &str) -> Vec<&str> {
        let mut scan = Scan::inside(raw);
        let mut all = Vec::new();
        while scan.next().is_some() {
            all.push(scan.value().expect("a value"));
        }
        all
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            r#"[a-c"\\{}\[\],: \n甲\u{7f}]{0,6}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((r#"[ab"\\ 甲]{0,4}"#, inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// What serde_json reads is what is passed over here, with and without blanks.
        #[test]
        fn it_finds_what_a_parser_finds(json in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let text = text.expect("it can be written");
            match json {
                Value::Object(_) => {
                    let read: BTreeMap<String, &RawValue> = serde_json::from_str(&text).expect("JSON");
                    let read: BTreeMap<String, &str> = read.into_iter().map(|(key, raw)| (key, raw.get())).collect();
                    prop_assert_eq!(members(&text).into_iter().collect::<BTreeMap<_, _>>(), read);
                }
                Value::Array(_) => {
                    let read: Vec<&RawValue> = serde_json::from_str(&text).expect("JSON");
                    prop_assert_eq!(elements(&text), read.into_iter().map(RawValue::get).collect::<Vec<_>>());
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) =>
                    prop_assert_eq!(Scan { text: &text, at: 0 }.value(), Some(text.as_str())),
            }
        }

        /// What is no JSON comes to an end, too.
        #[test]
        fn it_ends_on_any_text(text in r#"[{\["\\\]},: a甲1]{0,40}"#) {
            for mut scan in [Scan { text: &text, at: 0 }, Scan::inside(&text)] {
                let mut left = scan.left() + 1;
                while scan.next().is_some() && scan.value().is_some() {
                    prop_assert!(scan.left() < left);
                    left = scan.left();
                }
                while scan.key().is_some() && scan.value().is_some() {
                    prop_assert!(scan.left() < left);
                    left = scan.left();
                }
            }
        }
    }
}
