//! One tier for one settlement, steps 2 to 8 of POLICY.md §4: what it cuts, what the member bears
//! first, what it pays.

use super::bands::{Axis, ByKind, share, sum, take_first, take_last, take_share};
use super::exact::{Exact, Fen};
use super::facts::Facts;
use super::pack::Pack;
use super::rows::{Cap, CapAmount, Deductible, DeductibleAmount, FirstShare, Row, Tier};
use super::rows::{holding, one};
use super::slots::{Place, Slots, place};

/// What a tier is computed on and never changes.
pub(crate) struct Ground<'a> {
    pub(crate) pack: &'a Pack,
    pub(crate) facts: &'a Facts,
    pub(crate) psn_no: &'a str,
    /// The bill's total, and its amount in scope.
    pub(crate) total: Fen,
    pub(crate) in_scope: Fen,
    /// Net quantities by line kind; `None` for a case by totals.
    pub(crate) quantities: Option<&'a [(String, Exact)]>,
    /// The second part of a stay that was cut has no deductible.
    pub(crate) no_deductible: bool,
}

/// What steps 2 to 8 give.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    /// Cut by `cost_before` and by `cost_after` caps.
    pub(crate) cut_before: Fen,
    pub(crate) cut_after: Fen,
    pub(crate) first_share: Fen,
    pub(crate) deductible: Fen,
    pub(crate) above_deductible: Fen,
    pub(crate) covered: Fen,
    /// What of covered the payment was reached with.
    pub(crate) reached: Fen,
    pub(crate) paid: Fen,
    /// The stay's number among the admissions, where this settlement gives it one.
    pub(crate) counted: Option<Counted>,
}

/// A stay counted by a row of amounts.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) count: Place,
    pub(crate) counted: Place,
    pub(crate) number: Fen,
}

