//! One engine for one journal: a lock file, held as long as the process lives.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::JournalError;

/// The lock of a folder. Dropped, or with the end of the process however it ends, the folder is free.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// [`JournalError::Locked`] with the holder, where another process has it.
    pub fn take(folder: &Path) -> Result<Lock, JournalError> {
        let held = |path, holder| JournalError::Locked { path, holder };
        Lock::named(folder, "lock", held)
    }

    /// Takes the lock of a folder's snapshots: who makes one, or archives what they hold, does so alone, beside an engine or not.
    ///
    /// # Errors
    /// [`JournalError::AtWork`] with the holder, where another has it.
    pub fn of_snapshots(folder: &Path) -> Result<Lock, JournalError> {
        let held = |path, holder| JournalError::AtWork { path, holder };
        Lock::named(folder, "snapshot.lock", held)
    }

    fn named(
        folder: &Path,
        name: &str,
        held: impl FnOnce(PathBuf, String) -> JournalError,
    ) -> Result<Lock, JournalError> {
        let path = folder.join(name);
        let failed =
            |source| JournalError::file(&path.display().to_string(), "taking the lock", source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(held(path, holder.trim().to_owned()));
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Lock { _file: file })
    }
}
