//! Rules of an image in the words of the sources, for people and for telling two images apart. A
//! diagnosis set is written by its first and last codes, whatever prefixes named it.

use yidan_image::Image;
use yidan_settlement::catalogue::{
    Condition, Edit, EditKind, EditOutcome, Family, Level, Rule, Setting, Sex, Test, Window,
};
use yidan_settlement::id::GroupId;
use yidan_settlement::money::Quantity;

pub(crate) fn conditions(image: &Image, rule: Option<&Rule>) -> String {
    joined(rule.iter().flat_map(|rule| &rule.conditions).map(|c| condition(image, c)))
}

pub(crate) fn edits(image: &Image, rule: Option<&Rule>) -> String {
    joined(rule.iter().flat_map(|rule| &rule.edits).map(|e| edit(image, e)))
}

pub(crate) fn groups(image: &Image, rule: Option<&Rule>) -> String {
    joined(rule.iter().flat_map(|rule| &rule.groups).map(|g| group(image, *g)))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(";") }
}

fn group(image: &Image, group: GroupId) -> String {
    image.group_name(group).unwrap_or_default().to_owned()
}

fn units(quantity: Quantity) -> String {
    quantity.to_units().normalize().to_string()
}

fn condition(image: &Image, condition: &Condition) -> String {
    let mut text = match condition.test {
        Test::LevelAtLeast(Level::First) => "level>=1".to_owned(),
        Test::LevelAtLeast(Level::Second) => "level>=2".to_owned(),
        Test::LevelAtLeast(Level::Third) => "level>=3".to_owned(),
        Test::Setting(Setting::Inpatient) => "setting=inpatient".to_owned(),
        Test::Setting(Setting::Outpatient) => "setting=outpatient".to_owned(),
        Test::Setting(Setting::EmergencyRescue) => "setting=rescue".to_owned(),
        Test::Setting(Setting::Pharmacy) => "setting=pharmacy".to_owned(),
        Test::Sex(Sex::Male) => "sex=M".to_owned(),
        Test::Sex(Sex::Female) => "sex=F".to_owned(),
        Test::AgeFrom(years) => format!("age>={years}"),
        Test::AgeBelow(years) => format!("age<{years}"),
        Test::Scheme(Family::Employee) => "scheme=employee".to_owned(),
        Test::Scheme(Family::Resident) => "scheme=resident".to_owned(),
        Test::Maternity => "maternity".to_owned(),
        Test::Diagnosis(set) => {
            let code = |id| image.diagnosis_text(id).map_or("", |text| text.code);
            let ranges = image.rules().set(set).unwrap_or_default().iter();
            let ranges: Vec<String> =
                ranges.map(|(first, last)| format!("{}-{}", code(*first), code(*last))).collect();
            format!("diagnosis={}", ranges.join("|"))
        }
        Test::Indication => "indication".to_owned(),
        Test::FailureOfAnother => "after-failure".to_owned(),
        Test::QuantityPerVisit(most) => format!("per-visit<={}", units(most)),
        Test::QuantityPerDay(most) => format!("per-day<={}", units(most)),
        Test::Days(most) => format!("days<={most}"),
    };
    if condition.attested {
        text.push('!');
    }
    text
}

fn edit(image: &Image, edit: &Edit) -> String {
    let kind = match edit.kind {
        EditKind::Exclusive(g) => format!("exclusive={}", group(image, g)),
        EditKind::IncludedIn(g) => format!("included-in={}", group(image, g)),
        EditKind::MoreThan(most) => format!("more-than={}", units(most)),
    };
    let window = match edit.window {
        Window::Day => "day",
        Window::Visit => "visit",
    };
    let then = match edit.then {
        EditOutcome::Own => "own",
        EditOutcome::Facility => "facility",
        EditOutcome::Cut => "cut",
        EditOutcome::Flag => "flag",
    };
    format!("{kind} {window} {then}")
}
