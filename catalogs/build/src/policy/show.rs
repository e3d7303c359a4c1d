//! A pack as a document: Markdown tables that a policy expert can check against the texts.

use std::fmt::Write;

use super::Outline;
use super::ledger::{Entry, cited};
use super::phrase;
use super::tier::TierDraft;

/// Parts of a tier and what they are called.
const PARTS: [(&str, &str); 9] = [
    ("applies", "适用"),
    ("first_share", "转外自理"),
    ("deductible", "起付线"),
    ("deductible_factor", "起付线系数"),
    ("band", "支付比例"),
    ("change", "比例调整"),
    ("cap", "封顶线"),
    ("floor", "保底"),
    ("add", "累计"),
];

/// The document.
pub(super) fn markdown(outline: &Outline) -> String {
    let data = &outline.heading.data;
    let mut text = format!("# {}（{}）\n", data.title, data.pool);
    if data.example {
        text += "\n⚠ 示例：本包数字仅为示例，不是当地政策。\n";
    }
    let entries = outline.entries();
    let of_pack: Vec<&Entry> = entries.iter().filter(|entry| entry.of == "pack").collect();
    let of_pack = of_pack
        .iter()
        .map(|entry| vec![entry.part.to_owned(), entry.value.clone(), ground(outline, entry)]);
    text += &table(&["项", "内容", "依据"], of_pack);
    text += "\n## 依据\n";
    let sources = data.sources.iter().map(|source| vec![source.id.clone(), cited(source)]);
    text += &table(&["编号", "文件（日期）条款 [等级]"], sources);
    for (prefix, title) in [
        ("scheme \"", "险种"),
        ("cover \"", "另有险种"),
        ("person \"", "人员类别"),
        ("identity \"", "救助身份（由优到次）"),
        ("contribution \"", "缴费档"),
        ("disease \"", "病种"),
        ("line_kind \"", "费用类别"),
        ("benefit \"", "就诊类型"),
        ("slot \"", "累计"),
    ] {
        let listed: Vec<&Entry> =
            entries.iter().filter(|entry| entry.of.starts_with(prefix)).collect();
        if !listed.is_empty() {
            text += &format!("\n## {title}\n");
            text += &table(&["名称", "项", "内容"], listed.iter().map(|entry| declared(entry)));
        }
    }
    text += "\n## 待遇\n";
    for (index, tier) in outline.tiers.iter().enumerate() {
        text += &tier_text(outline, index + 1, tier);
    }
    if !outline.accounts.is_empty() {
        text += "\n## 个人账户\n";
        let rows = entries.iter().filter(|entry| entry.of == "account");
        text += &table(&ROW_HEADS[1..], rows.map(|entry| row(outline, entry).split_off(1)));
    }
    text
}

const ROW_HEADS: [&str; 6] = ["项", "内容", "条件", "期间", "依据", "行"];

fn declared(entry: &Entry) -> Vec<String> {
    let name = entry.of.split('"').nth(1).unwrap_or("");
    vec![name.to_owned(), entry.part.to_owned(), entry.value.clone()]
}

fn tier_text(outline: &Outline, number: usize, tier: &TierDraft) -> String {
    let mut text = format!("\n### {number}. {}\n\n", tier.name);
    for (what, value) in outline.tier(tier) {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "- {what}：{value}");
    }
    let entries = outline.tier_entries(tier);
    let rows = entries.iter().filter(|entry| entry.source.is_some());
    text + &table(&ROW_HEADS, rows.map(|entry| row(outline, entry)))
}

fn row(outline: &Outline, entry: &Entry) -> Vec<String> {
    let part = PARTS.iter().find(|(part, _)| *part == entry.part).map_or("", |(_, word)| *word);
    let mut when = entry.when.clone();
    if entry.exception {
        when = if when.is_empty() { "例外".to_owned() } else { format!("例外：{when}") };
    }
    vec![
        part.to_owned(),
        entry.value.clone(),
        when,
        entry.span.map(phrase::span).unwrap_or_default(),
        ground(outline, entry),
        entry.line.to_string(),
    ]
}

/// What an entry rests on; ⚠ before an assumption.
fn ground(outline: &Outline, entry: &Entry) -> String {
    let source = entry.source.and_then(|id| outline.source(id)).map(|source| {
        let warning = if source.is_assumed() { "⚠ " } else { "" };
        let clause = source.clause.as_ref().map(|clause| format!(" {clause}"));
        let clause = clause.unwrap_or_default();
        format!("{warning}{}{clause} [{}]", source.id, source.grade.letter())
    });
    source.unwrap_or_default()
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
