//! The tree of a policy file, read with typed accessors that report what is wrong and go on.
//! A table remembers which keys it was asked for; the others are unknown keys.

use std::cell::RefCell;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use yidan_settlement::date::Day;
use yidan_settlement::money::{AmountError, Fen, Rate, decimal};

use super::finding::Sink;
use super::names::{nearest, quoted};

/// A table of the file.
pub(super) struct Node<'a> {
    pub(super) sink: &'a Sink<'a>,
    /// How messages name it: `[pack]`, `[[tier.cap]]`.
    pub(super) name: String,
    /// Where it begins.
    pub(super) at: usize,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value under a key.
#[derive(Copy, Clone)]
pub(super) struct Value<'a> {
    pub(super) sink: &'a Sink<'a>,
    key: &'static str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Node<'a> {
    pub(super) fn root(sink: &'a Sink<'a>, table: &'a DeTable<'a>) -> Node<'a> {
        Node { sink, name: "the file".to_owned(), at: 0, table, asked: RefCell::default() }
    }

    /// The value under a key, if any.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key).map(|value| Value { sink: self.sink, key, value })
    }

    /// The value under a key; its absence is an error.
    pub(super) fn need(&self, key: &'static str) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.sink.error(self.at, format!("{} needs `{key}`", self.name));
        }
        value
    }

    /// Whether the key is written, without counting it as asked for.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The table under a key.
    pub(super) fn table(&self, key: &'static str) -> Option<Node<'a>> {
        self.get(key)?.table(format!("[{key}]"))
    }

    /// The tables of an array of tables, in order; `name` as messages show it.
    pub(super) fn tables(&self, key: &'static str, name: &str) -> Vec<Node<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.value.get_ref() else {
            let expected = format!("tables under {name} headers");
            value.wrong::<()>(&expected);
            return Vec::new();
        };
        let tables = items.iter().map(|value| Value { sink: self.sink, key, value });
        tables.filter_map(|value| value.table(name.to_owned())).collect()
    }

    /// Reports every key that nothing asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            let text: &str = key.get_ref();
            if asked.contains(&text) {
                continue;
            }
            let mut known = asked.clone();
            known.sort_unstable();
            known.dedup();
            let message = format!("unknown key `{text}` in {}", self.name);
            let help = match nearest(text, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.sink.mendable(key.span().start, message, "", help);
        }
    }
}

impl<'a> Value<'a> {
    /// Where it stands.
    pub(super) fn at(self) -> usize {
        self.value.span().start
    }

