//! Rows of a table of members or facilities as commands, and which of them cannot be: a wrong number of columns, a column that means
//! nothing, a code that no pack has, a second row of the same key.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::io::{self, Read};

use csv::StringRecord;
use yidan_settlement::command::What;
use yidan_settlement::event::Request;

use super::lines::{Lines, NoRecord};
use super::{Row, Table, check_headers, facility, member};
use crate::facts::{FieldError, field};
use crate::world::World;

/// Rows of a table in their order.
pub struct Rows<'w, R> {
    table: Table,
    lines: Lines<R>,
    headers: StringRecord,
    world: &'w World,
    seen: Seen,
}

/// A row.
#[derive(Debug)]
pub struct TableRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What it asks for, or which of its columns is wrong.
    pub says: Result<Says, FieldError>,
}

/// What a row asks for.
#[derive(Debug)]
pub enum Says {
    /// A command.
    Ask(Request, Box<What>),
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

impl<'w, R: Read> Rows<'w, R> {
    /// The rows of a table whose codes are those of the world's packs.
    ///
    /// # Errors
    /// What cannot be read, or a first line that does not name the columns.
    pub fn new(table: Table, from: R, world: &'w World) -> Result<Rows<'w, R>, TableError> {
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
        check_headers(&headers, table.columns()).map_err(TableError::Headers)?;
        Ok(Rows { table, lines, headers, world, seen: Seen::new() })
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// The next row.
    ///
    /// # Errors
    /// What the system says.
    pub fn next_row(&mut self) -> io::Result<Option<TableRow>> {
        let Some((line, record)) = self.lines.next_line()? else { return Ok(None) };
        let says = match record {
            Err(NoRecord::Field(wrong)) => Err(wrong),
            Err(NoRecord::OpenQuote(column)) => {
                let name = self.headers.get(column).unwrap_or_default();
                let expected = "a closing quote before the end of the line: a row is one line";
                Err(field(name, "a quote that is opened here and not closed", expected))
            }
            Ok(record) => read(self.table, &self.headers, record, self.world).and_then(|asked| {
                let first = self.seen.take(line, self.table.key(&self.headers, record), record);
                first.map(|first| if first { asked } else { Says::Again })
            }),
        };
        Ok(Some(TableRow { line, says }))
    }
}

fn read(
    table: Table,
    headers: &StringRecord,
    record: &StringRecord,
    world: &World,
) -> Result<Says, FieldError> {
    if record.len() != headers.len() {
        let found = format!("{} columns", record.len());
        let expected = format!("{} columns, as the first line names them", headers.len());
        // The first that is not there; or one that is too many, which has no name.
        return Err(field(headers.get(record.len()).unwrap_or_default(), &found, &expected));
    }
    let row = Row::new(headers, record);
    let (request, what) = match table {
        Table::Members => member(&row, world)?,
        Table::Facilities => facility(&row)?,
    };
    Ok(Says::Ask(request, Box::new(what)))
}

impl Seen {
    fn new() -> Seen {
        Seen { hasher: RandomState::new(), lists: vec![Vec::new(); 1 << 16] }
    }

    /// Whether a row is the first of its key.
    ///
    /// # Errors
    /// Another row of the key came before it, and says something else.
    fn take(
        &mut self,
        line: u64,
        (name, key): (&str, &str),
        record: &StringRecord,
    ) -> Result<bool, FieldError> {
        let mut row = self.hasher.build_hasher();
        record.iter().for_each(|text| text.trim().hash(&mut row));
        let [r0, r1, ..] = row.finish().to_le_bytes();
        let [l0, l1, l2, ..] = line.min(LINE_FAR).to_le_bytes();
        let [b0, b1, k0, k1, k2, k3, k4, _] = self.hasher.hash_one(key).to_le_bytes();
        let list = &mut self.lists[usize::from(u16::from_le_bytes([b0, b1]))];
        let Some([.., f0, f1, f2, s0, s1]) =
            list.iter().find(|held| held.starts_with(&[k0, k1, k2, k3, k4]))
        else {
            if list.len() == list.capacity() {
                list.reserve_exact(list.len() / 8 + 4);
            }
            list.push([k0, k1, k2, k3, k4, l0, l1, l2, r0, r1]);
            return Ok(true);
        };
        if [*s0, *s1] == [r0, r1] {
            return Ok(false);
        }
        let first = match u64::from(u32::from_le_bytes([*f0, *f1, *f2, 0])) {
            LINE_FAR => "an earlier line".to_owned(),
            first => format!("line {first}"),
        };
        let expected = format!(
            "one row for each {name}: {first} has it with other values, and that one is taken"
        );
        Err(field(name, key, &expected))
    }
}
