//! Policy packs: from a TOML file as POLICY.md specifies it to the dense tables of `yidan_settlement::pack`, or to every
//! error of the file at once. Also a pack in words (`show`), and what changed between two (`diff`).

use toml::de::DeTable;
use yidan_settlement::date::Day;
use yidan_settlement::pack::{AccountRow, Pack};

mod census;
mod condition;
mod declared;
mod diff;
mod edition;
mod finding;
mod gap;
mod heading;
mod labels;
mod ledger;
mod names;
mod part;
mod phrase;
mod ratio;
mod read;
mod resolve;
mod rules;
mod show;
mod slots;
mod space;
mod table;
mod tier;
mod trouble;
mod words;

pub use diff::{Change, Said};
pub use finding::{Finding, PolicyErrors, Severity};

use edition::Drafts;
use finding::Sink;
use heading::Heading;
use read::Node;
use tier::{Ruled, TierDraft};

/// A pack with what it was compiled from, for people to look at.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The pack.
    pub pack: Pack,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Finding>,
    outline: Outline,
}

/// A policy file as read: names resolved, nothing decided yet.
#[derive(Clone, Debug)]
struct Outline {
    heading: Heading,
    tiers: Vec<TierDraft>,
    accounts: Vec<Ruled<AccountRow>>,
}

/// Compiles a policy file; `file` is how messages name it.
pub fn compile(text: &str, file: &str) -> Result<Pack, PolicyErrors> {
    check(text, file).map(|compiled| compiled.pack)
}

/// Compiles a policy file and keeps its rows and warnings beside the pack.
pub fn check(text: &str, file: &str) -> Result<Compiled, PolicyErrors> {
    let sink = Sink::new(text, file);
    let made = make(text, &sink);
    let failed = sink.errors() > 0;
    let findings = sink.into_findings();
    match made {
        Some((pack, outline)) if !failed => Ok(Compiled { pack, warnings: findings, outline }),
        _ => Err(PolicyErrors { findings }),
    }
}

/// The pack as a Markdown document, each value with its conditions, dates and ground.
pub fn show(compiled: &Compiled) -> String {
    show::markdown(&compiled.outline)
}

/// What changed from one pack to another.
pub fn diff(old: &Compiled, new: &Compiled) -> Vec<Change> {
    diff::changes(&old.outline, &new.outline)
}

fn make(text: &str, sink: &Sink<'_>) -> Option<(Pack, Outline)> {
    let (table, faults) = DeTable::parse_recoverable(text);
    for fault in &faults {
        let at = fault.span().map_or(0, |span| span.start);
        sink.error(at, format!("this is not TOML: {}", fault.message()));
    }
    if !faults.is_empty() {
        return None;
    }
    let root = Node::root(sink, table.get_ref());
    let digest = blake3::hash(text.as_bytes());
    let heading = heading::read(&root, *digest.as_bytes());
    let (tiers, whole) = tier::read(&root, &heading);
    let accounts = part::accounts(&root, &heading);
    root.finish();
    let outline = Outline { heading, tiers, accounts };
    rules::check(sink, &outline.heading, &outline.tiers, &whole);
    if let Some(tier) = edition::too_many(&outline.tiers) {
        let count = outline.tiers.len();
        sink.error(tier.head.at, format!("{count} tiers; a pack has at most 64"));
    }
    unused_sources(sink, &outline.heading);
    let mut data = outline.heading.data.clone();
    if data.span.from == Day::MIN || data.span.from >= data.span.to {
        return None;
    }
    let whole_tiers = outline.tiers.iter().zip(&whole);
    let tiers: Vec<Option<&TierDraft>> =
        whole_tiers.map(|(tier, whole)| Some(tier).filter(|_| *whole)).collect();
    tiers.iter().flatten().for_each(|tier| gap::check(sink, &outline.heading, tier));
    let drafts = Drafts { tiers, accounts: &outline.accounts };
    data.editions = edition::make(sink, &data, &drafts);
    if sink.errors() > 0 {
        return None;
    }
    match Pack::new(data) {
        Ok(pack) => Some((pack, outline)),
        Err(fault) => panic!("the policy compiler made a pack that is not whole: {}", fault.0),
    }
}

fn unused_sources(sink: &Sink<'_>, heading: &Heading) {
    for ((index, place), source) in
        (0_u16..).zip(&heading.known.source_places).zip(&heading.data.sources)
    {
        if !sink.is_source_used(index) {
            let message = format!("no value rests on the source \"{}\"", source.id);
            sink.warning(*place, message, "leave it out, or name it where it is meant");
        }
    }
}

#[cfg(test)]
mod tests;
