//! Where records stand: finds one by its number and reads only the batch that holds it. The scan at open fills it and the
//! writer extends it after each sync, so it knows of nothing that is not durable.
//!
//! All handles of one journal share a table behind a lock: the writer holds it for one entry after each sync, a reader for a
//! search, and nobody while a file is read. So a record is fetched from any thread, and the writer waits for no disk but its own.
//! (A copy of the table handed over after each commit would wait for nobody, and copy the entries of a segment each time.)

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::JournalError;
use crate::format::{
    BATCH_HEADER, BatchHeader, SECTOR, SEGMENT_BYTES_MAX, SEGMENT_HEADER, SegmentHeader, apply_mask,
};
use crate::reader::{Batch, Tip, batches, head_of, name_of, numbers, read_header, read_whole};
use crate::recovery::Row;
use crate::storage::{Medium, Storage};

/// Closed segments whose places are held; those of others are gathered again from the headers of their batches.
const CLOSED_HELD: usize = 8;

/// Where the durable records of a journal stand. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Places {
    table: Arc<RwLock<Table>>,
}

/// A batch read alone: its own hash holds; those before it were not looked at.
#[derive(Clone, Debug)]
pub struct Fetched {
    header: BatchHeader,
    segment: u64,
    offset: u64,
    payload: Vec<u8>,
}

#[derive(Debug, Default)]
struct Table {
    /// Those that hold a batch, in order; the last is the one being written.
    segments: Vec<Segment>,
    /// The first record that is not archived.
    first_record: u64,
    /// The first record that is not durable.
    next_record: u64,
    /// Closed segments whose places are held, the longest held first.
    held: VecDeque<u64>,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    first_record: u64,
    places: Option<Vec<Place>>,
}

/// Where a batch stands, from the beginning of its segment.
#[derive(Copy, Clone, Debug)]
struct Place {
    /// Records of the segment before its first.
    records: u32,
    /// Sectors before it.
    sectors: u32,
}

/// A closed segment whose places are to be gathered.
struct Closed {
    number: u64,
    first_record: u64,
    /// The first record of the segment after it.
    next_record: u64,
}

/// What the table says of a record.
enum Known {
    At { segment: u64, offset: u64 },
    In(Closed),
}

const _: () = assert!(SEGMENT_BYTES_MAX / SECTOR as u64 <= 1 << 32);

impl Places {
    /// The places of a folder's records, for a reader beside the engine or without one: only the headers of segments are
    /// read, and the last segment whole, to see where the journal ends.
    ///
    /// # Errors
    /// A file that cannot be read, or a segment whose header is damaged or missing.
    pub fn of<S: Storage>(storage: &S) -> Result<Places, JournalError> {
        let places = Places::default();
        let mut tip: Option<Tip> = None;
        for number in numbers(storage)? {
            let header = read_header(storage, number)?;
            if tip.is_some_and(|tip| tip.segment + 1 != number) {
                return Err(damaged(number, 0, "the segment before it is missing"));
            }
            let head = head_of(&header);
            places.write().begin(number, head.next_record);
            tip = Some(head);
        }
        if let Some(tip) = tip {
            let (mut bytes, mut plain) = (Vec::new(), Vec::new());
            read_whole(storage, &name_of(tip.segment), &mut bytes)?;
            let mut visit =
                |batch: &Batch<'_>| places.note(batch.segment, batch.offset, &batch.header);
            let (end, _) = batches(&bytes, tip, true, &mut plain, &mut visit);
            places.ends_at(&end);
        }
        Ok(places)
    }

    /// The bytes of a record.
    ///
    /// # Errors
    /// A record that is not durable or is archived; a batch that cannot be read or is damaged.
    pub fn fetch<S: Storage>(&self, storage: &S, number: u64) -> Result<Vec<u8>, JournalError> {
        let fetched = self.fetch_batch(storage, number)?;
        Ok(fetched.record(number)?.to_vec())
    }

    /// The batch that holds a record.
    ///
    /// # Errors
    /// As [`Places::fetch`].
    pub fn fetch_batch<S: Storage>(
        &self,
        storage: &S,
        number: u64,
    ) -> Result<Fetched, JournalError> {
        let read = || {
            let (segment, offset) = self.locate(storage, number)?;
            let fetched = Fetched::read(storage, segment, offset)?;
            fetched.record(number)?;
            Ok(fetched)
        };
        // Its segment may have been archived while it was looked for, or by another process long ago.
        read().map_err(|error| {
            if let JournalError::File { .. } = error
                && let Some(first) = numbers(storage).ok().and_then(|here| here.first().copied())
            {
                self.forget_before(first);
            }
            self.read().known(number).err().unwrap_or(error)
        })
    }

