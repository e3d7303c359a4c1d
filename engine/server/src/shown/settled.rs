//! What records say of settlements: the bill, its lines, what each tier paid and by which document, slots, postings.

use serde::Serialize;
use yidan_settlement::admit::SlotKey;
use yidan_settlement::bill::Decision;
use yidan_settlement::catalogue::Class;
use yidan_settlement::event::{Record, Settled};
use yidan_settlement::facts::LineFacts;
use yidan_settlement::id::SourceId;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::LineReason;
use yidan_settlement::tiers::TierRow;

use super::books::{Entries, Owners};
use super::form::{Facts, Form, Row, Said};
use super::hex;
use super::known::{how, id, visit};
use super::past::{Past, Policy, slot_name};
use crate::answer::{
    BandAnswer, LineAnswer, SetlDetail, SetlSums, TierAnswer, Yuan, rates, sources, tier,
};
use crate::explain_json::{SlotExplained, SlotFigure, SourceExplained};
use crate::text::{Side, money};

/// A fee line with the class that the catalogue gives it.
#[derive(Serialize)]
struct ShownLine {
    #[serde(flatten)]
    line: LineAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    chrgitm_lv: Option<&'static str>,
}

/// A tier whose pack is not at hand, by its number.
#[derive(Serialize)]
struct BareTier {
    tier: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<i32>,
    base: Yuan,
    first_share: Yuan,
    deductible: Yuan,
    covered: Yuan,
    above_cap: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap_left: Option<Yuan>,
    paid: Yuan,
    hosp_part: Yuan,
    filing_loss: Yuan,
}

/// A settlement.
pub(super) fn settled(form: &mut Form, record: &Record, settled: &Settled, past: &Past<'_>) {
    let (request, batch) = (&record.request, settled.batch.as_ref());
    let title = Facts::new()
        .with("setl_id", "setl_id", Said::Id(record.seq))
        .with("mdtrt_id", "mdtrt_id", id(settled.visit))
        .some(batch, |facts, batch| facts.text("chrg_bchno", "batch 批次", batch))
        .text("psn_no", "psn_no", &request.psn_no);
    form.title("settled", "settlement 结算", title);
    let policy = past.policy(settled.policy);
    let owners =
        Owners { psn_no: &request.psn_no, facility: &request.asker, shares: &settled.shares };
    body(form, settled, policy.as_ref(), owners, past);
    slots(form, settled, policy.as_ref());
    Entries::of(&settled.decision, owners).put(form);
    settled_by(form, settled, policy.as_ref(), past);
}

/// The visit, the bill, the lines, the tiers.
pub(super) fn body(
    form: &mut Form,
    settled: &Settled,
    policy: Option<&Policy>,
    owners: Owners<'_>,
    past: &Past<'_>,
) {
    let decision = &settled.decision;
    let pack = policy.and_then(|policy| policy.pack.as_deref());
    let has_end = settled.facts.end.is_some();
    form.line("visit 就诊", how(visit(&settled.facts), &settled.how, has_end));
    bill(form, &SetlSums::of(decision, pack));
    lines(form, settled, pack, owners.facility, past);
    if let Some(pack) = pack {
        let details = decision.tiers.iter().filter_map(|row| SetlDetail::of(row, decision, pack));
        form.object("setldetail", &details.collect::<Vec<_>>());
        tiers(form, decision, pack);
        documents(form, decision, pack);
    } else {
        bare_tiers(form, decision);
    }
}

