//! Settlements that are about to be folded in, some at a time: what they will change is looked up step by step, each step for
//! all before the next. Rows of members lie far apart in memory, and so what one waits for is fetched while others are looked up.

use super::{Ledger, RequestKey, Row, bucket_of};
use crate::event::Asked;

/// A settlement whose member is sought.
#[derive(Copy, Clone, Debug)]
pub struct Sought {
    bucket: u8,
    hash: u64,
    key: Option<RequestKey>,
    row: Option<Row>,
}

/// The steps, in the order they are taken in.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Step {
    /// Where the table has members of such a hash.
    Place,
    /// The row that stands there.
    Row,
    /// Whether it is of the member.
    Member,
    /// What will change in it, and where the request will be remembered.
    Lists,
}

/// All of them.
pub const STEPS: [Step; 4] = [Step::Place, Step::Row, Step::Member, Step::Lists];

impl Sought {
    /// Of one who asked for a settlement.
    pub fn of(asked: &Asked<'_>) -> Sought {
        let key = RequestKey::of_asked(asked);
        let bucket = key.map_or_else(|| bucket_of(asked.psn_no), RequestKey::bucket);
        Sought { bucket, hash: 0, key, row: None }
    }

    /// The bucket of its member.
    pub fn bucket(&self) -> u8 {
        self.bucket
    }

    /// The key of its request.
    pub fn key(&self) -> Option<RequestKey> {
        self.key
    }

    /// The row of its member, once it was found.
    pub fn row(&self) -> Option<Row> {
        self.row
    }
}

impl Ledger {
    /// Takes a step for one, and changes nothing but what is known of it.
    pub fn seek(&self, step: Step, asked: &Asked<'_>, sought: &mut Sought) {
        match step {
            Step::Place => {
                sought.hash = self.members.hash(asked.psn_no);
                sought.row = self.members.candidate(sought.hash);
            }
            Step::Row => at_hand(sought.row.and_then(|row| self.members.at(row)?.stored().first())),
            Step::Member => sought.row = self.members.row_of_hash(sought.hash, asked.psn_no),
            Step::Lists => {
                let member = sought.row.and_then(|row| self.members.at(row));
                let slots = member.map(|member| member.slots());
                at_hand(slots.and_then(|slots| Some((slots.first()?.value, slots.last()?.value))));
                at_hand(member.and_then(|member| Some(member.settled().last()?.seq())));
                at_hand(sought.key.map(|key| self.requests.get(key).is_some()));
            }
        }
    }
}

/// Reads a value and makes nothing of it: it is in the processor's memory from then on.
fn at_hand<T>(value: T) {
    core::hint::black_box(value);
}
