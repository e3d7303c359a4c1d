//! The open loop: visits begin at the moments of their schedule, whatever is answered meanwhile. What comes late has its time
//! counted from the moment it was due.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::arrivals::{Arrivals, Shape};
use crate::metrics::{Stages, process};
use crate::mix::{Draw, Mix};
use crate::record::Recorder;
use crate::report::latency;
use crate::result::{RateBand, Second, Step, Wrong};
use crate::visit::Street;

/// Visits that may be under way before a step is given up: the server is far behind, and memory is not without end.
const UNDER_WAY: u64 = 20_000;

/// How long the last visits may take after the last arrival.
const DRAIN: Duration = Duration::from_secs(120);

/// Who is told the row of each second, with the name of its step.
pub type Tell = Box<dyn Fn(&str, &Second) + Send + Sync>;

/// How many settlements may be late before a step is given up.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Late {
    /// What is late, in nanoseconds.
    pub after_ns: u64,
    /// How many may be.
    pub most: u64,
}

/// Everything that steps share.
pub struct Load {
    /// The town and the server.
    pub street: Arc<Street>,
    /// How arrivals are drawn.
    pub arrivals: Arrivals,
    /// The seed.
    pub seed: u64,
    /// Where the server tells of itself.
    pub operators: Option<SocketAddr>,
    /// The process of the server, on this machine; 0: not known.
    pub server: Arc<std::sync::atomic::AtomicU32>,
    /// Visits of earlier steps: each has another number.
    pub numbers: AtomicU64,
    /// Told each second.
    pub tell: Tell,
    /// Somebody wants it to end.
    pub stop: Arc<AtomicBool>,
}

impl Load {
    /// Runs one shape to its end, or until too many settlements are late.
    pub async fn step(
        &self,
        name: &str,
        shape: &Shape,
        mix: &Mix,
        late: Option<Late>,
    ) -> (Step, Vec<Wrong>) {
        let first = self.numbers.load(Ordering::Relaxed);
        let before = match self.operators {
            Some(at) => Stages::ask(at).await,
            None => None,
        };
        let bytes = self.bytes();
        let recorder = Arc::new(Recorder::new(Instant::now(), shape.bands(), late));
        let overrun = Arc::new(AtomicBool::new(false));
        let load = async {
            let arrived = self.schedule(shape, mix, first, &recorder, &overrun).await;
            let (ended, at_end) = (Instant::now(), recorder.counts());
            self.drain(&recorder).await;
            (arrived, ended, at_end, ended.elapsed())
        };
        let (arrived, ended, at_end, drained) = tokio::select! {
            done = load => done,
            () = self.tick(name, &recorder) => unreachable!("it ticks until it is dropped"),
        };
        let _ = self.numbers.fetch_add(arrived, Ordering::Relaxed);
        let after = match self.operators {
            Some(at) => Stages::ask(at).await,
            None => None,
        };
        let mut step = step_of(&recorder);
        step.0.name = name.to_owned();
        step.0.intended_per_second = shape.visits() / shape.seconds();
        step.0.seconds = (ended - recorder.begun()).as_secs_f64();
        step.0.drain_seconds = drained.as_secs_f64();
        step.0.cut_short = recorder.has_failed();
        step.0.under_way_at_end = at_end.visits - at_end.over;
        step.0.settlements_at_end = at_end.settlements;
        step.0.calls_at_end = at_end.calls;
        step.0.bytes = (self.bytes().0 - bytes.0, self.bytes().1 - bytes.1);
        step.0.server = match (before, after) {
            (Some(before), Some(after)) => after.since(&before),
            _ => Vec::new(),
        };
        if overrun.load(Ordering::Relaxed) {
            step.1.push(Wrong {
                kind: "overrun".to_owned(),
                count: 1,
                first: format!(
                    "{UNDER_WAY} visits were under way: the rate is far above what is carried"
                ),
            });
        }
        step
    }

    fn bytes(&self) -> (u64, u64) {
        let bytes = &self.street.line.bytes;
        (bytes.0.load(Ordering::Relaxed), bytes.1.load(Ordering::Relaxed))
    }

