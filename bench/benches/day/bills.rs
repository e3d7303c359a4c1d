//! The bills of the day in the nation's mix, made by one thread: pharmacies, outpatients, chronic diseases, stays; and which of them
//! are cancelled. The same seed makes the same bills, whatever the engine does meanwhile.

use std::collections::VecDeque;

use yidan_bench::dice::Dice;
use yidan_settlement::claim::{AccountUse, HospitalApproval};
use yidan_settlement::command::{End, Settle, What, WhichVisit};
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::Request;
use yidan_settlement::facts::{ChargesFacts, LineFacts, SettleFacts, Text, VisitFacts};
use yidan_settlement::money::{Fen, Quantity};
use yidan_settlement::pack::Channel;

use crate::place::{self, Places, Standing};
use crate::ranks::Ranks;
use crate::shelf::{Section, Shelf};

/// Of a thousand bills so many are cancelled.
pub(crate) const REFUNDS_IN_A_THOUSAND: u64 = 15;
/// A bill that is cancelled is so when so many more were settled; its member has no other meanwhile.
const CANCELLED_AFTER: u64 = 1_000;
/// The member of rank n comes with a weight of 1 / (n + this): without it one member would have a bill of each seventeen.
const MEMBERS_FIRST: u64 = 1_000;
/// Spreads ranks over numbers: a prime that divides no number of members.
const SPREAD: u64 = 2_654_435_761;
const LINES_MOST: usize = 600;
/// `infno` of a cancellation: those of pharmacies and stays differ in nothing that is measured.
const REFUND: u16 = 2_208;
/// Days of a stay, both ends counted.
const STAY_DAYS: usize = 10;

/// What kind of visit.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Kind {
    Pharmacy,
    Outpatient,
    Chronic,
    Inpatient,
}

/// A bill as it is asked for.
pub(crate) struct Bill {
    pub(crate) kind: Kind,
    pub(crate) request: Request,
    pub(crate) what: What,
    pub(crate) lines: usize,
    pub(crate) total: Fen,
    /// Whose it is, where it will be cancelled.
    pub(crate) cancelled: Option<usize>,
}

/// A bill that is to be cancelled.
struct Due {
    after: u64,
    member: usize,
    facility: Text,
    /// What the engine calls it.
    settlement: u64,
}

/// Who makes them.
pub(crate) struct Bills<'p> {
    places: &'p Places,
    shelf: &'p Shelf,
    members: Ranks,
    count: u64,
    made: u64,
    asked: u64,
    dice: Dice,
    diagnoses: Vec<Text>,
    due: VecDeque<Due>,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] =
        [Kind::Pharmacy, Kind::Outpatient, Kind::Chronic, Kind::Inpatient];
    /// Lines of a bill in the mean, in tenths: what the kinds below come to.
    pub(crate) const MEAN_LINES_TENTHS: u64 = 165;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Pharmacy => "pharmacy",
            Kind::Outpatient => "outpatient",
            Kind::Chronic => "chronic",
            Kind::Inpatient => "inpatient",
        }
    }

    fn med_type(self) -> &'static str {
        match self {
            Kind::Pharmacy => "41",
            Kind::Outpatient => "11",
            Kind::Chronic => "14",
            Kind::Inpatient => "21",
        }
    }

    fn infno(self) -> u16 {
        match self {
            Kind::Pharmacy => 2_102,
            Kind::Outpatient | Kind::Chronic => 2_207,
            Kind::Inpatient => 2_304,
        }
    }

    fn draw(dice: &mut Dice) -> Kind {
        match dice.below(100) {
            0..31 => Kind::Pharmacy,
            31..88 => Kind::Outpatient,
            88..96 => Kind::Chronic,
            _ => Kind::Inpatient,
        }
    }

    /// 2; 4 to 8; 100 to 600, of which the mean is 299.5, so that the mean of all is 16.5.
    fn lines(self, dice: &mut Dice) -> usize {
        match self {
            Kind::Pharmacy => 2,
            Kind::Outpatient | Kind::Chronic => 4 + dice.index(5),
            Kind::Inpatient if dice.below(200) < 99 => 100 + dice.index(LINES_MOST - 99),
            Kind::Inpatient => 100 + dice.index(301),
        }
    }

    fn standing(self, dice: &mut Dice) -> Standing {
        match (self, dice.below(10)) {
            (Kind::Pharmacy, _) => Standing::Pharmacy,
            (Kind::Outpatient | Kind::Chronic, 0..3) | (Kind::Inpatient, 0) => Standing::First,
            (Kind::Outpatient | Kind::Chronic, 3..6) | (Kind::Inpatient, 1..5) => Standing::Second,
            (Kind::Outpatient | Kind::Chronic | Kind::Inpatient, _) => Standing::Third,
        }
    }

    /// What one line is of.
    fn section<'s>(self, shelf: &'s Shelf, dice: &mut Dice) -> (&'s Section, u64) {
        let Shelf { drugs, services, consumables } = shelf;
        match (self, dice.below(16)) {
            (Kind::Pharmacy, _) => (drugs, 3),
            (Kind::Outpatient, 0..8) | (Kind::Chronic, 0..12) | (Kind::Inpatient, 0..7) => {
                (drugs, 3)
            }
            (Kind::Outpatient | Kind::Chronic, _) | (Kind::Inpatient, 7..13) => (services, 2),
            (Kind::Inpatient, _) => (consumables, 3),
        }
    }
}

