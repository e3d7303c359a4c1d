//! The packs and images that are at hand to whoever looks into a journal: each record names those it means by their digests.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use yidan_image::Image;

use super::curated;
use super::output::{Failure, said};
use super::packs::{self, Packs};
use crate::audit::Archive;

/// What is at hand.
#[derive(Debug, Args)]
pub(super) struct AtHand {
    /// A folder with <pool>/policy.toml for each pack at hand [default: the curated packs that the program carries]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// One more pack at hand, as of an earlier year; may be given again
    #[arg(long, value_name = "FILE")]
    policy_was: Vec<PathBuf>,
    /// An image at hand; may be given again [default: that of the curated sources]
    #[arg(long, value_name = "IMAGE")]
    catalog: Vec<PathBuf>,
}

impl AtHand {
    /// Opens them.
    pub(super) fn archive(&self) -> Result<Archive, Failure> {
        let mut archive = Archive::default();
        for pack in Packs::of_folder(self.policies.clone()).compiled()? {
            archive.add_pack(Arc::new(pack));
        }
        for file in &self.policy_was {
            archive.add_pack(Arc::new(packs::compile(file)?));
        }
        for file in &self.catalog {
            archive.add_image(Arc::new(Image::open(file).map_err(said)?));
        }
        if self.catalog.is_empty() {
            archive.add_image(Arc::new(curated::image().map_err(said)?));
        }
        Ok(archive)
    }
}
