//! What a policy file says before its tiers: `[pack]`, `[dates]`, `[year]`, `[cause]`, `[approvals]`; and that the two together
//! are whole.

use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{SlotId, SourceId};
use yidan_settlement::pack::{
    CauseRule, Causes, Distance, Filing, GoverningDates, Governs, PackData, SecondDeductible,
    YearRule,
};

use super::declared::{self, Known};
use super::names::unknown;
use super::read::{Node, Value};

/// Everything but the tiers and accounts; `data` has no editions yet.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) data: PackData,
    pub(super) known: Known,
    /// What parts of the heading rest on, by their names in [`super::ledger`].
    pub(super) grounds: Vec<(&'static str, SourceId)>,
    /// The line of `[pack]`.
    pub(super) line: u32,
}

impl Heading {
    /// What the pack calls a slot.
    pub(super) fn slot_name(&self, id: SlotId) -> &str {
        self.data.slots.get(id.index()).map_or("", |slot| slot.id.as_str())
    }
}

pub(super) const FILINGS: [(&str, Filing); 3] = [
    ("emergency", Filing::Emergency),
    ("referral", Filing::Referral),
    ("residence", Filing::Residence),
];

const GOVERNS: [(&str, Governs); 3] = [
    ("discharge", Governs::Discharge),
    ("admission", Governs::Admission),
    ("settlement", Governs::Settlement),
];

/// Reads all but tiers and accounts.
pub(super) fn read(root: &Node<'_>, digest: [u8; 32]) -> Heading {
    let mut data = empty(digest);
    let tables = ["pack", "dates", "year", "cause", "approvals"].map(|key| root.table(key));
    let [of_pack, of_dates, of_year, of_cause, of_approvals] = &tables;
    match of_pack {
        Some(node) => pack(node, &mut data),
        None if !root.has("pack") => root.sink.error(0, "the file needs a table [pack]".to_owned()),
        None => {}
    }
    data.dates = of_dates.as_ref().map(dates).unwrap_or_default();
    data.year = of_year.as_ref().map(year).unwrap_or_default();
    data.causes = of_cause.as_ref().map(causes).unwrap_or_default();
    let at = of_pack.as_ref().map_or(0, |node| node.at);
    let known = declared::read(root, at, &mut data);
    data.approvals_of =
        of_approvals.as_ref().map(|node| approvals(node, &known)).unwrap_or_default();
    let mut grounds = Vec::new();
    for (table, key, parts) in [
        (of_pack, "off_region_source", ["off_region_from"].as_slice()),
        (of_pack, "filings_source", &["filings"]),
        (of_dates, "source", &["dates"]),
        (of_year, "source", &["year"]),
        (of_cause, "source", &["work_injury", "third_party", "accident_without_filing"]),
        (of_approvals, "source", &["approvals"]),
    ] {
        let source = table.as_ref().and_then(|node| node.get(key));
        let Some(source) = source.and_then(|value| known.sources.find(root.sink, value)) else {
            continue;
        };
        root.sink.source_used(source);
        grounds.extend(parts.iter().map(|part| (*part, SourceId::new(source))));
    }
    tables.iter().flatten().for_each(Node::finish);
    Heading { data, known, grounds, line: root.sink.line(at) }
}

/// A span from the keys `from` and `to` of a table; open where one is absent.
pub(super) fn span(node: &Node<'_>) -> Span {
    let from = node.get("from").and_then(Value::day);
    let to = node.get("to");
    let to_day = to.and_then(Value::day);
    let span = Span { from: from.unwrap_or(Day::MIN), to: to_day.unwrap_or(Day::MAX) };
    if let (Some(to), true) = (to, span.from >= span.to) {
        let message = format!("the span from {} to {} holds no day", span.from, span.to);
        node.sink.unexpected(to.at(), message, "`to` after `from`: it is the first day outside");
    }
    span
}

