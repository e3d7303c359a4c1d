//! Slot values under the labels of a case (`"2026"`, `"stay:<mdtrt_id>"`, `slot[M07800]`), carried from case to case.

use std::collections::{BTreeMap, HashMap};

use yidan_settlement::admit::{Period, SlotKey};
use yidan_settlement::bill::Decision;
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

/// Slots and account balance of one member.
#[derive(Debug, Clone, Default)]
pub struct MemberBook {
    /// Slot values.
    pub slots: SlotValues,
    /// Balance of the own account, once a case has stated it.
    pub balance: Option<Fen>,
}

/// Books of all members, by `psn_no`: what `--sequence` carries.
#[derive(Debug, Default)]
pub struct Books {
    members: HashMap<String, MemberBook>,
}

impl Books {
    /// The book of a member, if a case of theirs has come before.
    pub fn get(&self, psn_no: &str) -> Option<&MemberBook> {
        self.members.get(psn_no)
    }

    /// The book of a member, made when there is none.
    pub fn open(&mut self, psn_no: &str) -> &mut MemberBook {
        self.members.entry(psn_no.to_owned()).or_default()
    }
}

impl Labels {
    /// The label of a period.
    pub fn period(&self, period: Period) -> String {
        match period {
            Period::Stay(_, 0) => format!("stay:{}", self.stay),
            Period::Stay(_, again) => format!("stay:{}+{again}", self.stay),
            Period::Day(day) => format!("day:{day}"),
            Period::Month(months) => {
                format!("month:{:04}-{:02}", months.div_euclid(12), months.rem_euclid(12) + 1)
            }
            Period::Quarter(quarters) => {
                format!("quarter:{:04}-{}", quarters.div_euclid(4), quarters.rem_euclid(4) + 1)
            }
            Period::Year(year) => format!("{year:04}"),
            Period::Filing(_) => format!("filing:{}", self.filing),
            Period::Life => "life".to_owned(),
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
