//! `yidan catalog`: images built from sources, verified, looked into and compared; and sources made up at national size.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use yidan_build::{Sizes, build, build_of, diff, generate, show, verify, write_sources};
use yidan_image::{Image, NATIONAL};
use yidan_settlement::catalogue::Found;
use yidan_settlement::date::Day;
use yidan_settlement::id::Admdvs;

use super::output::{Ended, Exit, Output, said};

#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    /// Build an image from a folder of CSV sources, or name every fault of every file
    Build {
        /// The folder: `national/` and a folder for each region, by its six digits
        sources: PathBuf,
        /// The image to write; it is written whole or not at all
        #[arg(short, long, value_name = "IMAGE")]
        output: PathBuf,
    },
    /// Check an image from its first byte to its last, and say what is in it
    Verify {
        /// The image
        image: PathBuf,
    },
    /// Show what an image says of a code on a day in a region
    Show {
        /// The image
        image: PathBuf,
        /// The code
        code: String,
        /// The day, as 2025-01-31
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Day,
        /// The region, by its six digits
        #[arg(long, value_name = "DIVISION", default_value = NATIONAL, value_parser = division)]
        region: Admdvs,
    },
    /// Show how the entries of two images differ
    Diff {
        /// The earlier image
        old: PathBuf,
        /// The later one
        new: PathBuf,
    },
    Generate(Generate),
}

/// Make up sources of national size from a seed, or an image of them
///
/// The same seed and sizes give the same bytes. All codes are of shapes that no real code has.
#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Drugs
    #[arg(long, default_value_t = Sizes::NATIONAL.drugs)]
    drugs: u32,
    /// Service items
    #[arg(long, default_value_t = Sizes::NATIONAL.services)]
    services: u32,
    /// Consumables
    #[arg(long, default_value_t = Sizes::NATIONAL.consumables)]
    consumables: u32,
    /// Diagnoses
    #[arg(long, default_value_t = Sizes::NATIONAL.diagnoses)]
    diagnoses: u32,
    /// Facilities
    #[arg(long, default_value_t = Sizes::NATIONAL.facilities)]
    facilities: u32,
    /// A folder for the CSV files, or, where it ends in .img, the image of them
    #[arg(short, long, value_name = "DIR|IMAGE")]
    output: PathBuf,
}

impl Catalog {
    pub(super) fn run(&self) -> Ended {
        let mut out = Output::open();
        let exit = match self {
            Catalog::Build { sources, output } => {
                writeln!(out, "{}", build(sources, output).map_err(said)?)?;
                Exit::Done
            }
            Catalog::Verify { image } => {
                write!(out, "{}", verify(image).map_err(said)?)?;
                Exit::Done
            }
            Catalog::Show { image, code, on, region } => {
                self::showing(image, code, *on, *region, &mut out)?
            }
            Catalog::Diff { old, new } => {
                let (old, new) = (Image::open(old).map_err(said)?, Image::open(new).map_err(said)?);
                let difference = diff(&old, &new);
                write!(out, "{difference}")?;
                if difference.changes.is_empty() { Exit::Done } else { Exit::Refused }
            }
            Catalog::Generate(generate) => generate.run(&mut out)?,
        };
        out.flush()?;
        Ok(exit)
    }
}

fn showing(file: &Path, code: &str, day: Day, region: Admdvs, out: &mut Output) -> Ended {
    let image = Image::open(file).map_err(said)?;
    let shown = show(&image, code, day, region).ok_or_else(|| {
        said(format!("{}: the image has neither the region {region} nor a base", file.display()))
    })?;
    write!(out, "{shown}")?;
    Ok(match shown.found {
        Found::Entry(_) => Exit::Done,
        Found::Unknown | Found::NotInForce => Exit::Refused,
    })
}

impl Generate {
    fn run(&self, out: &mut Output) -> Ended {
        let sizes = Sizes {
            drugs: self.drugs,
            services: self.services,
            consumables: self.consumables,
            diagnoses: self.diagnoses,
            facilities: self.facilities,
        };
        let sources = generate(self.seed, sizes);
        let output = &self.output;
        if output.extension().is_some_and(|extension| extension == "img") {
            writeln!(out, "{}", build_of(&sources, output).map_err(said)?)?;
        } else {
            let cannot = |error| said(format!("{}: cannot be written: {error}", output.display()));
            write_sources(&sources, output).map_err(cannot)?;
            for source in &sources {
                writeln!(out, "{}: {} bytes", source.path, source.bytes.len())?;
            }
        }
        Ok(Exit::Done)
    }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "expected a day yyyy-MM-dd from 1900 to 2199".to_owned())
}

fn division(text: &str) -> Result<Admdvs, String> {
    Admdvs::parse(text).ok_or_else(|| "expected a division of six digits, as 630100".to_owned())
}
