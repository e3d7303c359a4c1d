//! What the benches share: the reference workload by hand and through the engine, bills over a catalogue of national size, and the
//! same as commands, records, journals and calls.
//! Seeds are fixed. Every bench checks its result: payments against the function by hand, look-ups against what they may touch.

pub mod arguments;
pub mod bills;
pub mod by_hand;
pub mod calls;
pub mod claims;
pub mod dice;
pub mod journals;
pub mod machine;
pub mod office;
pub mod r1;
