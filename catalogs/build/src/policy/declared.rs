//! The things a policy file declares for its tiers to speak of: sources, schemes, classes of member, diseases, line kinds,
//! benefits and slots.

use yidan_settlement::catalogue::{Family, Setting};
use yidan_settlement::id::Insutype;
use yidan_settlement::limits;
use yidan_settlement::pack::{Agreement, Benefit, Grade, Naming, PackData, Scheme, Source};

use super::finding::Sink;
use super::names::Names;
use super::read::{Node, Value};
use super::slots::Slots;

/// The names that conditions and tiers may use.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) sources: Names,
    pub(super) schemes: Names,
    pub(super) covers: Names,
    pub(super) persons: Names,
    pub(super) identities: Names,
    pub(super) contributions: Names,
    pub(super) diseases: Names,
    pub(super) disease_groups: Names,
    pub(super) line_kinds: Names,
    pub(super) benefits: Names,
    pub(super) slots: Slots,
    /// What covers are called, in their order.
    pub(super) cover_names: Vec<String>,
    /// Where each source stands, for warnings about unused ones.
    pub(super) source_places: Vec<usize>,
}

const GRADES: [(&str, Grade); 7] = [
    ("O", Grade::Official),
    ("N", Grade::News),
    ("M", Grade::Mirror),
    ("W", Grade::Weak),
    ("I", Grade::Inferred),
    ("G", Grade::General),
    ("A", Grade::Assumption),
];

/// Reads all declarations; `pack_at` is where what is wholly missing is reported.
pub(super) fn read(root: &Node<'_>, pack_at: usize, data: &mut PackData) -> Known {
    let mut known = Known {
        sources: Names::new("source", &[]),
        schemes: Names::new("scheme", &[]),
        covers: Names::new("cover", &[]),
        persons: Names::new("class of person", &[]),
        identities: Names::new("identity class", &["none"]),
        contributions: Names::new("contribution class", &["none"]),
        diseases: Names::new("disease", &["none", "other"]),
        disease_groups: Names::new("disease group", &[]),
        line_kinds: Names::new("line kind", &[]).with("ordinary"),
        benefits: Names::new("benefit", &[]),
        slots: Slots::default(),
        cover_names: Vec::new(),
        source_places: Vec::new(),
    };
    for node in root.tables("source", "[[source]]") {
        known.source_places.push(node.at);
        source(&node, &mut known.sources, data);
        node.finish();
    }
    for node in root.tables("scheme", "[[scheme]]") {
        scheme(&node, &mut known.schemes, data);
        node.finish();
    }
    for node in root.tables("cover", "[[cover]]") {
        cover(&node, &mut known, data);
        node.finish();
    }
    classes(root, &mut known, data);
    for node in root.tables("benefit", "[[benefit]]") {
        benefit(&node, &mut known.benefits, data);
        node.finish();
    }
    known.slots = Slots::read(root, &known.line_kinds, data);
    let sink = root.sink;
    for (names, key) in [
        (&known.sources, "source"),
        (&known.schemes, "scheme"),
        (&known.persons, "person"),
        (&known.benefits, "benefit"),
    ] {
        if names.len() == 0 {
            sink.error(pack_at, format!("the pack declares no [[{key}]]: it needs at least one"));
        }
    }
    let line_kinds = known.line_kinds.len();
    let by_line_kind = known.slots.places().iter().any(|place| place.by_line_kind);
    let slots =
        if by_line_kind { "slots (those by line kind once for each kind)" } else { "slots" };
    for (length, most, what) in [
        (known.covers.len(), 6, "covers"),
        (data.slots.len(), limits::SLOTS_MAX, slots),
        (line_kinds, limits::LINE_KINDS_MAX, "line kinds (with `ordinary`)"),
        (known.benefits.len(), 64, "benefits"),
    ] {
        if length > most {
            sink.error(pack_at, format!("{length} {what} are declared; at most {most} can be"));
        }
    }
    known
}

fn source(node: &Node<'_>, names: &mut Names, data: &mut PackData) {
    names.declare(node.sink, node.need("id"), node.at);
    let text = |key| node.need(key).and_then(Value::name).unwrap_or("").to_owned();
    let optional = |key| node.get(key).and_then(Value::name).map(str::to_owned);
    data.sources.push(Source {
        id: names.get(last(names)).to_owned(),
        document: text("document"),
        date: node.need("date").and_then(Value::date_of_document).unwrap_or_default(),
        clause: optional("clause"),
        grade: node.need("grade").and_then(|v| v.choice(&GRADES)).unwrap_or(Grade::Assumption),
        note: optional("note"),
        assumes: optional("assumes"),
        assumed_before: node.get("assumed_before").and_then(Value::day),
    });
}

fn scheme(node: &Node<'_>, names: &mut Names, data: &mut PackData) {
    let value = node.need("insutype");
    names.declare(node.sink, value, node.at);
    let any = value.and_then(Value::text) == Some("*");
    let families = [("employee", Family::Employee), ("resident", Family::Resident)];
    let family = node.need("family").and_then(|value| value.choice(&families));
    data.schemes.push(Scheme {
        insutype: if any { None } else { value.and_then(insutype) },
        name: node.need("name").and_then(Value::name).unwrap_or("").to_owned(),
        family: family.unwrap_or(Family::Employee),
    });
}

