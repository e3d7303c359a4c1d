//! The registered visits of a shard: by number, and by member, whose visits are asked for one member at a time.

use alloc::collections::{BTreeMap, BTreeSet};

use super::OpenVisit;
use crate::facts::Text;

/// Registered visits. Whose a visit is never changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Visits {
    by_number: BTreeMap<u64, OpenVisit>,
    of_members: BTreeSet<(Text, u64)>,
}

impl Visits {
    /// One.
    pub(super) fn get(&self, number: u64) -> Option<&OpenVisit> {
        self.by_number.get(&number)
    }

    /// One, to be changed in all but whose it is.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut OpenVisit> {
        self.by_number.get_mut(&number)
    }

    /// All, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &OpenVisit)> {
        self.by_number.iter().map(|(number, visit)| (*number, visit))
    }

    /// A member's, by number.
    pub(super) fn of(&self, psn_no: &str) -> impl Iterator<Item = (u64, &OpenVisit)> {
        let psn_no = Text::from(psn_no);
        let numbers = self.of_members.range((psn_no.clone(), 0)..=(psn_no, u64::MAX));
        numbers.filter_map(|(_, number)| Some((*number, self.get(*number)?)))
    }

    /// Registers one; gives the one that had its number before.
    pub(super) fn insert(&mut self, number: u64, visit: OpenVisit) -> Option<OpenVisit> {
        let of = (visit.psn_no.clone(), number);
        let before = self.by_number.insert(number, visit);
        if let Some(before) = &before {
            self.of_members.remove(&(before.psn_no.clone(), number));
        }
        self.of_members.insert(of);
        before
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, number: u64) -> Option<OpenVisit> {
        let visit = self.by_number.remove(&number)?;
        self.of_members.remove(&(visit.psn_no.clone(), number));
        Some(visit)
    }

    /// Forgets those that something holds of.
    pub(super) fn forget(&mut self, over: impl Fn(&OpenVisit) -> bool) {
        let Visits { by_number, of_members } = self;
        by_number.retain(|number, visit| {
            let goes = over(visit);
            if goes {
                of_members.remove(&(visit.psn_no.clone(), *number));
            }
            !goes
        });
    }
}
