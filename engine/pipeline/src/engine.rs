//! A ledger on a folder: opened from its journal, run by the pipeline, stopped with a seal. Commands get their number and time
//! here, at admission, and nowhere else.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use yidan_journal::format::Kind;
use yidan_journal::storage::Storage;
use yidan_journal::storage::files::Files;
use yidan_journal::{
    Batch, Cut, JournalError, Limits, Lock, Loss, Places, Tip, Writer, scan_after,
};
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{
    Asked, Event, Lent, LentBill, LentRoom, PolicyNames, Record, Request,
};
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::{
    BUCKETS, Broken, Ledger, STEPS, Sought, StateHash, shard_of, shard_of_bucket,
};

use crate::family::run::{Door, Thread};
use crate::family::{Asking, Tag, ends_of};
use crate::limits::RETRY;
use crate::measure::Measures;
use crate::reply::{Reply, Stopped};
use crate::shard::{Answer, Ask, CurrentWorld, LedgerShard};
use crate::snapshot::{Begin, Keeper, Making, PassedOver, SnapshotError, fold_from};
use crate::world::World;
use crate::{Handle, Pipeline, Refused, Settings, StartError, Why, start};

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

/// A running engine.
pub struct Engine<R: Reply<Answer>> {
    pipeline: Pipeline<LedgerShard<Files>, Either<R>>,
    admission: Admission<R>,
    world: CurrentWorld,
    storage: Files,
    places: Places,
    recovered: Recovered,
    passed_over: Vec<PassedOver>,
    keeper: Option<Keeper>,
    /// After the pipeline: what is on its way when that is dropped is told so.
    families: Thread<R>,
    _lock: Lock,
}

/// Gives commands their number and time, and submits them. Clones admit to the same engine.
pub struct Admission<R: Reply<Answer>> {
    handle: Handle<LedgerShard<Files>, Either<R>>,
    next_seq: Arc<AtomicU64>,
    /// Held by who submits, and alone by who tells all shards something that no other command may come between. It says whether
    /// clients are let in.
    gate: Arc<RwLock<bool>>,
    /// Where commands go that need other members' accounts.
    door: Arc<Door<R>>,
}

/// Who waits: a client, or the engine itself.
pub struct Either<R: Reply<Answer>>(Who<R>);

enum Who<R: Reply<Answer>> {
    /// A client.
    Client(R),
    /// A client, whose command may need other members' accounts.
    Family(R, Arc<Door<R>>),
    /// An errand to other members' accounts.
    Errand(Tag, Arc<Door<R>>),
    /// The engine.
    Own(crossbeam_channel::Sender<Result<Answer, Stopped>>),
}

impl<R: Reply<Answer>> Reply<Answer> for Either<R> {
    fn send(self, answer: Result<Answer, Stopped>) {
        match (self.0, answer) {
            (Who::Family(reply, door), Ok(Answer::Needs(command, needs))) => {
                door.needed(command, needs, reply);
            }
            (Who::Client(reply) | Who::Family(reply, _), answer) => reply.send(answer),
            (Who::Errand(tag, door), answer) => door.answered(tag, answer),
            // Whoever has gone away is not told.
            (Who::Own(to), answer) => drop(to.send(answer)),
        }
    }
}

impl<R: Reply<Answer>> Clone for Admission<R> {
    fn clone(&self) -> Admission<R> {
        Admission {
            handle: self.handle.clone(),
            next_seq: Arc::clone(&self.next_seq),
            gate: Arc::clone(&self.gate),
            door: Arc::clone(&self.door),
        }
    }
}

impl Default for Setup {
    /// One shard, batches that hold the longest record, and no loss accepted.
    fn default() -> Setup {
        let limits = Limits { payload_bytes: 8 << 20, ..Limits::default() };
        Setup { shards: 1, limits, loss: Loss::Refuse, pipeline: Settings::default() }
    }
}

/// How many settlements are looked up before the first of them is folded in: enough that memory is fetched for several at a
/// time, and few enough that it is still at hand when its turn comes.
const AHEAD: usize = 32;

/// A settlement that is about to be folded in.
struct Ahead<'b> {
    number: u64,
    asked: Asked<'b>,
    bill: LentBill<'b>,
    sought: Sought,
    shard: usize,
}

