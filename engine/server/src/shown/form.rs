//! A form: what is said of a record, put down once and written in two ways, as lines for people and as the members of a JSON object.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use yidan_gateway::table::Codes;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::money::Fen;

use crate::text::{Side, Table, left, money, width};

/// Columns of a line, unless one thing alone takes more.
const COLUMNS: usize = 120;

/// Columns of a label, with the blanks before it.
const LABEL: usize = 16;

/// Lines, and the members of an object that say the same.
#[derive(Debug, Default)]
pub(super) struct Form {
    lines: Vec<String>,
    members: Vec<(&'static str, Box<RawValue>)>,
    /// Who asked, until the title is there that it stands under.
    asked: Option<Facts>,
}

/// A value, as people read it and as JSON has it.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// A text.
    Text(String),
    /// A code of the national tables, which people read with its label.
    Code(&'static str, String),
    /// An amount in yuan.
    Money(Fen),
    /// A whole number.
    Number(u64),
    /// `0` or `1`; people read its words where it is set.
    Flag(bool),
    /// Texts.
    Texts(Vec<String>),
    /// The number that a visit, a settlement or a filing is called by: a text to the platform.
    Id(u64),
    /// A word for programs, and words for people.
    Named(&'static str, &'static str),
    /// A text for programs, and a shorter or longer one for people; where that is empty they read nothing.
    Shown(String, String),
    /// More about it, in an object of its own.
    Within(Facts),
    /// Said to be none.
    None,
}

/// Something said: the name of its field, its words, its value.
#[derive(Debug, Clone)]
struct Fact {
    field: &'static str,
    words: &'static str,
    said: Said,
}

/// What is said of one thing, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts(Vec<Fact>);

/// A row of a table: its cells for people, and its object.
#[derive(Debug)]
pub(super) struct Row {
    cells: Vec<String>,
    object: Box<RawValue>,
}

/// Heads of the columns of a table.
pub(super) type Heads<'h> = &'h [(&'h str, Side)];

impl Said {
    fn text(&self) -> String {
        match self {
            Said::Text(text) => text.clone(),
            Said::Code(table, code) => coded(table, code),
            Said::Money(amount) => money(*amount),
            Said::Number(number) => number.to_string(),
            Said::Flag(_) => String::new(),
            Said::Texts(texts) => texts.join(" "),
            Said::Id(number) => number.to_string(),
            Said::Named(_, words) => (*words).to_owned(),
            Said::Shown(_, shown) => shown.clone(),
            Said::Within(facts) => facts.texts().join(" "),
            Said::None => "none".to_owned(),
        }
    }
}

/// A code with its label, where the national table has it.
pub(super) fn coded(table: &str, code: &str) -> String {
    match Codes::named(table).and_then(|codes| codes.label(code)) {
        Some(label) => format!("{code} {label}"),
        None => code.to_owned(),
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Said::Text(text) | Said::Code(_, text) => to.serialize_str(text),
            Said::Money(amount) => to.collect_str(amount),
            Said::Number(number) => to.serialize_u64(*number),
            Said::Flag(set) => to.serialize_str(if *set { "1" } else { "0" }),
            Said::Texts(texts) => texts.serialize(to),
            Said::Id(number) => to.collect_str(number),
            Said::Named(name, _) => to.serialize_str(name),
            Said::Shown(text, _) => to.serialize_str(text),
            Said::Within(facts) => facts.serialize(to),
            Said::None => to.serialize_none(),
        }
    }
}

impl Facts {
    /// Nothing yet.
    pub(super) fn new() -> Facts {
        Facts::default()
    }

    /// With one more.
    pub(super) fn with(mut self, field: &'static str, words: &'static str, said: Said) -> Facts {
        self.0.push(Fact { field, words, said });
        self
    }

    /// With a text.
    pub(super) fn text(
        self,
        field: &'static str,
        words: &'static str,
        text: impl ToString,
    ) -> Facts {
        self.with(field, words, Said::Text(text.to_string()))
    }

    /// With an amount.
    pub(super) fn money(self, field: &'static str, words: &'static str, amount: Fen) -> Facts {
        self.with(field, words, Said::Money(amount))
    }

    /// With a code of the table that its field has.
    pub(super) fn code(
        self,
        field: &'static str,
        words: &'static str,
        code: impl ToString,
    ) -> Facts {
        self.with(field, words, Said::Code(field, code.to_string()))
    }

    /// With a whole number.
    pub(super) fn number(self, field: &'static str, words: &'static str, number: u64) -> Facts {
        self.with(field, words, Said::Number(number))
    }

    /// With a flag.
    pub(super) fn flag(self, field: &'static str, words: &'static str, set: bool) -> Facts {
        self.with(field, words, Said::Flag(set))
    }

    /// With what there is only sometimes.
    pub(super) fn some<T>(self, some: Option<T>, with: impl FnOnce(Facts, T) -> Facts) -> Facts {
        match some {
            Some(one) => with(self, one),
            None => self,
        }
    }

    /// With the days of a span that is bounded.
    pub(super) fn span(self, span: Span) -> Facts {
        let from = (span.from != Day::MIN).then_some(span.from);
        let to = (span.to != Day::MAX).then_some(span.to);
        self.some(from, |facts, day| facts.text("from", "from", day))
            .some(to, |facts, day| facts.text("to", "to", day))
    }

    /// Each as people read it; a flag that is not set is not there.
    fn texts(&self) -> Vec<String> {
        let text = |fact: &Fact| {
            if let Said::Flag(set) = fact.said {
                return set.then(|| fact.words.to_owned());
            }
            let said = fact.said.text();
            match (fact.words, said.as_str()) {
                (_, "") => None,
                ("", _) => Some(said),
                (words, _) => Some(format!("{words} {said}")),
            }
        };
        self.0.iter().filter_map(text).collect()
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for fact in &self.0 {
            map.serialize_entry(fact.field, &fact.said)?;
        }
        map.end()
    }
}

impl Row {
    /// A row.
    pub(super) fn new(cells: Vec<String>, object: &impl Serialize) -> Row {
        Row { cells, object: raw(object) }
    }
}

impl Form {
    /// Keeps who asked for under the title.
    pub(super) fn asked(&mut self, facts: Facts) {
        self.asked = Some(facts);
    }

    /// What it is: a word for programs, its words for people, and what it is known by.
    pub(super) fn title(&mut self, what: &'static str, words: &str, facts: Facts) {
        self.object("what", &what);
        let mut texts = facts.texts();
        if let Some(first) = texts.first_mut() {
            first.insert_str(0, &format!("{words}: "));
        } else {
            texts.push(words.to_owned());
        }
        self.lines.extend(filled("", &texts, ", ", 4));
        self.members(facts);
        if let Some(asked) = self.asked.take() {
            self.line_in("asked 请求", "asked", &asked);
        }
    }

    /// A line of facts; none where people would read nothing.
    pub(super) fn line(&mut self, label: &str, facts: Facts) {
        self.words(label, &facts.texts(), ", ");
        self.members(facts);
    }

    /// The same, in an object of its own.
    pub(super) fn line_in(&mut self, label: &str, field: &'static str, facts: &Facts) {
        self.words(label, &facts.texts(), ", ");
        self.object(field, facts);
    }

    /// Some of one kind.
    pub(super) fn items(&mut self, label: &str, field: &'static str, items: &[Facts]) {
        let texts: Vec<String> = items.iter().map(|item| item.texts().join(" ")).collect();
        self.words(label, &texts, "; ");
        self.object(field, &items);
    }

    /// Texts of one kind.
    pub(super) fn texts(&mut self, label: &str, field: &'static str, texts: &[String]) {
        self.words(label, texts, ", ");
        self.object(field, &texts);
    }

    /// A table under its label; the last line sums it up for people.
    pub(super) fn table(
        &mut self,
        label: &str,
        field: &'static str,
        heads: Heads<'_>,
        rows: Vec<Row>,
        last: Option<Vec<String>>,
    ) {
        let objects: Vec<&RawValue> = rows.iter().map(|row| &*row.object).collect();
        self.object(field, &objects);
        if !rows.is_empty() {
            self.grid(label, heads, rows.into_iter().map(|row| row.cells).chain(last).collect());
        }
    }

    /// Cells under their heads, for people alone.
    pub(super) fn grid(&mut self, label: &str, heads: Heads<'_>, rows: Vec<Vec<String>>) {
        let columns: Vec<(Side, usize)> = heads.iter().map(|(_, side)| (*side, 0)).collect();
        let mut table = Table::new(&columns);
        let heads: Vec<String> = heads.iter().map(|(text, _)| (*text).to_owned()).collect();
        table.cells(apart(heads, &format!("{label} ")));
        rows.into_iter().for_each(|cells| table.cells(apart(cells, "  ")));
        self.lines.extend(table.lines(0).iter().map(|line| format!("  {}", line.trim_end())));
    }

    /// Forms within it, each under a heading.
    pub(super) fn parts(&mut self, field: &'static str, parts: &[(String, Form)]) {
        let forms: Vec<&Form> = parts.iter().map(|(_, form)| form).collect();
        self.object(field, &forms);
        for (heading, form) in parts {
            self.lines.push(format!("  {heading}"));
            self.lines.extend(form.lines.iter().map(|line| format!("  {line}")));
        }
    }

    /// A form within it, which people read as if it were of this one.
    pub(super) fn part(&mut self, field: &'static str, form: Form) {
        self.object(field, &form);
        self.lines.extend(form.lines);
    }

    /// For programs alone, as people read it elsewhere.
    pub(super) fn object(&mut self, field: &'static str, value: &impl Serialize) {
        self.members.push((field, raw(value)));
    }

    /// For people alone, as programs read it elsewhere.
    pub(super) fn words(&mut self, label: &str, texts: &[String], between: &str) {
        if !texts.is_empty() {
            self.lines.extend(filled(label, texts, between, LABEL));
        }
    }

    /// The lines. What a client sent may have marks that would end a line or speak to a terminal: they are blanks here.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let bare = |mark: char| if mark.is_control() { ' ' } else { mark };
        self.lines.iter().map(move |line| line.chars().map(bare).collect())
    }

    fn members(&mut self, facts: Facts) {
        self.members.extend(facts.0.into_iter().map(|fact| (fact.field, raw(&fact.said))));
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.members.len()))?;
        for (field, value) in &self.members {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("texts and numbers are always JSON")
}

/// The first cell set in, and a blank before each of the others: a table has one behind or before its longest cells alone.
fn apart(cells: Vec<String>, first: &str) -> Vec<String> {
    let before = |index: usize| if index == 0 { first } else { " " };
    cells.iter().enumerate().map(|(index, cell)| format!("{}{cell}", before(index))).collect()
}

/// Texts beside a label, broken between two of them where a line is full.
fn filled(label: &str, texts: &[String], between: &str, hang: usize) -> Vec<String> {
    let begin = if label.is_empty() { "  ".to_owned() } else { left(&format!("  {label} "), hang) };
    let mut lines = vec![begin];
    let mut fresh = true;
    for (index, text) in texts.iter().enumerate() {
        let mark = if index + 1 < texts.len() { between.trim_end() } else { "" };
        let line = lines.last_mut().expect("there is one from the beginning");
        if !fresh && width(line) + 1 + width(text) + width(mark) > COLUMNS {
            lines.push(" ".repeat(hang));
            fresh = true;
        }
        let line = lines.last_mut().expect("there is one from the beginning");
        if !fresh {
            line.push(' ');
        }
        line.push_str(text);
        line.push_str(mark);
        fresh = false;
    }
    lines
}
