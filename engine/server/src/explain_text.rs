//! The explanation as an indented Chinese tree, for `--explain`.

use yidan_settlement::money::Fen;

use crate::answer::Yuan;
use crate::explain_json::{
    CapExplained, CataloguesAnswer, DeductibleExplained, ExplainAnswer, LineExplained,
    PersonExplained, SlotFigure, SlotRead, SourceExplained, TierExplained,
};
use crate::text;

/// Lines shown under one heading unless all are asked for.
const LINES_SHOWN: usize = 5;

/// A line of the tree with what stands below it.
struct Node {
    text: String,
    below: Vec<Node>,
}

/// The tree as text. `full` shows every fee line.
pub fn text(told: &ExplainAnswer, full: bool) -> String {
    let teller = Teller { sources: &told.sources, full };
    let mut out = String::new();
    if told.reversed {
        out.push_str("冲正：下列为被冲正结算的金额，全部反向\n");
    }
    let mut trees = vec![teller.catalogues(&told.catalogues)];
    trees.extend(told.tiers.iter().map(|tier| teller.tier(tier)));
    trees.push(teller.person(&told.person));
    for tree in &trees {
        out.push_str(&tree.text);
        out.push('\n');
        print(&tree.below, "", &mut out);
    }
    out
}

fn print(nodes: &[Node], before: &str, out: &mut String) {
    for (index, node) in nodes.iter().enumerate() {
        let last = index + 1 == nodes.len();
        let (branch, beyond) = if last { ("└ ", "  ") } else { ("├ ", "│ ") };
        out.push_str(&format!("{before}{branch}{}\n", node.text));
        print(&node.below, &format!("{before}{beyond}"), out);
    }
}

struct Teller<'t> {
    sources: &'t [SourceExplained],
    full: bool,
}

