//! Journals verified, counted and shown: sound ones, torn ones, damaged ones, and one that is being written.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use yidan_journal::storage::files::Files;
use yidan_journal::{Limits, Lock, Loss, Writer, archive};

use crate::program::{Folder, run};

const LIMITS: Limits = Limits { segment_bytes: 8 * 1024, payload_bytes: 4 * 1024, records: 64 };

/// 2025-03-01 08:00:00 UTC.
const BEGUN_MS: u64 = 1_740_816_000_000;

fn open(path: &str) -> Writer<Files> {
    let files = Files::new(Path::new(path)).expect("a folder can be made");
    Writer::open(files, LIMITS, [7; 16], BEGUN_MS, Loss::Refuse, |_| {}).expect("sound")
}

/// Twenty batches, of one to four records of 100 bytes, a second apart: fifty records.
fn written(path: &str) -> Writer<Files> {
    let mut writer = open(path);
    for batch in 0..20_u64 {
        for _ in 0..=batch % 4 {
            let number = u8::try_from(writer.tip().next_record % 256).expect("a byte");
            writer.push(&[number; 100]).expect("room");
        }
        writer.commit(BEGUN_MS + batch * 1_000).expect("a sound disk");
    }
    writer
}

fn segment(path: &str, number: u64) -> String {
    format!("{path}/{number:016}.seg")
}

/// Changes the bytes of a segment.
fn change(path: &str, number: u64, change: impl FnOnce(&mut [u8])) {
    let file = segment(path, number);
    let mut bytes = fs::read(&file).expect("a segment");
    change(&mut bytes);
    fs::write(&file, bytes).expect("written");
}

/// All files, with what is in them.
fn content(path: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).expect("a folder").flatten();
    let content = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
    };
    entries.map(content).collect()
}

