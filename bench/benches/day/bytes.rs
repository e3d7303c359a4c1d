//! What a bill takes on disk, and what of it each line takes: by least squares over the lengths of all records in whole numbers, and
//! of some records exactly, field by field.

use yidan_settlement::claim::LineParts;
use yidan_settlement::date::Day;
use yidan_settlement::event::{Event, Record, Settled};
use yidan_settlement::facts::{ChargesFacts, LineFacts, Text};
use yidan_settlement::money::{Fen, Price};
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::LineReasons;
use yidan_settlement::stored::{self, Stored};

use crate::book::decision_in;

/// Of so many bills one is taken apart.
const TAKEN_APART: u64 = 64;

/// Sums of x, y, x², xy for y = a + b·x, where x is lines and y bytes.
#[derive(Default)]
pub(crate) struct Bytes {
    bills: i128,
    lines: i128,
    bytes: i128,
    lines_lines: i128,
    lines_bytes: i128,
    parts: Parts,
}

/// Bytes of the parts of records that were taken apart, by name.
#[derive(Default)]
struct Parts {
    bills: u64,
    lines: u64,
    of_lines: Vec<(&'static str, u64)>,
    of_bills: Vec<(&'static str, u64)>,
}

/// Hundredths of bytes.
#[derive(Copy, Clone)]
pub(crate) struct Hundredths(pub(crate) u64);

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Hundredths(all) = self;
        let tenths = (all + 5) / 10;
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}

impl Bytes {
    /// Takes the record of a bill of so many lines in.
    pub(crate) fn take(&mut self, lines: usize, record: &[u8]) {
        let (x, y) = (lines as i128, record.len() as i128);
        self.bills += 1;
        self.lines += x;
        self.bytes += y;
        self.lines_lines += x * x;
        self.lines_bytes += x * y;
        if self.bills % i128::from(TAKEN_APART) == 1 {
            self.parts.take(record);
        }
    }

    /// Bytes that a bill takes beside its lines, and a line, by least squares; nothing where all bills have as many lines.
    pub(crate) fn line_of_best_fit(&self) -> Option<(Hundredths, Hundredths)> {
        let Bytes { bills, lines, bytes, lines_lines, lines_bytes, .. } = *self;
        let spread = bills * lines_lines - lines * lines;
        let slope = (100 * (bills * lines_bytes - lines * bytes)).checked_div(spread)?;
        let rest = (100 * bytes - slope * lines).checked_div(bills)?;
        Some((hundredths(rest), hundredths(slope)))
    }

    /// The same of those taken apart: what is written for lines and their outcomes, and all else.
    pub(crate) fn taken_apart(&self) -> (Hundredths, Hundredths) {
        let sum = |parts: &[(&str, u64)]| parts.iter().map(|(_, bytes)| bytes).sum::<u64>();
        let Parts { bills, lines, of_lines, of_bills } = &self.parts;
        (
            Hundredths(100 * sum(of_bills) / bills.max(&1)),
            Hundredths(100 * sum(of_lines) / lines.max(&1)),
        )
    }

