//! What the facilities have booked, from the answers alone, and the statements (3201) they make of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::answers::Setlinfo;
use crate::fen::Fen;
use crate::town::{POOL, psn_no};

/// A number as an answer gave it: digits take eight bytes, anything else is kept as it came.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Number {
    /// Digits without a nought in front.
    Digits(u64),
    /// Anything else.
    Text(Box<str>),
}

// An entry has two of them, and there are millions.
const _: () = assert!(size_of::<Number>() <= 16 && size_of::<Entry>() <= 72);

impl From<&str> for Number {
    fn from(text: &str) -> Number {
        match text.parse::<u64>() {
            Ok(digits) if text.starts_with(|first| matches!(first, '1'..='9')) => {
                Number::Digits(digits)
            }
            Ok(_) | Err(_) => Number::Text(text.into()),
        }
    }
}

impl From<String> for Number {
    fn from(text: String) -> Number {
        Number::from(text.as_str())
    }
}

impl From<Number> for String {
    fn from(number: Number) -> String {
        number.to_string()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Digits(digits) => digits.fmt(f),
            Number::Text(text) => text.fmt(f),
        }
    }
}

/// One settlement or refund, as a row of a detailed statement (3202).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the settlement.
    pub setl_id: Number,
    /// Number of the visit.
    pub mdtrt_id: Number,
    /// Total, funds, accounts, in fen.
    pub fen: [i64; 3],
    /// Whose it is: the number of a member of the town.
    pub member: u32,
    /// The day it is booked on, as the digits of `yyyymmdd`; nought where the answer named none.
    pub day: u32,
    /// Whether it is a refund.
    pub refund: bool,
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
    seen: Mutex<HashSet<Number>>,
}

/// A statement over all its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The input of 3201.
    pub input: String,
    /// Entries.
    pub entries: u64,
    /// Total, funds, accounts, in fen.
    pub fen: [i64; 3],
}

/// A facility's entries of one way of clearing, of all insurances, to be compared one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The text of the file (9101), a line an entry.
    pub text: String,
    /// The input of 3202, but for `FILE`, which is to be the number of the file.
    pub input: String,
}

impl Books {
    /// Books a settlement.
    pub fn settled(&self, facility: &str, member: u32, of: &Setlinfo) {
        let account = Account {
            facility: facility.to_owned(),
            insutype: of.insutype.clone().unwrap_or_default(),
            clr_type: of.clr_type.clone().unwrap_or_default(),
        };
        self.accounts.lock().entry(account).or_default().push(entry(member, of, of, false));
    }

    /// Books the refund of a settlement, on the day on which it was cancelled.
    pub fn refunded(&self, facility: &str, member: u32, of: &Setlinfo, refund: &Setlinfo) {
        let account = Account {
            facility: facility.to_owned(),
            insutype: of.insutype.clone().unwrap_or_default(),
            clr_type: of.clr_type.clone().unwrap_or_default(),
        };
        self.accounts.lock().entry(account).or_default().push(entry(member, of, refund, true));
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

    /// Writes them as they are kept.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, to: impl std::io::Write) -> std::io::Result<()> {
        let accounts = self.accounts.lock();
        let kept: Vec<_> = accounts
            .iter()
            .map(|(account, entries)| {
                (&account.facility, &account.insutype, &account.clr_type, entries)
            })
            .collect();
        let mut to = std::io::BufWriter::new(to);
        serde_json::to_writer(&mut to, &kept)?;
        std::io::Write::flush(&mut to)
    }

    /// Whether no settlement had this number before.
    pub fn is_new(&self, setl_id: &str) -> bool {
        self.seen.lock().insert(Number::from(setl_id))
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
        let begin = &*first_day(accounts.values().flatten(), begin);
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

    /// What a facility has booked of one way of clearing, entry by entry.
    pub fn details(&self, facility: &str, clr_type: &str, (begin, end): (&str, &str)) -> Details {
        let accounts = self.accounts.lock();
        let begin = first_day(accounts.values().flatten(), begin);
        let of = |account: &Account| account.facility == facility && account.clr_type == clr_type;
        let entries = accounts.iter().filter(|(account, _)| of(account)).flat_map(|(_, all)| all);
        let (mut text, mut fen, mut count) = (String::new(), [0; 3], 0_u64);
        for entry in entries {
            line(&mut text, entry);
            for (sum, one) in fen.iter_mut().zip(entry.fen) {
                *sum += one;
            }
            count += 1;
        }
        let [total, funds, _] = fen.map(Fen);
        let input = format!(
            r#"{{"data":{{"setl_optins":"{POOL}","file_qury_no":"FILE","stmt_begndate":"{begin}","stmt_enddate":"{end}","medfee_sumamt":"{total}","fund_pay_sumamt":"{funds}","cash_payamt":"0","fixmedins_setl_cnt":{count},"clr_type":"{clr_type}","refd_setl_flag":"","fixmedins_refd_setl_flag":"0"}}}}"#
        );
        Details { text, input }
    }
}

/// The first day booked, or a day given where that is earlier.
fn first_day<'e>(entries: impl Iterator<Item = &'e Entry>, given: &str) -> String {
    let first = entries.map(|entry| entry.day).filter(|day| *day > 0).min();
    let first =
        first.map(|day| format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100));
    first.into_iter().chain([given.to_owned()]).min().unwrap_or_default()
}

