//! Any text read as a case, and bills made of any bytes, settled by the curated catalogue and packs: an error, a refusal, or
//! a bill whose identities hold and whose explanation gives it again, never a panic.
#![no_main]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use yidan::answer::Answer;
use yidan::case::Case;
use yidan::clerk::{Clerk, Outcome, Settled};
use yidan::commands::curated;
use yidan::world::World;
use yidan_settlement::date::Day;
use yidan_settlement::explain::explain;
use yidan_settlement::id::Admdvs;
use yidan_settlement::money::{Fen, Price, Quantity};
use yidan_settlement::reason::Reason;

/// Cases that settle; pieces of them are replaced. `short.sh` gives the folder to the fuzzer too.
const SEEDS: &[&str] = &[
    include_str!("../seeds/case_settle/totals.json"),
    include_str!("../seeds/case_settle/lines.json"),
    include_str!("../seeds/case_settle/year_end.json"),
];

const POOLS: [&str; 8] =
    ["630100", "530100", "370800", "340300", "110000", "420100", "510100", "R1"];

struct Place {
    world: World,
    /// Codes under some rule, and all codes.
    ruled: Vec<String>,
    codes: Vec<String>,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let mut world = World::new();
    for (path, text) in curated::PACKS {
        world.add_pack(
            yidan_build::policy::compile(text, path).expect("a curated pack"),
            Path::new(path),
        );
    }
    let image = curated::image().expect("the curated catalogue");
    let view =
        image.region(Admdvs::parse("630100").expect("six digits")).expect("a curated region");
    let code = |id| view.entry_text(id).map(|text| text.code.to_string());
    let ruled = view
        .ids()
        .filter(|id| view.entry(*id).is_some_and(|entry| entry.rule.get() != 0))
        .filter_map(code)
        .collect();
    let codes = view.ids().filter_map(code).collect();
    world.set_image(Arc::new(image));
    let place = Place { world, ruled, codes };
    for seed in SEEDS {
        assert_eq!(settle(&place.world, seed, 1), 1, "a seed settles: {seed}");
    }
    // And a bill made of bytes: were they all refused, nothing would be fuzzed.
    let made = bill(&place, &[7; 8 + 5 * 9]).expect("a bill of five lines");
    assert_eq!(settle(&place.world, &made, 3), 3, "a bill made of bytes settles: {made}");
    place
});

fuzz_target!(|bytes: &[u8]| {
    let place = &*PLACE;
    if let Ok(text) = std::str::from_utf8(bytes) {
        settle(&place.world, text, 1);
        spliced(&place.world, text);
    }
    if let Some(bill) = bill(place, bytes) {
        settle(&place.world, &bill, 3);
    }
});

/// A seed with a piece replaced: which, where and how much is in the first four bytes.
fn spliced(world: &World, text: &str) {
    let Some((place, piece)) = text.as_bytes().split_at_checked(4) else { return };
    let seed = SEEDS[usize::from(place[0]) % SEEDS.len()];
    let from = usize::from(u16::from_le_bytes([place[1], place[2]])) % seed.len();
    let to = (from + usize::from(place[3]) % 32).min(seed.len());
    let (Some(head), Some(tail), Ok(piece)) =
        (seed.get(..from), seed.get(to..), std::str::from_utf8(piece))
    else {
        return;
    };
    settle(world, &format!("{head}{piece}{tail}"), 1);
}

/// A line of a bill that others may return.
struct Line<'p> {
    code: &'p str,
    day: u8,
    quantity: i64,
    price: i64,
}

