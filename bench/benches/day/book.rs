//! What facilities booked of the answers they got, kept apart from the ledger: sums of every bill are checked as it comes, what is taken
//! back must be the opposite of what was answered, and at the end the book is held beside the ledger's accounts.

use std::collections::{BTreeMap, HashMap};

use yidan_settlement::bill::{Account, Decision};
use yidan_settlement::event::{Cancelled, Event, Record, Request, SlotLabels};
use yidan_settlement::facts::{SettleFacts, Text};
use yidan_settlement::id::VisitId;
use yidan_settlement::ledger::{Ledger, Member};
use yidan_settlement::money::Fen;
use yidan_settlement::stored::{self, Bytes, Stored};

use crate::bills::Kind;

/// The byte of a settlement among events (`engine/journal/RECORDS.md`).
const SETTLED: u8 = 8;

/// The bills of one kind.
#[derive(Copy, Clone, Default, Debug)]
pub(crate) struct OfKind {
    pub(crate) bills: u64,
    pub(crate) lines: u64,
    pub(crate) total: Fen,
    pub(crate) in_scope: Fen,
    pub(crate) funds: Fen,
    pub(crate) accounts: Fen,
    pub(crate) cash: Fen,
    pub(crate) facility: Fen,
    pub(crate) bytes: u64,
}

/// What accounts come to, by whoever adds them up.
#[derive(Clone, Default, Debug, Eq, PartialEq)]
pub(crate) struct Accounts {
    /// Expense of each fund.
    funds: BTreeMap<u32, Fen>,
    /// Paid from own accounts.
    own: Fen,
    /// Owed to facilities.
    facilities: Fen,
    /// Owed to persons, or due from family accounts: nobody here has any.
    others: Fen,
    settled: u64,
    cancelled: u64,
}

/// The facilities' book.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) kinds: [OfKind; 4],
    pub(crate) accounts: Accounts,
    /// Refused, by reason.
    pub(crate) refused: BTreeMap<u16, u64>,
    /// What was posted of bills that will be cancelled, by their number.
    to_cancel: HashMap<u64, Posted>,
}

/// What one bill moved.
#[derive(Clone, Default, Debug, Eq, PartialEq)]
struct Posted {
    funds: BTreeMap<u32, Fen>,
    own: Fen,
    facility: Fen,
    others: Fen,
}

/// The decision of a settlement's record, without its lines as they were sent; `None` for a record of anything else.
pub(crate) fn decision_in(record: &[u8]) -> Option<Decision> {
    let from = &mut Bytes::new(record);
    let (_version, _number, _time) = (u8::read(from)?, u64::read(from)?, u64::read(from)?);
    Request::read(from)?;
    if u8::read(from)? != SETTLED {
        return None;
    }
    VisitId::read(from)?;
    SettleFacts::read(from)?;
    let (_batch, _pack) = (Option::<Text>::read(from)?, u64::read(from)?);
    SlotLabels::read(from)?;
    Decision::read(from)
}

/// The number of the command that made a record.
pub(crate) fn seq_of(record: &[u8]) -> u64 {
    let from = &mut Bytes::new(record);
    let number = u8::read(from).and_then(|_version| u64::read(from));
    number.expect("a record of ours begins so")
}

impl Book {
    /// Books the answer to a bill.
    ///
    /// # Panics
    /// Where its sums do not agree.
    pub(crate) fn settled(
        &mut self,
        kind: Kind,
        lines: usize,
        total: Fen,
        (number, cancelled): (u64, bool),
        record: &[u8],
    ) {
        let Some(decision) = decision_in(record) else {
            self.other(record);
            return;
        };
        let (funds, accounts) = (decision.fund_sum(), decision.account_sum());
        assert_eq!(decision.total, total, "what the facility charged");
        assert_eq!(decision.lines.len(), lines, "every line has its outcome");
        let paid = funds.plus(accounts).plus(decision.cash).plus(decision.hosp_part);
        assert_eq!(total, paid, "the bill is what funds, accounts, member and facility pay");
        assert_eq!(decision.split.sum(), total, "the bill is its four parts");
        let split = decision.lines.iter().map(|line| line.parts.sum()).sum::<Fen>();
        assert_eq!(split, total, "the bill is the parts of its lines");
        let posted = Posted::by(&decision);
        self.accounts.add(&posted);
        self.accounts.settled += 1;
        if cancelled {
            let _ = self.to_cancel.insert(number, posted);
        }
        let of = &mut self.kinds[Kind::ALL.iter().position(|one| *one == kind).expect("a kind")];
        of.bills += 1;
        of.lines += lines as u64;
        of.bytes += record.len() as u64;
        of.total = of.total.plus(total);
        of.in_scope = of.in_scope.plus(decision.split.in_scope);
        of.funds = of.funds.plus(funds);
        of.accounts = of.accounts.plus(accounts);
        of.cash = of.cash.plus(decision.cash);
        of.facility = of.facility.plus(decision.hosp_part);
    }

