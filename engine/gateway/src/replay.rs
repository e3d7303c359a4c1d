//! What was signed once may come again with the same body, and goes on to the idempotency check; with another body it is refused. Each
//! nonce is remembered as long as its time stamp would be taken, by the minute of that stamp.

use std::collections::{BTreeMap, HashMap};

use crate::limits::{REPLAYS_MAX, SIGNATURE_WINDOW_MS};
use crate::refusal::Refusal;
use crate::sign::Once;
use crate::sign::credential::CredentialId;

/// Whether a signature was seen before.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Seen {
    /// It is new.
    First,
    /// It came before, with the same body.
    Again,
}

/// The signatures of all credentials that are still within the window.
#[derive(Debug, Default)]
pub struct Replays {
    of: HashMap<CredentialId, Minutes>,
}

/// Those of one credential.
#[derive(Debug, Default)]
struct Minutes {
    /// By the minute of their stamps: nonce to body.
    minutes: BTreeMap<i64, HashMap<[u8; 16], [u8; 16]>>,
    count: usize,
    /// The last minute that was dropped. A clock that is set back would else let its stamps in again, and nothing knows them.
    dropped: Option<i64>,
}

impl Replays {
    /// Notes a signature. Where a credential has [`REPLAYS_MAX`] within the window the call is refused as busy: to forget one instead would
    /// let it be used again.
    pub fn note(&mut self, once: &Once, now_ms: i64) -> Result<Seen, Refusal> {
        let minutes = self.of.entry(once.of).or_default();
        minutes.drop_before(now_ms);
        let minute = minute(once.made_ms);
        if minutes.dropped.is_some_and(|dropped| minute <= dropped) {
            return Err(Refusal::Expired);
        }
        let known = minutes.minutes.get(&minute).and_then(|known| known.get(&once.seen));
        match known {
            Some(body) if *body == once.body => Ok(Seen::Again),
            Some(_) => Err(Refusal::Replayed),
            None if minutes.count >= REPLAYS_MAX => Err(Refusal::Busy),
            None => {
                minutes.minutes.entry(minute).or_default().insert(once.seen, once.body);
                minutes.count += 1;
                Ok(Seen::First)
            }
        }
    }

    /// How many are remembered.
    pub fn count(&self) -> usize {
        self.of.values().map(|minutes| minutes.count).sum()
    }
}

impl Minutes {
    /// Drops the minutes no stamp of which is taken any more.
    fn drop_before(&mut self, now_ms: i64) {
        let ended = minute(now_ms.saturating_sub(SIGNATURE_WINDOW_MS)) - 1;
        while let Some(first) = self.minutes.first_entry()
            && *first.key() <= ended
        {
            self.count -= first.remove().len();
        }
        self.dropped = self.dropped.max(Some(ended));
    }
}

fn minute(ms: i64) -> i64 {
    ms.div_euclid(60_000)
}
