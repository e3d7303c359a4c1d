//! Requests of long ago, whose keys the ledger has forgotten: what settled is found through the member and the journal.

use yidan_settlement::command::What;
use yidan_settlement::date::Day;
use yidan_settlement::event::{Correction, Event, Request, Undone};
use yidan_settlement::ledger::{Decided, RequestKey, StateHash};
use yidan_settlement::reason::Conduct;

use super::{Desk, FACILITY, Packs, at_once};

/// Closes a day so late that every key until now is forgotten.
fn forget(desk: &mut Desk<'_>) {
    desk.days += 36;
    let day = Day::from_civil(2026, 1, 31).expect("a day");
    desk.say("", "", "", 0, What::CloseDay(day));
    assert!(desk.engine.shards[0].requests().is_empty());
}

#[test]
fn a_settlement_of_long_ago_is_told_again_reversed_and_never_made_twice() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    let p = desk.member("R1");
    let first = desk.done(&p, "k1", 2207, at_once(5_000_000));
    let at = desk.engine.journal.len() as u64;
    let second = desk.done(&p, "k2", 2207, at_once(5_000_000));
    forget(&mut desk);

    // Told again; other content is refused; another person's, facility's or transaction's request is another.
    let again = desk.say(FACILITY, &p, "k1", 2207, at_once(5_000_000));
    assert_eq!(again, Decided::Again(at));
    desk.refused(Conduct::KeyWithOtherContent, &p, "k1", 2207, at_once(5_000_001));
    let key = RequestKey::new(FACILITY, 2207, "k1", &p);
    assert!(desk.engine.shards[0].requests().get(key).is_none(), "it stays forgotten");

    // Reversed, as if it had been yesterday, and refused from then on.
    let reversed = desk.say(FACILITY, &p, "r2", 2601, What::Reverse(2207, "k2".into()));
    let Decided::Event(Event::Reversed(reversed)) = reversed else { panic!("{reversed:?}") };
    let Undone::Settlement(cancelled) = &reversed.undone else { panic!("{reversed:?}") };
    assert_eq!(cancelled.settlement, second);
    desk.refused(Conduct::ReversedBefore, &p, "k2", 2207, at_once(5_000_000));
    forget(&mut desk);
    desk.refused(Conduct::CancelledBefore, &p, "k2", 2207, at_once(5_000_000));

    // A key that is no settlement's leaves a mark, and what comes later under it is refused.
    let unknown = desk.say(FACILITY, &p, "r3", 2601, What::Reverse(2207, "k3".into()));
    let Decided::Event(Event::Reversed(unknown)) = unknown else { panic!("{unknown:?}") };
    assert_eq!(unknown.undone, Undone::NotYetCome);
    desk.done(&p, "c1", 2208, What::Cancel(first));
    let replayed = StateHash::of(desk.engine.replayed(2).iter());
    assert_eq!(replayed, desk.engine.hash());
}

/// An archived record may come back; until it does nobody knows whether the request has come.
#[test]
fn where_its_record_is_archived_it_is_neither_made_again_nor_said_not_to_be_there() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    let p = desk.member("R1");
    let first = desk.done(&p, "k1", 2207, at_once(5_000_000));
    let at = desk.engine.journal.len();
    forget(&mut desk);
    let kept = std::mem::take(&mut desk.engine.journal[at - 1]);
    let records = desk.engine.journal.len();
    desk.refused(Conduct::RecordUnreachable, &p, "k1", 2207, at_once(5_000_000));
    desk.refused(Conduct::RecordUnreachable, &p, "r1", 2601, What::Reverse(2207, "k1".into()));
    desk.refused(Conduct::RecordUnreachable, &p, "c1", 2208, What::Cancel(first));
    assert_eq!(desk.engine.journal.len(), records, "nothing is remembered of it");
    // Another request of the member goes on: its key has another mark.
    desk.done(&p, "k2", 2207, at_once(100));
    // Put back, it is what it was, and so is what could not be decided.
    desk.engine.journal[at - 1] = kept;
    let again = desk.say(FACILITY, &p, "k1", 2207, at_once(5_000_000));
    assert_eq!(again, Decided::Again(at as u64));
    desk.refused(Conduct::LaterSettlements, &p, "c2", 2208, What::Cancel(first));
}

#[test]
fn one_that_was_made_anew_since_is_found_by_the_request_that_made_it() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    let p = desk.member("R1");
    let first = desk.done(&p, "k1", 2207, at_once(9_000_000));
    let at = desk.engine.journal.len() as u64 + 1;
    desk.done(&p, "k2", 2207, at_once(3_000_000));
    let day = Day::from_civil(2026, 2, 1).expect("a day");
    let request = Request { asker: "bureau".into(), infno: 9, ..Request::default() };
    let cancel = What::Correct(Correction { first, cancel: true, day });
    let corrected = desk.say(&request.asker, &p, "o1", request.infno, cancel);
    let Decided::Event(Event::Corrected(corrected)) = corrected else { panic!("{corrected:?}") };
    assert_eq!(corrected.adjusted.len(), 1, "the later one comes out otherwise");
    forget(&mut desk);
    assert_eq!(desk.say(FACILITY, &p, "k2", 2207, at_once(3_000_000)), Decided::Again(at));
    desk.refused(Conduct::CancelledBefore, &p, "k1", 2207, at_once(9_000_000));
}
