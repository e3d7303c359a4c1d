//! What records say of members, facilities, visits, filings and lines, and of how a visit is settled; nothing of what was decided.

use yidan_settlement::catalogue::{Level, Sex};
use yidan_settlement::claim::{AccountUse, AgreementRecord, FilingRecord, HospitalApproval, Spell};
use yidan_settlement::date::Day;
use yidan_settlement::event::Which;
use yidan_settlement::facts::{
    AccidentFact, ApprovalFact, FacilityFacts, Filed, FiledFact, FiledKind, FixedFact,
    IdentityFact, LineFacts, MemberFacts, PregnancyFact, SettleFacts, Text, VisitChange,
    VisitFacts,
};
use yidan_settlement::id::VisitId;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Agreement, Channel, Filing, HospitalLevel};

use super::form::{Facts, Form, Row, Said};
use crate::text::{Side, money};

/// A level as tables write it.
pub(crate) fn level(level: HospitalLevel) -> &'static str {
    match level {
        HospitalLevel::Third => "三级",
        HospitalLevel::Second => "二级",
        HospitalLevel::First => "一级",
        HospitalLevel::Unrated => "未定级",
    }
}

/// What an agreement is for, as tables write it.
pub(crate) fn agreement(kind: Agreement) -> &'static str {
    match kind {
        Agreement::Inpatient => "inpatient",
        Agreement::Outpatient => "outpatient",
        Agreement::Chronic => "chronic",
        Agreement::Pharmacy => "pharmacy",
    }
}

/// A level for ceilings as tables write it.
fn price_level(level: Level) -> &'static str {
    match level {
        Level::Third => "三级",
        Level::Second => "二级",
        Level::First => "一级",
    }
}

