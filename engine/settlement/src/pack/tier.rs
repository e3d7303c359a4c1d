//! Tiers with their tables, rows resolved for every circumstance.

use alloc::string::String;
use alloc::vec::Vec;

use crate::date::Span;
use crate::id::{LineKind, SlotId, SourceId, TierId};
use crate::limits;
use crate::money::{Fen, Rate, Rounding};

use super::circumstance::{Axis, Circumstance, cell};
use super::curve::Curve;
use super::fund::FundType;

/// Five parts of what a member bears of covered cost, in the order in which later payments are *not* taken off.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Part {
    /// 先行自付
    PrePay,
    /// First share off-region (转外自理).
    FirstShare,
    /// 起付线
    Deductible,
    /// Co-pay within bands (and in scope that no tier took in).
    CoPay,
    /// Above a cap.
    AboveCap,
}

/// How many parts there are.
pub const PARTS: usize = 5;

/// The parts that in scope goes into: all but pre-pay.
pub(crate) const IN_SCOPE: [bool; PARTS] = [false, true, true, true, true];

/// What enters a tier.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Base {
    /// Untouched in scope of its kinds.
    InScope,
    /// Also their untouched pre-pay.
    InScopeAndPrePay,
    /// What an earlier tier left above its cap.
    AboveCapOf(TierId),
    /// What is left of a set of parts.
    Left {
        /// By [`Part`], in order.
        parts: [bool; PARTS],
        /// Whether the filing loss so far is taken off.
        without_filing_loss: bool,
    },
}

/// Whether bands count the deductible.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum BandsFrom {
    /// The axis counts what is above the deductible.
    Deductible,
    /// The axis counts the deductible too.
    Zero,
}

/// How a tier pays by bands.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum BandsPay {
    /// F(after) − F(before).
    Difference,
    /// This visit's own parts, rounded once.
    Increment,
}

/// What a tier writes into a slot.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum AddOf {
    /// The base, before any cut.
    Base,
    /// The first share.
    FirstShare,
    /// The deductible taken.
    Deductible,
    /// Base less cut, first share and deductible.
    AboveDeductible,
    /// The payment.
    Paid,
    /// Base less payment.
    Left,
    /// One.
    One,
}

/// How many things a tier may write.
pub const ADDS_OF: usize = 7;

impl AddOf {
    /// Its index.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// One write of a tier.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Add {
    /// Into which slot.
    pub slot: SlotId,
    /// What.
    pub of: AddOf,
}

/// Unit that an amount is multiplied by.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Per {
    /// Not multiplied.
    Visit,
    /// By sessions.
    Session,
    /// By days of the stay.
    Day,
}

/// How a deductible's amount is found.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub enum DeductibleAmount {
    /// A fixed amount.
    Fixed(Fen),
    /// By number of the admission in the year; the last repeats. Never empty.
    ByAdmission {
        /// Amounts for the first, second … admission.
        amounts: Vec<Fen>,
        /// The yearly count.
        count: SlotId,
        /// The stay's own number.
        counted: SlotId,
    },
    /// A share of something.
    Share {
        /// The ratio.
        rate: Rate,
        /// Of what.
        of: ShareOf,
        /// Not below.
        min: Fen,
        /// Not above.
        max: Fen,
    },
}

/// What a share is of.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum ShareOf {
    /// The bill's total.
    Total,
    /// The bill's in scope.
    InScope,
    /// The tier's base.
    Base,
}

/// What a continued visit does to the deductible.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Continued {
    /// As any other visit: the amount less the slot.
    Difference,
    /// None is taken.
    Nought,
    /// The slot is not taken off.
    Full,
}

/// A deductible, resolved.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Deductible {
    /// The amount.
    pub amount: DeductibleAmount,
    /// What it is multiplied by.
    pub per: Per,
    /// Factors in order, each product rounded.
    pub factors: Vec<Rate>,
    /// A slot taken off.
    pub less: Option<SlotId>,
    /// Never more than the amount less the slot.
    pub ceiling: Option<(Fen, SlotId)>,
    /// On a visit that continues a stay.
    pub continued: Continued,
}

