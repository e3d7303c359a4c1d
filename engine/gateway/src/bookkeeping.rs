//! Keeps the books of facilities: follows the journal on a thread of its own, a little behind what is answered. Who compares a statement
//! has it catch up first.

use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use yidan_pipeline::engine::EngineRecords;
use yidan_pipeline::snapshot::stand_back;
use yidan_reconcile::{Books, BooksError, Change, Clearing, Progress, changes};
use yidan_settlement::date::Day;
use yidan_settlement::event::{Record, Settled, is_of_settlements};
use yidan_settlement::pack::Pack;
use yidan_settlement::stored;

use crate::answer::Stamp;
use crate::service::stamp;
use crate::setl::clr_type_of;

/// Between two looks at the journal.
const REST: Duration = Duration::from_secs(5);

/// Records that are taken at once: some thousand make a transaction cheap, and one that fails is soon done again.
const AT_ONCE: usize = 4_096;

/// Packs by the number that the ledger calls them by.
pub(crate) type Packs = HashMap<u64, Arc<Pack>>;

/// Why books are not kept.
#[derive(Debug, thiserror::Error)]
pub enum BookkeepingError {
    /// The books cannot be read or written.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// The journal cannot be read.
    #[error("record {number} of the journal cannot be read for the books of facilities: {what}")]
    Journal {
        /// The record.
        number: u64,
        /// What was said.
        what: String,
    },
    /// The thread could not be started.
    #[error("the thread that keeps the books of facilities cannot be started: {0}")]
    Thread(io::Error),
}

/// The books, and the thread that keeps them.
#[derive(Debug)]
pub(crate) struct Bookkeeper {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and those who ask share.
pub(crate) struct Desk {
    books: Books,
    records: EngineRecords,
    packs: Arc<Packs>,
    /// Who takes records; one at a time.
    turn: Mutex<()>,
    ended: Mutex<bool>,
    ending: Condvar,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("books", &self.books).finish_non_exhaustive()
    }
}

impl Bookkeeper {
    /// Opens the books of a folder and begins to keep them. Books of another journal, or of one that has lost its end, are begun anew, and so
    /// are books that fell behind what is archived.
    pub(crate) fn start(
        folder: &Path,
        records: EngineRecords,
        packs: Arc<Packs>,
    ) -> Result<Bookkeeper, BookkeepingError> {
        let books = Books::open(folder)?;
        let (turn, ended, ending) = (Mutex::new(()), Mutex::new(false), Condvar::new());
        let desk = Arc::new(Desk { books, records, packs, turn, ended, ending });
        desk.go_on_or_begin()?;
        let following = Arc::clone(&desk);
        let thread = std::thread::Builder::new().name("yidan-books".to_owned());
        let follow = move || {
            // What it reads was answered: who asks now goes first.
            stand_back();
            following.follow_all();
        };
        let thread = thread.spawn(follow).map_err(BookkeepingError::Thread)?;
        Ok(Bookkeeper { desk, thread: Some(thread) })
    }

    /// The desk, for who asks from another thread.
    pub(crate) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }
}

impl Drop for Bookkeeper {
    fn drop(&mut self) {
        *self.desk.ended.lock() = true;
        self.desk.ending.notify_all();
        if let Some(thread) = self.thread.take() {
            // If it broke down it has said so.
            drop(thread.join());
        }
    }
}

impl Desk {
    /// The books, with all that was durable when this was called; `None` where time is over before.
    pub(crate) fn caught_up(&self, within: Duration) -> Result<Option<&Books>, BookkeepingError> {
        let (end, until) = (self.records.durable().end, Instant::now() + within);
        let Some(_turn) = self.turn.try_lock_until(until) else { return Ok(None) };
        let done = self.follow(end, || Instant::now() >= until)?;
        Ok(done.then_some(&self.books))
    }

    fn follow_all(&self) {
        let mut told = false;
        let is_ended = || *self.ended.lock();
        loop {
            let followed = {
                let _turn = self.turn.lock();
                self.follow(self.records.durable().end, is_ended)
            };
            match followed {
                Ok(_) => told = false,
                Err(_) if told => {}
                Err(error) => {
                    tracing::error!(%error, "statements of facilities cannot be compared");
                    told = true;
                }
            }
            let mut ended = self.ended.lock();
            if *ended {
                return;
            }
            self.ending.wait_for(&mut ended, REST);
            if *ended {
                return;
            }
        }
    }

