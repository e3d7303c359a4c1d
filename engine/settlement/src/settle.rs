//! A claim, from submitted to decided: the stages in their order, then the account, the postings and the invariants.
//! Pre-settlement and settlement are this same function; only whoever applies the decision makes the difference.

use alloc::vec::Vec;

use crate::admit::{self, Admitted, SlotKey, StayPart};
use crate::bill::{Account, DecidedPart, Decision, Posting, Side, SlotChange};
use crate::catalogue::{Known, LookUps, RuleBook};
use crate::claim::{AccountUse, LineParts, Submitted};
use crate::id::{LineKind, SlotId};
use crate::invariant;
use crate::limits;
use crate::money::Fen;
use crate::pack::{Channel, FUND_FIELDS, PARTS, Pack, Part};
use crate::price::{self, PriceDesk, Totals};
use crate::reason::{Reason, Refusal};
use crate::tiers::{self, Burden, Situation};

/// Room for settling, kept from claim to claim: after a few claims nothing is allocated any more.
#[derive(Debug, Default)]
pub struct Desk {
    price: PriceDesk,
    frame: Vec<Fen>,
    decision: Decision,
}

/// The catalogue as one claim sees it: what each line's code gave, and the rules they point to.
#[derive(Copy, Clone, Debug)]
pub struct Looked<'a, L = Known<'a>> {
    /// For each line, in order; empty for a claim by totals.
    pub found: L,
    /// The rules of the image.
    pub rules: &'a RuleBook,
    /// The line kind of each tag of the image, from [`Pack::kinds_of_tags`].
    pub kinds_of_tags: &'a [LineKind],
}

impl Desk {
    /// An empty desk.
    pub fn new() -> Desk {
        Desk::default()
    }

    /// Decides a claim. `read` gives the value that a slot has now, nought where it was never written.
    ///
    /// # Errors
    /// The reason, with the line where there is one. A refused claim has changed nothing.
    pub fn settle(
        &mut self,
        claim: &Submitted<'_>,
        pack: &Pack,
        mut looked: Looked<'_, impl LookUps>,
        mut read: impl FnMut(SlotKey) -> Fen,
    ) -> Result<&Decision, Refusal> {
        let admitted = admit::admit(claim, pack)?;
        let decision = &mut self.decision;
        decision.clear();
        let priced = price::price(
            &admitted,
            &mut looked.found,
            looked.rules,
            looked.kinds_of_tags,
            &mut self.price,
            &mut decision.lines,
        )?;
        decision.benefit = priced.admitted().benefit_id();
        decision.tolerated = priced.tolerated();
        decision.split = LineParts::default();
        decision.funds = [Fen::ZERO; FUND_FIELDS];
        decision.hosp_part = Fen::ZERO;
        decision.borne = [Fen::ZERO; PARTS];
        decision.filing_loss = Fen::ZERO;
        for (number, (part, totals)) in (0_u8..).zip(priced.parts()) {
            run_part(
                priced.admitted(),
                part,
                totals,
                number,
                &mut self.frame,
                decision,
                &mut read,
            )?;
        }
        let borne = decision.borne.iter().copied().fold(Fen::ZERO, Fen::plus);
        let own = decision.split.own.minus(decision.facility_by_edits());
        decision.total = decision.split.sum();
        decision.hosp_part = decision.hosp_part.plus(decision.facility_by_edits());
        decision.psn_part = own.plus(decision.split.over).plus(borne);
        pay_from_accounts(priced.admitted(), own, decision);
        post_rest(priced.admitted(), decision);
        if invariant::violated(decision, claim, pack).is_some() {
            return Err(Refusal::of(Reason::InternalCheckFailed));
        }
        Ok(decision)
    }
}

impl Desk {
    /// The decision just made, for whoever keeps it; the desk has room for another once one is given back.
    pub(crate) fn take(&mut self) -> Decision {
        core::mem::take(&mut self.decision)
    }

    /// Gives back the room of a decision that nobody needs any more.
    pub(crate) fn give_back(&mut self, decision: Decision) {
        self.decision = decision;
    }
}

/// The tiers of one part of the stay.
fn run_part<'a>(
    admitted: &Admitted<'a>,
    part: &StayPart<'a>,
    totals: &Totals,
    number: u8,
    frame: &mut Vec<Fen>,
    decision: &mut Decision,
    read: &mut impl FnMut(SlotKey) -> Fen,
) -> Result<(), Refusal> {
    let at = *part.circumstance();
    decision.parts.push(DecidedPart {
        year: part.year(),
        governing: part.governing(),
        at,
        facility: totals.facility,
    });
    if !totals.charged {
        return Ok(());
    }
    let used = admitted.pack().slots_used(part.edition(), admitted.benefit_id());
    let situation = Situation {
        edition: part.edition(),
        benefit: admitted.benefit_id(),
        at: part.circumstance(),
        totals,
        deductible_nought: part.deductible_nought(),
        approval_limit: part.approval_limit(),
    };
    let first_row = decision.tiers.len();
    let before = decision.changes.len();
    fill(admitted, part, used, number, frame, decision, read)?;
    let mut burden = Burden::of(totals);
    tiers::run(&situation, number, frame, &mut decision.tiers, &mut burden);
    note_after(frame, before, decision)?;
    sum_up(part, totals, &burden, first_row, decision);
    Ok(())
}

