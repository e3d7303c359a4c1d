//! What becomes of a registered visit: what is known of it changes, it ends and goes on, it is settled batch by batch, reversed
//! and forgotten. A table has a line for each request and what comes of it.

use yidan_settlement::facts::VisitChange;
use yidan_settlement::reason::Reason;

use super::corrections::{correct, register, settle_at_once, slots};
use super::*;

/// What comes of a request.
#[derive(Clone, Copy, Debug)]
enum Comes {
    Done,
    Nothing,
    Refused(u16),
}

use Comes::{Done, Nothing};

fn no(why: Conduct) -> Comes {
    Comes::Refused(why.number())
}

/// A member with a visit, and the desk.
struct Stay<'p> {
    desk: Desk<'p>,
    psn_no: &'static str,
    visit: VisitId,
}

impl<'p> Stay<'p> {
    fn open(packs: &'p Packs, infno: u16, facts: VisitFacts) -> Stay<'p> {
        let mut desk = Desk::new(packs);
        register(&mut desk, "A", None);
        let visit = VisitId::new(desk.done("A", "v", infno, What::OpenVisit(facts)));
        Stay { desk, psn_no: "A", visit }
    }

    /// Says each line of a table, with a `msgid` of its own; gives the number of the last command.
    fn says(&mut self, table: &[(u16, What, Comes)]) -> u64 {
        for (line, (infno, what, comes)) in table.iter().enumerate() {
            let msgid = format!("{infno} {}", self.desk.seq);
            let decided = self.desk.say(FACILITY, self.psn_no, &msgid, *infno, what.clone());
            let came = match (&decided, comes) {
                (Decided::Event(Event::Refused(one)) | Decided::Refused(one), _) => {
                    matches!(comes, Comes::Refused(why) if *why == one.reason)
                }
                (Decided::Event(_) | Decided::PreSettled(_), _) => matches!(comes, Done),
                (Decided::Nothing, _) => matches!(comes, Nothing),
                (Decided::Again(_) | Decided::Needs(_), _) => false,
            };
            assert!(came, "line {line}, {comes:?} was expected: {decided:?}");
        }
        self.desk.seq
    }

    fn upload(&self, lines: &[(&str, &str, i64)]) -> What {
        let line = |(serial, batch, yuan): &(&str, &str, i64)| LineFacts {
            batch: (*batch).into(),
            ..line(serial, *yuan)
        };
        What::Upload(self.visit, lines.iter().map(line).collect())
    }

    fn settle(&self, batch: &str, yuan: i64) -> Settle {
        let visit = match batch {
            "" => WhichVisit::Registered(self.visit),
            batch => WhichVisit::Batch(self.visit, batch.into()),
        };
        let how = SettleFacts { total: Some(Fen::new(yuan * 100)), ..how() };
        Settle { end: End::Stated, visit, how, charges: ChargesFacts::Uploaded }
    }

    fn settled(&self, batch: &str, yuan: i64) -> What {
        What::Settle(self.settle(batch, yuan))
    }

    fn change(&self, change: VisitChange) -> What {
        What::ChangeVisit(self.visit, change)
    }

    fn end(&self, end: Option<Moment>) -> What {
        self.change(VisitChange { end: Some(end), ..VisitChange::default() })
    }

    /// The visit, while it is held.
    fn held(&self) -> Option<&yidan_settlement::ledger::OpenVisit> {
        self.desk.engine.shards[0].visit(self.visit)
    }

    /// The serials of lines that this settlement took in.
    fn lines_of(&self, settlement: u64) -> String {
        let Some(visit) = self.held() else { return String::new() };
        let lines = visit.lines.all();
        let taken = lines.iter().filter(|line| line.settled == settlement);
        taken.map(|line| line.facts.serial.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The records make the same, read whole and as a start reads them, and each bill decided anew is the same.
    fn proves(&self) {
        let packs = self.desk.engine.packs;
        let journal = &self.desk.engine.journal;
        let records = |place: u64| journal.get(usize::try_from(place).ok()? - 1).cloned();
        let shelf = TownShelf { packs, records };
        let (mut shards, mut room) = (vec![Ledger::new()], Room::default());
        for (place, record) in (1_u64..).zip(self.desk.engine.records()) {
            if let Event::Settled(_) | Event::Corrected(_) = record.event {
                let again = shards[0].decide_again(&record, &shelf, &mut room);
                assert_eq!(again.as_ref(), Ok(&record.event), "record {place}");
            }
            replay(&mut shards, &record, place);
        }
        let hash = self.desk.engine.hash();
        assert_eq!(StateHash::of(shards.iter()), hash);
        assert_eq!(StateHash::of(lent(journal, 3).iter()), hash);
        let difference = checks::visits::difference(
            self.desk.engine.records().collect::<Vec<_>>().iter(),
            &self.desk.engine.shards,
        );
        assert_eq!(difference, None);
    }
}

fn day(month: i32, day: i32) -> Moment {
    Moment::new(Day::from_civil(2026, month, day).expect("a day"), 0)
}

fn med_type(code: &str) -> VisitChange {
    VisitChange { med_type: Some(code.into()), ..VisitChange::default() }
}

/// Of the visit that began on 1 March; a settlement says that it ends on the 5th.
#[test]
fn what_is_known_of_a_visit_changes_until_a_settlement_stands_by_it() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2401, visit(390));
    let begin = VisitChange { begin: Some(day(3, 6)), ..VisitChange::default() };
    let reversed = Comes::Refused(Reason::DatesReversed.number());
    let settlement = stay.says(&[
        (2403, stay.change(med_type("11")), Done),
        (2405, stay.end(None), no(Conduct::VisitNotEnded)),
        (2402, stay.end(Some(day(2, 28))), reversed),
        (2402, stay.end(Some(day(3, 4))), Done),
        (2402, stay.end(Some(day(3, 4))), Done),
        (2402, stay.end(Some(day(3, 5))), no(Conduct::VisitEnded)),
        (2403, stay.change(begin), reversed),
        (2301, stay.upload(&[("1", "", 5)]), no(Conduct::VisitEnded)),
        (2405, stay.end(None), Done),
        (2301, stay.upload(&[("1", "", 5)]), Done),
        (2402, stay.end(Some(day(3, 4))), Done),
        (2301, stay.upload(&[("1", "", 5)]), Nothing),
        (2303, What::PreSettle(stay.settle("", 5)), Done),
        (2304, stay.settled("", 5), Done),
    ]);
    let last = stay.desk.engine.records().last().expect("settled");
    let Event::Settled(settled) = last.event else { panic!("{last:?}") };
    assert_eq!((settled.how.end, &*settled.facts.med_type), (day(3, 4), "11"));
    stay.says(&[
        (2403, stay.change(med_type("21")), no(Conduct::VisitSettled)),
        (2405, stay.end(None), no(Conduct::VisitSettled)),
    ]);
    // Cancelled it may change again, and is then not put back onto what it was not decided by.
    stay.desk.done("A", "c", 2305, What::Cancel(settlement));
    stay.says(&[(2405, stay.end(None), Done), (2403, stay.change(med_type("21")), Done)]);
    stay.desk.refused(Conduct::VisitChanged, "A", "r", 2601, What::Reverse(2305, "c".into()));
    stay.says(&[
        (2402, stay.end(Some(day(3, 4))), Done),
        (2403, stay.change(med_type("11")), Done),
    ]);
    stay.desk.done("A", "r2", 2601, What::Reverse(2305, "c".into()));
    stay.proves();
    // It is nobody else's, and none that is closed.
    let change = stay.change(med_type("21"));
    register(&mut stay.desk, "B", None);
    stay.desk.refused(Conduct::VisitUnknown, "B", "b", 2403, change.clone());
    let other = stay.desk.say("H63010200003", "A", "o", 2403, change);
    let Decided::Event(Event::Refused(other)) = other else { panic!("{other:?}") };
    assert_eq!(other.reason, Conduct::VisitUnknown.number());
    let number = stay.desk.done("A", "v2", 2401, What::OpenVisit(visit(390)));
    stay.desk.done("A", "x2", 2404, What::CloseVisit(VisitId::new(number)));
    let change = What::ChangeVisit(VisitId::new(number), med_type("21"));
    stay.desk.refused(Conduct::VisitUnknown, "A", "y2", 2403, change);
    let facts = VisitFacts { end: Some(day(2, 1)), ..visit(390) };
    stay.says(&[(2401, What::OpenVisit(facts), reversed)]);
}

#[test]
fn a_visit_settled_midway_may_change_and_a_settlement_midway_outlives_it() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2401, visit(390));
    let mut midway = stay.settle("", 500);
    midway.how.mid_stay = true;
    let first = stay
        .says(&[(2301, stay.upload(&[("1", "", 500)]), Done), (2304, What::Settle(midway), Done)]);
    stay.desk.done("A", "c", 2305, What::Cancel(first));
    stay.says(&[(2403, stay.change(med_type("11")), Done)]);
    stay.desk.done("A", "r", 2601, What::Reverse(2305, "c".into()));
    stay.says(&[
        (2403, stay.change(med_type("21")), Done),
        (2301, stay.upload(&[("2", "", 7)]), Done),
        (2304, stay.settled("", 7), Done),
        (2403, stay.change(med_type("11")), no(Conduct::VisitSettled)),
    ]);
    stay.proves();
}