fn cover(node: &Node<'_>, known: &mut Known, data: &mut PackData) {
    let value = node.need("insutype");
    known.covers.declare(node.sink, value, node.at);
    // The name is for people; the pack keeps the number.
    let name = node.need("name").and_then(Value::name).unwrap_or("");
    known.cover_names.push(name.to_owned());
    data.covers.extend(value.and_then(insutype));
}

fn insutype(value: Value<'_>) -> Option<Insutype> {
    let text = value.text()?;
    let parsed = Insutype::parse(text);
    if parsed.is_none() {
        let message = format!("\"{text}\" is not a type of insurance");
        value.sink.unexpected(value.at(), message, "three digits, such as \"390\"");
    }
    parsed
}

/// Classes of person, identity, contribution, disease and line.
fn classes(root: &Node<'_>, known: &mut Known, data: &mut PackData) {
    for node in root.tables("person", "[[person]]") {
        known.persons.declare(node.sink, node.need("id"), node.at);
        let index = last(&known.persons);
        data.persons.push(known.persons.get(index).to_owned());
        let types = node.need("psn_type");
        namings(node.sink, types, index, &mut data.person_types, "the psn_type prefix");
        node.finish();
    }
    for node in root.tables("identity", "[[identity]]") {
        known.identities.declare(node.sink, node.need("id"), node.at);
        let index = last(&known.identities);
        data.identities.push(known.identities.get(index).to_owned());
        let types = node.need("types");
        namings(node.sink, types, index, &mut data.identity_types, "the identity type");
        node.finish();
    }
    for node in root.tables("contribution", "[[contribution]]") {
        known.contributions.declare(node.sink, node.need("id"), node.at);
        let name = known.contributions.get(last(&known.contributions));
        data.contributions.push(name.to_owned());
        node.finish();
    }
    for node in root.tables("disease", "[[disease]]") {
        known.diseases.declare(node.sink, node.need("id"), node.at);
        let index = last(&known.diseases);
        data.diseases.push(known.diseases.get(index).to_owned());
        let codes = node.need("codes");
        namings(node.sink, codes, index, &mut data.disease_codes, "the disease code");
        let group = node.get("group").and_then(Value::name).map_or(0, |group| {
            group_of(group, node.sink, node.get("group"), &mut known.disease_groups, data)
        });
        data.disease_groups.push(group);
        node.finish();
    }
    data.line_kinds.push("ordinary".to_owned());
    for node in root.tables("line_kind", "[[line_kind]]") {
        known.line_kinds.declare(node.sink, node.need("id"), node.at);
        let index = last(&known.line_kinds);
        data.line_kinds.push(known.line_kinds.get(index).to_owned());
        namings(node.sink, node.need("tags"), index, &mut data.line_tags, "the tag");
        node.finish();
    }
}

/// 1 + index of a disease group, which comes to be when it is first named.
fn group_of(
    group: &str,
    sink: &Sink<'_>,
    value: Option<Value<'_>>,
    groups: &mut Names,
    data: &mut PackData,
) -> u16 {
    if groups.position(group).is_none() {
        groups.declare(sink, value, 0);
        data.disease_group_names.push(group.to_owned());
    }
    groups.position(group).map_or(0, |index| index.saturating_add(1))
}

fn benefit(node: &Node<'_>, names: &mut Names, data: &mut PackData) {
    names.declare(node.sink, node.need("id"), node.at);
    let index = last(names);
    let settings = [
        ("inpatient", Setting::Inpatient),
        ("outpatient", Setting::Outpatient),
        ("emergency", Setting::EmergencyRescue),
        ("pharmacy", Setting::Pharmacy),
    ];
    let agreements = [
        ("inpatient", Agreement::Inpatient),
        ("outpatient", Agreement::Outpatient),
        ("chronic", Agreement::Chronic),
        ("pharmacy", Agreement::Pharmacy),
    ];
    let levels = [("facility", false), ("prescriber", true)];
    let truth = |key| node.get(key).and_then(Value::truth).unwrap_or(false);
    let setting = node.need("setting").and_then(|value| value.choice(&settings));
    let agreement = node.need("agreement").and_then(|value| value.choice(&agreements));
    let prescriber = node.get("level_of").and_then(|value| value.choice(&levels));
    namings(node.sink, node.need("med_type"), index, &mut data.visit_types, "the med_type prefix");
    data.benefits.push(Benefit {
        id: names.get(index).to_owned(),
        name: node.need("name").and_then(Value::name).unwrap_or("").to_owned(),
        setting: setting.unwrap_or(Setting::Inpatient),
        agreement: agreement.unwrap_or(Agreement::Inpatient),
        level_of_prescriber: prescriber.unwrap_or(false),
        maternity: truth("maternity"),
        approval: truth("approval"),
        work_injury: truth("work_injury"),
    });
}

/// Takes in texts that stand for a thing; a text that stands for two is an error.
fn namings(
    sink: &Sink<'_>,
    value: Option<Value<'_>>,
    index: u16,
    all: &mut Vec<Naming>,
    what: &str,
) {
    let Some(value) = value else { return };
    let items = value.items();
    if items.is_empty() {
        sink.error(value.at(), format!("{what} is missing: the list is empty"));
    }
    for item in items {
        let Some(text) = item.text() else { continue };
        if all.iter().any(|naming| naming.text == text) {
            sink.error(item.at(), format!("{what} \"{text}\" is given twice"));
        }
        all.push(Naming { text: text.to_owned(), index });
    }
}

fn last(names: &Names) -> u16 {
    u16::try_from(names.len().saturating_sub(1)).unwrap_or(u16::MAX)
}
