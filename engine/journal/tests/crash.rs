//! A journal cut at every byte, with every bit turned over, after writes and syncs that failed, on a disk that lost what
//! was not synced. Guaranteed: every batch whose commit returned is there again, nothing damaged is taken for whole, and
//! nothing that may have been answered is cut without leave.

use yidan_journal::format::{BATCH_HEADER, SECTOR, SEGMENT_HEADER};
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::storage::{Medium, Storage};
use yidan_journal::{JournalError, Limits, Loss, Writer, scan};

const LIMITS: Limits = Limits { segment_bytes: 16 * 1024, payload_bytes: 4 * 1024, records: 64 };
const SEGMENT: &str = "0000000000000001.seg";

/// Numbers that look random, the same for a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 29)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn open(disk: &Memory, loss: Loss) -> Result<(Writer<Memory>, Vec<Vec<u8>>), JournalError> {
    let mut records = Vec::new();
    let writer = Writer::open(disk.clone(), LIMITS, [7; 16], 1_000, loss, |batch| {
        records.extend(batch.records().map(<[u8]>::to_vec));
    })?;
    Ok((writer, records))
}

fn record(number: u64, dice: &mut Dice) -> Vec<u8> {
    // Some records are all nought, and some longer than a sector.
    let length = usize::try_from(dice.below(900)).expect("small");
    let fill = if dice.below(3) == 0 { 0 } else { 0xA5 };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize(8 + length, fill);
    bytes
}

/// Where a batch ends, and all records up to there.
type End = (u64, Vec<Vec<u8>>);

/// A journal of some batches: the disk, and the end of the header and of each batch.
fn written(batches: usize) -> (Memory, Vec<End>) {
    let disk = Memory::new();
    let mut dice = Dice(1);
    let (mut writer, _) = open(&disk, Loss::Refuse).expect("a new journal");
    let mut records = Vec::new();
    let mut ends = vec![(SEGMENT_HEADER as u64, Vec::new())];
    for number in 0..batches as u64 {
        // The last batch has several sectors, the others as many as it falls.
        let last = number + 1 == batches as u64;
        for _ in 0..if last { 4 } else { 1 + dice.below(3) } {
            let mut bytes = record(number, &mut dice);
            bytes.resize(bytes.len().max(if last { 400 } else { 0 }), 0);
            writer.push(&bytes).expect("room");
            records.push(bytes);
        }
        writer.commit(2_000).expect("a sound disk");
        ends.push((writer.tip().offset, records.clone()));
    }
    assert_eq!(writer.tip().segment, 1, "all in one segment");
    (disk, ends)
}

#[test]
fn cut_at_every_byte_the_whole_batches_before_are_there_and_it_goes_on() {
    let (disk, ends) = written(6);
    let bytes = disk.bytes_of(SEGMENT).expect("the segment");
    let end = usize::try_from(ends.last().expect("batches").0).expect("small");
    for cut in 0..=end {
        let after = Memory::new();
        after.put(SEGMENT, bytes[..cut].to_vec());
        let opened = open(&after, Loss::Refuse);
        if cut < SEGMENT_HEADER {
            assert!(matches!(opened, Err(JournalError::Damaged { .. })), "byte {cut}");
            continue;
        }
        let whole = ends.iter().rev().find(|(at, _)| *at <= cut as u64).expect("the header");
        let (mut writer, records) = opened.unwrap_or_else(|error| panic!("byte {cut}: {error}"));
        assert_eq!(records, whole.1, "byte {cut}");
        writer.push(b"after").expect("room");
        writer.commit(3_000).expect("a sound disk");
        let (_, records) = open(&after, Loss::Refuse).expect("whole again");
        assert_eq!(records.len(), whole.1.len() + 1);
        assert_eq!(records.last().map(Vec::as_slice), Some(&b"after"[..]));
    }
}

#[test]
fn every_bit_turned_over_in_the_written_part_stops_the_engine() {
    let (disk, ends) = written(4);
    let end = usize::try_from(ends.last().expect("batches").0).expect("small");
    for bit in 0..end * 8 {
        let rotten = disk.copy();
        rotten.rot(SEGMENT, bit);
        match open(&rotten, Loss::Refuse) {
            Err(JournalError::Damaged { .. } | JournalError::Version { .. }) => {}
            Err(other) => panic!("bit {bit}: {other}"),
            Ok(_) => panic!("bit {bit} was not seen"),
        }
    }
}

