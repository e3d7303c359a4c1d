//! Family accounts (家庭共济), in any number of shards: what owners pay, get back and pay again, what they are asked and refuse, and
//! that a journal cut between any two records loses no fen and pays none twice.

use yidan_pipeline::family::ends_of;
use yidan_settlement::command::{End, EndHold, Hold};
use yidan_settlement::event::{Correction, Settled};
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::Needs;
use yidan_settlement::limits::FAMILY_MAX;

use super::*;

/// A member of Xining with what the own account opens with.
fn register(desk: &mut Desk<'_>, psn_no: &str, balance: i64, family: &[&str]) {
    let what = What::RegisterMember(facts(family), Fen::new(balance));
    desk.done(psn_no, &format!("member {psn_no}"), 0, what);
}

fn facts(family: &[&str]) -> MemberFacts {
    let family = family.iter().map(|owner| Text::from(*owner)).collect();
    MemberFacts {
        admdvs: "630100".into(),
        psn_type: "11".into(),
        birth: Day::from_civil(1980, 1, 1),
        family,
        ..MemberFacts::default()
    }
}

/// M, whose own account has 100 yuan, with two owners in order, and one whom nobody knows between them.
fn household(packs: &Packs, shards: usize) -> Desk<'_> {
    let mut desk = Desk::of(packs, shards);
    register(&mut desk, "O1", 20_000, &[]);
    register(&mut desk, "O2", 1_000_000, &[]);
    register(&mut desk, "M", 10_000, &["O1", "nobody", "O2"]);
    desk
}

fn bill(account: AccountUse, fen: i64) -> Settle {
    let how = SettleFacts { account, ..how() };
    Settle {
        end: End::Stated,
        visit: WhichVisit::AtOnce(visit(310)),
        how,
        charges: totals(fen, &[]),
    }
}

/// Settles and gives the record.
fn settle(desk: &mut Desk<'_>, psn_no: &str, msgid: &str, fen: i64) -> (u64, Settled) {
    let what = What::Settle(bill(AccountUse::Family, fen));
    let decided = desk.say(FACILITY, psn_no, msgid, 2207, what);
    let Decided::Event(Event::Settled(settled)) = decided else { panic!("{decided:?}") };
    (desk.seq, *settled)
}

fn member<'d>(desk: &'d Desk<'_>, psn_no: &str) -> &'d Member {
    let shards = &desk.engine.shards;
    shards[shard_of(psn_no, shards.len())].members().get(psn_no).expect("registered")
}

fn balances(desk: &Desk<'_>) -> [i64; 3] {
    ["M", "O1", "O2"].map(|psn_no| member(desk, psn_no).balance().get())
}

/// Nothing is held, what all shards say of family accounts sums to nought, and the records make the same state in any number.
fn at_rest(desk: &Desk<'_>) {
    let shards = &desk.engine.shards;
    assert_eq!(shards.iter().flat_map(Ledger::holds).count(), 0);
    assert_eq!(shards.iter().map(|one| one.books().family).sum::<Fen>(), Fen::ZERO);
    for count in [1, 2, 4] {
        assert_eq!(StateHash::of(desk.engine.replayed(count).iter()), desk.engine.hash());
    }
}

