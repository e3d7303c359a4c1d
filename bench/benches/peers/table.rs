//! The one table of the run: each peer, what was done, how many a second by it and by us, and whether its answers are exact.

use std::time::Duration;

use crate::answers::Compared;

/// Rows as they come.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 7]>,
    skipped: Vec<String>,
}

/// Seconds of one round's two turns, each for one piece of work.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) theirs: f64,
    pub(crate) ours: f64,
}

impl Round {
    /// Two turns over so many.
    pub(crate) fn of(count: usize, theirs: Duration, ours: Duration) -> Round {
        let each = |took: Duration| took.as_secs_f64() / count as f64;
        Round { theirs: each(theirs), ours: each(ours) }
    }
}

impl Table {
    /// A row of so many rounds. The ratio is the median of the rounds' ratios.
    pub(crate) fn row(
        &mut self,
        peer: &str,
        version: &str,
        work: &str,
        rounds: &[Round],
        compared: Compared,
    ) {
        let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
        let ratio = middle(|round| round.theirs / round.ours);
        let ratio = if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") };
        self.rows.push([
            peer.to_owned(),
            version.to_owned(),
            work.to_owned(),
            grouped(1.0 / middle(|round| round.theirs)),
            grouped(1.0 / middle(|round| round.ours)),
            ratio,
            compared.to_string(),
        ]);
    }

    /// What is not compared, and why.
    pub(crate) fn skip(&mut self, peer: &str, why: &str) {
        self.skipped.push(format!("skipped: {peer}: {why}; run bench/peers/setup.sh"));
    }

    /// Prints it, in a form that a page can hold.
    pub(crate) fn print(&self) {
        let head =
            ["peer", "version", "work", "theirs/s", "ours/s", "ours/theirs", "their answers"];
        let head = head.map(str::to_owned);
        let all = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 7] = std::array::from_fn(width);
        let line = |row: &[String; 7]| {
            let cell = |(at, cell): (usize, &String)| {
                let width = widths[at];
                if (3..6).contains(&at) {
                    format!(" {cell:>width$} ")
                } else {
                    format!(" {cell:<width$} ")
                }
            };
            row.iter().enumerate().map(cell).collect::<Vec<_>>().join("|")
        };
        println!();
        if !self.rows.is_empty() {
            println!("|{}|", line(&head));
            let rule = |(at, width): (usize, &usize)| {
                if (3..6).contains(&at) {
                    "-".repeat(width + 1) + ":"
                } else {
                    "-".repeat(width + 2)
                }
            };
            println!("|{}|", widths.iter().enumerate().map(rule).collect::<Vec<_>>().join("|"));
            self.rows.iter().for_each(|row| println!("|{}|", line(row)));
            println!(
                "\nAn answer of ours that is not that of the function by hand would have stopped the run: all were compared, of the durable \
                 engine's one in 64 and at the end every slot of every member."
            );
        }
        self.skipped.iter().for_each(|line| println!("{line}"));
    }
}

/// The middle one.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Three digits that count, thousands apart.
fn grouped(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let kept = |(at, digit): (usize, char)| if at < 3 { digit } else { '0' };
    let digits: String = digits.chars().enumerate().map(kept).collect();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
