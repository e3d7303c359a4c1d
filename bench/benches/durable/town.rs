//! Members, facilities and bills of R1 as commands to the whole engine, with a book by hand beside: every answer that is looked
//! at must pay what the function by hand pays, and at the end every slot of every member must be what it left.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use yidan_bench::by_hand::{self, Paid, Slots};
use yidan_bench::dice::Dice;
use yidan_bench::r1;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::measure::Measures;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;
use yidan_pipeline::{Reply, Stopped, Why};
use yidan_settlement::bill::Decision;
use yidan_settlement::catalogue::Level;
use yidan_settlement::claim::{AccountUse, LineParts, Spell};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::event::{Event, Record, Request};
use yidan_settlement::facts::{
    ChargesFacts, FacilityFacts, IdentityFact, MemberFacts, SettleFacts, Text, TotalsFacts,
    VisitFacts,
};
use yidan_settlement::id::{Admdvs, Insutype};
use yidan_settlement::ledger::Ledger;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Channel, FundField, HospitalLevel};
use yidan_settlement::stored;

/// Of so many answers one is read and compared; the slots of all members are, at the end.
const LOOKED_AT: u64 = 64;
/// Registrations on their way at once.
const REGISTERING: usize = 2_000;
const SLOTS: [&str; 6] = [
    "deductible",
    "above-deductible",
    "basic-paid",
    "self-pay",
    "critical-paid",
    "assistance-paid",
];
const FACILITIES: [(&str, HospitalLevel, Level); 3] = [
    ("H63010000001", HospitalLevel::First, Level::First),
    ("H63010000002", HospitalLevel::Second, Level::Second),
    ("H63010000003", HospitalLevel::Third, Level::Third),
];

/// An engine on a folder, its members, and their slots by hand.
pub(crate) struct Town {
    engine: Engine<Back>,
    members: Vec<Text>,
    slots: Vec<Slots>,
    dice: Dice,
    asked: u64,
    back: (Sender<Came>, Receiver<Came>),
}

/// Who waits for an answer.
pub(crate) enum Back {
    /// The loop that keeps so many in flight, which reads some of the answers.
    Loop(Sender<Came>, Option<Paid>),
    /// The clock of an open load: when it was to be asked.
    Clock(Instant, Arc<Clock>),
}

/// An answer, and what it must pay where it is looked at.
pub(crate) struct Came {
    answer: Result<Answer, Stopped>,
    expected: Option<Paid>,
}

/// How long answers took from when they were to be asked, in nanoseconds.
pub(crate) struct Clock {
    pub(crate) took: Mutex<Histogram<u64>>,
    pub(crate) settled: AtomicU64,
}

/// What a turn with so many in flight did.
#[derive(Clone, Copy, Default)]
pub(crate) struct Turn {
    pub(crate) settlements: u64,
    pub(crate) bytes: u64,
    pub(crate) commits: u64,
    pub(crate) took: Duration,
}

