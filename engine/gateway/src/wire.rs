//! The transactions, their requests and answers, and the tables of codes, as `build/` makes them from `fields/*.csv`.
//! A module a transaction (`t2207`), in it `input` and `output`, in these a struct for each node.

use crate::record::{Record, Visit};
use crate::row::Row;
use crate::table::{Codes, Effect, Entry};

include!(concat!(env!("OUT_DIR"), "/wire.rs"));
