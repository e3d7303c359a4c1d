//! What-if by columns: for many bills of fresh members in one circumstance, a column of in scope becomes a column of what
//! each tier pays. It never settles: it keeps no slots and makes no rows.
//!
//! Fresh members have nought in every slot. So in one circumstance all that a tier looks up is the same for every bill, and
//! its row becomes a few figures (`compile`) that run over a chunk of amounts at a time (`step`). What they do not cover
//! is seen when they are made, and such a group runs through the tiers as any bill does, one after another: the answers are
//! those of [`run`](super::run) either way, and [`Columns::beyond`] tells which way it is.
//!
//! Amounts are 0 ..= [`limits::BILL_FEN_MAX`], so that no product leaves 64 bits; others are refused. A stay that was taken in
//! again at a year end, and has no deductible, is none of these groups.
//!
//! Covered are deductibles of a fixed amount (by admission, by days and sessions, with factors and ceiling), first shares,
//! caps on the cost and on the payment, all bands, both roundings, every base, and facilities that bear what is above a cap.
//! Not covered is what [`Beyond`] names.

mod compile;
mod step;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::id::{BenefitId, LineKind, TierId};
use crate::limits::{self, SLOTS_MAX};
use crate::money::Fen;
use crate::pack::{Circumstance, Edition};
use crate::price::Totals;

use super::{Burden, Situation, TierRow};
use step::{Flat, Room};

pub use compile::Beyond;

/// How many amounts run through all tiers before the next ones: their columns stay in the nearest cache.
pub const CHUNK: usize = 512;

/// What all bills of a group have in common. All of their cost is in scope and of one kind: they have no pre-pay, and they
/// come without lines.
#[derive(Copy, Clone, Debug)]
pub struct Group<'e> {
    /// The pack between two dates.
    pub edition: &'e Edition,
    /// The kind of visit.
    pub benefit: BenefitId,
    /// Everything conditions may ask for.
    pub at: Circumstance,
    /// The kind of line that the cost is of.
    pub kind: LineKind,
    /// Days of the stay, at least one.
    pub days: i64,
    /// The limit of the approval for the visit's disease.
    pub approval_limit: Option<Fen>,
}

/// A group made ready, with room to work in.
#[derive(Clone, Debug)]
pub struct Columns<'e> {
    group: Group<'e>,
    tiers: Vec<TierId>,
    way: Result<Flat, Beyond>,
    /// A column for each tier.
    paid: Vec<[Fen; CHUNK]>,
    room: Room,
    rows: Vec<TierRow>,
}

/// What the tiers pay for a chunk of a column.
#[derive(Copy, Clone, Debug)]
pub struct Paid<'c> {
    first: usize,
    count: usize,
    columns: &'c [[Fen; CHUNK]],
}

/// An amount that is below nought or above [`limits::BILL_FEN_MAX`]: nothing was computed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct OutOfBounds {
    /// Its place in the column.
    pub at: usize,
}

