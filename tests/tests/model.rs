//! The naive model checked by itself: R1's anchors, worked examples as small packs, conservation on
//! random packs and
//! bills, and the comparison with an engine, for which the model itself stands in here.

use serde_json::{Value, json};
use yidan_tests::model::{
    Bill, Catalogue, Class, Exact, Outcome, Pack, Part, Period, Refusal, Restriction, Slots, Test,
    broken_identities, check, printed, settle, settle_with, shrink, yuan,
};
use yidan_tests::random::{self, Features};

const R1: &str = include_str!("../../catalogs/sources/R1/policy.toml");

/// A pack of one kind of visit and any scheme, with these slots and tiers.
fn small_pack(slots: &[&str], tiers: &str) -> Pack {
    let mut text = r#"
        pack = { pool = "T", title = "t", divisions = [""], from = "2020-01-01", to = "2100-01-01" }
        source = [{ id = "S", document = "worked examples", date = "2026-01-01", grade = "N" }]
        scheme = [{ insutype = "*", name = "any", family = "resident" }]
        person = [{ id = "anyone", psn_type = [""] }]
        benefit = [
            { id = "v", name = "v", med_type = [""], setting = "inpatient", agreement = "chronic" },
        ]
    "#
    .to_owned();
    for id in slots {
        text += &format!("[[slot]]\nid = \"{id}\"\nscope = \"year\"\n");
    }
    Pack::read(&(text + tiers)).expect("the pack of the example can be read")
}

/// A case by totals: amounts in yuan, in scope as the rest.
fn case(total: &str, own: &str, prepay: &str, in_scope: &str) -> Value {
    json!({
        "admdvs": "T",
        "member": { "psn_no": "P1", "insutype": "390", "psn_type": "15" },
        "facility": { "fixmedins_code": "H1", "admdvs": "T", "kind": "hospital", "hosp_lv": "三级" },
        "visit": { "med_type": "21", "begntime": "2026-05-01 08:00:00" },
        "totals": {
            "medfee_sumamt": total, "fulamt_ownpay_amt": own, "preselfpay_amt": prepay,
            "inscp_scp_amt": in_scope,
        },
    })
}

fn settled(pack: &Pack, case: &Value, slots: &mut Slots) -> Bill {
    let outcome = settle(pack, case, slots);
    let bill = outcome.bill().unwrap_or_else(|| panic!("{outcome:?}")).clone();
    assert_eq!(broken_identities(&bill), Vec::<String>::new());
    bill
}

fn paid(bill: &Bill, tier: &str) -> String {
    bill.row(tier).map_or_else(|| "-".to_owned(), |row| yuan(row.paid))
}

#[test]
fn r1_anchors_with_their_slots() {
    let pack = Pack::read(R1).expect("the R1 pack can be read");
    let mut slots = Slots::new();
    // Total and in scope in yuan, level -> basic, critical, assistance, member in fen.
    let anchors = [
        ("50000.00", "46000.00", "4000.00", "三级", [3_036_000, 98_400, 699_360, 1_166_240]),
        ("50000.00", "46000.00", "4000.00", "一级", [4_140_000, 276_000, 0, 584_000]),
        ("200000.00", "200000.00", "0.00", "三级", [7_824_000, 7_835_600, 2_424_240, 1_916_160]),
        ("200000.00", "200000.00", "0.00", "三级", [0, 14_000_000, 1_876_400, 4_123_600]),
    ];
    for (total, in_scope, own, level, expected) in anchors {
        let mut case = case(total, own, "0.00", in_scope);
        case["member"]["identities"] = json!([{ "type": "R1-2", "from": "2020-01-01" }]);
        case["facility"]["hosp_lv"] = json!(level);
        let bill = settled(&pack, &case, &mut slots);
        let funds = ["hifp_pay", "hifmi_pay", "maf_pay"].map(|field| bill.fund(field));
        assert_eq!([funds[0], funds[1], funds[2], bill.psn_part], expected);
    }
    let names = [
        ("deductible", 120_000),
        ("above-deductible", 49_080_000),
        ("basic-paid", 15_000_000),
        ("self-pay", 34_200_000),
        ("critical-paid", 22_210_000),
        ("assistance-paid", 5_000_000),
    ];
    for (name, expected) in names {
        assert_eq!(slots.get("P1", "2026", name), expected, "{name}");
    }
}

