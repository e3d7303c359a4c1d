//! The second stage: every line is split into its four parts by the three catalogues (三大目录).
//! The steps and their order are `catalogs/sources/POLICY.md` §7; each takes its part from what the earlier ones left.

mod conflict;
mod restriction;
mod structure;

use alloc::vec::Vec;

use crate::admit::{Admitted, StayPart};
use crate::catalogue::{Class, Family, Found, Level, Rule, RuleBook, Terms};
use crate::claim::{Charges, FeeLine, GivenTotals, HospitalApproval, LineParts};
use crate::date::Day;
use crate::id::{EntryId, LineKind};
use crate::limits::{self, LINE_KINDS_MAX, YEAR_PARTS_MAX};
use crate::money::{Fen, Quantity, Rounding};
use crate::pack::kind_of_tag;
use crate::reason::{LineReason, LineReasons, Reason, Refusal};

use conflict::{Hit, Presence};
use restriction::Tally;
use structure::Among;

/// A claim whose lines are split.
#[derive(Debug)]
pub struct Priced<'p, 'a> {
    admitted: &'p Admitted<'a>,
    totals: &'p [Totals; YEAR_PARTS_MAX],
    tolerated: u32,
}

/// What became of one line.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct LineOutcome {
    /// Its four parts; they add up to its amount.
    pub parts: LineParts,
    /// What of its own cost the facility bears, by an edit.
    pub facility: Fen,
    /// The entry that was in force, if any.
    pub entry: Option<EntryId>,
    /// Its line kind.
    pub kind: LineKind,
    /// The part of the stay it belongs to.
    pub stay_part: u8,
    /// Whether an edit only marks it for review.
    pub review: bool,
    /// Why it is not wholly in scope.
    pub reasons: LineReasons,
    /// The quantity that is not own cost or the facility's.
    pub quantity: Quantity,
}

/// Sums over the lines of one part of a stay.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Totals {
    /// The four parts of the bill.
    pub parts: LineParts,
    /// What of own cost the facility bears.
    pub facility: Fen,
    /// By line kind.
    pub kinds: [KindTotals; LINE_KINDS_MAX],
    /// Days of the stay, at least one.
    pub days: i64,
    /// Whether anything was charged.
    pub charged: bool,
    /// Whether the totals were given without lines.
    pub by_totals: bool,
}

/// Sums over the lines of one kind.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct KindTotals {
    /// In scope.
    pub in_scope: Fen,
    /// Pre-pay.
    pub pre_pay: Fen,
    /// Net quantity that is not own cost or the facility's; nought for totals given without lines.
    pub quantity: Quantity,
}

/// Room for the work of pricing, kept from claim to claim so that nothing is allocated.
#[derive(Debug, Default)]
pub struct PriceDesk {
    totals: [Totals; YEAR_PARTS_MAX],
    room: Room,
}

/// What is worked with and forgotten.
#[derive(Debug, Default)]
struct Room {
    by_serial: Vec<u32>,
    parents: Vec<Option<Kept>>,
    tally: Tally,
    presence: Presence,
}

/// What is kept of a line that others return.
#[derive(Copy, Clone, Debug)]
struct Kept {
    /// What is left after all returns of the claim.
    net: (Quantity, Fen),
    /// What is left after the returns met so far.
    left: (Quantity, Fen),
    /// How it was judged when it was met.
    judged: Option<Judged>,
}

/// How a line is split, whatever its quantity: fixed when it is met.
#[derive(Copy, Clone, Debug)]
struct Judged {
    /// All own cost, and why.
    whole: Option<LineReason>,
    /// What the same code had used before in the visit and on the day.
    used: restriction::Used,
    /// The edit that hits it.
    hit: Option<Hit>,
}

/// A quantity and amount of which steps take their parts.
#[derive(Copy, Clone, Debug)]
struct Rest {
    quantity: Quantity,
    amount: Fen,
    own: Fen,
    facility: Fen,
}

