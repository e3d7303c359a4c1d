//! Settles the year with a clock beside it, and keeps what the summary and the shown statements need.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use yidan_pipeline::Stopped;
use yidan_pipeline::engine::EngineError;
use yidan_settlement::admit::SlotKey;
use yidan_settlement::catalogue::{Known, RuleBook};
use yidan_settlement::money::Fen;
use yidan_settlement::reason::{LineReason, Reason};
use yidan_settlement::settle::{Desk, Looked};

use super::place::{PLACES, Place};
use super::report::{Count, Latency, PlaceSums, Report, Spread};
use super::visit::{Kind, MadeVisit};
use crate::case::{Case, CaseError};
use crate::clerk::{Clerk, ClerkError, Outcome, Settled};
use crate::statement::{Options, statement};
use crate::world::World;

/// Which statements are shown: for each the pool, the kind, and how many tiers it has at least.
const SHOWN: [(&str, Kind, usize); 5] = [
    ("630100", Kind::Poor, 3),
    ("630100", Kind::Delivery, 1),
    ("530100", Kind::Inpatient, 1),
    ("530100", Kind::Chronic, 1),
    ("370800", Kind::Away, 1),
];

/// The longest time that is told apart: a minute for one visit, or one call.
pub(super) const TIME_NS_MAX: u64 = 60_000_000_000;

/// The year, its times, and a few of its statements.
#[derive(Debug)]
pub struct Watched {
    /// Counts and sums.
    pub report: Report,
    /// Times.
    pub latency: Latency,
    /// Statements to show.
    pub statements: Vec<String>,
}

/// Why the year could not be settled: a mistake of ours, since the year is ours.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// A made-up case does not read.
    #[error("visit {0}: {1}")]
    Read(String, CaseError),
    /// A made-up case means nothing.
    #[error("visit {0}: {1}")]
    Clerk(String, ClerkError),
    /// A made-up case has a field that means nothing.
    #[error("visit {0}: {1}")]
    Facts(String, String),
    /// The durable engine stopped.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The durable engine stopped on the way.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// What the journal makes is not what the engine had.
    #[error("the journal read back makes another state than the engine had")]
    OtherState,
    /// The same year came to something else in the durable engine.
    #[error("funds paid {0} in the year, {1} in the durable engine")]
    OtherSum(Fen, Fen),
    /// The same claim settled twice gave two bills.
    #[error("visit {0}: settled again on the same slots, it came to another bill")]
    Twice(String),
}

/// Settles the year in sequence, twice: once from text to text, once with the core by itself.
///
/// # Errors
/// A visit that should have been settled or refused was neither.
pub fn watch(world: &World, seed: u64, visits: &[MadeVisit]) -> Result<Watched, Unsettled> {
    let whole = whole_road(world, visits)?;
    let mut watch = Watch::new(world);
    let mut clerk = Clerk::new(world, None, true);
    for visit in visits {
        let case = parse(visit, &visit.json())?;
        let same = clerk.settle(&case, |outcome| match outcome {
            Outcome::Settled(settled) => watch.settled(visit, &case, &settled, world),
            Outcome::Refused(_, refusal) => {
                watch.refused(visit, refusal.reason);
                true
            }
        });
        match same {
            Ok(true) => {}
            Ok(false) => return Err(Unsettled::Twice(visit.mdtrt_id.clone())),
            Err(error) => return Err(Unsettled::Clerk(visit.mdtrt_id.clone(), error)),
        }
    }
    Ok(watch.done(seed, visits, &whole))
}

/// Every visit from the text of its case to the text of its answer.
fn whole_road(world: &World, visits: &[MadeVisit]) -> Result<Times, Unsettled> {
    let mut clerk = Clerk::new(world, None, true);
    let mut times = Times::new();
    let mut answer = Vec::new();
    for visit in visits {
        let text = visit.json();
        let from = Instant::now();
        let case = parse(visit, &text)?;
        let answered =
            clerk.answer(&case).map_err(|error| Unsettled::Clerk(visit.mdtrt_id.clone(), error))?;
        answer.clear();
        serde_json::to_writer(&mut answer, &answered).expect("an answer has only texts for keys");
        times.took(from.elapsed());
    }
    Ok(times)
}

pub(super) fn parse(visit: &MadeVisit, text: &str) -> Result<Case, Unsettled> {
    Case::parse(text, 1).map_err(|error| Unsettled::Read(visit.mdtrt_id.clone(), error))
}

/// How long each visit took, and all together.
struct Times {
    each: Histogram<u64>,
    all: Duration,
}

