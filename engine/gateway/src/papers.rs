//! The papers of what was asked for: the words of a request that no decision hangs on and that concern a person (telephone, address,
//! diagnosis, opinion, agent …), in a file of their own beside the journal. Only its owner can read it (0600).
//!
//! A paper is put in before the ledger is asked, and removed where that refuses: whatever stands in the ledger has its paper. Its key has the digest of the content, so what is sent under the same `msgid` with other words is another paper, and
//! replaces none.

use std::path::Path;

use redb::{ReadableTable, TableDefinition};
use yidan_settlement::event::Request;

use crate::store::{Help, Store, StoreError};

/// The table of papers. Clones share it.
#[derive(Clone, Debug)]
pub struct Papers {
    store: Store,
}

/// The words of one request.
#[derive(Clone, Eq, PartialEq)]
pub struct Paper {
    /// When it first came, milliseconds since 1970.
    pub came_ms: u64,
    /// Its `input`, as JSON.
    pub input: String,
}

/// Its words are never printed.
impl std::fmt::Debug for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paper").field("came_ms", &self.came_ms).finish_non_exhaustive()
    }
}

/// `psn_no`, `infno`, `fixmedins_code` of the sender, `msgid`, digest of the content: a person's papers stand together.
type Key<'k> = (&'k str, u16, &'k str, &'k str, [u8; 16]);

/// When it came, and what it said.
const PAPERS: TableDefinition<'_, Key<'static>, (u64, &str)> = TableDefinition::new("papers");

/// The name of the file in the folder of a journal.
pub const FILE: &str = "papers.redb";

impl Papers {
    /// Opens the table of a folder, or makes an empty one.
    ///
    /// # Errors
    /// Another process has it, it is damaged, or the folder cannot be written.
    pub fn open(folder: &Path) -> Result<Papers, StoreError> {
        let help = Help {
            open: "If another yidan has it, stop that one; else put its copy back, or move it away: what was filed stands without it",
            use_it: "Nothing can be filed before it can be written again",
        };
        let papers = Papers { store: Store::open(folder, FILE, help)? };
        let write = papers.store.write()?;
        // So that reading finds the table.
        write.open_table(PAPERS).map(drop).map_err(|error| papers.store.failed(&error))?;
        write.commit().map_err(|error| papers.store.failed(&error))?;
        Ok(papers)
    }

    /// The paper of a request.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn get(&self, request: &Request) -> Result<Option<Paper>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(PAPERS).map_err(|error| self.store.failed(&error))?;
        let found = table.get(key(request)).map_err(|error| self.store.failed(&error))?;
        Ok(found.map(|row| {
            let (came_ms, input) = row.value();
            Paper { came_ms, input: input.to_owned() }
        }))
    }

    /// Puts the paper of a request in, durably; one that is there says the same and stays.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&self, request: &Request, came_ms: u64, input: &str) -> Result<(), StoreError> {
        if self.get(request)?.is_some() {
            return Ok(());
        }
        let write = self.store.write()?;
        {
            let mut table = write.open_table(PAPERS).map_err(|error| self.store.failed(&error))?;
            let there = table.get(key(request)).map_err(|error| self.store.failed(&error))?;
            // Two calls may have looked at once.
            if there.map(drop).is_none() {
                let put = table.insert(key(request), (came_ms, input));
                put.map(drop).map_err(|error| self.store.failed(&error))?;
            }
        }
        write.commit().map_err(|error| self.store.failed(&error))
    }
}

impl Papers {
    /// Removes the paper of a request that was refused: it is about nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remove(&self, request: &Request) -> Result<(), StoreError> {
        let write = self.store.write()?;
        {
            let mut table = write.open_table(PAPERS).map_err(|error| self.store.failed(&error))?;
            table.remove(key(request)).map(drop).map_err(|error| self.store.failed(&error))?;
        }
        write.commit().map_err(|error| self.store.failed(&error))
    }
}

fn key(request: &Request) -> Key<'_> {
    let Request { asker, infno, msgid, psn_no, digest } = request;
    (psn_no, *infno, asker, msgid, *digest)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn request(msgid: &str, digest: u8) -> Request {
        let (asker, psn_no) = ("H1".into(), "P1".into());
        Request { asker, infno: 2501, msgid: msgid.into(), psn_no, digest: [digest; 16] }
    }

    #[test]
    fn a_paper_stays_as_it_first_came_and_other_words_are_another_paper() {
        let folder = tempfile::tempdir().expect("a folder");
        let papers = Papers::open(folder.path()).expect("opens");
        let (one, other) = (request("m1", 1), request("m1", 2));
        papers.put(&one, 5, "{\"tel\":\"1\"}").expect("put");
        papers.put(&one, 9, "{\"tel\":\"1\"}").expect("put again");
        papers.put(&other, 9, "{\"tel\":\"2\"}").expect("put");
        drop(papers);
        let papers = Papers::open(folder.path()).expect("opens again");
        let found = papers.get(&one).expect("read").expect("there");
        assert_eq!((found.came_ms, &*found.input), (5, "{\"tel\":\"1\"}"));
        assert!(!format!("{found:?}").contains("tel"), "words are not printed");
        assert_eq!(papers.get(&request("m2", 1)).expect("read"), None);
        let mode = fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
