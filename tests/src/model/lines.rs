//! The line check of the naive model: POLICY.md §7, each kept line priced on
//! its own.

use super::case::{FourParts, LineIn};
use super::catalogue::{Catalogue, Class, Edit, Look, Period, Test, Then};
use super::date::Date;
use super::exact::{Exact, Fen, Rounding, round, times};

/// What the line check asks of the visit, the member and the place.
pub(crate) struct Setting<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) setting: &'a str,
    pub(crate) maternity: bool,
    pub(crate) family: &'a str,
    pub(crate) level: usize,
    pub(crate) male: Option<bool>,
    /// The age that governs a fee day.
    pub(crate) age: &'a dyn Fn(Date) -> Option<i128>,
    pub(crate) diagnoses: &'a [String],
    /// The first day that is not covered any more.
    pub(crate) cover_ends: Option<Date>,
    /// The cause of the visit makes every line own cost.
    pub(crate) all_own: bool,
}

/// The parts of one line; `own` counts the facility's cost in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are the line's parts, named as in the bill")]
pub struct LineParts {
    pub serial: String,
    pub own: Fen,
    pub over: Fen,
    pub prepay: Fen,
    pub scope: Fen,
    pub facility: Fen,
    /// What of its quantity is not own cost or the facility's.
    pub quantity: Exact,
}

/// A line of the claim that is no return, with what was kept of it at some moment.
struct Kept<'a> {
    line: &'a LineIn,
    period: Option<&'a Period>,
    quantity: Exact,
    amount: Fen,
}

/// What of a line the steps have not taken yet.
struct Rest {
    quantity: Exact,
    amount: Fen,
    own: Fen,
    facility: Fen,
}

const NOUGHT: Exact = Exact::new_raw(0, 1);

impl Rest {
    /// Part of the quantity is own cost, or the facility's.
    fn take(&mut self, excess: Exact, facility: bool) {
        let excess = if excess > self.quantity { self.quantity } else { excess };
        if excess <= NOUGHT {
            return;
        }
        let exact = times(self.amount, excess / self.quantity);
        let part = round(exact, Rounding::HalfAway);
        self.quantity -= excess;
        self.amount -= part;
        self.own += part;
        if facility {
            self.facility += part;
        }
    }

    /// A fraction of the days of use is own cost; the quantity left has four decimals.
    fn take_days(&mut self, beyond: Exact) {
        let part = round(times(self.amount, beyond), Rounding::HalfAway);
        let units = self.quantity * beyond * Exact::from_integer(10_000);
        self.quantity -= Exact::new(round(units, Rounding::HalfAway), 10_000);
        self.amount -= part;
        self.own += part;
    }

    fn take_all(&mut self, facility: bool) {
        self.own += self.amount;
        if facility {
            self.facility += self.amount;
        }
        self.amount = 0;
        self.quantity = NOUGHT;
    }
}

/// Whether the lines can be a bill: serials, returns, and amounts that are price times quantity.
pub(crate) fn structure(lines: &[LineIn]) -> bool {
    let bound = 10_000_000_000_000;
    let mut total = 0;
    for (n, line) in lines.iter().enumerate() {
        let exact = line.price * line.quantity * Exact::from_integer(100);
        total += line.amount;
        let twice = lines[..n].iter().any(|l| l.serial == line.serial);
        let sums = round(exact, Rounding::HalfAway) == line.amount;
        if twice || !sums || line.price < NOUGHT || line.amount.abs() > bound {
            return false;
        }
        if line.quantity < NOUGHT && !return_fits(&lines[..=n], line) {
            return false;
        }
    }
    (0..=bound).contains(&total)
}

fn return_fits(until: &[LineIn], line: &LineIn) -> bool {
    let Some(serial) = &line.returns else { return false };
    let earlier = until.iter().find(|l| l.serial == *serial && l.quantity > NOUGHT);
    let Some(original) = earlier else { return false };
    let returns =
        until.iter().filter(|l| l.quantity < NOUGHT && l.returns.as_ref() == Some(serial));
    let (mut quantity, mut amount) = (original.quantity, original.amount);
    for r in returns {
        quantity += r.quantity;
        amount += r.amount;
    }
    let same = original.code == line.code && original.price == line.price;
    same && quantity >= NOUGHT && amount >= 0
}

