//! `yidan journal show`: records by their numbers. Only the batches that hold them are read.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, value_parser};
use yidan_journal::{Batch, JournalError, Places};

use super::record::write_record;
use super::{time, told};
use crate::commands::folder::with_journal;
use crate::commands::output::{Ended, Exit, Output, note, said};

/// Show records: number, batch, segment, time, length, and the bytes
#[derive(Debug, Args)]
pub(in crate::commands) struct Show {
    /// The journal's folder
    folder: PathBuf,
    /// Only this record
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "to"], value_parser = value_parser!(u64).range(1..))]
    record: Option<u64>,
    /// From this record on [default: the first that is here]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// Up to this record, and with it [default: the last durable one]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    to: Option<u64>,
}

impl Show {
    pub(super) fn run(&self) -> Ended {
        let failed = |error: JournalError| told(&self.folder, &error);
        let files = with_journal(&self.folder)?;
        let places = Places::of(&files).map_err(failed)?;
        let here = places.records();
        let begin = self.record.or(self.from);
        if here.is_empty() && begin.is_none() {
            note("the journal has no record yet");
            return Ok(Exit::Done);
        }
        let last = here.end - 1;
        let from = begin.unwrap_or(here.start);
        let asked = self.record.or(self.to).unwrap_or(last.max(from));
        if from > asked {
            return Err(said(format!("record {from}, to begin with, comes after record {asked}")));
        }
        // One that is not there is an error; where a range ends behind the last, it ends there.
        let to = asked.min(last.max(from));
        let mut out = Output::open();
        let mut next = from;
        while next <= to {
            let fetched = match places.fetch_batch(&files, next) {
                Ok(fetched) => fetched,
                Err(error) => {
                    out.flush()?;
                    return Err(failed(error));
                }
            };
            next = show(&fetched.batch(), next, to, &mut out)?;
        }
        out.flush()?;
        if asked > to {
            note(&format!("the journal ends with record {last}"));
        }
        Ok(Exit::Done)
    }
}

/// Shows the records of a batch that are asked for, and gives the number after them.
fn show(batch: &Batch<'_>, from: u64, to: u64, out: &mut Output) -> io::Result<u64> {
    let header = &batch.header;
    let mut number = header.first_record;
    for record in batch.records() {
        if (from..=to).contains(&number) {
            writeln!(
                out,
                "record {number}  batch {}  segment {}  {}  {} bytes",
                header.number,
                batch.segment,
                time(header.time_ms),
                record.len()
            )?;
            write_record(record, out)?;
        }
        number += 1;
    }
    Ok(number)
}
