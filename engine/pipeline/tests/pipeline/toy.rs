//! A shard that remembers what it was told, a disk whose syncs wait until they are let through, and dice.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use yidan_journal::storage::memory::{Memory, MemoryFile};
use yidan_journal::storage::{Medium, Spare, Storage};
use yidan_journal::{Limits, Loss, Writer, scan};
use yidan_pipeline::{Call, Pipeline, Reply, Settings, Shard, Stopped, Tagged, start};

pub(crate) const LIMITS: Limits =
    Limits { segment_bytes: 64 * 1024, payload_bytes: 8 * 1024, records: 64 };

/// What a toy is asked.
#[derive(Debug)]
pub(crate) enum Ask {
    /// To remember a value, in a journal record.
    Add(u64),
    /// What it has seen.
    Read,
    /// To say that it is here, and to wait until it is let go.
    Wait(Sender<()>, Receiver<()>),
    /// To panic.
    Panic,
    /// To make a record of so many bytes.
    Long(usize),
    /// How many cores its thread may use.
    Cores,
}

/// What it answers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Told {
    /// The number of the record made.
    pub(crate) number: Option<u64>,
    /// The last record the shard had made before; nought if it had made none.
    pub(crate) seen: u64,
    /// How many cores there are, if that was asked.
    pub(crate) cores: u32,
}

/// A shard.
#[derive(Debug)]
pub(crate) struct Toy {
    pub(crate) index: usize,
    /// Its records: their numbers, and what they hold.
    pub(crate) made: Vec<(u64, Vec<u8>)>,
    making: Vec<u8>,
    /// How many commands it was told of that it was not asked yet, and the most at a time.
    told_of: usize,
    pub(crate) most_told_of: usize,
}

pub(crate) type Tag = Tagged<u64, Told>;
/// A reply of any kind.
pub(crate) type Boxed = Call<Box<dyn FnOnce(Result<Told, Stopped>) + Send>>;
pub(crate) type Answered = (u64, Result<Told, Stopped>);

impl Toy {
    pub(crate) fn new(index: usize) -> Toy {
        Toy { index, made: Vec::new(), making: Vec::new(), told_of: 0, most_told_of: 0 }
    }
}

/// The record that a toy makes of a value: where it was made, the value, and a tail that differs in length.
pub(crate) fn record(shard: usize, value: u64) -> Vec<u8> {
    let mut bytes = (shard as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(&value.to_le_bytes());
    bytes.resize(16 + usize::try_from(value % 301).expect("small"), 0x5A);
    bytes
}

/// The shard and the value of a record.
pub(crate) fn made_of(record: &[u8]) -> (usize, u64) {
    let word = |at: usize| {
        u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes were asked for"))
    };
    (usize::try_from(word(0)).expect("small"), word(8))
}

impl Shard for Toy {
    type Command = Ask;
    type Answer = Told;

    fn step(&mut self, ask: Ask, bytes: &mut Vec<u8>) -> Told {
        assert!(bytes.is_empty(), "a record begins empty");
        self.told_of = self.told_of.saturating_sub(1);
        let seen = self.made.last().map_or(0, |(number, _)| *number);
        let mut told = Told { number: None, seen, cores: 0 };
        match ask {
            Ask::Add(value) => bytes.extend_from_slice(&record(self.index, value)),
            Ask::Long(length) => bytes.resize(length, 1),
            Ask::Read => {}
            Ask::Wait(here, go) => {
                here.send(()).expect("the test waits for this");
                go.recv().expect("the test lets it go");
            }
            Ask::Panic => panic!("as asked"),
            Ask::Cores => {
                let cores = rustix::thread::sched_getaffinity(None).expect("a thread has cores");
                told.cores = cores.count();
            }
        }
        self.making.clone_from(bytes);
        told
    }

    fn foresee<'c>(&mut self, commands: impl Iterator<Item = &'c Ask> + Clone) {
        assert_eq!(self.told_of, 0, "it was asked all that it was told of before");
        self.told_of = commands.count();
        self.most_told_of = self.most_told_of.max(self.told_of);
    }

    fn numbered(&mut self, number: u64, told: &mut Told) {
        told.number = Some(number);
        self.made.push((number, self.making.clone()));
    }
}

