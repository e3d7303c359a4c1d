//! The ledger under a town of clients: what clients know from answers is what the books say, for any number of shards, live and
//! in replay; and every way in which the ledger refuses by itself.

mod corrections;
mod families;
mod filings;
mod long_ago;
mod visits;

use std::collections::BTreeMap;

use yidan_pipeline::shard::{Answer, Outcome};
use yidan_settlement::bill::Account;
use yidan_settlement::claim::{AccountUse, HospitalApproval, LineParts};
use yidan_settlement::command::{Command, End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{
    Event, Lent, LentRoom, Record, Request, Settled, Which, is_of_settlements,
};
use yidan_settlement::facts::{
    ChargesFacts, LineFacts, MemberFacts, SettleFacts, Text, TotalsFacts, VisitFacts,
};
use yidan_settlement::id::{Insutype, VisitId};
use yidan_settlement::ledger::{
    Decided, Ledger, Member, RequestKey, Room, STEPS, Sought, StateHash, shard_of,
};
use yidan_settlement::money::{Fen, Price, Quantity};
use yidan_settlement::pack::Channel;
use yidan_settlement::reason::Conduct;
use yidan_settlement::stored::{self, Stored};
use yidan_tests::family::{self, Asked, OWN_NUMBERS};
use yidan_tests::sim::checks;
use yidan_tests::town::{ClientBooks, Packs, Town, TownShelf};

/// Shards and the records they made, in the order they were made.
struct Engine<'p> {
    packs: &'p Packs,
    shards: Vec<Ledger>,
    journal: Vec<Vec<u8>>,
    room: Room,
    /// Commands that nobody asked for.
    own: u64,
}

impl Asked for Engine<'_> {
    fn ledger(&self, psn_no: &str) -> &Ledger {
        &self.shards[shard_of(psn_no, self.shards.len())]
    }

    fn command(&mut self, command: Box<Command>) -> Outcome {
        let decided = self.step(shard_of(&command.request.psn_no, self.shards.len()), &command);
        let place = u64::try_from(self.journal.len()).expect("small");
        let record = self.journal.last().cloned().unwrap_or_default();
        family::outcome(&command, decided, place, &record)
    }

    fn stamp(&mut self, request: Request, what: What) -> Command {
        self.own += 1;
        let (seq, time_ms) = (OWN_NUMBERS + self.own, 1_767_225_600_000);
        Command { seq, time_ms, request, what, shares: None }
    }
}

impl<'p> Engine<'p> {
    fn new(packs: &'p Packs, shards: usize) -> Engine<'p> {
        let shards = vec![Ledger::new(); shards];
        Engine { packs, shards, journal: Vec::new(), room: Room::default(), own: 0 }
    }

    fn run(&mut self, command: &Command) -> Decided {
        if command.concerns_all() {
            let last = self.shards.len() - 1;
            (0..last).for_each(|shard| {
                self.step(shard, command);
            });
            return self.step(last, command);
        }
        let decided = self.step(shard_of(&command.request.psn_no, self.shards.len()), command);
        let Decided::Needs(needs) = decided else { return decided };
        family::decided(family::run(Box::new(command.clone()), needs, self))
    }

    fn step(&mut self, shard: usize, command: &Command) -> Decided {
        let journal = &self.journal;
        let records = |place: u64| journal.get(usize::try_from(place).ok()? - 1).cloned();
        let shelf = TownShelf { packs: self.packs, records };
        let decided = self.shards[shard].decide(
            command,
            RequestKey::of_command(command),
            &shelf,
            &mut self.room,
        );
        if let Decided::Event(event) = &decided {
            let Command { seq, time_ms, request, .. } = command.clone();
            let record = Record { seq, time_ms, request, event: event.clone() };
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            assert_eq!(stored::whole::<Record>(&bytes).as_ref(), Some(&record), "it comes back");
            self.journal.push(bytes);
            let place = u64::try_from(self.journal.len()).expect("small");
            self.shards[shard].apply(&record, place).expect("what was decided fits");
        }
        decided
    }

    fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.journal.iter().map(|bytes| stored::whole(bytes).expect("a record"))
    }

