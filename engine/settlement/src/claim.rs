//! What goes in: the claim with its lines, the member, the facility, as values already bound to an image and a pack.
//! Nothing here has been checked; `admit` does that. Borrowed throughout, so that a ledger lends what it holds.

use crate::catalogue::{Level, Sex};
use crate::date::{Day, Moment, Span};
use crate::id::{Admdvs, BenefitId, DiagnosisId, Insutype, LineSerial, VisitId};
use crate::money::{Fen, Price, Quantity};
use crate::pack::{Agreement, Channel, Filing, HospitalLevel};

/// A claim as handed in.
#[derive(Clone, Debug)]
pub struct Submitted<'a> {
    /// How it reaches the fund.
    pub channel: Channel,
    /// Who.
    pub member: Member<'a>,
    /// Where.
    pub facility: Facility<'a>,
    /// What kind of visit, and when.
    pub visit: Visit<'a>,
    /// For what.
    pub charges: Charges<'a>,
    /// How far a line's amount may be from price times quantity, for each line.
    pub tolerance: Fen,
}

/// The member on whose insurance the visit is settled.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The scheme the visit is settled under, as the pack numbers it; `None` when the pack has no such scheme.
    pub scheme: Option<u16>,
    /// The type of insurance of the visit.
    pub insutype: Insutype,
    /// The class of person, as the pack numbers it; `None` when it has none.
    pub person: Option<u16>,
    /// Sex, where stated.
    pub sex: Option<Sex>,
    /// Birthday, where stated.
    pub birth: Option<Day>,
    /// `cvlserv_flag`
    pub civil_servant: bool,
    /// Contribution class, as the pack numbers it.
    pub contribution: Option<u16>,
    /// Years of contribution.
    pub paid_years: u16,
    /// Insurance held, of every type; `None` when in force for ever.
    pub spells: Option<&'a [Spell]>,
    /// Classes held, as the pack numbers them; identity types that the pack does not know are left out.
    pub identities: &'a [Identity],
    /// Filings.
    pub filings: &'a [FilingRecord],
    /// Whether an accident was filed (2507) for the visit's begin.
    pub accident_filings: &'a [Span],
    /// Approvals for chronic and special diseases.
    pub approvals: &'a [Approval],
    /// Pregnancy filing.
    pub pregnancy: Option<Span>,
    /// Balance of the own account.
    pub balance: Fen,
    /// Balances of the family accounts that share, in order.
    pub family: &'a [Fen],
}

/// A span of being insured in one scheme.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Spell {
    /// The scheme.
    pub insutype: Insutype,
    /// In force.
    pub span: Span,
    /// Benefits begin on this day.
    pub waiting_to: Day,
}

/// A class held for a span.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Identity {
    /// As the pack numbers its classes, best first.
    pub class: u16,
    /// In force.
    pub span: Span,
}

/// A filing for off-region care.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct FilingRecord {
    /// Its kind.
    pub kind: Filing,
    /// In force.
    pub span: Span,
    /// For which place; `None` for any. A code that ends in 00 stands for all below it.
    pub place: Option<Admdvs>,
}

impl FilingRecord {
    /// Whether it is in force on a day, for care in this division.
    pub fn counts(&self, treatment: Admdvs, day: Day) -> bool {
        self.span.contains(day) && self.is_for(treatment)
    }

    /// Whether it is for care in this division.
    pub fn is_for(&self, treatment: Admdvs) -> bool {
        self.place.is_none_or(|filed| lies_in(treatment, filed))
    }
}

/// Whether a division lies in another: `370000` holds all of 37, `370800` all of 3708.
fn lies_in(place: Admdvs, area: Admdvs) -> bool {
    let (place, area) = (place.get(), area.get());
    match (area.wrapping_rem(10_000), area.wrapping_rem(100)) {
        (0, _) => place.wrapping_div(10_000) == area.wrapping_div(10_000),
        (_, 0) => place.wrapping_div(100) == area.wrapping_div(100),
        (_, _) => place == area,
    }
}

/// An approval for a disease.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Approval {
    /// As numbered by [`Visit::disease`].
    pub disease: Disease,
    /// In force.
    pub span: Span,
    /// Whether it is for this facility (or for any).
    pub here: bool,
    /// Its own limit.
    pub limit: Option<Fen>,
}

/// A disease as the pack numbers it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Disease {
    /// A disease of the pack.
    Listed(u16),
    /// A code that the pack does not list, numbered by whoever bound the case.
    Other(u32),
}

/// Where care was given.
#[derive(Clone, Debug)]
pub struct Facility<'a> {
    /// Its division.
    pub admdvs: Admdvs,
    /// Its level.
    pub level: HospitalLevel,
    /// Its level for deductibles.
    pub deductible_level: HospitalLevel,
    /// Its level for ceilings and restrictions.
    pub price_level: Level,
    /// Its agreements; `None` when in force for all.
    pub agreements: Option<&'a [AgreementRecord]>,
}

/// An agreement for a span.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct AgreementRecord {
    /// For what.
    pub kind: Agreement,
    /// In force.
    pub span: Span,
}

