//! Bytes that survive: records in hash-chained batches, batches in preallocated segments, one sync for each batch. What a
//! record says is not known here. The file format is drawn in `FORMAT.md`.
//!
//! Readers never write: [`scan`] reports what it finds, [`recovery`] decides by its table, and only the [`Writer`] cuts.
//!
//! ```text
//! Writer: push, push, push ─► commit: write, sync ─► Durable     an error poisons the writer; a sync is never tried again
//! Reader: scan ─► Tip, Found ─► recovery::decide ─► append after it · cut what is torn · stop
//! Places: fetch one record by its number, from any thread, when it is durable
//! archive: whole segments, long closed, to another folder
//! snapshot: chunks of a state under a passing name ─► read back ─► kept; a start reads it, and then what comes after
//! ```

mod archive;
mod error;
pub mod format;
mod index;
mod lock;
mod reader;
pub mod recovery;
pub mod snapshot;
pub mod storage;
mod writer;

pub use archive::{archivable, archive};
pub use error::JournalError;
pub use index::{Fetched, Places};
pub use lock::Lock;
pub use reader::{
    Batch, Mark, Records, Scan, Tip, is_begun, scan, scan_after, scan_durable, scan_since,
};
pub use writer::{Cut, Durable, Limits, Loss, Writer};
