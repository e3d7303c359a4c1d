//! The journal alone makes the state that was served from, folded into any number of shards.

use yidan_journal::scan;
use yidan_journal::storage::memory::Memory;
use yidan_pipeline::fold::Fold;
use yidan_settlement::ledger::StateHash;

use super::{Evidence, Violation};

const PROPERTY: &str = "replay";

/// The hash of the state that a journal makes in so many shards.
fn replayed(disk: &Memory, shards: usize) -> Result<StateHash, Violation> {
    let violation = |what| Violation { property: PROPERTY, what };
    let mut fold = Fold::new(shards);
    scan(disk, |batch| fold.batch(batch)).map_err(|error| violation(error.to_string()))?;
    let (ledgers, _) = fold.end().map_err(|error| violation(error.to_string()))?;
    Ok(StateHash::of(ledgers.iter()))
}

fn same(disk: &Memory, shards: usize, live: StateHash) -> Result<(), Violation> {
    let hash = replayed(disk, shards)?;
    let what = || format!("{shards} shards replay to {hash}, the engine has {live}");
    if hash == live { Ok(()) } else { Err(Violation { property: PROPERTY, what: what() }) }
}

/// After a clean stop, for any number of shards.
///
/// # Errors
/// A state that is another.
pub fn after_stop(disk: &Memory, live: StateHash) -> Result<(), Violation> {
    [1, 2, 4].into_iter().try_for_each(|shards| same(disk, shards, live))
}

/// After a restart: the state is that of one shard, however many there are.
///
/// # Errors
/// A state that is another.
pub fn after_restart(evidence: &Evidence<'_>, live: StateHash) -> Result<(), Violation> {
    same(evidence.disk, 1, live)
}
