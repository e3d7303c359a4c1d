//! Segments moved to an archive: nothing that a start needs is moved, nothing is removed before its copy is known to be the
//! same, and what is left is read only by who says that a snapshot holds the rest.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use yidan_journal::storage::files::Files;
use yidan_journal::{JournalError, Limits, Loss, Writer, archive, scan, scan_since};

const LIMITS: Limits = Limits { segment_bytes: 8 * 1024, payload_bytes: 4 * 1024, records: 64 };

fn record(number: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize(300, u8::try_from(number % 256).expect("a byte"));
    bytes
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn open(folder: &Path, since: u64) -> Result<(Writer<Files>, Vec<Vec<u8>>), JournalError> {
    let files = Files::new(folder).expect("a folder can be made");
    let mut records = Vec::new();
    let writer = Writer::open_since(files, since, LIMITS, [7; 16], 1, Loss::Refuse, |batch| {
        records.extend(batch.records().map(<[u8]>::to_vec));
    })?;
    Ok((writer, records))
}

/// A journal of six segments, and the first record of each.
fn written(folder: &Path) -> (Writer<Files>, Vec<u64>) {
    let (mut writer, _) = open(folder, 1).expect("new");
    let mut firsts = vec![1];
    while writer.tip().segment < 6 {
        writer.push(&record(writer.tip().next_record)).expect("room");
        let done = writer.commit(1).expect("a sound disk");
        if writer.tip().segment > firsts.len() as u64 {
            firsts.push(done.first_record);
        }
    }
    (writer, firsts)
}

fn segments(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut numbers: Vec<u64> =
        names.filter_map(|name| name.strip_suffix(".seg")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_is_moved_is_read_in_the_archive_and_the_rest_where_it_was() {
    let (here, there) = (folder(), folder());
    let (mut writer, firsts) = written(here.path());
    let files = Files::at(here.path());
    let last = writer.tip().next_record - 1;
    let moved = archive(here.path(), there.path(), 4, firsts[3], Some(writer.places()));
    assert_eq!(moved.expect("sound"), [1, 2, 3]);
    assert_eq!((segments(here.path()), segments(there.path())), (vec![4, 5, 6], vec![1, 2, 3]));
    // Who writes knows of it at once, and goes on.
    match writer.places().fetch(&files, firsts[3] - 1) {
        Err(JournalError::Archived { number, first }) => {
            assert_eq!((number, first), (firsts[3] - 1, firsts[3]));
        }
        other => panic!("{other:?}"),
    }
    for number in firsts[3]..=last {
        assert_eq!(writer.places().fetch(&files, number).expect("here"), record(number));
    }
    writer.push(&record(last + 1)).expect("room");
    writer.commit(2).expect("a sound disk");
    drop(writer);
    // The next start must know where its snapshot ends.
    match open(here.path(), firsts[3] - 1) {
        Err(JournalError::Missing { missing, begins, since }) => {
            assert_eq!((missing, begins, since), (3, firsts[3], firsts[3] - 1));
        }
        other => panic!("{other:?}"),
    }
    let Err(error) = scan(&files, |_| {}) else { panic!("it must stop") };
    let told = error.to_string();
    assert!(told.contains("segments 1 to 3 are missing") && told.contains("record 1 "), "{told}");
    let (_, records) = open(here.path(), firsts[3]).expect("a snapshot holds the rest");
    assert_eq!(records, (firsts[3]..=last + 1).map(record).collect::<Vec<_>>());
    // The archive alone is a journal that ends, and both together are the whole.
    let mut archived = Vec::new();
    let read = scan(&Files::at(there.path()), |batch| {
        archived.extend(batch.records().map(<[u8]>::to_vec));
    });
    assert!(!read.expect("readable").found.something);
    assert_eq!(archived, (1..firsts[3]).map(record).collect::<Vec<_>>());
    for number in segments(there.path()) {
        let name = format!("{number:016}.seg");
        fs::copy(there.path().join(&name), here.path().join(&name)).expect("put back");
    }
    let mut count = 0;
    scan(&files, |batch| count += batch.records().count() as u64).expect("whole again");
    assert_eq!(count, last + 1);
}

#[test]
fn what_is_needed_or_being_written_is_not_moved_and_then_nothing_is() {
    let (here, there) = (folder(), folder());
    let (writer, firsts) = written(here.path());
    let places = Some(writer.places());
    let end = writer.tip().next_record;
    for (before, needed, why) in [
        (7, end, "segment 6 is the last one"),
        (4, firsts[3] - 1, "are needed"),
        (2, 1, "those from record 1 on are needed"),
    ] {
        match archive(here.path(), there.path(), before, needed, places) {
            Err(error @ JournalError::NotArchived { .. }) => {
                assert!(error.to_string().contains(why), "{error}");
            }
            other => panic!("{before} {needed}: {other:?}"),
        }
    }
    let again = archive(here.path(), &here.path().join("."), 3, end, places);
    assert!(matches!(again, Err(JournalError::NotArchived { .. })), "{again:?}");
    assert_eq!(segments(here.path()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(segments(there.path()), []);
    assert_eq!(archive(here.path(), there.path(), 1, end, places).expect("nothing to do"), []);
}

#[test]
fn a_damaged_segment_stays_and_so_does_one_whose_copy_differs() {
    let (here, there) = (folder(), folder());
    let (writer, _) = written(here.path());
    let end = writer.tip().next_record;
    let second = here.path().join("0000000000000002.seg");
    let sound = fs::read(&second).expect("a segment");
    let mut rotten = sound.clone();
    rotten[700] ^= 1;
    fs::write(&second, &rotten).expect("written");
    let Err(error) = archive(here.path(), there.path(), 4, end, None) else { panic!("damaged") };
    assert!(error.to_string().contains("0000000000000002.seg"), "{error}");
    assert_eq!((segments(here.path()), segments(there.path())), (vec![2, 3, 4, 5, 6], vec![1]));
    // It is sound again; a copy of other content lies there already.
    fs::write(&second, &sound).expect("written");
    let copy = there.path().join("0000000000000002.seg");
    fs::write(&copy, &rotten).expect("written");
    let Err(error) = archive(here.path(), there.path(), 4, end, None) else { panic!("differs") };
    assert!(error.to_string().contains("byte 700: its copy"), "{error}");
    assert!(second.is_file());
    // As a crash between the copy and the removal leaves it: the same call goes on.
    fs::write(&copy, &sound).expect("written");
    assert_eq!(archive(here.path(), there.path(), 4, end, None).expect("sound"), [2, 3]);
    assert_eq!(segments(there.path()), [1, 2, 3]);
}

#[test]
fn without_a_snapshot_a_journal_begins_with_segment_1() {
    let here = folder();
    let (writer, firsts) = written(here.path());
    drop(writer);
    fs::remove_file(here.path().join("0000000000000001.seg")).expect("removed");
    let files = Files::at(here.path());
    assert!(matches!(scan(&files, |_| {}), Err(JournalError::Missing { missing: 1, .. })));
    let early = scan_since(&files, firsts[1] - 1, |_| {});
    assert!(matches!(early, Err(JournalError::Missing { .. })));
    let mut first = None;
    scan_since(&files, firsts[1], |batch| {
        first.get_or_insert(batch.header.first_record);
    })
    .expect("a snapshot holds the rest");
    assert_eq!(first, Some(firsts[1]));
}

#[test]
fn a_journal_that_ends_before_the_snapshot_is_not_gone_on_from() {
    let (here, empty) = (folder(), folder());
    let (writer, _) = written(here.path());
    let end = writer.tip().next_record;
    drop(writer);
    assert!(open(here.path(), end).is_ok());
    match open(here.path(), end + 1) {
        Err(JournalError::Short { last, since }) => assert_eq!((last, since), (end - 1, end + 1)),
        other => panic!("{other:?}"),
    }
    // A torn end is not cut there either.
    let last = here.path().join("0000000000000006.seg");
    let mut torn = fs::read(&last).expect("a segment");
    let read = scan(&Files::at(here.path()), |_| {}).expect("sound");
    let at = usize::try_from(read.tip.expect("a tip").offset).expect("small");
    torn[at] = 1;
    torn.truncate(at + 100);
    fs::write(&last, &torn).expect("written");
    assert!(matches!(open(here.path(), end + 1), Err(JournalError::Short { .. })));
    assert!(fs::read(&last).expect("a segment") == torn);
    assert!(open(here.path(), end).is_ok());
    assert!(fs::read(&last).expect("a segment") != torn, "it was cut");
    assert!(matches!(open(empty.path(), 2), Err(JournalError::Short { last: 0, since: 2 })));
    assert_eq!(segments(empty.path()), [], "no new journal is begun");
}