#[test]
fn w01_bands_on_the_burden_of_the_year_however_it_is_split() {
    let pack = small_pack(
        &["burden"],
        r#"
        [[tier]]
        id = "critical"
        fund = "390200"
        base = "in_scope"
        bands_at = "burden"
        bands_from = "zero"
        source = "S"
        deductible = [{ amount = "12000.00", less = "burden", source = "S" }]
        add = [{ slot = "burden", of = "base", source = "S" }]
        [[tier.band]]
        bands = [
            { to = "30000.00", rate = "60%" }, { to = "100000.00", rate = "65%" }, { rate = "75%" },
        ]
        source = "S"
        "#,
    );
    let splits: [&[&str]; 3] = [
        &["150000.00"],
        &["7000.00", "6000.00", "50000.00", "87000.00"],
        &["12000.00", "17999.99", "0.01", "120000.00"],
    ];
    for visits in splits {
        let mut slots = Slots::new();
        let bills =
            visits.iter().map(|sum| settled(&pack, &case(sum, "0.00", "0.00", sum), &mut slots));
        assert_eq!(bills.map(|bill| bill.fund("hifmi_pay")).sum::<i128>(), 9_380_000);
    }
}

#[test]
fn w02_assistance_and_its_second_pass() {
    let pack = small_pack(
        &[],
        r#"
        [[tier]]
        id = "basic"
        fund = "390100"
        base = "in_scope"
        source = "S"
        deductible = [{ amount = "300.00", source = "S" }]
        band = [{ rate = "70%", source = "S" }]
        [[tier]]
        id = "assistance"
        fund = "610100"
        base = { left = ["first_share", "deductible", "copay", "above_cap"] }
        source = "S"
        band = [{ rate = "70%", source = "S" }]
        cap = [{ on = "payment", amount = "60000.00", source = "S" }]
        [[tier]]
        id = "second"
        fund = "610100"
        base = { left = ["first_share", "deductible", "copay", "above_cap"] }
        source = "S"
        deductible = [{ amount = "3000.00", source = "S" }]
        band = [{ rate = "60%", source = "S" }]
        "#,
    );
    let bill = settled(&pack, &case("52000.00", "2000.00", "0.00", "50000.00"), &mut Slots::new());
    let tiers = ["basic", "assistance", "second"].map(|tier| paid(&bill, tier));
    assert_eq!(tiers, ["34790.00", "10647.00", "937.80"]);
    assert_eq!(yuan(bill.psn_part), "5625.20");
}

#[test]
fn w04_critical_illness_on_the_burden_in_scope() {
    let pack = small_pack(
        &[],
        r#"
        [[tier]]
        id = "basic"
        fund = "390100"
        base = "in_scope"
        source = "S"
        deductible = [{ amount = "500.00", source = "S" }]
        band = [{ rate = "70%", source = "S" }]
        [[tier]]
        id = "critical"
        fund = "390200"
        base = { left = ["deductible", "copay"] }
        source = "S"
        deductible = [{ amount = "18000.00", source = "S" }]
        band = [{ rate = "60%", source = "S" }]
        "#,
    );
    let bill =
        settled(&pack, &case("100000.00", "100.00", "100.00", "99800.00"), &mut Slots::new());
    assert_eq!(["basic", "critical"].map(|tier| paid(&bill, tier)), ["69510.00", "7374.00"]);
    assert_eq!(yuan(bill.psn_part), "23116.00");
}

