//! Corrections by an operator, each beside a twin to whom what was corrected never happened: both must come to the same.

use yidan_settlement::event::{Corrected, Correction};
use yidan_settlement::facts::IdentityFact;
use yidan_settlement::limits::ADJUSTED_MAX;

use super::*;

/// A member of R1.
pub(crate) fn register(desk: &mut Desk<'_>, psn_no: &str, class: Option<&str>) {
    let identity =
        |kind: &str| IdentityFact { kind: kind.into(), span: yidan_settlement::date::Span::ALWAYS };
    let facts = MemberFacts {
        admdvs: "R1".into(),
        psn_type: "11".into(),
        identities: class.map(identity).into_iter().collect(),
        ..MemberFacts::default()
    };
    desk.seq += 1;
    let msgid = format!("member {psn_no} {}", desk.seq);
    desk.done(psn_no, &msgid, 0, What::RegisterMember(facts, Fen::ZERO));
}

pub(crate) fn settle_at_once(desk: &mut Desk<'_>, psn_no: &str, in_scope: i64) -> u64 {
    let parts = LineParts { in_scope: Fen::new(in_scope), ..LineParts::default() };
    let totals = TotalsFacts { total: Fen::new(in_scope), parts, kinds: Vec::new() };
    let visit = WhichVisit::AtOnce(visit(390));
    let settle =
        Settle { end: End::Stated, visit, how: how(), charges: ChargesFacts::Totals(totals) };
    let msgid = format!("bill {psn_no} {}", desk.seq);
    desk.done(psn_no, &msgid, 2207, What::Settle(settle))
}

fn correction(first: u64, cancel: bool) -> What {
    let day = Day::from_civil(2026, 5, 1).expect("a day");
    What::Correct(Correction { first, cancel, day })
}

/// Corrects, and gives what came of it.
pub(crate) fn correct(desk: &mut Desk<'_>, psn_no: &str, first: u64, cancel: bool) -> Corrected {
    let msgid = format!("correction {psn_no} {}", desk.seq);
    let decided = desk.say("bureau", psn_no, &msgid, 0, correction(first, cancel));
    let Decided::Event(Event::Corrected(corrected)) = decided else { panic!("{decided:?}") };
    *corrected
}

/// Slots by their texts.
pub(crate) fn slots(desk: &Desk<'_>, psn_no: &str) -> BTreeMap<(String, String, u64), Fen> {
    let ledger = &desk.engine.shards[0];
    let text = |symbol| ledger.symbols().text(symbol).to_owned();
    let member = ledger.members().get(psn_no).expect("a member");
    let slot = |slot: &yidan_settlement::ledger::HeldSlot| {
        ((text(slot.key.slot), text(slot.key.sub), slot.key.period), slot.value)
    };
    member.slots().iter().map(slot).collect()
}

/// What the facility is owed, what persons are, and what funds paid: the last is the sum of the others.
fn books(desk: &Desk<'_>) -> (Fen, Fen, BTreeMap<u32, Fen>) {
    let ledger = &desk.engine.shards[0];
    let mut funds = ledger.books().funds.clone();
    funds.retain(|_, amount| !amount.is_zero());
    let (owed, persons) =
        (ledger.facility(FACILITY).expect("registered").payable(), ledger.books().persons);
    assert_eq!(funds.values().copied().sum::<Fen>(), owed.plus(persons), "no account pays here");
    (owed, persons, funds)
}

fn twice(funds: &BTreeMap<u32, Fen>) -> BTreeMap<u32, Fen> {
    funds.iter().map(|(fund, amount)| (*fund, amount.plus(*amount))).collect()
}

/// Says a correction in the name of the bureau and expects this refusal.
fn refused(desk: &mut Desk<'_>, why: Conduct, msgid: &str, what: What) {
    match desk.say("bureau", "A", msgid, 0, what) {
        Decided::Event(Event::Refused(refused)) => assert_eq!(refused.reason, why.number()),
        decided @ (Decided::Event(_)
        | Decided::Again(_)
        | Decided::PreSettled(_)
        | Decided::Nothing
        | Decided::Refused(_)
        | Decided::Needs(_)) => panic!("{why:?} was expected: {decided:?}"),
    }
}

fn settlements(desk: &Desk<'_>, psn_no: &str) -> usize {
    let stand = |member: &Member| member.settled().iter().filter(|one| !one.is_cancelled()).count();
    desk.engine.shards[0].members().get(psn_no).map_or(0, stand)
}