    /// Lets visits begin at their moments, from a thread of its own: the sleep of an async runtime is to the millisecond.
    async fn schedule(
        &self,
        shape: &Shape,
        mix: &Mix,
        first: u64,
        recorder: &Arc<Recorder>,
        overrun: &Arc<AtomicBool>,
    ) -> u64 {
        let moments = shape.moments(self.arrivals, self.seed ^ first);
        let members = self.street.people.members();
        let draw = Draw::new(mix, self.seed, members, self.street.codes.len());
        let (street, recorder) = (Arc::clone(&self.street), Arc::clone(recorder));
        let (overrun, stop) = (Arc::clone(overrun), Arc::clone(&self.stop));
        let runtime = tokio::runtime::Handle::current();
        let schedule = move || {
            let mut number = first;
            for moment in moments {
                let due = recorder.begun() + moment;
                if let Some(early) = due.checked_duration_since(Instant::now()) {
                    std::thread::sleep(early);
                }
                let counts = recorder.counts();
                if counts.visits - counts.over >= UNDER_WAY {
                    overrun.store(true, Ordering::Relaxed);
                    break;
                }
                if stop.load(Ordering::Relaxed) || recorder.has_failed() {
                    break;
                }
                recorder.arrived();
                let visit =
                    Arc::clone(&street).visit(Arc::clone(&recorder), draw.visit(number), due);
                drop(runtime.spawn(visit));
                number += 1;
            }
            number - first
        };
        tokio::task::spawn_blocking(schedule).await.expect("the schedule does not panic")
    }

    async fn drain(&self, recorder: &Recorder) {
        let begun = Instant::now();
        loop {
            let counts = recorder.counts();
            if counts.over == counts.visits {
                return;
            }
            if begun.elapsed() > DRAIN && !recorder.is_closed() {
                let left = counts.visits - counts.over;
                // They give up before their next call: the next step and the books are not theirs.
                recorder.close();
                recorder.wrong("unanswered", || {
                    format!(
                        "{left} visits had not ended {} s after the last arrival",
                        DRAIN.as_secs()
                    )
                });
            }
            if begun.elapsed() > DRAIN + self.street.line.patience * 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends a row each second, with what the processes took in it.
    async fn tick(&self, name: &str, recorder: &Recorder) {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let _ = every.tick().await;
        let of = |pid: u32| if pid == 0 { None } else { process(pid) };
        let server = || of(self.server.load(Ordering::Relaxed));
        let mut then = (server(), process(std::process::id()));
        loop {
            let _ = every.tick().await;
            let now = (server(), process(std::process::id()));
            let cpu = |now: Option<(u64, u64)>, then: Option<(u64, u64)>| {
                Some(now?.0.saturating_sub(then?.0))
            };
            let row = recorder.tick(|row| {
                row.server_cpu_ms = cpu(now.0, then.0);
                row.server_rss = now.0.map(|(_, memory)| memory);
                row.own_cpu_ms = cpu(now.1, then.1).unwrap_or(0);
            });
            (self.tell)(name, &row);
            then = now;
        }
    }
}

fn step_of(recorder: &Recorder) -> (Step, Vec<Wrong>) {
    recorder.end(|tables| {
        let counts = tables.counts;
        let step = Step {
            visits: counts.visits,
            visits_done: counts.done,
            settlements: counts.settlements,
            refunds: counts.refunds,
            calls: counts.calls,
            repeats: counts.repeats,
            unknown: counts.unknown,
            busy: counts.busy,
            lines: counts.lines,
            all: latency(&tables.all),
            settling: latency(&tables.settling),
            by_infno: tables
                .by_infno
                .iter()
                .map(|(infno, times)| ((*infno).to_owned(), latency(times)))
                .collect(),
            visit: latency(&tables.visit),
            by_rate: tables
                .bands
                .iter()
                .map(|(band, times)| RateBand {
                    from: band.from,
                    to: band.to,
                    begin: band.begin,
                    seconds: band.seconds,
                    settling: latency(times),
                })
                .collect(),
            seconds_of: std::mem::take(&mut tables.seconds),
            ..Step::default()
        };
        (step, std::mem::take(&mut tables.wrong).into_values().collect())
    })
}
