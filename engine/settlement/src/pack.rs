//! A policy pack as the tiers read it: every table dense, every condition already decided for every circumstance.
//! How a pack is written is `catalogs/sources/POLICY.md`; what compiles it is `yidan-build`. No text is compared here.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::catalogue::{Family, Setting};
use crate::date::{Day, Span};
use crate::id::{Admdvs, BenefitId, Insutype, LineKind, SlotId, SourceId, Tag, TierId};
use crate::limits;
use crate::money::{Fen, Rate, Rounding};

/// What a circumstance is measured along. Each tier's table uses a few of these.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Axis {
    /// Index of the benefit kind.
    Benefit,
    /// Index of the scheme the visit is settled under.
    Scheme,
    /// Bits of the covers held besides, in the order of the pack.
    Covers,
    /// 1 with civil-servant cover.
    CivilServant,
    /// 0 none, else 1 + index of the identity class (best first).
    Identity,
    /// See [`Filing`].
    Filing,
    /// See [`Distance`].
    Distance,
    /// Index of the class of person.
    Person,
    /// Index of the age segment of the edition.
    Age,
    /// See [`HospitalLevel`]: of the facility or the prescriber.
    Level,
    /// See [`HospitalLevel`]: for deductibles.
    DeductibleLevel,
    /// 0 none, else 1 + index of the contribution class.
    Contribution,
    /// Index of the segment of paid years.
    PaidYears,
    /// 0 none, 1 other, else 2 + index of the disease.
    Disease,
    /// 1 for an accident.
    Accident,
    /// Index of the segment of approvals in force.
    Approvals,
    /// 1 with a pregnancy filing in force.
    Pregnancy,
    /// 0 none, else `matn_type` 1 ..= 9.
    Birth,
    /// 0 none, else `birctrl_type` 1 ..= 9.
    FamilyPlanning,
    /// Index of the segment of fetuses.
    Fetuses,
    /// 1 when the visit continues an earlier stay.
    Continued,
    /// See [`Channel`].
    Channel,
}

/// How many axes there are.
pub const AXES: usize = 22;

/// All axes, in order of their index.
pub const ALL_AXES: [Axis; AXES] = [
    Axis::Benefit,
    Axis::Scheme,
    Axis::Covers,
    Axis::CivilServant,
    Axis::Identity,
    Axis::Filing,
    Axis::Distance,
    Axis::Person,
    Axis::Age,
    Axis::Level,
    Axis::DeductibleLevel,
    Axis::Contribution,
    Axis::PaidYears,
    Axis::Disease,
    Axis::Accident,
    Axis::Approvals,
    Axis::Pregnancy,
    Axis::Birth,
    Axis::FamilyPlanning,
    Axis::Fetuses,
    Axis::Continued,
    Axis::Channel,
];

/// One coordinate on each axis: everything about a visit that a pack may ask for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Circumstance([u16; AXES]);

/// The filing that counts. The numbers are coordinates.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Filing {
    /// No filing in force for the place.
    None,
    /// Emergency (急诊抢救)
    Emergency,
    /// Referral (转诊)
    Referral,
    /// Long-term residence (长期居住)
    Residence,
}

/// How far treatment is from the pool.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Distance {
    /// In a division of the pool.
    Home,
    /// In the same city.
    City,
    /// In the same province.
    Province,
    /// In another province.
    Away,
}

/// The level of a facility as policies name it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum HospitalLevel {
    /// 三级
    Third,
    /// 二级
    Second,
    /// 一级
    First,
    /// 未定级
    Unrated,
}

/// How a claim reaches the fund.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Channel {
    /// 联网直接结算
    Direct,
    /// 零星报销
    Manual,
}

/// The setlinfo field that a fund's payments are summed in.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum FundField {
    /// `hifp_pay`: basic pooling
    HifpPay,
    /// `cvlserv_pay`: civil servants' aid
    CvlservPay,
    /// `hifes_pay`: enterprise supplement
    HifesPay,
    /// `hifmi_pay`: residents' critical illness
    HifmiPay,
    /// `hifob_pay`: large-sum aid
    HifobPay,
    /// `hifdm_pay`: disabled servicemen
    HifdmPay,
    /// `maf_pay`: medical assistance
    MafPay,
    /// `oth_pay`: all others
    OthPay,
    /// `hosp_part_amt`: borne by the facility
    HospPart,
}

