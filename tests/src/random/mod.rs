//! Seeded generators: packs as TOML, catalogues, and sequences of cases as JSON, for running model
//! and engine side by side.

mod bill;
mod catalogue;
mod counter;
mod dice;
mod image;
mod pack;
mod ratio;
mod tier;
mod world;

pub use bill::{sequence, sequence_of_lines};
pub use catalogue::catalogue;
pub use counter::Counter;
pub use dice::Dice;
pub use image::image;
pub use pack::{RandomPack, pack};
pub use world::Features;
