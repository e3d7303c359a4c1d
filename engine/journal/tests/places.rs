//! Records found by their numbers: over masks, many batches and segments, held and not, while the writer writes. Guaranteed:
//! the bytes of a record are those that were pushed, or an error says why there are none.

use std::sync::atomic::{AtomicU64, Ordering};

use yidan_journal::format::{BATCH_HEADER, SECTOR, SEGMENT_HEADER};
use yidan_journal::storage::files::Files;
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{JournalError, Limits, Loss, Places, Writer};

const LIMITS: Limits = Limits { segment_bytes: 16 * 1024, payload_bytes: 4 * 1024, records: 64 };

/// What record number `n` says: its length follows from its number; some are all nought, and longer than a sector, so that
/// their batch has a mask.
fn record(number: u64) -> Vec<u8> {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let length = usize::try_from(mixed >> 54).expect("ten bits");
    match number % 4 {
        0 => vec![0; length + SECTOR * 2],
        1 => Vec::new(),
        _ => number.to_le_bytes().into_iter().cycle().take(length).collect(),
    }
}

/// Batches of one record, then two, up to five and again, until a segment of this number is begun.
fn write_until(writer: &mut Writer<Memory>, segment: u64) -> u64 {
    let mut next = writer.tip().next_record;
    let mut size = 0;
    while writer.tip().segment < segment {
        size = size % 5 + 1;
        for _ in 0..size {
            if writer.has_room(record(next).len()) {
                assert_eq!(writer.push(&record(next)).expect("room"), next);
                next += 1;
            }
        }
        writer.commit(1).expect("a sound disk");
    }
    next - 1
}

fn open(disk: &Memory) -> Writer<Memory> {
    Writer::open(disk.clone(), LIMITS, [7; 16], 1, Loss::Refuse, |_| {}).expect("sound")
}

fn name(segment: u64) -> String {
    format!("{segment:016}.seg")
}

#[test]
fn every_record_is_found_by_the_writer_s_the_next_start_s_and_a_reader_s_places() {
    let disk = Memory::new();
    let mut writer = open(&disk);
    let last = write_until(&mut writer, 30);
    let written = writer.places().clone();
    drop(writer);
    let reopened = open(&disk).places().clone();
    let read = Places::of(&disk).expect("sound headers");
    for places in [written, reopened, read] {
        assert_eq!(places.records(), 1..last + 1);
        // Up, down, and to and fro over the segments.
        let up = 1..=last;
        let across = (1..=last).map(|n| if n % 2 == 0 { n } else { last + 1 - n });
        for number in up.clone().chain(up.rev()).chain(across) {
            let found = places.fetch(&disk, number).unwrap_or_else(|e| panic!("{number}: {e}"));
            assert!(found == record(number), "record {number}");
        }
    }
}

#[test]
fn a_record_is_found_only_when_it_is_durable() {
    let disk = Memory::new();
    let mut writer = open(&disk);
    let places = writer.places().clone();
    let not_durable = |number: u64, last: u64| match places.fetch(&disk, number) {
        Err(JournalError::NotDurable { number: told, last: known }) => {
            assert_eq!((told, known), (number, last));
        }
        other => panic!("{other:?}"),
    };
    not_durable(1, 0);
    writer.push(b"one").expect("room");
    not_durable(1, 0);
    writer.commit(1).expect("a sound disk");
    assert_eq!(places.fetch(&disk, 1).expect("durable"), b"one");
    not_durable(2, 1);
    not_durable(0, 1);
    // Written, and its sync fails: it stays unknown.
    disk.plan(Plan { cut_before_sync: Some(1), ..Plan::default() });
    writer.push(b"two").expect("room");
    assert!(writer.commit(2).is_err());
    not_durable(2, 1);
}

