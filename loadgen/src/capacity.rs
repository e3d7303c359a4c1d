//! The search for what a server carries: the rate is doubled until the objective fails, the gap is halved, and what is found is
//! confirmed by runs of its own before it is told.

use std::fmt;
use std::str::FromStr;

use crate::arrivals::Shape;
use crate::load::Load;
use crate::mix::Mix;
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
    /// How many confirmations.
    pub confirmations: u32,
    /// The gap between held and not held at which the search ends, as a part of the rate.
    pub gap: f64,
}

impl Default for Search {
    fn default() -> Search {
        Search { from: 100.0, seconds: 8.0, confirm_seconds: 20.0, confirmations: 3, gap: 0.08 }
    }
}

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
        let most = self.ms * 1e6;
        let rank = (step.settling.count as f64 * self.quantile).ceil() as u64;
        let quantile = step
            .settling
            .quantiles
            .iter()
            .find(|(quantile, _)| *quantile + 1e-9 >= self.quantile)
            .map_or(step.settling.max_ns, |(_, ns)| *ns);
        if rank == 0 {
            Some("nothing was settled".to_owned())
        } else if quantile as f64 > most {
            let percent = (self.quantile * 1e6).round() / 1e4;
            Some(format!("p{percent} was {:.1} ms", quantile as f64 / 1e6))
        } else {
            None
        }
    }
}

impl Load {
    /// Finds the highest rate at which an objective holds.
    pub async fn search(
        &self,
        objective: Objective,
        search: Search,
        mix: &Mix,
    ) -> (Capacity, Vec<Step>, Vec<Wrong>) {
        let mut steps = Vec::new();
        let mut wrong = Vec::new();
        let _ = self
            .one("warm-up", search.from, search.seconds, mix, objective, &mut steps, &mut wrong)
            .await;
        let (mut held, mut not) = (0.0_f64, f64::INFINITY);
        let mut rate = search.from;
        while not - held > held * search.gap && rate >= 1.0 && !self.stopped() {
            let name = format!("search {rate:.0}/s");
            let why =
                self.one(&name, rate, search.seconds, mix, objective, &mut steps, &mut wrong).await;
            if why.is_none() {
                held = rate;
            } else {
                not = rate;
            }
            rate = if not.is_infinite() { held * 2.0 } else { f64::midpoint(held, not) };
        }
        let confirmed = self.confirm(held, objective, search, mix, &mut steps, &mut wrong).await;
        let (rate, confirmations) = confirmed;
        let best = steps.iter().rfind(|step| {
            step.held == Some(true) && (step.intended_per_second - rate).abs() < 1e-6
        });
        let of = |count: fn(&Step) -> u64| {
            best.map_or(0.0, |step| count(step) as f64 / step.seconds.max(1e-9))
        };
        let last: Vec<bool> = confirmations
            .iter()
            .filter(|(one, _)| (*one - rate).abs() < 1e-6)
            .map(|(_, held)| *held)
            .collect();
        let capacity = Capacity {
            objective: objective.to_string(),
            visits_per_second: rate,
            settlements_per_second: of(|step| step.settlements),
            calls_per_second: of(|step| step.calls),
            not_at: if not.is_finite() { not } else { 0.0 },
            converged: rate > 0.0
                && last.len() >= search.confirmations as usize
                && last.iter().all(|held| *held)
                && rate >= held * 0.85,
            confirmations,
            bound: bound(&steps),
        };
        (capacity, steps, wrong)
    }

    /// Runs of their own at what was found; where one does not hold, a tenth less is confirmed, and so on.
    async fn confirm(
        &self,
        found: f64,
        objective: Objective,
        search: Search,
        mix: &Mix,
        steps: &mut Vec<Step>,
        wrong: &mut Vec<Wrong>,
    ) -> (f64, Vec<(f64, bool)>) {
        let mut all = Vec::new();
        let mut rate = found;
        while rate >= 1.0 && rate > found * 0.3 && !self.stopped() {
            let mut whole = true;
            for number in 1..=search.confirmations {
                let name = format!("confirm {number} at {rate:.0}/s");
                let seconds = search.confirm_seconds;
                let why = self.one(&name, rate, seconds, mix, objective, steps, wrong).await;
                all.push((rate, why.is_none()));
                if why.is_some() {
                    whole = false;
                    break;
                }
            }
            if whole {
                return (rate, all);
            }
            rate *= 0.92;
        }
        (0.0, all)
    }

    #[expect(clippy::too_many_arguments, reason = "what a step is, and where it is kept")]
    async fn one(
        &self,
        name: &str,
        rate: f64,
        seconds: f64,
        mix: &Mix,
        objective: Objective,
        steps: &mut Vec<Step>,
        wrong: &mut Vec<Wrong>,
    ) -> Option<String> {
        let shape = Shape::Flat { rate, seconds };
        let (mut step, mut found) = self.step(name, &shape, mix).await;
        let why = objective.missed(&step, &found);
        step.held = Some(why.is_none());
        steps.push(step);
        // A rate that is too high is what the search is for.
        found.retain(|one| one.kind != "overrun" && one.kind != "stall");
        wrong.append(&mut found);
        why
    }

    /// Whether somebody wants it to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// What bounds it, by the processor time of the last confirmed or tried step.
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
