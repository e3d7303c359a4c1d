//! Reads a journal from its first segment on, batch after batch, and says what stands after the last whole one. It never
//! writes and never repairs.

use crate::error::JournalError;
use crate::format::{
    BATCH_HEADER, BatchHeader, Hash, HeaderFault, Kind, SECTOR, SEGMENT_BYTES_MAX, SEGMENT_HEADER,
    SegmentHeader, apply_mask, next_record,
};
use crate::recovery::{self, Found, Verdict};
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

/// The last batch of which a snapshot holds the records, and those of all before it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Mark {
    /// The journal.
    pub journal: [u8; 16],
    /// The first record after it.
    pub next_record: u64,
    /// Its number.
    pub batch: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What a reader comes to that goes on from a mark.
pub(crate) enum Seen<'s, 'b> {
    /// A segment that holds nothing after the mark; only its header is read.
    Segment(&'s SegmentHeader),
    /// A batch that is not after the mark.
    Known(&'s Batch<'b>),
    /// A batch after it.
    New(&'s Batch<'b>),
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
    /// A batch whose header, chain and hash were checked; its payload without its mask.
    pub(crate) fn checked(
        header: BatchHeader,
        segment: u64,
        offset: u64,
        payload: &'b [u8],
    ) -> Batch<'b> {
        Batch { header, segment, offset, payload }
    }

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

impl Scan {
    /// Whether nothing stands after the whole batches but what a start may cut without asking.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the place, by the recovery table.
    pub fn sound(&self) -> Result<(), JournalError> {
        match (recovery::decide(self.found), &self.tip) {
            ((_, Verdict::Append | Verdict::Cut), _) | (_, None) => Ok(()),
            ((row, Verdict::CutIfAccepted | Verdict::Stop), Some(tip)) => {
                Err(JournalError::Damaged {
                    file: name_of(tip.segment),
                    offset: tip.offset,
                    what: format!("after batch {}, {}", tip.batch, row.tells()),
                    advice: row.advice(),
                })
            }
        }
    }

