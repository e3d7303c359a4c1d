//! Registered visits: what was said of each, its lines in the order they came, and which settlement took each line in. A visit is
//! settled whole, with which it ends; midway, or by batch, after which it goes on.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::decide::refused;
use super::{HeldLine, HeldLines, KEPT_MS};
use crate::date::Day;
use crate::event::{Refused, Run, Which};
use crate::facts::{Text, VisitFacts};
use crate::limits::BATCH_VISIT_DAYS;
use crate::reason::Conduct;

// What asked for a batch is remembered as long as its visit may wait for the next.
const _: () = assert!(BATCH_VISIT_DAYS == 35 && KEPT_MS == 35 * 86_400_000);

/// A visit that is registered.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct OpenVisit {
    /// `psn_no`
    pub psn_no: Text,
    /// `fixmedins_code`
    pub facility: Text,
    /// As registered, and as changed since.
    pub facts: VisitFacts,
    /// Lines in the order they came.
    pub lines: HeldLines,
    /// Settlements that stand and took in a batch each; the visit goes on.
    pub batches: Vec<u64>,
    /// The settlement that ended it.
    pub settled: Option<u64>,
}

impl OpenVisit {
    /// Whether a settlement stands that is final, for all of it or for a batch.
    pub fn is_settled(&self) -> bool {
        self.settled.is_some() || !self.batches.is_empty()
    }

    /// Refuses where something was charged for it, settled or not: it is not closed and its registration not reversed before that
    /// was taken back.
    pub(super) fn nothing_charged(&self) -> Result<(), Refused> {
        if self.settled.is_some() || self.lines.open().count() != self.lines.len() {
            return Err(refused(Conduct::VisitSettled));
        }
        if !self.lines.is_empty() {
            return Err(refused(Conduct::VisitHasLines));
        }
        Ok(())
    }

    /// Lines that no settlement has taken in: those of a batch, or all.
    pub(super) fn open_lines(&self, batch: Option<&str>) -> impl Iterator<Item = &HeldLine> {
        self.lines.open().filter(move |line| line.is_of(batch))
    }

    /// Where such lines are written.
    pub(super) fn sources(&self, batch: Option<&str>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for line in self.open_lines(batch) {
            match runs.last_mut() {
                Some(run)
                    if run.place == line.place
                        && run.from.checked_add(run.count) == Some(line.index) =>
                {
                    run.count = run.count.saturating_add(1);
                }
                Some(_) | None => runs.push(Run { place: line.place, from: line.index, count: 1 }),
            }
        }
        runs
    }

    /// A settlement takes lines in.
    pub(super) fn take(&mut self, batch: Option<&str>, mid_stay: bool, settlement: u64) {
        let lines = self.lines.loose().iter_mut();
        let open = lines.filter(|line| line.settled == 0 && line.is_of(batch));
        open.for_each(|line| line.settled = settlement);
        match batch {
            _ if mid_stay => {}
            Some(_) => self.batches.push(settlement),
            None => self.settled = Some(settlement),
        }
        // One midway may be put back after the one that ended the visit.
        if self.settled.is_some() {
            self.lines.pack();
        }
    }

    /// A settlement is undone, and gives its lines back.
    pub(super) fn give_back(&mut self, settlement: u64) {
        let lines = self.lines.loose().iter_mut().filter(|line| line.settled == settlement);
        lines.for_each(|line| line.settled = 0);
        self.batches.retain(|one| *one != settlement);
        self.settled = self.settled.filter(|one| *one != settlement);
    }

    /// Lines go that are not settled.
    pub(super) fn withdraw(&mut self, which: &Which) {
        match which {
            Which::All => self.lines.keep_open(|_| false),
            Which::Batch(batch) => self.lines.keep_open(|line| !line.is_of(Some(batch))),
            Which::Serials(serials) => {
                let serials: BTreeSet<&Text> = serials.iter().collect();
                self.lines.keep_open(|line| !serials.contains(&line.facts.serial));
            }
        }
    }

    /// Whether it may be forgotten when a day is closed: it was settled whole, or by batch and no further batch is to be expected.
    pub(super) fn is_over(&self, closed: Day) -> bool {
        let begin = self.facts.begin.day();
        if self.settled.is_some() {
            return begin < closed;
        }
        let by_batch = |line: &HeldLine| self.batches.contains(&line.settled);
        !self.batches.is_empty()
            && closed.days_since(begin) > BATCH_VISIT_DAYS
            && self.lines.all().iter().all(by_batch)
    }
}

impl HeldLine {
    /// Whether it is of this batch, where one is named.
    fn is_of(&self, batch: Option<&str>) -> bool {
        batch.is_none_or(|batch| self.facts.batch == batch)
    }
}
