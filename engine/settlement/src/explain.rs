//! The explanation of a decision as data: from each fen paid to tier, band, ratio, slot, line and document.
//! It holds no text, and nothing of it decides anything: a decision is made without it and can be explained at any time.

mod outside;
mod recompute;
mod share;
mod tier;

use alloc::vec::Vec;

use crate::admit::{self, SlotKey};
use crate::bill::Decision;
use crate::claim::{Charges, Submitted};
use crate::date::Day;
use crate::id::{LineKind, SourceId, TierId};
use crate::limits::YEAR_PARTS_MAX;
use crate::money::{Fen, Rate, Rounding};
use crate::pack::{FundType, PARTS, Pack, Part, Per, ShareOf};
use crate::price::Totals;
use crate::reason::LineReasons;

pub use outside::{makes_no_own_cost, outside};
pub use recompute::{Figure, Mismatch, TierFigure};

/// Why a decision is what it is.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Explanation {
    /// Whether the decision is a reversal. Its amounts are those of the settlement it turns round.
    pub reversed: bool,
    /// What the catalogues left outside.
    pub outside: Outside,
    /// What each tier did, in order.
    pub tiers: Vec<TierNode>,
    /// What the person owes, and how it is paid.
    pub person: PersonNode,
}

/// The bill by the three catalogues.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Outside {
    /// Own cost, by the reasons of the lines it comes from.
    pub own: Vec<OwnCost>,
    /// Above ceiling prices.
    pub over: Taken,
    /// First self-pay.
    pub pre_pay: Taken,
    /// What is in scope.
    pub in_scope: Fen,
}

/// Own cost of lines with the same reasons.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct OwnCost {
    /// The reasons that make own cost, of the many a line may have.
    pub reasons: LineReasons,
    /// The amount.
    pub amount: Fen,
    /// What of it the facility bears, by edits.
    pub facility: Fen,
    /// The lines; none for a claim by totals.
    pub lines: Vec<LineAmount>,
}

/// A part of the bill, and the lines it comes from.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Taken {
    /// The amount.
    pub amount: Fen,
    /// The lines; none for a claim by totals.
    pub lines: Vec<LineAmount>,
}

/// An amount of one line; below nought on a return.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct LineAmount {
    /// Index of the line, from nought.
    pub line: u32,
    /// The amount.
    pub amount: Fen,
}

/// What one tier did, step by step.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TierNode {
    /// The tier.
    pub tier: TierId,
    /// The fund that pays.
    pub fund: FundType,
    /// The part of the stay.
    pub stay_part: u8,
    /// The benefit year of that part.
    pub year: i32,
    /// The day by which the edition of the pack was chosen.
    pub governing: Day,
    /// How its amounts are rounded.
    pub rounding: Rounding,
    /// Where the tier stands.
    pub source: SourceId,
    /// What entered.
    pub base: Fen,
    /// What that is made of.
    pub base_of: Vec<BaseOf>,
    /// Caps on the cost before the deductible.
    pub caps_before: Vec<CapNode>,
    /// What they cut.
    pub cut: Fen,
    /// The first share, where there is one.
    pub first_share: Option<FirstShareNode>,
    /// The deductible, where there is one.
    pub deductible: Option<DeductibleNode>,
    /// Caps on the cost after the deductible.
    pub caps_after: Vec<CapNode>,
    /// What they cut.
    pub cut_after: Fen,
    /// What the bands price.
    pub covered: Fen,
    /// The slot on whose axis the bands lie, with its value.
    pub bands_at: Option<SlotUse>,
    /// Band by band, and kind by kind where kinds have ratios of their own.
    pub pieces: Vec<PieceNode>,
    /// Where bands and changes of ratios stand.
    pub bands_sources: Vec<SourceId>,
    /// The payment of the bands.
    pub banded: Fen,
    /// The floor, where there is one.
    pub floor: Option<FloorNode>,
    /// Caps on the payment.
    pub caps_payment: Vec<CapNode>,
    /// What the payment is for.
    pub paid_for: Fen,
    /// The payment.
    pub paid: Fen,
    /// What is above caps.
    pub above_cap: Fen,
    /// What of it is the facility's.
    pub facility: Fen,
    /// What the lack of a filing cost.
    pub filing_loss: Fen,
    /// Every slot the tier read or wrote.
    pub slots: Vec<SlotNode>,
    /// The payment by line; none for a claim by totals.
    pub shares: Vec<LineShare>,
}

