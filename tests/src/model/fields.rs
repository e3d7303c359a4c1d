//! Reading TOML tables key by key for the naive model; what nobody asked for is an unknown key and
//! an error.

use toml::{Table, Value};

use super::date::Date;
use super::exact::{Exact, Fen, fen, percent};

/// The keys of one table that were not read yet.
pub(crate) struct Fields {
    what: String,
    table: Table,
}

/// A value as text: strings as they stand, numbers and booleans as they are written.
fn plain(value: &Value) -> Option<String> {
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_integer().map(|n| n.to_string()))
        .or_else(|| value.as_bool().map(|b| b.to_string()))
}

impl Fields {
    pub(crate) fn new(what: &str, table: Table) -> Fields {
        Fields { what: what.to_owned(), table }
    }

    fn wrong(&self, key: &str) -> String {
        format!("{}: the value of `{key}` is not of its form", self.what)
    }

    /// A key's value read by `read`.
    fn take<T>(
        &mut self,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| self.wrong(key)),
        }
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        self.take(key, |v| v.as_str().map(str::to_owned))
    }

    pub(crate) fn needed(&mut self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{}: `{key}` is missing", self.what))
    }

    pub(crate) fn word(&mut self, key: &str, default: &str) -> Result<String, String> {
        Ok(self.text(key)?.unwrap_or_else(|| default.to_owned()))
    }

    pub(crate) fn flag(&mut self, key: &str) -> Result<Option<bool>, String> {
        self.take(key, Value::as_bool)
    }

    pub(crate) fn int(&mut self, key: &str) -> Result<Option<i128>, String> {
        self.take(key, |v| v.as_integer().map(i128::from))
    }

    pub(crate) fn fen(&mut self, key: &str) -> Result<Option<Fen>, String> {
        self.take(key, |v| fen(v.as_str()?))
    }

    pub(crate) fn rate(&mut self, key: &str) -> Result<Option<Exact>, String> {
        self.take(key, |v| percent(v.as_str()?.trim_start_matches('+')))
    }

    pub(crate) fn date(&mut self, key: &str) -> Result<Option<Date>, String> {
        self.take(key, |v| Date::read(v.as_str()?))
    }

    /// One value or a list of them, as texts.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, String> {
        self.take(key, |v| match v.as_array() {
            Some(values) => values.iter().map(plain).collect(),
            None => plain(v).map(|one| vec![one]),
        })
    }

    /// Whether a key's value is a string.
    pub(crate) fn is_word(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(Value::is_str)
    }

    /// Whether a key's value is a table.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(Value::is_table)
    }

    pub(crate) fn table(&mut self, key: &str) -> Result<Option<Fields>, String> {
        let what = format!("{}.{key}", self.what);
        Ok(self.take(key, |v| v.as_table().cloned())?.map(|table| Fields { what, table }))
    }

    /// An array of tables, empty when the key is absent.
    pub(crate) fn tables(&mut self, key: &str) -> Result<Vec<Fields>, String> {
        let what = format!("{}.{key}", self.what);
        let tables: Vec<Table> = self
            .take(key, |v| v.as_array()?.iter().map(|t| t.as_table().cloned()).collect())?
            .unwrap_or_default();
        let numbered = tables.into_iter().enumerate();
        Ok(numbered.map(|(n, table)| Fields { what: format!("{what}[{n}]"), table }).collect())
    }

    /// An error when a key is left that nobody read.
    pub(crate) fn end(self) -> Result<(), String> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{}: unknown key `{key}`", self.what)),
        }
    }

    pub(crate) fn error<T>(&self, text: &str) -> Result<T, String> {
        Err(format!("{}: {text}", self.what))
    }

    /// What kind of table this is and where it stands.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }
}
