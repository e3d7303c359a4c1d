//! Replays the tiers of one part of a stay beside their rows, and says what each step went by.

use alloc::vec::Vec;

use crate::admit::{Admitted, StayPart};
use crate::bill::Decision;
use crate::id::{SlotId, SourceId};
use crate::money::{Fen, Rate};
use crate::pack::{
    Axis, Base, BasisOf, Cap, CapAmount, Continued, Deductible, DeductibleAmount, PARTS, Part, Per,
    Row, ShareOf, Tier,
};
use crate::price::Totals;
use crate::tiers::{
    Burden, Measure, Situation, TierRow, admission, pieces, pieces_by_kind, write_slots,
};

use super::{
    BaseOf, CapNode, DeductibleForm, DeductibleNode, FirstShareNode, FloorNode, NoDeductible,
    PieceNode, SlotKey, SlotNode, SlotUse, TierNode, share,
};

/// The order in which parts are shown.
const PARTS_SHOWN: [Part; PARTS] =
    [Part::PrePay, Part::FirstShare, Part::Deductible, Part::CoPay, Part::AboveCap];

/// One part of a stay, as it was settled.
pub(super) struct Replay<'r, 'a> {
    pub(super) decision: &'r Decision,
    pub(super) admitted: &'r Admitted<'a>,
    pub(super) part: &'r StayPart<'a>,
    pub(super) number: u8,
    pub(super) totals: &'r Totals,
}

/// One tier of it.
struct Step<'s, 'r, 'a> {
    replay: &'s Replay<'r, 'a>,
    tier: &'s Tier,
    row: &'s Row,
    done: &'s TierRow,
    measure: Measure<'s>,
}

impl<'a> Replay<'_, 'a> {
    /// The tiers, and what they left to the person, by [`Part`].
    pub(super) fn tiers(
        &self,
        read: &mut impl FnMut(SlotKey) -> Fen,
        told: &mut Vec<TierNode>,
    ) -> [Fen; PARTS] {
        let situation = Situation {
            edition: self.part.edition(),
            benefit: self.admitted.benefit_id(),
            at: self.part.circumstance(),
            totals: self.totals,
            deductible_nought: self.part.deductible_nought(),
            approval_limit: self.part.approval_limit(),
        };
        let mut frame = self.frame(read);
        let mut burden = Burden::of(self.totals);
        for done in self.decision.tiers.iter().filter(|row| row.stay_part == self.number) {
            let tier = self.part.edition().tiers.get(done.tier.index());
            let row = tier.and_then(|tier| tier.rows.get(usize::try_from(done.row).ok()?));
            let (Some(tier), Some(row)) = (tier, row) else {
                panic!("a decision is explained by the claim and the pack it was made of");
            };
            let measure = Measure { situation: &situation, tier, frame: &frame };
            let step = Step { replay: self, tier, row, done, measure };
            let mut node = step.node(&burden, told);
            burden.take(tier, done);
            write_slots(tier, row, done, &mut frame);
            for slot in &mut node.slots {
                slot.after = value(&frame, slot.key.slot);
            }
            told.push(node);
        }
        let mut borne = [Fen::ZERO; PARTS];
        for part in PARTS_SHOWN {
            if let Some(place) = borne.get_mut(part.index()) {
                *place = burden.part(part);
            }
        }
        borne
    }

    /// The slots before the tiers of this part: as it changed them, as an earlier part left them, or as they were read.
    fn frame(&self, read: &mut impl FnMut(SlotKey) -> Fen) -> Vec<Fen> {
        let slots = &self.admitted.pack().data().slots;
        let used = self.admitted.pack().slots_used(self.part.edition(), self.admitted.benefit_id());
        let changes = &self.decision.changes;
        let of_slot = |(slot, _)| {
            let key = self.admitted.slot_key(self.part, SlotId::new(slot));
            let used = used & 1_u64.wrapping_shl(u32::from(slot)) != 0;
            let Some(key) = key.filter(|_| used) else { return Fen::ZERO };
            let of_key = || changes.iter().filter(|change| change.key == key);
            let own = of_key().find(|change| change.stay_part == self.number);
            let earlier = || of_key().rfind(|change| change.stay_part < self.number);
            own.map(|change| change.before)
                .or_else(|| earlier().map(|change| change.after))
                .unwrap_or_else(|| read(key))
        };
        (0_u8..).zip(slots).map(of_slot).collect()
    }
}

