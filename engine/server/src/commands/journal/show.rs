//! `yidan journal show`: records by their numbers, as a form for people, as JSON, or as bytes. Of the journal only the batches that hold
//! them are read, and those among which what they point at is sought.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, value_parser};
use yidan_journal::snapshot::{self, Snapshot};
use yidan_journal::storage::files::Files;
use yidan_journal::{Batch, JournalError, Places};
use yidan_settlement::event::Record;
use yidan_settlement::ledger::Ledger;
use yidan_settlement::ledger::snapshot::Reading;
use yidan_settlement::stored;

use super::bytes::write_bytes;
use super::{time, told};
use crate::audit::Archive;
use crate::commands::at_hand::AtHand;
use crate::commands::folder::with_journal;
use crate::commands::output::{Ended, Exit, Failure, Output, note, said};
use crate::shown::{Past, Shown, Stands};

/// Show records: who asked for what and when, what came of it, and what it posted
///
/// A settlement is shown with its bill, lines, tiers, slots before and after, postings in double entry, and the digests of the
/// pack and the image it was decided by. These are found by their digests; where one is not at hand its names are shown as
/// numbers, and what to give is told. Times are when a request was admitted.
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
    /// Print each record as one line of JSON, under the national field names
    #[arg(long, conflicts_with = "raw")]
    json: bool,
    /// Print the bytes of each record instead of what they say
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    at_hand: AtHand,
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
        let at_hand = if self.raw { Archive::default() } else { self.at_hand.archive()? };
        let fetch = |number| places.fetch(&files, number).ok();
        let past = Past::new(here, &at_hand, fetch, || archived(&files));
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
            next = self.show(&fetched.batch(), next, to, &past, &mut out)?;
        }
        out.flush()?;
        past.missing().iter().for_each(|what| note(&format!("note: {what}")));
        if asked > to {
            note(&format!("the journal ends with record {last}"));
        }
        Ok(Exit::Done)
    }

    /// Shows the records of a batch that are asked for, and gives the number after them.
    fn show(
        &self,
        batch: &Batch<'_>,
        from: u64,
        to: u64,
        past: &Past<'_>,
        out: &mut Output,
    ) -> Result<u64, Failure> {
        let header = &batch.header;
        let mut number = header.first_record;
        for bytes in batch.records() {
            if (from..=to).contains(&number) {
                let stands = Stands {
                    number,
                    batch: header.number,
                    segment: batch.segment,
                    bytes: bytes.len(),
                };
                let record = stored::whole::<Record>(bytes);
                self.show_one(stands, header.time_ms, record.as_ref(), bytes, past, out)?;
                out.pause()?;
            }
            number += 1;
        }
        Ok(number)
    }

    fn show_one(
        &self,
        stands: Stands,
        batch_ms: u64,
        record: Option<&Record>,
        bytes: &[u8],
        past: &Past<'_>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let time = time(record.map_or(batch_ms, |record| record.time_ms));
        let shown =
            record.filter(|_| !self.raw).map(|record| Shown::of(stands, &time, record, past));
        if self.json {
            let bytes = || Shown::of_bytes(stands, &time, bytes);
            return Ok(out.json(&shown.unwrap_or_else(bytes))?);
        }
        let Stands { number, batch, segment, bytes: length } = stands;
        writeln!(out, "record {number}  batch {batch}  segment {segment}  {time}  {length} bytes")?;
        let Some(shown) = shown else {
            return Ok(write_bytes(bytes, out)?);
        };
        for line in shown.lines() {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
        Ok(())
    }
}

/// What was known to all where the segments that are here begin: packs, images and facilities stand at the beginning of a
/// snapshot. The rest of it is read only to know that it is whole.
fn archived(files: &Files) -> Option<Ledger> {
    let mut all = snapshot::list(files).ok()?;
    all.sort_unstable();
    all.into_iter().rev().find_map(|next_record| {
        let mut file = Snapshot::open(files, next_record).ok()?;
        let mut reading = Reading::new(1);
        reading.chunk(file.chunk().ok()??).ok()?;
        while file.chunk().ok()?.is_some() {}
        reading.shards().first().cloned()
    })
}
