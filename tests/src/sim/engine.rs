//! The engine without its threads: the same recovery, shards, stages and tickets, and between them queues that the simulator
//! empties in whatever order its seed says.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use yidan_journal::storage::memory::Memory;
use yidan_journal::{Durable, JournalError, Places};
use yidan_pipeline::engine::Opened;
use yidan_pipeline::family::{Asking, Families, Next, Tag};
use yidan_pipeline::fold::Recovered;
use yidan_pipeline::shard::{Answer, Ask, LedgerShard, Outcome};
use yidan_pipeline::{
    Ending, JournalStage, Parcel, Reply, SettleStage, Shard, Stopped, Submitted, Tickets,
};
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::Request;
use yidan_settlement::ledger::{RequestKey, StateHash, shard_of};

use super::Planted;

/// Outcomes in the order in which they were sent, each with whom it is to. Nothing comes from an engine that died.
pub(super) type Mail = Rc<RefCell<Vec<(To, Outcome)>>>;

/// Whom an answer is to.
#[derive(Clone, Debug)]
pub(super) enum To {
    /// A client, by the tag of its attempt.
    Attempt(u64),
    /// An errand to family accounts.
    Errand(Tag),
    /// Nobody: what a start has ended.
    Nobody,
}

/// Parcels of a shard: few, so that shards come to wait for the journal.
const PARCELS: usize = 4;

/// Puts an outcome into the mail.
pub(super) struct Post {
    to: To,
    mail: Mail,
}

impl Reply<Outcome> for Post {
    fn send(self, outcome: Result<Outcome, Stopped>) {
        if let Ok(outcome) = outcome {
            self.mail.borrow_mut().push((self.to, outcome));
        }
    }
}

/// A shard of the ledger, and the fault planted in it.
pub(super) struct PlantedShard {
    shard: LedgerShard<Memory>,
    planted: Planted,
    /// Whose command is decided, where it is a client's.
    tag: Option<u64>,
    mail: Mail,
}

impl Shard for PlantedShard {
    type Command = (Option<u64>, Ask);
    type Answer = Outcome;

    fn step(&mut self, (tag, mut ask): (Option<u64>, Ask), record: &mut Vec<u8>) -> Outcome {
        self.tag = tag;
        if let (Planted::KeysForgotten, Ask::Command(command, key)) = (self.planted, &mut ask)
            && let Some(tag) = tag
            && !command.concerns_all()
        {
            // Every copy of a request is a request of its own.
            command.request.msgid = format!("{} {tag}", command.request.msgid).into();
            *key = RequestKey::of_command(command);
        }
        self.shard.step(ask, record)
    }

    fn foresee<'c>(&mut self, commands: impl Iterator<Item = &'c Self::Command> + Clone) {
        self.shard.foresee(commands.map(|(_, ask)| ask));
    }

    fn numbered(&mut self, number: u64, outcome: &mut Outcome) {
        self.shard.numbered(number, outcome);
        if let (Planted::AnsweredEarly, Outcome::Answer(Answer::Done(number, bytes))) =
            (self.planted, outcome)
            && let Some(tag) = self.tag
        {
            let early = Outcome::Answer(Answer::Done(*number, bytes.clone()));
            self.mail.borrow_mut().push((To::Attempt(tag), early));
        }
    }
}

/// Commands that wait for a shard.
type Queue = VecDeque<Submitted<(Option<u64>, Ask), Outcome, Post>>;

/// A running engine.
pub(super) struct Engine {
    ending: Arc<Ending>,
    queues: Vec<Queue>,
    stages: Vec<SettleStage<PlantedShard, Post>>,
    emptied: Vec<Vec<Parcel<Outcome, Post>>>,
    lanes: Vec<VecDeque<Parcel<Outcome, Post>>>,
    journal: JournalStage<Memory, Outcome, Post>,
    places: Places,
    next_seq: u64,
    recovered: Recovered,
    room: usize,
    mail: Mail,
    families: Families<u64>,
    /// What errands have yet to ask.
    asked: VecDeque<(Tag, Asking)>,
}

impl Engine {
    /// What was opened, with queues of so much room.
    pub(super) fn new(
        opened: Opened<Memory>,
        planted: Planted,
        room: usize,
        mail: &Mail,
    ) -> Engine {
        let Opened { shards, writer, ends, next_seq, recovered, .. } = opened;
        let (count, places) = (shards.len(), writer.places().clone());
        let tickets = Arc::new(Tickets::after(&writer));
        let stage = |shard| {
            let shard = PlantedShard { shard, planted, tag: None, mail: Rc::clone(mail) };
            SettleStage::new(shard, &tickets)
        };
        let parcels = |shard| (0..PARCELS).map(|_| Parcel::new(shard)).collect();
        let mut engine = Engine {
            ending: Arc::new(Ending::new()),
            queues: (0..count).map(|_| VecDeque::new()).collect(),
            stages: shards.into_iter().map(stage).collect(),
            emptied: (0..count).map(parcels).collect(),
            lanes: (0..count).map(|_| VecDeque::new()).collect(),
            journal: JournalStage::new(writer, count),
            places,
            next_seq,
            recovered,
            room,
            mail: Rc::clone(mail),
            families: Families::default(),
            asked: VecDeque::new(),
        };
        let ends = if planted == Planted::HoldsForgotten { Vec::new() } else { ends };
        for (owner, what) in ends {
            let shard = shard_of(&owner, engine.shards());
            let request = Request { psn_no: owner, ..Request::default() };
            let command = engine.stamp(request, what, 0);
            engine.put(shard, To::Nobody, Ask::of(command));
        }
        engine
    }

