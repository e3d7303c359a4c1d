//! What funds paid is the sum of the bills that stand, is what clients know from their own answers; and so with facilities and
//! accounts.

use std::collections::BTreeSet;

use yidan_journal::scan;
use yidan_pipeline::fold::Fold;
use yidan_settlement::event::Event;

use super::Evidence;
use crate::town::ClientBooks;

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    let mut fold = Fold::new(1);
    if let Err(error) = scan(evidence.disk, |batch| fold.batch(batch)) {
        return Some(error.to_string());
    }
    let ledgers = match fold.end() {
        Ok((ledgers, _)) => ledgers,
        Err(error) => return Some(error.to_string()),
    };
    // All bills by the journal, in which none is missing.
    let mut journal = ClientBooks::default();
    evidence.journal.iter().for_each(|kept| journal.note(kept.record.seq, &kept.record.event));
    if let Some(wrong) = journal.differences(&ledgers).first() {
        return Some(format!("by the journal, {wrong}"));
    }
    let refused = evidence.journal.iter().filter(|kept| is_refused(&kept.record.event)).count();
    let counted: u64 = ledgers.iter().map(|ledger| ledger.books().refused).sum();
    if u64::try_from(refused) != Ok(counted) {
        return Some(format!("{counted} refusals are counted, {refused} were made"));
    }
    // And by clients, from the outcomes they know.
    let places: BTreeSet<u64> =
        evidence.clients.wishes.iter().filter_map(|wish| wish.place).collect();
    let mut clients = ClientBooks::default();
    for kept in places.iter().filter_map(|place| evidence.record(*place)) {
        clients.note(kept.record.seq, &kept.record.event);
    }
    if let Some(wrong) = clients.differences(&ledgers).first() {
        return Some(wrong.clone());
    }
    let (by_journal, by_clients) = (journal.funds(), clients.funds());
    (by_journal != by_clients).then(|| format!("bills sum to {by_journal:?}, not {by_clients:?}"))
}

fn is_refused(event: &Event) -> bool {
    matches!(event, Event::Refused(_))
}
