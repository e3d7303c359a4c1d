//! What the benches share: the reference workload by hand and through the engine, and bills over a catalogue of national size.
//! Seeds are fixed. Every bench checks its result: payments against the function by hand, look-ups against what they may touch.

pub mod bills;
pub mod by_hand;
pub mod calls;
pub mod dice;
pub mod machine;
pub mod r1;
