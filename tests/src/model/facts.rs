//! What the member, the place and the visit are on the governing dates: the values that conditions
//! ask for.

use std::collections::BTreeSet;

use super::case::{BillIn, Case, Dated};
use super::date::Date;
use super::exact::Fen;
use super::pack::{Benefit, Pack};

/// Everything a condition can ask for, and what slots and products need.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) day: Date,
    /// The day whose slots of a day, month or quarter it writes.
    pub(crate) slots_day: Date,
    pub(crate) year: i32,
    pub(crate) benefit: String,
    pub(crate) scheme: String,
    pub(crate) held: Vec<String>,
    pub(crate) civil_servant: bool,
    pub(crate) identity: String,
    pub(crate) filing: String,
    pub(crate) distance: String,
    pub(crate) off_region: bool,
    pub(crate) person: String,
    pub(crate) age: Option<i128>,
    pub(crate) level: String,
    pub(crate) deductible_level: String,
    pub(crate) contribution: String,
    pub(crate) paid_years: i128,
    pub(crate) disease: String,
    pub(crate) disease_code: Option<String>,
    pub(crate) disease_group: Option<String>,
    pub(crate) accident: bool,
    pub(crate) approvals: i128,
    pub(crate) approval: Option<Approval>,
    pub(crate) pregnancy: Option<String>,
    /// The pregnancy, approval or referral whose slots run.
    pub(crate) filing_record: String,
    pub(crate) birth: String,
    pub(crate) family_planning: String,
    pub(crate) fetuses: i128,
    pub(crate) continued: bool,
    pub(crate) channel: String,
    pub(crate) days: i128,
    pub(crate) stay: String,
}

/// The approval in force for the visit's disease.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) limit: Option<Fen>,
}

/// The days that govern.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Governing {
    pub(crate) pack: Date,
    pub(crate) identity: Date,
    pub(crate) filing: Date,
    pub(crate) approval: Date,
    pub(crate) cover: Date,
    pub(crate) age: Date,
}

impl Governing {
    /// The days of a visit by the pack's `[dates]`, none later than the last day of cover.
    pub(crate) fn of(pack: &Pack, case: &Case) -> Governing {
        let last = cover_ends(case).map(Date::previous);
        let day = |rule: &str| {
            let day = match rule {
                "admission" => case.visit.begin,
                "settlement" => case.visit.settled,
                _ => case.visit.end,
            };
            last.map_or(day, |last| day.min(last))
        };
        Governing {
            pack: day(&pack.dates.pack),
            identity: day(&pack.dates.identity),
            filing: day(&pack.dates.filing),
            approval: day(&pack.dates.approval),
            cover: day(&pack.dates.cover),
            age: day(&pack.dates.age),
        }
    }

    /// The same day for everything, as a stay that is cut has it.
    pub(crate) fn all(day: Date) -> Governing {
        Governing { pack: day, identity: day, filing: day, approval: day, cover: day, age: day }
    }
}

/// The spell of the visit's scheme that contains the begin of the visit.
pub(crate) fn spell(case: &Case) -> Option<&Dated> {
    let spells = case.member.spells.as_ref()?;
    spells.iter().find(|s| s.name == case.member.insutype && s.span.contains(case.visit.begin))
}

/// The first day that is not covered any more: spells of the scheme that go on where another ends,
/// without a waiting time of their own, are one cover.
pub(crate) fn cover_ends(case: &Case) -> Option<Date> {
    let mut end = spell(case)?.span.to?;
    let all = case.member.spells.iter().flatten().filter(|s| s.name == case.member.insutype);
    let mut left: Vec<&Dated> = all.collect();
    loop {
        let goes_on = |s: &&Dated| {
            let begins = s.span.from.is_none_or(|from| from <= end);
            let waits = s.waiting_to.is_some_and(|to| to > end);
            begins && !waits && s.span.to.is_none_or(|to| to > end)
        };
        let Some(next) = left.iter().position(goes_on) else { return Some(end) };
        end = left.remove(next).span.to?;
    }
}

