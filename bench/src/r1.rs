//! Workload R1 through the engine's general machine, tiers alone, on members whose slots lie side by side.

use yidan_settlement::date::Day;
use yidan_settlement::id::{BenefitId, LineKind};
use yidan_settlement::limits;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{Axis, Circumstance, Edition, HospitalLevel, Pack};
use yidan_settlement::price::Totals;
use yidan_settlement::tiers::columns::Group;
use yidan_settlement::tiers::{self, Burden, Situation, TierRow};

use crate::by_hand::{self, Paid, Slots};
use crate::dice::Dice;

/// The R1 pack, compiled from its TOML.
pub fn pack() -> Pack {
    let text = include_str!("../../catalogs/sources/R1/policy.toml");
    match yidan_build::policy::compile(text, "R1/policy.toml") {
        Ok(pack) => pack,
        Err(errors) => panic!("{errors}"),
    }
}

/// One bill of the workload.
#[derive(Debug, Clone, Copy)]
pub struct Bill {
    /// Index of the member.
    pub member: u32,
    /// In scope, fen.
    pub in_scope: i64,
    /// 1 to 3.
    pub level: u8,
    /// 0 for none, 1 or 2.
    pub class: u8,
}

/// Bills of `members`, each about `each` in number, in random order.
pub fn bills(seed: u64, members: usize, each: usize) -> Vec<Bill> {
    let mut dice = Dice::new(seed);
    let bill = |_| {
        let member = dice.index(members);
        // Magnitudes from 100 to 100,000 yuan, even on a logarithmic axis as bills are.
        let magnitude = 1_i64 << (13 + dice.below(10));
        let in_scope =
            magnitude + i64::try_from(dice.below(magnitude.unsigned_abs())).expect("small");
        let level = 1 + u8::try_from(dice.below(3)).expect("below 3");
        // One member in eight has a class, and keeps it.
        let class = u8::try_from((member % 16).saturating_sub(13)).expect("at most 2");
        Bill { member: u32::try_from(member).expect("fits"), in_scope, level, class }
    };
    (0..members * each).map(bill).collect()
}

/// The general machine with room to work in.
#[derive(Debug)]
pub struct Machine<'p> {
    edition: &'p Edition,
    totals: Totals,
    at: Circumstance,
    rows: Vec<TierRow>,
}

impl<'p> Machine<'p> {
    /// For the R1 pack.
    pub fn new(pack: &'p Pack) -> Machine<'p> {
        let nothing = Totals { days: 1, charged: true, by_totals: true, ..Totals::default() };
        Machine {
            edition: edition(pack),
            totals: nothing,
            at: Circumstance::default(),
            rows: Vec::new(),
        }
    }

    /// Runs the three tiers of one bill on the member's slots.
    ///
    /// # Panics
    /// Where a slot holds what none can: whoever hands slots to the tiers looks at them before, and so does this.
    #[inline(never)]
    pub fn settle(&mut self, slots: &mut [Fen; 6], bill: &Bill) -> Paid {
        let bounded = |slot: &Fen| (0..=limits::SLOT_FEN_MAX).contains(&slot.get());
        assert!(slots.iter().all(bounded), "a slot beyond its bound");
        let at = &mut self.at;
        set(at, bill.level, bill.class);
        let in_scope = Fen::new(bill.in_scope);
        self.totals.parts.in_scope = in_scope;
        self.totals.kinds[LineKind::default().index()].in_scope = in_scope;
        self.rows.clear();
        let situation = Situation {
            edition: self.edition,
            benefit: BenefitId::new(0),
            at,
            totals: &self.totals,
            deductible_nought: false,
            approval_limit: None,
        };
        let mut burden = Burden::of(&self.totals);
        tiers::run(&situation, 0, slots, &mut self.rows, &mut burden);
        let mut paid = [0; 3];
        for row in &self.rows {
            paid[row.tier.index()] = row.paid.get();
        }
        let [basic, critical, assistance] = paid;
        Paid { basic, critical, assistance }
    }
}

/// Bills of fresh members at facilities of a level, who are of a class.
pub fn group(pack: &Pack, level: u8, class: u8) -> Group<'_> {
    let mut at = Circumstance::default();
    set(&mut at, level, class);
    Group {
        edition: edition(pack),
        benefit: BenefitId::new(0),
        at,
        kind: LineKind::default(),
        days: 1,
        approval_limit: None,
    }
}

fn edition(pack: &Pack) -> &Edition {
    let day = Day::from_civil(2026, 6, 1).expect("a day");
    pack.edition(day).expect("R1 is in force")
}

#[inline]
fn set(at: &mut Circumstance, level: u8, class: u8) {
    let level = match level {
        1 => HospitalLevel::First,
        2 => HospitalLevel::Second,
        _ => HospitalLevel::Third,
    };
    at.set(Axis::Level, level.coordinate());
    at.set(Axis::DeductibleLevel, level.coordinate());
    at.set(Axis::Identity, u16::from(class));
}

/// Settles all bills by hand on fresh members, and sums the payments.
pub fn run_by_hand(members: &mut [Slots], bills: &[Bill]) -> i64 {
    let pay = |bill: &Bill| {
        by_hand::settle(&mut members[bill.member as usize], bill.in_scope, bill.level, bill.class)
    };
    bills
        .iter()
        .map(pay)
        .map(|paid| paid.basic ^ paid.critical.rotate_left(1) ^ paid.assistance.rotate_left(2))
        .fold(0, i64::wrapping_add)
}

/// Settles all bills by the machine on fresh members, and sums the payments.
pub fn run_machine(machine: &mut Machine<'_>, members: &mut [[Fen; 6]], bills: &[Bill]) -> i64 {
    let pay = |bill: &Bill| machine.settle(&mut members[bill.member as usize], bill);
    bills
        .iter()
        .map(pay)
        .map(|paid| paid.basic ^ paid.critical.rotate_left(1) ^ paid.assistance.rotate_left(2))
        .fold(0, i64::wrapping_add)
}
