//! What the benches share: the reference workload by hand and through the engine, and bills over a catalogue of national size.
//! Seeds are fixed; every bench checks its result.

pub mod bills;
pub mod by_hand;
pub mod dice;
pub mod r1;
