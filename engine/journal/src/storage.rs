//! Where segments lie: real files, or memory that fails on purpose. The writer and the readers know only these traits.

pub mod files;
pub mod memory;
mod spare;

use std::io;
use std::time::Duration;

pub use spare::Spare;

/// A folder of files.
pub trait Storage {
    /// A file of it.
    type File: Medium + Send + 'static;

    /// The names of all files.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Opens a file for reading and, where `write` says so, writing.
    fn open(&self, name: &str, write: bool) -> io::Result<Self::File>;

    /// Makes a file of so many noughts, which are on the disk when this returns; the name may not be. One that had the name
    /// before is not touched by it. One that cannot be made leaves nothing.
    fn create(&self, name: &str, bytes: u64) -> io::Result<Self::File>;

    /// Begins to make a file as [`Storage::create`] does, so that it is there when it is needed.
    fn prepare(&self, name: &str, bytes: u64) -> Spare<Self::File>;

    /// Gives a file another name, over one that may be there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Takes a file away.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Bytes that may still be written.
    fn free(&self) -> io::Result<u64>;

    /// Makes names durable.
    fn sync_names(&self) -> io::Result<()>;

    /// Lets so much time go by in which another process may write here. Where none can, there is nothing to wait for.
    fn rest(&self, time: Duration);
}

/// A file.
pub trait Medium {
    /// Its length.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads from a place on, until the buffer is full or the file ends; says how much.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes at a place, all or an error.
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Ends the file here, where it is longer.
    fn trim(&self, bytes: u64) -> io::Result<()>;

    /// Makes what was written durable. After an error nothing is known of what was written.
    fn sync(&self) -> io::Result<()>;
}