#[test]
fn a_sound_journal_is_verified_and_nothing_is_written_or_locked() {
    let folder = Folder::new();
    let path = folder.path("journal");
    let writer = written(&path);
    let (segments, head) = (writer.tip().segment, writer.tip().hash);
    drop(writer);
    let _held = Lock::take(Path::new(&path)).expect("nobody has it");
    let before = content(&path);
    let ran = run(&["journal", "verify", &path]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
    for told in [
        &format!("segments  {segments}, numbers 1 to {segments}\n"),
        "batches   20, numbers 1 to 20\n",
        "records   50, numbers 1 to 50\n",
        "5000 in records\n",
        &format!("head      {hex}\n"),
        &format!("ends      segment {segments}, byte "),
        "the journal ends here\n",
    ] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    assert_eq!(run(&["journal", "stats", &path]).code, Some(0));
    assert_eq!(run(&["journal", "show", &path]).code, Some(0));
    assert!(content(&path) == before, "nothing is written");
}

#[test]
fn a_clean_stop_is_told_and_so_is_a_journal_without_records() {
    let folder = Folder::new();
    let path = folder.path("journal");
    drop(open(&path));
    let ran = run(&["journal", "verify", &path]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("batches   0\nrecords   0\n"), "{}", ran.out);
    let ran = run(&["journal", "show", &path]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("no record yet"), "{}", ran.err);
    written(&path).seal(BEGUN_MS).expect("a sound disk");
    let ran = run(&["journal", "verify", &path]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("the seal of a clean stop"), "{}", ran.out);
    let ran = run(&["journal", "stats", &path]);
    assert!(ran.out.contains("21, of them 1 seals"), "{}", ran.out);
}

#[test]
fn a_torn_end_is_exit_code_1_and_damage_is_2_with_its_place() {
    let folder = Folder::new();
    let path = folder.path("journal");
    let mut writer = written(&path);
    writer.push(&[0xEE; 1_000]).expect("room");
    let (at, segment) = (writer.tip().offset, writer.tip().segment);
    writer.commit(BEGUN_MS).expect("a sound disk");
    assert_eq!(writer.tip().segment, segment, "the last batch is in the same segment");
    drop(writer);
    let at = usize::try_from(at).expect("small");
    let (place, name) =
        (format!("ends      segment {segment}, byte {at}: "), format!("{segment:016}"));
    let whole = fs::read(format!("{path}/{name}.seg")).expect("a segment");
    // One of its sectors was never written.
    change(&path, segment, |bytes| bytes[at + 512..at + 1_024].fill(0));
    let ran = run(&["journal", "verify", &path]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    assert!(ran.out.contains(&place) && ran.out.contains("the next start cuts it"), "{}", ran.out);
    assert!(ran.out.contains("records   50, "), "{}", ran.out);
    let stats = run(&["journal", "stats", &path]);
    assert_eq!(stats.code, Some(1));
    assert!(stats.err.contains("never ended"), "{}", stats.err);
    // All were, and one is not as it was.
    fs::write(format!("{path}/{name}.seg"), &whole).expect("written");
    change(&path, segment, |bytes| bytes[at + 600] ^= 4);
    let ran = run(&["journal", "verify", &path]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.out.contains(&place) && ran.out.contains("may have been answered"), "{}", ran.out);
    assert!(!ran.out.contains("MayBeAnswered"), "{}", ran.out);
    assert!(ran.err.contains("--accept-loss"), "{}", ran.err);
    assert_eq!(run(&["journal", "stats", &path]).code, Some(2));
    // Something before it is not.
    change(&path, 1, |bytes| bytes[700] ^= 4);
    let ran = run(&["journal", "verify", &path]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.out.contains("segment 1, byte 512: a batch that was known durable"), "{}", ran.out);
    assert!(ran.err.contains("Put the segment back"), "{}", ran.err);
    // A header.
    change(&path, 1, |bytes| bytes[20] ^= 4);
    let ran = run(&["journal", "verify", &path]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("0000000000000001.seg, byte 0: its header is damaged"), "{}", ran.err);
}

#[test]
fn what_is_no_journal_or_not_all_of_one_is_told() {
    let folder = Folder::new();
    for command in ["verify", "stats", "show"] {
        let ran = run(&["journal", command, &folder.path("nowhere")]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{command}");
        assert!(ran.err.contains("nowhere") && ran.err.contains("Check the path"), "{}", ran.err);
        let ran = run(&["journal", command, &folder.path("")]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{command}");
        assert!(ran.err.contains("no journal is here"), "{}", ran.err);
    }
    let (path, away) = (folder.path("journal"), folder.path("archive"));
    let writer = written(&path);
    let end = writer.tip().next_record;
    archive(Path::new(&path), Path::new(&away), 2, end, None).expect("sound");
    let ran = run(&["journal", "verify", &path]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("segments 1 to 1 are missing"), "{}", ran.err);
    let (_, since) = ran.err.split_once("`--since ").expect("what reads the rest");
    let since = since.split('`').next().expect("a number");
    let ran = run(&["journal", "verify", &path, "--since", since]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert!(ran.out.contains(&format!("numbers {since} to 50\n")), "{}", ran.out);
    assert_eq!(run(&["journal", "verify", &away]).code, Some(0));
    let ran = run(&["journal", "show", &path, "--record", "1"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("record 1 is archived"), "{}", ran.err);
    assert_eq!(run(&["journal", "show", &away, "--record", "1"]).code, Some(0));
}

#[test]
fn numbers_are_spread_and_times_told() {
    let folder = Folder::new();
    let path = folder.path("journal");
    drop(written(&path));
    let ran = run(&["journal", "stats", &path]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for told in [
        "batches           20, of them 0 seals, 0 losses accepted\n",
        "records           50\n",
        "from              2025-03-01 08:00:00.000 UTC\n",
        "to                2025-03-01 08:00:19.000 UTC, 19 s 0 ms later\n",
        "records a batch   least 1  p50 2  p90 4  p99 4  most 4\n",
        "bytes a record    least 100  p50 100  p90 100  p99 100  most 100\n",
    ] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
}

#[test]
fn records_are_shown_by_number() {
    let folder = Folder::new();
    let path = folder.path("journal");
    drop(written(&path));
    let one = run(&["journal", "show", &path, "--record", "4"]);
    assert_eq!((one.code, one.err.as_str()), (Some(0), ""));
    let mut lines = one.out.lines();
    let head = "record 4  batch 3  segment 1  2025-03-01 08:00:02.000 UTC  100 bytes";
    assert_eq!(lines.next(), Some(head));
    assert_eq!(lines.next(), Some(&*format!("  000000 {}", " 0404".repeat(16))));
    assert_eq!(lines.count(), 3);
    let shown = |args: &[&str]| {
        let ran = run(&[&["journal", "show", &path], args].concat());
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
        let heads = ran.out.lines().filter_map(|line| line.strip_prefix("record "));
        let numbers = heads.map(|head| head.split(' ').next().and_then(|n| n.parse().ok()));
        (numbers.collect::<Option<Vec<u64>>>().expect("numbers"), ran.err)
    };
    assert_eq!(shown(&[]), ((1..=50).collect(), String::new()));
    assert_eq!(shown(&["--from", "9", "--to", "31"]), ((9..=31).collect(), String::new()));
    assert_eq!(shown(&["--to", "3"]), (vec![1, 2, 3], String::new()));
    let behind = (vec![49, 50], "the journal ends with record 50\n".to_owned());
    assert_eq!(shown(&["--from", "49", "--to", "60"]), behind);
    for (args, told) in [
        (&["--record", "51"][..], "record 51 is not durable: the last one that is has number 50"),
        (&["--from", "51"], "record 51 is not durable"),
        (&["--from", "5", "--to", "4"], "comes after record 4"),
        (&["--record", "0"], "0 is not in 1.."),
        (&["--record", "1", "--from", "1"], "cannot be used with"),
    ] {
        let ran = run(&[&["journal", "show", &path], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.contains(told), "{args:?}: {}", ran.err);
    }
    change(&path, 1, |bytes| bytes[700] ^= 1);
    let ran = run(&["journal", "show", &path, "--record", "1"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("0000000000000001.seg, byte 512: its hash"), "{}", ran.err);
    assert_eq!(run(&["journal", "show", &path, "--record", "2"]).code, Some(0));
}

#[test]
fn a_batch_on_its_way_is_not_taken_for_a_torn_one() {
    let folder = Folder::new();
    let (path, copy) = (folder.path("journal"), folder.path("copy"));
    let files = Files::new(Path::new(&path)).expect("a folder can be made");
    let limits = Limits { segment_bytes: 512 * 1024, ..LIMITS };
    let mut writer = Writer::open(files, limits, [7; 16], 1, Loss::Refuse, |_| {}).expect("new");
    let begins: Vec<u64> = (0..400)
        .map(|_| {
            let begin = writer.tip().offset;
            writer.push(&[7; 600]).expect("room");
            assert_eq!(writer.commit(BEGUN_MS).expect("a sound disk").bytes, 1_024);
            begin
        })
        .collect();
    drop(writer);
    let whole = fs::read(segment(&path, 1)).expect("a segment");
    fs::create_dir(&copy).expect("a folder can be made");
    let mut slow = vec![0; whole.len()];
    slow[..512].copy_from_slice(&whole[..512]);
    fs::write(segment(&copy, 1), slow).expect("written");
    // The same batches, each written in two halves with a pause between them.
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = OpenOptions::new().write(true).open(segment(&copy, 1)).expect("there");
            for begin in begins {
                let at = usize::try_from(begin).expect("small");
                file.write_all_at(&whole[at..at + 512], begin).expect("written");
                thread::sleep(Duration::from_millis(5));
                file.write_all_at(&whole[at + 512..at + 1_024], begin + 512).expect("written");
            }
        });
        let runs: Vec<_> = (0..3).map(|_| run(&["journal", "verify", &copy])).collect();
        for ran in &runs {
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
        }
        assert!(runs.iter().any(|ran| ran.out.contains("an engine is writing behind it")));
    });
    let ran = run(&["journal", "verify", &copy]);
    assert!(ran.out.contains("records   400, ") && ran.out.contains("ends here"), "{}", ran.out);
}
