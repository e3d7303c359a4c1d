//! The settlement statement (医疗保障基金结算单) as aligned text. It prints what a decision holds and computes nothing of it;
//! names of persons and numbers of their certificates are never printed.

mod refused;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use yidan_image::{EntryText, View};
use yidan_settlement::bill::Decision;
use yidan_settlement::claim::LineParts;
use yidan_settlement::date::Moment;
use yidan_settlement::explain::{self, makes_no_own_cost};
use yidan_settlement::id::Insutype;
use yidan_settlement::pack::{Axis, Pack};
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::LineReason;

use crate::answer;
use crate::case::{Case, ChannelName, Code, LineCase};
use crate::clerk::Settled;
use crate::explain_json::{PARTS_SHOWN, part_label};
use crate::text::{Side, Table, cut, money};

pub use refused::{advice, refusal};
use sheet::Sheet;

/// What to print besides the summaries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Every fee line.
    pub lines: bool,
}

/// `med_chrgitm_type` in words, from 01.
const CHARGE_TYPES: [&str; 14] = [
    "床位费",
    "诊察费",
    "检查费",
    "化验费",
    "治疗费",
    "手术费",
    "护理费",
    "卫生材料费",
    "西药费",
    "中药饮片费",
    "中成药费",
    "一般诊疗费",
    "挂号费",
    "其他费",
];

/// Columns of a table of fees: what, amount, and the four parts.
const FEES: [(Side, usize); 6] = [
    (Side::Left, 22),
    (Side::Right, 14),
    (Side::Right, 13),
    (Side::Right, 13),
    (Side::Right, 13),
    (Side::Right, 13),
];

/// The statement of a settled case. `view` is the region of the catalogue that the lines were looked up in, where there are lines;
/// see [`crate::bind::catalogue_of`].
pub fn statement(
    settled: &Settled<'_>,
    case: &Case,
    view: Option<View<'_>>,
    options: Options,
) -> String {
    let (decision, pack) = (settled.decision, settled.pack);
    let mut sheet = Sheet::default();
    head(settled, case, &mut sheet);
    sheet.heading("一、费用汇总（元）");
    sheet.table(fees(decision, case, view));
    if options.lines {
        sheet.heading("二、费用明细（元）");
        sheet.table(lines(decision, case, view));
    }
    sheet.heading(if options.lines {
        "三、基金支付（元）"
    } else {
        "二、基金支付（元）"
    });
    sheet.table(funds(decision, pack));
    sheet.heading(if options.lines {
        "四、费用负担（元）"
    } else {
        "三、费用负担（元）"
    });
    sheet.table(burden(decision));
    let notes = notes(settled, case, view);
    if !notes.is_empty() {
        sheet.heading(if options.lines { "五、说明" } else { "四、说明" });
        for (index, note) in notes.iter().enumerate() {
            sheet.text(&format!("{}. {note}", index + 1), 3);
        }
    }
    sheet.rule('=');
    sheet.print()
}

/// Where, who, what for, when.
fn head(settled: &Settled<'_>, case: &Case, sheet: &mut Sheet) {
    let (decision, pack) = (settled.decision, settled.pack);
    let (facility, member, visit) = (&case.facility, &case.member, &case.visit);
    let channel = match case.channel {
        ChannelName::Direct => "联网直接结算",
        ChannelName::Manual => "零星报销",
    };
    let turned = if decision.total.is_negative() { "  冲正" } else { "" };
    sheet.rule('=');
    sheet.centred("医疗保障基金结算单");
    sheet.centred(&format!("{}  {channel}  第 {} 号{turned}", pack.data().title, settled.number));
    sheet.rule('=');
    let data = pack.data();
    let at = decision.parts.last().map(|part| part.at).unwrap_or_default();
    let name = |names: &[String], index: u16| names.get(usize::from(index)).cloned();
    let scheme = Insutype::parse(&member.insutype).and_then(|insutype| pack.scheme(insutype));
    let scheme = scheme.and_then(|scheme| data.schemes.get(usize::from(scheme)));
    let benefit = data.benefits.get(decision.benefit.index()).map(|one| one.name.clone());
    let person = name(&data.persons, at.get(Axis::Person));
    let identity = at.get(Axis::Identity).checked_sub(1);
    let identity = identity.and_then(|class| name(&data.identities, class));
    let distance = one_of(&["统筹区内", "同市", "省内异地", "跨省异地"], at.get(Axis::Distance));
    let filing = one_of(&["无", "急诊抢救", "转诊", "长期居住"], at.get(Axis::Filing));
    let end = visit.endtime.unwrap_or(visit.begntime).0;
    let settled_at = visit.setl_time.map_or(end, |time| time.0);
    let facility_name = facility.fixmedins_name.as_deref().unwrap_or_default();
    sheet.pair("医药机构", &format!("{} {facility_name}", facility.fixmedins_code));
    sheet.pair("机构等级", &facility.hosp_lv.0);
    sheet.pair("人员编号", &member.psn_no);
    sheet.pair("险种", &coded(&member.insutype, scheme.map(|scheme| scheme.name.clone())));
    sheet.pair("人员类别", &coded(&member.psn_type, person));
    sheet.pair("救助身份", identity.as_deref().unwrap_or("无"));
    sheet.pair("医疗类别", &coded(&visit.med_type.0, benefit));
    sheet.pair("病种编码", visit.dise_codg.as_deref().unwrap_or("无"));
    sheet.pair("就医地", &format!("{} {distance}", facility.admdvs));
    sheet.pair("异地备案", filing);
    sheet.pair("就诊编号", &settled.mdtrt_id);
    sheet.pair("结算时间", &time(settled_at));
    sheet.pair("就诊起止", &format!("{} 至 {}", time(visit.begntime.0), time(end)));
    sheet.end_pairs();
}

