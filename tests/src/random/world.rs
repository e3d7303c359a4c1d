//! The words that a random pack and its cases share: schemes, classes, kinds of visit, places,
//! slots.

use super::dice::Dice;

/// What the generator may make; a switch for each matter on which the policy text can be read in
/// two ways.
#[derive(Copy, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each switch stands for itself")]
pub struct Features {
    /// Family accounts that carry a balance from case to case.
    pub family_accounts: bool,
    /// `points_per_year`.
    pub points_per_year: bool,
    /// A share of the base as deductible beside cuts and first shares.
    pub share_of_base: bool,
    /// `per = "day"` and `per = "session"`.
    pub per_day_or_session: bool,
    /// Slots of the scope `filing`.
    pub filing_slots: bool,
    /// Governing dates other than the discharge.
    pub other_dates: bool,
    /// Year rules `split` and `cut`.
    pub divided_years: bool,
    /// Bases without the filing loss.
    pub loss_out: bool,
    /// Claims that are refused.
    pub refusals: bool,
    /// Amounts near the greatest that a bill may have.
    pub huge: bool,
}

impl Features {
    /// Everything.
    pub fn all() -> Features {
        Features {
            family_accounts: true,
            points_per_year: true,
            share_of_base: true,
            per_day_or_session: true,
            filing_slots: true,
            other_dates: true,
            divided_years: true,
            loss_out: true,
            refusals: true,
            huge: true,
        }
    }
}

/// A slot of a random pack.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) id: String,
    pub(crate) count: bool,
    pub(crate) scope: &'static str,
    pub(crate) key: Option<&'static str>,
}

/// What a random pack speaks of.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) features: Features,
    pub(crate) schemes: Vec<&'static str>,
    pub(crate) covers: Vec<&'static str>,
    pub(crate) identities: Vec<(&'static str, &'static str)>,
    pub(crate) contributions: Vec<&'static str>,
    /// The diseases whose approvals count; empty for all.
    pub(crate) approvals_of: Vec<&'static str>,
    pub(crate) diseases: Vec<(&'static str, &'static str, Option<&'static str>)>,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) benefits: Vec<Benefit>,
    pub(crate) filings: Vec<&'static str>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) year_rule: &'static str,
}

/// A kind of visit.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Benefit {
    pub(crate) id: &'static str,
    pub(crate) med_type: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) agreement: &'static str,
    pub(crate) maternity: bool,
    pub(crate) approval: bool,
    pub(crate) prescriber: bool,
}

const fn benefit(
    id: &'static str,
    med_type: &'static str,
    setting: &'static str,
    agreement: &'static str,
) -> Benefit {
    Benefit {
        id,
        med_type,
        setting,
        agreement,
        maternity: false,
        approval: false,
        prescriber: false,
    }
}

const BENEFITS: [Benefit; 4] = [
    Benefit { prescriber: true, ..benefit("outpatient", "11", "outpatient", "outpatient") },
    Benefit { approval: true, ..benefit("chronic", "140", "outpatient", "chronic") },
    Benefit { maternity: true, ..benefit("maternity", "52", "inpatient", "inpatient") },
    benefit("emergency", "13", "emergency", "outpatient"),
];

const IDENTITIES: [(&str, &str); 3] = [("特困", "2304"), ("低保", "2303"), ("低收入", "2305")];
const DISEASES: [(&str, &str, Option<&str>); 3] = [
    ("renal", "M07800", Some("dialysis")),
    ("uremia", "M07801", Some("dialysis")),
    ("diabetes", "M01600", None),
];

/// The first few of a list in chance order, perhaps none.
fn few<T: Clone>(dice: &mut Dice, list: &[T]) -> Vec<T> {
    if dice.percent(30) { Vec::new() } else { dice.some(list) }
}

impl World {
    pub(crate) fn new(dice: &mut Dice, features: Features) -> World {
        let mut benefits = vec![benefit("inpatient", "2", "inpatient", "inpatient")];
        benefits.extend(few(dice, &BENEFITS));
        let year_rule = match dice.below(10) {
            0 if features.divided_years => "split",
            1 if features.divided_years => "cut",
            _ => "discharge",
        };
        let diseases = few(dice, &DISEASES);
        let mut approvals_of: Vec<&str> = Vec::new();
        if dice.percent(50) {
            let countable: Vec<&str> =
                diseases.iter().map(|(id, _, _)| *id).chain(["other"]).collect();
            approvals_of = dice.some(&countable);
        }
        World {
            features,
            approvals_of,
            schemes: vec!["310", "390"],
            covers: few(dice, &["330", "320"]),
            identities: few(dice, &IDENTITIES),
            contributions: few(dice, &["10%", "7%"]),
            diseases,
            kinds: few(dice, &["essential", "special", "dialysis"]),
            benefits,
            filings: few(dice, &["emergency", "referral", "residence"]),
            slots: Vec::new(),
            year_rule,
        }
    }

