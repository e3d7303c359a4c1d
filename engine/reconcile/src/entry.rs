//! One line of a facility's account with the fund, and how records of the journal change that account.

use yidan_settlement::date::Day;
use yidan_settlement::event::{Cancelled, Event, Record, Settled, Undone};
use yidan_settlement::money::Fen;

/// A settlement of a facility, or a refund of one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Entry {
    /// `setl_id`: the number of the command that made it.
    pub number: u64,
    /// Whether it is a settlement or a refund.
    pub kind: EntryKind,
    /// The day it counts for: that of `setl_time`; of a refund the day it was made.
    pub day: Day,
    /// `mdtrt_id`
    pub visit: u64,
    /// `psn_no`
    pub psn_no: String,
    /// `msgid` of the call that made it.
    pub msgid: String,
    /// `insutype`
    pub insutype: String,
    /// By which it is cleared.
    pub clearing: Clearing,
    /// What was charged and paid; of a refund below nought.
    pub amounts: Amounts,
    /// Undone by its `msgid` (冲正 2601): neither side has it in its account.
    pub void: bool,
}

/// Whether an entry is a settlement or a refund of one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum EntryKind {
    /// A settlement.
    Settlement,
    /// The refund of a settlement (`refd_setl_flag`), by its number.
    RefundOf(u64),
}

/// By which a settlement is cleared.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Clearing {
    /// `clr_type`
    pub clr_type: String,
    /// `setl_optins`: the pool that pays.
    pub pool: String,
}

/// The amounts that are compared.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Amounts {
    /// `medfee_sumamt`
    pub total: Fen,
    /// `fund_pay_sumamt`
    pub fund: Fen,
    /// `acct_pay`, family accounts among it.
    pub account: Fen,
}

/// What a record does to a facility's account.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Change {
    /// A settlement stands.
    Settled {
        /// `fixmedins_code`
        facility: String,
        /// The entry.
        entry: Entry,
    },
    /// A settlement is refunded.
    Refunded {
        /// The number of the refund.
        number: u64,
        /// The settlement.
        settlement: u64,
        /// The day it was done.
        day: Day,
        /// `msgid` of the call.
        msgid: String,
    },
    /// A settlement never was, for either side.
    Voided(u64),
    /// A refund of this settlement never was: it stands.
    Restored(u64),
}

impl Entry {
    /// Whether it is a refund.
    pub fn is_refund(&self) -> bool {
        matches!(self.kind, EntryKind::RefundOf(_))
    }

    /// The settlement that it is about: itself, or the one it refunds.
    pub fn settlement(&self) -> u64 {
        match self.kind {
            EntryKind::Settlement => self.number,
            EntryKind::RefundOf(settlement) => settlement,
        }
    }
}

impl Amounts {
    /// Of a decision.
    fn of(settled: &Settled) -> Amounts {
        let decision = &settled.decision;
        Amounts {
            total: decision.total,
            fund: decision.fund_sum(),
            account: decision.account_sum(),
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Amounts) -> Amounts {
        Amounts {
            total: self.total.plus(other.total),
            fund: self.fund.plus(other.fund),
            account: self.account.plus(other.account),
        }
    }

    /// With the other sign.
    #[must_use]
    pub fn negated(self) -> Amounts {
        Amounts {
            total: self.total.negated(),
            fund: self.fund.negated(),
            account: self.account.negated(),
        }
    }
}

/// What a record does to facilities' accounts. `day` is the civil day of the record, and `clearing` tells by what a settlement is cleared.
///
/// An operator who makes settlements anew moves money between the fund and the person (`Adjusted`): what the facility was paid stays, and so
/// does its entry. What is cancelled by it is the facility's concern.
pub fn changes(
    record: &Record,
    day: Day,
    clearing: impl FnOnce(&Settled) -> Clearing,
) -> Option<Change> {
    let msgid = record.request.msgid.to_string();
    let refunded = |cancelled: &Cancelled, msgid| Change::Refunded {
        number: record.seq,
        settlement: cancelled.settlement,
        day,
        msgid,
    };
    match &record.event {
        Event::Settled(settled) => Some(Change::Settled {
            facility: record.request.asker.to_string(),
            entry: Entry {
                number: record.seq,
                kind: EntryKind::Settlement,
                day: settled.how.settled.day(),
                visit: settled.visit.get(),
                psn_no: record.request.psn_no.to_string(),
                msgid,
                insutype: settled.facts.insutype.to_string(),
                clearing: clearing(settled),
                amounts: Amounts::of(settled),
                void: false,
            },
        }),
        Event::Cancelled(cancelled) => Some(refunded(cancelled, msgid)),
        Event::Reversed(reversed) => match &reversed.undone {
            Undone::Settlement(cancelled) => Some(Change::Voided(cancelled.settlement)),
            Undone::Cancellation(cancelled) => Some(Change::Restored(cancelled.settlement)),
            Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => None,
        },
        // Nobody at the facility sent it.
        Event::Corrected(corrected) => {
            corrected.cancelled.as_ref().map(|(_, cancelled)| refunded(cancelled, String::new()))
        }
        Event::MemberRegistered(_, _)
        | Event::FacilityRegistered(_, _)
        | Event::Deposited(_)
        | Event::Filed(_, _)
        | Event::Unfiled(_, _)
        | Event::VisitOpened(_)
        | Event::VisitChanged(_, _)
        | Event::VisitClosed(_)
        | Event::LinesUploaded(_, _)
        | Event::LinesWithdrawn(_, _)
        | Event::Refused(_)
        | Event::PolicyLoaded(_)
        | Event::CatalogueLoaded(_)
        | Event::DayClosed(_)
        | Event::FamilyHeld(_)
        | Event::FamilyEnded(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use yidan_settlement::event::is_of_settlements;
    use yidan_settlement::stored;

    use super::*;

    /// Every kind of event stands among these records; `tests/tests/ledger` makes them.
    const RECORDS: &str = include_str!("../../../tests/fixtures/records-v1.txt");

    #[test]
    fn what_changes_an_account_is_seen_in_the_first_bytes_of_its_record() {
        let (mut changed, mut passed_over) = (0, 0);
        for line in RECORDS.lines().skip(1) {
            let digits = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
            let bytes = digits.map(|pair| u8::from_str_radix(pair.expect("text"), 16));
            let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().expect("hexadecimal digits");
            let record: Record = stored::whole(&bytes).expect("a record");
            let is_one = is_of_settlements(&bytes).expect("a record");
            let change = changes(&record, Day::MIN, |_| Clearing::default());
            assert!(is_one || change.is_none(), "{:?}", record.event);
            changed += usize::from(change.is_some());
            passed_over += usize::from(!is_one);
        }
        assert!(changed > 0 && passed_over > 0, "{changed} and {passed_over}");
    }
}
