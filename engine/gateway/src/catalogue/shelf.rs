//! The files of lists that were made: each once for an image, then told by its number until it has to be made anew.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use parking_lot::Mutex;
use yidan_pipeline::world::World;
use yidan_settlement::date::Day;

use super::file::{Listing, newest};
use crate::files::{Files, FilesError, PUBLIC};
use crate::limits::CATALOGUE_FILE_REST;

/// Where files of lists are found.
#[derive(Debug)]
pub(crate) struct Shelf {
    world: Arc<World>,
    files: Arc<Files>,
    newest: OnceLock<Day>,
    /// By list, and whether a file has all of it, or nothing for who has it already.
    made: Mutex<HashMap<(Listing, bool), Made>>,
}

/// A file that was made.
#[derive(Clone, Debug)]
struct Made {
    number: String,
    rows: u64,
}

/// A file that can be fetched.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Shelved {
    /// `file_qury_no`
    pub(crate) number: String,
    /// `filename`
    pub(crate) name: String,
    /// `dld_end_time`
    pub(crate) until: SystemTime,
    /// `data_cnt`
    pub(crate) rows: u64,
}

/// Why a list cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error("a catalogue file cannot be packed: {0}")]
    Packed(#[from] io::Error),
}

impl Shelf {
    /// Of what is settled by.
    pub(crate) fn new(world: Arc<World>, files: Arc<Files>) -> Shelf {
        Shelf { world, files, newest: OnceLock::new(), made: Mutex::default() }
    }

    /// The version of a list. The first time it walks the image.
    fn version(&self, listing: Listing) -> String {
        let newest = *self.newest.get_or_init(|| newest(&self.world));
        listing.version(&self.world, newest)
    }

    /// The file for who has the list as of `ver`, where it was made and can be fetched for a while yet.
    pub(crate) fn find(&self, listing: Listing, ver: &str) -> Option<Shelved> {
        let version = self.version(listing);
        let Made { number, rows } = self.made.lock().get(&(listing, ver != version))?.clone();
        let until = self.files.lasts(PUBLIC, &number, CATALOGUE_FILE_REST)?;
        Some(Shelved { number, name: name(listing, &version), until, rows })
    }

    /// The same, made where it was not.
    ///
    /// # Errors
    /// It cannot be made or kept.
    pub(crate) fn find_or_make(&self, listing: Listing, ver: &str) -> Result<Shelved, ShelfError> {
        if let Some(found) = self.find(listing, ver) {
            return Ok(found);
        }
        let version = self.version(listing);
        let whole = ver != version;
        let (bytes, rows) = if whole {
            listing.file(&self.world, &version)?
        } else {
            (listing.empty_file(&version)?, 0)
        };
        let what = [listing.infno().as_bytes()];
        let put = self.files.put_for(PUBLIC, &what, &bytes, CATALOGUE_FILE_REST)?;
        let made = Made { number: put.number.clone(), rows };
        self.made.lock().insert((listing, whole), made);
        let name = name(listing, &version);
        Ok(Shelved { number: put.number, name, until: put.until, rows })
    }
}

fn name(listing: Listing, version: &str) -> String {
    format!("{}.zip", listing.file_name(version))
}
