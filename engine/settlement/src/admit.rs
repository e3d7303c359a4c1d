//! The first stage: a submitted claim becomes an admitted one, whose circumstances are fixed before any tier.
//! Checks stand in order of precedence. Lines are checked by the next stage.

use crate::claim::{Approval, Charges, Disease, Member, Submitted};
use crate::date::{Civil, Day, Span};
use crate::id::{Admdvs, BenefitId, SlotId, VisitId};
use crate::limits::{APPROVALS_MAX, BILL_FEN_MAX, YEAR_PARTS_MAX};
use crate::money::Fen;
use crate::pack::{
    Axis, Benefit, CauseRule, Circumstance, Edition, Filing, Governs, HospitalLevel, Pack,
    SecondDeductible, SlotKeyKind, SlotScope, YearRule,
};
use crate::reason::{Reason, Refusal};

/// A claim whose circumstances are fixed.
#[derive(Debug)]
pub struct Admitted<'a> {
    claim: &'a Submitted<'a>,
    pack: &'a Pack,
    benefit: &'a Benefit,
    benefit_id: BenefitId,
    own_cause: Option<Reason>,
    lines_needed: bool,
    cover_end: Day,
    days: i64,
    first: StayPart<'a>,
    later: Later<'a>,
}

/// The parts of a stay after the first, where it is divided at year ends.
type Later<'a> = [Option<StayPart<'a>>; YEAR_PARTS_MAX - 1];

/// The part of a stay that is settled with the slots of one year; nearly always the whole.
#[derive(Copy, Clone, Debug)]
pub struct StayPart<'a> {
    edition: &'a Edition,
    at: Circumstance,
    governing: Day,
    /// The day whose slots it writes, and its civil form.
    slots_day: Day,
    civil: Civil,
    year: i32,
    last_day: Day,
    fresh_stay: u8,
    deductible_nought: bool,
    approval_limit: Option<Fen>,
    /// The day that ages are reached by, and the birthday.
    aged: Civil,
    birth: Option<Day>,
}

/// Which value of a slot: its period and sub-key.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct SlotKey {
    /// The slot.
    pub slot: SlotId,
    /// The stay, day … it runs for.
    pub period: Period,
    /// 0 for none; else what the slot's kind of key numbers, plus one.
    pub sub: u32,
}

/// The period of a slot's value.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Period {
    /// A stay, and how often it was taken in again at a year end.
    Stay(VisitId, u8),
    /// A day.
    Day(Day),
    /// Months since year nought.
    Month(i32),
    /// Quarters since year nought.
    Quarter(i32),
    /// A benefit year.
    Year(i32),
    /// A pregnancy, approval or referral, as numbered by [`crate::claim::Visit::filing`].
    Filing(u32),
    /// For life.
    Life,
}

/// Bit that tells a disease outside the pack's list from one inside it, in a sub-key.
const UNLISTED: u32 = 1 << 31;