impl Ground<'_> {
    fn level(&self) -> &str {
        &self.facts.level
    }

    fn slot_place(&self, id: &str) -> Place {
        place(self.pack.slot(id), self.facts)
    }

    fn slot(&self, slots: &Slots, id: &str) -> Fen {
        slots.at(self.psn_no, &self.slot_place(id))
    }

    /// How often an amount counts: by visit, session or day.
    fn multiplier(&self, per: &str, tier: &Tier) -> i128 {
        match per {
            "visit" => 1,
            "day" => self.facts.days,
            "session" => self.sessions(tier),
            other => panic!("`{other}` is not a unit of `per`"),
        }
    }

    fn sessions(&self, tier: &Tier) -> i128 {
        let Some(quantities) = self.quantities else { return 1 };
        let mine = quantities
            .iter()
            .filter(|(kind, _)| tier.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind)));
        let net = mine.fold(Exact::from_integer(0), |net, (_, quantity)| net + quantity);
        net.ceil().to_integer().max(1)
    }

    /// Steps 2 to 8 on a base laid out by kind; without rows marked `penalty` where told so.
    pub(crate) fn compute(
        &self,
        tier: &Tier,
        base: &ByKind,
        slots: &Slots,
        with_penalty: bool,
    ) -> Computed {
        let whole = sum(base);
        let mut left = base.clone();

        // Step 2.
        let most = self.least_rest(tier, "cost_before", slots).unwrap_or(whole);
        let cut_before = (whole - most).max(0);
        take_last(&mut left, cut_before);

        // Step 3.
        let first_share = match self.first_share(tier, with_penalty) {
            None => 0,
            Some(row) => share(sum(&left), row.rate, tier.rounding),
        };
        take_share(&mut left, first_share);

        // Step 4.
        let row = one(&tier.deductible, self.facts, &self.facts.deductible_level, "deductible");
        let counted = row.and_then(|row| self.count(row, slots));
        let full = row.map_or(0, |row| self.full_deductible(tier, row, whole, slots));
        let there = sum(&left);
        let deductible = row.map_or(0, |row| self.deductible(row, full, there, slots));
        take_first(&mut left, deductible);
        let above_deductible = sum(&left);

        // Step 5.
        let most = self.least_rest(tier, "cost_after", slots).unwrap_or(above_deductible);
        let cut_after = (above_deductible - most).max(0);
        take_last(&mut left, cut_after);
        let covered = sum(&left);

        // Step 6.
        let start = tier.bands_at.as_ref().map_or(0, |id| self.slot(slots, id));
        let begin = if tier.from_zero { start + deductible } else { start };
        let origin = if tier.from_zero && !self.no_deductible { full } else { 0 };
        let axis = Axis { tier, facts: self.facts, with_penalty, begin, origin, covered: left };
        let by_bands = axis.pays(covered);

        // Step 7.
        let floor = self.floor(tier, whole, deductible).min(whole - cut_before);
        let payment = floor.max(by_bands);

        // Step 8.
        let (paid, reached) = match self.least_rest(tier, "payment", slots) {
            Some(rest) if payment >= rest => {
                let reached = if by_bands >= rest { axis.least_paying(rest) } else { covered };
                (rest, reached)
            }
            _ => (payment, covered),
        };
        Computed {
            cut_before,
            cut_after,
            first_share,
            deductible,
            above_deductible,
            covered,
            reached,
            paid,
            counted,
        }
    }

    /// Whether a row marked `penalty` holds.
    pub(crate) fn has_penalty(&self, tier: &Tier) -> bool {
        holding(&tier.first_share, self.facts, self.level()).iter().any(|r| r.value.penalty)
            || holding(&tier.change, self.facts, self.level()).iter().any(|r| r.value.penalty)
    }

    fn first_share(&self, tier: &Tier, with_penalty: bool) -> Option<FirstShare> {
        let rows: Vec<Row<FirstShare>> =
            tier.first_share.iter().filter(|r| with_penalty || !r.value.penalty).cloned().collect();
        one(&rows, self.facts, self.level(), "first_share").cloned()
    }

    /// The stay's number, where the row counts admissions and the stay was not counted yet.
    fn count(&self, row: &Deductible, slots: &Slots) -> Option<Counted> {
        let DeductibleAmount::ByCount { count, counted, .. } = &row.amount else { return None };
        (self.slot(slots, counted) == 0).then(|| Counted {
            count: self.slot_place(count),
            counted: self.slot_place(counted),
            number: self.slot(slots, count) + 1,
        })
    }

    /// The amount of the deductible: times sessions or days, after its factors, before any slot.
    fn full_deductible(&self, tier: &Tier, row: &Deductible, base: Fen, slots: &Slots) -> Fen {
        let amount = match &row.amount {
            DeductibleAmount::Fixed(amount) => *amount,
            DeductibleAmount::ByCount { amounts, count, counted } => {
                let number = match self.slot(slots, counted) {
                    0 => 1 + self.slot(slots, count),
                    number => number,
                };
                let last = amounts.len() - 1;
                amounts[usize::try_from(number - 1).map_or(last, |n| n.min(last))]
            }
            DeductibleAmount::Share { rate, of, min, max } => {
                let of = match of.as_str() {
                    "total" => self.total,
                    "in_scope" => self.in_scope,
                    "base" => base,
                    other => panic!("a share of `{other}`"),
                };
                let amount = share(of, *rate, tier.rounding);
                let amount = min.map_or(amount, |min| amount.max(min));
                max.map_or(amount, |max| amount.min(max))
            }
        };
        let mut amount = amount * self.multiplier(&row.per, tier);
        for factor in holding(&tier.factor, self.facts, &self.facts.deductible_level) {
            amount = share(amount, factor.value, tier.rounding);
        }
        amount
    }

    /// What of the deductible is taken from what is there.
    fn deductible(&self, row: &Deductible, full: Fen, there: Fen, slots: &Slots) -> Fen {
        let goes_on = self.facts.continued;
        if self.no_deductible || (goes_on && row.continued == "nought") {
            return 0;
        }
        let mut amount = full;
        if let Some(less) = &row.less
            && !(goes_on && row.continued == "full")
        {
            amount = (amount - self.slot(slots, less)).max(0);
        }
        if let Some((most, slot)) = &row.ceiling {
            amount = amount.min((most - self.slot(slots, slot)).max(0));
        }
        amount.min(there)
    }

    /// The least rest of the caps of one kind; `None` when no cap limits.
    fn least_rest(&self, tier: &Tier, on: &str, slots: &Slots) -> Option<Fen> {
        let mut seen: Vec<&Option<String>> = Vec::new();
        let mut least = None;
        for row in tier.cap.iter().filter(|r| r.value.on == on) {
            if seen.contains(&&row.value.slot) {
                continue;
            }
            seen.push(&row.value.slot);
            let same = tier.cap.iter().filter(|r| r.value.on == on);
            let same: Vec<Row<Cap>> =
                same.filter(|r| r.value.slot == row.value.slot).cloned().collect();
            let Some(cap) = one(&same, self.facts, self.level(), "cap") else { continue };
            let Some(rest) = self.rest(tier, cap, slots) else { continue };
            least = Some(least.map_or(rest, |least: Fen| least.min(rest)));
        }
        least
    }

    /// What a cap leaves; `None` when it limits nothing.
    fn rest(&self, tier: &Tier, cap: &Cap, slots: &Slots) -> Option<Fen> {
        let amount = match cap.amount {
            CapAmount::Fixed(amount) => amount,
            CapAmount::Approval => self.facts.approval.as_ref()?.limit?,
            CapAmount::Unlimited => return None,
        };
        let mut amount = amount * self.multiplier(&cap.per, tier);
        if let Some(plus) = &cap.plus {
            let years = (self.facts.paid_years - plus.from + 1).max(0);
            let more = plus.each * years;
            amount += plus.max.map_or(more, |max| more.min(max));
        }
        let held = cap.slot.as_ref().map_or(0, |id| self.slot(slots, id));
        Some((amount - held).max(0))
    }

    fn floor(&self, tier: &Tier, base: Fen, deductible: Fen) -> Fen {
        let Some(floor) = one(&tier.floor, self.facts, self.level(), "floor") else { return 0 };
        let of = if floor.of_total { self.total } else { base };
        let of = if floor.deductible_out { of - deductible } else { of };
        share(of, floor.rate, tier.rounding)
    }
}