/// How many fields there are that funds pay into, the facility's not among them.
pub const FUND_FIELDS: usize = 8;

/// A `fund_pay_type`, six digits.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct FundType(u32);

/// Which day governs something.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Governs {
    /// The end of the visit.
    #[default]
    Discharge,
    /// The begin of the visit.
    Admission,
    /// The day of settlement.
    Settlement,
}

/// Which day governs what.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct GoverningDates {
    /// The rows of the pack and the period of slots.
    pub pack: Governs,
    /// The identity class.
    pub identity: Governs,
    /// The filing.
    pub filing: Governs,
    /// Approvals.
    pub approval: Governs,
    /// Being insured.
    pub cover: Governs,
    /// The age.
    pub age: Governs,
}

/// What becomes of a stay that crosses the end of a year.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum YearRule {
    /// Everything is of the governing year.
    #[default]
    Discharge,
    /// Lines are divided by the year of their fee date; slots of the stay run on.
    Split,
    /// As if settled on 31 December and taken in again on 1 January.
    Cut {
        /// Only when identity class or cover differ between the two days.
        only_when_ending: bool,
        /// The deductible of the second part.
        second: SecondDeductible,
    },
}

/// The deductible of the part of a stay after the year end.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum SecondDeductible {
    /// None is taken.
    Nought,
    /// Taken as of a new admission.
    Full,
    /// None when first admitted on or after this month and day of the year, else full.
    NoughtFrom {
        /// 1 ..= 12
        month: u8,
        /// 1 ..= 31
        day: u8,
    },
}

/// What becomes of a visit that another party answers for.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum CauseRule {
    /// The claim is refused.
    #[default]
    Refuse,
    /// Every line is the member's own cost.
    Own,
}

/// What becomes of visits with a cause.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Causes {
    /// 工伤
    pub work_injury: CauseRule,
    /// 第三方责任
    pub third_party: CauseRule,
    /// 外伤未备案
    pub accident_without_filing: CauseRule,
}

/// How sure a value is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Grade {
    /// Official text.
    Official,
    /// Local news.
    News,
    /// A mirror of an official table.
    Mirror,
    /// Weak.
    Weak,
    /// Inferred from other figures.
    Inferred,
    /// General knowledge, unverified.
    General,
    /// No source gives it: an assumption.
    Assumption,
}

/// A document that values rest on.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Source {
    /// The id rows refer to.
    pub id: String,
    /// Title and number.
    pub document: String,
    /// Its date as written.
    pub date: String,
    /// The clause, where known.
    pub clause: Option<String>,
    /// How sure it is.
    pub grade: Grade,
    /// A remark.
    pub note: Option<String>,
}

/// A scheme that visits may be settled under.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Scheme {
    /// The type of insurance; `None` takes any.
    pub insutype: Option<Insutype>,
    /// Its name.
    pub name: String,
    /// The share column of catalogues it reads.
    pub family: Family,
}

/// A kind of visit.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Benefit {
    /// The id conditions refer to.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where care is given, for restrictions.
    pub setting: Setting,
    /// What the facility must have agreed to.
    pub agreement: Agreement,
    /// Whether `level` means the prescribing hospital's.
    pub level_of_prescriber: bool,
    /// Whether it is a maternity benefit.
    pub maternity: bool,
    /// Whether it needs an approval in force for the disease.
    pub approval: bool,
    /// Whether it is a work injury.
    pub work_injury: bool,
}

/// What a facility's agreement may be for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Agreement {
    /// 住院
    Inpatient,
    /// 普通门诊
    Outpatient,
    /// 门诊慢特病
    Chronic,
    /// 定点药店
    Pharmacy,
}

/// An accumulator.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Slot {
    /// Its id.
    pub id: String,
    /// Whether it counts instead of adding fen.
    pub count: bool,
    /// How long it runs.
    pub scope: SlotScope,
    /// What besides tells two of its values apart.
    pub key: SlotKeyKind,
}

