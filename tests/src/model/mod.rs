//! The naive model of a settlement: policy text and case are read here once more, every row is
//! tried for every case, and
//! all is computed in exact fractions. Slow and obvious; it shares no code with the engine it is
//! compared with.

mod bands;
mod case;
mod catalogue;
mod compare;
mod condition;
mod date;
mod exact;
mod facts;
mod fields;
mod lines;
mod machine;
mod pack;
mod print;
mod refusal;
mod rows;
mod settle;
mod shrink;
mod slots;
mod tier;
mod year;

pub use catalogue::{Catalogue, Class, Edit, Look, Period, Restriction, Test, Then};
pub use compare::{REFUSAL_NUMBERS, compare};
pub use exact::{Exact, Fen, yuan};
pub use lines::LineParts;
pub use machine::{Part, Parts, TierRow};
pub use pack::Pack;
pub use print::printed;
pub use refusal::Refusal;
pub use settle::{Bill, Outcome, broken_identities, settle, settle_with};
pub use shrink::{Engine, Failure, check, shrink};
pub use slots::{Place, Slots};