fn one_of<'t>(texts: &[&'t str], index: u16) -> &'t str {
    texts.get(usize::from(index)).copied().unwrap_or_default()
}

/// A time; the day alone at midnight, which is how a time without hours is read.
fn time(moment: Moment) -> String {
    let text = moment.to_string();
    text.strip_suffix(" 00:00:00").map_or_else(|| text.clone(), str::to_owned)
}

/// A code with its name.
fn coded(code: &str, name: Option<String>) -> String {
    name.map_or_else(|| code.to_owned(), |name| format!("{code} {name}"))
}

/// Fees by kind of charge, and their sum.
fn fees(decision: &Decision, case: &Case, view: Option<View<'_>>) -> Table {
    let mut table = Table::new(&FEES);
    table.row(["费用类别", "金额", "全自费", "超限价", "先行自付", "范围内"]);
    let mut sums = [LineParts::default(); CHARGE_TYPES.len() + 1];
    for (outcome, text) in decision.lines.iter().zip(texts(decision, case, view)) {
        let place = text.and_then(|text| usize::from(text.charge_type).checked_sub(1));
        let place = place.filter(|place| *place < CHARGE_TYPES.len()).unwrap_or(sums.len() - 1);
        sums[place] = sums[place].plus(&outcome.parts);
    }
    // What the catalogue does not know has no kind of charge.
    for (name, sum) in CHARGE_TYPES.iter().chain([&"未归类"]).zip(&sums) {
        if *sum != LineParts::default() {
            fee_row(name, sum, &mut table);
        }
    }
    fee_row("合计", &decision.split, &mut table);
    table
}

/// What the catalogue says of each line; of a return what it says of the line it returns.
fn texts<'v>(
    decision: &Decision,
    case: &Case,
    view: Option<View<'v>>,
) -> Vec<Option<EntryText<'v>>> {
    let mut by_serial: HashMap<&Code, Option<EntryText<'v>>> = HashMap::new();
    let mut texts = Vec::with_capacity(decision.lines.len());
    for (line, outcome) in case.lines.iter().flatten().zip(&decision.lines) {
        let returned = line.init_feedetl_sn.as_ref().and_then(|serial| by_serial.get(serial));
        let own = || outcome.entry.and_then(|id| view.as_ref()?.entry_text(id));
        let text = returned.copied().flatten().or_else(own);
        by_serial.insert(&line.feedetl_sn, text);
        texts.push(text);
    }
    texts
}

fn fee_row(name: &str, parts: &LineParts, table: &mut Table) {
    let amounts = [parts.sum(), parts.own, parts.over, parts.pre_pay, parts.in_scope].map(money);
    let [sum, own, over, pre_pay, in_scope] = &amounts;
    table.row([name, sum, own, over, pre_pay, in_scope]);
}

/// Every fee line.
fn lines(decision: &Decision, case: &Case, view: Option<View<'_>>) -> Table {
    let mut table = Table::new(&FEES);
    table.row(["流水号 名称", "金额", "全自费", "超限价", "先行自付", "范围内"]);
    let texts = texts(decision, case, view);
    for ((line, outcome), text) in case.lines.iter().flatten().zip(&decision.lines).zip(texts) {
        fee_row(&line_name(line, outcome, text), &outcome.parts, &mut table);
    }
    table
}

