//! Load on the national interface, as hospitals make it: an open loop, every answer verified, reports that a planner can read.
//! It speaks HTTP like a stranger and knows nothing of the engine.

#![expect(clippy::float_arithmetic, reason = "rates and times; money is whole fen")]

pub mod answers;
pub mod arrivals;
pub mod fen;
pub mod mix;
pub mod result;
pub mod sign;
pub mod town;