#[test]
fn a_seal_and_segments_without_records_are_passed_over() {
    let disk = Memory::new();
    for number in 1..=5 {
        let mut writer = open(&disk);
        writer.push(&record(number)).expect("room");
        writer.seal(2).expect("a sound disk");
        open(&disk).seal(3).expect("a sound disk");
    }
    for places in [open(&disk).places().clone(), Places::of(&disk).expect("sound headers")] {
        for number in 1..=5 {
            assert_eq!(places.fetch(&disk, number).expect("there"), record(number));
        }
        assert!(matches!(places.fetch(&disk, 6), Err(JournalError::NotDurable { last: 5, .. })));
    }
}

#[test]
fn a_damaged_batch_is_told_with_its_place_and_the_others_are_found() {
    let disk = Memory::new();
    let mut writer = open(&disk);
    let last = write_until(&mut writer, 20);
    let written = writer.places().clone();
    let whole = written.fetch_batch(&disk, last - 1).expect("whole");
    let (segment, offset) = (whole.batch().segment, whole.batch().offset);
    let payload = usize::try_from(offset).expect("small") + BATCH_HEADER;
    assert!(whole.batch().header.payload > 0);
    let rotten = disk.copy();
    rotten.rot(&name(segment), payload * 8 + 3);
    match written.fetch(&rotten, last - 1) {
        Err(JournalError::Damaged { file, offset: told, what, .. }) => {
            assert_eq!((file, told), (name(segment), offset));
            assert!(what.contains("hash"), "{what}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(written.fetch(&rotten, 1).expect("another batch"), record(1));
    // A header of a closed segment, which is walked over: what comes after it is not guessed.
    let in_second = |number: &u64| {
        let fetched = written.fetch_batch(&disk, *number).expect("whole");
        fetched.batch().segment == 2
    };
    let number = (1..=last).rfind(in_second).expect("a record of the second segment");
    let rotten = disk.copy();
    rotten.rot(&name(2), (SEGMENT_HEADER + 50) * 8);
    let read = Places::of(&rotten).expect("the headers of segments are sound");
    match read.fetch(&rotten, number) {
        Err(JournalError::Damaged { file, offset, .. }) => {
            assert_eq!((file, offset), (name(2), SEGMENT_HEADER as u64));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(read.fetch(&rotten, 1).expect("another segment"), record(1));
}

#[test]
fn places_of_another_journal_give_an_error_and_never_another_record() {
    let (disk, other) = (Memory::new(), Memory::new());
    let mut writer = open(&disk);
    let last = write_until(&mut writer, 4);
    let mut others = open(&other);
    for number in 1..=last {
        others.push(&[&record(number)[..], b"longer"].concat()).expect("room");
        others.commit(1).expect("a sound disk");
    }
    let mut wrong = 0;
    for number in 1..=last {
        match writer.places().fetch(&other, number) {
            // Places that fall on another batch's are seen by the number of its first record.
            Ok(found) => assert_eq!(found, [&record(number)[..], b"longer"].concat()),
            Err(JournalError::Damaged { .. }) => wrong += 1,
            Err(error) => panic!("{number}: {error}"),
        }
    }
    assert!(wrong > last / 2, "only {wrong} of {last} were told");
}

#[test]
fn records_are_fetched_from_another_thread_while_the_writer_writes() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let files = Files::new(folder.path()).expect("a folder can be made");
    let mut writer =
        Writer::open(files.clone(), LIMITS, [7; 16], 1, Loss::Refuse, |_| {}).expect("new");
    let places = writer.places().clone();
    let (durable, fetched) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = 1_u64;
            while durable.load(Ordering::Acquire) < 600 {
                let last = durable.load(Ordering::Acquire);
                if last == 0 {
                    continue;
                }
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let number = 1 + (dice >> 33) % last;
                let found = places.fetch(&files, number).unwrap_or_else(|e| panic!("{e}"));
                assert!(found == record(number), "record {number}");
                fetched.fetch_add(1, Ordering::Relaxed);
            }
        });
        for number in 1..=600 {
            writer.push(&record(number)).expect("room");
            let done = writer.commit(1).expect("a sound disk");
            durable.store(done.first_record, Ordering::Release);
        }
    });
    assert!(writer.tip().segment > 20 && fetched.into_inner() > 0);
}
