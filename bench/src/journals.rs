//! Journals and snapshots in memory: records written batch by batch and what a start folds out of them, a ledger written and read.

use std::convert::Infallible;

use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{Limits, Loss, Writer, scan};
use yidan_pipeline::fold::Fold;
use yidan_settlement::ledger::Ledger;
use yidan_settlement::ledger::snapshot::{self, Reading};

/// Records of a batch, about as many as a commit takes under load.
pub const A_BATCH: usize = 16;

const LIMITS: Limits = Limits { segment_bytes: 4 << 20, payload_bytes: 128 << 10, records: 4_096 };

/// A journal without a record, in memory whose syncs do nothing: what is left is what the journal itself does.
///
/// # Panics
/// Where memory cannot be written.
pub fn writer() -> (Memory, Writer<Memory>) {
    let memory = Memory::new();
    memory.plan(Plan { syncs_lie: true, ..Plan::default() });
    let writer = Writer::open(memory.clone(), LIMITS, [7; 16], 1, Loss::Refuse, |_| {});
    (memory, writer.expect("a new journal"))
}

/// Appends one batch of records.
///
/// # Panics
/// Where they do not fit one.
pub fn append(writer: &mut Writer<Memory>, records: &[Vec<u8>]) {
    for record in records {
        writer.push(record).expect("room");
    }
    writer.commit(1).expect("memory can be written");
}

/// A journal of these records, as a clean stop leaves it.
///
/// # Panics
/// Where one of them fits no batch.
pub fn journal_of(records: &[Vec<u8>]) -> Memory {
    let (memory, mut writer) = writer();
    records.chunks(A_BATCH).for_each(|batch| append(&mut writer, batch));
    writer.seal(1).expect("memory can be written");
    memory
}

/// The ledger that a start makes of a journal, on one shard, and of how many records.
///
/// # Panics
/// Where it cannot be read, or is no history of a ledger.
pub fn folded(journal: &Memory) -> (Ledger, u64) {
    let mut fold = Fold::new(1);
    let scan = scan(journal, |batch| fold.batch(batch)).expect("memory can be read");
    assert!(!scan.found.something, "it ends with its seal");
    let (mut ledgers, recovered) = fold.end().expect("every record follows");
    (ledgers.pop().expect("one shard"), recovered.records)
}

/// A ledger as a snapshot has it, in chunks.
pub fn snapshot_of(ledger: &Ledger) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let written = snapshot::write(std::slice::from_ref(ledger), |chunk| {
        chunks.push(chunk.to_vec());
        Ok::<(), Infallible>(())
    });
    let Ok(_) = written;
    chunks
}

/// The ledger of a snapshot.
///
/// # Panics
/// Where these are not the chunks of one.
pub fn of_snapshot(chunks: &[Vec<u8>]) -> Ledger {
    let mut reading = Reading::new(1);
    for chunk in chunks {
        reading.chunk(chunk).expect("rows of ours");
    }
    let (mut shards, _) = reading.end().expect("it is whole");
    shards.pop().expect("one shard")
}
