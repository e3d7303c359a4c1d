//! The rows of a tier and of the account as the naive model reads them, each with its conditions
//! beside its values.

use super::condition::Conditions;
use super::date::Date;
use super::exact::{Exact, Fen, Rounding, fen};
use super::facts::Facts;
use super::fields::Fields;

/// `[[tier]]`.
#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub(crate) id: String,
    pub(crate) fund: String,
    pub(crate) basic: bool,
    pub(crate) base: Base,
    pub(crate) kinds: Option<Vec<String>>,
    pub(crate) rounding: Rounding,
    pub(crate) bands_at: Option<String>,
    pub(crate) from_zero: bool,
    pub(crate) difference: bool,
    pub(crate) facility_above: bool,
    pub(crate) listed_order: bool,
    pub(crate) applies: Conditions,
    pub(crate) first_share: Vec<Row<FirstShare>>,
    pub(crate) deductible: Vec<Row<Deductible>>,
    pub(crate) factor: Vec<Row<Exact>>,
    pub(crate) band: Vec<Row<Vec<Band>>>,
    pub(crate) change: Vec<Row<Change>>,
    pub(crate) cap: Vec<Row<Cap>>,
    pub(crate) floor: Vec<Row<Floor>>,
    pub(crate) add: Vec<Row<Add>>,
}

/// What enters a tier.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    InScope,
    InScopePrepay,
    AboveCapOf(String),
    Left { parts: Vec<String>, loss_out: bool },
}

/// A row of a part of a tier.
#[derive(Clone, Debug)]
pub(crate) struct Row<T> {
    pub(crate) conditions: Conditions,
    pub(crate) exception: bool,
    pub(crate) value: T,
}

#[derive(Clone, Debug)]
pub(crate) struct FirstShare {
    pub(crate) rate: Exact,
    pub(crate) penalty: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum DeductibleAmount {
    Fixed(Fen),
    ByCount { amounts: Vec<Fen>, count: String, counted: String },
    Share { rate: Exact, of: String, min: Option<Fen>, max: Option<Fen> },
}

#[derive(Clone, Debug)]
pub(crate) struct Deductible {
    pub(crate) amount: DeductibleAmount,
    pub(crate) per: String,
    pub(crate) less: Option<String>,
    pub(crate) ceiling: Option<(Fen, String)>,
    pub(crate) continued: String,
}

/// The part of an axis below `to` and above the band before.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub(crate) to: Option<Fen>,
    pub(crate) rate: Exact,
}

#[derive(Clone, Debug)]
pub(crate) enum ChangeHow {
    Factor(Exact),
    Points(Exact),
    PointsPerYear { age_from: i128, points: Exact, max: Exact },
    Floor(Exact),
    Ceiling(Exact),
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) how: ChangeHow,
    pub(crate) penalty: bool,
    pub(crate) kinds: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
pub(crate) enum CapAmount {
    Fixed(Fen),
    Approval,
    Unlimited,
}

#[derive(Clone, Debug)]
pub(crate) struct Cap {
    pub(crate) amount: CapAmount,
    pub(crate) on: String,
    pub(crate) slot: Option<String>,
    pub(crate) per: String,
    pub(crate) plus: Option<Plus>,
}

#[derive(Clone, Debug)]
pub(crate) struct Plus {
    pub(crate) from: i128,
    pub(crate) each: Fen,
    pub(crate) max: Option<Fen>,
}

#[derive(Clone, Debug)]
pub(crate) struct Floor {
    pub(crate) rate: Exact,
    pub(crate) of_total: bool,
    pub(crate) deductible_out: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Add {
    pub(crate) slot: String,
    pub(crate) of: String,
}

/// `[[account]]`.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) conditions: Conditions,
    pub(crate) parts: Vec<String>,
    pub(crate) order: Vec<String>,
}

/// The rows that hold; where one of several says `exception`, it alone.
pub(crate) fn holding<'a, T>(rows: &'a [Row<T>], facts: &Facts, level: &str) -> Vec<&'a Row<T>> {
    let hold: Vec<&Row<T>> = rows.iter().filter(|r| r.conditions.hold(facts, level)).collect();
    let exceptions: Vec<&Row<T>> = hold.iter().copied().filter(|r| r.exception).collect();
    if hold.len() > 1 && exceptions.len() == 1 { exceptions } else { hold }
}

/// The one row that holds.
pub(crate) fn one<'a, T>(
    rows: &'a [Row<T>],
    facts: &Facts,
    level: &str,
    what: &str,
) -> Option<&'a T> {
    let hold = holding(rows, facts, level);
    assert!(hold.len() <= 1, "{} rows of {what} hold at once", hold.len());
    hold.first().map(|r| &r.value)
}