/// The parts of every line, in order, with the line kind it belongs to by its tag.
pub(crate) fn check(setting: &Setting<'_>, lines: &[LineIn]) -> Vec<(LineParts, String)> {
    // What is kept in the end is what limits and conflicts of other lines see.
    let mut kept: Vec<Option<Kept<'_>>> = lines.iter().map(|l| original(setting, l)).collect();
    for line in lines {
        if let Some(n) = returned(lines, line)
            && let Some(k) = &mut kept[n]
        {
            k.quantity += line.quantity;
            k.amount += line.amount;
        }
    }
    // Each line shows its price when it was whole, each return the change it makes.
    let mut answer = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let (of, before, after) = match returned(lines, line) {
            None => (n, (NOUGHT, 0), (line.quantity, line.amount)),
            Some(of) => {
                let before = kept_until(lines, of, n);
                (of, before, (before.0 + line.quantity, before.1 + line.amount))
            }
        };
        let parts_before = price(setting, &kept, of, before);
        let parts_after = price(setting, &kept, of, after);
        let tag = kept[of].as_ref().and_then(|k| k.period).map(|p| p.tag.clone());
        answer.push((
            LineParts {
                serial: line.serial.clone(),
                own: parts_after.0.own - parts_before.0.own,
                over: parts_after.0.over - parts_before.0.over,
                prepay: parts_after.0.prepay - parts_before.0.prepay,
                scope: parts_after.0.scope - parts_before.0.scope,
                facility: parts_after.1 - parts_before.1,
                quantity: parts_after.2 - parts_before.2,
            },
            tag.unwrap_or_default(),
        ));
    }
    answer
}

fn original<'a>(setting: &Setting<'a>, line: &'a LineIn) -> Option<Kept<'a>> {
    (line.quantity >= NOUGHT).then(|| Kept {
        line,
        period: setting.catalogue.on(&line.code, &line.day.text()),
        quantity: line.quantity,
        amount: line.amount,
    })
}

/// The index of the line that this one returns.
fn returned(lines: &[LineIn], line: &LineIn) -> Option<usize> {
    if line.quantity >= NOUGHT {
        return None;
    }
    lines.iter().position(|l| Some(&l.serial) == line.returns.as_ref())
}

/// The fee day that counts: for a return that of its line.
pub(crate) fn original_day(lines: &[LineIn], line: &LineIn) -> Date {
    returned(lines, line).map_or(line.day, |of| lines[of].day)
}

/// What was kept of a line before the line at `until`.
fn kept_until(lines: &[LineIn], of: usize, until: usize) -> (Exact, Fen) {
    let mut kept = (lines[of].quantity, lines[of].amount);
    for line in lines[..until].iter().filter(|l| returned(lines, l) == Some(of)) {
        kept.0 += line.quantity;
        kept.1 += line.amount;
    }
    kept
}

