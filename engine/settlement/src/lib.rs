//! The domain of yidan: a claim goes in, one bill comes out. Pure: no file, no clock, no thread, no float.
//!
//! The modules follow the way of a claim; none imports a later one, or one beside it:
//! `limits`, `date`, `id` ← `money` ← `apportion`, `catalogue`, `reason` ← `pack` ← `claim` ← `admit` ← `price` ← `tiers` ← `bill` ← `invariant` ← `settle` ← `explain`, `facts` ←
//! `stored`, `bind` ← `event` ← `command` ← `ledger`.

#![no_std]

extern crate alloc;

pub mod admit;
pub mod apportion;
pub mod bill;
pub mod bind;
pub mod catalogue;
pub mod claim;
pub mod command;
pub mod date;
pub mod event;
pub mod explain;
pub mod facts;
pub mod id;
pub mod invariant;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod pack;
pub mod price;
pub mod reason;
pub mod settle;
pub mod stored;
pub mod tiers;
