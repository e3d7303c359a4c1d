//! What every struct made from the table can do: be read from a row, and show its fields to a visitor.

use crate::row::Row;
use crate::table::{Field, Node};
use crate::value::Value;

/// A struct made from the table.
pub trait Record<'a>: Sized {
    /// Its node of the table.
    const NODE: &'static Node;

    /// Reads it; `None` where a fault was noted.
    fn read(row: Row<'_, '_, 'a>) -> Option<Self>;

    /// Shows its fields in the order of the text.
    fn visit<V: Visit>(&self, to: &mut V);
}

/// What is shown the fields of a record, one after the other.
pub trait Visit {
    /// A value.
    fn value<T: Value>(&mut self, field: &'static Field, value: &T);
    /// A value that may be absent.
    fn optional<T: Value>(&mut self, field: &'static Field, value: &Option<T>);
    /// An object.
    fn one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &R);
    /// An object that may be absent.
    fn maybe_one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &Option<R>);
    /// Rows.
    fn many<'a, R: Record<'a>>(&mut self, field: &'static Field, records: &[R]);
}
