//! The door to an engine with its threads: nothing waits there, a look sees what came before it, a request is the same by what its
//! caller says of it, and what stops the engine is told at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use yidan::audit::{Archive, Audit};
use yidan_journal::scan;
use yidan_journal::storage::files::Files;
use yidan_pipeline::admission::Admission;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::shard::{Answer, Sight};
use yidan_pipeline::world::World;
use yidan_pipeline::{Call, Settings, Stopped, Why};
use yidan_settlement::catalogue::Level;
use yidan_settlement::claim::{AccountUse, HospitalApproval, LineParts};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Event, Record, Request};
use yidan_settlement::facts::{
    ChargesFacts, FacilityFacts, LineFacts, MemberFacts, SettleFacts, Text, TotalsFacts, VisitFacts,
};
use yidan_settlement::id::{Admdvs, Insutype, VisitId};
use yidan_settlement::ledger::{Ledger, Member};
use yidan_settlement::money::{Fen, Price, Quantity};
use yidan_settlement::pack::{Channel, HospitalLevel};
use yidan_settlement::reason::Conduct;
use yidan_settlement::stored;
use yidan_tests::town::Packs;

type Told = Result<Answer, Stopped>;
type Back = Call<Box<dyn FnOnce(Told) + Send>>;

const FACILITY: &str = "H63010400001";

/// An engine on a new folder with the curated packs, so much room in its queue, and one facility.
fn open(queue: usize) -> (TempDir, Engine<Back>) {
    let folder = TempDir::new().expect("a folder");
    let mut world = World::new();
    for pack in Packs::curated().all() {
        world.add_pack(Arc::clone(pack), Path::new("curated"));
    }
    let pipeline = Settings { queue, ..Settings::default() };
    let setup = Setup { pipeline, ..Setup::default() };
    let engine = Engine::open(folder.path(), &setup, world).expect("an engine");
    let facts = FacilityFacts {
        admdvs: Admdvs::parse("630104").expect("six digits"),
        level: HospitalLevel::Third,
        deductible_level: HospitalLevel::Third,
        price_level: Level::Third,
        agreements: None,
    };
    let facility = What::RegisterFacility(FACILITY.into(), facts);
    engine.admission().tell_all(facility).expect("it runs");
    (folder, engine)
}

/// A reply, and where it comes.
fn back() -> (Back, Receiver<Told>) {
    let (to, came) = channel();
    (Call(Box::new(move |told| drop(to.send(told)))), came)
}

fn request(psn_no: &str, msgid: &str, digest: u8) -> Request {
    Request {
        asker: FACILITY.into(),
        infno: 2207,
        msgid: msgid.into(),
        psn_no: psn_no.into(),
        digest: [digest; 16],
    }
}

fn done(admission: &Admission<Back>, request: Request, what: What) {
    let (reply, came) = back();
    let wait = |retry_after| {
        std::thread::sleep(retry_after);
        Ok::<(), Stopped>(())
    };
    admission.submit_until_taken(request, what, reply, wait).expect("it runs");
    let told = came.recv().expect("it is told");
    assert!(matches!(told, Ok(Answer::Done(_, _))), "{told:?}");
}

fn register(admission: &Admission<Back>, psn_no: &str, balance: i64, family: &[&str]) {
    let facts = MemberFacts {
        admdvs: "630100".into(),
        psn_type: "11".into(),
        birth: Day::from_civil(1980, 1, 1),
        family: family.iter().map(|owner| Text::from(*owner)).collect(),
        ..MemberFacts::default()
    };
    let what = What::RegisterMember(facts, Fen::new(balance));
    done(admission, request(psn_no, "", 0), what);
}

fn deposit(fen: i64) -> What {
    What::Deposit(Fen::new(fen))
}

fn day(day: i32) -> Day {
    Day::from_civil(2026, 3, day).expect("a day")
}

