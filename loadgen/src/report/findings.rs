//! What a run says in plain words: the capacity, the share of the nation's peak day, and the step that speaks for the run.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use super::histogram::quantile;
use super::words::{self, count, objective, rate, time};
use crate::result::{Latency, Outcome, Step};
use crate::search::NOWHERE;

/// Settlements of the whole nation on its peak day.
const NATION_SETTLEMENTS_PEAK_DAY: u32 = 35_000_000;

/// Hours in which hospitals settle.
const BUSY_HOURS: u32 = 10;

/// How much the busiest hours lie above the mean of these.
const BUSY_TIMES_MEAN: u32 = 3;

/// The run in plain words.
pub(super) struct Headline {
    /// One sentence: what this machine carries.
    pub(super) verdict: String,
    /// Whether it is good news.
    pub(super) good: bool,
    /// The number that stands for it, with its unit.
    pub(super) number: Option<(String, &'static str)>,
    /// What it means for the nation, and what bounds it: a sentence each.
    pub(super) more: Vec<String>,
}

/// The nation's busy hours, in settlements a second.
pub(super) fn nation_busy() -> f64 {
    f64::from(NATION_SETTLEMENTS_PEAK_DAY) * f64::from(BUSY_TIMES_MEAN)
        / f64::from(BUSY_HOURS * 3_600)
}

/// The sentence on the nation's peak day.
pub(super) fn nation(settlements_per_second: f64) -> String {
    let times = settlements_per_second / nation_busy();
    format!(
        "The nation's peak day of {} million settlements is a mean of {}/s and about {}/s in busy \
         hours (three times a mean over ten hours): this carries {times:.2} times that.",
        NATION_SETTLEMENTS_PEAK_DAY / 1_000_000,
        rate(f64::from(NATION_SETTLEMENTS_PEAK_DAY) / 86_400.0),
        rate(nation_busy()),
    )
}

/// The headline of a run.
pub(super) fn headline(outcome: &Outcome) -> Headline {
    let mut headline = match &outcome.capacity {
        Some(_) => searched(outcome),
        None => plain(outcome),
    };
    if !outcome.wrong.is_empty() {
        let times = outcome.wrong.iter().map(|wrong| wrong.count).sum();
        let kinds: Vec<&str> = outcome.wrong.iter().map(|wrong| wrong.kind.as_str()).collect();
        let what = format!("Something was wrong {}: {}.", words::times(times), kinds.join(", "));
        headline.more.insert(0, what);
        headline.good = false;
    }
    let differ = outcome.books.differ;
    if differ > 0 {
        headline
            .more
            .insert(0, format!("The books differ in {} statements.", count(differ.into())));
        headline.good = false;
    }
    headline
}

/// The headline where the capacity was searched.
fn searched(outcome: &Outcome) -> Headline {
    let found = outcome.capacity.clone().unwrap_or_default();
    let goal = objective(&found.objective);
    let carried = rate(found.settlements_per_second);
    let mut more = Vec::new();
    let nowhere = found.visits_per_second <= 0.0;
    let interrupted = outcome.wrong.iter().any(|wrong| wrong.kind == "interrupted");
    let verdict = if interrupted {
        let held = measured(outcome).filter(|step| step.held == Some(true));
        let most = held.map(|step| step.intended_per_second).fold(0.0, f64::max);
        format!("It was interrupted: {goal} held up to {} visits/s, not confirmed.", rate(most))
    } else if nowhere && !found.doubts.is_empty() && found.doubts[0] != NOWHERE {
        format!("The search has not converged: {}.", found.doubts[0])
    } else if nowhere {
        format!("At no rate that was tried did {goal} hold.")
    } else if found.converged && found.pairs.is_empty() {
        format!("This machine carries {carried} settlements/s with {goal}.")
    } else if found.converged {
        let (agree, pairs) = (found.pairs.iter().filter(|pair| pair.agrees).count(), &found.pairs);
        format!(
            "This machine carries {carried} settlements/s with {goal}: {agree} of {} pairs of searches agree within 15 %.",
            pairs.len()
        )
    } else {
        format!(
            "The search has not converged: {carried} settlements/s were confirmed, but {}.",
            found.doubts.first().map_or("not near what had held", String::as_str)
        )
    };
    let told = usize::from(!found.converged && !interrupted);
    for doubt in found.doubts.iter().skip(told).filter(|_| !interrupted) {
        more.push(format!("Doubtful: {doubt}."));
    }
    if !nowhere {
        more.push(nation(found.settlements_per_second));
        let edge = if found.not_at > 0.0 {
            format!("it did not at {} visits/s", rate(found.not_at))
        } else {
            "it held wherever it was tried".into()
        };
        more.push(format!(
            "{goal} held at {} visits/s, {} calls/s; {edge}.",
            rate(found.visits_per_second),
            rate(found.calls_per_second),
        ));
    }
    if !found.bound.is_empty() {
        more.push(format!("What bounds it: {}.", found.bound.trim_end_matches('.')));
    }
    let number = (!nowhere).then_some((carried, "settlements/s"));
    Headline { verdict, good: found.converged && !nowhere, number, more }
}

/// The headline of a run at given rates.
fn plain(outcome: &Outcome) -> Headline {
    let Some(step) = main_step(outcome) else {
        let verdict = "Nothing was run.".into();
        return Headline { verdict, good: false, number: None, more: Vec::new() };
    };
    let settled = settlements_per_second(step);
    let verdict = format!(
        "At {} visits/s, {} settlements/s were answered; p99.9 of settling {}, of all calls {}.",
        rate(step.intended_per_second),
        rate(settled),
        time(quantile(&step.settling, 0.999)),
        time(quantile(&step.all, 0.999)),
    );
    let mut more = Vec::new();
    if step.held == Some(false) {
        more.push("The objective did not hold.".into());
    }
    let whole = step.visits_done == step.visits;
    if !whole {
        let missing = step.visits.saturating_sub(step.visits_done);
        more.push(format!("{} visits did not come to their end.", count(missing)));
    }
    Headline {
        verdict,
        good: whole && step.held != Some(false),
        number: Some((rate(settled), "settlements/s")),
        more,
    }
}

/// Steps that were measured: all but the warming up.
pub(super) fn measured(outcome: &Outcome) -> impl Iterator<Item = &Step> {
    outcome.steps.iter().filter(|step| !step.name.starts_with("warm-up") && step.all.count > 0)
}

/// The step that speaks for the run: the one whose figures the capacity has; without one, the last that was measured.
pub(super) fn main_step(outcome: &Outcome) -> Option<&Step> {
    let found = outcome.capacity.as_ref().filter(|found| found.visits_per_second > 0.0);
    let at_capacity =
        found.and_then(|found| measured(outcome).filter(|step| step.name == found.step).last());
    at_capacity.or_else(|| measured(outcome).last()).or_else(|| outcome.steps.last())
}

/// Whether two rates are the same but for a part of the greater.
pub(super) fn near(a: f64, b: f64, part: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()) * part
}

