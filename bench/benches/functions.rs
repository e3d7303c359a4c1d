//! Criterion benches of single functions: tiers alone, line check with tiers, bare look-ups, image open, pack build.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use yidan_bench::bills::{self, Counter, NATIONAL, SEED};
use yidan_bench::by_hand;
use yidan_bench::dice::Zipf;
use yidan_bench::r1::{self, Machine};
use yidan_image::Image;
use yidan_settlement::money::Fen;

fn tiers(c: &mut Criterion) {
    let pack = r1::pack();
    let bills = r1::bills(SEED, 20_000, 6);
    let mut group = c.benchmark_group("R1 tiers alone");
    group.throughput(Throughput::Elements(1));
    let mut by_hand_members = vec![[0_i64; 6]; 20_000];
    let mut next = bills.iter().cycle();
    group.bench_function("by hand", |b| {
        b.iter(|| {
            let bill = next.next().expect("a cycle");
            by_hand::settle(
                &mut by_hand_members[bill.member as usize],
                bill.in_scope,
                bill.level,
                bill.class,
            )
        });
    });
    let mut members = vec![[Fen::ZERO; 6]; 20_000];
    let mut machine = Machine::new(&pack);
    let mut next = bills.iter().cycle();
    group.bench_function("general machine", |b| {
        b.iter(|| {
            let bill = next.next().expect("a cycle");
            machine.settle(&mut members[bill.member as usize], bill)
        });
    });
    group.finish();
    c.bench_function("pack build (R1)", |b| b.iter(|| black_box(r1::pack())));
}

fn lines(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("national.image");
    yidan_build::build_of(&yidan_build::generate(SEED, NATIONAL), &path)
        .expect("generated sources build");
    let image = Image::open(&path).expect("a built image opens");
    let pack = r1::pack();
    let codes = bills::shuffled_codes(image.national().expect("a base"));
    let zipf = Zipf::new(codes.len());
    let mut counter = Counter::new(&image, &pack);
    for lines in [5, 20, 300] {
        let messages = bills::messages(&codes, &zipf, 2_048 * lines);
        let bills = bills::bills(&messages, lines);
        let mut group = c.benchmark_group(format!("{lines}-line bill, 403,000 entries"));
        group.throughput(Throughput::Elements(1));
        let mut next = bills.iter().cycle();
        group.bench_function("bare look-ups", |b| {
            b.iter(|| counter.look_up(next.next().expect("a cycle")))
        });
        let mut slots = [Fen::ZERO; 6];
        let mut next = bills.iter().cycle();
        group.bench_function("look-up, line check, tiers", |b| {
            b.iter(|| {
                slots = [Fen::ZERO; 6];
                counter.settle(next.next().expect("a cycle"), &mut slots)
            });
        });
        group.finish();
    }
    let mut group = c.benchmark_group("image");
    group.sample_size(10);
    group
        .bench_function("open, 403,000 entries", |b| b.iter(|| Image::open(&path).expect("opens")));
    group.finish();
}

criterion_group!(benches, tiers, lines);
criterion_main!(benches);
