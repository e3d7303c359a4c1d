//! The content of a request: its values in one form, whatever they were written as, and the digest that its key keeps.
//!
//! A record is its present fields, each the number the table gives it and its value, and a nought. A text is its length and
//! its bytes; an amount, a quantity, a price, a number the eight bytes of its units; a day four; rows their count. Absent
//! fields leave nothing, so a field added to the table changes no digest of a request without it.

use crate::record::{Record, Visit};
use crate::table::Field;
use crate::value::{Value, put_length};
use crate::wire::Request;

/// 128 bits of the BLAKE3 of a content, as the ledger keeps it.
pub type Digest = [u8; 16];

/// The form below; another one would be another number.
const FORM: u8 = 1;

/// The digest of a request: the number of its transaction, without its letter, and its values.
pub fn content(request: &Request<'_>) -> Digest {
    let mut put = Put { to: Vec::with_capacity(512) };
    put.to.push(FORM);
    put.to.extend_from_slice(&request.transaction().entry().number.to_le_bytes());
    request.visit(&mut put);
    blake3::hash(&put.to).as_bytes().first_chunk().copied().unwrap_or_default()
}

struct Put {
    to: Vec<u8>,
}

impl Put {
    fn number(&mut self, field: &Field) {
        put_length(field.no.into(), &mut self.to);
    }

    fn record<'a, R: Record<'a>>(&mut self, record: &R) {
        record.visit(self);
        self.to.push(0);
    }
}

impl Visit for Put {
    fn value<T: Value>(&mut self, field: &'static Field, value: &T) {
        self.number(field);
        value.put(&mut self.to);
    }

    fn optional<T: Value>(&mut self, field: &'static Field, value: &Option<T>) {
        if let Some(value) = value {
            self.value(field, value);
        }
    }

    fn one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &R) {
        self.number(field);
        self.record(record);
    }

    fn maybe_one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &Option<R>) {
        if let Some(record) = record {
            self.one(field, record);
        }
    }

    fn many<'a, R: Record<'a>>(&mut self, field: &'static Field, records: &[R]) {
        if records.is_empty() {
            return;
        }
        self.number(field);
        put_length(records.len(), &mut self.to);
        for record in records {
            self.record(record);
        }
    }
}