/// Fixes what the claim is, or says why it is refused.
pub fn admit<'a>(claim: &'a Submitted<'a>, pack: &'a Pack) -> Result<Admitted<'a>, Refusal> {
    let refuse = |reason| Err(Refusal::of(reason));
    let (visit, member) = (&claim.visit, &claim.member);
    let days = Days::of(claim);
    let Days { begin, end, .. } = days;
    if visit.begin.is_after(visit.end) || visit.end.is_after(visit.settled) {
        return refuse(Reason::DatesReversed);
    }
    let cover = cover_span(member, begin);
    let covered_to = cover.map_or(Day::MAX, |cover| cover.span.to.previous());
    let governs = |which| days.governing(which).min(covered_to);
    if pack.edition(governs(pack.data().dates.pack)).is_none() {
        return refuse(Reason::PackNotInForce);
    }
    let Some(cover) = cover else { return refuse(Reason::MemberNotInForce) };
    if governs(pack.data().dates.cover) < cover.waiting_to {
        return refuse(Reason::MemberInWaitingTime);
    }
    let Some(scheme) = member.scheme else { return refuse(Reason::SchemeUnknown) };
    let Some(person) = member.person else { return refuse(Reason::PersonTypeUnmapped) };
    let Some(benefit_id) = visit.benefit else { return refuse(Reason::VisitTypeUnmapped) };
    let Some(benefit) = pack.data().benefits.get(benefit_id.index()) else {
        return refuse(Reason::VisitTypeUnmapped);
    };
    let agreed = claim.facility.agreements.is_none_or(|agreements| {
        agreements
            .iter()
            .any(|agreement| agreement.kind == benefit.agreement && agreement.span.contains(begin))
    });
    if !agreed {
        return refuse(Reason::FacilityWithoutAgreement);
    }
    let own_cause = cause(claim, pack, benefit)?;
    if benefit.approval
        && approval(member, visit.disease, governs(pack.data().dates.approval)).is_none()
    {
        return refuse(Reason::ApprovalMissing);
    }
    let Ok((level, deductible_level)) = levels_of_visit(claim, benefit) else {
        return refuse(Reason::PrescribersDiffer);
    };
    let fixed = Fixed {
        claim,
        pack,
        days,
        benefit_id,
        scheme,
        person,
        level,
        deductible_level,
        covered_to,
    };
    let (first, later) = match fixed.divided() {
        None => (fixed.whole()?, [None; YEAR_PARTS_MAX - 1]),
        Some((first, last)) => fixed.parts(first, last)?,
    };
    let balances = || core::iter::once(&member.balance).chain(member.family);
    if balances().any(|balance| balance.get() > BILL_FEN_MAX) {
        return refuse(Reason::AmountOutOfBounds);
    }
    if balances().any(|balance| balance.is_negative()) {
        return refuse(Reason::NegativeAmount);
    }
    let [second, ..] = &later;
    let lines_needed = second.is_some() || cover.span.to <= end;
    let cover_end = cover.span.to;
    Ok(Admitted {
        claim,
        pack,
        benefit,
        benefit_id,
        own_cause,
        lines_needed,
        cover_end,
        days: i64::from(end.days_since(begin).max(1)),
        first,
        later,
    })
}

/// The days of a visit.
#[derive(Copy, Clone, Debug)]
struct Days {
    begin: Day,
    end: Day,
    settled: Day,
}

impl Days {
    fn of(claim: &Submitted<'_>) -> Days {
        let visit = &claim.visit;
        Days { begin: visit.begin.day(), end: visit.end.day(), settled: visit.settled.day() }
    }

    #[inline]
    fn governing(&self, which: Governs) -> Day {
        match which {
            Governs::Discharge => self.end,
            Governs::Admission => self.begin,
            Governs::Settlement => self.settled,
        }
    }
}

/// What is the same for every part of the stay.
struct Fixed<'a> {
    claim: &'a Submitted<'a>,
    pack: &'a Pack,
    days: Days,
    benefit_id: BenefitId,
    scheme: u16,
    person: u16,
    level: HospitalLevel,
    deductible_level: HospitalLevel,
    /// The last day of cover: no later day governs.
    covered_to: Day,
}

impl<'a> Fixed<'a> {
    /// The years over which the stay is divided, if it is, as the year rule of the pack has it.
    fn divided(&self) -> Option<(i32, i32)> {
        let (begin, last) = (self.days.begin, self.last());
        let rule = self.pack.data().year;
        if begin == last || rule == YearRule::Discharge {
            return None;
        }
        let (first, last) = (begin.year(), last.year());
        let divided = first < last
            && match rule {
                YearRule::Discharge => false,
                YearRule::Split => true,
                YearRule::Cut { only_when_ending: false, .. } => true,
                YearRule::Cut { only_when_ending: true, .. } => {
                    (first..last).any(|year| self.changes_after(year))
                }
            };
        divided.then_some((first, last))
    }

