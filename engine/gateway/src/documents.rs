//! What institutions hand in that no settlement goes by: lists of settled cases (医疗保障基金结算清单), how their own catalogues match the
//! national one, remarks on lines. It stands in a file of its own beside the journal, which only its owner reads (0600).
//!
//! Here an answer and what it is about are one transaction: the key of a request is kept with its answer for 35 days at least, so a repeated
//! request gets the answer it got; but not where what it did was undone.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use yidan_settlement::event::Request;

use crate::store::{Help, Store, StoreError};

/// The name of the file in the folder of a journal.
pub const FILE: &str = "documents.redb";

/// The documents of all institutions. Clones share them.
#[derive(Clone, Debug)]
pub struct Documents {
    store: Store,
}

/// What is to be changed, for the institution that asks.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Change {
    /// The list of a settlement, whether it is handed in for good, and what it says as JSON: in place of the one that is there.
    List(u64, bool, String),
    /// Lists that are marked, all or none.
    Submitted(Vec<Mark>),
    /// Codes of its own catalogue that match codes of the national one.
    Match(Vec<Matched>),
    /// One of them is no more.
    Unmatch(Match),
    /// Remarks on lines of a visit, by their serials.
    Remarks(u64, Vec<(String, String)>),
}

/// Whether the list of a settlement is handed in for good; of this person, where one is named.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Mark {
    pub(crate) settlement: u64,
    pub(crate) submitted: bool,
    pub(crate) psn_no: Option<String>,
}

/// A code of an institution's own catalogue and the national one it matches.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(crate) struct Match {
    /// `fixmedins_hilist_id`
    pub(crate) own: String,
    /// `list_type`
    pub(crate) list: String,
    /// `med_list_codg`
    pub(crate) code: String,
}

/// The same with all that was said of it, as JSON.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Matched {
    pub(crate) of: Match,
    pub(crate) row: String,
}

/// What became of a request.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Became {
    /// It is done, now or before: its `inf_refmsgid`, and the serial of a list.
    Done { refmsgid: String, serial: u64 },
    /// Another content was done under this key.
    Other,
    /// The list of this settlement is handed in for good.
    IsSubmitted(u64),
    /// This settlement has no list, or has one of another person.
    NoList(u64),
    /// There is no such match.
    NoMatch,
}

/// `fixmedins_code`, `infno`, `msgid`, `psn_no`.
type Key<'k> = (&'k str, u16, &'k str, &'k str);

/// Digest of the content, `inf_refmsgid`, serial of a list or nought, when.
type Answer<'a> = ([u8; 16], &'a str, u64, u64);

const ANSWERS: TableDefinition<'_, Key<'static>, Answer<'static>> = TableDefinition::new("answers");
/// By institution and settlement: serial, whether it is handed in for good, when it came, what it says.
const LISTS: TableDefinition<'_, (&str, u64), (u64, bool, u64, &str)> =
    TableDefinition::new("lists of settlements");
/// By institution, own code, list and national code: when it came, what it says.
const MATCHES: TableDefinition<'_, (&str, &str, &str, &str), (u64, &str)> =
    TableDefinition::new("matches");
/// By institution, visit and serial of a line.
const REMARKS: TableDefinition<'_, (&str, u64, &str), &str> = TableDefinition::new("remarks");
/// The serial given last.
const SERIAL: TableDefinition<'_, (), u64> = TableDefinition::new("serial of lists");

/// Milliseconds that an answer is kept: as long as the ledger remembers keys.
const KEPT_MS: u64 = 35 * 86_400_000;

impl Documents {
    /// Opens the file of a folder, or makes an empty one; answers that are too old are forgotten.
    ///
    /// # Errors
    /// Another process has it, it is damaged, or the folder cannot be written.
    pub fn open(folder: &Path, now_ms: u64) -> Result<Documents, StoreError> {
        let help = Help {
            open: "If another yidan has it, stop that one; else put its copy back",
            use_it: "Lists and matches cannot be handed in before it can be written again",
        };
        let documents = Documents { store: Store::open(folder, FILE, help)? };
        let made = || -> Result<(), redb::Error> {
            let write = documents.store.begin_write()?;
            write.open_table(LISTS)?;
            write.open_table(MATCHES)?;
            write.open_table(REMARKS)?;
            write.open_table(SERIAL)?;
            let oldest = now_ms.saturating_sub(KEPT_MS);
            write.open_table(ANSWERS)?.retain(|_, (_, _, _, came_ms)| came_ms >= oldest)?;
            Ok(write.commit()?)
        };
        made().map_err(|error| documents.store.failed(&error))?;
        Ok(documents)
    }