/// One band: from where the one before ends, to `to`.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Band {
    /// Upper end; [`Fen::UNLIMITED`] on the last.
    pub to: Fen,
    /// The ratio after changes.
    pub rate: Rate,
}

/// A cap.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Cap {
    /// The amount.
    pub amount: CapAmount,
    /// What it is multiplied by.
    pub per: Per,
    /// A slot taken off.
    pub slot: Option<SlotId>,
    /// Where it stands.
    pub source: SourceId,
}

/// The amount of a cap.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum CapAmount {
    /// Fixed.
    Fixed(Fen),
    /// The limit of the approval; none when it has none.
    Approval,
}

/// A floor under the payment.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Floor {
    /// The ratio.
    pub rate: Rate,
    /// Of the bill's total instead of the base.
    pub of_total: bool,
    /// Whether the deductible is taken off first.
    pub without_deductible: bool,
    /// Where it stands.
    pub source: SourceId,
}

/// Bands of one line kind whose ratios are its own.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct KindBands {
    /// The kind.
    pub kind: LineKind,
    /// Its bands.
    pub bands: Vec<Band>,
}

/// Everything a tier does in one circumstance.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Row {
    /// First share, nought for none.
    pub first_share: Rate,
    /// Deductible, `None` for none.
    pub deductible: Option<Deductible>,
    /// Bands; never empty, the last unlimited, ends rising.
    pub bands: Vec<Band>,
    /// For each kind of the tier in its order, where some change is for certain kinds only; else empty.
    pub kind_bands: Vec<KindBands>,
    /// Caps on the cost before the deductible.
    pub cost_before: Vec<Cap>,
    /// Caps on the cost after the deductible.
    pub cost_after: Vec<Cap>,
    /// Caps on the payment.
    pub payment: Vec<Cap>,
    /// Floor under the payment.
    pub floor: Option<Floor>,
    /// What is written in this circumstance besides the adds of the tier.
    pub adds: Vec<Add>,
    /// The row without what is marked `penalty`: index into the tier's rows.
    pub unpenalised: Option<u32>,
    /// Where first share, deductible, factors, bands and changes stand, for the explanation, in that order, each once.
    pub basis: Vec<Basis>,
    /// The numbers above, where they are few; found by [`super::Pack::new`], whatever stands here before.
    pub plain: Option<Plain>,
}

/// The numbers of a row that has bands, perhaps a fixed deductible and one fixed cap on the payment, and nothing else, as
/// most rows, with those of its tier: side by side, so that a tier need not go after them.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Plain {
    pub(crate) takes: Takes,
    pub(crate) rounding: Rounding,
    /// Whether the axis of the bands counts the deductible too.
    pub(crate) from_zero: bool,
    pub(crate) origin: Origin,
    pub(crate) above_cap_facility: bool,
    pub(crate) bands_at: SlotId,
    /// The slot taken off the deductible.
    pub(crate) less: SlotId,
    /// The slot taken off the cap.
    pub(crate) cap_slot: SlotId,
    /// Where what a tier may write goes, by [`AddOf`].
    adds: [SlotId; ADDS_OF],
    pub(crate) deductible: Fen,
    pub(crate) cap: Option<Fen>,
    pub(crate) curve: Curve,
}

impl Plain {
    /// Where one of the things that a tier may write goes.
    #[inline(always)]
    pub(crate) fn add(&self, of: AddOf) -> SlotId {
        self.adds.get(of.index()).copied().unwrap_or(NOWHERE)
    }
}

/// No slot: it reads as nought, and what is added to it goes nowhere.
const NOWHERE: SlotId = SlotId::new(u8::MAX);

// No slot has its number.
const _: () = assert!(limits::SLOTS_MAX <= NOWHERE.index());

/// What enters a plain row. Its tag has a byte of its own, which is asked for twice a tier.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
#[repr(u8)]
pub(crate) enum Takes {
    /// Untouched in scope of one kind.
    Kind(LineKind),
    /// What is left of in scope: every part but pre-pay.
    LeftInScope,
    /// What is left of these parts, by [`Part`].
    Left([bool; PARTS]),
    /// Anything else that [`Base`] says.
    Other,
}

