//! The journal on this disk: how fast a start reads it, how long commits wait with and without the next segment made ahead, and
//! what finding one record costs. What is read is compared with what was written. `--test` runs everything small, to check results.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use yidan_bench::dice::Dice;
use yidan_journal::storage::files::Files;
use yidan_journal::storage::{Medium, Spare, Storage};
use yidan_journal::{Limits, Loss, Places, Writer, scan};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = arguments.iter().any(|argument| argument == "--test");
    let parts: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let asked = |part: &str| parts.is_empty() || parts.iter().any(|asked| *asked == part);
    if asked("reading") {
        reading(once);
    }
    if asked("commits") {
        commits(once);
    }
}

/// Recovery (the bar is 300 MB/s of 20-line bills), and records found by number. Files are as the system has them in memory.
fn reading(once: bool) {
    let bytes: u64 = if once { 8 << 20 } else { 512 << 20 };
    println!(
        "records    a batch   batches   journal    read by a start   records/s   one record by number"
    );
    for (record_bytes, records) in [(300, 1), (300, 8), (300, 256), (3_000, 8), (3_000, 256)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Disk::new(folder.path(), false, true);
        let Filled { count, sum, bytes } = fill(files.clone(), record_bytes, records, bytes);
        let rounds = if once { 1 } else { 5 };
        let mut times = Vec::new();
        for _ in 0..rounds {
            let begin = Instant::now();
            let (mut read, mut read_sum) = (0, 0_u64);
            let scan = scan(&files, |batch| {
                for record in batch.records() {
                    read += 1;
                    read_sum = read_sum.wrapping_add(first_number(record));
                }
            });
            assert!(!scan.expect("readable").found.something);
            times.push(begin.elapsed());
            assert_eq!((read, read_sum), (count, sum), "all that was written");
        }
        let time = median(&mut times);
        println!(
            "{record_bytes:5} B {records:9} {:10} {:7} MB {:13.0} MB/s {:12.0} {:>14.1?}",
            count / records,
            bytes / 1_000_000,
            bytes as f64 / 1e6 / time.as_secs_f64(),
            count as f64 / time.as_secs_f64(),
            one_record(&files, count, record_bytes, once),
        );
    }
    println!();
}

/// The median time of finding a record, of any segment.
fn one_record(files: &Disk, count: u64, record_bytes: usize, once: bool) -> Duration {
    let places = Places::of(files).expect("sound headers");
    let mut dice = Dice::new(2);
    let mut times: Vec<Duration> = (0..if once { 50 } else { 1_000 })
        .map(|_| {
            let number = 1 + dice.below(count);
            let begin = Instant::now();
            let record = places.fetch(files, number).expect("a record");
            let time = begin.elapsed();
            assert_eq!((first_number(&record), record.len()), (number, record_bytes));
            time
        })
        .collect();
    median(&mut times)
}

/// How long a commit waits, and one that begins a segment.
fn commits(once: bool) {
    let limits = Limits {
        segment_bytes: if once { 1 << 20 } else { 64 << 20 },
        payload_bytes: 128 << 10,
        records: 4_096,
    };
    let segments = if once { 3 } else { 5 };
    println!(
        "the next segment   commits   p50       p99       longest   those that begin a segment"
    );
    for ahead in [false, true, false, true] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Disk::new(folder.path(), true, ahead);
        let mut writer =
            Writer::open(files, limits, [7; 16], 1, Loss::Refuse, |_| {}).expect("a new journal");
        let (mut all, mut begins) = (Vec::new(), Vec::new());
        let record = [0xA5; 3_000];
        while writer.tip().segment <= segments {
            while writer.has_room(record.len()) {
                writer.push(&record).expect("room");
            }
            let segment = writer.tip().segment;
            let begin = Instant::now();
            writer.commit(1).expect("a sound disk");
            all.push(begin.elapsed());
            if writer.tip().segment > segment {
                begins.push(begin.elapsed());
            }
        }
        all.sort_unstable();
        println!(
            "{:16} {:9} {:>9.1?} {:>9.1?} {:>9.1?}   {:.1?}",
            if ahead { "made ahead" } else { "made when needed" },
            all.len(),
            all[all.len() / 2],
            all[all.len() * 99 / 100],
            all[all.len() - 1],
            begins,
        );
    }
    println!();
}

/// What was written: how many records, the sum of their numbers, and bytes of batches.
struct Filled {
    count: u64,
    sum: u64,
    bytes: u64,
}

/// Fills a journal with at least so many bytes.
fn fill(files: Disk, record_bytes: usize, records: u64, bytes: u64) -> Filled {
    let limits = Limits { payload_bytes: 1 << 20, ..Limits::default() };
    let mut writer =
        Writer::open(files, limits, [7; 16], 1, Loss::Refuse, |_| {}).expect("a new journal");
    let mut dice = Dice::new(1);
    let mut record = vec![0; record_bytes];
    record.fill_with(|| u8::try_from(dice.below(256)).expect("a byte"));
    let (mut count, mut sum, mut written) = (0, 0_u64, 0);
    while written < bytes {
        for _ in 0..records {
            count += 1;
            record[..8].copy_from_slice(&u64::to_le_bytes(count));
            writer.push(&record).expect("room");
            sum = sum.wrapping_add(count);
        }
        written += writer.commit(1).expect("a sound disk").bytes;
    }
    Filled { count, sum, bytes: written }
}

fn first_number(record: &[u8]) -> u64 {
    u64::from_le_bytes(*record.first_chunk().expect("a record begins with its number"))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Real files; synced or, where only what is read matters, not; and the next segment made ahead or not.
#[derive(Clone)]
struct Disk {
    files: Files,
    synced: bool,
    ahead: bool,
}

struct DiskFile {
    file: File,
    synced: bool,
}

impl Disk {
    fn new(folder: &Path, synced: bool, ahead: bool) -> Disk {
        Disk { files: Files::new(folder).expect("a folder"), synced, ahead }
    }

    fn file(synced: bool) -> impl Fn(File) -> DiskFile {
        move |file| DiskFile { file, synced }
    }
}

impl Storage for Disk {
    type File = DiskFile;

    fn names(&self) -> io::Result<Vec<String>> {
        self.files.names()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<DiskFile> {
        self.files.open(name, write).map(Disk::file(self.synced))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<DiskFile> {
        self.files.create(name, bytes).map(Disk::file(self.synced))
    }

    fn prepare(&self, name: &str, bytes: u64) -> Spare<DiskFile> {
        if !self.ahead {
            return Spare::done(Err(io::Error::other("it is to be made when it is needed")));
        }
        let (files, name, synced) = (self.files.clone(), name.to_owned(), self.synced);
        Spare::under_way(move || files.create(&name, bytes).map(Disk::file(synced)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files.remove(name)
    }

    fn free(&self) -> io::Result<u64> {
        self.files.free()
    }

    fn sync_names(&self) -> io::Result<()> {
        self.files.sync_names()
    }

    fn rest(&self, time: Duration) {
        self.files.rest(time);
    }
}

impl Medium for DiskFile {
    fn bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Medium::read_at(&self.file, at, buffer)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        Medium::write_at(&self.file, at, bytes)
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.file.trim(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        if self.synced { self.file.sync() } else { Ok(()) }
    }
}
