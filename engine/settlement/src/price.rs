//! The second stage: every line is split into its four parts by the three catalogues (三大目录).
//! The steps and their order are `catalogs/sources/POLICY.md` §7; each takes its part from what the earlier ones left.

mod conflict;
mod restriction;
mod structure;

use alloc::vec::Vec;

use crate::admit::{Admitted, StayPart};
use crate::catalogue::{Class, Family, Found, Level, LookUps, Rule, RuleBook, Terms};
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
    /// The lines whose entries have rules.
    ruled: Vec<u32>,
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
    found: &mut impl LookUps,
    rules: &RuleBook,
    kinds_of_tags: &[LineKind],
    desk: &'p mut PriceDesk,
    outcomes: &mut Vec<LineOutcome>,
) -> Result<Priced<'p, 'a>, Refusal> {
    let PriceDesk { totals, room } = desk;
    let days = admitted.days();
    for (place, _) in totals.iter_mut().zip(admitted.parts()) {
        *place = Totals::nothing(days);
    }
    let mut tolerated = 0;
    match &admitted.claim().charges {
        Charges::Totals(given) => {
            outcomes.clear();
            if let Some(first) = totals.first_mut() {
                *first = Totals::given(given, admitted, days)?;
            }
            if admitted.lines_needed() {
                return Err(Refusal::of(Reason::LinesNeeded));
            }
        }
        Charges::Lines(lines) => {
            let judge = Judge::new(admitted, rules, kinds_of_tags);
            tolerated = judge.split_all(lines, found, room, outcomes, totals)?;
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
        let of_kinds =
            given.kinds.iter().fold(LineParts::default(), |sum, (_, parts)| sum.plus(parts));
        let ordinary = given.parts.minus(&of_kinds);
        // What no kind takes is ordinary, unless what is ordinary is said as well: then nothing of what kinds are for may be left.
        let said = given.kinds.iter().any(|(kind, _)| *kind == LineKind::default());
        let left = !(ordinary.in_scope.is_zero() && ordinary.pre_pay.is_zero());
        if ordinary.has_negative() || (said && left) {
            let (whole, kinds) = (given.parts.in_scope, of_kinds.in_scope);
            return Err(Refusal::of(Reason::TotalsMismatch).with(whole, kinds));
        }
        let mut totals = Totals { charged: true, by_totals: true, ..Totals::nothing(days) };
        if admitted.own_cost() {
            totals.parts.own = given.total;
            return Ok(totals);
        }
        totals.parts = given.parts;
        for (kind, parts) in given.kinds {
            totals.add_kind(*kind, parts, Quantity::ZERO);
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
    /// The first day on which some cause or the end of cover makes every line own cost.
    paid_to: Day,
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
            paid_to: if admitted.own_cost() { Day::MIN } else { admitted.cover_end() },
        }
    }

    /// All steps for every line, and the sums; how many amounts were tolerated. A line is checked and split in one go where
    /// it hangs on no other; what has a rule waits for the others, and what hangs on returns or days is split anew.
    fn split_all(
        &self,
        lines: &[FeeLine],
        looked_up: &mut impl LookUps,
        room: &mut Room,
        outcomes: &mut Vec<LineOutcome>,
        totals: &mut [Totals; YEAR_PARTS_MAX],
    ) -> Result<u32, Refusal> {
        looked_up.approach();
        let mut check = structure::Check::begin(lines, self.admitted.claim().tolerance, room)?;
        // What stands there of another claim is written over, line by line.
        outcomes.resize(lines.len(), LineOutcome::BLANK);
        let mut plain = LineParts::default();
        let [sums, ..] = totals;
        for (line, place) in lines.iter().zip(outcomes.iter_mut()) {
            let exact = check.line(line)?;
            let Some(found) = &looked_up.next() else { panic!("every line is looked up") };
            if let Some(entry) = self.plainly_paid(line, found, exact) {
                *place = self.split_plain(line, entry);
                plain = plain.plus(&place.parts);
                sums.add_kind(place.kind, &place.parts, place.quantity);
            } else if has_rule(found) {
                check.set_aside();
            } else {
                *place = self.split_unruled(line, found, exact);
                sums.add_line(place);
            }
        }
        sums.parts = sums.parts.plus(&plain);
        sums.charged = true;
        let among = check.among();
        let looked_up = looked_up.all();
        assert_eq!(lines.len(), looked_up.len(), "every line was looked up once");
        let ruled = !room.ruled.is_empty();
        let changes = ruled && entries_change(lines, looked_up, &room.ruled);
        let anew = among.returns || changes || self.admitted.is_divided();
        if anew || ruled {
            room.tally.clear(changes);
            room.presence.gather(&room.ruled, lines, looked_up, self.rules, &room.parents);
        }
        if anew {
            for sums in totals.iter_mut() {
                *sums = Totals::nothing(sums.days);
            }
            self.split_each(lines, looked_up, &among, room, outcomes, totals);
        } else if ruled {
            self.split_ruled(lines, looked_up, &among, room, outcomes, sums);
        }
        Ok(among.tolerated)
    }

    /// Steps 2 to 8 for the lines with rules, where no others count for them.
    #[inline(never)]
    fn split_ruled(
        &self,
        lines: &[FeeLine],
        looked_up: &[Found],
        among: &Among,
        room: &mut Room,
        outcomes: &mut [LineOutcome],
        sums: &mut Totals,
    ) {
        // Lent for the while, as the room is needed for the lines.
        let ruled = core::mem::take(&mut room.ruled);
        for index in ruled.iter().filter_map(|index| usize::try_from(*index).ok()) {
            if let (Some(line), Some(found), Some(place)) =
                (lines.get(index), looked_up.get(index), outcomes.get_mut(index))
            {
                *place = self.split_line(index, line, found, 0, false, room);
                among.mark_tolerated(line, place);
                sums.add_line(place);
            }
        }
        room.ruled = ruled;
    }

    /// Steps 2 to 8 for every line, and the sums, whatever is among them.
    #[inline(never)]
    fn split_each(
        &self,
        lines: &[FeeLine],
        looked_up: &[Found],
        among: &Among,
        room: &mut Room,
        outcomes: &mut Vec<LineOutcome>,
        totals: &mut [Totals; YEAR_PARTS_MAX],
    ) {
        outcomes.clear();
        for (index, (line, found)) in lines.iter().zip(looked_up).enumerate() {
            let mut outcome = match line.returns {
                None => {
                    let stay_part = self.admitted.part_of(line.day);
                    self.split_line(index, line, found, stay_part, among.returns, room)
                }
                Some(_) => self.split_return(line, lines, looked_up, room, outcomes),
            };
            among.mark_tolerated(line, &mut outcome);
            if let Some(sums) = totals.get_mut(usize::from(outcome.stay_part)) {
                sums.add_line(&outcome);
            }
            outcomes.push(outcome);
        }
    }

    /// The entry of a line of which nothing need be asked but ceiling and share, as of most lines.
    #[inline(always)]
    fn plainly_paid<'f>(&self, line: &FeeLine, found: &'f Found, exact: bool) -> Option<&'f Terms> {
        match found {
            Found::Entry(entry) => {
                let plain = exact
                    && entry.pays_plainly(self.family)
                    && line.day < self.paid_to
                    && line.approval != HospitalApproval::Declined;
                plain.then_some(entry)
            }
            Found::Unknown | Found::NotInForce => None,
        }
    }

    /// Steps 6 to 8 of such a line.
    #[inline(always)]
    fn split_plain(&self, line: &FeeLine, entry: &Terms) -> LineOutcome {
        let price = entry.price_allowed(line.price, self.level);
        // The amount is the product of a price that is not below this one: it is no less, and fitted.
        let below = price.times_small(line.quantity).unwrap_or(line.amount);
        let over = line.amount.minus(below);
        let pre_pay = below.share(entry.share_in(self.family), Rounding::HalfAway);
        let mut reasons = LineReasons::NONE;
        reasons.add_when(LineReason::OverCeiling, !over.is_zero());
        reasons.add_when(LineReason::FirstSelfPay, !pre_pay.is_zero());
        LineOutcome {
            parts: LineParts { own: Fen::ZERO, over, pre_pay, in_scope: below.minus(pre_pay) },
            entry: Some(entry.id()),
            kind: kind_of_tag(self.kinds_of_tags, entry.tag()),
            reasons,
            quantity: line.quantity,
            ..LineOutcome::BLANK
        }
    }

    /// A line that is no return and whose entry has no rule, or that has no entry.
    #[inline(never)]
    fn split_unruled(&self, line: &FeeLine, found: &Found, exact: bool) -> LineOutcome {
        let whole = self.whole(line, found);
        let mut outcome = LineOutcome::BLANK;
        outcome.reasons.add_when(LineReason::AmountTolerated, !exact);
        if let Found::Entry(entry) = found {
            outcome.entry = Some(entry.id());
            outcome.kind = kind_of_tag(self.kinds_of_tags, entry.tag());
        }
        match (whole, found) {
            (None, Found::Entry(entry)) => {
                let (quantity, amount) = (line.quantity, line.amount);
                outcome.quantity = quantity;
                outcome.parts = self.parts(quantity, amount, line, entry, &mut outcome.reasons);
            }
            (Some(_), _) | (None, Found::Unknown | Found::NotInForce) => {
                outcome.parts.own = line.amount;
            }
        }
        if let Some(reason) = whole {
            outcome.reasons.add(reason);
        }
        outcome
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
        let mut outcome = LineOutcome::of_part(stay_part);
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
        let price = entry.price_allowed(line.price, self.level);
        // Within the bound: it is not above the price, whose product was checked.
        let allowed = price.times(quantity).unwrap_or(amount);
        let over = amount.less(allowed).when(price < line.price);
        let below = amount.minus(over);
        let pre_pay = below.share(entry.share_in(self.family), Rounding::HalfAway);
        reasons.add_when(LineReason::OverCeiling, !over.is_zero());
        reasons.add_when(LineReason::FirstSelfPay, !pre_pay.is_zero());
        LineParts { own: Fen::ZERO, over, pre_pay, in_scope: below.minus(pre_pay) }
    }
}

