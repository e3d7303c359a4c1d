//! Entries by facility and day, in a file of their own beside the journal. It is made of the journal and can be made anew from it, as far
//! back as the journal goes.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, StorageError, Table, TableDefinition,
};
use yidan_settlement::date::Day;
use yidan_settlement::money::Fen;

use crate::entry::{Amounts, Change, Clearing, Entry, EntryKind};

/// The name of the file in the folder of a journal.
pub const FILE: &str = "statements.redb";

/// The books of all facilities.
#[derive(Debug)]
pub struct Books {
    file: Database,
    path: PathBuf,
}

/// Why books cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: {what}. Put its copy back; or delete it, and it is made anew of what is not archived of the journal"
)]
pub struct BooksError {
    path: String,
    what: String,
}

/// How far the books are.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Progress {
    /// The first day whose entries are all in the books.
    pub since: Day,
    /// The record that is to be taken next.
    pub next: u64,
    /// The digest of the last that was taken: books of another journal are known by it. Noughts where none was.
    pub last: [u8; 32],
}

/// `fixmedins_code`, day, number.
type Key = (&'static str, i32, u64);

/// Visit, person, `msgid`, `insutype`, `clr_type`, pool; total, fund, account; the settlement that it refunds or nought; void or not.
type Row = (
    u64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
    i64,
    i64,
    u64,
    bool,
);

const ENTRIES: TableDefinition<'_, Key, Row> = TableDefinition::new("entries");
/// Facility and day by number.
const PLACES: TableDefinition<'_, u64, (&'static str, i32)> = TableDefinition::new("places");
/// The refund that stands, by its settlement.
const REFUNDS: TableDefinition<'_, u64, u64> = TableDefinition::new("refunds by settlement");
const PROGRESS: TableDefinition<'_, (), (i32, u64, [u8; 32])> = TableDefinition::new("progress");

/// The tables while they are written.
struct Open<'t> {
    entries: Table<'t, Key, Row>,
    places: Table<'t, u64, (&'static str, i32)>,
    refunds: Table<'t, u64, u64>,
}

impl Books {
    /// Opens the books of a folder, or begins them with the first record.
    ///
    /// # Errors
    /// Another process has them, they are damaged, or the folder cannot be written.
    pub fn open(folder: &Path) -> Result<Books, BooksError> {
        let path = folder.join(FILE);
        let failed = |what: String| BooksError { path: path.display().to_string(), what };
        let only_owner =
            OpenOptions::new().read(true).write(true).create(true).mode(0o600).to_owned();
        only_owner.open(&path).map_err(|error| failed(error.to_string()))?;
        let file = Database::create(&path).map_err(|error| failed(error.to_string()))?;
        let books = Books { file, path };
        if books.begun()?.is_none() {
            books.begin(1, Day::MIN)?;
        }
        Ok(books)
    }