#[test]
fn a_registration_is_reversed_while_nothing_was_charged_for_it() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2401, visit(390));
    let reverse = |infno| What::Reverse(infno, "v".into());
    let settlement = stay.says(&[
        (2301, stay.upload(&[("1", "", 5)]), Done),
        (2601, reverse(2401), no(Conduct::VisitHasLines)),
        (2404, What::CloseVisit(stay.visit), no(Conduct::VisitHasLines)),
        (2304, stay.settled("", 5), Done),
        (2601, reverse(2401), no(Conduct::VisitSettled)),
    ]) - 1;
    stay.says(&[
        (2305, What::Cancel(settlement), Done),
        (2302, What::Withdraw(stay.visit, Which::All), Done),
        (2402, stay.end(Some(day(3, 4))), Done),
        (2601, reverse(2401), Done),
    ]);
    assert!(stay.held().is_none());
    stay.desk.refused(Conduct::ReversedBefore, "A", "v", 2401, What::OpenVisit(visit(390)));
    // What the platform does not reverse is not reversed, whether it has come or not.
    let stay = &mut Stay::open(&packs, 2201, visit(390));
    stay.desk.done("A", "e", 2402, stay.end(Some(day(3, 4))));
    stay.says(&[
        (2601, reverse(2201), no(Conduct::NotReversible)),
        (2601, What::Reverse(2402, "e".into()), no(Conduct::NotReversible)),
        (2601, What::Reverse(2206, "not yet".into()), no(Conduct::NotReversible)),
    ]);
    stay.proves();
}

