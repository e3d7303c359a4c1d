//! A row of a table of members, facilities or persons: columns under national names, lists separated by `;`, each with its span.

mod lines;
mod person;
mod rows;

pub use person::{PERSON_COLUMNS, PersonRows};
pub use rows::{Key, Reads, Rows, Says, TableError, TableRow};

use std::collections::BTreeSet;
use std::sync::Arc;

use csv::StringRecord;
use yidan_settlement::claim::{AgreementRecord, FilingRecord, Spell};
use yidan_settlement::command::What;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::event::Request;
use yidan_settlement::facts::{ApprovalFact, FacilityFacts, IdentityFact, MemberFacts, Text};
use yidan_settlement::id::{Admdvs, Insutype};
use yidan_settlement::money::{self, Fen};
use yidan_settlement::pack::{Agreement, Filing, Pack};

use crate::case::Code;
use crate::facts::{FieldError, field, hospital_level, insutype, levels, sex};
use crate::world::World;

/// Columns of members; the first four are needed.
pub const MEMBER_COLUMNS: &[&str] = &[
    "psn_no",
    "admdvs",
    "insutype",
    "psn_type",
    "gend",
    "brdy",
    "cvlserv_flag",
    "contribution_class",
    "paid_years",
    "from",
    "to",
    "waiting_to",
    "identities",
    "filings",
    "approvals",
    "mulaid",
    "balc",
];

/// Columns of facilities; the first four are needed.
pub const FACILITY_COLUMNS: &[&str] = &[
    "fixmedins_code",
    "admdvs",
    "kind",
    "hosp_lv",
    "dedc_hosp_lv",
    "lmtpric_hosp_lv",
    "agreements",
];

/// Columns that every row must have.
const NEEDED: usize = 4;

/// What a table of commands is of.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum Table {
    /// Members
    Members,
    /// Facilities
    Facilities,
}

/// Rows of members or facilities, which are commands. Codes are those of the world's packs.
#[derive(Debug)]
pub struct Commands {
    /// Which of the two.
    pub table: Table,
    /// Whose packs.
    pub world: Arc<World>,
}

impl Reads for Commands {
    type As = (Request, Box<What>);

    fn columns(&self) -> &'static [&'static str] {
        match self.table {
            Table::Members => MEMBER_COLUMNS,
            Table::Facilities => FACILITY_COLUMNS,
        }
    }

    fn read(&self, row: &Row<'_>) -> Result<Self::As, FieldError> {
        let (request, what) = match self.table {
            Table::Members => member(row, &self.world)?,
            Table::Facilities => facility(row)?,
        };
        Ok((request, Box::new(what)))
    }

    fn keys<'r>(&self, row: &Row<'r>) -> Vec<Key<'r>> {
        let column = self.columns()[0];
        let text = row.text(column);
        vec![Key { column, text: text.into(), shown: text.into() }]
    }
}

/// A row with its columns by name.
#[derive(Debug)]
pub struct Row<'r> {
    headers: &'r StringRecord,
    record: &'r StringRecord,
}

/// Whether a table's first line names what is needed and nothing that is unknown.
///
/// # Errors
/// What is missing or unknown.
pub fn check_headers(headers: &StringRecord, known: &[&str]) -> Result<(), String> {
    if let Some(unknown) = headers.iter().find(|name| !known.contains(&name.trim())) {
        return Err(format!("column {unknown:?}: expected some of {}", known.join(", ")));
    }
    let twice = |name: &&str| headers.iter().filter(|one| one.trim() == name.trim()).count() > 1;
    if let Some(name) = headers.iter().find(twice) {
        return Err(format!("column {name:?} stands there twice: expected each once"));
    }
    match known.iter().take(NEEDED).find(|name| !headers.iter().any(|one| one.trim() == **name)) {
        Some(missing) => Err(format!("no column {missing:?}, which every row needs")),
        None => Ok(()),
    }
}

impl<'r> Row<'r> {
    /// A record under its headers.
    pub fn new(headers: &'r StringRecord, record: &'r StringRecord) -> Row<'r> {
        Row { headers, record }
    }

    fn text(&self, name: &str) -> &'r str {
        text(self.headers, self.record, name)
    }

    fn needed(&self, name: &str) -> Result<&'r str, FieldError> {
        match self.text(name) {
            "" => Err(field(name, "nothing", "a value, which every row needs")),
            text if text.len() > 64 => Err(field(name, text, "at most 64 bytes")),
            text => Ok(text),
        }
    }

    fn some(&self, name: &str) -> Option<&'r str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn day(&self, name: &str, absent: Day) -> Result<Day, FieldError> {
        self.some(name).map_or(Ok(absent), |text| day(name, text))
    }

    /// The entries of a list, each with its span.
    fn list(&self, name: &str) -> Result<Vec<(&'r str, Span)>, FieldError> {
        let entries = self.text(name).split(';').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| with_span(name, entry)).collect()
    }
}