/// How long a slot runs.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum SlotScope {
    /// All settlements of one admission.
    Stay,
    /// A day.
    Day,
    /// A calendar month.
    Month,
    /// A quarter.
    Quarter,
    /// A benefit year.
    Year,
    /// One pregnancy, approval or referral.
    Filing,
    /// For life.
    Life,
}

/// The sub-key of a slot.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum SlotKeyKind {
    /// None.
    None,
    /// By disease.
    Disease,
    /// By group of diseases.
    DiseaseGroup,
    /// By scheme.
    Scheme,
}

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
    /// What of the above is there at all; found by [`Pack::new`], whatever stands here before.
    pub shape: Shape,
}

/// Whether a row has only what most rows have, so that the machine need not ask for the rest one by one.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Shape {
    plain: bool,
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

/// A text that stands for a number of the pack, exactly or by prefix.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Naming {
    /// The text.
    pub text: String,
    /// What it stands for.
    pub index: u16,
}

/// Everything of a pack, as its compiler hands it over.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PackData {
    /// Name of the pool.
    pub pool: String,
    /// Title for people.
    pub title: String,
    /// Whether its figures are an example.
    pub example: bool,
    /// The governing dates it is for.
    pub span: Span,
    /// Prefixes of divisions in the pool.
    pub divisions: Vec<String>,
    /// Prefixes of divisions in the same city.
    pub city: Vec<String>,
    /// Prefixes of divisions in the same province.
    pub province: Vec<String>,
    /// From where on care counts as off-region.
    pub off_region_from: Distance,
    /// Filings that count, best first.
    pub filings: Vec<Filing>,
    /// Whether a claim by hand takes the catalogue of the place of treatment.
    pub manual_takes_treatment_catalogue: bool,
    /// Which day governs what.
    pub dates: GoverningDates,
    /// What becomes of stays over a year end.
    pub year: YearRule,
    /// What becomes of visits with a cause.
    pub causes: Causes,
    /// Cited documents.
    pub sources: Vec<Source>,
    /// Schemes.
    pub schemes: Vec<Scheme>,
    /// Covers held besides, at most 6.
    pub covers: Vec<Insutype>,
    /// Names of the classes of person.
    pub persons: Vec<String>,
    /// Prefixes of `psn_type`.
    pub person_types: Vec<Naming>,
    /// Names of the identity classes, best first.
    pub identities: Vec<String>,
    /// Identity types (exact) to classes.
    pub identity_types: Vec<Naming>,
    /// Names of the contribution classes (also their exact text in a case).
    pub contributions: Vec<String>,
    /// Names of the diseases.
    pub diseases: Vec<String>,
    /// `dise_codg` (exact) to diseases.
    pub disease_codes: Vec<Naming>,
    /// For each disease 1 + index of its group, nought for none.
    pub disease_groups: Vec<u16>,
    /// Names of the groups.
    pub disease_group_names: Vec<String>,
    /// Names of the line kinds; the first is `ordinary`.
    pub line_kinds: Vec<String>,
    /// Catalogue tags (exact) to line kinds.
    pub line_tags: Vec<Naming>,
    /// Benefit kinds.
    pub benefits: Vec<Benefit>,
    /// Prefixes of `med_type`.
    pub visit_types: Vec<Naming>,
    /// Slots.
    pub slots: Vec<Slot>,
    /// Editions in order of date, without gap or overlap over the span.
    pub editions: Vec<Edition>,
    /// Digest of the text it was compiled from.
    pub digest: [u8; 32],
}

/// A pack whose every index is known to be in range, so that settling never fails on one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Pack {
    data: PackData,
    home: Vec<Prefix>,
    city: Vec<Prefix>,
    province: Vec<Prefix>,
    /// For each edition and benefit kind, a bit for each slot its plan reads or writes.
    slots_used: Vec<Vec<u64>>,
}

/// The first digits of divisions: `code ÷ divisor = value`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Prefix {
    value: u32,
    divisor: u32,
}

/// What is wrong with pack data: a mistake of the compiler that made it, not of the pack's author.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PackFault(pub String);

