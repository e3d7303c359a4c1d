//! Prints what was measured beside the bars it is held to (`README.md`, Speed). Each ratio is of two things measured in turns in
//! this one run, by the median of the rounds; nothing here fails on time. `--test` runs everything once, to check results.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use yidan_bench::bills::{self, Bill, Counter, SEED};
use yidan_bench::dice::{Dice, Zipf};
use yidan_bench::r1::{self, Machine};
use yidan_build::Sizes;
use yidan_image::Image;
use yidan_settlement::catalogue::Found;
use yidan_settlement::date::Day;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = arguments.iter().any(|argument| argument == "--test");
    // `cargo bench -p yidan-bench --bench bars -- tiers` runs one part only: tiers, bills or look-ups.
    let parts: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let asked = |part: &str| parts.is_empty() || parts.iter().any(|asked| *asked == part);
    let rounds = if once { 1 } else { 15 };
    let pack = r1::pack();
    println!(
        "Measured beside the bars; ratios are medians of at least {rounds} rounds in turns.\n"
    );
    if asked("tiers") {
        tiers_alone(&pack, rounds, once);
    }
    if asked("bills") {
        national_image(&pack, rounds, once);
    }
    if asked("look-ups") {
        look_ups(rounds, once);
    }
}

/// Bar 7, and bar 1 over the image it opens.
fn national_image(pack: &Pack, rounds: usize, once: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("national.image");
    let begin = Instant::now();
    let report = bills::build(&path, once);
    println!(
        "image build, {} entries, sources generated and parsed: {:.1?} (bar: a minute)",
        bills::entries(&report),
        begin.elapsed()
    );
    let open = || {
        Image::open(&path).expect("opens");
    };
    let opens: Vec<Duration> = (0..rounds).map(|_| time(open)).collect();
    println!(
        "image open, {} MB: median {:.1?} (bar 7: 150 ms)\n",
        report.bytes / 1_000_000,
        median(opens)
    );
    let image = Image::open(&path).expect("a built image opens");
    whole_bills(&image, pack, rounds, once);
}

/// Bar 2: R1 tiers alone beside the function by hand.
fn tiers_alone(pack: &Pack, rounds: usize, once: bool) {
    // A round of few members is over in 20 ms, less than a shared machine takes to change its pace: more of them.
    let (few, many) = (if once { 1 } else { rounds * 6 }, rounds);
    let most = if once { 50_000 } else { 1_000_000 };
    for (members, each, rounds) in [(20_000, 6, few), (most, 2, many)] {
        let bills = r1::bills(SEED, members, each);
        let mut machine = Machine::new(pack);
        let mut by_hand = Vec::new();
        let mut by_machine = Vec::new();
        for _ in 0..rounds {
            let mut slots = vec![[0_i64; 6]; members];
            let mut sum = 0;
            by_hand.push(time(|| sum = r1::run_by_hand(&mut slots, &bills)));
            let mut frames = vec![[Fen::ZERO; 6]; members];
            let mut same = 0;
            by_machine.push(time(|| same = r1::run_machine(&mut machine, &mut frames, &bills)));
            assert_eq!(sum, same, "the machine pays what the function by hand pays");
            let agree =
                slots.iter().flatten().zip(frames.iter().flatten()).all(|(a, b)| *a == b.get());
            assert!(agree, "and leaves the same slots");
        }
        let (ratio, a, b) = ratio(&by_machine, &by_hand);
        println!(
            "R1 tiers alone, {members} members: by hand {:.1} ns, machine {:.1} ns, ratio {ratio:.2} (bar 2: 3)",
            nanos(b) / bills.len() as f64,
            nanos(a) / bills.len() as f64,
        );
    }
    println!();
}

/// Bar 1: look-up, line check and three tiers beside bare look-ups of the same codes.
fn whole_bills(image: &Image, pack: &Pack, rounds: usize, once: bool) {
    let codes = bills::shuffled_codes(image.national().expect("a base"));
    let zipf = Zipf::new(codes.len());
    let mut counter = Counter::new(image, pack);
    for (lines, count) in [(5, 80_000), (20, 20_000), (300, 1_500)] {
        let messages = bills::messages(&codes, &zipf, if once { 50 } else { count } * lines);
        let bills = bills::bills(&messages, lines);
        let expected = counter.checked(&bills).into_iter().sum::<Fen>();
        let (mut looks, mut fields, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (mut found, mut read, mut paid) = (0, 0, Fen::ZERO);
            looks.push(time(|| found = look_up_all(&mut counter, &bills)));
            fields.push(time(|| read = look_up_all_fields(&mut counter, &bills)));
            wholes.push(time(|| paid = settle_all(&mut counter, &bills)));
            assert_eq!(found, bills.len() * lines, "every code was looked up");
            assert_eq!(read, found, "and every one's fields were read");
            assert_eq!(paid, expected, "every round pays what the function by hand pays");
        }
        let (to_terms, whole, look) = ratio(&wholes, &looks);
        let (to_fields, _, field) = ratio(&wholes, &fields);
        let a_bill = |time| nanos(time) / bills.len() as f64;
        println!(
            "{lines}-line bill: look-ups to the packed terms {:.0} ns, to every field {:.0} ns; look-ups + line check + 3 tiers \
             {:.0} ns: {:.0} bills/s a core, ratio {to_terms:.2} to the packed terms, {to_fields:.2} to every field{}",
            a_bill(look),
            a_bill(field),
            a_bill(whole),
            1e9 / a_bill(whole),
            if lines == 20 { " (bar 1: 2, and 400000 bills/s)" } else { "" },
        );
    }
    println!();
}

