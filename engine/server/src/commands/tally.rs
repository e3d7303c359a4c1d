//! What a run of cases came to, for the summary at its end.

use std::collections::BTreeMap;
use std::fmt;

use yidan_settlement::bill::Decision;
use yidan_settlement::money::Fen;
use yidan_settlement::reason::Reason;

use super::output::Exit;

/// Counts and sums of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    settled: u64,
    refused: BTreeMap<Reason, u64>,
    unreadable: u64,
    medfee: Sum,
    funds: Sum,
    accounts: Sum,
    cash: Sum,
}

/// A sum of bills: a million of the largest amount goes beyond 64 bits.
#[derive(Debug, Default, Clone, Copy)]
struct Sum(i128);

impl Sum {
    fn add(&mut self, amount: Fen) {
        self.0 += i128::from(amount.get());
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, fen) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl Tally {
    pub(super) fn settled(&mut self, decision: &Decision) {
        self.settled += 1;
        self.medfee.add(decision.total);
        self.funds.add(decision.fund_sum());
        self.accounts.add(decision.account_sum());
        self.cash.add(decision.cash);
    }

    pub(super) fn refused(&mut self, reason: Reason) {
        *self.refused.entry(reason).or_default() += 1;
    }

    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// How many of the input could not be read.
    pub(super) fn unreadable_count(&self) -> u64 {
        self.unreadable
    }

    /// How many cases there were.
    pub(super) fn cases(&self) -> u64 {
        self.settled + self.refused.values().sum::<u64>() + self.unreadable
    }

    /// How a run with these cases ends.
    pub(super) fn exit(&self) -> Exit {
        if self.unreadable > 0 {
            Exit::Unreadable
        } else if !self.refused.is_empty() {
            Exit::Refused
        } else {
            Exit::Done
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.refused.values().sum();
        writeln!(
            f,
            "{} cases: {} settled, {refused} refused, {} unreadable",
            self.cases(),
            self.settled,
            self.unreadable
        )?;
        for (reason, count) in &self.refused {
            writeln!(f, "  refused {count}: {reason}")?;
        }
        write!(
            f,
            "medfee_sumamt {}, fund_pay_sumamt {}, acct_pay {}, psn_cash_pay {}",
            self.medfee, self.funds, self.accounts, self.cash
        )
    }
}
