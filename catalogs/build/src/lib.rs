//! From sources to images and packs: CSV catalogues, TOML policies, and the generator of national size.
//!
//! `catalogs/sources/README.md` describes the CSV files. [`build`] is the way from a folder of them
//! to an image; nothing is written while anything is wrong with any of them.

mod assemble;
mod condition;
mod entry;
mod field;
mod generate;
mod inspect;
mod overlay;
mod place;
pub mod policy;
mod problem;
mod random;
mod rule;
mod source;
mod word;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use yidan_image::{Image, OpenError, WriteError};
use yidan_settlement::id::Admdvs;

pub use assemble::{assemble, real_codes};
pub use field::{class_name, list_name};
pub use generate::{Sizes, generate, write_sources};
pub use inspect::{
    Change, Difference, FieldChange, Shown, ShownEntry, Verified, diff, show, verify,
};
pub use problem::Problem;
pub use source::{Source, read_folder};

/// Why no image was built. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A folder or file of sources could not be read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder without sources: nothing would be known by an image of it.
    #[error(
        "{path}: no source: expected {path}/national/*.csv and a folder for each region by its six digits, as \
         {path}/530100/drugs.csv; nothing was written"
    )]
    NoSource {
        /// The folder.
        path: String,
    },
    /// The sources are wrong, in all these places.
    #[error("{}", listed(.0))]
    Sources(Vec<Problem>),
    /// The sources are right, and the image could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What was written does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

fn listed(problems: &[Problem]) -> String {
    let mut text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    text.push_str(&format!("{} problems; nothing was written", problems.len()));
    text
}

/// What was built.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct BuildReport {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// The image's digest.
    pub digest: [u8; 32],
    /// Files of sources read.
    pub files: usize,
    /// The regions and how many entries each has.
    pub regions: Vec<(Admdvs, usize)>,
    /// Diagnoses.
    pub diagnoses: usize,
    /// Facilities.
    pub facilities: usize,
    /// Rules that entries share.
    pub rules: usize,
}

impl fmt::Display for BuildReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (region, entries) in &self.regions {
            writeln!(f, "{region}: {entries} entries")?;
        }
        writeln!(
            f,
            "{} diagnoses, {} facilities, {} rules, from {} files",
            self.diagnoses, self.facilities, self.rules, self.files
        )?;
        write!(f, "{} bytes, digest {}", self.bytes, inspect::hex(self.digest))
    }
}

/// Builds the image of a folder of sources: `national/` and a folder for each region, by its six
/// digits. The file is written whole or not at all, and opened once before success is reported.
pub fn build(sources: &Path, image: &Path) -> Result<BuildReport, BuildError> {
    let read = read_folder(sources)?;
    if read.is_empty() {
        return Err(BuildError::NoSource { path: sources.display().to_string() });
    }
    build_of(&read, image)
}

/// The same of sources in memory.
pub fn build_of(sources: &[Source], image: &Path) -> Result<BuildReport, BuildError> {
    let contents = assemble(sources).map_err(BuildError::Sources)?;
    let bytes = contents.write(image)?;
    Ok(BuildReport {
        bytes,
        digest: Image::open(image)?.digest(),
        files: sources.len(),
        regions: contents.regions.iter().map(|r| (r.admdvs, r.entries.len())).collect(),
        diagnoses: contents.diagnoses.len(),
        facilities: contents.facilities.len(),
        rules: contents.rules.len(),
    })
}