/// What was answered a second while visits arrived: what the drain brings was not carried at that rate.
fn per_second(step: &Step, answered: u64) -> f64 {
    if step.seconds > 0.0 { answered as f64 / step.seconds } else { 0.0 }
}

/// Settlements answered a second.
pub(super) fn settlements_per_second(step: &Step) -> f64 {
    per_second(step, step.settlements_at_end)
}

/// Calls answered a second.
pub(super) fn calls_per_second(step: &Step) -> f64 {
    per_second(step, step.calls_at_end)
}

/// p50, p99, p99.9 and the longest, as they stand in tables.
pub(super) fn four(latency: &Latency) -> [String; 4] {
    let at = |q| words::time_of(latency.count, quantile(latency, q));
    [at(0.5), at(0.99), at(0.999), words::time_of(latency.count, latency.max_ns)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_nation_is_2917_a_second() {
        assert_eq!(
            nation(5_834.0),
            "The nation's peak day of 35 million settlements is a mean of 405/s and about 2,917/s \
             in busy hours (three times a mean over ten hours): this carries 2.00 times that."
        );
    }

    #[test]
    fn headlines() {
        let mut outcome = sample::search();
        assert!(headline(&outcome).verdict.ends_with("settlements/s with p99.9 ≤ 50 ms."));
        assert!(headline(&outcome).good);
        let several = sample::several();
        assert_eq!(
            headline(&several).verdict,
            "The search has not converged: 1,386 settlements/s were confirmed, but 1 of 2 pairs agree within 15 %."
        );
        assert!(!headline(&several).good);
        let mut agreeing = several;
        if let Some(found) = &mut agreeing.capacity {
            (found.converged, found.doubts) = (true, Vec::new());
        }
        let words = "with p99.9 ≤ 50 ms: 1 of 2 pairs of searches agree within 15 %.";
        assert!(headline(&agreeing).verdict.ends_with(words));
        outcome.books.differ = 3;
        assert!(!headline(&outcome).good);
        assert_eq!(headline(&outcome).more[0], "The books differ in 3 statements.");
        outcome.books.differ = 0;
        outcome.wrong = sample::wrong();
        assert!(!headline(&outcome).good);
        if let Some(found) = &mut outcome.capacity {
            found.converged = false;
        }
        assert!(headline(&outcome).verdict.starts_with("The search has not converged"));
        outcome.capacity = Some(crate::result::Capacity::default());
        assert!(headline(&outcome).verdict.starts_with("At no rate"));
        outcome.capacity = None;
        assert!(headline(&outcome).verdict.starts_with("At "));
        assert_eq!(headline(&Outcome::default()).verdict, "Nothing was run.");
    }

    #[test]
    fn a_step_that_falls_behind_shows_what_was_answered() {
        let step = Step {
            seconds: 20.0,
            intended_per_second: 100.0,
            settlements: 2_000,
            settlements_at_end: 1_000,
            ..Step::default()
        };
        assert!(near(settlements_per_second(&step), 50.0, 1e-9));
    }
}
