//! Source files as text and rows: UTF-8 with or without a byte order mark, or GB18030, told apart
//! strictly and never guessed at by a replacement character.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::GB18030;

use crate::BuildError;
use crate::problem::Problems;

/// One source file, not yet read as anything.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Source {
    /// Its path inside the folder of sources, such as `national/drugs.csv`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Every CSV file one folder deep, by path. Other files there are others' business.
pub fn read_folder(folder: &Path) -> Result<Vec<Source>, BuildError> {
    let mut sources = Vec::new();
    for division in entries_of(folder)? {
        if !division.is_dir() {
            continue;
        }
        for path in entries_of(&division)? {
            if path.extension().is_none_or(|extension| extension != "csv") {
                continue;
            }
            let bytes = fs::read(&path)
                .map_err(|source| BuildError::Read { path: path.clone(), source })?;
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            sources.push(Source { path: inside.to_string_lossy().into_owned(), bytes });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn entries_of(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let read = |source| BuildError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(read)?.path());
    }
    Ok(paths)
}

/// The text of a file, or a problem that names the first line that is in no known encoding.
fn text_of(source: &Source, problems: &mut Problems) -> Option<String> {
    let bytes = source.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&source.bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    if let Some(text) = gb18030(bytes) {
        return Some(text);
    }
    // The file is UTF-8 if its first line beyond ASCII is; then the fault is the first line that
    // is not. Otherwise it is the first line that is not GB18030.
    let lines = || (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let utf8 = lines()
        .find(|(_, line)| !line.is_ascii())
        .is_some_and(|(_, line)| str::from_utf8(line).is_ok());
    let broken = |line: &[u8]| {
        if utf8 { str::from_utf8(line).is_err() } else { gb18030(line).is_none() }
    };
    let line = lines().find(|(_, line)| broken(line)).map_or(0, |(number, _)| number);
    let expected = if utf8 { "UTF-8, as the lines before" } else { "UTF-8 or GB18030" };
    problems.add((&source.path, line), "", "bytes that are no text", expected);
    None
}

fn gb18030(bytes: &[u8]) -> Option<String> {
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

/// A file with its heading, row by row.
pub(crate) struct Table {
    pub(crate) path: String,
    columns: Vec<&'static str>,
    places: Vec<Option<usize>>,
    records: Vec<csv::StringRecord>,
}

/// One row of a table.
#[derive(Copy, Clone)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

/// A column that a file must or may have.
#[derive(Copy, Clone)]
pub(crate) enum Column {
    Must(&'static str),
    May(&'static str),
}

impl Table {
    /// Reads a file whose heading must name these columns, in any order, and no others.
    pub(crate) fn read(
        source: &Source,
        columns: &[Column],
        problems: &mut Problems,
    ) -> Option<Table> {
        let text = text_of(source, problems)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut rows = reader.records();
        let path = source.path.as_str();
        let heading = match rows.next() {
            Some(Ok(heading)) => heading,
            Some(Err(_)) | None => {
                problems.add((path, 1), "", "no heading", "a line of column names");
                return None;
            }
        };
        let names: Vec<&'static str> = columns
            .iter()
            .map(|column| match column {
                Column::Must(name) | Column::May(name) => *name,
            })
            .collect();
        let mut sound = true;
        for (i, given) in heading.iter().enumerate() {
            if !names.contains(&given) || heading.iter().take(i).any(|before| before == given) {
                let expected = format!("each at most once of: {}", names.join(", "));
                problems.add((path, 1), given, "an unknown or repeated column", expected);
                sound = false;
            }
        }
        let places: Vec<Option<usize>> =
            names.iter().map(|name| heading.iter().position(|given| given == *name)).collect();
        for (column, place) in columns.iter().zip(&places) {
            if let (Column::Must(name), None) = (column, place) {
                problems.add((path, 1), name, "no such column", "this column");
                sound = false;
            }
        }
        let mut records = Vec::new();
        for row in rows {
            match row {
                Ok(record) if record.len() == heading.len() => records.push(record),
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    let found = format!("{} fields", record.len());
                    problems.add((path, line), "", found, format!("{}", heading.len()));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    problems.add((path, line), "", error.to_string(), "a CSV record");
                }
            }
        }
        sound.then(|| Table { path: path.to_owned(), columns: names, places, records })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row { table: self, record })
    }
}

impl<'a> Row<'a> {
    /// The line of the file on which the row begins.
    pub(crate) fn line(self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// File and line, for a problem.
    pub(crate) fn place(self) -> (&'a str, u64) {
        (&self.table.path, self.line())
    }

    /// The text of a column; empty when the file does not have it.
    pub(crate) fn text(self, column: &str) -> &'a str {
        let place = self.table.columns.iter().position(|name| *name == column);
        let place = place.and_then(|number| self.table.places.get(number).copied().flatten());
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    /// The value of a column, or a problem that says what was expected.
    pub(crate) fn value<T>(
        self,
        column: &'static str,
        expected: &str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(column);
        let value = parse(text);
        if value.is_none() {
            problems.add(self.place(), column, format!("{text:?}"), expected);
        }
        value
    }
}
