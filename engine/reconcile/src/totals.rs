//! The first comparison (3201 对总账): how many, and how much in all.

use crate::entry::{Amounts, Entry};

/// Sums of a period.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Totals {
    /// Entries: a settlement is one, and its refund another.
    pub count: i64,
    /// Amounts; refunds below nought.
    pub amounts: Amounts,
}

/// Which entries of a period are meant.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Which<'w> {
    /// `insutype`; `None` for all.
    pub insutype: Option<&'w str>,
    /// `clr_type`; `None` for all.
    pub clr_type: Option<&'w str>,
    /// `setl_optins`: a pool, or a division of it; `None` for all.
    pub pool: Option<&'w str>,
    /// `refd_setl_flag`: refunds alone, or settlements alone; `None` for both.
    pub refunds: Option<bool>,
}

/// Who has more.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Sides {
    /// Nobody: they are equal.
    Equal,
    /// The fund (中心多).
    Fund,
    /// The facility (医药机构多).
    Facility,
    /// The one has more of something, the other of something else.
    Both,
}

impl Which<'_> {
    /// Whether an entry is meant.
    pub fn takes(&self, entry: &Entry) -> bool {
        !entry.void
            && self.insutype.is_none_or(|one| one == entry.insutype)
            && self.clr_type.is_none_or(|one| one == entry.clearing.clr_type)
            && self.pool.is_none_or(|one| is_same_pool(one, &entry.clearing.pool))
            && self.refunds.is_none_or(|refunds| refunds == entry.is_refund())
    }
}

/// Whether one of two divisions lies in the other: `630102` in `630100`, and that in `630000`. Systems name the pool, the province, or the
/// district that a person is insured in.
fn is_same_pool(one: &str, other: &str) -> bool {
    let bare = |division: &'_ str| division.trim_end_matches("00").len();
    let (one_bare, other_bare) = (&one[..bare(one)], &other[..bare(other)]);
    one_bare.starts_with(other_bare) || other_bare.starts_with(one_bare)
}

impl Totals {
    /// One entry more.
    pub fn add(&mut self, entry: &Entry) {
        self.count = self.count.saturating_add(1);
        self.amounts = self.amounts.plus(entry.amounts);
    }

    /// What the fund has more than the facility; below nought what it has less.
    #[must_use]
    pub fn more_than(self, facility: Totals) -> Totals {
        Totals {
            count: self.count.saturating_sub(facility.count),
            amounts: self.amounts.plus(facility.amounts.negated()),
        }
    }
}

impl Sides {
    /// Who has more, of what the fund has more than the facility.
    pub fn of(fund_has_more: Totals) -> Sides {
        let Totals { count, amounts: Amounts { total, fund, account } } = fund_has_more;
        let all = [count, total.get(), fund.get(), account.get()];
        match (all.iter().any(|more| *more > 0), all.iter().any(|more| *more < 0)) {
            (false, false) => Sides::Equal,
            (true, false) => Sides::Fund,
            (false, true) => Sides::Facility,
            (true, true) => Sides::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use yidan_settlement::money::Fen;

    use super::*;

    #[test]
    fn a_division_lies_in_its_pool_and_that_in_its_province() {
        for (one, other) in [("630100", "630102"), ("630000", "630100"), ("630102", "630102")] {
            assert!(is_same_pool(one, other) && is_same_pool(other, one), "{one} {other}");
        }
        for (one, other) in [("630100", "630200"), ("530100", "630100"), ("630103", "630102")] {
            assert!(!is_same_pool(one, other), "{one} {other}");
        }
    }

    #[test]
    fn who_has_more_is_told_by_all_figures() {
        let of = |count, fen| {
            let amounts = Amounts { fund: Fen::new(fen), ..Amounts::default() };
            Sides::of(Totals { count, amounts })
        };
        assert_eq!(of(0, 0), Sides::Equal);
        assert_eq!(of(1, 5), Sides::Fund);
        assert_eq!(of(-1, 0), Sides::Facility);
        assert_eq!(of(1, -1), Sides::Both);
    }
}