    /// What became of a request that came before.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn before(&self, request: &Request) -> Result<Option<Became>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(ANSWERS).map_err(|error| self.store.failed(&error))?;
        let found = table.get(key(request)).map_err(|error| self.store.failed(&error))?;
        Ok(found.map(|row| answered(request, row.value())))
    }

    /// Changes documents and keeps the answer, durably and at once; what is refused changes nothing and is not kept.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn change(
        &self,
        request: &Request,
        refmsgid: &str,
        now_ms: u64,
        change: &Change,
    ) -> Result<Became, StoreError> {
        self.written(|write| {
            if let Some(row) = write.open_table(ANSWERS)?.get(key(request))? {
                return Ok(Err(answered(request, row.value())));
            }
            let serial = match apply(write, &request.asker, now_ms, change)? {
                Ok(serial) => serial,
                Err(why) => return Ok(Err(why)),
            };
            let answer = (request.digest, refmsgid, serial, now_ms);
            write.open_table(ANSWERS)?.insert(key(request), answer)?;
            Ok(Ok(Became::Done { refmsgid: refmsgid.to_owned(), serial }))
        })
    }

    /// Whether an institution's code matches this one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn has_match(&self, institution: &str, of: &Match) -> Result<bool, StoreError> {
        let read = || -> Result<bool, redb::Error> {
            let table = self.store.begin_read()?.open_table(MATCHES)?;
            Ok(table
                .get((institution, of.own.as_str(), of.list.as_str(), of.code.as_str()))?
                .is_some())
        };
        read().map_err(|error| self.store.failed(&error))
    }

    /// The remarks on the lines of a visit, by their serials.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn remarks(
        &self,
        institution: &str,
        visit: u64,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let read = || -> Result<BTreeMap<String, String>, redb::Error> {
            let table = self.store.begin_read()?.open_table(REMARKS)?;
            let mut found = BTreeMap::new();
            for row in table.range((institution, visit, "")..)? {
                let (key, remark) = row?;
                let (of, on, serial) = key.value();
                if (of, on) != (institution, visit) {
                    break;
                }
                found.insert(serial.to_owned(), remark.value().to_owned());
            }
            Ok(found)
        };
        read().map_err(|error| self.store.failed(&error))
    }

    /// The matches of an institution in the order of its own codes, each with when it came.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn matches(
        &self,
        institution: &str,
        mut visit: impl FnMut(Matched, u64),
    ) -> Result<(), StoreError> {
        let mut read = || -> Result<(), redb::Error> {
            let table = self.store.begin_read()?.open_table(MATCHES)?;
            for row in table.range((institution, "", "", "")..)? {
                let (key, said) = row?;
                let (of, own, list, code) = key.value();
                if of != institution {
                    break;
                }
                let (came_ms, row) = said.value();
                let of = Match { own: own.into(), list: list.into(), code: code.into() };
                visit(Matched { of, row: row.to_owned() }, came_ms);
            }
            Ok(())
        };
        read().map_err(|error| self.store.failed(&error))
    }

    /// Writes in one transaction; what became of an `Err` is that nothing was written.
    fn written(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Result<Became, Became>, redb::Error>,
    ) -> Result<Became, StoreError> {
        let write = self.store.write()?;
        match work(&write).map_err(|error| self.store.failed(&error))? {
            Ok(became) => {
                write.commit().map_err(|error| self.store.failed(&error))?;
                Ok(became)
            }
            Err(became) => {
                write.abort().map_err(|error| self.store.failed(&error))?;
                Ok(became)
            }
        }
    }
}

fn key(request: &Request) -> Key<'_> {
    (&request.asker, request.infno, &request.msgid, &request.psn_no)
}