/// Folds a journal into ledgers: what a start does, and what looks at a journal without starting.
#[derive(Debug)]
pub struct Fold {
    ledgers: Vec<Ledger>,
    recovered: Recovered,
    wrong: Option<EngineError>,
    room: LentRoom,
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
                self.ledgers[one.shard].seek(step, &one.asked, &mut one.sought);
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

/// How long a journal that looks broken is let alone before it is read again: an engine may be writing it.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

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
        std::thread::sleep(PAUSE);
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
    let ends = ends_of(&ledgers, |number| writer.places().fetch(storage, number))?;
    let shards = ledgers
        .into_iter()
        .map(|ledger| LedgerShard::new(ledger, world, writer.places(), storage.clone()))
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
        let places = writer.places().clone();
        let pipeline = start(shards, writer, &setup.pipeline)?;
        let (door, inbox) = Door::new(pipeline.handle().ending());
        let admission = Admission {
            handle: pipeline.handle(),
            next_seq: Arc::new(AtomicU64::new(next_seq)),
            gate: Arc::new(RwLock::new(true)),
            door: Arc::clone(&door),
        };
        let families = Thread::start(&door, inbox, admission.clone())
            .map_err(|source| StartError { thread: "families".to_owned(), core: None, source })?;
        let engine = Engine {
            pipeline,
            admission,
            world,
            storage,
            places,
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
        let (storage, places) = (self.storage.clone(), self.places.clone());
        let keeper = Keeper::start(storage, places, every, since, tell)
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

    /// A record that is durable, by its number.
    ///
    /// # Errors
    /// It is not there, archived, or damaged.
    pub fn record(&self, number: u64) -> Result<Vec<u8>, JournalError> {
        self.places.fetch(&self.storage, number)
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
        let closed = self.admission.close();
        if closed.is_ok() {
            self.families.rest();
        }
        let summary = self.pipeline.stop()?;
        // What stopped family accounts did not stop the journal, and is told all the same.
        closed?;
        let hash = StateHash::of(summary.shards.iter().map(LedgerShard::ledger));
        Ok((hash, summary.measures))
    }
}

impl<R: Reply<Answer>> Admission<R> {
    /// Admits a command of one member: stamps it, and puts it into the queue of the member's shard. Returns its number.
    ///
    /// # Errors
    /// A full queue, or an engine that has stopped: nothing was taken in, and `reply` comes back with what was asked.
    ///
    /// # Panics
    /// For what concerns all members; see [`Admission::tell_all`].
    pub fn submit(&self, request: Request, what: What, reply: R) -> Result<u64, Box<NotTaken<R>>> {
        let open = self.gate.read();
        if !*open {
            let why = Why::Stopped(Stopped::new("it was asked to"));
            return Err(Box::new(NotTaken { request, what, reply, why }));
        }
        let command = self.stamp(request, what);
        assert!(!command.concerns_all(), "what concerns all is told to all");
        if command.may_need_family() && self.door.is_full() {
            let Command { request, what, .. } = command;
            let why = Why::Full { retry_after: RETRY.0 };
            return Err(Box::new(NotTaken { request, what, reply, why }));
        }
        let shard = shard_of(&command.request.psn_no, self.handle.shards());
        let seq = command.seq;
        let who = if command.may_need_family() {
            Who::Family(reply, Arc::clone(&self.door))
        } else {
            Who::Client(reply)
        };
        match self.handle.submit(shard, Ask::of(command), Either(who)) {
            Ok(()) => Ok(seq),
            Err(Refused {
                command: Ask::Command(command, _),
                reply: Either(Who::Client(reply) | Who::Family(reply, _)),
                why,
            }) => {
                let Command { request, what, .. } = *command;
                Err(Box::new(NotTaken { request, what, reply, why }))
            }
            Err(_) => unreachable!("what comes back is what was sent"),
        }
    }

    /// Admits a command as [`Admission::submit`] does, as often as its queue is full: `full` is told how long to wait, and may
    /// wait for something better than time. Returns the command's number.
    ///
    /// # Errors
    /// What `full` gives; an engine that has stopped.
    ///
    /// # Panics
    /// As [`Admission::submit`].
    pub fn submit_until_taken<E: From<Stopped>>(
        &self,
        mut request: Request,
        mut what: What,
        mut reply: R,
        mut full: impl FnMut(Duration) -> Result<(), E>,
    ) -> Result<u64, E> {
        loop {
            let not_taken = match self.submit(request, what, reply) {
                Ok(seq) => return Ok(seq),
                Err(not_taken) => *not_taken,
            };
            match not_taken.why {
                Why::Stopped(stopped) => return Err(stopped.into()),
                Why::Full { retry_after } => full(retry_after)?,
            }
            NotTaken { request, what, reply, .. } = not_taken;
        }
    }

