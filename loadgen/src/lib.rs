//! Load on the national interface, as hospitals make it: an open loop, every answer verified, reports that a planner can read.
//! It speaks HTTP like a stranger and knows nothing of the engine.

pub mod result;
pub mod sign;
