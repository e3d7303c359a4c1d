//! What stops a journal: each says where, what was found, what was expected, and what to do.

use std::io;
use std::path::PathBuf;

/// Why a journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system refused an operation on a file.
    #[error("{file}: {doing}: {source}. {advice}")]
    File {
        /// The file.
        file: String,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// Another engine has the journal.
    #[error(
        "{path}: another engine (process {holder}) has this journal open. Stop it, or give this one a folder of its own"
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What the lock file says of its holder.
        holder: String,
    },
    /// A write or sync failed before, so nothing is accepted any more.
    #[error(
        "the journal stopped at batch {batch}, when a write or sync failed. Nothing after it was answered; \
         mend the disk and start again, which reads what is on it"
    )]
    Poisoned {
        /// The batch that failed.
        batch: u64,
    },
    /// The batch has no room for the record.
    #[error("a record of {bytes} bytes does not fit a batch of at most {most}")]
    RecordTooLong {
        /// Its length.
        bytes: usize,
        /// What fits.
        most: usize,
    },
    /// The file is of a version this program does not know.
    #[error(
        "{file}: format version {found}; this program reads version 1. Use the program that wrote it"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },
    /// What is on the disk cannot be gone on from.
    #[error("{file}, byte {offset}: {what}. {advice}")]
    Damaged {
        /// The segment.
        file: String,
        /// Where in it.
        offset: u64,
        /// What was found.
        what: String,
        /// What to do.
        advice: &'static str,
    },
}

impl JournalError {
    pub(crate) fn file(file: &str, doing: &'static str, source: io::Error) -> JournalError {
        let kind = source.kind();
        let advice = if [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&kind) {
            "The disk is full: free space and start again; nothing answered is lost"
        } else if kind == io::ErrorKind::PermissionDenied {
            "Give this user the right to read and write the journal's folder"
        } else if kind == io::ErrorKind::ReadOnlyFilesystem {
            "The file system is mounted read-only: mount it writable, or give another folder"
        } else if kind == io::ErrorKind::NotFound {
            "Check the path of the journal"
        } else {
            "Look at the disk and the system's log, then start again; nothing answered is lost"
        };
        JournalError::File { file: file.to_owned(), doing, source, advice }
    }
}
