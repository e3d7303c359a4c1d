//! An entry as one cache line of 64 bytes: encoded by the writer, decoded by every look-up.
//!
//! ```text
//!  0        40    42    44       48      52                64
//!  | code   | from | to | shares | facts | 3 × ceiling u32  |
//! ```

use yidan_settlement::catalogue::{Ceilings, Class, Entry, List, Scale, Scope};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{EntryId, RuleId, Tag};
use yidan_settlement::limits::CODE_BYTES_MAX;
use yidan_settlement::money::Rate;

use crate::code::{CodeWords, WORDS};

/// Bytes of an entry line: one cache line.
pub(crate) const LINE_BYTES: usize = 64;

const FROM_AT: usize = CODE_BYTES_MAX;
const TO_AT: usize = FROM_AT + 2;
const SHARES_AT: usize = TO_AT + 2;
const FACTS_AT: usize = SHARES_AT + 4;
const CEILINGS_AT: usize = FACTS_AT + 4;

const _: () = assert!(CEILINGS_AT + 3 * 4 == LINE_BYTES, "the fields fill the line");

/// The first day an image can name, 1990-01-01, in days since 1970-01-01. It is stored as 1, so
/// that nought stands before all periods.
pub const DAY_FIRST: i32 = 7_305;
/// The last day an image can name, 2169-06-04, in days since 1970-01-01.
pub const DAY_LAST: i32 = DAY_FIRST + 0xFFFD;
/// The stored `to` of an open period.
const OPEN: u16 = 0xFFFF;

/// The most tags of one image; nought is "none".
pub const TAGS_MAX: u8 = 31;
/// The most rules of one image; nought is "none".
pub const RULES_MAX: u32 = (1 << 17) - 1;

// facts, from bit 0: class 2, ceiling scale 2, scope 3, list 3, tag 5, rule 17.
const SCALE_SHIFT: u32 = 2;
const SCOPE_SHIFT: u32 = 4;
const LIST_SHIFT: u32 = 7;
const TAG_SHIFT: u32 = 10;
const RULE_SHIFT: u32 = 15;

const _: () =
    assert!(RULE_SHIFT + 17 == 32 && TAG_SHIFT + 5 == RULE_SHIFT, "the facts fill 32 bits");

const SHARE_BITS: u32 = 14;
const SHARE_MASK: u32 = (1 << SHARE_BITS) - 1;

/// Why an entry does not fit a line.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum LineError {
    Code,
    Days,
    Tag,
    Rule,
}

/// The stored form of a day asked for: every day has one, nought before the first.
#[inline]
pub(crate) fn asked_day(day: Day) -> u16 {
    let stored = day.get().saturating_sub(DAY_FIRST - 1).clamp(0, 0xFFFE);
    u16::try_from(stored).unwrap_or(0)
}

/// The stored form of the first day of a period.
pub(crate) fn stored_from(day: Day) -> Option<u16> {
    (DAY_FIRST..=DAY_LAST).contains(&day.get()).then(|| asked_day(day))
}

fn stored_to(day: Day) -> Option<u16> {
    if day == Day::MAX { Some(OPEN) } else { stored_from(day) }
}

#[inline]
fn day_of(stored: u16) -> Day {
    if stored == OPEN { Day::MAX } else { Day::new(i32::from(stored) + DAY_FIRST - 1) }
}

/// Writes a line; the entry's own `id` is its place and is not stored.
pub(crate) fn encode(code: &[u8], entry: &Entry) -> Result<[u8; LINE_BYTES], LineError> {
    if CodeWords::read(code).is_none() {
        return Err(LineError::Code);
    }
    let from = stored_from(entry.valid.from).ok_or(LineError::Days)?;
    let to = stored_to(entry.valid.to).ok_or(LineError::Days)?;
    if from >= to {
        return Err(LineError::Days);
    }
    if entry.tag.get() > TAGS_MAX {
        return Err(LineError::Tag);
    }
    if entry.rule.get() > RULES_MAX {
        return Err(LineError::Rule);
    }
    let [employee, resident] = entry.share;
    let shares = u32::from(employee.raw()) | u32::from(resident.raw()) << SHARE_BITS;
    let facts = class_number(entry.class)
        | scale_number(entry.ceiling.scale()) << SCALE_SHIFT
        | scope_number(entry.scope) << SCOPE_SHIFT
        | list_number(entry.list) << LIST_SHIFT
        | u32::from(entry.tag.get()) << TAG_SHIFT
        | entry.rule.get() << RULE_SHIFT;

    let mut line = [0; LINE_BYTES];
    line[..code.len()].copy_from_slice(code);
    line[FROM_AT..TO_AT].copy_from_slice(&from.to_le_bytes());
    line[TO_AT..SHARES_AT].copy_from_slice(&to.to_le_bytes());
    line[SHARES_AT..FACTS_AT].copy_from_slice(&shares.to_le_bytes());
    line[FACTS_AT..CEILINGS_AT].copy_from_slice(&facts.to_le_bytes());
    for (place, ceiling) in line[CEILINGS_AT..].chunks_exact_mut(4).zip(entry.ceiling.units()) {
        place.copy_from_slice(&ceiling.to_le_bytes());
    }
    Ok(line)
}