/// From where F counts.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(crate) enum Origin {
    /// From the begin: only the visit's own stretch is priced.
    Begin,
    /// From nought.
    Zero,
    /// From the whole deductible, or the begin where that is lower.
    Deductible,
}

/// Which part of a row a source speaks of.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Basis {
    /// The part.
    pub of: BasisOf,
    /// The source.
    pub source: SourceId,
}

/// The part of a row.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum BasisOf {
    /// The first share.
    FirstShare,
    /// The deductible.
    Deductible,
    /// A factor on the deductible.
    Factor,
    /// The bands.
    Bands,
    /// A change of ratios.
    Change,
}

/// One tier of one edition.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Tier {
    /// Its id in the pack.
    pub name: String,
    /// The fund that pays.
    pub fund: FundType,
    /// Whether its deductible is `act_pay_dedc`.
    pub basic: bool,
    /// What enters.
    pub base: Base,
    /// Line kinds it takes, in order; for tiers on in scope. Never empty.
    pub kinds: Vec<LineKind>,
    /// How its payment is rounded.
    pub rounding: Rounding,
    /// The slot on whose axis bands lie; `None` for the visit's own.
    pub bands_at: Option<SlotId>,
    /// Whether bands count the deductible.
    pub bands_from: BandsFrom,
    /// How bands pay.
    pub bands_pay: BandsPay,
    /// Whether what is above a cap is the facility's.
    pub above_cap_facility: bool,
    /// What it writes wherever it applies; see also [`Row::adds`].
    pub adds: Vec<Add>,
    /// The axes of its table with their strides.
    pub axes: Vec<(Axis, u32)>,
    /// For each cell 1 + index of its row, nought where the tier does not apply.
    pub cells: Vec<u32>,
    /// The distinct rows.
    pub rows: Vec<Row>,
    /// Where the tier itself stands.
    pub source: SourceId,
}

/// What an account row lets the account pay.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct AccountRow {
    /// Own cost (outside the catalogues).
    pub own_cost: bool,
    /// Over-ceiling cost.
    pub over_ceiling: bool,
    /// By [`Part`], in order.
    pub parts: [bool; PARTS],
    /// Whether the own account may pay when it is asked for family accounts.
    pub own: bool,
    /// Whether family accounts may pay.
    pub family: bool,
    /// Whether family accounts go before the own.
    pub family_first: bool,
    /// Where it stands.
    pub source: SourceId,
}

/// Which account row holds, as a table like a tier's.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Accounts {
    /// The axes with their strides.
    pub axes: Vec<(Axis, u32)>,
    /// For each cell 1 + index of its row, nought for none.
    pub cells: Vec<u32>,
    /// The distinct rows.
    pub rows: Vec<AccountRow>,
}

/// The pack between two dates on which something changes.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Edition {
    /// The governing dates it is for.
    pub span: Span,
    /// The tiers in order.
    pub tiers: Vec<Tier>,
    /// The tiers that can apply to each benefit kind, by its index.
    pub plans: Vec<Vec<TierId>>,
    /// What accounts may pay.
    pub accounts: Accounts,
    /// Ages at which a new segment begins, rising, without nought.
    pub age_cuts: Vec<u16>,
    /// Paid years at which a new segment begins.
    pub paid_year_cuts: Vec<u16>,
    /// Numbers of approvals at which a new segment begins.
    pub approval_cuts: Vec<u16>,
    /// Numbers of fetuses at which a new segment begins.
    pub fetus_cuts: Vec<u16>,
}

