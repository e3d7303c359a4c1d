//! Load on the national interface, as hospitals make it: an open loop, every answer verified, reports that a planner can read.
//! It speaks HTTP like a stranger and knows nothing of the engine.

pub mod report;
pub mod result;
