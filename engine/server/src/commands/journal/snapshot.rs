//! `yidan journal snapshot`: the ledger at a record of the journal, made beside the running engine or without one.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use yidan_journal::Lock;
use yidan_journal::snapshot::name_of;
use yidan_pipeline::admission::now_ms;
use yidan_pipeline::snapshot::{Making, make, stand_back};

use crate::commands::folder::with_journal;
use crate::commands::output::{Ended, Exit, Output, note, said};
use crate::commands::stopping::{Signal, Stop};

/// Make a snapshot, from which the next start goes on; beside the running engine or without it
///
/// It is folded from the newest snapshot and the journal behind it, written, read back, compared, and only then kept; the one
/// before stays as well. It takes the memory of a second ledger while it is made.
#[derive(Debug, Args)]
pub(in crate::commands) struct Snapshot {
    /// The journal's folder
    folder: PathBuf,
}

impl Snapshot {
    pub(super) fn run(&self) -> Ended {
        let files = with_journal(&self.folder)?;
        let begun = Instant::now();
        stand_back();
        let _lock = Lock::of_snapshots(&self.folder).map_err(said)?;
        let stop = Stop::watch()?;
        let making = make(&files, now_ms(), || stop.go_on()).map_err(said)?;
        let (made, passed_over) = match making {
            Making::Made(made, passed_over) => (made, passed_over),
            Making::NothingNew(0) => {
                note(
                    "no batch is known durable yet: one is when another follows it, or a clean stop",
                );
                return Ok(Exit::Done);
            }
            Making::NothingNew(next_record) => {
                note(&format!("{} has all that is known durable", name_of(next_record)));
                return Ok(Exit::Done);
            }
            Making::Ended => {
                note("asked to stop before it was made: nothing of it is left");
                return Ok(stop.asked().map_or(Exit::Done, Signal::exit));
            }
        };
        passed_over.iter().for_each(|one| note(&format!("warning: {one}")));
        let mut out = Output::open();
        let since = made.from.map_or("the beginning".to_owned(), name_of);
        writeln!(out, "snapshot  {}", name_of(made.next_record))?;
        writeln!(
            out,
            "records   before {}, {} folded since {since}",
            made.next_record, made.folded
        )?;
        writeln!(out, "members   {}", made.counts.members)?;
        writeln!(out, "requests  {}", made.counts.requests)?;
        writeln!(out, "bytes     {}", made.bytes)?;
        writeln!(out, "state     {}", made.state)?;
        writeln!(out, "took      {:.1?}", begun.elapsed())?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
