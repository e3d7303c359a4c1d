//! The journal stage: parcels of all shards are merged by the numbers of their records, a batch is gathered, written and
//! synced, and what it held up is answered. The thread at the end of the file is a loop around it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::Sender;
use yidan_journal::storage::Storage;
use yidan_journal::{Durable, JournalError, Writer};

use crate::Shard;
use crate::handle::Shared;
use crate::measure::{JournalMeasures, Shelf};
use crate::parcel::Parcel;
use crate::reply::{Reply, panic_text};
use crate::settle::nanoseconds;
use crate::sync::mpsc::{Receiver, SyncSender};

/// The journal's writer, and what waits for it.
pub struct JournalStage<S: Storage, A, R: Reply<A>> {
    writer: Writer<S>,
    /// The number of the next record to be pushed.
    next: u64,
    lanes: Vec<Lane<A, R>>,
    emptied: Vec<Parcel<A, R>>,
    shelf: Arc<Shelf<JournalMeasures>>,
}

/// The parcels of one shard, in order.
struct Lane<A, R: Reply<A>> {
    parcels: VecDeque<Parcel<A, R>>,
    /// The entry to be gathered next: its parcel, its place there, and where its record would begin.
    parcel: usize,
    entry: usize,
    byte: usize,
    /// How many entries before that place are not answered yet.
    gathered: usize,
    /// How many of these wait for nothing.
    due: usize,
    /// Whether a record of this lane is in the open batch. What follows it has seen it, and waits with it.
    in_batch: bool,
}

/// What comes to the journal's thread.
pub(crate) enum ToJournal<A, R: Reply<A>> {
    Parcel(Parcel<A, R>),
    /// A shard's thread has sent its last parcel.
    Closed,
    /// All stops; the reason is told already.
    Stop,
}

/// What the journal's thread holds.
pub(crate) struct JournalThread<S: Storage, Sh: Shard, R: Reply<Sh::Answer>> {
    pub(crate) stage: JournalStage<S, Sh::Answer, R>,
    pub(crate) inbox: Receiver<ToJournal<Sh::Answer, R>>,
    /// Where emptied parcels go, by shard.
    pub(crate) emptied: Vec<SyncSender<Parcel<Sh::Answer, R>>>,
    /// Shards that have sent their last.
    pub(crate) closed: usize,
    pub(crate) shared: Arc<Shared<Sh, R>>,
    /// Nothing is sent here: who waits at its other side sees that this thread has ended.
    pub(crate) ended: Sender<Infallible>,
}

/// Why the journal's thread goes no further.
enum Halt {
    Journal(JournalError),
    /// Another thread has said why.
    Told,
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Halt {
        Halt::Journal(error)
    }
}

impl<S: Storage, A, R: Reply<A>> JournalStage<S, A, R> {
    /// A journal for so many shards, whose tickets are [`crate::Tickets::after`] the same writer.
    ///
    /// # Panics
    /// If the writer has an open batch.
    pub fn new(writer: Writer<S>, shards: usize) -> JournalStage<S, A, R> {
        assert!(writer.is_empty(), "records are numbered from the end of what is committed");
        JournalStage {
            next: writer.tip().next_record,
            writer,
            lanes: (0..shards).map(|_| Lane::new()).collect(),
            emptied: Vec::new(),
            shelf: Arc::new(Shelf::new()),
        }
    }

    /// Takes a parcel in. Parcels of one shard come in the order they were filled.
    pub fn take(&mut self, parcel: Parcel<A, R>) {
        if parcel.entries.is_empty() {
            self.emptied.push(parcel);
        } else {
            self.lanes[parcel.shard].parcels.push_back(parcel);
        }
    }