    fn hash(&self) -> StateHash {
        StateHash::of(self.shards.iter())
    }

    /// The shards that these records make.
    fn replayed(&self, count: usize) -> Vec<Ledger> {
        let mut shards = vec![Ledger::new(); count];
        for (place, bytes) in (1_u64..).zip(&self.journal) {
            let record: Record = stored::whole(bytes).expect("a record");
            replay(&mut shards, &record, place);
        }
        shards
    }
}

/// The same of a history of many settlements.
fn folded(journal: &[Vec<u8>], count: usize) -> Vec<Ledger> {
    let shards = lent(journal, count);
    let settlements: u64 = shards.iter().map(|shard| shard.books().settled).sum();
    assert!(settlements > 500, "{settlements} settlements");
    shards
}

/// The shards that these records make, read no further than a start does.
fn lent(journal: &[Vec<u8>], count: usize) -> Vec<Ledger> {
    let mut shards = vec![Ledger::new(); count];
    let mut room = LentRoom::default();
    for (place, bytes) in (1_u64..).zip(journal) {
        match Lent::read(bytes).expect("a record") {
            Lent::Settled(asked, bill) => {
                let shard = &mut shards[shard_of(asked.psn_no, count)];
                let mut sought = Sought::of(&asked);
                STEPS.into_iter().for_each(|step| shard.seek(step, asked.psn_no, &mut sought));
                let posted = bill.posted(&mut room).expect("a bill");
                shard.post_settled(&asked, &posted, &sought, place).expect("it fits");
            }
            Lent::Whole(record) => replay(&mut shards, &record, place),
        }
    }
    shards
}

fn replay(shards: &mut [Ledger], record: &Record, place: u64) {
    if record.event.concerns_all() {
        shards.iter_mut().for_each(|shard| shard.apply(record, place).expect("it fits"));
    } else {
        let shard = shard_of(&record.request.psn_no, shards.len());
        shards[shard].apply(record, place).expect("it fits");
    }
}

/// What clients note from an answer.
fn note(books: &mut ClientBooks, town: &mut Town, command: &Command, decided: &Decided) {
    if let Decided::Event(event) = decided {
        books.note(command.seq, event);
        town.heard(command, event);
    }
}

#[test]
fn books_are_what_clients_know_for_any_number_of_shards_and_in_replay() {
    let packs = Packs::curated();
    let mut batches = 0;
    for seed in 0..4 {
        let mut hashes = Vec::new();
        for shards in [1, 2, 4] {
            let mut town = Town::new(seed, 60, &packs);
            let mut engine = Engine::new(&packs, shards);
            let mut books = ClientBooks::default();
            let mut kinds = BTreeMap::new();
            for _ in 0..6_000 {
                let command = town.next_command();
                let decided = engine.run(&command);
                note(&mut books, &mut town, &command, &decided);
                *kinds.entry(kind(&command, &decided)).or_insert(0) += 1;
            }
            books.compare(&engine.shards);
            let records: Vec<Record> = engine.records().collect();
            assert_eq!(checks::visits::difference(records.iter(), &engine.shards), None);
            assert!(!books.undone.is_empty() && books.bills.len() > 500, "{kinds:?}");
            assert!(kinds["ChangeVisit: done"] > 10, "{kinds:?}");
            assert!(kinds["File: done"] > 10 && kinds["Unfile: done"] > 5, "{kinds:?}");
            batches += records.iter().filter(|one| is_of_batch(&one.event)).count();
            let live = engine.hash();
            for count in [1, 2, 4] {
                let replayed = StateHash::of(engine.replayed(count).iter());
                assert_eq!(replayed, live, "{shards} to {count}");
                let folded = StateHash::of(folded(&engine.journal, count).iter());
                assert_eq!(folded, live, "{shards} to {count}, lent");
            }
            hashes.push(live);
        }
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
    }
    assert!(batches >= 12, "{batches} settled by batch");
}

fn is_of_batch(event: &Event) -> bool {
    matches!(event, Event::Settled(settled) if settled.batch.is_some())
}

