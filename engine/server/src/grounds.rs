//! The grounds of a refusal: for every reason, the fields of the case that it rests on, and what was found there.

use serde::Serialize;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::limits::{BILL_FEN_MAX, LINES_MAX, SLOT_FEN_MAX, YEAR_PARTS_MAX};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Agreement, Pack};
use yidan_settlement::reason::{Reason, Refusal};

use crate::case::{
    AgreementName, Amount, ApprovalCase, Case, DayText, FilingName, LineCase, TotalsCase,
};
use crate::facts::hospital_level;

/// One field that a refusal rests on.
#[derive(Debug, Clone, Eq, PartialEq, Serialize)]
pub struct Ground {
    /// Its path, as `visit.med_type` or `lines[1].cnt`.
    pub field: String,
    /// What stands there; empty where nothing does.
    pub found: String,
    /// What would have done, where it can be said in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// The grounds of a refusal, the first the one to look at first. `pack` is the one the case was to be settled by.
pub fn grounds(refusal: &Refusal, case: &Case, pack: Option<&Pack>) -> Vec<Ground> {
    let (member, visit, facility) = (&case.member, &case.visit, &case.facility);
    let index = refusal.line.and_then(|line| usize::try_from(line).ok());
    let lines = case.lines.as_deref().unwrap_or(&[]);
    let row = Row { lines, index };
    let data = pack.map(Pack::data);
    let med_type = || ground("visit.med_type", &visit.med_type.0);
    let psn_type = || ground("member.psn_type", &member.psn_type);
    let insutype = || ground("member.insutype", &member.insutype);
    let begin = || ground("visit.begntime", &visit.begntime.0.to_string());
    let end = || moment("visit.endtime", visit.endtime.map(|time| time.0));
    let settled = || moment("visit.setl_time", visit.setl_time.map(|time| time.0));
    match refusal.reason {
        Reason::PoolWithoutPack => {
            vec![ground("admdvs", case.admdvs.as_deref().unwrap_or_default())]
        }
        Reason::PackNotInForce => {
            let span = data.map(|data| between(data.span.from, data.span.to));
            vec![end(), begin(), settled()].into_iter().map(|one| one.expecting(&span)).collect()
        }
        Reason::DatesReversed => {
            let last = visit.endtime.unwrap_or(visit.begntime).0;
            let first_two = visit.begntime.0 > last;
            if first_two { vec![begin(), end()] } else { vec![end(), settled()] }
        }
        Reason::MemberNotInForce | Reason::MemberInWaitingTime => {
            let mut all = spells(case);
            all.extend([insutype(), begin(), end()]);
            all
        }
        Reason::SchemeUnknown => {
            let schemes = data.into_iter().flat_map(|data| &data.schemes);
            let known = schemes.filter_map(|scheme| scheme.insutype.map(|one| one.to_string()));
            vec![insutype().expecting(&list(known))]
        }
        Reason::PersonTypeUnmapped => {
            let known = data.into_iter().flat_map(|data| &data.person_types);
            vec![psn_type().expecting(&list(known.map(|one| one.text.clone())))]
        }
        Reason::VisitTypeUnmapped => {
            let known = data.into_iter().flat_map(|data| &data.visit_types);
            vec![med_type().expecting(&list(known.map(|one| one.text.clone())))]
        }
        Reason::FacilityWithoutAgreement => {
            let needed = pack
                .and_then(|pack| pack.benefit(&visit.med_type.0))
                .and_then(|id| data?.benefits.get(id.index()))
                .map(|benefit| agreement_name(benefit.agreement).to_owned());
            let agreements = facility.agreements.iter().flatten().enumerate();
            let mut all: Vec<Ground> = agreements
                .map(|(index, one)| {
                    let kinds: Vec<&str> = one.r#for.iter().map(|name| named(*name)).collect();
                    let found = format!("{} {}", kinds.join(","), days(one.from, one.to));
                    ground(&format!("facility.agreements[{index}]"), &found).expecting(&needed)
                })
                .collect();
            if all.is_empty() {
                all.push(ground("facility.agreements", "").expecting(&needed));
            }
            all.extend([
                ground("facility.fixmedins_code", &facility.fixmedins_code),
                med_type(),
                begin(),
            ]);
            all
        }
        Reason::ThirdPartyLiability => vec![flag("visit.rel_ttp_flag", visit.rel_ttp_flag.0)],
        Reason::WorkInjury => vec![med_type()],
        Reason::AccidentWithoutFiling => {
            let mut all = vec![flag("visit.trum_flag", visit.trum_flag.0)];
            let filings = member.filings.iter().enumerate();
            let accidents = filings.filter(|(_, one)| one.r#type == FilingName::Accident);
            all.extend(accidents.map(|(index, one)| {
                ground(&format!("member.filings[{index}]"), &days(one.from, one.to))
            }));
            if all.len() == 1 {
                all.push(ground("member.filings", ""));
            }
            all.push(begin());
            all
        }
        Reason::ApprovalMissing => {
            let mut all =
                vec![ground("visit.dise_codg", visit.dise_codg.as_deref().unwrap_or_default())];
            all.extend(member.approvals.iter().enumerate().map(approval));
            if member.approvals.is_empty() {
                all.push(ground("member.approvals", ""));
            }
            all.extend([ground("facility.fixmedins_code", &facility.fixmedins_code), end()]);
            all
        }
        Reason::PrescribersDiffer => prescribers(lines),
        Reason::BirthdayMissing => vec![ground("member.brdy", "")],
        Reason::NothingToSettle => vec![ground("lines", ""), ground("totals", "")],
        Reason::TooManyLines => {
            let most = Some(format!("至多 {LINES_MAX}"));
            vec![ground("lines", &lines.len().to_string()).expecting(&most)]
        }
        Reason::DuplicateLine => row.and_its_like("feedetl_sn", |line| &line.feedetl_sn.0),
        Reason::AmountOutOfBounds => match row.line() {
            Some(_) => row.fields(&["cnt", "pric", "det_item_fee_sumamt"]),
            None => or_the_bill(amounts(case, |fen| fen.get() > BILL_FEN_MAX), case),
        },
        Reason::NegativeAmount => match row.line() {
            Some(_) => row.fields(&["cnt", "det_item_fee_sumamt", "init_feedetl_sn"]),
            None => or_the_bill(amounts(case, Fen::is_negative), case),
        },
        Reason::ReturnWithoutLine => row.fields(&["init_feedetl_sn"]),
        Reason::ReturnUnlikeLine => {
            row.and_what_it_returns(&["med_list_codg", "pric", "cnt", "det_item_fee_sumamt"])
        }
        Reason::ReturnExceedsLine => row.and_what_it_returns(&["cnt", "det_item_fee_sumamt"]),
        Reason::AmountMismatch => row.fields(&["det_item_fee_sumamt", "pric", "cnt"]),
        Reason::TotalsMismatch => case.totals.as_ref().map_or_else(Vec::new, totals),
        Reason::LinesNeeded => {
            let mut all = vec![ground("lines", ""), begin(), end()];
            all.extend(member.spells.as_ref().map_or_else(Vec::new, |_| spells(case)));
            all
        }
        Reason::TooManyYears => {
            let most = Some(format!("至多跨 {YEAR_PARTS_MAX} 个年度"));
            vec![begin().expecting(&most), end().expecting(&most)]
        }
        Reason::InternalCheckFailed => {
            vec![ground("visit.mdtrt_id", visit.mdtrt_id.as_deref().unwrap_or_default())]
        }
    }
}

impl Ground {
    fn expecting(self, expected: &Option<String>) -> Ground {
        Ground { expected: expected.clone(), ..self }
    }
}

/// The lines of a case, and the one that was refused.
struct Row<'c> {
    lines: &'c [LineCase],
    index: Option<usize>,
}

impl<'c> Row<'c> {
    fn line(&self) -> Option<(usize, &'c LineCase)> {
        self.index.and_then(|index| Some((index, self.lines.get(index)?)))
    }

