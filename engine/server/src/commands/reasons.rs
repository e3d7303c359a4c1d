//! `yidan reasons`: every numbered reason, so that a number in an answer can be looked up.

use std::io::Write;

use clap::Args;
use yidan_gateway::fault::KINDS;
use yidan_gateway::refusal::Refusal;
use yidan_gateway::service::Declined;
use yidan_settlement::reason::{Conduct, LineReason, Reason};

use super::output::{Ended, Exit, Output, said};
use crate::statement::advice;

/// List the numbered reasons for which claims, commands and calls are refused and lines are not wholly in scope
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Reasons {
    /// Only these numbers
    #[arg(value_name = "NUMBER")]
    numbers: Vec<u16>,
}

/// One of them.
struct Listed {
    number: u16,
    chinese: &'static str,
    /// Its name in the program, where it has one.
    name: String,
    advice: Option<&'static str>,
}

impl Reasons {
    pub(super) fn run(&self) -> Ended {
        let sections = sections();
        let numbers = sections.iter().flat_map(|(_, rows)| rows).map(|row| row.number);
        let numbers: Vec<u16> = numbers.collect();
        if let Some(unknown) = self.numbers.iter().find(|asked| !numbers.contains(asked)) {
            return Err(said(format!("there is no reason {unknown}; `yidan reasons` lists all")));
        }
        let mut out = Output::open();
        for (at, (heading, rows)) in sections.iter().enumerate() {
            if self.numbers.is_empty()
                && let [first, .., last] = rows.as_slice()
            {
                let gap = if at == 0 { "" } else { "\n" };
                writeln!(out, "{gap}{heading}（{}–{}）", first.number, last.number)?;
            }
            let asked =
                |row: &&Listed| self.numbers.is_empty() || self.numbers.contains(&row.number);
            for row in rows.iter().filter(asked) {
                writeln!(out, "{}  {}{}", row.number, row.chinese, row.name)?;
                if let Some(advice) = row.advice {
                    writeln!(out, "     {advice}")?;
                }
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn sections() -> [(&'static str, Vec<Listed>); 6] {
    let listed = |number, chinese, name: &dyn std::fmt::Debug, advice| {
        let name = format!("（{name:?}）");
        Listed { number, chinese, name, advice }
    };
    let claims =
        Reason::ALL.iter().map(|one| listed(one.number(), one.chinese(), one, Some(advice(*one))));
    let lines = LineReason::ALL.iter().map(|one| listed(one.number(), one.chinese(), one, None));
    let conduct = Conduct::ALL.iter().map(|one| listed(one.number(), one.chinese(), one, None));
    let faults = KINDS.iter().map(|(number, chinese)| Listed {
        number: *number,
        chinese,
        name: String::new(),
        advice: None,
    });
    let refusals = Refusal::ALL.iter().map(|one| listed(one.number(), one.chinese(), one, None));
    let declined = Declined::ALL.iter().map(|one| listed(one.number(), one.chinese(), one, None));
    [
        ("整单拒付", claims.collect()),
        ("明细不予支付、部分支付或提示", lines.collect()),
        ("业务规程拒绝，与待遇政策无关", conduct.collect()),
        ("接口：报文字段有错", faults.collect()),
        ("接口：验签、机构、地址、繁忙", refusals.collect()),
        ("接口：不受理", declined.collect()),
    ]
}
