//! The tiers one after another: the base of each, the parts of the member's cost, and the slots
//! (POLICY.md §4).

use std::collections::{BTreeMap, BTreeSet};

use super::bands::{ByKind, sum};
use super::exact::Fen;
use super::rows::{Add, Base, Tier};
use super::slots::{Place, Slots, place};
use super::tier::{Computed, Ground};

/// One of the five parts of the member's covered cost.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Part {
    /// 先行自付
    Prepay,
    /// First share of a tier.
    FirstShare,
    /// Deductible of a tier.
    Deductible,
    /// What is left of covered cost.
    Copay,
    /// What lies above a cap.
    AboveCap,
}

pub(crate) use Part::{AboveCap, Copay, Deductible, FirstShare, Prepay};

/// The parts of the member's covered cost.
pub type Parts = BTreeMap<Part, Fen>;

/// The row of one tier that was entered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are the columns of a tier's row, named as there")]
pub struct TierRow {
    pub id: String,
    pub fund: String,
    pub basic: bool,
    pub base: Fen,
    pub first_share: Fen,
    pub deductible: Fen,
    pub covered: Fen,
    pub above_cap: Fen,
    pub paid: Fen,
    pub filing_loss: Fen,
}

/// What of one line kind no tier has taken yet.
#[derive(Clone, Debug)]
pub(crate) struct Untouched {
    pub(crate) kind: String,
    pub(crate) scope: Fen,
    pub(crate) prepay: Fen,
}

/// What is kept while the tiers run.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) untouched: Vec<Untouched>,
    pub(crate) parts: Parts,
    pub(crate) filing_loss: Fen,
    pub(crate) facility: Fen,
    pub(crate) rows: Vec<TierRow>,
    pub(crate) written: BTreeSet<Place>,
    /// What of each tier is the member's above its caps, in the order of the tiers.
    above_of: Vec<(String, Fen)>,
}

/// A base and where it came from.
struct Taken {
    by_kind: ByKind,
    /// For bases made of parts: how much of each part it took in.
    parts: Option<Parts>,
    /// Pre-pay that leaves the part pre-pay when the tier is entered.
    prepay: Fen,
}

impl State {
    pub(crate) fn new(untouched: Vec<Untouched>) -> State {
        let prepay = untouched.iter().map(|u| u.prepay).sum();
        let parts = [FirstShare, Deductible, Copay, AboveCap].map(|part| (part, 0));
        State {
            untouched,
            parts: parts.into_iter().chain([(Prepay, prepay)]).collect(),
            filing_loss: 0,
            facility: 0,
            rows: Vec::new(),
            written: BTreeSet::new(),
            above_of: Vec::new(),
        }
    }

    pub(crate) fn part(&self, part: Part) -> Fen {
        self.parts.get(&part).copied().unwrap_or(0)
    }

    fn change(&mut self, part: Part, by: Fen) {
        let held = self.parts.entry(part).or_insert(0);
        *held += by;
        assert!(*held >= 0, "the part {part:?} falls below nought");
    }

    /// Runs one tier.
    pub(crate) fn run(&mut self, ground: &Ground<'_>, tier: &Tier, slots: &mut Slots) {
        if !tier.applies.hold(ground.facts, &ground.facts.level) {
            return;
        }
        let taken = self.take_base(ground, tier);
        let base = sum(&taken.by_kind);
        if base == 0 {
            return;
        }
        self.change(Prepay, -taken.prepay);
        if taken.parts.as_ref().is_some_and(|parts| parts.contains_key(&Copay)) {
            self.touch_all();
        }
        let c = ground.compute(tier, &taken.by_kind, slots, true);
        let filing_loss = if ground.has_penalty(tier) {
            let without = ground.compute(tier, &taken.by_kind, slots, false);
            (without.paid - c.paid).max(0)
        } else {
            0
        };
        let above = c.cut_before + c.cut_after + (c.covered - c.reached);
        // What a floor pays beyond first share and deductible comes off what is above the cap.
        let beyond = (c.paid - c.reached - c.first_share - c.deductible).max(0);
        match taken.parts {
            None => self.book_scope(tier, &c, above - beyond),
            Some(took) => self.book_parts(tier, &c, above - beyond, took),
        }
        if !tier.facility_above {
            self.above_of.push((tier.id.clone(), above - beyond));
        }
        self.filing_loss += filing_loss;
        self.write_slots(ground, tier, base, &c, slots);
        self.rows.push(TierRow {
            id: tier.id.clone(),
            fund: tier.fund.clone(),
            basic: tier.basic,
            base,
            first_share: c.first_share,
            deductible: c.deductible,
            covered: c.covered,
            above_cap: above,
            paid: c.paid,
            filing_loss,
        });
    }

    /// Step 1.
    fn take_base(&mut self, ground: &Ground<'_>, tier: &Tier) -> Taken {
        match &tier.base {
            Base::InScope => self.take_scope(ground, tier, false),
            Base::InScopePrepay => self.take_scope(ground, tier, true),
            Base::AboveCapOf(other) => {
                let there = self.above_of.iter().filter(|(id, _)| id == other);
                let added: Fen = there.map(|(_, amount)| amount).sum();
                let base = added.min(self.part(AboveCap));
                let parts = Some(Parts::from([(AboveCap, base)]));
                Taken { by_kind: vec![(None, base)], parts, prepay: 0 }
            }
            Base::Left { parts, loss_out } => self.take_left(parts, *loss_out),
        }
    }

