//! What a case says, field by field as the field's words: members, facilities, visits, lines. No pack is asked here.

use yidan_settlement::catalogue::{Level, Sex};
use yidan_settlement::claim::{
    AccountUse, AgreementRecord, FilingRecord, HospitalApproval, LineParts, Spell,
};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::facts::{
    AccidentFact, ApprovalFact, ChargesFacts, FacilityFacts, Filed, FixedFact, IdentityFact,
    LineFacts, MemberFacts, PregnancyFact, SettleFacts, Text, TotalsFacts, VisitChange, VisitFacts,
};
use yidan_settlement::id::{Admdvs, Insutype, VisitId};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Agreement, Channel, Filing, HospitalLevel};

use crate::case::{
    AgreementName, ApprovalCase, Case, ChangeCase, ChannelName, Code, DayText, FacilityCase,
    FilingCase, FilingName, FixedCase, LineCase, MemberCase, MulaidCase, SpellCase, TotalsCase,
    VisitCase,
};

/// A field that is well formed and yet means nothing: which, what was found, what was expected.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error("field `{field}`: expected {expected}, found {found:?}")]
pub struct FieldError {
    /// Path of the field.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What could stand there.
    pub expected: String,
}

/// All facts of a case.
#[derive(Debug)]
pub(crate) struct CaseFacts {
    pub(crate) member: MemberFacts,
    pub(crate) facility_code: String,
    pub(crate) facility: FacilityFacts,
    pub(crate) visit: VisitFacts,
    pub(crate) how: SettleFacts,
    pub(crate) charges: ChargesFacts,
}

impl CaseFacts {
    /// Reads them.
    pub(crate) fn of(case: &Case) -> Result<CaseFacts, FieldError> {
        let pool = case.admdvs.as_deref();
        let facility = facility_facts(&case.facility, pool)?;
        let insutype = insutype("member.insutype", &case.member.insutype)?;
        let member = member_facts(&case.member, pool)?;
        let visit = visit_facts(&case.visit, insutype)?;
        let how = settle_facts(&case.visit, case.channel)?;
        let charges = match (&case.lines, &case.totals) {
            (Some(lines), _) => ChargesFacts::Lines(line_facts(lines)?),
            (None, Some(totals)) => ChargesFacts::Totals(totals_facts(totals)),
            (None, None) => ChargesFacts::Uploaded,
        };
        let facility_code = case.facility.fixmedins_code.clone();
        Ok(CaseFacts { member, facility_code, facility, visit, how, charges })
    }
}

pub(crate) fn field(field: &str, found: &str, expected: &str) -> FieldError {
    FieldError { field: field.to_owned(), found: found.to_owned(), expected: expected.to_owned() }
}

