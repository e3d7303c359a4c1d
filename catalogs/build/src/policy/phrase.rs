//! What a policy file says, in the words of a Chinese policy expert: conditions, and the value of every kind of row.

use std::fmt::Write;

use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{LineKind, SlotId};
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{
    AccountRow, AddOf, Band, BandsFrom, BandsPay, Base, Continued, Deductible, DeductibleAmount,
    PARTS, Per, ShareOf,
};

use super::Outline;
use super::condition::Condition;
use super::tier::{
    CapAmountDraft, CapDraft, CapOn, Change, ChangeOf, FirstShare, FloorDraft, TierDraft,
};

/// Keys of conditions and what they are called.
const KEYS: [(&str, &str); 29] = [
    ("benefit", "就诊"),
    ("scheme", "险种"),
    ("holds", "另有"),
    ("lacks", "未有"),
    ("cvlserv", "公务员"),
    ("identity", "救助身份"),
    ("filing", "备案"),
    ("distance", "就医地"),
    ("off_region", "异地"),
    ("person", "人员"),
    ("age_from", "年龄≥"),
    ("age_below", "年龄<"),
    ("level", "级别"),
    ("contribution", "缴费档"),
    ("paid_years_from", "缴费年限≥"),
    ("paid_years_below", "缴费年限<"),
    ("disease", "病种"),
    ("disease_group", "病种组"),
    ("accident", "外伤"),
    ("approvals_from", "已认定病种数≥"),
    ("approvals_below", "已认定病种数<"),
    ("pregnancy", "生育备案"),
    ("birth", "生育类别"),
    ("family_planning", "计划生育手术类别"),
    ("fetuses_from", "胎数≥"),
    ("fetuses_below", "胎数<"),
    ("continued", "接续住院"),
    ("channel", "结算方式"),
    ("exception", "例外"),
];

/// Values that packs write in English.
const VALUES: [(&str, &str); 13] = [
    ("true", "是"),
    ("false", "否"),
    ("none", "无"),
    ("other", "其他"),
    ("emergency", "急诊"),
    ("referral", "转诊"),
    ("residence", "长期居住"),
    ("home", "统筹区内"),
    ("city", "同市"),
    ("province", "同省"),
    ("away", "省外"),
    ("direct", "直接结算"),
    ("manual", "手工报销"),
];

pub(super) const PART_WORDS: [&str; PARTS] = ["先行自付", "转外自理", "起付线", "共付", "超封顶"];

fn word<'w>(words: &[(&'w str, &'w str)], text: &'w str) -> &'w str {
    words.iter().find(|(key, _)| *key == text).map_or(text, |(_, word)| *word)
}

/// A condition; empty for none.
pub(super) fn condition(condition: &Condition) -> String {
    let mut texts = Vec::new();
    for test in &condition.tests {
        let values: Vec<&str> = test.values.iter().map(|value| word(&VALUES, value)).collect();
        let key = word(&KEYS, test.key);
        let between = if key.ends_with(['≥', '<']) { "" } else { "：" };
        texts.push(format!("{key}{between}{}", values.join("、")));
    }
    texts.join("；")
}

/// A span of days, empty when it is open on both ends.
pub(super) fn span(span: Span) -> String {
    match (span.from > Day::MIN, span.to < Day::MAX) {
        (false, false) => String::new(),
        (true, false) => format!("{} 起", span.from),
        (false, true) => format!("{} 前", span.to),
        (true, true) => format!("{} 至 {} 前", span.from, span.to),
    }
}

pub(super) fn first_share(value: &FirstShare) -> String {
    format!("{}{}", value.rate, penalty(value.penalty))
}

fn penalty(penalty: bool) -> &'static str {
    if penalty { "（未备案损失）" } else { "" }
}

impl Outline {
    pub(super) fn slot(&self, id: SlotId) -> &str {
        self.heading.slot_name(id)
    }

    pub(super) fn kinds(&self, kinds: &[LineKind]) -> String {
        let names = kinds.iter().map(|kind| self.heading.known.line_kinds.get(kind.get().into()));
        names.collect::<Vec<&str>>().join("、")
    }

