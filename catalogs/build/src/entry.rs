//! Rows of drugs.csv, services.csv and consumables.csv, and the first shares of shares.csv.

use std::collections::HashMap;
use std::sync::Arc;

use yidan_image::{CodeStatus, DAY_FIRST, DAY_LAST, PriceMark};
use yidan_settlement::catalogue::{Ceilings, Class, List, Scope};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::money::Rate;

use crate::field;
use crate::problem::Problems;
use crate::source::{Column, Row, Source, Table};
use Column::{May, Must};

/// The columns of the three entry files.
const COLUMNS: &[Column] = &[
    Must("code"),
    Must("code_status"),
    Must("name"),
    Must("list"),
    Must("charge_type"),
    Must("class"),
    May("share_employee"),
    May("share_resident"),
    May("scope"),
    May("ceiling_l1"),
    May("ceiling_l2"),
    May("ceiling_l3"),
    May("price_mark"),
    May("tag"),
    Must("from"),
    May("to"),
    Must("source"),
    May("action"),
];

/// One row: what a source says of a code in a period.
#[derive(Clone, Debug)]
pub(crate) struct EntryRow {
    pub(crate) code: Arc<str>,
    pub(crate) valid: Span,
    /// `None` takes the code out for the period.
    pub(crate) facts: Option<Facts>,
    pub(crate) file: Arc<str>,
    pub(crate) line: u64,
}

/// The facts of a row, before the region's shares, tags and rules are known.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) name: Arc<str>,
    pub(crate) status: CodeStatus,
    pub(crate) list: List,
    pub(crate) charge_type: u8,
    pub(crate) class: Class,
    pub(crate) share: [Option<Rate>; 2],
    pub(crate) scope: Scope,
    pub(crate) ceiling: Ceilings,
    pub(crate) price_mark: PriceMark,
    pub(crate) tag: Option<Arc<str>>,
    pub(crate) source: Arc<str>,
}

/// Texts that many rows share are held once.
#[derive(Default)]
pub(crate) struct Interner(HashMap<String, Arc<str>>);

impl Interner {
    pub(crate) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(held) = self.0.get(text) {
            return Arc::clone(held);
        }
        let held: Arc<str> = text.into();
        self.0.insert(text.to_owned(), Arc::clone(&held));
        held
    }
}

/// All rows of a file; those with problems are left out. `overlay` files may take codes out.
pub(crate) fn read(
    source: &Source,
    overlay: bool,
    texts: &mut Interner,
    problems: &mut Problems,
) -> Vec<EntryRow> {
    let Some(table) = Table::read(source, COLUMNS, problems) else { return Vec::new() };
    let file: Arc<str> = source.path.as_str().into();
    table.rows().filter_map(|row| read_row(row, &file, overlay, texts, problems)).collect()
}

fn read_row(
    row: Row<'_>,
    file: &Arc<str>,
    overlay: bool,
    texts: &mut Interner,
    problems: &mut Problems,
) -> Option<EntryRow> {
    let code = row.value("code", field::CODE, problems, |text| field::code(text).map(Arc::from));
    let from = row.value("from", DAYS, problems, |text| field::day(text).filter(in_format));
    let to = row.value("to", field::DAY_TO, problems, |text| {
        field::day_to(text).filter(|to| *to == Day::MAX || in_format(to))
    });
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        problems.add(row.place(), "to", format!("{to}"), format!("a day after from, {from}"));
        return None;
    }
    let removed = row.value("action", ACTION, problems, |text| match text {
        "" | "set" => Some(false),
        "remove" if overlay => Some(true),
        _ => None,
    })?;
    let facts = if removed { None } else { Some(read_facts(row, texts, problems)?) };
    let (code, valid) = (code?, Span { from: from?, to: to? });
    Some(EntryRow { code, valid, facts, file: Arc::clone(file), line: row.line() })
}

const ACTION: &str = "set or nothing; in a region also remove";
const DAYS: &str = "a day from 1990-01-01 to 2169-06-04, as 2024-01-31 or 20240131";

fn in_format(day: &Day) -> bool {
    (DAY_FIRST..=DAY_LAST).contains(&day.get())
}