/// What is known of a member.
pub(crate) fn member_facts(
    member: &MemberCase,
    pool: Option<&str>,
) -> Result<MemberFacts, FieldError> {
    // Given and empty, the member has no cover at all; not given, cover is for ever.
    let spells = member.spells.as_deref();
    let spells = spells.map(|spells| spells.iter().enumerate().map(spell).collect()).transpose()?;
    let mut facts = MemberFacts {
        admdvs: pool.unwrap_or_default().into(),
        psn_type: member.psn_type.as_str().into(),
        sex: sex("member.gend", member.gend.as_ref().map(|code| code.0.as_str()))?,
        birth: member.brdy.map(|day| day.0),
        civil_servant: member.cvlserv_flag.0,
        contribution: member.contribution_class.as_deref().map(Text::from),
        paid_years: member.paid_years.map_or(0, |years| years.0),
        spells,
        ..MemberFacts::default()
    };
    for (index, one) in member.identities.iter().enumerate() {
        let span = checked_span(&format!("member.identities[{index}]"), one.from, one.to)?;
        facts.identities.push(IdentityFact { kind: one.r#type.as_str().into(), span });
    }
    add_filings(member, &mut facts)?;
    for (index, one) in member.approvals.iter().enumerate() {
        facts.approvals.push(approval(&format!("member.approvals[{index}]"), one)?);
    }
    if let Some(one) = &member.pregnancy {
        let span = checked_span("member.pregnancy", one.from, one.to)?;
        facts.pregnancies.push(PregnancyFact { id: one.id.as_str().into(), span });
    }
    Ok(facts)
}

/// The accounts that share in a case, each with what it has.
pub(crate) fn family_balances(member: &MemberCase) -> Result<Vec<Fen>, FieldError> {
    let shared = member.mulaid.iter().flatten().enumerate();
    let balance = |(index, one): (usize, &MulaidCase)| {
        let balance = one.balc.map(|balance| balance.0);
        let field = || field(&format!("member.mulaid[{index}].balc"), "nothing", "what it has");
        balance.ok_or_else(field)
    };
    shared.map(balance).collect()
}

/// The owners of accounts that share with a member who is registered: what they have, their own accounts say.
pub(crate) fn family_owners(member: &MemberCase) -> Result<Vec<Text>, FieldError> {
    let shared = member.mulaid.iter().flatten().enumerate();
    let owner = |(index, one): (usize, &MulaidCase)| {
        let path = format!("member.mulaid[{index}]");
        if let Some(balance) = &one.balc {
            let expected = "nothing: the owner's own account says it";
            return Err(field(&format!("{path}.balc"), &balance.0.to_string(), expected));
        }
        if one.psn_no.is_empty() || one.psn_no.len() > 64 {
            return Err(field(&format!("{path}.psn_no"), &one.psn_no, "1 to 64 bytes"));
        }
        Ok(one.psn_no.as_str().into())
    };
    shared.map(owner).collect()
}

/// `gend`
pub(crate) fn sex(path: &str, code: Option<&str>) -> Result<Option<Sex>, FieldError> {
    match code {
        None | Some("0" | "9" | "") => Ok(None),
        Some("1") => Ok(Some(Sex::Male)),
        Some("2") => Ok(Some(Sex::Female)),
        Some(other) => Err(field(path, other, "0, 1 (男), 2 (女) or 9")),
    }
}

fn spell((index, spell): (usize, &SpellCase)) -> Result<Spell, FieldError> {
    let path = format!("member.spells[{index}]");
    let span = checked_span(&path, Some(spell.from), spell.to)?;
    let waiting_to = spell.waiting_to.map_or(span.from, |day| day.0);
    let insutype = insutype(&format!("{path}.insutype"), &spell.insutype)?;
    Ok(Spell { insutype, span, waiting_to })
}

fn add_filings(member: &MemberCase, facts: &mut MemberFacts) -> Result<(), FieldError> {
    for (index, one) in member.filings.iter().enumerate() {
        match filing(&format!("member.filings[{index}]"), one)? {
            OneFiling::OffRegion(filing) => facts.filings.push(filing),
            OneFiling::Accident(span) => facts.accident_filings.push(span),
        }
    }
    Ok(())
}

/// What one of `filings` is.
enum OneFiling {
    OffRegion(FilingRecord),
    Accident(Span),
}

fn filing(path: &str, filing: &FilingCase) -> Result<OneFiling, FieldError> {
    let span = checked_span(path, filing.from, filing.to)?;
    let place = filing.admdvs.as_deref();
    let place = place.map(|text| division(&format!("{path}.admdvs"), text)).transpose()?;
    let kind = match filing.r#type {
        FilingName::Residence => Filing::Residence,
        FilingName::Referral => Filing::Referral,
        FilingName::Emergency => Filing::Emergency,
        FilingName::Accident => return Ok(OneFiling::Accident(span)),
    };
    Ok(OneFiling::OffRegion(FilingRecord { kind, span, place }))
}

fn approval(path: &str, one: &ApprovalCase) -> Result<ApprovalFact, FieldError> {
    Ok(ApprovalFact {
        disease: one.dise_codg.as_str().into(),
        span: checked_span(path, one.from, one.to)?,
        facility: one.fixmedins_code.as_deref().map(Text::from),
        limit: one.limit.map(|limit| limit.0),
    })
}

/// What is filed by a command of its own: one of the three.
pub(crate) fn filed(
    of_filing: Option<&FilingCase>,
    of_approval: Option<&ApprovalCase>,
    of_fixed: Option<&FixedCase>,
) -> Result<Filed, FieldError> {
    match (of_filing, of_approval, of_fixed) {
        (Some(one), None, None) => Ok(match filing("filing", one)? {
            OneFiling::OffRegion(filing) => Filed::OffRegion(filing),
            OneFiling::Accident(span) => Filed::Accident(AccidentFact { span, injured: None }),
        }),
        (None, Some(one), None) => Ok(Filed::Disease(approval("approval", one)?)),
        (None, None, Some(one)) => Ok(Filed::Facility(FixedFact {
            business: one.biz_appy_type.0.as_str().into(),
            order: one.fix_srt_no.0.as_str().into(),
            facility: one.fixmedins_code.as_str().into(),
            span: checked_span("fixed", one.from, one.to)?,
        })),
        (None, None, None) => {
            Err(field("filing", "nothing", "one of `filing`, `approval` and `fixed`"))
        }
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (None, Some(_), Some(_)) => {
            Err(field("filing", "several", "one of `filing`, `approval` and `fixed`"))
        }
    }
}

/// What is known of a facility.
pub(crate) fn facility_facts(
    facility: &FacilityCase,
    pool: Option<&str>,
) -> Result<FacilityFacts, FieldError> {
    let level = hospital_level("facility.hosp_lv", &facility.hosp_lv)?;
    let (deductible_level, price_level) = levels(
        level,
        ("facility.dedc_hosp_lv", facility.dedc_hosp_lv.as_ref()),
        ("facility.lmtpric_hosp_lv", facility.lmtpric_hosp_lv.as_ref()),
    )?;
    let mut agreements = facility.agreements.as_ref().map(|all| Vec::with_capacity(all.len()));
    for (index, agreement) in facility.agreements.iter().flatten().enumerate() {
        let span =
            checked_span(&format!("facility.agreements[{index}]"), agreement.from, agreement.to)?;
        let kinds = agreement.r#for.iter().map(|name| match name {
            AgreementName::Inpatient => Agreement::Inpatient,
            AgreementName::Outpatient => Agreement::Outpatient,
            AgreementName::Chronic => Agreement::Chronic,
            AgreementName::Pharmacy => Agreement::Pharmacy,
        });
        if let Some(all) = &mut agreements {
            all.extend(kinds.map(|kind| AgreementRecord { kind, span }));
        }
    }
    let admdvs = place_of(facility, pool)?;
    Ok(FacilityFacts { admdvs, level, deductible_level, price_level, agreements })
}