#[test]
fn owners_pay_in_their_order_what_the_own_account_does_not_have() {
    let packs = Packs::curated();
    let mut hashes = Vec::new();
    for shards in [1, 2, 4] {
        let mut desk = household(&packs, shards);
        let (_, settled) = settle(&mut desk, "M", "s1", 2_000_000);
        let decision = &settled.decision;
        let owed = decision.psn_part.get();
        assert!(owed > 30_000 && owed < 1_000_000, "{owed}");
        assert_eq!(decision.account_own, Fen::new(10_000));
        let paid: Vec<(&str, i64)> =
            settled.family().map(|(share, paid)| (&*share.owner, paid.get())).collect();
        assert_eq!(paid, [("O1", 20_000), ("O2", owed - 30_000)]);
        assert_eq!((decision.cash, decision.balance), (Fen::ZERO, Fen::ZERO));
        assert_eq!(balances(&desk), [0, 0, 1_030_000 - owed]);
        let payable: Fen = desk
            .engine
            .shards
            .iter()
            .filter_map(|one| one.facility(FACILITY))
            .map(|one| one.payable())
            .sum();
        assert_eq!(payable, decision.fund_sum().plus(decision.account_sum()));
        at_rest(&desk);
        hashes.push(desk.engine.hash());
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_pre_settlement_says_what_owners_would_pay_and_holds_nothing() {
    let packs = Packs::curated();
    let mut desk = household(&packs, 4);
    let what = What::PreSettle(bill(AccountUse::Family, 2_000_000));
    let before = desk.engine.hash();
    let told = desk.say(FACILITY, "M", "", 2206, what);
    let Decided::PreSettled(told) = told else { panic!("{told:?}") };
    assert_eq!(desk.engine.hash(), before);
    let (_, settled) = settle(&mut desk, "M", "s1", 2_000_000);
    assert!(!told.decision.account_family_sum().is_zero());
    assert_eq!(told.decision.account_family_sum(), settled.decision.account_family_sum());
    assert_eq!(told.decision.cash, settled.decision.cash);
}

#[test]
fn what_is_undone_is_given_back_and_put_back_is_paid_again_or_refused() {
    let packs = Packs::curated();
    for shards in [1, 2, 4] {
        let mut desk = household(&packs, shards);
        let before = balances(&desk);
        let (first, _) = settle(&mut desk, "M", "s1", 2_000_000);
        let after = balances(&desk);
        desk.done("M", "c1", 2208, What::Cancel(first));
        assert_eq!(balances(&desk), before, "all is given back");
        at_rest(&desk);
        desk.done("M", "r1", 2601, What::Reverse(2208, "c1".into()));
        assert_eq!(balances(&desk), after, "and paid again");
        at_rest(&desk);
        desk.done("M", "r2", 2601, What::Reverse(2207, "s1".into()));
        assert_eq!(balances(&desk), before, "reversed, it is given back too");
        // What O1 gave once it has spent meanwhile.
        let (second, _) = settle(&mut desk, "M", "s2", 2_000_000);
        desk.done("M", "c2", 2208, What::Cancel(second));
        desk.done("O1", "o1", 2207, What::Settle(bill(AccountUse::Own, 5_000)));
        let spent = balances(&desk);
        assert!(spent[1] < before[1]);
        desk.refused(
            Conduct::FamilyAccountShort,
            "M",
            "r3",
            2601,
            What::Reverse(2208, "c2".into()),
        );
        assert_eq!(balances(&desk), spent, "what was held for it is free again");
        at_rest(&desk);
    }
}

#[test]
fn a_request_that_comes_again_is_told_the_same_and_holds_nothing() {
    let packs = Packs::curated();
    let mut desk = household(&packs, 2);
    settle(&mut desk, "M", "s1", 2_000_000);
    let (after, records) = (balances(&desk), desk.engine.journal.len());
    let what = What::Settle(bill(AccountUse::Family, 2_000_000));
    let again = desk.say(FACILITY, "M", "s1", 2207, what.clone());
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    assert_eq!(desk.engine.journal.len(), records);
    assert_eq!(balances(&desk), after);
    at_rest(&desk);
}

/// Has the ledger say what it needs for a settlement, which is then on its way.
fn on_its_way(desk: &mut Desk<'_>, psn_no: &str, msgid: &str, fen: i64) -> (Box<Command>, Needs) {
    desk.seq += 1;
    let what = What::Settle(bill(AccountUse::Family, fen));
    let request = Request {
        asker: FACILITY.into(),
        infno: 2207,
        msgid: msgid.into(),
        psn_no: psn_no.into(),
        digest: what.digest(),
    };
    let command = Command { seq: desk.seq, time_ms: 1, request, what, shares: None };
    let shard = shard_of(psn_no, desk.engine.shards.len());
    let decided = desk.engine.step(shard, &command);
    let Decided::Needs(needs) = decided else { panic!("{decided:?}") };
    (Box::new(command), needs)
}

#[test]
fn two_copies_on_their_way_at_once_are_one_settlement() {
    let packs = Packs::curated();
    let mut desk = household(&packs, 2);
    let copies = ["s1", "s1"].map(|msgid| on_its_way(&mut desk, "M", msgid, 2_000_000));
    let answers = family::run_all(copies.into(), &mut desk.engine);
    let [Answer::Done(first, _), Answer::Again(second)] = &*answers else { panic!("{answers:?}") };
    assert_eq!(first, second);
    assert_eq!(balances(&desk)[..2], [0, 0]);
    at_rest(&desk);
}

#[test]
fn two_members_at_once_never_take_more_than_their_owner_has() {
    let packs = Packs::curated();
    for shards in [1, 2, 4] {
        let mut desk = Desk::of(&packs, shards);
        register(&mut desk, "O", 50_000, &[]);
        register(&mut desk, "A", 0, &["O"]);
        register(&mut desk, "B", 0, &["O"]);
        let bills = ["A", "B"].map(|psn_no| on_its_way(&mut desk, psn_no, psn_no, 2_000_000));
        let answers = family::run_all(bills.into(), &mut desk.engine);
        let paid = answers.into_iter().map(|answer| {
            let decided = family::decided(answer);
            let Decided::Event(Event::Settled(settled)) = decided else { panic!("{decided:?}") };
            settled.decision.account_family_sum()
        });
        assert_eq!(paid.sum::<Fen>(), Fen::new(50_000));
        assert_eq!(member(&desk, "O").balance(), Fen::ZERO);
        at_rest(&desk);
    }
}

fn hold(member: &str, fen: i64, settlement: Option<u64>) -> What {
    What::Hold(Hold { member: member.into(), amount: Fen::new(fen), settlement })
}

#[test]
fn an_owner_sees_only_what_is_not_held() {
    let packs = Packs::curated();
    let mut desk = household(&packs, 2);
    desk.say("", "O2", "", 0, hold("M", 999_000, None));
    let item = desk.seq;
    assert_eq!(member(&desk, "O2").balance(), Fen::new(1_000));
    let what = What::Settle(bill(AccountUse::Own, 2_000_000));
    let decided = desk.say(FACILITY, "O2", "own", 2207, what);
    let Decided::Event(Event::Settled(settled)) = decided else { panic!("{decided:?}") };
    assert_eq!(settled.decision.account_own, Fen::new(1_000));
    // Another hold gets what is left, which is nothing; and no end is of more than is held.
    let refused = desk.say("", "O2", "", 0, hold("M", 5, None));
    assert!(
        matches!(refused, Decided::Refused(why) if why.reason == Conduct::FamilyAccountShort.number())
    );
    for (owner, item, paid) in
        [("O2", item, 999_001), ("O2", item, -1), ("O1", item, 1), ("O2", 7, 0)]
    {
        let end = What::EndHold(EndHold { item, paid: Fen::new(paid) });
        let refused = desk.say("", owner, "", 0, end);
        assert!(
            matches!(refused, Decided::Refused(why) if why.reason == Conduct::HoldUnknown.number())
        );
    }
    desk.say("", "O2", "", 0, What::EndHold(EndHold { item, paid: Fen::ZERO }));
    assert_eq!(member(&desk, "O2").balance(), Fen::new(999_000));
    at_rest(&desk);
}

#[test]
fn accounts_that_cannot_share_are_refused_by_name() {
    let packs = Packs::curated();
    let mut desk = household(&packs, 1);
    let many: Vec<String> = (0..=FAMILY_MAX).map(|number| format!("N{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (number, family) in [&["X"][..], &["O1", "O2", "O1"], &many].into_iter().enumerate() {
        let what = What::RegisterMember(facts(family), Fen::ZERO);
        desk.refused(Conduct::FamilyWrong, "X", &format!("x{number}"), 0, what);
    }
    let own = desk.say("", "O2", "", 0, hold("O2", 5, None));
    assert!(matches!(own, Decided::Refused(why) if why.reason == Conduct::FamilyWrong.number()));
    // Nobody to pay is no reason to refuse.
    register(&mut desk, "Y", 0, &["nobody"]);
    let (_, settled) = settle(&mut desk, "Y", "y1", 2_000_000);
    assert_eq!((settled.decision.account_sum(), settled.shares.len()), (Fen::ZERO, 0));
    at_rest(&desk);
}

#[test]
fn a_correction_leaves_family_accounts_as_they_were_or_gives_back_what_it_cancels() {
    let packs = Packs::curated();
    for shards in [1, 4] {
        let mut desk = household(&packs, shards);
        let before = balances(&desk);
        let (first, settled) = settle(&mut desk, "M", "s1", 2_000_000);
        let (second, _) = settle(&mut desk, "M", "s2", 300_000);
        let after = balances(&desk);
        let again = MemberFacts { psn_type: "12".into(), ..facts(&["O2"]) };
        desk.done("M", "member again", 0, What::RegisterMember(again, Fen::ZERO));
        let correct = |desk: &mut Desk<'_>, first, cancel| {
            let day = Day::from_civil(2026, 5, 1).expect("a day");
            let what = What::Correct(Correction { first, cancel, day });
            let msgid = format!("correction {first} {cancel}");
            let decided = desk.say("bureau", "M", &msgid, 0, what);
            let Decided::Event(Event::Corrected(corrected)) = decided else {
                panic!("{decided:?}")
            };
            *corrected
        };
        let corrected = correct(&mut desk, first, false);
        assert!(!corrected.adjusted.is_empty());
        assert_eq!(balances(&desk), after, "accounts stay as they were");
        at_rest(&desk);
        let corrected = correct(&mut desk, first, true);
        let (_, cancelled) = corrected.cancelled.expect("cancelled");
        let back: Fen = cancelled.shares.iter().map(|share| share.amount).sum();
        assert_eq!(back, settled.decision.account_family_sum().negated());
        at_rest(&desk);
        desk.done("M", "c2", 2208, What::Cancel(second));
        assert_eq!(balances(&desk), before, "what was adjusted is given back as it was paid");
        at_rest(&desk);
    }
}

/// The shards after a start has ended what is held in them.
fn restarted(engine: &Engine<'_>, mut shards: Vec<Ledger>) -> Vec<Ledger> {
    let record =
        |number: u64| Ok(engine.journal[usize::try_from(number).expect("small") - 1].clone());
    let ends = ends_of(&shards, record).expect("its records can be read");
    for (seq, (owner, what)) in (2 * OWN_NUMBERS..).zip(ends) {
        let request = Request { psn_no: owner, ..Request::default() };
        let command = Command { seq, time_ms: 1, request, what, shares: None };
        let shard = shard_of(&command.request.psn_no, shards.len());
        let records = |_: u64| None;
        let shelf = TownShelf { packs: engine.packs, records };
        let decided = shards[shard].decide(&command, None, &shelf, &mut Room::default());
        let Decided::Event(event) = decided else { panic!("{decided:?}") };
        let Command { seq, time_ms, request, .. } = command;
        let record = Record { seq, time_ms, request, event };
        shards[shard].apply(&record, u64::MAX >> 2).expect("it fits");
    }
    let again = ends_of(&shards, |_| panic!("nothing is held any more")).expect("nothing");
    assert_eq!(again, []);
    shards
}

/// What is durable is a beginning of the journal: whichever it is, a start ends what is held, and accounts have what clients say.
#[test]
fn wherever_the_journal_ends_no_fen_is_lost_and_none_is_paid_twice() {
    let packs = Packs::curated();
    let (mut cut, mut paid, mut back) = (0, 0, 0);
    for (seed, count) in [(1, 1), (2, 2), (3, 4)] {
        let mut town = Town::new(seed, 20, &packs);
        let mut engine = Engine::new(&packs, count);
        for _ in 0..3_000 {
            let command = town.next_command();
            if let Decided::Event(event) = engine.run(&command) {
                town.heard(&command, &event);
            }
        }
        let (mut shards, mut books) = (vec![Ledger::new(); count], ClientBooks::default());
        for (place, record) in (1_u64..).zip(engine.records()) {
            replay(&mut shards, &record, place);
            books.note(record.seq, &record.event);
            let held: Vec<Fen> =
                shards.iter().flat_map(Ledger::holds).map(|(_, held)| held.amount).collect();
            if held.is_empty() {
                continue;
            }
            let ended = restarted(&engine, shards.clone());
            books.compare(&ended);
            let due = |shards: &[Ledger]| shards.iter().map(|one| one.books().family).sum::<Fen>();
            cut += 1;
            paid += u64::from(due(&shards) > Fen::ZERO);
            back += u64::from(due(&shards).is_negative());
        }
    }
    assert!(cut > 100 && paid > 20 && back > 5, "{cut} cuts, {paid} paid, {back} given back");
}
