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
    /// Another process makes a snapshot or archives.
    #[error(
        "{path}: {holder} is at work on the snapshots of this journal. Wait until it has ended"
    )]
    AtWork {
        /// The lock file.
        path: PathBuf,
        /// What the lock file says of its holder.
        holder: String,
    },
    /// Another engine has the journal.
    #[error(
        "{path}: another engine ({holder}) has this journal open. Stop it, or give this one a folder of its own"
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
    /// The journal has no such record that is durable.
    #[error("record {number} is not durable: the last one that is has number {last}")]
    NotDurable {
        /// The record asked for.
        number: u64,
        /// The last durable one; nought where there is none.
        last: u64,
    },
    /// The record stands in a segment that was moved to the archive.
    #[error(
        "record {number} is archived: the journal here begins with record {first}. Look for it in the archive"
    )]
    Archived {
        /// The record asked for.
        number: u64,
        /// The first one that is here.
        first: u64,
    },
    /// The first segments are not there, and what is in them is needed.
    #[error(
        "segments 1 to {missing} are missing: the journal here begins with record {begins}, and record {since} is \
         needed. Put them back from the archive, or start from a snapshot that holds every record before {begins}"
    )]
    Missing {
        /// The last missing one.
        missing: u64,
        /// The first record that is here.
        begins: u64,
        /// The first one that is needed.
        since: u64,
    },
    /// The journal ends before the snapshot that is to be gone on from.
    #[error(
        "the journal ends with record {last}, and the snapshot holds every record before {since}: it is of another \
         journal, or the last segments are missing. Check both paths, or put the segments back"
    )]
    Short {
        /// The last record; nought where there is none.
        last: u64,
        /// The first record that the snapshot does not hold.
        since: u64,
    },
    /// A snapshot that does not follow from this journal.
    #[error(
        "the snapshot of the records before {next_record} is not of this journal: batch {batch} is another here. \
         Remove it, or put the journal it belongs to back"
    )]
    OtherChain {
        /// The first record that the snapshot does not hold.
        next_record: u64,
        /// The last batch that it holds.
        batch: u64,
    },
    /// So little of the disk is free that it is left to the journal.
    #[error(
        "no snapshot is made: {free} bytes of the disk are free, and the last {left} are left to the journal. \
         Free space; until then settlement goes on without it"
    )]
    NoRoom {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are not taken.
        left: u64,
    },
    /// The segments cannot be moved to an archive; none was.
    #[error("segments before {before} are not archived: {why}")]
    NotArchived {
        /// The first segment that was to stay.
        before: u64,
        /// Why.
        why: String,
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