/// The levels for deductibles and for prices: those stated, each under its path, else what the level implies.
pub(crate) fn levels(
    level: HospitalLevel,
    (deductible_path, deductible): (&str, Option<&Code>),
    (price_path, price): (&str, Option<&Code>),
) -> Result<(HospitalLevel, Level), FieldError> {
    let deductible_level = match deductible {
        None => level,
        Some(code) => match three_levels(deductible_path, code)? {
            Level::First => HospitalLevel::First,
            Level::Second => HospitalLevel::Second,
            Level::Third => HospitalLevel::Third,
        },
    };
    let price_level = match price {
        Some(code) => three_levels(price_path, code)?,
        None => match level {
            HospitalLevel::Third => Level::Third,
            HospitalLevel::Second => Level::Second,
            HospitalLevel::First | HospitalLevel::Unrated => Level::First,
        },
    };
    Ok((deductible_level, price_level))
}

/// Where a facility is. A pool that is no division (R1) is its own place.
pub(crate) fn place_of(facility: &FacilityCase, pool: Option<&str>) -> Result<Admdvs, FieldError> {
    match Admdvs::parse(yidan_image::NATIONAL) {
        Some(nowhere)
            if Some(facility.admdvs.as_str()) == pool && pool.and_then(Admdvs::parse).is_none() =>
        {
            Ok(nowhere)
        }
        Some(_) | None => division("facility.admdvs", &facility.admdvs),
    }
}

/// A visit as registered.
pub(crate) fn visit_facts(visit: &VisitCase, insutype: Insutype) -> Result<VisitFacts, FieldError> {
    let digit = |path, code: &Option<Code>| code.as_ref().map_or(Ok(0), |code| digit(path, code));
    Ok(VisitFacts {
        insutype,
        med_type: visit.med_type.0.as_str().into(),
        begin: visit.begntime.0,
        // Of a visit settled at once the settlement has it.
        end: None,
        disease: visit.dise_codg.as_deref().map(Text::from),
        diagnoses: visit.diagnoses.iter().map(|code| code.as_str().into()).collect(),
        // Its number is known where visits have numbers; the name of a case's stay is in its labels.
        continues: visit.continues.as_ref().map(|_| VisitId::new(0)),
        accident: visit.trum_flag.0,
        third_party: visit.rel_ttp_flag.0,
        birth: digit("visit.matn_type", &visit.matn_type)?,
        family_planning: digit("visit.birctrl_type", &visit.birctrl_type)?,
        fetuses: visit.fetts.map_or(1, |count| count.0).max(1),
    })
}