/// Splits every line into `outcomes`, in order, or takes totals that were split elsewhere.
pub fn price<'p, 'a>(
    admitted: &'p Admitted<'a>,
    found: &[Found],
    rules: &RuleBook,
    kinds_of_tags: &[LineKind],
    desk: &'p mut PriceDesk,
    outcomes: &mut Vec<LineOutcome>,
) -> Result<Priced<'p, 'a>, Refusal> {
    let PriceDesk { totals, room } = desk;
    outcomes.clear();
    let days = days_of_stay(admitted);
    for (place, _) in totals.iter_mut().zip(admitted.parts()) {
        *place = Totals::nothing(days);
    }
    let mut tolerated = 0;
    match &admitted.claim().charges {
        Charges::Totals(given) => {
            if let Some(first) = totals.first_mut() {
                *first = Totals::given(given, admitted, days)?;
            }
            if admitted.lines_needed() {
                return Err(Refusal::of(Reason::LinesNeeded));
            }
        }
        Charges::Lines(lines) => {
            let among = structure::check(lines, admitted.claim().tolerance, room)?;
            tolerated = among.tolerated;
            let judge = Judge::new(admitted, rules, kinds_of_tags);
            judge.split_all(lines, found, &among, room, outcomes, totals);
        }
    }
    let sum = totals.iter().zip(admitted.parts()).map(|(one, _)| one.parts.sum()).sum::<Fen>();
    if sum.get() > limits::BILL_FEN_MAX {
        return Err(Refusal::of(Reason::AmountOutOfBounds));
    }
    Ok(Priced { admitted, totals, tolerated })
}

impl<'a> Priced<'_, 'a> {
    /// The claim it comes from.
    pub fn admitted(&self) -> &Admitted<'a> {
        self.admitted
    }

    /// The parts of the stay with their sums.
    pub fn parts(&self) -> impl Iterator<Item = (&StayPart<'a>, &Totals)> {
        self.admitted.parts().zip(self.totals)
    }

    /// How many lines had an amount within the tolerance but not exact.
    pub fn tolerated(&self) -> u32 {
        self.tolerated
    }
}

impl Totals {
    pub(crate) fn nothing(days: i64) -> Totals {
        Totals { days, ..Totals::default() }
    }

    /// Totals that were split elsewhere, checked to add up.
    pub(crate) fn given(
        given: &GivenTotals<'_>,
        admitted: &Admitted<'_>,
        days: i64,
    ) -> Result<Totals, Refusal> {
        let mismatch = Refusal::of(Reason::TotalsMismatch).with(given.total, given.parts.sum());
        if given.parts.has_negative() || given.kinds.iter().any(|(_, parts)| parts.has_negative()) {
            return Err(Refusal::of(Reason::NegativeAmount));
        }
        if given.total != given.parts.sum() {
            return Err(mismatch);
        }
        let mut totals = Totals { charged: true, by_totals: true, ..Totals::nothing(days) };
        if admitted.own_cost() {
            totals.parts.own = given.total;
            return Ok(totals);
        }
        totals.parts = given.parts;
        let mut ordinary = given.parts;
        for (kind, parts) in given.kinds {
            totals.add_kind(*kind, parts, Quantity::ZERO);
            ordinary = ordinary.minus(parts);
        }
        if ordinary.has_negative() {
            return Err(Refusal::of(Reason::TotalsMismatch));
        }
        totals.add_kind(LineKind::default(), &ordinary, Quantity::ZERO);
        Ok(totals)
    }

    #[inline(always)]
    fn add_kind(&mut self, kind: LineKind, parts: &LineParts, quantity: Quantity) {
        if let Some(sum) = self.kinds.get_mut(kind.index()) {
            sum.in_scope = sum.in_scope.plus(parts.in_scope);
            sum.pre_pay = sum.pre_pay.plus(parts.pre_pay);
            sum.quantity = sum.quantity.plus(quantity);
        }
    }

    #[inline(always)]
    pub(crate) fn add_line(&mut self, outcome: &LineOutcome) {
        self.charged = true;
        self.parts = self.parts.plus(&outcome.parts);
        self.facility = self.facility.plus(outcome.facility);
        self.add_kind(outcome.kind, &outcome.parts, outcome.quantity);
    }
}

/// What judging lines needs, the same for all of them.
struct Judge<'j, 'a> {
    admitted: &'j Admitted<'a>,
    rules: &'j RuleBook,
    kinds_of_tags: &'j [LineKind],
    family: Family,
    level: Level,
    own_cost: bool,
    maternity: bool,
    cover_end: Day,
}

impl<'j, 'a> Judge<'j, 'a> {
    fn new(
        admitted: &'j Admitted<'a>,
        rules: &'j RuleBook,
        kinds_of_tags: &'j [LineKind],
    ) -> Judge<'j, 'a> {
        let claim = admitted.claim();
        let scheme = usize::from(claim.member.scheme.unwrap_or(0));
        let scheme = admitted.pack().data().schemes.get(scheme);
        Judge {
            admitted,
            rules,
            kinds_of_tags,
            family: scheme.map_or(Family::Employee, |one| one.family),
            level: claim.facility.price_level,
            own_cost: admitted.own_cost(),
            maternity: admitted.benefit().maternity,
            cover_end: admitted.cover_end(),
        }
    }

