//! The columns of the catalogue files, from `fields/columns.csv`: their names in the order of the text, and what of ours each holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::table::{Fallible, array, rows};

/// A row of `columns.csv`.
pub(crate) struct Column {
    infno: String,
    zh: String,
    /// The name of a variant of `Holds`, in small letters; empty where we know nothing of it.
    holds: String,
}

/// All of them, numbered without a gap.
pub(crate) fn read(folder: &Path) -> Fallible<Vec<Column>> {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut columns = Vec::new();
    for row in rows(&folder.join("columns.csv"), 6)? {
        let [infno, no, zh, _en, holds, _source] = array(row)?;
        let last = numbers.entry(infno.clone()).or_default();
        *last += 1;
        if no.parse() != Ok(*last) {
            return Err(format!("columns.csv: {infno} {no} {zh}: its number is {last}").into());
        }
        columns.push(Column { infno, zh, holds });
    }
    Ok(columns)
}

/// A constant for each file. A column that holds what `Holds` does not have does not compile.
pub(crate) fn columns(columns: &[Column]) -> String {
    let mut out = String::new();
    let mut files: BTreeMap<&str, Vec<&Column>> = BTreeMap::new();
    for column in columns {
        files.entry(&column.infno).or_default().push(column);
    }
    for (infno, columns) in files {
        let _ = writeln!(out, "/// The columns of {infno}.");
        let _ = writeln!(out, "pub(super) static C{infno}: &[Column] = &[");
        for Column { zh, holds, .. } in columns {
            let mut letters = holds.chars();
            let variant: String = match letters.next() {
                Some(first) => first.to_uppercase().chain(letters).collect(),
                None => "Nothing".to_owned(),
            };
            let _ = writeln!(out, "    Column {{ zh: {zh:?}, holds: Holds::{variant} }},");
        }
        out.push_str("];\n\n");
    }
    out
}
