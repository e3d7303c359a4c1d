//! A table file beside the journal that only its owner reads (0600): for what concerns persons and is in no record and no export.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

/// A file of tables. Clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    file: Arc<Database>,
    path: PathBuf,
    help: Help,
}

/// What is to be done about a file that fails.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Help {
    /// That cannot be opened.
    pub(crate) open: &'static str,
    /// That cannot be read or written.
    pub(crate) use_it: &'static str,
}

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}. {mend}")]
pub struct StoreError {
    path: String,
    what: String,
    mend: &'static str,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the file of this name in a folder, or makes an empty one.
    pub(crate) fn open(folder: &Path, name: &str, help: Help) -> Result<Store, StoreError> {
        let path = folder.join(name);
        let failed =
            |what: String, mend| StoreError { path: path.display().to_string(), what, mend };
        let folders = "Check the folder and its permissions";
        let options = OpenOptions::new().read(true).write(true).create(true).mode(0o600).to_owned();
        options.open(&path).map_err(|error| failed(error.to_string(), folders))?;
        let only_owner = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&path, only_owner)
            .map_err(|error| failed(error.to_string(), folders))?;
        let opened = Database::create(&path);
        let file = opened.map_err(|error| failed(error.to_string(), help.open))?;
        Ok(Store { file: Arc::new(file), path, help })
    }

    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.begin_read().map_err(|error| self.failed(&error))
    }

    /// The same for who tells all errors at once.
    pub(crate) fn begin_read(&self) -> Result<ReadTransaction, redb::Error> {
        Ok(self.file.begin_read()?)
    }

    pub(crate) fn write(&self) -> Result<WriteTransaction, StoreError> {
        self.begin_write().map_err(|error| self.failed(&error))
    }

    /// The same for who tells all errors at once.
    pub(crate) fn begin_write(&self) -> Result<WriteTransaction, redb::Error> {
        Ok(self.file.begin_write()?)
    }

    pub(crate) fn failed(&self, error: &dyn std::error::Error) -> StoreError {
        StoreError {
            path: self.path.display().to_string(),
            what: error.to_string(),
            mend: self.help.use_it,
        }
    }
}
