//! The day itself: members and facilities registered, bills submitted with so many on their way, every answer checked and booked.

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use hdrhistogram::Histogram;
use yidan_bench::machine;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::measure::JournalMeasures;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;
use yidan_pipeline::{Reply, Stopped};
use yidan_settlement::command::What;
use yidan_settlement::event::Request;
use yidan_settlement::ledger::StateHash;
use yidan_settlement::money::Fen;

use crate::asked::Asked;
use crate::bills::{Bill, Bills, Kind};
use crate::book::{self, Accounts, Book};
use crate::bytes::Bytes;
use crate::place::{self, Places};
use crate::progress::Progress;
use crate::room;

/// What an answer is to.
#[derive(Copy, Clone)]
enum To {
    Registration,
    /// Its kind, its lines, its total, and whether it will be cancelled.
    Bill(Kind, usize, Fen, bool),
    Cancellation,
}

/// An answer on its way back, and how long it took from its submission; a bill's number stands in its record.
struct Came {
    to: To,
    took: Duration,
    answer: Result<Answer, Stopped>,
}

/// Who waits for an answer.
pub(crate) struct Back {
    to: To,
    asked: Instant,
    sender: Sender<Came>,
}

impl Reply<Answer> for Back {
    fn send(self, answer: Result<Answer, Stopped>) {
        let Back { to, asked, sender } = self;
        // The day's end is the channel's end.
        drop(sender.send(Came { to, took: asked.elapsed(), answer }));
    }
}

/// A day on its way.
pub(crate) struct Day {
    engine: Engine<Back>,
    sender: Sender<Came>,
    receiver: Receiver<Came>,
    on_their_way: usize,
    in_flight: usize,
    pub(crate) book: Book,
    pub(crate) bytes: Bytes,
    /// From submission to answer, of bills, in nanoseconds.
    pub(crate) waits: Histogram<u64>,
}

/// What a phase took.
pub(crate) struct Phase {
    pub(crate) took: Duration,
    /// Of all cores, and of it what the thread took that makes bills and checks answers.
    pub(crate) cpu: Duration,
    pub(crate) cpu_of_maker: Duration,
    /// What the journal did in it.
    pub(crate) journal: JournalMeasures,
}

impl Day {
    /// A new engine on a folder.
    pub(crate) fn open(folder: &Path, asked: &Asked, world: World) -> Day {
        let setup = Setup { shards: asked.shards, ..Setup::default() };
        let engine = Engine::open(folder, &setup, world).expect("an engine on a folder");
        let (sender, receiver) = unbounded();
        Day {
            engine,
            sender,
            receiver,
            on_their_way: 0,
            in_flight: asked.in_flight,
            book: Book::default(),
            bytes: Bytes::default(),
            waits: Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds in order"),
        }
    }

    /// Registers facilities and so many members.
    pub(crate) fn register(&mut self, places: &Places, members: usize) -> Phase {
        self.phase(|day| {
            for (code, facts) in places.facilities() {
                let what = What::RegisterFacility(code, facts);
                day.engine.admission().tell_all(what).expect("the engine runs");
            }
            let mut progress = Progress::new("members", members as u64);
            for number in 0..members {
                let request = Request { psn_no: place::psn_no(number), ..Request::default() };
                let (facts, opening) = places.member(number);
                day.submit(request, What::RegisterMember(facts, opening), To::Registration);
                progress.is_at(number as u64, || day.journal().bytes);
            }
            day.wait_for_all();
        })
    }

    /// Settles and cancels all bills, or as many as the disk has room for.
    pub(crate) fn settle(&mut self, bills: &mut Bills<'_>, count: u64, folder: &Path) -> Phase {
        self.phase(|day| {
            let mut progress = Progress::new("bills", count);
            let written = day.journal().bytes;
            while let Some(bill) = bills.next() {
                day.bill(bill, bills);
                while let Some((request, what)) = bills.cancellation(false) {
                    day.submit(request, what, To::Cancellation);
                }
                let told = progress.is_at(bills.made(), || day.journal().bytes - written);
                if told && room::free(folder) < room::LEFT {
                    progress.ends_early("the disk is filled by others too, and 1 GiB is left");
                    break;
                }
            }
            while let Some((request, what)) = bills.cancellation(true) {
                day.submit(request, what, To::Cancellation);
            }
            day.wait_for_all();
        })
    }

    fn phase(&mut self, does: impl FnOnce(&mut Day)) -> Phase {
        let (before, begun) = (self.journal(), Instant::now());
        let (cpu, of_maker) = (machine::cpu_time(), machine::cpu_time_of_thread());
        does(self);
        let (took, mut journal) = (begun.elapsed(), self.journal());
        journal.records -= before.records;
        journal.bytes -= before.bytes;
        journal.commit_ns.subtract(&before.commit_ns).expect("it has grown since");
        let (cpu, cpu_of_maker) =
            (machine::cpu_time() - cpu, machine::cpu_time_of_thread() - of_maker);
        Phase { took, cpu, cpu_of_maker, journal }
    }

    fn bill(&mut self, bill: Bill, bills: &mut Bills<'_>) {
        let Bill { kind, request, what, lines, total, cancelled } = bill;
        let facility = cancelled.map(|member| (member, request.asker.clone()));
        let to = To::Bill(kind, lines, total, facility.is_some());
        let settlement = self.submit(request, what, to);
        if let Some((member, facility)) = facility {
            bills.cancel_later(member, facility, settlement);
        }
    }

    /// Submits when there is room; what the engine calls it.
    fn submit(&mut self, request: Request, what: What, to: To) -> u64 {
        while self.on_their_way >= self.in_flight {
            self.receive();
        }
        let back = Back { to, asked: Instant::now(), sender: self.sender.clone() };
        self.on_their_way += 1;
        match self.engine.admission().submit(request, what, back) {
            Ok(number) => number,
            Err(not_taken) => {
                panic!("no more is on its way than a queue holds: {:?}", not_taken.why)
            }
        }
    }

    fn wait_for_all(&mut self) {
        while self.on_their_way > 0 {
            self.receive();
        }
    }

    fn receive(&mut self) {
        let Came { to, took, answer } = self.receiver.recv().expect("this day sends too");
        self.on_their_way -= 1;
        let Answer::Done(_, record) = answer.expect("the engine runs") else {
            panic!("nothing is asked twice, and all of it leaves a record")
        };
        match to {
            To::Registration => {}
            To::Bill(kind, lines, total, cancelled) => {
                self.waits.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                self.bytes.take(lines, &record);
                let seq = book::seq_of(&record);
                self.book.settled(kind, lines, total, (seq, cancelled), &record);
            }
            To::Cancellation => self.book.other(&record),
        }
    }

    fn journal(&self) -> JournalMeasures {
        self.engine.measures().journal
    }

    /// The ledger's accounts.
    pub(crate) fn accounts(&self) -> Accounts {
        let shards = self.engine.admission().look_at_all(Accounts::of);
        Accounts::sum(shards.expect("the engine runs"))
    }

    /// Stops the engine; its state.
    pub(crate) fn stop(self) -> StateHash {
        self.engine.stop().expect("a clean stop").0
    }
}
