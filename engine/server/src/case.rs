//! A case of the command line as JSON: every field under its national name (`GLOSSARY.md`), unknown ones refused.
//! What is read and changes no bill is listed in [`WITHOUT_EFFECT`].

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::money::{self, Fen, Price, Quantity};

/// Fields that are read, so that what hospitals send is taken as it is and a slip in them is found, and that change no bill: why.
pub const WITHOUT_EFFECT: [(&str, &str); 9] = [
    ("facility.kind", "what a facility may bill is in its agreements, what a visit is in med_type"),
    (
        "visit.msgid",
        "it names the request: answered as medins_setl_id, nothing is kept to compare it with",
    ),
    (
        "visit.mid_setl_flag",
        "every settlement of a stay shares the slots of its mdtrt_id, the last as those before",
    ),
    ("visit.geso_val", "no rule asks for weeks of pregnancy"),
    ("lines[].etip_flag", "an examination elsewhere is billed by this facility, at its level"),
    (
        "lines[].dscg_tkdrug_flag",
        "drugs taken home are settled with the stay; prd_days has their days",
    ),
    (
        "lines[].dise_codg",
        "the disease of a visit is visit.dise_codg; one of another disease is another visit",
    ),
    ("lines[].chrg_bchno", "a case is one bill; `yidan run` settles a registered visit by batch"),
    (
        "lines[].rx_hosp_lv",
        "without rx_circ_flag 1; with it, the level in benefits that go by the prescriber's",
    ),
];

/// One case.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Pool of insurance; may be absent when a policy file is named.
    pub admdvs: Option<String>,
    /// How the claim reaches the fund.
    #[serde(default)]
    pub channel: ChannelName,
    /// Who.
    pub member: MemberCase,
    /// Where.
    pub facility: FacilityCase,
    /// What kind of visit.
    pub visit: VisitCase,
    /// Fee lines.
    pub lines: Option<Vec<LineCase>>,
    /// Totals, for a bill whose lines were split elsewhere.
    pub totals: Option<TotalsCase>,
}

/// `channel`
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelName {
    /// 联网直接结算
    #[default]
    Direct,
    /// 零星报销
    Manual,
}

/// `member`
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct MemberCase {
    pub psn_no: String,
    pub insutype: String,
    pub psn_type: String,
    pub gend: Option<Code>,
    pub brdy: Option<DayText>,
    #[serde(default)]
    pub cvlserv_flag: Flag,
    pub contribution_class: Option<String>,
    pub paid_years: Option<Whole>,
    pub spells: Option<Vec<SpellCase>>,
    #[serde(default)]
    pub identities: Vec<IdentityCase>,
    #[serde(default)]
    pub filings: Vec<FilingCase>,
    #[serde(default)]
    pub approvals: Vec<ApprovalCase>,
    pub pregnancy: Option<PregnancyCase>,
    pub balc: Option<Amount>,
    pub mulaid: Option<Vec<MulaidCase>>,
    pub slots: Option<SlotsCase>,
}

/// Slot values by period (`"2026"`, `"stay:<mdtrt_id>"` …) and slot.
pub type SlotsCase = BTreeMap<String, BTreeMap<String, Amount>>;

/// One of `spells`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct SpellCase {
    pub insutype: String,
    pub from: DayText,
    pub to: Option<DayText>,
    pub waiting_to: Option<DayText>,
}

/// One of `identities`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct IdentityCase {
    pub r#type: String,
    pub from: Option<DayText>,
    pub to: Option<DayText>,
}

/// One of `filings`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct FilingCase {
    pub r#type: FilingName,
    pub from: Option<DayText>,
    pub to: Option<DayText>,
    pub admdvs: Option<String>,
}

/// Kinds of filings; `accident` is the filing of an accident (2507).
#[derive(Debug, Clone, Copy, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum FilingName {
    Residence,
    Referral,
    Emergency,
    Accident,
}

/// One of `approvals`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct ApprovalCase {
    pub dise_codg: String,
    pub from: Option<DayText>,
    pub to: Option<DayText>,
    pub fixmedins_code: Option<String>,
    pub limit: Option<Amount>,
}

/// A facility that a member has chosen, as `file` of `yidan run` says it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct FixedCase {
    pub biz_appy_type: Code,
    pub fix_srt_no: Code,
    pub fixmedins_code: String,
    pub from: Option<DayText>,
    pub to: Option<DayText>,
}

/// Kinds of what `unfile` of `yidan run` withdraws.
#[derive(Debug, Clone, Copy, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum FiledName {
    Filing,
    Approval,
    Fixed,
    Accident,
}

/// `pregnancy`
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct PregnancyCase {
    pub id: String,
    pub from: Option<DayText>,
    pub to: Option<DayText>,
}

/// One of `mulaid`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct MulaidCase {
    pub psn_no: String,
    /// Of a case alone: of a member who is registered the owner's own account says it.
    pub balc: Option<Amount>,
}

