//! A registered visit is as its records say, kept here anew: its lines, which settlement took each in, and whether one that
//! stands has ended it.

use std::collections::BTreeMap;

use yidan_journal::scan;
use yidan_pipeline::engine::Fold;
use yidan_settlement::date::Day;
use yidan_settlement::event::{Event, Record, Undone};
use yidan_settlement::ledger::Ledger;

use super::Evidence;

/// A visit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Visit {
    /// The settlement that took each line in, by serial; nought for none.
    lines: BTreeMap<String, u64>,
    ended: Option<u64>,
}

/// A settlement of a registered visit.
struct Taken {
    visit: u64,
    lines: Vec<String>,
    ends: bool,
}

/// All of them, those that are gone left out, and what they were settled by.
#[derive(Default)]
struct Visits {
    visits: BTreeMap<u64, Visit>,
    taken: BTreeMap<u64, Taken>,
    /// When each visit began.
    begun: BTreeMap<u64, Day>,
}

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    let mut fold = Fold::new(1);
    if let Err(error) = scan(evidence.disk, |batch| fold.batch(batch)) {
        return Some(error.to_string());
    }
    difference(evidence.journal.iter().map(|kept| &kept.record), fold.ledgers())
}

/// The first visit that these ledgers have otherwise than their records say.
pub fn difference<'r>(
    records: impl Iterator<Item = &'r Record>,
    ledgers: &[Ledger],
) -> Option<String> {
    let mut own = Visits::default();
    records.for_each(|record| own.note(record));
    let mut engine: BTreeMap<u64, Visit> = BTreeMap::new();
    for (number, visit) in ledgers.iter().flat_map(Ledger::visits) {
        let lines = visit.lines.iter().map(|line| (line.facts.serial.to_string(), line.settled));
        engine.insert(number, Visit { lines: lines.collect(), ended: visit.settled });
    }
    let mut numbers = own.visits.keys().chain(engine.keys());
    let differs = numbers.find(|number| own.visits.get(number) != engine.get(number))?;
    let (own, engine) = (own.visits.get(differs), engine.get(differs));
    Some(format!("visit {differs} is {engine:?}, by its records {own:?}"))
}

impl Visits {
    fn note(&mut self, record: &Record) {
        let seq = record.seq;
        match &record.event {
            Event::VisitOpened(facts) => {
                self.visits.insert(seq, Visit::default());
                self.begun.insert(seq, facts.begin.day());
            }
            Event::VisitClosed(visit) => drop(self.visits.remove(&visit.get())),
            Event::LinesUploaded(visit, lines) => {
                let visit = self.visits.entry(visit.get()).or_default();
                visit.lines.extend(lines.iter().map(|line| (line.serial.to_string(), 0)));
            }
            Event::LinesWithdrawn(visit, serials) => {
                let visit = self.visits.entry(visit.get()).or_default();
                let all = serials.is_empty();
                let named = |serial: &str| serials.iter().any(|one| **one == *serial);
                visit.lines.retain(|serial, settled| *settled != 0 || !(all || named(serial)));
            }
            Event::Settled(settled) => {
                let (number, ends) = (settled.visit.get(), !settled.how.mid_stay);
                let Some(visit) = self.visits.get(&number).filter(|_| settled.at_once.is_none())
                else {
                    return;
                };
                let open = visit.lines.iter().filter(|(_, settled)| **settled == 0);
                let lines = open.map(|(serial, _)| serial.clone()).collect();
                self.taken.insert(seq, Taken { visit: number, lines, ends });
                self.put(seq, seq, Some(seq));
            }
            Event::Cancelled(cancelled) => self.put(cancelled.settlement, 0, None),
            Event::Corrected(corrected) => {
                if let Some((_, cancelled)) = &corrected.cancelled {
                    self.put(cancelled.settlement, 0, None);
                }
            }
            Event::Reversed(reversed) => match &reversed.undone {
                Undone::Settlement(cancelled) => self.put(cancelled.settlement, 0, None),
                Undone::Cancellation(back) => {
                    self.put(back.settlement, back.settlement, Some(back.settlement));
                }
                Undone::Visit(visit) => drop(self.visits.remove(&visit.get())),
                Undone::NotYetCome | Undone::NoEffect => {}
            },
            Event::DayClosed(day) => {
                let begun = &self.begun;
                self.visits.retain(|number, visit| visit.ended.is_none() || begun[number] >= *day);
            }
            Event::MemberRegistered(_, _)
            | Event::FacilityRegistered(_, _)
            | Event::Deposited(_)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => {}
        }
    }

    /// Gives the lines of a settlement, and the end of its visit where it was one, this settlement or none.
    fn put(&mut self, settlement: u64, lines: u64, ended: Option<u64>) {
        let Some(taken) = self.taken.get(&settlement) else { return };
        // A visit that ended before a day that was closed is gone, and stays so.
        let Some(visit) = self.visits.get_mut(&taken.visit) else { return };
        visit.lines.extend(taken.lines.iter().map(|serial| (serial.clone(), lines)));
        if taken.ends {
            visit.ended = ended;
        }
    }
}
