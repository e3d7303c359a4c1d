//! What is held of a family account is ended once, by what the one record says that names it, and by nought where none does: so
//! whatever crashed between the two, no fen is lost and none is paid twice.

use std::collections::BTreeMap;

use yidan_settlement::event::{Cancelled, Event, Undone};
use yidan_settlement::facts::Text;
use yidan_settlement::money::Fen;

use super::Evidence;

/// What is held.
struct Item {
    owner: Text,
    amount: Fen,
    /// What the record that names it has paid of it.
    named: Option<Fen>,
    ended: Option<Fen>,
}

/// How it is violated, at any time.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    items(evidence).err()
}

/// How it is violated when nothing is on its way: something is held still.
pub fn check_end(evidence: &Evidence<'_>) -> Option<String> {
    let items = items(evidence).ok()?;
    let open = items.iter().find(|(_, item)| item.ended.is_none());
    open.map(|(number, item)| format!("item {number} of {} is held still", item.owner))
}

fn items(evidence: &Evidence<'_>) -> Result<BTreeMap<u64, Item>, String> {
    let mut items: BTreeMap<u64, Item> = BTreeMap::new();
    for kept in &evidence.journal {
        let (record, wrong) = (&kept.record, |what| format!("record {}: {what}", kept.number));
        if let Event::FamilyHeld(held) = &record.event {
            let (owner, amount) = (record.request.psn_no.clone(), held.amount);
            items.insert(record.seq, Item { owner, amount, named: None, ended: None });
        }
        if let Event::FamilyEnded(ended) = &record.event {
            let item = items.get_mut(&ended.item).ok_or(wrong("ends what is not held"))?;
            let same = item.owner == record.request.psn_no && item.amount == ended.held;
            if !same || item.ended.replace(ended.paid).is_some() {
                return Err(wrong("ends something else, or a second time"));
            }
            if item.named.unwrap_or_default() != ended.paid {
                return Err(wrong("pays something else than what names it says"));
            }
        }
        for (number, owner, amount, paid) in named(&record.event) {
            let item = items.get_mut(&number).ok_or(wrong("names what is not held"))?;
            let same = item.owner == owner && item.amount == amount && item.ended.is_none();
            if !same || item.named.replace(paid).is_some() {
                return Err(wrong("names something else, or a second time"));
            }
        }
    }
    Ok(items)
}

/// What a record has to do with items: number, owner, what is held, and what is paid of it. An adjustment leaves them as they were.
fn named(event: &Event) -> Vec<(u64, Text, Fen, Fen)> {
    let of = |cancelled: &Cancelled| {
        let shares = cancelled.shares.iter();
        shares.map(|one| (one.item, one.owner.clone(), one.amount, one.amount)).collect()
    };
    if let Event::Settled(settled) = event {
        let family = settled.family();
        return family.map(|(one, paid)| (one.item, one.owner.clone(), one.amount, paid)).collect();
    }
    if let Event::Cancelled(cancelled) = event {
        return of(cancelled);
    }
    if let Event::Corrected(corrected) = event {
        return corrected.cancelled.as_ref().map(|(_, one)| of(one)).unwrap_or_default();
    }
    if let Event::Reversed(reversed) = event {
        return match &reversed.undone {
            Undone::Settlement(cancelled) | Undone::Cancellation(cancelled) => of(cancelled),
            Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => Vec::new(),
        };
    }
    Vec::new()
}
