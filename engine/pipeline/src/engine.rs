//! A ledger on a folder: opened from its journal, run by the pipeline, stopped with a seal.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use yidan_journal::storage::Storage;
use yidan_journal::storage::files::Files;
use yidan_journal::{Batch, JournalError, Limits, Lock, Loss, Writer};
use yidan_settlement::command::What;
use yidan_settlement::event::PolicyNames;
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::{BUCKETS, Broken, Ledger, StateHash};

use crate::admission::{Admission, Who, now_ms};
use crate::family::ends_of;
use crate::family::run::{Door, Thread};
use crate::fold::Recovered;
use crate::measure::Measures;
use crate::reply::{Reply, Stopped};
use crate::shard::{Answer, CurrentWorld, LedgerShard};
use crate::snapshot::{Begin, Keeper, Making, PassedOver, SnapshotError, fold_from};
use crate::world::World;
use crate::{Pipeline, Records, Settings, StartError, start};

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Shards of members, each with a thread.
    pub shards: usize,
    /// Bounds of the journal.
    pub limits: Limits,
    /// What to do about damage that may have been answered.
    pub loss: Loss,
    /// Queues and cores.
    pub pipeline: Settings,
}

/// Why an engine cannot be opened or has stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The folder cannot be made.
    #[error("{folder}: {source}. Give a folder that this user may make and write")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// A record that this program cannot read.
    #[error(
        "record {number} of the journal cannot be read: it is of another version, or not a journal of yidan. \
         Use the program that wrote it"
    )]
    Unreadable {
        /// Its number.
        number: u64,
    },
    /// A record that does not follow from those before it.
    #[error("record {number}: {broken}. Put the journal back from a copy or a standby")]
    Broken {
        /// Its number.
        number: u64,
        /// What does not fit.
        broken: Broken,
    },
    /// Segments are archived, and no snapshot that holds them can be used.
    #[error("{missing}. Here no snapshot does: {}", told(passed_over))]
    NoWayBack {
        /// What is needed of the journal.
        missing: JournalError,
        /// The snapshots that cannot be used.
        passed_over: Vec<PassedOver>,
    },
    /// A snapshot that was just written and cannot be read.
    #[error("the snapshot just written does not come back, and is not kept: {0}")]
    NotProved(SnapshotError),
    /// A snapshot that was just written and makes another state.
    #[error(
        "the snapshot of the records before {next_record} does not make the state it was made of, and is not kept. \
         This is a mistake of the program: the journal is sound, and starts go on without it"
    )]
    AnotherState {
        /// The first record that it would not hold.
        next_record: u64,
    },
    /// A thread could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