    /// The line kinds, `ordinary` first.
    pub(crate) fn all_kinds(&self) -> Vec<&'static str> {
        let mut kinds = vec!["ordinary"];
        kinds.extend(&self.kinds);
        kinds
    }

    /// Conditions that divide everything that can be, one of each list holding for every visit.
    pub(crate) fn divisions(&self) -> Vec<Vec<String>> {
        let text = |values: &[&str]| -> Vec<String> { values.iter().map(quoted).collect() };
        let by = |key: &str, cells: &[Vec<String>]| -> Vec<String> {
            cells.iter().map(|cell| one_of(key, cell)).collect()
        };
        let each = |key: &str, values: &[&str]| -> Vec<String> {
            by(key, &text(values).into_iter().map(|v| vec![v]).collect::<Vec<_>>())
        };
        let with_none = |values: &[&'static str]| -> Vec<&'static str> {
            values.iter().copied().chain(["none"]).collect()
        };
        let below =
            |key: &str, at: u64| vec![format!("{key}_below = {at}"), format!("{key}_from = {at}")];
        let yes_no = |key: &str| vec![format!("{key} = true"), format!("{key} = false")];
        let identities: Vec<&str> = self.identities.iter().map(|(id, _)| *id).collect();
        let diseases: Vec<&str> = self.diseases.iter().map(|(id, _, _)| *id).collect();
        let benefits: Vec<&str> = self.benefits.iter().map(|b| b.id).collect();
        let mut all = vec![
            each("level", &["三级", "二级", "一级", "未定级"]),
            by("level", &[text(&["三级"]), text(&["二级", "一级", "未定级"])]),
            each("filing", &["none", "emergency", "referral", "residence"]),
            by("filing", &[text(&["none"]), text(&["emergency", "referral", "residence"])]),
            by("distance", &[text(&["home", "city"]), text(&["province", "away"])]),
            each("distance", &["home", "city", "province", "away"]),
            each("person", &["active", "retired", "resident"]),
            each("scheme", &self.schemes),
            each("channel", &["direct", "manual"]),
            by("birth", &[text(&["1", "2", "3"]), text(&["4", "5", "6", "7", "8", "9", "none"])]),
            vec![
                one_of("family_planning", &text(&["1", "2", "3", "4"])),
                one_of("family_planning", &text(&["5", "6", "7", "8", "9", "none"])),
            ],
            below("age", 60),
            vec![
                "age_below = 18".into(),
                "age_from = 18\nage_below = 70".into(),
                "age_from = 70".into(),
            ],
            below("paid_years", 4),
            below("approvals", 1),
            below("approvals", 2),
            below("fetuses", 2),
            vec![r#"to = "2025-07-01""#.into(), r#"from = "2025-07-01""#.into()],
            vec![r#"to = "2026-01-01""#.into(), r#"from = "2026-01-01""#.into()],
        ];
        all.extend(["off_region", "cvlserv", "pregnancy", "continued", "accident"].map(yes_no));
        all.extend(
            self.covers
                .iter()
                .map(|cover| vec![format!("holds = \"{cover}\""), format!("lacks = \"{cover}\"")]),
        );
        all.push(each("identity", &with_none(&identities)));
        all.push(each("contribution", &with_none(&self.contributions)));
        all.push(each("benefit", &benefits));
        let mut of_disease = with_none(&diseases);
        of_disease.push("other");
        all.push(each("disease", &of_disease));
        all.retain(|cells| cells.len() > 1);
        all
    }

    /// A new slot.
    pub(crate) fn slot(
        &mut self,
        count: bool,
        scope: &'static str,
        key: Option<&'static str>,
    ) -> String {
        let id = format!("{}-{}", if count { "count" } else { "sum" }, self.slots.len());
        self.slots.push(Slot { id: id.clone(), count, scope, key });
        id
    }
}

pub(crate) fn quoted(value: &&str) -> String {
    format!("\"{value}\"")
}

/// `key = value`, or a list where there are several.
fn one_of(key: &str, values: &[String]) -> String {
    match values {
        [one] => format!("{key} = {one}"),
        several => format!("{key} = [{}]", several.join(", ")),
    }
}

/// An amount in yuan.
pub(crate) fn amount(fen: u64) -> String {
    format!("\"{}.{:02}\"", fen / 100, fen % 100)
}

/// A ratio written with what decimals it needs.
pub(crate) fn ratio(ten_thousandths: i64) -> String {
    let size = ten_thousandths.abs();
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    match size % 100 {
        0 => format!("\"{sign}{}%\"", size / 100),
        part => format!("\"{sign}{}.{part:02}%\"", size / 100),
    }
}
