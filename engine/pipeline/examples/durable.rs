//! Measures durable throughput: records of 300 bytes on real files with some in flight, beside what the disk itself syncs
//! for the same bytes in the same run. Then what it takes to do nothing.
//!
//! `cargo run --release -p yidan-pipeline --example durable -- [folder] [seconds] [shards] [MiB a segment]`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use yidan_journal::storage::files::Files;
use yidan_journal::storage::{Medium, Storage};
use yidan_journal::{Limits, Loss, Writer};
use yidan_pipeline::measure::JournalMeasures;
use yidan_pipeline::{Handle, Pipeline, Settings, Shard, Tagged, start};

const RECORD: usize = 300;
const IN_FLIGHT: [u64; 5] = [1, 8, 32, 256, 4_096];
/// The file that the disk alone writes, over and over.
const ALONE_BYTES: u64 = 64 << 20;
/// How often the pipeline and the disk alone take turns.
const TURNS: u32 = 5;

/// A shard that counts; its records are of one length.
struct Counter {
    count: u64,
}

type Running = Pipeline<Counter, Tagged<u64, u64>>;
type Front = Handle<Counter, Tagged<u64, u64>>;

impl Shard for Counter {
    type Command = u64;
    type Answer = u64;

    fn step(&mut self, command: u64, record: &mut Vec<u8>) -> u64 {
        self.count += 1;
        record.extend_from_slice(&command.to_le_bytes());
        record.resize(RECORD, 0x5A);
        self.count
    }

    fn numbered(&mut self, number: u64, answer: &mut u64) {
        *answer = number;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| std::env::temp_dir().join("yidan-durable"));
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let shards = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let megabytes: u64 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    println!(
        "{RECORD}-byte records, {shards} shard(s), {seconds} s each, segments of {megabytes} MiB, in {}; \
         times in µs, p50 and p99; in turns with the disk alone, which writes and syncs as many bytes",
        folder.display()
    );
    println!(
        "in flight   records/s   records a commit   commits/s   commit         answer         syncs/s alone   sync           ours"
    );
    let limits = Limits { segment_bytes: megabytes << 20, ..Limits::default() };
    for in_flight in IN_FLIGHT {
        row(&folder, limits, Duration::from_secs(seconds) / TURNS, shards, in_flight)?;
    }
    idle(&folder, limits, shards)
}

/// A run with so many in flight, in turns with the disk alone, and its line.
fn row(
    folder: &Path,
    limits: Limits,
    turn: Duration,
    shards: usize,
    in_flight: u64,
) -> Result<(), Box<dyn Error>> {
    let pipeline = pipeline(folder, limits, shards)?;
    let (mut records, mut took, mut syncs) = (0, Duration::ZERO, Vec::new());
    for _ in 0..TURNS {
        let begun = Instant::now();
        records += run(&pipeline.handle(), turn, in_flight)?;
        took += begun.elapsed();
        let journal = pipeline.measures().journal;
        disk_alone(folder, journal.bytes / journal.commit_ns.len().max(1), turn, &mut syncs)?;
    }
    let summary = pipeline.stop()?;
    assert_eq!(summary.measures.journal.records, records, "all that was answered is durable");
    assert_eq!(summary.shards.iter().map(|shard| shard.count).sum::<u64>(), records);
    print_row(in_flight, &summary.measures.journal, took, syncs);
    Ok(())
}

fn pipeline(folder: &Path, limits: Limits, shards: usize) -> Result<Running, Box<dyn Error>> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let writer = Writer::open(Files::new(folder)?, limits, [1; 16], 0, Loss::Refuse, |_| {})?;
    let shards = (0..shards).map(|_| Counter { count: 0 }).collect();
    Ok(start(shards, writer, &Settings::default())?)
}

/// Keeps so many in flight for so long; says how many records that made.
fn run(handle: &Front, time: Duration, in_flight: u64) -> Result<u64, Box<dyn Error>> {
    let (to, answers) = unbounded();
    let begun = Instant::now();
    let submit = |tag: u64| {
        let shard = usize::try_from(tag).unwrap_or_default() % handle.shards();
        handle.submit(shard, tag, Tagged::new(tag, to.clone()))
    };
    for tag in 0..in_flight {
        submit(tag)?;
    }
    let (mut tag, mut waiting) = (in_flight, in_flight);
    while waiting > 0 {
        let (_, number) = answers.recv()?;
        number?;
        if begun.elapsed() < time {
            submit(tag)?;
            tag += 1;
        } else {
            waiting -= 1;
        }
    }
    Ok(tag)
}

fn print_row(in_flight: u64, journal: &JournalMeasures, took: Duration, mut syncs: Vec<Duration>) {
    let commits = journal.commit_ns.len();
    let rate = |count: u64| u128::from(count) * 1_000_000 / took.as_micros().max(1);
    let spent: Duration = syncs.iter().sum();
    let alone = syncs.len() as u128 * 1_000_000 / spent.as_micros().max(1);
    syncs.sort_unstable();
    let sync = |hundredths: usize| syncs[(syncs.len() - 1) * hundredths / 100].as_micros();
    let micros = |histogram: &Histogram<u64>, at: f64| histogram.value_at_quantile(at) / 1_000;
    println!(
        "{in_flight:>9} {:>11} {:>18} {:>11} {:>8} {:>5} {:>8} {:>5} {alone:>15} {:>8} {:>5} {:>4} %",
        rate(journal.records),
        journal.records / commits.max(1),
        rate(commits),
        micros(&journal.commit_ns, 0.5),
        micros(&journal.commit_ns, 0.99),
        micros(&journal.answer_wait_ns, 0.5),
        micros(&journal.answer_wait_ns, 0.99),
        sync(50),
        sync(99),
        rate(commits) * 100 / alone.max(1),
    );
}

/// Writes and syncs as many bytes as a batch has, one after the other, into a file that is preallocated as segments are.
fn disk_alone(
    folder: &Path,
    bytes: u64,
    time: Duration,
    syncs: &mut Vec<Duration>,
) -> Result<(), Box<dyn Error>> {
    let files = Files::new(folder)?;
    let file = files.create("alone.tmp", ALONE_BYTES)?;
    let block = vec![0xA5; usize::try_from(bytes.next_multiple_of(512))?];
    let (mut at, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        let sync = Instant::now();
        file.write_at(at, &block)?;
        file.sync()?;
        syncs.push(sync.elapsed());
        at += block.len() as u64;
        if at + block.len() as u64 > ALONE_BYTES {
            at = 0;
        }
    }
    files.remove("alone.tmp")?;
    Ok(())
}

/// What the whole process takes of a core while nothing is asked.
fn idle(folder: &Path, limits: Limits, shards: usize) -> Result<(), Box<dyn Error>> {
    let pipeline = pipeline(folder, limits, shards)?;
    let (to, answers) = unbounded();
    pipeline.handle().submit(0, 0, Tagged::new(0, to))?;
    answers.recv()?.1?;
    let cpu = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
    };
    let (begun, before) = (Instant::now(), cpu());
    thread::sleep(Duration::from_secs(5));
    let parts = (cpu() - before) * 1_000_000 / i128::try_from(begun.elapsed().as_nanos())?;
    println!("idle for 5 s: {parts} millionths of a core");
    pipeline.stop()?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
