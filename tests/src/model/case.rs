//! A case of the command line as the naive model reads it from JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::date::{Date, Span};
use super::exact::{Exact, Fen, decimal, fen};

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) pool: String,
    pub(crate) manual: bool,
    pub(crate) member: Member,
    pub(crate) facility: Facility,
    pub(crate) visit: Visit,
    pub(crate) bill: BillIn,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) psn_no: String,
    pub(crate) insutype: String,
    pub(crate) psn_type: String,
    pub(crate) male: Option<bool>,
    pub(crate) birth: Option<Date>,
    pub(crate) civil_servant: bool,
    pub(crate) contribution: Option<String>,
    pub(crate) paid_years: i128,
    pub(crate) spells: Option<Vec<Dated>>,
    pub(crate) identities: Vec<Dated>,
    pub(crate) filings: Vec<Dated>,
    pub(crate) approvals: Vec<Dated>,
    pub(crate) pregnancy: Option<Dated>,
    pub(crate) balance: Option<Fen>,
    pub(crate) family: Vec<(String, Option<Fen>)>,
    pub(crate) slots: BTreeMap<String, BTreeMap<String, Exact>>,
}

/// Something that holds for a span of days: its kind or code, and what else its form of record
/// states.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) place: Option<String>,
    pub(crate) limit: Option<Fen>,
    pub(crate) waiting_to: Option<Date>,
}

#[derive(Clone, Debug)]
pub(crate) struct Facility {
    pub(crate) code: String,
    pub(crate) division: String,
    pub(crate) level: String,
    pub(crate) deductible_level: Option<String>,
    pub(crate) ceiling_level: usize,
    pub(crate) agreements: Option<Vec<(Span, Vec<String>)>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) id: String,
    pub(crate) med_type: String,
    pub(crate) begin: Date,
    pub(crate) end: Date,
    /// The end before the begin, or the settlement before the end.
    pub(crate) reversed: bool,
    pub(crate) settled: Date,
    pub(crate) disease: Option<String>,
    pub(crate) diagnoses: Vec<String>,
    pub(crate) account_use: String,
    pub(crate) continues: Option<String>,
    pub(crate) accident: bool,
    pub(crate) third_party: bool,
    pub(crate) birth: Option<String>,
    pub(crate) family_planning: Option<String>,
    pub(crate) fetuses: i128,
}

/// What the bill is made of.
#[derive(Clone, Debug)]
pub(crate) enum BillIn {
    Totals(TotalsIn),
    Lines(Vec<LineIn>),
}

/// The four parts of a bill or of one line kind of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FourParts {
    pub(crate) own: Fen,
    pub(crate) over: Fen,
    pub(crate) prepay: Fen,
    pub(crate) scope: Fen,
}

#[derive(Clone, Debug)]
pub(crate) struct TotalsIn {
    pub(crate) medfee: Fen,
    pub(crate) parts: FourParts,
    pub(crate) kinds: Option<Vec<(String, FourParts)>>,
}

#[derive(Clone, Debug)]
pub(crate) struct LineIn {
    pub(crate) serial: String,
    pub(crate) code: String,
    pub(crate) day: Date,
    pub(crate) quantity: Exact,
    pub(crate) price: Exact,
    pub(crate) amount: Fen,
    pub(crate) returns: Option<String>,
    pub(crate) approved: Option<String>,
    pub(crate) prescriber: Option<String>,
    pub(crate) days: Option<i128>,
    pub(crate) maternity: bool,
}

/// The text of a string or a number; `None` for absent, null and empty.
fn text(value: &Value, key: &str) -> Option<String> {
    let found = value.get(key)?;
    let text =
        found.as_str().map(str::to_owned).or_else(|| found.as_number().map(|n| n.to_string()));
    text.filter(|t| !t.is_empty())
}

fn needed(value: &Value, key: &str) -> Result<String, String> {
    text(value, key).ok_or_else(|| format!("`{key}` is missing"))
}

fn money(value: &Value, key: &str) -> Result<Option<Fen>, String> {
    let Some(text) = text(value, key) else { return Ok(None) };
    fen(&text).map(Some).ok_or_else(|| format!("`{key}` is not an amount"))
}

fn number(value: &Value, key: &str) -> Result<Exact, String> {
    decimal(&needed(value, key)?).ok_or_else(|| format!("`{key}` is not a number"))
}