fn kind(command: &Command, decided: &Decided) -> String {
    let what = format!("{:?}", command.what);
    let what = what.split(['(', ' ']).next().unwrap_or_default().to_owned();
    match decided {
        Decided::Event(Event::Refused(refused)) => format!("{what}: refused {}", refused.reason),
        Decided::Event(Event::Reversed(reversed)) => {
            let undone = format!("{:?}", reversed.undone);
            format!("{what}: {}", undone.split(['(', ' ']).next().unwrap_or_default())
        }
        Decided::Event(_) => format!("{what}: done"),
        Decided::Again(_) => format!("{what}: again"),
        Decided::PreSettled(_) => format!("{what}: pre-settled"),
        Decided::Nothing => format!("{what}: nothing"),
        Decided::Refused(refused) => format!("{what}: said {}", refused.reason),
        Decided::Needs(_) => format!("{what}: needs"),
    }
}

#[test]
fn a_pre_settlement_is_the_settlement_when_nothing_comes_between() {
    let packs = Packs::curated();
    let mut town = Town::new(77, 40, &packs);
    let mut engine = Engine::new(&packs, 2);
    let mut books = ClientBooks::default();
    let mut compared = 0;
    for _ in 0..4_000 {
        let command = town.next_command();
        let before = engine.hash();
        if let What::Settle(settle) = &command.what {
            let pre = Command { what: What::PreSettle(settle.clone()), ..command.clone() };
            let told = engine.run(&pre);
            assert_eq!(engine.hash(), before, "a pre-settlement changes nothing");
            let decided = engine.run(&command);
            match (&told, &decided) {
                (Decided::PreSettled(told), Decided::Event(Event::Settled(settled))) => {
                    assert_eq!(bill_of(told), bill_of(settled));
                    compared += 1;
                }
                (Decided::Refused(told), Decided::Event(Event::Refused(refused))) => {
                    assert_eq!(told, refused);
                }
                (_, Decided::Again(_) | Decided::Refused(_)) => {}
                (told, decided) => panic!("{told:?} before {decided:?}"),
            }
            note(&mut books, &mut town, &command, &decided);
        } else {
            let decided = engine.run(&command);
            note(&mut books, &mut town, &command, &decided);
        }
    }
    assert!(compared > 300, "{compared}");
}

/// What a bill comes to, whatever accounts were offered and held for it.
fn bill_of(settled: &Settled) -> (Settled, Fen) {
    let mut bill = settled.clone();
    let family = bill.decision.account_family_sum();
    bill.shares.clear();
    bill.decision.account_family.clear();
    bill.decision.postings.retain(|one| !matches!(one.account, Account::FamilyAccount(_)));
    (bill, family)
}

#[test]
fn a_settlement_decided_anew_at_its_place_in_history_gives_the_same_bytes() {
    let packs = Packs::curated();
    let mut town = Town::new(5, 40, &packs);
    let mut engine = Engine::new(&packs, 1);
    let mut books = ClientBooks::default();
    for _ in 0..4_000 {
        let command = town.next_command();
        let decided = engine.run(&command);
        note(&mut books, &mut town, &command, &decided);
    }
    let mut shards = vec![Ledger::new()];
    let (mut room, mut audited) = (Room::default(), 0);
    let journal = &engine.journal;
    let records = |place: u64| journal.get(usize::try_from(place).ok()? - 1).cloned();
    let shelf = TownShelf { packs: &packs, records };
    let mut corrections = 0;
    for (place, bytes) in (1_u64..).zip(journal) {
        let record: Record = stored::whole(bytes).expect("a record");
        if let Event::Settled(_) | Event::Corrected(_) = &record.event {
            let event = shards[0].decide_again(&record, &shelf, &mut room).expect("decides");
            let mut anew = Vec::new();
            corrections += usize::from(matches!(event, Event::Corrected(_)));
            Record { event, ..record.clone() }.put(&mut anew);
            assert_eq!(&anew, bytes, "command {}", record.seq);
            audited += 1;
        }
        replay(&mut shards, &record, place);
    }
    assert!(audited > 300 && corrections > 10, "{audited}, {corrections}");
}

