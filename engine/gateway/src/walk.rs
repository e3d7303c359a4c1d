//! Walks objects and arrays of a message and lays what stands in them into the slots of their node. Values are passed over,
//! not entered, so how deep they are nested costs nothing; only nodes of the table are entered, and these are three deep.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::fault::{Came, Wrong};
use crate::limits::ROWS_MAX;
use crate::reading::Reading;
use crate::record::Record;
use crate::row::Row;
use crate::table::Node;
use crate::tolerance::Tolerance;

/// The slots of one object.
pub(crate) type Slots<'a> = Vec<Option<&'a str>>;

/// Reads the object that a body is.
pub(crate) fn body<'a, T: Record<'a>>(
    text: &'a str,
    reading: &mut Reading<'_>,
) -> Result<Option<T>, serde_json::Error> {
    let mut slots = Slots::new();
    whole(text, T::NODE, reading, &mut slots)?;
    Ok(T::read(Row { reading, node: T::NODE, slots: &slots }))
}

/// Reads an object.
pub(crate) fn object<'a, T: Record<'a>>(raw: &'a str, reading: &mut Reading<'_>) -> Option<T> {
    row(raw, None, reading)
}

/// Reads an object that stands in a row.
pub(crate) fn row<'a, T: Record<'a>>(
    raw: &'a str,
    number: Option<u32>,
    reading: &mut Reading<'_>,
) -> Option<T> {
    reading.inside(T::NODE, number, |reading| {
        let mut slots = Slots::new();
        fill(raw, T::NODE, reading, &mut slots)
            .then(|| T::read(Row { reading, node: T::NODE, slots: &slots }))?
    })
}

/// Lays the values of an object into slots; `false` where it is no object.
pub(crate) fn fill<'a>(
    raw: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    slots: &mut Slots<'a>,
) -> bool {
    match whole(raw, node, reading, slots) {
        Ok(()) => true,
        Err(_) => {
            reading.fault(None, Wrong::OtherKind(Came::Shown("".into())));
            false
        }
    }
}

/// The same for text that may be no JSON at all: every byte of it is looked at, whatever is read of it later.
pub(crate) fn whole<'a>(
    text: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    slots: &mut Slots<'a>,
) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_str(text);
    from.deserialize_map(Object { node, reading, slots })?;
    from.end()
}

/// Reads the rows of an array. All are looked at, so that all their faults are told.
pub(crate) fn rows<'a, T: Record<'a>>(raw: &'a str, reading: &mut Reading<'_>) -> Option<Vec<T>> {
    let mut rows = Some(Vec::new());
    let whole = each_row(raw, T::NODE, reading, &mut |row| match (T::read(row), &mut rows) {
        (Some(row), Some(rows)) => rows.push(row),
        (_, rows) => *rows = None,
    });
    rows.filter(|_| whole)
}

/// What is done with each row. Not generic: the walk is compiled once, whatever rows it meets.
type Doing<'d, 'a> = &'d mut dyn FnMut(Row<'_, '_, 'a>);

/// Does something with each row of an array; `false` where a fault of the array itself was noted.
fn each_row<'a>(
    raw: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    doing: Doing<'_, 'a>,
) -> bool {
    reading.inside(node, None, |reading| {
        let mut from = serde_json::Deserializer::from_str(raw);
        let mut number = 0;
        let visitor = Rows { node, reading, slots: Slots::new(), doing, number: &mut number };
        from.deserialize_seq(visitor).unwrap_or_else(|_| {
            // The text is JSON, so it is a row that is a number beyond what a float holds.
            let wrong = Wrong::OtherKind(Came::Number);
            reading.inside(node, Some(number), |reading| reading.fault(None, wrong));
            false
        })
    })
}

/// Fills slots from the keys of an object.
struct Object<'r, 'p, 'a> {
    node: &'static Node,
    reading: &'r mut Reading<'p>,
    slots: &'r mut Slots<'a>,
}

impl<'a> Object<'_, '_, 'a> {
    /// The slot of a key, where it has one.
    fn place(&mut self, key: &str) -> Option<usize> {
        if let Some(at) = (self.node.find)(key) {
            return Some(at);
        }
        match near(self.node, key) {
            Some(at) => {
                let field = Some(&self.node.fields[at]);
                // Where it is refused, what stands under it is not missing besides.
                self.reading.bear(Tolerance::NameSpelling, field);
                Some(at)
            }
            None => {
                self.reading.bear(Tolerance::UnknownField, None);
                None
            }
        }
    }
}