/// Reads a line whose numbers were checked by [`sound`] when the image was opened.
#[inline]
pub(crate) fn decode(line: &[u8; LINE_BYTES], id: EntryId) -> Entry {
    let shares = u32_at(line, SHARES_AT);
    let facts = u32_at(line, FACTS_AT);
    let units = |at| u32_at(line, at);
    Entry {
        id,
        valid: Span { from: day_of(u16_at(line, FROM_AT)), to: day_of(u16_at(line, TO_AT)) },
        list: list_of(facts),
        class: class_of(facts),
        scope: scope_of(facts),
        share: [share_of(shares), share_of(shares >> SHARE_BITS)],
        ceiling: Ceilings::of_units(
            [units(CEILINGS_AT), units(CEILINGS_AT + 4), units(CEILINGS_AT + 8)],
            scale_of(facts),
        ),
        tag: tag_of(facts),
        rule: rule_of(facts),
    }
}

/// Whether the line holds this very code.
#[inline]
pub(crate) fn holds(line: &[u8; LINE_BYTES], code: CodeWords) -> bool {
    let mut difference = 0;
    for (i, word) in code.0.iter().enumerate() {
        difference |= u64_at(line, 8 * i) ^ word;
    }
    difference == 0
}

/// Whether the line's period holds a day in stored form.
#[inline]
pub(crate) fn in_force(line: &[u8; LINE_BYTES], asked: u16) -> bool {
    let (from, to) = (u16_at(line, FROM_AT), u16_at(line, TO_AT));
    from <= asked && asked < to
}

/// The code of a line, without its padding.
pub(crate) fn code_of(line: &[u8; LINE_BYTES]) -> &[u8] {
    let code = &line[..CODE_BYTES_MAX];
    let length = code.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &code[..length]
}

/// The padded code of a line.
pub(crate) fn words_of(line: &[u8; LINE_BYTES]) -> CodeWords {
    let mut words = [0; WORDS];
    for (i, word) in words.iter_mut().enumerate() {
        *word = u64_at(line, 8 * i);
    }
    CodeWords(words)
}

/// The stored first day of a line.
pub(crate) fn from_of(line: &[u8; LINE_BYTES]) -> u16 {
    u16_at(line, FROM_AT)
}

/// What is wrong with the numbers of a line, given how many tags and rules the image has.
pub(crate) fn sound(
    line: &[u8; LINE_BYTES],
    tags: usize,
    rules: usize,
) -> Result<(), &'static str> {
    let (shares, facts) = (u32_at(line, SHARES_AT), u32_at(line, FACTS_AT));
    let (from, to) = (u16_at(line, FROM_AT), u16_at(line, TO_AT));
    if !code_of(line).iter().all(u8::is_ascii_graphic) || code_of(line).is_empty() {
        Err("a code with a byte that no code has")
    } else if from == 0 || from >= to {
        Err("a period that ends before it begins")
    } else if [shares, shares >> SHARE_BITS].iter().any(|s| s & SHARE_MASK > 10_000) {
        Err("a share above the whole")
    } else if shares >> (2 * SHARE_BITS) != 0 {
        Err("a set bit where shares have none")
    } else if facts & 3 > 2 || (facts >> LIST_SHIFT) & 7 > 5 || (facts >> SCALE_SHIFT) & 3 > 2 {
        Err("a class, list or scale that does not exist")
    } else if tag_of(facts).index() > tags {
        Err("a tag that the image does not name")
    } else if rule_of(facts).index() > rules {
        Err("a rule that the image does not have")
    } else {
        Ok(())
    }
}

#[inline]
fn u16_at(line: &[u8; LINE_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([line[at], line[at + 1]])
}

#[inline]
fn u32_at(line: &[u8; LINE_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]])
}

#[inline]
fn u64_at(line: &[u8; LINE_BYTES], at: usize) -> u64 {
    u64::from(u32_at(line, at)) | u64::from(u32_at(line, at + 4)) << 32
}

#[inline]
fn share_of(bits: u32) -> Rate {
    let parts = u16::try_from(bits & SHARE_MASK).unwrap_or(0);
    Rate::new(parts).unwrap_or(Rate::ONE)
}

fn scale_number(scale: Scale) -> u32 {
    match scale {
        Scale::Millionth => 0,
        Scale::HundredthOfFen => 1,
        Scale::Fen => 2,
    }
}

#[inline]
fn scale_of(facts: u32) -> Scale {
    match (facts >> SCALE_SHIFT) & 3 {
        0 => Scale::Millionth,
        1 => Scale::HundredthOfFen,
        _ => Scale::Fen,
    }
}

