//! The catalogue image: a sealed, checked, memory-mapped rkyv file; writer and reader.
//!
//! `FORMAT.md` draws the file. [`Contents`] is what a writer hands over, [`Image`] what a reader
//! opens; in between stand, twin by twin, the entry line, the bucket line and the rule rows. Nothing
//! here reads a source file or knows a policy.

mod archive;
mod bucket;
mod check;
mod code;
mod contents;
mod directory;
mod error;
mod header;
mod image;
mod line;
mod prefetch;
mod rules;
mod sealed;
mod search;
mod view;
mod writer;

pub use contents::{
    AgreementContents, CodeStatus, Contents, DiagnosisContents, EntryContents, FacilityContents,
    FacilityKind, PriceMark, Purposes, RegionContents, SourceFile,
};
pub use error::{OpenError, WriteError};
pub use header::{FORMAT_VERSION, HEADER_BYTES, MAGIC, seal_again};
pub use image::{Agreement, DiagnosisText, FacilityText, Image, Window};
pub use search::Search;
pub use view::{EntryText, Probes, View};
pub use yidan_settlement::catalogue::terms::{DAY_FIRST, DAY_LAST, RULES_MAX, TAGS_MAX};

/// Periods of validity of one code in one region: a yearly list and its corrections, with room.
pub const PERIODS_MAX: usize = 8;

/// The division code of the national base, which every region is laid over.
pub const NATIONAL: &str = "000000";
