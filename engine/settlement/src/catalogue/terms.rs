//! What an entry says, in 24 bytes as an image stores them: read field by field as the line check asks, unpacked whole
//! only for people. The bits are version 1 of the image's entry line.
//!
//! ```text
//!  0      2    4        8       12                24
//!  | from | to | shares | facts | 3 × ceiling u32 |
//! ```

use super::{Ceilings, Class, Entry, Family, Level, List, Scale, Scope};
use crate::date::{Day, Span};
use crate::id::{EntryId, RuleId, Tag};
use crate::money::{Price, Rate};

/// Bytes of what an entry says.
pub const TERMS_BYTES: usize = 24;

/// The first day an image can name, 1990-01-01, in days since 1970-01-01. It is stored as 1, so that nought stands before
/// all periods.
pub const DAY_FIRST: i32 = 7_305;
/// The last day an image can name, 2169-06-04, in days since 1970-01-01.
pub const DAY_LAST: i32 = 72_838;
/// The stored `to` of an open period.
const OPEN: u16 = 0xFFFF;

const _: () = assert!(DAY_LAST - DAY_FIRST == 0xFFFD, "every day between has a number of 16 bits");

/// The most tags of one image; nought is "none".
pub const TAGS_MAX: u8 = 31;
/// The most rules of one image; nought is "none".
pub const RULES_MAX: u32 = (1 << 17) - 1;

// facts, from bit 0: class 2, ceiling scale 2, scope 3, list 3, tag 5, rule 17.
const CLASS_C: u32 = 2;
const SCALE_SHIFT: u32 = 2;
const EMPLOYEE: u32 = 1 << 4;
const RESIDENT: u32 = 1 << 5;
const MATERNITY: u32 = 1 << 6;
const LIST_SHIFT: u32 = 7;
const TAG_SHIFT: u32 = 10;
const RULE_SHIFT: u32 = 15;

const _: () =
    assert!(RULE_SHIFT + 17 == 32 && TAG_SHIFT + 5 == RULE_SHIFT, "the facts fill 32 bits");

const SHARE_BITS: u32 = 14;
const SHARE_MASK: u32 = (1 << SHARE_BITS) - 1;

/// What the catalogue says of a code on a day.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Terms {
    id: EntryId,
    from: u16,
    to: u16,
    shares: u32,
    facts: u32,
    ceilings: [u32; 3],
}

/// Why an entry cannot be said so.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum TermsError {
    /// Its days are outside those of the format, or its period ends before it begins.
    Days,
    /// Its tag is above [`TAGS_MAX`].
    Tag,
    /// Its rule is above [`RULES_MAX`].
    Rule,
}

/// The stored form of a day asked for: every day has one, nought before the first.
#[inline]
pub fn asked_day(day: Day) -> u16 {
    let stored = day.get().saturating_sub(DAY_FIRST.wrapping_sub(1)).clamp(0, 0xFFFE);
    u16::try_from(stored).unwrap_or(0)
}

/// The stored form of the first day of a period.
pub fn stored_from(day: Day) -> Option<u16> {
    (DAY_FIRST..=DAY_LAST).contains(&day.get()).then(|| asked_day(day))
}

fn stored_to(day: Day) -> Option<u16> {
    if day == Day::MAX { Some(OPEN) } else { stored_from(day) }
}

fn day_of(stored: u16) -> Day {
    if stored == OPEN {
        return Day::MAX;
    }
    Day::new(i32::from(stored).saturating_add(DAY_FIRST.wrapping_sub(1)))
}

impl Terms {
    /// What an entry says.
    ///
    /// # Errors
    /// What of it does not fit.
    pub fn of(entry: &Entry) -> Result<Terms, TermsError> {
        let from = stored_from(entry.valid.from).ok_or(TermsError::Days)?;
        let to = stored_to(entry.valid.to).ok_or(TermsError::Days)?;
        if from >= to {
            return Err(TermsError::Days);
        }
        if entry.tag.get() > TAGS_MAX {
            return Err(TermsError::Tag);
        }
        if entry.rule.get() > RULES_MAX {
            return Err(TermsError::Rule);
        }
        let [employee, resident] = entry.share;
        let shares = u32::from(employee.raw()) | u32::from(resident.raw()).wrapping_shl(SHARE_BITS);
        let when = |holds: bool, bit: u32| if holds { bit } else { 0 };
        let facts = class_number(entry.class)
            | scale_number(entry.ceiling.scale()).wrapping_shl(SCALE_SHIFT)
            | when(entry.scope.employee, EMPLOYEE)
            | when(entry.scope.resident, RESIDENT)
            | when(entry.scope.maternity, MATERNITY)
            | list_number(entry.list).wrapping_shl(LIST_SHIFT)
            | u32::from(entry.tag.get()).wrapping_shl(TAG_SHIFT)
            | entry.rule.get().wrapping_shl(RULE_SHIFT);
        Ok(Terms { id: entry.id, from, to, shares, facts, ceilings: entry.ceiling.units() })
    }

