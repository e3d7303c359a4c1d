//! The bounds of the pipeline, each with its reason.

use std::time::Duration;

/// Commands in a parcel at most. A parcel costs its thread one wake-up of the journal and one lock for its measures; by so
/// many, both are nothing beside a step, and deciding them takes less time than a sync.
pub const PARCEL_ENTRIES: usize = 256;

/// Commands, and settlements of a journal being read, whose members are looked up before the first of them is decided or folded in:
/// enough that memory is fetched for several at a time, and few enough that it is still at hand when its turn comes.
pub const AHEAD: usize = 32;

/// How long a shard lets commands gather once it has run dry, where they come so close together that it would be woken for each: a
/// wake-up and the two switches of threads around it cost more than most steps.
pub const GATHER: Duration = Duration::from_micros(50);

/// A command that a shard waited for no longer than this came close behind the one before.
pub const CLOSE: Duration = Duration::from_micros(100);

/// Bytes of records in a parcel after which no further command is put in: a few of them make a batch of the journal.
pub const PARCEL_BYTES: usize = 64 << 10;

/// Parcels of one shard. While one batch of the journal (1 MiB) is synced, the next is gathered, and commands that trickle
/// in singly fill no parcel.
pub const PARCELS: usize = 64;

/// Commands that may wait for a shard, where the settings say nothing: what a shard decides in about 10 ms.
pub const QUEUE: usize = 4_096;

/// Clients that may wait for family accounts; one more is refused. Each waits for four records and as many syncs.
pub const ERRANDS: usize = 4_096;

/// The least and the most that a refused submitter is told to wait.
pub const RETRY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

const _: () =
    assert!(GATHER.as_nanos() <= CLOSE.as_nanos(), "a sleep finds what comes close behind");
const _: () = assert!(PARCELS * PARCEL_BYTES >= 2 * (1 << 20));
const _: () = assert!(PARCELS * PARCEL_ENTRIES >= 2 * 4_096);
