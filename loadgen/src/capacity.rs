//! What a server carries: steps of load that tell the search whether an objective held, and what several searches found together.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::Ordering;

use crate::arrivals::Shape;
use crate::load::{Late, Load};
use crate::mix::Mix;
use crate::report::histogram;
use crate::result::{Capacity, Pair, Step, Wrong};
use crate::search::{Ask, Found, Kind, Search, Trial, find};

/// What must hold of a step: a quantile of the settlements' latency is not above a time, nothing is wrong, and no visit is left.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Objective {
    /// From 0 to 1.
    pub quantile: f64,
    /// Milliseconds.
    pub ms: f64,
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

/// How many times as many settlements may be late in a rough try.
const ROUGH: f64 = 10.0;

/// Part of the larger by which the capacities of two searches may differ.
const AGREE: f64 = 0.15;

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
    /// The same for a few seconds' look, in which a handful of late ones says little.
    fn roughly(self) -> Objective {
        let beyond = 1.0 - self.quantile;
        Objective { quantile: 1.0 - (beyond * ROUGH).min(0.5).max(beyond), ..self }
    }

    /// How many settlements of a step may be late: with more of them it has failed, however it goes on.
    fn late(self, settlements: f64) -> Late {
        // A tenth more than are expected may arrive.
        let most = ((1.0 - self.quantile) * settlements * 1.1).ceil() + 1.0;
        Late { after_ns: (self.ms * 1e6) as u64, most: most as u64 }
    }

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

/// Searches under way.
struct Searching<'s> {
    load: &'s Load,
    objective: Objective,
    mix: &'s Mix,
    /// What stands before the names of its steps.
    name: String,
    steps: Vec<Step>,
    wrong: Vec<Wrong>,
}

impl Load {
    /// Finds the highest rate at which an objective holds, as often as the search says.
    pub async fn search(
        &self,
        objective: Objective,
        search: Search,
        mix: &Mix,
    ) -> (Capacity, Vec<Step>, Vec<Wrong>) {
        let (steps, wrong) = (Vec::new(), Vec::new());
        let mut searching =
            Searching { load: self, objective, mix, name: String::new(), steps, wrong };
        let Search { from, seconds, .. } = search;
        let _ = searching.step("warm-up", from, seconds, objective).await;
        let mut each: Vec<Capacity> = Vec::new();
        for number in 1..=search.repeat {
            if search.repeat > 1 {
                searching.name = format!("{number}: ");
            }
            let first = searching.steps.len();
            let before = each.last().map_or(0.0, |before| before.visits_per_second);
            let from = if before >= 2.0 { before / 2.0 } else { from };
            let found = find(Search { from, ..search }, objective.quantile, &mut searching).await;
            each.push(capacity(objective, found, &searching.steps[first..]));
            if self.stopped() {
                break;
            }
        }
        (together(each), searching.steps, searching.wrong)
    }

    /// Whether somebody wants it to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Trial for Searching<'_> {
    async fn held(&mut self, ask: Ask) -> Option<bool> {
        let Ask { kind, rate, seconds, number } = ask;
        let (word, objective) = match kind {
            Kind::Rough => ("roughly", self.objective.roughly()),
            Kind::Full => ("try", self.objective),
            Kind::Confirm => ("confirm", self.objective),
        };
        let name = format!("{}{word} {rate:.0}/s, {number}", self.name);
        let held = self.step(&name, rate, seconds, objective).await;
        if let (Kind::Rough, Some(step)) = (kind, self.steps.last_mut()) {
            // It was not held to the objective itself.
            step.held = None;
        }
        (!self.load.stopped()).then_some(held)
    }
}

impl Searching<'_> {
    /// Whether an objective held in a step, which ends as soon as it cannot hold any more.
    async fn step(&mut self, name: &str, rate: f64, seconds: f64, objective: Objective) -> bool {
        let shape = Shape::Flat { rate, seconds };
        let late = objective.late(rate * seconds);
        let (mut step, mut found) = self.load.step(name, &shape, self.mix, Some(late)).await;
        let held =
            !step.cut_short && !self.load.stopped() && objective.missed(&step, &found).is_none();
        step.held = Some(held);
        self.steps.push(step);
        // A rate that is too high is what the search is for.
        let expected = ["overrun", "stall", "unanswered"];
        found.retain(|one| !expected.contains(&one.kind.as_str()));
        self.wrong.append(&mut found);
        held
    }
}

