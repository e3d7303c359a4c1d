//! Accounts of other members that pay for one (家庭共济). What may be paid is held in the owner's shard first, the member's shard
//! then decides on it, and the owner's is told what was paid: each is a record of its own, and none is undone by another.

use alloc::vec::Vec;

use super::decide::refused;
use super::{Broken, Ledger};
use crate::command::{Command, EndHold, Hold};
use crate::event::{Event, FamilyEnded, FamilyHeld, Refused, Settled, Share};
use crate::facts::{MemberFacts, SettleFacts, Text};
use crate::limits::FAMILY_MAX;
use crate::money::Fen;
use crate::reason::Conduct;

/// What is held of a member's account for another.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct HeldShare {
    /// `psn_no` of the owner.
    pub owner: Text,
    /// `psn_no` of the member it is held for.
    pub member: Text,
    /// How much; below nought, what is to be given back.
    pub amount: Fen,
    /// The settlement that is undone or put back by it; `None` for one that is to be made.
    pub settlement: Option<u64>,
    /// The record that holds it.
    pub place: u64,
}

/// What the ledger needs of other members' accounts before it can decide.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Needs {
    /// As much as the accounts of these have, as far as it is owed: for a settlement.
    Balances(Vec<Text>),
    /// These amounts, below nought to be given back: to undo this settlement, or to put it back.
    Amounts(u64, Vec<(Text, Fen)>),
}

/// Why a command is not decided.
#[derive(Debug)]
pub(super) enum Not {
    Refused(Refused),
    Needs(Needs),
}

impl From<Refused> for Not {
    fn from(refused: Refused) -> Not {
        Not::Refused(refused)
    }
}

impl Not {
    /// Where all that is needed was given, so that nothing can be needed any more.
    pub(super) fn refused(self) -> Refused {
        match self {
            Not::Refused(refused) => refused,
            Not::Needs(_) => refused(Conduct::FamilyAccountShort),
        }
    }
}

/// Whether the accounts that may pay for a member are others', each named once.
pub(super) fn check_family(psn_no: &str, facts: &MemberFacts) -> Result<(), Refused> {
    let family = &facts.family;
    let own = family.iter().any(|owner| owner == psn_no);
    let earlier = |place: usize| family.get(..place).unwrap_or_default();
    let twice = family.iter().enumerate().any(|(place, owner)| earlier(place).contains(owner));
    if own || twice || family.len() > FAMILY_MAX {
        return Err(refused(Conduct::FamilyWrong));
    }
    Ok(())
}

/// The shares that a settlement may take from: those of owners who share with the member still.
pub(super) fn shares_to_settle(
    command: &Command,
    facts: &MemberFacts,
    how: &SettleFacts,
) -> Result<Vec<Share>, Not> {
    if !how.asks_family() || facts.family.is_empty() {
        return Ok(Vec::new());
    }
    let Some(shares) = &command.shares else {
        return Err(Not::Needs(Needs::Balances(facts.family.clone())));
    };
    let holds = |share: &&Share| share.amount > Fen::ZERO && facts.family.contains(&share.owner);
    Ok(shares.iter().filter(holds).cloned().collect())
}

/// The shares that undo what a settlement took of other members' accounts, or that put it back: all of it, or it is refused.
pub(super) fn shares_to_move(
    command: &Command,
    number: u64,
    settled: &Settled,
    sign: impl Fn(Fen) -> Fen,
) -> Result<Vec<Share>, Not> {
    let paid = settled.family().filter(|(_, paid)| !paid.is_zero());
    let needed: Vec<(Text, Fen)> =
        paid.map(|(share, paid)| (share.owner.clone(), sign(paid))).collect();
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    let Some(shares) = &command.shares else {
        return Err(Not::Needs(Needs::Amounts(number, needed)));
    };
    let same = |(share, (owner, amount)): (&Share, &(Text, Fen))| {
        share.owner == *owner && share.amount == *amount
    };
    if shares.len() != needed.len() || !shares.iter().zip(&needed).all(same) {
        return Err(refused(Conduct::FamilyAccountShort).into());
    }
    Ok(shares.clone())
}

impl Ledger {
    /// What is held of accounts here, by the number of the command that holds it.
    pub fn holds(&self) -> impl Iterator<Item = (u64, &HeldShare)> {
        self.holds.iter().map(|(item, held)| (*item, held))
    }

    /// Holds what there is of it, or notes what is to be given back.
    pub(super) fn hold(&self, command: &Command, hold: &Hold) -> Result<Event, Refused> {
        let owner = self.member(command)?;
        if hold.member == command.request.psn_no {
            return Err(refused(Conduct::FamilyWrong));
        }
        let amount = hold.amount.min(owner.balance());
        if amount.is_zero() {
            return Err(refused(Conduct::FamilyAccountShort));
        }
        let (member, settlement) = (hold.member.clone(), hold.settlement);
        Ok(Event::FamilyHeld(FamilyHeld { member, amount, settlement }))
    }

    /// Ends a hold by no more than it is of.
    pub(super) fn end_hold(&self, command: &Command, end: EndHold) -> Result<Event, Refused> {
        let EndHold { item, paid } = end;
        let held = self.holds.get(&item).filter(|held| held.owner == command.request.psn_no);
        let held = held.ok_or(refused(Conduct::HoldUnknown))?.amount;
        let (least, most) = (held.min(Fen::ZERO), held.max(Fen::ZERO));
        if paid < least || paid > most {
            return Err(refused(Conduct::HoldUnknown));
        }
        Ok(Event::FamilyEnded(FamilyEnded { item, held, paid }))
    }

    pub(super) fn family_held(
        &mut self,
        seq: u64,
        owner: &str,
        held: &FamilyHeld,
        place: u64,
    ) -> Result<(), Broken> {
        let broken = |what| Broken { seq, what };
        let account = self.members.get_mut(owner).ok_or(broken("no such member"))?;
        account.balance = account.balance.minus(held.amount.max(Fen::ZERO));
        if account.balance.is_negative() {
            return Err(broken("an account falls below nought"));
        }
        let FamilyHeld { member, amount, settlement } = held.clone();
        let held = HeldShare { owner: owner.into(), member, amount, settlement, place };
        match self.holds.insert(seq, held) {
            Some(_) => Err(broken("held a second time")),
            None => Ok(()),
        }
    }

    /// What is paid leaves the account for good, and is owed by it no more.
    pub(super) fn family_ended(
        &mut self,
        seq: u64,
        owner: &str,
        ended: FamilyEnded,
    ) -> Result<(), Broken> {
        let broken = |what| Broken { seq, what };
        let FamilyEnded { item, held, paid } = ended;
        let known = self.holds.remove(&item).ok_or(broken("nothing is held by this number"))?;
        if known.owner != owner || known.amount != held {
            return Err(broken("what is ended is not what was held"));
        }
        let account = self.members.get_mut(owner).ok_or(broken("no such member"))?;
        account.balance = account.balance.plus(held.max(Fen::ZERO)).minus(paid);
        if account.balance.is_negative() {
            return Err(broken("an account falls below nought"));
        }
        self.books.family = self.books.family.minus(paid);
        Ok(())
    }
}
