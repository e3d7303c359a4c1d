//! What the `yidan` program is made of: reading cases, binding them to packs and images, settling, and printing.
//! Strings end in `bind`; nothing here computes money.

pub mod answer;
pub mod asked;
pub mod audit;
pub mod bind;
pub mod case;
mod certificate;
pub mod clerk;
pub mod commands;
pub mod demo;
pub mod explain_json;
pub mod explain_text;
pub mod facts;
pub mod grounds;
pub mod input;
mod notes;
pub mod serve;
pub mod shown;
pub mod slots;
pub mod statement;
pub mod table;
pub mod text;
pub mod told;

pub use yidan_pipeline::world;
