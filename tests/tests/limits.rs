//! Bounds that no golden table can hold: a claim of 20,001 lines, a pool without a pack, figures beyond what a field may have, slots at the end of their range.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use yidan::bind;
use yidan::case::Case;
use yidan::clerk::{Clerk, ClerkError};
use yidan::world::World;
use yidan_settlement::catalogue::Known;
use yidan_settlement::limits;
use yidan_settlement::money::Fen;
use yidan_settlement::reason::{LineReason, Reason};
use yidan_settlement::settle::{Desk, Looked};

fn world() -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let kept = tempfile::tempdir().expect("a temporary folder");
    let image = kept.path().join("limits.image");
    yidan_build::build(&root.join("catalog/lines"), &image).expect("the catalogue is sound");
    let mut world = World::new();
    world.set_image(Arc::new(yidan_image::Image::open(&image).expect("the image opens")));
    for pack in ["lines/lines.toml", "lines/cut-full.toml"] {
        // The later pack is of the same pool, so each is a pool of its own here.
        let path = root.join("packs").join(pack);
        let pool = if pack.ends_with("cut-full.toml") { "990200" } else { "990100" };
        let text =
            std::fs::read_to_string(&path).expect("a pack is readable").replace("990100", pool);
        let text = text.replace("[\"9901\"]", &format!("[\"{}\"]", &pool[..4]));
        let compiled = yidan_build::policy::compile(&text, pack).unwrap_or_else(|e| panic!("{e}"));
        world.add_pack(compiled, &path);
    }
    world
}

fn case(pool: &str) -> Value {
    json!({
        "admdvs": pool,
        "member": { "psn_no": "P1", "insutype": "310", "psn_type": "11", "brdy": "1980-01-01" },
        "facility": { "fixmedins_code": "H1", "admdvs": pool, "kind": "hospital", "hosp_lv": "二级" },
        "visit": { "med_type": "21", "begntime": "2024-03-01", "endtime": "2024-03-09" },
    })
}

fn line(serial: usize) -> Value {
    json!({
        "feedetl_sn": serial.to_string(), "med_list_codg": "QA", "fee_ocur_time": "2024-03-02",
        "cnt": "1", "pric": "1.25", "det_item_fee_sumamt": "1.25",
    })
}

fn lines(count: usize) -> Value {
    (1..=count).map(line).collect()
}

/// Settles a case and gives the answer as JSON.
fn answer(clerk: &mut Clerk<'_>, case: &Value) -> Value {
    let parsed = Case::parse(&case.to_string(), 1).unwrap_or_else(|error| panic!("{error}"));
    let answer = clerk.answer(&parsed).unwrap_or_else(|error| panic!("{error}"));
    serde_json::to_value(answer).expect("an answer is JSON")
}

#[test]
fn a_claim_has_at_most_20_000_lines() {
    let world = world();
    let mut clerk = Clerk::new(&world, None, false);
    let mut case = case("990100");
    assert_eq!(limits::LINES_MAX, 20_000);

    case["lines"] = lines(20_000);
    let settled = answer(&mut clerk, &case);
    assert_eq!(settled["setlinfo"]["medfee_sumamt"], "25000.00");
    assert_eq!(settled["setlinfo"]["hifp_pay"], "20000.00");

    case["lines"] = lines(20_001);
    let refused = answer(&mut clerk, &case);
    assert_eq!(refused["refused"], 131);
}

#[test]
fn a_pool_without_a_pack_is_refused_by_name() {
    let world = world();
    let mut clerk = Clerk::new(&world, None, false);
    let mut other = case("880100");
    other["lines"] = lines(1);
    assert_eq!(answer(&mut clerk, &other)["refused"], 101);

    // A division of the pool finds its pack; the pool that a policy file names needs none.
    other["admdvs"] = json!("990101");
    assert_eq!(answer(&mut clerk, &other)["setlinfo"]["hifp_pay"], "1.00");
    other["admdvs"] = json!("880100");
    let mut clerk = Clerk::new(&world, world.packs().first(), false);
    assert_eq!(answer(&mut clerk, &other)["setlinfo"]["hifp_pay"], "1.00");
}

#[test]
fn a_case_that_names_neither_pool_nor_pack_is_no_case() {
    let world = world();
    let mut clerk = Clerk::new(&world, None, false);
    let mut nowhere = case("990100");
    nowhere["lines"] = lines(1);
    nowhere.as_object_mut().expect("an object").remove("admdvs");
    let parsed = Case::parse(&nowhere.to_string(), 1).expect("well formed");
    assert_eq!(clerk.answer(&parsed).err(), Some(ClerkError::NoPool));
}

