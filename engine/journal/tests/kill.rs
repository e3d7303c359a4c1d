//! A process that writes a journal is killed at random moments, again and again on the same folder, and what it had not synced is
//! really lost (`tests/preload` withholds it). Guaranteed: every record it said was durable is there, in order, none doubled, and
//! the next start goes on. Where syncs are made to do nothing, the same check finds the loss: it can fail.
//!
//! `YIDAN_KILLS=200` kills so often in place of 20 times.

#![expect(clippy::print_stdout, reason = "the process to be killed tells what is durable")]

#[path = "../../../tests/preload/withhold.rs"]
mod withhold;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use yidan_journal::recovery::{Row, decide};
use yidan_journal::storage::files::Files;
use yidan_journal::{Limits, Lock, Loss, Writer, scan};

const LIMITS: Limits =
    Limits { segment_bytes: 256 * 1024, payload_bytes: 48 * 1024, records: 4_096 };

/// Where the process to be killed finds its journal.
const FOLDER: &str = "YIDAN_HAMMER_FOLDER";

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A record that tells its number and its length; of every third the rest is nought, so that batches have masks.
fn record(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = [number.to_le_bytes(), (length as u64).to_le_bytes()].concat();
    let fill = if number.is_multiple_of(3) { 0 } else { number.to_le_bytes()[0] };
    bytes.resize(16 + length, fill);
    bytes
}

/// Whether it is the record of this number, whole.
fn is_record(bytes: &[u8], number: u64) -> bool {
    let length = bytes.get(8..16).and_then(|field| field.try_into().ok()).map(u64::from_le_bytes);
    let length = length.and_then(|length| usize::try_from(length).ok());
    length.is_some_and(|length| length < 1 << 20 && bytes == record(number, length))
}

/// The process to be killed: it opens the journal, and commits until it is. Run by the tests below, alone it does nothing.
#[test]
#[ignore = "the other tests run it, to kill it"]
fn hammer() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let _lock = Lock::take(folder).expect("nobody else has it");
    let mut expected = 1;
    let files = Files::new(folder).expect("the folder is there");
    let mut writer = Writer::open(files, LIMITS, [7; 16], 1, Loss::Refuse, |batch| {
        for bytes in batch.records() {
            assert!(is_record(bytes, expected), "record {expected} is another");
            expected += 1;
        }
    })
    .unwrap_or_else(|error| panic!("{error}"));
    println!("\nrecovered {}", expected - 1);
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let mut dice = Dice(seed.as_nanos() as u64);
    loop {
        for _ in 0..=dice.below(20) {
            let bytes = record(expected, usize::try_from(dice.below(3_000)).expect("small"));
            if writer.has_room(bytes.len()) {
                assert_eq!(writer.push(&bytes).expect("room"), expected);
                expected += 1;
            }
        }
        writer.commit(2).unwrap_or_else(|error| panic!("{error}"));
        let mut out = std::io::stdout().lock();
        writeln!(out, "durable {}", expected - 1).and_then(|()| out.flush()).expect("read");
    }
}

struct Hammer {
    child: Child,
    lines: Receiver<String>,
    recovered: u64,
    durable: u64,
    commits: u64,
}

impl Hammer {
    fn start(folder: &Path, skip_from: Option<u64>) -> Hammer {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", "hammer", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, folder).env("LD_PRELOAD", withhold::library());
        command.env("YIDAN_WITHHOLD_UNDER", folder);
        command.env("YIDAN_WITHHOLD_COUNTS", counts_of(folder));
        if let Some(number) = skip_from {
            command.env("YIDAN_WITHHOLD_SKIP_FROM", number.to_string());
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("it was piped"));
        let (tell, lines) = mpsc::channel();
        // A line that is not whole tells nothing; what the pipe holds is read even when its writer is killed.
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|l| tell.send(l)));
        Hammer { child, lines, recovered: 0, durable: 0, commits: 0 }
    }

    fn hear(&mut self, line: &str) {
        let number = |word| line.strip_prefix(word).and_then(|number: &str| number.parse().ok());
        if let Some(durable) = number("durable ") {
            (self.durable, self.commits) = (durable, self.commits + 1);
        }
        if let Some(recovered) = number("recovered ") {
            self.recovered = recovered;
        }
    }

    /// Waits for so many commits.
    fn wait(&mut self, commits: u64) {
        while self.commits < commits {
            let line = self.lines.recv_timeout(Duration::from_secs(60));
            self.hear(&line.expect("it goes on, and tells of each commit"));
        }
    }

    /// Kills it, and hears what it had still said.
    fn kill(mut self) -> Hammer {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends");
        while let Ok(line) = self.lines.recv() {
            self.hear(&line);
        }
        self
    }
}

