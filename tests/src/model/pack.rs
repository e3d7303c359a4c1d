//! A policy pack as the naive model reads it from TOML: lists of rows, kept as they stand in the
//! file.

use toml::Table;

use super::date::{Date, Span};
use super::fields::Fields;
use super::rows::{Account, Tier};

/// A policy pack, read by the model for itself.
#[derive(Clone, Debug)]
pub struct Pack {
    pub(crate) divisions: Vec<String>,
    pub(crate) city: Vec<String>,
    pub(crate) province: Vec<String>,
    pub(crate) span: Span,
    pub(crate) off_region_from: String,
    pub(crate) filings: Vec<String>,
    pub(crate) dates: Dates,
    pub(crate) year: Year,
    pub(crate) cause: Cause,
    pub(crate) schemes: Vec<(String, String)>,
    pub(crate) covers: Vec<String>,
    pub(crate) persons: Vec<(String, Vec<String>)>,
    pub(crate) identities: Vec<(String, Vec<String>)>,
    pub(crate) contributions: Vec<String>,
    pub(crate) diseases: Vec<Disease>,
    /// `[approvals] of`: the diseases whose approvals count; absent for all.
    pub(crate) approvals_of: Option<Vec<String>>,
    pub(crate) line_kinds: Vec<(String, Vec<String>)>,
    pub(crate) benefits: Vec<Benefit>,
    pub(crate) slots: Vec<SlotRow>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) accounts: Vec<Account>,
}

/// `[dates]`: which day governs what: discharge, admission or settlement.
#[derive(Clone, Debug)]
pub(crate) struct Dates {
    pub(crate) pack: String,
    pub(crate) identity: String,
    pub(crate) filing: String,
    pub(crate) approval: String,
    pub(crate) cover: String,
    pub(crate) age: String,
}

/// `[year]`.
#[derive(Clone, Debug)]
pub(crate) struct Year {
    pub(crate) rule: String,
    pub(crate) cut_for: String,
    pub(crate) second_deductible: String,
    pub(crate) second_from: String,
}

/// `[cause]`: true where the visit is refused, false where it is own cost.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) work_injury_refused: bool,
    pub(crate) third_party_refused: bool,
    pub(crate) accident_refused: bool,
}

/// `[[disease]]`.
#[derive(Clone, Debug)]
pub(crate) struct Disease {
    pub(crate) id: String,
    pub(crate) codes: Vec<String>,
    pub(crate) group: Option<String>,
}

/// `[[benefit]]`.
#[derive(Clone, Debug)]
pub(crate) struct Benefit {
    pub(crate) id: String,
    pub(crate) med_type: Vec<String>,
    pub(crate) setting: String,
    pub(crate) agreement: String,
    pub(crate) level_of: String,
    pub(crate) maternity: bool,
    pub(crate) approval: bool,
    pub(crate) work_injury: bool,
}

/// `[[slot]]`.
#[derive(Clone, Debug)]
pub(crate) struct SlotRow {
    pub(crate) id: String,
    pub(crate) count: bool,
    pub(crate) scope: String,
    pub(crate) key: Option<String>,
}