#[test]
fn a_visit_is_settled_batch_by_batch() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2201, visit(390));
    let withdraw = |visit, batch: &str| What::Withdraw(visit, Which::Batch(batch.into()));
    let first = stay.says(&[
        (
            2204,
            stay.upload(&[("1", "a", 500), ("2", "a", 7), ("3", "b", 900), ("4", "", 11)]),
            Done,
        ),
        (2204, stay.upload(&[("1", "a", 500)]), Nothing),
        (2204, stay.upload(&[("1", "b", 500)]), no(Conduct::LineDiffers)),
        (2207, stay.settled("c", 0), no(Conduct::BatchUnknown)),
        (2207, stay.settled("a", 1_418), no(Conduct::TotalDiffers)),
        (2206, What::PreSettle(stay.settle("a", 507)), Done),
        (2207, stay.settled("a", 507), Done),
    ]);
    assert_eq!((&*stay.lines_of(first), &*stay.lines_of(0)), ("1 2", "3 4"));
    let second = stay.says(&[
        (2207, stay.settled("a", 507), no(Conduct::BatchUnknown)),
        (2205, withdraw(stay.visit, "a"), no(Conduct::BatchUnknown)),
        (2205, What::Withdraw(stay.visit, serials("1")), no(Conduct::LineSettled)),
        (2205, withdraw(stay.visit, "b"), Done),
        (2207, stay.settled("b", 900), no(Conduct::BatchUnknown)),
        (2204, stay.upload(&[("3", "b", 800)]), Done),
        (2207, stay.settled("b", 800), Done),
    ]);
    assert_eq!((&*stay.lines_of(first), &*stay.lines_of(second)), ("1 2", "3"));
    // Two stand; the visit is neither changed nor closed under them.
    stay.says(&[
        (2203, stay.change(med_type("11")), no(Conduct::VisitSettled)),
        (2202, What::CloseVisit(stay.visit), no(Conduct::VisitSettled)),
        (2208, What::Cancel(first), no(Conduct::LaterSettlements)),
    ]);
    // One that is cancelled gives back its own lines, and takes them again when it is put back.
    stay.desk.done("A", "c", 2208, What::Cancel(second));
    assert_eq!((&*stay.lines_of(first), &*stay.lines_of(0)), ("1 2", "4 3"));
    stay.desk.done("A", "r", 2601, What::Reverse(2208, "c".into()));
    assert_eq!((&*stay.lines_of(first), &*stay.lines_of(second)), ("1 2", "3"));
    // What is in no batch ends the visit.
    let last = stay.says(&[
        (2207, stay.settled("", 11), Done),
        (2207, stay.settled("b", 800), no(Conduct::VisitSettled)),
    ]) - 1;
    assert_eq!((&*stay.lines_of(last), &*stay.lines_of(0)), ("4", ""));
    assert_eq!(stay.held().and_then(|visit| visit.settled), Some(last));
    stay.proves();
    // Undone from the last to the first.
    stay.says(&[
        (2208, What::Cancel(last), Done),
        (2208, What::Cancel(second), Done),
        (2208, What::Cancel(first), Done),
        (2203, stay.change(med_type("11")), Done),
    ]);
    assert_eq!(&*stay.lines_of(0), "1 2 4 3");
    stay.proves();
}

