//! The second comparison (3202 对明细账): every line of a facility's statement and every entry of the fund is classed, each once.

use std::collections::{HashMap, HashSet};

use yidan_settlement::money::Fen;

use crate::entry::{Entry, EntryKind};

/// A line of a facility's statement.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Claimed {
    /// `setl_id`, where it is one of ours. Of a refund it may be its own or that of the settlement.
    pub setl_id: Option<u64>,
    /// `mdtrt_id`, where it is one of ours.
    pub visit: Option<u64>,
    /// `psn_no`
    pub psn_no: String,
    /// `medfee_sumamt`; of a refund below nought, as the other two.
    pub total: Fen,
    /// `fund_pay_sumamt`
    pub fund: Fen,
    /// `acct_pay`
    pub account: Fen,
    /// `refd_setl_flag`
    pub refund: bool,
}

/// What a line or an entry is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Class {
    /// On both sides, and equal.
    Equal,
    /// On both sides, and not of the same amounts, person or visit.
    Differs,
    /// The fund does not know it.
    OnlyFacility,
    /// The facility does not know it: its answer was lost.
    OnlyFund,
    /// One side has undone it, the other has not.
    ReversedAt(Side),
    /// Undone by whoever had it: nothing is left of it on either side.
    Nothing,
    /// One side has it twice.
    TwiceAt(Side),
    /// The fund has it, but not among what this statement is about: on another day, or cleared as something else.
    Elsewhere,
}

/// A side.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Side {
    /// 定点医药机构
    Facility,
    /// 中心
    Fund,
}

/// What became of one line, one entry, or the two of them.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Compared {
    /// What it is.
    pub class: Class,
    /// The line of the statement, from nought.
    pub line: Option<usize>,
    /// The entry of the fund.
    pub entry: Option<Entry>,
}

/// Which settlement, and whether its refund is meant.
type Key = (u64, bool);

/// The entries of a statement's period, and which of them a line was found for.
struct Ours<'e> {
    entries: &'e [Entry],
    by_key: HashMap<Key, usize>,
    settlement_of_refund: HashMap<u64, u64>,
    /// What the statement refunds, by the numbers it says.
    claimed_back: HashSet<u64>,
    matched: Vec<bool>,
}

/// Compares a statement with the entries that it is about. `elsewhere` finds the fund's entry of a settlement, or of its refund, that is not
/// among them, and one that is void.
pub fn compare<E>(
    statement: &[Claimed],
    entries: &[Entry],
    mut elsewhere: impl FnMut(u64, bool) -> Result<Option<Entry>, E>,
) -> Result<Vec<Compared>, E> {
    let mut ours = Ours::new(statement, entries);
    let mut all = Vec::with_capacity(statement.len().saturating_add(entries.len()));
    for (at, claimed) in statement.iter().enumerate() {
        let (class, entry) = ours.class_of(claimed, &mut elsewhere)?;
        all.push(Compared { class, line: Some(at), entry });
    }
    for (at, entry) in entries.iter().enumerate() {
        if !ours.is_matched(at) {
            let class = ours.class_alone(entry, &mut elsewhere)?;
            all.push(Compared { class, line: None, entry: Some(entry.clone()) });
        }
    }
    Ok(all)
}