impl<'e> Columns<'e> {
    /// Looks everything up that a fresh member meets in the circumstance of the group.
    pub fn new(group: Group<'e>) -> Columns<'e> {
        let tiers = compile::tiers(&group);
        let way = compile::flat(&group, &tiers);
        let room = Room::of(way.as_ref().ok());
        let paid = vec![[Fen::ZERO; CHUNK]; tiers.len()];
        Columns { group, tiers, way, paid, room, rows: Vec::new() }
    }

    /// The tiers that have a row in the circumstance, in order: to each its column of payments.
    pub fn tiers(&self) -> &[TierId] {
        &self.tiers
    }

    /// Why the group runs through the tiers a bill at a time; `None` where it runs by columns.
    pub fn beyond(&self) -> Option<Beyond> {
        self.way.as_ref().err().copied()
    }

    /// What each tier pays for each amount of in scope, handed out a chunk at a time, in order.
    ///
    /// # Errors
    /// Where any amount is below nought or above [`limits::BILL_FEN_MAX`]; then nothing is handed out.
    pub fn pay(
        &mut self,
        in_scope: &[Fen],
        mut each: impl FnMut(Paid<'_>),
    ) -> Result<(), OutOfBounds> {
        bounded(in_scope)?;
        let mut first = 0_usize;
        for chunk in in_scope.chunks(CHUNK) {
            match &self.way {
                Ok(flat) => flat.run(chunk, &mut self.room, &mut self.paid),
                Err(_) => {
                    run_each(&self.group, &self.tiers, chunk, &mut self.rows, &mut self.paid);
                }
            }
            each(Paid { first, count: chunk.len(), columns: &self.paid });
            first = first.saturating_add(chunk.len());
        }
        Ok(())
    }

    /// Adds what each tier pays for all amounts of in scope, in fen, to a sum for each of [`Columns::tiers`].
    ///
    /// # Errors
    /// As [`Columns::pay`]; then nothing is added.
    pub fn sum(&mut self, in_scope: &[Fen], sums: &mut [i128]) -> Result<(), OutOfBounds> {
        self.pay(in_scope, |paid| {
            for (tier, sum) in sums.iter_mut().enumerate() {
                *sum = sum.saturating_add(i128::from(step::sum(paid.of(tier))));
            }
        })
    }
}

impl<'c> Paid<'c> {
    /// The place in the column of the chunk's first amount.
    pub fn first(&self) -> usize {
        self.first
    }

    /// What the tier of this index in [`Columns::tiers`] pays for each amount of the chunk; empty for none such.
    pub fn of(&self, tier: usize) -> &'c [Fen] {
        self.columns.get(tier).and_then(|column| column.get(..self.count)).unwrap_or_default()
    }
}

/// Every amount lies within the bounds of a bill.
fn bounded(in_scope: &[Fen]) -> Result<(), OutOfBounds> {
    let beyond = |fen: &Fen| !(0..=limits::BILL_FEN_MAX).contains(&fen.get());
    // Nearly always all are: one answer for a chunk of them needs no branch for each.
    for (number, chunk) in in_scope.chunks(CHUNK).enumerate() {
        if chunk.iter().fold(false, |any, fen| any | beyond(fen)) {
            let place = chunk.iter().position(beyond).unwrap_or(0);
            return Err(OutOfBounds { at: number.saturating_mul(CHUNK).saturating_add(place) });
        }
    }
    Ok(())
}

/// The general machine, a bill at a time.
fn run_each(
    group: &Group<'_>,
    tiers: &[TierId],
    chunk: &[Fen],
    rows: &mut Vec<TierRow>,
    paid: &mut [[Fen; CHUNK]],
) {
    let mut totals = totals(group);
    for column in paid.iter_mut() {
        column.fill(Fen::ZERO);
    }
    for (at, in_scope) in chunk.iter().enumerate() {
        totals.parts.in_scope = *in_scope;
        if let Some(kind) = totals.kinds.get_mut(group.kind.index()) {
            kind.in_scope = *in_scope;
        }
        rows.clear();
        let mut burden = Burden::of(&totals);
        super::run(&situation(group, &totals), 0, &mut [Fen::ZERO; SLOTS_MAX], rows, &mut burden);
        for row in rows.iter() {
            let column = tiers.iter().position(|tier| *tier == row.tier);
            let column = column.and_then(|index| paid.get_mut(index));
            if let Some(place) = column.and_then(|column| column.get_mut(at)) {
                *place = row.paid;
            }
        }
    }
}

/// The sums of a bill of the group with nothing in scope yet.
fn totals(group: &Group<'_>) -> Totals {
    Totals { days: group.days, charged: true, by_totals: true, ..Totals::default() }
}

fn situation<'a>(group: &'a Group<'_>, totals: &'a Totals) -> Situation<'a> {
    Situation {
        edition: group.edition,
        benefit: group.benefit,
        at: &group.at,
        totals,
        deductible_nought: false,
        approval_limit: group.approval_limit,
    }
}

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amount {} is below nought or above what a bill may have", self.at)
    }
}

impl core::error::Error for OutOfBounds {}
