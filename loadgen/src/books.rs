//! What the facilities have booked, from the answers alone, and the statements (3201) they make of it.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::answers::Setlinfo;
use crate::fen::Fen;
use crate::town::POOL;

/// One settlement or refund, as a row of a detailed statement (3202).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the settlement.
    pub setl_id: String,
    /// Number of the visit.
    pub mdtrt_id: String,
    /// Whose it is.
    pub psn_no: String,
    /// Total, funds, accounts, cash, in fen.
    pub fen: [i64; 4],
    /// Whether it is a refund.
    pub refund: bool,
    /// The day it is booked on.
    pub day: String,
}

/// What belongs into one statement: a facility, an insurance, a way of clearing.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Account {
    /// `fixmedins_code`
    pub facility: String,
    /// `insutype`
    pub insutype: String,
    /// `clr_type`
    pub clr_type: String,
}

/// All books.
#[derive(Debug, Default)]
pub struct Books {
    accounts: Mutex<BTreeMap<Account, Vec<Entry>>>,
}

/// A statement over all its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The input of 3201.
    pub input: String,
    /// Entries.
    pub entries: u64,
    /// Total, funds, accounts, cash, in fen.
    pub fen: [i64; 4],
}

impl Books {
    /// Books a settlement.
    pub fn settled(&self, facility: &str, of: &Setlinfo) {
        let account = Account {
            facility: facility.to_owned(),
            insutype: of.insutype.clone().unwrap_or_default(),
            clr_type: of.clr_type.clone().unwrap_or_default(),
        };
        self.accounts.lock().entry(account).or_default().push(entry(of, of, false));
    }

    /// Books the refund of a settlement, on the day on which it was cancelled.
    pub fn refunded(&self, facility: &str, of: &Setlinfo, refund: &Setlinfo) {
        let account = Account {
            facility: facility.to_owned(),
            insutype: of.insutype.clone().unwrap_or_default(),
            clr_type: of.clr_type.clone().unwrap_or_default(),
        };
        self.accounts.lock().entry(account).or_default().push(entry(of, refund, true));
    }

    /// What is kept of them from one run to the next on the same server.
    ///
    /// # Errors
    /// Text that is not of this program.
    pub fn read(text: &str) -> Result<Books, serde_json::Error> {
        let kept: Vec<(String, String, String, Vec<Entry>)> = serde_json::from_str(text)?;
        let accounts = kept.into_iter().map(|(facility, insutype, clr_type, entries)| {
            (Account { facility, insutype, clr_type }, entries)
        });
        Ok(Books { accounts: Mutex::new(accounts.collect()) })
    }

    /// To be kept.
    pub fn text(&self) -> String {
        let accounts = self.accounts.lock();
        let kept: Vec<_> = accounts
            .iter()
            .map(|(account, entries)| {
                (&account.facility, &account.insutype, &account.clr_type, entries)
            })
            .collect();
        serde_json::to_string(&kept).expect("text and numbers are JSON")
    }

    /// A statement for each account.
    pub fn statements(&self) -> Vec<(Account, Statement)> {
        let accounts = self.accounts.lock();
        accounts
            .iter()
            .map(|(account, entries)| (account.clone(), statement(account, entries)))
            .collect()
    }

    /// The entries of an account.
    pub fn entries(&self, account: &Account) -> Vec<Entry> {
        self.accounts.lock().get(account).cloned().unwrap_or_default()
    }
}

/// What is booked of a settlement, with the amounts and the day of it or of its refund.
fn entry(of: &Setlinfo, amounts: &Setlinfo, refund: bool) -> Entry {
    let fen =
        [amounts.medfee_sumamt, amounts.fund_pay_sumamt, amounts.acct_pay, amounts.psn_cash_pay];
    Entry {
        setl_id: amounts.setl_id.clone().unwrap_or_default(),
        mdtrt_id: of.mdtrt_id.clone().unwrap_or_default(),
        psn_no: of.psn_no.clone().unwrap_or_default(),
        fen: fen.map(|fen| fen.0),
        refund,
        day: amounts.setl_time.as_deref().unwrap_or_default().chars().take(10).collect(),
    }
}

fn statement(account: &Account, entries: &[Entry]) -> Statement {
    let fen = [0, 1, 2, 3].map(|which| entries.iter().map(|entry| entry.fen[which]).sum::<i64>());
    let days = || entries.iter().map(|entry| entry.day.as_str());
    let (begin, end) = (days().min().unwrap_or_default(), days().max().unwrap_or_default());
    let Account { insutype, clr_type, .. } = account;
    let [total, funds, accounts, _] = fen.map(Fen);
    let input = format!(
        r#"{{"data":{{"setl_optins":"{POOL}","insutype":"{insutype}","clr_type":"{clr_type}","stmt_begndate":"{begin}","stmt_enddate":"{end}","medfee_sumamt":"{total}","fund_pay_sumamt":"{funds}","acct_pay":"{accounts}","fixmedins_setl_cnt":{},"refd_setl_flag":"","fixmedins_refd_setl_flag":"0"}}}}"#,
        entries.len()
    );
    Statement { input, entries: entries.len() as u64, fen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_stands_beside_its_settlement() {
        let books = Books::default();
        let text = |text: &str| Some(text.to_owned());
        let bill = Setlinfo {
            setl_id: text("7"),
            insutype: text("310"),
            clr_type: text("11"),
            setl_time: text("2026-01-02 03:04:05"),
            medfee_sumamt: Fen(10_000),
            fund_pay_sumamt: Fen(6_000),
            ..Setlinfo::default()
        };
        books.settled("H1", &bill);
        books.settled("H1", &bill);
        let refund = Setlinfo {
            setl_time: text("2026-01-03 00:00:00"),
            medfee_sumamt: Fen(-10_000),
            fund_pay_sumamt: Fen(-6_000),
            ..Setlinfo::default()
        };
        books.refunded("H1", &bill, &refund);
        let again = Books::read(&books.text()).expect("its own text");
        let [(account, statement)] = &again.statements()[..] else { panic!("one account") };
        assert_eq!((account.insutype.as_str(), statement.entries), ("310", 3));
        assert_eq!(statement.fen, [10_000, 6_000, 0, 0]);
        assert!(
            statement.input.contains(r#""stmt_begndate":"2026-01-02","stmt_enddate":"2026-01-03""#)
        );
        assert!(statement.input.contains(r#""medfee_sumamt":"100.00""#));
    }
}