/// The same from the records alone, in any number of shards.
fn replays(desk: &Desk<'_>) {
    for count in [1, 3] {
        assert_eq!(StateHash::of(desk.engine.replayed(count).iter()), desk.engine.hash());
    }
}

#[test]
fn what_stood_upon_a_cancelled_settlement_comes_out_as_if_that_had_never_been() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", Some("R1-2"));
    register(&mut desk, "B", Some("R1-2"));
    let later = [4_600_000, 20_000_000, 700];
    let first = settle_at_once(&mut desk, "A", 9_000_000);
    let of_a: Vec<u64> = later.iter().map(|fen| settle_at_once(&mut desk, "A", *fen)).collect();
    let mut of_b = Desk::new(&packs);
    register(&mut of_b, "B", Some("R1-2"));
    for fen in later {
        settle_at_once(&mut desk, "B", fen);
        settle_at_once(&mut of_b, "B", fen);
    }
    let of_b = books(&of_b);
    let (owed, ..) = books(&desk);
    assert_ne!(slots(&desk, "A"), slots(&desk, "B"));
    desk.refused(Conduct::LaterSettlements, "A", "c", 2208, What::Cancel(first));
    // What is known of the member has changed meanwhile; a cancellation decides by what was known then.
    register(&mut desk, "A", Some("R1-1"));
    let corrected = correct(&mut desk, "A", first, true);
    assert_eq!(corrected.cancelled.as_ref().map(|(code, _)| &**code), Some(FACILITY));
    let adjusted: Vec<u64> = corrected.adjusted.iter().map(|one| one.settlement).collect();
    assert!(!adjusted.is_empty() && adjusted.iter().all(|one| of_a.contains(one)), "{adjusted:?}");
    assert!(corrected.adjusted.iter().all(|one| one.number > first && !of_a.contains(&one.number)));
    assert_eq!(slots(&desk, "A"), slots(&desk, "B"));
    let (owed_now, persons, funds) = books(&desk);
    assert_eq!(funds, twice(&of_b.2), "both are paid the same");
    let first_paid = corrected.cancelled.as_ref().map(|(_, cancelled)| cancelled.posted.facility);
    assert_eq!(owed_now, owed.plus(first_paid.expect("cancelled")), "the facility loses the first");
    assert_ne!(persons, Fen::ZERO, "the rest is the person's, not cash that was paid");
    assert_eq!(settlements(&desk, "A"), 3);
    replays(&desk);

    // What was adjusted is cancelled as it is now, to the fen.
    for (number, settlement) in (0..).zip(of_a.iter().rev()) {
        desk.done("A", &format!("u{number}"), 2208, What::Cancel(*settlement));
    }
    assert_eq!(slots(&desk, "A"), BTreeMap::new());
    assert_eq!(books(&desk), of_b);
    replays(&desk);
}

#[test]
fn a_class_granted_from_an_earlier_date_is_paid_for_what_was_settled_since() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", None);
    register(&mut desk, "B", Some("R1-1"));
    let first = settle_at_once(&mut desk, "A", 9_000_000);
    settle_at_once(&mut desk, "A", 3_000_000);
    settle_at_once(&mut desk, "B", 9_000_000);
    settle_at_once(&mut desk, "B", 3_000_000);
    let (owed, ..) = books(&desk);
    let nothing = correct(&mut desk, "A", first, false);
    assert_eq!((nothing.cancelled, nothing.adjusted), (None, Vec::new()));
    register(&mut desk, "A", Some("R1-1"));
    let corrected = correct(&mut desk, "A", first, false);
    assert_eq!((corrected.cancelled, corrected.adjusted.len()), (None, 2));
    assert_eq!(slots(&desk, "A"), slots(&desk, "B"));
    let (owed_now, persons, funds) = books(&desk);
    assert!(funds.values().all(|amount| amount.get() % 2 == 0), "twice the same: {funds:?}");
    assert_eq!(owed_now, owed, "the facility has its money already");
    assert!(persons > Fen::ZERO);
    // The class is taken away again, and so is what it gave.
    register(&mut desk, "A", None);
    correct(&mut desk, "A", first, false);
    assert_eq!(books(&desk).1, Fen::ZERO);
    replays(&desk);
}