fn strings(texts: &[Text]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// All that is known of a member.
pub(super) fn member(form: &mut Form, facts: &MemberFacts) {
    let MemberFacts { admdvs, psn_type, sex, birth, civil_servant, contribution, .. } = facts;
    let MemberFacts { paid_years, spells, identities, filings, accident_filings, .. } = facts;
    let MemberFacts { approvals, pregnancies, family, filed, .. } = facts;
    let gend = sex.map(|sex| match sex {
        Sex::Male => "1",
        Sex::Female => "2",
    });
    let who = Facts::new()
        .text("admdvs", "of 参保地", admdvs)
        .code("psn_type", "psn_type 人员类别", psn_type)
        .some(gend, |facts, gend| facts.code("gend", "gend 性别", gend))
        .some(*birth, |facts, day| facts.text("brdy", "born 出生", day))
        .flag("cvlserv_flag", "civil servant 公务员", *civil_servant)
        .some(contribution.as_ref(), |facts, class| {
            facts.text("contribution_class", "contribution class 缴费档次", class)
        });
    let years = (*paid_years > 0).then_some(u64::from(*paid_years));
    let who =
        who.some(years, |facts, years| facts.number("paid_years", "years paid 缴费年限", years));
    form.line("member 参保人", who);
    match spells {
        None => form.words("cover 参保", &["in force without end".to_owned()], ""),
        Some(spells) => {
            if spells.is_empty() {
                form.words("cover 参保", &["none".to_owned()], "");
            }
            form.items("cover 参保", "spells", &each(spells, spell));
        }
    }
    form.items("identity 身份", "identities", &each(identities, identity));
    let mut all = each(filings, filing);
    all.extend(
        accident_filings.iter().map(|span| accident(&AccidentFact { span: *span, injured: None })),
    );
    form.items("filing 备案", "filings", &all);
    form.items("approval 慢特病", "approvals", &each(approvals, approval));
    form.items("pregnancy 生育", "pregnancies", &each(pregnancies, pregnancy));
    form.texts("mulaid 共济", "mulaid", &strings(family));
    form.items("filed 已备案", "filed", &each(filed, filed_fact));
}

fn each<T>(all: &[T], one: impl Fn(&T) -> Facts) -> Vec<Facts> {
    all.iter().map(one).collect()
}

fn spell(spell: &Spell) -> Facts {
    let waits = spell.waiting_to > spell.span.from && spell.waiting_to != Day::MIN;
    Facts::new()
        .code("insutype", "", spell.insutype)
        .span(spell.span)
        .some(waits.then_some(spell.waiting_to), |facts, day| {
            facts.text("waiting_to", "waiting to 等待期至", day)
        })
}

fn identity(one: &IdentityFact) -> Facts {
    Facts::new().text("type", "", &one.kind).span(one.span)
}

fn filing(one: &FilingRecord) -> Facts {
    let (name, words) = match one.kind {
        Filing::Residence => ("residence", "residence 异地长期居住"),
        Filing::Referral => ("referral", "referral 转诊"),
        Filing::Emergency => ("emergency", "emergency 急诊"),
        Filing::None => ("none", "none"),
    };
    Facts::new()
        .with("type", "", Said::Named(name, words))
        .some(one.place, |facts, place| facts.text("admdvs", "for 就医地", place))
        .span(one.span)
}

fn accident(one: &AccidentFact) -> Facts {
    Facts::new()
        .with("type", "", Said::Named("accident", "accident 意外伤害"))
        .some(one.injured, |facts, day| facts.text("trum_time", "injured 受伤", day))
        .span(one.span)
}

fn approval(one: &ApprovalFact) -> Facts {
    Facts::new()
        .text("dise_codg", "", &one.disease)
        .some(one.facility.as_ref(), |facts, code| facts.text("fixmedins_code", "at", code))
        .some(one.limit, |facts, limit| facts.money("limit", "limit 限额", limit))
        .span(one.span)
}

fn fixed(one: &FixedFact) -> Facts {
    Facts::new()
        .text("fixmedins_code", "", &one.facility)
        .code("biz_appy_type", "for", &one.business)
        .text("fix_srt_no", "place", &one.order)
        .span(one.span)
}

fn pregnancy(one: &PregnancyFact) -> Facts {
    Facts::new().text("id", "", &one.id).span(one.span)
}

/// What was filed, under the name that `file` of `yidan run` has for it.
fn what(facts: Facts, filed: &Filed) -> Facts {
    let (field, words, said) = match filed {
        Filed::OffRegion(one) => ("filing", "off-region 异地备案", filing(one)),
        Filed::Disease(one) => ("approval", "disease 门诊慢特病认定", approval(one)),
        Filed::Facility(one) => ("fixed", "chosen facility 人员定点", fixed(one)),
        Filed::Accident(one) => ("filing", "", accident(one)),
    };
    facts.with(field, words, Said::Within(said))
}

fn filed_fact(one: &FiledFact) -> Facts {
    let FiledFact { number, facility, infno, msgid, digest, what: filed } = one;
    let by = if facility.is_empty() { "the bureau 经办机构" } else { facility };
    what(Facts::new().with("trt_dcla_detl_sn", "", Said::Id(*number)), filed)
        .with("fixmedins_code", "by", Said::Shown(facility.to_string(), by.to_owned()))
        .with("infno", "", Said::Shown(format!("{infno:04}"), super::transaction(*infno)))
        .text("msgid", "msgid", msgid)
        .with("digest", "", Said::Shown(super::hex(digest), String::new()))
}

/// Something filed: what, and all that is known of the member from here on.
pub(super) fn filed(form: &mut Form, seq: u64, psn_no: &Text, filed: &Filed, facts: &MemberFacts) {
    let title = Facts::new()
        .with("trt_dcla_detl_sn", "trt_dcla_detl_sn", Said::Id(seq))
        .text("psn_no", "psn_no", psn_no);
    form.title("filed", "filed 备案", what(title, filed));
    known_from_here(form, facts);
}

/// What was filed withdrawn, and all that is known of the member from here on.
pub(super) fn unfiled(form: &mut Form, psn_no: &Text, filed: &FiledFact, facts: &MemberFacts) {
    let of = match filed.what.kind() {
        FiledKind::OffRegion => "filing",
        FiledKind::Disease => "approval",
        FiledKind::Facility => "fixed",
        FiledKind::Accident => "accident",
    };
    let title = Facts::new().text("psn_no", "psn_no", psn_no).text("of", "of", of);
    form.title("unfiled", "filing withdrawn 备案撤销", title);
    form.line_in("withdrawn 撤销", "withdrawn", &filed_fact(filed));
    known_from_here(form, facts);
}

/// Programs find it in an object of its own, as a filing has fields of the same names.
fn known_from_here(form: &mut Form, facts: &MemberFacts) {
    let mut known = Form::default();
    member(&mut known, facts);
    form.part("member", known);
}

/// A facility.
pub(super) fn facility(form: &mut Form, code: &Text, facts: &FacilityFacts) {
    let FacilityFacts { admdvs, level: of, deductible_level, price_level: priced, agreements } =
        facts;
    let title = Facts::new().text("fixmedins_code", "", code);
    form.title("facility", "facility registered 医药机构登记", title);
    let known = Facts::new()
        .text("admdvs", "in 就医地", admdvs)
        .text("hosp_lv", "level 等级", level(*of))
        .text("dedc_hosp_lv", "for deductibles 起付线等级", level(*deductible_level))
        .text("lmtpric_hosp_lv", "for ceilings 限价等级", price_level(*priced));
    form.line("facility 机构", known);
    let one = |one: &AgreementRecord| {
        Facts::new()
            .with("for", "", Said::Texts(vec![agreement(one.kind).to_owned()]))
            .span(one.span)
    };
    match agreements {
        None => form.words("agreement 协议", &["in force for all".to_owned()], ""),
        Some(agreements) => form.items("agreement 协议", "agreements", &each(agreements, one)),
    }
}

/// What is known of a visit.
pub(super) fn visit(facts: &VisitFacts) -> Facts {
    let VisitFacts { insutype, med_type, begin, end, disease, diagnoses, continues, .. } = facts;
    let VisitFacts { accident, third_party, birth, family_planning, fetuses, .. } = facts;
    let with = Facts::new()
        .code("insutype", "insutype 险种", insutype)
        .code("med_type", "med_type 医疗类别", med_type)
        .with("begntime", "begins", time(begin))
        .some(end.as_ref(), |facts, end| facts.with("endtime", "ends", time(end)))
        .some(disease.as_ref(), |facts, code| facts.text("dise_codg", "disease 病种", code));
    let diagnoses = (!diagnoses.is_empty()).then(|| strings(diagnoses));
    with.some(diagnoses, |facts, codes| {
        facts.with("diagnoses", "diagnoses 诊断", Said::Texts(codes))
    })
    .some(*continues, |facts, visit| facts.with("continues", "continues", id(visit)))
    .flag("trum_flag", "accident 外伤", *accident)
    .flag("rel_ttp_flag", "third party 涉及第三方", *third_party)
    .some(some_code(*birth), |facts, code| facts.code("matn_type", "birth 生育类别", code))
    .some(some_code(*family_planning), |facts, code| {
        facts.code("birctrl_type", "family planning 计划生育", code)
    })
    .some((*fetuses != 1).then_some(u64::from(*fetuses)), |facts, count| {
        facts.number("fetts", "children born 胎次", count)
    })
}

/// What is said anew of a visit.
pub(super) fn change(said: &VisitChange) -> Facts {
    let VisitChange { med_type, begin, end, disease, diagnoses, .. } = said;
    let VisitChange { accident, third_party, birth, family_planning, fetuses, .. } = said;
    Facts::new()
        .some(med_type.as_ref(), |facts, code| facts.code("med_type", "med_type 医疗类别", code))
        .some(begin.as_ref(), |facts, begin| facts.with("begntime", "begins", time(begin)))
        .some(end.as_ref(), |facts, end| match end {
            Some(end) => facts.with("endtime", "ends 出院", time(end)),
            None => facts.with("endtime", "end 出院", Said::None),
        })
        .some(disease.as_ref(), |facts, disease| match disease {
            Some(code) => facts.text("dise_codg", "disease 病种", code),
            None => facts.with("dise_codg", "disease 病种", Said::None),
        })
        .some(diagnoses.as_ref(), |facts, codes| {
            facts.with("diagnoses", "diagnoses 诊断", Said::Texts(strings(codes)))
        })
        .some(*accident, |facts, is| facts.with("trum_flag", "accident 外伤", yes(is)))
        .some(*third_party, |facts, is| {
            facts.with("rel_ttp_flag", "third party 涉及第三方", yes(is))
        })
        .some(*birth, |facts, code| facts.code("matn_type", "birth 生育类别", code))
        .some(*family_planning, |facts, code| {
            facts.code("birctrl_type", "family planning 计划生育", code)
        })
        .some(*fetuses, |facts, count| facts.number("fetts", "children born 胎次", count.into()))
}

/// A flag that is said, whichever it is.
fn yes(is: bool) -> Said {
    Said::Text(if is { "1" } else { "0" }.to_owned())
}

fn some_code(code: u8) -> Option<u8> {
    (code != 0).then_some(code)
}

/// The number that a visit is called by.
pub(super) fn id(visit: VisitId) -> Said {
    Said::Id(visit.get())
}

/// A time; the day alone at midnight, which is how a time without hours is read.
fn time(moment: &yidan_settlement::date::Moment) -> Said {
    let text = moment.to_string();
    let short = text.strip_suffix(" 00:00:00").unwrap_or(&text).to_owned();
    Said::Shown(text, short)
}

/// How a visit is settled.
pub(super) fn how(facts: Facts, how: &SettleFacts, has_end: bool) -> Facts {
    let SettleFacts { channel, end, settled, account, tolerance, mid_stay, total } = how;
    let (name, words) = match channel {
        Channel::Direct => ("direct", "direct 联网直接结算"),
        Channel::Manual => ("manual", "manual 零星报销"),
    };
    let account = match account {
        AccountUse::None => "0",
        AccountUse::Own => "1",
        AccountUse::Family => "2",
    };
    // One that is registered with the visit takes its place.
    facts
        .some((!has_end).then_some(end), |facts, end| facts.with("endtime", "ends", time(end)))
        .with("setl_time", "settled", time(settled))
        .with("channel", "", Said::Named(name, words))
        .code("acct_used_flag", "accounts 个账使用", account)
        .flag("mid_setl_flag", "in mid-stay 中途结算", *mid_stay)
        .some(Some(*tolerance).filter(|tolerance| !tolerance.is_zero()), |facts, tolerance| {
            facts.money("tolerance", "tolerance a line", tolerance)
        })
        .some(*total, |facts, total| facts.money("total_given", "total as given", total))
}

/// Lines as they were uploaded.
pub(super) fn lines(form: &mut Form, lines: &[LineFacts]) {
    let heads = [
        ("流水号", Side::Left),
        ("编码", Side::Left),
        ("日期", Side::Left),
        ("数量", Side::Right),
        ("单价", Side::Right),
        ("金额", Side::Right),
        ("批次", Side::Left),
    ];
    let mut sum = Fen::ZERO;
    let row = |line: &LineFacts| {
        sum = sum.plus(line.amount);
        let cells = vec![
            line.serial.to_string(),
            line.code.to_string(),
            line.day.to_string(),
            line.quantity.to_units().normalize().to_string(),
            line.price.to_yuan().normalize().to_string(),
            money(line.amount),
            line.batch.to_string(),
        ];
        Row::new(cells, &line_facts(line))
    };
    let rows: Vec<Row> = lines.iter().map(row).collect();
    let last = vec![
        format!("{} lines 合计", lines.len()),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        money(sum),
    ];
    form.table("lines 明细", "lines", &heads, rows, Some(last));
}

fn line_facts(line: &LineFacts) -> Facts {
    let batch = Some(&line.batch).filter(|batch| !batch.is_empty());
    let approval = match line.approval {
        HospitalApproval::NotGiven => "0",
        HospitalApproval::Given => "1",
        HospitalApproval::Declined => "2",
    };
    Facts::new()
        .text("feedetl_sn", "", &line.serial)
        .some(batch, |facts, batch| facts.text("chrg_bchno", "", batch))
        .text("med_list_codg", "", &line.code)
        .text("fee_ocur_time", "", line.day)
        .text("cnt", "", line.quantity.to_units())
        .text("pric", "", line.price.to_yuan())
        .money("det_item_fee_sumamt", "", line.amount)
        .some(line.returns.as_ref(), |facts, serial| facts.text("init_feedetl_sn", "", serial))
        .text("hosp_appr_flag", "", approval)
        .some(line.prescriber, |facts, of| facts.text("rx_hosp_lv", "", level(of)))
        .some(line.days, |facts, days| facts.number("prd_days", "", days.into()))
        .flag("matn_fee_flag", "", line.maternity)
}

/// Which lines are withdrawn.
pub(super) fn which(facts: Facts, which: &Which) -> Facts {
    match which {
        Which::All => {
            facts.with("lines", "", Said::Named("all", "all that are not settled 全部未结算明细"))
        }
        Which::Serials(serials) => {
            facts.with("feedetl_sn", "serials 流水号", Said::Texts(strings(serials)))
        }
        Which::Batch(batch) => facts.text("chrg_bchno", "batch 批次", batch),
    }
}