    /// Steps 2 to 8 for every line, and the sums.
    fn split_all(
        &self,
        lines: &[FeeLine],
        looked_up: &[Found],
        among: &Among,
        room: &mut Room,
        outcomes: &mut Vec<LineOutcome>,
        totals: &mut [Totals; YEAR_PARTS_MAX],
    ) {
        assert_eq!(lines.len(), looked_up.len(), "every line was looked up once");
        let divided = self.admitted.is_divided();
        let has_rule = |one: &Found| matches!(one, Found::Entry(entry) if entry.rule().get() != 0);
        let mut every_line = among.returns;
        if looked_up.iter().any(has_rule) {
            let changes = entries_change(lines, looked_up);
            every_line |= changes;
            room.tally.clear(changes);
            room.presence.gather(lines, looked_up, self.rules, &room.parents);
        } else {
            room.tally.leave();
        }
        outcomes.reserve(lines.len());
        for (index, (line, found)) in lines.iter().zip(looked_up).enumerate() {
            let stay_part = if divided { self.admitted.part_of(line.day) } else { 0 };
            match line.returns {
                None if !every_line && self.rule_of(found).is_none() => {
                    self.split_unruled(line, found, stay_part, outcomes);
                }
                None => {
                    let outcome =
                        self.split_line(index, line, found, stay_part, among.returns, room);
                    outcomes.push(outcome);
                }
                Some(_) => {
                    let outcome = self.split_return(line, lines, looked_up, room, outcomes);
                    outcomes.push(outcome);
                }
            }
            let Some(outcome) = outcomes.last_mut() else { continue };
            if among.tolerated > 0 && line.price.times(line.quantity) != Some(line.amount) {
                outcome.reasons.add(LineReason::AmountTolerated);
            }
            if let Some(sums) = totals.get_mut(usize::from(outcome.stay_part)) {
                sums.add_line(outcome);
            }
        }
    }

    /// A line whose entry has no rule, or that has no entry: most lines. Written at once where it stays.
    #[inline(always)]
    fn split_unruled(
        &self,
        line: &FeeLine,
        found: &Found,
        stay_part: usize,
        outcomes: &mut Vec<LineOutcome>,
    ) {
        let mut reasons = LineReasons::NONE;
        let whole = self.whole(line, found);
        let (entry, kind) = match found {
            Found::Entry(entry) => (Some(entry.id()), kind_of_tag(self.kinds_of_tags, entry.tag())),
            Found::Unknown | Found::NotInForce => (None, LineKind::default()),
        };
        let parts = match (whole, found) {
            (None, Found::Entry(entry)) => {
                self.parts(line.quantity, line.amount, line, entry, &mut reasons)
            }
            (Some(_), _) | (None, Found::Unknown | Found::NotInForce) => {
                LineParts { own: line.amount, ..LineParts::default() }
            }
        };
        if let Some(reason) = whole {
            reasons.add(reason);
        }
        let stay_part = u8::try_from(stay_part).unwrap_or(0);
        let facility = Fen::ZERO;
        outcomes.push(LineOutcome {
            parts,
            facility,
            entry,
            kind,
            stay_part,
            review: false,
            reasons,
            quantity: if whole.is_none() { line.quantity } else { Quantity::ZERO },
        });
    }

    /// A line that is not a return.
    #[inline(never)]
    fn split_line(
        &self,
        index: usize,
        line: &FeeLine,
        found: &Found,
        stay_part: usize,
        returns: bool,
        room: &mut Room,
    ) -> LineOutcome {
        let mut outcome = LineOutcome::whole(stay_part);
        let kept = if returns { room.parents.get(index).copied().flatten() } else { None };
        let net = kept.map_or(line.quantity, |kept| kept.net.0);
        let judged = self.judge(index, line, found, net, room, &mut outcome);
        let rest = Rest::new(line.quantity, line.amount);
        self.split(rest, line, found, self.rule_of(found), &judged, &mut outcome);
        if let (Some(mut kept), Some(place)) = (kept, room.parents.get_mut(index)) {
            kept.judged = Some(judged);
            *place = Some(kept);
        }
        outcome
    }