/// Reads the slots that the plan uses into the frame, first what this claim itself has changed, and notes each as it is
/// before the tiers; what stays unchanged is taken out after them.
fn fill(
    admitted: &Admitted<'_>,
    part: &StayPart<'_>,
    used: u64,
    number: u8,
    frame: &mut Vec<Fen>,
    decision: &mut Decision,
    read: &mut impl FnMut(SlotKey) -> Fen,
) -> Result<(), Refusal> {
    frame.clear();
    frame.resize(admitted.pack().data().slots.len(), Fen::ZERO);
    let mut left = used;
    while left != 0 {
        let slot = SlotId::new(u8::try_from(left.trailing_zeros()).unwrap_or(u8::MAX));
        left &= left.wrapping_sub(1);
        let Some(key) = admitted.slot_key(part, slot) else { continue };
        let Some(place) = frame.get_mut(slot.index()) else { continue };
        let earlier = if number == 0 {
            None
        } else {
            decision.changes.iter().rev().find(|change| change.key == key)
        };
        *place = earlier.map_or_else(|| read(key), |change| change.after);
        if !(0..=limits::SLOT_FEN_MAX).contains(&place.get()) {
            return Err(Refusal::of(Reason::AmountOutOfBounds));
        }
        decision.changes.push(SlotChange { key, stay_part: number, before: *place, after: *place });
    }
    Ok(())
}

/// Fills in the values after the tiers, and keeps what is not the same.
fn note_after(frame: &[Fen], from: usize, decision: &mut Decision) -> Result<(), Refusal> {
    let mut kept = from;
    for index in from..decision.changes.len() {
        let Some(change) = decision.changes.get_mut(index) else { break };
        change.after = frame.get(change.key.slot.index()).copied().unwrap_or(change.before);
        if change.after.get() > limits::SLOT_FEN_MAX {
            return Err(Refusal::of(Reason::AmountOutOfBounds));
        }
        if change.after != change.before {
            if kept != index {
                decision.changes.swap(kept, index);
            }
            kept = kept.saturating_add(1);
        }
    }
    decision.changes.truncate(kept);
    Ok(())
}

/// Adds what one part gave to the bill, and debits the funds.
fn sum_up(
    part: &StayPart<'_>,
    totals: &Totals,
    burden: &Burden,
    first_row: usize,
    decision: &mut Decision,
) {
    decision.split = decision.split.plus(&totals.parts);
    for row in decision.tiers.get(first_row..).unwrap_or(&[]) {
        let Some(tier) = part.edition().tiers.get(row.tier.index()) else { continue };
        decision.hosp_part = decision.hosp_part.plus(row.facility);
        match decision.funds.get_mut(tier.fund.field().index()) {
            Some(sum) => {
                *sum = sum.plus(row.paid);
                let account = Account::FundExpense(tier.fund);
                post(&mut decision.postings, account, Side::Debit, row.paid);
            }
            None => decision.hosp_part = decision.hosp_part.plus(row.paid),
        }
    }
    for part in [Part::PrePay, Part::FirstShare, Part::Deductible, Part::CoPay, Part::AboveCap] {
        if let Some(sum) = decision.borne.get_mut(part.index()) {
            *sum = sum.plus(burden.part(part));
        }
    }
    decision.filing_loss = decision.filing_loss.plus(burden.filing_loss());
}

/// What accounts pay of what the person owes.
fn pay_from_accounts(admitted: &Admitted<'_>, own_cost: Fen, decision: &mut Decision) {
    let claim = admitted.claim();
    let member = &claim.member;
    decision.account_own = Fen::ZERO;
    decision.account_family.resize(member.family.len(), Fen::ZERO);
    let last = admitted.parts().last();
    let row = last.and_then(|part| part.edition().accounts.row(part.circumstance()));
    let asked = match claim.channel {
        Channel::Manual => AccountUse::None,
        Channel::Direct => claim.visit.account,
    };
    if let Some(row) = row {
        let mut owed = if row.own_cost { own_cost } else { Fen::ZERO };
        if row.over_ceiling {
            owed = owed.plus(decision.split.over);
        }
        for (may, part) in row.parts.iter().zip(decision.borne) {
            owed = if *may { owed.plus(part) } else { owed };
        }
        let own_may = row.own && asked != AccountUse::None;
        let family_may = row.family && asked == AccountUse::Family;
        if own_may && !(family_may && row.family_first) {
            decision.account_own = owed.min(member.balance);
            owed = owed.minus(decision.account_own);
        }
        if family_may {
            for (paid, had) in decision.account_family.iter_mut().zip(member.family) {
                *paid = owed.min(*had);
                owed = owed.minus(*paid);
            }
        }
        if own_may && family_may && row.family_first {
            decision.account_own = owed.min(member.balance);
        }
    }
    decision.cash = decision.psn_part.minus(decision.account_sum());
    decision.balance = member.balance.minus(decision.account_own);
}

/// Double entry: funds were debited tier by tier, now accounts are, and whoever is owed the money is credited.
fn post_rest(admitted: &Admitted<'_>, decision: &mut Decision) {
    let Decision { postings, account_family, account_own, .. } = decision;
    post(postings, Account::OwnAccount, Side::Debit, *account_own);
    for (number, paid) in (0_u32..).zip(account_family.iter()) {
        post(postings, Account::FamilyAccount(number), Side::Debit, *paid);
    }
    let debited = postings.iter().map(|posting| posting.amount).fold(Fen::ZERO, Fen::plus);
    let account = match admitted.claim().channel {
        Channel::Direct => Account::FacilityPayable,
        Channel::Manual => Account::PersonPayable,
    };
    post(postings, account, Side::Credit, debited);
}

/// Posts an amount, unless there is none.
fn post(postings: &mut Vec<Posting>, account: Account, side: Side, amount: Fen) {
    if !amount.is_zero() {
        postings.push(Posting { account, side, amount });
    }
}