/// What is booked of a settlement, with the amounts and the day of it or of its refund.
fn entry(member: u32, of: &Setlinfo, amounts: &Setlinfo, refund: bool) -> Entry {
    let fen = [amounts.medfee_sumamt, amounts.fund_pay_sumamt, amounts.acct_pay];
    let number = |of: &Option<String>| Number::from(of.as_deref().unwrap_or_default());
    let day = amounts.setl_time.as_deref().and_then(|time| time.get(..10)).unwrap_or_default();
    Entry {
        setl_id: number(&amounts.setl_id),
        mdtrt_id: number(&of.mdtrt_id),
        fen: fen.map(|fen| fen.0),
        member,
        day: day.replace('-', "").parse().unwrap_or(0),
        refund,
    }
}

/// A line of a detailed statement: seven columns, `null` where one is empty.
fn line(text: &mut String, entry: &Entry) {
    let some = |text: String| if text.is_empty() { "null".to_owned() } else { text };
    let (setl_id, mdtrt_id) = (some(entry.setl_id.to_string()), some(entry.mdtrt_id.to_string()));
    let ([total, funds, accounts], psn_no) = (entry.fen.map(Fen), psn_no(entry.member));
    let refund = u8::from(entry.refund);
    let row =
        format!("{setl_id}\t{mdtrt_id}\t{psn_no}\t{total}\t{funds}\t{accounts}\t{refund}\r\n");
    text.push_str(&row);
}

fn statement(account: &Account, entries: &[Entry], (begin, end): (&str, &str)) -> Statement {
    let fen = [0, 1, 2].map(|which| entries.iter().map(|entry| entry.fen[which]).sum::<i64>());
    let Account { insutype, clr_type, .. } = account;
    let [total, funds, accounts] = fen.map(Fen);
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
        books.settled("H1", 5, &bill);
        books.settled("H1", 5, &bill);
        let refund = Setlinfo {
            setl_time: text("2026-01-03 00:00:00"),
            medfee_sumamt: Fen(-10_000),
            fund_pay_sumamt: Fen(-6_000),
            ..Setlinfo::default()
        };
        books.refunded("H1", 5, &bill, &refund);
        let mut kept = Vec::new();
        books.write(&mut kept).expect("to memory");
        let again = Books::read(std::str::from_utf8(&kept).expect("text")).expect("its own text");
        assert!(!again.is_new("7") && again.is_new("8"));
        let days = ("2026-01-03", "2026-01-03");
        let all = again.statements(["H1", "H2"].into_iter(), days);
        let [(account, statement), (_, nothing)] = &all[..] else { panic!("two facilities") };
        assert_eq!((nothing.entries, nothing.fen), (0, [0; 3]));
        assert_eq!((account.insutype.as_str(), statement.entries), ("310", 3));
        assert_eq!(statement.fen, [10_000, 6_000, 0]);
        assert!(
            statement.input.contains(r#""stmt_begndate":"2026-01-02","stmt_enddate":"2026-01-03""#)
        );
        assert!(statement.input.contains(r#""medfee_sumamt":"100.00""#));
        let details = again.details("H1", "11", days);
        let lines: Vec<&str> = details.text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "7\tnull\t630100L000000005\t100.00\t60.00\t0.00\t0");
        assert_eq!(lines[2], "null\tnull\t630100L000000005\t-100.00\t-60.00\t0.00\t1");
        let sums = r#""medfee_sumamt":"100.00","fund_pay_sumamt":"60.00","cash_payamt":"0","fixmedins_setl_cnt":3"#;
        assert!(details.input.contains(sums), "{}", details.input);
        assert_eq!(again.details("H2", "11", days).text, "");
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        for text in
            ["", "0", "007", "7", "18446744073709551615", "18446744073709551616", "+7", "S-1"]
        {
            assert_eq!(Number::from(text).to_string(), text);
        }
        assert_eq!(Number::from("42"), Number::Digits(42));
    }
}