fn told(passed_over: &[PassedOver]) -> String {
    let all: Vec<String> = passed_over.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// Records of an engine on a folder, by their numbers.
pub type EngineRecords = Records<Files>;

/// A running engine.
pub struct Engine<R: Reply<Answer>> {
    pipeline: Pipeline<LedgerShard<Files>, Who<R>>,
    admission: Admission<R>,
    world: CurrentWorld,
    records: Records<Files>,
    recovered: Recovered,
    passed_over: Vec<PassedOver>,
    keeper: Option<Keeper>,
    /// After the pipeline: what is on its way when that is dropped is told so.
    families: Thread<R>,
    _lock: Lock,
}

impl Default for Setup {
    /// One shard, batches that hold the longest record, and no loss accepted.
    fn default() -> Setup {
        let limits = Limits { payload_bytes: 8 << 20, ..Limits::default() };
        Setup { shards: 1, limits, loss: Loss::Refuse, pipeline: Settings::default() }
    }
}

/// What a journal gives to start from.
pub struct Opened<S: Storage> {
    /// The shards, with all that the journal says.
    pub shards: Vec<LedgerShard<S>>,
    /// The journal, ready for the next record.
    pub writer: Writer<S>,
    /// How what is held of family accounts ends, before any other command.
    pub ends: Vec<(Text, What)>,
    /// The number of the next command.
    pub next_seq: u64,
    /// What reading it gave.
    pub recovered: Recovered,
    /// Snapshots that could not be used.
    pub passed_over: Vec<PassedOver>,
}

/// Makes shards from the newest good snapshot of a journal and what comes after it, on any storage, or begins a journal named
/// `journal` where there is none: the start of an engine, without its threads.
///
/// # Errors
/// A journal that cannot be read, written, or gone on from.
pub fn recover<S: Storage + Clone>(
    storage: &S,
    setup: &Setup,
    world: &CurrentWorld,
    journal: [u8; 16],
    now_ms: u64,
) -> Result<Opened<S>, EngineError> {
    let (limits, loss) = (setup.limits, setup.loss);
    let shards = setup.shards.clamp(1, BUCKETS);
    let (fold, writer, passed_over) = fold_from(storage, shards, Begin::Newest, |fold, mark| {
        let batch = |batch: &Batch<'_>| fold.batch(batch);
        Writer::open_after(storage.clone(), mark, limits, journal, now_ms, loss, batch)
    })?;
    let (ledgers, mut recovered) = fold.end()?;
    recovered.cut = writer.cut();
    let next_seq = ledgers.iter().map(Ledger::last_seq).max().unwrap_or(0) + 1;
    let durable = Records::new(writer.places(), storage.clone());
    let ends = ends_of(&ledgers, |number| durable.fetch(number))?;
    let shards = ledgers
        .into_iter()
        .map(|ledger| LedgerShard::new(ledger, world, durable.clone()))
        .collect();
    Ok(Opened { shards, writer, ends, next_seq, recovered, passed_over })
}

impl<R: Reply<Answer> + Send + 'static> Engine<R> {
    /// Opens a folder: takes its lock, folds its journal, starts the threads, and tells the ledger of packs and image that it
    /// does not know.
    ///
    /// # Errors
    /// Another engine on the folder; a journal that cannot be read, written, or gone on from.
    pub fn open(folder: &Path, setup: &Setup, world: World) -> Result<Engine<R>, EngineError> {
        let made = |source| EngineError::Folder { folder: folder.display().to_string(), source };
        let storage = Files::new(folder).map_err(made)?;
        let lock = Lock::take(folder)?;
        let world: CurrentWorld = Arc::new(RwLock::new(Arc::new(world)));
        let now = now_ms();
        let Opened { shards, writer, ends, next_seq, recovered, passed_over } =
            recover(&storage, setup, &world, journal_id(now), now)?;
        let records = Records::new(writer.places(), storage);
        let pipeline = start(shards, writer, &setup.pipeline)?;
        let (door, inbox) = Door::new(pipeline.handle().ending());
        let admission = Admission::new(pipeline.handle(), next_seq, &door);
        let families = Thread::start(&door, inbox, admission.clone())
            .map_err(|source| StartError { thread: "families".to_owned(), core: None, source })?;
        let engine = Engine {
            pipeline,
            admission,
            world,
            records,
            recovered,
            passed_over,
            keeper: None,
            families,
            _lock: lock,
        };
        engine.admission.end_holds(ends)?;
        engine.tell_world()?;
        Ok(engine)
    }

    /// Tells every shard of packs and image; what it knows already leaves no record.
    fn tell_world(&self) -> Result<(), EngineError> {
        let world = Arc::clone(&self.world.read());
        for loaded in world.packs() {
            self.admission.tell_all(What::LoadPolicy(PolicyNames::of(&loaded.pack)))?;
        }
        if let Some(image) = world.image() {
            self.admission.tell_all(What::LoadCatalogue(image.digest()))?;
        }
        Ok(())
    }

    /// What reading the journal gave.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Snapshots that the start could not use.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Makes a snapshot after every so many records from here on, beside what is settled; `tell` is told how each ended. What
    /// goes wrong with one stops nothing.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub fn keep_snapshots(
        &mut self,
        every: u64,
        tell: impl Fn(Result<Making, EngineError>) + Send + 'static,
    ) -> Result<(), StartError> {
        let since = self.recovered.snapshot.unwrap_or(1);
        let keeper = Keeper::start(self.records.clone(), every, since, tell)
            .map_err(|source| StartError { thread: "snapshots".to_owned(), core: None, source })?;
        self.keeper = Some(keeper);
        Ok(())
    }

    /// The packs and the image in use.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read())
    }

    /// Where commands are admitted.
    pub fn admission(&self) -> &Admission<R> {
        &self.admission
    }

    /// Where records are read that are durable.
    pub fn records(&self) -> &EngineRecords {
        &self.records
    }

    /// What all stages did since the start.
    pub fn measures(&self) -> Measures {
        self.pipeline.measures()
    }

    /// Takes nothing more in, finishes what was taken in, and seals the journal.
    ///
    /// # Errors
    /// Why it stopped before it was asked to.
    pub fn stop(mut self) -> Result<(StateHash, Measures), EngineError> {
        self.keeper = None;
        // What clients asked for is finished, family accounts too, before the queues are closed.
        if self.admission.close().is_ok() {
            self.families.rest();
        }
        let summary = self.pipeline.stop()?;
        // What stopped family accounts did not stop the journal, and is told all the same.
        if let Some(stopped) = self.admission.failed() {
            return Err(stopped.into());
        }
        let hash = StateHash::of(summary.shards.iter().map(LedgerShard::ledger));
        Ok((hash, summary.measures))
    }
}

/// The name of a new journal: the time and the process that began it.
fn journal_id(now_ms: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&now_ms.to_be_bytes());
    id[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    id
}