    /// As an image stores them; the id is the entry's place and is not stored.
    pub fn to_bytes(&self) -> [u8; TERMS_BYTES] {
        let Terms { from, to, shares, facts, ceilings: [first, second, third], .. } = *self;
        let words = [u32::from(from) | u32::from(to).wrapping_shl(16), shares, facts];
        let mut bytes = [0; TERMS_BYTES];
        let words = words.into_iter().chain([first, second, third]);
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// From what an image stores; see [`Terms::fault`].
    #[inline(always)]
    pub fn from_bytes(bytes: &[u8; TERMS_BYTES], id: EntryId) -> Terms {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x] = *bytes;
        Terms {
            id,
            from: u16::from_le_bytes([a, b]),
            to: u16::from_le_bytes([c, d]),
            shares: u32::from_le_bytes([e, f, g, h]),
            facts: u32::from_le_bytes([i, j, k, l]),
            ceilings: [
                u32::from_le_bytes([m, n, o, p]),
                u32::from_le_bytes([q, r, s, t]),
                u32::from_le_bytes([u, v, w, x]),
            ],
        }
    }

    /// What is wrong with stored terms, given how many tags and rules the image has; to be asked once, when it is opened.
    pub fn fault(&self, tags: usize, rules: usize) -> Option<&'static str> {
        let Terms { from, to, shares, facts, .. } = *self;
        let share_above = |shift: u32| shares.wrapping_shr(shift) & SHARE_MASK > 10_000;
        if from == 0 || from >= to {
            Some("a period that ends before it begins")
        } else if share_above(0) || share_above(SHARE_BITS) {
            Some("a share above the whole")
        } else if shares.wrapping_shr(2 * SHARE_BITS) != 0 {
            Some("a set bit where shares have none")
        } else if facts & 3 > 2
            || facts.wrapping_shr(LIST_SHIFT) & 7 > 5
            || facts.wrapping_shr(SCALE_SHIFT) & 3 > 2
        {
            Some("a class, list or scale that does not exist")
        } else if self.tag().index() > tags {
            Some("a tag that the image does not name")
        } else if self.rule().index() > rules {
            Some("a rule that the image does not have")
        } else {
            None
        }
    }

    /// All of it.
    pub fn entry(&self) -> Entry {
        Entry {
            id: self.id,
            valid: self.valid(),
            list: self.list(),
            class: self.class(),
            scope: Scope {
                employee: self.pays(Family::Employee),
                resident: self.pays(Family::Resident),
                maternity: self.pays_maternity(),
            },
            share: [self.share_in(Family::Employee), self.share_in(Family::Resident)],
            ceiling: Ceilings::of_units(self.ceilings, self.scale()),
            tag: self.tag(),
            rule: self.rule(),
        }
    }

    /// Its place in the image.
    #[inline]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The fee dates for which it holds.
    pub fn valid(&self) -> Span {
        Span { from: day_of(self.from), to: day_of(self.to) }
    }

    /// The stored first day.
    pub const fn from(&self) -> u16 {
        self.from
    }

    /// Whether it holds on a day in stored form.
    #[inline(always)]
    pub const fn in_force(&self, asked: u16) -> bool {
        self.from <= asked && asked < self.to
    }

    /// The list it stands in.
    pub fn list(&self) -> List {
        match self.facts.wrapping_shr(LIST_SHIFT) & 7 {
            0 => List::WesternDrug,
            1 => List::PatentMedicine,
            2 => List::HerbalPiece,
            3 => List::InHousePreparation,
            4 => List::Service,
            _ => List::Consumable,
        }
    }

    /// 甲, 乙 or 丙.
    #[inline]
    pub fn class(&self) -> Class {
        match self.facts & 3 {
            0 => Class::A,
            1 => Class::B,
            _ => Class::C,
        }
    }

    /// Whether members of a scheme of this family may have it for any illness.
    #[inline]
    pub fn pays(&self, family: Family) -> bool {
        self.facts & scope_bit(family) != 0
    }

    /// Whether members of a scheme of this family have it without further questions: it is in their scope, not of class 丙,
    /// and has no rule. So are most entries.
    #[inline(always)]
    pub fn pays_plainly(&self, family: Family) -> bool {
        const QUESTIONS: u32 = CLASS_C | u32::MAX.wrapping_shl(RULE_SHIFT);
        let scope = scope_bit(family);
        self.facts & (QUESTIONS | scope) == scope
    }

    /// Whether maternity benefits may have it.
    #[inline]
    pub const fn pays_maternity(&self) -> bool {
        self.facts & MATERNITY != 0
    }

    /// The first self-pay in a scheme of this family.
    #[inline]
    pub fn share_in(&self, family: Family) -> Rate {
        let shift = match family {
            Family::Employee => 0,
            Family::Resident => SHARE_BITS,
        };
        let parts = u16::try_from(self.shares.wrapping_shr(shift) & SHARE_MASK).unwrap_or(0);
        Rate::new(parts).unwrap_or(Rate::ONE)
    }

    /// The ceiling at a facility of this level.
    #[inline]
    pub fn ceiling_at(&self, level: Level) -> Option<Price> {
        Ceilings::of_units(self.ceilings, self.scale()).at(level)
    }

    /// A price, or the ceiling at a facility of this level where that is lower. Lines of a bill differ in what has a ceiling
    /// and what is above it: no branch hangs on either.
    #[inline(always)]
    pub fn price_allowed(&self, price: Price, level: Level) -> Price {
        let units = Ceilings::of_level(&self.ceilings, level);
        let scale = self.facts.wrapping_shr(SCALE_SHIFT) & 3;
        let unit = UNITS.get(usize::try_from(scale).unwrap_or(3)).copied().unwrap_or(Price::ZERO);
        Ceilings::lower(price, units, unit)
    }

    /// The tag that packs map to a line kind.
    #[inline]
    pub fn tag(&self) -> Tag {
        Tag::new(u8::try_from(self.facts.wrapping_shr(TAG_SHIFT) & 31).unwrap_or(0))
    }

    /// Its restrictions and edits; nought is none.
    #[inline]
    pub const fn rule(&self) -> RuleId {
        RuleId::new(self.facts.wrapping_shr(RULE_SHIFT))
    }

    #[inline]
    fn scale(&self) -> Scale {
        match self.facts.wrapping_shr(SCALE_SHIFT) & 3 {
            0 => Scale::Millionth,
            1 => Scale::HundredthOfFen,
            _ => Scale::Fen,
        }
    }
}