    /// Any text.
    pub(super) fn text(self) -> Option<&'a str> {
        let DeValue::String(text) = self.value.get_ref() else { return self.wrong("a string") };
        Some(text)
    }

    /// A text that is not empty.
    pub(super) fn name(self) -> Option<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.sink.error(self.at(), format!("`{}` is empty", self.key));
            return None;
        }
        Some(text)
    }

    pub(super) fn truth(self) -> Option<bool> {
        let DeValue::Boolean(truth) = self.value.get_ref() else {
            return self.wrong("true or false, without quotes");
        };
        Some(*truth)
    }

    /// A whole number up to a bound.
    pub(super) fn whole(self, most: u16) -> Option<u16> {
        let expected = format!("a whole number from 0 to {most}, without quotes");
        let DeValue::Integer(number) = self.value.get_ref() else {
            return self.wrong(&expected);
        };
        let whole = u16::from_str_radix(number.as_str(), number.radix()).ok();
        let whole = whole.filter(|whole| *whole <= most);
        if whole.is_none() {
            self.bad(&number.to_string(), "is out of range", &expected);
        }
        whole
    }

    /// An amount in yuan, not below nought.
    pub(super) fn amount(self) -> Option<Fen> {
        let expected = "an amount in yuan with at most two decimals, such as \"1500.00\"";
        let DeValue::String(text) = self.value.get_ref() else { return self.wrong(expected) };
        let fen = decimal(text).and_then(Fen::from_yuan);
        let fen = fen.and_then(|fen| match fen.is_negative() {
            true => Err(AmountError::OutOfRange),
            false => Ok(fen),
        });
        fen.map_err(|error| self.bad(&format!("\"{text}\""), &is(error), expected)).ok()
    }

    /// A ratio from 0 to 100 %.
    pub(super) fn rate(self) -> Option<Rate> {
        let expected = "a ratio from 0% to 100% with at most two decimals, such as \"85%\"";
        let parts = self.percent(expected, 0, 10_000)?;
        u16::try_from(parts).ok().and_then(Rate::new)
    }

    /// A percentage in parts per ten thousand, between bounds.
    pub(super) fn percent(self, expected: &str, least: i64, most: i64) -> Option<i64> {
        let DeValue::String(text) = self.value.get_ref() else { return self.wrong(expected) };
        let parsed = parts(text).and_then(|parts| match (least..=most).contains(&parts) {
            true => Ok(parts),
            false => Err(AmountError::OutOfRange),
        });
        parsed.map_err(|error| self.bad(&format!("\"{text}\""), &is(error), expected)).ok()
    }

    pub(super) fn day(self) -> Option<Day> {
        let expected = "a date such as \"2024-01-01\", in quotes";
        let DeValue::String(text) = self.value.get_ref() else { return self.wrong(expected) };
        let day = Some(text).filter(|text| text.len() == 10).and_then(|text| Day::parse(text));
        if day.is_none() {
            self.bad(&format!("\"{text}\""), "is not a date", expected);
        }
        day
    }

    /// The date of a document: a day, a month or a year.
    pub(super) fn date_of_document(self) -> Option<String> {
        let expected = "the document's year, month or day: \"2024\", \"2024-01\", \"2024-01-01\"";
        let text = self.name()?;
        let day = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            _ => text.to_owned(),
        };
        if day.len() != 10 || Day::parse(&day).is_none() {
            self.bad(&format!("\"{text}\""), "is not a date", expected);
            return None;
        }
        Some(text.to_owned())
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(self, words: &[(&'static str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let DeValue::String(text) = self.value.get_ref() else {
            return self.wrong(&format!("one of {}", quoted(&known)));
        };
        let found = words.iter().find(|(word, _)| word == text);
        if found.is_none() {
            let message = format!("`{}` cannot be \"{text}\"", self.key);
            let expected = format!("one of {}", quoted(&known));
            match nearest(text, &known) {
                Some(near) => {
                    let help = format!("did you mean \"{near}\"?");
                    self.sink.mendable(self.at(), message, &expected, help);
                }
                None => self.sink.unexpected(self.at(), message, &expected),
            }
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// The value itself, or the items of a list that is not empty.
    pub(super) fn each(self) -> Vec<Value<'a>> {
        let DeValue::Array(items) = self.value.get_ref() else { return vec![self] };
        if items.is_empty() {
            self.sink.error(self.at(), format!("`{}` is an empty list", self.key));
        }
        self.items()
    }

    /// The items of a list, perhaps none.
    pub(super) fn items(self) -> Vec<Value<'a>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            self.wrong::<()>("a list");
            return Vec::new();
        };
        items.iter().map(|value| Value { sink: self.sink, key: self.key, value }).collect()
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self.value.get_ref(), DeValue::Array(_))
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// A table, named for messages.
    pub(super) fn table(self, name: String) -> Option<Node<'a>> {
        let Value { sink, .. } = self;
        let DeValue::Table(table) = self.value.get_ref() else { return self.wrong("a table") };
        Some(Node { sink, name, at: self.at(), table, asked: RefCell::default() })
    }

    fn wrong<T>(self, expected: &str) -> Option<T> {
        let is = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.sink.unexpected(self.at(), format!("`{}` is {is}", self.key), expected);
        None
    }

    fn bad(self, written: &str, is: &str, expected: &str) {
        self.sink.unexpected(self.at(), format!("`{}`: {written} {is}", self.key), expected);
    }
}

fn is(error: AmountError) -> String {
    match error {
        AmountError::NotANumber => "is not a plain decimal number".to_owned(),
        AmountError::TooManyDecimals(most) => format!("has more than {most} decimals"),
        AmountError::OutOfRange => "is out of range".to_owned(),
    }
}

/// `"85%"`, `"+2.5%"`, `"-10%"` in parts per ten thousand.
fn parts(text: &str) -> Result<i64, AmountError> {
    let number = text.strip_suffix('%').ok_or(AmountError::NotANumber)?;
    let percent = decimal(number.strip_prefix('+').unwrap_or(number))?.normalize();
    if percent.scale() > 2 {
        return Err(AmountError::TooManyDecimals(2));
    }
    let parts = percent.checked_mul(Decimal::ONE_HUNDRED).ok_or(AmountError::OutOfRange)?;
    parts.to_i64().ok_or(AmountError::OutOfRange)
}