fn answered(request: &Request, (digest, refmsgid, serial, _): Answer<'_>) -> Became {
    if digest == request.digest {
        Became::Done { refmsgid: refmsgid.to_owned(), serial }
    } else {
        Became::Other
    }
}

/// Changes what is asked; the serial of a list, or why not. What was changed before a refusal is undone with the transaction.
fn apply(
    write: &WriteTransaction,
    institution: &str,
    now_ms: u64,
    change: &Change,
) -> Result<Result<u64, Became>, redb::Error> {
    match change {
        Change::List(settlement, submitted, input) => {
            let mut lists = write.open_table(LISTS)?;
            let held = lists.get((institution, *settlement))?.map(|row| {
                let (serial, submitted, ..) = row.value();
                (serial, submitted)
            });
            let serial = match held {
                Some((_, true)) => return Ok(Err(Became::IsSubmitted(*settlement))),
                Some((serial, false)) => serial,
                None => next_serial(write)?,
            };
            let row = (serial, *submitted, now_ms, input.as_str());
            lists.insert((institution, *settlement), row)?;
            return Ok(Ok(serial));
        }
        Change::Submitted(rows) => {
            let mut lists = write.open_table(LISTS)?;
            for Mark { settlement, submitted, psn_no } in rows {
                let held = lists.get((institution, *settlement))?.map(|row| {
                    let (serial, _, came_ms, input) = row.value();
                    (serial, came_ms, input.to_owned())
                });
                let same = |input: &str| psn_no.as_ref().is_none_or(|it| is_of(input, it));
                let held = held.filter(|(_, _, input)| same(input));
                let Some((serial, came_ms, input)) = held else {
                    return Ok(Err(Became::NoList(*settlement)));
                };
                let row = (serial, *submitted, came_ms, input.as_str());
                lists.insert((institution, *settlement), row)?;
            }
        }
        Change::Match(rows) => {
            let mut matches = write.open_table(MATCHES)?;
            for Matched { of: Match { own, list, code }, row } in rows {
                let key = (institution, own.as_str(), list.as_str(), code.as_str());
                matches.insert(key, (now_ms, row.as_str()))?;
            }
        }
        Change::Unmatch(Match { own, list, code }) => {
            let mut matches = write.open_table(MATCHES)?;
            let key = (institution, own.as_str(), list.as_str(), code.as_str());
            let removed = matches.remove(key)?.is_some();
            if !removed {
                return Ok(Err(Became::NoMatch));
            }
        }
        Change::Remarks(visit, rows) => {
            let mut remarks = write.open_table(REMARKS)?;
            for (serial, remark) in rows {
                remarks.insert((institution, *visit, serial.as_str()), remark.as_str())?;
            }
        }
    }
    Ok(Ok(0))
}

/// Whether a list is of this person.
fn is_of(input: &str, psn_no: &str) -> bool {
    let list = serde_json::from_str::<serde_json::Value>(input);
    list.is_ok_and(|list| list["setlinfo"]["psn_no"] == psn_no)
}

