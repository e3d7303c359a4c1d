//! Bills of so many lines over a catalogue of national size: codes by Zipf (s = 1.0), amounts that add up.

use std::hint::black_box;
use std::path::Path;

use yidan_build::{BuildReport, Sizes};
use yidan_image::{Image, Search, View};
use yidan_settlement::bill::Decision;
use yidan_settlement::catalogue::{Class, Family, Found, Level, Terms};
use yidan_settlement::claim::{
    AccountUse, Charges, Facility, FeeLine, HospitalApproval, Identity, Member, Submitted, Visit,
};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::id::{Admdvs, BenefitId, Insutype, LineKind, LineSerial, VisitId};
use yidan_settlement::money::{Fen, Price, Quantity};
use yidan_settlement::pack::{Channel, HospitalLevel, Pack};
use yidan_settlement::settle::{Desk, Looked};

use crate::by_hand;
use crate::dice::{Dice, Zipf};

/// As many codes as make [`ENTRIES`] entries: some codes have several periods.
const NATIONAL: Sizes = Sizes {
    drugs: 202_700,
    services: 23_600,
    consumables: 153_700,
    diagnoses: 33_000,
    facilities: 50_000,
};

/// How many entries the look-up table of one region of national size holds, within one in a hundred.
pub const ENTRIES: usize = 403_000;

/// Enough to run every bench once and check what it gives.
const SMALL: Sizes =
    Sizes { drugs: 4_000, services: 500, consumables: 3_000, diagnoses: 500, facilities: 500 };

/// The seed of everything here.
pub const SEED: u64 = 20_261_122;

/// A bill, with its codes and fee days as they lie in its message.
#[derive(Debug)]
pub struct Bill<'m> {
    asked: Vec<(&'m [u8], Day)>,
    lines: Vec<FeeLine>,
}

/// The bytes of the codes of many bills, one message after another.
#[derive(Debug)]
pub struct Messages {
    bytes: Vec<u8>,
    /// Where each code ends.
    ends: Vec<usize>,
}

/// Builds the image that bills are looked up in: of national size, or a small one to run everything once.
///
/// # Panics
/// Where it has not the entries its labels say.
pub fn build(path: &Path, small: bool) -> BuildReport {
    let sizes = if small { SMALL } else { NATIONAL };
    let report = yidan_build::build_of(&yidan_build::generate(SEED, sizes), path)
        .expect("generated sources build");
    let entries = entries(&report);
    let national = entries.abs_diff(ENTRIES) <= ENTRIES / 100;
    assert!(
        small || national,
        "{entries} entries are not {ENTRIES}, give or take one in a hundred"
    );
    report
}

/// The entries of the largest region of an image.
pub fn entries(report: &BuildReport) -> usize {
    report.regions.iter().map(|(_, entries)| *entries).max().unwrap_or(0)
}

/// The codes of a view, in an order that has nothing to do with their places.
pub fn shuffled_codes(view: View<'_>) -> Vec<Box<[u8]>> {
    let mut codes: Vec<Box<[u8]>> = view
        .ids()
        .filter_map(|id| view.entry_text(id))
        .map(|text| text.code.as_bytes().into())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let mut dice = Dice::new(SEED);
    for place in (1..codes.len()).rev() {
        codes.swap(place, dice.index(place + 1));
    }
    codes
}

/// So many codes, drawn by Zipf.
pub fn messages(codes: &[Box<[u8]>], zipf: &Zipf, count: usize) -> Messages {
    let mut dice = Dice::new(SEED + count as u64);
    let mut messages = Messages { bytes: Vec::new(), ends: Vec::with_capacity(count) };
    for _ in 0..count {
        messages.bytes.extend_from_slice(&codes[zipf.draw(&mut dice)]);
        messages.ends.push(messages.bytes.len());
    }
    messages
}