/// A bill whose lines add up: eight bytes say who and where, then nine bytes are a line each.
fn bill(place: &Place, bytes: &[u8]) -> Option<String> {
    let (who, rest) = bytes.split_first_chunk::<8>()?;
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut text = String::new();
    for (serial, chunk) in rest.as_chunks::<9>().0.iter().take(60).enumerate() {
        let [a, b, day, count, cents, price @ .., flags] = *chunk;
        let earlier = lines.get(usize::from(a) % lines.len().max(1));
        let returned = earlier.filter(|_| flags & 0b1110_0000 == 0b1110_0000).map(|line| Line {
            code: line.code,
            day: day % 64,
            quantity: -(line.quantity * i64::from(count % 5) / 4),
            price: line.price,
        });
        let number = usize::from(u16::from_le_bytes([a, b]));
        let codes = if b & 1 == 0 && !place.ruled.is_empty() { &place.ruled } else { &place.codes };
        let of = returned.is_some().then(|| usize::from(a) % lines.len());
        let line = returned.unwrap_or_else(|| Line {
            code: &codes[number / 2 % codes.len()],
            day: day % 64,
            quantity: i64::from(count % 40) * 10_000 + i64::from(cents) * 25,
            price: i64::from(u32::from_le_bytes([price[0], price[1], price[2], 0])) * 100,
        });
        let amount = Price::new(line.price).times(Quantity::new(line.quantity))?;
        if serial > 0 {
            text.push(',');
        }
        let fee_day = december(line.day);
        let _ = write!(
            text,
            r#"{{"feedetl_sn":"{serial}","med_list_codg":"{}","fee_ocur_time":"{fee_day}","cnt":"{}","pric":"{}","det_item_fee_sumamt":"{}""#,
            line.code,
            decimal(line.quantity, 10_000),
            decimal(line.price, 1_000_000),
            decimal(amount.get(), 100),
        );
        let _ = match of {
            Some(of) => write!(text, r#","init_feedetl_sn":"{of}""#),
            None => Ok(()),
        };
        let _ = match flags & 3 {
            0 => Ok(()),
            flag => write!(text, r#","hosp_appr_flag":"{}""#, flag - 1),
        };
        let _ = match flags >> 2 & 3 {
            0 => Ok(()),
            weeks => write!(text, r#","prd_days":{}"#, weeks * 9),
        };
        let _ = write!(text, r#","matn_fee_flag":"{}"}}"#, u8::from(flags & 0b1_0000 != 0));
        lines.push(Line { quantity: line.quantity.max(0), ..line });
    }
    let [pool, kind, person, age, level, begin, stay, more] = *who;
    let of = |list: &[&'static str], n: u8| list[usize::from(n) % list.len()];
    let pool = of(&POOLS, pool);
    let at = of(&["630103", "530102", "370811", "340302", "110105"], level >> 3);
    let (first, last) = (december(begin % 40), december(begin % 40 + stay % 40));
    Some(format!(
        r#"{{"admdvs":"{pool}","channel":"{}","member":{{"psn_no":"P","insutype":"{}","psn_type":"{}","gend":"{}","brdy":"{}-06-15",
        "identities":[{{"type":"{}"}}],"filings":[{{"type":"{}","from":"2024-01-01"}}],"approvals":[{{"dise_codg":"{}","limit":"4000"}}],
        "pregnancy":{{"id":"1","from":"2024-06-01"}},"mulaid":[{{"psn_no":"F","balc":"300.00"}}]}},
        "facility":{{"fixmedins_code":"H","admdvs":"{at}","kind":"{}","hosp_lv":"{}"}},
        "visit":{{"med_type":"{}","mdtrt_id":"M","begntime":"{first}","endtime":"{last}","dise_codg":"{}","diagnoses":["{}"],"acct_used_flag":"{}"}},
        "lines":[{text}]}}"#,
        of(&["direct", "manual"], more),
        of(&["310", "390"], person),
        of(&["11", "12", "14", "15", "16", "21", "31"], person >> 1),
        of(&["1", "2"], person >> 4),
        1925 + i32::from(age % 100),
        of(&["特困", "低保", "返贫致贫", "孤儿", "2304", "R1-1", "R1-2", "none"], person >> 5),
        of(&["residence", "referral", "emergency", "accident"], more >> 1),
        of(&["M07800", "M03900", "M01600", "M00500"], kind >> 5),
        of(&["hospital", "pharmacy"], level >> 6),
        of(&["三级", "二级", "一级", "未定级"], level),
        of(&["21", "11", "12", "13", "14", "41", "51", "52", "9901", "22", "2401", "1402"], kind),
        of(&["M07800", "M03900", "M01600", "M00500"], kind >> 5),
        of(&["C34.900", "C34.9", "I10", "N18.900", "J45.900"], more >> 3),
        of(&["0", "1", "2"], more >> 6),
    ))
}

/// So many days after the first of a December: bills lie before, over and after a year end.
fn december(days: u8) -> Day {
    Day::new(Day::from_civil(2024, 12, 1).expect("a day").get() + i32::from(days))
}

fn decimal(value: i64, scale: u64) -> String {
    let (sign, value) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let places = scale.ilog10() as usize;
    format!("{sign}{}.{:0places$}", value / scale, value % scale)
}

/// Settles a case so many times in sequence: how often it settled.
fn settle(world: &World, text: &str, times: u32) -> u32 {
    let Ok(case) = Case::parse(text, 1) else { return 0 };
    let mut clerk = Clerk::new(world, None, times > 1);
    let mut settled = 0;
    for _ in 0..times {
        let done = clerk.settle(&case, |outcome| match outcome {
            Outcome::Settled(one) => {
                check(&one, &case);
                1
            }
            Outcome::Refused(_, refusal) => {
                assert_ne!(
                    refusal.reason,
                    Reason::InternalCheckFailed,
                    "an identity was broken by {text}"
                );
                0
            }
        });
        settled += done.unwrap_or(0);
    }
    settled
}

/// What the engine does not say of itself: paid once, and explained to the fen.
fn check(settled: &Settled<'_>, case: &Case) {
    let bill = settled.decision;
    let funds = bill.funds.iter().copied().fold(Fen::ZERO, Fen::plus);
    assert_eq!(bill.total, funds.plus(bill.hosp_part).plus(bill.psn_part));
    let read = |key| settled.bound.labels.read(&settled.before, key, settled.pack);
    let told = explain(bill, &settled.bound.submitted(), settled.pack, read);
    assert_eq!(told.recomputes(bill), Ok(()));
    let answer = Answer::Settled(settled.answer(case)).to_json();
    assert!(answer.contains("\"setlinfo\""));
}
