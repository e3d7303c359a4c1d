//! `yidan reasons`: every numbered reason, so that a number in an answer can be looked up.

use std::io::Write;

use clap::Args;
use yidan_settlement::reason::{Conduct, LineReason, Reason};

use super::output::{Ended, Exit, Output, said};
use crate::statement::advice;

/// List the numbered reasons for which claims and commands are refused and lines are not wholly in scope
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Reasons {
    /// Only these numbers
    #[arg(value_name = "NUMBER")]
    numbers: Vec<u16>,
}

impl Reasons {
    pub(super) fn run(&self) -> Ended {
        let asked = |number: u16| self.numbers.is_empty() || self.numbers.contains(&number);
        let known = |number: &&u16| {
            Reason::ALL.iter().all(|reason| reason.number() != **number)
                && LineReason::ALL.iter().all(|reason| reason.number() != **number)
                && Conduct::ALL.iter().all(|reason| reason.number() != **number)
        };
        if let Some(unknown) = self.numbers.iter().find(known) {
            return Err(said(format!("there is no reason {unknown}; `yidan reasons` lists all")));
        }
        let mut out = Output::open();
        if self.numbers.is_empty() {
            writeln!(out, "整单拒付（101–190）")?;
        }
        for reason in Reason::ALL.iter().filter(|reason| asked(reason.number())) {
            writeln!(out, "{}  {}（{reason:?}）", reason.number(), reason.chinese())?;
            writeln!(out, "     {}", advice(*reason))?;
        }
        if self.numbers.is_empty() {
            writeln!(out, "\n明细不予支付、部分支付或提示（201–251）")?;
        }
        for reason in LineReason::ALL.iter().filter(|reason| asked(reason.number())) {
            writeln!(out, "{}  {}（{reason:?}）", reason.number(), reason.chinese())?;
        }
        if self.numbers.is_empty() {
            writeln!(out, "\n业务规程拒绝，与待遇政策无关（301–332）")?;
        }
        for reason in Conduct::ALL.iter().filter(|reason| asked(reason.number())) {
            writeln!(out, "{}  {}（{reason:?}）", reason.number(), reason.chinese())?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}