fn pack(node: &Node<'_>, data: &mut PackData) {
    let text = |key| node.need(key).and_then(Value::name).unwrap_or("").to_owned();
    data.pool = text("pool");
    data.title = text("title");
    let divisions = node.need("divisions");
    data.divisions = divisions.map(prefixes).unwrap_or_default();
    let listed = divisions.filter(|value| value.is_list());
    if let (Some(value), true) = (listed, data.divisions.is_empty()) {
        let help = "write [\"\"] for a pool that every division belongs to".to_owned();
        node.sink.mendable(value.at(), "the pool has no divisions".to_owned(), "", help);
    }
    data.city = node.get("city").map_or_else(|| data.divisions.clone(), prefixes);
    data.province = node.get("province").map(prefixes).unwrap_or_default();
    for key in ["from", "to"] {
        if !node.has(key) {
            node.sink.error(node.at, format!("[pack] needs `{key}`"));
        }
    }
    data.span = span(node);
    let distances =
        [("city", Distance::City), ("province", Distance::Province), ("away", Distance::Away)];
    let off_region = node.get("off_region_from").and_then(|value| value.choice(&distances));
    data.off_region_from = off_region.unwrap_or(Distance::Away);
    for value in node.need("filings").map(Value::items).unwrap_or_default() {
        let Some(filing) = value.choice(&FILINGS) else { continue };
        if data.filings.contains(&filing) {
            node.sink.error(value.at(), "a filing is listed twice".to_owned());
        }
        data.filings.push(filing);
    }
    let catalogues = [("insured", false), ("treatment", true)];
    let manual = node.get("manual_catalogue").and_then(|value| value.choice(&catalogues));
    data.manual_takes_treatment_catalogue = manual.unwrap_or(false);
    data.example = node.get("example").and_then(Value::truth).unwrap_or(false);
}

/// Division codes or prefixes of them.
fn prefixes(value: Value<'_>) -> Vec<String> {
    let mut read: Vec<String> = Vec::new();
    for item in value.items() {
        let Some(text) = item.text() else { continue };
        if text.len() > 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!("\"{text}\" is not a division code or a prefix of one");
            value.sink.unexpected(item.at(), message, "at most six digits");
        } else if read.iter().any(|other| other == text) {
            value.sink.error(item.at(), format!("\"{text}\" is listed twice"));
        }
        read.push(text.to_owned());
    }
    read
}

fn dates(node: &Node<'_>) -> GoverningDates {
    let day = |key| node.get(key).and_then(|value| value.choice(&GOVERNS)).unwrap_or_default();
    GoverningDates {
        pack: day("pack"),
        identity: day("identity"),
        filing: day("filing"),
        approval: day("approval"),
        cover: day("cover"),
        age: day("age"),
    }
}

#[derive(Copy, Clone, PartialEq)]
enum Rule {
    Discharge,
    Split,
    Cut,
}

#[derive(Copy, Clone)]
enum Second {
    Nought,
    Full,
    NoughtFrom,
}

fn year(node: &Node<'_>) -> YearRule {
    let rules = [("discharge", Rule::Discharge), ("split", Rule::Split), ("cut", Rule::Cut)];
    let rule = node.get("rule").map_or(Some(Rule::Discharge), |value| value.choice(&rules));
    let scope = [("all", false), ("ending", true)];
    let cut_for = node.get("cut_for");
    let only_when_ending = cut_for.and_then(|value| value.choice(&scope)).unwrap_or(false);
    let seconds = [
        ("nought", Second::Nought),
        ("full", Second::Full),
        ("nought_if_admitted_from", Second::NoughtFrom),
    ];
    let deductible = node.get("second_deductible");
    let chosen = deductible.and_then(|value| value.choice(&seconds));
    let from = node.get("second_from");
    match rule {
        Some(Rule::Cut) => {}
        Some(other) => {
            for value in [cut_for, deductible, from].into_iter().flatten() {
                let message = "this is said only of `rule = \"cut\"`".to_owned();
                node.sink.error(value.at(), message);
            }
            return if other == Rule::Split { YearRule::Split } else { YearRule::Discharge };
        }
        None => return YearRule::Discharge,
    }
    if deductible.is_none() {
        node.sink
            .error(node.at, "[year] with `rule = \"cut\"` needs `second_deductible`".to_owned());
    }
    let second = match (chosen, from) {
        (Some(Second::NoughtFrom), Some(value)) => month_and_day(value),
        (Some(Second::NoughtFrom), None) => {
            let message = "`nought_if_admitted_from` needs `second_from`, such as \"12-01\"";
            node.sink.error(node.at, message.to_owned());
            SecondDeductible::Full
        }
        (other, from) => {
            if let Some(value) = from {
                let message = "`second_from` is said only of `nought_if_admitted_from`".to_owned();
                node.sink.error(value.at(), message);
            }
            match other {
                Some(Second::Nought) => SecondDeductible::Nought,
                Some(Second::Full | Second::NoughtFrom) | None => SecondDeductible::Full,
            }
        }
    };
    YearRule::Cut { only_when_ending, second }
}

