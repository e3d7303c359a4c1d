//! Reads a whole journal and counts what is in it, whether an engine is writing it meanwhile or not.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use hdrhistogram::Histogram;
use yidan_journal::format::Kind;
use yidan_journal::recovery::{Row, decide};
use yidan_journal::{Batch, JournalError, Tip, scan_since, snapshot};
use yidan_pipeline::fold::PAUSE;

use super::{Reading, told};
use crate::commands::folder::{none_here, with_journal};
use crate::commands::output::{Exit, Failure};
use crate::commands::progress::Progress;

/// Significant digits of what is told of a spread.
const DIGITS: u8 = 3;

/// What was read.
pub(super) struct Read {
    pub(super) counts: Counts,
    /// Where the whole batches end.
    pub(super) tip: Tip,
    /// What follows them, by the recovery table.
    pub(super) row: Row,
    /// Whether the end moved while it was read: an engine goes on there.
    pub(super) moving: bool,
}

/// What was counted over whole batches.
pub(super) struct Counts {
    /// The first segment with a batch.
    pub(super) first_segment: Option<u64>,
    pub(super) batches: u64,
    pub(super) seals: u64,
    pub(super) losses: u64,
    pub(super) records: u64,
    /// Of batches, with their headers, to whole sectors.
    pub(super) bytes: u64,
    /// Of records alone.
    pub(super) record_bytes: u64,
    /// When the first batch was begun, and the last.
    pub(super) times_ms: Option<(u64, u64)>,
    pub(super) records_a_batch: Histogram<u64>,
    pub(super) bytes_a_record: Histogram<u64>,
}

impl Read {
    pub(super) fn exit(&self) -> Exit {
        match self.row {
            Row::End => Exit::Done,
            _ if self.moving => Exit::Done,
            Row::Torn => Exit::Refused,
            Row::Rot | Row::AfterSeal | Row::MayBeAnswered => Exit::Unreadable,
        }
    }
}

impl Counts {
    fn new() -> Counts {
        let spread = || Histogram::new(DIGITS).expect("a spread of three digits");
        Counts {
            first_segment: None,
            batches: 0,
            seals: 0,
            losses: 0,
            records: 0,
            bytes: 0,
            record_bytes: 0,
            times_ms: None,
            records_a_batch: spread(),
            bytes_a_record: spread(),
        }
    }

    fn count(&mut self, batch: &Batch<'_>) {
        let header = &batch.header;
        self.first_segment.get_or_insert(batch.segment);
        self.batches += 1;
        match header.kind {
            Kind::Records => self.records_a_batch += u64::from(header.records),
            Kind::Seal => self.seals += 1,
            Kind::LossAccepted => self.losses += 1,
        }
        self.bytes += header.extent();
        for record in batch.records() {
            self.records += 1;
            self.record_bytes += record.len() as u64;
            self.bytes_a_record += record.len() as u64;
        }
        let first = self.times_ms.map_or(header.time_ms, |(first, _)| first);
        self.times_ms = Some((first, header.time_ms));
    }
}

impl Reading {
    /// Reads all that is there. Where an engine is writing, what looks broken may be on its way: it is read again, and then the
    /// end has moved. Damage among what was written stays where it is.
    pub(super) fn read(&self) -> Result<Read, Failure> {
        let progress = Progress::of(segment_bytes(&self.folder).ok(), "records");
        let mut read = self.read_once(&progress)?;
        if read.row != Row::End {
            thread::sleep(PAUSE);
            let again = self.read_once(&progress)?;
            read = Read { moving: again.tip.batch > read.tip.batch, ..again };
        }
        progress.done();
        Ok(read)
    }

    fn read_once(&self, progress: &Progress) -> Result<Read, Failure> {
        let files = with_journal(&self.folder)?;
        let failed = |error: JournalError| told(&self.folder, &error);
        // Before the journal: who makes one meanwhile makes it of what is there by then.
        let marks = snapshot::marks(&files).map_err(failed)?;
        let mut counts = Counts::new();
        let scan = scan_since(&files, self.since, |batch| {
            counts.count(batch);
            progress.at(counts.bytes, counts.records);
        });
        let scan = scan.map_err(failed)?;
        let tip = scan.tip.ok_or_else(|| none_here(&self.folder))?;
        // One of another journal is passed over by a start, and damage is told as what it is.
        for mark in marks.iter().filter(|mark| mark.journal == tip.journal) {
            if scan.sound().is_ok() {
                scan.reaches(mark).map_err(failed)?;
            }
        }
        Ok(Read { counts, tip, row: decide(scan.found).0, moving: false })
    }
}

/// Bytes of all segments, to show how far reading has come.
fn segment_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "seg") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