impl Axis {
    /// Its index in a circumstance.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Circumstance {
    /// The coordinate on an axis.
    #[inline]
    pub fn get(&self, axis: Axis) -> u16 {
        // The index of an axis is below AXES by construction of the enum.
        self.0.get(axis.index()).copied().unwrap_or(0)
    }

    /// The same with another coordinate on one axis.
    #[inline]
    pub fn set(&mut self, axis: Axis, coordinate: u16) {
        if let Some(place) = self.0.get_mut(axis.index()) {
            *place = coordinate;
        }
    }
}

impl Filing {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl Distance {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl HospitalLevel {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl Channel {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl Part {
    /// Its index.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl FundField {
    /// Its index among the fields of funds; the facility's is beyond them.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The fields that funds pay into, in the order of the platform.
    pub const ALL: [FundField; FUND_FIELDS] = [
        FundField::HifpPay,
        FundField::CvlservPay,
        FundField::HifesPay,
        FundField::HifmiPay,
        FundField::HifobPay,
        FundField::HifdmPay,
        FundField::MafPay,
        FundField::OthPay,
    ];

    /// The national field name.
    pub const fn name(self) -> &'static str {
        match self {
            FundField::HifpPay => "hifp_pay",
            FundField::CvlservPay => "cvlserv_pay",
            FundField::HifesPay => "hifes_pay",
            FundField::HifmiPay => "hifmi_pay",
            FundField::HifobPay => "hifob_pay",
            FundField::HifdmPay => "hifdm_pay",
            FundField::MafPay => "maf_pay",
            FundField::OthPay => "oth_pay",
            FundField::HospPart => "hosp_part_amt",
        }
    }
}

impl FundType {
    /// Six decimal digits.
    pub fn parse(text: &str) -> Option<FundType> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok().map(FundType) } else { None }
    }

    /// The six digits as a number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The setlinfo field its payments are summed in (settlement.md §4).
    pub const fn field(self) -> FundField {
        match self.0 {
            310_100 | 310_102 | 390_100 | 390_102 => FundField::HifpPay,
            390_200 => FundField::HifmiPay,
            330_100 | 310_300 => FundField::HifobPay,
            370_100 => FundField::HifesPay,
            320_100 => FundField::CvlservPay,
            350_100 => FundField::HifdmPay,
            610_100 => FundField::MafPay,
            999_900..=999_999 => FundField::HospPart,
            _ => FundField::OthPay,
        }
    }
}

impl fmt::Display for FundType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl Grade {
    /// Whether bills that used such a value must say so.
    pub const fn is_assumption(self) -> bool {
        match self {
            Grade::General | Grade::Assumption => true,
            Grade::Official | Grade::News | Grade::Mirror | Grade::Weak | Grade::Inferred => false,
        }
    }

    /// The letter by which packs write it.
    pub const fn letter(self) -> &'static str {
        match self {
            Grade::Official => "O",
            Grade::News => "N",
            Grade::Mirror => "M",
            Grade::Weak => "W",
            Grade::Inferred => "I",
            Grade::General => "G",
            Grade::Assumption => "A",
        }
    }
}

/// The cell of a table for a circumstance.
#[inline]
pub(crate) fn cell(axes: &[(Axis, u32)], cells: &[u32], at: &Circumstance) -> Option<usize> {
    let place = axes.iter().fold(0_u32, |sum, (axis, stride)| {
        sum.wrapping_add(u32::from(at.get(*axis)).wrapping_mul(*stride))
    });
    let row = cells.get(usize::try_from(place).ok()?)?;
    usize::try_from(row.checked_sub(1)?).ok()
}

impl Row {
    /// Whether it has bands, perhaps a fixed deductible and one fixed cap on the payment, and nothing else.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.shape.plain
    }

    fn find_shape(&mut self) {
        let deductible = self.deductible.as_ref().is_none_or(|one| {
            matches!(one.amount, DeductibleAmount::Fixed(_))
                && one.per == Per::Visit
                && one.factors.is_empty()
                && one.ceiling.is_none()
        });
        let cap = match self.payment.as_slice() {
            [] => true,
            [one] => one.per == Per::Visit && matches!(one.amount, CapAmount::Fixed(_)),
            [_, _, ..] => false,
        };
        let nothing_else = self.first_share == Rate::ZERO
            && self.kind_bands.is_empty()
            && self.cost_before.is_empty()
            && self.cost_after.is_empty()
            && self.floor.is_none()
            && self.adds.is_empty()
            && self.unpenalised.is_none();
        self.shape = Shape { plain: deductible && cap && nothing_else };
    }
}