/// Bills of `lines` lines each, as many as there are codes for.
pub fn bills(messages: &Messages, lines: usize) -> Vec<Bill<'_>> {
    let mut dice = Dice::new(SEED + lines as u64);
    let first = Day::from_civil(2026, 3, 1).expect("a day");
    let mut begin = 0;
    let mut bill = |ends: &[usize]| {
        let mut bill = Bill { asked: Vec::with_capacity(lines), lines: Vec::with_capacity(lines) };
        for (serial, end) in (0..).zip(ends) {
            bill.asked.push((&messages.bytes[begin..*end], first));
            begin = *end;
            let quantity =
                Quantity::new(10_000 * (1 + i64::try_from(dice.below(6)).expect("small")));
            let price =
                Price::new(10_000 * (100 + i64::try_from(dice.below(50_000)).expect("small")));
            bill.lines.push(FeeLine {
                serial: LineSerial::new(serial),
                code: serial,
                day: first,
                quantity,
                price,
                amount: price.times(quantity).expect("a small amount"),
                returns: None,
                approval: HospitalApproval::Given,
                prescriber: None,
                days: None,
                maternity: false,
            });
        }
        bill
    };
    messages.ends.chunks_exact(lines).map(&mut bill).collect()
}

/// Looks codes up and settles bills, with room to work in.
pub struct Counter<'c> {
    view: View<'c>,
    image: &'c Image,
    pack: &'c Pack,
    kinds: Vec<LineKind>,
    found: Vec<Found>,
    identities: [Identity; 1],
    moment: Moment,
    insutype: Insutype,
    birth: Option<Day>,
    division: Admdvs,
    desk: Desk,
}

impl<'c> Counter<'c> {
    /// For the national base of an image and the R1 pack.
    pub fn new(image: &'c Image, pack: &'c Pack) -> Counter<'c> {
        let identities = [Identity { class: 1, span: Span::ALWAYS }];
        let kinds = vec![LineKind::default(); usize::from(yidan_image::TAGS_MAX) + 1];
        let view = image.national().expect("an image has a national base");
        // A claim comes with these read; reading them is no part of settling it.
        let day = |year, month| Day::from_civil(year, month, 1);
        Counter {
            view,
            image,
            pack,
            kinds,
            found: Vec::new(),
            identities,
            moment: Moment::new(day(2026, 3).expect("a day"), 0),
            insutype: Insutype::parse("310").expect("three digits"),
            birth: day(1970, 1),
            division: Admdvs::parse("630103").expect("six digits"),
            desk: Desk::new(),
        }
    }

    /// From the bytes of the codes and the date to what the entries say, packed as they say it: how many were looked up.
    #[inline(never)]
    pub fn look_up(&mut self, bill: &Bill<'_>) -> usize {
        self.view.look_up_all(&bill.asked, &mut self.found);
        black_box(&self.found).len()
    }

    /// The same to the fields of the entries, each read as whoever asks for it reads it.
    #[inline(never)]
    pub fn look_up_fields(&mut self, bill: &Bill<'_>) -> usize {
        let looked_up = self.look_up(bill);
        let sum = self.found.iter().fold(0_i64, |sum, one| match one {
            Found::Entry(terms) => sum.wrapping_add(fields(terms)),
            Found::Unknown | Found::NotInForce => sum,
        });
        black_box(sum);
        looked_up
    }

    /// Settles all bills once on fresh members and gives what the funds pay for each.
    ///
    /// # Panics
    /// Where a code is not in force, a bill's lines do not come to its total, or the funds do not pay what the function by
    /// hand pays for what is in scope.
    pub fn checked(&mut self, bills: &[Bill<'_>]) -> Vec<Fen> {
        let (mut covered, mut whole) = (0, 0);
        let mut check = |bill: &Bill<'_>| {
            let decision = self.decide(bill, &mut [Fen::ZERO; 6]);
            let (paid, total, in_scope) =
                (decision.fund_sum(), decision.total, decision.split.in_scope.get());
            let in_force = self.found.iter().filter(|one| matches!(one, Found::Entry(_))).count();
            assert_eq!(in_force, bill.lines.len(), "every code is in force");
            let charged = bill.lines.iter().map(|line| line.amount).sum::<Fen>();
            assert_eq!(total, charged, "the bill is its lines");
            assert!((0..=charged.get()).contains(&in_scope), "what is in scope is of the bill");
            covered += in_scope;
            whole += charged.get();
            let by_hand = by_hand::settle(&mut [0; 6], in_scope, 3, 2);
            assert_eq!(paid.get(), by_hand.basic + by_hand.critical + by_hand.assistance);
            paid
        };
        let paid = bills.iter().map(&mut check).collect();
        assert!((1..whole).contains(&covered), "some of all bills is in scope, and not all");
        paid
    }

    /// Look-up, line check and three tiers: what the funds pay.
    #[inline(never)]
    pub fn settle(&mut self, bill: &Bill<'_>, slots: &mut [Fen; 6]) -> Fen {
        self.decide(bill, slots).fund_sum()
    }

    #[inline(always)]
    fn decide(&mut self, bill: &Bill<'_>, slots: &mut [Fen; 6]) -> &Decision {
        // What comes before the lines are checked is done while memory is read.
        let search = Search::new(Some(self.view), bill.asked.as_slice(), &mut self.found);
        let moment = self.moment;
        let submitted = Submitted {
            channel: Channel::Direct,
            member: Member {
                scheme: Some(0),
                insutype: self.insutype,
                person: Some(0),
                sex: None,
                birth: self.birth,
                civil_servant: false,
                contribution: None,
                paid_years: 0,
                spells: None,
                identities: &self.identities,
                filings: &[],
                accident_filings: &[],
                approvals: &[],
                pregnancy: None,
                balance: Fen::ZERO,
                family: &[],
            },
            facility: Facility {
                admdvs: self.division,
                level: HospitalLevel::Third,
                deductible_level: HospitalLevel::Third,
                price_level: Level::Third,
                agreements: None,
            },
            visit: Visit {
                benefit: Some(BenefitId::new(0)),
                begin: moment,
                end: moment,
                settled: moment,
                stay: VisitId::new(0),
                continued: false,
                disease: None,
                diagnoses: &[],
                account: AccountUse::None,
                accident: false,
                third_party: false,
                birth: 0,
                family_planning: 0,
                fetuses: 1,
                filing: 0,
            },
            charges: Charges::Lines(&bill.lines),
            tolerance: Fen::ZERO,
        };
        let looked =
            Looked { found: search, rules: self.image.rules(), kinds_of_tags: &self.kinds };
        let decision = self
            .desk
            .settle(&submitted, self.pack, looked, |key| slots[key.slot.index()])
            .expect("the workload's bills settle");
        for change in &decision.changes {
            slots[change.key.slot.index()] = change.after;
        }
        decision
    }
}

