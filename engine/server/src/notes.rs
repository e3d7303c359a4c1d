//! What the reader of a bill should know beside its figures: that it is an example, what of it rests on assumptions,
//! why all of it is own cost, what was tolerated, what is to be reviewed.

use std::collections::BTreeSet;

use yidan_image::{PriceMark, View};
use yidan_settlement::admit;
use yidan_settlement::bill::{DecidedPart, Decision};
use yidan_settlement::date::Day;
use yidan_settlement::id::SourceId;
use yidan_settlement::pack::Pack;
use yidan_settlement::reason::{LineReason, Reason};

use crate::answer::{sources, tier};
use crate::case::Case;
use crate::clerk::Settled;

/// By what a source of the catalogues says that nobody has published the value (`catalogs/sources/README.md`).
const ASSUMED: &str = "assumption";

/// The notes on a settled case, the weightiest first.
pub(crate) fn notes(settled: &Settled<'_>, case: &Case, view: Option<View<'_>>) -> Vec<String> {
    let (decision, pack) = (settled.decision, settled.pack);
    let mut notes = Vec::new();
    if pack.data().example {
        notes.push(format!("政策包“{}”是示例，数字不作为依据", pack.data().title));
    }
    if let Some(cause) = own_cause(settled) {
        let why = LineReason::CauseIsOwnCost;
        notes.push(format!("{why}，费用全部由个人承担：{cause}"));
    }
    let assumed = assumed(decision, pack);
    notes.extend(assumed.into_iter().map(|what| format!("使用了未经文件证实的假定：{what}")));
    notes.extend(view.into_iter().flat_map(|view| assumed_values(decision, view)));
    notes.extend(unknown_identities(case, pack));
    notes.extend(odd_days(case));
    if decision.tolerated > 0 {
        notes.push(format!(
            "{}条明细金额与单价乘数量的差在容差内，按所给金额结算",
            decision.tolerated
        ));
    }
    let reviews = decision.lines.iter().filter(|line| line.review).count();
    if reviews > 0 {
        notes.push(format!("{reviews}条明细转人工复核"));
    }
    // A flag that takes a line to another hospital's level says nothing without that level.
    let lines = case.lines.iter().flatten();
    let unsaid = lines.filter(|line| line.rx_circ_flag.0 && line.rx_hosp_lv.is_none()).count();
    if unsaid > 0 && leveled_by_prescriber(decision, pack) {
        notes.push(format!(
            "{unsaid}条外购处方明细未提供处方机构等级（rx_hosp_lv），按本机构等级结算"
        ));
    }
    notes
}

/// The cause by which all of a bill is own cost, if it is.
pub(crate) fn own_cause(settled: &Settled<'_>) -> Option<Reason> {
    let decision = settled.decision;
    if decision.split.own != decision.total {
        return None;
    }
    admit::admit(&settled.bound.submitted(), settled.pack).ok()?.own_cause()
}

fn leveled_by_prescriber(decision: &Decision, pack: &Pack) -> bool {
    let benefit = pack.data().benefits.get(decision.benefit.index());
    benefit.is_some_and(|benefit| benefit.level_of_prescriber)
}

/// What of tiers and accounts rests on a document that is only an assumption.
fn assumed(decision: &Decision, pack: &Pack) -> Vec<String> {
    let mut assumed: Vec<String> = Vec::new();
    let mut note = |name: &str, id: SourceId, day: Day| {
        let Some(source) = pack.source(id) else { return };
        let Some(what) = source.assumed_on(day) else { return };
        let what: String = what.map(|what| format!("；{what}")).collect();
        let grade = source.grade.letter();
        let text = format!("{name}（{}，依据等级{grade}{what}）", source.document);
        if !assumed.contains(&text) {
            assumed.push(text);
        }
    };
    for row in &decision.tiers {
        let part = decision.parts.get(usize::from(row.stay_part));
        let (Some(tier), Some(part)) = (tier(row, decision, pack), part) else { continue };
        sources(row, tier).for_each(|id| note(&tier.name, id, part.governing));
    }
    if !decision.account_sum().is_zero()
        && let Some(last) = decision.parts.last()
        && let Some(source) = account_source(last, pack)
    {
        note("个人账户支付范围", source, last.governing);
    }
    assumed
}

/// Classes of the member that the pack has no benefit for: one that is misspelt is told from one that gives nothing.
fn unknown_identities(case: &Case, pack: &Pack) -> Option<String> {
    let named = case.member.identities.iter().map(|one| one.r#type.as_str());
    let unknown: BTreeSet<&str> = named.filter(|name| pack.identity(name).is_none()).collect();
    (!unknown.is_empty())
        .then(|| Vec::from_iter(unknown).join("、"))
        .map(|unknown| format!("政策包没有这些身份的待遇，未计入：{unknown}"))
}

/// Days that are possible and seldom meant.
fn odd_days(case: &Case) -> Vec<String> {
    let (begin, end) = (case.visit.begntime, case.visit.endtime.unwrap_or(case.visit.begntime));
    let (begin, end) = (begin.0.day(), end.0.day());
    let mut notes = Vec::new();
    let outside = |day: Day| day < begin || day > end;
    let lines = case.lines.iter().flatten();
    let odd = lines.filter(|line| outside(line.fee_ocur_time.0.day())).count();
    if odd > 0 {
        notes.push(format!("{odd}条明细的费用日期不在就诊起止日期内，目录按各自的费用日期查找"));
    }
    if case.member.brdy.is_some_and(|birth| birth.0 > end) {
        notes.push("出生日期（brdy）晚于就诊结束日期，年龄按 0 岁计".to_owned());
    }
    notes
}

/// Where it stands what the accounts could pay.
fn account_source(last: &DecidedPart, pack: &Pack) -> Option<SourceId> {
    Some(pack.edition(last.governing)?.accounts.row(&last.at)?.source)
}

/// How many lines were split by a value of the catalogue that nobody has published.
fn assumed_values(decision: &Decision, view: View<'_>) -> Vec<String> {
    let (mut shares, mut ceilings, mut cut) = (0_usize, 0_usize, 0_usize);
    for line in &decision.lines {
        let used = !line.parts.in_scope.is_zero()
            || !line.parts.pre_pay.is_zero()
            || !line.parts.over.is_zero();
        let text = line.entry.filter(|_| used).and_then(|id| view.entry_text(id));
        let Some(text) = text else { continue };
        if text.source.contains(ASSUMED) {
            shares += 1;
        }
        if text.price_mark == PriceMark::Plausible {
            ceilings += 1;
            cut += usize::from(!line.parts.over.is_zero());
        }
    }
    let mut notes = Vec::new();
    if shares > 0 {
        notes.push(format!("{shares}条明细的目录类别或先行自付比例是未经文件证实的假定"));
    }
    if ceilings > 0 {
        notes.push(format!("{ceilings}条明细的限价是推定的，不是公布的价格，其中{cut}条超过它"));
    }
    notes
}