    /// Answers what waits for nothing; then writes one batch of what came and fits, syncs it, and answers what waited for it.
    /// `None`: there was nothing to write that is the next by its number.
    ///
    /// # Errors
    /// The write or sync failed, or a record fits no batch. Nothing that waited for the batch was answered, and nothing more
    /// will be written.
    ///
    /// # Panics
    /// If numbers are missing that no shard can bring any more.
    pub fn step(&mut self, time_ms: u64) -> Result<Option<Durable>, JournalError> {
        self.gather()?;
        self.answer_due();
        if self.writer.is_empty() {
            return Ok(None);
        }
        let begun = Instant::now();
        let durable = self.writer.commit(time_ms)?;
        let took = begun.elapsed();
        assert_eq!(self.writer.tip().next_record, self.next, "all that was pushed is durable");
        self.shelf.record(|measures| {
            measures.commit_ns.saturating_record(nanoseconds(took));
            measures.batch_records.saturating_record(u64::from(durable.records));
            measures.batch_bytes.saturating_record(durable.bytes);
            measures.records += u64::from(durable.records);
            measures.bytes += durable.bytes;
        });
        for lane in &mut self.lanes {
            lane.due = lane.gathered;
            lane.in_batch = false;
        }
        self.answer_due();
        Ok(Some(durable))
    }

    /// The parcels that were emptied since this was last called.
    pub fn emptied(&mut self) -> impl Iterator<Item = Parcel<A, R>> + '_ {
        self.emptied.drain(..)
    }

    /// Whether everything that came was answered.
    pub fn is_idle(&self) -> bool {
        self.writer.is_empty() && self.lanes.iter().all(|lane| lane.parcels.is_empty())
    }

    /// Seals the journal at a clean stop.
    ///
    /// # Errors
    /// The seal could not be written or synced; everything answered is durable without it.
    ///
    /// # Panics
    /// If something has not been answered.
    pub fn seal(self, time_ms: u64) -> Result<Durable, JournalError> {
        assert!(self.is_idle(), "a seal says that nothing was on its way");
        self.writer.seal(time_ms)
    }

    pub(crate) fn shelf(&self) -> &Arc<Shelf<JournalMeasures>> {
        &self.shelf
    }

    /// Puts into the batch what is the next by its number, lane after lane, until none has it or the batch is full.
    fn gather(&mut self) -> Result<(), JournalError> {
        loop {
            let before = self.next;
            for lane in &mut self.lanes {
                if !lane.gather(&mut self.writer, &mut self.next)? {
                    return Ok(());
                }
            }
            if self.next == before {
                let nowhere = self.lanes.iter().all(|lane| lane.next_number().is_some());
                assert!(!nowhere, "record {} stands in no lane, and all go on behind it", before);
                return Ok(());
            }
        }
    }

    fn answer_due(&mut self) {
        if self.lanes.iter().all(|lane| lane.due == 0) {
            return;
        }
        let now = Instant::now();
        self.shelf.record(|measures| {
            for since in self.lanes.iter().flat_map(Lane::due_since) {
                let wait = now.saturating_duration_since(since);
                measures.answer_wait_ns.saturating_record(nanoseconds(wait));
            }
        });
        for lane in &mut self.lanes {
            lane.answer_due(&mut self.emptied);
        }
    }
}

impl<A, R: Reply<A>> Lane<A, R> {
    fn new() -> Lane<A, R> {
        Lane {
            parcels: VecDeque::new(),
            parcel: 0,
            entry: 0,
            byte: 0,
            gathered: 0,
            due: 0,
            in_batch: false,
        }
    }

    /// Gathers from the front what made no record, and what made the next one. `false`: the batch is full.
    fn gather<S: Storage>(
        &mut self,
        writer: &mut Writer<S>,
        next: &mut u64,
    ) -> Result<bool, JournalError> {
        while let Some(parcel) = self.parcels.get(self.parcel) {
            let Some(entry) = parcel.entries.get(self.entry) else {
                (self.parcel, self.entry, self.byte) = (self.parcel + 1, 0, 0);
                continue;
            };
            if let Some(record) = entry.record {
                if record.number != *next {
                    assert!(record.number > *next, "record {} comes a second time", record.number);
                    return Ok(true);
                }
                if !writer.has_room(record.bytes) && !writer.is_empty() {
                    return Ok(false);
                }
                let end = self.byte + record.bytes;
                let given = writer.push(&parcel.bytes[self.byte..end])?;
                assert_eq!(given, record.number, "the journal counts as the tickets do");
                (*next, self.byte, self.in_batch) = (*next + 1, end, true);
            }
            self.entry += 1;
            self.gathered += 1;
            if !self.in_batch {
                self.due = self.gathered;
            }
        }
        Ok(true)
    }

