//! The whole state as bytes, and back: all shards written as one state that does not know how many there were, and read into any
//! number. It goes out and comes in by chunks, so no second copy of it stands in memory. `engine/journal/SNAPSHOT.md` draws it.
//!
//! What the bytes say is not proved here beyond what reading needs: whoever keeps them proves them by a [`super::StateHash`].

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::members::{FILING, MARK_BITS, NUMBER_BITS};
use super::{
    BUCKETS, Books, Effect, Facility, HeldKey, HeldLine, HeldLines, HeldSettlement, HeldShare,
    HeldSlot, KeyMark, Ledger, Member, OpenVisit, Remembered, RequestKey, Symbol, bucket_of,
    shard_of_bucket,
};
use crate::date::Day;
use crate::event::PolicyNames;
use crate::facts::{FacilityFacts, LineFacts, Text, VisitFacts};
use crate::money::Fen;
use crate::stored::{Bytes, Stored, put_text, stored_enum, stored_struct};

/// The version written.
pub const VERSION: u8 = 1;

/// Bytes after which a chunk is ended: it is as long as this and one row at most. Rows are whole in their chunk.
pub const CHUNK_BYTES: usize = 1 << 20;

/// How many of each a state has.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Texts of slots.
    pub texts: u64,
    /// Members.
    pub members: u64,
    /// Registered visits.
    pub visits: u64,
    /// Uploaded lines.
    pub lines: u64,
    /// Answered requests.
    pub requests: u64,
    /// What is held of accounts.
    pub holds: u64,
}

/// Bytes that are no state, or not one of this version.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Unread {
    /// The row that could not be read, counted from nought.
    pub row: u64,
}

/// What a row is of; its first byte.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Row {
    Head,
    Policy,
    Catalogue,
    Facility,
    Books,
    Text,
    Member,
    Visit,
    Line,
    Request,
    End,
    Hold,
}

stored_enum! {
    Row {
        Head = 1, Policy = 2, Catalogue = 3, Facility = 4, Books = 5, Text = 6, Member = 7, Visit = 8, Line = 9,
        Request = 10, End = 11, Hold = 12,
    }
}

stored_struct! {
    Counts { texts, members, visits, lines, requests, holds }
    HeldShare { owner, member, amount, settlement, place }
}

/// Rows on their way out.
struct Rows<F> {
    bytes: Vec<u8>,
    to: F,
}

