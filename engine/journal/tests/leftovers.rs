//! What a killed process or a full disk leaves behind, and a journal that ends before its snapshot: the one is cleared by the next
//! who comes, the other is told by everyone who reads.

use std::fs;

use yidan_journal::snapshot::{Draft, Head, marks};
use yidan_journal::storage::Storage;
use yidan_journal::storage::files::Files;
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{
    JournalError, Limits, Lock, Loss, Mark, Writer, archive, scan, scan_after, scan_durable,
};

const LIMITS: Limits = Limits { segment_bytes: 8 * 1024, payload_bytes: 1024, records: 8 };

fn open<S: Storage>(storage: S, loss: Loss) -> Result<Writer<S>, JournalError> {
    Writer::open(storage, LIMITS, [7; 16], 1, loss, |_| {})
}

/// A journal of so many batches, each of one record.
fn written<S: Storage>(storage: S, batches: u64) -> Writer<S> {
    let mut writer = open(storage, Loss::Refuse).expect("a new journal");
    for number in 0..batches {
        writer.push(&[u8::try_from(number % 256).expect("a byte"); 600]).expect("room");
        writer.commit(number).expect("a sound disk");
    }
    writer
}

#[test]
fn a_lock_file_of_a_process_that_is_gone_stands_in_nobodys_way() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["lock", "snapshot.lock"] {
        fs::write(folder.path().join(name), "4711\n").expect("written");
    }
    let lock = Lock::take(folder.path()).expect("nobody holds it");
    let other = Lock::of_snapshots(folder.path()).expect("nobody holds it");
    let held = Lock::take(folder.path()).expect_err("it is held").to_string();
    assert!(held.contains(&format!("(process {})", std::process::id())), "{held}");
    drop((lock, other));
    Lock::take(folder.path()).expect("it is free again");
}

#[test]
fn a_start_clears_the_spare_that_was_left() {
    let disk = Memory::new();
    drop(written(disk.clone(), 2));
    disk.put("next.tmp", vec![0; 100]);
    drop(open(disk.clone(), Loss::Refuse).expect("sound"));
    assert!(disk.bytes_of("next.tmp").is_none());
}

#[test]
fn half_a_snapshot_goes_before_the_room_of_the_disk_is_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Files::at(folder.path());
    fs::write(folder.path().join("snapshot.tmp"), "half").expect("written");
    let mark = Mark { journal: [7; 16], next_record: 1, batch: 0, hash: [0; 32] };
    let head = Head { mark, state: [0; 32], time_ms: 1 };
    drop(Draft::begin(&files, head).expect("room"));
    let full = Memory::new();
    full.put("snapshot.tmp", vec![1; 10]);
    full.plan(Plan { capacity: Some(0), ..Plan::default() });
    let error = Draft::begin(&full, head).expect_err("no room");
    assert!(matches!(error, JournalError::NoRoom { .. }), "{error}");
    assert!(full.bytes_of("snapshot.tmp").is_none(), "it is gone all the same");
}

#[test]
fn half_a_copy_in_the_archive_is_cleared_by_who_archives_next() {
    let (here, there) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let writer = written(Files::at(here.path()), 20);
    let half = there.path().join("0000000000000009.seg.tmp");
    fs::write(&half, "half").expect("written");
    let needed = writer.tip().next_record;
    let moved = archive(here.path(), there.path(), 2, needed, Some(writer.places()));
    assert_eq!(moved.expect("sound"), [1]);
    assert!(!half.exists());
}

#[test]
fn what_an_opening_cuts_is_told_with_its_place_and_length() {
    let disk = Memory::new();
    let mut writer = written(disk.clone(), 2);
    let at = writer.tip().offset;
    writer.push(&[9; 600]).expect("room");
    writer.commit(9).expect("a sound disk");
    drop(writer);
    let name = "0000000000000001.seg";
    let whole = disk.bytes_of(name).expect("the segment");
    let from = usize::try_from(at).expect("small");
    // One sector was never written.
    let mut torn = whole.clone();
    torn[from + 512..from + 1_024].fill(0);
    disk.put(name, torn);
    let writer = open(disk.clone(), Loss::Refuse).expect("it is cut");
    let cut = writer.cut().expect("it was");
    assert_eq!((cut.segment, cut.offset, cut.journaled), (1, at, None));
    assert!((100..=512).contains(&cut.bytes), "{cut}");
    let told = cut.to_string();
    assert!(
        told.starts_with(&format!("{name}, byte {at}: a batch whose write never ended")),
        "{told}"
    );
    // All were, and it is not whole.
    let mut damaged = whole;
    damaged[from + 200] ^= 1;
    disk.put(name, damaged);
    open(disk.clone(), Loss::Refuse).expect_err("it may have been answered");
    let cut = open(disk.clone(), Loss::Accept).expect("accepted").cut().expect("it was cut");
    assert_eq!(cut.journaled, Some(3));
    assert!(cut.to_string().contains("the loss is accepted, and batch 3 says so"), "{cut}");
    assert_eq!(open(disk, Loss::Refuse).expect("sound").cut(), None);
}

#[test]
fn whoever_reads_behind_a_snapshot_sees_that_the_journal_is_shorter() {
    let disk = Memory::new();
    drop(written(disk.clone(), 20));
    let (_, mark) = scan_durable(&disk, None, |_| {}).expect("sound");
    let mark = mark.expect("batches that others follow");
    let names = disk.names().expect("listed").into_iter();
    let last = names.filter(|name| name.ends_with(".seg")).max().expect("segments");
    disk.remove(&last).expect("it is there");
    let short = |error: JournalError| matches!(error, JournalError::Short { .. });
    assert!(short(scan_after(&disk, Some(&mark), |_| {}).expect_err("it is short")));
    assert!(short(scan_durable(&disk, Some(&mark), |_| {}).expect_err("it is short")));
    let scanned = scan(&disk, |_| {}).expect("what is here is sound");
    assert!(short(scanned.reaches(&mark).expect_err("it is short")));
    let names = disk.names().expect("listed");
    names.iter().for_each(|name| disk.remove(name).expect("it is there"));
    assert!(short(scan_after(&disk, Some(&mark), |_| {}).expect_err("nothing is here")));
    assert_eq!(marks(&disk).expect("listed"), []);
}
