//! Double entry: what a record posts, by account, with debit and credit.

use serde::Serialize;
use yidan_settlement::bill::{Account, Decision, Posting, Side as Of};
use yidan_settlement::event::{Moved, Share};
use yidan_settlement::money::Fen;

use super::form::{Form, Row, coded};
use crate::answer::Yuan;
use crate::text::{Side, money};

/// Entries, in the order of their accounts.
#[derive(Debug, Default)]
pub(super) struct Entries(Vec<Entry>);

/// What an account is debited and credited with; of a reversal both are below nought.
#[derive(Debug, Clone, Serialize)]
struct Entry {
    account: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    fund_pay_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    psn_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixmedins_code: Option<String>,
    debit: Yuan,
    credit: Yuan,
}

/// The accounts, whoever's they are.
#[derive(Debug, Copy, Clone, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    FundExpense,
    OwnAccount,
    FamilyAccount,
    FacilityPayable,
    PersonPayable,
}

/// Whose accounts they are.
#[derive(Copy, Clone, Debug)]
pub(super) struct Owners<'o> {
    /// The member.
    pub(super) psn_no: &'o str,
    /// The facility.
    pub(super) facility: &'o str,
    /// The family accounts.
    pub(super) shares: &'o [Share],
}

impl Entries {
    /// Those of a bill.
    pub(super) fn of(decision: &Decision, owners: Owners<'_>) -> Entries {
        let mut entries = Entries::default();
        for Posting { account, side, amount } in &decision.postings {
            let (debit, credit) = match side {
                Of::Debit => (*amount, Fen::ZERO),
                Of::Credit => (Fen::ZERO, *amount),
            };
            entries.add(entry(*account, owners), debit, credit);
        }
        entries
    }

    /// Those of what a reversal or an adjustment moves.
    pub(super) fn of_moved(moved: &Moved, owners: Owners<'_>) -> Entries {
        let mut entries = Entries::default();
        entries.moved(moved, owners);
        entries
    }

    /// Adds what is moved.
    pub(super) fn moved(&mut self, moved: &Moved, owners: Owners<'_>) {
        for (fund, amount) in &moved.funds {
            self.add(of_fund(&format!("{fund:06}")), *amount, Fen::ZERO);
        }
        // What the account gains, it is credited with; a settlement debits it.
        self.add(entry(Account::OwnAccount, owners), moved.balance.negated(), Fen::ZERO);
        let shared: Fen = owners.shares.iter().map(|share| share.amount).sum();
        if shared == moved.family {
            for (number, share) in (0_u32..).zip(owners.shares) {
                self.add(entry(Account::FamilyAccount(number), owners), share.amount, Fen::ZERO);
            }
        } else {
            let unnamed = Owners { shares: &[], ..owners };
            self.add(entry(Account::FamilyAccount(0), unnamed), moved.family, Fen::ZERO);
        }
        self.add(entry(Account::FacilityPayable, owners), Fen::ZERO, moved.facility);
        self.add(entry(Account::PersonPayable, owners), Fen::ZERO, moved.person);
    }

    /// Adds what another has.
    pub(super) fn plus(&mut self, other: Entries) {
        for one in other.0 {
            let (debit, credit) = (one.debit.0, one.credit.0);
            self.add(one, debit, credit);
        }
    }

    fn add(&mut self, to: Entry, debit: Fen, credit: Fen) {
        if debit.is_zero() && credit.is_zero() {
            return;
        }
        let same = |one: &&mut Entry| {
            let (mine, theirs) = (&**one, &to);
            (mine.account, &mine.fund_pay_type, &mine.psn_no, &mine.fixmedins_code)
                == (theirs.account, &theirs.fund_pay_type, &theirs.psn_no, &theirs.fixmedins_code)
        };
        match self.0.iter_mut().find(same) {
            Some(one) => {
                (one.debit, one.credit) =
                    (Yuan(one.debit.0.plus(debit)), Yuan(one.credit.0.plus(credit)));
            }
            None => self.0.push(Entry { debit: Yuan(debit), credit: Yuan(credit), ..to }),
        }
    }

    /// Puts them down, with their sums and whether these are the same.
    pub(super) fn put(&self, form: &mut Form) {
        let debit: Fen = self.0.iter().map(|one| one.debit.0).sum();
        let credit: Fen = self.0.iter().map(|one| one.credit.0).sum();
        let balanced = debit == credit;
        let row = |one: &Entry| {
            let cells = vec![one.words(), side(one.debit.0), side(one.credit.0)];
            Row::new(cells, one)
        };
        let rows: Vec<Row> = self
            .0
            .iter()
            .filter(|one| !(one.debit.0.is_zero() && one.credit.0.is_zero()))
            .map(row)
            .collect();
        let heads = [("", Side::Left), ("debit 借", Side::Right), ("credit 贷", Side::Right)];
        if rows.is_empty() {
            form.words("postings 记账", &["none".to_owned()], "");
        }
        let words = if balanced {
            "sum 合计, balanced 借贷平衡"
        } else {
            "sum 合计, NOT BALANCED 借贷不平"
        };
        let last = vec![words.to_owned(), money(debit), money(credit)];
        form.table("postings 记账", "postings", &heads, rows, Some(last));
        form.object("postings_balanced", &balanced);
    }
}

/// A side of an entry; blank where there is nothing.
fn side(amount: Fen) -> String {
    if amount.is_zero() { String::new() } else { money(amount) }
}

fn of_fund(code: &str) -> Entry {
    Entry { fund_pay_type: Some(code.to_owned()), ..named(Kind::FundExpense) }
}

fn named(account: Kind) -> Entry {
    let (debit, credit) = (Yuan::default(), Yuan::default());
    Entry { account, fund_pay_type: None, psn_no: None, fixmedins_code: None, debit, credit }
}

fn entry(account: Account, owners: Owners<'_>) -> Entry {
    let psn_no = Some(owners.psn_no.to_owned());
    match account {
        Account::FundExpense(fund) => of_fund(&fund.to_string()),
        Account::OwnAccount => Entry { psn_no, ..named(Kind::OwnAccount) },
        Account::FamilyAccount(number) => {
            let share = usize::try_from(number).ok().and_then(|place| owners.shares.get(place));
            let psn_no = share.map(|share| share.owner.to_string());
            Entry { psn_no, ..named(Kind::FamilyAccount) }
        }
        Account::FacilityPayable => {
            let fixmedins_code = Some(owners.facility.to_owned());
            Entry { fixmedins_code, ..named(Kind::FacilityPayable) }
        }
        Account::PersonPayable => Entry { psn_no, ..named(Kind::PersonPayable) },
    }
}

impl Entry {
    fn words(&self) -> String {
        let words = match self.account {
            Kind::FundExpense => "fund expense 基金支出",
            Kind::OwnAccount => "own account 个人账户",
            Kind::FamilyAccount => "family account 共济账户",
            Kind::FacilityPayable => "payable to facility 应付医药机构",
            Kind::PersonPayable => "payable to person 应付个人",
        };
        let fund = self.fund_pay_type.as_deref().map(|fund| coded("fund_pay_type", fund));
        let whose = [fund.as_deref(), self.psn_no.as_deref(), self.fixmedins_code.as_deref()];
        let whose: Vec<&str> = whose.into_iter().flatten().collect();
        format!("{words} {}", whose.join(" "))
    }
}