impl Tier {
    pub(crate) fn read(mut f: Fields) -> Result<Tier, String> {
        let fund = f.needed("fund")?;
        let basic = ["310100", "310102", "390100", "390102"].contains(&fund.as_str());
        f.needed("source")?;
        let bands_at = f.word("bands_at", "visit")?;
        let tier = Tier {
            id: f.needed("id")?,
            basic: f.flag("basic")?.unwrap_or(basic),
            fund,
            base: read_base(&mut f)?,
            kinds: f.texts("kinds")?,
            rounding: match f.word("rounding", "half_away")?.as_str() {
                "half_away" => Rounding::HalfAway,
                "down" => Rounding::Down,
                _ => return f.error("no such rounding"),
            },
            bands_at: (bands_at != "visit").then_some(bands_at),
            from_zero: f.word("bands_from", "deductible")? == "zero",
            difference: f.word("bands_pay", "difference")? == "difference",
            facility_above: f.word("above_cap", "member")? == "facility",
            listed_order: f.word("changes_order", "standard")? == "listed",
            applies: Conditions::read(&mut f)?,
            first_share: rows(&mut f, "first_share", read_first_share)?,
            deductible: rows(&mut f, "deductible", read_deductible)?,
            factor: rows(&mut f, "deductible_factor", |f| f.rate("rate")?.ok_or("no rate".into()))?,
            band: rows(&mut f, "band", read_band)?,
            change: rows(&mut f, "change", read_change)?,
            cap: rows(&mut f, "cap", read_cap)?,
            floor: rows(&mut f, "floor", read_floor)?,
            add: rows(&mut f, "add", |f| Ok(Add { slot: f.needed("slot")?, of: f.needed("of")? }))?,
        };
        f.end()?;
        Ok(tier)
    }
}

impl Tier {
    /// Whether a row that stands on a day asks for the age.
    pub(crate) fn asks_for_age(&self, day: Date) -> bool {
        fn any<T>(rows: &[Row<T>], day: Date) -> bool {
            rows.iter().any(|row| row.conditions.asks_for_age(day))
        }
        let by_year = |row: &Row<Change>| {
            let by_year = matches!(row.value.how, ChangeHow::PointsPerYear { .. });
            by_year && row.conditions.stands(day) && self.applies.stands(day)
        };
        self.applies.asks_for_age(day)
            || any(&self.first_share, day)
            || any(&self.deductible, day)
            || any(&self.factor, day)
            || any(&self.band, day)
            || any(&self.change, day)
            || any(&self.cap, day)
            || any(&self.floor, day)
            || any(&self.add, day)
            || self.change.iter().any(by_year)
    }

    /// The slots that the tier names.
    pub(crate) fn slots(&mut self) -> Vec<&mut String> {
        let mut named: Vec<&mut String> = self.bands_at.iter_mut().collect();
        for row in self.deductible.iter_mut().map(|row| &mut row.value) {
            named.extend(row.less.iter_mut());
            named.extend(row.ceiling.iter_mut().map(|(_, slot)| slot));
            if let DeductibleAmount::ByCount { count, counted, .. } = &mut row.amount {
                named.extend([count, counted]);
            }
        }
        named.extend(self.cap.iter_mut().filter_map(|row| row.value.slot.as_mut()));
        named.extend(self.add.iter_mut().map(|row| &mut row.value.slot));
        named
    }
}

impl Account {
    pub(crate) fn read(mut f: Fields) -> Result<Account, String> {
        f.needed("source")?;
        let account = Account {
            conditions: Conditions::read(&mut f)?,
            parts: f.texts("parts")?.unwrap_or_default(),
            order: f.texts("order")?.unwrap_or_default(),
        };
        f.end()?;
        Ok(account)
    }
}

/// All rows of one part.
fn rows<T>(
    tier: &mut Fields,
    part: &str,
    read: impl Fn(&mut Fields) -> Result<T, String>,
) -> Result<Vec<Row<T>>, String> {
    let mut all = Vec::new();
    for mut f in tier.tables(part)? {
        f.needed("source")?;
        let conditions = Conditions::read(&mut f)?;
        let exception = f.flag("exception")?.unwrap_or(false);
        let value = read(&mut f).map_err(|e| format!("{}: {e}", f.what()))?;
        f.end()?;
        all.push(Row { conditions, exception, value });
    }
    Ok(all)
}