impl<E, F: FnMut(&[u8]) -> Result<(), E>> Rows<F> {
    fn put(&mut self, row: Row, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), E> {
        row.put(&mut self.bytes);
        write(&mut self.bytes);
        if self.bytes.len() >= CHUNK_BYTES { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), E> {
        (self.to)(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Writes the state of all shards of a ledger, chunk by chunk.
///
/// # Errors
/// What `chunk` gives; then nothing more is written.
pub fn write<E>(shards: &[Ledger], chunk: impl FnMut(&[u8]) -> Result<(), E>) -> Result<Counts, E> {
    let mut rows = Rows { bytes: Vec::new(), to: chunk };
    let mut counts = Counts::default();
    write_shared(shards, &mut rows)?;
    let numbers = write_texts(shards, &mut rows, &mut counts.texts)?;
    for (shard, numbers) in shards.iter().zip(&numbers) {
        for member in shard.members.iter() {
            count(&mut counts.members);
            rows.put(Row::Member, |to| put_member(member, numbers, to))?;
        }
    }
    for shard in shards {
        for (number, visit) in shard.visits.iter() {
            count(&mut counts.visits);
            rows.put(Row::Visit, |to| {
                number.put(to);
                visit.psn_no.put(to);
                visit.facility.put(to);
                visit.facts.put(to);
                visit.batches.put(to);
                visit.settled.put(to);
            })?;
            // One by one: a visit may have more lines than a chunk has room for.
            for line in visit.lines.all().iter() {
                count(&mut counts.lines);
                rows.put(Row::Line, |to| {
                    line.facts.put(to);
                    line.place.put(to);
                    line.index.put(to);
                    line.settled.put(to);
                })?;
            }
        }
        shard.requests.try_each(|key, known| {
            count(&mut counts.requests);
            rows.put(Row::Request, |to| put_request(key, known, to))
        })?;
        for (item, held) in &shard.holds {
            count(&mut counts.holds);
            rows.put(Row::Hold, |to| {
                item.put(to);
                held.put(to);
            })?;
        }
    }
    rows.put(Row::End, |to| counts.put(to))?;
    if !rows.bytes.is_empty() {
        rows.end()?;
    }
    Ok(counts)
}

/// What every shard knows, as the first does, and the sums of what each has a part of.
fn write_shared<E, F: FnMut(&[u8]) -> Result<(), E>>(
    shards: &[Ledger],
    rows: &mut Rows<F>,
) -> Result<(), E> {
    let closed_to: Option<Day> = shards.iter().filter_map(|shard| shard.closed_to).max();
    let last_seq = shards.iter().map(|shard| shard.last_seq).max().unwrap_or(0);
    rows.put(Row::Head, |to| {
        VERSION.put(to);
        last_seq.put(to);
        closed_to.put(to);
    })?;
    if let Some(any) = shards.first() {
        for policy in &any.policies {
            rows.put(Row::Policy, |to| {
                policy.seq.put(to);
                policy.names.put(to);
            })?;
        }
        for (seq, digest) in &any.catalogues {
            rows.put(Row::Catalogue, |to| {
                seq.put(to);
                digest.put(to);
            })?;
        }
        for (code, facility) in &any.facilities {
            let parts = shards.iter().filter_map(|shard| shard.facility(code));
            let payable: Fen = parts.map(Facility::payable).sum();
            rows.put(Row::Facility, |to| {
                code.put(to);
                facility.known.put(to);
                payable.put(to);
            })?;
        }
    }
    let mut sum = Books::default();
    for Ledger { books, .. } in shards {
        for (fund, amount) in &books.funds {
            let expense = sum.funds.entry(*fund).or_default();
            *expense = expense.plus(*amount);
        }
        sum.persons = sum.persons.plus(books.persons);
        sum.deposits = sum.deposits.plus(books.deposits);
        sum.family = sum.family.plus(books.family);
        sum.settled = sum.settled.saturating_add(books.settled);
        sum.cancelled = sum.cancelled.saturating_add(books.cancelled);
        sum.restored = sum.restored.saturating_add(books.restored);
        sum.adjusted = sum.adjusted.saturating_add(books.adjusted);
        sum.refused = sum.refused.saturating_add(books.refused);
    }
    rows.put(Row::Books, |to| {
        let Books { funds, persons, deposits, family, .. } = &sum;
        let Books { settled, cancelled, restored, adjusted, refused, .. } = &sum;
        let funds: Vec<(u32, Fen)> = funds.iter().map(|(fund, sum)| (*fund, *sum)).collect();
        funds.put(to);
        [persons, deposits, family].iter().for_each(|sum| sum.put(to));
        [settled, cancelled, restored, adjusted, refused].iter().for_each(|count| count.put(to));
    })
}

/// Writes the texts of all shards, each once; gives for each shard the numbers that its symbols have among them.
fn write_texts<E, F: FnMut(&[u8]) -> Result<(), E>>(
    shards: &[Ledger],
    rows: &mut Rows<F>,
    count: &mut u64,
) -> Result<Vec<Vec<u64>>, E> {
    let mut known: BTreeMap<&str, u64> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(shards.len());
    for shard in shards {
        // The first stands for no text.
        let mut of_shard = vec![0];
        for text in shard.symbols.texts() {
            let number = match known.get(text) {
                Some(number) => *number,
                None => {
                    *count = count.saturating_add(1);
                    known.insert(text, *count);
                    rows.put(Row::Text, |to| put_text(text, to))?;
                    *count
                }
            };
            of_shard.push(number);
        }
        numbers.push(of_shard);
    }
    Ok(numbers)
}

fn put_member(member: &Member, numbers: &[u64], to: &mut Vec<u8>) {
    let number = |symbol: u64| {
        let place = usize::try_from(symbol).ok();
        place.and_then(|place| numbers.get(place)).copied().unwrap_or(0)
    };
    member.stored().len().put(to);
    to.extend_from_slice(member.stored());
    member.known().put(to);
    member.balance().put(to);
    member.slots().len().put(to);
    for HeldSlot { key, value } in member.slots() {
        let (kind, again, period) = key.period_parts();
        number(u64::from(key.slot.get())).put(to);
        number(u64::from(key.sub.get())).put(to);
        kind.put(to);
        again.put(to);
        // A filing's number is that of its text.
        if kind == FILING { number(period) } else { period }.put(to);
        value.put(to);
    }
    member.settled().len().put(to);
    for settlement in member.settled() {
        settlement.seq().put(to);
        settlement.place().put(to);
        settlement.mark().get().put(to);
        settlement.is_mid_stay().put(to);
        settlement.is_cancelled().put(to);
    }
}

fn put_request(key: RequestKey, known: &Remembered, to: &mut Vec<u8>) {
    key.bytes().put(to);
    known.digest.put(to);
    known.place.put(to);
    known.time_ms.put(to);
    let (kind, number) = known.effect.parts();
    kind.put(to);
    number.put(to);
}

/// The last kind of a slot's period.
const LIFE: u8 = 6;
/// Bits of the number of a slot's period.
const PERIOD_BITS: u32 = 48;

/// A state on its way in.
#[derive(Debug)]
pub struct Reading {
    shards: Vec<Ledger>,
    texts: Vec<Box<str>>,
    /// For each shard the symbols it has for texts, as far as it needed them.
    symbols: Vec<Vec<Option<Symbol>>>,
    /// The visit that the next line is of: its shard and its number.
    visit: Option<(usize, u64)>,
    counts: Counts,
    rows: u64,
    ended: bool,
}

impl Reading {
    /// Into so many shards, of which there is at least one and no more than there are buckets.
    pub fn new(shards: usize) -> Reading {
        let shards = shards.clamp(1, BUCKETS);
        Reading {
            shards: vec![Ledger::new(); shards],
            texts: Vec::new(),
            symbols: vec![Vec::new(); shards],
            visit: None,
            counts: Counts::default(),
            rows: 0,
            ended: false,
        }
    }

    /// Takes the next chunk in.
    ///
    /// # Errors
    /// Bytes that are no such chunk; nothing may be made of what was read then.
    pub fn chunk(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        let mut from = Bytes::new(bytes);
        while !from.is_empty() {
            self.row(&mut from).ok_or(Unread { row: self.rows })?;
            self.rows = self.rows.saturating_add(1);
        }
        Ok(())
    }

    /// The shards so far: after the first chunk with packs and images, which stand first.
    pub fn shards(&self) -> &[Ledger] {
        &self.shards
    }

    /// The shards, and how much they hold.
    ///
    /// # Errors
    /// The state was not whole.
    pub fn end(self) -> Result<(Vec<Ledger>, Counts), Unread> {
        if self.ended { Ok((self.shards, self.counts)) } else { Err(Unread { row: self.rows }) }
    }

    fn row(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let row = Row::read(from)?;
        if self.ended || (row == Row::Head) != (self.rows == 0) {
            return None;
        }
        let of_visit = self.visit.take();
        if row != Row::Line {
            self.visit_is_whole(of_visit)?;
        }
        match row {
            Row::Head => self.head(from),
            Row::Policy => self.policy(from),
            Row::Catalogue => self.catalogue(from),
            Row::Facility => self.facility(from),
            Row::Books => self.books(from),
            Row::Text => {
                self.texts.push(from.text()?.into());
                count(&mut self.counts.texts);
                Some(())
            }
            Row::Member => self.member(from),
            Row::Visit => self.visit(from),
            Row::Line => {
                self.visit = of_visit;
                self.line(from)
            }
            Row::Request => self.request(from),
            Row::Hold => self.hold(from),
            Row::End => {
                self.ended = true;
                (Counts::read(from)? == self.counts).then_some(())
            }
        }
    }

    fn head(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        if u8::read(from)? != VERSION {
            return None;
        }
        let (last_seq, closed_to) = (u64::read(from)?, Option::<Day>::read(from)?);
        for shard in &mut self.shards {
            (shard.last_seq, shard.closed_to) = (last_seq, closed_to);
        }
        Some(())
    }

    fn policy(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let (seq, names) = (u64::read(from)?, PolicyNames::read(from)?);
        self.shards.iter_mut().for_each(|shard| shard.load_policy(seq, &names));
        Some(())
    }

    fn catalogue(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let (seq, digest) = (u64::read(from)?, Stored::read(from)?);
        self.shards.iter_mut().for_each(|shard| shard.catalogues.push((seq, digest)));
        Some(())
    }

    /// What it is owed goes into the first shard, and so do the books: they are added on reading.
    fn facility(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let code = Text::read(from)?;
        let known: Vec<(u64, FacilityFacts)> = Stored::read(from)?;
        let mut payable = Fen::read(from)?;
        for shard in &mut self.shards {
            let facility = Facility { known: known.clone(), payable };
            if shard.facilities.insert(code.clone(), facility).is_some() {
                return None;
            }
            payable = Fen::ZERO;
        }
        Some(())
    }

    fn books(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let funds: Vec<(u32, Fen)> = Stored::read(from)?;
        self.shards.first_mut()?.books = Books {
            funds: funds.into_iter().collect(),
            persons: Stored::read(from)?,
            deposits: Stored::read(from)?,
            family: Stored::read(from)?,
            settled: Stored::read(from)?,
            cancelled: Stored::read(from)?,
            restored: Stored::read(from)?,
            adjusted: Stored::read(from)?,
            refused: Stored::read(from)?,
        };
        Some(())
    }

    fn member(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let length = usize::read(from)?;
        let bytes = from.take(length)?;
        let shard = self.shard_of(bucket_of(Bytes::new(bytes).text()?));
        let known = fits(Stored::read(from)?, NUMBER_BITS)?;
        let balance = not_below_nought(Stored::read(from)?)?;
        let count_of_slots = usize::read(from)?;
        let mut slots = Vec::new();
        for _ in 0..count_of_slots {
            slots.push(self.slot(shard, from)?);
        }
        let count_of_settlements = usize::read(from)?;
        let mut settled = Vec::new();
        for _ in 0..count_of_settlements {
            let seq = fits(u64::read(from)?, NUMBER_BITS)?;
            let place = fits(u64::read(from)?, NUMBER_BITS)?;
            let mark = KeyMark::of(fits(u64::read(from)?, MARK_BITS)?);
            let (mid_stay, cancelled) = (bool::read(from)?, bool::read(from)?);
            let mut held = HeldSettlement::new(seq, place, mid_stay, mark);
            if cancelled {
                held.cancelled_by(place);
            }
            settled.push(held);
        }
        let members = &mut self.shards.get_mut(shard)?.members;
        members.restore(bytes.into(), known, balance, slots.into(), settled.into())?;
        count(&mut self.counts.members);
        Some(())
    }

    fn slot(&mut self, shard: usize, from: &mut Bytes<'_>) -> Option<HeldSlot> {
        let slot = self.symbol(shard, u64::read(from)?)?;
        let sub = self.symbol(shard, u64::read(from)?)?;
        let (kind, again) = (u8::read(from)?, u8::read(from)?);
        let number = u64::read(from)?;
        let number = match kind {
            FILING => u64::from(self.symbol(shard, number)?.get()),
            0..=LIFE => fits(number, PERIOD_BITS)?,
            _ => return None,
        };
        let value = not_below_nought(Stored::read(from)?)?;
        Some(HeldSlot { key: HeldKey::of_parts(slot, sub, (kind, again, number)), value })
    }

    /// What a shard calls the text of this number; it is given a symbol where it has none yet.
    fn symbol(&mut self, shard: usize, number: u64) -> Option<Symbol> {
        let Some(place) = usize::try_from(number).ok()?.checked_sub(1) else {
            return Some(Symbol::NONE);
        };
        let text = self.texts.get(place)?;
        let known = self.symbols.get_mut(shard)?;
        if known.len() <= place {
            known.resize(self.texts.len(), None);
        }
        let known = known.get_mut(place)?;
        if known.is_none() {
            *known = Some(self.shards.get_mut(shard)?.symbols.intern(text));
        }
        *known
    }

    fn visit(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let number = u64::read(from)?;
        let (psn_no, facility) = (Text::read(from)?, Text::read(from)?);
        let facts = VisitFacts::read(from)?;
        let (batches, settled) = (Stored::read(from)?, Stored::read(from)?);
        let shard = self.shard_of(bucket_of(&psn_no));
        let lines = HeldLines::default();
        let visit = OpenVisit { psn_no, facility, facts, lines, batches, settled };
        let before = self.shards.get_mut(shard)?.visits.insert(number, visit);
        self.visit = Some((shard, number));
        count(&mut self.counts.visits);
        before.is_none().then_some(())
    }

    fn line(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let (shard, number) = self.visit?;
        let line = HeldLine {
            facts: LineFacts::read(from)?,
            place: Stored::read(from)?,
            index: Stored::read(from)?,
            settled: Stored::read(from)?,
        };
        self.shards.get_mut(shard)?.visits.get_mut(number)?.lines.loose().push(line);
        count(&mut self.counts.lines);
        Some(())
    }

    /// The last line of a visit was read, where the rows before were of one.
    fn visit_is_whole(&mut self, visit: Option<(usize, u64)>) -> Option<()> {
        let Some((shard, number)) = visit else { return Some(()) };
        let visit = self.shards.get_mut(shard)?.visits.get_mut(number)?;
        if visit.settled.is_some() {
            visit.lines.pack();
        }
        Some(())
    }

    fn request(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let key = RequestKey::of_bytes(Stored::read(from)?);
        let (digest, place, time_ms) =
            (Stored::read(from)?, Stored::read(from)?, Stored::read(from)?);
        let effect = Effect::of_parts(u8::read(from)?, Stored::read(from)?)?;
        let shard = self.shard_of(key.bucket());
        let requests = &mut self.shards.get_mut(shard)?.requests;
        if requests.get(key).is_some() {
            return None;
        }
        requests.put(key, Remembered { digest, place, time_ms, effect });
        count(&mut self.counts.requests);
        Some(())
    }

    fn hold(&mut self, from: &mut Bytes<'_>) -> Option<()> {
        let (item, held) = (u64::read(from)?, HeldShare::read(from)?);
        let shard = self.shard_of(bucket_of(&held.owner));
        let before = self.shards.get_mut(shard)?.holds.insert(item, held);
        count(&mut self.counts.holds);
        before.is_none().then_some(())
    }

    fn shard_of(&self, bucket: u8) -> usize {
        shard_of_bucket(bucket, self.shards.len())
    }
}

fn count(one: &mut u64) {
    *one = one.saturating_add(1);
}

fn not_below_nought(amount: Fen) -> Option<Fen> {
    (!amount.is_negative()).then_some(amount)
}

/// A number that has no more bits than these.
fn fits(number: u64, bits: u32) -> Option<u64> {
    (number.checked_shr(bits)? == 0).then_some(number)
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of its ledger cannot be read", self.row)
    }
}

impl core::error::Error for Unread {}