    /// The number of the record that stands at the place to be gathered; after [`Lane::gather`] nothing else does.
    fn next_number(&self) -> Option<u64> {
        let entry = self.parcels.get(self.parcel)?.entries.get(self.entry)?;
        entry.record.map(|record| record.number)
    }

    /// Since when the entries that are due have been decided.
    fn due_since(&self) -> impl Iterator<Item = Instant> + '_ {
        let entries = self.parcels.iter().flat_map(|parcel| &parcel.entries);
        entries.take(self.due).map(|entry| entry.since)
    }

    /// Answers the entries that are due, in order; parcels that are empty then are put aside.
    fn answer_due(&mut self, emptied: &mut Vec<Parcel<A, R>>) {
        while self.due > 0 {
            let parcel = self.parcels.front_mut().expect("what is due stands in a parcel");
            let count = self.due.min(parcel.entries.len());
            let whole = count == parcel.entries.len();
            for entry in parcel.entries.drain(..count) {
                entry.owed.answer(entry.answer);
            }
            self.due -= count;
            self.gathered -= count;
            if self.parcel == 0 {
                self.entry -= count;
            }
            if whole {
                if self.parcel == 0 {
                    self.byte = 0;
                } else {
                    self.parcel -= 1;
                }
                parcel.bytes.clear();
                emptied.extend(self.parcels.pop_front());
            }
        }
    }
}

impl<S: Storage, Sh: Shard, R: Reply<Sh::Answer>> JournalThread<S, Sh, R> {
    /// Runs until every shard has sent its last and the journal is sealed, or until all stops: then the shards are told, and
    /// whoever waits is.
    pub(crate) fn run(self) -> Option<Durable> {
        // Dropped last, whatever happens here.
        let closing = CloseQueues(Arc::clone(&self.shared));
        let mut thread = self;
        let worked = catch_unwind(AssertUnwindSafe(|| thread.work()));
        let ending = &closing.0.ending;
        match worked {
            Ok(Ok(())) => {
                let JournalThread { stage, ended, .. } = thread;
                let sealed = stage.seal(now_ms());
                drop(ended);
                return sealed.map_err(|error| ending.fail(&error.to_string())).ok();
            }
            Ok(Err(Halt::Journal(error))) => ending.fail(&error.to_string()),
            Ok(Err(Halt::Told)) => {}
            Err(panic) => {
                ending.fail(&format!("the journal's thread panicked: {}", panic_text(&*panic)));
            }
        }
        drop(thread);
        None
    }

    fn work(&mut self) -> Result<(), Halt> {
        while self.closed < self.emptied.len() {
            // The pipeline has a sender too, and tells before it drops it.
            let first = self.inbox.recv().map_err(|_| Halt::Told)?;
            self.take(first)?;
            loop {
                // All that is there, by one wake-up. A commit begins as soon as the last has ended.
                while let Ok(more) = self.inbox.try_recv() {
                    self.take(more)?;
                }
                let written = self.stage.step(now_ms())?;
                for parcel in self.stage.emptied() {
                    // A shard that has sent its last wants none back.
                    let _ = self.emptied[parcel.shard()].send(parcel);
                }
                if written.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, message: ToJournal<Sh::Answer, R>) -> Result<(), Halt> {
        match message {
            ToJournal::Parcel(parcel) => self.stage.take(parcel),
            ToJournal::Closed => self.closed += 1,
            ToJournal::Stop => return Err(Halt::Told),
        }
        Ok(())
    }
}

/// Dropped, it wakes the shards' threads, so that they end.
struct CloseQueues<Sh: Shard, R: Reply<Sh::Answer>>(Arc<Shared<Sh, R>>);

impl<Sh: Shard, R: Reply<Sh::Answer>> Drop for CloseQueues<Sh, R> {
    fn drop(&mut self) {
        self.0.close_queues();
    }
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
