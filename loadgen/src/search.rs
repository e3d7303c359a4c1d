//! The search for a capacity, without a server: which rate is tried next, for how long, and what follows from what held. A noisy
//! machine is part of the task, so a rate is judged by the majority of its tries, and verdicts that contradict each other are told.

use std::collections::BTreeMap;

/// How it is searched.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Search {
    /// Visits a second at first.
    pub from: f64,
    /// How long a try lasts at least, in seconds.
    pub seconds: f64,
    /// How long a confirmation lasts at least, in seconds.
    pub confirm_seconds: f64,
    /// Searches, one after the other; each but the first begins at half of what the one before it found.
    pub repeat: u32,
}

impl Default for Search {
    fn default() -> Search {
        Search { from: 100.0, seconds: 8.0, confirm_seconds: 15.0, repeat: 1 }
    }
}

impl Search {
    /// What is wrong with it.
    pub fn wrong(&self) -> Option<&'static str> {
        let right = |number: f64, least: f64| number.is_finite() && (least..=1e6).contains(&number);
        if !right(self.from, 1.0) {
            Some("--from is a rate of at least 1")
        } else if !right(self.seconds, 1.0) || !right(self.confirm_seconds, 1.0) {
            Some("--seconds and --confirm-seconds are at least 1")
        } else if !(1..=100).contains(&self.repeat) {
            Some("--repeat is from 1 to 100")
        } else {
            None
        }
    }
}

/// From one rate of the ladder to the next.
const RUNG: f64 = 1.05;

/// Rungs that are still the same capacity: 1.05³ is 1.16, about the 15 % within which two searches have to agree.
const SAME: i32 = 3;

/// Settlements beyond the quantile that a verdict hangs on, at least.
const BEYOND: f64 = 20.0;

/// Longer than this no try is made, in seconds: below 67 visits a second p99.9 hangs on fewer than [`BEYOND`].
const TRY_SECONDS_MAX: f64 = 300.0;

/// How long a rough try lasts at most, in seconds: it only says where to look.
const ROUGH_SECONDS_MAX: f64 = 3.0;

/// Rungs between what holds and what fails from which on every verdict is one of the majority.
const NEAR: i32 = 4;

/// Held or failed: so many of at most three tries.
const MOST: u32 = 2;

/// One in so many tries well off what was found may come out against it: a neighbour's doing. More are noise.
const SURPRISES: u32 = 4;

/// Tries after which a search gives up: a quiet machine takes some twenty-five.
const TRIES_MAX: u32 = 80;

/// The doubt where no rate was found at all: the headline says so by itself.
pub(crate) const NOWHERE: &str = "it held nowhere";

/// What kind of try it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Short and lenient: it says where to look, and nothing else follows from it.
    Rough,
    /// Long enough for a verdict.
    Full,
    /// A verdict on what was found.
    Confirm,
}

/// A rate to be tried.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) kind: Kind,
    /// Visits a second.
    pub(crate) rate: f64,
    pub(crate) seconds: f64,
    /// Which try at this rate, from one.
    pub(crate) number: u32,
}

/// What is tried: a server under load, or in a test the likeness of one.
pub(crate) trait Trial {
    /// Whether the objective held; `None`: somebody wants it to end.
    async fn held(&mut self, ask: Ask) -> Option<bool>;
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// The highest rate of which the majority held, confirmed; nought: none.
    pub(crate) rate: f64,
    /// The lowest rate above it of which the majority failed; nought: none.
    pub(crate) not_at: f64,
    /// Every confirmation.
    pub(crate) confirmations: Vec<(f64, bool)>,
    /// Why it has not converged; empty: it has.
    pub(crate) doubts: Vec<String>,
}

/// Held and failed tries of a rate.
#[derive(Copy, Clone, Debug, Default)]
struct Tally {
    held: u32,
    failed: u32,
}