impl Pack {
    /// Reads a pack from its TOML text.
    ///
    /// # Errors
    /// A text that names the table and the key which is unknown or not of its form. The model
    /// trusts a pack
    /// otherwise: overlaps, gaps and ratios out of range show as panics when a bill meets them.
    pub fn read(text: &str) -> Result<Pack, String> {
        let table: Table = text.parse().map_err(|e| format!("not TOML: {e}"))?;
        let mut file = Fields::new("pack file", table);
        let mut head = file.table("pack")?.ok_or("the file has no [pack]")?;
        for key in ["pool", "title"] {
            head.needed(key)?;
        }
        head.text("manual_catalogue")?;
        head.flag("example")?;
        head.text("off_region_source")?;
        head.text("filings_source")?;
        let divisions = head.texts("divisions")?.ok_or("`divisions` is missing")?;
        let pack = Pack {
            city: head.texts("city")?.unwrap_or_else(|| divisions.clone()),
            province: head.texts("province")?.unwrap_or_default(),
            divisions,
            span: Span { from: head.date("from")?, to: head.date("to")? },
            off_region_from: head.word("off_region_from", "away")?,
            filings: head.texts("filings")?.unwrap_or_default(),
            dates: read_dates(&mut file)?,
            year: read_year(&mut file)?,
            cause: read_cause(&mut file)?,
            schemes: read_schemes(&mut file)?,
            covers: read_covers(&mut file)?,
            persons: named_lists(&mut file, "person", "psn_type")?,
            identities: named_lists(&mut file, "identity", "types")?,
            contributions: read_contributions(&mut file)?,
            diseases: read_diseases(&mut file)?,
            approvals_of: read_approvals(&mut file)?,
            line_kinds: read_kinds(&mut file)?,
            benefits: read_benefits(&mut file)?,
            slots: read_slots(&mut file)?,
            tiers: Vec::new(),
            accounts: Vec::new(),
        };
        head.end()?;
        for mut source in file.tables("source")? {
            for key in ["id", "document", "date", "clause", "grade", "note"] {
                source.text(key)?;
            }
            source.end()?;
        }
        let tiers = file.tables("tier")?.into_iter().map(Tier::read).collect::<Result<_, _>>()?;
        let accounts = file.tables("account")?.into_iter().map(Account::read);
        let accounts = accounts.collect::<Result<_, _>>()?;
        file.end()?;
        let mut pack = Pack { tiers, accounts, ..pack };
        pack.keep_kinds_apart()?;
        let named = pack.tiers.iter_mut().flat_map(Tier::slots);
        match named.into_iter().find(|id| pack.slots.iter().all(|slot| slot.id != **id)) {
            Some(id) => Err(format!("no slot `{id}`")),
            None => Ok(pack),
        }
    }

    /// A slot by line kind becomes one for each, and a tier of one kind names that of its kind.
    fn keep_kinds_apart(&mut self) -> Result<(), String> {
        let kinds = self.kinds();
        let by_kind = |slot: &&SlotRow| slot.key.as_deref() == Some("line_kind");
        let apart: Vec<SlotRow> = self.slots.iter().filter(by_kind).cloned().collect();
        self.slots.retain(|slot| !by_kind(&slot));
        for slot in &apart {
            let of_kind = |kind: &String| SlotRow {
                id: format!("{}@{kind}", slot.id),
                key: None,
                ..slot.clone()
            };
            self.slots.extend(kinds.iter().map(of_kind));
        }
        for tier in &mut self.tiers {
            let own = tier.kinds.clone().unwrap_or_else(|| kinds.clone());
            for name in tier.slots() {
                if apart.iter().all(|slot| slot.id != *name) {
                    continue;
                }
                let [kind] = own.as_slice() else {
                    return Err(format!("slot `{name}` in a tier of several kinds"));
                };
                *name = format!("{name}@{kind}");
            }
        }
        Ok(())
    }

    /// Whether some row that stands on a day asks for the age.
    pub(crate) fn asks_for_age(&self, day: Date) -> bool {
        self.tiers.iter().any(|tier| tier.asks_for_age(day))
            || self.accounts.iter().any(|account| account.conditions.asks_for_age(day))
    }

    /// The slot of this id.
    pub(crate) fn slot(&self, id: &str) -> &SlotRow {
        self.slots.iter().find(|s| s.id == id).expect("a pack declares the slots it names")
    }

    /// The line kinds of the pack in order, `ordinary` first.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.line_kinds.iter().map(|(id, _)| id.clone()).collect()
    }

    /// How many tiers the pack has.
    pub fn tier_count(&self) -> usize {
        self.tiers.len()
    }
}

fn read_dates(file: &mut Fields) -> Result<Dates, String> {
    let mut dates = file.table("dates")?.unwrap_or_else(|| Fields::new("dates", Table::new()));
    let read = Dates {
        pack: dates.word("pack", "discharge")?,
        identity: dates.word("identity", "discharge")?,
        filing: dates.word("filing", "discharge")?,
        approval: dates.word("approval", "discharge")?,
        cover: dates.word("cover", "discharge")?,
        age: dates.word("age", "discharge")?,
    };
    dates.text("source")?;
    dates.end()?;
    Ok(read)
}