#[inline]
fn scope_bit(family: Family) -> u32 {
    match family {
        Family::Employee => EMPLOYEE,
        Family::Resident => RESIDENT,
    }
}

/// What a unit of a ceiling is, by the number of its scale.
const UNITS: [Price; 4] =
    [Scale::Millionth.unit(), Scale::HundredthOfFen.unit(), Scale::Fen.unit(), Scale::Fen.unit()];

fn scale_number(scale: Scale) -> u32 {
    match scale {
        Scale::Millionth => 0,
        Scale::HundredthOfFen => 1,
        Scale::Fen => 2,
    }
}

fn class_number(class: Class) -> u32 {
    match class {
        Class::A => 0,
        Class::B => 1,
        Class::C => 2,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PRICE_MAX;

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
        let comes_back = |given: &Entry| {
            let terms = Terms::of(given).expect("fits");
            assert_eq!(terms.fault(31, 131_071), None);
            assert_eq!(Terms::from_bytes(&terms.to_bytes(), given.id), terms);
            assert_eq!(terms.entry(), *given);
            for level in [Level::First, Level::Second, Level::Third] {
                assert_eq!(terms.ceiling_at(level), given.ceiling_at(level));
            }
        };
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
                comes_back(&given);
            }
        }
        given.valid.to = Day::MAX;
        given.scope = Scope::default();
        given.ceiling = ceilings([Some(Price::new(0)), None, Some(Price::new(PRICE_MAX))]);
        comes_back(&given);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let with = |change: fn(&mut Entry)| {
            let mut given = entry();
            change(&mut given);
            Terms::of(&given).err()
        };
        assert_eq!(with(|e| e.valid.from = Day::new(DAY_FIRST - 1)), Some(TermsError::Days));
        assert_eq!(with(|e| e.valid.to = e.valid.from), Some(TermsError::Days));
        assert_eq!(with(|e| e.tag = Tag::new(32)), Some(TermsError::Tag));
        assert_eq!(with(|e| e.rule = RuleId::new(RULES_MAX + 1)), Some(TermsError::Rule));
        let mixed = [Some(Price::new(1)), None, Some(Price::new(PRICE_MAX))];
        assert_eq!(Ceilings::new(mixed), None);
    }

    #[test]
    fn days_beyond_the_format_are_before_or_after_all_periods() {
        assert_eq!(asked_day(Day::MIN), 0);
        assert_eq!(asked_day(Day::new(DAY_FIRST - 1)), 0);
        assert_eq!(asked_day(Day::new(DAY_FIRST)), 1);
        assert_eq!(asked_day(Day::MAX), 0xFFFE);
        assert_eq!(Day::parse("1990-01-01").map(Day::get), Some(DAY_FIRST));
        assert_eq!(Day::parse("2169-06-04").map(Day::get), Some(DAY_LAST));
    }
}
