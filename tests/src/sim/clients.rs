//! Clients: each wish is asked for until its outcome is known. A time-out, a lost answer and an engine that died all mean that it
//! is not known.

use std::collections::BTreeMap;

use yidan_settlement::command::{Command, What};
use yidan_settlement::event::Request;

/// What someone wants done.
#[derive(Debug)]
pub struct Wish {
    /// Who asks, and by which key.
    pub request: Request,
    /// For what.
    pub what: What,
    /// Whether the outcome is not known.
    pub open: bool,
    /// The record that tells the outcome, where one does.
    pub place: Option<u64>,
}

/// An answer as it left the engine.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Told {
    /// It happened, and this is its record.
    Done(u64),
    /// It happened before.
    Again(u64),
    /// What a settlement would give.
    PreSettled,
    /// Everything is as it was wished.
    Nothing,
    /// Refused for this reason, and nothing is remembered.
    Refused(u16),
}

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    /// What was wished, in order.
    pub wishes: Vec<Wish>,
    /// Every answer that left an engine, in order, with its wish.
    pub told: Vec<(usize, Told)>,
    /// The bytes of every record that was answered from.
    pub answered: BTreeMap<u64, Vec<u8>>,
    /// The wish of each tag: an attempt to have it done. None stands for what the engine tells its shards by itself.
    attempts: Vec<Option<usize>>,
}

impl Wish {
    /// Whether its answer is remembered by the key of its request.
    pub fn has_key(&self) -> bool {
        self.command().has_key()
    }

    /// Whether every shard is told.
    pub fn concerns_all(&self) -> bool {
        self.command().concerns_all()
    }

    fn command(&self) -> Command {
        let (request, what) = (self.request.clone(), self.what.clone());
        Command { seq: 0, time_ms: 0, request, what, shares: None }
    }
}

impl Clients {
    /// A new wish.
    pub(super) fn wish(&mut self, request: Request, what: What) -> usize {
        self.wishes.push(Wish { request, what, open: true, place: None });
        self.wishes.len() - 1
    }

    /// The tag of another attempt at a wish.
    pub(super) fn attempt(&mut self, wish: Option<usize>) -> u64 {
        self.attempts.push(wish);
        u64::try_from(self.attempts.len() - 1).expect("few")
    }

    /// The wish that an attempt was for.
    pub(super) fn wish_of(&self, tag: u64) -> Option<usize> {
        self.attempts[usize::try_from(tag).expect("few")]
    }

    /// Wishes whose outcome is not known.
    pub(super) fn open(&self) -> Vec<usize> {
        let wishes = self.wishes.iter().enumerate();
        wishes.filter(|(_, wish)| wish.open).map(|(number, _)| number).collect()
    }
}
