//! Rot of what was whole is never passed over: the engine does not start over it, unless a snapshot holds what it is in.

use yidan_journal::scan;
use yidan_journal::storage::memory::Memory;

use super::Violation;
use crate::sim::disk::Rot;

/// After a start that succeeded, with the bit that had turned over before it, and the first record that the snapshot it went on
/// from does not hold.
///
/// # Errors
/// It started over a batch or header that was whole before and that no snapshot holds.
pub(in crate::sim) fn after_start(
    rot: &Rot,
    disk: &Memory,
    snapshot: Option<u64>,
) -> Result<(), Violation> {
    if !rot.in_whole {
        return Ok(());
    }
    // Who reads all ends at the damage: it stands behind that record, and before the next whole one.
    let ends = scan(disk, |_| {}).ok().and_then(|scan| scan.tip).map(|tip| tip.next_record);
    if ends.zip(snapshot).is_some_and(|(ends, snapshot)| ends <= snapshot) {
        return Ok(());
    }
    Err(Violation { property: "rot", what: format!("it started over {rot:?}") })
}
