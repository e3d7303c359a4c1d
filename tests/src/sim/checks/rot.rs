//! Rot of what was whole is never passed over: the engine does not start over it.

use super::Violation;
use crate::sim::disk::Rot;

/// After a start that succeeded, with the bit that had turned over before it.
///
/// # Errors
/// It started over a batch or header that was whole before.
pub(in crate::sim) fn after_start(rot: Option<&Rot>) -> Result<(), Violation> {
    match rot {
        Some(rot) if rot.in_whole => {
            Err(Violation { property: "rot", what: format!("it started over {rot:?}") })
        }
        Some(_) | None => Ok(()),
    }
}