    /// What is in them, in the mean.
    pub(crate) fn told(&self) -> String {
        let Parts { bills, lines, of_lines, of_bills } = &self.parts;
        let each = |parts: &[(&str, u64)], count: u64| {
            let one = |(name, bytes): &(&str, u64)| {
                format!("{name} {}", Hundredths(100 * bytes / count.max(1)))
            };
            parts.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        format!(
            "of a line: {}\nof a bill: {}\n(means of {bills} records taken apart, {lines} lines)",
            each(of_lines, *lines),
            each(of_bills, *bills)
        )
    }
}

fn hundredths(value: i128) -> Hundredths {
    Hundredths(u64::try_from(value.max(0)).expect("a record's bytes are few"))
}

fn length(of: &impl Stored) -> u64 {
    let mut bytes = Vec::new();
    of.put(&mut bytes);
    bytes.len() as u64
}

impl Parts {
    /// Takes a record apart; one that is no settlement's has none of them.
    fn take(&mut self, bytes: &[u8]) {
        let record: Record = stored::whole(bytes).expect("a record of ours");
        let Event::Settled(settled) = &record.event else { return };
        let quick = decision_in(bytes).expect("it is of a settlement");
        assert_eq!(quick, settled.decision, "the decision is where it is read");
        self.bills += 1;
        self.lines += settled.decision.lines.len() as u64;
        let of_lines = of_lines(settled);
        let of_bill = of_bill(&record, settled);
        let known: u64 = of_lines.iter().chain(&of_bill).map(|(_, bytes)| bytes).sum();
        let rest = ("other", bytes.len() as u64 - known);
        add(&mut self.of_lines, of_lines);
        add(&mut self.of_bills, of_bill.into_iter().chain([rest]));
    }
}

fn add(to: &mut Vec<(&'static str, u64)>, parts: impl IntoIterator<Item = (&'static str, u64)>) {
    for (name, bytes) in parts {
        match to.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += bytes,
            None => to.push((name, bytes)),
        }
    }
}

/// Of each field as many bytes as its lines take less without it: what is as in the line before, takes none.
fn of_lines(settled: &Settled) -> Vec<(&'static str, u64)> {
    let mut parts = Vec::new();
    if let ChargesFacts::Lines(lines) = &settled.charges {
        let without = |clear: fn(&mut LineFacts)| without(lines, clear);
        let named = [
            ("code", without(|line| line.code = Text::default())),
            ("day", without(|line| line.day = Day::new(0))),
            ("days of use", without(|line| line.days = None)),
            // Nought times a quantity is nought, which goes without saying.
            ("price", without(|line| (line.price, line.amount) = (Price::ZERO, Fen::ZERO))),
        ];
        add_with_rest(&mut parts, &named, "quantity, marks, the first serial", length(lines));
    }
    let outcomes = &settled.decision.lines;
    let without = |clear: fn(&mut LineOutcome)| without(outcomes, clear);
    let named = [
        ("outcome's parts", without(|line| line.parts = LineParts::default())),
        ("entry", without(|line| line.entry = None)),
        ("reasons", without(|line| line.reasons = LineReasons::NONE)),
    ];
    add_with_rest(&mut parts, &named, "rest of outcome", length(outcomes));
    parts
}

/// What a list takes more than one whose items were cleared of something.
fn without<T: Stored + Clone>(items: &Vec<T>, clear: fn(&mut T)) -> u64 {
    let mut cleared = items.clone();
    cleared.iter_mut().for_each(clear);
    let less = length(items).checked_sub(length(&cleared));
    less.expect("what goes without saying takes no room")
}

fn add_with_rest(
    parts: &mut Vec<(&'static str, u64)>,
    named: &[(&'static str, u64)],
    rest: &'static str,
    whole: u64,
) {
    let known: u64 = named.iter().map(|(_, bytes)| bytes).sum();
    let rest = (rest, whole.saturating_sub(known));
    add(parts, named.iter().copied().chain([rest]));
}

fn of_bill(record: &Record, settled: &Settled) -> Vec<(&'static str, u64)> {
    let (request, decision) = (&record.request, &settled.decision);
    vec![
        ("asker", length(&request.asker)),
        ("msgid", length(&request.msgid)),
        ("psn_no", length(&request.psn_no)),
        ("digest", 16),
        ("how", length(&settled.how)),
        ("visit's facts", length(&settled.facts)),
        ("slot labels", length(&settled.labels)),
        ("tiers", length(&decision.tiers)),
        ("slot changes", length(&decision.changes)),
        ("slots read", length(&settled.read)),
        ("postings", length(&decision.postings)),
        ("parts of the stay", length(&decision.parts)),
        ("sums of the bill", length(&decision.split) + length(&decision.funds)),
    ]
}
