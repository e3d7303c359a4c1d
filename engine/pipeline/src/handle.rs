//! Where commands are submitted: a full queue refuses at once and gives the command back, nothing ever waits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Shard;
use crate::limits::RETRY;
use crate::measure::{Adds, JournalMeasures, Measures, SettleMeasures, Shelf};
use crate::reply::{Ending, Reply, Stopped};
use crate::settle::{Submitted, ToShard, nanoseconds};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::mpsc::{SyncSender, TrySendError};

/// Submits commands; clones submit to the same shards.
pub struct Handle<Sh: Shard, R: Reply<Sh::Answer>> {
    shared: Arc<Shared<Sh, R>>,
}

/// A command that was not taken in, given back; nothing happened.
#[derive(thiserror::Error)]
#[error("{why}")]
pub struct Refused<C, R> {
    /// The command.
    pub command: C,
    /// Who was to be answered.
    pub reply: R,
    /// Why it was not taken in.
    pub why: Why,
}

/// Why a command was not taken in.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Why {
    /// The queue of the shard is full.
    #[error("too much is waiting; try again in {} ms", retry_after.as_millis())]
    Full {
        /// About as long as the last command waited in the queue.
        retry_after: Duration,
    },
    /// Nothing is taken in any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Tells only why: a command may name a person.
impl<C, R> fmt::Debug for Refused<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

/// The queue of one shard.
pub(crate) struct Queue<Sh: Shard, R: Reply<Sh::Answer>> {
    commands: SyncSender<ToShard<Sh::Command, Sh::Answer, R>>,
    /// How long a command waited of late, in nanoseconds.
    waited_ns: AtomicU64,
}

/// What the handles share.
pub(crate) struct Shared<Sh: Shard, R: Reply<Sh::Answer>> {
    pub(crate) queues: Vec<Arc<Queue<Sh, R>>>,
    pub(crate) ending: Arc<Ending>,
    refused: AtomicU64,
    settle: Vec<Arc<Shelf<SettleMeasures>>>,
    journal: Arc<Shelf<JournalMeasures>>,
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Clone for Handle<Sh, R> {
    fn clone(&self) -> Handle<Sh, R> {
        Handle { shared: Arc::clone(&self.shared) }
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Handle<Sh, R> {
    pub(crate) fn new(shared: &Arc<Shared<Sh, R>>) -> Handle<Sh, R> {
        Handle { shared: Arc::clone(shared) }
    }

    /// Puts a command into the queue of a shard, and returns at once. Commands that one thread submits to one shard are
    /// decided and answered in that order.
    ///
    /// # Errors
    /// A full queue, or an engine that has stopped. The command was not taken in, and `reply` is not told.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn submit(
        &self,
        shard: usize,
        command: Sh::Command,
        reply: R,
    ) -> Result<(), Refused<Sh::Command, R>> {
        if let Some(stopped) = self.shared.ending.stopped() {
            return Err(Refused { command, reply, why: stopped.into() });
        }
        let queue = &self.shared.queues[shard];
        let submitted = Submitted::new(command, reply, &self.shared.ending);
        let (refused, why) = match queue.commands.try_send(ToShard::Submitted(submitted)) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(refused)) => {
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
                (refused, Why::Full { retry_after: queue.retry_after() })
            }
            Err(TrySendError::Disconnected(refused)) => {
                (refused, Why::Stopped(self.shared.ending.why()))
            }
        };
        let ToShard::Submitted(Submitted { command, owed, .. }) = refused else {
            unreachable!("what comes back is what was sent");
        };
        Err(Refused { command, reply: owed.forgive(), why })
    }

    /// How all of it ends.
    pub(crate) fn ending(&self) -> Arc<Ending> {
        Arc::clone(&self.shared.ending)
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shared.queues.len()
    }

    /// Why nothing is taken in any more; `None` as long as something is.
    pub fn stopped(&self) -> Option<Stopped> {
        self.shared.ending.stopped()
    }

    /// What all stages did since the start.
    pub fn measures(&self) -> Measures {
        let mut settle = SettleMeasures::nothing();
        for shelf in &self.shared.settle {
            settle.add(&shelf.read());
        }
        let refused = self.shared.refused.load(Ordering::Relaxed);
        Measures { settle, journal: self.shared.journal.read(), refused }
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Queue<Sh, R> {
    pub(crate) fn new(commands: SyncSender<ToShard<Sh::Command, Sh::Answer, R>>) -> Queue<Sh, R> {
        Queue { commands, waited_ns: AtomicU64::new(0) }
    }

    /// Notes how long a command waited here.
    pub(crate) fn note_wait(&self, waited: Duration) {
        self.waited_ns.store(nanoseconds(waited), Ordering::Relaxed);
    }

    fn retry_after(&self) -> Duration {
        let (least, most) = RETRY;
        Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed)).clamp(least, most)
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Shared<Sh, R> {
    pub(crate) fn new(
        queues: Vec<Arc<Queue<Sh, R>>>,
        ending: Arc<Ending>,
        settle: Vec<Arc<Shelf<SettleMeasures>>>,
        journal: Arc<Shelf<JournalMeasures>>,
    ) -> Shared<Sh, R> {
        Shared { queues, ending, refused: AtomicU64::new(0), settle, journal }
    }

    /// Puts an end into every queue. It waits for room only while the thread of the shard takes things out.
    pub(crate) fn close_queues(&self) {
        for queue in &self.queues {
            // A shard that has ended needs no telling.
            let _ = queue.commands.send(ToShard::Close);
        }
    }
}