/// What is said anew of a registered visit.
pub(crate) fn visit_change(change: &ChangeCase) -> Result<VisitChange, FieldError> {
    let ChangeCase { med_type, begntime, endtime, dise_codg, diagnoses, .. } = change;
    let ChangeCase { trum_flag, rel_ttp_flag, matn_type, birctrl_type, fetts, .. } = change;
    let text = |code: &String| Text::from(code.as_str());
    let digit = |path, code: &Option<Code>| code.as_ref().map(|code| digit(path, code)).transpose();
    Ok(VisitChange {
        med_type: med_type.as_ref().map(|code| text(&code.0)),
        begin: begntime.map(|time| time.0),
        end: endtime.map(|end| end.map(|time| time.0)),
        disease: dise_codg.as_ref().map(|code| code.as_ref().map(text)),
        diagnoses: diagnoses.as_ref().map(|codes| codes.iter().map(text).collect()),
        accident: trum_flag.map(|flag| flag.0),
        third_party: rel_ttp_flag.map(|flag| flag.0),
        birth: digit("change.matn_type", matn_type)?,
        family_planning: digit("change.birctrl_type", birctrl_type)?,
        fetuses: fetts.map(|count| count.0.max(1)),
    })
}

/// A code of one digit; nought where it is empty.
fn digit(path: &str, code: &Code) -> Result<u8, FieldError> {
    if code.0.is_empty() {
        return Ok(0);
    }
    match code.0.trim_start_matches('0').parse::<u8>() {
        Ok(digit @ 1..=9) => Ok(digit),
        Ok(_) | Err(_) => Err(field(path, &code.0, "a digit from 1 to 9")),
    }
}

/// How a visit is settled.
fn settle_facts(visit: &VisitCase, channel: ChannelName) -> Result<SettleFacts, FieldError> {
    let end: Moment = visit.endtime.unwrap_or(visit.begntime).0;
    Ok(SettleFacts {
        channel: self::channel(channel),
        end,
        settled: visit.setl_time.map_or(end, |time| time.0),
        account: account_use("visit.acct_used_flag", visit.acct_used_flag.as_ref())?,
        tolerance: Fen::ZERO,
        mid_stay: visit.mid_setl_flag.0,
        total: None,
    })
}

/// How a claim reaches the fund.
pub(crate) fn channel(name: ChannelName) -> Channel {
    match name {
        ChannelName::Direct => Channel::Direct,
        ChannelName::Manual => Channel::Manual,
    }
}

/// `acct_used_flag`
pub(crate) fn account_use(path: &str, code: Option<&Code>) -> Result<AccountUse, FieldError> {
    match code.map(|code| code.0.as_str()) {
        None | Some("0" | "") => Ok(AccountUse::None),
        Some("1") => Ok(AccountUse::Own),
        Some("2") => Ok(AccountUse::Family),
        Some(other) => Err(field(path, other, "0, 1 (own account) or 2 (family accounts)")),
    }
}