    fn take_scope(&mut self, ground: &Ground<'_>, tier: &Tier, with_prepay: bool) -> Taken {
        let kinds = tier.kinds.clone().unwrap_or_else(|| ground.pack.kinds());
        let mut by_kind = Vec::new();
        let mut prepay = 0;
        for kind in kinds {
            for u in self.untouched.iter_mut().filter(|u| u.kind == kind) {
                let mut amount = std::mem::take(&mut u.scope);
                if with_prepay {
                    prepay += u.prepay;
                    amount += std::mem::take(&mut u.prepay);
                }
                by_kind.push((Some(kind.clone()), amount));
            }
        }
        Taken { by_kind, parts: None, prepay }
    }

    fn take_left(&self, names: &[String], loss_out: bool) -> Taken {
        let named: Vec<Part> = names.iter().map(|name| part_named(name)).collect();
        let mut took: Parts = named.iter().map(|part| (*part, self.part(*part))).collect();
        if let Some(copay) = took.get_mut(&Copay) {
            *copay += self.untouched.iter().map(|u| u.scope).sum::<Fen>();
        }
        if loss_out {
            let mut out = self.filing_loss;
            for part in [FirstShare, Copay, Deductible, AboveCap, Prepay] {
                if let Some(held) = took.get_mut(&part) {
                    let left_out = out.min(*held);
                    *held -= left_out;
                    out -= left_out;
                }
            }
        }
        let base = took.values().sum();
        Taken { by_kind: vec![(None, base)], parts: Some(took), prepay: 0 }
    }

    /// What no tier took in is now co-pay.
    fn touch_all(&mut self) {
        for n in 0..self.untouched.len() {
            let scope = std::mem::take(&mut self.untouched[n].scope);
            self.change(Copay, scope);
        }
    }

    /// Step 9 for tiers on in scope.
    fn book_scope(&mut self, tier: &Tier, c: &Computed, above: Fen) {
        let mut new = BTreeMap::from([
            (FirstShare, c.first_share),
            (Deductible, c.deductible),
            (Copay, (c.reached - c.paid).max(0)),
        ]);
        let mut excess = (c.paid - c.reached).max(0);
        for part in [FirstShare, Deductible] {
            if let Some(held) = new.get_mut(&part) {
                let off = excess.min(*held);
                *held -= off;
                excess -= off;
            }
        }
        if tier.facility_above {
            self.facility += above;
        } else {
            self.change(AboveCap, above);
        }
        for (part, amount) in new {
            self.change(part, amount);
        }
    }

    /// Step 9 for tiers on what is left or above a cap.
    fn book_parts(&mut self, tier: &Tier, c: &Computed, above: Fen, mut took: Parts) {
        self.take_off(c.paid, &mut took);
        if tier.facility_above {
            self.take_off(above, &mut took);
            self.facility += above;
        }
    }

    /// Takes a payment off the parts, each only as far as the base took it in.
    fn take_off(&mut self, payment: Fen, took: &mut Parts) {
        let mut left = payment;
        for part in [AboveCap, Copay, FirstShare, Deductible, Prepay] {
            let Some(held) = took.get_mut(&part) else { continue };
            let off = left.min(*held);
            *held -= off;
            left -= off;
            self.change(part, -off);
        }
        assert!(left == 0, "a tier pays more than its base");
    }

    /// Step 11, and the count of admissions of step 4.
    fn write_slots(
        &mut self,
        ground: &Ground<'_>,
        tier: &Tier,
        base: Fen,
        c: &Computed,
        slots: &mut Slots,
    ) {
        if let Some(counted) = &c.counted {
            slots.set(ground.psn_no, &counted.counted, counted.number);
            slots.add(ground.psn_no, &counted.count, 1);
            self.written.extend([counted.counted.clone(), counted.count.clone()]);
        }
        for row in super::rows::holding(&tier.add, ground.facts, &ground.facts.level) {
            let Add { slot, of } = &row.value;
            let amount = match of.as_str() {
                "base" => base,
                "first_share" => c.first_share,
                "deductible" => c.deductible,
                "above_deductible" => c.above_deductible,
                "paid" => c.paid,
                "left" => base - c.paid,
                "one" => 1,
                other => panic!("an add of `{other}`"),
            };
            let at = place(ground.pack.slot(slot), ground.facts);
            slots.add(ground.psn_no, &at, amount);
            self.written.insert(at);
        }
    }
}

/// The part of this name in a pack.
pub(crate) fn part_named(name: &str) -> Part {
    match name {
        "prepay" => Prepay,
        "first_share" => FirstShare,
        "deductible" => Deductible,
        "copay" => Copay,
        "above_cap" => AboveCap,
        other => panic!("`{other}` is not a part"),
    }
}
