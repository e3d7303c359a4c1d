//! Writes records as JSON: amounts as numbers with all their decimals, dates as texts, what is absent as `null`.

use crate::record::{Record, Visit};
use crate::table::Field;
use crate::value::Value;

/// Appends a record as an object, or as an array where it is one.
pub(crate) fn write<'a, R: Record<'a>>(record: &R, to: &mut Vec<u8>) {
    Writer::wrap(to, R::NODE.is_bare(), |writer| record.visit(writer));
}

/// Appends a text as JSON.
pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    serde_json::to_writer(to, text).expect("a text is written into memory");
}

/// The fields of one object, as they are shown.
pub(crate) struct Writer<'t> {
    to: &'t mut Vec<u8>,
    bare: bool,
    first: bool,
}

impl Writer<'_> {
    pub(crate) fn wrap(to: &mut Vec<u8>, bare: bool, inside: impl FnOnce(&mut Writer<'_>)) {
        if !bare {
            to.push(b'{');
        }
        inside(&mut Writer { to: &mut *to, bare, first: true });
        if !bare {
            to.push(b'}');
        }
    }

    fn key(&mut self, field: &Field) {
        if self.bare {
            return;
        }
        if !self.first {
            self.to.push(b',');
        }
        self.first = false;
        // Names of the table are letters, digits and underscores.
        self.to.push(b'"');
        self.to.extend_from_slice(field.name.as_bytes());
        self.to.extend_from_slice(b"\":");
    }
}

impl Visit for Writer<'_> {
    fn value<T: Value>(&mut self, field: &'static Field, value: &T) {
        self.key(field);
        value.write(self.to);
    }

    fn optional<T: Value>(&mut self, field: &'static Field, value: &Option<T>) {
        self.key(field);
        match value {
            Some(value) => value.write(self.to),
            None => self.to.extend_from_slice(b"null"),
        }
    }

    fn one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &R) {
        self.key(field);
        write(record, self.to);
    }

    fn maybe_one<'a, R: Record<'a>>(&mut self, field: &'static Field, record: &Option<R>) {
        self.key(field);
        match record {
            Some(record) => write(record, self.to),
            None => self.to.extend_from_slice(b"null"),
        }
    }

    fn many<'a, R: Record<'a>>(&mut self, field: &'static Field, records: &[R]) {
        self.key(field);
        self.to.push(b'[');
        for (at, record) in records.iter().enumerate() {
            if at > 0 {
                self.to.push(b',');
            }
            write(record, self.to);
        }
        self.to.push(b']');
    }
}
