//! Conditions of rows: which circumstances a row holds in, each test on one axis.

use yidan_settlement::date::Span;
use yidan_settlement::id::SourceId;
use yidan_settlement::limits;
use yidan_settlement::pack::{Axis, Channel, Distance, Filing, HospitalLevel};

use super::heading::{self, Heading};
use super::names::{Names, unknown};
use super::read::{Node, Value};

/// All tests must hold.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Condition {
    pub(super) tests: Vec<Test>,
}

/// One key of a condition.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Test {
    pub(super) axis: Axis,
    pub(super) of: TestOf,
    /// The key and its values as written, for people.
    pub(super) key: &'static str,
    pub(super) values: Vec<String>,
    /// Where it stands.
    pub(super) at: usize,
}

/// What a test asks of its axis.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) enum TestOf {
    /// One of these coordinates.
    OneOf(Vec<u16>),
    /// One of these covers is held.
    Holds(Vec<u16>),
    /// One of these covers is not held.
    Lacks(Vec<u16>),
    /// This number or more.
    From(u16),
    /// Less than this number.
    Below(u16),
}

/// What every row has besides its value.
#[derive(Clone, Debug)]
pub(super) struct RowHead {
    /// Where the row begins.
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) span: Span,
    pub(super) condition: Condition,
    pub(super) exception: bool,
    pub(super) source: SourceId,
}

/// What `level` means where the condition stands.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(super) enum LevelMeans {
    Care,
    Deductible,
}

const LEVELS: [(&str, HospitalLevel); 4] = [
    ("三级", HospitalLevel::Third),
    ("二级", HospitalLevel::Second),
    ("一级", HospitalLevel::First),
    ("未定级", HospitalLevel::Unrated),
];

const DISTANCES: [(&str, Distance); 4] = [
    ("home", Distance::Home),
    ("city", Distance::City),
    ("province", Distance::Province),
    ("away", Distance::Away),
];

/// Reads span, conditions and source of a row; `exception` only where rows exclude each other.
pub(super) fn head(
    node: &Node<'_>,
    heading: &Heading,
    level: LevelMeans,
    may_be_exception: bool,
) -> RowHead {
    let exception = match may_be_exception {
        true => node.get("exception").and_then(Value::truth).unwrap_or(false),
        false => false,
    };
    let known = &heading.known;
    let source = node.need("source").and_then(|value| known.sources.find(node.sink, value));
    if let Some(source) = source {
        node.sink.source_used(source);
    }
    RowHead {
        at: node.at,
        line: node.sink.line(node.at),
        span: heading::span(node),
        condition: Condition { tests: read(node, heading, level) },
        exception,
        source: SourceId::new(source.unwrap_or(0)),
    }
}

fn read(node: &Node<'_>, heading: &Heading, level: LevelMeans) -> Vec<Test> {
    let known = &heading.known;
    let mut tests = Vec::new();
    let mut one_of = |key: &'static str, axis: Axis, find: &dyn Fn(Value<'_>) -> Found| {
        let Some(value) = node.get(key) else { return };
        if key == "continued" && level == LevelMeans::Deductible && value.is_text() {
            return; // There a text says what the deductible does, not when it holds.
        }
        let mut coordinates = Vec::new();
        let mut words = Vec::new();
        for item in value.each() {
            if let Some((more, word)) = find(item) {
                coordinates.extend(more);
                words.push(word);
            }
        }
        // A value that could not be read was reported; without it the test would say something else.
        if !words.is_empty() {
            let of = TestOf::OneOf(coordinates);
            tests.push(Test { axis, of, key, values: words, at: value.at() });
        }
    };
    let level_axis = match level {
        LevelMeans::Care => Axis::Level,
        LevelMeans::Deductible => Axis::DeductibleLevel,
    };
    one_of("benefit", Axis::Benefit, &|v| named(v, &known.benefits, 0, &[]));
    one_of("scheme", Axis::Scheme, &|v| named(v, &known.schemes, 0, &[]));
    one_of("cvlserv", Axis::CivilServant, &truth);
    one_of("identity", Axis::Identity, &|v| named(v, &known.identities, 1, &["none"]));
    one_of("filing", Axis::Filing, &|v| filing(v, heading));
    one_of("distance", Axis::Distance, &|v| {
        chosen(v, &DISTANCES.map(|(word, distance)| (word, distance.coordinate())))
    });
    one_of("off_region", Axis::Distance, &|v| off_region(v, heading.data.off_region_from));
    one_of("person", Axis::Person, &|v| named(v, &known.persons, 0, &[]));
    one_of("level", level_axis, &|v| {
        chosen(v, &LEVELS.map(|(word, level)| (word, level.coordinate())))
    });
    one_of("contribution", Axis::Contribution, &|v| named(v, &known.contributions, 1, &["none"]));
    one_of("disease", Axis::Disease, &|v| named(v, &known.diseases, 2, &["none", "other"]));
    one_of("disease_group", Axis::Disease, &|v| group(v, heading));
    one_of("accident", Axis::Accident, &truth);
    one_of("pregnancy", Axis::Pregnancy, &truth);
    one_of("birth", Axis::Birth, &one_to_nine);
    one_of("family_planning", Axis::FamilyPlanning, &one_to_nine);
    one_of("continued", Axis::Continued, &truth);
    one_of("channel", Axis::Channel, &|v| {
        chosen(
            v,
            &[("direct", Channel::Direct.coordinate()), ("manual", Channel::Manual.coordinate())],
        )
    });
    tests.extend(covers(node, &known.covers, "holds", TestOf::Holds));
    tests.extend(covers(node, &known.covers, "lacks", TestOf::Lacks));
    for (from, below, axis) in [
        ("age_from", "age_below", Axis::Age),
        ("paid_years_from", "paid_years_below", Axis::PaidYears),
        ("approvals_from", "approvals_below", Axis::Approvals),
        ("fetuses_from", "fetuses_below", Axis::Fetuses),
    ] {
        tests.extend(range(node, from, below, axis));
    }
    tests
}