    /// These fields of the line.
    fn fields(&self, names: &[&str]) -> Vec<Ground> {
        self.line().map_or_else(Vec::new, |(index, line)| of_line(index, line, names))
    }

    /// A field of the line and of the first that says the same there.
    fn and_its_like(&self, name: &str, text: impl Fn(&LineCase) -> &String) -> Vec<Ground> {
        let mut all = self.fields(&[name]);
        let Some((_, line)) = self.line() else { return all };
        let first = self.lines.iter().position(|one| text(one) == text(line));
        let first = first.and_then(|index| Some((index, self.lines.get(index)?)));
        all.extend(first.into_iter().flat_map(|(index, line)| of_line(index, line, &[name])));
        all
    }

    /// These fields of the line, the line that it returns, and the same fields of that.
    fn and_what_it_returns(&self, names: &[&str]) -> Vec<Ground> {
        let mut all = self.fields(&["init_feedetl_sn"]);
        all.extend(self.fields(names));
        let returned = self.line().and_then(|(_, line)| line.init_feedetl_sn.as_ref());
        let place = self.lines.iter().position(|one| Some(&one.feedetl_sn) == returned);
        let parent = place.and_then(|index| Some((index, self.lines.get(index)?)));
        all.extend(parent.into_iter().flat_map(|(index, line)| of_line(index, line, names)));
        all
    }
}

fn ground(field: &str, found: &str) -> Ground {
    Ground { field: field.to_owned(), found: found.to_owned(), expected: None }
}

fn flag(field: &str, found: bool) -> Ground {
    ground(field, if found { "1" } else { "0" })
}

fn moment(field: &str, found: Option<Moment>) -> Ground {
    ground(field, &found.map_or_else(String::new, |time| time.to_string()))
}

fn of_line(index: usize, line: &LineCase, names: &[&str]) -> Vec<Ground> {
    let text = |name: &&str| match *name {
        "feedetl_sn" => line.feedetl_sn.0.clone(),
        "med_list_codg" => line.med_list_codg.clone(),
        "cnt" => line.cnt.0.to_units().normalize().to_string(),
        "pric" => line.pric.0.to_yuan().normalize().to_string(),
        "det_item_fee_sumamt" => line.det_item_fee_sumamt.0.to_string(),
        "init_feedetl_sn" => line.init_feedetl_sn.as_ref().map_or("", |code| &code.0).to_owned(),
        other => unreachable!("{other} is no ground of a refusal"),
    };
    names.iter().map(|name| ground(&format!("lines[{index}].{name}"), &text(name))).collect()
}

/// The spells that were given, of any scheme; the field itself where there is none.
fn spells(case: &Case) -> Vec<Ground> {
    let given = case.member.spells.iter().flatten().enumerate();
    let mut all: Vec<Ground> = given
        .map(|(index, spell)| {
            let waiting =
                spell.waiting_to.map_or_else(String::new, |day| format!("，等待期至 {}", day.0));
            let found = format!("{} {}{waiting}", spell.insutype, days(Some(spell.from), spell.to));
            ground(&format!("member.spells[{index}]"), &found)
        })
        .collect();
    if all.is_empty() {
        all.push(ground("member.spells", ""));
    }
    all
}

fn approval((index, one): (usize, &ApprovalCase)) -> Ground {
    let place = one.fixmedins_code.as_deref().unwrap_or("任一机构");
    let found = format!("{} {} {place}", one.dise_codg, days(one.from, one.to));
    ground(&format!("member.approvals[{index}]"), &found)
}

/// The first line of each prescriber's level.
fn prescribers(lines: &[LineCase]) -> Vec<Ground> {
    let outside = lines.iter().enumerate().filter(|(_, line)| line.rx_circ_flag.0);
    let mut seen = Vec::new();
    let mut all = Vec::new();
    for (index, line) in outside {
        let Some(written) = &line.rx_hosp_lv else { continue };
        let path = format!("lines[{index}].rx_hosp_lv");
        let level = hospital_level(&path, written).ok();
        if !seen.contains(&level) {
            seen.push(level);
            all.push(ground(&path, &written.0));
        }
    }
    all
}

/// Balances, totals and slots of a case that are not as they should be.
fn amounts(case: &Case, wrong: impl Fn(Fen) -> bool) -> Vec<Ground> {
    let member = &case.member;
    let mut all: Vec<(String, Fen)> = Vec::new();
    all.extend(member.balc.map(|balance| ("member.balc".to_owned(), balance.0)));
    let shared = member.mulaid.iter().flatten().enumerate();
    all.extend(shared.filter_map(|(index, one)| {
        one.balc.map(|balance| (format!("member.mulaid[{index}].balc"), balance.0))
    }));
    if let Some(totals) = &case.totals {
        all.extend(of_totals(totals).map(|(name, amount)| (name, amount.0)));
    }
    let mut found: Vec<Ground> = all
        .into_iter()
        .filter(|(_, amount)| wrong(*amount))
        .map(|(field, amount)| ground(&field, &amount.to_string()))
        .collect();
    for (period, slots) in member.slots.iter().flatten() {
        for (slot, value) in slots {
            if !(0..=SLOT_FEN_MAX).contains(&value.0.get()) {
                found.push(ground(&format!("member.slots.{period}.{slot}"), &value.0.to_string()));
            }
        }
    }
    found
}

/// Where no single amount is at fault, all of them together are.
fn or_the_bill(found: Vec<Ground>, case: &Case) -> Vec<Ground> {
    if !found.is_empty() {
        return found;
    }
    let sum = |lines: &Vec<LineCase>| {
        lines.iter().map(|line| i128::from(line.det_item_fee_sumamt.0.get())).sum::<i128>()
    };
    match (&case.totals, &case.lines) {
        (Some(given), _) => totals(given),
        (None, Some(lines)) => {
            let fen = sum(lines);
            let found = format!("合计 {}.{:02}", fen / 100, (fen % 100).abs());
            vec![ground("lines", &found)]
        }
        (None, None) => vec![ground("lines", "")],
    }
}

fn totals(totals: &TotalsCase) -> Vec<Ground> {
    of_totals(totals).map(|(field, amount)| ground(&field, &amount.0.to_string())).collect()
}

fn of_totals(totals: &TotalsCase) -> impl Iterator<Item = (String, Amount)> {
    let whole = [
        ("medfee_sumamt", totals.medfee_sumamt),
        ("fulamt_ownpay_amt", totals.fulamt_ownpay_amt),
        ("overlmt_selfpay", totals.overlmt_selfpay),
        ("preselfpay_amt", totals.preselfpay_amt),
        ("inscp_scp_amt", totals.inscp_scp_amt),
    ];
    let kinds = totals.kinds.iter().flat_map(|(kind, parts)| {
        [
            ("fulamt_ownpay_amt", parts.fulamt_ownpay_amt),
            ("overlmt_selfpay", parts.overlmt_selfpay),
            ("preselfpay_amt", parts.preselfpay_amt),
            ("inscp_scp_amt", parts.inscp_scp_amt),
        ]
        .map(|(name, amount)| (format!("totals.kinds.{kind}.{name}"), amount))
    });
    whole.map(|(name, amount)| (format!("totals.{name}"), amount)).into_iter().chain(kinds)
}

fn list(known: impl Iterator<Item = String>) -> Option<String> {
    let known: Vec<String> = known.collect();
    (!known.is_empty()).then(|| known.join("、"))
}

fn days(from: Option<DayText>, to: Option<DayText>) -> String {
    between(from.map_or(Day::MIN, |day| day.0), to.map_or(Day::MAX, |day| day.0))
}

/// From a day to the last one inside.
fn between(from: Day, to: Day) -> String {
    match (from == Day::MIN, to == Day::MAX) {
        (true, true) => "始终有效".to_owned(),
        (true, false) => format!("{to} 之前"),
        (false, true) => format!("{from} 起"),
        (false, false) => format!("{from} 起、{to} 之前"),
    }
}

const fn agreement_name(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Inpatient => "inpatient",
        Agreement::Outpatient => "outpatient",
        Agreement::Chronic => "chronic",
        Agreement::Pharmacy => "pharmacy",
    }
}