    /// Forgets everything, and begins with a record, by which all entries since a day are in the books.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn begin(&self, first: u64, since: Day) -> Result<(), BooksError> {
        let begin = || -> Result<(), redb::Error> {
            let write = self.file.begin_write()?;
            write.delete_table(ENTRIES)?;
            write.delete_table(PLACES)?;
            write.delete_table(REFUNDS)?;
            write.open_table(ENTRIES)?;
            write.open_table(PLACES)?;
            write.open_table(REFUNDS)?;
            write.open_table(PROGRESS)?.insert((), (since.get(), first, [0; 32]))?;
            write.commit()?;
            Ok(())
        };
        begin().map_err(|error| self.failed(&error))
    }

    /// How far they are.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn progress(&self) -> Result<Progress, BooksError> {
        let begun = self.begun()?;
        begun.ok_or_else(|| self.failed(&"how far they are is not in them"))
    }

    fn begun(&self) -> Result<Option<Progress>, BooksError> {
        let read = || -> Result<Option<Progress>, redb::Error> {
            let table = match self.file.begin_read()?.open_table(PROGRESS) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let row = table.get(())?;
            Ok(row.map(|row| {
                let (since, next, last) = row.value();
                Progress { since: Day::new(since), next, last }
            }))
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Takes what records change, in their order, and says how far the books are then: all of it or nothing. What a crash of the machine
    /// takes away is taken from the journal again, so nothing waits for the disk but at `durable`.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn take(
        &self,
        changes: &[Change],
        progress: Progress,
        durable: bool,
    ) -> Result<(), BooksError> {
        let take = || -> Result<(), redb::Error> {
            let mut write = self.file.begin_write()?;
            write.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
            {
                let mut open = Open {
                    entries: write.open_table(ENTRIES)?,
                    places: write.open_table(PLACES)?,
                    refunds: write.open_table(REFUNDS)?,
                };
                for change in changes {
                    open.apply(change)?;
                }
                let Progress { since, next, last } = progress;
                write.open_table(PROGRESS)?.insert((), (since.get(), next, last))?;
            }
            write.commit()?;
            Ok(())
        };
        take().map_err(|error| self.failed(&error))
    }

    /// Visits the entries of a facility from a day to a day, both among them, in their order; void ones too.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn between(
        &self,
        facility: &str,
        from: Day,
        to: Day,
        mut visit: impl FnMut(Entry),
    ) -> Result<(), BooksError> {
        let mut read = || -> Result<(), redb::Error> {
            let entries = self.file.begin_read()?.open_table(ENTRIES)?;
            let first = (facility, from.get(), 0);
            let last = (facility, to.get(), u64::MAX);
            if first > last {
                return Ok(());
            }
            for row in entries.range(first..=last)? {
                let (key, row) = row?;
                let (_, day, number) = key.value();
                visit(entry(day, number, row.value()));
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// A facility's entry of a settlement, or of the refund of one that stands; by the settlement's number or the refund's.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn find(
        &self,
        facility: &str,
        number: u64,
        refund: bool,
    ) -> Result<Option<Entry>, BooksError> {
        let read = || -> Result<Option<Entry>, redb::Error> {
            let read = self.file.begin_read()?;
            let refunds = read.open_table(REFUNDS)?;
            let standing = refunds.get(number)?.map(|one| one.value());
            let wanted = if refund { standing.unwrap_or(number) } else { number };
            let place = read.open_table(PLACES)?.get(wanted)?;
            let Some(place) = place else { return Ok(None) };
            let (of, day) = place.value();
            let row = read.open_table(ENTRIES)?.get((of, day, wanted))?;
            let found = row.map(|row| entry(day, wanted, row.value()));
            Ok(found.filter(|entry| of == facility && entry.is_refund() == refund))
        };
        read().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> BooksError {
        BooksError { path: self.path.display().to_string(), what: error.to_string() }
    }
}

impl Open<'_> {
    fn apply(&mut self, change: &Change) -> Result<(), StorageError> {
        match change {
            Change::Settled { facility, entry } => self.put(facility, entry),
            Change::Refunded { number, settlement, day, msgid } => {
                let Some((facility, settled)) = self.get(*settlement)? else { return Ok(()) };
                let refund = Entry {
                    number: *number,
                    kind: EntryKind::RefundOf(*settlement),
                    day: *day,
                    msgid: msgid.clone(),
                    amounts: settled.amounts.negated(),
                    ..settled
                };
                self.refunds.insert(settlement, number)?;
                self.put(&facility, &refund)
            }
            Change::Voided(settlement) => self.void(*settlement),
            Change::Restored(settlement) => {
                let refund = self.refunds.remove(settlement)?.map(|refund| refund.value());
                refund.map_or(Ok(()), |refund| self.void(refund))
            }
        }
    }

    /// What the books do not have began before them.
    fn void(&mut self, number: u64) -> Result<(), StorageError> {
        let Some((facility, entry)) = self.get(number)? else { return Ok(()) };
        self.put(&facility, &Entry { void: true, ..entry })
    }

    fn get(&self, number: u64) -> Result<Option<(String, Entry)>, StorageError> {
        let Some(place) = self.places.get(number)? else { return Ok(None) };
        let (facility, day) = place.value();
        let row = self.entries.get((facility, day, number))?;
        Ok(row.map(|row| (facility.to_owned(), entry(day, number, row.value()))))
    }

    fn put(&mut self, facility: &str, entry: &Entry) -> Result<(), StorageError> {
        let Entry { number, kind, day, visit, psn_no, msgid, insutype, clearing, amounts, void } =
            entry;
        let refund_of = match kind {
            EntryKind::Settlement => 0,
            EntryKind::RefundOf(settlement) => *settlement,
        };
        let row = (
            *visit,
            psn_no.as_str(),
            msgid.as_str(),
            insutype.as_str(),
            clearing.clr_type.as_str(),
            clearing.pool.as_str(),
            amounts.total.get(),
            amounts.fund.get(),
            amounts.account.get(),
            refund_of,
            *void,
        );
        self.places.insert(number, (facility, day.get()))?;
        self.entries.insert((facility, day.get(), *number), row)?;
        Ok(())
    }
}

/// The twin of [`Open::put`].
fn entry(day: i32, number: u64, row: <Row as redb::Value>::SelfType<'_>) -> Entry {
    let (visit, psn_no, msgid, insutype, clr_type, pool, total, fund, account, of, void) = row;
    Entry {
        number,
        kind: if of == 0 { EntryKind::Settlement } else { EntryKind::RefundOf(of) },
        day: Day::new(day),
        visit,
        psn_no: psn_no.to_owned(),
        msgid: msgid.to_owned(),
        insutype: insutype.to_owned(),
        clearing: Clearing { clr_type: clr_type.to_owned(), pool: pool.to_owned() },
        amounts: Amounts {
            total: Fen::new(total),
            fund: Fen::new(fund),
            account: Fen::new(account),
        },
        void,
    }
}
