//! A request that came before: what it is answered then. It gets its answer again, but never that something is done which was undone since.

use super::decide::{Decided, Shelf, refused};
use super::undo::{made_by, record_at};
use super::{Effect, Ledger, Remembered, RequestKey};
use crate::command::{Command, What};
use crate::event::{Event, Record, Refused};
use crate::id::VisitId;
use crate::reason::Conduct;

impl Ledger {
    /// The answer to a request that came before.
    pub(super) fn answered(
        &self,
        command: &Command,
        key: RequestKey,
        shelf: &impl Shelf,
    ) -> Result<Option<Decided>, Refused> {
        let Some(known) = self.known(command, key, shelf)? else {
            return Ok(None);
        };
        let same = known.digest == command.request.digest;
        Ok(Some(match known.effect {
            Effect::Mark | Effect::Undone => Decided::Refused(Refused {
                detail: known.time_ms,
                ..refused(Conduct::ReversedBefore)
            }),
            _ if !same => Decided::Refused(refused(Conduct::KeyWithOtherContent)),
            Effect::Settlement(settlement) => match self.cancelled_by(command, settlement) {
                Some(place) => {
                    // Whoever asks again would take the old answer for a settlement that stands.
                    let detail = record_at(shelf, place).map_or(0, |record| record.time_ms);
                    Decided::Refused(Refused { detail, ..refused(Conduct::CancelledBefore) })
                }
                None => Decided::Again(known.place),
            },
            // Whoever asks again would take the old answer for a filing that stands.
            Effect::Filing(number) if !self.is_filed(command, number) => {
                Decided::Refused(refused(Conduct::FilingWithdrawn))
            }
            // Nor for a visit that was taken back (2202 2404), or for an end of it that was (2405).
            Effect::Visit(number) if self.is_withdrawn(command, number, shelf)? => {
                Decided::Refused(refused(Conduct::VisitWithdrawn))
            }
            Effect::Lasting if self.is_open_again(command) => {
                Decided::Refused(refused(Conduct::EndWithdrawn))
            }
            Effect::Refused
            | Effect::Lasting
            | Effect::Visit(_)
            | Effect::Filing(_)
            | Effect::Cancellation(_) => Decided::Again(known.place),
        }))
    }

    /// Whether a visit was registered and taken back: one that is not there and never had a settlement. One that has, cancelled or not, is put
    /// away some day.
    fn is_withdrawn(
        &self,
        command: &Command,
        visit: u64,
        shelf: &impl Shelf,
    ) -> Result<bool, Refused> {
        if self.visit(VisitId::new(visit)).is_some() {
            return Ok(false);
        }
        for held in self.member(command)?.settled().iter().filter(|one| one.seq() > visit) {
            let (record, _) = made_by(shelf, *held)?;
            if let Event::Settled(settled) = &record.event
                && settled.visit.get() == visit
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a command registers an end that the visit does not have (any more).
    fn is_open_again(&self, command: &Command) -> bool {
        let What::ChangeVisit(visit, change) = &command.what else { return false };
        let Some(Some(end)) = change.end else { return false };
        self.visit(*visit).is_some_and(|visit| visit.facts.end != Some(end))
    }

    /// What is remembered of a request, or of the settlement that it made long ago. Where that settlement's record cannot be
    /// read it is refused, since whether the request has come is not known then.
    pub(super) fn known(
        &self,
        command: &Command,
        key: RequestKey,
        shelf: &impl Shelf,
    ) -> Result<Option<Remembered>, Refused> {
        if let Some(known) = self.requests.get(key) {
            return Ok(Some(*known));
        }
        let member = self.members.get(&command.request.psn_no);
        let settled = member.map_or(&[][..], |member| member.settled());
        for held in settled.iter().filter(|one| one.mark() == key.mark()) {
            let (record, place) = made_by(shelf, *held)?;
            if RequestKey::of_record(&record) == Some(key) {
                let Record { seq, time_ms, request, .. } = record;
                let effect = Effect::Settlement(seq);
                return Ok(Some(Remembered { digest: request.digest, place, time_ms, effect }));
            }
        }
        Ok(None)
    }

    /// The record that cancelled a settlement, where it does not stand.
    fn cancelled_by(&self, command: &Command, settlement: u64) -> Option<u64> {
        let member = self.members.get(&command.request.psn_no)?;
        let held = member.settled().iter().find(|one| one.seq() == settlement)?;
        held.is_cancelled().then(|| held.place())
    }
}