/// The amounts of the bill.
pub(super) fn bill(form: &mut Form, sums: &SetlSums) {
    let text = |words: &str, amount: Yuan| format!("{words} {}", money(amount.0));
    let of_total = [
        text("total 医疗费总额", sums.medfee_sumamt) + " =",
        text("own cost 全自费", sums.fulamt_ownpay_amt) + " +",
        text("over ceiling 超限价", sums.overlmt_selfpay) + " +",
        text("pre-pay 先行自付", sums.preselfpay_amt) + " +",
        text("in scope 符合政策范围", sums.inscp_scp_amt),
    ];
    form.words("bill 费用", &of_total, " ");
    let paid = [
        ("basic pool 基本统筹", sums.hifp_pay),
        ("civil servants 公务员补助", sums.cvlserv_pay),
        ("enterprise 企业补充", sums.hifes_pay),
        ("critical illness 大病", sums.hifmi_pay),
        ("large-sum aid 大额补助", sums.hifob_pay),
        ("servicemen 伤残军人", sums.hifdm_pay),
        ("assistance 医疗救助", sums.maf_pay),
        ("other 其他", sums.oth_pay),
    ];
    let mut funds = vec![text("sum 基金支付总额", sums.fund_pay_sumamt)];
    let paid = paid.into_iter().filter(|(_, amount)| !amount.0.is_zero());
    funds.extend(paid.map(|(words, amount)| text(words, amount)));
    if let Some(deductible) = sums.act_pay_dedc {
        funds.push(text("deductible taken 起付线", deductible));
    }
    form.words("funds 基金", &funds, ", ");
    let mut borne = vec![
        text("facility 医院负担", sums.hosp_part_amt),
        [
            text("person 个人负担", sums.psn_part_amt) + " =",
            text("accounts 个人账户", sums.acct_pay) + " +",
            text("cash 个人现金", sums.psn_cash_pay),
        ]
        .join(" "),
    ];
    if !sums.acct_mulaid_pay.0.is_zero() {
        borne.push(text("family's among accounts 其中共济", sums.acct_mulaid_pay));
    }
    borne.extend(sums.balc.map(|balance| text("balance after 账户余额", balance)));
    form.words("borne by 负担", &borne, ", ");
    form.object("setlinfo", sums);
}

fn lines(form: &mut Form, settled: &Settled, pack: Option<&Pack>, facility: &str, past: &Past<'_>) {
    let outcomes = &settled.decision.lines;
    if outcomes.is_empty() {
        form.words("lines 明细", &["none: settled by totals 按费用合计申报".to_owned()], "");
        return;
    }
    let facts = past.lines(settled).filter(|lines| lines.len() == outcomes.len());
    let classes = match (&facts, pack) {
        (Some(facts), Some(pack)) => past.classes(settled, facts, pack, facility),
        (_, _) => None,
    };
    let heads = [
        ("流水号", Side::Left),
        ("编码", Side::Left),
        ("类", Side::Left),
        ("金额", Side::Right),
        ("全自费", Side::Right),
        ("超限价", Side::Right),
        ("先行自付", Side::Right),
        ("范围内", Side::Right),
        ("原因", Side::Left),
    ];
    let rows = outcomes.iter().enumerate().map(|(index, outcome)| {
        let facts = facts.as_ref().and_then(|facts| facts.get(index));
        let class = classes.as_ref().and_then(|classes| classes.get(index).copied().flatten());
        line(index, facts, outcome, class, pack)
    });
    form.table("lines 明细", "lines", &heads, rows.collect(), None);
    let mut reasons: Vec<LineReason> =
        outcomes.iter().flat_map(|outcome| outcome.reasons.iter()).collect();
    reasons.sort_unstable_by_key(|reason| reason.number());
    reasons.dedup();
    let words = |reason: &LineReason| format!("{} {}", reason.number(), reason.chinese());
    form.words("reasons 原因", &reasons.iter().map(words).collect::<Vec<_>>(), ", ");
}

fn line(
    index: usize,
    facts: Option<&LineFacts>,
    outcome: &LineOutcome,
    class: Option<Class>,
    pack: Option<&Pack>,
) -> Row {
    // Without its record a line is known by its place.
    let place = format!("#{}", index + 1);
    let named = match facts {
        Some(facts) => (facts.serial.as_str(), facts.code.as_str(), facts.amount),
        None => (place.as_str(), "", outcome.parts.sum()),
    };
    let (chrgitm_lv, class) = match class {
        Some(Class::A) => (Some("01"), "甲"),
        Some(Class::B) => (Some("02"), "乙"),
        Some(Class::C) => (Some("03"), "丙"),
        None => (None, "-"),
    };
    let line = LineAnswer::of(named, outcome, pack);
    let mut why: Vec<String> = line.reasons.iter().map(ToString::to_string).collect();
    if !line.hosp_part_amt.0.is_zero() {
        why.push(format!("facility 医院 {}", money(line.hosp_part_amt.0)));
    }
    if line.review {
        why.push("review 复核".to_owned());
    }
    let mut cells = vec![line.feedetl_sn.clone(), line.med_list_codg.clone()];
    cells.push(class.to_owned());
    let amounts = [
        line.det_item_fee_sumamt,
        line.fulamt_ownpay_amt,
        line.overlmt_amt,
        line.preselfpay_amt,
        line.inscp_scp_amt,
    ];
    cells.extend(amounts.map(|amount| money(amount.0)));
    cells.push(why.join(","));
    Row::new(cells, &ShownLine { line, chrgitm_lv })
}