/// `facility`
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct FacilityCase {
    pub fixmedins_code: String,
    pub fixmedins_name: Option<String>,
    pub admdvs: String,
    /// Without effect, see [`WITHOUT_EFFECT`].
    pub kind: FacilityKind,
    pub hosp_lv: Code,
    pub dedc_hosp_lv: Option<Code>,
    pub lmtpric_hosp_lv: Option<Code>,
    pub agreements: Option<Vec<AgreementCase>>,
}

/// `kind` of a facility.
#[derive(Debug, Clone, Copy, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum FacilityKind {
    Hospital,
    Pharmacy,
}

/// One of `agreements`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the words say it")]
pub struct AgreementCase {
    pub from: Option<DayText>,
    pub to: Option<DayText>,
    pub r#for: Vec<AgreementName>,
}

/// What an agreement is for.
#[derive(Debug, Clone, Copy, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum AgreementName {
    Inpatient,
    Outpatient,
    Chronic,
    Pharmacy,
}

/// `visit`
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct VisitCase {
    pub med_type: Code,
    pub begntime: MomentText,
    pub mdtrt_id: Option<String>,
    /// Answered as `medins_setl_id`, else without effect.
    pub msgid: Option<String>,
    pub endtime: Option<MomentText>,
    pub setl_time: Option<MomentText>,
    pub dise_codg: Option<String>,
    #[serde(default)]
    pub diagnoses: Vec<String>,
    pub acct_used_flag: Option<Code>,
    /// Without effect, see [`WITHOUT_EFFECT`].
    #[serde(default)]
    pub mid_setl_flag: Flag,
    pub continues: Option<String>,
    #[serde(default)]
    pub trum_flag: Flag,
    #[serde(default)]
    pub rel_ttp_flag: Flag,
    pub matn_type: Option<Code>,
    pub birctrl_type: Option<Code>,
    pub fetts: Option<Whole>,
    /// Without effect, see [`WITHOUT_EFFECT`].
    pub geso_val: Option<Whole>,
}

/// `change`: what is said anew of a registered visit. What is absent stays, and `null` says that there is none any more.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct ChangeCase {
    pub med_type: Option<Code>,
    pub begntime: Option<MomentText>,
    #[serde(default, deserialize_with = "said")]
    pub endtime: Said<MomentText>,
    #[serde(default, deserialize_with = "said")]
    pub dise_codg: Said<String>,
    pub diagnoses: Option<Vec<String>>,
    pub trum_flag: Option<Flag>,
    pub rel_ttp_flag: Option<Flag>,
    pub matn_type: Option<Code>,
    pub birctrl_type: Option<Code>,
    pub fetts: Option<Whole>,
}

/// `None` for a field that is absent, `Some(None)` for `null`.
pub type Said<T> = Option<Option<T>>;

fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Said<T>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// One of `lines`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct LineCase {
    pub feedetl_sn: Code,
    /// Of a registered visit alone, see [`WITHOUT_EFFECT`].
    pub chrg_bchno: Option<Code>,
    pub med_list_codg: String,
    pub fee_ocur_time: MomentText,
    pub cnt: Count,
    pub pric: UnitPrice,
    pub det_item_fee_sumamt: Amount,
    pub init_feedetl_sn: Option<Code>,
    pub hosp_appr_flag: Option<Code>,
    /// An outside prescription: only then does `rx_hosp_lv` count.
    #[serde(default)]
    pub rx_circ_flag: Flag,
    pub rx_hosp_lv: Option<Code>,
    pub prd_days: Option<Whole>,
    /// Without effect, see [`WITHOUT_EFFECT`].
    #[serde(default)]
    pub etip_flag: Flag,
    /// Without effect, see [`WITHOUT_EFFECT`].
    #[serde(default)]
    pub dscg_tkdrug_flag: Flag,
    #[serde(default)]
    pub matn_fee_flag: Flag,
    /// Without effect, see [`WITHOUT_EFFECT`].
    pub dise_codg: Option<String>,
}

/// `totals`
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct TotalsCase {
    pub medfee_sumamt: Amount,
    #[serde(default)]
    pub fulamt_ownpay_amt: Amount,
    #[serde(default)]
    pub overlmt_selfpay: Amount,
    #[serde(default)]
    pub preselfpay_amt: Amount,
    #[serde(default)]
    pub inscp_scp_amt: Amount,
    #[serde(default)]
    pub kinds: BTreeMap<String, KindCase>,
}

/// The four parts of one line kind.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "national field names, defined in GLOSSARY.md")]
pub struct KindCase {
    #[serde(default)]
    pub fulamt_ownpay_amt: Amount,
    #[serde(default)]
    pub overlmt_selfpay: Amount,
    #[serde(default)]
    pub preselfpay_amt: Amount,
    #[serde(default)]
    pub inscp_scp_amt: Amount,
}

/// An amount in yuan, a string or a number with at most two decimals.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq)]
pub struct Amount(pub Fen);

/// A quantity, a string or a number with at most four decimals.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct Count(pub Quantity);

/// A unit price in yuan, a string or a number with at most six decimals.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct UnitPrice(pub Price);

/// A whole number up to 65,535, a string or a number.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct Whole(pub u16);

/// A code of a table or a serial: a string, or a number taken as its digits.
#[derive(Debug, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Code(pub String);