    /// The one part of a stay that is not divided.
    fn whole(&self) -> Result<StayPart<'a>, Refusal> {
        self.part(None, self.last(), 0, false)
    }

    /// The parts of a stay that is divided.
    #[inline(never)]
    fn parts(&self, first: i32, last: i32) -> Result<(StayPart<'a>, Later<'a>), Refusal> {
        let count =
            usize::try_from(last.saturating_sub(first)).unwrap_or(usize::MAX).saturating_add(1);
        if count > YEAR_PARTS_MAX {
            return Err(Refusal::of(Reason::TooManyYears));
        }
        let begun = self.part_of_year(first, first)?;
        let mut later = [None; YEAR_PARTS_MAX - 1];
        for (place, year) in later.iter_mut().zip(first.saturating_add(1)..=last) {
            *place = Some(self.part_of_year(year, first)?);
        }
        Ok((begun, later))
    }

    /// The part of one year of a stay that begins in the year `first`.
    fn part_of_year(&self, year: i32, first: i32) -> Result<StayPart<'a>, Refusal> {
        let last_day = Day::last_of_year(year).min(self.last());
        match self.pack.data().year {
            YearRule::Discharge | YearRule::Split => {
                // Its slots of a day, month, quarter or year are those of its last day.
                let mut part = self.part(None, last_day, 0, false)?;
                (part.year, part.civil, part.slots_day) = (year, last_day.civil(), last_day);
                Ok(part)
            }
            YearRule::Cut { second, .. } => {
                let number = u8::try_from(year.saturating_sub(first)).unwrap_or(u8::MAX);
                let nought = number > 0 && second_is_nought(second, self.days.begin);
                self.part(Some(last_day), last_day, number, nought)
            }
        }
    }

    /// The last day of the stay that is covered.
    fn last(&self) -> Day {
        self.days.end.min(self.covered_to)
    }

    /// Whether class or cover on the last day of a year differ from those of the discharge.
    fn changes_after(&self, year: i32) -> bool {
        let (member, day) = (&self.claim.member, Day::last_of_year(year));
        best_identity(member, day) != best_identity(member, self.last())
            || covers(self.pack, member, day) != covers(self.pack, member, self.last())
    }

    /// One part. `cut` is the day that stands for begin, end and settlement where the stay is cut at a year end.
    fn part(
        &self,
        cut: Option<Day>,
        last_day: Day,
        fresh_stay: u8,
        deductible_nought: bool,
    ) -> Result<StayPart<'a>, Refusal> {
        let dates = self.pack.data().dates;
        let day = |which| match cut {
            Some(cut) => cut,
            None => self.days.governing(which).min(self.covered_to),
        };
        let governing = day(dates.pack);
        let Some(edition) = self.pack.edition(governing) else {
            return Err(Refusal::of(Reason::PackNotInForce));
        };
        let (member, visit, facility) =
            (&self.claim.member, &self.claim.visit, &self.claim.facility);
        let mut at = Circumstance::default();
        at.set(Axis::Benefit, u16::from(self.benefit_id.get()));
        at.set(Axis::Scheme, self.scheme);
        at.set(Axis::Covers, covers(self.pack, member, day(dates.cover)));
        at.set(Axis::CivilServant, u16::from(member.civil_servant));
        at.set(Axis::Identity, best_identity(member, day(dates.identity)));
        at.set(
            Axis::Filing,
            best_filing(self.pack, member, facility.admdvs, day(dates.filing)).coordinate(),
        );
        at.set(Axis::Distance, self.pack.distance(facility.admdvs).coordinate());
        at.set(Axis::Person, self.person);
        let civil = governing.civil();
        let aged = day(dates.age);
        let aged = if aged == governing { civil } else { aged.civil() };
        // An age is worked out only where a table or a rule asks for it.
        if !edition.age_cuts.is_empty() {
            let Some(birth) = member.birth else {
                return Err(Refusal::of(Reason::BirthdayMissing));
            };
            at.set(Axis::Age, Edition::segment(&edition.age_cuts, aged.years_since(birth)));
        }
        at.set(Axis::Level, self.level.coordinate());
        at.set(Axis::DeductibleLevel, self.deductible_level.coordinate());
        at.set(Axis::Contribution, member.contribution.map_or(0, |class| class.saturating_add(1)));
        at.set(Axis::PaidYears, Edition::segment(&edition.paid_year_cuts, member.paid_years));
        at.set(Axis::Disease, visit.disease.map_or(0, Disease::coordinate));
        at.set(Axis::Accident, u16::from(visit.accident && accident_filed(self.claim)));
        if !edition.approval_cuts.is_empty() && !member.approvals.is_empty() {
            let approved = approved(self.pack, member, day(dates.approval));
            at.set(Axis::Approvals, Edition::segment(&edition.approval_cuts, approved));
        }
        at.set(
            Axis::Pregnancy,
            u16::from(member.pregnancy.is_some_and(|span| span.contains(governing))),
        );
        at.set(Axis::Birth, u16::from(visit.birth));
        at.set(Axis::FamilyPlanning, u16::from(visit.family_planning));
        at.set(Axis::Fetuses, Edition::segment(&edition.fetus_cuts, visit.fetuses));
        // What is taken in again at a year end is a new stay.
        at.set(Axis::Continued, u16::from(visit.continued && fresh_stay == 0));
        at.set(Axis::Channel, self.claim.channel.coordinate());
        let approval_limit =
            approval(member, visit.disease, day(dates.approval)).and_then(|one| one.limit);
        Ok(StayPart {
            edition,
            at,
            governing,
            slots_day: governing,
            civil,
            year: civil.year,
            last_day,
            fresh_stay,
            deductible_nought,
            approval_limit,
            aged,
            birth: member.birth,
        })
    }
}