/// The place of a field that has this name but for capitals and underscores. A body may have a million keys that no field has, so
/// none of them is held against every field.
fn near(node: &Node, key: &str) -> Option<usize> {
    let mut spelling = [0; SPELLING_BYTES_MAX];
    let mut length = 0;
    for byte in key.bytes().filter(|byte| *byte != b'_') {
        *spelling.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let by_name = |(name, _): &(&str, usize)| name.as_bytes().cmp(&spelling[..length]);
    node.near.binary_search_by(by_name).ok().map(|at| node.near[at].1)
}

/// Bytes of a name without underscores; a test holds the table to it.
const SPELLING_BYTES_MAX: usize = 64;

impl<'a> Visitor<'a> for Object<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object")
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<(), M::Error> {
        self.slots.clear();
        self.slots.resize(self.node.fields.len(), None);
        while let Some(key) = map.next_key_seed(Key)? {
            let Some(at) = self.place(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &'a RawValue = map.next_value()?;
            let slot = self.slots.get_mut(at).ok_or_else(|| Error::custom("no slot"))?;
            if slot.replace(value.get()).is_some() {
                self.reading.bear(Tolerance::RepeatedKey, Some(&self.node.fields[at]));
            }
        }
        Ok(())
    }
}

/// A key, lent where nothing in it is escaped.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<Cow<'a, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key")
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// Reads row after row, each into the same slots.
struct Rows<'r, 'p, 'd, 'a> {
    node: &'static Node,
    reading: &'r mut Reading<'p>,
    slots: Slots<'a>,
    doing: Doing<'d, 'a>,
    /// The row that is read.
    number: &'r mut u32,
}

impl<'a> Visitor<'a> for Rows<'_, '_, '_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array")
    }

    fn visit_seq<S: SeqAccess<'a>>(mut self, mut seq: S) -> Result<bool, S::Error> {
        let mut whole = true;
        for number in 1..=ROWS_MAX {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            *self.number = number;
            match seq.next_element_seed(OneRow { rows: &mut self, number })? {
                Some(is_object) => whole &= is_object,
                None => return Ok(whole),
            }
        }
        if seq.next_element::<IgnoredAny>()?.is_some() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            self.reading.fault(None, Wrong::TooManyRows(ROWS_MAX));
            whole = false;
        }
        Ok(whole)
    }
}

/// One element of an array: whether it is an object.
struct OneRow<'s, 'r, 'p, 'd, 'a> {
    rows: &'s mut Rows<'r, 'p, 'd, 'a>,
    number: u32,
}

impl<'a> OneRow<'_, '_, '_, '_, 'a> {
    /// What is no object.
    fn wrong<E>(self, came: Came) -> Result<bool, E> {
        let Rows { node, reading, .. } = self.rows;
        let wrong = Wrong::OtherKind(came);
        reading.inside(node, Some(self.number), |reading| reading.fault(None, wrong));
        Ok(false)
    }

    /// A value of a row is no text to show: it may be a person's.
    fn hidden<E>(self, length: usize) -> Result<bool, E> {
        self.wrong(Came::Hidden(length))
    }
}

impl<'a> DeserializeSeed<'a> for OneRow<'_, '_, '_, '_, 'a> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for OneRow<'_, '_, '_, '_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row")
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<bool, M::Error> {
        let Rows { node, reading, slots, doing, .. } = self.rows;
        let node = *node;
        reading.inside(node, Some(self.number), |reading| {
            Object { node, reading: &mut *reading, slots: &mut *slots }.visit_map(map)?;
            doing(Row { reading, node, slots });
            Ok(true)
        })
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<bool, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.wrong(Came::Array)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        self.wrong(Came::Boolean)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.wrong(Came::Shown("null".into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        self.hidden(text.chars().count())
    }

    fn visit_i64<E>(self, number: i64) -> Result<bool, E> {
        self.hidden(number.to_string().len())
    }

    fn visit_u64<E>(self, number: u64) -> Result<bool, E> {
        self.hidden(number.to_string().len())
    }

    fn visit_f64<E>(self, number: f64) -> Result<bool, E> {
        self.hidden(number.to_string().len())
    }
}

#[cfg(test)]
mod tests {
    use super::{SPELLING_BYTES_MAX, near};
    use crate::wire::Transaction;

    #[test]
    fn names_are_found_in_any_spelling() {
        let mut names = 0;
        for one in Transaction::ALL {
            for node in [one.entry().input, one.entry().output] {
                for field in node.fields {
                    let spelt = field.name.to_uppercase().replace('_', "");
                    assert!(spelt.len() <= SPELLING_BYTES_MAX, "{spelt}");
                    let found = near(node, &spelt).map(|at| node.fields[at].name);
                    let same = |name: &str| name.replace('_', "").eq_ignore_ascii_case(&spelt);
                    assert!(found.is_some_and(same), "{} {found:?}", field.name);
                    assert!(field.also.is_none_or(|also| near(node, also).is_some()));
                    names += 1;
                }
            }
        }
        assert!(names > 100, "only {names} names");
        let node = Transaction::T2202.entry().input;
        assert_eq!(near(node, ""), None);
        assert_eq!(near(node, &"x".repeat(SPELLING_BYTES_MAX + 1)), None);
    }
}
