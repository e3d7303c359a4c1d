//! The search for what a server carries: the rate is doubled until the objective fails, the gap is halved, and what is found is
//! confirmed by runs of its own before it is told.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::Ordering;

use crate::arrivals::Shape;
use crate::load::Load;
use crate::mix::Mix;
use crate::report::histogram;
use crate::result::{Capacity, Step, Wrong};

/// What must hold of a step: a quantile of the settlements' latency is not above a time, nothing is wrong, and no visit is left.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Objective {
    /// From 0 to 1.
    pub quantile: f64,
    /// Milliseconds.
    pub ms: f64,
}

/// How it is searched.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Search {
    /// Visits a second at first.
    pub from: f64,
    /// How long a step of the search lasts, in seconds.
    pub seconds: f64,
    /// How long a confirmation lasts, in seconds.
    pub confirm_seconds: f64,
    /// How many confirmations at most, of which more than half must hold.
    pub confirmations: u32,
    /// The gap between held and not held at which the search ends, as a part of the rate.
    pub gap: f64,
}

impl Search {
    /// What is wrong with it.
    pub fn wrong(&self) -> Option<&'static str> {
        let right = |number: f64, least: f64| number.is_finite() && (least..=1e6).contains(&number);
        if !right(self.from, 1.0) {
            Some("--from is a rate of at least 1")
        } else if !right(self.seconds, 1.0) || !right(self.confirm_seconds, 1.0) {
            Some("--seconds and --confirm-seconds are at least 1")
        } else {
            None
        }
    }

    /// How long a step at a rate lasts, so that the quantile of an objective hangs on ten visits at least: at most a minute.
    fn long_enough(&self, seconds: f64, rate: f64, objective: Objective) -> f64 {
        (10.0 / (1.0 - objective.quantile) / rate).clamp(seconds, seconds.max(60.0))
    }
}

impl Default for Search {
    fn default() -> Search {
        Search { from: 100.0, seconds: 8.0, confirm_seconds: 20.0, confirmations: 3, gap: 0.08 }
    }
}

/// Seconds of arrivals that may be under way after the last one.
const BEHIND_SECONDS: f64 = 0.5;

/// Whether more visits were under way after the last arrival than arrive in half a second.
pub(crate) fn behind(step: &Step) -> Option<String> {
    let left = step.under_way_at_end;
    let most = (step.intended_per_second * BEHIND_SECONDS).max(20.0);
    (left as f64 > most)
        .then(|| format!("{left} visits were under way after the last arrival: it fell behind"))
}

/// Searches that begin anew because a rate that had failed held after all.
const ANEW: u32 = 2;

/// `p99.9<=50ms`
impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Objective, String> {
        let wrong = || format!("`{text}` is no objective; write one like p99.9<=50ms");
        let (quantile, ms) = text.split_once("<=").ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let quantile = quantile.trim().strip_prefix('p').and_then(number).ok_or_else(wrong)?;
        let ms = ms.trim().strip_suffix("ms").and_then(number).ok_or_else(wrong)?;
        if !(quantile > 0.0 && quantile < 100.0 && ms > 0.0) {
            return Err(wrong());
        }
        Ok(Objective { quantile: quantile / 100.0, ms })
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 0.999 × 100 is not 99.9 to the last bit.
        let percent = (self.quantile * 1e6).round() / 1e4;
        write!(f, "p{percent}<={}ms", self.ms)
    }
}

impl Objective {
    /// Whether it held, and if not, why.
    pub fn missed(&self, step: &Step, wrong: &[Wrong]) -> Option<String> {
        let failure = wrong.iter().find(|one| one.kind != "stall");
        if let Some(one) = failure {
            return Some(format!("{}: {}", one.kind, one.first));
        }
        if step.unknown + step.busy > 0 {
            let (unknown, busy) = (step.unknown, step.busy);
            return Some(format!("{unknown} answers did not come in time, {busy} said busy"));
        }
        // Whoever falls behind has a queue in the end that the latencies of those who were answered do not show.
        if let Some(behind) = behind(step) {
            return Some(behind);
        }
        let Ok(times) = histogram(&step.settling) else {
            return Some("the histogram of settlements is not whole".to_owned());
        };
        let quantile = times.value_at_quantile(self.quantile);
        if times.is_empty() {
            Some("nothing was settled".to_owned())
        } else if quantile as f64 > self.ms * 1e6 {
            let percent = (self.quantile * 1e6).round() / 1e4;
            Some(format!("p{percent} was {:.1} ms", quantile as f64 / 1e6))
        } else {
            None
        }
    }
}

/// A search under way.
struct Searching<'s> {
    load: &'s Load,
    objective: Objective,
    search: Search,
    mix: &'s Mix,
    steps: Vec<Step>,
    wrong: Vec<Wrong>,
    confirmations: Vec<(f64, bool)>,
}

impl Load {
    /// Finds the highest rate at which an objective holds.
    pub async fn search(
        &self,
        objective: Objective,
        search: Search,
        mix: &Mix,
    ) -> (Capacity, Vec<Step>, Vec<Wrong>) {
        let mut searching = Searching {
            load: self,
            objective,
            search,
            mix,
            steps: Vec::new(),
            wrong: Vec::new(),
            confirmations: Vec::new(),
        };
        let _ = searching.one("warm-up", search.from, search.seconds).await;
        let (mut held, mut not) = (0.0_f64, f64::INFINITY);
        let mut confirmed = 0.0;
        for _ in 0..=ANEW {
            (held, not) = searching.between(held, not).await;
            confirmed = searching.confirm(held).await;
            // A neighbour on the machine may have spoilt the step that did not hold: it is asked once more.
            if not.is_infinite() || self.stopped() || confirmed < held {
                break;
            }
            let name = format!("again {not:.0}/s");
            if searching.one(&name, not, search.confirm_seconds).await.is_some() {
                break;
            }
            (held, not) = (not, f64::INFINITY);
        }
        let capacity = searching.found(held, not, confirmed);
        (capacity, searching.steps, searching.wrong)
    }

