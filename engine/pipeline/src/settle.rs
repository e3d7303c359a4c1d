//! The settle stage: one shard decides its commands one after the other, and what it decided leaves in parcels. The thread
//! at the end of the file is a loop around it.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use yidan_journal::Writer;
use yidan_journal::storage::Storage;

use crate::Shard;
use crate::handle::Queue;
use crate::journal::ToJournal;
use crate::limits::{AHEAD, CLOSE, GATHER, PARCELS};
use crate::measure::{SettleMeasures, Shelf};
use crate::parcel::{Entry, Numbered, Parcel};
use crate::reply::{Ending, Owed, Reply, panic_text};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError};
use crate::sync::thread;

/// The numbers of records, in the order they are asked for, over all shards.
#[derive(Debug)]
pub struct Tickets {
    next: AtomicU64,
}

/// A command on its way, and the answer owed for it.
#[derive(Debug)]
pub struct Submitted<C, A, R: Reply<A>> {
    pub(crate) command: C,
    pub(crate) owed: Owed<A, R>,
    pub(crate) at: Instant,
}

/// One shard, and what it needs to make parcels.
pub struct SettleStage<Sh: Shard, R: Reply<Sh::Answer>> {
    shard: Sh,
    tickets: Arc<Tickets>,
    /// Taken off the queue and not decided yet.
    ahead: VecDeque<Submitted<Sh::Command, Sh::Answer, R>>,
    /// How many of these the shard has looked at.
    foreseen: usize,
    /// The record of the command being decided.
    record: Vec<u8>,
    /// The answer owed for it: it stands here so that a panic of the shard does not answer before its reason is known.
    deciding: Option<Owed<Sh::Answer, R>>,
    /// How long the commands of this step waited and took, in nanoseconds.
    times: Vec<(u64, u64)>,
    shelf: Arc<Shelf<SettleMeasures>>,
}

/// What stands in the queue of a shard.
pub(crate) enum ToShard<C, A, R: Reply<A>> {
    Submitted(Submitted<C, A, R>),
    /// The last thing that is looked at.
    Close,
}

/// What the thread of a shard holds.
pub(crate) struct SettleThread<Sh: Shard, R: Reply<Sh::Answer>> {
    pub(crate) index: usize,
    pub(crate) stage: SettleStage<Sh, R>,
    pub(crate) commands: Receiver<ToShard<Sh::Command, Sh::Answer, R>>,
    pub(crate) queue: Arc<Queue<Sh, R>>,
    pub(crate) emptied: Receiver<Parcel<Sh::Answer, R>>,
    pub(crate) to_journal: SyncSender<ToJournal<Sh::Answer, R>>,
    pub(crate) ending: Arc<Ending>,
    /// Parcels made so far.
    pub(crate) made: usize,
    /// The parcel being filled.
    pub(crate) parcel: Option<Parcel<Sh::Answer, R>>,
}

/// The journal's thread has ended.
pub(crate) struct JournalGone;

impl Tickets {
    /// The numbers that a journal gives next.
    pub fn after<S: Storage>(writer: &Writer<S>) -> Tickets {
        Tickets { next: AtomicU64::new(writer.tip().next_record) }
    }

