//! Rows of a table as what they say, and which of them say nothing: a wrong number of columns, a column that means nothing, a code that no
//! pack has, a second row of the same key.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::io::{self, Read};

use csv::StringRecord;

use super::lines::{Lines, NoRecord};
use super::{Row, check_headers};
use crate::facts::{FieldError, field};

/// What the rows of a table are read as.
pub trait Reads {
    /// What a row says.
    type As;

    /// The columns a table may have.
    fn columns(&self) -> &'static [&'static str];

    /// A row.
    ///
    /// # Errors
    /// The first column that means nothing.
    fn read(&self, row: &Row<'_>) -> Result<Self::As, FieldError>;

    /// What tells rows apart: two with one of these must say the same.
    fn keys<'r>(&self, row: &Row<'r>) -> Vec<Key<'r>>;
}

/// What tells a row apart.
#[derive(Debug)]
pub struct Key<'r> {
    /// The column.
    pub column: &'static str,
    /// What stands there, as it is compared.
    pub text: Cow<'r, str>,
    /// What is told of it.
    pub shown: Cow<'r, str>,
}

/// Rows of a table in their order.
pub struct Rows<R, T> {
    reads: T,
    lines: Lines<R>,
    headers: StringRecord,
    seen: Seen,
}

/// A row.
#[derive(Debug)]
pub struct TableRow<A> {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What it says, or which of its columns is wrong.
    pub says: Result<Says<A>, FieldError>,
}

/// What a row says.
#[derive(Debug)]
pub enum Says<A> {
    /// Something.
    New(A),
    /// Just what a row before it did.
    Again,
}

/// Why a table cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The system cannot read on.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Its first line does not name its columns.
    #[error("line 1: {0}")]
    Headers(String),
}

/// The keys that came so far, 10 bytes each: five million members are taken in with little more than their ledger in memory. A table
/// of the library takes three times that while it grows; these lists grow one by one, and have a hundred entries each by then.
struct Seen {
    hasher: RandomState,
    /// By two bytes of the key's hash.
    lists: Vec<Vec<First>>,
}

/// The first row of a key: five more bytes of the key's hash, the line in three, all ones where that is more, and two of the row's hash.
/// That two keys of five million are taken for one happens in one import of six thousand, and is an error told.
type First = [u8; 10];

/// Lines from here on are not told.
const LINE_FAR: u64 = (1 << 24) - 1;

impl<R: Read, T: Reads> Rows<R, T> {
    /// The rows of a table.
    ///
    /// # Errors
    /// What cannot be read, or a first line that does not name the columns.
    pub fn new(reads: T, from: R) -> Result<Rows<R, T>, TableError> {
        let mut lines = Lines::new(from);
        let headers = match lines.next_line()? {
            None => return Err(TableError::Headers("expected the names of columns".to_owned())),
            Some((_, Ok(record))) => record.iter().map(str::trim).collect(),
            Some((_, Err(NoRecord::OpenQuote(column)))) => {
                let what = format!("the quote of column {} is not closed", column + 1);
                return Err(TableError::Headers(what));
            }
            Some((_, Err(NoRecord::Field(wrong)))) => {
                return Err(TableError::Headers(wrong.to_string()));
            }
        };
        check_headers(&headers, reads.columns()).map_err(TableError::Headers)?;
        Ok(Rows { reads, lines, headers, seen: Seen::new() })
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// The next row.
    ///
    /// # Errors
    /// What the system says.
    pub fn next_row(&mut self) -> io::Result<Option<TableRow<T::As>>> {
        let Some((line, record)) = self.lines.next_line()? else { return Ok(None) };
        let says = match record {
            Err(NoRecord::Field(wrong)) => Err(wrong),
            Err(NoRecord::OpenQuote(column)) => {
                let name = self.headers.get(column).unwrap_or_default();
                let expected = "a closing quote before the end of the line: a row is one line";
                Err(field(name, "a quote that is opened here and not closed", expected))
            }
            Ok(record) => read(&self.reads, &self.headers, record).and_then(|(read, keys)| {
                let first = self.seen.take(line, &keys, record);
                first.map(|first| if first { Says::New(read) } else { Says::Again })
            }),
        };
        Ok(Some(TableRow { line, says }))
    }
}

fn read<'r, T: Reads>(
    reads: &T,
    headers: &'r StringRecord,
    record: &'r StringRecord,
) -> Result<(T::As, Vec<Key<'r>>), FieldError> {
    if record.len() != headers.len() {
        let found = format!("{} columns", record.len());
        let expected = format!("{} columns, as the first line names them", headers.len());
        // The first that is not there; or one that is too many, which has no name.
        return Err(field(headers.get(record.len()).unwrap_or_default(), &found, &expected));
    }
    let row = Row::new(headers, record);
    Ok((reads.read(&row)?, reads.keys(&row)))
}

impl Seen {
    fn new() -> Seen {
        Seen { hasher: RandomState::new(), lists: vec![Vec::new(); 1 << 16] }
    }

    /// Whether a row is the first of its keys.
    ///
    /// # Errors
    /// Another row of one of its keys came before it, and says something else. Nothing of it is kept then: its other keys are free.
    fn take(
        &mut self,
        line: u64,
        keys: &[Key<'_>],
        record: &StringRecord,
    ) -> Result<bool, FieldError> {
        let mut row = self.hasher.build_hasher();
        record.iter().for_each(|text| text.trim().hash(&mut row));
        let [r0, r1, ..] = row.finish().to_le_bytes();
        for key in keys {
            let (list, hash) = self.place(key);
            let Some([.., f0, f1, f2, s0, s1]) = list.iter().find(|held| held.starts_with(&hash))
            else {
                continue;
            };
            if [*s0, *s1] == [r0, r1] {
                return Ok(false);
            }
            let first = match u64::from(u32::from_le_bytes([*f0, *f1, *f2, 0])) {
                LINE_FAR => "an earlier line".to_owned(),
                first => format!("line {first}"),
            };
            let Key { column, shown, .. } = key;
            let expected = format!(
                "one row for each {column}: {first} has it with other values, and that one is taken"
            );
            return Err(field(column, shown, &expected));
        }
        let [l0, l1, l2, ..] = line.min(LINE_FAR).to_le_bytes();
        for key in keys {
            let (list, [k0, k1, k2, k3, k4]) = self.place(key);
            if list.len() == list.capacity() {
                list.reserve_exact(list.len() / 8 + 4);
            }
            list.push([k0, k1, k2, k3, k4, l0, l1, l2, r0, r1]);
        }
        Ok(true)
    }

    /// Where a key is kept, and as what. Its column is of it: a `psn_no` may look like a certificate's number.
    fn place(&mut self, key: &Key<'_>) -> (&mut Vec<First>, [u8; 5]) {
        let hash = self.hasher.hash_one((key.column, &*key.text));
        let [b0, b1, k0, k1, k2, k3, k4, _] = hash.to_le_bytes();
        (&mut self.lists[usize::from(u16::from_le_bytes([b0, b1]))], [k0, k1, k2, k3, k4])
    }
}