fn next_serial(write: &WriteTransaction) -> Result<u64, redb::Error> {
    let mut table = write.open_table(SERIAL)?;
    let last = table.get(())?.map_or(0, |row| row.value());
    let next = last.saturating_add(1);
    table.insert((), next)?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(infno: u16, msgid: &str, digest: u8) -> Request {
        let (asker, psn_no) = ("H1".into(), "P1".into());
        Request { asker, infno, msgid: msgid.into(), psn_no, digest: [digest; 16] }
    }

    fn done(refmsgid: &str, serial: u64) -> Became {
        Became::Done { refmsgid: refmsgid.to_owned(), serial }
    }

    #[test]
    fn a_repeated_request_gets_its_answer_and_another_content_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let documents = Documents::open(folder.path(), 0).expect("opens");
        let first = request(4101, "m1", 1);
        let list = Change::List(7, false, "{}".to_owned());
        let ask = |request: &Request, refmsgid: &str, change: &Change| {
            documents.change(request, refmsgid, 5, change).expect("written")
        };
        assert_eq!(documents.before(&first).expect("read"), None);
        assert_eq!(ask(&first, "r1", &list), done("r1", 1));
        assert_eq!(ask(&first, "r2", &list), done("r1", 1));
        assert_eq!(documents.before(&first).expect("read"), Some(done("r1", 1)));
        assert_eq!(ask(&request(4101, "m1", 2), "r3", &list), Became::Other);
        // Handed in anew it keeps its serial; another settlement has another.
        assert_eq!(ask(&request(4101, "m2", 1), "r4", &list), done("r4", 1));
        let other = Change::List(8, false, "{}".to_owned());
        assert_eq!(ask(&request(4101, "m3", 1), "r5", &other), done("r5", 2));
    }

    #[test]
    fn a_list_that_is_submitted_is_locked_and_of_several_all_are_marked_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let documents = Documents::open(folder.path(), 0).expect("opens");
        let ask = |msgid: &str, change: Change| {
            documents.change(&request(4101, msgid, 1), msgid, 5, &change).expect("written")
        };
        let input = r#"{"setlinfo":{"psn_no":"P1"}}"#;
        let list = |settlement| Change::List(settlement, false, input.to_owned());
        let mark = |settlement, submitted| Mark { settlement, submitted, psn_no: None };
        let of = |psn_no: &str| Mark { psn_no: Some(psn_no.to_owned()), ..mark(7, true) };
        assert_eq!(ask("a", list(7)), done("a", 1));
        let two = Change::Submitted(vec![mark(7, true), mark(8, true)]);
        assert_eq!(ask("b", two), Became::NoList(8));
        assert_eq!(ask("b2", Change::Submitted(vec![of("P2")])), Became::NoList(7));
        assert_eq!(ask("c", list(7)), done("c", 1), "it was not locked");
        assert_eq!(ask("d", Change::Submitted(vec![of("P1")])), done("d", 0));
        assert_eq!(ask("e", list(7)), Became::IsSubmitted(7));
        assert_eq!(ask("f", Change::Submitted(vec![mark(7, false)])), done("f", 0));
        assert_eq!(ask("g", list(7)), done("g", 1));
    }

    #[test]
    fn matches_and_remarks_are_an_institutions_own_and_answers_are_kept_for_their_days() {
        let folder = tempfile::tempdir().expect("a folder");
        let documents = Documents::open(folder.path(), 0).expect("opens");
        let of = |own: &str| Match { own: own.into(), list: "101".into(), code: "X1".into() };
        let row = |own: &str| Matched { of: of(own), row: format!("{{\"{own}\":1}}") };
        let matched = Change::Match(vec![row("a"), row("b")]);
        let asked = request(3301, "m", 1);
        assert_eq!(documents.change(&asked, "r", 5, &matched).expect("written"), done("r", 0));
        let remarked = Change::Remarks(9, vec![("1".into(), "码".into())]);
        documents.change(&request(2306, "m", 1), "r", 5, &remarked).expect("written");
        let all = |institution: &str| {
            let mut found = Vec::new();
            documents.matches(institution, |one, _| found.push(one)).expect("read");
            found
        };
        assert_eq!(all("H1"), [row("a"), row("b")]);
        assert_eq!(all("H0"), []);
        let said = BTreeMap::from([("1".to_owned(), "码".to_owned())]);
        assert_eq!(documents.remarks("H1", 9).expect("read"), said);
        assert_eq!(documents.remarks("H1", 8).expect("read"), BTreeMap::new());
        let gone = |msgid| {
            let asked = request(3302, msgid, 1);
            documents.change(&asked, "r", 5, &Change::Unmatch(of("a"))).expect("written")
        };
        assert_eq!((gone("n"), gone("o")), (done("r", 0), Became::NoMatch));
        assert_eq!(all("H1"), [row("b")]);
        drop(documents);
        let later = Documents::open(folder.path(), 5 + KEPT_MS + 1).expect("opens");
        assert_eq!(later.before(&asked).expect("read"), None);
        let mut left = 0;
        later.matches("H1", |_, _| left += 1).expect("read");
        assert_eq!(left, 1, "what was handed in stays");
    }
}
