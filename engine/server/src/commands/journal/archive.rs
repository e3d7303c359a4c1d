//! `yidan journal archive`: segments that no start needs any more are moved to another folder.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use yidan_journal::snapshot::{self, name_of};
use yidan_journal::storage::files::Files;
use yidan_journal::{JournalError, Lock, Mark, Places, archivable, archive, scan_after};
use yidan_pipeline::admission::now_ms;
use yidan_pipeline::snapshot::sound_at_rest;

use super::DAY_MS;
use crate::commands::folder::with_journal;
use crate::commands::output::{Ended, Exit, Failure, Output, error, note, said};
use crate::commands::stopping::Stop;

/// Move segments to an archive whose records the older of two snapshots holds; beside the running engine or without it
///
/// Each is copied, synced, read back and compared, and only then removed. Put back beside the others they are the whole journal
/// again. A settlement whose record is archived cannot be cancelled before it is.
#[derive(Debug, Args)]
pub(in crate::commands) struct Archive {
    /// The journal's folder
    folder: PathBuf,
    /// The folder to move them to; made where it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Segments that were ended fewer days ago stay: a request is answered again from its record for 35 days
    #[arg(long, value_name = "DAYS", default_value_t = 40)]
    keep_days: u32,
}

impl Archive {
    pub(super) fn run(&self) -> Ended {
        let files = with_journal(&self.folder)?;
        let _lock = Lock::of_snapshots(&self.folder).map_err(said)?;
        let needed = self.needed(&files)?;
        let ended_before = now_ms().saturating_sub(u64::from(self.keep_days) * DAY_MS);
        let Some(segments) = archivable(&files, needed, ended_before).map_err(said)? else {
            error(&format!(
                "nothing to archive: no segment was ended at least {} days ago that holds only records before {needed}, \
                 which two snapshots have",
                self.keep_days
            ));
            return Ok(Exit::Refused);
        };
        let stop = Stop::watch()?;
        let mut moved = Vec::new();
        // One after the other: each is moved wholly or not at all.
        for segment in segments {
            if stop.go_on() {
                let one = archive(&self.folder, &self.to, segment + 1, needed, None);
                moved.extend(one.map_err(said)?);
            }
        }
        let begins = Places::of(&files).map_err(said)?.records().start;
        let mut out = Output::open();
        if let (Some(first), Some(last)) = (moved.first(), moved.last()) {
            writeln!(out, "archived  {} segments, numbers {first} to {last}", moved.len())?;
        }
        writeln!(out, "begins    the journal here begins with record {begins}")?;
        out.flush()?;
        let Some(signal) = stop.asked() else { return Ok(Exit::Done) };
        note("asked to stop: the same call goes on with what is left");
        Ok(signal.exit())
    }

    /// The first record that a start must find here, should the newest snapshot be lost.
    fn needed(&self, files: &Files) -> Result<u64, Failure> {
        let mut good = Vec::new();
        for next_record in snapshot::list(files).map_err(said)? {
            match whole(files, next_record) {
                Ok(mark) => good.push(mark),
                Err(error) => {
                    note(&format!("warning: {} does not count: {error}", name_of(next_record)));
                }
            }
        }
        let folder = self.folder.display();
        match good[..] {
            [newest, older, ..] => {
                // What a start would refuse, nothing is taken away from.
                for mark in [newest, older] {
                    let read = scan_after(files, Some(&mark), |_| {}).map_err(said)?;
                    sound_at_rest(files, Some(&mark), &read).map_err(said)?;
                }
                Ok(older.next_record)
            }
            [_] => Err(said(format!(
                "{folder}: there is one snapshot, and segments are archived when two hold their records. Make another when \
                 more was settled: `yidan journal snapshot {folder}`"
            ))),
            [] => Err(said(format!(
                "{folder}: there is no snapshot, and a start needs every segment. Make one: `yidan journal snapshot {folder}`"
            ))),
        }
    }
}

/// The mark of a snapshot whose file is as it was when it was proved.
fn whole(files: &Files, next_record: u64) -> Result<Mark, JournalError> {
    let mut file = snapshot::Snapshot::open(files, next_record)?;
    while file.chunk()?.is_some() {}
    Ok(file.head().mark)
}
