//! Durable records by their number, read on any thread: also of an engine that has moved, or has stopped since.

use yidan_journal::storage::Storage;
use yidan_journal::{JournalError, Places};

/// Where the durable records of a journal are read. Clones read the same.
#[derive(Clone, Debug)]
pub struct Records<S: Storage> {
    places: Places,
    storage: S,
}

impl<S: Storage> Records<S> {
    /// Those whose places are known here.
    pub fn new(places: &Places, storage: S) -> Records<S> {
        Records { places: places.clone(), storage }
    }

    /// The bytes of a record. It waits for the disk.
    ///
    /// # Errors
    /// It is not durable, archived, or damaged.
    pub fn fetch(&self, number: u64) -> Result<Vec<u8>, JournalError> {
        self.places.fetch(&self.storage, number)
    }

    /// The first record that is not durable yet.
    pub(crate) fn end(&self) -> u64 {
        self.places.records().end
    }

    pub(crate) fn storage(&self) -> &S {
        &self.storage
    }
}
