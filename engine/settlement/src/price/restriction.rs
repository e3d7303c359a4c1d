//! Step 4 of the line check: restrictions (限定支付), whole or by quantity.

use alloc::vec::Vec;

use super::{Judge, Rest};
use crate::catalogue::{Condition, Level, Rule, Sex, Test};
use crate::claim::{FeeLine, HospitalApproval};
use crate::date::Day;
use crate::money::Quantity;
use crate::reason::{LineReason, LineReasons};

/// What lines of the same code had used before this one, net of returns.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Used {
    /// In the visit.
    pub(super) visit: Quantity,
    /// On the fee day.
    pub(super) day: Quantity,
}

/// Quantities used so far by code, and by code and day: an open table that keeps its room.
#[derive(Debug, Default)]
pub(super) struct Tally {
    table: Vec<Counted>,
    used: usize,
    /// The claim that is counted: what others left in the table is free.
    claim: u64,
    /// Whether every line counts, and not only those whose own rule asks.
    every_line: bool,
}

/// A place of the table.
#[derive(Copy, Clone, Debug, Default)]
struct Counted {
    /// In which claim; nought for none.
    claim: u64,
    key: Key,
    sum: Quantity,
}

/// A code within the claim, and a day or all days.
type Key = (u32, Option<Day>);

impl Tally {
    pub(super) fn clear(&mut self, every_line: bool) {
        self.claim = self.claim.wrapping_add(1);
        self.used = 0;
        self.every_line = every_line;
    }

    /// Counts a line that has no rule, where other lines of its code may have one.
    pub(super) fn pass(&mut self, line: &FeeLine, net: Quantity) {
        if self.every_line {
            self.add((line.code, None), net);
            self.add((line.code, Some(line.day)), net);
        }
    }

    /// What the code had used, and counts this line.
    pub(super) fn use_up(&mut self, line: &FeeLine, net: Quantity, rule: &Rule) -> Used {
        let counted = rule.conditions.iter().any(|condition| match condition.test {
            Test::QuantityPerVisit(_) | Test::QuantityPerDay(_) => true,
            Test::LevelAtLeast(_)
            | Test::Setting(_)
            | Test::Sex(_)
            | Test::AgeFrom(_)
            | Test::AgeBelow(_)
            | Test::Scheme(_)
            | Test::Maternity
            | Test::Diagnosis(_)
            | Test::Indication
            | Test::FailureOfAnother
            | Test::Days(_) => false,
        });
        if !counted && rule.edits.is_empty() && !self.every_line {
            return Used::default();
        }
        Used {
            visit: self.add((line.code, None), net),
            day: self.add((line.code, Some(line.day)), net),
        }
    }

    /// What stood under a key, and adds to it.
    fn add(&mut self, key: Key, quantity: Quantity) -> Quantity {
        if self.used.saturating_mul(2) >= self.table.len() {
            self.grow();
        }
        let mask = self.table.len().saturating_sub(1);
        let mut place = hash(key) & mask;
        loop {
            match self.table.get_mut(place) {
                Some(there) if there.claim != self.claim => {
                    *there = Counted { claim: self.claim, key, sum: quantity };
                    self.used = self.used.saturating_add(1);
                    return Quantity::ZERO;
                }
                Some(there) if there.key == key => {
                    let before = there.sum;
                    there.sum = before.plus(quantity);
                    return before;
                }
                Some(_) => place = place.wrapping_add(1) & mask,
                None => return Quantity::ZERO,
            }
        }
    }

    fn grow(&mut self) {
        let size = self.table.len().saturating_mul(2).max(64);
        let old = core::mem::take(&mut self.table);
        self.table.resize(size, Counted::default());
        self.used = 0;
        let claim = self.claim;
        for there in old.into_iter().filter(|there| there.claim == claim) {
            self.add(there.key, there.sum);
        }
    }
}