/// `"12-01"`, a day that some year has.
fn month_and_day(value: Value<'_>) -> SecondDeductible {
    let Some(text) = value.text() else { return SecondDeductible::Full };
    // 2000 is a leap year: every month and day that any year has is one of it.
    let day = Some(text).filter(|text| text.len() == 5);
    let Some(day) = day.and_then(|text| Day::parse(&format!("2000-{text}"))) else {
        let message = format!("\"{text}\" is not a month and day");
        value.sink.unexpected(value.at(), message, "month and day, such as \"12-01\"");
        return SecondDeductible::Full;
    };
    let civil = day.civil();
    let small = |n: i32| u8::try_from(n).expect("months and days are below 32");
    SecondDeductible::NoughtFrom { month: small(civil.month), day: small(civil.day) }
}

fn causes(node: &Node<'_>) -> Causes {
    let rules = [("refuse", CauseRule::Refuse), ("own", CauseRule::Own)];
    let rule = |key| node.get(key).and_then(|value| value.choice(&rules)).unwrap_or_default();
    Causes {
        work_injury: rule("work_injury"),
        third_party: rule("third_party"),
        accident_without_filing: rule("accident_without_filing"),
    }
}

/// The diseases whose approvals count, as coordinates of conditions on the disease.
fn approvals(node: &Node<'_>, known: &Known) -> Vec<u16> {
    let mut of: Vec<u16> = Vec::new();
    let Some(list) = node.need("of") else { return of };
    for value in list.each() {
        let Some(text) = value.text() else { continue };
        let found = known.diseases.position(text).map(|index| index.saturating_add(2));
        let Some(coordinate) = found.or((text == "other").then_some(1)) else {
            let names: Vec<&str> = known.diseases.list().chain(["other"]).collect();
            unknown(node.sink, value.at(), known.diseases.kind, text, &names);
            continue;
        };
        if of.contains(&coordinate) {
            node.sink.error(value.at(), format!("\"{text}\" is listed twice"));
        }
        of.push(coordinate);
    }
    of
}

fn empty(digest: [u8; 32]) -> PackData {
    PackData {
        pool: String::new(),
        title: String::new(),
        example: false,
        span: Span::ALWAYS,
        divisions: Vec::new(),
        city: Vec::new(),
        province: Vec::new(),
        off_region_from: Distance::Away,
        filings: Vec::new(),
        manual_takes_treatment_catalogue: false,
        dates: GoverningDates::default(),
        year: YearRule::default(),
        causes: Causes::default(),
        sources: Vec::new(),
        schemes: Vec::new(),
        covers: Vec::new(),
        persons: Vec::new(),
        person_types: Vec::new(),
        identities: Vec::new(),
        identity_types: Vec::new(),
        contributions: Vec::new(),
        diseases: Vec::new(),
        disease_codes: Vec::new(),
        disease_groups: Vec::new(),
        disease_group_names: Vec::new(),
        approvals_of: Vec::new(),
        line_kinds: Vec::new(),
        line_tags: Vec::new(),
        benefits: Vec::new(),
        visit_types: Vec::new(),
        slots: Vec::new(),
        editions: Vec::new(),
        digest,
    }
}