/// One thing that a base is made of.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum BaseOf {
    /// In scope of a line kind.
    InScope {
        /// The kind.
        kind: LineKind,
        /// How much.
        amount: Fen,
    },
    /// Pre-pay of a line kind.
    PrePay {
        /// The kind.
        kind: LineKind,
        /// How much.
        amount: Fen,
    },
    /// What an earlier tier left above its cap.
    AboveCapOf {
        /// That tier.
        tier: TierId,
        /// How much.
        amount: Fen,
    },
    /// What is left of a part.
    Left {
        /// The part.
        part: Part,
        /// How much is left.
        amount: Fen,
        /// What of it is left out as filing loss.
        left_out: Fen,
    },
}

/// A cap with what it had left.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct CapNode {
    /// The amount as the pack has it, or the limit of the approval.
    pub amount: Fen,
    /// Whether it is the limit of the approval.
    pub of_approval: bool,
    /// What it is multiplied by.
    pub per: Per,
    /// How often.
    pub times: i64,
    /// The slot taken off.
    pub slot: Option<SlotUse>,
    /// What was left.
    pub left: Fen,
    /// Whether this one cut something off.
    pub bites: bool,
    /// Where it stands.
    pub source: SourceId,
}

/// A slot's value as a step read it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SlotUse {
    /// Which value of which slot.
    pub key: SlotKey,
    /// The value.
    pub value: Fen,
}

/// The first share.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FirstShareNode {
    /// Of what.
    pub of: Fen,
    /// The ratio.
    pub rate: Rate,
    /// The amount.
    pub amount: Fen,
    /// Whether the filing loss is measured by it.
    pub penalty: bool,
    /// Where it stands.
    pub sources: Vec<SourceId>,
}

/// The deductible.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct DeductibleNode {
    /// How its amount was found.
    pub form: DeductibleForm,
    /// Why none is taken.
    pub none: Option<NoDeductible>,
    /// The amount found.
    pub amount: Fen,
    /// What it is multiplied by.
    pub per: Per,
    /// How often.
    pub times: i64,
    /// Factors in order, each with the amount after it.
    pub factors: Vec<(Rate, Fen)>,
    /// The amount after all factors.
    pub whole: Fen,
    /// The slot taken off, unless the visit continues a stay and takes the deductible in full.
    pub less: Option<SlotUse>,
    /// The amount that all deductibles together do not pass, and the slot that counts them.
    pub ceiling: Option<(Fen, SlotUse)>,
    /// What was due.
    pub due: Fen,
    /// What was taken: less than due where there was less.
    pub taken: Fen,
    /// Where deductible and factors stand.
    pub sources: Vec<SourceId>,
}

/// How the amount of a deductible was found.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum DeductibleForm {
    /// A fixed amount.
    Fixed,
    /// By number of the admission in the year.
    ByAdmission {
        /// The number, from 1.
        number: i64,
    },
    /// A share of something.
    Share {
        /// The ratio.
        rate: Rate,
        /// Of what.
        of: ShareOf,
        /// How much that is.
        whole: Fen,
        /// Not below.
        min: Fen,
        /// Not above.
        max: Fen,
    },
}

/// Why no deductible is taken where there is one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum NoDeductible {
    /// The stay was taken in again at a year end.
    NewYear,
    /// The visit continues an earlier stay.
    Continued,
}

/// What lies in one band.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct PieceNode {
    /// The line kind, where kinds have ratios of their own.
    pub kind: Option<LineKind>,
    /// Where it begins on the axis.
    pub from: Fen,
    /// Where it ends.
    pub to: Fen,
    /// The ratio, after changes.
    pub rate: Rate,
    /// What lies in it.
    pub amount: Fen,
    /// What is paid for it; the rounding rest is the last piece's.
    pub payment: Fen,
}

/// The floor under the payment.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct FloorNode {
    /// The ratio.
    pub rate: Rate,
    /// Of what: total or base, less the deductible where it is taken off.
    pub of: Fen,
    /// Whether `of` is of the bill's total.
    pub of_total: bool,
    /// Whether the deductible was taken off.
    pub without_deductible: bool,
    /// The least payment.
    pub amount: Fen,
    /// Whether it is more than the bands pay.
    pub lifts: bool,
    /// Where it stands.
    pub source: SourceId,
}