/// Spreads keys over the table; the table is small and its keys are the claim's own numbers.
fn hash((code, day): Key) -> usize {
    let day = day.map_or(u64::MAX, |day| u64::from(day.get().unsigned_abs()));
    let mixed = (u64::from(code).rotate_left(32) ^ day).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed.wrapping_shr(32)).unwrap_or(0)
}

impl Judge<'_, '_> {
    /// Why a restricted line is wholly own cost, if it is.
    pub(super) fn restricted(
        &self,
        rule: &Rule,
        line: &FeeLine,
        stay_part: usize,
    ) -> Option<LineReason> {
        if rule.conditions.is_empty() {
            return None;
        }
        if line.approval != HospitalApproval::Given {
            return Some(LineReason::RestrictionNotApproved);
        }
        let age = self.admitted.parts().nth(stay_part).and_then(|part| part.age());
        rule.conditions.iter().find_map(|condition| self.fails(condition, age, line))
    }

    fn fails(&self, condition: &Condition, age: Option<u16>, line: &FeeLine) -> Option<LineReason> {
        if condition.attested {
            return None;
        }
        let claim = self.admitted.claim();
        let unless = |holds: bool, reason| if holds { None } else { Some(reason) };
        match condition.test {
            Test::LevelAtLeast(level) => {
                let here: Level = claim.facility.price_level;
                unless(here >= level, LineReason::LevelTooLow)
            }
            Test::Setting(setting) => {
                unless(self.admitted.benefit().setting == setting, LineReason::WrongSetting)
            }
            Test::Sex(sex) => {
                let stated: Option<Sex> = claim.member.sex;
                unless(stated == Some(sex), LineReason::WrongSex)
            }
            Test::AgeFrom(years) => {
                unless(age.is_some_and(|age| age >= years), LineReason::WrongAge)
            }
            Test::AgeBelow(years) => {
                unless(age.is_some_and(|age| age < years), LineReason::WrongAge)
            }
            Test::Scheme(of) => unless(self.family == of, LineReason::WrongScheme),
            Test::Maternity => unless(self.maternity || line.maternity, LineReason::NotMaternity),
            Test::Diagnosis(set) => {
                let named =
                    claim.visit.diagnoses.iter().any(|one| self.rules.set_contains(set, *one));
                unless(named, LineReason::DiagnosisNotCovered)
            }
            // Answered by the hospital's approval, which is there.
            Test::Indication | Test::FailureOfAnother => None,
            // In part: see `take_excess`.
            Test::QuantityPerVisit(_) | Test::QuantityPerDay(_) | Test::Days(_) => None,
        }
    }
}

/// Takes off what is beyond quantities and days.
pub(super) fn take_excess(
    rule: &Rule,
    line: &FeeLine,
    used: &Used,
    rest: &mut Rest,
    reasons: &mut LineReasons,
) {
    for condition in rule.conditions.iter().filter(|condition| !condition.attested) {
        let (excess, reason) = match condition.test {
            Test::QuantityPerVisit(limit) => {
                (rest.quantity.less(limit.less(used.visit)), LineReason::QuantityPerVisitExceeded)
            }
            Test::QuantityPerDay(limit) => {
                (rest.quantity.less(limit.less(used.day)), LineReason::QuantityPerDayExceeded)
            }
            Test::Days(limit) => {
                if let Some(days) = line.days.filter(|days| *days > limit) {
                    rest.own = rest.own.plus(rest.take_days(days.saturating_sub(limit), days));
                    reasons.add(LineReason::DaysExceeded);
                }
                continue;
            }
            Test::LevelAtLeast(_)
            | Test::Setting(_)
            | Test::Sex(_)
            | Test::AgeFrom(_)
            | Test::AgeBelow(_)
            | Test::Scheme(_)
            | Test::Maternity
            | Test::Diagnosis(_)
            | Test::Indication
            | Test::FailureOfAnother => (Quantity::ZERO, LineReason::RestrictionNotApproved),
        };
        if excess.get() > 0 {
            rest.own = rest.own.plus(rest.take(excess));
            reasons.add(reason);
        }
    }
}