/// What one search found, with what the step that speaks for it carried.
fn capacity(objective: Objective, found: Found, steps: &[Step]) -> Capacity {
    let best = steps.iter().rfind(|step| {
        step.held == Some(true) && (step.intended_per_second - found.rate).abs() < 1e-6
    });
    // What was answered while visits arrived: what the drain brings was not carried at that rate.
    let of = |count: fn(&Step) -> u64| {
        best.map_or(0.0, |step| count(step) as f64 / step.seconds.max(1e-9))
    };
    Capacity {
        objective: objective.to_string(),
        visits_per_second: found.rate,
        step: best.map(|step| step.name.clone()).unwrap_or_default(),
        settlements_per_second: of(|step| step.settlements_at_end),
        calls_per_second: of(|step| step.calls_at_end),
        not_at: found.not_at,
        confirmations: found.confirmations,
        converged: found.rate > 0.0 && found.doubts.is_empty(),
        doubts: found.doubts,
        bound: bound(steps),
        ..Capacity::default()
    }
}

/// Several searches as one: that in the middle, and whether four of five pairs agree.
fn together(mut each: Vec<Capacity>) -> Capacity {
    if each.len() < 2 {
        return each.pop().unwrap_or_default();
    }
    let pair = |two: &[Capacity]| {
        let visits_per_second = [two[0].visits_per_second, two[1].visits_per_second];
        let [low, high] = [
            visits_per_second[0].min(visits_per_second[1]),
            visits_per_second[0].max(visits_per_second[1]),
        ];
        Pair { visits_per_second, agrees: low > 0.0 && high - low <= AGREE * low }
    };
    let pairs: Vec<Pair> = each.chunks_exact(2).map(pair).collect();
    let agree = pairs.iter().filter(|pair| pair.agrees).count();
    let mut own = Vec::new();
    for (number, one) in (1..).zip(&each) {
        own.extend(one.doubts.first().map(|doubt| format!("search {number}: {doubt}")));
    }
    let converged = agree * 5 >= pairs.len() * 4;
    let found: Vec<f64> = each.iter().map(|one| one.visits_per_second).collect();
    each.sort_by(|one, other| one.visits_per_second.total_cmp(&other.visits_per_second));
    let mut middle = each.swap_remove((each.len() - 1) / 2);
    middle.doubts.clear();
    if !converged {
        let most = AGREE * 100.0;
        middle.doubts.push(format!("{agree} of {} pairs agree within {most:.0} %", pairs.len()));
    }
    middle.doubts.append(&mut own);
    let converged = converged && middle.visits_per_second > 0.0;
    Capacity { converged, searches: found, pairs, ..middle }
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

    fn found(rate: f64) -> Capacity {
        Capacity { visits_per_second: rate, converged: true, ..Capacity::default() }
    }

    #[test]
    fn four_of_five_pairs_have_to_agree() {
        let of = |rates: &[f64]| together(rates.iter().copied().map(found).collect());
        let four = of(&[100.0, 87.0, 100.0, 100.0, 90.0, 100.0, 100.0, 100.0, 100.0, 50.0]);
        let agree: Vec<bool> = four.pairs.iter().map(|pair| pair.agrees).collect();
        assert_eq!(agree, [true, true, true, true, false]);
        assert!(four.converged && four.doubts.is_empty(), "{four:?}");
        assert!((four.visits_per_second - 100.0).abs() < 1e-9, "that in the middle");
        let three = of(&[100.0, 80.0, 100.0, 100.0, 90.0, 100.0, 100.0, 100.0, 100.0, 50.0]);
        assert!(!three.converged);
        assert_eq!(three.doubts, ["3 of 5 pairs agree within 15 %"]);
        let more = of(&[100.0, 116.0]);
        assert!(!more.converged, "16 % more than the lower");
        let doubtful = Capacity { doubts: vec!["one".into(), "two".into()], ..found(100.0) };
        let told = together(vec![found(100.0), doubtful]);
        assert!(told.converged, "what has to agree is what was found");
        assert_eq!(told.doubts, ["search 2: one"]);
        let nothing = of(&[0.0, 0.0]);
        assert!(!nothing.converged, "nothing found twice is no agreement");
        let one = together(vec![found(7.0)]);
        assert!(one.converged && one.searches.is_empty() && one.pairs.is_empty());
    }

    #[test]
    fn a_step_is_cut_short_only_where_it_cannot_hold_any_more() {
        let objective: Objective = "p99.9<=50ms".parse().expect("one");
        assert_eq!(objective.late(20_000.0), Late { after_ns: 50_000_000, most: 23 });
        assert!((objective.roughly().quantile - 0.99).abs() < 1e-9);
        let half: Objective = "p30<=5ms".parse().expect("one");
        assert!((half.roughly().quantile - 0.3).abs() < 1e-9, "never stricter");
    }
}
