//! Bills of lines over a catalogue: bare look-ups, look-up with line check and tiers, and an image opened.

use criterion::{Criterion, Throughput};
use yidan_bench::bills::{self, Counter};
use yidan_bench::dice::Zipf;
use yidan_bench::r1;
use yidan_image::Image;
use yidan_settlement::money::Fen;

use crate::once;

/// Bills of 5, 20 and 300 lines.
pub(crate) fn bills(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("national.image");
    let entries = bills::entries(&bills::build(&path, once()));
    let image = Image::open(&path).expect("a built image opens");
    let pack = r1::pack();
    let codes = bills::shuffled_codes(image.national().expect("a base"));
    let zipf = Zipf::new(codes.len());
    let mut counter = Counter::new(&image, &pack);
    for lines in [5, 20, 300] {
        let count = if once() { 50 } else { 2_048 };
        let messages = bills::messages(&codes, &zipf, count * lines);
        let bills = bills::bills(&messages, lines);
        let expected = counter.checked(&bills);
        let mut group = c.benchmark_group(format!("{lines}-line bill, {entries} entries"));
        group.throughput(Throughput::Elements(1));
        let mut next = bills.iter().cycle();
        group.bench_function("bare look-ups", |b| {
            b.iter(|| {
                let found = counter.look_up(next.next().expect("a cycle"));
                assert_eq!(found, lines, "every code was looked up");
            });
        });
        let mut next = bills.iter().zip(&expected).cycle();
        group.bench_function("look-up, line check, tiers", |b| {
            b.iter(|| {
                let (bill, expected) = next.next().expect("a cycle");
                let paid = counter.settle(bill, &mut [Fen::ZERO; 6]);
                assert_eq!(paid, *expected, "it pays what the function by hand pays");
            });
        });
        group.finish();
    }
    let mut group = c.benchmark_group("image");
    group.sample_size(10);
    group.throughput(Throughput::Elements(entries as u64));
    let digest = image.digest();
    group.bench_function(format!("open, {entries} entries"), |b| {
        b.iter(|| assert_eq!(Image::open(&path).expect("opens").digest(), digest));
    });
    group.finish();
}
