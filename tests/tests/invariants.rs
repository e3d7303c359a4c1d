//! Each invariant of a decision notices when it is broken: a good decision is spoilt in one place at a time.

use std::path::Path;
use std::sync::Arc;

use yidan::case::Case;
use yidan::clerk::{Clerk, Outcome};
use yidan::slots::SlotValues;
use yidan::world::World;
use yidan_settlement::bill::Decision;
use yidan_settlement::invariant::{Invariant, violated};
use yidan_settlement::money::Fen;
use yidan_settlement::reason::Reason;
use yidan_tests::spoilt::pack_that_breaks_an_identity;

const CASE: &str = r#"{"admdvs":"R1","member":{"psn_no":"P","insutype":"310","psn_type":"11","balc":"50.00",
  "identities":[{"type":"R1-2"}]},
  "facility":{"fixmedins_code":"H","admdvs":"R1","kind":"hospital","hosp_lv":"三级"},
  "visit":{"med_type":"21","begntime":"2022-03-01"},
  "lines":[{"feedetl_sn":"1","med_list_codg":"QA","fee_ocur_time":"2022-03-01","cnt":"2","pric":"20000","det_item_fee_sumamt":"40000"},
           {"feedetl_sn":"2","med_list_codg":"nowhere","fee_ocur_time":"2022-03-01","cnt":"1","pric":"7","det_item_fee_sumamt":"7"}]}"#;

/// What spoiling the decision makes violated.
fn after(spoil: impl FnOnce(&mut Decision)) -> Option<Invariant> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("lines.image");
    yidan_build::build(&root.join("golden/catalog/lines"), &image)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut world = World::new();
    world.set_image(Arc::new(yidan_image::Image::open(&image).expect("opens")));
    let text = include_str!("../../catalogs/sources/R1/policy.toml");
    world.add_pack(yidan_build::policy::compile(text, "R1").expect("R1 compiles"), Path::new("R1"));
    let case = Case::parse(CASE, 1).expect("a case");
    Clerk::new(&world, None, false)
        .settle(&case, |outcome| match outcome {
            Outcome::Settled(settled) => {
                let mut decision = settled.decision.clone();
                assert_eq!(violated(&decision, &settled.bound.submitted(), settled.pack), None);
                spoil(&mut decision);
                violated(&decision, &settled.bound.submitted(), settled.pack)
            }
            Outcome::Refused(_, refusal) => panic!("refused: {refusal:?}"),
        })
        .expect("a case that binds")
}

fn more(amount: &mut Fen) {
    *amount = amount.plus(Fen::new(1));
}

#[test]
fn every_invariant_notices_its_own_breach() {
    use Invariant as I;
    assert_eq!(after(|_| {}), None);
    assert_eq!(after(|bill| more(&mut bill.lines[0].parts.in_scope)), Some(I::LineIsItsParts));
    assert_eq!(after(|bill| bill.lines.truncate(1)), Some(I::LineIsItsParts));
    assert_eq!(after(|bill| more(&mut bill.split.own)), Some(I::BillIsItsLines));
    assert_eq!(after(|bill| more(&mut bill.total)), Some(I::TotalIsItsParts));
    assert_eq!(after(|bill| more(&mut bill.funds[0])), Some(I::TotalIsPaid));
    assert_eq!(
        after(|bill| {
            more(&mut bill.funds[0]);
            bill.psn_part = bill.psn_part.minus(Fen::new(1));
        }),
        Some(I::PersonBearsTheRest)
    );
    assert_eq!(after(|bill| more(&mut bill.cash)), Some(I::PersonPays));
    assert_eq!(
        after(|bill| {
            more(&mut bill.account_own);
            bill.cash = bill.cash.minus(Fen::new(1));
        }),
        Some(I::PersonPays),
        "a balance that was not drawn on"
    );
    assert_eq!(
        after(|bill| {
            more(&mut bill.tiers[0].paid);
            more(&mut bill.tiers[0].above_cap);
        }),
        Some(I::FundsAreTheirTiers)
    );
    assert_eq!(after(|bill| more(&mut bill.tiers[0].deductible)), Some(I::TierIsItsSteps));
    assert_eq!(
        after(|bill| bill.tiers[0].cap_left = Some(bill.tiers[0].paid.minus(Fen::new(1)))),
        Some(I::TierIsBounded)
    );
    assert_eq!(after(|bill| more(&mut bill.tiers[0].banded)), Some(I::TierIsExplained));
    assert_eq!(
        after(|bill| {
            let change = &mut bill.changes[0];
            std::mem::swap(&mut change.before, &mut change.after);
        }),
        Some(I::SlotsRise)
    );
    assert_eq!(after(|bill| more(&mut bill.postings[0].amount)), Some(I::PostingsBalance));
}

/// A decision that breaks an identity is refused with 190 by the desk itself; slots and balance stay as they were, and the
/// next claim comes out as on a desk that never saw the refused one.
#[test]
fn a_decision_that_breaks_an_identity_is_refused_and_leaves_nothing_behind() {
    let mut world = World::new();
    world.add_pack(pack_that_breaks_an_identity(), Path::new("spoilt"));
    let case = |number: u8, level: &str, balance: &str| {
        let text = format!(
            r#"{{"admdvs":"R1","member":{{"psn_no":"P","insutype":"310","psn_type":"11"{balance}}},
            "facility":{{"fixmedins_code":"H","admdvs":"R1","kind":"hospital","hosp_lv":"{level}"}},
            "visit":{{"med_type":"21","mdtrt_id":"M{number}","begntime":"2026-03-0{number}","acct_used_flag":"1"}},
            "totals":{{"medfee_sumamt":"5000.00","fulamt_ownpay_amt":"400.00","inscp_scp_amt":"4600.00"}}}}"#
        );
        Case::parse(&text, 1).expect("a case")
    };
    let first = case(1, "一级", r#","balc":"50.00""#);
    let breaking = case(2, "三级", "");
    let next = case(3, "一级", "");
    // Settles cases in sequence, and gives what each came to.
    let run = |cases: &[&Case]| -> Vec<Result<(Decision, SlotValues), Reason>> {
        let mut clerk = Clerk::new(&world, None, true);
        let settle = |case: &&Case| {
            let done = clerk.settle(case, |outcome| match outcome {
                Outcome::Settled(settled) => Ok((settled.decision.clone(), settled.after.clone())),
                Outcome::Refused(_, refusal) => Err(refusal.reason),
            });
            done.expect("a case that binds")
        };
        cases.iter().map(settle).collect()
    };
    let with = run(&[&first, &breaking, &breaking, &next]);
    let without = run(&[&first, &next]);
    assert_eq!(with[1], Err(Reason::InternalCheckFailed));
    assert_eq!(with[2], Err(Reason::InternalCheckFailed));
    assert_eq!(Reason::InternalCheckFailed.number(), 190);
    assert_eq!((&with[0], &with[3]), (&without[0], &without[1]));
    // The first level: 85 % above 400.00, then above nothing of it.
    let paid = |one: &Result<(Decision, SlotValues), Reason>| {
        one.as_ref().map(|(bill, _)| bill.fund_sum()).expect("settled")
    };
    assert_eq!((paid(&with[0]), paid(&with[3])), (Fen::new(357_000), Fen::new(391_000)));
}