#[test]
fn sectors_that_were_not_written_are_a_torn_tail_and_are_cut() {
    let (disk, ends) = written(5);
    let bytes = disk.bytes_of(SEGMENT).expect("the segment");
    let [.., (before, kept), (end, _)] = &ends[..] else { panic!("batches") };
    let (before, end) =
        (usize::try_from(*before).expect("small"), usize::try_from(*end).expect("small"));
    let sectors = (end - before) / SECTOR;
    assert!(sectors >= 2, "the last batch has several sectors");
    // Every set of sectors but all of them.
    for set in 0..(1_u32 << sectors) - 1 {
        let mut torn = bytes.clone();
        for sector in (0..sectors).filter(|sector| set & (1 << sector) == 0) {
            torn[before + sector * SECTOR..][..SECTOR].fill(0);
        }
        let after = Memory::new();
        after.put(SEGMENT, torn);
        let (_, records) = open(&after, Loss::Refuse).unwrap_or_else(|e| panic!("set {set}: {e}"));
        assert_eq!(&records, kept);
        let cut = after.bytes_of(SEGMENT).expect("the segment");
        assert!(cut[before..].iter().all(|byte| *byte == 0), "set {set}: the tail is nought again");
    }
}

#[test]
fn a_rotten_header_is_not_taken_for_part_of_the_torn_batch_behind_it() {
    let (disk, ends) = written(5);
    let bytes = disk.bytes_of(SEGMENT).expect("the segment");
    let at = |place: usize| usize::try_from(ends[place].0).expect("small");
    // The fourth batch was durable and answered; of the fifth, anything but its first sector was written when the power went.
    let (durable, torn, end) = (at(3), at(4), at(5));
    let sectors = (end - torn) / SECTOR;
    for set in 0..1_u32 << (sectors - 1) {
        let after = Memory::new();
        let mut left = bytes.clone();
        for sector in (0..sectors).filter(|sector| (set << 1) & (1 << sector) == 0) {
            left[torn + sector * SECTOR..][..SECTOR].fill(0);
        }
        after.put(SEGMENT, left);
        let (_, records) = open(&after.copy(), Loss::Refuse).expect("only torn");
        assert_eq!(records, ends[4].1);
        for bit in durable * 8..(durable + BATCH_HEADER) * 8 {
            let rotten = after.copy();
            rotten.rot(SEGMENT, bit);
            assert!(open(&rotten, Loss::Refuse).is_err(), "set {set}, bit {bit}: it was cut");
        }
    }
}

#[test]
fn what_may_have_been_answered_is_cut_only_with_leave_and_that_is_journaled() {
    let (disk, ends) = written(3);
    let [.., (before, kept), _] = &ends[..] else { panic!("batches") };
    let bit = (usize::try_from(*before).expect("small") + 200) * 8;
    disk.rot(SEGMENT, bit);
    let Err(error) = open(&disk, Loss::Refuse) else { panic!("it must stop") };
    let told = error.to_string();
    assert!(told.contains(SEGMENT) && told.contains("--accept-loss"), "{told}");
    let (_, records) = open(&disk, Loss::Accept).expect("with leave");
    assert_eq!(&records, kept);
    let (again, records) = open(&disk, Loss::Refuse).expect("whole again");
    assert_eq!(again.cut(), None);
    let note = String::from_utf8(records.last().expect("the note").clone()).expect("text");
    assert!(note.contains("may have been answered"), "{note}");
}

#[test]
fn after_a_seal_nothing_is_cut_and_a_new_segment_is_begun() {
    let (disk, ends) = written(2);
    let (writer, _) = open(&disk, Loss::Refuse).expect("sound");
    writer.seal(4_000).expect("a sound disk");
    let sealed = disk.copy();
    let (mut writer, records) = open(&disk, Loss::Refuse).expect("sound");
    assert_eq!(records, ends.last().expect("batches").1);
    assert_eq!(writer.tip().segment, 2);
    writer.push(b"after the seal").expect("room");
    writer.commit(5_000).expect("a sound disk");
    let (_, records) = open(&disk, Loss::Refuse).expect("sound");
    assert_eq!(records.last().map(Vec::as_slice), Some(&b"after the seal"[..]));
    let end = scan(&sealed, |_| {}).expect("readable").tip.expect("a tip").offset;
    let mut bytes = sealed.bytes_of(SEGMENT).expect("the segment");
    assert_eq!(bytes.len() as u64, end, "what it has not used is given back");
    bytes.resize(bytes.len() + 2 * SECTOR, 1);
    sealed.put(SEGMENT, bytes);
    for loss in [Loss::Refuse, Loss::Accept] {
        let Err(error) = open(&sealed, loss) else { panic!("it must stop") };
        assert!(error.to_string().contains("seal"), "{error}");
    }
}

