//! The harness: golden cases, the naive model, end-to-end runs.

pub mod golden;
pub mod model;
pub mod random;
pub mod sim;
pub mod spoilt;
pub mod town;