/// Each tier, a line for each of its bands.
fn tiers(form: &mut Form, decision: &Decision, pack: &Pack) {
    let heads = [
        ("", Side::Left),
        ("进入", Side::Right),
        ("首先自付", Side::Right),
        ("起付线", Side::Right),
        ("区间", Side::Right),
        ("比例", Side::Right),
        ("支付", Side::Right),
        ("封顶余额", Side::Right),
        ("依据", Side::Left),
    ];
    let divided = decision.parts.len() > 1;
    let mut rows = Vec::new();
    let mut objects = Vec::new();
    for row in &decision.tiers {
        let Some(answer) = TierAnswer::of(row, decision, pack) else { continue };
        let year = if divided { format!(" {}", answer.year) } else { String::new() };
        let mut bands = bands(row, decision, pack, &answer.bands).into_iter();
        let (range, rate) = bands.next().unwrap_or_else(|| ("-".to_owned(), "-".to_owned()));
        rows.push(vec![
            format!("{} {}{year}", answer.fund, answer.id),
            money(row.base),
            money(row.first_share),
            money(row.deductible),
            range,
            rate,
            money(row.paid),
            row.cap_left.map_or_else(|| "-".to_owned(), money),
            answer.basis.join(" "),
        ]);
        for (range, rate) in bands {
            let mut cells = vec![String::new(); heads.len()];
            (cells[4], cells[5]) = (range, rate);
            rows.push(cells);
        }
        objects.push(answer);
    }
    form.grid("tiers 待遇", &heads, rows);
    form.object("tiers", &objects);
}

/// Ranges on the axis of the bands, each with its ratio.
fn bands(
    row: &TierRow,
    decision: &Decision,
    pack: &Pack,
    bands: &[BandAnswer],
) -> Vec<(String, String)> {
    let Some(of) = tier(row, decision, pack) else { return Vec::new() };
    let table = usize::try_from(row.row).ok().and_then(|index| of.rows.get(index));
    let range = |from: Fen, to: Fen| format!("{}-{}", money(from), money(to));
    if table.is_some_and(|table| !table.kind_bands.is_empty()) {
        // Kinds of lines have ratios of their own: which stretch is whose, the explanation says.
        let ratios: Vec<String> = rates(row, of).iter().map(ToString::to_string).collect();
        return vec![(range(row.begin, row.begin.plus(row.covered)), ratios.join("/"))];
    }
    bands.iter().map(|band| (range(band.from.0, band.to.0), band.ratio.clone())).collect()
}

/// Tiers whose pack is not at hand.
fn bare_tiers(form: &mut Form, decision: &Decision) {
    let heads = [
        ("", Side::Left),
        ("进入", Side::Right),
        ("首先自付", Side::Right),
        ("起付线", Side::Right),
        ("支付", Side::Right),
        ("封顶余额", Side::Right),
    ];
    let row = |row: &TierRow| {
        let year = decision.parts.get(usize::from(row.stay_part)).map(|part| part.year);
        let cells = vec![
            format!("tier {}", row.tier.get()),
            money(row.base),
            money(row.first_share),
            money(row.deductible),
            money(row.paid),
            row.cap_left.map_or_else(|| "-".to_owned(), money),
        ];
        let tier = BareTier {
            tier: row.tier.get(),
            year,
            base: Yuan(row.base),
            first_share: Yuan(row.first_share),
            deductible: Yuan(row.deductible),
            covered: Yuan(row.covered),
            above_cap: Yuan(row.above_cap),
            cap_left: row.cap_left.map(Yuan),
            paid: Yuan(row.paid),
            hosp_part: Yuan(row.facility),
            filing_loss: Yuan(row.filing_loss),
        };
        Row::new(cells, &tier)
    };
    form.table("tiers 待遇", "tiers", &heads, decision.tiers.iter().map(row).collect(), None);
}