#[test]
fn a_missing_or_foreign_segment_stops_the_engine() {
    let disk = Memory::new();
    let mut dice = Dice(5);
    let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
    while writer.tip().segment < 3 {
        writer.push(&record(1, &mut dice)).expect("room");
        writer.commit(1).expect("sound");
    }
    let second = "0000000000000002.seg";
    let missing = Memory::new();
    for name in [SEGMENT, "0000000000000003.seg"] {
        missing.put(name, disk.bytes_of(name).expect("a segment"));
    }
    assert!(matches!(open(&missing, Loss::Accept), Err(JournalError::Damaged { .. })));
    let rotten = disk.copy();
    rotten.rot(second, (SEGMENT_HEADER + 40) * 8);
    let Err(error) = open(&rotten, Loss::Accept) else { panic!("it must stop") };
    assert!(error.to_string().contains("known durable"), "{error}");
}

#[test]
fn a_failed_write_or_sync_poisons_the_writer_and_loses_nothing_committed() {
    for plan in [
        Plan { fail_sync: Some(2), ..Plan::default() },
        Plan { fail_write: Some(2), ..Plan::default() },
    ] {
        let disk = Memory::new();
        let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
        disk.plan(plan.clone());
        writer.push(b"one").expect("room");
        writer.commit(1).expect("the first works");
        writer.push(b"two").expect("room");
        assert!(matches!(writer.commit(2), Err(JournalError::File { .. })), "{plan:?}");
        assert!(matches!(writer.push(b"three"), Err(JournalError::Poisoned { batch: 2 })));
        assert!(matches!(writer.commit(3), Err(JournalError::Poisoned { batch: 2 })));
        disk.plan(Plan::default());
        let (_, records) = open(&disk.crash(true, || false), Loss::Refuse).expect("sound");
        assert_eq!(records, [b"one".to_vec()], "{plan:?}");
    }
}

#[test]
fn a_full_disk_stops_with_a_clear_sentence_and_goes_on_when_there_is_room() {
    let disk = Memory::new();
    let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
    disk.plan(Plan { capacity: Some(LIMITS.segment_bytes), ..Plan::default() });
    let mut dice = Dice(9);
    let mut committed = Vec::new();
    let error = loop {
        let bytes = record(3, &mut dice);
        writer.push(&bytes).expect("room");
        match writer.commit(1) {
            Ok(_) => committed.push(bytes),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("disk is full"), "{error}");
    disk.plan(Plan::default());
    let (mut writer, records) = open(&disk, Loss::Refuse).expect("sound");
    assert_eq!(records, committed);
    writer.push(b"on").expect("room");
    writer.commit(2).expect("room on the disk");
}

#[test]
fn whatever_the_power_takes_what_was_committed_is_there() {
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let disk = Memory::new();
        let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
        disk.plan(Plan { cut_before_sync: Some(1 + dice.below(30)), ..Plan::default() });
        let mut committed = Vec::new();
        let mut open_batch = Vec::new();
        loop {
            let bytes = record(seed, &mut dice);
            if !writer.has_room(bytes.len()) || dice.below(3) == 0 {
                match writer.commit(1) {
                    Ok(_) => committed.append(&mut open_batch),
                    Err(_) => break,
                }
            }
            writer.push(&bytes).expect("room");
            open_batch.push(bytes);
        }
        let survives = dice.below(4);
        let after = disk.crash(dice.below(2) == 0, || match survives {
            0 => false,
            1 => true,
            _ => dice.below(2) == 0,
        });
        let (mut writer, records) =
            open(&after, Loss::Refuse).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let whole = [&committed[..], &open_batch[..]].concat();
        assert!(
            records == committed || records == whole,
            "seed {seed}: all or nothing of the last"
        );
        // And again: a crash right after the recovery.
        after.plan(Plan { cut_before_sync: Some(1), ..Plan::default() });
        writer.push(b"never durable").expect("room");
        assert!(writer.commit(2).is_err());
        let again = after.crash(true, || dice.below(2) == 0);
        let (_, then) = open(&again, Loss::Refuse).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert!(then.starts_with(&records), "seed {seed}");
    }
}