impl Tier {
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

impl Pack {
    /// Checks that every index is in range and every table has its shape.
    pub fn new(mut data: PackData) -> Result<Pack, PackFault> {
        for tier in data.editions.iter_mut().flat_map(|edition| &mut edition.tiers) {
            tier.rows.iter_mut().for_each(Row::find_shape);
        }
        check(&data).map_err(|what| PackFault(String::from(what)))?;
        let [home, city, province] =
            [&data.divisions, &data.city, &data.province].map(|texts| prefixes(texts));
        let slots_used = data.editions.iter().map(slots_used).collect();
        Ok(Pack { home: home?, city: city?, province: province?, slots_used, data })
    }

    /// What it was made of.
    pub fn data(&self) -> &PackData {
        &self.data
    }

    /// The edition for a governing date.
    pub fn edition(&self, day: Day) -> Option<&Edition> {
        self.data.editions.iter().find(|edition| edition.span.contains(day))
    }

    /// A bit for each slot that the tiers for a benefit kind read or write in an edition.
    pub fn slots_used(&self, edition: &Edition, benefit: BenefitId) -> u64 {
        let index = self.data.editions.iter().position(|one| one.span == edition.span);
        let used = index.and_then(|index| self.slots_used.get(index));
        used.and_then(|used| used.get(benefit.index())).copied().unwrap_or(0)
    }

    /// A slot by its id.
    pub fn slot(&self, id: SlotId) -> Option<&Slot> {
        self.data.slots.get(id.index())
    }

    /// The slot of a name.
    pub fn slot_named(&self, name: &str) -> Option<SlotId> {
        let index = self.data.slots.iter().position(|slot| slot.id == name)?;
        u8::try_from(index).ok().map(SlotId::new)
    }

    /// Whether a division belongs to the pool: how many of its digits the pool names.
    pub fn home_digits(&self, division: Admdvs) -> Option<u32> {
        let longest = self
            .home
            .iter()
            .filter(|prefix| prefix.holds(division))
            .min_by_key(|prefix| prefix.divisor)?;
        Some(6_u32.saturating_sub(longest.divisor.ilog10()))
    }

    /// How far a division is from the pool.
    pub fn distance(&self, treatment: Admdvs) -> Distance {
        let within = |prefixes: &[Prefix]| prefixes.iter().any(|prefix| prefix.holds(treatment));
        if within(&self.home) {
            Distance::Home
        } else if within(&self.city) {
            Distance::City
        } else if within(&self.province) {
            Distance::Province
        } else {
            Distance::Away
        }
    }

    /// The scheme a type of insurance is settled under.
    pub fn scheme(&self, insutype: Insutype) -> Option<u16> {
        let exact = self.data.schemes.iter().position(|scheme| scheme.insutype == Some(insutype));
        let index = exact
            .or_else(|| self.data.schemes.iter().position(|scheme| scheme.insutype.is_none()))?;
        u16::try_from(index).ok()
    }

    /// The class of person of a `psn_type`.
    pub fn person(&self, psn_type: &str) -> Option<u16> {
        longest_prefix(&self.data.person_types, psn_type)
    }

    /// The benefit kind of a `med_type`.
    pub fn benefit(&self, med_type: &str) -> Option<BenefitId> {
        let index = longest_prefix(&self.data.visit_types, med_type)?;
        u8::try_from(index).ok().map(BenefitId::new)
    }

    /// The identity class (0 is the best) of an identity type.
    pub fn identity(&self, identity_type: &str) -> Option<u16> {
        exact(&self.data.identity_types, identity_type)
    }

    /// The disease of a `dise_codg`.
    pub fn disease(&self, code: &str) -> Option<u16> {
        exact(&self.data.disease_codes, code)
    }

