//! The pipeline with shards that only remember, on disks in memory that wait, fail and lose: order, durability before
//! answers, refusals, and every way to stop.

mod answers;
mod crash;
mod stages;
mod stops;
mod toy;
