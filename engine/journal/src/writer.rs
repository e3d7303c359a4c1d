//! Writes a journal: records are gathered into a batch, a batch is written and synced, and only then is it durable. A write
//! or sync that fails poisons the writer; it is never tried again.

use std::fmt;

use crate::error::JournalError;
use crate::format::{
    BATCH_HEADER, BatchHeader, Hash, Kind, PAGE, PAYLOAD_MAX, RECORD_HEADER, SEGMENT_BYTES_MAX,
    SEGMENT_HEADER, SegmentHeader, extent, push_record, seal_batch,
};
use crate::index::Places;
use crate::reader::{Batch, Mark, Scan, Seen, Tip, name_of, scan_seeing, scan_since};
use crate::recovery::{self, Row, Verdict};
use crate::storage::{Medium, Spare, Storage};

/// The name under which the next segment is made ready.
const SPARE: &str = "next.tmp";

/// The next segment is made ready when so much of this one is full, a part of this many: late enough that a short journal
/// has no segment too many, early enough that a disk which writes one while it takes the batches of another keeps up.
const READY_FROM_PART: u64 = 16;

/// The bounds of a journal.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// Bytes of a segment, preallocated.
    pub segment_bytes: u64,
    /// Payload of a batch at most; what fits a segment and one write.
    pub payload_bytes: usize,
    /// Records of a batch at most.
    pub records: u32,
}

/// What to do about a damaged batch that may have been answered.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Loss {
    /// Stop.
    Refuse,
    /// Go on without it, and journal that.
    Accept,
}

/// What a commit made durable.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Durable {
    /// The batch.
    pub batch: u64,
    /// Its first record.
    pub first_record: u64,
    /// How many records.
    pub records: u32,
    /// Bytes of the batch; what fills its last page is not counted.
    pub bytes: u64,
}

/// A journal open for writing.
#[derive(Debug)]
pub struct Writer<S: Storage> {
    storage: S,
    limits: Limits,
    file: S::File,
    tip: Tip,
    durable: u64,
    /// Room for the header, then the payload.
    buffer: Vec<u8>,
    records: u32,
    poisoned: Option<u64>,
    places: Places,
    spare: Option<Spare<S::File>>,
    cut: Option<Cut>,
}

/// What an opening cut behind the last whole batch.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Cut {
    /// The segment.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
    /// Bytes from there to the last that was not nought.
    pub bytes: u64,
    /// What stood there.
    pub row: Row,
    /// The batch that says so, where it may have been answered and an operator accepted the loss.
    pub journaled: Option<u64>,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cut { segment, offset, bytes, row, journaled } = self;
        write!(f, "{}, byte {offset}: {}: {bytes} bytes were cut", name_of(*segment), row.tells())?;
        match journaled {
            Some(batch) => write!(f, ", the loss is accepted, and batch {batch} says so"),
            None => Ok(()),
        }
    }
}

impl Default for Limits {
    /// Segments of 64 MiB, batches of 1 MiB and 4,096 records.
    fn default() -> Limits {
        Limits { segment_bytes: 64 << 20, payload_bytes: 1 << 20, records: 4_096 }
    }
}