#[test]
fn what_a_killed_process_left_unsynced_is_durable_when_the_next_one_has_read_it() {
    for boundary in [false, true] {
        let disk = Memory::new();
        let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
        if boundary {
            // The next batch begins a segment, so its name is in doubt as well.
            while writer.tip().offset < LIMITS.segment_bytes - 1_024 {
                writer.push(&[1; 300]).expect("room");
                writer.commit(1).expect("sound");
            }
        }
        // Written, and killed before the sync of the batch; a new segment's header has a sync of its own.
        disk.plan(Plan { cut_before_sync: Some(1 + u64::from(boundary)), ..Plan::default() });
        writer.push(&[2; 2_000]).expect("room");
        assert!(writer.commit(2).is_err());
        drop(writer);
        disk.plan(Plan::default());
        let (_, read) = open(&disk, Loss::Refuse).expect("sound");
        assert_eq!(read.last().map(Vec::len), Some(2_000), "the system still had it");
        // It may have been answered from by now. Then the power goes.
        let (_, after) = open(&disk.crash(false, || false), Loss::Refuse).expect("sound");
        assert!(after == read, "what was read is there");
    }
}

#[test]
fn the_name_of_a_segment_is_durable_before_its_first_batch_whoever_gave_it() {
    let disk = Memory::new();
    let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
    while writer.tip().segment == 1 {
        writer.push(&[1; 900]).expect("room");
        writer.commit(1).expect("sound");
    }
    // As of a process that was killed after it had named the second segment, and before it synced the name.
    let second = "0000000000000002.seg";
    let bytes = disk.bytes_of(second).expect("a segment");
    let after = Memory::new();
    after.put(SEGMENT, disk.bytes_of(SEGMENT).expect("a segment"));
    let file = after.create("next.tmp", LIMITS.segment_bytes).expect("room");
    file.write_at(0, &bytes[..SEGMENT_HEADER]).expect("sound");
    file.sync().expect("sound");
    after.rename("next.tmp", second).expect("named");
    let (mut writer, mut records) = open(&after, Loss::Refuse).expect("sound");
    writer.push(b"answered").expect("room");
    writer.commit(2).expect("sound");
    assert_eq!(writer.tip().segment, 2);
    records.push(b"answered".to_vec());
    let (_, then) = open(&after.crash(false, || false), Loss::Refuse).expect("sound");
    assert!(then == records, "what was answered is there");
}

#[test]
fn a_spare_is_made_ahead_taken_when_the_segment_is_full_and_gone_after_a_clean_stop() {
    let disk = Memory::new();
    let (mut writer, _) = open(&disk, Loss::Refuse).expect("new");
    let spare = "next.tmp";
    assert!(disk.bytes_of(spare).is_none(), "a journal that is hardly begun has none");
    while writer.tip().segment == 1 {
        assert_eq!(disk.bytes_of(spare).is_some(), writer.tip().offset > SEGMENT_HEADER as u64);
        writer.push(&[1; 900]).expect("room");
        writer.commit(1).expect("sound");
    }
    // It was there already: a disk that is full now does not stop the one after it.
    writer.prepare();
    disk.plan(Plan { capacity: Some(0), ..Plan::default() });
    while writer.tip().segment == 2 {
        writer.push(&[1; 900]).expect("room");
        writer.commit(1).expect("the spare is there");
    }
    disk.plan(Plan::default());
    // What a crash leaves of it is not taken for anything.
    let torn = disk.copy();
    torn.put(spare, vec![7; 100]);
    let (mut again, _) = open(&torn, Loss::Refuse).expect("sound");
    while again.tip().segment == 3 {
        again.push(&[1; 900]).expect("room");
        again.commit(1).expect("sound");
    }
    open(&torn, Loss::Refuse).expect("sound");
    writer.seal(2).expect("sound");
    assert!(disk.bytes_of(spare).is_none());
}
