//! Settles cases one after another, as a person at a terminal hands them in; with `sequence`, slots and balances are carried.

use yidan_image::View;
use yidan_settlement::bill::Decision;
use yidan_settlement::catalogue::Known;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::reason::{Reason, Refusal};
use yidan_settlement::settle::{Desk, Looked};

use crate::answer::{Answer, RefusedAnswer, SettledAnswer};
use crate::bind::{self, Bound, Unbound};
use crate::case::{Case, SlotsCase};
use crate::slots::{Books, SlotValues};
use crate::world::{Loaded, World};

/// Settles cases in order.
#[derive(Debug)]
pub struct Clerk<'w> {
    world: &'w World,
    policy: Option<&'w Loaded>,
    sequence: bool,
    books: Books,
    desk: Desk,
    number: u64,
}

/// A case that was settled, with what a statement is made of.
#[derive(Debug)]
pub struct Settled<'c> {
    /// Number of the case in its input, from 1.
    pub number: u64,
    /// The pack.
    pub pack: &'c Pack,
    /// The decision.
    pub decision: &'c Decision,
    /// The bound case, with the labels of its slots.
    pub bound: &'c Bound,
    /// Slots of the member before.
    pub before: SlotValues,
    /// Slots of the member after.
    pub after: SlotValues,
    /// `mdtrt_id`, or what stands for it.
    pub mdtrt_id: String,
    /// The packs and the image it was settled by.
    pub world: &'c World,
}

/// What became of a case.
#[derive(Debug)]
pub enum Outcome<'c> {
    /// Settled.
    Settled(Settled<'c>),
    /// Refused.
    Refused(u64, Refusal),
}

/// A case that cannot be settled because of what stands in it.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
pub enum ClerkError {
    /// A field means nothing, or the catalogue is missing.
    #[error(transparent)]
    Unbound(#[from] Unbound),
    /// Neither a pool nor a policy file.
    #[error(
        "field `admdvs`: expected the pool of insurance (or name a policy file with --policy), found nothing"
    )]
    NoPool,
    /// A later case of a sequence brings what is carried.
    #[error(
        "field `member.{0}`: a later case of member {1} in a sequence brings its own; leave it out, it is carried"
    )]
    Carried(&'static str, String),
    /// A slot that the pack does not have.
    #[error("field `member.slots.{0}`: the pack has no slot of this name; it has {1}")]
    UnknownSlot(String, String),
}

impl<'w> Clerk<'w> {
    /// A clerk who has settled nothing. `policy` takes the place of the pool's pack.
    pub fn new(world: &'w World, policy: Option<&'w Loaded>, sequence: bool) -> Clerk<'w> {
        Clerk { world, policy, sequence, books: Books::default(), desk: Desk::new(), number: 0 }
    }

    /// Counts a case that could not be read, so that those after it keep their numbers.
    pub fn pass_over(&mut self) {
        self.number += 1;
    }

    /// The pack that a case is settled by.
    pub fn pack_of(&self, case: &Case) -> Option<&'w Loaded> {
        self.policy.or_else(|| self.world.pack_of(case.admdvs.as_ref()?))
    }

    /// Settles one case and hands the outcome on.
    ///
    /// # Errors
    /// What stands in the case and means nothing.
    pub fn settle<T>(
        &mut self,
        case: &Case,
        then: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, ClerkError> {
        self.number += 1;
        let number = self.number;
        if self.policy.is_none() && case.admdvs.is_none() {
            return Err(ClerkError::NoPool);
        }
        let Some(loaded) = self.pack_of(case) else {
            return Ok(then(Outcome::Refused(number, Refusal::of(Reason::PoolWithoutPack))));
        };
        let pack = &*loaded.pack;
        let mut bound = bind::bind(case, loaded, self.world, number)?;
        let before = self.slots_before(case, pack)?;
        if self.sequence
            && let Some(balance) = self.books.balance(&case.member.psn_no)
        {
            bound.set_balance(balance);
        }
        let empty = yidan_settlement::catalogue::RuleBook::default();
        let rules = self.world.image().map_or(&empty, |image| image.rules());
        let looked =
            Looked { found: Known::new(&bound.found), rules, kinds_of_tags: &loaded.kinds_of_tags };
        let submitted = bound.submitted();
        let labels = &bound.labels;
        match self.desk.settle(&submitted, pack, looked, |key| labels.read(&before, key, pack)) {
            Err(refusal) => Ok(then(Outcome::Refused(number, refusal))),
            Ok(decision) => {
                let mut after = before.clone();
                labels.apply(&mut after, decision, pack);
                if self.sequence {
                    self.books.keep(&case.member.psn_no, &after, decision.balance);
                }
                let mdtrt_id = bind::mdtrt_id(case, number);
                Ok(then(Outcome::Settled(Settled {
                    number,
                    pack,
                    decision,
                    bound: &bound,
                    before,
                    after,
                    mdtrt_id,
                    world: self.world,
                })))
            }
        }
    }

    /// Settles one case and answers it.
    ///
    /// # Errors
    /// What stands in the case and means nothing.
    pub fn answer(&mut self, case: &Case) -> Result<Answer, ClerkError> {
        let pack = self.pack_of(case).map(|loaded| &*loaded.pack);
        self.settle(case, |outcome| match outcome {
            Outcome::Settled(settled) => Answer::Settled(settled.answer(case)),
            Outcome::Refused(number, refusal) => {
                Answer::Refused(RefusedAnswer::of(number, &refusal, case, pack))
            }
        })
    }

    /// The member's slots: carried, or those of the case.
    fn slots_before(&self, case: &Case, pack: &Pack) -> Result<SlotValues, ClerkError> {
        let member = &case.member;
        if self.sequence
            && let Some(slots) = self.books.slots(&member.psn_no)
        {
            if member.slots.is_some() {
                return Err(ClerkError::Carried("slots", member.psn_no.clone()));
            }
            if member.balc.is_some() {
                return Err(ClerkError::Carried("balc", member.psn_no.clone()));
            }
            return Ok(slots);
        }
        member
            .slots
            .as_ref()
            .map_or_else(|| Ok(SlotValues::new()), |slots| given_slots(slots, pack))
    }
}

impl Settled<'_> {
    /// The answer, without explanation.
    pub fn answer(&self, case: &Case) -> SettledAnswer {
        SettledAnswer::of(self, case)
    }

    /// The region of the catalogue that the lines of the case were looked up in, where there are lines.
    pub fn view(&self, case: &Case) -> Option<View<'_>> {
        case.lines.as_ref().and_then(|_| bind::catalogue_of(case, self.pack, self.world))
    }
}

/// Slots given in a case: amounts in yuan, counts as whole numbers.
fn given_slots(slots: &SlotsCase, pack: &Pack) -> Result<SlotValues, ClerkError> {
    let mut values = SlotValues::new();
    for (period, of_period) in slots {
        for (slot, amount) in of_period {
            let id = slot.split_once('[').map_or(slot.as_str(), |(id, _)| id);
            let Some(known) = pack.slot_named(id).and_then(|id| pack.slot(id)) else {
                let names: Vec<&str> =
                    pack.data().slots.iter().map(|slot| slot.id.as_str()).collect();
                return Err(ClerkError::UnknownSlot(format!("{period}.{slot}"), names.join(", ")));
            };
            let value =
                if known.count { Fen::new(amount.0.get().div_euclid(100)) } else { amount.0 };
            values.entry(period.clone()).or_default().insert(slot.clone(), value);
        }
    }
    Ok(values)
}
