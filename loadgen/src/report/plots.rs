//! The charts of a run: latency by percentile, over time and by rate, throughput and resources over time.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use std::collections::BTreeMap;

use super::chart::{Axis, Chart, Series, plain};
use super::findings::{measured, settlements_per_second};
use super::histogram::quantile;
use super::words::{objective, objective_ns, time};
use crate::result::{Latency, Outcome, Second, Step};

/// More curves than this cannot be told apart.
const CURVES_MAX: usize = 6;

/// More points than this are drawn on each other.
const POINTS_MAX: usize = 450;

/// Nanoseconds as milliseconds.
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// Latency by percentile; each curve has a name.
pub(super) fn by_percentile(id: &'static str, what: &str, of: &[(String, &Latency)]) -> Chart {
    let curve = |(name, latency): &(String, &Latency)| {
        let end = (latency.count.max(1) as f64).log10();
        let nines = |q: f64| if q >= 1.0 { end } else { -(1.0 - q).log10() };
        // The shortest of all says nothing, and quantiles of less than one call are not there.
        let seen = |q: f64| q >= 1.0 || (q > 0.0 && nines(q) <= end);
        let told = latency.quantiles.iter().filter(|(q, _)| seen(*q));
        let points: Vec<(f64, f64)> = told.clone().map(|(q, ns)| (nines(*q), ms(*ns))).collect();
        let note = |(q, ns): &(f64, u64)| match *q {
            q if q >= 1.0 => format!("{name}, longest: {}", time(*ns)),
            q => format!("{name}, p{}: {}", plain(q * 100.0), time(*ns)),
        };
        Series { name: name.clone(), pieces: vec![points], notes: told.map(note).collect() }
    };
    let series: Vec<Series> = of.iter().map(curve).collect();
    let points = || series.iter().flat_map(|series| series.pieces.iter().flatten());
    let high = points().map(|(x, _)| *x).fold(2.0, f64::max);
    let marks =
        [(std::f64::consts::LOG10_2, "50 %"), (1.0, "90 %"), (2.0, "99 %"), (3.0, "99.9 %")];
    let more = [(4.0, "99.99 %"), (5.0, "99.999 %"), (6.0, "99.9999 %"), (7.0, "99.99999 %")];
    let ticks = marks.into_iter().chain(more).filter(|(at, _)| *at <= high + 0.01);
    let x = Axis {
        label: "share of calls that took no longer (each nine as wide as the one before)".into(),
        low: 0.0,
        high,
        log: false,
        ticks: ticks.map(|(at, label)| (at, label.into())).collect(),
    };
    Chart {
        id,
        title: format!("Latency by percentile, {what}"),
        about: format!("A curve for each of {} steps, rising to the right.", of.len()),
        x,
        y: Axis::log("latency, ms (logarithmic)", points().map(|(_, y)| *y)),
        series,
        bands: Vec::new(),
        hints: Vec::new(),
        limit: None,
    }
}

/// The steps whose curves are drawn: all, or as many as can be told apart, spread over the rates.
pub(super) fn chosen(outcome: &Outcome) -> Vec<&Step> {
    let mut steps: Vec<&Step> = measured(outcome).collect();
    if steps.len() > CURVES_MAX {
        steps.sort_by(|a, b| a.intended_per_second.total_cmp(&b.intended_per_second));
        // Of steps at one rate the first stands for all.
        steps.dedup_by(|a, b| a.intended_per_second.total_cmp(&b.intended_per_second).is_eq());
    }
    let last = steps.len().saturating_sub(1);
    if last >= CURVES_MAX {
        let spread = (0..CURVES_MAX).map(|at| steps[at * last / (CURVES_MAX - 1)]);
        return spread.collect();
    }
    steps
}

