//! Persons from CSV into the table beside a journal: no engine runs, and none may run beside it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use crossbeam_channel::{Receiver, select};
use yidan_gateway::persons::{Person, Persons, Put};
use yidan_journal::Lock;

use super::super::folder::not_a_file;
use super::super::output::{Ended, Failure, note, said};
use super::super::progress::Progress;
use super::super::stopping::{Signal, Stop};
use super::errors::Errors;
use super::{Counts, Next, ended_with, rows};
use crate::facts::field;
use crate::table::{PersonRows, Says, TableRow};

/// Rows that one transaction takes in: few enough for memory, and enough that their syncs do not count.
const BATCH: usize = 10_000;

/// One import on its way.
struct Flow {
    persons: Persons,
    batch: Vec<(u64, String, Person)>,
    counts: Counts,
    new: u64,
    changed: u64,
    errors: Errors,
}

/// Takes a table in.
pub(super) fn import(
    folder: &Path,
    reader: Box<dyn Read + Send>,
    errors: Errors,
    progress: &Progress,
) -> Ended {
    not_a_file(folder)?;
    let made = fs::create_dir_all(folder);
    made.map_err(|error| said(format!("{}: cannot be made: {error}", folder.display())))?;
    let _alone = Lock::take(folder).map_err(said)?;
    let persons = Persons::open(folder).map_err(said)?;
    let stop = Stop::watch()?;
    let begun = Instant::now();
    let (batch, counts) = (Vec::new(), Counts::default());
    let mut flow = Flow { persons, batch, counts, new: 0, changed: 0, errors };
    let ended = flow.all(&rows(PersonRows, reader), &stop, progress);
    // What was read before the end, whatever that was, is taken in.
    let written = flow.write();
    let Flow { counts: Counts { taken, same }, new, changed, errors, .. } = flow;
    let (wrong, path) = (errors.count, errors.path.clone());
    let told = errors.end();
    note(&format!(
        "{taken} taken in ({new} new, {changed} changed), {same} repeated, {wrong} wrong in {:.1?}",
        begun.elapsed()
    ));
    let signal = ended?;
    written?;
    told?;
    Ok(ended_with(signal, wrong, &path))
}

impl Flow {
    /// Takes rows in until there is none, or a signal came.
    fn all(
        &mut self,
        rows: &Receiver<Next<(String, Person)>>,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<Option<Signal>, Failure> {
        loop {
            let next = select! {
                recv(stop.came()) -> signal => return Ok(signal.ok()),
                recv(rows) -> next => next,
            };
            match next {
                Ok(Ok((row, bytes))) => {
                    self.row(row)?;
                    progress.at(bytes, self.counts.taken + self.counts.same);
                }
                Ok(Err(error)) => return Err(said(format!("{}: {error}", self.errors.of))),
                Err(_) => return Ok(None),
            }
        }
    }

    fn row(&mut self, row: TableRow<(String, Person)>) -> Result<(), Failure> {
        let TableRow { line, says } = row;
        match says {
            Ok(Says::New((psn_no, person))) => {
                self.batch.push((line, psn_no, person));
                if self.batch.len() < BATCH { Ok(()) } else { self.write() }
            }
            Ok(Says::Again) => {
                self.counts.same += 1;
                Ok(())
            }
            Err(wrong) => self.errors.tell(line, &wrong),
        }
    }

    /// Writes what was read, in one transaction.
    fn write(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let rows = batch.iter().map(|(_, psn_no, person)| (&**psn_no, person));
        let puts = self.persons.put(rows).map_err(said)?;
        for ((line, _, person), put) in batch.iter().zip(puts) {
            match put {
                Put::New => self.new += 1,
                Put::Changed => self.changed += 1,
                Put::Same => {}
                Put::CertificateOf(other) => {
                    let found = format!("{} characters", person.certno.chars().count());
                    let expected = format!("a certificate that nobody else has: {other} has it");
                    self.errors.tell(*line, &field("certno", &found, &expected))?;
                    continue;
                }
            }
            self.counts.taken += 1;
        }
        Ok(())
    }
}
