//! Reads a journal from its first segment on, batch after batch, and says what stands after the last whole one. It never
//! writes and never repairs.

use crate::error::JournalError;
use crate::format::{
    BATCH_HEADER, BatchHeader, Hash, HeaderFault, Kind, SECTOR, SEGMENT_HEADER, SegmentHeader,
    apply_mask, next_record,
};
use crate::recovery::{self, Found};
use crate::storage::{Medium, Storage};

/// The end of the name of a segment.
const SUFFIX: &str = ".seg";

/// A whole batch: header, chain and hash are as they should be.
#[derive(Debug)]
pub struct Batch<'b> {
    /// Its header.
    pub header: BatchHeader,
    /// The segment it stands in.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
    payload: &'b [u8],
}

/// The records of a batch, in order.
#[derive(Clone, Debug)]
pub struct Records<'b> {
    payload: &'b [u8],
}

/// The end of the whole batches.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Tip {
    /// The journal.
    pub journal: [u8; 16],
    /// The last segment.
    pub segment: u64,
    /// Its length as preallocated.
    pub segment_bytes: u64,
    /// Where the next batch would go in it.
    pub offset: u64,
    /// The number of the last whole batch; nought before the first.
    pub batch: u64,
    /// The number of the next record, from 1.
    pub next_record: u64,
    /// The hash of the last whole batch.
    pub hash: Hash,
    /// Whether that is a seal, in this segment.
    pub sealed: bool,
}

/// What reading a journal gave.
#[derive(Copy, Clone, Debug)]
pub struct Scan {
    /// Where its whole batches end; `None` for a folder without segments.
    pub tip: Option<Tip>,
    /// What follows.
    pub found: Found,
}

impl<'b> Batch<'b> {
    /// Its records, in order.
    pub fn records(&self) -> Records<'b> {
        Records { payload: self.payload }
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        next_record(&mut self.payload)
    }
}

/// The name of a segment.
pub(crate) fn name_of(segment: u64) -> String {
    format!("{segment:016}{SUFFIX}")
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    if digits.len() == 16 { digits.parse().ok() } else { None }
}

