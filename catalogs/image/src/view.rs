//! Looking codes up in one region: two reads, one of a bucket and one of an entry.

use std::ops::Range;

use yidan_settlement::catalogue::terms::asked_day;
use yidan_settlement::catalogue::{Entry, Found};
use yidan_settlement::date::Day;
use yidan_settlement::id::{Admdvs, EntryId};

use crate::archive::{ArchivedBucketLine, ArchivedEntryLine, ArchivedPayload, ArchivedRegionRow};
use crate::bucket;
use crate::code::CodeWords;
use crate::contents::{CodeStatus, PriceMark};
use crate::image::text_of;
use crate::line;
use crate::prefetch::prefetch;
use crate::search::Search;

/// The entries of one region of an image.
#[derive(Copy, Clone)]
pub struct View<'a> {
    admdvs: Admdvs,
    seed: u64,
    buckets: &'a [ArchivedBucketLine],
    lines: &'a [ArchivedEntryLine],
    region: &'a ArchivedRegionRow,
    payload: &'a ArchivedPayload,
}

/// What no settlement reads of an entry.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct EntryText<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// `med_chrgitm_type`, 1 ..= 14.
    pub charge_type: u8,
    /// Whether the code is a real one.
    pub status: CodeStatus,
    /// What its prices are worth.
    pub price_mark: PriceMark,
    /// Where its facts come from.
    pub source: &'a str,
}

/// What a look-up touched, for the test that counts it.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Probes {
    /// Reads of the table, each of one record.
    pub reads: usize,
    /// Distinct cache lines of 64 bytes that the records lie in.
    pub cache_lines: usize,
    last_line: Option<usize>,
}

/// Is told of every record a look-up reads.
pub(crate) trait Witness {
    fn reads(&mut self, record: &[u8; 64]);
}

impl Witness for () {
    #[inline]
    fn reads(&mut self, _: &[u8; 64]) {}
}

impl Witness for Probes {
    fn reads(&mut self, record: &[u8; 64]) {
        let first = record.as_ptr().addr() / 64;
        let last = (record.as_ptr().addr() + record.len() - 1) / 64;
        self.reads += 1;
        for line in first..=last {
            self.cache_lines += usize::from(self.last_line != Some(line));
            self.last_line = Some(line);
        }
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(
        admdvs: Admdvs,
        region: &'a ArchivedRegionRow,
        payload: &'a ArchivedPayload,
    ) -> View<'a> {
        let seed = region.seed.to_native();
        View { admdvs, seed, buckets: &region.buckets, lines: &region.lines, region, payload }
    }

    /// The division whose view this is; the national base's is [`crate::NATIONAL`].
    pub fn admdvs(&self) -> Admdvs {
        self.admdvs
    }

    /// How many entries it has: ids are below this.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What the catalogue says of a code on a day. At most two reads, never an allocation.
    #[inline]
    pub fn look_up(&self, code: &[u8], day: Day) -> Found {
        self.look_up_before(code, day, &mut ())
    }

    /// The same, counting what it touches.
    pub fn look_up_counted(&self, code: &[u8], day: Day) -> (Found, Probes) {
        let mut probes = Probes::default();
        let found = self.look_up_before(code, day, &mut probes);
        (found, probes)
    }

    /// Looks all up, in their order; what stood in `out` goes. Reads of different codes overlap, so this is the faster way for
    /// the lines of a bill; [`Search`] lets other work overlap with them too.
    pub fn look_up_all(&self, codes: &[(&[u8], Day)], out: &mut Vec<Found>) {
        Search::new(Some(*self), codes, out).finish();
    }

    #[inline(always)]
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Has the bucket of a hash brought near.
    #[inline(always)]
    pub(crate) fn ask_for_bucket(&self, hash: u64) {
        if let Some(line) = self.buckets.get(bucket::bucket_of(hash, self.buckets.len())) {
            prefetch(&line.bytes);
        }
    }