    /// Whether somebody wants it to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Searching<'_> {
    /// Doubles what held, then halves the gap. What does not hold is tried a second time before it counts.
    async fn between(&mut self, mut held: f64, mut not: f64) -> (f64, f64) {
        let mut rate = if held > 0.0 { held * 2.0 } else { self.search.from };
        while not - held > held * self.search.gap && rate >= 1.0 && !self.load.stopped() {
            let (name, seconds) = (format!("search {rate:.0}/s"), self.search.seconds);
            let mut why = self.one(&name, rate, seconds).await;
            if why.is_some() && !self.load.stopped() {
                why = self.one(&format!("{name} again"), rate, seconds).await;
            }
            if why.is_none() {
                held = rate;
            } else {
                not = rate;
            }
            rate = if not.is_infinite() { held * 2.0 } else { f64::midpoint(held, not) };
        }
        (held, not)
    }

    /// Runs of their own at what was found, until most have held or most cannot hold any more; then a twelfth less is confirmed, and
    /// so on. One run alone may be spoilt by a neighbour on the machine.
    async fn confirm(&mut self, found: f64) -> f64 {
        let mut rate = found;
        while rate >= 1.0 && rate > found * 0.3 && !self.load.stopped() {
            let most = self.search.confirmations / 2 + 1;
            let (mut held, mut failed) = (0, 0);
            while held < most && failed + most <= self.search.confirmations {
                let name = format!("confirm {} at {rate:.0}/s", held + failed + 1);
                let why = self.one(&name, rate, self.search.confirm_seconds).await;
                self.confirmations.push((rate, why.is_none()));
                if why.is_none() {
                    held += 1;
                } else {
                    failed += 1;
                }
            }
            if held >= most {
                return rate;
            }
            rate *= 0.92;
        }
        0.0
    }

    async fn one(&mut self, name: &str, rate: f64, seconds: f64) -> Option<String> {
        let seconds = self.search.long_enough(seconds, rate, self.objective);
        let shape = Shape::Flat { rate, seconds };
        let (mut step, mut found) = self.load.step(name, &shape, self.mix).await;
        let why = match self.load.stopped() {
            true => Some("it was interrupted".to_owned()),
            false => self.objective.missed(&step, &found),
        };
        step.held = Some(why.is_none());
        self.steps.push(step);
        // A rate that is too high is what the search is for.
        let expected = ["overrun", "stall", "unanswered"];
        found.retain(|one| !expected.contains(&one.kind.as_str()));
        self.wrong.append(&mut found);
        why
    }

    fn found(&self, held: f64, not: f64, confirmed: f64) -> Capacity {
        let best = self.steps.iter().rfind(|step| {
            step.held == Some(true) && (step.intended_per_second - confirmed).abs() < 1e-6
        });
        // What was answered while visits arrived: what the drain brings was not carried at that rate.
        let of = |count: fn(&Step) -> u64| {
            best.map_or(0.0, |step| count(step) as f64 / step.seconds.max(1e-9))
        };
        Capacity {
            objective: self.objective.to_string(),
            visits_per_second: confirmed,
            settlements_per_second: of(|step| step.settlements_at_end),
            calls_per_second: of(|step| step.calls_at_end),
            not_at: if not.is_finite() { not } else { 0.0 },
            // Confirmed near what the search found, and with a rate above it that does not hold.
            converged: confirmed > 0.0 && confirmed >= held * 0.85 && not.is_finite(),
            confirmations: self.confirmations.clone(),
            bound: bound(&self.steps),
        }
    }
}

/// What bounds it, by the processor time of the step with the most calls.
fn bound(steps: &[Step]) -> String {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get()) as f64;
    let Some(step) = steps.iter().max_by(|one, other| one.calls.cmp(&other.calls)) else {
        return String::new();
    };
    let rows = &step.seconds_of;
    let of = |count: &dyn Fn(&crate::result::Second) -> u64| {
        rows.iter().map(count).sum::<u64>() as f64 / 1_000.0 / rows.len().max(1) as f64
    };
    let (server, own) = (of(&|row| row.server_cpu_ms.unwrap_or(0)), of(&|row| row.own_cpu_ms));
    if rows.iter().all(|row| row.server_cpu_ms.is_none()) {
        return format!("the server's processor is not known; the generator took {own:.2} cores");
    }
    let both = if server + own > 0.85 * cores {
        "the processor bounds it"
    } else {
        "the processor is not full"
    };
    format!(
        "{both}: at {:.0} visits/s the server took {server:.2} and the generator {own:.2} of {cores} cores",
        step.intended_per_second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_as_they_are_written() {
        for text in ["p99.9<=50ms", "p50<=2.5ms", "p99.99<=1000ms"] {
            assert_eq!(text.parse::<Objective>().expect(text).to_string(), text);
        }
        for text in ["", "p99", "99<=5ms", "p99<=5", "p100<=5ms", "p99<=0ms", "p0<=1ms"] {
            assert!(text.parse::<Objective>().is_err(), "{text}");
        }
    }
}
