//! Nothing answered is lost: every record that an answer was made from is in the journal with the same bytes, it is that of the
//! request, and whoever asks again is told of the same one. Lines that were confirmed, as they were there already, are there.

use std::collections::{HashMap, HashSet};

use yidan_settlement::command::What;
use yidan_settlement::event::Event;
use yidan_settlement::ledger::RequestKey;

use super::Evidence;
use crate::sim::Told;

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    records(evidence).or_else(|| confirmed(evidence))
}

/// Lines that a client was told of as there already, and that no record has brought.
fn confirmed(evidence: &Evidence<'_>) -> Option<String> {
    let mut there = HashSet::new();
    for kept in &evidence.journal {
        if let Event::LinesUploaded(visit, lines) = &kept.record.event {
            there.extend(lines.iter().map(|line| (*visit, line.serial.clone())));
        }
    }
    evidence.clients.told.iter().find_map(|(number, told)| {
        let What::Upload(visit, lines) = &evidence.clients.wishes[*number].what else {
            return None;
        };
        let mut lines = lines.iter().map(|line| (*visit, line.serial.clone()));
        let missing = *told == Told::Nothing && !lines.all(|line| there.contains(&line));
        missing.then(|| format!("wish {number} was told its lines are there, and they are not"))
    })
}

fn records(evidence: &Evidence<'_>) -> Option<String> {
    for (place, bytes) in &evidence.clients.answered {
        match evidence.record(*place) {
            None => return Some(format!("record {place} was answered and is not there")),
            Some(kept) if kept.bytes != *bytes => {
                return Some(format!("record {place} was answered and says something else now"));
            }
            Some(_) => {}
        }
    }
    let mut first: HashMap<_, u64> = HashMap::new();
    for (number, told) in &evidence.clients.told {
        let wish = &evidence.clients.wishes[*number];
        let (Told::Done(place) | Told::Again(place)) = *told else { continue };
        let Some(kept) = evidence.record(place) else {
            return Some(format!("wish {number} was told {told:?}, and that is not there"));
        };
        let own = wish.concerns_all()
            || RequestKey::of(&kept.record.request) == RequestKey::of(&wish.request);
        // A second reversal gets the first one's answer.
        let reversal =
            matches!(kept.record.event, Event::Reversed(_)) && *told == Told::Again(place);
        if !own && !reversal {
            return Some(format!("wish {number} was told {told:?}, which is of another request"));
        }
        if wish.has_key() {
            let key = (RequestKey::of(&wish.request), wish.request.digest);
            let known = *first.entry(key).or_insert(place);
            if known != place {
                return Some(format!("wish {number} was told {told:?}, and {known} before"));
            }
        }
    }
    None
}