/// Latency by rate: a dot for each step.
pub(super) fn by_rate(
    id: &'static str,
    what: &str,
    outcome: &Outcome,
    of: impl Fn(&Step) -> &Latency,
) -> Chart {
    let mut steps: Vec<(f64, &Step)> =
        measured(outcome).map(|step| (settlements_per_second(step), step)).collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let curve = |(name, q): (&str, f64)| Series {
        name: name.into(),
        pieces: vec![steps.iter().map(|(x, step)| (*x, ms(quantile(of(step), q)))).collect()],
        notes: steps
            .iter()
            .map(|(x, step)| {
                format!("{}: {name} {} at {x:.0}/s", step.name, time(quantile(of(step), q)))
            })
            .collect(),
    };
    let series = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)].map(curve);
    let asked = outcome.capacity.as_ref().map_or("", |found| found.objective.as_str());
    let limit = objective_ns(asked).map(|ns| (ns / 1e6, format!("objective {}", objective(asked))));
    let values = series.iter().flat_map(|series| series.pieces.iter().flatten()).map(|(_, y)| *y);
    let y = Axis::log("latency, ms (logarithmic)", values.chain(limit.iter().map(|(at, _)| *at)));
    Chart {
        id,
        title: format!("Latency by rate, {what}"),
        about: "p50, p99 and p99.9 of each step against the settlements a second it answered."
            .into(),
        x: Axis::linear("settlements answered a second", steps.last().map_or(1.0, |last| last.0)),
        y,
        series: series.into(),
        bands: Vec::new(),
        hints: Vec::new(),
        limit,
    }
}

/// Latency of settling by the rate at which visits arrived, where it changed within a step: a dot for each part.
pub(super) fn by_band(outcome: &Outcome, step: &Step) -> Chart {
    let mut bands: Vec<(f64, &Latency)> = step
        .by_rate
        .iter()
        .filter(|band| band.settling.count > 0)
        .map(|band| (f64::midpoint(band.from, band.to), &band.settling))
        .collect();
    bands.sort_by(|a, b| a.0.total_cmp(&b.0));
    let curve = |(name, q): (&str, f64)| Series {
        name: name.into(),
        pieces: vec![bands.iter().map(|(x, times)| (*x, ms(quantile(times, q)))).collect()],
        notes: bands
            .iter()
            .map(|(x, times)| format!("{name} {} at {x:.0} visits/s", time(quantile(times, q))))
            .collect(),
    };
    let series = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)].map(curve);
    let asked = outcome.capacity.as_ref().map_or("", |found| found.objective.as_str());
    let limit = objective_ns(asked).map(|ns| (ns / 1e6, format!("objective {}", objective(asked))));
    let values = series.iter().flat_map(|series| series.pieces.iter().flatten()).map(|(_, y)| *y);
    let y = Axis::log("latency, ms (logarithmic)", values.chain(limit.iter().map(|(at, _)| *at)));
    Chart {
        id: "band-settling",
        title: format!("Latency of settling by the rate of arrivals, {}", step.name),
        about: "p50, p99 and p99.9 of the visits that arrived at each rate.".into(),
        x: Axis::linear("visits a second", bands.last().map_or(1.0, |last| last.0)),
        y,
        series: series.into(),
        bands: Vec::new(),
        hints: Vec::new(),
        limit,
    }
}

/// Charts over the time of the run, which share their x.
pub(super) struct OverTime {
    /// The seconds of each step; several in one where the run is long.
    steps: Vec<Vec<Second>>,
    bands: Vec<(f64, f64, String)>,
    low: f64,
    high: f64,
    /// Seconds in one point.
    each: usize,
}

