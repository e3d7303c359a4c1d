//! Criterion benches of single functions: tiers alone, line check with tiers, bare look-ups, image open, pack build, bodies off the wire.
//! `--test` runs each once, over a small image, to check results.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use yidan_bench::bills::{self, Counter, SEED};
use yidan_bench::by_hand;
use yidan_bench::calls;
use yidan_bench::dice::Zipf;
use yidan_bench::r1::{self, Machine};
use yidan_gateway::envelope::Call;
use yidan_gateway::{Profile, content};
use yidan_image::Image;
use yidan_settlement::money::Fen;

const MEMBERS: usize = 20_000;

fn once() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

fn tiers(c: &mut Criterion) {
    let pack = r1::pack();
    let bills = r1::bills(SEED, MEMBERS, 6);
    let mut machine = Machine::new(&pack);
    let by_hand = r1::run_by_hand(&mut vec![[0; 6]; MEMBERS], &bills);
    let by_machine = r1::run_machine(&mut machine, &mut vec![[Fen::ZERO; 6]; MEMBERS], &bills);
    assert_eq!(by_machine, by_hand, "the machine pays what the function by hand pays");
    let mut group = c.benchmark_group("R1 tiers alone");
    group.throughput(Throughput::Elements(1));
    let mut by_hand_members = vec![[0_i64; 6]; MEMBERS];
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
    let mut members = vec![[Fen::ZERO; 6]; MEMBERS];
    let mut next = bills.iter().cycle();
    group.bench_function("general machine", |b| {
        b.iter(|| {
            let bill = next.next().expect("a cycle");
            machine.settle(&mut members[bill.member as usize], bill)
        });
    });
    group.finish();
    assert!(members.iter().flatten().all(|slot| !slot.is_negative()), "slots only rise");
    c.bench_function("pack build (R1)", |b| b.iter(|| black_box(r1::pack())));
    assert_eq!(r1::pack(), pack, "the same text is the same pack");
}

fn lines(c: &mut Criterion) {
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
    let digest = image.digest();
    group.bench_function(format!("open, {entries} entries"), |b| {
        b.iter(|| assert_eq!(Image::open(&path).expect("opens").digest(), digest));
    });
    group.finish();
}

/// A body to a typed request, and to the digest that its key keeps.
fn wire(c: &mut Criterion) {
    let bodies = [("2204, 8 lines", calls::upload(8)), ("2204, 100 lines", calls::upload(100))];
    for (name, body) in bodies.into_iter().chain([("2207", calls::settle())]) {
        let read = |body| Call::read(body, &Profile::STRICT).expect("a right envelope");
        let one = read(body.as_bytes()).transaction().expect("a transaction that is served");
        let mut group = c.benchmark_group(format!("wire: {name}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("read", |b| {
            b.iter(|| {
                let call = read(black_box(body.as_bytes()));
                let decoded = call.decode(one, &Profile::STRICT).expect("a right input");
                black_box(decoded.request.psn_no().map(str::len))
            });
        });
        let call = read(body.as_bytes());
        let decoded = call.decode(one, &Profile::STRICT).expect("a right input");
        assert!(decoded.borne.is_empty(), "bodies are by the text");
        group.bench_function("digest", |b| b.iter(|| content(black_box(&decoded.request))));
        group.finish();
    }
}

criterion_group!(benches, tiers, wire, lines);
criterion_main!(benches);
