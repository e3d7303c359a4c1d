//! What is known of members, facilities and visits, in the words of the field and bound to no pack: what the ledger keeps and
//! the journal carries. `bind` turns it into the numbers that a pack and an image give.

use alloc::vec::Vec;
use core::fmt;

use compact_str::CompactString;

use crate::catalogue::{Level, Sex};
use crate::claim::{AccountUse, AgreementRecord, FilingRecord, HospitalApproval, LineParts, Spell};
use crate::date::{Day, Moment, Span};
use crate::id::{Admdvs, Insutype, VisitId};
use crate::money::{Fen, Price, Quantity};
use crate::pack::{Channel, HospitalLevel};

/// A text of the field: a code, a number of a person, a serial. Up to 24 bytes, which nearly all have, stand in the value itself.
pub type Text = CompactString;

/// A member, apart from account and slots.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct MemberFacts {
    /// Place of insurance: a division, or the name of a pool.
    pub admdvs: Text,
    /// `psn_type`
    pub psn_type: Text,
    /// `gend`, where stated.
    pub sex: Option<Sex>,
    /// `brdy`, where stated.
    pub birth: Option<Day>,
    /// `cvlserv_flag`
    pub civil_servant: bool,
    /// Contribution class, where there is one.
    pub contribution: Option<Text>,
    /// Years of contribution.
    pub paid_years: u16,
    /// Insurance held, of every type; `None` when in force for ever.
    pub spells: Option<Vec<Spell>>,
    /// Classes held.
    pub identities: Vec<IdentityFact>,
    /// Filings for off-region care.
    pub filings: Vec<FilingRecord>,
    /// Filings of accidents (2507).
    pub accident_filings: Vec<Span>,
    /// Approvals for chronic and special diseases.
    pub approvals: Vec<ApprovalFact>,
    /// Pregnancy filings.
    pub pregnancies: Vec<PregnancyFact>,
    /// `psn_no` of those whose accounts may pay for this member (家庭共济), in the order in which they pay.
    pub family: Vec<Text>,
    /// What was filed and stands, in the order it was filed. What the bureau says of a member leaves it as it is.
    pub filed: Vec<FiledFact>,
}

/// What was filed for a member by a transaction of its own, and how that is found again.
#[derive(Clone, Eq, PartialEq)]
pub struct FiledFact {
    /// `trt_dcla_detl_sn`: the number of the command that filed it.
    pub number: u64,
    /// `fixmedins_code` of who filed it; empty for the bureau itself.
    pub facility: Text,
    /// `infno` of that request.
    pub infno: u16,
    /// `msgid` of that request.
    pub msgid: Text,
    /// Digest of its content: what it said besides is kept elsewhere, under all of these.
    pub digest: [u8; 16],
    /// For what.
    pub what: Filed,
}

/// Something filed for a member (备案).
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Filed {
    /// Care away from home (2501).
    OffRegion(FilingRecord),
    /// A chronic or special disease (2503).
    Disease(ApprovalFact),
    /// A facility that the member has chosen (2505).
    Facility(FixedFact),
    /// An accident (2507).
    Accident(AccidentFact),
}

/// What kind of thing is filed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FiledKind {
    /// See [`Filed::OffRegion`].
    OffRegion,
    /// See [`Filed::Disease`].
    Disease,
    /// See [`Filed::Facility`].
    Facility,
    /// See [`Filed::Accident`].
    Accident,
}

/// A facility that a member has chosen (人员定点). No pack asks for it yet.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FixedFact {
    /// `biz_appy_type`: for what it was chosen.
    pub business: Text,
    /// `fix_srt_no`: its place among those chosen for that.
    pub order: Text,
    /// `fixmedins_code`
    pub facility: Text,
    /// In force.
    pub span: Span,
}

/// An accident, as filed by a facility.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct AccidentFact {
    /// Visits that begin in it are covered.
    pub span: Span,
    /// `trum_time`: the day of the injury, where stated. Two accidents of one day are one.
    pub injured: Option<Day>,
}

/// An identity class held for a span.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct IdentityFact {
    /// The identity type, as 特困 or a code.
    pub kind: Text,
    /// In force.
    pub span: Span,
}

/// An approval for a disease.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct ApprovalFact {
    /// `dise_codg`
    pub disease: Text,
    /// In force.
    pub span: Span,
    /// The facility it is for; `None` for any.
    pub facility: Option<Text>,
    /// Its own limit.
    pub limit: Option<Fen>,
}

/// A pregnancy filing.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PregnancyFact {
    /// What tells it from others.
    pub id: Text,
    /// In force.
    pub span: Span,
}

