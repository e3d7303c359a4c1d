//! Lines and what became of them, in few bytes: most of a journal is lines. Each begins with marks that tell what is said of it;
//! what is not said is as it mostly is, or as in the line before.

use alloc::vec::Vec;
use core::str;

use super::{Bytes, Stored, code};
use crate::claim::{HospitalApproval, LineParts};
use crate::date::Day;
use crate::facts::{LineFacts, Text};
use crate::id::LineKind;
use crate::money::{Fen, Price, Quantity};
use crate::price::LineOutcome;
use crate::reason::LineReasons;

/// Marks of a line, of which the first seven make one byte.
mod mark {
    /// The serial is not that of the line before and one.
    pub(super) const SERIAL: u16 = 1;
    /// Other days of use than the line before.
    pub(super) const DAYS: u16 = 1 << 1;
    /// Another day than the line before.
    pub(super) const DAY: u16 = 1 << 2;
    /// The amount is not price times quantity.
    pub(super) const AMOUNT: u16 = 1 << 3;
    /// The quantity is no whole number.
    pub(super) const PART_OF_UNIT: u16 = 1 << 4;
    /// The price is no whole number of fen.
    pub(super) const PART_OF_FEN: u16 = 1 << 5;
    /// Another approval than the line before.
    pub(super) const APPROVAL: u16 = 1 << 6;
    /// Another batch than the line before.
    pub(super) const BATCH: u16 = 1 << 7;
    /// It returns another line.
    pub(super) const RETURNS: u16 = 1 << 8;
    /// Another level of the prescriber than the line before.
    pub(super) const PRESCRIBER: u16 = 1 << 9;
    /// It is a maternity fee.
    pub(super) const MATERNITY: u16 = 1 << 10;
    pub(super) const ALL: u16 = (1 << 11) - 1;
}

/// Marks of an outcome, of which the first seven make one byte.
mod found {
    pub(super) const ENTRY: u16 = 1;
    pub(super) const IN_SCOPE: u16 = 1 << 1;
    pub(super) const PRE_PAY: u16 = 1 << 2;
    pub(super) const OWN: u16 = 1 << 3;
    pub(super) const REASONS: u16 = 1 << 4;
    pub(super) const KIND: u16 = 1 << 5;
    pub(super) const OVER: u16 = 1 << 6;
    /// The quantity is no whole number.
    pub(super) const PART_OF_UNIT: u16 = 1 << 7;
    pub(super) const FACILITY: u16 = 1 << 8;
    pub(super) const STAY_PART: u16 = 1 << 9;
    pub(super) const REVIEW: u16 = 1 << 10;
    pub(super) const ALL: u16 = (1 << 11) - 1;
}

/// A quantity counts so many parts to the unit (ten-thousandths), and a price so many to the fen (millionths of a yuan).
const OF_WHOLE: i64 = 10_000;
/// More than one reason: their bits follow. Below it stands the bit of the only one.
const REASONS: u8 = 64;

/// A mark where something holds.
fn when(mark: u16, holds: bool) -> u16 {
    if holds { mark } else { 0 }
}

/// Marks, of which none is unknown.
fn marks(all: u16, from: &mut Bytes<'_>) -> Option<impl Fn(u16) -> bool + use<>> {
    let marks = u16::read(from).filter(|marks| marks & !all == 0)?;
    Some(move |mark| marks & mark != 0)
}

fn put_number(number: i64, part: bool, to: &mut Vec<u8>) {
    if part { number.put(to) } else { (number / OF_WHOLE).put(to) }
}

/// A number of parts, or of wholes; said to be of parts it is no whole.
fn read_number(part: bool, from: &mut Bytes<'_>) -> Option<i64> {
    let number = i64::read(from)?;
    if part { (number % OF_WHOLE != 0).then_some(number) } else { number.checked_mul(OF_WHOLE) }
}

/// What was said, which differs from what would go without saying; else that.
fn said<T: Stored + PartialEq>(says: bool, unsaid: T, from: &mut Bytes<'_>) -> Option<T> {
    if !says {
        return Some(unsaid);
    }
    T::read(from).filter(|value| *value != unsaid)
}

/// The serial after this one: the number that it ends in and one, in as many digits; `None` where there is none.
fn next_serial(serial: &str) -> Option<Text> {
    let nines = serial.bytes().rev().take_while(|sign| *sign == b'9').count();
    let (head, tail) = serial.split_at_checked(serial.len().checked_sub(nines)?)?;
    let digit = head.bytes().next_back().filter(u8::is_ascii_digit)?;
    let mut next = Text::with_capacity(serial.len());
    next.push_str(head.get(..head.len().checked_sub(1)?)?);
    next.push(char::from(digit.wrapping_add(1)));
    tail.bytes().for_each(|_| next.push('0'));
    Some(next)
}