impl Reply<Answer> for Back {
    fn send(self, answer: Result<Answer, Stopped>) {
        match self {
            // The loop's end is the bench's end.
            Back::Loop(to, expected) => drop(to.send(Came { answer, expected })),
            Back::Clock(since, clock) => {
                let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
                clock.took.lock().saturating_record(took);
                if let Ok(Answer::Done(_, _)) = answer {
                    clock.settled.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl Turn {
    pub(crate) fn rate(self) -> f64 {
        self.settlements as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn plus(self, other: Turn) -> Turn {
        Turn {
            settlements: self.settlements + other.settlements,
            bytes: self.bytes + other.bytes,
            commits: self.commits + other.commits,
            took: self.took + other.took,
        }
    }

    pub(crate) fn bytes_each(self) -> u64 {
        self.bytes / self.settlements.max(1)
    }

    pub(crate) fn bytes_a_commit(self) -> u64 {
        self.bytes / self.commits.max(1)
    }
}

/// The engine's world: the R1 pack alone.
pub(crate) fn world() -> World {
    let mut world = World::new();
    world.add_pack(r1::pack(), Path::new("R1/policy.toml"));
    world
}

/// The number of a member.
pub(crate) fn psn_no(member: usize) -> Text {
    format!("63010020{member:012}").into()
}

/// Facilities of the three levels.
pub(crate) fn facilities() -> impl Iterator<Item = (&'static str, FacilityFacts)> {
    FACILITIES.into_iter().map(|(code, level, price_level)| {
        let admdvs = Admdvs::parse("630103").expect("six digits");
        let agreements = None;
        (code, FacilityFacts { admdvs, level, deductible_level: level, price_level, agreements })
    })
}

/// A member with one spell, and the class or none.
pub(crate) fn member(class: u8) -> MemberFacts {
    let from = Day::from_civil(2012, 7, 1).expect("a day");
    let identity = |kind: &str| IdentityFact { kind: kind.into(), span: Span::ALWAYS };
    MemberFacts {
        admdvs: "R1".into(),
        psn_type: "1101".into(),
        birth: Day::from_civil(1971, 3, 2),
        paid_years: 14,
        spells: Some(vec![Spell {
            insutype: insutype(),
            span: Span { from, to: Day::MAX },
            waiting_to: from,
        }]),
        identities: match class {
            0 => Vec::new(),
            1 => vec![identity("R1-1")],
            _ => vec![identity("R1-2")],
        },
        ..MemberFacts::default()
    }
}

/// The class that a member keeps: one in eight has one.
pub(crate) fn class_of(member: usize) -> u8 {
    u8::try_from((member % 16).saturating_sub(13)).expect("at most 2")
}

/// A visit of a day and the charges, settled at once.
pub(crate) fn settle(day: Day, charges: ChargesFacts) -> Settle {
    let moment = Moment::new(day, 36_000);
    let visit = VisitFacts {
        insutype: insutype(),
        med_type: "21".into(),
        begin: moment,
        end: None,
        disease: None,
        diagnoses: Vec::new(),
        continues: None,
        accident: false,
        third_party: false,
        birth: 0,
        family_planning: 0,
        fetuses: 1,
    };
    let how = SettleFacts {
        channel: Channel::Direct,
        end: moment,
        settled: moment,
        account: AccountUse::None,
        tolerance: Fen::ZERO,
        mid_stay: false,
        total: None,
    };
    Settle { end: End::Stated, visit: WhichVisit::AtOnce(visit), how, charges }
}

/// Charges by totals: so much in scope, and so much more that nobody covers.
pub(crate) fn totals(in_scope: i64, own: i64) -> ChargesFacts {
    let parts =
        LineParts { own: Fen::new(own), in_scope: Fen::new(in_scope), ..LineParts::default() };
    ChargesFacts::Totals(TotalsFacts { total: parts.sum(), parts, kinds: Vec::new() })
}

/// Who asks for a settlement at a facility of a level, with a number that none had before.
pub(crate) fn request(level: u8, number: u64, psn_no: Text) -> Request {
    let (asker, _, _) = FACILITIES[usize::from(level) - 1];
    // By hand: writing it as text formats it would cost as much as a tenth of a settlement.
    let mut msgid = String::with_capacity(asker.len() + 18);
    msgid.push_str(asker);
    for digit in (0..18).rev() {
        let digit = number / 10_u64.pow(digit) % 10;
        msgid.push(char::from_digit(u32::try_from(digit).expect("a digit"), 10).expect("a digit"));
    }
    Request { asker: asker.into(), infno: 2_304, msgid: msgid.into(), psn_no, digest: [0; 16] }
}

/// Three digits.
fn insutype() -> Insutype {
    Insutype::parse("310").expect("three digits")
}

/// What the funds of a decision pay.
pub(crate) fn paid(decision: &Decision) -> Paid {
    let [basic, critical, assistance] =
        [FundField::HifpPay, FundField::HifmiPay, FundField::MafPay]
            .map(|field| decision.fund(field).get());
    Paid { basic, critical, assistance }
}

/// The settlement in a record.
pub(crate) fn decision_in(record: &[u8]) -> Decision {
    let record: Record = stored::whole(record).expect("a record of ours");
    let Event::Settled(settled) = record.event else { panic!("it is of a settlement") };
    settled.decision
}

impl Town {
    /// A new engine on a folder, with so many members registered; the anchors of R1 come out of it.
    pub(crate) fn new(folder: &Path, members: usize, shards: usize, world: World) -> Town {
        let setup = Setup { shards, ..Setup::default() };
        let engine = Engine::open(folder, &setup, world).expect("an engine on a new folder");
        for (code, facts) in facilities() {
            let what = What::RegisterFacility(code.into(), facts);
            engine.admission().tell_all(what).expect("it runs");
        }
        let mut town = Town {
            engine,
            members: (0..members).map(psn_no).collect(),
            slots: vec![[0; 6]; members],
            dice: Dice::new(1),
            asked: 0,
            back: unbounded(),
        };
        for number in 0..members {
            let request = Request { psn_no: town.members[number].clone(), ..Request::default() };
            let what = What::RegisterMember(member(class_of(number)), Fen::ZERO);
            town.submit_to_loop(request, what, None);
            if number >= REGISTERING {
                town.receive();
            }
        }
        (0..members.min(REGISTERING)).for_each(|_| town.receive());
        town.anchors();
        town
    }

    /// The four bills of the reference, one after the other, of a member of class 2.
    fn anchors(&mut self) {
        let of_class_2 = 15;
        let bills = [
            (4_600_000, 400_000, 3, (3_036_000, 98_400, 699_360)),
            (4_600_000, 400_000, 1, (4_140_000, 276_000, 0)),
            (20_000_000, 0, 3, (7_824_000, 7_835_600, 2_424_240)),
            (20_000_000, 0, 3, (0, 14_000_000, 1_876_400)),
        ];
        for (in_scope, own, level, (basic, critical, assistance)) in bills {
            let by_hand = by_hand::settle(&mut self.slots[of_class_2], in_scope, level, 2);
            assert_eq!(by_hand, Paid { basic, critical, assistance }, "an anchor");
            self.asked += 1;
            let request = request(level, self.asked, self.members[of_class_2].clone());
            let what = What::Settle(settle(today(), totals(in_scope, own)));
            self.submit_to_loop(request, what, Some(by_hand));
            self.receive();
        }
    }

    /// The next bill, as it is asked, and what it must pay.
    fn next(&mut self) -> (Request, What, Paid) {
        let number = self.dice.index(self.members.len());
        let magnitude = 1_i64 << (13 + self.dice.below(10));
        let more = i64::try_from(self.dice.below(magnitude.unsigned_abs())).expect("small");
        let level = 1 + u8::try_from(self.dice.below(3)).expect("below 3");
        let in_scope = magnitude + more;
        let paid = by_hand::settle(&mut self.slots[number], in_scope, level, class_of(number));
        self.asked += 1;
        let request = request(level, self.asked, self.members[number].clone());
        (request, What::Settle(settle(today(), totals(in_scope, 0))), paid)
    }

    fn submit_to_loop(&self, request: Request, what: What, expected: Option<Paid>) {
        let back = Back::Loop(self.back.0.clone(), expected);
        assert!(self.submit(request, what, back), "no more is in flight than a queue holds");
    }

    /// Submits as it is, for a part that has its own bills.
    pub(crate) fn submit_lines(&self, request: Request, what: What) {
        self.submit_to_loop(request, what, None);
    }

    /// Waits for the answer to a bill of lines.
    pub(crate) fn receive_lines(&self) -> Decision {
        let Came { answer, .. } = self.back.1.recv().expect("this town sends too");
        let Answer::Done(_, record) = answer.expect("the engine runs") else {
            panic!("every bill settles")
        };
        decision_in(&record)
    }

    fn submit(&self, request: Request, what: What, back: Back) -> bool {
        match self.engine.admission().submit(request, what, back) {
            Ok(_) => true,
            Err(not_taken) => match not_taken.why {
                Why::Full { .. } => false,
                Why::Stopped(stopped) => panic!("{stopped}"),
            },
        }
    }

    /// Waits for an answer, and compares it where it is looked at.
    pub(crate) fn receive(&self) {
        let Came { answer, expected } = self.back.1.recv().expect("this town sends too");
        let Answer::Done(_, record) = answer.expect("the engine runs") else {
            panic!("every bill settles")
        };
        if let Some(expected) = expected {
            assert_eq!(paid(&decision_in(&record)), expected, "as by hand");
        }
    }

    fn ask(&mut self) {
        let (request, what, paid) = self.next();
        let looked_at = self.asked.is_multiple_of(LOOKED_AT);
        self.submit_to_loop(request, what, looked_at.then_some(paid));
    }

    /// Keeps so many in flight for a time, or until so many are settled; then waits for the last.
    pub(crate) fn run(&mut self, in_flight: u64, time: Duration, at_most: u64) -> Turn {
        let (before, begun) = (self.measures(), Instant::now());
        let mut settlements = in_flight.min(at_most);
        (0..settlements).for_each(|_| self.ask());
        let mut waiting = settlements;
        while waiting > 0 {
            self.receive();
            if settlements < at_most && begun.elapsed() < time {
                self.ask();
                settlements += 1;
            } else {
                waiting -= 1;
            }
        }
        let (took, journal) = (begun.elapsed(), self.measures().journal);
        assert_eq!(journal.records - before.journal.records, settlements, "one record each");
        Turn {
            settlements,
            bytes: journal.bytes - before.journal.bytes,
            commits: journal.commit_ns.len() - before.journal.commit_ns.len(),
            took,
        }
    }

    /// Asks for the next at given moments, whatever is answered meanwhile; how many, and how often the queue was full. One that
    /// finds it full is tried again, and its time runs.
    pub(crate) fn run_open(
        &mut self,
        arrivals: impl Iterator<Item = Duration>,
        clock: &Arc<Clock>,
    ) -> (u64, u64) {
        let begun = Instant::now();
        let (mut count, mut full) = (0, 0);
        for arrival in arrivals {
            let due = begun + arrival;
            // What sleeps too long asks for all that became due, and their times have run.
            if let Some(early) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(early);
            }
            let (request, what, _) = self.next();
            while !self.submit(request.clone(), what.clone(), Back::Clock(due, Arc::clone(clock))) {
                full += 1;
                std::thread::sleep(Duration::from_micros(200));
            }
            count += 1;
        }
        while clock.settled.load(Ordering::Relaxed) < count {
            std::thread::sleep(Duration::from_millis(1));
        }
        (count, full)
    }

    /// The slots of all members by hand, the anchors among them.
    pub(crate) fn slots(&self) -> &[Slots] {
        &self.slots
    }

    /// What all stages did so far.
    pub(crate) fn measures(&self) -> Measures {
        self.engine.measures()
    }

    /// Compares every slot of every member with the book by hand.
    pub(crate) fn check(&self) {
        let numbers = self.members.iter().cloned();
        let by_hand: HashMap<Text, Slots> = numbers.zip(self.slots.iter().copied()).collect();
        let by_hand = Arc::new(by_hand);
        let same = move |ledger: &Ledger| {
            let held = |member: &yidan_settlement::ledger::Member| {
                let mut slots = [0; 6];
                for slot in member.slots() {
                    let name = ledger.symbols().text(slot.key.slot);
                    let place = SLOTS.iter().position(|known| *known == name);
                    slots[place.expect("a slot of R1")] += slot.value.get();
                }
                slots
            };
            let same = |one: &&yidan_settlement::ledger::Member| {
                by_hand.get(one.psn_no()).is_some_and(|slots| *slots == held(one))
            };
            ledger.members().iter().filter(same).count()
        };
        let counts = self.engine.admission().look_at_all(same).expect("it runs");
        let same: usize = counts.iter().sum();
        assert_eq!(same, self.members.len(), "members whose slots are as by hand");
    }

    /// Stops the engine; its state.
    pub(crate) fn stop(self) -> yidan_settlement::ledger::StateHash {
        self.engine.stop().expect("a clean stop").0
    }
}

/// The day of all bills.
pub(crate) fn today() -> Day {
    Day::from_civil(2026, 6, 1).expect("a day")
}