/// The value whose key is the longest prefix of a text.
pub(crate) fn longest<'a, T>(text: &str, rows: impl Iterator<Item = (&'a String, T)>) -> Option<T> {
    let mut best: Option<(usize, T)> = None;
    for (prefix, value) in rows {
        let longer = best.as_ref().is_none_or(|(length, _)| prefix.len() > *length);
        if text.starts_with(prefix.as_str()) && longer {
            best = Some((prefix.len(), value));
        }
    }
    best.map(|(_, value)| value)
}

/// The class of `psn_type`.
pub(crate) fn person_class<'a>(pack: &'a Pack, psn_type: &str) -> Option<&'a str> {
    let prefixes = pack.persons.iter().flat_map(|(id, types)| types.iter().map(move |t| (t, id)));
    longest(psn_type, prefixes).map(String::as_str)
}

/// The kind of visit of `med_type`.
pub(crate) fn benefit_of<'a>(pack: &'a Pack, med_type: &str) -> Option<&'a Benefit> {
    longest(med_type, pack.benefits.iter().flat_map(|b| b.med_type.iter().map(move |t| (t, b))))
}

fn in_force(list: &[Dated], name: &str, day: Date) -> bool {
    list.iter().any(|d| d.name == name && d.span.contains(day))
}

/// The digits that every division within a division begins with: `370000` is all of 37.
fn area(division: &str) -> &str {
    let county = division.strip_suffix("00").unwrap_or(division);
    county.strip_suffix("00").unwrap_or(county)
}

fn filing_in_force(case: &Case, kind: &str, day: Date) -> bool {
    case.member.filings.iter().any(|f| {
        let here = f.place.as_ref().is_none_or(|p| case.facility.division.starts_with(area(p)));
        f.name == kind && f.span.contains(day) && here
    })
}

/// Whether an accident has its filing, which counts wherever the visit is.
pub(crate) fn accident_filed(case: &Case) -> bool {
    in_force(&case.member.filings, "accident", case.visit.begin)
}

/// One pregnancy, else one approval, else one referral: what is in force at the end of the visit.
fn filing_record(case: &Case) -> String {
    let end = case.visit.end;
    let pregnancy = case.member.pregnancy.iter().find(|p| p.span.contains(end));
    if let Some(pregnancy) = pregnancy {
        return pregnancy.name.clone();
    }
    if let Some(disease) = &case.visit.disease {
        return disease.clone();
    }
    let referral =
        case.member.filings.iter().find(|f| f.name == "referral" && f.span.contains(end));
    match referral.and_then(|f| f.span.from) {
        Some(from) => format!("referral:{}", from.text()),
        None => "referral".to_owned(),
    }
}

/// How many diseases have approvals in force, of those the pack counts; a disease that the pack does not list is its code.
fn approved(pack: &Pack, case: &Case, day: Date) -> i128 {
    let mut listed = BTreeSet::new();
    let mut unlisted = BTreeSet::new();
    for approval in case.member.approvals.iter().filter(|a| a.span.contains(day)) {
        match pack.diseases.iter().find(|d| d.codes.contains(&approval.name)) {
            Some(disease) => listed.insert(disease.id.as_str()),
            None => unlisted.insert(approval.name.as_str()),
        };
    }
    if let Some(of) = &pack.approvals_of {
        listed.retain(|id| of.iter().any(|counted| counted == id));
        if !of.iter().any(|counted| counted == "other") {
            unlisted.clear();
        }
    }
    i128::try_from(listed.len() + unlisted.len()).expect("a list has fewer than 2^127 rows")
}

/// The approvals in force for a disease at this facility.
pub(crate) fn approval_for(case: &Case, day: Date) -> Option<Approval> {
    let code = case.visit.disease.as_ref()?;
    let found = case.member.approvals.iter().find(|a| {
        let here = a.place.as_ref().is_none_or(|p| *p == case.facility.code);
        a.name == *code && a.span.contains(day) && here
    })?;
    Some(Approval { limit: found.limit })
}