fn visit() -> VisitFacts {
    VisitFacts {
        insutype: Insutype::new(310).expect("three digits"),
        med_type: "21".into(),
        begin: Moment::new(day(1), 0),
        end: None,
        disease: None,
        diagnoses: Vec::new(),
        continues: None,
        accident: false,
        third_party: false,
        birth: 0,
        family_planning: 0,
        fetuses: 1,
    }
}

fn how() -> SettleFacts {
    SettleFacts {
        channel: Channel::Direct,
        end: Moment::new(day(5), 0),
        settled: Moment::new(day(5), 0),
        account: AccountUse::None,
        tolerance: Fen::ZERO,
        mid_stay: false,
        total: None,
    }
}

/// What a line of ten yuan comes to in a visit: its own cost, as no image says otherwise.
fn split(sight: &mut dyn Sight, visit: VisitId) -> Option<Fen> {
    let (price, quantity) = (Price::new(10_000_000), Quantity::new(10_000));
    let line = LineFacts {
        serial: "1".into(),
        batch: Text::default(),
        code: "X000".into(),
        day: day(2),
        quantity,
        price,
        amount: price.times(quantity).expect("small"),
        returns: None,
        approval: HospitalApproval::NotGiven,
        prescriber: None,
        days: None,
        maternity: false,
    };
    let outcomes = sight.split(visit, how(), &[line])?;
    outcomes.first().map(|outcome| outcome.parts.own)
}

/// A bill of 2,000 yuan, settled at this hour.
fn bill(account: AccountUse, seconds: i64) -> What {
    let how = SettleFacts { settled: Moment::new(day(5), seconds), account, ..how() };
    let in_scope = Fen::new(200_000);
    let parts = LineParts { in_scope, ..LineParts::default() };
    let charges = ChargesFacts::Totals(TotalsFacts { total: in_scope, parts, kinds: Vec::new() });
    What::Settle(Settle { end: End::Stated, visit: WhichVisit::AtOnce(visit()), how, charges })
}

fn balance(ledger: &Ledger, psn_no: &str) -> Fen {
    ledger.members().get(psn_no).map_or(Fen::ZERO, Member::balance)
}

/// Holds the thread of the one shard until what comes back is dropped.
fn held(admission: &Admission<Back>) -> SyncSender<()> {
    let ((began, begun), (hold, let_go)) = (sync_channel(1), sync_channel::<()>(0));
    let look = move |_: &Ledger| {
        let _ = began.send(());
        let _ = let_go.recv();
    };
    admission.look("M", look, |_| {}).expect("there is room");
    begun.recv().expect("it looks");
    hold
}

#[test]
fn a_look_sees_what_the_same_client_submitted_before_when_it_is_durable() {
    let (_folder, engine) = open(64);
    let (admission, records) = (engine.admission(), engine.records().clone());
    register(admission, "M", 10_000, &[]);
    for round in 1..=20 {
        // Both stand in the queue before either is decided.
        let hold = held(admission);
        let ((reply, came), (to, seen)) = (back(), channel());
        admission
            .submit(request("M", "", 0), deposit(100), reply)
            .map_err(|_| "full")
            .expect("room");
        let tell = move |balance| drop(to.send(balance));
        admission.look("M", |ledger| balance(ledger, "M"), tell).expect("room");
        drop(hold);
        assert_eq!(seen.recv().expect("it is told"), Ok(Fen::new(10_000 + 100 * round)));
        // What was seen is durable, and was told before.
        let told = came.try_recv().expect("told before");
        let Ok(Answer::Done(number, bytes)) = told else { panic!("{told:?}") };
        assert_eq!(records.fetch(number).expect("durable"), *bytes);
    }
    // One whom nobody knows is looked for all the same.
    let (to, seen) = channel();
    let tell = move |found| drop(to.send(found));
    admission.look("X", |ledger| ledger.members().get("X").is_some(), tell).expect("room");
    assert_eq!(seen.recv().expect("it is told"), Ok(false));
    // Records are read when the engine has moved, and when it is gone.
    let admission = engine.admission().clone();
    std::thread::spawn(move || engine.stop().expect("a clean stop")).join().expect("no panic");
    assert!(records.fetch(1).is_ok());
    let looked =
        admission.look("M", |_| panic!("it has stopped"), |_: Result<(), _>| panic!("told"));
    assert!(matches!(looked, Err(Why::Stopped(_))), "{looked:?}");
    assert!(admission.stopped().is_some());
}

