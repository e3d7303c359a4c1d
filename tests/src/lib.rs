//! The harness: golden cases, the naive model, random cases, a town of clients, the simulator.

pub mod family;
pub mod golden;
pub mod model;
pub mod proxy;
pub mod random;
pub mod sim;
pub mod spoilt;
pub mod town;