/// Serial, name (or code), and the numbers of the reasons.
fn line_name(line: &LineCase, outcome: &LineOutcome, text: Option<EntryText<'_>>) -> String {
    let name = text.map_or(line.med_list_codg.as_str(), |text| text.name);
    let reasons: Vec<String> =
        outcome.reasons.iter().map(|reason| reason.number().to_string()).collect();
    let reasons =
        if reasons.is_empty() { String::new() } else { format!("[{}]", reasons.join(",")) };
    format!("{} {}{reasons}", cut(&line.feedetl_sn.0, 10), cut(name, 20))
}

/// One row a tier.
fn funds(decision: &Decision, pack: &Pack) -> Table {
    let mut table = Table::new(&[
        (Side::Left, 20),
        (Side::Right, 14),
        (Side::Right, 12),
        (Side::Right, 12),
        (Side::Right, 16),
        (Side::Right, 14),
    ]);
    table.row(["基金", "进入", "首先自付", "起付线", "比例段", "支付"]);
    let divided = decision.parts.len() > 1;
    for row in &decision.tiers {
        let Some(tier) = answer::tier(row, decision, pack) else { continue };
        let rates = rates(row, tier);
        let year = decision.parts.get(usize::from(row.stay_part)).filter(|_| divided);
        let year = year.map_or_else(String::new, |part| format!("（{} 年）", part.year));
        let amounts = [row.base, row.first_share, row.deductible, row.paid].map(money);
        let [base, first_share, deductible, paid] = &amounts;
        let name = format!("{} {}{year}", tier.fund, tier.name);
        table.row([&name, base, first_share, deductible, &rates, paid]);
    }
    table.row(["基金支付合计", "", "", "", "", &money(decision.fund_sum())]);
    table
}

/// The ratios that priced something, in order; only the first and last where there are many.
fn rates(row: &yidan_settlement::tiers::TierRow, tier: &yidan_settlement::pack::Tier) -> String {
    let rates: Vec<String> = answer::rates(row, tier).iter().map(ToString::to_string).collect();
    match rates.as_slice() {
        [] => "-".to_owned(),
        [first, .., last] if rates.len() > 3 => format!("{first}~{last}"),
        _ => rates.join("/"),
    }
}

/// Who bears what: on the left what the person's part is made of, on the right who pays.
fn burden(decision: &Decision) -> Table {
    let mut table =
        Table::new(&[(Side::Left, 20), (Side::Right, 20), (Side::Left, 28), (Side::Right, 20)]);
    let own = decision.split.own.minus(decision.facility_by_edits());
    let mut made_of = vec![("全自费", own), ("超限价", decision.split.over)];
    made_of.extend(PARTS_SHOWN.map(|part| (part_label(part), decision.borne(part))));
    made_of.push(("个人负担合计", decision.psn_part));
    let family = decision.account_family_sum();
    let paid_by = [
        ("    医疗费总额", decision.total),
        ("    基金支付", decision.fund_sum()),
        ("    医疗机构负担", decision.hosp_part),
        ("    个人负担", decision.psn_part),
        ("      其中 个人账户", decision.account_own),
        ("           家庭共济", family),
        ("           现金支付", decision.cash),
        ("    个人账户余额", decision.balance),
    ];
    table.row(["个人负担构成", "金额", "    费用由谁负担", "金额"]);
    for ((left, mine), (right, theirs)) in made_of.into_iter().zip(paid_by) {
        table.row([left, &money(mine), right, &money(theirs)]);
    }
    table
}

/// What the reader should know, and why lines are not wholly in scope.
fn notes(settled: &Settled<'_>, case: &Case, view: Option<View<'_>>) -> Vec<String> {
    let decision = settled.decision;
    let mut notes = crate::notes::notes(settled, case, view);
    if !decision.filing_loss.is_zero() {
        notes.push(format!("因未按规定办理异地备案，基金少支付 {}", money(decision.filing_loss)));
    }
    let outside = explain::outside(decision, false);
    for own in &outside.own {
        let reasons: Vec<String> = own.reasons.iter().map(|one| one.to_string()).collect();
        if reasons.is_empty() {
            continue;
        }
        let facility = if own.facility.is_zero() {
            String::new()
        } else {
            format!("（其中医疗机构负担 {}）", money(own.facility))
        };
        let (count, amount) = (own.lines.len(), money(own.amount));
        notes.push(format!("{}：{count} 条，全自费 {amount}{facility}", reasons.join("、")));
    }
    for (reason, taken) in
        [(LineReason::OverCeiling, &outside.over), (LineReason::FirstSelfPay, &outside.pre_pay)]
    {
        debug_assert!(makes_no_own_cost(reason), "told apart from own cost");
        if !taken.lines.is_empty() {
            let (count, amount) = (taken.lines.len(), money(taken.amount));
            notes.push(format!("{reason}：{count} 条，{amount}"));
        }
    }
    notes
}