fn read_base(f: &mut Fields) -> Result<Base, String> {
    if f.is_table("base") {
        let mut table = f.table("base")?.ok_or("no base")?;
        let base = match table.text("above_cap_of")? {
            Some(tier) => Base::AboveCapOf(tier),
            None => Base::Left {
                parts: table.texts("left")?.ok_or("a base without `left`")?,
                loss_out: table.word("filing_loss", "in")? == "out",
            },
        };
        table.end()?;
        return Ok(base);
    }
    match f.needed("base")?.as_str() {
        "in_scope" => Ok(Base::InScope),
        "in_scope+prepay" => Ok(Base::InScopePrepay),
        _ => f.error("no such base"),
    }
}

fn read_first_share(f: &mut Fields) -> Result<FirstShare, String> {
    let rate = f.rate("rate")?.ok_or("no rate")?;
    Ok(FirstShare { rate, penalty: f.flag("penalty")?.unwrap_or(false) })
}

fn read_deductible(f: &mut Fields) -> Result<Deductible, String> {
    let amount = if let Some(amount) = f.fen("amount")? {
        DeductibleAmount::Fixed(amount)
    } else if let Some(amounts) = f.texts("amounts")? {
        DeductibleAmount::ByCount {
            amounts: amounts.iter().map(|a| fen(a)).collect::<Option<_>>().ok_or("no amounts")?,
            count: f.needed("count")?,
            counted: f.needed("counted")?,
        }
    } else {
        let mut share = f.table("share")?.ok_or("a deductible without an amount")?;
        let rate = share.rate("rate")?.ok_or("a share without a rate")?;
        let of = share.needed("of")?;
        let (min, max) = (share.fen("min")?, share.fen("max")?);
        share.end()?;
        DeductibleAmount::Share { rate, of, min, max }
    };
    let ceiling = match f.table("ceiling")? {
        None => None,
        Some(mut c) => Some((c.fen("amount")?.ok_or("no amount")?, c.needed("slot")?)),
    };
    Ok(Deductible {
        amount,
        per: f.word("per", "visit")?,
        less: f.text("less")?,
        ceiling,
        continued: f.word("continued", "difference")?,
    })
}

fn read_band(f: &mut Fields) -> Result<Vec<Band>, String> {
    if let Some(rate) = f.rate("rate")? {
        return Ok(vec![Band { to: None, rate }]);
    }
    let mut bands = Vec::new();
    for mut band in f.tables("bands")? {
        bands.push(Band { to: band.fen("to")?, rate: band.rate("rate")?.ok_or("no rate")? });
        band.end()?;
    }
    Ok(bands)
}

fn read_change(f: &mut Fields) -> Result<Change, String> {
    let how = if let Some(factor) = f.rate("factor")? {
        ChangeHow::Factor(factor)
    } else if let Some(points) = f.rate("points")? {
        ChangeHow::Points(points)
    } else if let Some(floor) = f.rate("floor")? {
        ChangeHow::Floor(floor)
    } else if let Some(ceiling) = f.rate("ceiling")? {
        ChangeHow::Ceiling(ceiling)
    } else {
        let mut p = f.table("points_per_year")?.ok_or("a change of no kind")?;
        let age_from = p.int("age_from")?.ok_or("no age_from")?;
        let points = p.rate("points")?.ok_or("no points")?;
        let max = p.rate("max")?.ok_or("no max")?;
        p.end()?;
        ChangeHow::PointsPerYear { age_from, points, max }
    };
    Ok(Change { how, penalty: f.flag("penalty")?.unwrap_or(false), kinds: f.texts("kinds")? })
}

fn read_cap(f: &mut Fields) -> Result<Cap, String> {
    let unlimited = f.flag("unlimited")?.unwrap_or(false);
    let amount = match f.text("amount")? {
        None if unlimited => CapAmount::Unlimited,
        Some(text) if text == "approval" => CapAmount::Approval,
        Some(text) => CapAmount::Fixed(fen(&text).ok_or("an amount that is none")?),
        None => return f.error("a cap without an amount"),
    };
    let plus = match f.table("plus")? {
        None => None,
        Some(mut p) => Some(Plus {
            from: p.int("paid_years_from")?.ok_or("no paid_years_from")?,
            each: p.fen("each")?.ok_or("no each")?,
            max: p.fen("max")?,
        }),
    };
    let on = f.needed("on")?;
    Ok(Cap { amount, on, slot: f.text("slot")?, per: f.word("per", "visit")?, plus })
}

fn read_floor(f: &mut Fields) -> Result<Floor, String> {
    Ok(Floor {
        rate: f.rate("rate")?.ok_or("no rate")?,
        of_total: f.word("of", "base")? == "total",
        deductible_out: f.word("deductible", "in")? == "out",
    })
}