/// Bills of own cost alone: none of them reads what another changed.
#[test]
fn a_batch_is_not_cancelled_under_the_settlement_that_ended_its_visit() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2201, visit(390));
    let own_cost = |serial: &str, batch: &str| LineFacts {
        code: "X000".into(),
        batch: batch.into(),
        ..line(serial, 5)
    };
    let lines = vec![own_cost("1", "a"), own_cost("2", "b"), own_cost("3", "")];
    let first = stay
        .says(&[(2204, What::Upload(stay.visit, lines), Done), (2207, stay.settled("a", 5), Done)]);
    stay.says(&[(2207, stay.settled("b", 5), Done), (2208, What::Cancel(first), Done)]);
    let again = stay.says(&[(2207, stay.settled("a", 5), Done)]);
    let last = stay.says(&[(2207, stay.settled("", 5), Done)]);
    stay.says(&[
        (2208, What::Cancel(again), no(Conduct::VisitSettled)),
        (2208, What::Cancel(last), Done),
        (2208, What::Cancel(again), Done),
    ]);
    assert_eq!(&*stay.lines_of(0), "1 3");
    stay.proves();
}

#[test]
fn a_visit_whose_lines_are_all_settled_by_batch_is_forgotten_when_no_further_batch_is_to_come() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2201, visit(390));
    let close = |stay: &mut Stay<'_>, month, of_month| {
        stay.desk.say("", "", "", 0, What::CloseDay(day(month, of_month).day()));
        stay.held().is_some()
    };
    let settlement = stay.says(&[
        (2204, stay.upload(&[("1", "a", 500), ("2", "b", 7)]), Done),
        (2207, stay.settled("a", 500), Done),
        (2207, stay.settled("b", 7), Done),
    ]);
    assert!(close(&mut stay, 4, 5), "35 days after it began a batch may still come");
    // Freed again, its line keeps it.
    stay.desk.done("A", "c", 2208, What::Cancel(settlement));
    assert!(close(&mut stay, 4, 6), "a line is not settled");
    stay.desk.done("A", "r", 2601, What::Reverse(2208, "c".into()));
    assert!(!close(&mut stay, 4, 6), "36 days after, with nothing left to settle");
    stay.desk.done("A", "c2", 2208, What::Cancel(settlement));
    stay.proves();
}

