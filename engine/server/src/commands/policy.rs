//! `yidan policy`: packs checked, shown as tables, and compared.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use yidan_build::policy::{self, Compiled};

use super::output::{Ended, Exit, Failure, Output, said};
use super::packs;

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Check policy packs: every error of every file at once, with line and column
    Check {
        /// policy.toml files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Show a policy pack as Markdown tables, each value with its conditions, dates and document
    Show {
        /// A policy.toml
        file: PathBuf,
    },
    /// Show what changed from one policy pack to another
    Diff {
        /// The earlier policy.toml
        old: PathBuf,
        /// The later one
        new: PathBuf,
    },
}

impl Policy {
    pub(super) fn run(&self) -> Ended {
        match self {
            Policy::Check { files } => check(files),
            Policy::Show { file } => {
                let mut out = Output::open();
                write!(out, "{}", policy::show(&compiled(file)?))?;
                out.flush()?;
                Ok(Exit::Done)
            }
            Policy::Diff { old, new } => {
                let changes = policy::diff(&compiled(old)?, &compiled(new)?);
                let mut out = Output::open();
                for change in &changes {
                    writeln!(out, "{change}")?;
                }
                out.flush()?;
                Ok(if changes.is_empty() { Exit::Done } else { Exit::Refused })
            }
        }
    }
}

/// Errors and warnings are what was asked for: they go to the standard output.
fn check(files: &[PathBuf]) -> Ended {
    let mut out = Output::open();
    let mut exit = Exit::Done;
    for file in files {
        let text = packs::read(file)?;
        match policy::check(&text, &file.to_string_lossy()) {
            Ok(compiled) => {
                for warning in &compiled.warnings {
                    writeln!(out, "{warning}")?;
                }
                let data = compiled.pack.data();
                let (pool, title) = (&data.pool, &data.title);
                let (sources, editions) = (data.sources.len(), data.editions.len());
                writeln!(
                    out,
                    "{}: {pool} {title}: sound, {} to {}, editions: {editions}, documents: {sources}",
                    file.display(),
                    data.span.from,
                    data.span.to
                )?;
            }
            Err(errors) => {
                writeln!(out, "{errors}")?;
                exit = Exit::Refused;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn compiled(file: &Path) -> Result<Compiled, Failure> {
    policy::check(&packs::read(file)?, &file.to_string_lossy()).map_err(said)
}