/// Coordinates of a value and its word.
type Found = Option<(Vec<u16>, String)>;

/// A declared name, its coordinate `first` + index; the reserved words stand before, in order.
fn named(value: Value<'_>, names: &Names, first: u16, reserved: &[&str]) -> Found {
    let text = value.text()?;
    if let Some(index) = reserved.iter().position(|word| *word == text) {
        return Some((vec![u16::try_from(index).ok()?], text.to_owned()));
    }
    match names.position(text) {
        Some(index) => Some((vec![index.saturating_add(first)], text.to_owned())),
        None => {
            let known: Vec<&str> = names.list().chain(reserved.iter().copied()).collect();
            unknown(value.sink, value.at(), names.kind, text, &known);
            None
        }
    }
}

fn chosen(value: Value<'_>, words: &[(&'static str, u16)]) -> Found {
    let coordinate = value.choice(words)?;
    Some((vec![coordinate], value.text()?.to_owned()))
}

fn truth(value: Value<'_>) -> Found {
    let truth = value.truth()?;
    Some((vec![u16::from(truth)], truth.to_string()))
}

fn one_to_nine(value: Value<'_>) -> Found {
    let words = ["none", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mut choices = Vec::new();
    for (coordinate, word) in (0_u16..).zip(words) {
        choices.push((word, coordinate));
    }
    chosen(value, &choices)
}

fn filing(value: Value<'_>, heading: &Heading) -> Found {
    let words = [("none", Filing::None)].into_iter().chain(heading::FILINGS);
    let words: Vec<(&str, Filing)> = words.collect();
    let filing = value.choice(&words)?;
    let text = value.text()?;
    if filing != Filing::None && !heading.data.filings.contains(&filing) {
        let message =
            format!("the filing \"{text}\" never counts: it is not in `filings` of [pack]");
        value.sink.warning(value.at(), message, "list it there, or leave it out here");
    }
    Some((vec![filing.coordinate()], text.to_owned()))
}

fn off_region(value: Value<'_>, from: Distance) -> Found {
    let wanted = value.truth()?;
    let all = DISTANCES.map(|(_, distance)| distance);
    let within = all.into_iter().filter(|distance| (*distance >= from) == wanted);
    Some((within.map(Distance::coordinate).collect(), wanted.to_string()))
}

fn group(value: Value<'_>, heading: &Heading) -> Found {
    let index = heading.known.disease_groups.find(value.sink, value)?;
    let members = (0_u16..).zip(&heading.data.disease_groups);
    let members = members.filter(|(_, group)| **group == index.saturating_add(1));
    let coordinates = members.map(|(disease, _)| disease.saturating_add(2)).collect();
    Some((coordinates, value.text()?.to_owned()))
}

fn covers(
    node: &Node<'_>,
    names: &Names,
    key: &'static str,
    of: fn(Vec<u16>) -> TestOf,
) -> Option<Test> {
    let value = node.get(key)?;
    let found: Vec<u16> =
        value.each().into_iter().filter_map(|item| names.find(node.sink, item)).collect();
    let values = found.iter().map(|index| names.get(*index).to_owned()).collect();
    let any = !found.is_empty();
    any.then(|| Test { axis: Axis::Covers, of: of(found), key, values, at: value.at() })
}

fn range(
    node: &Node<'_>,
    from_key: &'static str,
    below_key: &'static str,
    axis: Axis,
) -> Vec<Test> {
    let mut tests = Vec::new();
    let (from, below) = (node.get(from_key), node.get(below_key));
    let read = |value: Option<Value<'_>>| value.and_then(|value| value.whole(limits::AGE_MAX));
    let (least, first_beyond) = (read(from), read(below));
    if let (Some(value), Some(least)) = (from, least) {
        let (of, values) = (TestOf::From(least), vec![least.to_string()]);
        tests.push(Test { axis, of, key: from_key, values, at: value.at() });
    }
    if let (Some(value), Some(beyond)) = (below, first_beyond) {
        let (of, values) = (TestOf::Below(beyond), vec![beyond.to_string()]);
        tests.push(Test { axis, of, key: below_key, values, at: value.at() });
        if least.unwrap_or(0) >= beyond {
            let message =
                format!("no number is at least {} and below {beyond}", least.unwrap_or(0));
            node.sink.error(value.at(), message);
        }
    }
    tests
}
