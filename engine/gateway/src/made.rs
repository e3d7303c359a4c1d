//! What the structs made from the table are written in.

pub(crate) use yidan_settlement::date::{Day, Moment};
pub(crate) use yidan_settlement::money::{Fen, Price, Quantity};

pub(crate) use crate::record::{Record, Visit};
pub(crate) use crate::row::Row;
pub(crate) use crate::table::{Field, Kind, Node, When};
pub(crate) use crate::value::{FileBytes, Raw, Scaled, Text};