fn text<'r>(headers: &StringRecord, record: &'r StringRecord, name: &str) -> &'r str {
    let place = headers.iter().position(|one| one.trim() == name);
    place.and_then(|place| record.get(place)).map_or("", str::trim)
}

fn day(name: &str, text: &str) -> Result<Day, FieldError> {
    Day::parse(text).ok_or_else(|| field(name, text, "a day yyyy-MM-dd from 1900 to 2199"))
}

/// `text@from..to`; either end may be absent.
fn with_span<'t>(name: &str, entry: &'t str) -> Result<(&'t str, Span), FieldError> {
    let Some((text, span)) = entry.split_once('@') else { return Ok((entry, Span::ALWAYS)) };
    let Some((from, to)) = span.split_once("..") else {
        return Err(field(
            name,
            entry,
            "a span as @2025-01-01..2026-01-01, either end may be absent",
        ));
    };
    let end = |text: &str, absent| if text.is_empty() { Ok(absent) } else { day(name, text) };
    let span = Span { from: end(from, Day::MIN)?, to: end(to, Day::MAX)? };
    if span.from >= span.to {
        return Err(field(name, entry, "a span that begins before it ends"));
    }
    Ok((text, span))
}

/// A member, whose codes are those of the pool's pack.
///
/// # Errors
/// The first column that means nothing.
pub fn member(row: &Row<'_>, world: &World) -> Result<(Request, What), FieldError> {
    let pack = pack_of(row.needed("admdvs")?, world)?;
    let scheme = insured(row.needed("insutype")?, pack)?;
    let psn_type = person(row.needed("psn_type")?, pack)?;
    let from = row.day("from", Day::MIN)?;
    let span = Span { from, to: row.day("to", Day::MAX)? };
    if span.from >= span.to {
        return Err(field("to", row.text("to"), "a day after `from`"));
    }
    let waiting_to = row.day("waiting_to", from)?;
    let years = row.some("paid_years").map_or(Ok(0), str::parse);
    let years = years.map_err(|_| field("paid_years", row.text("paid_years"), "a whole number"))?;
    let amount = row.some("balc").map_or(Ok(Fen::ZERO), |text| {
        money::decimal(text)
            .and_then(Fen::from_yuan)
            .map_err(|_| field("balc", text, "an amount in yuan with at most two decimals"))
    })?;
    let facts = MemberFacts {
        admdvs: row.needed("admdvs")?.into(),
        psn_type: psn_type.into(),
        sex: sex("gend", row.some("gend"))?,
        birth: row.some("brdy").map(|text| day("brdy", text)).transpose()?,
        civil_servant: match row.text("cvlserv_flag") {
            "" | "0" => false,
            "1" => true,
            other => return Err(field("cvlserv_flag", other, "0 or 1")),
        },
        contribution: row.some("contribution_class").map(Text::from),
        paid_years: years,
        spells: Some(vec![Spell { insutype: scheme, span, waiting_to }]),
        identities: row
            .list("identities")?
            .into_iter()
            .map(|(kind, span)| Ok(IdentityFact { kind: identity(kind, pack)?.into(), span }))
            .collect::<Result<_, FieldError>>()?,
        filings: row.list("filings")?.into_iter().map(filing).collect::<Result<_, _>>()?,
        approvals: row
            .list("approvals")?
            .into_iter()
            .map(|(code, span)| ApprovalFact {
                disease: code.into(),
                span,
                facility: None,
                limit: None,
            })
            .collect(),
        family: family(row)?,
        ..MemberFacts::default()
    };
    let request = Request { psn_no: row.needed("psn_no")?.into(), ..Request::default() };
    Ok((request, What::RegisterMember(facts, amount)))
}

fn pack_of<'w>(admdvs: &str, world: &'w World) -> Result<&'w Pack, FieldError> {
    let known = || world.packs().iter().map(|loaded| loaded.pack.data().pool.as_str());
    world.pack_of(admdvs).map(|loaded| &*loaded.pack).ok_or_else(|| {
        let known = listed(known());
        let expected = format!(
            "a pool (统筹区) that a pack is at hand for: {known}; others are given with --policies"
        );
        field("admdvs", admdvs, &expected)
    })
}