impl Times {
    fn new() -> Times {
        let each = Histogram::new_with_bounds(1, TIME_NS_MAX, 3)
            .expect("the bounds rise, and a histogram keeps up to five digits");
        Times { each, all: Duration::ZERO }
    }

    fn took(&mut self, time: Duration) {
        self.all += time;
        self.each.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn per_second(&self, count: u64) -> u64 {
        let per_second = u128::from(count) * 1_000_000_000 / self.all.as_nanos().max(1);
        u64::try_from(per_second).unwrap_or(u64::MAX)
    }
}

/// Counts and times while the year goes on.
struct Watch {
    desk: Desk,
    slots: Vec<(SlotKey, Fen)>,
    core: Times,
    places: Vec<PlaceSums>,
    refused: BTreeMap<Reason, u64>,
    line_reasons: BTreeMap<LineReason, u64>,
    lines: u64,
    shown: [Option<String>; SHOWN.len()],
}

impl Watch {
    fn new(world: &World) -> Watch {
        let place = |place: &Place| {
            let title = world.pack_of(place.pool).map(|loaded| loaded.pack.data().title.clone());
            PlaceSums::new(place.pool, &title.unwrap_or_default())
        };
        Watch {
            desk: Desk::new(),
            slots: Vec::new(),
            core: Times::new(),
            places: PLACES.iter().map(place).collect(),
            refused: BTreeMap::new(),
            line_reasons: BTreeMap::new(),
            lines: 0,
            shown: Default::default(),
        }
    }

    /// Takes a settled visit in; whether settling it again gave the same bill.
    fn settled(
        &mut self,
        visit: &MadeVisit,
        case: &Case,
        settled: &Settled<'_>,
        world: &World,
    ) -> bool {
        let decision = settled.decision;
        self.lines += u64::try_from(decision.lines.len()).unwrap_or(0);
        for reason in decision.lines.iter().flat_map(|line| line.reasons.iter()) {
            *self.line_reasons.entry(reason).or_default() += 1;
        }
        if let Some(place) = self.places.iter_mut().find(|place| place.pool == visit.pool) {
            place.settled(visit.kind, decision);
        }
        for (shown, (pool, kind, tiers)) in self.shown.iter_mut().zip(SHOWN) {
            let fits = pool == visit.pool && kind == visit.kind && decision.tiers.len() >= tiers;
            if fits && shown.is_none() {
                let view = settled.view(case);
                *shown = Some(statement(settled, case, view, Options { lines: false }));
                break;
            }
        }
        self.time_core(settled, world)
    }

    /// The core once more on the same claim and slots, which are looked up before the clock runs.
    fn time_core(&mut self, settled: &Settled<'_>, world: &World) -> bool {
        let Settled { pack, bound, before, decision, .. } = settled;
        let empty = RuleBook::default();
        let rules = world.image().map_or(&empty, |image| image.rules());
        let kinds_of_tags = world
            .packs()
            .iter()
            .find(|loaded| std::ptr::eq(&*loaded.pack, *pack))
            .map_or(&[][..], |loaded| &loaded.kinds_of_tags);
        let looked = Looked { found: Known::new(&bound.found), rules, kinds_of_tags };
        let claim = bound.submitted();
        self.slots.clear();
        let read = |key| {
            let value = bound.labels.read(before, key, pack);
            self.slots.push((key, value));
            value
        };
        if self.desk.settle(&claim, pack, looked, read).is_err() {
            return false;
        }
        let known = |key| {
            let found = self.slots.iter().find(|(known, _)| *known == key);
            found.map_or(Fen::ZERO, |(_, value)| *value)
        };
        let from = Instant::now();
        let again = self.desk.settle(&claim, pack, looked, known);
        let time = from.elapsed();
        self.core.took(time);
        again.is_ok_and(|again| again == *decision)
    }

    fn refused(&mut self, visit: &MadeVisit, reason: Reason) {
        *self.refused.entry(reason).or_default() += 1;
        if let Some(place) = self.places.iter_mut().find(|place| place.pool == visit.pool) {
            place.refused(visit.kind);
        }
    }

    fn done(self, seed: u64, visits: &[MadeVisit], whole: &Times) -> Watched {
        let count = u64::try_from(visits.len()).unwrap_or(0);
        Watched {
            report: Report {
                seed,
                visits: count,
                lines: self.lines,
                places: self.places,
                refused: Count::of_refusals(&self.refused),
                line_reasons: Count::of_lines(&self.line_reasons),
            },
            latency: Latency {
                core: Spread::of(&self.core.each),
                whole: Spread::of(&whole.each),
                core_lines_per_second: self.core.per_second(self.lines),
                whole_cases_per_second: whole.per_second(count),
            },
            statements: self.shown.into_iter().flatten().collect(),
        }
    }
}
