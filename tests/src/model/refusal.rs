//! Why the naive model refuses a whole claim, tried in the order of POLICY.md §6.

use super::case::{BillIn, Case, FourParts};
use super::exact::Fen;
use super::facts::{self, Governing};
use super::lines;
use super::pack::{Benefit, Pack};

/// A refusal by its name.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
#[expect(missing_docs, reason = "the names are the reasons of POLICY.md §6 in their order")]
pub enum Refusal {
    NoPack,
    DatesReversed,
    NotInForce,
    WaitingTime,
    UnknownScheme,
    PersonWithoutClass,
    UnmappedMedType,
    NoAgreement,
    ThirdParty,
    WorkInjury,
    AccidentWithoutFiling,
    NoApproval,
    PrescribersDiffer,
    NoBirthday,
    TotalsNeedLines,
    Structure,
}

/// A claim that is not refused.
pub(crate) struct Admitted<'a> {
    pub(crate) benefit: &'a Benefit,
    pub(crate) family: &'a str,
    pub(crate) on: Governing,
    /// The cause of the visit makes everything own cost.
    pub(crate) all_own: bool,
}

/// The largest amount of a bill in fen.
const BOUND: Fen = 10_000_000_000_000;

/// Checks the whole claim.
pub(crate) fn admit<'a>(pack: &'a Pack, case: &Case) -> Result<Admitted<'a>, Refusal> {
    let (member, visit) = (&case.member, &case.visit);
    let on = Governing::of(pack, case);
    let home = pack.divisions.iter().any(|d| case.pool.starts_with(d.as_str()));
    if !home {
        return Err(Refusal::NoPack);
    }
    if visit.reversed {
        return Err(Refusal::DatesReversed);
    }
    if !pack.span.contains(on.pack) {
        return Err(Refusal::NoPack);
    }
    if member.spells.is_some() {
        let spell = facts::spell(case).ok_or(Refusal::NotInForce)?;
        if spell.waiting_to.is_some_and(|to| on.cover < to) {
            return Err(Refusal::WaitingTime);
        }
    }
    let exact = pack.schemes.iter().find(|(scheme, _)| *scheme == member.insutype);
    let any = pack.schemes.iter().find(|(scheme, _)| scheme == "*");
    let (_, family) = exact.or(any).ok_or(Refusal::UnknownScheme)?;
    if facts::person_class(pack, &member.psn_type).is_none() {
        return Err(Refusal::PersonWithoutClass);
    }
    let benefit = facts::benefit_of(pack, &visit.med_type).ok_or(Refusal::UnmappedMedType)?;
    if let Some(agreements) = &case.facility.agreements {
        let agreed = agreements
            .iter()
            .any(|(span, kinds)| span.contains(visit.begin) && kinds.contains(&benefit.agreement));
        if !agreed {
            return Err(Refusal::NoAgreement);
        }
    }
    let all_own = cause(pack, case, benefit)?;
    if benefit.approval && facts::approval_for(case, on.approval).is_none() {
        return Err(Refusal::NoApproval);
    }
    if facts::prescriber_levels(case, benefit).len() > 1 {
        return Err(Refusal::PrescribersDiffer);
    }
    let first = super::year::first_governing(pack, case, benefit).unwrap_or(on);
    if member.birth.is_none() && [first, on].iter().any(|on| pack.asks_for_age(on.pack)) {
        return Err(Refusal::NoBirthday);
    }
    structure(pack, case, benefit)?;
    Ok(Admitted { benefit, family, on, all_own })
}

/// Whether the cause of the visit makes it own cost.
fn cause(pack: &Pack, case: &Case, benefit: &Benefit) -> Result<bool, Refusal> {
    let accident = case.visit.accident && !facts::accident_filed(case);
    let causes = [
        (case.visit.third_party, pack.cause.third_party_refused, Refusal::ThirdParty),
        (benefit.work_injury, pack.cause.work_injury_refused, Refusal::WorkInjury),
        (accident, pack.cause.accident_refused, Refusal::AccidentWithoutFiling),
    ];
    for (is, refused, refusal) in causes {
        if is && refused {
            return Err(refusal);
        }
    }
    Ok(causes.iter().any(|(is, _, _)| *is))
}

fn structure(pack: &Pack, case: &Case, benefit: &Benefit) -> Result<(), Refusal> {
    match &case.bill {
        BillIn::Lines(lines) => {
            if !lines::structure(lines) {
                return Err(Refusal::Structure);
            }
        }
        BillIn::Totals(totals) => {
            let parts = &totals.parts;
            if totals.medfee > BOUND || !is_sum(totals.medfee, parts) {
                return Err(Refusal::Structure);
            }
            if let Some(kinds) = &totals.kinds {
                let mut sum = FourParts::default();
                for (kind, k) in kinds {
                    let known = pack.line_kinds.iter().any(|(id, _)| id == kind);
                    if !known || k.own < 0 || k.over < 0 || k.prepay < 0 || k.scope < 0 {
                        return Err(Refusal::Structure);
                    }
                    sum.own += k.own;
                    sum.over += k.over;
                    sum.prepay += k.prepay;
                    sum.scope += k.scope;
                }
                if sum != *parts {
                    return Err(Refusal::Structure);
                }
            }
            let cover_ends = facts::cover_ends(case).is_some_and(|day| day <= case.visit.end);
            if cover_ends || super::year::divided(pack, case, benefit) {
                return Err(Refusal::TotalsNeedLines);
            }
        }
    }
    Ok(())
}

fn is_sum(medfee: Fen, parts: &FourParts) -> bool {
    let all = [parts.own, parts.over, parts.prepay, parts.scope];
    all.iter().all(|part| *part >= 0) && all.iter().sum::<Fen>() == medfee
}
