//! Threads and queues: a command is submitted, settled by the one thread of its shard, journaled by one thread for all, and
//! answered when what it did and what it saw is durable. What a command is, threads and queues do not know: see [`Shard`].
//! [`shard`] and [`engine`] put the ledger on them, by the packs and the image of a [`world`]; commands come in by
//! [`admission`]; a start is a [`fold`] of the journal, and [`snapshot`] folds it beside them.
//!
//! ```text
//! Handle::submit ─► queue ─► SettleStage ─► parcels ─► JournalStage ─► Reply::send
//!        │          (each shard: one queue, one thread)    (one thread: push, push, commit: one write, one sync)
//!        └─► Refused: the queue is full, or all has stopped            │
//!                  emptied parcels go back to their shard ◄────────────┘
//! ```
//!
//! What holds, in numbers of records: `replied ≤ durable ≤ applied ≤ admitted`. A write or sync that fails, or a panic, stops
//! everything: whoever waits then is told [`Stopped`], and nothing is tried again.
//!
//! **Record numbers** are tickets from one counter of all shards. A shard's thread takes one when a record was made, before
//! anything else touches the shard; tickets stand in a parcel in the order they were taken, and a parcel is sent before its
//! thread waits for anything. So whichever ticket the journal needs next is at the front of some lane or on its way there,
//! and it merges lanes instead of sorting: no heap, and no more memory than the parcels that exist.
//!
//! **Queues** are bounded `sync_channel`s of the standard library: a sender takes no lock while the receiver runs, and a
//! receiver that finds nothing turns a few times, then sleeps in the kernel, so an idle engine, and one that waits for its
//! disk, take no core. When the receiver goes, what is in the queue or was taken off it is dropped, and so whoever waits for it is told.
//! *Turned down*: the bounded channel of crossbeam, the same algorithm, which keeps what is in it while a sender lives;
//! `ArrayQueue` with parking, the same with the waking written by hand; rings watched by spinning threads, as the
//! disruptor's: with few cores they take the time of the threads they wait for.
//!
//! **Parcels** carry up to [`limits::PARCEL_ENTRIES`] commands from a shard to the journal at once: one wake-up and no
//! allocation for each command, because emptied parcels travel back. There is a bounded number of them; a shard that has
//! none left waits for the disk, its queue fills, and the next command is refused.

pub mod admission;
mod cores;
pub mod engine;
pub mod family;
pub mod fold;
mod handle;
mod journal;
pub mod limits;
pub mod measure;
pub mod memory;
mod parcel;
mod pipeline;
mod records;
mod reply;
mod settle;
pub mod shard;
pub mod snapshot;
mod sync;
pub mod world;

pub use handle::{Handle, Refused, Why};
pub use journal::JournalStage;
pub use parcel::Parcel;
pub use pipeline::{Pipeline, Settings, StartError, Summary, start};
pub use records::Records;
pub use reply::{Call, Ending, Reply, Stopped, Tagged};
pub use settle::{SettleStage, Submitted, Tickets};

/// What one shard does with one command: the stage that a thread runs and the simulator calls.
pub trait Shard {
    /// What is asked.
    type Command;
    /// What is answered.
    type Answer;

    /// Decides one command and applies it. What must survive is appended to `record`, which comes empty; left empty,
    /// nothing is journaled (a read, a pre-settlement, or a stored answer). The answer goes out when everything the shard
    /// has journaled so far is durable.
    ///
    /// A record must fit a batch of the journal (`Limits::payload_bytes`): it is applied already, so one that does not
    /// fit stops everything.
    fn step(&mut self, command: Self::Command, record: &mut Vec<u8>) -> Self::Answer;

    /// Tells the commands that come next, in order, so that what they need can be fetched for all of them at once. Nothing is
    /// decided by it, and nothing may hang on it: a command that comes alone is not told, and one that was told may never be stepped.
    fn foresee<'c>(&mut self, commands: impl Iterator<Item = &'c Self::Command> + Clone)
    where
        Self::Command: 'c,
    {
        let _ = commands;
    }

    /// Tells the number that the record just made has in the journal. It is called right after the step that made a
    /// record, before anything else is asked of the shard; the answer is already made by then.
    fn numbered(&mut self, number: u64, answer: &mut Self::Answer);
}
