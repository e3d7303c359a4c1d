//! What changed between two policy files, entry by entry; the order of rows does not count, except that of tiers and classes.

use std::fmt;

use super::Outline;
use super::ledger::Entry;
use super::phrase;

/// One difference between two packs.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Change {
    /// What it is about: `tier "…"`, `slot "…"`, `pack`.
    pub of: String,
    /// Which part of that: `deductible`, `title`.
    pub part: &'static str,
    /// In which circumstances, in words; empty for all.
    pub when: String,
    /// What the first file says, if anything.
    pub old: Option<Said>,
    /// What the second file says, if anything.
    pub new: Option<Said>,
}

/// What a file says of one thing.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Said {
    /// The value in words, with its span and source.
    pub value: String,
    /// On which line.
    pub line: u32,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { of, part, when, old, new } = self;
        let when = if when.is_empty() { String::new() } else { format!(" [{when}]") };
        match (old, new) {
            (Some(old), Some(new)) => write!(
                f,
                "~ {of} {part}{when}: {} → {} (line {} → {})",
                old.value, new.value, old.line, new.line
            ),
            (None, Some(new)) => {
                write!(f, "+ {of} {part}{when}: {} (line {})", new.value, new.line)
            }
            (Some(old), None) => {
                write!(f, "- {of} {part}{when}: {} (line {})", old.value, old.line)
            }
            (None, None) => Ok(()),
        }
    }
}

/// The differences, in the order of the first file, then what only the second says.
pub(super) fn changes(a: &Outline, b: &Outline) -> Vec<Change> {
    let mut old: Vec<Option<(Entry, String)>> = said(a).into_iter().map(Some).collect();
    let mut new: Vec<Option<(Entry, String)>> = said(b).into_iter().map(Some).collect();
    // What both say alike is no difference; then what is said of the same in the same circumstance.
    let mut pairs = Vec::new();
    for alike in [true, false] {
        for from in &mut old {
            let Some((entry, value)) = from.as_ref() else { continue };
            let same = |other: &Option<(Entry, String)>| {
                other.as_ref().is_some_and(|(there, text)| {
                    (&entry.of, entry.part, &entry.when) == (&there.of, there.part, &there.when)
                        && (!alike || value == text)
                })
            };
            let Some(place) = new.iter().position(same) else { continue };
            let (taken, to) = (from.take(), new[place].take());
            if !alike {
                pairs.push((taken, to));
            }
        }
    }
    pairs.extend(old.into_iter().filter(Option::is_some).map(|only| (only, None)));
    pairs.sort_by_key(|(from, _)| from.as_ref().map(|(entry, _)| entry.line));
    pairs.extend(new.into_iter().filter(Option::is_some).map(|only| (None, only)));
    pairs.into_iter().filter_map(|(from, to)| change(from, to)).collect()
}

fn change(from: Option<(Entry, String)>, to: Option<(Entry, String)>) -> Option<Change> {
    let about = from.as_ref().or(to.as_ref()).map(|(entry, _)| entry.clone())?;
    let said =
        |side: Option<(Entry, String)>| side.map(|(entry, value)| Said { value, line: entry.line });
    let Entry { of, part, when, .. } = about;
    Some(Change { of, part, when, old: said(from), new: said(to) })
}

/// Entries with all that is said of them: value, span, exception and source.
fn said(outline: &Outline) -> Vec<(Entry, String)> {
    let mut list = Vec::new();
    for entry in outline.entries() {
        let mut value = entry.value.clone();
        let span = entry.span.map(phrase::span).filter(|span| !span.is_empty());
        value += &span.map(|span| format!("，{span}")).unwrap_or_default();
        if entry.exception {
            value += "，例外";
        }
        let source = entry.source.and_then(|id| outline.source(id));
        value += &source.map(|source| format!("，据 {}", source.id)).unwrap_or_default();
        list.push((entry, value));
    }
    list
}