impl<'p> Bills<'p> {
    /// So many bills of so many members.
    pub(crate) fn new(
        places: &'p Places,
        shelf: &'p Shelf,
        members: usize,
        count: u64,
        seed: u64,
    ) -> Bills<'p> {
        let codes = (0..26_u8).map(|n| format!("{}{:02}.000Q", char::from(b'A' + n), n * 3));
        let members = Ranks::zipf(members, MEMBERS_FIRST);
        members.check(MEMBERS_FIRST);
        Bills {
            places,
            shelf,
            members,
            count,
            made: 0,
            asked: 0,
            dice: Dice::new(seed),
            diagnoses: codes.map(Text::from).collect(),
            due: VecDeque::new(),
        }
    }

    /// How many were made.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// The next one; `None` after the last.
    pub(crate) fn next(&mut self) -> Option<Bill> {
        if self.made == self.count {
            return None;
        }
        let kind = Kind::draw(&mut self.dice);
        let member = self.member(kind);
        let standing = kind.standing(&mut self.dice);
        let facility = self.places.facility(member, standing, self.dice.index(1_000)).clone();
        let end = self.moment();
        let (charges, total) = self.charges(kind, end.day());
        let lines = charges.len();
        let how = SettleFacts {
            channel: Channel::Direct,
            end,
            settled: end,
            account: if place::is_employee(member) { AccountUse::Own } else { AccountUse::None },
            tolerance: Fen::ZERO,
            mid_stay: false,
            total: Some(total),
        };
        let visit = WhichVisit::AtOnce(self.visit(kind, member, end));
        let charges = ChargesFacts::Lines(charges);
        let what = What::Settle(Settle { end: End::Stated, visit, how, charges });
        let request = self.request(facility, kind.infno(), member);
        self.made += 1;
        let cancelled = self.dice.below(1_000) < REFUNDS_IN_A_THOUSAND;
        Some(Bill { kind, request, what, lines, total, cancelled: cancelled.then_some(member) })
    }

    /// Remembers that a bill is to be cancelled, by what the engine calls it.
    pub(crate) fn cancel_later(&mut self, member: usize, facility: Text, settlement: u64) {
        let after = self.made + CANCELLED_AFTER;
        self.due.push_back(Due { after, member, facility, settlement });
    }

    /// A cancellation whose time has come; at the end of the day, of all of them.
    pub(crate) fn cancellation(&mut self, at_end: bool) -> Option<(Request, What)> {
        let first = self.due.front()?;
        if !at_end && first.after > self.made {
            return None;
        }
        let Due { member, facility, settlement, .. } = self.due.pop_front()?;
        let request = self.request(facility, REFUND, member);
        Some((request, What::Cancel(settlement)))
    }

    /// Whoever has a bill that will be cancelled does not come.
    fn member(&mut self, kind: Kind) -> usize {
        let all = self.members.len() as u64;
        loop {
            let rank = self.members.draw(&mut self.dice) as u64;
            let member = usize::try_from(rank * SPREAD % all).expect("a member");
            let member = match kind {
                Kind::Chronic => place::with_approval(member),
                Kind::Pharmacy | Kind::Outpatient | Kind::Inpatient => member,
            };
            if self.due.iter().all(|due| due.member != member) {
                return member;
            }
        }
    }

    /// The day goes by evenly.
    fn moment(&self) -> Moment {
        let second = u128::from(self.made) * 86_400 / u128::from(self.count);
        Moment::new(today(), i64::try_from(second).expect("of a day"))
    }

    fn request(&mut self, asker: Text, infno: u16, member: usize) -> Request {
        self.asked += 1;
        let mut msgid = Text::with_capacity(30);
        msgid.push_str(&asker);
        place::digits(self.asked, 18, &mut msgid);
        Request { asker, infno, msgid, psn_no: place::psn_no(member), digest: [0; 16] }
    }

    fn visit(&mut self, kind: Kind, member: usize, end: Moment) -> VisitFacts {
        let stays = kind == Kind::Inpatient;
        let known = match kind {
            Kind::Pharmacy => 0,
            Kind::Outpatient | Kind::Chronic => 1,
            Kind::Inpatient => 3,
        };
        let first = self.dice.index(self.diagnoses.len());
        let diagnosis = |n: usize| self.diagnoses[(first + n) % self.diagnoses.len()].clone();
        let begin = if stays { Moment::new(first_day(end.day()), 36_000) } else { end };
        VisitFacts {
            insutype: place::insutype(member),
            med_type: kind.med_type().into(),
            begin,
            end: None,
            disease: (kind == Kind::Chronic).then(|| place::DISEASE.into()),
            diagnoses: (0..known).map(diagnosis).collect(),
            continues: None,
            accident: false,
            third_party: false,
            birth: 0,
            family_planning: 0,
            fetuses: 1,
        }
    }

    /// Lines, and what they sum to.
    fn charges(&mut self, kind: Kind, end: Day) -> (Vec<LineFacts>, Fen) {
        let dice = &mut self.dice;
        let count = kind.lines(dice);
        let stays = kind == Kind::Inpatient;
        let first = if stays { first_day(end) } else { end };
        let mut total = Fen::ZERO;
        let line = |serial: usize| {
            let past = if stays { serial * STAY_DAYS / count } else { 0 };
            let (section, most) = kind.section(self.shelf, dice);
            let item = section.draw(dice);
            let units = 1 + i64::try_from(dice.below(most)).expect("small");
            let quantity = Quantity::new(10_000 * units);
            let amount = item.price.times(quantity).expect("a small amount");
            total = total.plus(amount);
            let mut number = Text::default();
            place::digits(serial as u64 + 1, 6, &mut number);
            LineFacts {
                serial: number,
                batch: Text::default(),
                code: item.code.clone(),
                day: Day::new(first.get() + i32::try_from(past).expect("few days")),
                quantity,
                price: item.price,
                amount,
                returns: None,
                approval: HospitalApproval::Given,
                prescriber: None,
                days: (!stays && most == 3).then_some(7),
                maternity: false,
            }
        };
        ((0..count).map(line).collect(), total)
    }
}

/// The first day of a stay.
fn first_day(end: Day) -> Day {
    Day::new(end.get() + 1 - i32::try_from(STAY_DAYS).expect("few days"))
}

/// The day of all bills.
pub(crate) fn today() -> Day {
    Day::from_civil(2026, 6, 1).expect("a day")
}