#[test]
fn w06_the_deductible_inside_the_first_band() {
    let pack = small_pack(
        &[],
        r#"
        [[tier]]
        id = "basic"
        fund = "390100"
        base = "in_scope"
        bands_from = "zero"
        source = "S"
        deductible = [{ amount = "900.00", source = "S" }]
        [[tier.band]]
        bands = [
            { to = "20000.00", rate = "68%" }, { to = "40000.00", rate = "73%" }, { rate = "78%" },
        ]
        source = "S"
        [[tier]]
        id = "critical"
        fund = "390200"
        base = { left = ["deductible", "copay"] }
        source = "S"
        deductible = [{ amount = "20000.00", source = "S" }]
        band = [{ rate = "50%", source = "S" }]
        "#,
    );
    let bill =
        settled(&pack, &case("100000.00", "10000.00", "600.00", "89400.00"), &mut Slots::new());
    assert_eq!(["basic", "critical"].map(|tier| paid(&bill, tier)), ["66120.00", "1640.00"]);
    assert_eq!(yuan(bill.psn_part), "32240.00");
}

#[test]
fn w30_and_w37_bands_from_zero_and_on_the_excess() {
    let basic = small_pack(
        &[],
        r#"
        [[tier]]
        id = "basic"
        fund = "310100"
        base = "in_scope"
        bands_from = "zero"
        source = "S"
        deductible = [{ amount = "800.00", source = "S" }]
        [[tier.band]]
        bands = [
            { to = "5000.00", rate = "80%" }, { to = "10000.00", rate = "85%" }, { rate = "90%" },
        ]
        source = "S"
        "#,
    );
    let bill =
        |pack: &Pack, sum: &str| settled(pack, &case(sum, "0.00", "0.00", sum), &mut Slots::new());
    assert_eq!(paid(&bill(&basic, "15000.00"), "basic"), "12110.00");
    let critical = small_pack(
        &[],
        r#"
        [[tier]]
        id = "critical"
        fund = "390200"
        base = "in_scope"
        source = "S"
        deductible = [{ amount = "20000.00", source = "S" }]
        cap = [{ on = "payment", amount = "200000.00", source = "S" }]
        [[tier.band]]
        bands = [
            { to = "30000.00", rate = "50%" }, { to = "80000.00", rate = "60%" },
            { to = "150000.00", rate = "70%" }, { rate = "80%" },
        ]
        source = "S"
        "#,
    );
    assert_eq!(paid(&bill(&critical, "30000.00"), "critical"), "5000.00");
    assert_eq!(paid(&bill(&critical, "100000.00"), "critical"), "45000.00");
    assert_eq!(paid(&bill(&critical, "900000.00"), "critical"), "200000.00");
}

/// One basic tier with these further lines.
fn basic(slots: &[&str], rows: &str) -> Pack {
    let head = "[[tier]]\nid = \"basic\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n";
    small_pack(slots, &format!("{head}{rows}"))
}

fn of_scope(pack: &Pack, sum: &str) -> Bill {
    settled(pack, &case(sum, "0.00", "0.00", sum), &mut Slots::new())
}

#[test]
fn a_cap_is_reached_at_the_least_whole_fen() {
    let pack = basic(
        &[],
        r#"
        deductible = [{ amount = "100.00", source = "S" }]
        band = [{ rate = "66.67%", source = "S" }]
        cap = [{ on = "payment", amount = "400.00", source = "S" }]
        "#,
    );
    // 599.96 pays 399.99, 599.97 pays 400.00: of 900.00 what is above 599.97 lies above the cap.
    let bill = of_scope(&pack, "1000.00");
    assert_eq!(bill.row("basic").map(|row| (row.paid, row.above_cap)), Some((40_000, 30_003)));
    assert_eq!(bill.parts[&Part::Copay], 59_997 - 40_000);
}

