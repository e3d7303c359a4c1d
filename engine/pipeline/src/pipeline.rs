//! The whole pipeline in one place: what is made, in which order, how it is connected, and how it stops.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use yidan_journal::storage::Storage;
use yidan_journal::{Durable, Writer};

use crate::Shard;
use crate::cores;
use crate::handle::{Handle, Queue, Shared};
use crate::journal::{JournalStage, JournalThread, ToJournal};
use crate::limits::{PARCELS, QUEUE};
use crate::measure::Measures;
use crate::reply::{Ending, Reply, Stopped};
use crate::settle::{SettleStage, SettleThread, Tickets};
use crate::sync::mpsc::{SyncSender, sync_channel};
use crate::sync::thread::JoinHandle;

/// How a pipeline is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Commands that may wait for a shard; one more is refused.
    pub queue: usize,
    /// The cores that threads are bound to, in turn: the shards' first, then the journal's. Empty, the system decides.
    pub cores: Vec<usize>,
}

/// A running pipeline. Dropped without [`Pipeline::stop`], it ends as by a crash: what waits is told so, and the journal is
/// not sealed.
pub struct Pipeline<Sh: Shard, R: Reply<Sh::Answer>> {
    shared: Arc<Shared<Sh, R>>,
    to_journal: SyncSender<ToJournal<Sh::Answer, R>>,
    settling: Vec<JoinHandle<Option<Sh>>>,
    journaling: Option<JoinHandle<Option<Durable>>>,
    ended: Receiver<Infallible>,
}

/// What a clean stop leaves.
#[derive(Debug)]
pub struct Summary<Sh> {
    /// The shards, in order.
    pub shards: Vec<Sh>,
    /// The seal of the journal.
    pub seal: Durable,
    /// What all stages did.
    pub measures: Measures,
}

/// A thread could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the thread {thread} could not be started{}: {source}. {}", on(*core), advice(*core))]
pub struct StartError {
    /// Its name.
    pub thread: String,
    /// The core it was to be bound to.
    pub core: Option<usize>,
    /// What the system said.
    pub source: io::Error,
}

fn on(core: Option<usize>) -> String {
    core.map_or(String::new(), |core| format!(" on core {core}"))
}

fn advice(core: Option<usize>) -> &'static str {
    match core {
        Some(_) => "Name cores that this process may use, or none",
        None => "Allow this user more threads or memory",
    }
}

impl Default for Settings {
    /// Queues of [`QUEUE`] commands; no thread is bound to a core.
    fn default() -> Settings {
        Settings { queue: QUEUE, cores: Vec::new() }
    }
}

