//! `yidan journal`: a journal verified, counted and shown, and kept short by snapshots and an archive. All may run beside the
//! engine: the first only read, take no lock and write nothing; the last two touch nothing that it writes, and have a lock of
//! their own.

mod archive;
mod bytes;
mod reading;
mod show;
mod snapshot;
mod stats;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, value_parser};
use yidan_journal::JournalError;
use yidan_settlement::date::Day;

use super::output::{Ended, Failure, said};

/// How these commands end, for their help.
pub(super) const EXIT_CODES: &str = "Exit codes:
  0  the journal is sound, as far as it was asked for
  1  it ends in a torn batch: its write never ended, it was not answered, and the next start cuts it
  2  it is damaged, or something could not be read; what, where, and what to do is on the standard error";

/// How those end that make snapshots and archive.
const KEEPING_EXIT_CODES: &str = "Exit codes:
  0         it is done, or there was nothing new
  1         nothing may be archived yet
  2         something could not be read or written; what, where, and what to do is on the standard error
  130, 143  SIGINT or SIGTERM asked to stop: nothing half done is left, and the same call goes on. A second one stops at once";

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Read a journal from its first byte to its last, check every hash, and say how it ends
    #[command(after_help = EXIT_CODES)]
    Verify(Reading),
    /// Count batches, records and bytes, and say how they are spread
    #[command(after_help = EXIT_CODES)]
    Stats(Reading),
    #[command(after_help = EXIT_CODES)]
    Show(show::Show),
    Audit(super::audit::Audit),
    #[command(after_help = KEEPING_EXIT_CODES)]
    Snapshot(snapshot::Snapshot),
    #[command(after_help = KEEPING_EXIT_CODES)]
    Archive(archive::Archive),
}

/// What to read.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// The journal's folder
    folder: PathBuf,
    /// The first record that is needed: a snapshot holds those before it, so their segments may be archived
    #[arg(long, value_name = "RECORD", default_value_t = 1, value_parser = value_parser!(u64).range(1..))]
    since: u64,
}

impl Journal {
    pub(super) fn run(&self) -> Ended {
        match self {
            Journal::Verify(reading) => verify::run(reading),
            Journal::Stats(reading) => stats::run(reading),
            Journal::Show(show) => show.run(),
            Journal::Audit(audit) => audit.run(),
            Journal::Snapshot(snapshot) => snapshot.run(),
            Journal::Archive(archive) => archive.run(),
        }
    }
}

/// What a journal's error is to a person at a terminal.
fn told(folder: &Path, error: &JournalError) -> Failure {
    let folder = folder.display();
    if let JournalError::Missing { begins, .. } = error {
        return said(format!("{folder}: {error}. `--since {begins}` reads what is here"));
    }
    said(format!("{folder}: {error}"))
}

const SECOND_MS: u64 = 1_000;
const DAY_MS: u64 = 86_400 * SECOND_MS;

/// A time as a person reads it: `2025-03-01 08:00:00.123 UTC`.
fn time(ms: u64) -> String {
    let day = i32::try_from(ms / DAY_MS).map(Day::new).ok().filter(|day| *day < Day::MAX);
    let Some(day) = day else { return format!("{ms} ms after 1970") };
    let second = ms % DAY_MS / SECOND_MS;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{day} {hour:02}:{minute:02}:{second:02}.{:03} UTC", ms % SECOND_MS)
}

/// A length of time in its two largest units.
fn span(ms: u64) -> String {
    let units =
        [("d", DAY_MS), ("h", 3_600 * SECOND_MS), ("min", 60 * SECOND_MS), ("s", SECOND_MS)];
    let at = units.iter().position(|(_, unit)| ms >= *unit);
    match at.map(|at| (units[at], units.get(at + 1))) {
        None => format!("{ms} ms"),
        Some(((name, unit), None)) => format!("{} {name} {} ms", ms / unit, ms % unit),
        Some(((name, unit), Some((next, part)))) => {
            format!("{} {name} {} {next}", ms / unit, ms % unit / part)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        assert_eq!(time(0), "1970-01-01 00:00:00.000 UTC");
        assert_eq!(time(1_740_816_000_123), "2025-03-01 08:00:00.123 UTC");
        assert_eq!(time(u64::MAX), format!("{} ms after 1970", u64::MAX));
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(61_500), "1 min 1 s");
        assert_eq!(span(5_500), "5 s 500 ms");
        assert_eq!(span(25 * 3_600 * 1_000), "1 d 1 h");
    }
}