impl Tally {
    fn count(&mut self, held: bool) {
        self.held += u32::from(held);
        self.failed += u32::from(!held);
    }

    /// What the majority says, if there is one.
    fn verdict(self) -> Option<bool> {
        if self.held >= MOST && self.held > self.failed {
            Some(true)
        } else if self.failed >= MOST && self.failed > self.held {
            Some(false)
        } else {
            None
        }
    }
}

/// It was interrupted, or has no end.
enum Ended {
    Stopped,
    TooLong,
}

struct Searching<'t, T> {
    search: Search,
    quantile: f64,
    trial: &'t mut T,
    /// The rate of rung nought.
    base: f64,
    tallies: BTreeMap<i32, Tally>,
    tries: u32,
    confirmations: Vec<(f64, bool)>,
}

/// Where the objective seems to end: rungs between which the search begins, and beyond which it may go.
#[derive(Copy, Clone)]
struct Hint {
    low: i32,
    high: i32,
}

/// Finds the highest rate at which an objective on a quantile holds.
pub(crate) async fn find<T: Trial>(search: Search, quantile: f64, trial: &mut T) -> Found {
    let mut searching = Searching {
        search,
        quantile,
        trial,
        base: search.from,
        tallies: BTreeMap::new(),
        tries: 0,
        confirmations: Vec::new(),
    };
    let ended = searching.whole().await;
    let (rung, mut doubts) = match ended {
        Ok((rung, doubts)) => (rung, doubts),
        Err(Ended::Stopped) => (None, vec!["it was interrupted".to_owned()]),
        Err(Ended::TooLong) => (None, vec![format!("no end after {TRIES_MAX} tries")]),
    };
    if doubts.is_empty() {
        doubts = searching.contradictions(rung);
    }
    let above = |rung: i32| searching.lowest_failed_above(rung).map(|rung| searching.rate(rung));
    Found {
        rate: rung.map_or(0.0, |rung| searching.rate(rung)),
        not_at: above(rung.unwrap_or(i32::MIN)).unwrap_or(0.0),
        confirmations: searching.confirmations,
        doubts,
    }
}