    /// The contribution class of a name.
    pub fn contribution(&self, name: &str) -> Option<u16> {
        let index = self.data.contributions.iter().position(|class| class == name)?;
        u16::try_from(index).ok()
    }

    /// For each tag of an image, the line kind: `tags` are the tag names by number.
    pub fn kinds_of_tags<'a>(&self, tags: impl Iterator<Item = &'a str>) -> Vec<LineKind> {
        tags.map(|tag| {
            let kind = exact(&self.data.line_tags, tag).and_then(|index| u8::try_from(index).ok());
            LineKind::new(kind.unwrap_or(0))
        })
        .collect()
    }

    /// A cited document.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.data.sources.get(id.index())
    }
}

/// For each benefit kind, a bit for each slot its plan reads or writes.
fn slots_used(edition: &Edition) -> Vec<u64> {
    let of_tier = |tier: &Tier| {
        let mut used = 0_u64;
        let mut use_slot = |slot: SlotId| used |= 1_u64.wrapping_shl(u32::from(slot.get()));
        tier.adds.iter().for_each(|add| use_slot(add.slot));
        tier.bands_at.into_iter().for_each(&mut use_slot);
        for row in &tier.rows {
            row.adds.iter().for_each(|add| use_slot(add.slot));
            let caps = row.cost_before.iter().chain(&row.cost_after).chain(&row.payment);
            caps.filter_map(|cap| cap.slot).for_each(&mut use_slot);
            let Some(deductible) = &row.deductible else { continue };
            deductible.less.into_iter().for_each(&mut use_slot);
            deductible.ceiling.into_iter().for_each(|(_, slot)| use_slot(slot));
            if let DeductibleAmount::ByAdmission { count, counted, .. } = &deductible.amount {
                use_slot(*count);
                use_slot(*counted);
            }
        }
        used
    };
    let of_plan = |plan: &Vec<TierId>| {
        plan.iter()
            .filter_map(|id| edition.tiers.get(id.index()))
            .map(of_tier)
            .fold(0, |all, one| all | one)
    };
    edition.plans.iter().map(of_plan).collect()
}

impl Prefix {
    fn holds(self, division: Admdvs) -> bool {
        division.get().checked_div(self.divisor) == Some(self.value)
    }
}

fn prefixes(texts: &[String]) -> Result<Vec<Prefix>, PackFault> {
    let prefix = |text: &String| {
        let digits = u32::try_from(text.len()).ok().filter(|digits| *digits <= 6)?;
        let value = if text.is_empty() { 0 } else { text.parse().ok()? };
        Some(Prefix { value, divisor: 10_u32.checked_pow(6_u32.checked_sub(digits)?)? })
    };
    let all: Option<Vec<Prefix>> = texts.iter().map(prefix).collect();
    all.ok_or_else(|| PackFault(String::from("a prefix of divisions has at most six digits")))
}

/// The line kind of a tag in a list made by [`Pack::kinds_of_tags`].
#[inline]
pub fn kind_of_tag(kinds: &[LineKind], tag: Tag) -> LineKind {
    kinds.get(tag.index()).copied().unwrap_or_default()
}

fn exact(namings: &[Naming], text: &str) -> Option<u16> {
    namings.iter().find(|naming| naming.text == text).map(|naming| naming.index)
}

fn longest_prefix(namings: &[Naming], text: &str) -> Option<u16> {
    let matching = namings.iter().filter(|naming| text.starts_with(naming.text.as_str()));
    matching.max_by_key(|naming| naming.text.len()).map(|naming| naming.index)
}

