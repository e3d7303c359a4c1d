//! Facts become the numbers that a pack gives them, in room kept from claim to claim, and are lent to the core as a claim.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::claim::{
    Approval, Charges, Disease, Facility, FeeLine, FilingRecord, GivenTotals, Identity, LineParts,
    Member, Submitted, Visit,
};
use crate::date::{Day, Span};
use crate::facts::{
    FacilityFacts, LineFacts, MemberFacts, SettleFacts, Text, TotalsFacts, VisitFacts,
};
use crate::id::{BenefitId, DiagnosisId, LineKind, LineSerial, VisitId};
use crate::money::Fen;
use crate::pack::{Filing, Governs, Pack};

/// All facts of one claim.
#[derive(Copy, Clone, Debug)]
pub struct ClaimFacts<'a> {
    /// Who.
    pub member: &'a MemberFacts,
    /// Balance of the own account.
    pub balance: Fen,
    /// Balances of the family accounts that share, in order.
    pub family: &'a [Fen],
    /// `fixmedins_code`
    pub facility_code: &'a str,
    /// Where.
    pub facility: &'a FacilityFacts,
    /// The visit.
    pub visit: &'a VisitFacts,
    /// The stay whose slots run.
    pub stay: VisitId,
    /// How it is settled.
    pub how: &'a SettleFacts,
    /// For what.
    pub charged: Charged<'a>,
    /// The visit's diagnoses, as the image numbers them.
    pub diagnoses: &'a [DiagnosisId],
}

