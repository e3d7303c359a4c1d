//! Snapshots: what comes back from one is the state it was made of, for any number of shards, and goes on as that would; nothing
//! damaged is taken for one; wherever making one ends, the engine starts with all that it had; and what is archived is not needed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use yidan_journal::snapshot::{KEPT, LEFT_FREE, Snapshot, list, name_of};
use yidan_journal::storage::Storage;
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{JournalError, Limits, Loss, Places, Writer, scan};
use yidan_pipeline::engine::{EngineError, Setup, recover};
use yidan_pipeline::fold::{Fold, Recovered};
use yidan_pipeline::shard::{Answer, Ask, CurrentWorld, LedgerShard, Outcome};
use yidan_pipeline::snapshot::{Base, Made, Making, PassedOver, make};
use yidan_pipeline::world::World;
use yidan_pipeline::{Settings, Shard};
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{PolicyNames, Record, Request};
use yidan_settlement::ledger::snapshot::{CHUNK_BYTES, Reading, write};
use yidan_settlement::ledger::{Decided, Ledger, RequestKey, Room, StateHash, shard_of};
use yidan_settlement::reason::Conduct;
use yidan_settlement::stored::{self, Stored};
use yidan_tests::family::{self, Asked, OWN_NUMBERS};
use yidan_tests::town::{self, Packs, Town, TownShelf};

/// Shards, and the records of all commands by the command's number: a copy of what concerns all has the same place.
struct Shards<'p> {
    packs: &'p Packs,
    shards: Vec<Ledger>,
    records: BTreeMap<u64, Vec<u8>>,
    room: Room,
}

impl Asked for Shards<'_> {
    fn ledger(&self, psn_no: &str) -> &Ledger {
        &self.shards[shard_of(psn_no, self.shards.len())]
    }

    fn command(&mut self, command: Box<Command>) -> Outcome {
        let decided = self.step(shard_of(&command.request.psn_no, self.shards.len()), &command);
        let record = self.records.get(&command.seq).cloned().unwrap_or_default();
        family::outcome(&command, decided, command.seq, &record)
    }

    fn stamp(&mut self, request: Request, what: What) -> Command {
        let seq = OWN_NUMBERS + u64::try_from(self.records.len()).expect("small");
        Command { seq, time_ms: 1_767_225_600_000, request, what, shares: None }
    }
}