/// The documents that the tiers rest on, each once.
fn documents(form: &mut Form, decision: &Decision, pack: &Pack) {
    let mut ids: Vec<SourceId> = Vec::new();
    for row in &decision.tiers {
        let Some(tier) = tier(row, decision, pack) else { continue };
        ids.extend(sources(row, tier));
    }
    ids.sort_unstable();
    ids.dedup();
    let cited: Vec<SourceExplained> =
        ids.into_iter().filter_map(|id| pack.source(id)).map(SourceExplained::of).collect();
    for (index, one) in cited.iter().enumerate() {
        let clause = one.clause.as_ref().map(|clause| format!("，{clause}")).unwrap_or_default();
        let text =
            format!("{}：{}{clause}（{}），{} 级", one.id, one.document, one.date, one.grade);
        form.words(if index == 0 { "basis 依据" } else { " " }, &[text], "");
    }
    form.object("sources", &cited);
}

/// Slots before and after.
fn slots(form: &mut Form, settled: &Settled, policy: Option<&Policy>) {
    let figure = |key, value| SlotFigure { count: counts(key, policy), value };
    let one = |key, before, after, written: bool| {
        let (period, slot) = slot_name(key, &settled.labels, policy);
        let (before, after) = (figure(key, before), figure(key, after));
        SlotExplained { slot, period, before, after, read: !written, written }
    };
    let written = settled.decision.changes.iter();
    let written: Vec<SlotExplained> =
        written.map(|change| one(change.key, change.before, change.after, true)).collect();
    let read: Vec<SlotExplained> =
        settled.read.iter().map(|(key, value)| one(*key, *value, *value, false)).collect();
    let heads = [("", Side::Left), ("before 前", Side::Right), ("after 后", Side::Right)];
    let cells = |one: &SlotExplained| {
        let name = format!("{} {}", one.period, one.slot);
        vec![name, of_slot(one.before), format!("-> {}", of_slot(one.after))]
    };
    if !written.is_empty() {
        form.grid("slots 累计", &heads, written.iter().map(cells).collect());
    }
    let value =
        |one: &SlotExplained| format!("{} {} {}", one.period, one.slot, of_slot(one.before));
    form.words("slots read 只读", &read.iter().map(value).collect::<Vec<_>>(), ", ");
    form.object("slots", &written.iter().chain(&read).collect::<Vec<_>>());
}

/// Whether a slot counts and does not add, as far as that is known.
pub(super) fn counts(key: SlotKey, policy: Option<&Policy>) -> bool {
    let slot = policy.and_then(|policy| policy.pack.as_ref()?.slot(key.slot));
    slot.is_some_and(|slot| slot.count)
}

fn of_slot(figure: SlotFigure) -> String {
    if figure.count { figure.value.get().to_string() } else { money(figure.value) }
}

/// What it was settled by: records, and the digests of pack and image.
pub(super) fn settled_by(
    form: &mut Form,
    settled: &Settled,
    policy: Option<&Policy>,
    past: &Past<'_>,
) {
    let Settled { known, facility, policy: pack, catalogue, .. } = settled;
    let by = Facts::new()
        .number("known", "member as in record", *known)
        .number("facility", "facility as of command", *facility)
        .number("policy", "pack loaded by command", *pack)
        .some((*catalogue > 0).then_some(*catalogue), |facts, seq| {
            facts.number("catalogue", "image loaded by command", seq)
        });
    form.line("decided by", by);
    if let Some(policy) = policy {
        let digest = Facts::new().text("pool", "", &policy.names.pool).text(
            "policy_digest",
            "",
            hex(&policy.names.digest),
        );
        form.line("pack 政策包", digest);
    }
    if let Some(digest) = Some(*catalogue).filter(|seq| *seq > 0).and_then(|seq| past.image(seq)) {
        form.line("image 目录", Facts::new().text("catalogue_digest", "", hex(&digest)));
    }
}
