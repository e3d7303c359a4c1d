//! Facts, field after field. Their order is part of the format: a field is added at a new version of the record alone.

use alloc::vec::Vec;

use super::{Bytes, Stored, stored_enum, stored_number, stored_struct};
use crate::catalogue::{Level, Sex};
use crate::claim::{AccountUse, AgreementRecord, FilingRecord, HospitalApproval, LineParts, Spell};
use crate::date::{Day, Moment, SECONDS_OF_DAY, Span};
use crate::facts::{
    AccidentFact, ApprovalFact, ChargesFacts, FacilityFacts, Filed, FiledFact, FiledKind,
    FixedFact, IdentityFact, MemberFacts, PregnancyFact, SettleFacts, TotalsFacts, VisitChange,
    VisitFacts,
};
use crate::id::{Admdvs, Insutype, VisitId};
use crate::money::{Fen, Price, Quantity};
use crate::pack::{Agreement, Channel, Filing, HospitalLevel};

stored_number! { Day, Fen, Price, Quantity, VisitId }

stored_enum! {
    Sex { Male = 1, Female = 2 }
    Level { First = 1, Second = 2, Third = 3 }
    HospitalLevel { Third = 3, Second = 2, First = 1, Unrated = 0 }
    Agreement { Inpatient = 1, Outpatient = 2, Chronic = 3, Pharmacy = 4 }
    Filing { None = 0, Emergency = 1, Referral = 2, Residence = 3 }
    FiledKind { OffRegion = 1, Disease = 2, Facility = 3, Accident = 4 }
    HospitalApproval { NotGiven = 0, Given = 1, Declined = 2 }
    Channel { Direct = 0, Manual = 1 }
    AccountUse { None = 0, Own = 1, Family = 2 }
}

stored_struct! {
    Span { from, to }
    Spell { insutype, span, waiting_to }
    IdentityFact { kind, span }
    FilingRecord { kind, span, place }
    ApprovalFact { disease, span, facility, limit }
    PregnancyFact { id, span }
    AgreementRecord { kind, span }
    MemberFacts {
        admdvs, psn_type, sex, birth, civil_servant, contribution, paid_years, spells, identities, filings,
        accident_filings, approvals, pregnancies, family, filed,
    }
    FiledFact { number, facility, infno, msgid, digest, what }
    FixedFact { business, order, facility, span }
    AccidentFact { span, injured }
    FacilityFacts { admdvs, level, deductible_level, price_level, agreements }
    VisitFacts {
        insutype, med_type, begin, end, disease, diagnoses, continues, accident, third_party, birth, family_planning,
        fetuses,
    }
    VisitChange {
        med_type, begin, end, disease, diagnoses, accident, third_party, birth, family_planning, fetuses,
    }
    SettleFacts { channel, end, settled, account, tolerance, mid_stay, total }
    LineParts { own, over, pre_pay, in_scope }
    TotalsFacts { total, parts, kinds }
}

/// The day, and the second of the day.
impl Stored for Moment {
    fn put(&self, to: &mut Vec<u8>) {
        self.day().put(to);
        self.second().put(to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<Moment> {
        let (day, second) = (Day::read(from)?, i64::from(u32::read(from)?));
        (second < SECONDS_OF_DAY).then(|| Moment::new(day, second))
    }
}

impl Stored for Admdvs {
    fn put(&self, to: &mut Vec<u8>) {
        self.get().put(to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<Admdvs> {
        Admdvs::new(u32::read(from)?)
    }
}

impl Stored for Insutype {
    fn put(&self, to: &mut Vec<u8>) {
        self.get().put(to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<Insutype> {
        Insutype::new(u16::read(from)?)
    }
}

/// Its kind, then what it is.
impl Stored for Filed {
    fn put(&self, to: &mut Vec<u8>) {
        self.kind().put(to);
        match self {
            Filed::OffRegion(filing) => filing.put(to),
            Filed::Disease(approval) => approval.put(to),
            Filed::Facility(fixed) => fixed.put(to),
            Filed::Accident(accident) => accident.put(to),
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Filed> {
        Some(match FiledKind::read(from)? {
            FiledKind::OffRegion => Filed::OffRegion(Stored::read(from)?),
            FiledKind::Disease => Filed::Disease(Stored::read(from)?),
            FiledKind::Facility => Filed::Facility(Stored::read(from)?),
            FiledKind::Accident => Filed::Accident(Stored::read(from)?),
        })
    }
}

impl Stored for ChargesFacts {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            ChargesFacts::Uploaded => to.push(0),
            ChargesFacts::Lines(lines) => {
                to.push(1);
                lines.put(to);
            }
            ChargesFacts::Totals(totals) => {
                to.push(2);
                totals.put(to);
            }
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<ChargesFacts> {
        match u8::read(from)? {
            0 => Some(ChargesFacts::Uploaded),
            1 => Vec::read(from).map(ChargesFacts::Lines),
            2 => TotalsFacts::read(from).map(ChargesFacts::Totals),
            _ => None,
        }
    }
}