impl OverTime {
    pub(super) fn new(outcome: &Outcome) -> OverTime {
        let rows: usize = outcome.steps.iter().map(|step| step.seconds_of.len()).sum();
        let each = rows.div_ceil(POINTS_MAX).max(1);
        let seconds = || outcome.steps.iter().flat_map(|step| &step.seconds_of);
        let band = |step: &Step| {
            let (first, last) = (step.seconds_of.first()?, step.seconds_of.last()?);
            let name = step.name.strip_prefix("rate ").unwrap_or(&step.name);
            Some((first.at, last.at + 1.0, name.into()))
        };
        OverTime {
            steps: outcome.steps.iter().map(|step| gathered(&step.seconds_of, each)).collect(),
            bands: outcome.steps.iter().filter_map(band).collect(),
            low: seconds().next().map_or(0.0, |second| second.at),
            high: seconds().last().map_or(1.0, |second| second.at + 1.0),
            each,
        }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.iter().all(Vec::is_empty)
    }

    /// p50, p99 and the longest of every second.
    pub(super) fn latency(&self) -> Chart {
        let series = vec![
            self.series("p50", |second| positive(ms(second.p50_ns))),
            self.series("p99", |second| positive(ms(second.p99_ns))),
            self.series("longest", |second| positive(ms(second.max_ns))),
        ];
        let values = series.iter().flat_map(|series| series.pieces.iter().flatten());
        let y = Axis::log("latency, ms (logarithmic)", values.map(|(_, y)| *y));
        self.chart("over-time", "Latency over time, all calls", y, series)
    }

    /// What was intended and what was answered.
    pub(super) fn throughput(&self) -> Chart {
        let series = vec![
            self.series("visits intended", |second| Some(self.a_second(second.intended))),
            self.series("settlements answered", |second| Some(self.a_second(second.settlements))),
            self.series("calls that failed", |second| Some(self.a_second(second.failed))),
        ];
        let y = self.linear("a second", &series);
        self.chart("throughput", "Throughput over time: intended and answered", y, series)
    }

    /// Cores that were busy.
    pub(super) fn processor(&self) -> Chart {
        let cores = |ms: u64| self.a_second(ms) / 1e3;
        let series = vec![
            self.series("server", |second| second.server_cpu_ms.map(cores)),
            self.series("generator", |second| Some(cores(second.own_cpu_ms))),
        ];
        let y = self.linear("busy cores", &series);
        self.chart("processor", "Processor over time", y, series)
    }

    /// Memory of the server.
    pub(super) fn memory(&self) -> Chart {
        let of = |second: &Second| second.server_rss.map(|bytes| bytes as f64 / 1_048_576.0);
        let series = vec![self.series("server", of)];
        let y = self.linear("resident memory, MiB", &series);
        self.chart("memory", "Memory of the server over time", y, series)
    }

    /// Visits that had begun and not ended.
    pub(super) fn under_way(&self) -> Chart {
        let series = vec![self.series("visits under way", |second| Some(second.under_way as f64))];
        let y = self.linear("visits", &series);
        self.chart("under-way", "Visits under way over time", y, series)
    }

    fn a_second(&self, sum: u64) -> f64 {
        sum as f64 / self.each as f64
    }

    fn series(&self, name: &str, of: impl Fn(&Second) -> Option<f64>) -> Series {
        let piece = |step: &Vec<Second>| {
            step.iter().filter_map(|second| Some((second.at + 0.5, of(second)?))).collect()
        };
        let pieces: Vec<Vec<(f64, f64)>> = self.steps.iter().map(piece).collect();
        let name = if pieces.iter().all(Vec::is_empty) {
            format!("{name}: not measured")
        } else {
            name.into()
        };
        Series { name, pieces, notes: Vec::new() }
    }

    /// What every point in time says: the values of all curves there.
    fn hints(&self, series: &[Series]) -> Vec<(f64, f64, String)> {
        let mut hints: BTreeMap<u64, (f64, String)> = BTreeMap::new();
        for one in series {
            for (x, y) in one.pieces.iter().flatten() {
                let (_, hint) = hints
                    .entry((x * 1e3) as u64)
                    .or_insert_with(|| (*x, format!("second {}", plain((x - 0.5).round()))));
                *hint += &format!("; {} {}", one.name, plain((y * 100.0).round() / 100.0));
            }
        }
        let each = self.each as f64;
        hints.into_values().map(|(x, hint)| (x - 0.5, x - 0.5 + each, hint)).collect()
    }

