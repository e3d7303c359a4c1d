//! The whole engine below its network, on one thread and from one seed: clients, clock, shards, journal and disk, in an order
//! that the seed gives, through crashes at any point, with checks after every restart and at the end.
//!
//! ```text
//! Clients ─► Engine: queue ─► SettleStage ─► lane ─► JournalStage ─► mail ─► Clients      each arrow when the seed says so
//!               │                                        │
//!               └── recover ◄── Memory, the disk: cut, full, failing, rotting ◄──┘         checks: one file a property
//! ```

pub mod checks;
mod clients;
mod disk;
mod engine;
mod trace;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::RwLock;
use yidan_image::Image;
use yidan_journal::snapshot::{list, name_of};
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{JournalError, Limits, Loss};
use yidan_pipeline::Settings;
use yidan_pipeline::engine::{EngineError, Setup, recover};
use yidan_pipeline::shard::{Answer, CurrentWorld};
use yidan_pipeline::snapshot::{Making, make};
use yidan_pipeline::world::World;
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{Event, PolicyNames, Record};
use yidan_settlement::ledger::{RequestKey, StateHash};
use yidan_settlement::pack::Pack;
use yidan_settlement::stored;

use crate::random::Dice;
use crate::town::{self, Packs, Town};
use checks::{Evidence, Violation};
use disk::{Rot, power_cut};
use engine::{Engine, Mail};

pub use clients::{Clients, Told, Wish};
pub use disk::Fate;
pub use trace::Trace;

/// Days that pass in a run at most: keys of requests are remembered for longer.
const DAYS_MAX: u32 = 25;

/// Steps that a life goes on for, until something is held.
const HOLD_STEPS_MAX: usize = 1_000;

/// Rounds in which everything that is open is asked again at the end.
const ROUNDS_MAX: usize = 500;

/// A fault put into the engine or its disk on purpose, to see that the checks find it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Planted {
    /// None.
    Nothing,
    /// A shard answers before its record is durable.
    AnsweredEarly,
    /// The disk's syncs do nothing.
    SyncsLie,
    /// The ledger takes a request that comes again for a new one.
    KeysForgotten,
    /// Damage that may have been answered is accepted without asking anyone.
    LossAccepted,
    /// A start does not end what is held of family accounts.
    HoldsForgotten,
}

/// What a run settles by: the same for all seeds.
pub struct Scene {
    packs: Vec<Arc<Pack>>,
    image: Arc<Image>,
    world: CurrentWorld,
}

/// What a run came to.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Run {
    /// A number that everything that happened has a part in.
    pub digest: u64,
    /// The state at the end.
    pub hash: StateHash,
    /// How often what happened.
    pub counts: BTreeMap<String, u64>,
}

/// A run that broke a property.
#[derive(Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The property.
    pub property: &'static str,
    /// How.
    pub what: String,
    /// The last steps.
    pub trace: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, property, what, trace } = self;
        write!(
            f,
            "{trace}\nseed {seed} breaks `{property}`: {what}\nrun it alone by YIDAN_SEED={seed}"
        )
    }
}

impl Scene {
    /// R1, Xining, Jining, and the image of the town's codes.
    pub fn curated() -> Scene {
        Scene::new(Packs::curated().all().to_vec())
    }

    /// These packs, and the image of the town's codes.
    pub fn new(packs: Vec<Arc<Pack>>) -> Scene {
        let image = Arc::new(town::image());
        let mut world = World::new();
        world.set_image(Arc::clone(&image));
        packs.iter().for_each(|pack| world.add_pack(Arc::clone(pack), Path::new("simulated")));
        Scene { packs, image, world: Arc::new(RwLock::new(Arc::new(world))) }
    }

    /// The packs.
    pub fn packs(&self) -> &[Arc<Pack>] {
        &self.packs
    }

    /// The image.
    pub fn image(&self) -> &Arc<Image> {
        &self.image
    }
}

/// One run of a seed.
///
/// # Errors
/// The first property that it broke.
pub fn run(scene: &Scene, seed: u64, planted: Planted) -> Result<Run, Failure> {
    let mut sim = Sim::new(scene, seed, planted);
    let ended = catch_unwind(AssertUnwindSafe(|| sim.run()));
    let violation = match ended {
        Ok(Ok(hash)) => {
            let digest = sim.trace.digest();
            return Ok(Run { digest, hash, counts: sim.counts });
        }
        Ok(Err(violation)) => violation,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Violation { property: "no panic", what: text.unwrap_or("no text").to_owned() }
        }
    };
    let Violation { property, what } = violation;
    Err(Failure { seed, property, what, trace: sim.trace.last() })
}

