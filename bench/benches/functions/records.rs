//! Records of settlements: written to bytes, read back whole as an audit does, and lent as a fold takes them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use yidan_bench::office::{bytes_of, settled_in};
use yidan_settlement::event::{Lent, LentRoom, Record};
use yidan_settlement::stored::{self, Stored};

use crate::bureau::Bureau;

/// Each kind of record, in bytes a second.
pub(crate) fn written(c: &mut Criterion) {
    let (by_totals, by_lines) = Bureau::new().settle();
    for (name, records) in [("by totals", by_totals), ("20 lines", by_lines)] {
        let stored: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
        let bytes: usize = stored.iter().map(Vec::len).sum();
        let mut group = c.benchmark_group(format!("record, {name}"));
        // Records are of unlike lengths: the mean is what one operation moves.
        group.throughput(Throughput::Bytes((bytes / stored.len()) as u64));
        let mut room = Vec::new();
        let mut next = records.iter().zip(&stored).cycle();
        group.bench_function("write", |b| {
            b.iter(|| {
                let (record, bytes) = next.next().expect("a cycle");
                room.clear();
                record.put(&mut room);
                assert_eq!(room.len(), bytes.len(), "the same bytes");
            });
        });
        let mut next = stored.iter().cycle();
        group.bench_function("read whole", |b| {
            b.iter(|| {
                let bytes = next.next().expect("a cycle");
                stored::whole::<Record>(black_box(bytes)).expect("a record of ours")
            });
        });
        let mut lent = LentRoom::default();
        let mut next = stored.iter().cycle();
        group.bench_function("lend to a fold", |b| {
            b.iter(|| {
                let bytes = next.next().expect("a cycle");
                let Some(Lent::Settled(asked, bill)) = Lent::read(black_box(bytes)) else {
                    panic!("it is of a settlement")
                };
                let posted = bill.posted(&mut lent).expect("a bill of ours");
                asked.seq.wrapping_add(posted.changes.len() as u64)
            });
        });
        group.finish();
        for (record, bytes) in records.iter().zip(&stored) {
            assert_eq!(stored::whole(bytes).as_ref(), Some(record), "read as it was written");
            let Some(Lent::Settled(asked, bill)) = Lent::read(bytes) else {
                panic!("it is of a settlement")
            };
            let posted = bill.posted(&mut lent).expect("a bill of ours");
            let of_record = settled_in(record).posted();
            assert_eq!(asked.psn_no, record.request.psn_no.as_bytes());
            assert_eq!(posted.changes, of_record.changes, "lent as it was written");
            assert_eq!(posted.postings, of_record.postings, "lent as it was written");
        }
    }
}
