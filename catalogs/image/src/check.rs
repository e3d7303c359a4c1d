//! What must hold of a payload beyond its shape, so that no accessor can fail or go astray later.

use std::str;

use yidan_settlement::catalogue::RuleBook;
use yidan_settlement::date::Day;
use yidan_settlement::id::EntryId;

use crate::archive::{ArchivedPayload, ArchivedRegionRow, ArchivedTexts};
use crate::error::Fault;
use crate::line;
use crate::rules::{self, level_of};
use crate::{bucket, view};

/// Checks everything; gives the rules, which are decoded on the way.
pub(crate) fn check(payload: &ArchivedPayload) -> Result<RuleBook, Fault> {
    texts(&payload.texts)?;
    let known = payload.texts.ends.len();
    let text = |number: u32| require((number as usize) < known, "a text that is not in the pool");
    for source in payload.sources.iter() {
        text(source.path.to_native())?;
    }
    for name in payload.tags.iter().chain(payload.groups.iter()) {
        text(name.to_native())?;
    }
    require(payload.tags.len() <= usize::from(crate::TAGS_MAX), "more tags than lines can name")?;
    diagnoses(payload, &text)?;
    facilities(payload, &text)?;
    let rules = rules::decode(payload)?;
    let mut last = None;
    for region in payload.regions.iter() {
        let admdvs = region.admdvs.to_native();
        require(admdvs < 1_000_000 && last < Some(admdvs), "divisions out of order")?;
        last = Some(admdvs);
        notes(region, &text)?;
        table(region, payload.tags.len(), payload.rules.len())?;
    }
    Ok(rules)
}

fn require(holds: bool, what: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::unsound(what)) }
}

/// The pool is text, and every end stands between two characters, not before the one before it.
fn texts(texts: &ArchivedTexts) -> Result<(), Fault> {
    let all = str::from_utf8(&texts.bytes)
        .map_err(|_| Fault::unsound("a pool of texts that is not UTF-8"))?;
    let mut last = 0;
    for end in texts.ends.iter() {
        let end = end.to_native() as usize;
        require(last <= end && all.is_char_boundary(end), "a text that ends inside another")?;
        last = end;
    }
    require(last == all.len(), "texts that do not fill their pool")
}

fn diagnoses(
    payload: &ArchivedPayload,
    text: &impl Fn(u32) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut last = None;
    for row in payload.diagnoses.iter() {
        text(row.code.to_native())?;
        text(row.name.to_native())?;
        // Texts are in order and each stands once, so their numbers compare as they do.
        require(last < Some(row.code.to_native()), "diagnoses out of order")?;
        require(row.status < 2, "a code status that does not exist")?;
        last = Some(row.code.to_native());
    }
    texts_in_order(&payload.texts)
}

/// Codes are found by halving, which needs the pool in order.
fn texts_in_order(texts: &ArchivedTexts) -> Result<(), Fault> {
    let mut last: Option<&[u8]> = None;
    let mut from = 0;
    for end in texts.ends.iter() {
        let end = end.to_native() as usize;
        let text = texts.bytes.get(from..end).unwrap_or_default();
        require(last.is_none_or(|last| last < text), "texts out of order")?;
        last = Some(text);
        from = end;
    }
    Ok(())
}

fn facilities(
    payload: &ArchivedPayload,
    text: &impl Fn(u32) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut last = None;
    let mut agreements = 0;
    for row in payload.facilities.iter() {
        text(row.code.to_native())?;
        text(row.name.to_native())?;
        require(last < Some(row.code.to_native()), "facilities out of order")?;
        last = Some(row.code.to_native());
        let numbers = row.admdvs < 1_000_000 && (1..=14).contains(&row.hosp_lv) && row.kind < 2;
        let levels = level_of(row.deductible_level).and(level_of(row.price_level));
        require(numbers && levels.is_some(), "a facility of a kind that does not exist")?;
        let end = row.agreements_end.to_native() as usize;
        require(agreements <= end, "agreements out of order")?;
        agreements = end;
    }
    require(agreements == payload.agreements.len(), "agreements of no facility")?;
    for row in payload.agreements.iter() {
        let (from, to) = (row.from.to_native(), row.to.to_native());
        let days = Day::MIN.get() <= from && from < to && to <= Day::MAX.get();
        require(days && row.purposes < 16, "an agreement for nothing")?;
    }
    Ok(())
}

fn notes(
    region: &ArchivedRegionRow,
    text: &impl Fn(u32) -> Result<(), Fault>,
) -> Result<(), Fault> {
    require(region.notes.len() == region.lines.len(), "notes for other lines")?;
    for note in region.notes.iter() {
        text(note.name.to_native())?;
        text(note.source.to_native())?;
        let numbers = (1..=14).contains(&note.charge_type) && note.status < 2;
        require(numbers && note.price_mark < 3, "a note of a kind that does not exist")?;
    }
    Ok(())
}

/// Every bucket stays inside the lines, every line is sound and is found where it stands.
fn table(region: &ArchivedRegionRow, tags: usize, rules: usize) -> Result<(), Fault> {
    require(!region.buckets.is_empty(), "a region without buckets")?;
    let lines = region.lines.len();
    for line in region.buckets.iter() {
        let inside = bucket::reach(&line.bytes).is_some_and(|(_, end)| end <= lines);
        require(inside, "a bucket that reaches beyond the lines")?;
    }
    let seed = region.seed.to_native();
    for (place, line) in region.lines.iter().enumerate() {
        line::sound(&line.bytes, tags, rules).map_err(Fault::unsound)?;
        let hash = line::words_of(&line.bytes).hash(seed);
        let from = line::decode(&line.bytes, EntryId::new(0)).from();
        let found = view::place_of(&region.buckets, hash, from);
        require(found == Some(place), "a line that look-ups do not find")?;
    }
    Ok(())
}