#[inline]
fn tag_of(facts: u32) -> Tag {
    Tag::new(u8::try_from((facts >> TAG_SHIFT) & 31).unwrap_or(0))
}

#[inline]
fn rule_of(facts: u32) -> RuleId {
    RuleId::new(facts >> RULE_SHIFT)
}

fn class_number(class: Class) -> u32 {
    match class {
        Class::A => 0,
        Class::B => 1,
        Class::C => 2,
    }
}

#[inline]
fn class_of(facts: u32) -> Class {
    match facts & 3 {
        0 => Class::A,
        1 => Class::B,
        _ => Class::C,
    }
}

fn scope_number(scope: Scope) -> u32 {
    u32::from(scope.employee) | u32::from(scope.resident) << 1 | u32::from(scope.maternity) << 2
}

#[inline]
fn scope_of(facts: u32) -> Scope {
    let bit = |n: u32| (facts >> (SCOPE_SHIFT + n)) & 1 != 0;
    Scope { employee: bit(0), resident: bit(1), maternity: bit(2) }
}

fn list_number(list: List) -> u32 {
    match list {
        List::WesternDrug => 0,
        List::PatentMedicine => 1,
        List::HerbalPiece => 2,
        List::InHousePreparation => 3,
        List::Service => 4,
        List::Consumable => 5,
    }
}

#[inline]
fn list_of(facts: u32) -> List {
    match (facts >> LIST_SHIFT) & 7 {
        0 => List::WesternDrug,
        1 => List::PatentMedicine,
        2 => List::HerbalPiece,
        3 => List::InHousePreparation,
        4 => List::Service,
        _ => List::Consumable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yidan_settlement::limits::PRICE_MAX;
    use yidan_settlement::money::Price;

    fn ceilings(prices: [Option<Price>; 3]) -> Ceilings {
        Ceilings::new(prices).expect("one scale holds them")
    }

    fn entry() -> Entry {
        Entry {
            id: EntryId::new(7),
            valid: Span { from: Day::new(DAY_FIRST), to: Day::new(DAY_LAST) },
            list: List::Consumable,
            class: Class::B,
            scope: Scope { employee: true, resident: false, maternity: true },
            share: [Rate::new(300).expect("3 %"), Rate::ONE],
            ceiling: ceilings([None, Some(Price::new(1)), Some(Price::new(4_294_967_294))]),
            tag: Tag::new(TAGS_MAX),
            rule: RuleId::new(RULES_MAX),
        }
    }

    #[test]
    fn every_field_comes_back() {
        let code = b"C0101010101010101010-1234567-90123456789";
        assert_eq!(code.len(), CODE_BYTES_MAX);
        let mut given = entry();
        for list in [
            List::WesternDrug,
            List::PatentMedicine,
            List::HerbalPiece,
            List::InHousePreparation,
            List::Service,
            List::Consumable,
        ] {
            for class in [Class::A, Class::B, Class::C] {
                given.list = list;
                given.class = class;
                let line = encode(code, &given).expect("fits");
                assert_eq!(decode(&line, given.id), given);
                assert_eq!(code_of(&line), code);
                assert_eq!(sound(&line, 31, 131_071), Ok(()));
            }
        }
        given.valid.to = Day::MAX;
        given.scope = Scope::default();
        given.ceiling = ceilings([Some(Price::new(0)), None, Some(Price::new(PRICE_MAX))]);
        let line = encode(b"I10", &given).expect("fits");
        assert_eq!(decode(&line, given.id), given);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let with = |change: fn(&mut Entry)| {
            let mut given = entry();
            change(&mut given);
            encode(b"A", &given).err()
        };
        assert_eq!(encode(&[b'A'; 41], &entry()).err(), Some(LineError::Code));
        assert_eq!(with(|e| e.valid.from = Day::new(DAY_FIRST - 1)), Some(LineError::Days));
        assert_eq!(with(|e| e.valid.to = e.valid.from), Some(LineError::Days));
        assert_eq!(with(|e| e.tag = Tag::new(32)), Some(LineError::Tag));
        assert_eq!(with(|e| e.rule = RuleId::new(RULES_MAX + 1)), Some(LineError::Rule));
        let mixed = [Some(Price::new(1)), None, Some(Price::new(PRICE_MAX))];
        assert_eq!(Ceilings::new(mixed), None);
    }

    #[test]
    fn days_beyond_the_format_are_before_or_after_all_periods() {
        assert_eq!(asked_day(Day::MIN), 0);
        assert_eq!(asked_day(Day::new(DAY_FIRST - 1)), 0);
        assert_eq!(asked_day(Day::new(DAY_FIRST)), 1);
        assert_eq!(asked_day(Day::MAX), 0xFFFE);
        assert_eq!(Day::new(DAY_FIRST).to_string(), "1990-01-01");
        assert_eq!(Day::new(DAY_LAST).to_string(), "2169-06-04");
    }
}