/// One member, one facility and a clerk who says what is asked.
struct Desk<'p> {
    engine: Engine<'p>,
    seq: u64,
    /// How many numbers the last command took.
    taken: u64,
    /// How many days have passed since the first command.
    days: u64,
    seen: std::collections::BTreeSet<u16>,
}

const FACILITY: &str = "H63010400001";

impl<'p> Desk<'p> {
    fn new(packs: &'p Packs) -> Desk<'p> {
        Desk::of(packs, 1)
    }

    fn of(packs: &'p Packs, shards: usize) -> Desk<'p> {
        let mut town = Town::new(1, 4, packs);
        let mut engine = Engine::new(packs, shards);
        // The opening of a town: packs, facilities and four members.
        let mut seq = 0;
        let members =
            |of: &Engine<'_>| of.shards.iter().map(|one| one.members().len()).sum::<usize>();
        while members(&engine) < 4 {
            let command = town.next_command();
            seq = command.seq;
            engine.run(&command);
        }
        Desk { engine, seq, taken: 1, days: 0, seen: std::collections::BTreeSet::new() }
    }

    fn member(&self, pool: &str) -> String {
        let members = self.engine.shards[0].members();
        let of_pool = |facts: &MemberFacts| &*facts.admdvs == pool;
        let found = members.iter().find(|one| one.facts().is_some_and(|facts| of_pool(&facts)));
        found.map_or_else(String::new, |member| member.psn_no().to_owned())
    }

    fn say(&mut self, asker: &str, psn_no: &str, msgid: &str, infno: u16, what: What) -> Decided {
        self.seq += std::mem::replace(&mut self.taken, what.numbers());
        let digest = what.digest();
        let (asker, msgid, psn_no) = (asker.into(), msgid.into(), psn_no.into());
        let request = Request { asker, infno, msgid, psn_no, digest };
        let time_ms = 1_767_225_600_000 + self.seq + self.days * 86_400_000;
        let seq = self.seq;
        let decided = self.engine.run(&Command { seq, time_ms, request, what, shares: None });
        match &decided {
            Decided::Refused(refused) | Decided::Event(Event::Refused(refused)) => {
                self.seen.insert(refused.reason);
            }
            Decided::Event(_)
            | Decided::Again(_)
            | Decided::PreSettled(_)
            | Decided::Nothing
            | Decided::Needs(_) => {}
        }
        decided
    }

    /// Says it and expects this refusal.
    fn refused(&mut self, why: Conduct, psn_no: &str, msgid: &str, infno: u16, what: What) {
        let decided = self.say(FACILITY, psn_no, msgid, infno, what);
        match decided {
            Decided::Refused(refused) | Decided::Event(Event::Refused(refused)) => {
                assert_eq!(refused.reason, why.number(), "{msgid}");
            }
            Decided::Event(_)
            | Decided::Again(_)
            | Decided::PreSettled(_)
            | Decided::Nothing
            | Decided::Needs(_) => {
                panic!("{why:?} was expected: {decided:?}")
            }
        }
    }

    /// Says it and expects that it happens.
    fn done(&mut self, psn_no: &str, msgid: &str, infno: u16, what: What) -> u64 {
        let decided = self.say(FACILITY, psn_no, msgid, infno, what);
        let happened = match &decided {
            Decided::Event(Event::Refused(_)) => false,
            Decided::Event(_) => true,
            Decided::Again(_)
            | Decided::PreSettled(_)
            | Decided::Nothing
            | Decided::Refused(_)
            | Decided::Needs(_) => false,
        };
        assert!(happened, "{msgid}: {decided:?}");
        self.seq
    }
}

fn visit(insutype: u16) -> VisitFacts {
    VisitFacts {
        insutype: Insutype::new(insutype).expect("three digits"),
        med_type: "21".into(),
        begin: Moment::new(Day::from_civil(2026, 3, 1).expect("a day"), 0),
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
    let day = Moment::new(Day::from_civil(2026, 3, 5).expect("a day"), 0);
    SettleFacts {
        channel: Channel::Direct,
        end: day,
        settled: day,
        account: AccountUse::None,
        tolerance: Fen::ZERO,
        mid_stay: false,
        total: None,
    }
}

fn totals(fen: i64, kinds: &[&str]) -> ChargesFacts {
    let in_scope = Fen::new(fen);
    let parts = LineParts { in_scope, ..LineParts::default() };
    let kinds = kinds.iter().map(|name| ((*name).into(), LineParts::default())).collect();
    ChargesFacts::Totals(TotalsFacts { total: in_scope, parts, kinds })
}

fn at_once(fen: i64) -> What {
    let visit = WhichVisit::AtOnce(visit(390));
    What::Settle(Settle { end: End::Stated, visit, how: how(), charges: totals(fen, &[]) })
}

fn serials(serial: &str) -> Which {
    Which::Serials(vec![serial.into()])
}

fn line(serial: &str, yuan: i64) -> LineFacts {
    LineFacts {
        serial: serial.into(),
        batch: Text::default(),
        code: "A001".into(),
        day: Day::from_civil(2026, 3, 2).expect("a day"),
        quantity: Quantity::new(10_000),
        price: Price::new(yuan * 1_000_000),
        amount: Fen::new(yuan * 100),
        returns: None,
        approval: HospitalApproval::NotGiven,
        prescriber: None,
        days: None,
        maternity: false,
    }
}

#[test]
fn the_ledger_refuses_by_itself_and_says_why() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    let p = desk.member("R1");
    let registered = |number| WhichVisit::Registered(VisitId::new(number));
    let settle = |number, total: Option<i64>| {
        let how = SettleFacts { total: total.map(Fen::new), ..how() };
        What::Settle(Settle {
            end: End::Stated,
            visit: registered(number),
            how,
            charges: ChargesFacts::Uploaded,
        })
    };

    // Who and where.
    desk.refused(Conduct::MemberUnknown, "P0", "m1", 2207, at_once(1_000_000));
    desk.say("H00000000000", &p, "m2", 2207, at_once(1_000_000));
    assert!(desk.seen.contains(&Conduct::FacilityUnknown.number()));

    // The same key.
    let first = desk.done(&p, "k1", 2207, at_once(9_000_000));
    let again = desk.say(FACILITY, &p, "k1", 2207, at_once(9_000_000));
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    desk.refused(Conduct::KeyWithOtherContent, &p, "k1", 2207, at_once(9_000_001));

    // A later settlement has read what the first one changed; undone in order, both can be undone, and once each.
    let second = desk.done(&p, "k2", 2207, at_once(5_000_000));
    desk.refused(Conduct::LaterSettlements, &p, "c1", 2208, What::Cancel(first));
    desk.done(&p, "c2", 2208, What::Cancel(second));
    // Whoever asks for it again is not told that it stands, until it does.
    desk.refused(Conduct::CancelledBefore, &p, "k2", 2207, at_once(5_000_000));
    desk.refused(Conduct::CancelledBefore, &p, "c3", 2208, What::Cancel(second));
    desk.refused(Conduct::SettlementUnknown, &p, "c4", 2208, What::Cancel(999_999));
    // The cancellation is undone in its turn, and the settlement stands again.
    desk.done(&p, "r1", 2601, What::Reverse(2208, "c2".into()));
    let again = desk.say(FACILITY, &p, "k2", 2207, at_once(5_000_000));
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    desk.refused(Conduct::LaterSettlements, &p, "c5", 2208, What::Cancel(first));
    desk.done(&p, "r2", 2601, What::Reverse(2207, "k2".into()));
    desk.refused(Conduct::ReversedBefore, &p, "k2", 2207, at_once(5_000_000));
    desk.done(&p, "c6", 2208, What::Cancel(first));

    // A reversal that comes first.
    desk.done(&p, "r3", 2601, What::Reverse(2207, "later".into()));
    desk.refused(Conduct::ReversedBefore, &p, "later", 2207, at_once(5_000_000));
    desk.done(&p, "d1", 1, What::Deposit(Fen::new(100)));
    desk.refused(Conduct::NotReversible, &p, "r4", 2601, What::Reverse(1, "d1".into()));
    desk.refused(Conduct::DepositOutOfBounds, &p, "d2", 1, What::Deposit(Fen::ZERO));

    // A visit with its lines.
    desk.refused(
        Conduct::VisitUnknown,
        &p,
        "",
        2204,
        What::Upload(VisitId::new(7), vec![line("1", 5)]),
    );
    let number = desk.done(&p, "v1", 2201, What::OpenVisit(visit(390)));
    let id = VisitId::new(number);
    desk.done(&p, "", 2204, What::Upload(id, vec![line("1", 5), line("2", 7)]));
    desk.refused(Conduct::LineDiffers, &p, "", 2204, What::Upload(id, vec![line("2", 8)]));
    let many = (0..20_000).map(|n| line(&format!("n{n}"), 1)).collect();
    desk.refused(Conduct::TooManyLinesOfVisit, &p, "", 2204, What::Upload(id, many));
    desk.refused(Conduct::LineUnknown, &p, "w1", 2205, What::Withdraw(id, serials("3")));
    desk.refused(Conduct::TotalDiffers, &p, "s1", 2207, settle(number, Some(1_300)));
    let mut part = settle(number, Some(1_200));
    if let What::Settle(settle) = &mut part {
        settle.how.mid_stay = true;
    }
    desk.done(&p, "s2", 2207, part);
    desk.refused(Conduct::LineSettled, &p, "w2", 2205, What::Withdraw(id, serials("1")));
    desk.done(&p, "", 2204, What::Upload(id, vec![line("3", 9)]));
    desk.done(&p, "s3", 2207, settle(number, Some(900)));
    desk.refused(Conduct::VisitSettled, &p, "s4", 2207, settle(number, None));

    // What a pack does not know, a day that is closed, and a record that is gone.
    let kinds = Settle {
        end: End::Stated,
        visit: WhichVisit::AtOnce(visit(390)),
        how: how(),
        charges: totals(100, &["x"]),
    };
    desk.refused(Conduct::LineKindUnknown, &p, "t1", 2207, What::Settle(kinds));
    let close = Day::from_civil(2026, 3, 31).expect("a day");
    desk.say("", "", "", 0, What::CloseDay(close));
    desk.refused(Conduct::DayIsClosed, &p, "t2", 2207, at_once(100));
    desk.engine.journal.iter_mut().for_each(Vec::clear);
    desk.refused(Conduct::RecordUnreachable, &p, "c7", 2208, What::Cancel(first));

    // Two are said where commands and journal meet, not by the ledger: a record too long, and nothing to reverse.
    // And those of corrections, of family accounts, of visits and of filings, in files of their own.
    let elsewhere = [
        Conduct::RecordTooLong,
        Conduct::NothingToReverse,
        Conduct::TooManyToCorrect,
        Conduct::OperatorsOnly,
        Conduct::FamilyAccountShort,
        Conduct::FamilyWrong,
        Conduct::HoldUnknown,
        Conduct::VisitHasLines,
        Conduct::VisitEnded,
        Conduct::VisitNotEnded,
        Conduct::BatchUnknown,
        Conduct::VisitChanged,
        Conduct::VisitLasts,
        Conduct::FilingDatesReversed,
        Conduct::FilingExists,
        Conduct::FilingUnknown,
        Conduct::FilingUsed,
        Conduct::FilingWithdrawn,
        Conduct::TooManyFilings,
        Conduct::VisitWithdrawn,
        Conduct::EndWithdrawn,
    ];
    let missing: Vec<&Conduct> = Conduct::ALL
        .iter()
        .filter(|why| !desk.seen.contains(&why.number()) && !elsewhere.contains(why))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Records of version 1 as they were once written, in hexadecimal digits, one a line after the hash of the state they make.
/// `YIDAN_RECORD=1` writes the file; once a version is shipped its file is never written again.
#[test]
fn records_once_written_read_write_and_fold_as_they_did() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records-v1.txt");
    let packs = Packs::curated();
    if std::env::var_os("YIDAN_RECORD").is_some() {
        let mut text = String::new();
        let engine = recorded(&packs);
        text.push_str(&format!("{}\n", engine.hash()));
        for bytes in &engine.journal {
            bytes.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
            text.push('\n');
        }
        std::fs::write(&file, text).expect("the fixture can be written");
    }
    let text = std::fs::read_to_string(&file).expect("the fixture is there");
    let mut lines = text.lines();
    let hash = lines.next().expect("a hash");
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    };
    let mut engine = Engine::new(&packs, 1);
    engine.journal = lines.map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect();
    let mut kinds = std::collections::BTreeSet::new();
    for bytes in &engine.journal {
        let record: Record = stored::whole(bytes).expect("a record of version 1");
        let mut written = Vec::new();
        record.put(&mut written);
        assert_eq!(&written, bytes, "command {}", record.seq);
        let event = format!("{:?}", record.event);
        kinds.insert(event.split(['(', ' ']).next().unwrap_or_default().to_owned());
        let of_settlements = ["Settled", "Cancelled", "Reversed", "Corrected"];
        let is_one = of_settlements.iter().any(|kind| event.starts_with(&format!("{kind}(")));
        assert_eq!(is_of_settlements(bytes), Some(is_one), "{event}");
    }
    assert_eq!(is_of_settlements(&[]), None);
    assert_eq!(kinds.len(), 20, "every kind of event is there: {kinds:?}");
    assert_eq!(StateHash::of(engine.replayed(1).iter()).to_string(), hash);
}

/// A short history with every kind of event.
fn recorded(packs: &Packs) -> Engine<'_> {
    let mut town = Town::new(11, 5, packs);
    let mut engine = Engine::new(packs, 1);
    let mut books = ClientBooks::default();
    let (mut count, mut rare) = (0, std::collections::BTreeSet::new());
    while count < 400 || rare.len() < 3 || engine.own < 8 {
        let command = town.next_command();
        let decided = engine.run(&command);
        count += 1;
        if let Decided::Event(
            event @ (Event::Corrected(_) | Event::Unfiled(_, _) | Event::VisitChanged(_, _)),
        ) = &decided
        {
            rare.insert(format!("{:?}", std::mem::discriminant(event)));
        }
        note(&mut books, &mut town, &command, &decided);
    }
    let close = town
        .stamped(Request::default(), What::CloseDay(Day::from_civil(2026, 1, 1).expect("a day")));
    engine.run(&close);
    engine
}

