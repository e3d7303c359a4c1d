//! A journal folded into ledgers: what a start does, and what looks at a journal without starting.

use std::path::Path;
use std::time::Duration;

use yidan_journal::format::Kind;
use yidan_journal::storage::Storage;
use yidan_journal::storage::files::Files;
use yidan_journal::{Batch, Cut, Tip, scan_after};
use yidan_settlement::event::{
    Asked, Event, Lent, LentBill, LentRoom, PolicyNames, Record, Request,
};
use yidan_settlement::ledger::{BUCKETS, Ledger, STEPS, Sought, shard_of, shard_of_bucket};

use crate::engine::EngineError;
use crate::limits::AHEAD;
use crate::snapshot::{Begin, PassedOver, fold_from};

/// What reading the journal at the start gave.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Recovered {
    /// The snapshot it went on from, by the first record that it does not hold; `None` from the beginning.
    pub snapshot: Option<u64>,
    /// Records that were folded in, those of the snapshot not counted.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the last stop was a clean one; also for a journal that is new.
    pub sealed: bool,
    /// What the start cut behind the last whole batch.
    pub cut: Option<Cut>,
}

/// Folds a journal into ledgers: what a start does, and what looks at a journal without starting.
#[derive(Debug)]
pub struct Fold {
    ledgers: Vec<Ledger>,
    recovered: Recovered,
    wrong: Option<EngineError>,
    room: LentRoom,
}

/// A settlement that is about to be folded in.
struct Ahead<'b> {
    number: u64,
    asked: Asked<'b>,
    bill: LentBill<'b>,
    sought: Sought,
    shard: usize,
}

impl Fold {
    /// Into so many shards.
    pub fn new(shards: usize) -> Fold {
        let recovered = Recovered { sealed: true, ..Recovered::default() };
        let ledgers = vec![Ledger::new(); shards];
        Fold { ledgers, recovered, wrong: None, room: LentRoom::default() }
    }

    /// On from a snapshot of the records before this one.
    pub(crate) fn from_base(ledgers: Vec<Ledger>, next_record: u64) -> Fold {
        let recovered = Recovered { snapshot: Some(next_record), ..Recovered::default() };
        Fold { ledgers, recovered, wrong: None, room: LentRoom::default() }
    }

    /// Folds a batch in. After the first thing that is wrong nothing more is.
    pub fn batch(&mut self, batch: &Batch<'_>) {
        self.recovered.sealed = batch.header.kind == Kind::Seal;
        if batch.header.kind != Kind::Records {
            return;
        }
        if self.wrong.is_none() {
            self.wrong = self.records((batch.header.first_record..).zip(batch.records())).err();
        }
    }

    /// Folds records in, settlements that follow one another some at a time.
    fn records<'b>(
        &mut self,
        records: impl Iterator<Item = (u64, &'b [u8])>,
    ) -> Result<(), EngineError> {
        let mut ahead = Vec::with_capacity(AHEAD);
        for (number, bytes) in records {
            self.recovered.records += 1;
            self.recovered.bytes += bytes.len() as u64;
            match Lent::read(bytes) {
                Some(Lent::Settled(asked, bill)) => {
                    let sought = Sought::of(&asked);
                    let shard = shard_of_bucket(sought.bucket(), self.ledgers.len());
                    ahead.push(Ahead { number, asked, bill, sought, shard });
                    if ahead.len() == AHEAD {
                        self.settled(&mut ahead)?;
                    }
                }
                Some(Lent::Whole(record)) => {
                    self.settled(&mut ahead)?;
                    self.apply(number, &record)?;
                }
                None => {
                    self.settled(&mut ahead)?;
                    return Err(EngineError::Unreadable { number });
                }
            }
        }
        self.settled(&mut ahead)
    }

    /// Folds settlements in, in order. What they change is looked up for all of them first, each step for all before the next.
    fn settled(&mut self, ahead: &mut Vec<Ahead<'_>>) -> Result<(), EngineError> {
        for step in STEPS {
            for one in ahead.iter_mut() {
                self.ledgers[one.shard].seek(step, one.asked.psn_no, &mut one.sought);
            }
        }
        for Ahead { number, asked, bill, sought, shard } in ahead.drain(..) {
            let posted = bill.posted(&mut self.room).ok_or(EngineError::Unreadable { number })?;
            self.ledgers[shard]
                .post_settled(&asked, &posted, &sought, number)
                .map_err(|broken| EngineError::Broken { number, broken })?;
        }
        Ok(())
    }

    /// The ledgers so far.
    pub fn ledgers(&self) -> &[Ledger] {
        &self.ledgers
    }

    /// Makes a pack known that no record has loaded, so that settlements can be decided by it.
    pub fn know(&mut self, names: &PolicyNames) {
        let event = Event::PolicyLoaded(names.clone());
        let record = Record { seq: u64::MAX, time_ms: 0, request: Request::default(), event };
        for ledger in &mut self.ledgers {
            let known = ledger.apply(&record, 0);
            assert_eq!(known, Ok(()), "a pack can always be made known");
        }
    }

    /// Folds one record in.
    ///
    /// # Errors
    /// A record that does not follow from those before it.
    pub fn apply(&mut self, number: u64, record: &Record) -> Result<(), EngineError> {
        let broken = |broken| EngineError::Broken { number, broken };
        if record.event.concerns_all() {
            return self
                .ledgers
                .iter_mut()
                .try_for_each(|ledger| ledger.apply(record, number))
                .map_err(broken);
        }
        let shard = shard_of(&record.request.psn_no, self.ledgers.len());
        self.ledgers[shard].apply(record, number).map_err(broken)
    }

    /// The ledgers.
    ///
    /// # Errors
    /// The first record that could not be folded in.
    pub fn end(self) -> Result<(Vec<Ledger>, Recovered), EngineError> {
        match self.wrong {
            Some(wrong) => Err(wrong),
            None => Ok((self.ledgers, self.recovered)),
        }
    }
}

/// How long a journal that looks broken is let alone before it is read again: an engine may be writing it, and a batch is on its way
/// for less.
pub const PAUSE: Duration = Duration::from_millis(200);

/// The ledgers that a folder's journal makes.
pub struct Looked {
    /// The shards.
    pub ledgers: Vec<Ledger>,
    /// What reading it gave.
    pub recovered: Recovered,
    /// Where its whole batches end; `None` where no journal is.
    pub tip: Option<Tip>,
    /// Snapshots that could not be used.
    pub passed_over: Vec<PassedOver>,
}

/// The ledgers that a folder's journal makes from its newest snapshot on, without starting an engine and without writing
/// anything.
///
/// # Errors
/// What cannot be read, is damaged, or does not fit.
pub fn look(folder: &Path, shards: usize) -> Result<Looked, EngineError> {
    let storage = Files::at(folder);
    let read = || {
        fold_from(&storage, shards.clamp(1, BUCKETS), Begin::Newest, |fold, mark| {
            scan_after(&storage, mark, |batch| fold.batch(batch))
        })
    };
    let (mut fold, first, mut passed_over) = read()?;
    let mut tip = first.tip;
    if first.sound().is_err() {
        storage.rest(PAUSE);
        let (again, second, passed_again) = read()?;
        // Where the end has moved, an engine goes on there, and what looked broken was on its way.
        let batch = |tip: Option<Tip>| tip.map(|tip| tip.batch);
        if batch(first.tip) == batch(second.tip) {
            second.sound()?;
        }
        (fold, tip, passed_over) = (again, second.tip, passed_again);
    }
    let (ledgers, recovered) = fold.end()?;
    Ok(Looked { ledgers, recovered, tip, passed_over })
}
