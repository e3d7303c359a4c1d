//! What was reversed stays reversed: a request that a reversal overtook does nothing when it comes, and one that was undone never
//! succeeds again, whoever repeats it and whatever crashed in between.

use std::collections::{HashMap, HashSet};

use yidan_settlement::command::What;
use yidan_settlement::event::{Event, Undone};
use yidan_settlement::ledger::RequestKey;
use yidan_settlement::reason::Conduct;

use super::{Evidence, Kept};
use crate::sim::Told;

/// How it is violated, at any time.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    in_the_journal(evidence)
        .or_else(|| in_what_was_told(evidence))
        .or_else(|| told_of_none(evidence))
}

/// The key that a record reverses, if it is a reversal.
fn reverses(kept: &Kept) -> Option<RequestKey> {
    let Event::Reversed(reversed) = &kept.record.event else { return None };
    let request = &kept.record.request;
    Some(RequestKey::new(&request.asker, reversed.infno, &reversed.msgid, &request.psn_no))
}

/// After a reversal there is no record of what it reversed.
fn in_the_journal(evidence: &Evidence<'_>) -> Option<String> {
    let keyed = evidence.clients.wishes.iter().filter(|wish| wish.has_key());
    let keyed: HashSet<_> = keyed.map(|wish| RequestKey::of(&wish.request)).collect();
    let mut reversed = HashMap::new();
    for kept in &evidence.journal {
        let key = RequestKey::of(&kept.record.request);
        if let Some(by) = reversed.get(&key)
            && keyed.contains(&key)
        {
            return Some(format!(
                "record {} is of a request that record {by} reversed",
                kept.number
            ));
        }
        if let Some(key) = reverses(kept) {
            reversed.insert(key, kept.number);
        }
    }
    None
}

/// When a reversal was answered, whoever repeats what it reversed is refused.
fn in_what_was_told(evidence: &Evidence<'_>) -> Option<String> {
    let mut reversed = HashMap::new();
    for (number, told) in &evidence.clients.told {
        let wish = &evidence.clients.wishes[*number];
        let key = RequestKey::of(&wish.request);
        if let Some(by) = reversed.get(&key)
            && wish.has_key()
            && *told != Told::Refused(Conduct::ReversedBefore.number())
        {
            return Some(format!("wish {number} was told {told:?} after wish {by} reversed it"));
        }
        if let (What::Reverse(_, _), Told::Done(place) | Told::Again(place)) = (&wish.what, told)
            && let Some(key) = evidence.record(*place).and_then(reverses)
        {
            reversed.insert(key, *number);
        }
    }
    None
}

/// Who was refused since the request is reversed was told of a reversal that lasts.
fn told_of_none(evidence: &Evidence<'_>) -> Option<String> {
    let reversed: HashSet<_> = evidence.journal.iter().filter_map(reverses).collect();
    evidence.clients.told.iter().find_map(|(number, told)| {
        let key = RequestKey::of(&evidence.clients.wishes[*number].request);
        let refused = *told == Told::Refused(Conduct::ReversedBefore.number());
        (refused && !reversed.contains(&key))
            .then(|| format!("wish {number} was refused as reversed, and no record reverses it"))
    })
}

/// How it is violated at the end: nothing that was reversed stands.
pub fn check_end(evidence: &Evidence<'_>) -> Option<String> {
    let mut standing: HashMap<u64, RequestKey> = HashMap::new();
    let mut made: HashMap<u64, RequestKey> = HashMap::new();
    let mut reversed = HashMap::new();
    for kept in &evidence.journal {
        if let Event::Settled(_) = &kept.record.event {
            let key = RequestKey::of(&kept.record.request);
            standing.insert(kept.record.seq, key);
            made.insert(kept.record.seq, key);
        }
        if let Event::Cancelled(cancelled) = &kept.record.event {
            standing.remove(&cancelled.settlement);
        }
        if let Event::Corrected(corrected) = &kept.record.event
            && let Some((_, cancelled)) = &corrected.cancelled
        {
            standing.remove(&cancelled.settlement);
        }
        if let Event::Reversed(undoing) = &kept.record.event {
            match &undoing.undone {
                Undone::Settlement(cancelled) => {
                    standing.remove(&cancelled.settlement);
                }
                Undone::Cancellation(back) => {
                    let key = made.get(&back.settlement)?;
                    standing.insert(back.settlement, *key);
                }
                Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => {}
            }
            if let Some(key) = reverses(kept) {
                reversed.insert(key, kept.number);
            }
        }
    }
    standing.iter().find_map(|(seq, key)| {
        let by = reversed.get(key)?;
        Some(format!("settlement {seq} stands, and record {by} reversed its request"))
    })
}