impl Part {
    /// Its index.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Row {
    fn as_plain(&self, tier: &Tier) -> Option<Plain> {
        let nothing_else = self.first_share == Rate::ZERO
            && self.kind_bands.is_empty()
            && self.cost_before.is_empty()
            && self.cost_after.is_empty()
            && self.floor.is_none()
            && self.unpenalised.is_none();
        if !nothing_else {
            return None;
        }
        let (deductible, less) = match &self.deductible {
            None => (Fen::ZERO, None),
            Some(one) => match one.amount {
                DeductibleAmount::Fixed(amount)
                    if one.per == Per::Visit && one.factors.is_empty() && one.ceiling.is_none() =>
                {
                    (amount, one.less)
                }
                DeductibleAmount::Fixed(_)
                | DeductibleAmount::ByAdmission { .. }
                | DeductibleAmount::Share { .. } => return None,
            },
        };
        let (cap, cap_slot) = match self.payment.as_slice() {
            [] => (None, None),
            [Cap { amount: CapAmount::Fixed(amount), per: Per::Visit, slot, .. }] => {
                (Some(*amount), *slot)
            }
            [_, ..] => return None,
        };
        let mut adds = [NOWHERE; ADDS_OF];
        for add in tier.adds.iter().chain(&self.adds) {
            let place = adds.get_mut(add.of.index())?;
            if *place != NOWHERE {
                return None;
            }
            *place = add.slot;
        }
        Some(Plain {
            takes: tier.takes(),
            rounding: tier.rounding,
            from_zero: tier.bands_from == BandsFrom::Zero,
            origin: tier.origin(),
            above_cap_facility: tier.above_cap_facility,
            bands_at: tier.bands_at.unwrap_or(NOWHERE),
            less: less.unwrap_or(NOWHERE),
            cap_slot: cap_slot.unwrap_or(NOWHERE),
            adds,
            deductible,
            cap,
            curve: Curve::of(&self.bands)?,
        })
    }
}

impl Origin {
    /// Where that is, for a stretch that begins here.
    #[inline(always)]
    pub(crate) fn of(self, begin: Fen, deductible_whole: Fen) -> Fen {
        match self {
            Origin::Begin => begin,
            Origin::Zero => Fen::ZERO,
            Origin::Deductible => deductible_whole.min(begin),
        }
    }
}

impl Tier {
    pub(crate) fn find_plain_rows(&mut self) {
        let plain: Vec<_> = self.rows.iter().map(|row| row.as_plain(self)).collect();
        for (row, plain) in self.rows.iter_mut().zip(plain) {
            row.plain = plain;
        }
    }

    fn takes(&self) -> Takes {
        match (self.base, self.kinds.as_slice()) {
            (Base::InScope, [only]) => Takes::Kind(*only),
            (Base::Left { parts: IN_SCOPE, without_filing_loss: false }, _) => Takes::LeftInScope,
            (Base::Left { parts, without_filing_loss: false }, _) => Takes::Left(parts),
            (
                Base::InScope | Base::InScopeAndPrePay | Base::AboveCapOf(_) | Base::Left { .. },
                _,
            ) => Takes::Other,
        }
    }

    /// From where F counts (step 6).
    #[inline]
    pub(crate) fn origin(&self) -> Origin {
        match (self.bands_pay, self.bands_at, self.bands_from) {
            (BandsPay::Increment, _, _) | (BandsPay::Difference, None, _) => Origin::Begin,
            (BandsPay::Difference, Some(_), BandsFrom::Deductible) => Origin::Zero,
            (BandsPay::Difference, Some(_), BandsFrom::Zero) => Origin::Deductible,
        }
    }

    /// The row that holds in a circumstance; `None` where the tier does not apply.
    #[inline]
    pub fn row(&self, at: &Circumstance) -> Option<&Row> {
        self.rows.get(cell(&self.axes, &self.cells, at)?)
    }

    /// The index of the row that holds in a circumstance.
    #[inline]
    pub fn row_index(&self, at: &Circumstance) -> Option<usize> {
        cell(&self.axes, &self.cells, at)
    }
}

impl Accounts {
    /// The row that holds in a circumstance.
    #[inline]
    pub fn row(&self, at: &Circumstance) -> Option<&AccountRow> {
        self.rows.get(cell(&self.axes, &self.cells, at)?)
    }
}

impl Edition {
    /// The segment of a number on a list of cuts.
    pub fn segment(cuts: &[u16], n: u16) -> u16 {
        u16::try_from(cuts.iter().take_while(|cut| **cut <= n).count()).unwrap_or(u16::MAX)
    }
}
