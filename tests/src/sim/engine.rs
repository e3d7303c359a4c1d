//! The engine without its threads: the same recovery, shards, stages and tickets, and between them queues that the simulator
//! empties in whatever order its seed says.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use yidan_journal::storage::memory::Memory;
use yidan_journal::{Durable, JournalError, Places};
use yidan_pipeline::engine::{Opened, Recovered};
use yidan_pipeline::shard::{Answer, Ask, LedgerShard};
use yidan_pipeline::{
    Ending, JournalStage, Parcel, Reply, SettleStage, Shard, Stopped, Submitted, Tickets,
};
use yidan_settlement::command::{Command, What};
use yidan_settlement::ledger::{RequestKey, StateHash, shard_of};

use super::Planted;

/// Answers in the order in which they were sent, each with the tag of its command. Nothing comes from an engine that died.
pub(super) type Mail = Rc<RefCell<Vec<(u64, Answer)>>>;

/// Parcels of a shard: few, so that shards come to wait for the journal.
const PARCELS: usize = 4;

/// Puts an answer into the mail.
pub(super) struct Post {
    tag: u64,
    mail: Mail,
}

impl Reply<Answer> for Post {
    fn send(self, answer: Result<Answer, Stopped>) {
        if let Ok(answer) = answer {
            self.mail.borrow_mut().push((self.tag, answer));
        }
    }
}

/// A shard of the ledger, and the fault planted in it.
pub(super) struct PlantedShard {
    shard: LedgerShard<Memory>,
    planted: Planted,
    tag: u64,
    mail: Mail,
}

impl Shard for PlantedShard {
    type Command = (u64, Ask);
    type Answer = Answer;

    fn step(&mut self, (tag, mut ask): (u64, Ask), record: &mut Vec<u8>) -> Answer {
        self.tag = tag;
        if let (Planted::KeysForgotten, Ask::Command(command, key)) = (self.planted, &mut ask)
            && !command.concerns_all()
        {
            // Every copy of a request is a request of its own.
            command.request.msgid = format!("{} {tag}", command.request.msgid).into();
            *key = RequestKey::of_command(command);
        }
        self.shard.step(ask, record)
    }

    fn numbered(&mut self, number: u64, answer: &mut Answer) {
        self.shard.numbered(number, answer);
        if let (Planted::AnsweredEarly, Answer::Done(number, bytes)) = (self.planted, answer) {
            self.mail.borrow_mut().push((self.tag, Answer::Done(*number, bytes.clone())));
        }
    }
}

/// Commands that wait for a shard.
type Queue = VecDeque<Submitted<(u64, Ask), Answer, Post>>;

/// A running engine.
pub(super) struct Engine {
    ending: Arc<Ending>,
    queues: Vec<Queue>,
    stages: Vec<SettleStage<PlantedShard, Post>>,
    emptied: Vec<Vec<Parcel<Answer, Post>>>,
    lanes: Vec<VecDeque<Parcel<Answer, Post>>>,
    journal: JournalStage<Memory, Answer, Post>,
    places: Places,
    next_seq: u64,
    recovered: Recovered,
    room: usize,
    mail: Mail,
}

impl Engine {
    /// What was opened, with queues of so much room.
    pub(super) fn new(
        opened: Opened<Memory>,
        planted: Planted,
        room: usize,
        mail: &Mail,
    ) -> Engine {
        let Opened { shards, writer, next_seq, recovered, .. } = opened;
        let (count, places) = (shards.len(), writer.places().clone());
        let tickets = Arc::new(Tickets::after(&writer));
        let stage = |shard| {
            let shard = PlantedShard { shard, planted, tag: 0, mail: Rc::clone(mail) };
            SettleStage::new(shard, &tickets)
        };
        let parcels = |shard| (0..PARCELS).map(|_| Parcel::new(shard)).collect();
        Engine {
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
        }
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
            self.put(shard, tag, command);
            shard
        })
    }

    /// Puts a command into the queue of every shard.
    pub(super) fn submit_to_all(&mut self, tag: u64, command: &Command) {
        (0..self.shards()).for_each(|shard| self.put(shard, tag, command.clone()));
    }

    fn put(&mut self, shard: usize, tag: u64, command: Command) {
        let reply = Post { tag, mail: Rc::clone(&self.mail) };
        let ask = (tag, Ask::of(command));
        self.queues[shard].push_back(Submitted::new(ask, reply, &self.ending));
    }

    /// Lets a shard decide up to so many commands into one parcel; says how many it did.
    pub(super) fn settle(&mut self, shard: usize, most: usize) -> usize {
        let queue = &mut self.queues[shard];
        let before = queue.len();
        if before == 0 {
            return 0;
        }
        let Some(mut parcel) = self.emptied[shard].pop() else { return 0 };
        let first = queue.pop_front().expect("it is not empty");
        let mut more = most.saturating_sub(1);
        let next = || {
            more = more.checked_sub(1)?;
            queue.pop_front()
        };
        self.stages[shard].step(first, next, &mut parcel);
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