    /// Has an entry brought near.
    #[inline(always)]
    pub(crate) fn ask_for_entry(&self, place: Option<usize>) {
        if let Some(line) = place.and_then(|place| self.lines.get(place)) {
            prefetch(&line.bytes);
        }
    }

    /// Where the entry of a hash and day stands, if its code is there at all.
    #[inline(always)]
    pub(crate) fn place_of(&self, hash: u64, day: u16) -> Option<usize> {
        place_of(self.buckets, hash, day)
    }

    /// The entry of an id; `None` beyond the ids of this view.
    #[inline]
    pub fn entry(&self, id: EntryId) -> Option<Entry> {
        self.lines.get(id.index()).map(|line| line::decode(&line.bytes, id).entry())
    }

    /// All entries of a code, the earliest period first; empty for an unknown code.
    pub fn periods(&self, code: &[u8]) -> Vec<Entry> {
        let Some(words) = CodeWords::read(code) else { return Vec::new() };
        let Some(first) = place_of(self.buckets, words.hash(self.seed), 0) else {
            return Vec::new();
        };
        let lines = self.lines.iter().skip(first);
        lines
            .take_while(|line| line::holds(&line.bytes, words))
            .zip(first..)
            .map(|(line, place)| line::decode(&line.bytes, id_of(place)).entry())
            .collect()
    }

    /// All ids, in the order of the table, which says nothing of the codes.
    pub fn ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        let ids: Range<usize> = 0..self.lines.len();
        ids.map(id_of)
    }

    /// The texts of an entry; `None` beyond the ids of this view.
    pub fn entry_text(&self, id: EntryId) -> Option<EntryText<'a>> {
        let line = self.lines.get(id.index())?;
        let note = self.region.notes.get(id.index())?;
        Some(EntryText {
            code: str::from_utf8(line::code_of(&line.bytes)).ok()?,
            name: text_of(self.payload, note.name.to_native()),
            charge_type: note.charge_type,
            status: CodeStatus::of_number(note.status),
            price_mark: PriceMark::of_number(note.price_mark),
            source: text_of(self.payload, note.source.to_native()),
        })
    }

    #[inline]
    fn look_up_before(&self, code: &[u8], day: Day, witness: &mut impl Witness) -> Found {
        let Some(words) = CodeWords::read(code) else { return Found::Unknown };
        let hash = words.hash(self.seed);
        let day = asked_day(day);
        let Some(bucket) = self.buckets.get(bucket::bucket_of(hash, self.buckets.len())) else {
            return Found::Unknown;
        };
        witness.reads(&bucket.bytes);
        match bucket::position(&bucket.bytes, hash, day) {
            Some(place) => self.read_entry(place, words, day, witness),
            None => Found::Unknown,
        }
    }

    #[inline(always)]
    pub(crate) fn read_entry(
        &self,
        place: usize,
        words: CodeWords,
        day: u16,
        witness: &mut impl Witness,
    ) -> Found {
        let Some(line) = self.lines.get(place) else { return Found::Unknown };
        witness.reads(&line.bytes);
        let terms = line::decode(&line.bytes, id_of(place));
        if !line::holds(&line.bytes, words) {
            Found::Unknown
        } else if !terms.in_force(day) {
            Found::NotInForce
        } else {
            Found::Entry(terms)
        }
    }
}

/// Where the entry of a hash and day stands, if its code is there at all.
#[inline]
pub(crate) fn place_of(buckets: &[ArchivedBucketLine], hash: u64, day: u16) -> Option<usize> {
    let line = buckets.get(bucket::bucket_of(hash, buckets.len()))?;
    bucket::position(&line.bytes, hash, day)
}

#[inline]
fn id_of(place: usize) -> EntryId {
    // A position is at most `base + code + breaks`, all 32-bit numbers of a checked bucket.
    EntryId::new(u32::try_from(place).unwrap_or(u32::MAX))
}
