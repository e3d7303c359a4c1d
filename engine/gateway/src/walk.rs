//! Walks objects and arrays of a message and lays what stands in them into the slots of their node. Values are passed over,
//! not entered, so how deep they are nested costs nothing; only nodes of the table are entered, and these are three deep.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::fault::{Came, Wrong};
use crate::limits::ROWS_MAX;
use crate::reading::Reading;
use crate::record::Record;
use crate::row::{Row, text};
use crate::scan::Scan;
use crate::table::Node;
use crate::tolerance::Tolerance;

/// The slots of one object.
pub(crate) type Slots<'a> = SmallVec<[Option<&'a str>; IN_PLACE]>;

/// Fields of an object whose slots need no memory of their own: as many as nodes of requests have, but for the largest.
const IN_PLACE: usize = 40;

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

/// Lays the values of an object into slots; `false` where it is no object. Its text was checked before.
pub(crate) fn fill<'a>(
    raw: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    slots: &mut Slots<'a>,
) -> bool {
    if !raw.starts_with('{') {
        reading.fault(None, Wrong::OtherKind(Came::Shown("".into())));
        return false;
    }
    Object { node, reading, slots }.scan(&mut Scan::inside(raw));
    true
}

/// The same for text that may be no JSON at all: every byte of it is looked at, whatever is read of it later, and what is read of it
/// later is known to be JSON.
fn whole<'a>(
    body: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    slots: &mut Slots<'a>,
) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_str(body);
    from.deserialize_map(Object { node, reading, slots })?;
    from.end()
}

/// Reads the rows of an array. All are looked at, so that all their faults are told.
pub(crate) fn rows<'a, T: Record<'a>>(raw: &'a str, reading: &mut Reading<'_>) -> Option<Vec<T>> {
    let mut rows = Some(Vec::new());
    let whole = each_row(raw, T::NODE, reading, &mut |row, more| match (T::read(row), &mut rows) {
        (Some(row), Some(rows)) => {
            if rows.is_empty() {
                rows.reserve(1 + more);
            }
            rows.push(row);
        }
        (_, rows) => *rows = None,
    });
    rows.filter(|_| whole)
}

/// What is done with each row, and with how many more there may be if they are as long. Not generic: the walk is compiled once, whatever
/// rows it meets.
type Doing<'d, 'a> = &'d mut dyn FnMut(Row<'_, '_, 'a>, usize);

/// Does something with each row of an array; `false` where a fault of the array itself was noted.
fn each_row<'a>(
    raw: &'a str,
    node: &'static Node,
    reading: &mut Reading<'_>,
    doing: Doing<'_, 'a>,
) -> bool {
    let mut scan = Scan::inside(raw);
    let mut slots = Slots::new();
    let mut whole = true;
    let (mut number, mut ended) = (0, false);
    while let Some(begins) = scan.next() {
        if number == ROWS_MAX {
            reading.inside(node, None, |reading| reading.fault(None, Wrong::TooManyRows(ROWS_MAX)));
            return false;
        }
        number += 1;
        let row = Some(u32::try_from(number).unwrap_or(u32::MAX));
        let before = scan.left();
        reading.inside(node, row, |reading| {
            if begins == b'{' {
                scan.enter();
                Object { node, reading: &mut *reading, slots: &mut slots }.scan(&mut scan);
                let more = scan.left() / (before - scan.left()).max(1);
                doing(Row { reading, node, slots: &slots }, more.min(ROWS_MAX - number));
            } else {
                let raw = scan.value();
                reading.fault(None, Wrong::OtherKind(other_kind(begins, raw.unwrap_or_default())));
                whole = false;
                ended = raw.is_none();
            }
        });
        if ended {
            break;
        }
    }
    whole
}

/// What came where a row should be. A value of a row is no text to show: it may be a person's.
fn other_kind(begins: u8, raw: &str) -> Came {
    match begins {
        b'[' => Came::Array,
        b't' | b'f' => Came::Boolean,
        b'n' => Came::Shown("null".into()),
        b'"' => Came::Hidden(text(raw).map_or(0, |text| text.chars().count())),
        _ => Came::Number,
    }
}

/// Fills slots from the keys of an object.
struct Object<'r, 'p, 'a> {
    node: &'static Node,
    reading: &'r mut Reading<'p>,
    slots: &'r mut Slots<'a>,
}

impl<'a> Object<'_, '_, 'a> {
    fn begin(&mut self) {
        self.slots.clear();
        self.slots.resize(self.node.fields.len(), None);
    }

    /// Lays the members of an object that was checked before into the slots; the place is behind it then.
    fn scan(mut self, scan: &mut Scan<'a>) {
        self.begin();
        while let Some(key) = scan.key() {
            let (at, value) = (self.place(&key), scan.value());
            if let (Some(at), Some(value)) = (at, value) {
                self.lay(at, value);
            }
        }
    }

    fn lay(&mut self, at: usize, value: &'a str) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        if slot.replace(value).is_some() {
            self.reading.bear(Tolerance::RepeatedKey, Some(&self.node.fields[at]));
        }
    }

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
        self.begin();
        while let Some(key) = map.next_key_seed(Key)? {
            match self.place(&key) {
                Some(at) => self.lay(at, map.next_value::<&'a RawValue>()?.get()),
                None => _ = map.next_value::<IgnoredAny>()?,
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
