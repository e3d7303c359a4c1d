//! Nothing is settled twice: a request has one record, a settlement is undone once, and a visit has one settlement that stands
//! and ended it. And nothing is there that nobody asked for.

use std::collections::{HashMap, HashSet};

use yidan_settlement::event::{Event, Undone};
use yidan_settlement::ledger::RequestKey;

use super::Evidence;

/// Settlements, and the visit that each has ended.
type Settlements = HashMap<u64, Option<u64>>;

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    let wishes = &evidence.clients.wishes;
    let wished: HashSet<_> = wishes.iter().map(|wish| RequestKey::of(&wish.request)).collect();
    let keyed = wishes.iter().filter(|wish| wish.has_key());
    let keyed: HashSet<_> = keyed.map(|wish| RequestKey::of(&wish.request)).collect();
    let mut records = HashMap::new();
    let (mut standing, mut undone) = (Settlements::new(), Settlements::new());
    for kept in &evidence.journal {
        let (number, record) = (kept.number, &kept.record);
        let key = RequestKey::of(&record.request);
        if !record.request.msgid.is_empty() && !wished.contains(&key) {
            return Some(format!("record {number} is of a request that nobody made"));
        }
        if keyed.contains(&key)
            && let Some(before) = records.insert(key, number)
        {
            return Some(format!("records {before} and {number} are of one request"));
        }
        if !moves_once(record.seq, &record.event, &mut standing, &mut undone) {
            return Some(format!("record {number} settles, undoes or puts back a second time"));
        }
        let mut visits = HashSet::new();
        if let Some(visit) = standing.values().flatten().find(|visit| !visits.insert(**visit)) {
            return Some(format!("visit {visit} has two settlements by record {number}"));
        }
    }
    None
}

/// Whether an event makes a settlement that was not, undoes one that stands, or puts back one that was undone.
fn moves_once(
    seq: u64,
    event: &Event,
    standing: &mut Settlements,
    undone: &mut Settlements,
) -> bool {
    let mut over = |settlement: u64, back: bool| {
        let (from, to) =
            if back { (&mut *undone, &mut *standing) } else { (&mut *standing, &mut *undone) };
        let moved = from.remove(&settlement);
        moved.is_some_and(|visit| to.insert(settlement, visit).is_none())
    };
    if let Event::Cancelled(cancelled) = event {
        return over(cancelled.settlement, false);
    }
    if let Event::Corrected(corrected) = event {
        let cancelled = corrected.cancelled.as_ref();
        let cancelled = cancelled.is_none_or(|(_, cancelled)| over(cancelled.settlement, false));
        let mut adjusted = corrected.adjusted.iter();
        return cancelled && adjusted.all(|one| standing.contains_key(&one.settlement));
    }
    if let Event::Reversed(reversed) = event {
        return match &reversed.undone {
            Undone::Settlement(cancelled) => over(cancelled.settlement, false),
            Undone::Cancellation(back) => over(back.settlement, true),
            Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => true,
        };
    }
    if let Event::Settled(settled) = event {
        return standing.insert(seq, settled.ends_visit().then_some(settled.visit.get())).is_none();
    }
    true
}
