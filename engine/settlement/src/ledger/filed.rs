//! What is filed for a member (备案) and withdrawn again: it is in force at once, and the next settlement sees it.

use alloc::boxed::Box;

use super::Ledger;
use super::decide::{Shelf, refused};
use super::undo::{Old, standing};
use crate::command::Command;
use crate::date::Span;
use crate::event::{Event, Refused};
use crate::facts::{Filed, FiledFact, FiledKind, MemberFacts};
use crate::limits::{FILED_BY_ONE_MAX, FILED_MAX};
use crate::reason::Conduct;

impl Ledger {
    /// Something is filed for a member.
    pub(super) fn file(&self, command: &Command, what: &Filed) -> Result<Event, Refused> {
        let mut facts = self.facts_of(command)?;
        let request = &command.request;
        if !request.asker.is_empty() && self.facility(&request.asker).is_none() {
            return Err(refused(Conduct::FacilityUnknown));
        }
        let span = what.span();
        if span.to <= span.from {
            return Err(refused(Conduct::FilingDatesReversed));
        }
        if facts.has(what) {
            return Err(refused(Conduct::FilingExists));
        }
        let of_asker = facts.filed.iter().filter(|filed| filed.facility == request.asker).count();
        let most = if request.asker.is_empty() { FILED_MAX } else { FILED_BY_ONE_MAX };
        if facts.filed.len() >= FILED_MAX || of_asker >= most {
            return Err(refused(Conduct::TooManyFilings));
        }
        // ---- nothing fails from here on
        facts.filed.push(FiledFact {
            number: command.seq,
            facility: request.asker.clone(),
            infno: request.infno,
            msgid: request.msgid.clone(),
            digest: request.digest,
            what: what.clone(),
        });
        Ok(Event::Filed(Box::new(what.clone()), facts))
    }

    /// What was filed is withdrawn, by who filed it or by the bureau.
    ///
    /// The interface lets a facility withdraw what is "not yet audited". Nobody audits here, a filing is in force at once; so what
    /// a settlement was decided by counts as audited while that stands. The bureau may take it back all the same, and have what
    /// it paid made anew.
    pub(super) fn unfile(
        &self,
        command: &Command,
        number: u64,
        kind: FiledKind,
        shelf: &impl Shelf,
    ) -> Result<Event, Refused> {
        let mut facts = self.facts_of(command)?;
        let asker = &command.request.asker;
        let of_bureau = asker.is_empty();
        let wanted = |one: &FiledFact| {
            one.number == number && one.what.kind() == kind && (of_bureau || one.facility == *asker)
        };
        let place = facts.filed.iter().position(wanted);
        let place = place.ok_or(refused(Conduct::FilingUnknown))?;
        let known = facts.filed.get(place).ok_or(refused(Conduct::FilingUnknown))?;
        if !of_bureau && self.is_used(command, known, shelf)? {
            return Err(refused(Conduct::FilingUsed));
        }
        // ---- nothing fails from here on
        let filed = facts.filed.remove(place);
        Ok(Event::Unfiled(Box::new(filed), facts))
    }

    /// Whether what a request filed stands.
    pub(super) fn is_filed(&self, command: &Command, number: u64) -> bool {
        let facts = self.facts_of(command);
        facts.is_ok_and(|facts| facts.filed.iter().any(|one| one.number == number))
    }

    fn facts_of(&self, command: &Command) -> Result<MemberFacts, Refused> {
        self.member(command)?.facts().ok_or(refused(Conduct::MemberUnknown))
    }

    /// Whether a settlement that stands was decided by a filing.
    fn is_used(
        &self,
        command: &Command,
        filed: &FiledFact,
        shelf: &impl Shelf,
    ) -> Result<bool, Refused> {
        if let Filed::Facility(_) = filed.what {
            // No pack asks for it.
            return Ok(false);
        }
        let settled = self.member(command)?.settled();
        // One that was admitted before it knew nothing of it.
        let since = settled.iter().filter(|one| one.seq() > filed.number);
        let since = standing(since, shelf)?;
        Ok(since.iter().any(|old| self.uses(old, &filed.what)))
    }

    /// Whether a settlement looked at a filing, whatever came of that.
    fn uses(&self, old: &Old, filed: &Filed) -> bool {
        let (visit, how) = (&old.settled.facts, &old.settled.how);
        let begin = visit.begin.day();
        // The pack says which day governs, and a stay that is divided has several.
        let days = Span { from: begin, to: how.end.max(how.settled).day().next() };
        if !filed.span().overlaps(days) {
            return false;
        }
        match filed {
            Filed::OffRegion(filing) => {
                let facility = self.facility(&old.facility);
                let facts = facility.and_then(|one| one.facts_of(old.settled.facility));
                facts.is_none_or(|facts| filing.is_for(facts.admdvs))
            }
            Filed::Disease(approval) => {
                let here = approval.facility.as_ref().is_none_or(|code| *code == old.facility);
                visit.disease.as_ref() == Some(&approval.disease) && here
            }
            Filed::Facility(_) => false,
            Filed::Accident(accident) => visit.accident && accident.span.contains(begin),
        }
    }
}