/// A slot before and after a tier.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SlotNode {
    /// Which value of which slot.
    pub key: SlotKey,
    /// Before the tier.
    pub before: Fen,
    /// After it.
    pub after: Fen,
    /// Whether the tier read it.
    pub read: bool,
    /// Whether the tier wrote it.
    pub written: bool,
}

/// A line's share of a payment. What returns took off stands at the line they return.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct LineShare {
    /// Index of the line, from nought.
    pub line: u32,
    /// The line's part of what the tier was entered with, net of returns.
    pub weight: Fen,
    /// The share.
    pub paid: Fen,
}

/// What the person owes, and how it is paid.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct PersonNode {
    /// Own cost, the facility's part not among it.
    pub own: Fen,
    /// Over-ceiling cost.
    pub over: Fen,
    /// Of covered cost what no tier paid, by [`Part`].
    pub borne: [Fen; PARTS],
    /// Where the rule of the account stands, where one holds.
    pub account_source: Option<SourceId>,
    /// From the own account.
    pub account_own: Fen,
    /// From family accounts, in the order of the case.
    pub account_family: Vec<Fen>,
    /// Cash.
    pub cash: Fen,
    /// The own account after.
    pub balance: Fen,
}

/// Explains a decision. `claim` and `pack` are those it was made of; `read` gives the value that a slot had before it, as for
/// [`crate::settle::Desk::settle`]: a slot that was read and stayed as it was is not in the decision.
///
/// # Panics
/// Where the decision was made of another claim or pack: our own mistake.
pub fn explain(
    decision: &Decision,
    claim: &Submitted<'_>,
    pack: &Pack,
    mut read: impl FnMut(SlotKey) -> Fen,
) -> Explanation {
    if decision.total.is_negative() {
        let settled = explain(&decision.reversed(), claim, pack, read);
        return Explanation { reversed: true, ..settled };
    }
    let Ok(admitted) = admit::admit(claim, pack) else {
        panic!("a decision is explained by the claim and the pack it was made of");
    };
    let mut totals = [Totals::nothing(admitted.days()); YEAR_PARTS_MAX];
    match &claim.charges {
        Charges::Totals(given) => {
            if let (Some(first), Ok(of)) =
                (totals.first_mut(), Totals::given(given, &admitted, admitted.days()))
            {
                *first = of;
            }
        }
        Charges::Lines(_) => {
            for outcome in &decision.lines {
                if let Some(of) = totals.get_mut(usize::from(outcome.stay_part)) {
                    of.add_line(outcome);
                }
            }
        }
    }
    let mut told = Explanation {
        reversed: false,
        outside: outside(decision, admitted.own_cost()),
        tiers: Vec::with_capacity(decision.tiers.len()),
        person: PersonNode::of(decision),
    };
    for (number, (part, totals)) in (0_u8..).zip(admitted.parts().zip(&totals)) {
        if !totals.charged {
            continue;
        }
        let replay = tier::Replay { decision, admitted: &admitted, part, number, totals };
        let borne = replay.tiers(&mut read, &mut told.tiers);
        for (sum, more) in told.person.borne.iter_mut().zip(borne) {
            *sum = sum.plus(more);
        }
    }
    let last = admitted.parts().last();
    let account = last.and_then(|part| part.edition().accounts.row(part.circumstance()));
    told.person.account_source = account.map(|row| row.source);
    told
}

impl BaseOf {
    /// What of it enters.
    pub fn enters(&self) -> Fen {
        match *self {
            BaseOf::InScope { amount, .. }
            | BaseOf::PrePay { amount, .. }
            | BaseOf::AboveCapOf { amount, .. } => amount,
            BaseOf::Left { amount, left_out, .. } => amount.minus(left_out),
        }
    }
}

impl PersonNode {
    /// All but what the tiers left, which their replay adds.
    fn of(decision: &Decision) -> PersonNode {
        PersonNode {
            own: decision.split.own.minus(decision.facility_by_edits()),
            over: decision.split.over,
            borne: [Fen::ZERO; PARTS],
            account_source: None,
            account_own: decision.account_own,
            account_family: decision.account_family.clone(),
            cash: decision.cash,
            balance: decision.balance,
        }
    }
}
