//! What the reader of a bill should know beside its figures: that it is an example, what of it rests on assumptions,
//! why all of it is own cost, what was tolerated, what is to be reviewed.

use yidan_image::{PriceMark, View};
use yidan_settlement::admit;
use yidan_settlement::bill::Decision;
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
    let mut note = |name: &str, id: SourceId| {
        let Some(source) = pack.source(id) else { return };
        let text = format!("{name}（{}，依据等级{}）", source.document, source.grade.letter());
        if source.grade.is_assumption() && !assumed.contains(&text) {
            assumed.push(text);
        }
    };
    for row in &decision.tiers {
        let Some(tier) = tier(row, decision, pack) else { continue };
        sources(row, tier).for_each(|id| note(&tier.name, id));
    }
    if !decision.account_sum().is_zero()
        && let Some(source) = account_source(decision, pack)
    {
        note("个人账户支付范围", source);
    }
    assumed
}

/// Where it stands what the accounts could pay.
fn account_source(decision: &Decision, pack: &Pack) -> Option<SourceId> {
    let last = decision.parts.last()?;
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