#[test]
fn figures_beyond_their_field_are_named_with_it() {
    for (path, given, field) in [
        ("/lines/0/det_item_fee_sumamt", "100000000000.01", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "-100000000000.01", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "99999999999999999999", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "1.255", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "1e5", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "NaN", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/det_item_fee_sumamt", "", "lines[0].det_item_fee_sumamt"),
        ("/lines/0/pric", "10000000.01", "lines[0].pric"),
        ("/lines/0/pric", "-1", "lines[0].pric"),
        ("/lines/0/pric", "1.2500001", "lines[0].pric"),
        ("/lines/0/cnt", "10000001", "lines[0].cnt"),
        ("/lines/0/cnt", "1.00001", "lines[0].cnt"),
        ("/lines/0/fee_ocur_time", "2024-02-30", "lines[0].fee_ocur_time"),
        ("/lines/0/fee_ocur_time", "2024-03-01 25:00:00", "lines[0].fee_ocur_time"),
        ("/visit/begntime", "1899-12-31", "visit.begntime"),
        ("/member/brdy", "1980-13-01", "member.brdy"),
    ] {
        let mut case = case("990100");
        case["lines"] = lines(1);
        *case.pointer_mut(path).expect("a field of the case") = json!(given);
        let error = Case::parse(&case.to_string(), 1).err();
        let found = error.map(|error| error.field);
        assert_eq!(found.as_deref(), Some(field), "{given}");
    }
    // As numbers the same, and never by way of a float.
    let text = case("990100").to_string().replace(
        "\"visit\"",
        "\"totals\":{\"medfee_sumamt\":0.1,\"inscp_scp_amt\":0.10},\"visit\"",
    );
    assert!(Case::parse(&text, 1).is_ok());
    let text = text.replace("0.10}", "0.100000000000000001}");
    assert_eq!(
        Case::parse(&text, 1).err().map(|error| error.field).as_deref(),
        Some("totals.inscp_scp_amt")
    );
}

#[test]
fn a_slot_may_stand_at_the_largest_amount_of_a_case_and_no_further() {
    // cut-full's `paid` slot has a cap of 10,000: what stands above it already pays nothing and stays.
    let world = world();
    let mut clerk = Clerk::new(&world, None, false);
    let mut case = case("990200");
    case["lines"] = lines(4);
    case["member"]["slots"] = json!({ "2024": { "paid": "100000000000.00" } });
    let settled = answer(&mut clerk, &case);
    assert_eq!(settled["setlinfo"]["hifp_pay"], "0.00");
    assert_eq!(settled["slots"]["2024"]["paid"], "100000000000.00");
    case["member"]["slots"] = json!({ "2024": { "paid": "-0.01" } });
    assert_eq!(answer(&mut clerk, &case)["refused"], 133);
}

#[test]
fn an_amount_within_the_tolerance_is_taken_as_given_and_beyond_it_refused() {
    // The command line tolerates nothing; a profile that does hands the core its tolerance.
    let world = world();
    let loaded = world.pack_of("990100").expect("the pack of the pool");
    for (given, tolerance, expected) in [
        ("1.25", 0, Ok((0, false))),
        ("1.26", 1, Ok((1, true))),
        ("1.24", 1, Ok((1, true))),
        ("1.25", 1, Ok((0, false))),
        ("1.26", 0, Err(Reason::AmountMismatch)),
        ("1.27", 1, Err(Reason::AmountMismatch)),
        ("1.23", 1, Err(Reason::AmountMismatch)),
    ] {
        let mut case = case("990100");
        case["lines"] = lines(1);
        case["lines"][0]["det_item_fee_sumamt"] = json!(given);
        let parsed = Case::parse(&case.to_string(), 1).expect("well formed");
        let bound = bind::bind(&parsed, loaded, &world, 1).expect("the case can be bound");
        let mut submitted = bound.submitted();
        submitted.tolerance = Fen::new(tolerance);
        let rules = world.image().expect("an image").rules();
        let looked =
            Looked { found: Known::new(&bound.found), rules, kinds_of_tags: &loaded.kinds_of_tags };
        let mut desk = Desk::new();
        let found = desk
            .settle(&submitted, &loaded.pack, looked, |_| Fen::ZERO)
            .map(|decision| {
                let noted = decision.lines[0].reasons.contains(LineReason::AmountTolerated);
                assert_eq!(decision.total.to_string(), given);
                (decision.tolerated, noted)
            })
            .map_err(|refusal| refusal.reason);
        assert_eq!(found, expected, "{given} within {tolerance}");
    }
}

#[test]
fn a_slot_that_would_pass_its_bound_refuses_the_claim() {
    // Beijing's place on the axis of a stay counts everything above the deductible: fifty of the largest bills fit, the next does not.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/packs/worked/beijing.toml");
    let text = std::fs::read_to_string(&path).expect("a pack is readable");
    let mut world = World::new();
    world.add_pack(
        yidan_build::policy::compile(&text, "beijing").unwrap_or_else(|e| panic!("{e}")),
        &path,
    );
    let mut clerk = Clerk::new(&world, None, true);
    let mut case = case("990100");
    case["visit"]["mdtrt_id"] = json!("S");
    case["totals"] =
        json!({ "medfee_sumamt": "100000000000.00", "inscp_scp_amt": "100000000000.00" });
    for number in 1..=50 {
        let settled = answer(&mut clerk, &case);
        assert_eq!(settled["setlinfo"]["medfee_sumamt"], "100000000000.00", "bill {number}");
    }
    assert_eq!(answer(&mut clerk, &case)["refused"], 133);
}