    /// The next number. Between two shards nothing else hangs on the order, so the counter orders nothing else.
    fn take(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl<C, A, R: Reply<A>> Submitted<C, A, R> {
    /// A command submitted now. `ending` says what its submitter is told if it is dropped unanswered.
    pub fn new(command: C, reply: R, ending: &Arc<Ending>) -> Submitted<C, A, R> {
        Submitted { command, owed: Owed::new(reply, ending), at: Instant::now() }
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> SettleStage<Sh, R> {
    /// A shard that has decided nothing yet.
    pub fn new(shard: Sh, tickets: &Arc<Tickets>) -> SettleStage<Sh, R> {
        SettleStage {
            shard,
            tickets: Arc::clone(tickets),
            ahead: VecDeque::new(),
            foreseen: 0,
            record: Vec::new(),
            deciding: None,
            times: Vec::new(),
            shelf: Arc::new(Shelf::new()),
        }
    }

    /// Takes a command off its queue: the next to be decided.
    pub fn take(&mut self, submitted: Submitted<Sh::Command, Sh::Answer, R>) {
        self.ahead.push_back(submitted);
    }

    /// Whether something was taken that is not decided yet.
    pub fn has_taken(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Decides what was taken, and then as much as `more` gives, while the parcel has room; `more` is asked again after it gave none. What
    /// was taken and has no room is the next parcel's. Says how long the first had waited.
    pub fn step(
        &mut self,
        mut more: impl FnMut() -> Option<Submitted<Sh::Command, Sh::Answer, R>>,
        parcel: &mut Parcel<Sh::Answer, R>,
    ) -> Duration {
        let mut waited = None;
        self.times.clear();
        while parcel.has_room() {
            if self.foreseen == 0 {
                self.take_ahead(&mut more);
            }
            let Some(submitted) = self.ahead.pop_front() else { break };
            self.foreseen = self.foreseen.saturating_sub(1);
            let (begun, at) = (Instant::now(), submitted.at);
            self.decide(submitted, begun, parcel);
            let wait = begun.saturating_duration_since(at);
            waited.get_or_insert(wait);
            self.times.push((nanoseconds(wait), nanoseconds(begun.elapsed())));
        }
        self.shelf.record(|measures| {
            for (wait, step) in &self.times {
                measures.queue_wait_ns.saturating_record(*wait);
                measures.step_ns.saturating_record(*step);
            }
            measures.parcel_entries.saturating_record(self.times.len() as u64);
        });
        waited.unwrap_or_default()
    }

    /// Takes more, up to [`AHEAD`], and has the shard look at all of them together.
    fn take_ahead(
        &mut self,
        more: &mut impl FnMut() -> Option<Submitted<Sh::Command, Sh::Answer, R>>,
    ) {
        while self.ahead.len() < AHEAD
            && let Some(submitted) = more()
        {
            self.ahead.push_back(submitted);
        }
        self.foreseen = self.ahead.len();
        if self.foreseen > 1 {
            self.shard.foresee(self.ahead.iter().map(|submitted| &submitted.command));
        }
    }

    fn decide(
        &mut self,
        submitted: Submitted<Sh::Command, Sh::Answer, R>,
        since: Instant,
        parcel: &mut Parcel<Sh::Answer, R>,
    ) {
        self.deciding = Some(submitted.owed);
        self.record.clear();
        let mut answer = self.shard.step(submitted.command, &mut self.record);
        let record = if self.record.is_empty() {
            None
        } else {
            let number = self.tickets.take();
            self.shard.numbered(number, &mut answer);
            parcel.bytes.extend_from_slice(&self.record);
            Some(Numbered { number, bytes: self.record.len() })
        };
        let owed = self.deciding.take().expect("it was put there above");
        parcel.entries.push(Entry { owed, answer, record, since });
    }

    /// The shard.
    pub fn shard(&self) -> &Sh {
        &self.shard
    }

    /// The shard, given back.
    pub fn into_shard(self) -> Sh {
        self.shard
    }

    pub(crate) fn shelf(&self) -> &Arc<Shelf<SettleMeasures>> {
        &self.shelf
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> SettleThread<Sh, R> {
    /// Runs until the queue is closed, or until all stops. The shard is given back unless it panicked.
    pub(crate) fn run(mut self) -> Option<Sh> {
        // A short sleep is as short as it says; where that cannot be had it takes twice as long.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        match worked {
            Ok(Ok(()) | Err(JournalGone)) => Some(self.stage.shard),
            Err(panic) => {
                let text = panic_text(&*panic);
                self.ending.fail(&format!("shard {} panicked: {text}", self.index));
                // Where the journal has ended already, it knows.
                let _ = self.to_journal.send(ToJournal::Stop);
                None
            }
        }
    }

    fn work(&mut self) -> Result<(), JournalGone> {
        let (mut close_together, mut closed) = (false, false);
        loop {
            if !self.stage.has_taken() {
                if closed {
                    return self.to_journal.send(ToJournal::Closed).map_err(|_| JournalGone);
                }
                match self.next(&mut close_together) {
                    Ok(ToShard::Submitted(first)) => self.stage.take(first),
                    Ok(ToShard::Close) | Err(RecvError) => {
                        closed = true;
                        continue;
                    }
                }
            }
            // A parcel first: no number is taken before it is sure that it can be sent.
            let empty = self.empty_parcel()?;
            let more = || {
                // Who submits just then may stand behind the end, and is told that it was one.
                if closed {
                    return None;
                }
                match self.commands.try_recv() {
                    Ok(ToShard::Submitted(submitted)) => Some(submitted),
                    Ok(ToShard::Close) => {
                        closed = true;
                        None
                    }
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
                }
            };
            let waited = self.stage.step(more, self.parcel.insert(empty));
            self.queue.note_wait(waited);
            let parcel = self.parcel.take().expect("it was filled above");
            self.to_journal.send(ToJournal::Parcel(parcel)).map_err(|_| JournalGone)?;
        }
    }

    /// The next thing in the queue. Where the last ones came close together, it sleeps a little before it waits for one: who submits
    /// meanwhile finds nobody to wake. They do so as long as a sleep finds one, or one follows close behind it.
    fn next(
        &self,
        close_together: &mut bool,
    ) -> Result<ToShard<Sh::Command, Sh::Answer, R>, RecvError> {
        if let Ok(next) = self.commands.try_recv() {
            return Ok(next);
        }
        if *close_together || cfg!(feature = "schedules") {
            thread::sleep(GATHER);
            if let Ok(next) = self.commands.try_recv() {
                return Ok(next);
            }
        }
        let dry = Instant::now();
        let next = self.commands.recv();
        *close_together = dry.elapsed() < CLOSE;
        next
    }

    /// A parcel that came back, or a new one while there may be more of them, or the next that comes back.
    fn empty_parcel(&mut self) -> Result<Parcel<Sh::Answer, R>, JournalGone> {
        match self.emptied.try_recv() {
            Ok(parcel) => Ok(parcel),
            Err(TryRecvError::Disconnected) => Err(JournalGone),
            Err(TryRecvError::Empty) if self.made < PARCELS => {
                self.made += 1;
                Ok(Parcel::new(self.index))
            }
            Err(TryRecvError::Empty) => self.emptied.recv().map_err(|_| JournalGone),
        }
    }
}

/// A time in nanoseconds; what is too long for a `u64` is as long as it can be.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
