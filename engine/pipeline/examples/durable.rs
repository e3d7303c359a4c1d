//! Measures durable throughput: records of 300 bytes on real files with some in flight, beside what the disk itself syncs
//! for the same bytes in the same run. Then what it takes to do nothing.
//!
//! `cargo run --release -p yidan-pipeline --example durable -- [folder] [seconds] [shards]`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use rustix::time::{ClockId, clock_gettime};
use yidan_journal::storage::files::Files;
use yidan_journal::storage::{Medium, Storage};
use yidan_journal::{Limits, Loss, Writer};
use yidan_pipeline::measure::Measures;
use yidan_pipeline::{Pipeline, Settings, Shard, Tagged, start};

const RECORD: usize = 300;
const IN_FLIGHT: [u64; 5] = [1, 8, 32, 256, 4_096];
const LIMITS: Limits = Limits { segment_bytes: 64 << 20, payload_bytes: 1 << 20, records: 4_096 };

/// A shard that counts; its records are of one length.
struct Counter {
    count: u64,
}

type Running = Pipeline<Counter, Tagged<u64, u64>>;

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
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("yidan-durable"), PathBuf::from);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let shards = arguments.next().map_or(Ok(1), |text| text.parse())?;
    println!("{RECORD}-byte records, {shards} shard(s), {seconds} s each, in {}", folder.display());
    println!(
        "in flight   commits/s   records/s   records a batch   commit p50 p99 µs   answer p50 p99 µs   \
         the disk alone: syncs/s of as many bytes   p50 p99 µs   ours of these"
    );
    for in_flight in IN_FLIGHT {
        let begun = Instant::now();
        let measures = run(&folder, Duration::from_secs(seconds), shards, in_flight)?;
        print_row(in_flight, &measures, begun.elapsed(), &folder)?;
    }
    idle(&folder, shards)
}

fn pipeline(folder: &Path, shards: usize) -> Result<Running, Box<dyn Error>> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let writer = Writer::open(Files::new(folder)?, LIMITS, [1; 16], 0, Loss::Refuse, |_| {})?;
    let shards = (0..shards).map(|_| Counter { count: 0 }).collect();
    Ok(start(shards, writer, &Settings::default())?)
}

/// Keeps so many in flight for so long.
fn run(
    folder: &Path,
    time: Duration,
    shards: usize,
    in_flight: u64,
) -> Result<Measures, Box<dyn Error>> {
    let pipeline = pipeline(folder, shards)?;
    let handle = pipeline.handle();
    let (to, answers) = unbounded();
    let begun = Instant::now();
    let mut tag = 0;
    let submit = |tag: u64| {
        let shard = usize::try_from(tag).unwrap_or_default() % shards;
        handle.submit(shard, tag, Tagged::new(tag, to.clone()))
    };
    while tag < in_flight {
        submit(tag)?;
        tag += 1;
    }
    let mut waiting = in_flight;
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
    let summary = pipeline.stop()?;
    assert_eq!(summary.measures.journal.records, tag, "all that was answered is durable");
    assert_eq!(summary.shards.iter().map(|shard| shard.count).sum::<u64>(), tag);
    Ok(summary.measures)
}

fn print_row(
    in_flight: u64,
    measures: &Measures,
    took: Duration,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let journal = &measures.journal;
    let commits = journal.commit_ns.len();
    let rate = |count: u64| u128::from(count) * 1_000 / took.as_millis().max(1);
    let mut syncs = disk_alone(folder, journal.bytes / commits.max(1), took / 2)?;
    syncs.sort_unstable();
    let at = |hundredths: usize| syncs[(syncs.len() - 1) * hundredths / 100].as_micros();
    let spent: Duration = syncs.iter().sum();
    let alone = syncs.len() as u128 * 1_000_000 / spent.as_micros().max(1);
    println!(
        "{in_flight:>9} {:>11} {:>11} {:>17} {:>12} {:>6} {:>12} {:>6} {alone:>34} {:>18} {:>6} {:>10} %",
        rate(commits),
        rate(journal.records),
        journal.records / commits.max(1),
        journal.commit_ns.value_at_quantile(0.5) / 1_000,
        journal.commit_ns.value_at_quantile(0.99) / 1_000,
        journal.answer_wait_ns.value_at_quantile(0.5) / 1_000,
        journal.answer_wait_ns.value_at_quantile(0.99) / 1_000,
        at(50),
        at(99),
        rate(commits) * 100 / alone.max(1),
    );
    Ok(())
}

/// Writes and syncs as many bytes as a batch has, one after the other, into a file that is preallocated as segments are.
fn disk_alone(folder: &Path, bytes: u64, time: Duration) -> Result<Vec<Duration>, Box<dyn Error>> {
    let files = Files::new(folder)?;
    let file = files.create("alone.tmp", LIMITS.segment_bytes)?;
    let block = vec![0xA5; usize::try_from(bytes.next_multiple_of(512))?];
    let (mut at, mut syncs, begun) = (0, Vec::new(), Instant::now());
    while begun.elapsed() < time {
        let sync = Instant::now();
        file.write_at(at, &block)?;
        file.sync()?;
        syncs.push(sync.elapsed());
        at += block.len() as u64;
        if at + block.len() as u64 > LIMITS.segment_bytes {
            at = 0;
        }
    }
    files.remove("alone.tmp")?;
    Ok(syncs)
}

/// What the whole process takes of a core while nothing is asked.
fn idle(folder: &Path, shards: usize) -> Result<(), Box<dyn Error>> {
    let pipeline = pipeline(folder, shards)?;
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