/// A flag: `"0"`, `"1"`, 0, 1 or a JSON boolean.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq)]
pub struct Flag(pub bool);

/// `yyyy-MM-dd`
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct DayText(pub Day);

/// `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss`
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct MomentText(pub Moment);

/// The text of a JSON string or number, exactly as written: no float comes between.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        let raw = <&RawValue>::deserialize(from)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw).map(Text).map_err(de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Text(raw.to_owned())),
            Some(_) | None => {
                Err(de::Error::custom(format!("expected a string or a number, found {raw}")))
            }
        }
    }
}

/// Reads a text with a function that says what it expected.
fn read<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    from: D,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let Text(text) = Text::deserialize(from)?;
    parse(&text)
        .map_err(|error| de::Error::custom(format!("expected {expected}, found {text:?}: {error}")))
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Amount, D::Error> {
        let parse = |text: &str| money::decimal(text).and_then(Fen::from_yuan).map(Amount);
        read(from, "an amount in yuan with at most two decimals, up to 10^11", parse)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Count, D::Error> {
        let parse = |text: &str| money::decimal(text).and_then(Quantity::from_units).map(Count);
        read(from, "a quantity with at most four decimals, up to 10^7", parse)
    }
}

impl<'de> Deserialize<'de> for UnitPrice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<UnitPrice, D::Error> {
        let parse = |text: &str| money::decimal(text).and_then(Price::from_yuan).map(UnitPrice);
        read(from, "a price in yuan with at most six decimals, from 0 to 10^7", parse)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Whole, D::Error> {
        read(from, "a whole number from 0 to 65535", |text: &str| text.parse().map(Whole))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Code, D::Error> {
        Text::deserialize(from).map(|text| Code(text.0))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Flag, D::Error> {
        let raw = <&RawValue>::deserialize(from)?.get();
        match raw {
            "0" | "\"0\"" | "false" | "\"\"" => Ok(Flag(false)),
            "1" | "\"1\"" | "true" => Ok(Flag(true)),
            _ => Err(de::Error::custom(format!("expected \"0\" or \"1\", found {raw}"))),
        }
    }
}

impl<'de> Deserialize<'de> for DayText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<DayText, D::Error> {
        let parse = |text: &str| Day::parse(text).map(DayText).ok_or("no such day");
        read(from, "a day yyyy-MM-dd from 1900 to 2199", parse)
    }
}

impl<'de> Deserialize<'de> for MomentText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<MomentText, D::Error> {
        let parse = |text: &str| Moment::parse(text).map(MomentText).ok_or("no such time");
        read(from, "a time yyyy-MM-dd or yyyy-MM-dd HH:mm:ss from 1900 to 2199", parse)
    }
}

/// Why a text is not a case: the place in the text, the field, and what was expected there.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}, field `{field}`: {what}")]
pub struct CaseError {
    /// Line of the input, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Path of the field, as `lines[3].cnt`; `.` for the case itself.
    pub field: String,
    /// What was found and what was expected.
    pub what: String,
}

impl Case {
    /// Reads one case. See [`parse`].
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub fn parse(text: &str, first_line: usize) -> Result<Case, CaseError> {
        parse(text, first_line)
    }
}

/// A control character in a text, written as an escape or as it is: no code has one, and a terminal would obey it.
fn control_character(text: &str, first_line: usize) -> Option<CaseError> {
    let blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t');
    let mut characters = text.char_indices();
    let found = loop {
        let (at, c) = characters.next()?;
        if c.is_control() && !blank(c) {
            break at;
        }
        if c != '\\' {
            continue;
        }
        let (_, escaped) = characters.next()?;
        let control = match escaped {
            'b' | 'f' | 'n' | 'r' | 't' => true,
            'u' => {
                let digits = text.get(at + 2..at + 6);
                let digits = digits.filter(|all| all.bytes().all(|b| b.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                code.and_then(char::from_u32).is_some_and(char::is_control)
            }
            _ => false,
        };
        if control {
            break at;
        }
    };
    let before = &text[..found];
    // In bytes, as serde_json counts.
    let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
    Some(CaseError {
        line: first_line + before.matches('\n').count(),
        column,
        field: ".".to_owned(),
        what: "a control character in a text; expected letters, digits and signs alone".to_owned(),
    })
}

/// Reads one object. `first_line` is the line of the input that the text begins on.
///
/// # Errors
/// The first thing that is not as it should be.
pub fn parse<T: DeserializeOwned>(text: &str, first_line: usize) -> Result<T, CaseError> {
    if let Some(error) = control_character(text, first_line) {
        return Err(error);
    }
    let mut from = serde_json::Deserializer::from_str(text);
    let case: T = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        let what = inner.to_string();
        // serde_json appends the place, which is shown apart and counted over the whole input.
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what).to_owned();
        CaseError {
            line: first_line + inner.line().saturating_sub(1),
            column: inner.column(),
            field,
            what,
        }
    })?;
    from.end().map_err(|error| CaseError {
        line: first_line + error.line().saturating_sub(1),
        column: error.column(),
        field: ".".to_owned(),
        what: "expected nothing after the case".to_owned(),
    })?;
    Ok(case)
}
