//! How much an institution may ask at once: so many calls a second, with some room for a rush, and so many that wait for their answers.
//! What is more is refused as busy, at once: one institution's mistake is not to be others' wait.

use std::collections::HashMap;

use yidan_settlement::facts::Text;

use crate::refusal::Refusal;

/// What an institution may ask.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Limits {
    /// Calls a second, over time.
    pub per_second: u32,
    /// Calls that may come at one moment after a pause.
    pub burst: u32,
    /// Calls that may wait for their answers.
    pub at_once: u32,
}

impl Limits {
    /// A large hospital: its busiest second has about ten calls, its nightly uploads use a dozen connections.
    pub const USUAL: Limits = Limits { per_second: 50, burst: 200, at_once: 64 };
}

/// What institutions ask.
#[derive(Debug, Default)]
pub struct Limiter {
    /// By institution code. Only those that a credential speaks for come here, so they are as many as are configured.
    of: HashMap<Text, Asked>,
}

/// What one institution asks.
#[derive(Debug)]
struct Asked {
    /// Thousandths of calls that may still come now.
    room: u64,
    at_ms: i64,
    waiting: u32,
}

/// The place of a call that waits for its answer; it is given back by [`Limiter::leave`].
#[must_use = "the place of a call is given back when it is answered"]
#[derive(Debug)]
pub struct Place(Text);

impl Limiter {
    /// Takes a call of an institution in, or refuses it.
    pub fn enter(
        &mut self,
        institution: &str,
        limits: &Limits,
        now_ms: i64,
    ) -> Result<Place, Refusal> {
        let most = u64::from(limits.burst) * 1_000;
        if !self.of.contains_key(institution) {
            let new = Asked { room: most, at_ms: now_ms, waiting: 0 };
            self.of.insert(institution.into(), new);
        }
        let asked = self.of.get_mut(institution).ok_or(Refusal::Busy)?;
        asked.fill(limits, most, now_ms);
        if asked.waiting >= limits.at_once || asked.room < 1_000 {
            return Err(Refusal::Busy);
        }
        asked.room -= 1_000;
        asked.waiting += 1;
        Ok(Place(institution.into()))
    }

    /// Gives the place of an answered call back.
    pub fn leave(&mut self, place: Place) {
        let asked =
            self.of.get_mut(&place.0).expect("a place is one of an institution that entered");
        asked.waiting = asked.waiting.checked_sub(1).expect("a place is given back once");
    }

    /// How many calls of an institution wait for their answers.
    pub fn waiting(&self, institution: &str) -> u32 {
        self.of.get(institution).map_or(0, |asked| asked.waiting)
    }
}

impl Asked {
    /// Adds what time has brought. A clock that is set back brings nothing, and time goes on from there.
    fn fill(&mut self, limits: &Limits, most: u64, now_ms: i64) {
        let passed = u64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(0);
        let brought = passed.saturating_mul(limits.per_second.into());
        self.room = self.room.saturating_add(brought).min(most);
        self.at_ms = now_ms;
    }
}