    /// Whether the whole batches reach the last one that a snapshot holds. Who asks read the mark before the journal: an
    /// engine beside may have made another since.
    ///
    /// # Errors
    /// [`JournalError::Short`] where they end before it. Damage there is told by [`Scan::sound`], which comes first.
    pub fn reaches(&self, mark: &Mark) -> Result<(), JournalError> {
        let (batch, next_record) = self.tip.map_or((0, 1), |tip| (tip.batch, tip.next_record));
        if batch < mark.batch || next_record < mark.next_record {
            return Err(JournalError::Short { last: next_record - 1, since: mark.next_record });
        }
        Ok(())
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
/// As [`scan_since`] for a journal that is to be there from its first record.
pub fn scan<S: Storage>(storage: &S, visit: impl FnMut(&Batch<'_>)) -> Result<Scan, JournalError> {
    scan_since(storage, 1, visit)
}

/// Reads all segments that are there in order, calling `visit` for every whole batch. A snapshot holds every record before
/// `since`, so segments whose records are all earlier may be archived; 1 without a snapshot.
///
/// # Errors
/// A file that cannot be read; a segment whose header is damaged, missing, or of another journal; first segments that are
/// missing and needed ([`JournalError::Missing`]). Damage among batches is not an error here: it is told in
/// [`Scan::found`].
pub fn scan_since<S: Storage>(
    storage: &S,
    since: u64,
    mut visit: impl FnMut(&Batch<'_>),
) -> Result<Scan, JournalError> {
    let numbers = numbers(storage)?;
    let (mut bytes, mut plain) = (Vec::new(), Vec::new());
    let mut tip: Option<Tip> = None;
    for (place, number) in numbers.iter().enumerate() {
        read_whole(storage, &name_of(*number), &mut bytes)?;
        let header = segment_header(&bytes, *number)?;
        let begun = match tip {
            Some(before) => follow(before, &header)?,
            None => begin(&header, since)?,
        };
        let last = place + 1 == numbers.len();
        let (end, found) = batches(&bytes, begun, last, &mut plain, &mut visit);
        tip = Some(end);
        if last || found.something {
            return Ok(Scan { tip, found });
        }
    }
    Ok(Scan { tip, found: Found::default() })
}

/// Reads what comes after a mark, calling `visit` for every whole batch of it; from the first record where there is no mark.
/// Segments that hold only what comes before it are not read, and may be archived.
///
/// # Errors
/// As [`scan_since`]; [`JournalError::OtherChain`] where the batch of the mark is here and is another;
/// [`JournalError::Short`] where the journal ends before it and nothing there is damaged.
pub fn scan_after<S: Storage>(
    storage: &S,
    mark: Option<&Mark>,
    mut visit: impl FnMut(&Batch<'_>),
) -> Result<Scan, JournalError> {
    scan_seeing(storage, mark, |seen| match seen {
        Seen::New(batch) => visit(batch),
        Seen::Segment(_) | Seen::Known(_) => {}
    })
}

/// Reads as [`scan_after`] does, whether an engine writes meanwhile or not, and shows only what is surely durable: a batch that
/// another follows. (A seal is the last batch and has no records, so behind it nothing is left out.) Gives what was found,
/// and the mark of the last batch shown; `None` where none was and there was no mark.
///
/// # Errors
/// As [`scan_after`].
pub fn scan_durable<S: Storage>(
    storage: &S,
    mark: Option<&Mark>,
    mut visit: impl FnMut(&Batch<'_>),
) -> Result<(Scan, Option<Mark>), JournalError> {
    let mut held: Option<(BatchHeader, u64, u64)> = None;
    let (mut payload, mut shown) = (Vec::new(), None);
    let scan = scan_after(storage, mark, |batch| {
        if let Some((header, segment, offset)) = held {
            visit(&Batch { header, segment, offset, payload: &payload });
            shown = Some(header);
        }
        held = Some((batch.header, batch.segment, batch.offset));
        payload.clear();
        payload.extend_from_slice(batch.payload);
    })?;
    let last = shown.zip(scan.tip).map(|(header, tip)| Mark {
        journal: tip.journal,
        next_record: header.first_record + u64::from(header.records),
        batch: header.number,
        hash: header.hash,
    });
    Ok((scan, last.or(mark.copied())))
}

/// Reads after a mark, and tells of all that it comes to, in order.
pub(crate) fn scan_seeing<S: Storage>(
    storage: &S,
    mark: Option<&Mark>,
    mut see: impl FnMut(Seen<'_, '_>),
) -> Result<Scan, JournalError> {
    let Some(mark) = mark else {
        return scan_since(storage, 1, |batch| see(Seen::New(batch)));
    };
    let scan = scan_behind(storage, mark, see)?;
    if scan.sound().is_ok() {
        scan.reaches(mark)?;
    }
    Ok(scan)
}

fn scan_behind<S: Storage>(
    storage: &S,
    mark: &Mark,
    mut see: impl FnMut(Seen<'_, '_>),
) -> Result<Scan, JournalError> {
    let other = || JournalError::OtherChain { next_record: mark.next_record, batch: mark.batch };
    let numbers = numbers(storage)?;
    let headers = numbers.iter().map(|number| read_header(storage, *number));
    let headers: Vec<SegmentHeader> = headers.collect::<Result<_, _>>()?;
    if headers.iter().any(|header| header.journal != mark.journal) {
        return Err(other());
    }
    // The last one that begins no later than behind the mark: it has the batch of the mark, or follows it.
    let after = headers.partition_point(|header| header.first_batch <= mark.batch + 1);
    let (skipped, read) = headers.split_at(after.saturating_sub(1));
    let mut before: Option<&SegmentHeader> = None;
    for header in skipped {
        if before.is_some_and(|before| !comes_after(before, header)) {
            return Err(does_not_follow(header.number, "the segment before it"));
        }
        before = Some(header);
        see(Seen::Segment(header));
    }
    let Some(first) = read.first() else { return Ok(Scan { tip: None, found: Found::default() }) };
    if before.is_some_and(|before| !comes_after(before, first)) {
        return Err(does_not_follow(first.number, "the segment before it"));
    }
    let mut tip = begin(first, mark.next_record)?;
    if tip.batch == mark.batch && tip.hash != mark.hash {
        return Err(other());
    }
    let (mut bytes, mut plain, mut same) = (Vec::new(), Vec::new(), true);
    for (place, header) in read.iter().enumerate() {
        read_whole(storage, &name_of(header.number), &mut bytes)?;
        let header = segment_header(&bytes, header.number)?;
        tip = if place == 0 { head_of(&header) } else { follow(tip, &header)? };
        let last = place + 1 == read.len();
        let (end, found) = batches(&bytes, tip, last, &mut plain, &mut |batch| {
            let header = &batch.header;
            same &= header.number != mark.batch || header.hash == mark.hash;
            see(if header.number <= mark.batch { Seen::Known(batch) } else { Seen::New(batch) });
        });
        if !same {
            return Err(other());
        }
        tip = end;
        if last || found.something {
            return Ok(Scan { tip: Some(tip), found });
        }
    }
    Ok(Scan { tip: Some(tip), found: Found::default() })
}

/// Whether a segment may stand behind another, as far as their headers say.
fn comes_after(before: &SegmentHeader, header: &SegmentHeader) -> bool {
    header.number == before.number + 1
        && header.first_batch >= before.first_batch
        && header.first_record >= before.first_record
}

/// Whether a folder has any segment.
///
/// # Errors
/// A folder that cannot be listed.
pub fn is_begun<S: Storage>(storage: &S) -> Result<bool, JournalError> {
    Ok(!numbers(storage)?.is_empty())
}

/// The numbers of the segments that are there, in order.
pub(crate) fn numbers<S: Storage>(storage: &S) -> Result<Vec<u64>, JournalError> {
    let names =
        storage.names().map_err(|e| JournalError::file("the journal's folder", "listing", e))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads a file into a buffer, which is used again from file to file: only the first time is it filled with noughts.
pub(crate) fn read_whole<S: Storage>(
    storage: &S,
    name: &str,
    buffer: &mut Vec<u8>,
) -> Result<(), JournalError> {
    let failed = |e| JournalError::file(name, "reading", e);
    let file = storage.open(name, false).map_err(failed)?;
    let length = file.bytes().map_err(failed)?;
    if length > SEGMENT_BYTES_MAX {
        return Err(JournalError::Damaged {
            file: name.to_owned(),
            offset: SEGMENT_BYTES_MAX,
            what: format!("it is {length} bytes long, and no segment is"),
            advice: recovery::Row::Rot.advice(),
        });
    }
    buffer.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    let read = file.read_at(0, buffer).map_err(failed)?;
    buffer.truncate(read);
    Ok(())
}

/// The header of a segment, of which only that is read.
pub(crate) fn read_header<S: Storage>(
    storage: &S,
    number: u64,
) -> Result<SegmentHeader, JournalError> {
    let name = name_of(number);
    let failed = |e| JournalError::file(&name, "reading", e);
    let mut bytes = [0; SEGMENT_HEADER];
    let file = storage.open(&name, false).map_err(failed)?;
    let read = file.read_at(0, &mut bytes).map_err(failed)?;
    segment_header(&bytes[..read], number)
}

pub(crate) fn segment_header(bytes: &[u8], number: u64) -> Result<SegmentHeader, JournalError> {
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
        Ok(header) if header.first_batch == 0 => {
            Err(damaged("its header counts batches from nought"))
        }
        Ok(header) if header.number == number => Ok(header),
        Ok(header) => Err(damaged(&format!("its header says it is segment {}", header.number))),
        Err(HeaderFault::Version(found)) => Err(JournalError::Version { file, found }),
        Err(HeaderFault::Nought | HeaderFault::Damaged) => Err(damaged("its header is damaged")),
    }
}

/// Where the first segment that is there begins.
fn begin(header: &SegmentHeader, since: u64) -> Result<Tip, JournalError> {
    // Without a snapshot the chain is to be seen from its beginning, even where no record is missing.
    let needed = header.number > 1 && (since <= 1 || header.first_record > since);
    if needed {
        let (missing, begins) = (header.number - 1, header.first_record);
        return Err(JournalError::Missing { missing, begins, since });
    }
    Ok(head_of(header))
}

/// Where a segment takes up from the one before.
fn follow(tip: Tip, header: &SegmentHeader) -> Result<Tip, JournalError> {
    let fits = header.journal == tip.journal
        && header.number == tip.segment + 1
        && header.first_batch == tip.batch + 1
        && header.first_record == tip.next_record
        && header.before == tip.hash;
    if fits {
        return Ok(head_of(header));
    }
    let whom = format!("batch {} of segment {}", tip.batch, tip.segment);
    Err(does_not_follow(header.number, &whom))
}

fn does_not_follow(number: u64, whom: &str) -> JournalError {
    JournalError::Damaged {
        file: name_of(number),
        offset: 0,
        what: format!(
            "it does not follow {whom}: a segment is missing, of another journal, or damaged"
        ),
        advice: recovery::Row::Rot.advice(),
    }
}

/// The tip of a segment of which only the header is known.
pub(crate) fn head_of(header: &SegmentHeader) -> Tip {
    Tip {
        journal: header.journal,
        segment: header.number,
        segment_bytes: header.bytes,
        offset: SEGMENT_HEADER as u64,
        batch: header.first_batch - 1,
        next_record: header.first_record,
        hash: header.before,
        sealed: false,
    }
}

/// The whole batches of one segment, and what follows them. `plain` is room for payloads without their mask.
pub(crate) fn batches(
    bytes: &[u8],
    mut tip: Tip,
    last: bool,
    plain: &mut Vec<u8>,
    visit: &mut impl FnMut(&Batch<'_>),
) -> (Tip, Found) {
    loop {
        let at = usize::try_from(tip.offset).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some((header, payload)) = whole(rest, &tip, plain) else {
            return (tip, found_in(rest, &tip, last));
        };
        visit(&Batch { header, segment: tip.segment, offset: tip.offset, payload });
        tip.offset += header.extent();
        tip.batch = header.number;
        tip.next_record = header.first_record + u64::from(header.records);
        tip.hash = header.hash;
        tip.sealed = header.kind == Kind::Seal;
    }
}

/// The batch that stands at the beginning of some bytes, if it is whole and the next of its chain, and its payload without
/// its mask.
fn whole<'b>(rest: &'b [u8], tip: &Tip, plain: &'b mut Vec<u8>) -> Option<(BatchHeader, &'b [u8])> {
    let header = BatchHeader::decode(rest.first_chunk()?).ok()?;
    let stored = rest.get(BATCH_HEADER..BATCH_HEADER + header.payload as usize)?;
    let padding = rest.get(BATCH_HEADER + stored.len()..usize::try_from(header.extent()).ok()?)?;
    let follows = header.number == tip.batch + 1
        && header.first_record == tip.next_record
        && header.before == tip.hash
        && header.durable < header.number;
    if !follows || header.hash != header.hash_of(stored) || !nought(padding) {
        return None;
    }
    let payload = unmasked(stored, header.mask, plain);
    holds_records(payload, header.records).then_some((header, payload))
}

/// A payload without its mask; only one that has a mask is copied.
fn unmasked<'b>(stored: &'b [u8], mask: [u8; 2], plain: &'b mut Vec<u8>) -> &'b [u8] {
    if mask == [0; 2] {
        return stored;
    }
    plain.clear();
    plain.extend_from_slice(stored);
    apply_mask(plain, mask);
    plain
}

/// Whether a payload is just so many records.
fn holds_records(mut payload: &[u8], records: u32) -> bool {
    let counted = core::iter::from_fn(|| next_record(&mut payload)).count();
    payload.is_empty() && u32::try_from(counted) == Ok(records)
}

/// Whether bytes are all noughts: many at a time, since the end of a segment may be long.
fn nought(bytes: &[u8]) -> bool {
    bytes.chunks(SECTOR).all(|sector| sector.iter().fold(0, |all, byte| all | byte) == 0)
}

/// What stands where no whole batch does.
fn found_in(rest: &[u8], tip: &Tip, last: bool) -> Found {
    if nought(rest) {
        // A segment may end before its length when the next batch did not fit; then the next one follows.
        return Found::default();
    }
    let header = rest.first_chunk().and_then(|head| BatchHeader::decode(head).ok());
    // A header is written whole or not at all. One that stands there and tells nothing is damaged, and how far its batch
    // reached is not known: what follows may be another's. Where none stands, all that was written is of the one batch.
    let begun = rest.chunks(SECTOR).next().is_some_and(|first| !nought(first));
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let extent = match header {
        Some(header) => usize::try_from(header.extent()).unwrap_or(usize::MAX),
        None if begun => SECTOR,
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