impl Teller<'_> {
    fn catalogues(&self, of: &CataloguesAnswer) -> Node {
        let own = of.fulamt_ownpay.iter().map(|own| own.amount.0).sum::<Fen>();
        let text = format!(
            "医疗费总额 {} = 全自费 {} + 超限价 {} + 先行自付 {} + 范围内 {}",
            yuan(of.medfee_sumamt),
            text::money(own),
            yuan(of.overlmt.amount),
            yuan(of.preselfpay.amount),
            yuan(of.inscp_scp_amt)
        );
        let mut below = Vec::new();
        for own in &of.fulamt_ownpay {
            let reasons: Vec<String> =
                own.reasons.iter().map(|one| format!("{}[{}]", one.text, one.number)).collect();
            let why = if reasons.is_empty() {
                "按费用合计申报，没有明细".to_owned()
            } else {
                reasons.join("、")
            };
            let facility = if own.hosp_part_amt.0.is_zero() {
                String::new()
            } else {
                format!("，其中医疗机构负担 {}", yuan(own.hosp_part_amt))
            };
            let text = format!("全自费 {}：{why}{facility}", yuan(own.amount));
            below.push(Node { text, below: self.lines(&own.lines) });
        }
        for (name, taken) in [("超限价", &of.overlmt), ("先行自付", &of.preselfpay)] {
            if !taken.lines.is_empty() {
                let text = format!("{name} {}", yuan(taken.amount));
                below.push(Node { text, below: self.lines(&taken.lines) });
            }
        }
        Node { text, below }
    }

    fn lines(&self, lines: &[LineExplained]) -> Vec<Node> {
        let one =
            |line: &LineExplained| leaf(format!("明细 {}：{}", line.feedetl_sn, yuan(line.amount)));
        self.some(lines, one)
    }

    /// The first few, then how many there are.
    fn some<T>(&self, all: &[T], node: impl Fn(&T) -> Node) -> Vec<Node> {
        let shown = if self.full { all.len() } else { LINES_SHOWN };
        let mut nodes: Vec<Node> = all.iter().take(shown).map(node).collect();
        if all.len() > shown {
            nodes.push(leaf(format!("…… 共 {} 条，全部列出用 --explain=full", all.len())));
        }
        nodes
    }

    fn tier(&self, tier: &TierExplained) -> Node {
        let text = format!(
            "{}（{} {}，{} 年度）支付 {}{}",
            tier.tier,
            tier.fund,
            tier.field,
            tier.year,
            yuan(tier.paid),
            self.cited(&tier.basis)
        );
        let mut below = vec![self.base(tier)];
        below.extend(self.caps("起付线前费用封顶", &tier.caps_before, tier.cut_before));
        below.extend(tier.first_share.as_ref().map(|share| {
            let penalty = if share.penalty { "（因备案情形）" } else { "" };
            leaf(format!(
                "首先自付 {} × {} = {}{penalty}{}",
                yuan(share.of),
                share.rate,
                yuan(share.amount),
                self.cited(&share.basis)
            ))
        }));
        below.extend(tier.deductible.as_ref().map(|one| leaf(self.deductible(one))));
        below.extend(self.caps("起付线后费用封顶", &tier.caps_after, tier.cut_after));
        below.push(self.bands(tier));
        below.extend(tier.floor.as_ref().map(|floor| {
            let lifts = if floor.lifts {
                "，高于分段支付，按保底支付"
            } else {
                "，未触及"
            };
            let (of, least) = (yuan(floor.of), yuan(floor.amount));
            let cited = self.cited(&floor.basis);
            leaf(format!("保底 {} {of} × {} = {least}{lifts}{cited}", floor.label, floor.rate))
        }));
        let beyond = tier.covered.0.minus(tier.paid_for.0);
        below.extend(self.caps("支付封顶", &tier.caps_payment, Yuan(beyond)));
        if !tier.above_cap.0.is_zero() {
            let whose = if tier.hosp_part.0.is_zero() { "个人" } else { "医疗机构" };
            below.push(leaf(format!("超封顶 {}，由{whose}负担", yuan(tier.above_cap))));
        }
        if !tier.filing_loss.0.is_zero() {
            below.push(leaf(format!("未按规定备案少支付 {}", yuan(tier.filing_loss))));
        }
        for slot in &tier.slots {
            let (before, after) = (figure(slot.before), figure(slot.after));
            let change = if slot.written { format!("{before} → {after}") } else { before };
            let how = if slot.written { "累计" } else { "读取累计" };
            below.push(leaf(format!("{how} {}（{}）：{change}", slot.slot, slot.period)));
        }
        if !tier.lines.is_empty() {
            let share = |line: &crate::explain_json::ShareExplained| {
                let (base, paid) = (yuan(line.base), yuan(line.paid));
                leaf(format!("明细 {}：进入 {base}，支付 {paid}", line.feedetl_sn))
            };
            let text = format!("按明细分摊 {}（{} 条）", yuan(tier.paid), tier.lines.len());
            below.push(Node { text, below: self.some(&tier.lines, share) });
        }
        Node { text, below }
    }

    fn base(&self, tier: &TierExplained) -> Node {
        let parts = tier.base_of.iter().map(|of| {
            let out = if of.filing_loss_out.0.is_zero() {
                String::new()
            } else {
                format!("（扣除未备案损失 {}）", yuan(of.filing_loss_out))
            };
            format!("{} {}{out}", of.label, yuan(of.amount))
        });
        let parts: Vec<String> = parts.collect();
        leaf(format!("进入 {} = {}", yuan(tier.base), parts.join(" + ")))
    }

    fn bands(&self, tier: &TierExplained) -> Node {
        let at = tier.bands_at.as_ref().map_or_else(String::new, |slot| {
            format!("，按累计 {}（{}）{} 起排段", slot.slot, slot.period, figure(slot.value))
        });
        let cited = self.cited(&tier.bands_basis);
        let whole = format!("分段 {} 应付 {}{at}", yuan(tier.covered), yuan(tier.banded));
        let pieces = tier.bands.iter().map(|piece| {
            let kind = piece.kind.as_ref().map_or_else(String::new, |kind| format!("{kind} "));
            format!(
                "{kind}{}–{}：{} × {} = {}",
                yuan(piece.from),
                yuan(piece.to),
                piece.ratio,
                yuan(piece.amount),
                yuan(piece.paid)
            )
        });
        let pieces: Vec<String> = pieces.collect();
        match pieces.as_slice() {
            [only] if at.is_empty() => leaf(format!("分段 {only}{cited}")),
            _ => Node {
                text: format!("{whole}{cited}"),
                below: pieces.into_iter().map(leaf).collect(),
            },
        }
    }

    fn deductible(&self, one: &DeductibleExplained) -> String {
        let cited = self.cited(&one.basis);
        if let Some(none) = one.none {
            return format!("起付线 0.00：{none}{cited}");
        }
        let mut steps = vec![format!("{} {}", one.label, yuan(one.amount))];
        if !one.unit.is_empty() {
            steps.push(format!("× {} {}", one.times, one.unit));
        }
        for factor in &one.factors {
            steps.push(format!("× {} = {}", factor.rate, yuan(factor.after)));
        }
        if let Some(less) = &one.less {
            steps.push(format!("减已付 {}", read(less)));
        }
        if let Some(ceiling) = &one.ceiling {
            let (most, slot) = (yuan(ceiling.amount), read(&ceiling.slot));
            steps.push(format!("合计不超过 {most}（已付 {slot}）"));
        }
        let due = if one.due == one.taken {
            String::new()
        } else {
            format!("（应付 {}，费用不足）", yuan(one.due))
        };
        format!("起付线 {}：{}{due}{cited}", yuan(one.taken), steps.join("，"))
    }

    /// Caps; `cut` is what they cut together.
    fn caps(&self, name: &str, caps: &[CapExplained], cut: Yuan) -> Vec<Node> {
        let node = |cap: &CapExplained| {
            let of = if cap.of_approval { "（认定限额）" } else { "" };
            let times = if cap.unit.is_empty() {
                String::new()
            } else {
                format!(" × {} {}", cap.times, cap.unit)
            };
            let used = cap
                .slot
                .as_ref()
                .map_or_else(String::new, |slot| format!("，减已用 {}", read(slot)));
            let bites = if cap.bites {
                format!("，触及封顶，超出 {}", yuan(cut))
            } else {
                String::new()
            };
            let (amount, left) = (yuan(cap.amount), yuan(cap.left));
            let cited = self.cited(&cap.basis);
            leaf(format!("{name} {amount}{of}{times}{used}，余 {left}{bites}{cited}"))
        };
        caps.iter().map(node).collect()
    }

    fn person(&self, person: &PersonExplained) -> Node {
        let text = format!("个人负担 {}", yuan(person.psn_part_amt));
        let mut below = Vec::new();
        let mut some = |label: &str, amount: Yuan| {
            if !amount.0.is_zero() {
                below.push(leaf(format!("{label} {}", yuan(amount))));
            }
        };
        some("全自费", person.fulamt_ownpay_amt);
        some("超限价", person.overlmt_selfpay);
        for part in &person.borne {
            some(&part.label, part.amount);
        }
        let cited = self.cited(&person.account_basis);
        below.push(leaf(format!(
            "个人账户 {}（其中共济 {}），现金 {}，账户余额 {}{cited}",
            yuan(person.acct_pay),
            yuan(person.acct_mulaid_pay),
            yuan(person.psn_cash_pay),
            yuan(person.balc)
        )));
        Node { text, below }
    }

    /// Document, clause, date and grade of each source.
    fn cited(&self, basis: &[String]) -> String {
        let known = basis.iter().filter_map(|id| self.sources.iter().find(|one| one.id == *id));
        let texts: Vec<String> = known
            .map(|source| {
                let clause =
                    source.clause.as_ref().map_or_else(String::new, |text| format!(" {text}"));
                format!("{}{clause} {} 等级{}", source.document, source.date, source.grade)
            })
            .collect();
        if texts.is_empty() {
            String::new()
        } else {
            format!(" ［依据：{}］", texts.join("；"))
        }
    }
}

fn leaf(text: String) -> Node {
    Node { text, below: Vec::new() }
}

fn yuan(amount: Yuan) -> String {
    text::money(amount.0)
}

fn figure(of: SlotFigure) -> String {
    if of.count { of.value.get().to_string() } else { text::money(of.value) }
}

fn read(slot: &SlotRead) -> String {
    format!("{}〔{}，{}〕", figure(slot.value), slot.slot, slot.period)
}