/// The price of a quantity and amount of one line, beside what is kept of all others.
fn price(
    setting: &Setting<'_>,
    kept: &[Option<Kept<'_>>],
    of: usize,
    (quantity, amount): (Exact, Fen),
) -> (FourParts, Fen, Exact) {
    let Some(this) = &kept[of] else { return (FourParts::default(), 0, NOUGHT) };
    let mut rest = Rest { quantity, amount, own: 0, facility: 0 };
    let outside = setting.all_own || setting.cover_ends.is_some_and(|end| this.line.day >= end);
    let Some(period) = this.period.filter(|p| !outside && in_scope(setting, this.line, p)) else {
        rest.take_all(false);
        return done(&rest, 0, 0);
    };
    restrict(setting, kept, of, period, &mut rest);
    for edit in &period.edits {
        if hits(kept, of, edit, &mut rest) {
            break;
        }
    }
    let over = match period.ceiling[setting.level] {
        Some(ceiling) if this.line.price > ceiling => {
            let most = ceiling * rest.quantity * Exact::from_integer(100);
            (rest.amount - round(most, Rounding::HalfAway)).max(0)
        }
        _ => 0,
    };
    let share = period.share[usize::from(setting.family == "resident")];
    let prepay = round(times(rest.amount - over, share), Rounding::HalfAway);
    done(&rest, over, prepay)
}

fn done(rest: &Rest, over: Fen, prepay: Fen) -> (FourParts, Fen, Exact) {
    let scope = rest.amount - over - prepay;
    (FourParts { own: rest.own, over, prepay, scope }, rest.facility, rest.quantity)
}

/// Step 3: the family of the scheme, or childbirth where the visit or the line is one.
fn in_scope(setting: &Setting<'_>, line: &LineIn, period: &Period) -> bool {
    let family = match setting.family {
        "resident" => period.resident,
        _ => period.employee,
    };
    let childbirth = period.maternity && (setting.maternity || line.maternity);
    period.class != Class::C && (family || childbirth)
}

/// Step 4.
fn restrict(
    setting: &Setting<'_>,
    kept: &[Option<Kept<'_>>],
    of: usize,
    period: &Period,
    rest: &mut Rest,
) {
    let Some(this) = &kept[of] else { return };
    let flag = this.line.approved.as_deref();
    let refused = flag == Some("2");
    if refused || (!period.conditions.is_empty() && flag != Some("1")) {
        rest.take_all(false);
        return;
    }
    for condition in period.conditions.iter().filter(|c| !c.attested) {
        match &condition.test {
            Test::QuantityPerVisit(most) => {
                let excess = earlier(kept, of, false) + rest.quantity - most;
                rest.take(excess, false);
            }
            Test::QuantityPerDay(most) => {
                let excess = earlier(kept, of, true) + rest.quantity - most;
                rest.take(excess, false);
            }
            Test::Days(most) => {
                let days = this.line.days.unwrap_or(0);
                if days > *most {
                    rest.take_days(Exact::new(days - most, days));
                }
            }
            test @ (Test::LevelAtLeast(_)
            | Test::Setting(_)
            | Test::Male(_)
            | Test::AgeFrom(_)
            | Test::AgeBelow(_)
            | Test::Family(_)
            | Test::Maternity
            | Test::Diagnosis(_)
            | Test::Words) => {
                if !passes(setting, this.line, test) {
                    rest.take_all(false);
                }
            }
        }
    }
}

/// Whether a test that is a yes or no holds; limits of quantity are none.
fn passes(setting: &Setting<'_>, line: &LineIn, test: &Test) -> bool {
    let age = (setting.age)(line.day);
    match test {
        Test::LevelAtLeast(level) => setting.level >= *level,
        Test::Setting(place) => setting.setting == place,
        Test::Male(male) => setting.male == Some(*male),
        Test::AgeFrom(from) => age.is_some_and(|a| a >= *from),
        Test::AgeBelow(below) => age.is_some_and(|a| a < *below),
        Test::Family(family) => setting.family == family,
        Test::Maternity => setting.maternity || line.maternity,
        Test::Diagnosis(set) => {
            setting.diagnoses.iter().any(|d| set.iter().any(|s| d.starts_with(s.as_str())))
        }
        Test::Words => false,
        Test::QuantityPerVisit(_) | Test::QuantityPerDay(_) | Test::Days(_) => true,
    }
}

/// The net quantity of the same code in earlier lines, of the same day where asked.
fn earlier(kept: &[Option<Kept<'_>>], of: usize, same_day: bool) -> Exact {
    let mut net = NOUGHT;
    if let Some(this) = &kept[of] {
        for k in kept[..of].iter().flatten().filter(|k| k.line.code == this.line.code) {
            if !same_day || k.line.day == this.line.day {
                net += k.quantity;
            }
        }
    }
    net
}

/// Step 5: whether this edit hits what is kept of the line, with what it takes of the rest.
fn hits(kept: &[Option<Kept<'_>>], of: usize, edit: &Edit, rest: &mut Rest) -> bool {
    let Some(this) = &kept[of] else { return false };
    // What was wholly returned is not billed.
    if this.quantity <= NOUGHT {
        return false;
    }
    let beside = |n: usize, group: &str| {
        kept[n].as_ref().is_some_and(|k| {
            let member = k.period.is_some_and(|p| p.groups.iter().any(|g| g == group));
            let day = !edit.same_day || k.line.day == this.line.day;
            n != of && k.quantity > NOUGHT && member && day && k.line.code != this.line.code
        })
    };
    let (hit, excess) = match &edit.look {
        Look::Exclusive(group) => ((0..of).any(|n| beside(n, group)), NOUGHT),
        Look::IncludedIn(group) => ((0..kept.len()).any(|n| beside(n, group)), NOUGHT),
        Look::MoreThan(most) => {
            let before = earlier(kept, of, edit.same_day);
            (before + this.quantity > *most, before + rest.quantity - most)
        }
    };
    if hit {
        match edit.then {
            Then::Own => rest.take_all(false),
            Then::Facility => rest.take_all(true),
            Then::Cut => rest.take(excess, true),
            Then::Flag => {}
        }
    }
    hit
}
