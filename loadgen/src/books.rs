//! What the facilities have booked, from the answers alone, and the statements (3201) they make of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

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
    /// Numbers of settlements that were answered.
    seen: Mutex<HashSet<String>>,
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
        let accounts: BTreeMap<Account, Vec<Entry>> = accounts.collect();
        let seen = accounts.values().flatten().map(|entry| entry.setl_id.clone()).collect();
        Ok(Books { accounts: Mutex::new(accounts), seen: Mutex::new(seen) })
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

    /// Whether no settlement had this number before.
    pub fn is_new(&self, setl_id: &str) -> bool {
        self.seen.lock().insert(setl_id.to_owned())
    }

    /// A statement for each facility, insurance and way of clearing that any facility has booked, from the first day booked or a day
    /// given to another: where nothing is booked the server must have nothing either.
    pub fn statements<'f>(
        &self,
        facilities: impl Iterator<Item = &'f str>,
        (begin, end): (&str, &str),
    ) -> Vec<(Account, Statement)> {
        let accounts = self.accounts.lock();
        let mut kinds: BTreeSet<(&str, &str)> = BTreeSet::new();
        for account in accounts.keys() {
            let _ = kinds.insert((&account.insutype, &account.clr_type));
        }
        let days = accounts.values().flatten().map(|entry| entry.day.as_str());
        let begin = days.filter(|day| !day.is_empty()).chain([begin]).min().unwrap_or(begin);
        let mut all = Vec::new();
        for facility in facilities {
            for (insutype, clr_type) in &kinds {
                let account = Account {
                    facility: facility.to_owned(),
                    insutype: (*insutype).to_owned(),
                    clr_type: (*clr_type).to_owned(),
                };
                let entries = accounts.get(&account).map_or(&[][..], Vec::as_slice);
                let statement = statement(&account, entries, (begin, end));
                all.push((account, statement));
            }
        }
        all
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

fn statement(account: &Account, entries: &[Entry], (begin, end): (&str, &str)) -> Statement {
    let fen = [0, 1, 2, 3].map(|which| entries.iter().map(|entry| entry.fen[which]).sum::<i64>());
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
        assert!(!again.is_new("7") && again.is_new("8"));
        let days = ("2026-01-03", "2026-01-03");
        let all = again.statements(["H1", "H2"].into_iter(), days);
        let [(account, statement), (_, nothing)] = &all[..] else { panic!("two facilities") };
        assert_eq!((nothing.entries, nothing.fen), (0, [0; 4]));
        assert_eq!((account.insutype.as_str(), statement.entries), ("310", 3));
        assert_eq!(statement.fen, [10_000, 6_000, 0, 0]);
        assert!(
            statement.input.contains(r#""stmt_begndate":"2026-01-02","stmt_enddate":"2026-01-03""#)
        );
        assert!(statement.input.contains(r#""medfee_sumamt":"100.00""#));
    }
}