fn read_year(file: &mut Fields) -> Result<Year, String> {
    let mut year = file.table("year")?.unwrap_or_else(|| Fields::new("year", Table::new()));
    let read = Year {
        rule: year.word("rule", "discharge")?,
        cut_for: year.word("cut_for", "all")?,
        second_deductible: year.word("second_deductible", "full")?,
        second_from: year.word("second_from", "01-01")?,
    };
    year.text("source")?;
    year.end()?;
    Ok(read)
}

fn read_cause(file: &mut Fields) -> Result<Cause, String> {
    let mut cause = file.table("cause")?.unwrap_or_else(|| Fields::new("cause", Table::new()));
    let read = Cause {
        work_injury_refused: cause.word("work_injury", "refuse")? == "refuse",
        third_party_refused: cause.word("third_party", "refuse")? == "refuse",
        accident_refused: cause.word("accident_without_filing", "refuse")? == "refuse",
    };
    cause.text("source")?;
    cause.end()?;
    Ok(read)
}

fn read_schemes(file: &mut Fields) -> Result<Vec<(String, String)>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("scheme")? {
        row.needed("name")?;
        read.push((row.needed("insutype")?, row.needed("family")?));
        row.end()?;
    }
    Ok(read)
}

fn read_covers(file: &mut Fields) -> Result<Vec<String>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("cover")? {
        row.needed("name")?;
        read.push(row.needed("insutype")?);
        row.end()?;
    }
    Ok(read)
}

fn named_lists(
    file: &mut Fields,
    part: &str,
    list: &str,
) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut read = Vec::new();
    for mut row in file.tables(part)? {
        let id = row.needed("id")?;
        let Some(values) = row.texts(list)? else {
            return row.error(&format!("`{list}` is missing"));
        };
        read.push((id, values));
        row.end()?;
    }
    Ok(read)
}

fn read_contributions(file: &mut Fields) -> Result<Vec<String>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("contribution")? {
        read.push(row.needed("id")?);
        row.end()?;
    }
    Ok(read)
}

fn read_diseases(file: &mut Fields) -> Result<Vec<Disease>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("disease")? {
        let codes = row.texts("codes")?.unwrap_or_default();
        read.push(Disease { id: row.needed("id")?, codes, group: row.text("group")? });
        row.end()?;
    }
    Ok(read)
}

fn read_approvals(file: &mut Fields) -> Result<Option<Vec<String>>, String> {
    let Some(mut approvals) = file.table("approvals")? else { return Ok(None) };
    let Some(of) = approvals.texts("of")? else {
        return approvals.error("`of` is missing");
    };
    approvals.text("source")?;
    approvals.end()?;
    Ok(Some(of))
}

fn read_kinds(file: &mut Fields) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut read = vec![("ordinary".to_owned(), Vec::new())];
    read.extend(named_lists(file, "line_kind", "tags")?);
    Ok(read)
}

fn read_benefits(file: &mut Fields) -> Result<Vec<Benefit>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("benefit")? {
        row.needed("name")?;
        read.push(Benefit {
            id: row.needed("id")?,
            med_type: row.texts("med_type")?.unwrap_or_default(),
            setting: row.needed("setting")?,
            agreement: row.needed("agreement")?,
            level_of: row.word("level_of", "facility")?,
            maternity: row.flag("maternity")?.unwrap_or(false),
            approval: row.flag("approval")?.unwrap_or(false),
            work_injury: row.flag("work_injury")?.unwrap_or(false),
        });
        row.end()?;
    }
    Ok(read)
}

fn read_slots(file: &mut Fields) -> Result<Vec<SlotRow>, String> {
    let mut read = Vec::new();
    for mut row in file.tables("slot")? {
        read.push(SlotRow {
            id: row.needed("id")?,
            count: row.word("unit", "fen")? == "count",
            scope: row.needed("scope")?,
            key: row.text("key")?,
        });
        row.end()?;
    }
    Ok(read)
}
