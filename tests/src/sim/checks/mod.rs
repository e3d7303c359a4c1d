//! What must hold after every restart and at the end of a run: one file for each property, each says how it is violated.

pub mod answered;
pub mod audit;
pub mod families;
pub mod identities;
pub mod once;
pub mod replay;
pub mod reversals;
pub mod rot;
pub mod totals;
pub mod visits;

use yidan_journal::format::Kind;
use yidan_journal::scan;
use yidan_journal::storage::memory::Memory;
use yidan_settlement::event::Record;
use yidan_settlement::ledger::StateHash;
use yidan_settlement::stored;

use super::{Clients, Scene};

/// A property that does not hold.
#[derive(Debug)]
pub struct Violation {
    /// Which.
    pub property: &'static str,
    /// How.
    pub what: String,
}

/// A record as it is in the journal.
#[derive(Debug)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they say.
    pub record: Record,
}

/// What a run has left so far.
pub struct Evidence<'e> {
    /// What was settled by.
    pub scene: &'e Scene,
    /// What clients wished and were told.
    pub clients: &'e Clients,
    /// The disk.
    pub disk: &'e Memory,
    /// The records of its journal, in order.
    pub journal: Vec<Kept>,
}

/// A check: how the property is violated, where it is.
type Check = fn(&Evidence<'_>) -> Option<String>;

/// What holds whenever the engine has started.
const ALWAYS: [(&str, Check); 4] = [
    ("answered", answered::check),
    ("once", once::check),
    ("reversals", reversals::check),
    ("families", families::check),
];

/// What holds besides, when every client knows the outcome of every wish.
const AT_END: [(&str, Check); 6] = [
    ("families at rest", families::check_end),
    ("reversed for good", reversals::check_end),
    ("identities", identities::check),
    ("audit", audit::check),
    ("totals", totals::check),
    ("visits", visits::check),
];

impl<'e> Evidence<'e> {
    /// Reads the journal.
    ///
    /// # Errors
    /// A journal or a record of it that cannot be read.
    pub fn gather(
        scene: &'e Scene,
        clients: &'e Clients,
        disk: &'e Memory,
    ) -> Result<Evidence<'e>, Violation> {
        let unreadable = |what| Violation { property: "recovery", what };
        let mut journal = Vec::new();
        let mut wrong = None;
        scan(disk, |batch| {
            if batch.header.kind != Kind::Records {
                return;
            }
            for (number, bytes) in (batch.header.first_record..).zip(batch.records()) {
                match stored::whole(bytes) {
                    Some(record) => journal.push(Kept { number, bytes: bytes.to_vec(), record }),
                    None => wrong = Some(format!("record {number} cannot be read")),
                }
            }
        })
        .map_err(|error| unreadable(error.to_string()))?;
        match wrong {
            Some(wrong) => Err(unreadable(wrong)),
            None => Ok(Evidence { scene, clients, disk, journal }),
        }
    }

    /// A record by its number.
    pub fn record(&self, number: u64) -> Option<&Kept> {
        let place = self.journal.binary_search_by_key(&number, |kept| kept.number).ok()?;
        self.journal.get(place)
    }
}

fn first(evidence: &Evidence<'_>, checks: &[(&'static str, Check)]) -> Result<(), Violation> {
    checks.iter().try_for_each(|(property, check)| match check(evidence) {
        Some(what) => Err(Violation { property, what }),
        None => Ok(()),
    })
}

/// All that holds when the engine has started and has this state.
///
/// # Errors
/// The first property that does not hold.
pub fn after_restart(evidence: &Evidence<'_>, hash: StateHash) -> Result<(), Violation> {
    replay::after_restart(evidence, hash)?;
    first(evidence, &ALWAYS)
}

/// All that holds when every wish was answered and the journal is sealed.
///
/// # Errors
/// The first property that does not hold.
pub fn at_end(evidence: &Evidence<'_>) -> Result<(), Violation> {
    first(evidence, &ALWAYS)?;
    first(evidence, &AT_END)
}