/// Reads all segments in order, calling `visit` for every whole batch.
///
/// # Errors
/// A file that cannot be read, or a segment whose header is damaged, missing, or of another journal. Damage among batches
/// is not an error here: it is told in [`Scan::found`].
pub fn scan<S: Storage>(
    storage: &S,
    mut visit: impl FnMut(&Batch<'_>),
) -> Result<Scan, JournalError> {
    let names =
        storage.names().map_err(|e| JournalError::file("the journal's folder", "listing", e))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    let mut tip: Option<Tip> = None;
    for (place, number) in numbers.iter().enumerate() {
        let bytes = read_whole(storage, &name_of(*number))?;
        let header = segment_header(&bytes, *number)?;
        let begun = follow(tip, &header)?;
        let last = place + 1 == numbers.len();
        let (end, found) = batches(&bytes, begun, last, &mut visit);
        tip = Some(end);
        if last || found.something {
            return Ok(Scan { tip, found });
        }
    }
    Ok(Scan { tip, found: Found::default() })
}

fn read_whole<S: Storage>(storage: &S, name: &str) -> Result<Vec<u8>, JournalError> {
    let failed = |e| JournalError::file(name, "reading", e);
    let file = storage.open(name, false).map_err(failed)?;
    let length = usize::try_from(file.bytes().map_err(failed)?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let read = file.read_at(0, &mut bytes).map_err(failed)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn segment_header(bytes: &[u8], number: u64) -> Result<SegmentHeader, JournalError> {
    let file = name_of(number);
    let damaged = |what: &str| JournalError::Damaged {
        file: file.clone(),
        offset: 0,
        what: what.to_owned(),
        advice: recovery::Row::Rot.advice(),
    };
    let Some(head) = bytes.first_chunk::<SEGMENT_HEADER>() else {
        return Err(damaged("the file ends within its header"));
    };
    match SegmentHeader::decode(head) {
        Ok(header) if header.number == number => Ok(header),
        Ok(header) => Err(damaged(&format!("its header says it is segment {}", header.number))),
        Err(HeaderFault::Version(found)) => Err(JournalError::Version { file, found }),
        Err(HeaderFault::Nought | HeaderFault::Damaged) => Err(damaged("its header is damaged")),
    }
}

/// Where a segment takes up from the one before.
fn follow(before: Option<Tip>, header: &SegmentHeader) -> Result<Tip, JournalError> {
    if let Some(tip) = before {
        let fits = header.journal == tip.journal
            && header.number == tip.segment + 1
            && header.first_batch == tip.batch + 1
            && header.first_record == tip.next_record
            && header.before == tip.hash;
        if !fits {
            return Err(JournalError::Damaged {
                file: name_of(header.number),
                offset: 0,
                what: format!(
                    "it does not follow batch {} of segment {}: a segment is missing, of another journal, or damaged",
                    tip.batch, tip.segment
                ),
                advice: recovery::Row::Rot.advice(),
            });
        }
    }
    Ok(Tip {
        journal: header.journal,
        segment: header.number,
        segment_bytes: header.bytes,
        offset: SEGMENT_HEADER as u64,
        batch: header.first_batch - 1,
        next_record: header.first_record,
        hash: header.before,
        sealed: false,
    })
}

/// The whole batches of one segment, and what follows them.
fn batches(
    bytes: &[u8],
    mut tip: Tip,
    last: bool,
    visit: &mut impl FnMut(&Batch<'_>),
) -> (Tip, Found) {
    let mut plain = Vec::new();
    loop {
        let at = usize::try_from(tip.offset).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some((header, payload)) = whole(rest, &tip) else {
            return (tip, found_in(rest, &tip, last));
        };
        let payload = if header.mask == [0; 2] {
            payload
        } else {
            plain.clear();
            plain.extend_from_slice(payload);
            apply_mask(&mut plain, header.mask);
            &plain[..]
        };
        visit(&Batch { header, segment: tip.segment, offset: tip.offset, payload });
        tip.offset += header.extent();
        tip.batch = header.number;
        tip.next_record = header.first_record + u64::from(header.records);
        tip.hash = header.hash;
        tip.sealed = header.kind == Kind::Seal;
    }
}

/// The batch that stands at the beginning of some bytes, if it is whole and the next of its chain.
fn whole<'b>(rest: &'b [u8], tip: &Tip) -> Option<(BatchHeader, &'b [u8])> {
    let header = BatchHeader::decode(rest.first_chunk()?).ok()?;
    let payload = rest.get(BATCH_HEADER..BATCH_HEADER + header.payload as usize)?;
    let padding = rest.get(BATCH_HEADER + payload.len()..usize::try_from(header.extent()).ok()?)?;
    let follows = header.number == tip.batch + 1
        && header.first_record == tip.next_record
        && header.before == tip.hash
        && header.durable < header.number;
    let sound = follows
        && header.hash == header.hash_of(payload)
        && padding.iter().all(|byte| *byte == 0)
        && holds_records(payload, &header);
    sound.then_some((header, payload))
}

/// Whether a payload is just so many records.
fn holds_records(stored: &[u8], header: &BatchHeader) -> bool {
    if header.mask != [0; 2] {
        // Its hash holds, so it is what the writer wrote; it is taken apart when its mask is off.
        return true;
    }
    let mut payload = stored;
    let counted = core::iter::from_fn(|| next_record(&mut payload)).count();
    payload.is_empty() && u32::try_from(counted) == Ok(header.records)
}

/// What stands where no whole batch does.
fn found_in(rest: &[u8], tip: &Tip, last: bool) -> Found {
    let nought = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    if nought(rest) {
        // A segment may end before its length when the next batch did not fit; then the next one follows.
        return Found::default();
    }
    let header = rest.first_chunk().and_then(|head| BatchHeader::decode(head).ok());
    // A batch of which the header tells nothing reaches as far as anything is written.
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let extent = match header {
        Some(header) => usize::try_from(header.extent()).unwrap_or(usize::MAX),
        None => written.next_multiple_of(SECTOR),
    };
    let own = rest.get(..extent.min(rest.len())).unwrap_or(rest);
    let is_later = |sector: &[u8]| {
        let header = sector.first_chunk().and_then(|head| BatchHeader::decode(head).ok());
        header.is_some_and(|header| header.number > tip.batch + 1)
    };
    let sectors = || rest.chunks(SECTOR).skip(1);
    Found {
        something: true,
        later: !last || sectors().any(is_later),
        sealed: tip.sealed,
        sector_nought: own.chunks(SECTOR).any(nought),
        file_ends: extent > rest.len(),
    }
}
