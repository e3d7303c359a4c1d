//! `yidan journal verify`: everything read, every hash checked, and how the journal ends.

use std::io::Write;

use yidan_journal::recovery::Row;

use super::Reading;
use super::reading::Read;
use crate::commands::output::{Ended, Exit, Output, error};
use crate::shown::hex;

pub(super) fn run(reading: &Reading) -> Ended {
    let read = reading.read()?;
    let Read { counts, tip, .. } = &read;
    let mut out = Output::open();
    let first = counts.first_segment.unwrap_or(tip.segment);
    writeln!(out, "segments  {}, numbers {first} to {}", tip.segment + 1 - first, tip.segment)?;
    writeln!(out, "batches   {}{}", counts.batches, numbers(tip.batch, counts.batches))?;
    writeln!(out, "records   {}{}", counts.records, numbers(tip.next_record - 1, counts.records))?;
    writeln!(out, "bytes     {} in batches, {} in records", counts.bytes, counts.record_bytes)?;
    writeln!(out, "head      {}", hex(&tip.hash))?;
    writeln!(out, "ends      segment {}, byte {}: {}", tip.segment, tip.offset, ending(&read))?;
    out.flush()?;
    let exit = read.exit();
    if exit == Exit::Unreadable {
        let (row, folder) = (read.row, reading.folder.display());
        error(&format!("{folder}: {}. {}", row.tells(), row.advice()));
    }
    Ok(exit)
}

/// The numbers of so many up to a last one.
fn numbers(last: u64, count: u64) -> String {
    match (last + 1).checked_sub(count) {
        Some(first) if count > 0 => format!(", numbers {first} to {last}"),
        Some(_) | None => String::new(),
    }
}

fn ending(read: &Read) -> String {
    if read.row != Row::End && read.moving {
        return "an engine is writing behind it".to_owned();
    }
    let tells = read.row.tells();
    match read.row {
        Row::End if read.tip.sealed => format!("{tells}, with the seal of a clean stop"),
        Row::Torn => format!("{tells}; the next start cuts it"),
        Row::End | Row::Rot | Row::AfterSeal | Row::MayBeAnswered => tells.to_owned(),
    }
}