impl<T: Trial> Searching<'_, T> {
    fn rate(&self, rung: i32) -> f64 {
        let rate = self.base * RUNG.powi(rung);
        // Whole numbers read better, where rungs stay apart.
        if rate >= 100.0 { rate.round() } else { rate }
    }

    /// Roughly first, then rung by rung, then confirmed; and once again where it holds far above what was found.
    async fn whole(&mut self) -> Result<(Option<i32>, Vec<String>), Ended> {
        let Some(hint) = self.roughly().await? else {
            return Ok((None, vec![NOWHERE.to_owned()]));
        };
        let (mut held, mut failed) = (None, None);
        for anew in [false, true] {
            held = self.between(hint, held, failed).await?;
            let Some(found) = held else {
                return Ok((
                    None,
                    vec!["it passed short tries and held in no long one".to_owned()],
                ));
            };
            let Some(confirmed) = self.confirm(found).await? else { break };
            if self.probe(confirmed + SAME, false).await? {
                // What had failed below it was somebody else's doing: on from here, but only once.
                if !anew {
                    self.again_below(confirmed + SAME).await?;
                    let above = confirmed + SAME;
                    (held, failed) = (Some(above), self.lowest_failed_above(above));
                    continue;
                }
                let doubt = "it held well above what had failed, twice over".to_owned();
                return Ok((Some(confirmed), vec![doubt]));
            }
            let mut doubts = Vec::new();
            if !self.probe(confirmed - SAME, true).await? {
                let below = self.rate(confirmed - SAME);
                doubts
                    .push(format!("it held at {:.0}/s, not at {below:.0}/s", self.rate(confirmed)));
            }
            if found - confirmed >= SAME {
                let found = self.rate(found);
                doubts.push(format!("{found:.0}/s held in tries, not in confirmations"));
            }
            return Ok((Some(confirmed), doubts));
        }
        Ok((None, vec!["what was found was not confirmed".to_owned()]))
    }

    /// Doubles what passes, and narrows the gap to what does not to three tenths, by short tries.
    async fn roughly(&mut self) -> Result<Option<Hint>, Ended> {
        let (mut passed, mut not) = (0.0_f64, f64::INFINITY);
        let mut rate = self.search.from;
        while passed <= 0.0 || not / passed > 1.3 {
            if !(1.0..=1e6).contains(&rate) {
                break;
            }
            // A neighbour may spoil one or two, and what fails is soon over: what does not pass is tried three times.
            let mut held = false;
            for number in 1..=3 {
                held = held || self.rough(rate, number).await?;
            }
            if held {
                passed = rate;
            } else {
                not = rate;
            }
            rate = match (passed > 0.0, not.is_finite()) {
                (true, true) => (passed * not).sqrt(),
                (true, false) => passed * 2.0,
                (false, _) => not / 2.0,
            };
        }
        if passed <= 0.0 {
            return Ok(None);
        }
        self.base = passed;
        let rungs = |times: f64| (times.ln() / RUNG.ln()).ceil() as i32;
        // The objective itself ends somewhere below what passes roughly.
        Ok(Some(Hint { low: -rungs(1.5), high: rungs((not / passed).min(2.0)) }))
    }

    async fn rough(&mut self, rate: f64, number: u32) -> Result<bool, Ended> {
        let seconds = self.search.seconds.min(ROUGH_SECONDS_MAX);
        self.ask(Ask { kind: Kind::Rough, rate, seconds, number }).await
    }

    /// Halves the gap between a rung that holds and one that fails until they are neighbours; both are looked for where one is not known.
    async fn between(
        &mut self,
        hint: Hint,
        mut held: Option<i32>,
        mut failed: Option<i32>,
    ) -> Result<Option<i32>, Ended> {
        let mut step = 1;
        loop {
            let next = match (held, failed) {
                (Some(held), Some(failed)) if failed - held <= 1 => break,
                (Some(held), Some(failed)) => held + (failed - held) / 2,
                (Some(held), None) if held + 1 < hint.high => held + (hint.high - held + 1) / 2,
                (None, Some(failed)) if failed > hint.low + 1 => hint.low + (failed - hint.low) / 2,
                (None, None) => hint.low + (hint.high - hint.low) / 2,
                // Beyond the hint, further each time.
                (Some(held), None) => held + step,
                (None, Some(failed)) => failed - step,
            };
            if !(hint.low + 1..hint.high).contains(&next) {
                step *= 2;
            }
            if !(1.0..=1e6).contains(&self.rate(next)) {
                break;
            }
            // Far from the end one try that holds shows the way: what follows from it is confirmed later.
            let near = held.zip(failed).is_some_and(|(held, failed)| failed - held <= NEAR);
            if self.decided(next, if near { MOST } else { 1 }).await? {
                held = Some(next);
            } else {
                failed = Some(next);
            }
        }
        Ok(held)
    }

    /// Tries a rung until so many tries have held and none failed, or the majority of its tries is clear: two alike, of three at
    /// most where none was made before.
    async fn decided(&mut self, rung: i32, enough: u32) -> Result<bool, Ended> {
        loop {
            let tally = self.tally(rung);
            if tally.failed == 0 && tally.held >= enough {
                return Ok(true);
            }
            if let Some(verdict) = tally.verdict() {
                return Ok(verdict);
            }
            let _ = self.full(rung, Kind::Full).await?;
        }
    }

    /// Confirms a rung, or the next below it, by the majority of up to three runs of their own.
    async fn confirm(&mut self, found: i32) -> Result<Option<i32>, Ended> {
        let mut rung = found;
        while self.rate(rung) >= 1.0 && found - rung <= 2 * SAME {
            let mut own = Tally::default();
            let held = loop {
                if let Some(verdict) = own.verdict() {
                    break verdict;
                }
                let held = self.full(rung, Kind::Confirm).await?;
                self.confirmations.push((self.rate(rung), held));
                own.count(held);
            };
            if held {
                return Ok(Some(rung));
            }
            rung -= 1;
        }
        Ok(None)
    }

    /// Tries a rung once more, until two tries that are made now are alike. Whether it held; it is as expected where it cannot be tried.
    async fn probe(&mut self, rung: i32, expected: bool) -> Result<bool, Ended> {
        if !(1.0..=1e6).contains(&self.rate(rung)) {
            return Ok(expected);
        }
        let mut own = Tally::default();
        loop {
            if let Some(verdict) = own.verdict() {
                return Ok(verdict);
            }
            own.count(self.full(rung, Kind::Full).await?);
        }
    }

    /// Tries what had failed below a rung that holds until the majority of five is clear.
    async fn again_below(&mut self, rung: i32) -> Result<(), Ended> {
        // With a third failure three of five have failed.
        let open = |tally: &Tally| tally.failed == MOST && tally.held <= MOST;
        while let Some((failed, _)) = self.tallies.range(..rung).find(|(_, tally)| open(tally)) {
            let failed = *failed;
            let _ = self.full(failed, Kind::Full).await?;
        }
        Ok(())
    }

    async fn full(&mut self, rung: i32, kind: Kind) -> Result<bool, Ended> {
        let rate = self.rate(rung);
        let least = match kind {
            Kind::Confirm => self.search.confirm_seconds,
            Kind::Full | Kind::Rough => self.search.seconds,
        };
        let needed = BEYOND / (1.0 - self.quantile) / rate;
        let seconds = needed.clamp(least, least.max(TRY_SECONDS_MAX));
        let Tally { held, failed } = self.tally(rung);
        let held = self.ask(Ask { kind, rate, seconds, number: held + failed + 1 }).await?;
        self.tallies.entry(rung).or_default().count(held);
        Ok(held)
    }

    async fn ask(&mut self, ask: Ask) -> Result<bool, Ended> {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            return Err(Ended::TooLong);
        }
        self.trial.held(ask).await.ok_or(Ended::Stopped)
    }

    fn tally(&self, rung: i32) -> Tally {
        self.tallies.get(&rung).copied().unwrap_or_default()
    }

    fn lowest_failed_above(&self, rung: i32) -> Option<i32> {
        let of = |(rung, tally): (&i32, &Tally)| (tally.verdict() == Some(false)).then_some(*rung);
        self.tallies.iter().filter(|(at, _)| **at > rung).find_map(of)
    }

    /// Verdicts that cannot all be right: a rate of which the majority held well above one of which the majority failed; or tries well
    /// off what was found of which many came out on the wrong side.
    fn contradictions(&self, found: Option<i32>) -> Vec<String> {
        let decided =
            |held: bool| self.tallies.iter().filter(move |(_, one)| one.verdict() == Some(held));
        if let (Some((low, _)), Some((high, _))) =
            (decided(false).next(), decided(true).next_back())
            && high - low >= SAME
        {
            let (low, high) = (self.rate(*low), self.rate(*high));
            return vec![format!("it failed at {low:.0}/s and held at {high:.0}/s")];
        }
        let Some(found) = found else { return Vec::new() };
        let (mut wrong, mut all) = (0, 0);
        for (rung, tally) in self.tallies.iter().filter(|(rung, _)| (*rung - found).abs() >= SAME) {
            wrong += if *rung < found { tally.failed } else { tally.held };
            all += tally.held + tally.failed;
        }
        if all == 0 || wrong * SURPRISES < all {
            return Vec::new();
        }
        vec![format!("of {all} tries well off it {wrong} held or failed against it")]
    }
}

#[cfg(test)]
mod tests;
