//! The hot path asks for no memory once it is warm: looking codes up and settling, line bills and totals bills.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use serde_json::Value;
use yidan::bind::{self, Bound};
use yidan::case::Case;
use yidan::world::World;
use yidan_build::Sizes;
use yidan_image::{Image, Search};
use yidan_settlement::catalogue::{Found, RuleBook};
use yidan_settlement::date::Day;
use yidan_settlement::id::Admdvs;
use yidan_settlement::money::Fen;
use yidan_settlement::settle::{Desk, Looked};
use yidan_tests::random::{self, Counter, Features};

/// Counts what this thread allocates, and hands on.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "a global allocator is unsafe to write; this one only counts")]
// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A case bound to a pack, with its codes.
struct Ready {
    bound: Bound,
    codes: Vec<(String, Day)>,
}

fn ready(world: &World, case: &Value) -> Option<Ready> {
    let case = Case::parse(&case.to_string(), 1).unwrap_or_else(|error| panic!("{error}"));
    let loaded = world.pack_of(case.admdvs.as_deref()?)?;
    let bound = bind::bind(&case, loaded, world, 1).unwrap_or_else(|error| panic!("{error}"));
    let lines = case.lines.iter().flatten();
    let codes = lines.map(|line| (line.med_list_codg.clone(), line.fee_ocur_time.0.day()));
    Some(Ready { bound, codes: codes.collect() })
}

/// Settles all cases in turn, for some rounds; what each round allocated.
fn rounds(world: &World, all: &[Ready]) -> Vec<usize> {
    let loaded = &world.packs()[0];
    let image = world.image().map(|image| &**image);
    let national = Admdvs::parse(yidan_image::NATIONAL).expect("a division");
    let view = image.and_then(|image| image.region(national));
    let empty = RuleBook::default();
    let rules = image.map_or(&empty, |image| image.rules());
    let codes: Vec<Vec<(&[u8], Day)>> = all
        .iter()
        .map(|one| one.codes.iter().map(|(code, day)| (code.as_bytes(), *day)).collect())
        .collect();
    let mut desk = Desk::new();
    let mut found: Vec<Found> = Vec::new();
    let mut round = || {
        let before = ALLOCATIONS.with(Cell::get);
        let mut settled = 0;
        for (one, codes) in all.iter().zip(&codes) {
            let search = Search::new(view, codes, &mut found);
            let looked = Looked { found: search, rules, kinds_of_tags: &loaded.kinds_of_tags };
            let submitted = one.bound.submitted();
            let decision = desk.settle(&submitted, &loaded.pack, looked, |_| Fen::ZERO);
            settled += usize::from(decision.is_ok());
        }
        assert!(settled > 0, "no case is settled");
        ALLOCATIONS.with(Cell::get) - before
    };
    (0..6).map(|_| round()).collect()
}

/// A pack that the engine takes, with cases of which many are settled.
fn check(by_lines: bool) {
    let mut packs = 0;
    for seed in 1..40 {
        let features = Features { refusals: false, ..Features::all() };
        let pack = random::pack(seed, features);
        let catalogue = random::catalogue(seed);
        let mut counter = Counter::with(random::image(&catalogue));
        let Ok(world) = counter.world(&pack.toml) else { continue };
        let sequences = (0..10).map(|n| match by_lines {
            true => random::sequence_of_lines(&pack, &catalogue, seed * 10 + n),
            false => random::sequence(&pack, seed * 10 + n),
        });
        let cases: Vec<Value> = sequences.flatten().collect();
        let all: Vec<Ready> = cases.iter().filter_map(|case| ready(world, case)).collect();
        let allocated = rounds(world, &all);
        assert!(allocated[0] > 0, "the count counts");
        assert_eq!(allocated[2..], [0; 4], "seed {seed}: {allocated:?} allocations by round");
        packs += 1;
    }
    assert!(packs > 20, "only {packs} packs were tried");
}

#[test]
fn line_bills_ask_for_no_memory() {
    check(true);
}

#[test]
fn bills_by_totals_ask_for_no_memory() {
    check(false);
}

#[test]
fn looking_up_asks_for_no_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("some.image");
    let sizes =
        Sizes { drugs: 3_000, services: 500, consumables: 1_500, diagnoses: 33_000, facilities: 9 };
    yidan_build::build_of(&yidan_build::generate(7, sizes), &path)
        .expect("generated sources build");
    let image = Image::open(&path).expect("opens");
    let view = image.national().expect("a base");
    let on = Day::from_civil(2026, 3, 1).expect("a day");
    let known = view.ids().filter_map(|id| view.entry_text(id)).map(|text| text.code.to_owned());
    let codes: Vec<String> = known.chain((0..1_000).map(|n| format!("NO-{n}"))).collect();
    let asked: Vec<(&[u8], Day)> = codes.iter().map(|code| (code.as_bytes(), on)).collect();
    let mut out = Vec::with_capacity(asked.len());
    let before = ALLOCATIONS.with(Cell::get);
    let there = asked.iter().filter(|(code, on)| view.look_up(code, *on) != Found::Unknown).count();
    view.look_up_all(&asked, &mut out);
    assert_eq!(image.diagnosis("no such code"), None);
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
    assert_eq!((there, out.len()), (codes.len() - 1_000, codes.len()));
    assert!(there >= 5_000, "only {there} codes were known");
}
