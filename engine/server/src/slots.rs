//! Slot values under the labels of a case (`"2026"`, `"stay:<mdtrt_id>"`, `slot[M07800]`), carried from case to case.

use std::collections::{BTreeMap, HashMap};

use yidan_settlement::admit::{Period, SlotKey};
use yidan_settlement::bill::Decision;
use yidan_settlement::date::Day;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Pack, SlotKeyKind};

/// The values of one member: by period, then by slot.
pub type SlotValues = BTreeMap<String, BTreeMap<String, Fen>>;

/// What labels of a claim's slots are made of.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// The stay whose slots run.
    pub stay: String,
    /// The pregnancy, approval or referral.
    pub filing: String,
    /// The disease of the visit.
    pub disease: Option<String>,
    /// The scheme of the visit.
    pub insutype: String,
}

/// What one member brings to the next case.
#[derive(Debug)]
struct MemberBook {
    periods: Box<[PeriodBook]>,
    balance: Fen,
}

/// The values of one period: numbers of slot names, each with its value.
#[derive(Debug)]
struct PeriodBook {
    period: Box<str>,
    values: Box<[(u32, Fen)]>,
}

/// Books of all members, by `psn_no`: what `--sequence` carries. There may be millions of members and there are a few
/// hundred names of slots, so a book holds numbers and no more room than it needs.
#[derive(Debug, Default)]
pub struct Books {
    members: HashMap<Box<str>, MemberBook>,
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Books {
    /// The slots of a member, if a case of theirs has come before.
    pub fn slots(&self, psn_no: &str) -> Option<SlotValues> {
        let book = self.members.get(psn_no)?;
        let name = |number: u32| {
            let name = usize::try_from(number).ok().and_then(|place| self.names.get(place));
            name.map_or_else(String::new, |name| name.to_string())
        };
        let values =
            |one: &PeriodBook| one.values.iter().map(|(slot, it)| (name(*slot), *it)).collect();
        Some(book.periods.iter().map(|one| (one.period.to_string(), values(one))).collect())
    }

    /// The balance that the last case of a member left.
    pub fn balance(&self, psn_no: &str) -> Option<Fen> {
        self.members.get(psn_no).map(|book| book.balance)
    }

    /// Keeps what a case of a member left.
    pub fn keep(&mut self, psn_no: &str, slots: &SlotValues, balance: Fen) {
        let of_period = |(period, values): (&String, &BTreeMap<String, Fen>)| PeriodBook {
            period: period.as_str().into(),
            values: values.iter().map(|(slot, it)| (self.number(slot), *it)).collect(),
        };
        let book = MemberBook { periods: slots.iter().map(of_period).collect(), balance };
        match self.members.get_mut(psn_no) {
            Some(place) => *place = book,
            None => {
                self.members.insert(psn_no.into(), book);
            }
        }
    }

    /// The number of a slot's name.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }
}

impl Labels {
    /// The label of a period.
    pub fn period(&self, period: Period) -> String {
        let number = |value: i32| u64::from(value.cast_unsigned());
        match period {
            Period::Stay(_, 0) => format!("stay:{}", self.stay),
            Period::Stay(_, again) => format!("stay:{}+{again}", self.stay),
            Period::Day(day) => period_label(1, 0, number(day.get()), ""),
            Period::Month(months) => period_label(2, 0, number(months), ""),
            Period::Quarter(quarters) => period_label(3, 0, number(quarters), ""),
            Period::Year(year) => period_label(4, 0, number(year), ""),
            Period::Filing(_) => period_label(5, 0, 0, &self.filing),
            Period::Life => period_label(6, 0, 0, ""),
        }
    }

    /// The label of a slot with its sub-key.
    pub fn slot(&self, key: SlotKey, pack: &Pack) -> String {
        let Some(slot) = pack.slot(key.slot) else { return String::new() };
        if key.sub == 0 {
            return slot.id.clone();
        }
        let sub = match slot.key {
            SlotKeyKind::None => return slot.id.clone(),
            SlotKeyKind::Disease => self.disease.clone().unwrap_or_default(),
            SlotKeyKind::DiseaseGroup => {
                let group = usize::try_from(key.sub - 1).ok();
                let name = group.and_then(|group| pack.data().disease_group_names.get(group));
                name.cloned().unwrap_or_default()
            }
            SlotKeyKind::Scheme => self.insutype.clone(),
        };
        format!("{}[{sub}]", slot.id)
    }

    /// The value under a key.
    pub fn read(&self, values: &SlotValues, key: SlotKey, pack: &Pack) -> Fen {
        let Some(of_period) = values.get(&self.period(key.period)) else { return Fen::ZERO };
        of_period.get(&self.slot(key, pack)).copied().unwrap_or_default()
    }

    /// Writes what a decision changed.
    pub fn apply(&self, values: &mut SlotValues, decision: &Decision, pack: &Pack) {
        for change in &decision.changes {
            let of_period = values.entry(self.period(change.key.period)).or_default();
            of_period.insert(self.slot(change.key, pack), change.after);
        }
    }
}

/// The label of a period by its kind (0 stay … 6 life), how often the stay was taken in again, its number, and the text of
/// its filing.
pub fn period_label(kind: u8, again: u8, number: u64, filing: &str) -> String {
    // The numbers of days, months and years are signed ones, kept in 32 bits.
    let signed = u32::try_from(number).unwrap_or(0).cast_signed();
    match (kind, again) {
        (0, 0) => format!("stay:{number}"),
        (0, again) => format!("stay:{number}+{again}"),
        (1, _) => format!("day:{}", Day::new(signed)),
        (2, _) => format!("month:{:04}-{:02}", signed.div_euclid(12), signed.rem_euclid(12) + 1),
        (3, _) => format!("quarter:{:04}-{}", signed.div_euclid(4), signed.rem_euclid(4) + 1),
        (4, _) => format!("{signed:04}"),
        (5, _) => format!("filing:{filing}"),
        (_, _) => "life".to_owned(),
    }
}