    fn stamp(&mut self, request: Request, what: What, time_ms: u64) -> Command {
        let request = Request { digest: what.digest(), ..request };
        Command { seq: self.take_seq(&what), time_ms, request, what, shares: None }
    }

    pub(super) fn shards(&self) -> usize {
        self.stages.len()
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// The number that the next command gets.
    pub(super) fn take_seq(&mut self, what: &What) -> u64 {
        self.next_seq += what.numbers();
        self.next_seq - what.numbers()
    }

    /// Puts a command into the queue of its member's shard; `None` where that is full.
    pub(super) fn submit(&mut self, tag: u64, command: Command) -> Option<usize> {
        let shard = shard_of(&command.request.psn_no, self.shards());
        (self.queues[shard].len() < self.room).then(|| {
            self.put(shard, To::Attempt(tag), Ask::of(command));
            shard
        })
    }

    /// Puts a command into the queue of every shard.
    pub(super) fn submit_to_all(&mut self, tag: u64, command: &Command) {
        (0..self.shards())
            .for_each(|shard| self.put(shard, To::Attempt(tag), Ask::of(command.clone())));
    }

    /// Takes an outcome that is no client's, or that tells what a client's command needs; gives what clients are to be told.
    pub(super) fn heard(&mut self, to: To, outcome: Outcome) -> Vec<(u64, Answer)> {
        let mut next = Vec::new();
        match (to, outcome) {
            (To::Attempt(tag), Outcome::Needs(command, needs)) => {
                self.families.needed(command, needs, tag, &mut next);
            }
            (To::Attempt(tag), outcome) => return vec![(tag, outcome.into_answer())],
            (To::Errand(tag), outcome) => self.families.answered(tag, Ok(outcome), &mut next),
            (To::Nobody, outcome) => {
                assert!(matches!(outcome.into_answer(), Answer::Done(_, _)), "it is ended");
            }
        }
        let mut told = Vec::new();
        for one in next {
            match one {
                Next::Ask(tag, asking) => self.asked.push_back((tag, asking)),
                Next::Answer(tag, answer) => told.push((tag, answer)),
            }
        }
        told
    }

    /// Asks the next thing that errands have to ask, where the queue has room; says of whom.
    pub(super) fn ask_errand(&mut self, time_ms: u64) -> Option<String> {
        let (_, asking) = self.asked.front()?;
        let shard = asking.shard(self.shards());
        if self.queues[shard].len() >= self.room {
            return None;
        }
        let (tag, asking) = self.asked.pop_front()?;
        let said = format!("{tag:?} asks shard {shard} for {}", asking.psn_no());
        let ask = asking.ask(|request, what| self.stamp(request, what, time_ms));
        self.put(shard, To::Errand(tag), ask);
        Some(said)
    }

    /// Whether something is held of an account, and is durable.
    pub(super) fn holds_something(&self) -> bool {
        let ledgers = self.stages.iter().map(|stage| stage.shard().shard.ledger());
        let durable = self.places.records().end;
        ledgers.flat_map(|ledger| ledger.holds()).any(|(_, held)| held.place < durable)
    }

    /// Whether nothing is on its way, no errand either.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_idle() && self.families.is_idle()
    }

    fn put(&mut self, shard: usize, to: To, ask: Ask) {
        let tag = if let To::Attempt(tag) = to { Some(tag) } else { None };
        let reply = Post { to, mail: Rc::clone(&self.mail) };
        let ask = (tag, ask);
        self.queues[shard].push_back(Submitted::new(ask, reply, &self.ending));
    }

    /// Lets a shard take up to so many commands off its queue and decide what it has taken, as far as a parcel has room; says how many it
    /// took.
    pub(super) fn settle(&mut self, shard: usize, most: usize) -> usize {
        let (queue, stage) = (&mut self.queues[shard], &mut self.stages[shard]);
        if queue.is_empty() && !stage.has_taken() {
            return 0;
        }
        let Some(mut parcel) = self.emptied[shard].pop() else { return 0 };
        let before = queue.len();
        let mut more = most;
        let next = || {
            more = more.checked_sub(1)?;
            queue.pop_front()
        };
        stage.step(next, &mut parcel);
        self.lanes[shard].push_back(parcel);
        before - self.queues[shard].len()
    }

    /// Brings the oldest parcel of a shard to the journal, where there is one.
    pub(super) fn hand_over(&mut self, shard: usize) -> bool {
        let parcel = self.lanes[shard].pop_front();
        parcel.map(|parcel| self.journal.take(parcel)).is_some()
    }

    /// Writes and syncs one batch, and answers.
    pub(super) fn journal(&mut self, time_ms: u64) -> Result<Option<Durable>, JournalError> {
        let written = self.journal.step(time_ms)?;
        for parcel in self.journal.emptied() {
            self.emptied[parcel.shard()].push(parcel);
        }
        Ok(written)
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
            && !self.stages.iter().any(SettleStage::has_taken)
            && self.lanes.iter().all(VecDeque::is_empty)
            && self.journal.is_idle()
    }

    /// The hash of the state that is served from.
    pub(super) fn hash(&self) -> StateHash {
        StateHash::of(self.stages.iter().map(|stage| stage.shard().shard.ledger()))
    }

    /// Seals the journal.
    pub(super) fn stop(self, time_ms: u64) -> Result<(), JournalError> {
        self.journal.seal(time_ms).map(drop)
    }
}