#[test]
fn a_look_that_goes_in_with_a_command_sees_what_the_command_finds_and_once() {
    let (_folder, engine) = open(64);
    let admission = engine.admission();
    register(admission, "O", 1_000_000, &[]);
    register(admission, "M", 10_000, &["O"]);
    let (reply, came) = back();
    let opened = admission.submit(request("M", "v", 0), What::OpenVisit(visit()), reply);
    let visit = VisitId::new(opened.map_err(|_| "full").expect("room"));
    came.recv().expect("it is told").expect("it runs");
    let seeing = |msgid: &str, what: What| {
        let (looks, looked) = channel();
        let look = move |sight: &mut dyn Sight| {
            looks.send(()).expect("the test listens");
            (balance(sight.ledger(), "M"), split(sight, visit))
        };
        let (reply, came) = back();
        let seen = admission.submit_seeing(request("M", msgid, 0), what, look, reply);
        let seen = seen.map_err(|_| "full").expect("room");
        let told = came.recv().expect("it is told").expect("it runs");
        let found = seen.take().expect("it was seen when it is told");
        assert_eq!((seen.take(), looked.try_iter().count()), (None, 1), "once");
        (told, found)
    };
    // A deposit finds what there was before it, and what a settlement would make of a line changes nothing.
    let tried = Some(Fen::new(1_000));
    for before in [10_000, 10_100] {
        let (told, found) = seeing("", deposit(100));
        assert!(matches!(told, Answer::Done(_, _)), "{told:?}");
        assert_eq!(found, (Fen::new(before), tried));
    }
    // A settlement that goes on to family accounts is looked at as it came, and is done; asked again it is told from its record.
    let (told, found) = seeing("a", bill(AccountUse::Family, 100));
    let Answer::Done(place, _) = told else { panic!("{told:?}") };
    assert_eq!(found, (Fen::new(10_200), tried));
    let (told, (left, _)) = seeing("a", bill(AccountUse::Family, 100));
    assert!(matches!(told, Answer::Again(again) if again == place), "{told:?}");
    assert!(left < Fen::new(10_200), "{left}");
    // Of one who is not known nothing would be settled.
    let (reply, _came) = back();
    let (to, trials) = channel();
    let look = move |sight: &mut dyn Sight| to.send(split(sight, visit)).expect("the test listens");
    let seen = admission.submit_seeing(request("X", "", 0), deposit(1), look, reply);
    drop(seen.map_err(|_| "full").expect("room"));
    assert_eq!(trials.recv(), Ok(None));
}

#[test]
fn a_full_queue_refuses_a_look_at_once() {
    let (_folder, engine) = open(1);
    let admission = engine.admission();
    let hold = held(admission);
    let (to, seen) = channel();
    let tell = move |looked: Result<(), Stopped>| drop(to.send(looked));
    admission.look("M", |_| {}, tell).expect("the one place");
    let refused = admission.look("M", |_| panic!("refused"), |_: Result<(), _>| panic!("refused"));
    assert!(matches!(refused, Err(Why::Full { .. })), "{refused:?}");
    drop(hold);
    assert_eq!(seen.recv().expect("it is told"), Ok(()));
    engine.stop().expect("a clean stop");
}

