//! `yidan completions`: what a shell needs to complete our commands.

use std::io::Write;

use clap::Args;
use clap_complete::{Shell, generate};

use super::output::{Ended, Exit, Output};

/// Print completions for a shell
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Ended {
        let mut text = Vec::new();
        generate(self.shell, &mut super::arguments(), "yidan", &mut text);
        let mut out = Output::open();
        out.write_all(&text)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