#[test]
fn a_filing_loss_is_what_the_penalty_cost_and_can_be_left_out() {
    let pack = basic(
        &[],
        r#"
        first_share = [{ rate = "10%", penalty = true, source = "S" }]
        band = [{ rate = "80%", source = "S" }]
        [[tier]]
        id = "aid"
        fund = "610100"
        base = { left = ["first_share", "copay"], filing_loss = "out" }
        source = "S"
        band = [{ rate = "50%", source = "S" }]
        "#,
    );
    let bill = of_scope(&pack, "1000.00");
    // 1000 × 90 % × 80 % = 720 instead of 800: a loss of 80. Left are 100 + 180 − 80 = 200, of
    // which the first share is 20.
    assert_eq!(bill.row("basic").map(|row| (row.paid, row.filing_loss)), Some((72_000, 8_000)));
    assert_eq!(bill.row("aid").map(|row| (row.base, row.paid)), Some((20_000, 10_000)));
    assert_eq!((bill.parts[&Part::Copay], bill.parts[&Part::FirstShare]), (8_000, 10_000));
}

#[test]
fn a_floor_above_what_is_covered_is_taken_off_the_deductible() {
    let pack = basic(
        &[],
        r#"
        deductible = [{ amount = "600.00", source = "S" }]
        band = [{ rate = "50%", source = "S" }]
        floor = [{ rate = "45%", source = "S" }]
        "#,
    );
    let bill = of_scope(&pack, "1000.00");
    assert_eq!(paid(&bill, "basic"), "450.00");
    assert_eq!((bill.parts[&Part::Deductible], bill.parts[&Part::Copay]), (55_000, 0));
}

#[test]
fn a_return_shows_the_change_it_makes() {
    let period = Period {
        from: "2020-01-01".into(),
        to: None,
        class: Class::B,
        employee: true,
        resident: true,
        maternity: false,
        share: [Exact::new(1, 10); 2],
        ceiling: [None; 3],
        tag: String::new(),
        conditions: vec![Restriction {
            test: Test::QuantityPerVisit(Exact::from_integer(3)),
            attested: false,
        }],
        edits: Vec::new(),
        groups: Vec::new(),
    };
    let entries = [("X1".to_owned(), vec![period])].into();
    let catalogue = Catalogue { entries };
    let pack = basic(&[], "band = [{ rate = \"50%\", source = \"S\" }]");
    let line = |sn: &str, of: &str, cnt: &str, sum: &str| {
        json!({
            "feedetl_sn": sn, "init_feedetl_sn": of, "med_list_codg": "X1", "hosp_appr_flag": "1",
            "fee_ocur_time": "2026-05-01 09:00:00", "cnt": cnt, "pric": "10.00",
            "det_item_fee_sumamt": sum,
        })
    };
    let mut case = case("0.00", "0.00", "0.00", "0.00");
    case["lines"] = json!([line("1", "", "5", "50.00"), line("2", "1", "-3", "-30.00")]);
    let outcome = settle_with(&pack, &catalogue, &case, &mut Slots::new());
    let bill = outcome.bill().expect("the bill is settled");
    let parts: Vec<_> = bill.lines.iter().map(|l| [l.own, l.prepay, l.scope]).collect();
    assert_eq!(parts, [[2_000, 300, 2_700], [-2_000, -100, -900]]);
    assert_eq!((bill.medfee, bill.in_scope, bill.fund("hifp_pay")), (2_000, 1_800, 900));
}

/// What the bills of a run came to: how often, and what they reached.
#[derive(Default)]
struct Tally {
    bills: usize,
    refused: usize,
    rows: usize,
    above_cap: usize,
    losses: usize,
    accounts: usize,
    returns: usize,
}