#[test]
fn whoever_submits_while_all_are_told_something_is_refused_at_once_and_taken_later() {
    let (_folder, engine) = open(64);
    let admission = engine.admission();
    register(admission, "M", 10_000, &[]);
    let ((began, begun), (hold, let_go)) = (sync_channel(1), sync_channel::<()>(0));
    let all = {
        let (admission, let_go) = (admission.clone(), Arc::new(Mutex::new(let_go)));
        let look = move |ledger: &Ledger| {
            let _ = began.send(());
            let _ = let_go.lock().recv();
            balance(ledger, "M")
        };
        std::thread::spawn(move || admission.look_at_all(look))
    };
    begun.recv().expect("it looks");
    let (reply, _came) = back();
    let refused = admission.submit(request("M", "", 0), deposit(1), reply).expect_err("refused");
    let Why::Full { retry_after } = refused.why else { panic!("{}", refused.why) };
    assert!(retry_after > Duration::ZERO);
    drop(hold);
    assert_eq!(all.join().expect("no panic"), Ok(vec![Fen::new(10_000)]));
    done(admission, refused.request, refused.what);
    engine.stop().expect("a clean stop");
}

#[test]
fn a_request_is_the_same_by_the_digest_that_its_caller_gives() {
    let (folder, engine) = open(64);
    let admission = engine.admission();
    register(admission, "M", 10_000, &[]);
    let settle = |msgid: &str, digest: u8, seconds: i64| {
        let (reply, came) = back();
        let what = bill(AccountUse::None, seconds);
        let submitted = admission.submit_as(request("M", msgid, digest), what, reply);
        submitted.map_err(|refused| refused.why).expect("there is room");
        came.recv().expect("it is told").expect("it runs")
    };
    let first = settle("a", 7, 100);
    let Answer::Done(number, bytes) = &first else { panic!("{first:?}") };
    let record: Record = stored::whole(bytes).expect("a record");
    assert!(matches!(record.event, Event::Settled(_)), "{:?}", record.event);
    assert_eq!(record.request.digest, [7; 16]);
    let again = settle("a", 7, 200);
    assert!(matches!(again, Answer::Again(same) if same == *number), "{again:?}");
    let other = settle("a", 8, 100);
    let Answer::Refused(refused) = &other else { panic!("{other:?}") };
    assert_eq!(refused.reason, Conduct::KeyWithOtherContent.number());
    // Where the engine finds the digest, the time is part of it.
    let (reply, came) = back();
    let submitted = admission.submit(request("M", "a", 7), bill(AccountUse::None, 100), reply);
    submitted.map_err(|refused| refused.why).expect("there is room");
    let told = came.recv().expect("it is told");
    assert!(matches!(told, Ok(Answer::Refused(_))), "{told:?}");
    engine.stop().expect("a clean stop");
    // An audit takes it as it is.
    let mut archive = Archive::default();
    Packs::curated().all().iter().for_each(|pack| archive.add_pack(Arc::clone(pack)));
    let mut audit = Audit::new(archive, None, |_| None);
    scan(&Files::at(folder.path()), |batch| {
        audit.batch(batch, |differs| panic!("{differs:?}"));
    })
    .expect("a sound journal");
    assert_eq!(audit.end().expect("a sound history").settlements, 1);
}

#[test]
fn a_panic_beside_family_accounts_is_told_at_once() {
    let (_folder, engine) = open(64);
    let admission = engine.admission();
    register(admission, "O", 1_000_000, &[]);
    register(admission, "M", 10_000, &["O"]);
    let hold = held(admission);
    let what = || bill(AccountUse::Family, 100);
    let reply: Back = Call(Box::new(|_| panic!("as if it were a mistake")));
    admission.submit(request("M", "a", 0), what(), reply).map_err(|_| "full").expect("room");
    // It waits for the first, which is of the same member.
    let (reply, came) = back();
    admission.submit(request("M", "b", 0), what(), reply).map_err(|_| "full").expect("room");
    assert_eq!(admission.stopped(), None);
    drop(hold);
    let stopped = came.recv().expect("it is told").expect_err("its outcome is not known");
    assert!(stopped.why().contains("family accounts panicked: as if it were"), "{stopped}");
    assert_eq!(admission.stopped(), Some(stopped.clone()));
    let (reply, _came) = back();
    let refused = admission.submit(request("M", "", 0), deposit(1), reply).expect_err("refused");
    assert_eq!(refused.why, Why::Stopped(stopped.clone()));
    let ended = engine.stop().expect_err("it had stopped before");
    assert_eq!(ended.to_string(), stopped.to_string());
}