impl<S: Storage> Writer<S> {
    /// Opens the journal of a folder, or begins one named `journal` where there is none: reads it whole with `visit`, cuts
    /// what is torn, and stands ready to append. After a clean stop it begins a new segment, so that nothing is ever
    /// written behind a seal.
    ///
    /// # Errors
    /// What cannot be read or written; damage that the recovery table does not allow to go on from.
    pub fn open(
        storage: S,
        limits: Limits,
        journal: [u8; 16],
        time_ms: u64,
        loss: Loss,
        visit: impl FnMut(&Batch<'_>),
    ) -> Result<Writer<S>, JournalError> {
        Writer::open_since(storage, 1, limits, journal, time_ms, loss, visit)
    }

    /// The same where a snapshot holds every record before `since`: the segments that hold only those may be archived.
    ///
    /// # Errors
    /// As [`Writer::open`]; [`JournalError::Missing`] where what is archived is needed; [`JournalError::Short`] where the
    /// snapshot holds what the journal does not.
    pub fn open_since(
        storage: S,
        since: u64,
        limits: Limits,
        journal: [u8; 16],
        time_ms: u64,
        loss: Loss,
        mut visit: impl FnMut(&Batch<'_>),
    ) -> Result<Writer<S>, JournalError> {
        let places = Places::default();
        let scan = scan_since(&storage, since, |batch| {
            places.note(batch.segment, batch.offset, &batch.header);
            visit(batch);
        })?;
        Writer::after(storage, scan, places, since, limits, journal, time_ms, loss)
    }

    /// Opens the journal from the mark of a snapshot on: only what comes after it is read and visited. Without a mark as
    /// [`Writer::open`].
    ///
    /// # Errors
    /// As [`Writer::open_since`]; [`JournalError::OtherChain`] where the snapshot is not of this journal. Nothing was cut then.
    pub fn open_after(
        storage: S,
        mark: Option<&Mark>,
        limits: Limits,
        journal: [u8; 16],
        time_ms: u64,
        loss: Loss,
        mut visit: impl FnMut(&Batch<'_>),
    ) -> Result<Writer<S>, JournalError> {
        let places = Places::default();
        let scan = scan_seeing(&storage, mark, |seen| match seen {
            Seen::Segment(header) => places.pass_over(header),
            Seen::Known(batch) => places.note(batch.segment, batch.offset, &batch.header),
            Seen::New(batch) => {
                places.note(batch.segment, batch.offset, &batch.header);
                visit(batch);
            }
        })?;
        let since = mark.map_or(1, |mark| mark.next_record);
        Writer::after(storage, scan, places, since, limits, journal, time_ms, loss)
    }

    /// Stands ready behind what was read.
    #[expect(clippy::too_many_arguments, reason = "what both ways of opening hand on")]
    fn after(
        storage: S,
        scan: Scan,
        places: Places,
        since: u64,
        limits: Limits,
        journal: [u8; 16],
        time_ms: u64,
        loss: Loss,
    ) -> Result<Writer<S>, JournalError> {
        let limits = limits.kept_sound();
        let Scan { tip, found } = scan;
        let (row, verdict) = recovery::decide(found);
        let cuts = match verdict {
            Verdict::Append => false,
            Verdict::Cut => true,
            Verdict::CutIfAccepted if loss == Loss::Accept => true,
            Verdict::CutIfAccepted | Verdict::Stop => {
                scan.sound()?;
                false
            }
        };
        // A snapshot holds only what was durable: where the whole batches end before it, nothing is begun or cut.
        let last = tip.map_or(0, |tip| tip.next_record - 1);
        if last + 1 < since {
            return Err(JournalError::Short { last, since });
        }
        // What a process left that was killed, or for which the disk had no room: it means nothing. There may be none.
        let _ = storage.remove(SPARE);
        let Some(tip) = tip else {
            let (file, tip) = begin_segment(&storage, None, &limits, before_all(journal), time_ms)?;
            return Ok(Writer::at(storage, limits, file, tip, places));
        };
        let name = name_of(tip.segment);
        let failed = |doing| {
            let name = name.clone();
            move |e| JournalError::file(&name, doing, e)
        };
        let file = storage.open(&name, true).map_err(failed("opening"))?;
        let cut = if cuts { Some(cut_from(&file, &name, tip.offset)?) } else { None };
        // What a process wrote that was killed before its sync is read back whole and yet not on the disk, and so may be the
        // name of its segment. Whoever opens the journal answers from it, so it is made durable first.
        file.sync().map_err(failed("syncing what was read"))?;
        storage.sync_names().map_err(failed("syncing its name"))?;
        let (file, tip) = if tip.sealed {
            begin_segment(&storage, None, &limits, tip, time_ms)?
        } else {
            (file, tip)
        };
        let mut writer = Writer::at(storage, limits, file, tip, places);
        if let Some(bytes) = cut {
            writer.tell_cut(row, verdict, bytes, time_ms)?;
        }
        Ok(writer)
    }

    /// Remembers what was cut here, and journals it where an operator accepted it as a loss.
    fn tell_cut(
        &mut self,
        row: Row,
        verdict: Verdict,
        bytes: u64,
        time_ms: u64,
    ) -> Result<(), JournalError> {
        let Tip { segment, offset, .. } = self.tip;
        let mut cut = Cut { segment, offset, bytes, row, journaled: None };
        if verdict == Verdict::CutIfAccepted {
            let told = format!("{}, byte {offset}: {}", name_of(segment), row.tells());
            push_record(&mut self.buffer, told.as_bytes());
            self.records = 1;
            cut.journaled = Some(self.write(Kind::LossAccepted, time_ms)?.batch);
        }
        self.cut = Some(cut);
        Ok(())
    }

    fn at(storage: S, limits: Limits, file: S::File, tip: Tip, places: Places) -> Writer<S> {
        places.ends_at(&tip);
        Writer {
            storage,
            limits,
            file,
            tip,
            durable: tip.batch,
            buffer: vec![0; BATCH_HEADER],
            records: 0,
            poisoned: None,
            places,
            spare: None,
            cut: None,
        }
    }

    /// Whether the open batch has room for a record of so many bytes.
    pub fn has_room(&self, bytes: usize) -> bool {
        let payload = self.buffer.len() - BATCH_HEADER;
        self.records < self.limits.records
            && payload + RECORD_HEADER + bytes <= self.limits.payload_bytes
    }

    /// Puts a record into the open batch, and gives its number. It is not durable before the next commit.
    ///
    /// # Errors
    /// A record that fits no batch, or the open one no more ([`Writer::has_room`]); a writer that has failed.
    pub fn push(&mut self, record: &[u8]) -> Result<u64, JournalError> {
        self.sound()?;
        if !self.has_room(record.len()) {
            let most = self.limits.payload_bytes - RECORD_HEADER;
            return Err(JournalError::RecordTooLong { bytes: record.len(), most });
        }
        push_record(&mut self.buffer, record);
        let number = self.tip.next_record + u64::from(self.records);
        self.records += 1;
        Ok(number)
    }

    /// Whether the open batch has no record.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Writes the open batch and syncs it. `time_ms` is when it was begun.
    ///
    /// # Errors
    /// A write or sync that failed: the writer is poisoned, and nothing of the batch may be answered.
    pub fn commit(&mut self, time_ms: u64) -> Result<Durable, JournalError> {
        self.write(Kind::Records, time_ms)
    }

    /// Seals the journal at a clean stop: commits what is open, then writes that nothing was in flight.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn seal(mut self, time_ms: u64) -> Result<Durable, JournalError> {
        if !self.is_empty() {
            self.commit(time_ms)?;
        }
        let sealed = self.write(Kind::Seal, time_ms)?;
        // The next start begins a segment of its own, so what this one has not used is given back. Where that fails it stays
        // as long as it was, and means the same.
        let _ = self.file.trim(self.tip.offset);
        if let Some(spare) = self.spare.take() {
            // The next start has no use for it. Where it cannot be removed it does no harm: it is made anew.
            drop(spare);
            let _ = self.storage.remove(SPARE);
        }
        Ok(sealed)
    }

    /// Begins to make the next segment ready, where that is not done: whoever knows of a quiet moment may ask for it. A commit
    /// asks for it itself when part of this segment is full.
    pub fn prepare(&mut self) {
        if self.spare.is_none() {
            self.spare = Some(self.storage.prepare(SPARE, self.limits.segment_bytes));
        }
    }

    /// Where records stand: to be cloned, and asked from any thread.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// What the opening cut, if it did.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Where the journal ends.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    fn sound(&self) -> Result<(), JournalError> {
        match self.poisoned {
            Some(batch) => Err(JournalError::Poisoned { batch }),
            None => Ok(()),
        }
    }

    fn write(&mut self, kind: Kind, time_ms: u64) -> Result<Durable, JournalError> {
        self.sound()?;
        let number = self.tip.batch + 1;
        // Until it is known to be durable, it is not: an error on the way leaves the writer poisoned.
        self.poisoned = Some(number);
        let bytes = extent(self.buffer.len() - BATCH_HEADER) as u64;
        if self.tip.offset + bytes > self.tip.segment_bytes {
            let spare = self.spare.take();
            let (file, tip) = begin_segment(&self.storage, spare, &self.limits, self.tip, time_ms)?;
            (self.file, self.tip) = (file, tip);
        }
        let header = seal_batch(
            &mut self.buffer,
            BatchHeader {
                kind,
                number,
                time_ms,
                durable: self.durable,
                first_record: self.tip.next_record,
                records: self.records,
                payload: 0,
                before: self.tip.hash,
                hash: Hash::default(),
                mask: [0; 2],
            },
        );
        fill_page(&mut self.buffer, self.tip.offset, self.tip.segment_bytes);
        let failed = |doing| {
            let name = name_of(self.tip.segment);
            move |source| JournalError::file(&name, doing, source)
        };
        self.file.write_at(self.tip.offset, &self.buffer).map_err(failed("writing a batch"))?;
        self.file.sync().map_err(failed("syncing a batch"))?;
        let durable = Durable {
            batch: number,
            first_record: header.first_record,
            records: self.records,
            bytes,
        };
        self.places.note(self.tip.segment, self.tip.offset, &header);
        self.tip.offset += bytes;
        self.tip.batch = number;
        self.tip.next_record += u64::from(self.records);
        self.tip.hash = header.hash;
        self.tip.sealed = kind == Kind::Seal;
        self.durable = number;
        self.buffer.truncate(BATCH_HEADER);
        self.records = 0;
        self.poisoned = None;
        if kind != Kind::Seal && self.tip.offset >= self.tip.segment_bytes / READY_FROM_PART {
            self.prepare();
        }
        Ok(durable)
    }
}

impl Limits {
    /// The same with a batch that fits a segment and the format.
    fn kept_sound(self) -> Limits {
        let least = (SEGMENT_HEADER + extent(RECORD_HEADER)) as u64;
        let segment_bytes = self.segment_bytes.clamp(least, SEGMENT_BYTES_MAX);
        let fits =
            usize::try_from(segment_bytes).unwrap_or(usize::MAX) - SEGMENT_HEADER - BATCH_HEADER;
        let payload_bytes = self.payload_bytes.min(PAYLOAD_MAX).min(fits).max(RECORD_HEADER);
        Limits { segment_bytes, payload_bytes, records: self.records.max(1) }
    }
}

/// Goes on with the noughts that stand behind what is written at a place, to the end of its last page: of a page that is written in
/// part the system would read the rest from the disk first, and the write would wait for that.
fn fill_page(buffer: &mut Vec<u8>, at: u64, segment_bytes: u64) {
    let end = at + buffer.len() as u64;
    let filled = end.next_multiple_of(PAGE).min(segment_bytes);
    let more = usize::try_from(filled.saturating_sub(end)).unwrap_or(0);
    buffer.resize(buffer.len() + more, 0);
}

/// Makes the segment after a tip: preallocated, ahead or now, and headed under another name, and durable before it gets its
/// own.
fn begin_segment<S: Storage>(
    storage: &S,
    spare: Option<Spare<S::File>>,
    limits: &Limits,
    tip: Tip,
    time_ms: u64,
) -> Result<(S::File, Tip), JournalError> {
    let number = tip.segment + 1;
    let name = name_of(number);
    let failed = |doing| {
        let name = name.clone();
        move |source| JournalError::file(&name, doing, source)
    };
    // A spare that could not be made (the disk was full, perhaps) held nothing: another is made, and its error stops.
    let ready = spare.and_then(|spare| spare.take().ok());
    let file = match ready {
        Some(file) => file,
        None => storage.create(SPARE, limits.segment_bytes).map_err(failed("preallocating"))?,
    };
    let header = SegmentHeader {
        journal: tip.journal,
        number,
        bytes: limits.segment_bytes,
        first_batch: tip.batch + 1,
        first_record: tip.next_record,
        before: tip.hash,
        time_ms,
    };
    let mut head = header.encode().to_vec();
    fill_page(&mut head, 0, limits.segment_bytes);
    file.write_at(0, &head).map_err(failed("writing its header"))?;
    file.sync().map_err(failed("syncing its header"))?;
    storage.rename(SPARE, &name).map_err(failed("naming"))?;
    storage.sync_names().map_err(failed("syncing its name"))?;
    let tip = Tip {
        segment: number,
        segment_bytes: limits.segment_bytes,
        offset: SEGMENT_HEADER as u64,
        sealed: false,
        ..tip
    };
    Ok((file, tip))
}

/// The end of a journal that has nothing yet.
fn before_all(journal: [u8; 16]) -> Tip {
    Tip {
        journal,
        segment: 0,
        segment_bytes: 0,
        offset: 0,
        batch: 0,
        next_record: 1,
        hash: [0; 32],
        sealed: false,
    }
}

/// Overwrites what follows a place with noughts, up to where the file ends. Says how many bytes there were something.
fn cut_from<M: Medium>(file: &M, name: &str, offset: u64) -> Result<u64, JournalError> {
    let failed = |source| JournalError::file(name, "cutting a torn batch", source);
    let end = file.bytes().map_err(failed)?;
    let mut bytes = vec![0; usize::try_from(end.saturating_sub(offset)).unwrap_or(0)];
    file.read_at(offset, &mut bytes).map_err(failed)?;
    let found = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.fill(0);
    file.write_at(offset, &bytes).map_err(failed)?;
    file.sync().map_err(failed)?;
    Ok(found as u64)
}
