//! A registered visit is as its records say, kept here anew: its end, its lines with the settlement that took each in, which
//! settlements by batch stand, and whether one that stands has ended it.

use std::collections::BTreeMap;

use yidan_journal::scan;
use yidan_pipeline::fold::Fold;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Event, Record, Undone, Which};
use yidan_settlement::ledger::{HeldLine, Ledger};

use super::Evidence;

/// A visit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Visit {
    /// The batch of each line and the settlement that took it in, by serial; nought for none.
    lines: BTreeMap<String, (String, u64)>,
    batches: Vec<u64>,
    ended: Option<u64>,
    /// As registered by the facility.
    end: Option<Moment>,
}

/// A settlement of a registered visit.
struct Taken {
    visit: u64,
    lines: Vec<String>,
    reach: Reach,
}

/// What a settlement does to its visit.
#[derive(Clone, Copy)]
enum Reach {
    MidStay,
    Batch,
    Ends,
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
        let line = |line: &HeldLine| {
            let (serial, batch) = (line.facts.serial.to_string(), line.facts.batch.to_string());
            (serial, (batch, line.settled))
        };
        let lines = visit.lines.all().iter().map(line).collect();
        let (batches, ended, end) = (visit.batches.clone(), visit.settled, visit.facts.end);
        engine.insert(number, Visit { lines, batches, ended, end });
    }
    if let Some(member) = ledgers.iter().find_map(found_otherwise) {
        return Some(format!("the visits of {member} are not found by its number"));
    }
    let mut numbers = own.visits.keys().chain(engine.keys());
    let differs = numbers.find(|number| own.visits.get(number) != engine.get(number))?;
    let (own, engine) = (own.visits.get(differs), engine.get(differs));
    Some(format!("visit {differs} is {engine:?}, by its records {own:?}"))
}

/// A member whose visits are found by its number otherwise than by looking through all.
fn found_otherwise(ledger: &Ledger) -> Option<String> {
    let mut of_members: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    ledger.members().iter().for_each(|member| drop(of_members.insert(member.psn_no(), vec![])));
    for (number, visit) in ledger.visits() {
        of_members.entry(&visit.psn_no).or_default().push(number);
    }
    let otherwise = |(psn_no, numbers): &(&str, Vec<u64>)| {
        !ledger.visits_of(psn_no).map(|(number, _)| number).eq(numbers.iter().copied())
    };
    of_members.into_iter().find(otherwise).map(|(psn_no, _)| psn_no.to_owned())
}

impl Visits {
    fn note(&mut self, record: &Record) {
        let seq = record.seq;
        match &record.event {
            Event::VisitOpened(facts) => {
                self.visits.insert(seq, Visit { end: facts.end, ..Visit::default() });
                self.begun.insert(seq, facts.begin.day());
            }
            Event::VisitChanged(number, change) => {
                let visit = self.visits.entry(number.get()).or_default();
                visit.end = change.end.unwrap_or(visit.end);
                if let Some(begin) = change.begin {
                    self.begun.insert(number.get(), begin.day());
                }
            }
            Event::VisitClosed(visit) => drop(self.visits.remove(&visit.get())),
            Event::LinesUploaded(visit, lines) => {
                let visit = self.visits.entry(visit.get()).or_default();
                visit.lines.extend(
                    lines.iter().map(|line| (line.serial.to_string(), (line.batch.to_string(), 0))),
                );
            }
            Event::LinesWithdrawn(visit, which) => {
                let visit = self.visits.entry(visit.get()).or_default();
                let named = |serial: &str, batch: &str| match which {
                    Which::All => true,
                    Which::Serials(serials) => serials.iter().any(|one| **one == *serial),
                    Which::Batch(of) => **of == *batch,
                };
                let stays = |serial: &str, (batch, settled): &(String, u64)| {
                    *settled != 0 || !named(serial, batch)
                };
                visit.lines.retain(|serial, line| stays(serial, line));
            }
            Event::Settled(settled) => {
                let number = settled.visit.get();
                let Some(visit) = self.visits.get(&number).filter(|_| settled.sources.is_some())
                else {
                    return;
                };
                let of_batch = |batch: &str| settled.batch.as_deref().is_none_or(|of| of == batch);
                let open = visit.lines.iter();
                let open = open.filter(|(_, (batch, settled))| *settled == 0 && of_batch(batch));
                let lines = open.map(|(serial, _)| serial.clone()).collect();
                let reach = match (settled.how.mid_stay, &settled.batch) {
                    (true, _) => Reach::MidStay,
                    (false, Some(_)) => Reach::Batch,
                    (false, None) => Reach::Ends,
                };
                self.taken.insert(seq, Taken { visit: number, lines, reach });
                self.put(seq, true);
            }
            Event::Cancelled(cancelled) => self.put(cancelled.settlement, false),
            Event::Corrected(corrected) => {
                if let Some((_, cancelled)) = &corrected.cancelled {
                    self.put(cancelled.settlement, false);
                }
            }
            Event::Reversed(reversed) => match &reversed.undone {
                Undone::Settlement(cancelled) => self.put(cancelled.settlement, false),
                Undone::Cancellation(back) => self.put(back.settlement, true),
                Undone::Visit(visit) => drop(self.visits.remove(&visit.get())),
                Undone::NotYetCome | Undone::NoEffect => {}
            },
            Event::DayClosed(day) => {
                let begun = &self.begun;
                self.visits.retain(|number, visit| {
                    let days = day.days_since(begun[number]);
                    let by_batch = |(_, settled): &(String, u64)| visit.batches.contains(settled);
                    let all_by_batch =
                        !visit.lines.is_empty() && visit.lines.values().all(by_batch);
                    !(visit.ended.is_some() && days > 0 || all_by_batch && days > 35)
                });
            }
            Event::MemberRegistered(_, _)
            | Event::FacilityRegistered(_, _)
            | Event::Deposited(_)
            | Event::Filed(_, _)
            | Event::Unfiled(_, _)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => {}
        }
    }

    /// Gives the lines of a settlement, and its visit where it reached so far, to this settlement where it stands, else to none.
    fn put(&mut self, settlement: u64, stands: bool) {
        let Some(taken) = self.taken.get(&settlement) else { return };
        // A visit that ended before a day that was closed is gone, and stays so.
        let Some(visit) = self.visits.get_mut(&taken.visit) else { return };
        for serial in &taken.lines {
            if let Some((_, settled)) = visit.lines.get_mut(serial) {
                *settled = if stands { settlement } else { 0 };
            }
        }
        match taken.reach {
            Reach::MidStay => {}
            Reach::Batch if stands => visit.batches.push(settlement),
            Reach::Batch => visit.batches.retain(|one| *one != settlement),
            Reach::Ends => visit.ended = stands.then_some(settlement),
        }
    }
}