/// How many bytes two texts have in common at their beginning.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

/// What a line says of itself where none stands before it.
fn first() -> LineFacts {
    LineFacts {
        serial: Text::default(),
        batch: Text::default(),
        code: Text::default(),
        day: Day::new(0),
        quantity: Quantity::ZERO,
        price: Price::ZERO,
        amount: Fen::ZERO,
        returns: None,
        approval: HospitalApproval::NotGiven,
        prescriber: None,
        days: None,
        maternity: false,
    }
}

impl Stored for LineFacts {
    fn put(&self, to: &mut Vec<u8>) {
        self.put_after(None, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<LineFacts> {
        LineFacts::read_after(None, from)
    }

    fn put_after(&self, before: Option<&LineFacts>, to: &mut Vec<u8>) {
        let none;
        let before = match before {
            Some(before) => before,
            None => {
                none = first();
                &none
            }
        };
        let serial = next_serial(&before.serial).as_deref() != Some(self.serial.as_str());
        let unit = self.quantity.get() % OF_WHOLE != 0;
        let fen = self.price.get() % OF_WHOLE != 0;
        let amount = self.price.times(self.quantity) != Some(self.amount);
        let marks = [
            when(mark::SERIAL, serial),
            when(mark::DAYS, self.days != before.days),
            when(mark::DAY, self.day != before.day),
            when(mark::AMOUNT, amount),
            when(mark::PART_OF_UNIT, unit),
            when(mark::PART_OF_FEN, fen),
            when(mark::APPROVAL, self.approval != before.approval),
            when(mark::BATCH, self.batch != before.batch),
            when(mark::RETURNS, self.returns.is_some()),
            when(mark::PRESCRIBER, self.prescriber != before.prescriber),
            when(mark::MATERNITY, self.maternity),
        ];
        marks.into_iter().fold(0, |all, one| all | one).put(to);
        code::put(&self.code, to);
        put_number(self.quantity.get(), unit, to);
        put_number(self.price.get(), fen, to);
        if serial {
            let kept = common(&before.serial, &self.serial);
            let own = self.serial.as_bytes().get(kept..).unwrap_or_default();
            kept.put(to);
            own.len().put(to);
            to.extend_from_slice(own);
        }
        if self.days != before.days {
            self.days.map_or(0, |days| u32::from(days).wrapping_add(1)).put(to);
        }
        if self.day != before.day {
            i64::from(self.day.get()).wrapping_sub(i64::from(before.day.get())).put(to);
        }
        if amount {
            self.amount.put(to);
        }
        if self.approval != before.approval {
            self.approval.put(to);
        }
        if self.batch != before.batch {
            self.batch.put(to);
        }
        if let Some(returns) = &self.returns {
            returns.put(to);
        }
        if self.prescriber != before.prescriber {
            self.prescriber.put(to);
        }
    }

    fn read_after(before: Option<&LineFacts>, from: &mut Bytes<'_>) -> Option<LineFacts> {
        let none;
        let before = match before {
            Some(before) => before,
            None => {
                none = first();
                &none
            }
        };
        let has = marks(mark::ALL, from)?;
        let code = code::read(from)?;
        let quantity = Quantity::new(read_number(has(mark::PART_OF_UNIT), from)?);
        let price = Price::new(read_number(has(mark::PART_OF_FEN), from)?);
        let next = next_serial(&before.serial);
        let serial = if has(mark::SERIAL) {
            let serial = read_serial(&before.serial, from)?;
            (next.as_ref() != Some(&serial)).then_some(serial)?
        } else {
            next?
        };
        let days = if has(mark::DAYS) {
            let days = u32::read(from)?.checked_sub(1).map(u16::try_from).transpose().ok()?;
            (days != before.days).then_some(days)?
        } else {
            before.days
        };
        let day = if has(mark::DAY) {
            let apart = i64::read(from).filter(|apart| *apart != 0)?;
            let day = i32::try_from(i64::from(before.day.get()).checked_add(apart)?).ok()?;
            // A day beyond those that are known would be held to be the last.
            Some(Day::new(day)).filter(|known| known.get() == day)?
        } else {
            before.day
        };
        let product = price.times(quantity);
        let amount = if has(mark::AMOUNT) {
            Fen::read(from).filter(|amount| product != Some(*amount))?
        } else {
            product?
        };
        Some(LineFacts {
            approval: said(has(mark::APPROVAL), before.approval, from)?,
            batch: said(has(mark::BATCH), before.batch.clone(), from)?,
            returns: if has(mark::RETURNS) { Some(Text::read(from)?) } else { None },
            prescriber: said(has(mark::PRESCRIBER), before.prescriber, from)?,
            maternity: has(mark::MATERNITY),
            serial,
            code,
            day,
            quantity,
            price,
            amount,
            days,
        })
    }
}

/// How much of the serial before is kept, and what follows it: no more could be kept.
fn read_serial(before: &str, from: &mut Bytes<'_>) -> Option<Text> {
    let kept = usize::read(from)?;
    let own = from.text_bytes()?;
    let mut bytes = Vec::with_capacity(kept.min(before.len()).wrapping_add(own.len()));
    bytes.extend_from_slice(before.as_bytes().get(..kept)?);
    bytes.extend_from_slice(own);
    let serial = str::from_utf8(&bytes).ok()?;
    (common(before, serial) == kept).then(|| Text::from(serial))
}

impl Stored for LineOutcome {
    fn put(&self, to: &mut Vec<u8>) {
        let LineOutcome { parts, facility, entry, kind, stay_part, review, reasons, quantity } =
            self;
        let LineParts { own, over, pre_pay, in_scope } = parts;
        let unit = quantity.get() % OF_WHOLE != 0;
        let none = LineReasons::NONE;
        let marks = [
            when(found::ENTRY, entry.is_some()),
            when(found::IN_SCOPE, !in_scope.is_zero()),
            when(found::PRE_PAY, !pre_pay.is_zero()),
            when(found::OWN, !own.is_zero()),
            when(found::REASONS, *reasons != none),
            when(found::KIND, *kind != LineKind::default()),
            when(found::OVER, !over.is_zero()),
            when(found::PART_OF_UNIT, unit),
            when(found::FACILITY, !facility.is_zero()),
            when(found::STAY_PART, *stay_part != 0),
            when(found::REVIEW, *review),
        ];
        marks.into_iter().fold(0, |all, one| all | one).put(to);
        put_number(quantity.get(), unit, to);
        entry.iter().for_each(|entry| entry.put(to));
        let amounts = [in_scope, pre_pay, own, over, facility];
        amounts.into_iter().filter(|amount| !amount.is_zero()).for_each(|amount| amount.put(to));
        if *reasons != none {
            put_reasons(*reasons, to);
        }
        if *kind != LineKind::default() {
            kind.put(to);
        }
        if *stay_part != 0 {
            stay_part.put(to);
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<LineOutcome> {
        let has = marks(found::ALL, from)?;
        let quantity = Quantity::new(read_number(has(found::PART_OF_UNIT), from)?);
        let entry = if has(found::ENTRY) { Some(Stored::read(from)?) } else { None };
        let in_scope = said(has(found::IN_SCOPE), Fen::ZERO, from)?;
        let pre_pay = said(has(found::PRE_PAY), Fen::ZERO, from)?;
        let own = said(has(found::OWN), Fen::ZERO, from)?;
        let over = said(has(found::OVER), Fen::ZERO, from)?;
        let facility = said(has(found::FACILITY), Fen::ZERO, from)?;
        let none = LineReasons::NONE;
        let reasons = if has(found::REASONS) { read_reasons(from)? } else { none };
        Some(LineOutcome {
            parts: LineParts { own, over, pre_pay, in_scope },
            kind: said(has(found::KIND), LineKind::default(), from)?,
            stay_part: said(has(found::STAY_PART), 0, from)?,
            review: has(found::REVIEW),
            facility,
            entry,
            reasons,
            quantity,
        })
    }
}

/// The bit of the only reason, or that there are more and the bits of all.
fn put_reasons(reasons: LineReasons, to: &mut Vec<u8>) {
    let bits = reasons.bits();
    if bits.is_power_of_two() {
        to.push(u8::try_from(bits.trailing_zeros()).unwrap_or(REASONS));
    } else {
        to.push(REASONS);
        bits.put(to);
    }
}

fn read_reasons(from: &mut Bytes<'_>) -> Option<LineReasons> {
    let bits = match u8::read(from)? {
        REASONS => u64::read(from).filter(|bits| bits.count_ones() > 1)?,
        only => 1_u64.checked_shl(u32::from(only))?,
    };
    LineReasons::of_bits(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EntryId;
    use crate::pack::HospitalLevel;
    use crate::reason::LineReason;
    use crate::stored;
    use alloc::vec;

    fn line() -> LineFacts {
        let (quantity, price) = (Quantity::new(30_000), Price::new(12_340_000));
        LineFacts {
            serial: "SN0099".into(),
            code: "XA01ABD075A002010100483".into(),
            day: Day::new(20_000),
            amount: Fen::new(3_702),
            quantity,
            price,
            ..first()
        }
    }

    fn outcome() -> LineOutcome {
        let parts = LineParts { in_scope: Fen::new(3_702), ..LineParts::default() };
        let entry = Some(EntryId::new(400_000));
        LineOutcome {
            parts,
            facility: Fen::ZERO,
            entry,
            kind: LineKind::default(),
            stay_part: 0,
            review: false,
            reasons: LineReasons::NONE,
            quantity: Quantity::new(30_000),
        }
    }

    /// They come back, no beginning of their bytes does, and no other bytes near them are read as lines that are written otherwise.
    fn back<T: Stored + PartialEq + core::fmt::Debug>(items: Vec<T>) -> usize {
        let mut bytes = Vec::new();
        items.put(&mut bytes);
        assert_eq!(stored::whole::<Vec<T>>(&bytes).as_ref(), Some(&items));
        for cut in 0..bytes.len() {
            assert_eq!(stored::whole::<Vec<T>>(&bytes[..cut]), None, "{items:?}");
        }
        let mut read = 0_usize;
        for at in 0..bytes.len() {
            let own = bytes[at];
            for other in 0..=u8::MAX {
                bytes[at] = other;
                if let Some(items) = stored::whole::<Vec<T>>(&bytes) {
                    let mut again = Vec::new();
                    items.put(&mut again);
                    assert_eq!(again, bytes, "{items:?}");
                    read = read.saturating_add(1);
                }
            }
            bytes[at] = own;
        }
        assert!(read > bytes.len(), "other values are read from other bytes");
        bytes.len()
    }

    #[test]
    fn lines_come_back_whatever_changes_from_one_to_the_next() {
        let one = line();
        let others = [
            LineFacts { serial: "SN0100".into(), ..line() },
            LineFacts { serial: "SN0101".into(), days: Some(0), ..line() },
            LineFacts { serial: "SN0102".into(), days: Some(u16::MAX), ..line() },
            LineFacts { serial: "".into(), ..line() },
            LineFacts { serial: "明细9".into(), ..line() },
            LineFacts { serial: "明细10".into(), ..line() },
            LineFacts { serial: "明绅".into(), day: Day::new(i32::MIN), ..line() },
            LineFacts { amount: Fen::new(3_703), day: Day::new(i32::MAX), ..line() },
            LineFacts { quantity: Quantity::new(-30_000), amount: Fen::new(-3_702), ..line() },
            LineFacts { quantity: Quantity::new(1), price: Price::new(1), ..line() },
            LineFacts { quantity: Quantity::new(i64::MAX), price: Price::new(i64::MIN), ..line() },
            LineFacts { approval: HospitalApproval::Declined, batch: "B1".into(), ..line() },
            LineFacts { returns: Some("SN0099".into()), maternity: true, ..line() },
            LineFacts { prescriber: Some(HospitalLevel::Second), code: "自制".into(), ..line() },
        ];
        for other in &others {
            let _ = back(vec![one.clone(), other.clone(), one.clone()]);
            let _ = back(vec![other.clone()]);
        }
        let _ = back(others.to_vec());
    }

    #[test]
    fn what_goes_without_saying_takes_no_room() {
        let again = LineFacts { serial: "SN0100".into(), ..line() };
        let (one, two) = (back(vec![line()]), back(vec![line(), again]));
        // Marks, the code with its length, quantity, price.
        assert_eq!(two - one, 1 + 16 + 1 + 2);
        // Count, marks, quantity, entry, amount.
        assert_eq!(back(vec![outcome()]), 1 + 1 + 1 + 3 + 2);
    }

    #[test]
    fn outcomes_come_back_whatever_is_said_of_them() {
        let mut reasons = LineReasons::NONE;
        for reason in LineReason::ALL {
            reasons.add(*reason);
            let _ = back(vec![LineOutcome { reasons, ..outcome() }, outcome()]);
            let mut reasons = LineReasons::NONE;
            reasons.add(*reason);
            let _ = back(vec![LineOutcome { reasons, ..outcome() }]);
        }
        let fen = Fen::new;
        let own = LineParts { own: fen(1), over: fen(2), pre_pay: fen(-3), in_scope: fen(0) };
        let kind = LineKind::new(3);
        let _ = back(vec![
            LineOutcome { parts: own, entry: None, facility: fen(7), ..outcome() },
            LineOutcome { kind, stay_part: 1, review: true, quantity: Quantity::ONE, ..outcome() },
            LineOutcome { quantity: Quantity::new(9_999), ..outcome() },
        ]);
    }

    #[test]
    fn the_next_serial_has_as_many_digits() {
        let next = |serial| next_serial(serial).unwrap_or_default();
        assert_eq!(next("000009"), "000010");
        assert_eq!(next("A-199"), "A-200");
        assert_eq!(next("明细8"), "明细9");
        for none in ["", "A", "99", "A99", "12B"] {
            assert_eq!(next_serial(none), None, "{none}");
        }
    }
}