/// A new journal on a disk.
pub(crate) fn writer<S: Storage>(disk: S) -> Writer<S> {
    Writer::open(disk, LIMITS, [7; 16], 1_000, Loss::Refuse, |_| {}).expect("a new journal")
}

/// A pipeline of so many toys on a disk.
pub(crate) fn pipeline<S, R>(disk: &S, shards: usize) -> Pipeline<Toy, R>
where
    S: Storage<File: Send> + Clone + Send + 'static,
    R: Reply<Told> + Send + 'static,
{
    let toys = (0..shards).map(Toy::new).collect();
    start(toys, writer(disk.clone()), &Settings::default()).expect("threads")
}

/// So many answers, waited for; a test that misses one fails instead of standing still.
pub(crate) fn told<T>(answers: &Receiver<T>, count: usize) -> Vec<T> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let next = |missing| {
        answers.recv_deadline(deadline).unwrap_or_else(|_| panic!("answer {missing} is missing"))
    };
    (0..count).map(next).collect()
}

/// All records on a disk, and whether the journal is sealed.
pub(crate) fn on_disk(disk: &Memory) -> (Vec<Vec<u8>>, bool) {
    let mut records = Vec::new();
    let found = scan(disk, |batch| records.extend(batch.records().map(<[u8]>::to_vec)));
    let tip = found.expect("a readable journal").tip.expect("a segment");
    assert_eq!(tip.next_record, records.len() as u64 + 1);
    (records, tip.sealed)
}

/// A disk in memory with a gate before every sync.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gated {
    pub(crate) disk: Memory,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    shut: bool,
    standing: bool,
}

#[derive(Debug)]
pub(crate) struct GatedFile {
    file: MemoryFile,
    gate: Arc<Gate>,
}

impl Gated {
    /// From now on syncs wait.
    pub(crate) fn shut(&self) {
        self.gate.state.lock().expect("no test panics with it").shut = true;
    }

    /// Waits until a sync stands before the gate.
    pub(crate) fn stands(&self) {
        let state = self.gate.state.lock().expect("no test panics with it");
        let standing = self.gate.changed.wait_while(state, |state| !state.standing);
        drop(standing.expect("no test panics with it"));
    }

    /// Lets syncs through.
    pub(crate) fn open(&self) {
        self.gate.state.lock().expect("no test panics with it").shut = false;
        self.gate.changed.notify_all();
    }

    fn file(&self, file: MemoryFile) -> GatedFile {
        GatedFile { file, gate: Arc::clone(&self.gate) }
    }
}

impl Storage for Gated {
    type File = GatedFile;

    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<GatedFile> {
        Ok(self.file(self.disk.open(name, write)?))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<GatedFile> {
        Ok(self.file(self.disk.create(name, bytes)?))
    }

    fn prepare(&self, name: &str, bytes: u64) -> Spare<GatedFile> {
        Spare::done(self.create(name, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn free(&self) -> io::Result<u64> {
        self.disk.free()
    }

    fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_names()
    }

    fn rest(&self, time: Duration) {
        self.disk.rest(time);
    }
}

impl Medium for GatedFile {
    fn bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(at, buffer)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(at, bytes)
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.file.trim(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.gate.state.lock().expect("no test panics with it");
        state.standing = state.shut;
        self.gate.changed.notify_all();
        let mut state =
            self.gate.changed.wait_while(state, |state| state.shut).expect("no test panics");
        state.standing = false;
        drop(state);
        self.file.sync()
    }
}

/// Numbers that look random, the same for a seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 29)) % n
    }
}
