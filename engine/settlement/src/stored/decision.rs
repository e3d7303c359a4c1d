//! A decision, whole: an audit decides anew and demands the same bytes.

use alloc::vec::Vec;

use super::{Bytes, Stored, stored_enum, stored_number, stored_struct};
use crate::admit::{Period, SlotKey};
use crate::bill::{Account, DecidedPart, Decision, Posting, Side, SlotChange};
use crate::date::Day;
use crate::id::{BenefitId, EntryId, LineKind, SlotId, TierId, VisitId};
use crate::money::Fen;
use crate::pack::{ALL_AXES, Circumstance, FUND_FIELDS, FundType, PARTS};
use crate::tiers::TierRow;

stored_number! { BenefitId, EntryId, LineKind, SlotId, TierId }

stored_enum! {
    Side { Debit = 0, Credit = 1 }
}

stored_struct! {
    Decision {
        changes, postings, benefit, parts, lines, total, split, tiers, funds, hosp_part, psn_part, borne, filing_loss,
        account_own, account_family, cash, balance, tolerated,
    }
    DecidedPart { year, governing, at, facility }
    TierRow {
        stay_part, tier, row, base, cut, first_share, deductible_whole, deductible, begin, covered, banded, paid_for,
        cap_left, paid, above_cap, facility, filing_loss,
    }
    SlotChange { key, stay_part, before, after }
    SlotKey { slot, period, sub }
    Posting { account, side, amount }
}

fn put_fens(fens: &[Fen], to: &mut Vec<u8>) {
    fens.iter().for_each(|fen| fen.put(to));
}

fn get_fens<const N: usize>(from: &mut Bytes<'_>) -> Option<[Fen; N]> {
    let mut fens = [Fen::ZERO; N];
    for fen in &mut fens {
        *fen = Fen::read(from)?;
    }
    Some(fens)
}

impl Stored for [Fen; FUND_FIELDS] {
    fn put(&self, to: &mut Vec<u8>) {
        put_fens(self, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<[Fen; FUND_FIELDS]> {
        get_fens(from)
    }
}

impl Stored for [Fen; PARTS] {
    fn put(&self, to: &mut Vec<u8>) {
        put_fens(self, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<[Fen; PARTS]> {
        get_fens(from)
    }
}

impl Stored for FundType {
    fn put(&self, to: &mut Vec<u8>) {
        self.get().put(to);
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<FundType> {
        FundType::new(u32::read(from)?)
    }
}

/// A bit for each axis on which it is not nought, then those coordinates.
impl Stored for Circumstance {
    fn put(&self, to: &mut Vec<u8>) {
        let mut set = 0_u32;
        for (bit, axis) in (0_u32..).zip(ALL_AXES) {
            set |= u32::from(self.get(axis) != 0).wrapping_shl(bit);
        }
        set.put(to);
        let coordinates = ALL_AXES.into_iter().map(|axis| self.get(axis));
        coordinates.filter(|coordinate| *coordinate != 0).for_each(|one| one.put(to));
    }

    fn read(from: &mut Bytes<'_>) -> Option<Circumstance> {
        let set = u32::read(from)?;
        let mut at = Circumstance::default();
        for (bit, axis) in (0_u32..).zip(ALL_AXES) {
            if set.wrapping_shr(bit) & 1 == 1 {
                at.set(axis, u16::read(from)?);
            }
        }
        Some(at)
    }
}

impl Stored for Period {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Period::Stay(visit, again) => {
                to.push(0);
                visit.put(to);
                again.put(to);
            }
            Period::Day(day) => {
                to.push(1);
                day.put(to);
            }
            Period::Month(months) => {
                to.push(2);
                months.put(to);
            }
            Period::Quarter(quarters) => {
                to.push(3);
                quarters.put(to);
            }
            Period::Year(year) => {
                to.push(4);
                year.put(to);
            }
            Period::Filing(filing) => {
                to.push(5);
                filing.put(to);
            }
            Period::Life => to.push(6),
        }
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<Period> {
        Some(match u8::read(from)? {
            0 => Period::Stay(VisitId::read(from)?, u8::read(from)?),
            1 => Period::Day(Day::read(from)?),
            2 => Period::Month(i32::read(from)?),
            3 => Period::Quarter(i32::read(from)?),
            4 => Period::Year(i32::read(from)?),
            5 => Period::Filing(u32::read(from)?),
            6 => Period::Life,
            _ => return None,
        })
    }
}

impl Stored for Account {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Account::FundExpense(fund) => {
                to.push(0);
                fund.put(to);
            }
            Account::OwnAccount => to.push(1),
            Account::FamilyAccount(number) => {
                to.push(2);
                number.put(to);
            }
            Account::FacilityPayable => to.push(3),
            Account::PersonPayable => to.push(4),
        }
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<Account> {
        Some(match u8::read(from)? {
            0 => Account::FundExpense(FundType::read(from)?),
            1 => Account::OwnAccount,
            2 => Account::FamilyAccount(u32::read(from)?),
            3 => Account::FacilityPayable,
            4 => Account::PersonPayable,
            _ => return None,
        })
    }
}