/// Beside a twin who has had what was in the end known of the visit from the beginning.
#[test]
fn a_visit_that_was_changed_and_is_forgotten_is_settled_anew_by_what_it_was_settled_by() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    register(&mut desk, "A", Some("R1-2"));
    register(&mut desk, "B", Some("R1-2"));
    let first = settle_at_once(&mut desk, "A", 30_000_000);
    let open = VisitFacts { third_party: true, ..visit(390) };
    for (psn_no, facts) in [("A", open), ("B", visit(390))] {
        let id = |what: &str| format!("{what} {psn_no}");
        let number = VisitId::new(desk.done(psn_no, &id("v"), 2401, What::OpenVisit(facts)));
        let lines = [("1", "a", 9_000), ("2", "b", 8_000), ("3", "a", 7_000)];
        let lines = lines
            .map(|(serial, batch, yuan)| LineFacts { batch: batch.into(), ..line(serial, yuan) });
        desk.done(psn_no, "", 2301, What::Upload(number, lines.to_vec()));
        let change = VisitChange {
            third_party: Some(false),
            end: Some(Some(day(3, 4))),
            ..VisitChange::default()
        };
        desk.done(psn_no, &id("e"), 2402, What::ChangeVisit(number, change));
        for batch in ["a", "b"] {
            let visit = WhichVisit::Batch(number, batch.into());
            let settle =
                Settle { end: End::Stated, visit, how: how(), charges: ChargesFacts::Uploaded };
            desk.done(psn_no, &id(batch), 2304, What::Settle(settle));
        }
    }
    desk.say("", "", "", 0, What::CloseDay(day(4, 6).day()));
    assert_eq!(desk.engine.shards[0].visits().count(), 0, "the visits are forgotten");
    let corrected = correct(&mut desk, "A", first, true);
    let totals = corrected.adjusted.iter().map(|one| one.settled.decision.total.get());
    assert_eq!(totals.collect::<Vec<_>>(), [1_600_000, 800_000]);
    let now = &corrected.adjusted[0].settled;
    assert_eq!((now.facts.third_party, now.how.end), (false, day(3, 4)));
    assert_eq!(slots(&desk, "A"), slots(&desk, "B"));
    Stay { desk, psn_no: "A", visit: VisitId::new(0) }.proves();
}

