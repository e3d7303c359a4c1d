//! What the catalogue image and the packs say, as institutions are told it: whole lists as files ([`file`], kept by [`shelf`]), and
//! entries page by page ([`query`]). Looking up what a bill is settled by is not done here.

pub(crate) mod file;
pub(crate) mod query;
pub(crate) mod shelf;

#[cfg(test)]
mod example;

use yidan_image::Image;
use yidan_settlement::catalogue::{Class, Entry, List};
use yidan_settlement::date::{Day, Span};

/// `list_type` as H27 numbers them; JX numbers 102 to 105 otherwise.
pub(crate) fn list_type(list: List) -> &'static str {
    match list {
        List::WesternDrug | List::PatentMedicine => "101",
        List::HerbalPiece => "102",
        List::InHousePreparation => "103",
        List::Service => "201",
        List::Consumable => "301",
    }
}

/// `chrgitm_lv`
fn chrgitm_lv(class: Class) -> &'static str {
    match class {
        Class::A => "01",
        Class::B => "02",
        Class::C => "03",
    }
}

/// A flag of the interface.
fn flag(holds: bool) -> &'static str {
    if holds { "1" } else { "0" }
}

/// The last day on which an entry holds; `None` while it has none.
fn last_day(valid: Span) -> Option<Day> {
    (valid.to != Day::MAX).then(|| valid.to.previous())
}

/// `lmt_used_flag`: whether the visit has to pass a test for it. What only the bill itself is checked for restricts no use.
fn is_restricted(image: &Image, entry: &Entry) -> bool {
    image.rules().rule(entry.rule).is_some_and(|rule| !rule.conditions.is_empty())
}

/// `rid` 唯一记录号: the same for the same record in every image, as it is made of what a record is told apart by.
pub(crate) fn rid(table: &str, parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [table].iter().chain(parts) {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(RID_CHARS).collect()
}

/// Characters of a `rid`, of the 40 that its field has.
const RID_CHARS: usize = 32;