/// A facility.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FacilityFacts {
    /// Its division.
    pub admdvs: Admdvs,
    /// Its level.
    pub level: HospitalLevel,
    /// Its level for deductibles.
    pub deductible_level: HospitalLevel,
    /// Its level for ceilings and restrictions.
    pub price_level: Level,
    /// Its agreements; `None` when in force for all.
    pub agreements: Option<Vec<AgreementRecord>>,
}

/// A visit as registered.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct VisitFacts {
    /// The scheme it is settled under.
    pub insutype: Insutype,
    /// `med_type`
    pub med_type: Text,
    /// Begin.
    pub begin: Moment,
    /// End, once the facility has said it (出院); `None` while the visit lasts.
    pub end: Option<Moment>,
    /// `dise_codg`
    pub disease: Option<Text>,
    /// Codes of diagnoses.
    pub diagnoses: Vec<Text>,
    /// The visit whose stay it continues.
    pub continues: Option<VisitId>,
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
}

/// What is said anew of a registered visit; what is `None` stays as it is.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct VisitChange {
    /// `med_type`
    pub med_type: Option<Text>,
    /// Begin.
    pub begin: Option<Moment>,
    /// It has ended then (出院), or it has not ended after all (出院撤销).
    pub end: Option<Option<Moment>>,
    /// `dise_codg`, or none any more.
    pub disease: Option<Option<Text>>,
    /// Codes of diagnoses: all of them.
    pub diagnoses: Option<Vec<Text>>,
    /// 外伤标志
    pub accident: Option<bool>,
    /// 涉及第三方标志
    pub third_party: Option<bool>,
    /// `matn_type`, 0 for none.
    pub birth: Option<u8>,
    /// `birctrl_type`, 0 for none.
    pub family_planning: Option<u8>,
    /// `fetts`, at least 1.
    pub fetuses: Option<u16>,
}

impl VisitFacts {
    /// Takes in what is said anew.
    pub fn change(&mut self, change: &VisitChange) {
        fn put<T: Clone>(to: &mut T, said: Option<&T>) {
            if let Some(said) = said {
                to.clone_from(said);
            }
        }
        let VisitChange { med_type, begin, end, disease, diagnoses, .. } = change;
        let VisitChange { accident, third_party, birth, family_planning, fetuses, .. } = change;
        put(&mut self.med_type, med_type.as_ref());
        put(&mut self.begin, begin.as_ref());
        put(&mut self.end, end.as_ref());
        put(&mut self.disease, disease.as_ref());
        put(&mut self.diagnoses, diagnoses.as_ref());
        put(&mut self.accident, accident.as_ref());
        put(&mut self.third_party, third_party.as_ref());
        put(&mut self.birth, birth.as_ref());
        put(&mut self.family_planning, family_planning.as_ref());
        put(&mut self.fetuses, fetuses.as_ref());
    }

    /// Whether it has an end, and that lies before its begin.
    pub fn is_reversed(&self) -> bool {
        self.end.is_some_and(|end| self.begin.is_after(end))
    }
}

/// The digest in one piece, as it is compared.
impl fmt::Debug for FiledFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FiledFact { number, facility, infno, msgid, digest, what } = self;
        f.debug_struct("FiledFact")
            .field("number", number)
            .field("facility", facility)
            .field("infno", infno)
            .field("msgid", msgid)
            .field("digest", &format_args!("{:032x}", u128::from_be_bytes(*digest)))
            .field("what", what)
            .finish()
    }
}

impl Filed {
    /// What kind of thing it is.
    pub fn kind(&self) -> FiledKind {
        match self {
            Filed::OffRegion(_) => FiledKind::OffRegion,
            Filed::Disease(_) => FiledKind::Disease,
            Filed::Facility(_) => FiledKind::Facility,
            Filed::Accident(_) => FiledKind::Accident,
        }
    }

    /// When it is in force.
    pub fn span(&self) -> Span {
        match self {
            Filed::OffRegion(filing) => filing.span,
            Filed::Disease(approval) => approval.span,
            Filed::Facility(fixed) => fixed.span,
            Filed::Accident(accident) => accident.span,
        }
    }

