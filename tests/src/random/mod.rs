//! Seeded generators: packs as TOML, catalogues, and sequences of cases as JSON, for running model
//! and engine side by side.

mod bill;
mod catalogue;
mod dice;
mod pack;
mod ratio;
mod tier;
mod world;

pub use bill::{sequence, sequence_of_lines};
pub use catalogue::catalogue;
pub use dice::Dice;
pub use pack::{RandomPack, pack};
pub use world::Features;
