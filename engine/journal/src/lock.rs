//! One engine for one journal: a lock file, held as long as the process lives.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

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
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(held(path, holder_of(&mut file))),
            Err(error) => return Err(failed(error.into())),
        }
        // The lock is the system's, which ends with its process; what stands in the file only names the holder. A disk that is
        // full has no room for that, and is no reason to let nobody in who would make room.
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Lock { _file: file })
    }
}

/// What the file says of its holder.
fn holder_of(file: &mut File) -> String {
    let mut holder = String::new();
    match file.read_to_string(&mut holder) {
        Ok(_) if !holder.trim().is_empty() => format!("process {}", holder.trim()),
        Ok(_) | Err(_) => "a process that left no number".to_owned(),
    }
}