/// Every field of an entry that settling may ask for, in one number, so that all are read.
#[inline(always)]
fn fields(terms: &Terms) -> i64 {
    let class = match terms.class() {
        Class::A => 0,
        Class::B => 1,
        Class::C => 2,
    };
    let pays = |family| i64::from(terms.pays(family));
    let share = |family| terms.share_in(family).parts();
    let ceiling = |level| terms.ceiling_at(level).map_or(-1, Price::get);
    let all = [
        class,
        pays(Family::Employee),
        pays(Family::Resident),
        i64::from(terms.pays_maternity()),
        share(Family::Employee),
        share(Family::Resident),
        ceiling(Level::First),
        ceiling(Level::Second),
        ceiling(Level::Third),
        i64::from(terms.tag().get()),
        i64::from(terms.rule().get()),
    ];
    all.into_iter().fold(0, i64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_national_sizes_make_the_entries_the_labels_say() {
        let sources = yidan_build::generate(SEED, NATIONAL);
        let catalogues =
            ["national/drugs.csv", "national/services.csv", "national/consumables.csv"];
        let of_entries = sources.iter().filter(|one| catalogues.contains(&one.path.as_str()));
        // A heading, then a row an entry.
        let rows = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() - 1;
        let entries: usize = of_entries.map(|one| rows(&one.bytes)).sum();
        assert!(entries.abs_diff(ENTRIES) <= ENTRIES / 100, "{entries} entries");
    }
}
