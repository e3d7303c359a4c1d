//! Durable records by their number, read on any thread: also of an engine that has moved, or has stopped since.

use std::ops::Range;

use yidan_journal::storage::Storage;
use yidan_journal::{Fetched, JournalError, Places};

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

    /// The batch that holds a record, for who reads one record after the other. It waits for the disk.
    ///
    /// # Errors
    /// It is not durable, archived, or damaged.
    pub fn fetch_batch(&self, number: u64) -> Result<Fetched, JournalError> {
        self.places.fetch_batch(&self.storage, number)
    }

    /// The first record that can be read, and the one after the last that is durable.
    pub fn durable(&self) -> Range<u64> {
        self.places.records()
    }

    pub(crate) fn storage(&self) -> &S {
        &self.storage
    }
}