/// What kind of visit, and when.
#[derive(Clone, Debug)]
pub struct Visit<'a> {
    /// The benefit kind, as the pack maps `med_type`; `None` when unmapped.
    pub benefit: Option<BenefitId>,
    /// Begin.
    pub begin: Moment,
    /// End.
    pub end: Moment,
    /// When it is settled.
    pub settled: Moment,
    /// The stay whose slots run: the visit's own, or the one it continues.
    pub stay: VisitId,
    /// Whether it continues an earlier stay.
    pub continued: bool,
    /// `dise_codg`
    pub disease: Option<Disease>,
    /// Diagnoses, as the image numbers them.
    pub diagnoses: &'a [DiagnosisId],
    /// Which accounts may pay (`acct_used_flag`).
    pub account: AccountUse,
    /// 外伤标志
    pub accident: bool,
    /// 涉及第三方标志
    pub third_party: bool,
    /// `matn_type`, 0 for none.
    pub birth: u8,
    /// `birctrl_type`, 0 for none.
    pub family_planning: u8,
    /// `fetts`, at least 1.
    pub fetuses: u16,
    /// Which filing a slot of scope filing counts for: a number for the pregnancy or referral.
    pub filing: u32,
}

/// `acct_used_flag`
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum AccountUse {
    /// 0 不使用
    None,
    /// 1 使用本人个账
    Own,
    /// 2 使用共济人个账
    Family,
}

/// What is charged: lines, or totals of lines split elsewhere.
#[derive(Clone, Debug)]
pub enum Charges<'a> {
    /// Fee lines.
    Lines(&'a [FeeLine]),
    /// Totals.
    Totals(GivenTotals<'a>),
}

/// A fee line as handed in.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct FeeLine {
    /// `feedetl_sn`, numbered within the claim.
    pub serial: LineSerial,
    /// The code, numbered within the claim: equal codes have equal numbers.
    pub code: u32,
    /// Fee day.
    pub day: Day,
    /// `cnt`
    pub quantity: Quantity,
    /// `pric`
    pub price: Price,
    /// `det_item_fee_sumamt`
    pub amount: Fen,
    /// `init_feedetl_sn`: the line it returns.
    pub returns: Option<LineSerial>,
    /// `hosp_appr_flag`
    pub approval: HospitalApproval,
    /// Level of the hospital of an outside prescription (`rx_circ_flag` 1, `rx_hosp_lv`).
    pub prescriber: Option<HospitalLevel>,
    /// `prd_days`, where given.
    pub days: Option<u16>,
    /// `matn_fee_flag`
    pub maternity: bool,
}

/// `hosp_appr_flag`
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum HospitalApproval {
    /// 0 or absent
    NotGiven,
    /// 1
    Given,
    /// 2
    Declined,
}

/// Totals of a bill whose lines were split elsewhere.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct GivenTotals<'a> {
    /// `medfee_sumamt`
    pub total: Fen,
    /// The four parts of the whole bill.
    pub parts: LineParts,
    /// The four parts of line kinds. What they leave is ordinary; where ordinary is among them, they leave nothing in scope and no
    /// pre-pay.
    pub kinds: &'a [(crate::id::LineKind, LineParts)],
}

/// The four parts that a line, a line kind or a bill is split into.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct LineParts {
    /// `fulamt_ownpay_amt` 全自费
    pub own: Fen,
    /// `overlmt_amt`, `overlmt_selfpay` 超限价
    pub over: Fen,
    /// `preselfpay_amt` 先行自付
    pub pre_pay: Fen,
    /// `inscp_scp_amt` 符合政策范围
    pub in_scope: Fen,
}

impl Disease {
    /// Its coordinate; a visit without a disease has nought.
    pub(crate) fn coordinate(self) -> u16 {
        match self {
            Disease::Other(_) => 1,
            Disease::Listed(disease) => disease.saturating_add(2),
        }
    }
}

impl LineParts {
    /// The sum of the four.
    #[inline]
    pub fn sum(&self) -> Fen {
        self.own.plus(self.over).plus(self.pre_pay).plus(self.in_scope)
    }

    /// Part by part.
    #[inline]
    pub fn plus(&self, other: &LineParts) -> LineParts {
        LineParts {
            own: self.own.plus(other.own),
            over: self.over.plus(other.over),
            pre_pay: self.pre_pay.plus(other.pre_pay),
            in_scope: self.in_scope.plus(other.in_scope),
        }
    }

    /// Part by part.
    #[inline]
    pub fn minus(&self, other: &LineParts) -> LineParts {
        LineParts {
            own: self.own.minus(other.own),
            over: self.over.minus(other.over),
            pre_pay: self.pre_pay.minus(other.pre_pay),
            in_scope: self.in_scope.minus(other.in_scope),
        }
    }

    /// Whether some part is below nought.
    pub fn has_negative(&self) -> bool {
        [self.own, self.over, self.pre_pay, self.in_scope].iter().any(|part| part.is_negative())
    }
}