    /// Whether it says again, for some day, what another says.
    pub fn repeats(&self, other: &Filed) -> bool {
        let same = match (self, other) {
            (Filed::OffRegion(one), Filed::OffRegion(other)) => {
                one.kind == other.kind && one.place == other.place
            }
            (Filed::Disease(one), Filed::Disease(other)) => {
                one.disease == other.disease && one.facility == other.facility
            }
            // A place in the order is one facility's, and a facility has one place in it.
            (Filed::Facility(one), Filed::Facility(other)) => {
                one.business == other.business
                    && (one.order == other.order || one.facility == other.facility)
            }
            (Filed::Accident(one), Filed::Accident(other)) => one.injured == other.injured,
            (
                Filed::OffRegion(_) | Filed::Disease(_) | Filed::Facility(_) | Filed::Accident(_),
                _,
            ) => false,
        };
        same && self.span().overlaps(other.span())
    }
}

impl MemberFacts {
    /// Filings for off-region care, by whomever.
    pub fn all_filings(&self) -> impl Iterator<Item = &FilingRecord> {
        self.filings.iter().chain(self.filed.iter().filter_map(|one| match &one.what {
            Filed::OffRegion(filing) => Some(filing),
            Filed::Disease(_) | Filed::Facility(_) | Filed::Accident(_) => None,
        }))
    }

    /// Approvals for diseases, by whomever.
    pub fn all_approvals(&self) -> impl Iterator<Item = &ApprovalFact> {
        self.approvals.iter().chain(self.filed.iter().filter_map(|one| match &one.what {
            Filed::Disease(approval) => Some(approval),
            Filed::OffRegion(_) | Filed::Facility(_) | Filed::Accident(_) => None,
        }))
    }

    /// Filings of accidents, by whomever.
    pub fn all_accidents(&self) -> impl Iterator<Item = Span> {
        self.accident_filings.iter().copied().chain(self.filed.iter().filter_map(|one| {
            match &one.what {
                Filed::Accident(accident) => Some(accident.span),
                Filed::OffRegion(_) | Filed::Disease(_) | Filed::Facility(_) => None,
            }
        }))
    }

    /// Whether something is known already, on some day that it would be in force.
    pub fn has(&self, what: &Filed) -> bool {
        let filings = self.filings.iter().map(|filing| Filed::OffRegion(*filing));
        let approvals = self.approvals.iter().cloned().map(Filed::Disease);
        // Of those that the bureau knows no day of the injury is known.
        let accidents = self.accident_filings.iter().map(|span| {
            let injured = None;
            Filed::Accident(AccidentFact { span: *span, injured })
        });
        filings.chain(approvals).chain(accidents).any(|known| what.repeats(&known))
            || self.filed.iter().any(|one| what.repeats(&one.what))
    }
}

/// How a visit is to be settled.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SettleFacts {
    /// How it reaches the fund.
    pub channel: Channel,
    /// End of the visit; one that is registered with the visit takes its place.
    pub end: Moment,
    /// When it is settled.
    pub settled: Moment,
    /// Which accounts may pay.
    pub account: AccountUse,
    /// How far a line's amount may be from price times quantity.
    pub tolerance: Fen,
    /// `mid_setl_flag`: the visit stays open.
    pub mid_stay: bool,
    /// `medfee_sumamt` as the facility says; must be what its lines sum to.
    pub total: Option<Fen>,
}

impl SettleFacts {
    /// Whether other members' accounts may be asked to pay.
    pub fn asks_family(&self) -> bool {
        self.channel == Channel::Direct && self.account == AccountUse::Family
    }
}

/// A fee line as uploaded.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct LineFacts {
    /// `feedetl_sn`
    pub serial: Text,
    /// `chrg_bchno`: the batch it is charged in; empty for none.
    pub batch: Text,
    /// `med_list_codg`
    pub code: Text,
    /// Fee day.
    pub day: Day,
    /// `cnt`
    pub quantity: Quantity,
    /// `pric`
    pub price: Price,
    /// `det_item_fee_sumamt`
    pub amount: Fen,
    /// `init_feedetl_sn`: the line it returns.
    pub returns: Option<Text>,
    /// `hosp_appr_flag`
    pub approval: HospitalApproval,
    /// Level of the hospital of an outside prescription.
    pub prescriber: Option<HospitalLevel>,
    /// `prd_days`
    pub days: Option<u16>,
    /// `matn_fee_flag`
    pub maternity: bool,
}

/// Totals of a bill whose lines were split elsewhere.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TotalsFacts {
    /// `medfee_sumamt`
    pub total: Fen,
    /// The four parts.
    pub parts: LineParts,
    /// The four parts of each line kind besides ordinary, by its name.
    pub kinds: Vec<(Text, LineParts)>,
}

/// What is charged.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum ChargesFacts {
    /// The lines uploaded for the visit, or for the batch of it that is settled.
    Uploaded,
    /// These lines.
    Lines(Vec<LineFacts>),
    /// Totals.
    Totals(TotalsFacts),
}
