//! A page of text whose rules, tables and pairs all take the same columns.

use crate::text::{Table, centred, cut, left, width, wrapped};

/// Columns of a page, unless a table needs more.
const COLUMNS: usize = 88;

/// Columns of a label of a pair.
const LABEL: usize = 10;

/// What is printed, in order.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    parts: Vec<Piece>,
    pair: Option<(String, String)>,
}

#[derive(Debug)]
enum Piece {
    Rule(char),
    Centred(String),
    Text(String, usize),
    Pairs((String, String), Option<(String, String)>),
    Table(Table),
}

impl Sheet {
    pub(super) fn rule(&mut self, mark: char) {
        self.parts.push(Piece::Rule(mark));
    }

    pub(super) fn centred(&mut self, text: &str) {
        self.parts.push(Piece::Centred(text.to_owned()));
    }

    /// A heading under a rule.
    pub(super) fn heading(&mut self, text: &str) {
        self.rule('-');
        self.text(text, 0);
    }

    /// A paragraph, whose lines after the first begin with `hang` blanks.
    pub(super) fn text(&mut self, text: &str, hang: usize) {
        self.parts.push(Piece::Text(text.to_owned(), hang));
    }

    /// A label with its value; two stand on a line.
    pub(super) fn pair(&mut self, label: &str, value: &str) {
        let pair = (label.to_owned(), value.trim().to_owned());
        match self.pair.take() {
            None => self.pair = Some(pair),
            Some(first) => self.parts.push(Piece::Pairs(first, Some(pair))),
        }
    }

    /// The last pair stands alone where it has no second.
    pub(super) fn end_pairs(&mut self) {
        if let Some(first) = self.pair.take() {
            self.parts.push(Piece::Pairs(first, None));
        }
    }

    pub(super) fn table(&mut self, table: Table) {
        self.parts.push(Piece::Table(table));
    }

    pub(super) fn print(&self) -> String {
        let natural = self.parts.iter().map(|part| match part {
            Piece::Table(table) => table.natural(),
            Piece::Rule(_) | Piece::Centred(_) | Piece::Text(..) | Piece::Pairs(..) => 0,
        });
        let columns = natural.max().unwrap_or(0).max(COLUMNS);
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text.trim_end());
            out.push('\n');
        };
        for part in &self.parts {
            match part {
                Piece::Rule(mark) => line(&mark.to_string().repeat(columns)),
                Piece::Centred(text) => line(&centred(text, columns)),
                Piece::Text(text, hang) => {
                    wrapped(text, columns, *hang).iter().for_each(|text| line(text));
                }
                Piece::Pairs(first, None) => line(&pair(first, columns)),
                Piece::Pairs(first, Some(second)) => {
                    let half = columns / 2;
                    let fits = width(&first.1) + LABEL < half && width(&second.1) + LABEL <= half;
                    if fits {
                        line(&format!("{}{}", left(&pair(first, half), half), pair(second, half)));
                    } else {
                        line(&pair(first, columns));
                        line(&pair(second, columns));
                    }
                }
                Piece::Table(table) => table.lines(columns).iter().for_each(|text| line(text)),
            }
        }
        out
    }
}

fn pair((label, value): &(String, String), columns: usize) -> String {
    format!("{}{}", left(label, LABEL), cut(value, columns.saturating_sub(LABEL)))
}