    /// Tells every shard something, with no other command in between, and waits until it is durable.
    ///
    /// # Errors
    /// The engine has stopped.
    pub fn tell_all(&self, what: What) -> Result<(), Stopped> {
        let _alone = self.gate.write();
        let command = self.stamp(Request::default(), what);
        self.ask_all(|_| Ask::Look(Box::new(|_| {})))?;
        self.ask_all(|_| Ask::of(command.clone()))
    }

    /// Looks at every shard, at a moment when all it has journaled is durable.
    ///
    /// # Errors
    /// The engine has stopped.
    pub fn look_at_all<T: Send + 'static>(
        &self,
        look: impl Fn(&Ledger) -> T + Clone + Send + 'static,
    ) -> Result<Vec<T>, Stopped> {
        let _alone = self.gate.write();
        let (to, seen) = crossbeam_channel::unbounded();
        self.ask_all(|shard| {
            let (look, to) = (look.clone(), to.clone());
            Ask::Look(Box::new(move |ledger| drop(to.send((shard, look(ledger))))))
        })?;
        let mut all: Vec<(usize, T)> = seen.try_iter().collect();
        all.sort_by_key(|(shard, _)| *shard);
        Ok(all.into_iter().map(|(_, one)| one).collect())
    }

    /// Lets no more clients in, and waits until every shard has decided what they asked for.
    fn close(&self) -> Result<(), Stopped> {
        *self.gate.write() = false;
        self.ask_all(|_| Ask::Look(Box::new(|_| {})))
    }

    /// Ends what is held of family accounts, before anything else is asked, and waits until it is durable.
    fn end_holds(&self, ends: Vec<(Text, What)>) -> Result<(), Stopped> {
        let shards = self.handle.shards();
        let asked = ends.into_iter().map(|(owner, what)| {
            let shard = shard_of(&owner, shards);
            (shard, Ask::of(self.stamp(Request { psn_no: owner, ..Request::default() }, what)))
        });
        let ended = self.ask_and_wait(asked)?;
        let done = |answer: &Answer| matches!(answer, Answer::Done(_, _));
        assert!(ended.iter().all(done), "what is held is ended");
        Ok(())
    }

    fn ask_all(&self, ask: impl Fn(usize) -> Ask) -> Result<(), Stopped> {
        self.ask_and_wait((0..self.handle.shards()).map(|shard| (shard, ask(shard)))).map(drop)
    }

    fn ask_and_wait(
        &self,
        all: impl Iterator<Item = (usize, Ask)>,
    ) -> Result<Vec<Answer>, Stopped> {
        let (to, answers) = crossbeam_channel::unbounded();
        let mut count = 0;
        for (shard, mut asked) in all {
            count += 1;
            loop {
                match self.handle.submit(shard, asked, Either(Who::Own(to.clone()))) {
                    Ok(()) => break,
                    Err(Refused { why: Why::Stopped(stopped), .. }) => return Err(stopped),
                    Err(Refused { command, why: Why::Full { retry_after }, .. }) => {
                        std::thread::sleep(retry_after);
                        asked = command;
                    }
                }
            }
        }
        let next = |_| match answers.recv() {
            Ok(answer) => answer,
            Err(_) => Err(self.handle.stopped().expect("a reply is dropped by an end alone")),
        };
        (0..count).map(next).collect()
    }

    /// What an errand asks of a shard, stamped, and the shard.
    pub(crate) fn errand(&self, asking: Asking) -> (usize, Ask) {
        let shard = asking.shard(self.handle.shards());
        (shard, asking.ask(|request, what| self.stamp(request, what)))
    }

    /// Asks it. A full queue gives it back.
    pub(crate) fn ask_errand(
        &self,
        shard: usize,
        ask: Ask,
        tag: Tag,
    ) -> Result<(), Result<Ask, Stopped>> {
        let _open = self.gate.read();
        let who = Either(Who::Errand(tag, Arc::clone(&self.door)));
        self.handle.submit(shard, ask, who).map_err(|refused| match refused.why {
            Why::Full { .. } => Ok(refused.command),
            Why::Stopped(stopped) => Err(stopped),
        })
    }

    fn stamp(&self, request: Request, what: What) -> Command {
        let seq = self.next_seq.fetch_add(what.numbers(), Ordering::Relaxed);
        let request = Request { digest: what.digest(), ..request };
        Command { seq, time_ms: now_ms(), request, what, shares: None }
    }
}

/// A command that was not taken in.
pub struct NotTaken<R> {
    /// Who asked.
    pub request: Request,
    /// For what.
    pub what: What,
    /// Who was to be answered.
    pub reply: R,
    /// Why it was not taken in.
    pub why: Why,
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The name of a new journal: the time and the process that began it.
fn journal_id(now_ms: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&now_ms.to_be_bytes());
    id[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    id
}