impl Tally {
    fn count(&mut self, seed: u64, outcome: &Outcome) {
        let Some(bill) = outcome.bill() else {
            self.refused += 1;
            return;
        };
        let broken = broken_identities(bill);
        assert!(broken.is_empty(), "seed {seed}: {broken:?}\n{bill:#?}");
        self.bills += 1;
        self.rows += bill.rows.len();
        self.above_cap += usize::from(bill.rows.iter().any(|row| row.above_cap > 0));
        self.losses += usize::from(bill.rows.iter().any(|row| row.filing_loss > 0));
        self.accounts += usize::from(bill.acct_pay > 0);
        let negative = |line: &yidan_tests::model::LineParts| {
            line.own + line.over + line.prepay + line.scope < 0
        };
        self.returns += usize::from(bill.lines.iter().any(negative));
    }
}

#[test]
fn random_bills_by_totals_are_conserved() {
    let mut tally = Tally::default();
    for seed in 0..1_000 {
        let pack = random::pack(seed, Features::all());
        let model = Pack::read(&pack.toml).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let mut slots = Slots::new();
        for case in random::sequence(&pack, seed) {
            tally.count(seed, &settle(&model, &case, &mut slots));
        }
    }
    assert!(tally.bills >= 2_000, "{} bills", tally.bills);
    assert!(tally.refused >= 50, "{} refused", tally.refused);
    assert!(tally.rows >= 2_000, "{} rows", tally.rows);
    assert!(tally.above_cap >= 200, "{} above caps", tally.above_cap);
    assert!(tally.losses >= 50, "{} filing losses", tally.losses);
    assert!(tally.accounts >= 200, "{} paid by accounts", tally.accounts);
}

#[test]
fn random_bills_by_lines_are_conserved() {
    let mut tally = Tally::default();
    for seed in 0..500 {
        let pack = random::pack(seed, Features::all());
        let model = Pack::read(&pack.toml).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let catalogue = random::catalogue(seed);
        let mut slots = Slots::new();
        for case in random::sequence_of_lines(&pack, &catalogue, seed) {
            let outcome = settle_with(&model, &catalogue, &case, &mut slots);
            if let Outcome::Refused(refusal) = &outcome {
                assert_ne!(*refusal, Refusal::Structure, "seed {seed}: {case}");
            }
            tally.count(seed, &outcome);
        }
    }
    assert!(tally.bills >= 1_000, "{} bills", tally.bills);
    assert!(tally.returns >= 200, "{} with returns", tally.returns);
}

/// The model in an engine's place; with a fault where asked for: a fen too much in every tier of
/// one fund.
fn stand_in(toml: &str, cases: &[Value], fault: bool) -> Vec<Value> {
    let Ok(pack) = Pack::read(toml) else { return Vec::new() };
    let mut slots = Slots::new();
    let settle = |case: &Value| {
        let mut outcome = settle(&pack, case, &mut slots);
        if let Outcome::Settled(bill) = &mut outcome {
            for row in bill.rows.iter_mut().filter(|row| fault && row.fund == "610100") {
                row.paid += 1;
            }
        }
        printed(&outcome)
    };
    cases.iter().map(settle).collect()
}

#[test]
fn a_faulty_engine_is_found_and_its_failure_shrunk() {
    let none = Catalogue::default();
    let mut found = 0;
    for seed in 0..40 {
        let pack = random::pack(seed, Features::all());
        let cases = random::sequence(&pack, seed);
        let mut sound = |toml: &str, cases: &[Value]| stand_in(toml, cases, false);
        if let Some(failure) = check(&mut sound, &none, &pack.toml, &cases) {
            panic!("seed {seed}: the model differs from itself\n{failure}");
        }
        let mut faulty = |toml: &str, cases: &[Value]| stand_in(toml, cases, true);
        if found < 3
            && let Some(failure) = check(&mut faulty, &none, &pack.toml, &cases)
        {
            found += 1;
            let small = shrink(&mut faulty, &none, failure);
            let tiers = Pack::read(&small.pack).map(|pack| pack.tier_count());
            assert_eq!((small.cases.len(), tiers), (1, Ok(1)), "{small}");
        }
    }
    assert_eq!(found, 3);
}