    /// A return: the parts of its line after it, less those before it. Everything else is its line's: the entry, the
    /// part of the stay, the judgement.
    fn split_return(
        &self,
        line: &FeeLine,
        lines: &[FeeLine],
        all_found: &[Found],
        room: &mut Room,
        outcomes: &[LineOutcome],
    ) -> LineOutcome {
        let serial = line.returns.unwrap_or_default();
        let place =
            room.by_serial.get(serial.index()).and_then(|place| usize::try_from(*place).ok());
        let place = place.unwrap_or(usize::MAX);
        let kept = room.parents.get_mut(place).and_then(Option::as_mut);
        let (Some(parent), Some(found), Some(shown), Some(kept)) =
            (lines.get(place), all_found.get(place), outcomes.get(place), kept)
        else {
            panic!("the first step found the line of every return");
        };
        let Some(judged) = kept.judged else { panic!("a line is judged before its returns") };
        let rule = self.rule_of(found);
        let blank = LineOutcome {
            parts: LineParts::default(),
            facility: Fen::ZERO,
            reasons: LineReasons::NONE,
            quantity: Quantity::ZERO,
            ..*shown
        };
        let (mut before, mut after) = (blank, blank);
        self.split(Rest::new(kept.left.0, kept.left.1), parent, found, rule, &judged, &mut before);
        kept.left = (kept.left.0.plus(line.quantity), kept.left.1.plus(line.amount));
        self.split(Rest::new(kept.left.0, kept.left.1), parent, found, rule, &judged, &mut after);
        LineOutcome {
            parts: after.parts.minus(&before.parts),
            facility: after.facility.minus(before.facility),
            quantity: after.quantity.minus(before.quantity),
            ..before
        }
    }

    fn rule_of(&self, found: &Found) -> Option<&'j Rule> {
        match found {
            Found::Entry(entry) if entry.rule().get() != 0 => self.rules.rule(entry.rule()),
            Found::Entry(_) | Found::Unknown | Found::NotInForce => None,
        }
    }

    /// What does not depend on the quantity: whole own cost, quantities used before, the edit that hits.
    fn judge(
        &self,
        index: usize,
        line: &FeeLine,
        found: &Found,
        net: Quantity,
        room: &mut Room,
        outcome: &mut LineOutcome,
    ) -> Judged {
        let whole = self.whole(line, found);
        let mut judged = Judged { whole, used: restriction::Used::default(), hit: None };
        if let Found::Entry(entry) = found {
            outcome.entry = Some(entry.id());
            outcome.kind = kind_of_tag(self.kinds_of_tags, entry.tag());
        }
        if let Some(rule) = self.rule_of(found) {
            if judged.whole.is_none() {
                judged.whole = self.restricted(rule, line, usize::from(outcome.stay_part));
            }
            judged.used = room.tally.use_up(line, net, rule);
            judged.hit = conflict::hit(rule, index, line, net, &judged.used, &room.presence);
        } else {
            room.tally.pass(line, net);
        }
        judged
    }

    /// Steps 2 and 3, and what goes before them: why a line is wholly own cost whatever its rules.
    #[inline(always)]
    fn whole(&self, line: &FeeLine, found: &Found) -> Option<LineReason> {
        if self.own_cost {
            return Some(LineReason::CauseIsOwnCost);
        }
        if line.day >= self.cover_end {
            return Some(LineReason::CoverEnded);
        }
        match found {
            Found::Unknown => Some(LineReason::CodeUnknown),
            Found::NotInForce => Some(LineReason::CodeNotInForce),
            Found::Entry(entry) => self.outside(entry, line).or_else(|| {
                let declined = line.approval == HospitalApproval::Declined;
                declined.then_some(LineReason::HospitalDeclined)
            }),
        }
    }

    /// Step 3: class 丙, or outside the scope.
    #[inline(always)]
    fn outside(&self, entry: &Terms, line: &FeeLine) -> Option<LineReason> {
        let inside = match entry.class() {
            Class::C => return Some(LineReason::ClassC),
            Class::A | Class::B => entry.pays(self.family),
        };
        let maternity = entry.pays_maternity() && (self.maternity || line.maternity);
        if inside || maternity { None } else { Some(LineReason::OutsideScope) }
    }

    /// Steps 4 to 8 on a quantity and amount of the line.
    #[inline]
    fn split(
        &self,
        mut rest: Rest,
        line: &FeeLine,
        found: &Found,
        rule: Option<&Rule>,
        judged: &Judged,
        outcome: &mut LineOutcome,
    ) {
        let (Found::Entry(entry), None) = (found, judged.whole) else {
            outcome.parts = LineParts { own: rest.amount, ..LineParts::default() };
            if let Some(reason) = judged.whole {
                outcome.reasons.add(reason);
            }
            return;
        };
        if let Some(rule) = rule {
            restriction::take_excess(rule, line, &judged.used, &mut rest, &mut outcome.reasons);
            if let Some(hit) = judged.hit {
                conflict::take(&hit, &judged.used, &mut rest, outcome);
            }
        }
        self.split_rest(&rest, line, entry, outcome);
    }

    /// Steps 6 to 8 on what the steps before have left.
    fn split_rest(&self, rest: &Rest, line: &FeeLine, entry: &Terms, outcome: &mut LineOutcome) {
        let parts = self.parts(rest.quantity, rest.amount, line, entry, &mut outcome.reasons);
        let own = rest.own.plus(rest.facility);
        outcome.facility = rest.facility;
        outcome.parts = LineParts { own, ..parts };
        outcome.quantity = rest.quantity;
    }

    /// Steps 6 to 8: over the ceiling, first self-pay, in scope.
    #[inline(always)]
    fn parts(
        &self,
        quantity: Quantity,
        amount: Fen,
        line: &FeeLine,
        entry: &Terms,
        reasons: &mut LineReasons,
    ) -> LineParts {
        // Bills differ from line to line in what has a ceiling and what is above it: no branch hangs on either.
        let ceiling = entry.ceiling_at(self.level).unwrap_or(line.price).min(line.price);
        // Within the bound: the ceiling is not above the price, whose product was checked.
        let allowed = ceiling.times(quantity).unwrap_or(amount);
        let over = amount.less(allowed).when(ceiling < line.price);
        let below = amount.minus(over);
        let pre_pay = below.share(entry.share_in(self.family), Rounding::HalfAway);
        reasons.add_when(LineReason::OverCeiling, !over.is_zero());
        reasons.add_when(LineReason::FirstSelfPay, !pre_pay.is_zero());
        LineParts { own: Fen::ZERO, over, pre_pay, in_scope: below.minus(pre_pay) }
    }
}