fn distance(pack: &Pack, division: &str) -> &'static str {
    let within = |prefixes: &[String]| prefixes.iter().any(|p| division.starts_with(p.as_str()));
    if within(&pack.divisions) {
        "home"
    } else if within(&pack.city) {
        "city"
    } else if within(&pack.province) {
        "province"
    } else {
        "away"
    }
}

fn held(pack: &Pack, case: &Case, day: Date) -> Vec<String> {
    let covers = pack.covers.iter().filter(|cover| match &case.member.spells {
        None => **cover == case.member.insutype,
        Some(spells) => in_force(spells, cover, day),
    });
    covers.cloned().collect()
}

/// The levels of the prescribers that lines name, each once.
pub(crate) fn prescriber_levels(case: &Case, benefit: &Benefit) -> Vec<String> {
    let mut levels: Vec<String> = match &case.bill {
        BillIn::Lines(lines) if benefit.level_of == "prescriber" => {
            lines.iter().filter_map(|line| line.prescriber.clone()).collect()
        }
        BillIn::Lines(_) | BillIn::Totals(_) => Vec::new(),
    };
    levels.sort();
    levels.dedup();
    levels
}

impl Facts {
    /// What holds on the governing days.
    pub(crate) fn of(pack: &Pack, case: &Case, benefit: &Benefit, on: Governing) -> Facts {
        let (member, visit) = (&case.member, &case.visit);
        let identity = pack
            .identities
            .iter()
            .find(|(_, types)| types.iter().any(|t| in_force(&member.identities, t, on.identity)));
        let filing = pack.filings.iter().find(|f| filing_in_force(case, f, on.filing));
        let distance = distance(pack, &case.facility.division);
        let off_region = match pack.off_region_from.as_str() {
            "city" => distance != "home",
            "province" => distance == "province" || distance == "away",
            _ => distance == "away",
        };
        let disease = visit
            .disease
            .as_ref()
            .map(|code| (code, pack.diseases.iter().find(|d| d.codes.iter().any(|c| c == code))));
        let here = &case.facility;
        let (level, deductible_level) = match prescriber_levels(case, benefit).pop() {
            Some(level) => (level.clone(), level),
            None => {
                let level = here.level.clone();
                (level.clone(), here.deductible_level.clone().unwrap_or(level))
            }
        };
        let contribution =
            member.contribution.as_ref().filter(|c| pack.contributions.contains(*c)).cloned();
        let none = || "none".to_owned();
        Facts {
            day: on.pack,
            slots_day: on.pack,
            year: on.pack.year,
            benefit: benefit.id.clone(),
            scheme: member.insutype.clone(),
            held: held(pack, case, on.cover),
            civil_servant: member.civil_servant,
            identity: identity.map_or_else(none, |(id, _)| id.clone()),
            filing: filing.cloned().unwrap_or_else(none),
            distance: distance.to_owned(),
            off_region,
            person: person_class(pack, &member.psn_type).unwrap_or_default().to_owned(),
            age: member.birth.map(|birth| on.age.age_of(birth)),
            deductible_level,
            level,
            contribution: contribution.unwrap_or_else(none),
            paid_years: member.paid_years,
            disease: match &disease {
                None => none(),
                Some((_, None)) => "other".to_owned(),
                Some((_, Some(listed))) => listed.id.clone(),
            },
            disease_code: visit.disease.clone(),
            disease_group: disease.and_then(|(_, listed)| listed?.group.clone()),
            accident: visit.accident && accident_filed(case),
            approvals: approved(pack, case, on.approval),
            approval: approval_for(case, on.approval),
            pregnancy: member
                .pregnancy
                .as_ref()
                .filter(|p| p.span.contains(on.pack))
                .map(|p| p.name.clone()),
            filing_record: filing_record(case),
            birth: visit.birth.clone().unwrap_or_else(none),
            family_planning: visit.family_planning.clone().unwrap_or_else(none),
            fetuses: visit.fetuses,
            continued: visit.continues.is_some(),
            channel: if case.manual { "manual" } else { "direct" }.to_owned(),
            days: visit.begin.days_to(visit.end).max(1),
            stay: visit.continues.clone().unwrap_or_else(|| visit.id.clone()),
        }
    }
}