const fn named(name: AgreementName) -> &'static str {
    match name {
        AgreementName::Inpatient => "inpatient",
        AgreementName::Outpatient => "outpatient",
        AgreementName::Chronic => "chronic",
        AgreementName::Pharmacy => "pharmacy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_grounds_that_are_fields_of_a_case() {
        let by_lines = r#"{"admdvs":"630100","member":{"psn_no":"P1","insutype":"390","psn_type":"15"},
          "facility":{"fixmedins_code":"H1","admdvs":"630103","kind":"hospital","hosp_lv":"三级"},
          "visit":{"med_type":"21","begntime":"2024-03-01"},"lines":[
           {"feedetl_sn":"1","med_list_codg":"A","fee_ocur_time":"2024-03-01","cnt":"1","pric":"2","det_item_fee_sumamt":"2",
            "rx_circ_flag":"1","rx_hosp_lv":"三级"},
           {"feedetl_sn":"1","med_list_codg":"B","fee_ocur_time":"2024-03-01","cnt":"-1","pric":"3","det_item_fee_sumamt":"-2",
            "init_feedetl_sn":"1","rx_circ_flag":"1","rx_hosp_lv":"二级"}]}"#;
        let by_lines = Case::parse(by_lines, 1).expect("a case");
        let mut by_totals = by_lines.clone();
        by_totals.lines = None;
        by_totals.totals = serde_json::from_str(r#"{"medfee_sumamt":"2"}"#).expect("totals");
        for reason in Reason::ALL {
            let of_totals = matches!(reason, Reason::TotalsMismatch | Reason::LinesNeeded);
            let case = if of_totals { &by_totals } else { &by_lines };
            let all = grounds(&Refusal::at(*reason, 1), case, None);
            assert!(!all.is_empty(), "{reason} names no field");
            for one in all {
                let root = one.field.split(['.', '[']).next().unwrap_or_default();
                let roots = ["admdvs", "member", "facility", "visit", "lines", "totals"];
                assert!(roots.contains(&root), "{reason}: {}", one.field);
            }
        }
    }
}
