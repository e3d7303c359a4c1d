//! What a shard hands to the journal at once: decided commands in order, their records end to end in one buffer.

use std::time::Instant;

use crate::limits::{PARCEL_BYTES, PARCEL_ENTRIES};
use crate::reply::{Owed, Reply};

/// Decided commands of one shard. Emptied, a parcel goes back to its shard and keeps its memory.
#[derive(Debug)]
pub struct Parcel<A, R: Reply<A>> {
    pub(crate) shard: usize,
    pub(crate) entries: Vec<Entry<A, R>>,
    /// The records of the entries that made one, end to end.
    pub(crate) bytes: Vec<u8>,
}

/// A decided command.
#[derive(Debug)]
pub(crate) struct Entry<A, R: Reply<A>> {
    pub(crate) owed: Owed<A, R>,
    pub(crate) answer: A,
    /// The record it made, if it did.
    pub(crate) record: Option<Numbered>,
    /// When its step began.
    pub(crate) since: Instant,
}

/// A record's number and length.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) bytes: usize,
}

impl<A, R: Reply<A>> Parcel<A, R> {
    /// An empty parcel of a shard.
    pub fn new(shard: usize) -> Parcel<A, R> {
        Parcel { shard, entries: Vec::new(), bytes: Vec::new() }
    }

    /// The shard it belongs to.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// How many commands are in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether another command may be put in.
    pub fn has_room(&self) -> bool {
        self.entries.len() < PARCEL_ENTRIES && self.bytes.len() < PARCEL_BYTES
    }
}