fn read_facts(row: Row<'_>, texts: &mut Interner, problems: &mut Problems) -> Option<Facts> {
    let status = row.value("code_status", field::STATUS, problems, field::status);
    let list = row.value("list", field::LIST, problems, field::list);
    let class = row.value("class", field::CLASS, problems, field::class);
    let charge_type = row.value("charge_type", field::CHARGE_TYPE, problems, field::charge_type);
    let mut share = |column| row.value(column, field::SHARE, problems, field::share);
    let shares = (share("share_employee"), share("share_resident"));
    let scope = row.value("scope", field::SCOPE, problems, field::scope);
    let mut ceiling = |column| row.value(column, field::CEILING, problems, field::ceiling);
    let ceilings = (ceiling("ceiling_l1"), ceiling("ceiling_l2"), ceiling("ceiling_l3"));
    let price_mark = row.value("price_mark", field::PRICE_MARK, problems, field::price_mark);
    let tag = row.value("tag", field::TAG, problems, |text| {
        field::tag(text).map(|tag| tag.map(|tag| texts.intern(tag)))
    });
    let mut named = |column, expected| {
        row.value(column, expected, problems, |text| (!text.is_empty()).then(|| texts.intern(text)))
    };
    let (name, source) = (named("name", "a name"), named("source", "where the facts come from"));

    let (list, class, status) = (list?, class?, status?);
    check_code(row, list, status, problems);
    let ceiling = Ceilings::new([ceilings.0?, ceilings.1?, ceilings.2?]);
    if ceiling.is_none() {
        let found = format!("{:?}", row.text("ceiling_l1"));
        let expected = "all three ceilings with at most two decimals, or below 429496 with four, \
                        or below 4294 with six";
        problems.add(row.place(), "ceiling_l1", found, expected);
    }
    let (ceiling, price_mark) = (ceiling?, price_mark?);
    if (price_mark == PriceMark::None) != ceiling.is_none() {
        let found = format!("{:?}", row.text("price_mark"));
        let expected = "a mark where there is a ceiling, and none where there is none";
        problems.add(row.place(), "price_mark", found, expected);
    }
    let usual = Scope { employee: true, resident: true, maternity: true };
    let scope = scope?.unwrap_or(if class == Class::C { Scope::default() } else { usual });
    Some(Facts {
        name: name?,
        status,
        list,
        charge_type: charge_type?,
        class,
        share: [shares.0?, shares.1?],
        scope,
        ceiling,
        price_mark,
        tag: tag?,
        source: source?,
    })
}

/// A stand-in must not be taken for a real code, nor a slip of the pen for one.
fn check_code(row: Row<'_>, list: List, status: CodeStatus, problems: &mut Problems) {
    let code = row.text("code");
    let expected = match (status, field::could_be_real(list, code)) {
        (CodeStatus::Real, false) => "a code of the national shape, since it is marked real",
        (CodeStatus::Shape, true) => "a code that no real one can be, since it is marked shape",
        (CodeStatus::Real, true) | (CodeStatus::Shape, false) => return,
    };
    problems.add(row.place(), "code", format!("{code:?}"), expected);
}

/// The columns of shares.csv.
const SHARE_COLUMNS: &[Column] =
    &[Must("list"), May("tag"), Must("share_employee"), Must("share_resident"), Must("source")];

/// The first shares of class 乙 in a region, for entries that state none themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares(Vec<ShareRow>);

#[derive(Clone, Debug)]
struct ShareRow {
    list: Option<List>,
    tag: Option<String>,
    share: [Rate; 2],
    source: Arc<str>,
}

impl Shares {
    /// The shares of a list and tag: the row with the tag before one without, the row of the list
    /// before one of any list; and where they come from.
    pub(crate) fn of(&self, list: List, tag: Option<&str>) -> Option<([Rate; 2], &Arc<str>)> {
        let fits = |row: &&ShareRow| {
            row.list.is_none_or(|named| named == list)
                && row.tag.as_deref().is_none_or(|named| Some(named) == tag)
        };
        let rank = |row: &&ShareRow| (row.tag.is_some(), row.list.is_some());
        self.0.iter().filter(fits).max_by_key(rank).map(|row| (row.share, &row.source))
    }
}

/// Reads shares.csv.
pub(crate) fn read_shares(source: &Source, problems: &mut Problems) -> Shares {
    let mut shares = Shares::default();
    let Some(table) = Table::read(source, SHARE_COLUMNS, problems) else { return shares };
    for row in table.rows() {
        let expected = format!("any, {}", field::LIST);
        let list = row.value("list", &expected, problems, |text| match text {
            "any" => Some(None),
            _ => field::list(text).map(Some),
        });
        let tag = row.value("tag", field::TAG, problems, |text| {
            field::tag(text).map(|tag| tag.map(str::to_owned))
        });
        let mut share =
            |column| row.value(column, field::SHARE, problems, |text| field::share(text).flatten());
        let both = (share("share_employee"), share("share_resident"));
        if row.text("source").is_empty() {
            problems.add(row.place(), "source", "nothing", "where the facts come from");
        }
        if let (Some(list), Some(tag), (Some(employee), Some(resident))) = (list, tag, both) {
            if shares.0.iter().any(|row| row.list == list && row.tag == tag) {
                problems.add(row.place(), "list", "a second row of it", "one row a list and tag");
            }
            let source = row.text("source").into();
            shares.0.push(ShareRow { list, tag, share: [employee, resident], source });
        }
    }
    shares
}
