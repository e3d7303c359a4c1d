//! The pipeline's own threads under a scheduler that tries interleavings a machine seldom shows: tickets taken by two shards at
//! once, queues that are full, parcels that come back late, a stop among submissions. Run by
//! `cargo test -p yidan-pipeline --features schedules --test schedules`; a schedule that fails is printed and can be replayed.

use std::sync::{Arc, Mutex};

use shuttle::thread;
use yidan_journal::storage::memory::Memory;
use yidan_journal::{Limits, Loss, Writer, scan};
use yidan_pipeline::{Call, Handle, Pipeline, Settings, Shard, Stopped, Why, start};

/// Batches of no more than three records, so that one step is often not enough.
const LIMITS: Limits = Limits { segment_bytes: 64 * 1024, payload_bytes: 4 * 1024, records: 3 };

/// A queue with one place is full at once.
const NARROW: Settings = Settings { queue: 1, cores: Vec::new() };

/// What a shard is asked: to remember a value in a record, or which record it made last.
#[derive(Copy, Clone, Debug)]
enum Ask {
    Add(u64),
    Read,
}

/// Its answer: the record made, or the last one it had made.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Told {
    Made(u64),
    Seen(u64),
}

/// A shard that makes a record of each value.
#[derive(Default)]
struct Notes {
    last: u64,
}

impl Shard for Notes {
    type Command = Ask;
    type Answer = Told;

    fn step(&mut self, ask: Ask, record: &mut Vec<u8>) -> Told {
        match ask {
            Ask::Add(value) => {
                record.extend_from_slice(&value.to_le_bytes());
                Told::Made(0)
            }
            Ask::Read => Told::Seen(self.last),
        }
    }

    fn numbered(&mut self, number: u64, told: &mut Told) {
        self.last = number;
        *told = Told::Made(number);
    }
}

type Reply = Call<Box<dyn FnOnce(Result<Told, Stopped>) + Send>>;
/// What was asked, what was told, and how many records were durable when it was told.
type Heard = Arc<Mutex<Vec<(Ask, Result<Told, Stopped>, u64)>>>;

/// The records on a disk after a crash that keeps only what was synced, and whether they are sealed.
fn durable(disk: &Memory) -> (Vec<u64>, bool) {
    let mut values = Vec::new();
    let value = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("a record of eight"));
    let found =
        scan(&disk.crash(false, || false), |batch| values.extend(batch.records().map(value)));
    let sealed = found.expect("a readable journal").tip.is_some_and(|tip| tip.sealed);
    (values, sealed)
}

fn pipeline(disk: &Memory, shards: usize) -> Pipeline<Notes, Reply> {
    let writer = Writer::open(disk.clone(), LIMITS, [7; 16], 1_000, Loss::Refuse, |_| {});
    let shards = (0..shards).map(|_| Notes::default()).collect();
    start(shards, writer.expect("a new journal"), &NARROW).expect("threads")
}

fn reply(ask: Ask, disk: &Memory, heard: &Heard) -> Reply {
    let (disk, heard) = (disk.clone(), Arc::clone(heard));
    Call(Box::new(move |told| {
        let count = durable(&disk).0.len() as u64;
        heard.lock().expect("no test panics with it").push((ask, told, count));
    }))
}

/// Submits until it is taken in; `false` where nothing is taken in any more.
fn submit(handle: &Handle<Notes, Reply>, shard: usize, ask: Ask, mut reply: Reply) -> bool {
    loop {
        match handle.submit(shard, ask, reply) {
            Ok(()) => return true,
            Err(refused) => {
                let Why::Full { .. } = refused.why else { return false };
                reply = refused.reply;
                thread::yield_now();
            }
        }
    }
}

/// Every record made is told, once, under its own number, when it is durable; and what was read was durable.
fn agrees(heard: &Heard, values: &[u64]) {
    let heard = heard.lock().expect("no test panics with it");
    let mut made = 0;
    for (ask, told, durable) in &*heard {
        match (ask, told) {
            (Ask::Add(value), Ok(Told::Made(number))) => {
                made += 1;
                assert!(number <= durable, "record {number} was told, {durable} were durable");
                let place = usize::try_from(number - 1).expect("small");
                assert_eq!(values.get(place), Some(value), "record {number}");
            }
            (Ask::Read, Ok(Told::Seen(number))) => {
                assert!(number <= durable, "record {number} was seen, {durable} were durable");
            }
            (Ask::Add(_) | Ask::Read, told) => panic!("{ask:?} was told {told:?}"),
        }
    }
    assert_eq!(made, values.len(), "what is in the journal was told");
}

/// Two clients, two shards, and a read behind every two records.
fn clients(
    pipeline: &Pipeline<Notes, Reply>,
    disk: &Memory,
    heard: &Heard,
) -> Vec<thread::JoinHandle<u64>> {
    (0..2_usize)
        .map(|client| {
            let (handle, disk, heard) = (pipeline.handle(), disk.clone(), Arc::clone(heard));
            thread::spawn(move || {
                let mut taken = 0;
                for turn in 0..6_usize {
                    let value = u64::try_from(client * 100 + turn).expect("small");
                    let ask = if turn % 3 == 2 { Ask::Read } else { Ask::Add(value) };
                    let reply = reply(ask, &disk, &heard);
                    if !submit(&handle, (client + turn) % 2, ask, reply) {
                        break;
                    }
                    taken += 1;
                }
                taken
            })
        })
        .collect()
}

fn all_is_told_once_it_is_durable() {
    let (disk, heard) = (Memory::new(), Heard::default());
    let pipeline = pipeline(&disk, 2);
    for client in clients(&pipeline, &disk, &heard) {
        assert_eq!(client.join().expect("it ends"), 6);
    }
    pipeline.stop().expect("a sound disk");
    let (values, sealed) = durable(&disk);
    assert_eq!((values.len(), sealed), (8, true));
    assert_eq!(heard.lock().expect("no test panics with it").len(), 12);
    agrees(&heard, &values);
}

fn a_stop_answers_what_was_taken_in() {
    let (disk, heard) = (Memory::new(), Heard::default());
    let pipeline = pipeline(&disk, 2);
    let clients = clients(&pipeline, &disk, &heard);
    thread::yield_now();
    pipeline.stop().expect("a sound disk");
    let taken: u64 = clients.into_iter().map(|client| client.join().expect("it ends")).sum();
    let (values, sealed) = durable(&disk);
    assert!(sealed);
    // A command that comes between the last look and the end of its queue is taken in, and told that all has stopped.
    let mut all = heard.lock().expect("no test panics with it");
    let told = all.len() as u64;
    all.retain(|(_, told, _)| told.is_ok());
    drop(all);
    assert_eq!(told, taken);
    agrees(&heard, &values);
}

#[test]
fn under_any_schedule_all_is_told_once_it_is_durable() {
    shuttle::check_random(all_is_told_once_it_is_durable, 1_000);
    shuttle::check_pct(all_is_told_once_it_is_durable, 1_000, 3);
}

#[test]
fn under_any_schedule_a_stop_answers_what_was_taken_in() {
    shuttle::check_random(a_stop_answers_what_was_taken_in, 1_000);
    shuttle::check_pct(a_stop_answers_what_was_taken_in, 1_000, 3);
}