#[test]
fn a_visit_that_is_forgotten_is_settled_anew_from_the_lines_in_the_journal() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", Some("R1-2"));
    register(&mut desk, "B", Some("R1-2"));
    let first = settle_at_once(&mut desk, "A", 30_000_000);
    for psn_no in ["A", "B"] {
        let id = |what: &str| format!("{what} {psn_no}");
        let number = desk.done(psn_no, &id("v"), 2201, What::OpenVisit(visit(390)));
        let number = VisitId::new(number);
        let lines = |of: &[(&str, i64)]| of.iter().map(|(sn, fen)| line(sn, *fen)).collect();
        let upload = |of| What::Upload(number, lines(of));
        desk.done(psn_no, "", 2204, upload(&[("1", 9_000), ("2", 5), ("3", 8_000)]));
        desk.done(psn_no, "", 2204, upload(&[("4", 7_000)]));
        desk.done(psn_no, &id("w"), 2205, What::Withdraw(number, serials("2")));
        desk.done(psn_no, "", 2204, upload(&[("2", 6_000)]));
        let visit = WhichVisit::Registered(number);
        let settle =
            Settle { end: End::Stated, visit, how: how(), charges: ChargesFacts::Uploaded };
        desk.done(psn_no, &id("s"), 2207, What::Settle(settle));
    }
    desk.say("", "", "", 0, What::CloseDay(Day::from_civil(2026, 3, 31).expect("a day")));
    assert_eq!(desk.engine.shards[0].visits().count(), 0, "the visits are forgotten");
    let corrected = correct(&mut desk, "A", first, true);
    assert_eq!(corrected.adjusted.len(), 1);
    assert_eq!(corrected.adjusted[0].settled.decision.total, Fen::new(3_000_000));
    assert_eq!(slots(&desk, "A"), slots(&desk, "B"));
    replays(&desk);
}

#[test]
fn a_correction_is_refused_by_name() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", None);
    let first = settle_at_once(&mut desk, "A", 100_000);
    desk.refused(Conduct::OperatorsOnly, "A", "x0", 0, correction(first, true));
    refused(&mut desk, Conduct::SettlementUnknown, "x1", correction(first + 50, true));
    for _ in 0..ADJUSTED_MAX {
        settle_at_once(&mut desk, "A", 100);
    }
    refused(&mut desk, Conduct::TooManyToCorrect, "x2", correction(first, true));
    let member = desk.engine.shards[0].members().get("A").expect("registered");
    let last = member.settled().last().expect("settled").seq();
    desk.done("A", "x3", 2208, What::Cancel(last));
    refused(&mut desk, Conduct::CancelledBefore, "x4", correction(last, true));
    desk.say("", "", "", 0, What::CloseDay(Day::from_civil(2026, 5, 1).expect("a day")));
    refused(&mut desk, Conduct::DayIsClosed, "x5", correction(first, true));
    replays(&desk);
}

#[test]
fn a_mid_stay_settlement_is_not_cancelled_under_the_one_that_ended_its_visit() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", None);
    let number = VisitId::new(desk.done("A", "v", 2201, What::OpenVisit(visit(390))));
    let settle = |desk: &mut Desk<'_>, serial: &str, mid_stay: bool| {
        desk.done("A", "", 2204, What::Upload(number, vec![line(serial, 5_000)]));
        let how = SettleFacts { mid_stay, ..how() };
        let visit = WhichVisit::Registered(number);
        let settle = Settle { end: End::Stated, visit, how, charges: ChargesFacts::Uploaded };
        desk.done("A", &format!("s{serial}"), 2207, What::Settle(settle))
    };
    let mid_stay = settle(&mut desk, "1", true);
    settle(&mut desk, "2", false);
    refused(&mut desk, Conduct::VisitSettled, "x", correction(mid_stay, true));
    replays(&desk);
}

/// The record that registered a member may be archived for years: what it says is held in memory.
#[test]
fn a_member_whose_registration_is_archived_is_corrected() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", None);
    let registered = desk.engine.journal.len() - 1;
    let first = settle_at_once(&mut desk, "A", 9_000_000);
    settle_at_once(&mut desk, "A", 3_000_000);
    desk.engine.journal[registered].clear();
    assert_eq!(correct(&mut desk, "A", first, true).adjusted.len(), 1);
    assert_eq!(settlements(&desk, "A"), 1);
}

/// What was cancelled is put back only onto the slots it was decided on.
#[test]
fn two_that_were_each_the_first_of_the_year_do_not_both_come_back() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", None);
    let first = settle_at_once(&mut desk, "A", 9_000_000);
    desk.done("A", "k1", 2208, What::Cancel(first));
    let second = settle_at_once(&mut desk, "A", 8_000_000);
    desk.done("A", "k2", 2208, What::Cancel(second));
    desk.done("A", "b1", 2601, What::Reverse(2208, "k1".into()));
    desk.refused(Conduct::LaterSettlements, "A", "b2", 2601, What::Reverse(2208, "k2".into()));
    replays(&desk);
}