/// Something that every shard is being told, with no other command in between.
struct Telling {
    wish: Option<usize>,
    what: What,
    /// The tag under which it was put into all queues, and how many answers are still to come.
    asked: Option<(u64, usize)>,
}

struct Sim<'s> {
    scene: &'s Scene,
    planted: Planted,
    dice: Dice,
    limits: Limits,
    /// Commands in flight at most, and what each queue has room for.
    in_flight: usize,
    room: usize,
    town: Town,
    days: u32,
    clients: Clients,
    disk: Memory,
    engine: Option<Engine>,
    mail: Mail,
    telling: VecDeque<Telling>,
    rot: Option<Rot>,
    /// A write failed within a sector, so that the journal may end in what looks damaged.
    half_written: bool,
    /// Whether answers arrive whatever the network does: at the end.
    calm: bool,
    trace: Trace,
    counts: BTreeMap<String, u64>,
}

impl<'s> Sim<'s> {
    fn new(scene: &'s Scene, seed: u64, planted: Planted) -> Sim<'s> {
        let mut dice = Dice::new(seed);
        let segment_bytes = *dice.one(&[12 << 10, 24 << 10, 64 << 10]);
        let limits =
            Limits { segment_bytes, payload_bytes: 8 << 10, records: *dice.one(&[1, 3, 16, 256]) };
        let members = usize::try_from(dice.between(2, 10)).expect("small");
        Sim {
            scene,
            planted,
            limits,
            in_flight: usize::try_from(dice.between(1, 24)).expect("small"),
            room: usize::try_from(dice.between(1, 16)).expect("small"),
            town: Town::new(dice.bits(), members, &Packs::new(Vec::new())),
            days: 0,
            clients: Clients::default(),
            disk: Memory::new(),
            engine: None,
            mail: Rc::new(RefCell::new(Vec::new())),
            telling: VecDeque::new(),
            rot: None,
            half_written: false,
            calm: false,
            trace: Trace::default(),
            counts: BTreeMap::new(),
            dice,
        }
    }

    fn run(&mut self) -> Result<StateHash, Violation> {
        self.start()?;
        for _ in 0..self.dice.between(1, 5) {
            let fate = *self.dice.one(&Fate::ALL);
            let lived = self.life(fate)?;
            self.end(fate, lived)?;
            self.start()?;
        }
        self.last_life()
    }

    fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().expect("it runs")
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    fn plan(&mut self, plan: Plan) {
        let syncs_lie = self.planted == Planted::SyncsLie;
        self.disk.plan(Plan { syncs_lie, ..plan });
    }

    /// Lets everything happen for a while; `false` when the journal failed.
    fn life(&mut self, fate: Fate) -> Result<bool, Violation> {
        let plan = fate.plan(&mut self.dice);
        self.trace.step(format!("a life that ends so: {fate:?}, {plan:?}"));
        self.plan(plan);
        for _ in 0..self.dice.between(0, 1_500) {
            if !self.act(true)? {
                return Ok(false);
            }
            if self.rot.is_none() && self.dice.below(2_000) == 0 {
                self.rot(true);
            }
        }
        // Half of all lives end while something is held of a family account, if it comes to that soon.
        let mut more = if self.dice.percent(50) { HOLD_STEPS_MAX } else { 0 };
        while more > 0 && !self.engine().holds_something() {
            more -= 1;
            if !self.act(true)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One step of anything; `false` when the journal failed.
    fn act(&mut self, asking: bool) -> Result<bool, Violation> {
        let shards = self.engine().shards();
        let shard = self.dice.index(shards);
        match self.dice.below(1_000) {
            0..260 if asking => self.ask_anew(),
            260..340 if asking => self.ask_again(),
            340..600 => {
                let most = self.dice.index(8) + 1;
                let decided = self.engine().settle(shard, most);
                if decided > 0 {
                    self.trace.step(format!("shard {shard} decides {decided}"));
                }
            }
            600..780 => {
                let arrived = self.engine().hand_over(shard);
                if arrived {
                    self.trace.step(format!("a parcel of shard {shard} arrives"));
                }
            }
            780..940 => {
                let time_ms = self.town.now_ms();
                match self.engine().journal(time_ms) {
                    Ok(durable) => durable.iter().for_each(|durable| {
                        self.trace.step(format!("the journal writes {durable:?}"));
                    }),
                    Err(error) => {
                        self.trace.step(format!("the journal fails: {error}"));
                        return Ok(false);
                    }
                }
            }
            940..942 if asking && self.days < DAYS_MAX => {
                self.days += 1;
                let command = self.town.end_day();
                self.wish(command);
            }
            942..954 if asking && !self.clients.wishes.is_empty() => {
                let command = self.town.change_member();
                self.wish(command);
            }
            954..957 => self.snapshot()?,
            957..1_000 => self.ask_errands(),
            _ => {}
        }
        self.tell();
        self.read_mail()?;
        Ok(true)
    }

    /// Errands ask what they have to ask. While all are told something, nobody else is let in.
    fn ask_errands(&mut self) {
        let time_ms = self.town.now_ms();
        for _ in 0..=self.dice.index(4) {
            if !self.telling.is_empty() {
                return;
            }
            let Some(said) = self.engine().ask_errand(time_ms) else { return };
            self.trace.step(said);
            self.count("errand");
        }
    }

    /// A snapshot is made beside the engine. What goes wrong with it is the disk's fault, and stops nothing.
    fn snapshot(&mut self) -> Result<(), Violation> {
        match make(&self.disk, self.town.now_ms(), || true) {
            Ok(Making::Made(made, passed_over)) => {
                self.trace.step(format!("{made:?}, {passed_over:?}"));
                self.count("snapshot made");
            }
            Ok(Making::NothingNew(_) | Making::Ended) => {}
            Err(error) => {
                self.trace.step(format!("no snapshot: {error}"));
                self.count("snapshot not made");
                let of_disk = matches!(
                    error,
                    EngineError::Journal(JournalError::File { .. } | JournalError::NoRoom { .. })
                );
                if !of_disk && self.rot.is_none() && self.planted == Planted::Nothing {
                    return Err(Violation { property: "snapshot", what: error.to_string() });
                }
            }
        }
        Ok(())
    }

    /// A client has a new wish, if not too many are open.
    fn ask_anew(&mut self) {
        if self.clients.open().len() >= self.in_flight {
            return;
        }
        let command = self.town.next_command();
        // Packs and image are told by the engine itself, when it starts.
        if !matches!(command.what, What::LoadPolicy(_) | What::LoadCatalogue(_)) {
            self.wish(command);
        }
    }

    fn wish(&mut self, command: Command) {
        let wish = self.clients.wish(command.request, command.what);
        self.ask(wish);
    }

    /// A client whose time is up asks again; the first copy may be anywhere.
    fn ask_again(&mut self) {
        let open = self.clients.open();
        if !open.is_empty() {
            let wish = *self.dice.one(&open);
            self.count("asked again");
            self.ask(wish);
        }
    }

    fn ask(&mut self, number: usize) {
        let wish = &self.clients.wishes[number];
        let (request, what) = (wish.request.clone(), wish.what.clone());
        if wish.concerns_all() {
            if self.telling.iter().all(|telling| telling.wish != Some(number)) {
                self.telling.push_back(Telling { wish: Some(number), what, asked: None });
            }
            return;
        }
        // While all are told something, nobody else is let in.
        if !self.telling.is_empty() {
            return;
        }
        let (time_ms, seq) = (self.town.now_ms(), self.engine().take_seq(&what));
        let tag = self.clients.attempt(Some(number));
        let kind = format!("{what:?}");
        let kind = kind.split(['(', ' ']).next().unwrap_or_default().to_owned();
        let (infno, psn_no) = (request.infno, request.psn_no.clone());
        let command = Command { seq, time_ms, request, what, shares: None };
        let shard = self.engine().submit(tag, command);
        self.trace
            .step(format!("wish {number}, command {seq}: {infno} {kind} of {psn_no} to {shard:?}"));
        if shard.is_none() {
            self.count("queue full");
        }
    }

    /// Tells all shards what is the next to be told, when nothing else is on its way.
    fn tell(&mut self) {
        let Sim { telling, engine: Some(engine), clients, town, trace, .. } = self else { return };
        let Some(first) = telling.front_mut() else { return };
        if first.asked.is_some() || !engine.is_idle() {
            return;
        }
        let tag = clients.attempt(first.wish);
        let (time_ms, seq) = (town.now_ms(), engine.take_seq(&first.what));
        let request = first.wish.map(|wish| clients.wishes[wish].request.clone());
        let command = Command {
            seq,
            time_ms,
            request: request.unwrap_or_default(),
            what: first.what.clone(),
            shares: None,
        };
        engine.submit_to_all(tag, &command);
        first.asked = Some((tag, engine.shards()));
        trace.step(format!("command {seq} is told to all"));
    }

    fn read_mail(&mut self) -> Result<(), Violation> {
        let mail = self.mail.take();
        for (to, outcome) in mail {
            for (tag, answer) in self.engine().heard(to, outcome) {
                self.answered(tag, answer)?;
            }
        }
        Ok(())
    }

    fn answered(&mut self, tag: u64, answer: Answer) -> Result<(), Violation> {
        let wish = self.clients.wish_of(tag);
        let (told, bytes) = match answer {
            Answer::Done(place, bytes) => (Told::Done(place), Some(bytes)),
            Answer::Again(place) => (Told::Again(place), None),
            Answer::PreSettled(_) => (Told::PreSettled, None),
            Answer::Nothing => (Told::Nothing, None),
            Answer::Refused(refused) => (Told::Refused(refused.reason), None),
        };
        self.trace.step(format!("wish {wish:?} is told {told:?}"));
        if let (Told::Done(place), Some(bytes)) = (told, &bytes) {
            self.clients.answered.insert(place, bytes.to_vec());
        }
        let whole = self.told_all(tag);
        let Some(wish) = wish else { return Ok(()) };
        self.clients.told.push((wish, told));
        if whole.is_some() {
            self.clients.wishes[wish].open = whole == Some(false);
            return Ok(());
        }
        if !self.calm && self.dice.percent(4) {
            self.count("answer lost");
            return Ok(());
        }
        match told {
            Told::Done(place) => self.known(wish, place, &bytes.unwrap_or_default()),
            Told::Again(place) => return self.fetch(wish, place),
            Told::PreSettled | Told::Nothing | Told::Refused(_) => {
                self.clients.wishes[wish].open = false;
            }
        }
        Ok(())
    }

    /// Notes an answer to what all are told: whether it was the last; `None` where the tag is of something else.
    fn told_all(&mut self, tag: u64) -> Option<bool> {
        let (_, left) =
            self.telling.front_mut()?.asked.as_mut().filter(|(asked, _)| *asked == tag)?;
        *left -= 1;
        let last = *left == 0;
        if last {
            self.telling.pop_front();
        }
        Some(last)
    }

    /// The answer of a record that was made before.
    fn fetch(&mut self, wish: usize, place: u64) -> Result<(), Violation> {
        let disk = self.disk.clone();
        match self.engine().places().fetch(&disk, place) {
            Ok(bytes) => {
                self.clients.answered.insert(place, bytes.clone());
                self.known(wish, place, &bytes);
            }
            Err(_) if self.rot.is_some() => self.count("record rotten while running"),
            Err(error) => {
                let what = format!("wish {wish} was told of record {place}: {error}");
                return Err(Violation { property: "answered", what });
            }
        }
        Ok(())
    }

    fn known(&mut self, number: usize, place: u64, bytes: &[u8]) {
        let wish = &mut self.clients.wishes[number];
        (wish.open, wish.place) = (false, Some(place));
        let Some(record) = stored::whole::<Record>(bytes) else { return };
        if RequestKey::of(&record.request) == RequestKey::of(&wish.request) {
            let Record { seq, time_ms, request, event } = record;
            let (what, shares) = (wish.what.clone(), None);
            self.town.heard(&Command { seq, time_ms, request, what, shares }, &event);
        }
    }

    /// The engine ends as its fate has it, and the disk with it.
    fn end(&mut self, fate: Fate, lived: bool) -> Result<(), Violation> {
        self.count(format!("{fate:?}{}", if lived { "" } else { ", on the way" }));
        self.half_written |= fate == Fate::WriteFails && !lived;
        if fate == Fate::Stopped {
            return self.stop().map(drop);
        }
        self.engine = None;
        self.telling.clear();
        self.mail.borrow_mut().clear();
        let power = match fate {
            Fate::Killed | Fate::Stopped => false,
            Fate::PowerCut | Fate::CutInCommit => true,
            Fate::SyncFails | Fate::WriteFails | Fate::DiskFull => self.dice.percent(50),
        };
        self.crashed(power);
        Ok(())
    }

    fn crashed(&mut self, power: bool) {
        self.trace.step(format!("it ends{}", if power { " as the power goes" } else { "" }));
        if power {
            self.disk = power_cut(&self.disk, &mut self.dice);
        }
    }

    /// Lets everything on its way come to its end, and seals the journal. A state that is whole on the disk must be the one
    /// that was served from.
    fn stop(&mut self) -> Result<StateHash, Violation> {
        while !self.engine().is_at_rest() || !self.telling.is_empty() {
            if !self.act(false)? {
                let what = "the journal fails on a sound disk".to_owned();
                return Err(Violation { property: "recovery", what });
            }
        }
        let (hash, time_ms) = (self.engine().hash(), self.town.now_ms());
        let engine = self.engine.take().expect("it runs");
        engine.stop(time_ms).map_err(|error| Violation {
            property: "recovery",
            what: format!("no seal: {error}"),
        })?;
        self.trace.step(format!("stopped and sealed, {hash}"));
        if self.rot.is_none() {
            checks::replay::after_stop(&self.disk, hash)?;
        }
        Ok(hash)
    }

    /// Turns a bit over.
    fn rot(&mut self, within: bool) {
        self.rot = Rot::somewhere(&self.disk, within, &mut self.dice);
        if let Some(rot) = &self.rot {
            self.trace.step(format!("a bit rots: {rot:?}"));
            self.count("rot");
        }
    }

    /// Turns a bit of a snapshot over, and it stays so.
    fn rot_snapshot(&mut self) {
        let all = list(&self.disk).unwrap_or_default();
        if all.is_empty() {
            return;
        }
        let name = name_of(*self.dice.one(&all));
        let bytes = self.disk.bytes_of(&name).expect("it is listed").len();
        let bit = self.dice.index(bytes * 8);
        self.disk.rot(&name, bit);
        self.trace.step(format!("bit {bit} of {name} rots"));
        self.count("snapshot rots");
    }

    /// Starts the engine from what is on the disk, through whatever befalls it on the way.
    fn start(&mut self) -> Result<(), Violation> {
        if self.rot.is_none() && self.dice.percent(25) {
            self.rot(false);
        }
        if self.dice.percent(15) {
            self.rot_snapshot();
        }
        let mut troubles = if self.dice.percent(30) { self.dice.below(4) } else { 0 };
        let mut loss = match self.planted {
            Planted::LossAccepted => Loss::Accept,
            Planted::Nothing
            | Planted::AnsweredEarly
            | Planted::SyncsLie
            | Planted::KeysForgotten
            | Planted::HoldsForgotten => Loss::Refuse,
        };
        loop {
            let troubled = troubles > 0;
            troubles = troubles.saturating_sub(1);
            let plan = self.plan_of_start(troubled);
            let fails_write = plan.fail_write.is_some();
            self.plan(plan);
            let shards = *self.dice.one(&[1, 2, 4]);
            let setup = Setup { shards, limits: self.limits, loss, pipeline: Settings::default() };
            let time_ms = self.town.now_ms();
            let opened = recover(&self.disk, &setup, &self.scene.world, [7; 16], time_ms);
            match opened {
                Ok(opened) => {
                    self.trace.step(format!("{shards} shards start: {:?}", opened.recovered));
                    self.plan(Plan::default());
                    for one in &opened.passed_over {
                        self.trace.step(one.to_string());
                        self.count("snapshot passed over");
                    }
                    if !opened.ends.is_empty() {
                        self.count("start that ends what is held");
                    }
                    let snapshot = opened.recovered.snapshot;
                    if snapshot.is_some() {
                        self.count("start from a snapshot");
                    }
                    if let Some(rot) = self.rot.take() {
                        checks::rot::after_start(&rot, &self.disk, snapshot)?;
                        if rot.in_whole {
                            // As from a copy, when someone verifies the journal.
                            self.count("rot in what a snapshot holds");
                            rot.turn(&self.disk);
                        }
                    }
                    if troubled && self.dice.percent(50) {
                        self.count("crash after recovery");
                        drop(opened);
                        self.crashed(true);
                        continue;
                    }
                    let engine = Engine::new(opened, self.planted, self.room, &self.mail);
                    return self.started(engine);
                }
                Err(EngineError::Journal(JournalError::File { .. })) if troubled => {
                    self.trace.step("recovery fails".to_owned());
                    self.count("crash in recovery");
                    self.half_written |= fails_write;
                    let power = self.dice.percent(50);
                    self.crashed(power);
                }
                Err(EngineError::Journal(error)) if self.rot.is_some() => {
                    self.trace.step(format!("it stops: {error}"));
                    self.count("rot stopped it");
                    let rot = self.rot.take().expect("there is some");
                    self.plan(Plan::default());
                    rot.turn(&self.disk);
                }
                Err(EngineError::Journal(JournalError::Damaged { .. }))
                    if self.half_written && loss == Loss::Refuse =>
                {
                    self.trace.step("a sector half written is accepted".to_owned());
                    self.count("half a sector accepted");
                    loss = Loss::Accept;
                }
                Err(error) => {
                    let what = format!("it does not start from a sound disk: {error}");
                    return Err(Violation { property: "recovery", what });
                }
            }
        }
    }

    /// What fails while the engine starts.
    fn plan_of_start(&mut self, troubled: bool) -> Plan {
        let soon = Some(self.dice.between(1, 3));
        match self.dice.below(3) {
            _ if !troubled => Plan::default(),
            0 => Plan { cut_before_sync: soon, ..Plan::default() },
            1 => Plan { fail_sync: soon, ..Plan::default() },
            _ => Plan { fail_write: soon, ..Plan::default() },
        }
    }

    /// It runs again: what is there is checked, and it tells its shards of packs and image.
    fn started(&mut self, engine: Engine) -> Result<(), Violation> {
        self.half_written = false;
        let recovered = engine.recovered();
        self.counts
            .entry("records recovered".to_owned())
            .and_modify(|count| *count += recovered.records)
            .or_insert(recovered.records);
        let hash = engine.hash();
        let evidence = Evidence::gather(self.scene, &self.clients, &self.disk)?;
        checks::after_restart(&evidence, hash)?;
        self.engine = Some(engine);
        let policies = self.scene.packs.iter().map(|pack| What::LoadPolicy(PolicyNames::of(pack)));
        let image = What::LoadCatalogue(self.scene.image.digest());
        let own = policies.chain([image]).map(|what| Telling { wish: None, what, asked: None });
        self.telling = own.collect();
        Ok(())
    }

    /// Nothing fails any more: every client asks until the outcome is known; then the engine is stopped and all is checked.
    fn last_life(&mut self) -> Result<StateHash, Violation> {
        self.trace.step("the last life".to_owned());
        self.calm = true;
        let mut rounds = 0;
        while let open = self.clients.open()
            && !open.is_empty()
        {
            rounds += 1;
            if rounds > ROUNDS_MAX {
                let wish = &self.clients.wishes[open[0]];
                let what = format!("{} wishes come to no answer, as {wish:?}", open.len());
                return Err(Violation { property: "answered", what });
            }
            open.into_iter().for_each(|wish| self.ask(wish));
            while !self.engine().is_at_rest() || !self.telling.is_empty() {
                self.act(false)?;
            }
        }
        let hash = self.stop()?;
        let evidence = Evidence::gather(self.scene, &self.clients, &self.disk)?;
        checks::at_end(&evidence)?;
        let said = evidence.journal.iter().map(|kept| said(&kept.record.event));
        let told = self.clients.told.iter().map(|(_, told)| match told {
            Told::Done(_) => "told: done".to_owned(),
            Told::Again(_) => "told: done before".to_owned(),
            Told::PreSettled => "told: pre-settled".to_owned(),
            Told::Nothing => "told: nothing to do".to_owned(),
            Told::Refused(reason) => format!("told: refused {reason}"),
        });
        let all: Vec<String> = said.chain(told).collect();
        all.into_iter().for_each(|what| self.count(what));
        self.counts.insert("steps".to_owned(), self.trace.steps());
        Ok(hash)
    }
}

/// What a record says, in a word.
fn said(event: &Event) -> String {
    let text = match event {
        Event::Reversed(reversed) => format!("{:?}", reversed.undone),
        Event::Refused(refused) => format!("refused {}", refused.reason),
        Event::MemberRegistered(_, _)
        | Event::FacilityRegistered(_, _)
        | Event::Deposited(_)
        | Event::Filed(_, _)
        | Event::Unfiled(_, _)
        | Event::VisitOpened(_)
        | Event::VisitChanged(_, _)
        | Event::VisitClosed(_)
        | Event::LinesUploaded(_, _)
        | Event::LinesWithdrawn(_, _)
        | Event::Settled(_)
        | Event::Cancelled(_)
        | Event::Corrected(_)
        | Event::PolicyLoaded(_)
        | Event::CatalogueLoaded(_)
        | Event::DayClosed(_)
        | Event::FamilyHeld(_)
        | Event::FamilyEnded(_) => format!("{event:?}"),
    };
    let of = if let Event::Reversed(_) = event { "reversal of " } else { "" };
    format!("record: {of}{}", text.split(['(', '{']).next().unwrap_or_default().trim_end())
}
