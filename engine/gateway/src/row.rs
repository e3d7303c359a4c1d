//! One object of a message on its way to a struct: a slot for each field of its node, holding what came for it.

use std::borrow::Cow;

use crate::fault::{Came, Wrong};
use crate::reading::Reading;
use crate::record::Record;
use crate::scan::plain;
use crate::table::{Field, Kind, Node, When};
use crate::tolerance::Tolerance;
use crate::value::ReadValue;
use crate::walk;

/// An object whose fields were found, none of them read yet.
pub struct Row<'r, 'p, 'a> {
    pub(crate) reading: &'r mut Reading<'p>,
    pub(crate) node: &'static Node,
    pub(crate) slots: &'r [Option<&'a str>],
}

/// What came for a field.
pub(crate) struct Leaf<'a> {
    /// As it stands in the message.
    pub(crate) raw: &'a str,
    pub(crate) form: Form<'a>,
}

/// The kinds of JSON, `null` and what stands for it apart.
pub(crate) enum Form<'a> {
    Text(Cow<'a, str>),
    Number(&'a str),
    Boolean(bool),
    Object,
    Array,
}

impl Form<'_> {
    /// It as the wrong kind for a field.
    pub(crate) fn came(&self, field: &Field) -> Came {
        match self {
            Form::Text(text) => Came::of(text, field),
            Form::Number(text) => Came::of(text, field),
            Form::Boolean(_) => Came::Boolean,
            Form::Object => Came::Object,
            Form::Array => Came::Array,
        }
    }
}