/// Starts one thread for each shard and one for the journal, and connects them.
///
/// # Errors
/// A thread that the system refuses, or a core that it does not have. What was started is ended; the journal has nothing new.
///
/// # Panics
/// If there is no shard, a queue has no place, or the writer has an open batch.
pub fn start<Sh, R, S>(
    shards: Vec<Sh>,
    writer: Writer<S>,
    settings: &Settings,
) -> Result<Pipeline<Sh, R>, StartError>
where
    Sh: Shard<Command: Send, Answer: Send> + Send + 'static,
    R: Reply<Sh::Answer> + Send + 'static,
    S: Storage<File: Send> + Send + 'static,
{
    assert!(!shards.is_empty() && settings.queue > 0, "a shard, and a place to wait for it");
    let count = shards.len();
    let mut core = settings.cores.iter().copied().cycle();

    // 1. How all of it ends, and what the threads measure and the handles read.
    let ending = Arc::new(Ending::new());
    let (ended, ended_seen) = bounded::<Infallible>(0);

    // 2. The stages: tickets begin where the journal ends.
    let tickets = Arc::new(Tickets::after(&writer));
    let stages: Vec<SettleStage<Sh, R>> =
        shards.into_iter().map(|shard| SettleStage::new(shard, &tickets)).collect();
    let journal = JournalStage::new(writer, count);

    // 3. The queues: submission to shard, bounded by the settings; shard to journal, and back, bounded by the parcels that
    //    exist, so that sending a parcel never waits. One place each for a shard's last word and the pipeline's.
    let (queues, commands): (Vec<_>, Vec<_>) = (0..count)
        .map(|_| sync_channel(settings.queue))
        .map(|(sender, receiver)| (Arc::new(Queue::new(sender)), receiver))
        .unzip();
    let (to_journal, inbox) = sync_channel(count * (PARCELS + 1) + 1);
    let (emptied, emptied_seen): (Vec<_>, Vec<_>) =
        (0..count).map(|_| sync_channel(PARCELS)).unzip();

    // 4. The front: handles submit into the queues and read the measures.
    let shelves = stages.iter().map(|stage| Arc::clone(stage.shelf())).collect();
    let shelf = Arc::clone(journal.shelf());
    let shared = Arc::new(Shared::new(queues, Arc::clone(&ending), shelves, shelf));
    let mut pipeline = Pipeline {
        shared: Arc::clone(&shared),
        to_journal: to_journal.clone(),
        settling: Vec::with_capacity(count),
        journaling: None,
        ended: ended_seen,
    };

    // 5. One thread for the journal.
    let at = if settings.cores.is_empty() { None } else { core.clone().nth(count) };
    let thread = JournalThread { stage: journal, inbox, emptied, closed: 0, shared, ended };
    let spawned = cores::spawn("journal", at, move || thread.run());
    pipeline.journaling = Some(spawned.map_err(failed("journal", at))?);

    // 6. One thread for each shard.
    let parts = stages.into_iter().zip(commands).zip(emptied_seen).enumerate();
    for (index, ((stage, commands), emptied)) in parts {
        let (at, name) = (core.next(), format!("settle-{index}"));
        let thread = SettleThread {
            index,
            stage,
            commands,
            queue: Arc::clone(&pipeline.shared.queues[index]),
            emptied,
            to_journal: to_journal.clone(),
            ending: Arc::clone(&ending),
            made: 0,
            parcel: None,
        };
        let spawned = cores::spawn(&name, at, move || thread.run());
        pipeline.settling.push(spawned.map_err(failed(&name, at))?);
    }
    Ok(pipeline)
}

fn failed(thread: &str, core: Option<usize>) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError { thread: thread.to_owned(), core, source }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Pipeline<Sh, R> {
    /// Where commands are submitted.
    pub fn handle(&self) -> Handle<Sh, R> {
        Handle::new(&self.shared)
    }

    /// What all stages did since the start.
    pub fn measures(&self) -> Measures {
        self.handle().measures()
    }

    /// A channel into which nothing is ever sent; it is disconnected when the journal's thread has ended, for whatever
    /// reason. [`Handle::stopped`] tells it then.
    pub fn ended(&self) -> Receiver<Infallible> {
        self.ended.clone()
    }

    /// Takes in nothing more, settles, journals and answers what was taken in, seals the journal, and ends the threads.
    /// What came too late to be taken in is told that it was.
    ///
    /// # Errors
    /// Why the pipeline stopped before it was asked to, or on the way. The journal is not sealed then.
    pub fn stop(mut self) -> Result<Summary<Sh>, Stopped> {
        let shared = Arc::clone(&self.shared);
        shared.ending.close();
        shared.close_queues();
        let (shards, seal) = self.join();
        let measures = self.handle().measures();
        match (shards, seal) {
            (Some(shards), Some(seal)) => Ok(Summary { shards, seal, measures }),
            (_, None) | (None, _) => Err(shared.ending.why()),
        }
    }

    /// Waits for the threads, which have been told to end; gives what they leave, where none was cut short.
    fn join(&mut self) -> (Option<Vec<Sh>>, Option<Durable>) {
        let mut shards = Some(Vec::with_capacity(self.settling.len()));
        for thread in self.settling.drain(..) {
            let shard = thread.join().ok().flatten();
            shards = shards.zip(shard).map(|(mut shards, shard)| {
                shards.push(shard);
                shards
            });
        }
        let seal = self.journaling.take().and_then(|thread| thread.join().ok().flatten());
        (shards, seal)
    }
}

impl<Sh: Shard, R: Reply<Sh::Answer>> Drop for Pipeline<Sh, R> {
    fn drop(&mut self) {
        if self.settling.is_empty() && self.journaling.is_none() {
            return;
        }
        self.shared.ending.fail("it was dropped without a stop, as by a crash");
        // The journal's first, so that it writes nothing more; where it has ended, it needs no telling.
        let _ = self.to_journal.send(ToJournal::Stop);
        self.shared.close_queues();
        self.join();
    }
}