impl Step<'_, '_, '_> {
    fn node(&self, burden: &Burden, earlier: &[TierNode]) -> TierNode {
        let Step { replay, tier, row, done, .. } = self;
        let in_play = done.base.minus(done.cut);
        let after_share = in_play.minus(done.first_share);
        let above = after_share.minus(done.deductible);
        let floor = self.floor();
        let wanted = floor.map_or(done.banded, |floor| done.banded.max(floor.amount));
        TierNode {
            tier: done.tier,
            fund: tier.fund,
            stay_part: replay.number,
            year: replay.part.year(),
            governing: replay.part.governing(),
            rounding: tier.rounding,
            source: tier.source,
            base: done.base,
            base_of: self.base_of(burden, &replay.decision.tiers),
            caps_before: self.caps(&row.cost_before, done.base),
            cut: done.cut,
            first_share: self.first_share(in_play),
            deductible: row.deductible.as_ref().map(|one| self.deductible(one)),
            caps_after: self.caps(&row.cost_after, above),
            cut_after: above.minus(done.covered),
            covered: done.covered,
            bands_at: tier.bands_at.and_then(|slot| self.slot_use(slot)),
            pieces: self.pieces(burden),
            bands_sources: self.sources(&[BasisOf::Bands, BasisOf::Change]),
            banded: done.banded,
            floor,
            caps_payment: self.caps(&row.payment, wanted),
            paid_for: done.paid_for,
            paid: done.paid,
            above_cap: done.above_cap,
            facility: done.facility,
            filing_loss: done.filing_loss,
            slots: self.slots(),
            shares: share::shares(
                tier,
                done.paid,
                replay.number,
                replay.decision,
                replay.admitted.claim(),
                burden,
                earlier,
            ),
        }
    }

    fn base_of(&self, burden: &Burden, rows: &[TierRow]) -> Vec<BaseOf> {
        let mut of = Vec::new();
        match self.tier.base {
            Base::InScope | Base::InScopeAndPrePay => {
                for kind in &self.tier.kinds {
                    let (in_scope, pre_pay) = burden.untouched_of(*kind);
                    if !in_scope.is_zero() {
                        of.push(BaseOf::InScope { kind: *kind, amount: in_scope });
                    }
                    if self.tier.base == Base::InScopeAndPrePay && !pre_pay.is_zero() {
                        of.push(BaseOf::PrePay { kind: *kind, amount: pre_pay });
                    }
                }
            }
            Base::AboveCapOf(tier) => of.push(BaseOf::AboveCapOf {
                tier,
                amount: burden.entering(self.tier, self.replay.number, rows),
            }),
            Base::Left { parts, .. } => {
                for part in PARTS_SHOWN {
                    let amount = burden.part(part);
                    if parts.get(part.index()) == Some(&true) && !amount.is_zero() {
                        let left_out = burden.left_out(self.tier, part);
                        of.push(BaseOf::Left { part, amount, left_out });
                    }
                }
            }
        }
        of
    }

    /// Caps, of which the least cuts what is `wanted` of them.
    fn caps(&self, caps: &[Cap], wanted: Fen) -> Vec<CapNode> {
        let node = |cap: &Cap| {
            let left = self.measure.rest(cap)?;
            let (amount, of_approval) = match cap.amount {
                CapAmount::Fixed(amount) => (amount, false),
                CapAmount::Approval => {
                    (self.measure.situation.approval_limit.unwrap_or_default(), true)
                }
            };
            Some(CapNode {
                amount,
                of_approval,
                per: cap.per,
                times: self.times(cap.per),
                slot: cap.slot.and_then(|slot| self.slot_use(slot)),
                left,
                bites: false,
                source: cap.source,
            })
        };
        let mut nodes: Vec<CapNode> = caps.iter().filter_map(node).collect();
        let least = nodes.iter().map(|cap| cap.left).min();
        if let Some(cap) = nodes.iter_mut().find(|cap| Some(cap.left) == least) {
            cap.bites = wanted > cap.left;
        }
        nodes
    }

    fn first_share(&self, of: Fen) -> Option<FirstShareNode> {
        let rate = self.row.first_share;
        if rate == Rate::ZERO {
            return None;
        }
        let other = self.row.unpenalised.and_then(|other| usize::try_from(other).ok());
        let other = other.and_then(|other| self.tier.rows.get(other));
        Some(FirstShareNode {
            of,
            rate,
            amount: self.done.first_share,
            penalty: other.is_some_and(|other| other.first_share != rate),
            sources: self.sources(&[BasisOf::FirstShare]),
        })
    }

    fn deductible(&self, deductible: &Deductible) -> DeductibleNode {
        let situation = self.measure.situation;
        let (form, amount) = self.deductible_form(&deductible.amount);
        let continued = situation.at.get(Axis::Continued) == 1;
        let none = if situation.deductible_nought {
            Some(NoDeductible::NewYear)
        } else if continued && deductible.continued == Continued::Nought {
            Some(NoDeductible::Continued)
        } else {
            None
        };
        let full = continued && deductible.continued == Continued::Full;
        let mut sum = self.measure.multiplied(amount, deductible.per);
        let factor = |rate: &Rate| {
            sum = sum.share(*rate, self.tier.rounding);
            (*rate, sum)
        };
        let factors = deductible.factors.iter().map(factor).collect();
        let (whole, due) = self.measure.deductible(deductible, self.done.base);
        let ceiling = deductible.ceiling;
        DeductibleNode {
            form,
            none,
            amount,
            per: deductible.per,
            times: self.times(deductible.per),
            factors,
            whole,
            less: deductible.less.filter(|_| !full).and_then(|slot| self.slot_use(slot)),
            ceiling: ceiling.and_then(|(most, slot)| Some((most, self.slot_use(slot)?))),
            due,
            taken: self.done.deductible,
            sources: self.sources(&[BasisOf::Deductible, BasisOf::Factor]),
        }
    }

    /// How the amount of a deductible is found, and the amount.
    fn deductible_form(&self, amount: &DeductibleAmount) -> (DeductibleForm, Fen) {
        match amount {
            DeductibleAmount::Fixed(amount) => (DeductibleForm::Fixed, *amount),
            DeductibleAmount::ByAdmission { amounts, count, counted } => {
                let number = admission(self.measure.frame, *count, *counted);
                let index = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
                let amount = amounts.get(index).or(amounts.last()).copied().unwrap_or_default();
                (DeductibleForm::ByAdmission { number }, amount)
            }
            DeductibleAmount::Share { rate, of, min, max } => {
                let totals = self.measure.situation.totals;
                let whole = match of {
                    ShareOf::Total => totals.parts.sum(),
                    ShareOf::InScope => totals.parts.in_scope,
                    ShareOf::Base => self.done.base,
                };
                let amount = whole.share(*rate, self.tier.rounding).max(*min).min(*max);
                let (rate, of, min, max) = (*rate, *of, *min, *max);
                (DeductibleForm::Share { rate, of, whole, min, max }, amount)
            }
        }
    }

    /// Band by band; the rounding rest is the last one's.
    fn pieces(&self, burden: &Burden<'_>) -> Vec<PieceNode> {
        let done = self.done;
        let node = |kind, piece: crate::tiers::Piece| {
            let amount = piece.to.minus(piece.from);
            PieceNode {
                kind,
                from: piece.from,
                to: piece.to,
                rate: piece.rate,
                amount,
                payment: amount.share(piece.rate, self.tier.rounding),
            }
        };
        let mut nodes: Vec<PieceNode> = if self.row.kind_bands.is_empty() {
            let end = done.begin.plus(done.covered);
            pieces(&self.row.bands, done.begin, end).map(|piece| node(None, piece)).collect()
        } else {
            let by_kind = pieces_by_kind(self.tier, self.row, burden, done);
            by_kind.into_iter().map(|(kind, piece)| node(Some(kind), piece)).collect()
        };
        let sum = nodes.iter().map(|piece| piece.payment).sum::<Fen>();
        if let Some(last) = nodes.last_mut() {
            last.payment = last.payment.plus(done.banded.minus(sum));
        }
        nodes
    }

    fn floor(&self) -> Option<FloorNode> {
        let floor = self.row.floor?;
        let (done, totals) = (self.done, self.measure.situation.totals);
        let of = if floor.of_total { totals.parts.sum() } else { done.base };
        let of = if floor.without_deductible { of.less(done.deductible) } else { of };
        let amount = of.share(floor.rate, self.tier.rounding).min(done.base.minus(done.cut));
        Some(FloorNode {
            rate: floor.rate,
            of,
            of_total: floor.of_total,
            without_deductible: floor.without_deductible,
            amount,
            lifts: amount > done.banded,
            source: floor.source,
        })
    }

    /// Every slot that the row reads or writes, before the tier.
    fn slots(&self) -> Vec<SlotNode> {
        let (tier, row) = (self.tier, self.row);
        let mut nodes: Vec<SlotNode> = Vec::new();
        let mut note = |slot: SlotId, written: bool| {
            let Some(SlotUse { key, value }) = self.slot_use(slot) else { return };
            match nodes.iter_mut().find(|node| node.key == key) {
                Some(node) if written => node.written = true,
                Some(node) => node.read = true,
                None => {
                    let (before, after) = (value, value);
                    nodes.push(SlotNode { key, before, after, read: !written, written });
                }
            }
        };
        tier.bands_at.into_iter().for_each(|slot| note(slot, false));
        if let Some(deductible) = &row.deductible {
            deductible.less.into_iter().for_each(|slot| note(slot, false));
            deductible.ceiling.into_iter().for_each(|(_, slot)| note(slot, false));
            match &deductible.amount {
                DeductibleAmount::ByAdmission { count, counted, .. } => {
                    let counts = value(self.measure.frame, *counted).is_zero();
                    for slot in [*count, *counted] {
                        note(slot, false);
                        if counts {
                            note(slot, true);
                        }
                    }
                }
                DeductibleAmount::Fixed(_) | DeductibleAmount::Share { .. } => {}
            }
        }
        let caps = row.cost_before.iter().chain(&row.cost_after).chain(&row.payment);
        caps.filter_map(|cap| cap.slot).for_each(|slot| note(slot, false));
        tier.adds.iter().chain(&row.adds).for_each(|add| note(add.slot, true));
        nodes
    }

    fn times(&self, per: Per) -> i64 {
        match per {
            Per::Visit => 1,
            Per::Session => self.measure.sessions(),
            Per::Day => self.measure.situation.totals.days,
        }
    }

    fn slot_use(&self, slot: SlotId) -> Option<SlotUse> {
        let key = self.replay.admitted.slot_key(self.replay.part, slot)?;
        Some(SlotUse { key, value: value(self.measure.frame, slot) })
    }

    /// Where some parts of the row stand, each source once.
    fn sources(&self, of: &[BasisOf]) -> Vec<SourceId> {
        let mut sources = Vec::new();
        for basis in self.row.basis.iter().filter(|basis| of.contains(&basis.of)) {
            if !sources.contains(&basis.source) {
                sources.push(basis.source);
            }
        }
        sources
    }
}

fn value(frame: &[Fen], slot: SlotId) -> Fen {
    frame.get(slot.index()).copied().unwrap_or_default()
}