impl<'a> Row<'_, '_, 'a> {
    /// A value that must be there.
    pub(crate) fn required<T: ReadValue<'a>>(&mut self, at: usize) -> Option<T> {
        let field = self.field(at);
        match self.leaf(at)? {
            Some(leaf) => T::read(leaf, self.reading, field),
            None => {
                self.reading.fault(Some(field), Wrong::Missing);
                None
            }
        }
    }

    /// A value that may be absent, unless something requires it.
    pub(crate) fn optional<T: ReadValue<'a>>(&mut self, at: usize) -> Option<Option<T>> {
        let field = self.field(at);
        match self.leaf(at)? {
            Some(leaf) => T::read(leaf, self.reading, field).map(Some),
            None if field.required || self.is_called_for(field.when) => {
                let borne = self.reading.profile.bears(Tolerance::MissingField);
                if field.may_be_absent && borne {
                    self.reading.bear(Tolerance::MissingField, Some(field));
                    return Some(None);
                }
                self.reading.fault(Some(field), Wrong::Missing);
                None
            }
            None => Some(None),
        }
    }

    /// An object that must be there.
    pub(crate) fn one<T: Record<'a>>(&mut self, at: usize) -> Option<T> {
        match self.maybe_one(at)? {
            Some(record) => Some(record),
            None => {
                let field = self.field(at);
                self.reading.fault(Some(field), Wrong::Missing);
                None
            }
        }
    }

    /// An object that may be absent.
    pub(crate) fn maybe_one<T: Record<'a>>(&mut self, at: usize) -> Option<Option<T>> {
        let field = self.field(at);
        let Some(leaf) = self.leaf(at)? else { return Some(None) };
        match leaf.form {
            Form::Object => walk::object(leaf.raw, self.reading).map(Some),
            Form::Array => self.reading.inside(T::NODE, None, |reading| {
                let mut rows: Vec<T> = walk::rows(leaf.raw, reading)?;
                if rows.len() != 1 {
                    reading.fault(None, Wrong::OtherKind(Came::Array));
                    return None;
                }
                reading.bear(Tolerance::ObjectAsArray, None).then(|| rows.pop())
            }),
            Form::Text(_) | Form::Number(_) | Form::Boolean(_) => {
                self.reading.fault(Some(field), Wrong::OtherKind(leaf.form.came(field)));
                None
            }
        }
    }

    /// Rows: at least one where they are required.
    pub(crate) fn many<T: Record<'a>>(&mut self, at: usize) -> Option<Vec<T>> {
        let field = self.field(at);
        let rows = match self.leaf(at)? {
            None => Vec::new(),
            Some(leaf) => match leaf.form {
                Form::Array => walk::rows(leaf.raw, self.reading)?,
                Form::Object => {
                    let borne = self.reading.inside(T::NODE, None, |reading| {
                        reading.bear(Tolerance::RowAsObject, None)
                    });
                    let row = walk::row(leaf.raw, Some(1), self.reading)?;
                    if !borne {
                        return None;
                    }
                    vec![row]
                }
                Form::Text(_) | Form::Number(_) | Form::Boolean(_) => {
                    self.reading.fault(Some(field), Wrong::OtherKind(leaf.form.came(field)));
                    return None;
                }
            },
        };
        if rows.is_empty() && field.required && !self.reading.of_answer {
            if field.may_be_absent && self.reading.profile.bears(Tolerance::MissingField) {
                self.reading.bear(Tolerance::MissingField, Some(field));
            } else {
                self.reading.fault(Some(field), Wrong::Missing);
                return None;
            }
        }
        Some(rows)
    }

    fn field(&self, at: usize) -> &'static Field {
        &self.node.fields[at]
    }

    /// What came for a field: `Some(None)` where nothing did, `None` where a fault was noted.
    fn leaf(&mut self, at: usize) -> Option<Option<Leaf<'a>>> {
        let field = self.field(at);
        let Some(raw) = self.slots.get(at).copied().flatten() else { return Some(None) };
        let form = match raw.as_bytes().first() {
            Some(b'"') => match text(raw) {
                Some(text) => Form::Text(text),
                None => {
                    let came = Came::of(raw, field);
                    self.reading.fault(Some(field), Wrong::OtherKind(came));
                    return None;
                }
            },
            Some(b'{') => Form::Object,
            Some(b'[') => Form::Array,
            Some(b't') => Form::Boolean(true),
            Some(b'f') => Form::Boolean(false),
            Some(b'n') | None => return Some(None),
            Some(_) => Form::Number(raw),
        };
        if let Form::Text(text) = &form {
            let bare = bare(text);
            if bare.is_empty() {
                return Some(None);
            }
            if is_null_word(bare) {
                return self.reading.bear(Tolerance::NullWord, Some(field)).then_some(None);
            }
        }
        Some(Some(Leaf { raw, form }))
    }

    fn is_called_for(&self, when: When) -> bool {
        match when {
            When::Never => false,
            When::Equals(at, code) => {
                let said = self.said(at);
                said.is_some_and(|said| without_noughts(&said) == without_noughts(code))
            }
            When::Present(at) => self.said(at).is_some(),
            When::Absent(at) => self.said(at).is_none(),
        }
    }

    /// What another field says, noting nothing.
    fn said(&self, at: usize) -> Option<Cow<'a, str>> {
        debug_assert!(matches!(self.field(at).kind, Kind::Text(_) | Kind::Serial(_)));
        let raw = self.slots.get(at).copied().flatten()?;
        let text = if raw.starts_with('"') { text(raw)? } else { Cow::Borrowed(raw) };
        let bare = bare(&text);
        (!bare.is_empty() && !is_null_word(bare)).then_some(text)
    }
}

/// A text of JSON, lent where nothing in it is escaped.
pub(crate) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if plain(inside.as_bytes()) == inside.len() {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
}

/// A text without the blanks around it. Most have none and are told so by their ends.
pub(crate) fn bare(text: &str) -> &str {
    let is_letter = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_letter(bytes.first()) && is_letter(bytes.last()) { text } else { text.trim() }
}

/// A code without blanks around it and without the noughts it begins with.
fn without_noughts(code: &str) -> &str {
    code.trim().trim_start_matches('0')
}

/// Of a text without blanks around it.
fn is_null_word(bare: &str) -> bool {
    matches!(bare, "null" | "NULL")
}