fn look_up_all(counter: &mut Counter<'_>, bills: &[Bill<'_>]) -> usize {
    bills.iter().map(|bill| counter.look_up(bill)).sum()
}

fn look_up_all_fields(counter: &mut Counter<'_>, bills: &[Bill<'_>]) -> usize {
    bills.iter().map(|bill| counter.look_up_fields(bill)).sum()
}

fn settle_all(counter: &mut Counter<'_>, bills: &[Bill<'_>]) -> Fen {
    bills.iter().map(|bill| counter.settle(bill, &mut [Fen::ZERO; 6])).sum()
}

/// Bar 6: probes and cache lines counted, and time from 10³ to 10⁶ entries beside two dependent reads of as much memory.
fn look_ups(rounds: usize, once: bool) {
    let day = Day::from_civil(2026, 3, 1).expect("a day");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut base: Option<(f64, f64)> = None;
    for entries in [1_000_u32, 10_000, 100_000, 1_000_000] {
        let entries = if once { entries / 100 } else { entries };
        let sizes =
            Sizes { drugs: entries, services: 0, consumables: 0, diagnoses: 0, facilities: 0 };
        let path = folder.path().join("some.image");
        let report = yidan_build::build_of(&yidan_build::generate(SEED, sizes), &path)
            .expect("generated sources build");
        let image = Image::open(&path).expect("opens");
        let view = image.national().expect("a base");
        let codes = bills::shuffled_codes(view);
        let counted = codes.iter().map(|code| view.look_up_counted(code, day).1);
        let (probes, lines) =
            counted.fold((0, 0), |most, one| (most.0.max(one.reads), most.1.max(one.cache_lines)));
        assert!((1..=2).contains(&probes), "a look-up reads at most two records, not {probes}");
        assert!((1..=2).contains(&lines), "a look-up touches at most two cache lines, not {lines}");
        let found = codes.iter().filter(|code| matches!(view.look_up(code, day), Found::Entry(_)));
        assert_eq!(found.count(), codes.len(), "every code is in force");
        let asked = 200_000.min(codes.len() * 50);
        let chain = Chain::new(view.len());
        let (mut looks, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            looks.push(time(|| {
                for code in codes.iter().cycle().take(asked) {
                    black_box(view.look_up(code, day));
                }
            }));
            reads.push(time(|| {
                black_box(chain.walk(asked));
            }));
        }
        let (look, read) =
            (nanos(median(looks)) / asked as f64, nanos(median(reads)) / asked as f64);
        let (look_base, read_base) = *base.get_or_insert((look, read));
        println!(
            "look-up, {} entries ({} MB): at most {probes} probes, {lines} cache lines; {look:.1} ns ({:.1}× the smallest), \
             two dependent reads {read:.1} ns ({:.1}×) (bar 6: 2 probes, 2 lines, within the machine's ratio)",
            view.len(),
            report.bytes / 1_000_000,
            look / look_base,
            read / read_base,
        );
    }
}

/// Two dependent reads of as much memory as a look-up of so many entries touches: a directory and a table of cache lines.
struct Chain {
    directory: Vec<u32>,
    table: Vec<[u64; 8]>,
    order: Vec<u32>,
}

impl Chain {
    fn new(entries: usize) -> Chain {
        let mut dice = Dice::new(SEED);
        let number = |dice: &mut Dice| u32::try_from(dice.index(entries)).expect("fits");
        let directory = (0..entries).map(|_| number(&mut dice)).collect();
        let table = (0..entries).map(|_| [dice.bits(); 8]).collect();
        let order = (0..200_000).map(|_| number(&mut dice)).collect();
        Chain { directory, table, order }
    }

    fn walk(&self, times: usize) -> u64 {
        let mut sum = 0_u64;
        for place in self.order.iter().cycle().take(times) {
            let line = self.directory[*place as usize];
            sum = sum.wrapping_add(self.table[line as usize][0]);
        }
        sum
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The median of the rounds' ratios, and the medians of both.
fn ratio(above: &[Duration], below: &[Duration]) -> (f64, Duration, Duration) {
    let mut ratios: Vec<f64> =
        above.iter().zip(below).map(|(a, b)| nanos(*a) / nanos(*b)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    (ratios[ratios.len() / 2], median(above.to_vec()), median(below.to_vec()))
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