/// Whether a line's entry has a rule.
#[inline(always)]
fn has_rule(found: &Found) -> bool {
    match found {
        Found::Entry(entry) => entry.rule().get() != 0,
        Found::Unknown | Found::NotInForce => false,
    }
}

/// Whether some entry with a rule does not hold on all fee days of the claim: then lines of its code may stand under
/// another entry, and count for its limits all the same.
fn entries_change(lines: &[FeeLine], looked_up: &[Found], ruled: &[u32]) -> bool {
    let days = || lines.iter().map(|line| line.day);
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return false };
    let places = ruled.iter().filter_map(|index| usize::try_from(*index).ok());
    places.filter_map(|place| looked_up.get(place)).any(|one| match one {
        Found::Entry(entry) => !(entry.valid().contains(first) && entry.valid().contains(last)),
        Found::Unknown | Found::NotInForce => false,
    })
}

impl LineOutcome {
    /// Nothing known yet.
    const BLANK: LineOutcome = LineOutcome {
        parts: LineParts {
            own: Fen::ZERO,
            over: Fen::ZERO,
            pre_pay: Fen::ZERO,
            in_scope: Fen::ZERO,
        },
        facility: Fen::ZERO,
        entry: None,
        kind: LineKind::new(0),
        stay_part: 0,
        review: false,
        reasons: LineReasons::NONE,
        quantity: Quantity::ZERO,
    };

    fn of_part(stay_part: usize) -> LineOutcome {
        LineOutcome { stay_part: u8::try_from(stay_part).unwrap_or(0), ..LineOutcome::BLANK }
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
