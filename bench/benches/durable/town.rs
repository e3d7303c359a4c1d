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
use yidan_bench::claims::{
    class_of, decision_in, facilities, member, paid, psn_no, request, settle, today, totals,
};
use yidan_bench::dice::Dice;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::measure::Measures;
use yidan_pipeline::memory::allow_huge_pages;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;
use yidan_pipeline::{Reply, Stopped, Why};
use yidan_settlement::bill::Decision;
use yidan_settlement::command::What;
use yidan_settlement::event::Request;
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::Ledger;
use yidan_settlement::money::Fen;

pub(crate) use yidan_bench::claims::world;

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

impl Town {
    /// A new engine on a folder, with so many members registered; the anchors of R1 come out of it.
    pub(crate) fn new(folder: &Path, members: usize, shards: usize, world: World) -> Town {
        let setup = Setup { shards, ..Setup::default() };
        // The town before may have forbidden them.
        allow_huge_pages(true).expect("a Linux");
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
        // As a server does when its ledger is in memory.
        allow_huge_pages(false).expect("a Linux");
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
        let state = self.engine.stop().expect("a clean stop").0;
        // What is started next reads its ledger with them.
        allow_huge_pages(true).expect("a Linux");
        state
    }
}