impl<'a> Admitted<'a> {
    /// The claim.
    pub fn claim(&self) -> &'a Submitted<'a> {
        self.claim
    }

    /// The pack it is settled by.
    pub fn pack(&self) -> &'a Pack {
        self.pack
    }

    /// The benefit kind.
    pub fn benefit(&self) -> &'a Benefit {
        self.benefit
    }

    /// The number of the benefit kind.
    pub fn benefit_id(&self) -> BenefitId {
        self.benefit_id
    }

    /// Whether every line is own cost by the visit's cause.
    pub fn own_cost(&self) -> bool {
        self.own_cause.is_some()
    }

    /// The cause by which every line is own cost, as the reason for which other packs refuse.
    pub fn own_cause(&self) -> Option<Reason> {
        self.own_cause
    }

    /// Whether totals do not do: the stay is divided at a year end, or cover ends in it.
    pub(crate) fn lines_needed(&self) -> bool {
        self.lines_needed
    }

    /// Days of the stay, at least one.
    pub(crate) fn days(&self) -> i64 {
        self.days
    }

    /// The first day that is not covered any more.
    pub fn cover_end(&self) -> Day {
        self.cover_end
    }

    /// The parts of the stay, at least one.
    pub fn parts(&self) -> impl Iterator<Item = &StayPart<'a>> {
        core::iter::once(&self.first).chain(self.later.iter().map_while(Option::as_ref))
    }

    /// Whether the stay is divided at year ends.
    pub(crate) fn is_divided(&self) -> bool {
        let [second, ..] = &self.later;
        second.is_some()
    }

    /// The index of the part that a fee day belongs to.
    #[inline]
    pub fn part_of(&self, day: Day) -> usize {
        let earlier = self.parts().take_while(|part| part.last_day < day).count();
        earlier.min(self.parts().count().saturating_sub(1))
    }

    /// Which value of a slot a part reads and writes.
    #[inline]
    pub fn slot_key(&self, part: &StayPart<'a>, id: SlotId) -> Option<SlotKey> {
        let slot = self.pack.slot(id)?;
        let period = match slot.scope {
            SlotScope::Stay => Period::Stay(self.claim.visit.stay, part.fresh_stay),
            SlotScope::Day => Period::Day(part.slots_day),
            SlotScope::Month => Period::Month(part.months()),
            SlotScope::Quarter => Period::Quarter(part.months().div_euclid(3)),
            SlotScope::Year => Period::Year(part.year),
            SlotScope::Filing => Period::Filing(self.claim.visit.filing),
            SlotScope::Life => Period::Life,
        };
        let sub = match slot.key {
            SlotKeyKind::None => 0,
            SlotKeyKind::Disease | SlotKeyKind::DiseaseGroup | SlotKeyKind::Scheme => {
                self.sub_key(slot.key)
            }
        };
        Some(SlotKey { slot: id, period, sub })
    }

    /// The sub-key of a slot that has one.
    fn sub_key(&self, kind: SlotKeyKind) -> u32 {
        match (kind, self.claim.visit.disease) {
            (SlotKeyKind::None, _) | (SlotKeyKind::Disease | SlotKeyKind::DiseaseGroup, None) => 0,
            (SlotKeyKind::Disease, Some(Disease::Listed(disease))) => {
                u32::from(disease).saturating_add(1)
            }
            (SlotKeyKind::Disease, Some(Disease::Other(number))) => number | UNLISTED,
            (SlotKeyKind::DiseaseGroup, Some(Disease::Listed(disease))) => {
                let groups = &self.pack.data().disease_groups;
                groups.get(usize::from(disease)).copied().map_or(0, u32::from)
            }
            (SlotKeyKind::DiseaseGroup, Some(Disease::Other(_))) => 0,
            (SlotKeyKind::Scheme, _) => {
                u32::from(self.claim.member.insutype.get()).saturating_add(1)
            }
        }
    }
}

