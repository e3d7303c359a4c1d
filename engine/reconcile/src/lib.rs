//! What a facility has booked beside what the fund has (对账). Records of the journal become [`Entry`]s, [`Books`] keep them by facility
//! and day, and a facility's statement is compared with them: [`totals`] first, [`details`] where those differ.
//!
//! ```text
//! records ─► changes ─► Books ─► entries of a period ─► totals::Sides · details::Compared ◄─ statement
//! ```
//!
//! The comparisons are pure. They know nothing of files, texts and codes of the wire: those are the gateway's.

mod books;
pub mod details;
mod entry;
pub mod totals;

pub use books::{Books, BooksError, FILE, Progress};
pub use entry::{Amounts, Change, Clearing, Entry, EntryKind, changes};