    /// The first record that is here and the one after the last durable one; the same where there is none.
    pub fn records(&self) -> core::ops::Range<u64> {
        let table = self.read();
        table.first_record..table.next_record
    }

    /// Forgets the segments before one: they are archived.
    pub(crate) fn forget_before(&self, segment: u64) {
        let mut table = self.write();
        table.segments.retain(|held| held.number >= segment);
        table.held.retain(|held| *held >= segment);
        let first = table.segments.first().map(|first| first.first_record);
        table.first_record = first.unwrap_or(table.next_record);
    }

    /// Takes a durable batch up.
    pub(crate) fn note(&self, segment: u64, offset: u64, header: &BatchHeader) {
        let mut table = self.write();
        if table.segments.last().is_none_or(|last| last.number != segment) {
            table.begin(segment, header.first_record);
        }
        let last = table.segments.last_mut().expect("it was just begun");
        if header.records > 0 {
            let place = Place::new(last.first_record, header.first_record, offset);
            let place = place.expect("a segment of bounded length has so many records and sectors");
            last.places.get_or_insert_default().push(place);
        }
        table.next_record = header.first_record + u64::from(header.records);
    }

    /// Takes a closed segment up of which only the header was read.
    pub(crate) fn pass_over(&self, header: &SegmentHeader) {
        self.write().begin(header.number, header.first_record);
    }

    /// Says where the journal ends, which may have no batch.
    pub(crate) fn ends_at(&self, tip: &Tip) {
        let mut table = self.write();
        table.next_record = tip.next_record;
        if table.segments.is_empty() {
            table.first_record = tip.next_record;
        }
    }

    fn locate<S: Storage>(&self, storage: &S, number: u64) -> Result<(u64, u64), JournalError> {
        let closed = match self.read().known(number)? {
            Known::At { segment, offset } => return Ok((segment, offset)),
            Known::In(closed) => closed,
        };
        let places = closed.gather(storage)?;
        let offset = offset_of(&places, number - closed.first_record);
        self.write().hold(closed.number, places);
        Ok((closed.number, offset))
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        // Whoever panicked while holding it had not begun to change it, or was at its last step.
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn begin(&mut self, number: u64, first_record: u64) {
        match self.segments.last() {
            Some(closed) if closed.places.is_some() => self.held.push_back(closed.number),
            Some(_) => {}
            None => self.first_record = first_record,
        }
        self.segments.push(Segment { number, first_record, places: None });
        self.drop_longest_held();
    }

    fn hold(&mut self, number: u64, places: Vec<Place>) {
        let at = self.segments.binary_search_by_key(&number, |segment| segment.number);
        // It may have been archived meanwhile, or another thread was quicker.
        let Some(segment) = at.ok().and_then(|at| self.segments.get_mut(at)) else { return };
        if segment.places.is_none() {
            segment.places = Some(places);
            self.held.push_back(number);
            self.drop_longest_held();
        }
    }

    fn drop_longest_held(&mut self) {
        while self.held.len() > CLOSED_HELD {
            let number = self.held.pop_front();
            let longest = self.segments.iter_mut().find(|segment| Some(segment.number) == number);
            if let Some(segment) = longest {
                segment.places = None;
            }
        }
    }

    fn known(&self, number: u64) -> Result<Known, JournalError> {
        if number >= self.next_record || number == 0 {
            return Err(JournalError::NotDurable {
                number,
                last: self.next_record.saturating_sub(1),
            });
        }
        // Of segments that begin with the same record, only the last can hold one.
        let after = self.segments.partition_point(|segment| segment.first_record <= number);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.segments.get(at)) else {
            return Err(JournalError::Archived { number, first: self.first_record });
        };
        Ok(match &segment.places {
            Some(places) => Known::At {
                segment: segment.number,
                offset: offset_of(places, number - segment.first_record),
            },
            None => Known::In(Closed {
                number: segment.number,
                first_record: segment.first_record,
                next_record: self.segments.get(after).map_or(self.next_record, |s| s.first_record),
            }),
        })
    }
}

impl Place {
    fn new(segment_first: u64, first: u64, offset: u64) -> Option<Place> {
        let records = u32::try_from(first.checked_sub(segment_first)?).ok()?;
        let sectors = u32::try_from(offset / SECTOR as u64).ok()?;
        Some(Place { records, sectors })
    }
}