/// Whether some entry with a rule does not hold on all fee days of the claim: then lines of its code may stand under
/// another entry, and count for its limits all the same.
fn entries_change(lines: &[FeeLine], looked_up: &[Found]) -> bool {
    let days = || lines.iter().map(|line| line.day);
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return false };
    looked_up.iter().any(|one| match one {
        Found::Entry(entry) => {
            let throughout = || entry.valid().contains(first) && entry.valid().contains(last);
            entry.rule().get() != 0 && !throughout()
        }
        Found::Unknown | Found::NotInForce => false,
    })
}

impl LineOutcome {
    #[inline(always)]
    fn whole(stay_part: usize) -> LineOutcome {
        LineOutcome {
            parts: LineParts::default(),
            facility: Fen::ZERO,
            entry: None,
            kind: LineKind::default(),
            stay_part: u8::try_from(stay_part).unwrap_or(0),
            review: false,
            reasons: LineReasons::NONE,
            quantity: Quantity::ZERO,
        }
    }
}

impl Rest {
    fn new(quantity: Quantity, amount: Fen) -> Rest {
        Rest { quantity, amount, own: Fen::ZERO, facility: Fen::ZERO }
    }

    /// Takes off the amount of an excess quantity: round(a × excess ÷ q).
    fn take(&mut self, excess: Quantity) -> Fen {
        if excess.get() <= 0 || self.quantity.get() <= 0 {
            return Fen::ZERO;
        }
        let excess = excess.min(self.quantity);
        let part = self.amount.proportion(excess.get(), self.quantity.get());
        self.amount = self.amount.minus(part);
        self.quantity = self.quantity.less(excess);
        part
    }

    /// Takes off so many of the days of use: round(a × beyond ÷ days); the quantity to four decimals.
    fn take_days(&mut self, beyond: u16, days: u16) -> Fen {
        let (beyond, days) = (i64::from(beyond), i64::from(days));
        let part = self.amount.proportion(beyond, days);
        let quantity = Fen::new(self.quantity.get()).proportion(beyond, days);
        self.amount = self.amount.minus(part);
        self.quantity = self.quantity.less(Quantity::new(quantity.get()));
        part
    }

    /// Takes off all.
    fn take_all(&mut self) -> Fen {
        let part = self.amount;
        self.amount = Fen::ZERO;
        self.quantity = Quantity::ZERO;
        part
    }
}

pub(crate) fn days_of_stay(admitted: &Admitted<'_>) -> i64 {
    let visit = &admitted.claim().visit;
    let (begin, end): (Day, Day) = (visit.begin.day(), visit.end.day());
    i64::from(end.days_since(begin).max(1))
}