    pub(super) fn deductible(&self, value: &Deductible) -> String {
        let mut text = match &value.amount {
            DeductibleAmount::Fixed(amount) => amount.to_string(),
            DeductibleAmount::ByAdmission { amounts, count, .. } => {
                let listed: Vec<String> = amounts.iter().map(Fen::to_string).collect();
                format!("按年内住院次数 {}（计数 {}）", listed.join(" / "), self.slot(*count))
            }
            DeductibleAmount::Share { rate, of, min, max } => {
                let of = match of {
                    ShareOf::Total => "总费用",
                    ShareOf::InScope => "符合范围费用",
                    ShareOf::Base => "本段基数",
                };
                format!("{of}的 {rate}，{min} 至 {}", limit(*max))
            }
        };
        text += per(value.per);
        if let Some(slot) = value.less {
            text += &format!("，减已付（{}）", self.slot(slot));
        }
        if let Some((amount, slot)) = value.ceiling {
            text += &format!("，累计（{}）不超过 {amount}", self.slot(slot));
        }
        text + match value.continued {
            Continued::Difference => "",
            Continued::Nought => "，接续住院不再扣",
            Continued::Full => "，接续住院另扣",
        }
    }

    pub(super) fn change(&self, value: &Change) -> String {
        let mut text = match value.of {
            ChangeOf::Factor(parts) => format!("个人负担 × {}", percent(parts)),
            ChangeOf::Points(parts) => format!("{} 个百分点", points(parts)),
            ChangeOf::PointsPerYear { from, each, most } => {
                let (each, most) = (points(each), points(most));
                format!("{from} 岁起每岁 {each} 个百分点，至多 {most}")
            }
            ChangeOf::Floor(rate) => format!("不低于 {rate}"),
            ChangeOf::Ceiling(rate) => format!("不高于 {rate}"),
        };
        if let Some(kinds) = &value.kinds {
            text += &format!("（仅 {}）", self.kinds(kinds));
        }
        text + penalty(value.penalty)
    }

    pub(super) fn cap(&self, value: &CapDraft) -> String {
        let mut text = match value.on {
            CapOn::Payment => "支付额".to_owned(),
            CapOn::CostBefore => "起付线前费用".to_owned(),
            CapOn::CostAfter => "起付线后费用".to_owned(),
        };
        match value.amount {
            CapAmountDraft::Fixed(amount) => text += &format!(" {amount}"),
            CapAmountDraft::Approval => text += " 按认定的限额",
            CapAmountDraft::Unlimited => text += " 不设限",
        }
        text += per(value.per);
        if let Some(plus) = value.plus {
            let (from, each, most) = (plus.from, plus.each, plus.most);
            text += &format!("，缴费第 {from} 年起每年加 {each}，至多加 {most}");
        }
        if let Some(slot) = value.slot {
            text += &format!("，减累计（{}）", self.slot(slot));
        }
        text
    }