fn counts_of(folder: &Path) -> PathBuf {
    folder.join("counts")
}

/// Reads the journal as it lies there: how many records it has, all in order, and what follows them.
fn check(folder: &Path, acknowledged: u64) -> Result<(u64, Row), String> {
    let (mut records, mut wrong) = (0, None);
    let read = scan(&Files::at(folder), |batch| {
        for bytes in batch.records() {
            records += 1;
            if !is_record(bytes, records) {
                wrong.get_or_insert(records);
            }
        }
    });
    let found = read.map_err(|error| error.to_string())?.found;
    if let Some(number) = wrong {
        return Err(format!("record {number} is another"));
    }
    if records < acknowledged {
        return Err(format!("{acknowledged} records were acknowledged, {records} are there"));
    }
    match decide(found).0 {
        row @ (Row::End | Row::Torn) => Ok((records, row)),
        row @ (Row::Rot | Row::AfterSeal | Row::MayBeAnswered) => Err(row.tells().to_owned()),
    }
}

#[test]
fn killed_at_any_moment_it_has_all_that_it_said_was_durable() {
    let kills = env::var("YIDAN_KILLS").map_or(20, |kills| kills.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let folder = folder.path();
    let mut dice = Dice(1);
    let (mut acknowledged, mut commits, mut torn) = (0, 0, 0);
    for kill in 0..kills {
        let mut hammer = Hammer::start(folder, None);
        // Sometimes while it starts and recovers, mostly after some commits.
        if kill % 4 != 3 {
            hammer.wait(1 + dice.below(10));
        }
        thread::sleep(Duration::from_micros(dice.below(20_000)));
        let hammer = hammer.kill();
        if hammer.commits > 0 {
            assert!(hammer.recovered >= acknowledged, "kill {kill}: it went on from less");
            let counts = fs::read(counts_of(folder)).expect("it synced");
            let syncs = u64::from_le_bytes(counts[..8].try_into().expect("eight bytes"));
            assert!(syncs >= hammer.commits, "each commit is synced");
        }
        acknowledged = acknowledged.max(hammer.durable);
        commits += hammer.commits;
        let (records, row) =
            check(folder, acknowledged).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        torn += u64::from(row == Row::Torn);
        // What is whole stays so, whether anybody has heard of it or not.
        acknowledged = records;
    }
    println!("{kills} kills, {commits} commits, {acknowledged} records, {torn} torn tails");
    assert!(commits >= kills && torn > 0, "it was killed where it matters");
}

#[test]
fn where_syncs_do_nothing_the_same_check_finds_the_loss() {
    let mut found = Vec::new();
    for _ in 0..5 {
        let folder = tempfile::tempdir().expect("a folder can be made");
        // The header of the first segment and two batches are synced, what comes after is only said to be.
        let mut hammer = Hammer::start(folder.path(), Some(4));
        hammer.wait(8);
        let hammer = hammer.kill();
        if let Err(error) = check(folder.path(), hammer.durable) {
            found.push(error);
        }
    }
    assert_eq!(found.len(), 5, "every time: {found:?}");
    // Where a second segment was begun, its header is missed first.
    assert!(found.iter().any(|error| error.contains("were acknowledged")), "{found:?}");
}
