//! Records written and read, appended to a journal and folded out of it, and a snapshot of what they make.

use std::hint::black_box;
use std::path::Path;

use yidan_bench::claims;
use yidan_bench::journals::{self, A_BATCH};
use yidan_bench::office::{Office, bytes_of, settled_in};
use yidan_settlement::event::{Lent, LentRoom, Record};
use yidan_settlement::stored::{self, Stored};

use super::ledger::settled;
use super::{MEMBERS, Work, leak};

/// Of each member, in a journal that is folded: registrations are few among its records.
const SETTLEMENTS: usize = 6;

pub(super) fn write(image: Option<&Path>) -> Work {
    let (_, records) = settled(image);
    let stored: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
    let mut room = Vec::new();
    let mut next = leak(records).iter().zip(leak(stored)).cycle();
    let operation = move || {
        let (record, bytes) = next.next().expect("a cycle");
        room.clear();
        record.put(&mut room);
        assert_eq!(room.len(), bytes.len(), "the same bytes");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn whole(image: Option<&Path>) -> Work {
    let (_, records) = settled(image);
    let stored: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
    for (record, bytes) in records.iter().zip(&stored) {
        assert_eq!(stored::whole(bytes).as_ref(), Some(record), "read as it was written");
    }
    let mut next = leak(stored).iter().cycle();
    let operation = move || {
        let bytes = next.next().expect("a cycle");
        let record: Option<Record> = stored::whole(black_box(bytes));
        assert!(record.is_some(), "a record of ours");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn lend(image: Option<&Path>) -> Work {
    let (_, records) = settled(image);
    let stored: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
    let mut room = LentRoom::default();
    let mut next = leak(records).iter().zip(leak(stored)).cycle();
    let operation = move || {
        let (record, bytes) = next.next().expect("a cycle");
        let Some(Lent::Settled(asked, bill)) = Lent::read(black_box(bytes)) else {
            panic!("it is of a settlement")
        };
        let posted = bill.posted(&mut room).expect("a bill of ours");
        let changes = settled_in(record).decision.changes.len();
        assert_eq!((asked.seq, posted.changes.len()), (record.seq, changes), "as it was written");
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn append() -> Work {
    let (_, records) = settled(None);
    let stored: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
    let (_, mut writer) = journals::writer();
    let mut next = leak(stored).chunks_exact(A_BATCH).cycle();
    let operation =
        move || journals::append(&mut writer, next.next().expect("a cycle of whole batches"));
    Work { times: 100, of: A_BATCH, operation: Box::new(operation) }
}

pub(super) fn fold() -> Work {
    let mut all = Vec::new();
    let mut office = Office::told(claims::world(), |record| all.push(bytes_of(record)));
    office.register(MEMBERS, |record| all.push(bytes_of(record)));
    for _ in 0..SETTLEMENTS {
        let asked = office.by_totals(MEMBERS);
        all.extend(asked.into_iter().map(|asked| bytes_of(&office.take(asked))));
    }
    let count = all.len();
    let journal = journals::journal_of(&all);
    let operation = move || {
        let (ledger, records) = journals::folded(&journal);
        assert_eq!((ledger.members().len(), records), (MEMBERS, count as u64), "all of them");
    };
    Work { times: 3, of: count, operation: Box::new(operation) }
}

pub(super) fn snapshot() -> Work {
    let (office, _) = settled(None);
    let operation = move || {
        let read = journals::of_snapshot(&journals::snapshot_of(office.ledger()));
        assert_eq!(read.members().len(), MEMBERS, "all of them");
    };
    Work { times: 3, of: MEMBERS, operation: Box::new(operation) }
}