/// Where the batch begins that holds the record after so many of its segment.
fn offset_of(places: &[Place], records: u64) -> u64 {
    let after = places.partition_point(|place| u64::from(place.records) <= records);
    let place = after.checked_sub(1).and_then(|at| places.get(at));
    let place = place.expect("the first batch with records begins with the segment's first");
    u64::from(place.sectors) * SECTOR as u64
}

impl Closed {
    /// The places of its batches, by their headers alone.
    fn gather<S: Storage>(&self, storage: &S) -> Result<Vec<Place>, JournalError> {
        let name = name_of(self.number);
        let failed = |e| JournalError::file(&name, "reading", e);
        let file = storage.open(&name, false).map_err(failed)?;
        let mut places = Vec::new();
        let (mut at, mut next) = (SEGMENT_HEADER as u64, self.first_record);
        while next < self.next_record {
            let header = header_at(&file, self.number, at)?;
            let place = Place::new(self.first_record, header.first_record, at);
            let follows = header.first_record == next;
            let Some(place) = place.filter(|_| follows) else {
                return Err(damaged(self.number, at, "this batch does not follow the one before"));
            };
            if header.records > 0 {
                places.push(place);
            }
            at += header.extent();
            next += u64::from(header.records);
        }
        Ok(places)
    }
}

impl Fetched {
    fn read<S: Storage>(storage: &S, segment: u64, offset: u64) -> Result<Fetched, JournalError> {
        let name = name_of(segment);
        let failed = |e| JournalError::file(&name, "reading", e);
        let file = storage.open(&name, false).map_err(failed)?;
        let header = header_at(&file, segment, offset)?;
        let mut stored = vec![0; header.payload as usize];
        let read = file.read_at(offset + BATCH_HEADER as u64, &mut stored).map_err(failed)?;
        if read < stored.len() || header.hash != header.hash_of(&stored) {
            return Err(damaged(segment, offset, "its hash does not hold"));
        }
        apply_mask(&mut stored, header.mask);
        Ok(Fetched { header, segment, offset, payload: stored })
    }

    /// As a reader of the whole journal is shown it.
    pub fn batch(&self) -> Batch<'_> {
        Batch::checked(self.header, self.segment, self.offset, &self.payload)
    }

    fn record(&self, number: u64) -> Result<&[u8], JournalError> {
        let place = number.checked_sub(self.header.first_record);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let record = place.and_then(|place| self.batch().records().nth(place));
        record.ok_or_else(|| damaged(self.segment, self.offset, "the record is not in its batch"))
    }
}

fn header_at<M: Medium>(file: &M, segment: u64, at: u64) -> Result<BatchHeader, JournalError> {
    let mut bytes = [0; BATCH_HEADER];
    let failed = |e| JournalError::file(&name_of(segment), "reading", e);
    file.read_at(at, &mut bytes).map_err(failed)?;
    BatchHeader::decode(&bytes).map_err(|_| damaged(segment, at, "no batch begins here"))
}

fn damaged(segment: u64, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged {
        file: name_of(segment),
        offset,
        what: what.to_owned(),
        advice: Row::Rot.advice(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::memory::Memory;
    use crate::writer::{Limits, Loss, Writer};

    #[test]
    fn the_places_of_few_closed_segments_are_held_however_many_there_are() {
        let disk = Memory::new();
        let limits = Limits { segment_bytes: 4 * 1024, payload_bytes: 1024, records: 1 };
        let mut writer = Writer::open(disk.clone(), limits, [7; 16], 1, Loss::Refuse, |_| {})
            .expect("a new journal");
        let held = |places: &Places| {
            let table = places.read();
            let held = table.segments.iter().filter(|segment| segment.places.is_some()).count();
            assert!(table.held.len() <= CLOSED_HELD && held <= CLOSED_HELD + 1, "{held}");
            held
        };
        for number in 1..=200_u64 {
            writer.push(&number.to_le_bytes()).expect("room");
            writer.commit(1).expect("sound");
            held(writer.places());
        }
        assert_eq!(held(writer.places()), CLOSED_HELD + 1);
        assert!(writer.tip().segment > 2 * CLOSED_HELD as u64);
        let places = Places::of(&disk).expect("sound");
        for number in 1..=200_u64 {
            let found = places.fetch(&disk, number).expect("durable");
            assert_eq!(found, number.to_le_bytes());
            held(&places);
        }
        assert_eq!(held(&places), CLOSED_HELD + 1);
    }
}