/// An `insutype` that the pack settles by, or knows as another cover of its members.
fn insured(text: &str, pack: &Pack) -> Result<Insutype, FieldError> {
    let insutype = insutype("insutype", text)?;
    if pack.scheme(insutype).is_some() || pack.data().covers.contains(&insutype) {
        return Ok(insutype);
    }
    let schemes = pack.data().schemes.iter().filter_map(|scheme| scheme.insutype);
    let all: Vec<String> =
        schemes.chain(pack.data().covers.iter().copied()).map(|one| one.to_string()).collect();
    let all = listed(all.iter().map(String::as_str));
    let expected = format!("an insutype (险种类型) of pool {}: {all}", pack.data().pool);
    Err(field("insutype", text, &expected))
}

fn person<'t>(text: &'t str, pack: &Pack) -> Result<&'t str, FieldError> {
    if pack.person(text).is_some() {
        return Ok(text);
    }
    let all = listed(pack.data().person_types.iter().map(|one| one.text.as_str()));
    let pool = &pack.data().pool;
    let expected = format!("a psn_type (人员类别) of pool {pool}, beginning with one of {all}");
    Err(field("psn_type", text, &expected))
}

fn identity<'t>(text: &'t str, pack: &Pack) -> Result<&'t str, FieldError> {
    if pack.identity(text).is_some() {
        return Ok(text);
    }
    let all = listed(pack.data().identity_types.iter().map(|one| one.text.as_str()));
    let pool = &pack.data().pool;
    let expected = format!("an identity type (医疗救助对象类别) of pool {pool}: {all}");
    Err(field("identities", text, &expected))
}

/// Names as an error lists them; none has so many that a person would not read them.
fn listed<'t>(names: impl Iterator<Item = &'t str>) -> String {
    let names: BTreeSet<&str> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The owners of accounts that share, without spans.
fn family(row: &Row<'_>) -> Result<Vec<Text>, FieldError> {
    let owners = row.text("mulaid").split(';').map(str::trim).filter(|owner| !owner.is_empty());
    let checked = |owner: &str| match owner.len() {
        0..=64 => Ok(owner.into()),
        _ => Err(field("mulaid", owner, "at most 64 bytes")),
    };
    owners.map(checked).collect()
}

fn filing((text, span): (&str, Span)) -> Result<FilingRecord, FieldError> {
    let (kind, place) = text.split_once(':').map_or((text, None), |(kind, at)| (kind, Some(at)));
    let expected = "residence, referral or emergency, with an optional place as referral:310000";
    let kind = match kind {
        "residence" => Filing::Residence,
        "referral" => Filing::Referral,
        "emergency" => Filing::Emergency,
        _ => return Err(field("filings", text, expected)),
    };
    let place = place.map(|at| Admdvs::parse(at).ok_or_else(|| field("filings", text, expected)));
    Ok(FilingRecord { kind, span, place: place.transpose()? })
}

/// A facility.
///
/// # Errors
/// The first column that means nothing.
pub fn facility(row: &Row<'_>) -> Result<(Request, What), FieldError> {
    let code = |name: &str| row.some(name).map(|text| Code(text.to_owned()));
    let place = row.needed("admdvs")?;
    let level = hospital_level("hosp_lv", &Code(row.needed("hosp_lv")?.to_owned()))?;
    let (deductible_level, price_level) = levels(
        level,
        ("dedc_hosp_lv", code("dedc_hosp_lv").as_ref()),
        ("lmtpric_hosp_lv", code("lmtpric_hosp_lv").as_ref()),
    )?;
    if !["hospital", "pharmacy"].contains(&row.needed("kind")?) {
        return Err(field("kind", row.text("kind"), "hospital or pharmacy"));
    }
    let agreement = |(text, span)| {
        let kind = match text {
            "inpatient" => Agreement::Inpatient,
            "outpatient" => Agreement::Outpatient,
            "chronic" => Agreement::Chronic,
            "pharmacy" => Agreement::Pharmacy,
            _ => {
                return Err(field(
                    "agreements",
                    text,
                    "inpatient, outpatient, chronic or pharmacy",
                ));
            }
        };
        Ok(AgreementRecord { kind, span })
    };
    let agreements: Vec<AgreementRecord> =
        row.list("agreements")?.into_iter().map(agreement).collect::<Result<_, FieldError>>()?;
    let facts = FacilityFacts {
        admdvs: Admdvs::parse(place)
            .ok_or_else(|| field("admdvs", place, "a division of six digits, as 630103"))?,
        level,
        deductible_level,
        price_level,
        agreements: (!agreements.is_empty()).then_some(agreements),
    };
    let code = row.needed("fixmedins_code")?;
    Ok((Request::default(), What::RegisterFacility(code.into(), facts)))
}