#[test]
fn a_stay_is_settled_whole_when_its_end_is_registered_and_a_batch_ends_as_its_visit_began() {
    let packs = Packs::curated();
    let settle = |stay: &Stay<'_>, end: End, batch: &str| {
        What::Settle(Settle { end, ..stay.settle(batch, 1) })
    };
    let ends = |stay: &Stay<'_>| {
        let last = stay.desk.engine.records().last().expect("one");
        let Event::Settled(settled) = &last.event else { panic!("{last:?}") };
        (settled.how.end, settled.how.settled)
    };
    let mut stay = Stay::open(&packs, 2401, visit(390));
    let begin = visit(390).begin;
    let (whole, upload) = (settle(&stay, End::Registered, ""), stay.upload(&[("1", "", 1)]));
    stay.says(&[(2301, upload, Done), (2304, whole.clone(), no(Conduct::VisitLasts))]);
    let end = stay.end(Some(day(3, 4)));
    stay.says(&[(2402, end, Done), (2304, whole, Done)]);
    assert_eq!(ends(&stay).0, day(3, 4));
    stay.proves();
    let mut outpatient = Stay::open(&packs, 2201, visit(390));
    let upload = outpatient.upload(&[("1", "b", 1)]);
    let batch = settle(&outpatient, End::Registered, "b");
    outpatient.says(&[(2204, upload, Done), (2207, batch, Done)]);
    assert_eq!(ends(&outpatient), (begin, how().settled.max(begin)));
    outpatient.proves();
    // A visit that began by another clock a little after it is settled by ours, and one that is to come.
    let soon = how().settled.later(300);
    let late = VisitFacts { begin: soon, ..visit(390) };
    let mut ahead = Stay::open(&packs, 2401, late);
    let upload = ahead.upload(&[("1", "", 1)]);
    let so_far = settle(&ahead, End::SoFar, "");
    ahead.says(&[(2301, upload, Done), (2304, so_far, Done)]);
    assert_eq!(ends(&ahead), (soon, soon));
    ahead.proves();
    let far = VisitFacts { begin: day(12, 31), ..visit(390) };
    let mut to_come = Stay::open(&packs, 2401, far);
    let upload = to_come.upload(&[("1", "", 1)]);
    let so_far = settle(&to_come, End::SoFar, "");
    let refused = Comes::Refused(Reason::DatesReversed.number());
    to_come.says(&[(2301, upload, Done), (2304, so_far, refused)]);
}

#[test]
fn a_registration_and_an_end_that_were_taken_back_are_never_told_as_done_again() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2401, visit(390));
    let end = stay.end(Some(day(3, 4)));
    stay.desk.done("A", "end", 2402, end.clone());
    assert!(matches!(stay.desk.say(FACILITY, "A", "end", 2402, end.clone()), Decided::Again(_)));
    stay.says(&[(2405, stay.end(None), Done)]);
    stay.desk.refused(Conduct::EndWithdrawn, "A", "end", 2402, end.clone());
    // Ended otherwise, that is another end; ended so anew it has this one, whichever call said so.
    stay.says(&[(2402, stay.end(Some(day(3, 9))), Done), (2405, stay.end(None), Done)]);
    stay.says(&[(2402, stay.end(Some(day(3, 4))), Done)]);
    assert!(matches!(stay.desk.say(FACILITY, "A", "end", 2402, end), Decided::Again(_)));

    let open = What::OpenVisit(visit(390));
    let number = stay.desk.done("A", "open", 2401, open.clone());
    assert!(matches!(stay.desk.say(FACILITY, "A", "open", 2401, open.clone()), Decided::Again(_)));
    stay.desk.done("A", "close", 2404, What::CloseVisit(VisitId::new(number)));
    stay.desk.refused(Conduct::VisitWithdrawn, "A", "open", 2401, open);
    stay.proves();
}

#[test]
fn a_visit_that_was_settled_and_put_away_was_not_taken_back() {
    let packs = Packs::curated();
    let mut stay = Stay::open(&packs, 2201, visit(390));
    let open = What::OpenVisit(visit(390));
    let number = stay.desk.done("A", "open", 2201, open.clone());
    stay.visit = VisitId::new(number);
    let settlement =
        stay.says(&[(2204, stay.upload(&[("1", "", 5)]), Done), (2207, stay.settled("", 5), Done)]);
    let close = What::CloseDay(day(3, 31).day());
    stay.desk.say("", "", "", 0, close);
    let again = stay.desk.say(FACILITY, "A", "open", 2201, open.clone());
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    // Nor when the settlement is cancelled after that.
    stay.desk.done("A", "undo", 2208, What::Cancel(settlement));
    let again = stay.desk.say(FACILITY, "A", "open", 2201, open);
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
}