impl SlotKey {
    /// The number of a disease outside the pack's list in a sub-key by disease.
    pub fn unlisted_disease(self) -> Option<u32> {
        (self.sub & UNLISTED != 0).then_some(self.sub & !UNLISTED)
    }
}

impl<'a> StayPart<'a> {
    /// The edition of the pack that holds.
    pub fn edition(&self) -> &'a Edition {
        self.edition
    }

    /// The circumstances.
    pub fn circumstance(&self) -> &Circumstance {
        &self.at
    }

    /// The day by which the pack was chosen.
    pub fn governing(&self) -> Day {
        self.governing
    }

    /// The benefit year.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// Months since year nought.
    fn months(&self) -> i32 {
        self.year.saturating_mul(12).saturating_add(self.civil.month).saturating_sub(1)
    }

    /// Whether no deductible is taken, because the stay was taken in again at a year end.
    pub fn deductible_nought(&self) -> bool {
        self.deductible_nought
    }

    /// The member's age in years, where the birthday is stated.
    pub fn age(&self) -> Option<u16> {
        self.birth.map(|birth| self.aged.years_since(birth))
    }

    /// The limit of the approval for the visit's disease.
    pub fn approval_limit(&self) -> Option<Fen> {
        self.approval_limit
    }
}

/// The spell that covers the begin of the visit; where none are given the member is in force for ever.
fn cover_span(member: &Member<'_>, begin: Day) -> Option<crate::claim::Spell> {
    let Some(spells) = member.spells else {
        let always = crate::claim::Spell {
            insutype: member.insutype,
            span: Span::ALWAYS,
            waiting_to: Day::MIN,
        };
        return Some(always);
    };
    let own = || spells.iter().filter(|spell| spell.insutype == member.insutype);
    // Of several, the one whose waiting time is over first: the order of the list says nothing.
    let holding = own().filter(|spell| spell.span.contains(begin));
    let mut cover = *holding.min_by_key(|spell| spell.waiting_to)?;
    // A spell that goes on where this one ends, without a waiting time of its own, is the same cover.
    let goes_on = |cover: &crate::claim::Spell| {
        let to = cover.span.to;
        own().find(|next| next.span.from <= to && next.waiting_to <= to && next.span.to > to)
    };
    while let Some(next) = goes_on(&cover) {
        cover.span.to = next.span.to;
    }
    Some(cover)
}