impl<'p> Shards<'p> {
    fn new(packs: &'p Packs, shards: Vec<Ledger>, records: BTreeMap<u64, Vec<u8>>) -> Shards<'p> {
        Shards { packs, shards, records, room: Room::default() }
    }

    fn run(&mut self, command: &Command) -> Decided {
        if !command.concerns_all() {
            let shard = shard_of(&command.request.psn_no, self.shards.len());
            let decided = self.step(shard, command);
            let Decided::Needs(needs) = decided else { return decided };
            return family::decided(family::run(Box::new(command.clone()), needs, self));
        }
        let all: Vec<Decided> =
            (0..self.shards.len()).map(|shard| self.step(shard, command)).collect();
        all.into_iter().next().expect("there is a shard")
    }

    fn step(&mut self, shard: usize, command: &Command) -> Decided {
        let records = &self.records;
        let shelf =
            TownShelf { packs: self.packs, records: |place: u64| records.get(&place).cloned() };
        let decided = self.shards[shard].decide(
            command,
            RequestKey::of_command(command),
            &shelf,
            &mut self.room,
        );
        if let Decided::Event(event) = &decided {
            let Command { seq, time_ms, request, .. } = command.clone();
            let record = Record { seq, time_ms, request, event: event.clone() };
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            self.records.insert(seq, bytes);
            self.shards[shard].apply(&record, seq).expect("what was decided fits");
        }
        decided
    }

    fn hash(&self) -> StateHash {
        StateHash::of(self.shards.iter())
    }
}

fn written(shards: &[Ledger]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let all = write(shards, |chunk| {
        chunks.push(chunk.to_vec());
        Ok::<(), ()>(())
    });
    assert!(all.expect("nothing fails").members > 0);
    chunks
}

fn read(chunks: &[Vec<u8>], shards: usize) -> Option<Vec<Ledger>> {
    let mut reading = Reading::new(shards);
    chunks.iter().try_for_each(|chunk| reading.chunk(chunk)).ok()?;
    reading.end().ok().map(|(ledgers, _)| ledgers)
}

#[test]
fn a_state_comes_back_into_any_number_of_shards_and_goes_on_as_it_would_have() {
    let packs = Packs::curated();
    for (from, to) in [(1, 1), (1, 4), (4, 2)] {
        let mut town = Town::new(3, 60, &packs);
        let mut live = Shards::new(&packs, vec![Ledger::new(); from], BTreeMap::new());
        let hear = |town: &mut Town, command: &Command, decided: &Decided| {
            if let Decided::Event(event) = decided {
                town.heard(command, event);
            }
        };
        for number in 0..4_000 {
            let command = if number == 2_500 { town.end_day() } else { town.next_command() };
            let decided = live.run(&command);
            hear(&mut town, &command, &decided);
        }
        let back = read(&written(&live.shards), to).expect("it is whole");
        let mut back = Shards::new(&packs, back, live.records.clone());
        assert_eq!((back.shards.len(), back.hash()), (to, live.hash()), "{from} to {to}");
        let lines: usize =
            back.shards.iter().flat_map(Ledger::visits).map(|(_, one)| one.lines.len()).sum();
        let slots = back.shards.iter().flat_map(|one| one.members().iter());
        let slots: usize = slots.map(|member| member.slots().len()).sum();
        assert!(lines > 20 && slots > 20, "{lines} lines, {slots} slots");
        let mut again = 0;
        for _ in 0..3_000 {
            let command = town.next_command();
            let decided = live.run(&command);
            assert_eq!(back.run(&command), decided, "{from} to {to}, command {}", command.seq);
            again += usize::from(matches!(decided, Decided::Again(_)));
            hear(&mut town, &command, &decided);
        }
        assert_eq!(back.hash(), live.hash(), "{from} to {to}, later");
        assert!(again > 50, "{again} asked again");
    }
}

#[test]
fn bytes_that_are_no_state_are_refused_and_nothing_panics() {
    let packs = Packs::curated();
    let mut town = Town::new(5, 6, &packs);
    let mut live = Shards::new(&packs, vec![Ledger::new()], BTreeMap::new());
    for _ in 0..120 {
        let command = town.next_command();
        let decided = live.run(&command);
        if let Decided::Event(event) = &decided {
            town.heard(&command, event);
        }
    }
    let bytes = written(&live.shards).concat();
    assert!(bytes.len() < CHUNK_BYTES);
    assert!(read(std::slice::from_ref(&bytes), 3).is_some());
    for cut in 0..bytes.len() {
        assert!(read(&[bytes[..cut].to_vec()], 1).is_none(), "cut at {cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(read(&[longer], 1).is_none());
    for at in 0..bytes.len() {
        let mut turned = bytes.clone();
        turned[at] ^= 1 << (at % 8);
        // Which digit is wrong only the file's hash can tell.
        let _ = read(&[turned], 2);
    }
}

/// Small segments, so that there are many.
const LIMITS: Limits = Limits { segment_bytes: 24 << 10, payload_bytes: 8 << 10, records: 7 };

fn setup(shards: usize) -> Setup {
    Setup { shards, limits: LIMITS, loss: Loss::Refuse, pipeline: Settings::default() }
}

fn world() -> CurrentWorld {
    let mut world = World::new();
    world.set_image(Arc::new(town::image()));
    for pack in Packs::curated().all() {
        world.add_pack(Arc::clone(pack), Path::new("town"));
    }
    Arc::new(RwLock::new(Arc::new(world)))
}

/// An engine on a disk in memory, without threads.
struct Life {
    shards: Vec<LedgerShard<Memory>>,
    writer: Writer<Memory>,
    next_seq: u64,
    recovered: Recovered,
    passed_over: Vec<PassedOver>,
    disk: Memory,
    /// What the town asked, in order.
    asked: Vec<Command>,
}

impl Life {
    fn start(disk: &Memory, world: &CurrentWorld, shards: usize) -> Result<Life, EngineError> {
        let opened = recover(disk, &setup(shards), world, [7; 16], 1)?;
        let (shards, writer) = (opened.shards, opened.writer);
        let (next_seq, recovered) = (opened.next_seq, opened.recovered);
        let (passed_over, disk) = (opened.passed_over, disk.clone());
        Ok(Life { shards, writer, next_seq, recovered, passed_over, disk, asked: Vec::new() })
    }

    fn ask(&mut self, request: Request, what: What) -> Answer {
        let seq = self.next_seq;
        self.next_seq += 1;
        let request = Request { digest: what.digest(), ..request };
        self.run(Command { seq, time_ms: 1_767_225_600_000 + seq, request, what, shares: None })
    }

    fn run(&mut self, command: Command) -> Answer {
        self.next_seq = self.next_seq.max(command.seq + 1);
        let of = shard_of(&command.request.psn_no, self.shards.len());
        let shards = if command.concerns_all() { 0..self.shards.len() } else { of..of + 1 };
        let mut last = Outcome::Answer(Answer::Nothing);
        for shard in shards {
            last = self.step(shard, Ask::of(command.clone()));
        }
        match last {
            Outcome::Needs(command, needs) => family::run(command, needs, self),
            answered @ (Outcome::Answer(_) | Outcome::Balance(_) | Outcome::Looked) => {
                answered.into_answer()
            }
        }
    }

    fn step(&mut self, shard: usize, ask: Ask) -> Outcome {
        let mut record = Vec::new();
        let mut outcome = self.shards[shard].step(ask, &mut record);
        if !record.is_empty() {
            if !self.writer.has_room(record.len()) {
                self.writer.commit(2).expect("a sound disk");
            }
            let number = self.writer.push(&record).expect("it fits");
            self.shards[shard].numbered(number, &mut outcome);
        }
        outcome
    }

    /// A town that lives for so many commands.
    fn live(&mut self, town: &mut Town, commands: usize) {
        for _ in 0..commands {
            let command = town.next_command();
            self.asked.push(command.clone());
            if let Answer::Done(_, bytes) = self.run(command.clone()) {
                let record: Record = stored::whole(&bytes).expect("a record");
                town.heard(&command, &record.event);
            }
        }
        self.commit();
    }

    fn commit(&mut self) {
        if !self.writer.is_empty() {
            self.writer.commit(2).expect("a sound disk");
        }
    }

    fn hash(&self) -> StateHash {
        StateHash::of(self.shards.iter().map(LedgerShard::ledger))
    }

    fn snapshot(&self) -> Made {
        made(&self.disk).expect("a sound disk")
    }
}

impl Asked for Life {
    fn ledger(&self, psn_no: &str) -> &Ledger {
        self.shards[shard_of(psn_no, self.shards.len())].ledger()
    }

    fn command(&mut self, command: Box<Command>) -> Outcome {
        let shard = shard_of(&command.request.psn_no, self.shards.len());
        self.step(shard, Ask::of(*command))
    }

    fn stamp(&mut self, request: Request, what: What) -> Command {
        let seq = self.next_seq.max(OWN_NUMBERS);
        self.next_seq = seq + 1;
        Command { seq, time_ms: 1_767_225_600_000, request, what, shares: None }
    }
}

fn made(disk: &Memory) -> Result<Made, EngineError> {
    match make(disk, 9, || true)? {
        Making::Made(made, _) => Ok(made),
        Making::NothingNew(_) | Making::Ended => panic!("there was something new"),
    }
}

/// What the whole journal makes, whatever snapshots are there.
fn whole(disk: &Memory) -> (StateHash, u64) {
    let mut fold = Fold::new(1);
    scan(disk, |batch| fold.batch(batch)).expect("a sound journal");
    let (ledgers, _) = fold.end().expect("it fits");
    (StateHash::of(ledgers.iter()), ledgers[0].last_seq())
}

/// A town of so many commands, with the packs and the image told first.
fn begun(seed: u64, world: &CurrentWorld, commands: usize) -> (Town, Life) {
    let mut life = Life::start(&Memory::new(), world, 2).expect("a new journal");
    let mut town = Town::new(seed, 12, &Packs::curated());
    let image = What::LoadCatalogue(town::image().digest());
    life.ask(Request::default(), image);
    for pack in Packs::curated().all() {
        life.ask(Request::default(), What::LoadPolicy(PolicyNames::of(pack)));
    }
    life.live(&mut town, commands);
    (town, life)
}

#[test]
fn a_start_from_a_snapshot_and_what_comes_after_is_a_start_from_the_whole_journal() {
    let world = world();
    let (mut town, mut life) = begun(11, &world, 300);
    let first = life.snapshot();
    assert_eq!((first.from, first.counts.members), (None, 12));
    life.live(&mut town, 300);
    let second = life.snapshot();
    assert_eq!(second.from, Some(first.next_record), "on from the one before");
    assert!(second.folded < second.next_record / 2 + 50, "{second:?}");
    life.live(&mut town, 300);
    let third = life.snapshot();
    // The two newest are kept.
    assert_eq!(KEPT, 2);
    assert_eq!(list(&life.disk).expect("a folder"), [third.next_record, second.next_record]);
    // Nothing of the last batch: it may not be durable.
    let last = life.writer.tip().next_record;
    assert!(third.next_record < last && third.next_record + 8 > last, "{third:?}");
    life.live(&mut town, 200);
    let (hash, last_seq) = whole(&life.disk);
    assert_eq!(hash, life.hash());
    for shards in [1, 2, 4] {
        let bare = life.disk.copy();
        for snapshot in list(&bare).expect("a folder") {
            bare.remove(&name_of(snapshot)).expect("it is there");
        }
        let mut known = Life::start(&bare, &world, shards).expect("a sound disk");
        assert_eq!((known.recovered.snapshot, known.hash()), (None, hash));
        let mut again = Life::start(&life.disk.copy(), &world, shards).expect("a sound disk");
        assert_eq!(again.recovered.snapshot, Some(third.next_record));
        assert!(again.recovered.records < 400 && again.passed_over.is_empty());
        assert_eq!((again.hash(), again.next_seq), (hash, last_seq + 1), "{shards} shards");
        // Whatever was asked before is told from the same record.
        let mut repeated = 0;
        for command in &life.asked {
            let first = known.run(command.clone());
            let told = again.run(command.clone());
            assert_eq!(format!("{told:?}"), format!("{first:?}"));
            if let Answer::Again(place) = told {
                let bytes = known.writer.places().fetch(&known.disk, place).expect("durable");
                let same = again.writer.places().fetch(&again.disk, place).expect("durable");
                assert_eq!(same, bytes);
                repeated += 1;
            }
            known.commit();
            again.commit();
        }
        assert_eq!(again.hash(), known.hash(), "{shards} shards, later");
        assert!(repeated > 100, "{repeated}");
    }
}

/// A snapshot once shipped is read for good. `YIDAN_RECORD=1` writes the file; once a version is shipped its file is never
/// written again.
#[test]
fn a_snapshot_once_written_reads_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let (file, said) = (folder.join("snapshot-v1.snap"), folder.join("snapshot-v1.txt"));
    let tell = |base: &Base| {
        let hash = StateHash::of(base.shards.iter());
        format!("before {}\nstate {hash}\n{:?}\n", base.head.mark.next_record, base.counts)
    };
    let open = |bytes: Vec<u8>| {
        let next_record = u64::from_le_bytes(bytes[32..40].try_into().expect("eight bytes"));
        let disk = Memory::new();
        disk.put(&name_of(next_record), bytes);
        Base::read(Snapshot::open(&disk, next_record).expect("a head"), 2).expect("it is whole")
    };
    if std::env::var_os("YIDAN_RECORD").is_some() {
        let (_, life) = begun(31, &world(), 80);
        let name = name_of(life.snapshot().next_record);
        let bytes = life.disk.bytes_of(&name).expect("it is there");
        std::fs::write(&said, tell(&open(bytes.clone()))).expect("it can be written");
        std::fs::write(&file, bytes).expect("the fixture can be written");
    }
    let base = open(std::fs::read(&file).expect("the fixture is there"));
    assert_eq!(tell(&base), std::fs::read_to_string(&said).expect("what it says is there"));
    assert_eq!(StateHash::of(base.shards.iter()).bytes(), &base.head.state);
    assert!(base.counts.visits > 0 && base.counts.requests > 0, "{:?}", base.counts);
}

#[test]
fn every_truncation_and_every_flipped_byte_is_refused() {
    let world = world();
    let (_, life) = begun(13, &world, 60);
    let made = life.snapshot();
    let name = name_of(made.next_record);
    let bytes = life.disk.bytes_of(&name).expect("it is there");
    let open = |bytes: &[u8]| {
        let disk = Memory::new();
        disk.put(&name, bytes.to_vec());
        Snapshot::open(&disk, made.next_record).map_err(Into::into).and_then(|it| Base::read(it, 1))
    };
    assert!(open(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut turned = bytes.clone();
        turned[at] ^= 1 << (at % 8);
        assert!(open(&turned).is_err(), "byte {at} of {}", bytes.len());
    }
    for cut in (0..bytes.len()).rev().take(200).chain((0..bytes.len()).step_by(97)) {
        assert!(open(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(open(&longer).is_err());
    // Under another name it is another's.
    let disk = Memory::new();
    disk.put(&name_of(made.next_record + 1), bytes);
    assert!(Snapshot::open(&disk, made.next_record + 1).is_err());
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_older_and_then_for_the_whole_journal() {
    let world = world();
    let (mut town, mut life) = begun(17, &world, 300);
    let older = life.snapshot();
    life.live(&mut town, 200);
    let newer = life.snapshot();
    life.live(&mut town, 50);
    let disk = life.disk.copy();
    for (damaged, from) in [(newer.next_record, Some(older.next_record)), (older.next_record, None)]
    {
        disk.rot(&name_of(damaged), 5_000);
        let again = Life::start(&disk.copy(), &world, 2).expect("the journal is sound");
        assert_eq!(again.recovered.snapshot, from);
        assert_eq!(again.hash(), life.hash());
        let told: Vec<String> = again.passed_over.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|one| one.contains(&name_of(damaged))), "{told:?}");
    }
    // Of another journal: the hash of its last batch is not that of the batch here.
    let (_, mut other) = begun(20, &world, 700);
    let stranger = life.disk.bytes_of(&name_of(newer.next_record)).expect("it is there");
    other.disk.put(&name_of(newer.next_record), stranger);
    let again = Life::start(&other.disk.copy(), &world, 2).expect("the journal is sound");
    assert_eq!((again.recovered.snapshot, again.hash()), (None, other.hash()));
    assert!(again.passed_over[0].to_string().contains("not of this journal"));
    other.commit();
    // A journal that ends before its snapshot does has lost something: that is not passed over.
    let short = life.disk.copy();
    let last = short.names().expect("names").into_iter().rfind(|name| name.ends_with(".seg"));
    short.remove(&last.expect("a segment")).expect("it is there");
    let short_of = life.snapshot().next_record;
    short.put(&name_of(short_of), life.disk.bytes_of(&name_of(short_of)).expect("it is there"));
    let ended = Life::start(&short, &world, 2).err().expect("something is lost");
    assert!(matches!(ended, EngineError::Journal(JournalError::Short { .. })), "{ended}");
}

#[test]
fn wherever_the_making_of_one_ends_the_engine_starts_with_all_that_it_had() {
    let world = world();
    let (mut town, mut life) = begun(19, &world, 250);
    let first = life.snapshot();
    life.live(&mut town, 150);
    let second = life.snapshot();
    life.live(&mut town, 150);
    let (sound, hash) = (life.disk.copy(), life.hash());
    let full = |left| Plan { capacity: Some(left), ..Plan::default() };
    let mut plans: Vec<Plan> = (1..=3)
        .flat_map(|n| {
            [
                Plan { fail_write: Some(n), ..Plan::default() },
                Plan { fail_sync: Some(n), ..Plan::default() },
                Plan { cut_before_sync: Some(n), ..Plan::default() },
            ]
        })
        .collect();
    plans.extend([full(0), full(LEFT_FREE)]);
    let mut failed = 0;
    for plan in plans {
        for names in [false, true] {
            for survives in [false, true] {
                let disk = sound.copy();
                disk.plan(plan.clone());
                failed += usize::from(made(&disk).is_err());
                for after in [disk.crash(names, || survives), disk.copy()] {
                    let again = Life::start(&after, &world, 2)
                        .unwrap_or_else(|error| panic!("{plan:?}, {names}, {survives}: {error}"));
                    assert_eq!(again.hash(), hash, "{plan:?}");
                    assert!(again.passed_over.is_empty(), "no other is touched: {plan:?}");
                    let from = again.recovered.snapshot.expect("one is good");
                    assert!(from >= second.next_record, "{plan:?}: {from}");
                    let kept = list(&after).expect("a folder");
                    let older = [first.next_record, second.next_record];
                    assert!(kept.iter().any(|one| older.contains(one)), "{plan:?}: {kept:?}");
                    // What was left behind stands in the way of nothing.
                    drop(again);
                    let made = make(&after, 9, || true);
                    assert!(made.is_ok(), "{plan:?}: {made:?}");
                }
            }
        }
    }
    assert!(failed >= 4 * 5, "{failed} failed on the way");
}

#[test]
fn told_to_go_no_further_it_leaves_nothing() {
    let world = world();
    let (_, life) = begun(23, &world, 100);
    let before = life.disk.names().expect("names");
    let asked = std::cell::Cell::new(0);
    let go_on = |most: usize| {
        asked.set(asked.get() + 1);
        asked.get() <= most
    };
    let all = make(&life.disk.copy(), 1, || go_on(usize::MAX));
    assert!(matches!(all, Ok(Making::Made(_, _))));
    // The last question is asked before a chunk is written.
    for most in (0..asked.take()).rev().step_by(3) {
        asked.set(0);
        assert!(matches!(make(&life.disk, 1, || go_on(most)), Ok(Making::Ended)), "{most}");
        assert_eq!(life.disk.names().expect("names"), before, "{most}");
    }
    life.snapshot();
    assert!(matches!(make(&life.disk, 1, || true), Ok(Making::NothingNew(_))));
}

#[test]
fn what_is_archived_is_not_needed_and_a_settlement_in_it_is_refused_to_be_undone() {
    let world = world();
    let (mut town, mut life) = begun(29, &world, 400);
    let older = life.snapshot();
    life.live(&mut town, 200);
    let newer = life.snapshot();
    life.live(&mut town, 20);
    let disk = life.disk.copy();
    let mut first_here = 1;
    for segment in 1_u64.. {
        // As the archive does it: a segment whose records are all in the older snapshot.
        let places = Places::of(&disk).expect("sound");
        let probe = disk.copy();
        probe.remove(&format!("{segment:016}.seg")).expect("it is there");
        let begins = Places::of(&probe).expect("sound").records().start;
        if begins > older.next_record {
            assert_eq!(places.records().start, first_here);
            break;
        }
        disk.remove(&format!("{segment:016}.seg")).expect("it is there");
        first_here = begins;
    }
    assert!(first_here > 100, "{first_here}");
    let mut again = Life::start(&disk.copy(), &world, 2).expect("a snapshot holds it");
    assert_eq!((again.recovered.snapshot, again.hash()), (Some(newer.next_record), life.hash()));
    let members = again.shards.iter().flat_map(|shard| shard.ledger().members().iter());
    let settled: Vec<(String, u64, u64)> = members
        .flat_map(|one| {
            one.settled().iter().map(|it| (one.psn_no().to_owned(), it.seq(), it.place()))
        })
        .collect();
    let (psn_no, seq, _) = settled.iter().find(|it| it.2 < first_here).expect("an old one").clone();
    let request = Request {
        asker: "H63010400001".into(),
        infno: 2208,
        msgid: "old".into(),
        psn_no: psn_no.as_str().into(),
        digest: [0; 16],
    };
    let answer = again.ask(request, What::Cancel(seq));
    // Nothing is remembered of it: put back, the record is there.
    let Answer::Refused(refused) = answer else { panic!("{answer:?}") };
    assert_eq!(refused.reason, Conduct::RecordUnreachable.number());
    // Where the newest is damaged the older still does; where both are, one sentence says what to do.
    disk.rot(&name_of(newer.next_record), 4_000);
    let again = Life::start(&disk.copy(), &world, 1).expect("the older holds it");
    assert_eq!((again.recovered.snapshot, again.hash()), (Some(older.next_record), life.hash()));
    disk.rot(&name_of(older.next_record), 4_000);
    let ended = Life::start(&disk, &world, 1).err().expect("nothing is left").to_string();
    assert!(ended.contains("Put them back from the archive"), "{ended}");
    assert!(ended.contains(&name_of(older.next_record)), "{ended}");
}
