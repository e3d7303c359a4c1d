//! Load on the national interface, as hospitals make it: an open loop, every answer verified, reports that a planner can read.
//! It speaks HTTP like a stranger and knows nothing of the engine.

#![expect(clippy::float_arithmetic, reason = "rates and times; money is whole fen")]

pub mod answers;
pub mod arrivals;
pub mod books;
pub mod capacity;
pub mod drive;
pub mod fen;
pub mod host;
pub mod inputs;
pub mod load;
pub mod machine;
pub mod metrics;
pub mod mix;
pub mod office;
pub mod people;
pub mod record;
pub mod report;
pub mod result;
pub mod scenario;
pub mod search;
pub mod sign;
pub mod town;
pub mod visit;
pub mod wire;
