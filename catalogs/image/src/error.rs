//! What can go wrong on the way to and from a file, each with the path, what was found, what was
//! expected, and what to do.

use std::io;
use std::path::PathBuf;

use crate::header::{FORMAT_VERSION, MAGIC};

/// Why an image could not be opened. The file was not changed, and nothing of it is used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be read.
    #[error("{path}: cannot be read: {source}. Check the path and who may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There was no memory to hold a sealed copy.
    #[error("{path}: no sealed memory of {bytes} bytes: {source}. Free memory or raise its limit")]
    Memory {
        /// The file.
        path: PathBuf,
        /// How much was asked for.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Not an image at all.
    #[error(
        "{path}: not a catalogue image: begins with {found:02x?}, an image with {MAGIC:02x?}. \
         Give the file that `yidan catalog build` wrote"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// The head of the file is damaged.
    #[error("{path}: the header fails its checksum: the file is damaged. Build or copy it again")]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// An image of another version of the format.
    #[error(
        "{path}: an image of format version {found}; this program reads version {FORMAT_VERSION}. \
         Build it again with this program, or use the program that built it"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Shorter or longer than it says.
    #[error(
        "{path}: {found} bytes long, and its header says {expected}: it was cut off or added to. \
         Build or copy it again"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length it should have.
        expected: u64,
    },
    /// The payload is not what was written.
    #[error("{path}: the payload fails its checksum: the file is damaged. Build or copy it again")]
    Digest {
        /// The file.
        path: PathBuf,
    },
    /// Whole, but not made by a sound writer.
    #[error("{path}: whole, but unsound: {what}. Report it, and build it again")]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        what: String,
    },
}

/// What is wrong with the bytes of an image, before a path is known.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Foreign { found: Vec<u8> },
    Header,
    Version { found: u32 },
    Length { found: u64, expected: u64 },
    Digest,
    Unsound { what: String },
}

impl Fault {
    pub(crate) fn unsound(what: impl Into<String>) -> Fault {
        Fault::Unsound { what: what.into() }
    }

    pub(crate) fn at(self, path: PathBuf) -> OpenError {
        match self {
            Fault::Foreign { found } => OpenError::Foreign { path, found },
            Fault::Header => OpenError::Header { path },
            Fault::Version { found } => OpenError::Version { path, found },
            Fault::Length { found, expected } => OpenError::Length { path, found, expected },
            Fault::Digest => OpenError::Digest { path },
            Fault::Unsound { what } => OpenError::Unsound { path, what },
        }
    }
}

/// Why contents could not become an image. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A value that the format cannot hold.
    #[error("{place}: {what}")]
    Value {
        /// Where in the contents.
        place: String,
        /// What does not fit, and what would.
        what: String,
    },
    /// The codes of a region could not be placed under any seed.
    #[error(
        "region {region}: the look-up table of {codes} codes could not be placed: too many codes \
         with many periods. Drop periods that no claim can still name"
    )]
    Table {
        /// The region's division code.
        region: String,
        /// How many codes it has.
        codes: usize,
    },
    /// What was written is no sound image; what stood under the path still stands.
    #[error("the image would be refused when it is opened, so it was not put in place: {0}")]
    Unsound(#[source] OpenError),
    /// The file could not be written; what stood under the path still stands.
    #[error("{path}: cannot be written: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