/// The cause by which every line is own cost, if there is one, or the refusal the pack asks for.
fn cause(claim: &Submitted<'_>, pack: &Pack, benefit: &Benefit) -> Result<Option<Reason>, Refusal> {
    let rules = pack.data().causes;
    let causes = [
        (claim.visit.third_party, rules.third_party, Reason::ThirdPartyLiability),
        (benefit.work_injury, rules.work_injury, Reason::WorkInjury),
        (
            claim.visit.accident && !accident_filed(claim),
            rules.accident_without_filing,
            Reason::AccidentWithoutFiling,
        ),
    ];
    let mut own = None;
    for (present, rule, reason) in causes {
        match rule {
            CauseRule::Refuse if present => return Err(Refusal::of(reason)),
            CauseRule::Own if present => own = own.or(Some(reason)),
            CauseRule::Refuse | CauseRule::Own => {}
        }
    }
    Ok(own)
}

/// Whether an accident was filed by the begin of the visit.
fn accident_filed(claim: &Submitted<'_>) -> bool {
    let begin = claim.visit.begin.day();
    claim.member.accident_filings.iter().any(|span| span.contains(begin))
}

/// The approval for a disease that is in force and for this facility.
fn approval<'m>(member: &Member<'m>, disease: Option<Disease>, day: Day) -> Option<&'m Approval> {
    let disease = disease?;
    member.approvals.iter().find(|one| one.disease == disease && one.here && one.span.contains(day))
}

/// How many diseases that the pack counts have an approval in force, as far as a condition can ask.
#[inline(never)]
fn approved(pack: &Pack, member: &Member<'_>, day: Day) -> u16 {
    let of = &pack.data().approvals_of;
    let mut found = [Disease::Listed(0); APPROVALS_MAX];
    let mut number = 0;
    for one in member.approvals.iter().filter(|one| one.span.contains(day)) {
        let counts = of.is_empty() || of.contains(&one.disease.coordinate());
        let known = found.get(..number).is_some_and(|found| found.contains(&one.disease));
        if !counts || known {
            continue;
        }
        let Some(place) = found.get_mut(number) else { break };
        *place = one.disease;
        number = number.saturating_add(1);
    }
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn covers(pack: &Pack, member: &Member<'_>, day: Day) -> u16 {
    pack.data().covers.iter().enumerate().fold(0, |bits, (index, cover)| {
        let held = member
            .spells
            .unwrap_or(&[])
            .iter()
            .any(|spell| spell.insutype == *cover && spell.span.contains(day));
        bits | if held { 1_u16.wrapping_shl(u32::try_from(index).unwrap_or(0)) } else { 0 }
    })
}

/// 0 for none, else 1 + the best class in force.
fn best_identity(member: &Member<'_>, day: Day) -> u16 {
    let in_force = member.identities.iter().filter(|identity| identity.span.contains(day));
    in_force.map(|identity| identity.class.saturating_add(1)).min().unwrap_or(0)
}

fn best_filing(pack: &Pack, member: &Member<'_>, place: Admdvs, day: Day) -> Filing {
    let holds = |kind: Filing| {
        member.filings.iter().any(|filing| filing.kind == kind && filing.counts(place, day))
    };
    pack.data().filings.iter().copied().find(|kind| holds(*kind)).unwrap_or(Filing::None)
}

/// The levels that tiers and their deductibles go by; an error where prescribers differ.
fn levels_of_visit(
    claim: &Submitted<'_>,
    benefit: &Benefit,
) -> Result<(HospitalLevel, HospitalLevel), ()> {
    let here = (claim.facility.level, claim.facility.deductible_level);
    if !benefit.level_of_prescriber {
        return Ok(here);
    }
    let Charges::Lines(lines) = &claim.charges else { return Ok(here) };
    let mut levels = lines.iter().filter_map(|line| line.prescriber);
    let Some(first) = levels.next() else { return Ok(here) };
    if levels.all(|level| level == first) { Ok((first, first)) } else { Err(()) }
}

fn second_is_nought(second: SecondDeductible, admitted: Day) -> bool {
    match second {
        SecondDeductible::Nought => true,
        SecondDeductible::Full => false,
        SecondDeductible::NoughtFrom { month, day } => {
            let civil = admitted.civil();
            (civil.month, civil.day) >= (i32::from(month), i32::from(day))
        }
    }
}