    /// Books the answer to a cancellation, or a refusal.
    pub(crate) fn other(&mut self, record: &[u8]) {
        let record: Record = stored::whole(record).expect("a record of ours");
        if let Event::Refused(refused) = record.event {
            *self.refused.entry(refused.reason).or_default() += 1;
            return;
        }
        let Event::Cancelled(cancelled) = record.event else {
            panic!("neither settled, cancelled nor refused: {:?}", record.event)
        };
        let number = cancelled.settlement;
        let posted = self.to_cancel.remove(&number).expect("a settlement that was to be cancelled");
        let back = Posted::back(&cancelled);
        assert_eq!(back, posted.opposite(), "what is taken back of settlement {number}");
        self.accounts.add(&back);
        self.accounts.cancelled += 1;
    }

    /// All kinds together.
    pub(crate) fn all(&self) -> OfKind {
        self.kinds.iter().fold(OfKind::default(), |sum, one| OfKind {
            bills: sum.bills + one.bills,
            lines: sum.lines + one.lines,
            bytes: sum.bytes + one.bytes,
            total: sum.total.plus(one.total),
            in_scope: sum.in_scope.plus(one.in_scope),
            funds: sum.funds.plus(one.funds),
            accounts: sum.accounts.plus(one.accounts),
            cash: sum.cash.plus(one.cash),
            facility: sum.facility.plus(one.facility),
        })
    }
}

impl Posted {
    fn by(decision: &Decision) -> Posted {
        let (mut all, mut funds) = (Posted::default(), Fen::ZERO);
        for posting in &decision.postings {
            match posting.account {
                Account::FundExpense(fund) => {
                    let sum = all.funds.entry(fund.get()).or_default();
                    *sum = sum.plus(posting.amount);
                    funds = funds.plus(posting.amount);
                }
                Account::OwnAccount => all.own = all.own.plus(posting.amount),
                Account::FacilityPayable => all.facility = all.facility.plus(posting.amount),
                Account::FamilyAccount(_) | Account::PersonPayable => {
                    all.others = all.others.plus(posting.amount);
                }
            }
        }
        assert_eq!(funds, decision.fund_sum(), "what is posted to funds is what they pay");
        all.whole()
    }

    fn back(cancelled: &Cancelled) -> Posted {
        let moved = &cancelled.posted;
        let mut all = Posted {
            own: Fen::ZERO.minus(moved.balance),
            facility: moved.facility,
            others: moved.family.plus(moved.person),
            ..Posted::default()
        };
        for (fund, amount) in &moved.funds {
            let sum = all.funds.entry(*fund).or_default();
            *sum = sum.plus(*amount);
        }
        all.whole()
    }

    fn opposite(&self) -> Posted {
        let minus = |amount: Fen| Fen::ZERO.minus(amount);
        Posted {
            funds: self.funds.iter().map(|(fund, amount)| (*fund, minus(*amount))).collect(),
            own: minus(self.own),
            facility: minus(self.facility),
            others: minus(self.others),
        }
    }

    /// Without the funds that paid nothing.
    fn whole(mut self) -> Posted {
        self.funds.retain(|_, amount| *amount != Fen::ZERO);
        self
    }
}

impl Accounts {
    fn add(&mut self, posted: &Posted) {
        for (fund, amount) in &posted.funds {
            let sum = self.funds.entry(*fund).or_default();
            *sum = sum.plus(*amount);
        }
        self.own = self.own.plus(posted.own);
        self.facilities = self.facilities.plus(posted.facility);
        self.others = self.others.plus(posted.others);
    }

    /// What a shard's ledger says.
    pub(crate) fn of(ledger: &Ledger) -> Accounts {
        let books = ledger.books();
        let balances: Fen = ledger.members().iter().map(Member::balance).sum();
        Accounts {
            funds: books.funds.clone(),
            own: books.deposits.minus(balances),
            facilities: ledger.facilities().map(|(_, one)| one.payable()).sum(),
            others: books.persons.plus(books.family),
            settled: books.settled,
            cancelled: books.cancelled,
        }
    }

    /// Of several shards.
    pub(crate) fn sum(shards: Vec<Accounts>) -> Accounts {
        let mut sum = Accounts::default();
        for one in shards {
            for (fund, amount) in one.funds {
                let of_fund = sum.funds.entry(fund).or_default();
                *of_fund = of_fund.plus(amount);
            }
            sum.own = sum.own.plus(one.own);
            sum.facilities = sum.facilities.plus(one.facilities);
            sum.others = sum.others.plus(one.others);
            sum.settled += one.settled;
            sum.cancelled += one.cancelled;
        }
        sum
    }

    /// Compares with what the ledger says, and all accounts with each other.
    ///
    /// # Panics
    /// Where a fen is missing.
    pub(crate) fn balance(&self, ledger: &Accounts) -> String {
        assert_eq!(self, ledger, "the facilities' book is the ledger's");
        let funds: Fen = ledger.funds.values().copied().sum();
        let left = funds.plus(ledger.own).minus(ledger.facilities).minus(ledger.others);
        assert_eq!(left, Fen::ZERO, "all accounts together are nought");
        let funds: Vec<String> =
            ledger.funds.iter().map(|(fund, amount)| format!("{fund:06} {amount}")).collect();
        format!(
            "books balanced to the fen: debits funds {} and own accounts {}, credit facilities {}, the sum of all nought; every account \
             as facilities booked it from {} answers, {} of them taken back",
            funds.join(", "),
            ledger.own,
            ledger.facilities,
            ledger.settled,
            ledger.cancelled
        )
    }
}
