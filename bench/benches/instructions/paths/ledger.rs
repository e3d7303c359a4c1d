//! What the ledger decides, finds and takes in.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use yidan_bench::by_hand::Slots;
use yidan_bench::claims;
use yidan_bench::office::{Asked, Office, agrees, settled_in};
use yidan_settlement::event::{Event, Record};
use yidan_settlement::ledger::{Decided, RequestKey};

use super::{LINES, MEMBERS, Work, leak, open};
use crate::WARM;

/// Members, and a command for each that settles.
fn asked(image: Option<&Path>) -> (Office, Vec<Asked>) {
    let mut world = claims::world();
    let image = image.map(|image| Arc::new(open(image)));
    if let Some(image) = &image {
        world.set_image(Arc::clone(image));
    }
    let mut office = Office::new(world);
    office.register(MEMBERS, |_| {});
    let all = match image {
        Some(image) => office.by_lines(MEMBERS, LINES, &image),
        None => office.by_totals(MEMBERS),
    };
    (office, all)
}

/// The same with all taken in, and their records.
pub(super) fn settled(image: Option<&Path>) -> (Office, Vec<Record>) {
    let (mut office, all) = asked(image);
    let take = |(member, asked)| {
        let record = office.take(asked);
        agrees(&settled_in(&record).decision, member, &mut Slots::default());
        office.keep(&record);
        record
    };
    let records = all.into_iter().enumerate().map(take).collect();
    (office, records)
}

pub(super) fn key() -> Work {
    let (_, all) = asked(None);
    let mut next = leak(all).iter().cycle();
    let operation = move || {
        let asked = next.next().expect("a cycle");
        assert_eq!(RequestKey::of_command(black_box(&asked.command)), asked.key);
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn member() -> Work {
    let (office, records) = settled(None);
    let mut next = leak(records).iter().cycle();
    let operation = move || {
        let psn_no = &next.next().expect("a cycle").request.psn_no;
        assert!(office.ledger().members().get(black_box(psn_no)).is_some(), "a member");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn decide(image: Option<&Path>) -> Work {
    let (mut office, all) = asked(image);
    let mut expected = Vec::new();
    for (member, asked) in all.iter().enumerate() {
        let Decided::Event(Event::Settled(settled)) = office.decide(asked) else {
            panic!("it settles")
        };
        agrees(&settled.decision, member, &mut Slots::default());
        expected.push(settled.decision.fund_sum());
    }
    let mut next = leak(all).iter().zip(leak(expected)).cycle();
    let operation = move || {
        let (asked, expected) = next.next().expect("a cycle");
        assert_eq!(office.settled(asked), *expected, "as before");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn pre_settle(image: &Path) -> Work {
    let (mut office, all) = asked(Some(image));
    let all: Vec<Asked> = all.iter().map(Asked::beforehand).collect();
    let mut next = leak(all).iter().cycle();
    let operation = move || {
        let decided = office.decide(next.next().expect("a cycle"));
        assert!(matches!(decided, Decided::PreSettled(_)), "it tells what it would give");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn cancel() -> Work {
    let (mut office, records) = settled(None);
    let all: Vec<Asked> = records.iter().map(|record| office.ask_to_cancel(record)).collect();
    let mut next = leak(all).iter().cycle();
    let operation = move || {
        let decided = office.decide(next.next().expect("a cycle"));
        assert!(matches!(decided, Decided::Event(Event::Cancelled(_))), "it is cancelled");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn again() -> Work {
    let (mut office, all) = asked(None);
    let again: Vec<Asked> = all.iter().map(|asked| Asked::of(asked.command.clone())).collect();
    let places: Vec<u64> = all.into_iter().map(|asked| office.take(asked).seq).collect();
    let mut next = leak(again).iter().zip(leak(places)).cycle();
    let operation = move || {
        let (asked, place) = next.next().expect("a cycle");
        assert_eq!(office.decide(asked), Decided::Again(*place), "the first record");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn apply() -> Work {
    let (mut office, all) = asked(None);
    let mut ledger = office.ledger().clone();
    let take = |asked: Asked| {
        let key = asked.key;
        (office.take(asked), key)
    };
    let records: Vec<(Record, Option<RequestKey>)> = all.into_iter().map(take).collect();
    // Once each: what is applied twice is another state.
    let mut next = leak(records).iter();
    let operation = move || {
        let (record, key) = next.next().expect("as many as there are calls");
        ledger.apply_keyed(record, *key, record.seq).expect("it follows");
    };
    Work { times: MEMBERS - WARM, of: 1, operation: Box::new(operation) }
}