fn date(value: &Value, key: &str) -> Option<Date> {
    Date::read(&text(value, key)?)
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn span(value: &Value) -> Span {
    Span { from: date(value, "from"), to: date(value, "to") }
}

fn dated(list: &[Value], name: &str, place: &str) -> Result<Vec<Dated>, String> {
    list.iter().map(|row| one_dated(row, name, place)).collect()
}

fn one_dated(row: &Value, name: &str, place: &str) -> Result<Dated, String> {
    Ok(Dated {
        name: needed(row, name)?,
        span: span(row),
        place: text(row, place),
        limit: money(row, "limit")?,
        waiting_to: date(row, "waiting_to"),
    })
}

impl Case {
    /// Reads a case.
    pub(crate) fn read(json: &Value) -> Result<Case, String> {
        let part = |key: &str| json.get(key).ok_or_else(|| format!("`{key}` is missing"));
        Ok(Case {
            pool: needed(json, "admdvs")?,
            manual: text(json, "channel").as_deref() == Some("manual"),
            member: read_member(part("member")?)?,
            facility: read_facility(part("facility")?)?,
            visit: read_visit(part("visit")?)?,
            bill: match json.get("lines") {
                Some(_) => BillIn::Lines(
                    array(json, "lines").iter().map(read_line).collect::<Result<_, _>>()?,
                ),
                None => BillIn::Totals(read_totals(part("totals")?)?),
            },
        })
    }
}

fn read_member(m: &Value) -> Result<Member, String> {
    let mut slots = BTreeMap::new();
    for (scope, values) in m.get("slots").and_then(Value::as_object).into_iter().flatten() {
        let names = values.as_object().ok_or("slots of a scope are an object")?.keys();
        let read = names.map(|name| Ok((name.clone(), number(values, name)?)));
        slots.insert(scope.clone(), read.collect::<Result<BTreeMap<_, _>, String>>()?);
    }
    let family = array(m, "mulaid").iter().map(|f| Ok((needed(f, "psn_no")?, money(f, "balc")?)));
    Ok(Member {
        psn_no: needed(m, "psn_no")?,
        insutype: needed(m, "insutype")?,
        psn_type: needed(m, "psn_type")?,
        male: match text(m, "gend").as_deref() {
            Some("1") => Some(true),
            Some("2") => Some(false),
            _ => None,
        },
        birth: date(m, "brdy"),
        civil_servant: text(m, "cvlserv_flag").as_deref() == Some("1"),
        contribution: text(m, "contribution_class"),
        paid_years: match text(m, "paid_years") {
            None => 0,
            Some(years) => years.parse().map_err(|_| "`paid_years` is not whole")?,
        },
        spells: match m.get("spells").and_then(Value::as_array) {
            None => None,
            Some(list) => Some(dated(list, "insutype", "")?),
        },
        identities: dated(array(m, "identities"), "type", "")?,
        filings: dated(array(m, "filings"), "type", "admdvs")?,
        approvals: dated(array(m, "approvals"), "dise_codg", "fixmedins_code")?,
        pregnancy: match m.get("pregnancy").filter(|p| p.is_object()) {
            None => None,
            Some(p) => Some(one_dated(p, "id", "")?),
        },
        balance: money(m, "balc")?,
        family: family.collect::<Result<_, String>>()?,
        slots,
    })
}

/// The level that a name or a code of the `hosp_lv` table stands for.
fn level_of(name: &str) -> String {
    let code = match name.trim_start_matches('0') {
        "1" | "2" | "3" | "4" | "12" => Some("三级"),
        "5" | "6" | "7" | "13" => Some("二级"),
        "8" | "9" | "10" | "14" => Some("一级"),
        "11" => Some("未定级"),
        _ => None,
    };
    let named = ["三级", "二级", "一级"].into_iter().find(|level| name.starts_with(level));
    code.or(named).unwrap_or("未定级").to_owned()
}

fn read_facility(f: &Value) -> Result<Facility, String> {
    let level = level_of(&needed(f, "hosp_lv")?);
    let implied = match level.as_str() {
        "三级" => 2,
        "二级" => 1,
        _ => 0,
    };
    let agreements = f.get("agreements").and_then(Value::as_array).map(|list| {
        let kinds = |a: &Value| {
            array(a, "for").iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        list.iter().map(|a| (span(a), kinds(a))).collect()
    });
    Ok(Facility {
        code: needed(f, "fixmedins_code")?,
        division: needed(f, "admdvs")?,
        deductible_level: text(f, "dedc_hosp_lv").map(|code| {
            let name = match code.as_str() {
                "1" => "一级",
                "2" => "二级",
                "3" => "三级",
                _ => "未定级",
            };
            name.to_owned()
        }),
        ceiling_level: match text(f, "lmtpric_hosp_lv").as_deref() {
            Some("1") => 0,
            Some("2") => 1,
            Some("3") => 2,
            _ => implied,
        },
        level,
        agreements,
    })
}

/// Whether one text of a time is after another; where one is only a day, by the day.
fn later(a: &str, b: &str) -> bool {
    let clock = |t: &str| t.get(10..).is_some_and(|c| !c.is_empty() && !c.ends_with("00:00:00"));
    if clock(a) && clock(b) { a > b } else { a.get(..10) > b.get(..10) }
}

fn read_visit(v: &Value) -> Result<Visit, String> {
    let begin_text = needed(v, "begntime")?;
    let end_text = text(v, "endtime").unwrap_or_else(|| begin_text.clone());
    let settled_text = text(v, "setl_time").unwrap_or_else(|| end_text.clone());
    let day = |t: &str| Date::read(t).ok_or_else(|| format!("`{t}` is no date"));
    Ok(Visit {
        id: text(v, "mdtrt_id").unwrap_or_default(),
        med_type: needed(v, "med_type")?,
        begin: day(&begin_text)?,
        end: day(&end_text)?,
        reversed: later(&begin_text, &end_text) || later(&end_text, &settled_text),
        settled: day(&settled_text)?,
        disease: text(v, "dise_codg"),
        diagnoses: array(v, "diagnoses")
            .iter()
            .filter_map(|d| d.as_str().map(str::to_owned))
            .collect(),
        account_use: text(v, "acct_used_flag").unwrap_or_else(|| "0".to_owned()),
        continues: text(v, "continues"),
        accident: text(v, "trum_flag").as_deref() == Some("1"),
        third_party: text(v, "rel_ttp_flag").as_deref() == Some("1"),
        birth: text(v, "matn_type"),
        family_planning: text(v, "birctrl_type"),
        fetuses: match text(v, "fetts") {
            None => 1,
            Some(n) => n.parse().map_err(|_| "`fetts` is not whole")?,
        },
    })
}

fn read_parts(t: &Value) -> Result<FourParts, String> {
    let part = |key: &str| Ok::<Fen, String>(money(t, key)?.unwrap_or(0));
    Ok(FourParts {
        own: part("fulamt_ownpay_amt")?,
        over: part("overlmt_selfpay")?,
        prepay: part("preselfpay_amt")?,
        scope: part("inscp_scp_amt")?,
    })
}

fn read_totals(t: &Value) -> Result<TotalsIn, String> {
    let kinds = match t.get("kinds").and_then(Value::as_object) {
        None => None,
        Some(kinds) => Some(
            kinds
                .iter()
                .map(|(kind, parts)| Ok((kind.clone(), read_parts(parts)?)))
                .collect::<Result<_, String>>()?,
        ),
    };
    let medfee = money(t, "medfee_sumamt")?.ok_or("`medfee_sumamt` is missing")?;
    Ok(TotalsIn { medfee, parts: read_parts(t)?, kinds })
}

fn read_line(l: &Value) -> Result<LineIn, String> {
    let day = needed(l, "fee_ocur_time")?;
    Ok(LineIn {
        serial: needed(l, "feedetl_sn")?,
        code: needed(l, "med_list_codg")?,
        day: Date::read(&day).ok_or_else(|| format!("`{day}` is no date"))?,
        quantity: number(l, "cnt")?,
        price: number(l, "pric")?,
        amount: money(l, "det_item_fee_sumamt")?.ok_or("`det_item_fee_sumamt` is missing")?,
        returns: text(l, "init_feedetl_sn"),
        approved: text(l, "hosp_appr_flag"),
        prescriber: match text(l, "rx_circ_flag").as_deref() {
            Some("1") => text(l, "rx_hosp_lv").map(|name| level_of(&name)),
            Some(_) | None => None,
        },
        days: match text(l, "prd_days") {
            None => None,
            Some(days) => Some(days.parse().map_err(|_| "`prd_days` is not whole")?),
        },
        maternity: text(l, "matn_fee_flag").as_deref() == Some("1"),
    })
}