    fn linear(&self, label: &str, series: &[Series]) -> Axis {
        let values = series.iter().flat_map(|series| series.pieces.iter().flatten());
        Axis::linear(label, values.map(|(_, y)| *y).fold(0.0, f64::max))
    }

    fn chart(&self, id: &'static str, title: &str, y: Axis, series: Vec<Series>) -> Chart {
        let each = match self.each {
            1 => String::new(),
            each => format!(", {each} seconds a point"),
        };
        let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
        Chart {
            id,
            title: format!("{title}{each}"),
            about: format!("Curves of {}, by seconds since the begin.", names.join(", ")),
            x: Axis::span("seconds since the begin of the run", self.low, self.high),
            y,
            hints: self.hints(&series),
            series,
            bands: self.bands.clone(),
            limit: None,
        }
    }
}

/// Nought cannot be drawn on a logarithmic axis: nothing was answered then.
fn positive(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

/// Seconds gathered so many at a time: sums of counts, the worst of latencies.
fn gathered(seconds: &[Second], each: usize) -> Vec<Second> {
    let gather = |part: &[Second]| {
        let mut parts = part.iter();
        let mut sum = parts.next().cloned().unwrap_or_default();
        for next in parts {
            sum.intended += next.intended;
            sum.calls += next.calls;
            sum.settlements += next.settlements;
            sum.failed += next.failed;
            sum.p50_ns = sum.p50_ns.max(next.p50_ns);
            sum.p99_ns = sum.p99_ns.max(next.p99_ns);
            sum.max_ns = sum.max_ns.max(next.max_ns);
            sum.server_cpu_ms = sum.server_cpu_ms.zip(next.server_cpu_ms).map(|(a, b)| a + b);
            sum.server_rss = sum.server_rss.max(next.server_rss);
            sum.own_cpu_ms += next.own_cpu_ms;
            sum.under_way = sum.under_way.max(next.under_way);
        }
        sum
    };
    // A last part that is not whole would look like a fall.
    let whole = if seconds.len() >= each { seconds.len() / each * each } else { seconds.len() };
    seconds[..whole].chunks(each).map(gather).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn long_runs_are_gathered_and_stalls_stay_visible() {
        let mut outcome = sample::search();
        let row = outcome.steps[1].seconds_of[0].clone();
        outcome.steps.truncate(2);
        outcome.steps[1].seconds_of = (0..10_000_u32)
            .map(|at| Second {
                at: f64::from(at) + 32.0,
                max_ns: if at == 7_001 { 9_000_000_000 } else { 1_000_000 },
                ..row.clone()
            })
            .collect();
        let over = OverTime::new(&outcome);
        let longest = over.latency().series.remove(2).pieces.remove(1);
        assert!(longest.len() <= POINTS_MAX);
        assert!(longest.iter().any(|(_, ms)| (*ms - 9_000.0).abs() < 1e-6));
        let intended = over.throughput().series.remove(0).pieces.remove(1);
        assert!(intended.iter().all(|(_, y)| (*y - row.intended as f64).abs() < 1e-6));
    }

    #[test]
    fn few_curves_are_chosen_over_all_rates() {
        let mut outcome = sample::search();
        let one = outcome.steps[1].clone();
        outcome.steps = (1..=40_u32)
            .map(|n| Step { intended_per_second: f64::from(n) * 10.0, ..one.clone() })
            .collect();
        let rates: Vec<f64> =
            chosen(&outcome).iter().map(|step| step.intended_per_second).collect();
        assert_eq!(rates.len(), CURVES_MAX);
        assert_eq!(rates.first().copied(), Some(10.0));
        assert_eq!(rates.last().copied(), Some(400.0));
    }
}
