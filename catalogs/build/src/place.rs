//! Rows of diagnoses.csv and facilities.csv.

use std::collections::BTreeMap;

use yidan_image::{
    AgreementContents, CodeStatus, DiagnosisContents, FacilityContents, FacilityKind,
};
use yidan_settlement::date::Span;
use yidan_settlement::id::Admdvs;

use crate::field;
use crate::problem::Problems;
use crate::source::{Column, Row, Source, Table};
use Column::{May, Must};

const DIAGNOSIS_COLUMNS: &[Column] =
    &[Must("code"), Must("code_status"), Must("name"), Must("source")];

const FACILITY_COLUMNS: &[Column] = &[
    Must("code"),
    Must("name"),
    Must("admdvs"),
    Must("kind"),
    Must("hosp_lv"),
    May("dedc_hosp_lv"),
    May("lmtpric_hosp_lv"),
    Must("for"),
    Must("from"),
    May("to"),
];

/// Diagnoses by code, with the place of each.
pub(crate) type Diagnoses = BTreeMap<String, (DiagnosisContents, String)>;

/// Reads diagnoses.csv.
pub(crate) fn read_diagnoses(source: &Source, all: &mut Diagnoses, problems: &mut Problems) {
    let Some(table) = Table::read(source, DIAGNOSIS_COLUMNS, problems) else { return };
    for row in table.rows() {
        let code = row.value("code", field::CODE, problems, |t| field::code(t).map(str::to_owned));
        let status = row.value("code_status", field::STATUS, problems, field::status);
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let name = row.value("name", "a name", problems, named);
        let _ = row.value("source", "where the facts come from", problems, named);
        let (Some(code), Some(status), Some(name)) = (code, status, name) else { continue };
        if (status == CodeStatus::Real) != field::could_be_real_diagnosis(&code) {
            let expected = "the shape of a real code where it is marked real, and only there";
            problems.add(row.place(), "code", format!("{code:?}"), expected);
        }
        let place = format!("{}:{}", source.path, row.line());
        if let Some((_, before)) = all.get(&code) {
            let found = format!("{code} again, after {before}");
            problems.add(row.place(), "code", found, "one row a code");
        }
        all.insert(code.clone(), (DiagnosisContents { code, name, status }, place));
    }
}

/// Facilities by code, with the place of each one's first row.
pub(crate) type Facilities = BTreeMap<String, (FacilityContents, String)>;

/// Reads facilities.csv, which has a row for each agreement of a facility.
pub(crate) fn read_facilities(source: &Source, all: &mut Facilities, problems: &mut Problems) {
    let Some(table) = Table::read(source, FACILITY_COLUMNS, problems) else { return };
    for row in table.rows() {
        let Some(read) = read_facility(row, problems) else { continue };
        let place = format!("{}:{}", source.path, row.line());
        let Some((known, before)) = all.get_mut(&read.code) else {
            all.insert(read.code.clone(), (read, place));
            continue;
        };
        let same = FacilityContents { agreements: known.agreements.clone(), ..read.clone() };
        if same == *known {
            known.agreements.extend(read.agreements);
        } else {
            let expected = format!("what {before} says of the facility, for another agreement");
            problems.add(
                row.place(),
                "code",
                format!("{} described otherwise", read.code),
                expected,
            );
        }
    }
}

fn read_facility(row: Row<'_>, problems: &mut Problems) -> Option<FacilityContents> {
    let code = row.value("code", field::CODE, problems, |t| field::code(t).map(str::to_owned));
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let name = row.value("name", "a name", problems, named);
    let admdvs = row.value("admdvs", "six digits of GB/T 2260", problems, Admdvs::parse);
    let kind = row.value("kind", "hospital or pharmacy", problems, |text| match text {
        "hospital" => Some(FacilityKind::Hospital),
        "pharmacy" => Some(FacilityKind::Pharmacy),
        _ => None,
    });
    let hosp_lv = row.value("hosp_lv", "a code of the hosp_lv table, 1 to 14", problems, |text| {
        text.parse().ok().filter(|level| (1..=14).contains(level))
    });
    let mut level = |column| {
        row.value(column, field::LEVEL, problems, |text| field::optional(text, field::level))
    };
    let levels = (level("dedc_hosp_lv"), level("lmtpric_hosp_lv"));
    let purposes = row.value("for", field::PURPOSES, problems, field::purposes);
    let from = row.value("from", field::DAY, problems, field::day);
    let to = row.value("to", field::DAY_TO, problems, field::day_to);
    let valid = Span { from: from?, to: to? };
    if valid.to <= valid.from {
        let expected = format!("a day after from, {}", valid.from);
        problems.add(row.place(), "to", format!("{}", valid.to), expected);
        return None;
    }
    Some(FacilityContents {
        code: code?,
        name: name?,
        admdvs: admdvs?,
        hosp_lv: hosp_lv?,
        deductible_level: levels.0?,
        price_level: levels.1?,
        kind: kind?,
        agreements: vec![AgreementContents { valid, purposes: purposes? }],
    })
}
