//! What holds of every decision, whatever the pack: on random packs and bills, engine alone.

use serde_json::{Value, json};
use yidan::case::Case;
use yidan::clerk::{Clerk, Outcome, Settled};
use yidan::world::World;
use yidan_settlement::bill::{Decision, Side};
use yidan_settlement::catalogue::{Known, RuleBook};
use yidan_settlement::claim::Submitted;
use yidan_settlement::explain::explain;
use yidan_settlement::money::Fen;
use yidan_settlement::settle::{Desk, Looked};
use yidan_tests::model::{Catalogue, Look, Test};
use yidan_tests::random::{self, Counter, Dice, Features, RandomPack};

/// Random packs, and sequences of bills for each.
const PACKS: u64 = 120;
const SEQUENCES: u64 = 6;

fn parsed(case: &Value) -> Case {
    Case::parse(&case.to_string(), 1).unwrap_or_else(|error| panic!("{error}"))
}

/// Hands every settled bill of random sequences on: by totals, and by lines of a random catalogue.
fn every_bill(mut look: impl FnMut(&World, &Settled<'_>)) {
    let mut bills = 0;
    for seed in 1..=PACKS {
        let pack = random::pack(seed, Features::all());
        let catalogue = random::catalogue(seed);
        let mut counter = Counter::with(random::image(&catalogue));
        let Ok(world) = counter.world(&pack.toml) else { continue };
        for n in 0..SEQUENCES {
            let seed = seed * SEQUENCES + n;
            let cases = match n % 2 {
                0 => random::sequence(&pack, seed),
                _ => random::sequence_of_lines(&pack, &catalogue, seed),
            };
            let mut clerk = Clerk::new(world, None, true);
            for case in &cases {
                let settled = clerk.settle(&parsed(case), |outcome| match outcome {
                    Outcome::Settled(settled) => {
                        look(world, &settled);
                        true
                    }
                    Outcome::Refused(..) => false,
                });
                bills += usize::from(settled.unwrap_or_else(|error| panic!("{error}")));
            }
        }
    }
    assert!(bills > 1_500, "only {bills} bills were settled");
}

fn sum(amounts: impl IntoIterator<Item = Fen>) -> i64 {
    amounts.into_iter().map(Fen::get).sum()
}

#[test]
fn what_is_charged_is_paid_once() {
    every_bill(|_, settled| {
        let d = settled.decision;
        let funds = sum(d.funds);
        assert_eq!(d.total.get(), funds + d.hosp_part.get() + d.psn_part.get());
        assert_eq!(d.psn_part, d.account_sum().plus(d.cash));
        let parts = [d.split.own, d.split.over, d.split.pre_pay, d.split.in_scope];
        assert_eq!(d.total.get(), sum(parts));
        let lines = d.lines.iter().map(|line| line.parts.sum());
        assert!(d.lines.is_empty() || d.total.get() == sum(lines));
        let of_side = |side| {
            let postings = d.postings.iter().filter(move |posting| posting.side == side);
            sum(postings.map(|posting| posting.amount))
        };
        assert_eq!(of_side(Side::Debit), of_side(Side::Credit));
        assert_eq!(of_side(Side::Debit), funds + d.account_sum().get());
        let none_below = [d.cash, d.balance, d.hosp_part, d.psn_part, d.account_own];
        assert!(none_below.iter().chain(&d.funds).chain(&d.borne).all(|fen| !fen.is_negative()));
    });
}

#[test]
fn slots_only_rise_and_a_reversal_leaves_nothing() {
    every_bill(|_, settled| {
        let d = settled.decision;
        assert!(d.changes.iter().all(|change| change.before < change.after));
        let back = d.reversed();
        assert_eq!(back.total.plus(d.total), Fen::ZERO);
        let amounts = |d: &Decision| {
            let mut all = vec![d.hosp_part, d.psn_part, d.filing_loss, d.account_own, d.cash];
            all.extend(d.funds);
            all.extend(d.borne);
            all.extend(&d.account_family);
            for line in &d.lines {
                let parts = &line.parts;
                all.extend([parts.own, parts.over, parts.pre_pay, parts.in_scope, line.facility]);
            }
            for row in &d.tiers {
                all.extend([row.base, row.paid, row.deductible, row.first_share, row.above_cap]);
            }
            all
        };
        let (there, again) = (amounts(d), amounts(&back));
        assert_eq!(there.len(), again.len());
        assert!(there.iter().zip(&again).all(|(one, other)| one.plus(*other).is_zero()));
        for (one, other) in d.postings.iter().zip(&back.postings) {
            assert_eq!((one.account, one.side), (other.account, other.side));
            assert_eq!(one.amount.plus(other.amount), Fen::ZERO);
        }
        assert_eq!(d.postings.len(), back.postings.len());
        assert_eq!(back.balance, d.balance.plus(d.account_own));
        assert_eq!(&back.reversed().changes, &d.changes);
        // The slots are again what they were.
        let mut slots = settled.after.clone();
        settled.bound.labels.apply(&mut slots, &back, settled.pack);
        for (period, of_period) in &slots {
            for (slot, value) in of_period {
                let before = settled.before.get(period).and_then(|of| of.get(slot));
                assert_eq!(before.copied().unwrap_or_default(), *value, "{period} {slot}");
            }
        }
    });
}

/// M1′ of the worked examples, a real message: 25.10 of which 0.23 is pre-pay, wholly below the deductible and paid from the
/// account; its reversal has the same fields with the other sign.
#[test]
fn a_real_reversal_has_the_fields_of_its_settlement_below_nought() {
    let pack = include_str!("../golden/packs/worked/M1.toml");
    let case = json!({"admdvs": "990100",
        "member": {"psn_no": "M1", "insutype": "310", "psn_type": "11", "balc": "1378.15"},
        "facility": {"fixmedins_code": "H1", "admdvs": "990101", "kind": "hospital", "hosp_lv": "一级"},
        "visit": {"med_type": "11", "begntime": "2022-12-12", "acct_used_flag": "1"},
        "totals": {"medfee_sumamt": "25.10", "preselfpay_amt": "0.23", "inscp_scp_amt": "24.87"}});
    let mut counter = Counter::new();
    let world = counter.world(pack).expect("the pack is sound");
    let mut clerk = Clerk::new(world, None, false);
    let settled = clerk.settle(&parsed(&case), |outcome| match outcome {
        Outcome::Settled(settled) => {
            let back = settled.decision.reversed();
            let deductible: Fen = back.tiers.iter().map(|row| row.deductible).sum();
            let told = [
                back.total,
                back.split.in_scope,
                back.split.pre_pay,
                deductible,
                back.fund_sum(),
                back.account_own,
                back.cash,
            ];
            assert_eq!(told.map(Fen::get), [-2_510, -2_487, -23, -2_487, 0, -2_510, 0]);
            assert_eq!(back.balance, Fen::new(137_815));
            true
        }
        Outcome::Refused(..) => false,
    });
    assert!(settled.unwrap_or_else(|error| panic!("{error}")), "it settles");
}

/// Settles a bound case anew.
fn again<T>(
    world: &World,
    settled: &Settled<'_>,
    then: impl Fn(&Submitted<'_>, &Decision) -> T,
) -> T {
    let empty = RuleBook::default();
    let rules = world.image().map_or(&empty, |image| image.rules());
    let kinds_of_tags = &world.packs()[0].kinds_of_tags;
    let looked = Looked { found: Known::new(&settled.bound.found), rules, kinds_of_tags };
    let mut desk = Desk::new();
    let submitted = settled.bound.submitted();
    let (labels, pack) = (&settled.bound.labels, settled.pack);
    let decision =
        desk.settle(&submitted, pack, looked, |key| labels.read(&settled.before, key, pack));
    then(&submitted, decision.unwrap_or_else(|refusal| panic!("{refusal:?}")))
}

#[test]
fn a_pre_settlement_gives_what_the_settlement_gives() {
    every_bill(|world, settled| {
        again(world, settled, |_, decision| assert_eq!(decision, settled.decision));
    });
}

#[test]
fn the_explanation_gives_the_bill() {
    every_bill(|world, settled| {
        let (labels, pack) = (&settled.bound.labels, settled.pack);
        again(world, settled, |submitted, decision| {
            let read = |key| labels.read(&settled.before, key, pack);
            let told = explain(decision, submitted, pack, read);
            assert_eq!(told.recomputes(decision), Ok(()), "case {}", settled.number);
            let back = decision.reversed();
            let told = explain(&back, submitted, pack, read);
            assert_eq!(told.recomputes(&back), Ok(()), "case {} reversed", settled.number);
        });
    });
}

/// A catalogue on which no line depends on how much was billed before it.
fn without_order(seed: u64) -> Catalogue {
    let mut catalogue = random::catalogue(seed);
    for period in catalogue.entries.values_mut().flatten() {
        period
            .conditions
            .retain(|one| !matches!(one.test, Test::QuantityPerVisit(_) | Test::QuantityPerDay(_)));
        period.edits.retain(|edit| matches!(edit.look, Look::IncludedIn(_)));
    }
    catalogue
}

/// The lines in chance order, returns after what they return.
fn shuffled(dice: &mut Dice, case: &Value) -> Value {
    let lines = case["lines"].as_array().cloned().unwrap_or_default();
    let mixed = dice.shuffled(&lines);
    let (returns, others): (Vec<Value>, Vec<Value>) =
        mixed.into_iter().partition(|line| line.get("init_feedetl_sn").is_some());
    let mut case = case.clone();
    case["lines"] = json!(others.into_iter().chain(returns).collect::<Vec<Value>>());
    case
}

/// What the order may not change of the answer, and whether it is a bill.
fn set_of(pack: &RandomPack, counter: &mut Counter, case: &Value) -> (bool, Value) {
    let answers = counter.answers(&pack.toml, std::slice::from_ref(case));
    let [answer] = &answers[..] else { panic!("one answer to one case: {answers:?}") };
    let settled = answer["setlinfo"].is_object();
    assert_ne!(settled, answer["refused"].is_u64(), "a case is settled or refused: {answer}");
    (settled, json!([answer["setlinfo"], answer["slots"], answer["tiers"], answer["refused"]]))
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let mut dice = Dice::new(7);
    let (mut bills, mut moved) = (0, 0);
    for seed in 1..=PACKS {
        let pack = random::pack(seed, Features::all());
        let catalogue = without_order(seed);
        let mut counter = Counter::with(random::image(&catalogue));
        if counter.world(&pack.toml).is_err() {
            continue;
        }
        for n in 0..SEQUENCES {
            let cases = random::sequence_of_lines(&pack, &catalogue, seed * SEQUENCES + n);
            let Some(case) = cases.first() else { continue };
            let other = shuffled(&mut dice, case);
            let (settled, one) = set_of(&pack, &mut counter, case);
            let (_, two) = set_of(&pack, &mut counter, &other);
            assert_eq!(one, two, "seed {seed}\n{case}");
            bills += usize::from(settled);
            moved += usize::from(settled && other["lines"] != case["lines"]);
        }
    }
    assert!(bills > 300, "only {bills} bills were settled");
    assert!(moved > 250, "only {moved} of them had their lines in another order");
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// A pack whose bands pay the difference on the year.
fn pack_of_the_year(dice: &mut Dice) -> String {
    let zero = dice.percent(50);
    let (place, of) =
        if zero { ("\"zero\"", "base") } else { ("\"deductible\"", "above_deductible") };
    let less = if zero { "year" } else { "borne" };
    let mut to = 0;
    let mut bands = String::new();
    for _ in 0..dice.below(4) {
        to += dice.between(1, 3_000_000);
        bands += &format!("{{ to = \"{}\", rate = \"{}%\" }}, ", yuan(to), dice.between(0, 100));
    }
    let cap = if dice.percent(50) {
        let cap = yuan(dice.between(0, 20_000_000));
        format!(
            "cap = [{{ amount = \"{cap}\", on = \"payment\", slot = \"paid\", source = \"S\" }}]"
        )
    } else {
        String::new()
    };
    format!(
        r#"
        pack = {{ pool = "630100", title = "t", divisions = ["6301"], from = "2020-01-01", to = "2100-01-01", filings = [] }}
        source = [{{ id = "S", document = "t", date = "2026-01-01", grade = "A" }}]
        scheme = [{{ insutype = "*", name = "any", family = "resident" }}]
        person = [{{ id = "anyone", psn_type = [""] }}]
        benefit = [{{ id = "v", name = "v", med_type = [""], setting = "inpatient", agreement = "inpatient" }}]
        slot = [
            {{ id = "year", scope = "year" }}, {{ id = "borne", scope = "year" }},
            {{ id = "paid", scope = "year" }},
        ]
        [[tier]]
        id = "t"
        fund = "390200"
        base = "in_scope"
        rounding = "{}"
        bands_at = "year"
        bands_from = {place}
        source = "S"
        deductible = [{{ amount = "{}", less = "{less}", source = "S" }}]
        band = [{{ bands = [{bands}{{ rate = "{}%" }}], source = "S" }}]
        {cap}
        add = [
            {{ slot = "year", of = "{of}", source = "S" }}, {{ slot = "borne", of = "deductible", source = "S" }},
            {{ slot = "paid", of = "paid", source = "S" }},
        ]
        "#,
        dice.one(&["half_away", "down"]),
        yuan(dice.between(0, 2_000_000)),
        dice.between(0, 100),
    )
}

fn visit(fen: u64) -> Value {
    json!({
        "admdvs": "630100",
        "member": { "psn_no": "P1", "insutype": "390", "psn_type": "15" },
        "facility": { "fixmedins_code": "H1", "admdvs": "630100", "kind": "hospital", "hosp_lv": "三级" },
        "visit": { "med_type": "21", "begntime": "2026-05-01 08:00:00" },
        "totals": { "medfee_sumamt": yuan(fen), "inscp_scp_amt": yuan(fen) },
    })
}

/// The parts of a year that a sequence of visits leaves: paid, borne and the place on the axis.
fn year_of(counter: &mut Counter, pack: &str, visits: &[u64]) -> Value {
    let cases: Vec<Value> = visits.iter().map(|fen| visit(*fen)).collect();
    if let Err(errors) = counter.world(pack) {
        panic!("the pack is refused\n{errors}\n{pack}");
    }
    let answers = counter.answers(pack, &cases);
    answers.last().map_or(Value::Null, |last| last["slots"].clone())
}

#[test]
fn a_year_comes_to_the_same_however_it_is_split_into_visits() {
    let mut dice = Dice::new(11);
    for _ in 0..300 {
        let pack = pack_of_the_year(&mut dice);
        let mut counter = Counter::new();
        let visits: Vec<u64> =
            (0..dice.between(2, 9)).map(|_| dice.between(1, 6_000_000)).collect();
        let whole = year_of(&mut counter, &pack, &[visits.iter().sum()]);
        let split = year_of(&mut counter, &pack, &visits);
        assert_eq!(whole, split, "{visits:?}\n{pack}");
    }
}