impl<'e> Ours<'e> {
    fn new(statement: &[Claimed], entries: &'e [Entry]) -> Ours<'e> {
        let keys = entries.iter().enumerate();
        let refunds = entries.iter().filter_map(|entry| match entry.kind {
            EntryKind::Settlement => None,
            EntryKind::RefundOf(settlement) => Some((entry.number, settlement)),
        });
        Ours {
            entries,
            by_key: keys.map(|(at, entry)| ((entry.settlement(), entry.is_refund()), at)).collect(),
            settlement_of_refund: refunds.collect(),
            claimed_back: statement
                .iter()
                .filter(|line| line.refund)
                .filter_map(|line| line.setl_id)
                .collect(),
            matched: vec![false; entries.len()],
        }
    }

    fn is_matched(&self, at: usize) -> bool {
        self.matched.get(at).copied().unwrap_or(false)
    }

    /// The entry of a settlement or its refund, and whether a line was found for it.
    fn entry(&self, key: Key) -> Option<(usize, &'e Entry)> {
        let at = self.by_key.get(&key)?;
        self.entries.get(*at).map(|entry| (*at, entry))
    }

    fn class_of<E>(
        &mut self,
        claimed: &Claimed,
        elsewhere: &mut impl FnMut(u64, bool) -> Result<Option<Entry>, E>,
    ) -> Result<(Class, Option<Entry>), E> {
        let Some(number) = claimed.setl_id else { return Ok((Class::OnlyFacility, None)) };
        let settlement = match self.settlement_of_refund.get(&number) {
            Some(settlement) if claimed.refund => *settlement,
            Some(_) | None => number,
        };
        if let Some((at, entry)) = self.entry((settlement, claimed.refund)) {
            if self.is_matched(at) {
                return Ok((Class::TwiceAt(Side::Facility), Some(entry.clone())));
            }
            if let Some(matched) = self.matched.get_mut(at) {
                *matched = true;
            }
            let class = if is_equal(claimed, entry) { Class::Equal } else { Class::Differs };
            return Ok((class, Some(entry.clone())));
        }
        let found = elsewhere(settlement, claimed.refund)?;
        if !claimed.refund {
            return Ok(match found {
                Some(entry) if entry.void && self.claimed_back.contains(&number) => {
                    (Class::Nothing, Some(entry))
                }
                Some(entry) if entry.void => (Class::ReversedAt(Side::Fund), Some(entry)),
                Some(entry) => (Class::Elsewhere, Some(entry)),
                None => (Class::OnlyFacility, None),
            });
        }
        // A refund that is void was itself undone: then its settlement tells.
        let of_void = found.as_ref().filter(|entry| entry.void).map(Entry::settlement);
        if let (Some(entry), None) = (found, of_void) {
            return Ok((Class::Elsewhere, Some(entry)));
        }
        let settlement = of_void.unwrap_or(settlement);
        let settled = match self.entry((settlement, false)) {
            Some((_, entry)) => Some(entry.clone()),
            None => elsewhere(settlement, false)?,
        };
        Ok(match settled {
            Some(entry) if !entry.void => (Class::ReversedAt(Side::Facility), Some(entry)),
            Some(entry) => (Class::Nothing, Some(entry)),
            None => (Class::OnlyFacility, None),
        })
    }

    /// The class of an entry that no line was found for.
    fn class_alone<E>(
        &self,
        entry: &Entry,
        elsewhere: &mut impl FnMut(u64, bool) -> Result<Option<Entry>, E>,
    ) -> Result<Class, E> {
        if entry.is_refund() {
            return Ok(match self.entry((entry.settlement(), false)) {
                // The facility knows neither the settlement nor its refund.
                Some((at, _)) if !self.is_matched(at) => Class::Nothing,
                Some(_) | None => Class::ReversedAt(Side::Fund),
            });
        }
        let refunded = match self.entry((entry.number, true)) {
            Some(_) => true,
            None => elsewhere(entry.number, true)?.is_some_and(|refund| !refund.void),
        };
        if refunded {
            return Ok(Class::Nothing);
        }
        let is_twin = |other: &Entry| {
            other.number != entry.number
                && !other.is_refund()
                && (other.visit, other.day) == (entry.visit, entry.day)
                && other.psn_no == entry.psn_no
                && other.amounts == entry.amounts
        };
        let mut known = self.entries.iter().zip(&self.matched).filter(|(_, matched)| **matched);
        Ok(if known.any(|(other, _)| is_twin(other)) {
            Class::TwiceAt(Side::Fund)
        } else {
            Class::OnlyFund
        })
    }
}

/// Whether both say the same.
fn is_equal(claimed: &Claimed, entry: &Entry) -> bool {
    let amounts = &entry.amounts;
    let said = [claimed.total, claimed.fund, claimed.account];
    said == [amounts.total, amounts.fund, amounts.account]
        && claimed.psn_no == entry.psn_no
        && claimed.visit.is_none_or(|visit| visit == entry.visit)
}