/// Fee lines.
pub(crate) fn line_facts(lines: &[LineCase]) -> Result<Vec<LineFacts>, FieldError> {
    let line = |(index, line): (usize, &LineCase)| {
        let path = |name: &str| format!("lines[{index}].{name}");
        let approval = match line.hosp_appr_flag.as_ref().map(|code| code.0.as_str()) {
            None | Some("0" | "") => HospitalApproval::NotGiven,
            Some("1") => HospitalApproval::Given,
            Some("2") => HospitalApproval::Declined,
            Some(other) => {
                let expected = "0, 1 (approved) or 2 (declined)";
                return Err(field(&path("hosp_appr_flag"), other, expected));
            }
        };
        let level = |code: &Code| hospital_level(&path("rx_hosp_lv"), code);
        let named = line.init_feedetl_sn.as_ref().filter(|code| !code.0.is_empty());
        Ok(LineFacts {
            serial: line.feedetl_sn.0.as_str().into(),
            batch: line
                .chrg_bchno
                .as_ref()
                .map_or_else(Text::default, |code| code.0.as_str().into()),
            code: line.med_list_codg.as_str().into(),
            day: line.fee_ocur_time.0.day(),
            quantity: line.cnt.0,
            price: line.pric.0,
            amount: line.det_item_fee_sumamt.0,
            returns: named.map(|code| code.0.as_str().into()),
            approval,
            // Only of an outside prescription is the level that of another hospital.
            prescriber: line
                .rx_hosp_lv
                .as_ref()
                .map(level)
                .transpose()?
                .filter(|_| line.rx_circ_flag.0),
            days: line.prd_days.map(|days| days.0),
            maternity: line.matn_fee_flag.0,
        })
    };
    lines.iter().enumerate().map(line).collect()
}

/// Totals.
pub(crate) fn totals_facts(totals: &TotalsCase) -> TotalsFacts {
    TotalsFacts {
        total: totals.medfee_sumamt.0,
        parts: LineParts {
            own: totals.fulamt_ownpay_amt.0,
            over: totals.overlmt_selfpay.0,
            pre_pay: totals.preselfpay_amt.0,
            in_scope: totals.inscp_scp_amt.0,
        },
        kinds: totals
            .kinds
            .iter()
            .map(|(name, kind)| {
                let parts = LineParts {
                    own: kind.fulamt_ownpay_amt.0,
                    over: kind.overlmt_selfpay.0,
                    pre_pay: kind.preselfpay_amt.0,
                    in_scope: kind.inscp_scp_amt.0,
                };
                (name.as_str().into(), parts)
            })
            .collect(),
    }
}

/// `insutype`
pub(crate) fn insutype(path: &str, text: &str) -> Result<Insutype, FieldError> {
    Insutype::parse(text)
        .ok_or_else(|| field(path, text, "an insutype of three digits, as 310 or 390"))
}

fn division(path: &str, text: &str) -> Result<Admdvs, FieldError> {
    Admdvs::parse(text).ok_or_else(|| field(path, text, "a division of six digits, as 630103"))
}

/// A level by its name, or by its code of the `hosp_lv` table.
pub(crate) fn hospital_level(path: &str, code: &Code) -> Result<HospitalLevel, FieldError> {
    let text = code.0.as_str();
    let named = [
        ("三级", HospitalLevel::Third),
        ("二级", HospitalLevel::Second),
        ("一级", HospitalLevel::First),
        ("未定级", HospitalLevel::Unrated),
        ("无等级", HospitalLevel::Unrated),
    ];
    if let Some((_, level)) = named.iter().find(|(name, _)| text.starts_with(name)) {
        return Ok(*level);
    }
    match text.parse::<u8>() {
        Ok(1..=4 | 12) => Ok(HospitalLevel::Third),
        Ok(5..=7 | 13) => Ok(HospitalLevel::Second),
        Ok(8..=10 | 14) => Ok(HospitalLevel::First),
        Ok(11) => Ok(HospitalLevel::Unrated),
        Ok(_) | Err(_) => Err(field(
            path,
            text,
            "a level's name (三级甲等, 二级, 未定级 …) or its code 01–14 of the hosp_lv table",
        )),
    }
}

fn three_levels(path: &str, code: &Code) -> Result<Level, FieldError> {
    match code.0.trim_start_matches('0') {
        "1" => Ok(Level::First),
        "2" => Ok(Level::Second),
        "3" => Ok(Level::Third),
        other => Err(field(path, other, "1 (一级及以下), 2 (二级) or 3 (三级)")),
    }
}

fn span(from: Option<DayText>, to: Option<DayText>) -> Span {
    Span { from: from.map_or(Day::MIN, |day| day.0), to: to.map_or(Day::MAX, |day| day.0) }
}

fn checked_span(
    path: &str,
    from: Option<DayText>,
    to: Option<DayText>,
) -> Result<Span, FieldError> {
    let span = span(from, to);
    if span.from >= span.to {
        let found = format!("{} to {}", span.from, span.to);
        return Err(field(path, &found, "`from` before `to`, which is the first day not inside"));
    }
    Ok(span)
}