/// What is charged.
#[derive(Copy, Clone, Debug)]
pub enum Charged<'a> {
    /// Fee lines.
    Lines(&'a [LineFacts]),
    /// Totals.
    Totals(&'a TotalsFacts),
}

/// A claim's numbers in a pack; room kept from claim to claim.
#[derive(Debug, Default)]
pub struct Bound {
    scheme: Option<u16>,
    person: Option<u16>,
    contribution: Option<u16>,
    benefit: Option<BenefitId>,
    disease: Option<Disease>,
    identities: Vec<Identity>,
    approvals: Vec<Approval>,
    filings: Vec<FilingRecord>,
    accidents: Vec<Span>,
    lines: Vec<FeeLine>,
    kinds: Vec<(LineKind, LineParts)>,
}

/// Totals name a line kind that the pack does not have.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct UnknownLineKind;

/// The serial that no line has: a return that names an unknown line has it, and the core refuses it by name.
const NO_LINE: LineSerial = LineSerial::new(u32::MAX);

impl Bound {
    /// Binds facts to a pack.
    ///
    /// # Errors
    /// Totals that name a line kind the pack does not have.
    pub fn fill(&mut self, facts: &ClaimFacts<'_>, pack: &Pack) -> Result<(), UnknownLineKind> {
        let (member, visit) = (facts.member, facts.visit);
        let own = visit.disease.as_deref();
        self.scheme = pack.scheme(visit.insutype);
        self.person = pack.person(&member.psn_type);
        self.contribution = member.contribution.as_deref().and_then(|name| pack.contribution(name));
        self.benefit = pack.benefit(&visit.med_type);
        self.disease = own.map(|code| disease(code, own, pack, 0));
        self.identities.clear();
        // Classes that the pack does not know give nothing there.
        self.identities.extend(member.identities.iter().filter_map(|one| {
            pack.identity(&one.kind).map(|class| Identity { class, span: one.span })
        }));
        self.approvals.clear();
        for one in member.all_approvals() {
            let mut numbered = (1_u32..).zip(member.all_approvals());
            let number = numbered.find(|(_, other)| other.disease == one.disease);
            let number = number.map_or(u32::MAX, |(number, _)| number);
            self.approvals.push(Approval {
                disease: disease(&one.disease, own, pack, number),
                span: one.span,
                here: one.facility.as_deref().is_none_or(|code| code == facts.facility_code),
                limit: one.limit,
            });
        }
        self.filings.clear();
        self.filings.extend(member.all_filings());
        self.accidents.clear();
        self.accidents.extend(member.all_accidents());
        self.lines.clear();
        self.kinds.clear();
        match facts.charged {
            Charged::Lines(lines) => bind_lines(lines, &mut self.lines),
            Charged::Totals(totals) => {
                for (name, parts) in &totals.kinds {
                    let place = pack.data().line_kinds.iter().position(|known| **known == **name);
                    let place = place.and_then(|place| u8::try_from(place).ok());
                    self.kinds.push((LineKind::new(place.ok_or(UnknownLineKind)?), *parts));
                }
            }
        }
        Ok(())
    }

    /// Lends facts and numbers to the core. The facts are those it was filled with.
    pub fn lend<'a>(&'a self, facts: &ClaimFacts<'a>) -> Submitted<'a> {
        let (member, visit, how) = (facts.member, facts.visit, facts.how);
        Submitted {
            channel: how.channel,
            member: Member {
                scheme: self.scheme,
                insutype: visit.insutype,
                person: self.person,
                sex: member.sex,
                birth: member.birth,
                civil_servant: member.civil_servant,
                contribution: self.contribution,
                paid_years: member.paid_years,
                spells: member.spells.as_deref(),
                identities: &self.identities,
                filings: &self.filings,
                accident_filings: &self.accidents,
                approvals: &self.approvals,
                pregnancy: pregnancy(member, how.end.day()).map(|(_, span)| span),
                balance: facts.balance,
                family: facts.family,
            },
            facility: Facility {
                admdvs: facts.facility.admdvs,
                level: facts.facility.level,
                deductible_level: facts.facility.deductible_level,
                price_level: facts.facility.price_level,
                agreements: facts.facility.agreements.as_deref(),
            },
            visit: Visit {
                benefit: self.benefit,
                begin: visit.begin,
                end: how.end,
                settled: how.settled,
                stay: facts.stay,
                continued: visit.continues.is_some(),
                disease: self.disease,
                diagnoses: facts.diagnoses,
                account: how.account,
                accident: visit.accident,
                third_party: visit.third_party,
                birth: visit.birth,
                family_planning: visit.family_planning,
                fetuses: visit.fetuses.max(1),
                filing: 0,
            },
            charges: match facts.charged {
                Charged::Lines(_) => Charges::Lines(&self.lines),
                Charged::Totals(totals) => Charges::Totals(GivenTotals {
                    total: totals.total,
                    parts: totals.parts,
                    kinds: &self.kinds,
                }),
            },
            tolerance: how.tolerance,
        }
    }
}

/// A disease by the pack's number; of the others the visit's own is nought, and each further one has a number of its own.
fn disease(code: &str, own: Option<&str>, pack: &Pack, further: u32) -> Disease {
    match pack.disease(code) {
        Some(listed) => Disease::Listed(listed),
        None if own == Some(code) => Disease::Other(0),
        None => Disease::Other(further),
    }
}

/// The pregnancy in force on a day, or else the last one filed.
fn pregnancy(member: &MemberFacts, day: Day) -> Option<(&Text, Span)> {
    let filed = &member.pregnancies;
    let one = filed.iter().find(|one| one.span.contains(day)).or_else(|| filed.last())?;
    Some((&one.id, one.span))
}

/// What slots of one pregnancy, approval or referral are told apart by.
pub fn filing_label(facts: &ClaimFacts<'_>, pack: &Pack) -> Text {
    let end = facts.how.end.day();
    let pregnant = pregnancy(facts.member, end).filter(|(_, span)| span.contains(end));
    match (pregnant, &facts.visit.disease) {
        (Some((id, _)), _) => id.clone(),
        (None, Some(disease)) => disease.clone(),
        (None, None) => {
            let day = match pack.data().dates.filing {
                Governs::Discharge => end,
                Governs::Admission => facts.visit.begin.day(),
                Governs::Settlement => facts.how.settled.day(),
            };
            let in_force = facts.member.all_filings().find(|filing| {
                filing.kind == Filing::Referral && filing.counts(facts.facility.admdvs, day)
            });
            match in_force.map(|filing| filing.span.from) {
                Some(from) if from != Day::MIN => format!("referral:{from}").into(),
                Some(_) | None => "referral".into(),
            }
        }
    }
}

/// Serials and codes become numbers within the claim.
fn bind_lines(lines: &[LineFacts], bound: &mut Vec<FeeLine>) {
    let mut serials: BTreeMap<&str, u32> = BTreeMap::new();
    let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
    for (number, line) in (0_u32..).zip(lines) {
        let serial = *serials.entry(&line.serial).or_insert(number);
        let code = *codes.entry(&line.code).or_insert(number);
        bound.push(FeeLine {
            serial: LineSerial::new(serial),
            code,
            day: line.day,
            quantity: line.quantity,
            price: line.price,
            amount: line.amount,
            returns: None,
            approval: line.approval,
            prescriber: line.prescriber,
            days: line.days,
            maternity: line.maternity,
        });
    }
    for (fee, line) in bound.iter_mut().zip(lines) {
        let returned = line.returns.as_deref().map(|named| serials.get(named).copied());
        fee.returns = returned.map(|number| number.map_or(NO_LINE, LineSerial::new));
    }
}