    fn go_on_or_begin(&self) -> Result<(), BookkeepingError> {
        let (at, there) = (self.books.progress()?, self.records.durable());
        let same = if at.next <= 1 {
            there.start <= 1
        } else if at.next > there.end || at.next < there.start {
            false
        } else {
            let last = at.next.saturating_sub(1);
            if last < there.start {
                // Of an archived record nothing can be compared, and what follows it is there.
                true
            } else {
                let bytes = self.records.fetch(last).map_err(|error| unread(last, error))?;
                *blake3::hash(&bytes).as_bytes() == at.last
            }
        };
        if same {
            return Ok(());
        }
        let first = there.start.max(1);
        let since = if first == 1 { Day::MIN } else { self.day_after(first)? };
        tracing::info!(record = first, "the books of facilities are begun anew");
        Ok(self.books.begin(first, since)?)
    }

    /// The day after that of a record: the first of which all is there.
    fn day_after(&self, number: u64) -> Result<Day, BookkeepingError> {
        if number >= self.records.durable().end {
            return Ok(Day::MIN);
        }
        let bytes = self.records.fetch(number).map_err(|error| unread(number, error))?;
        let record: Record = read(number, &bytes)?;
        Ok(day_of(&record).next())
    }

    /// Takes records up to one, until `over`; says whether all were taken.
    fn follow(&self, end: u64, over: impl Fn() -> bool) -> Result<bool, BookkeepingError> {
        let mut at = self.books.progress()?;
        while at.next < end {
            if over() {
                return Ok(false);
            }
            let (mut taken, mut made) = (0, Vec::new());
            while at.next < end && taken < AT_ONCE {
                taken += self.take_batch(&mut at, end, &mut made)?;
            }
            self.books.take(&made, at, at.next >= end)?;
        }
        Ok(true)
    }

    /// The changes of one batch of the journal; how many records it was.
    fn take_batch(
        &self,
        at: &mut Progress,
        end: u64,
        made: &mut Vec<Change>,
    ) -> Result<usize, BookkeepingError> {
        let fetched = self.records.fetch_batch(at.next);
        let fetched = fetched.map_err(|error| unread(at.next, error))?;
        let batch = fetched.batch();
        let before = at.next.saturating_sub(batch.header.first_record);
        let skipped = usize::try_from(before).unwrap_or(usize::MAX);
        let (mut taken, mut last) = (0, None);
        for bytes in batch.records().skip(skipped) {
            if at.next >= end {
                break;
            }
            // Most records are of visits and their lines, and no account is changed by them.
            if is_of_settlements(bytes).ok_or_else(|| of_another_version(at.next))? {
                let record: Record = read(at.next, bytes)?;
                made.extend(changes(&record, day_of(&record), |settled| self.clearing(settled)));
            }
            at.next = at.next.saturating_add(1);
            (taken, last) = (taken + 1, Some(bytes));
        }
        if let Some(last) = last {
            at.last = *blake3::hash(last).as_bytes();
        }
        Ok(taken)
    }

    /// By what a settlement is cleared; where its pack is not loaded, what will tell it once that is.
    fn clearing(&self, settled: &Settled) -> Clearing {
        let benefit = settled.decision.benefit;
        cleared(&self.packs, settled.policy, benefit.index()).unwrap_or_else(|| {
            let later = format!("{LATER}{} {}", settled.policy, benefit.index());
            Clearing { clr_type: later, pool: String::new() }
        })
    }

    /// Tells by what an entry is cleared that was taken before its pack was loaded; whether it is known now.
    pub(crate) fn clear(&self, clearing: &mut Clearing) -> bool {
        let Some(later) = clearing.clr_type.strip_prefix(LATER) else { return true };
        let numbers = later
            .split_once(' ')
            .and_then(|(policy, benefit)| Some((policy.parse().ok()?, benefit.parse().ok()?)));
        let known = numbers.and_then(|(policy, benefit)| cleared(&self.packs, policy, benefit));
        match known {
            Some(known) => *clearing = known,
            None => return false,
        }
        true
    }
}

/// Before the numbers of a pack and a benefit, in place of a `clr_type`.
const LATER: char = '?';

fn cleared(packs: &Packs, policy: u64, benefit: usize) -> Option<Clearing> {
    let pack = packs.get(&policy)?.data();
    let clr_type = clr_type_of(pack.benefits.get(benefit).map(|benefit| benefit.agreement));
    let pool = pack.divisions.first().cloned().unwrap_or_default();
    Some(Clearing { clr_type: clr_type.to_owned(), pool })
}

fn day_of(record: &Record) -> Day {
    let Stamp { moment, .. } = stamp(record.time_ms);
    moment.day()
}

fn read(number: u64, bytes: &[u8]) -> Result<Record, BookkeepingError> {
    stored::whole(bytes).ok_or_else(|| of_another_version(number))
}

fn of_another_version(number: u64) -> BookkeepingError {
    let what = "it is of another version of this program".to_owned();
    BookkeepingError::Journal { number, what }
}

fn unread(number: u64, error: impl Display) -> BookkeepingError {
    BookkeepingError::Journal { number, what: error.to_string() }
}