/// The close of a day forgets visits that were settled for good; what their slots are called must not go with them.
#[test]
fn a_settlement_whose_visit_is_forgotten_is_cancelled_to_the_fen() {
    let text = include_str!("../../golden/packs/variants/slots.toml");
    let pack = yidan_build::policy::compile(text, "slots.toml").expect("a golden pack is sound");
    let packs = Packs::new(vec![std::sync::Arc::new(pack)]);
    let mut desk = Desk::new(&packs);
    let facts = MemberFacts {
        admdvs: "990100".into(),
        psn_type: "11".into(),
        birth: Day::from_civil(1980, 1, 1),
        ..MemberFacts::default()
    };
    desk.done("S1", "m1", 0, What::RegisterMember(facts, Fen::ZERO));
    // A slot that is told apart by scheme.
    let facts = VisitFacts { med_type: "1106".into(), ..visit(390) };
    let number = desk.done("S1", "v1", 2201, What::OpenVisit(facts));
    desk.done("S1", "", 2204, What::Upload(VisitId::new(number), vec![line("1", 500)]));
    let visit = WhichVisit::Registered(VisitId::new(number));
    let settle = Settle { end: End::Stated, visit, how: how(), charges: ChargesFacts::Uploaded };
    let settlement = desk.done("S1", "s1", 2207, What::Settle(settle));
    let slots = |desk: &Desk<'_>| {
        desk.engine.shards[0].members().get("S1").map(|member| member.slots().len())
    };
    assert_eq!(slots(&desk), Some(1), "the deductible is borne");
    desk.say("", "", "", 0, What::CloseDay(Day::from_civil(2026, 3, 31).expect("a day")));
    assert_eq!(desk.engine.shards[0].visits().count(), 0, "the visit is forgotten");
    desk.done("S1", "c1", 2208, What::Cancel(settlement));
    assert_eq!(slots(&desk), Some(0), "and nothing is left of it");
}