    /// What holds for all of a tier, item by item.
    pub(super) fn tier(&self, tier: &TierDraft) -> Vec<(&'static str, String)> {
        let base = match tier.base {
            Base::InScope => "符合范围费用".to_owned(),
            Base::InScopeAndPrePay => "符合范围费用与先行自付".to_owned(),
            Base::AboveCapOf(id) => {
                let of = self.tiers.get(id.index()).map_or("", |tier| tier.name.as_str());
                format!("“{of}”封顶线以上")
            }
            Base::Left { parts, without_filing_loss } => {
                let named = PART_WORDS.iter().zip(parts).filter(|(_, named)| *named);
                let named: Vec<&str> = named.map(|(word, _)| *word).collect();
                let loss = if without_filing_loss { "（扣除未备案损失）" } else { "" };
                format!("余下的{}{loss}", named.join("、"))
            }
        };
        let bands = match (tier.bands_at, tier.bands_pay) {
            (None, _) => "按次".to_owned(),
            (Some(slot), BandsPay::Difference) => format!("按累计（{}），付差额", self.slot(slot)),
            (Some(slot), BandsPay::Increment) => {
                format!("按累计（{}），本次部分按本次比例", self.slot(slot))
            }
        };
        let from = match tier.bands_from {
            BandsFrom::Deductible => "自起付线以上计",
            BandsFrom::Zero => "自零计（含起付线）",
        };
        let rounding = match tier.rounding {
            yidan_settlement::money::Rounding::HalfAway => "四舍五入到分",
            yidan_settlement::money::Rounding::Down => "舍去分以下",
        };
        let fund = format!("{} → {}", tier.fund, tier.fund.field().name());
        vec![
            ("基金", fund),
            ("起付线计入 act_pay_dedc", yes(tier.basic)),
            ("基数", base),
            ("费用类别", self.kinds(&tier.kinds)),
            ("分段", format!("{bands}，{from}")),
            ("取整", rounding.to_owned()),
            ("超封顶", if tier.above_cap_facility { "机构" } else { "个人" }.to_owned()),
            ("比例调整", if tier.changes_listed { "按所列次序" } else { "标准次序" }.to_owned()),
        ]
    }
}

pub(super) fn yes(truth: bool) -> String {
    if truth { "是" } else { "否" }.to_owned()
}

pub(super) fn bands(bands: &[Band]) -> String {
    if let [flat] = bands {
        return flat.rate.to_string();
    }
    let mut text = String::new();
    let mut from = Fen::ZERO;
    for band in bands {
        let between = if text.is_empty() { "" } else { "；" };
        let end =
            if band.to == Fen::UNLIMITED { "以上".to_owned() } else { format!("–{}", band.to) };
        // Writing into a String cannot fail.
        let _ = write!(text, "{between}{from}{end} {}", band.rate);
        from = band.to;
    }
    text
}

pub(super) fn floor(value: &FloorDraft) -> String {
    let of = if value.of_total { "总费用" } else { "本段基数" };
    let out = if value.without_deductible { "（先扣起付线）" } else { "" };
    format!("不低于{of}{out}的 {}", value.rate)
}

pub(super) fn add_of(of: AddOf) -> &'static str {
    match of {
        AddOf::Base => "基数",
        AddOf::FirstShare => "转外自理",
        AddOf::Deductible => "起付线",
        AddOf::AboveDeductible => "起付线以上费用",
        AddOf::Paid => "支付额",
        AddOf::Left => "余下的个人负担",
        AddOf::One => "一次",
    }
}

pub(super) fn account(row: &AccountRow) -> String {
    let mut parts = Vec::new();
    parts.extend(row.own_cost.then_some("自费"));
    parts.extend(row.over_ceiling.then_some("超限价"));
    let named = PART_WORDS.iter().zip(row.parts).filter(|(_, named)| *named);
    parts.extend(named.map(|(word, _)| *word));
    let order = match (row.own, row.family, row.family_first) {
        (true, true, true) => "先共济、后本人",
        (true, true, false) => "先本人、后共济",
        (true, false, _) => "本人",
        (false, true, _) => "共济",
        (false, false, _) => "无",
    };
    format!("{}；{order}", parts.join("、"))
}

fn per(per: Per) -> &'static str {
    match per {
        Per::Visit => "",
        Per::Session => "／次治疗",
        Per::Day => "／日",
    }
}

fn limit(amount: Fen) -> String {
    if amount == Fen::UNLIMITED { "不设上限".to_owned() } else { amount.to_string() }
}

/// Parts per ten thousand as a percentage; also above the whole.
fn percent(parts: i64) -> String {
    let whole = Rate::new(u16::try_from(parts).unwrap_or(u16::MAX));
    whole.map_or_else(|| format!("{}.{:02}%", parts / 100, parts % 100), |rate| rate.to_string())
}

fn points(parts: i64) -> String {
    let sign = if parts < 0 { "-" } else { "+" };
    let size = Rate::new(u16::try_from(parts.unsigned_abs()).unwrap_or(u16::MAX));
    format!("{sign}{}", size.unwrap_or(Rate::ONE)).replace('%', "")
}