/// The first thing wrong with pack data.
fn check(data: &PackData) -> Result<(), &'static str> {
    let ensure = |good: bool, what: &'static str| if good { Ok(()) } else { Err(what) };
    ensure(data.slots.len() <= limits::SLOTS_MAX, "too many slots")?;
    ensure((1..=limits::LINE_KINDS_MAX).contains(&data.line_kinds.len()), "line kinds")?;
    ensure(data.covers.len() <= 6, "too many covers")?;
    ensure(data.disease_groups.len() == data.diseases.len(), "a group for each disease")?;
    let slot = |id: SlotId| id.index() < data.slots.len();
    let source = |id: SourceId| id.index() < data.sources.len();
    for edition in &data.editions {
        ensure(edition.tiers.len() <= limits::TIERS_MAX, "too many tiers")?;
        ensure(edition.plans.len() == data.benefits.len(), "a plan for each benefit")?;
        let tier_exists = |id: &TierId| id.index() < edition.tiers.len();
        ensure(edition.plans.iter().flatten().all(tier_exists), "a plan names a tier")?;
        table(&edition.accounts.axes, &edition.accounts.cells, edition.accounts.rows.len())?;
        for (index, tier) in edition.tiers.iter().enumerate() {
            table(&tier.axes, &tier.cells, tier.rows.len())?;
            ensure(source(tier.source), "the tier's source")?;
            ensure(!tier.kinds.is_empty(), "a tier takes some kind")?;
            ensure(
                tier.kinds.iter().all(|kind| kind.index() < data.line_kinds.len()),
                "a kind of a tier",
            )?;
            ensure(tier.adds.iter().all(|add| slot(add.slot)), "a slot of an add")?;
            ensure(tier.bands_at.is_none_or(slot), "the slot of the bands")?;
            if let Base::AboveCapOf(earlier) = tier.base {
                ensure(earlier.index() < index, "above the cap of an earlier tier")?;
            }
            for row in &tier.rows {
                row_is_whole(row, tier, &slot, &source)?;
            }
        }
    }
    Ok(())
}

fn row_is_whole(
    row: &Row,
    tier: &Tier,
    slot: &impl Fn(SlotId) -> bool,
    source: &impl Fn(SourceId) -> bool,
) -> Result<(), &'static str> {
    let ensure = |good: bool, what: &'static str| if good { Ok(()) } else { Err(what) };
    let rising = |bands: &[Band]| {
        bands.len() <= limits::BANDS_MAX
            && bands.last().is_some_and(|last| last.to == Fen::UNLIMITED)
            && bands.windows(2).all(|pair| matches!(pair, [low, high] if low.to < high.to))
    };
    ensure(rising(&row.bands), "bands rise and end unlimited")?;
    ensure(
        row.kind_bands.iter().all(|own| rising(&own.bands)),
        "bands of a kind rise and end unlimited",
    )?;
    let kinds = row.kind_bands.is_empty()
        || row.kind_bands.iter().map(|own| own.kind).eq(tier.kinds.iter().copied());
    ensure(kinds, "bands for each kind of the tier, in its order")?;
    let first = matches!(tier.base, Base::InScope | Base::InScopeAndPrePay);
    ensure(first || row.kind_bands.is_empty(), "only what enters by kind is priced by kind")?;
    for cap in row.cost_before.iter().chain(&row.cost_after).chain(&row.payment) {
        ensure(cap.slot.is_none_or(slot) && source(cap.source), "the slot or source of a cap")?;
    }
    ensure(row.floor.is_none_or(|floor| source(floor.source)), "the source of a floor")?;
    ensure(row.adds.iter().all(|add| slot(add.slot)), "a slot of an add of a row")?;
    ensure(row.basis.iter().all(|basis| source(basis.source)), "a source of a row")?;
    let other = row
        .unpenalised
        .is_none_or(|other| usize::try_from(other).is_ok_and(|at| at < tier.rows.len()));
    ensure(other, "the row without penalties")?;
    if let Some(deductible) = &row.deductible {
        ensure(deductible.less.is_none_or(slot), "the slot of a deductible")?;
        ensure(deductible.ceiling.is_none_or(|(_, of)| slot(of)), "the slot of a ceiling")?;
        if let DeductibleAmount::ByAdmission { amounts, count, counted } = &deductible.amount {
            ensure(!amounts.is_empty() && slot(*count) && slot(*counted), "amounts by admission")?;
        }
    }
    Ok(())
}

fn table(axes: &[(Axis, u32)], cells: &[u32], rows: usize) -> Result<(), &'static str> {
    let strides = axes.windows(2).all(|pair| matches!(pair, [(_, low), (_, high)] if low <= high));
    let in_range = cells.iter().all(|cell| usize::try_from(*cell).is_ok_and(|cell| cell <= rows));
    if strides && in_range { Ok(()) } else { Err("a table of rows") }
}
