//! One number for the whole state, the same for any number of shards and after any restart: each member, visit, request and
//! facility is hashed by itself, and the hashes are added.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::members::FILING;
use super::{HeldShare, Ledger, Member, OpenVisit};
use crate::facts::Text;
use crate::money::Fen;
use crate::stored::{Stored, put_text};

/// The hash of a state.
#[derive(Copy, Clone, Eq, PartialEq, Hash)]
pub struct StateHash([u8; 32]);

/// A sum of hashes, which does not depend on their order.
#[derive(Copy, Clone, Default)]
struct Sum([u64; 4]);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let hash = blake3::hash(bytes);
        for (sum, part) in self.0.iter_mut().zip(hash.as_bytes().as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*part));
        }
    }

    fn put(self, to: &mut Vec<u8>) {
        self.0.iter().for_each(|part| part.put(to));
    }
}

impl StateHash {
    /// Of all shards of a ledger.
    pub fn of<'l>(shards: impl Iterator<Item = &'l Ledger> + Clone) -> StateHash {
        let (mut members, mut visits, mut requests, mut holds) =
            (Sum::default(), Sum::default(), Sum::default(), Sum::default());
        let mut funds: BTreeMap<u32, Fen> = BTreeMap::new();
        let mut facilities: BTreeMap<&str, Fen> = BTreeMap::new();
        let mut counts = [0_u64; 5];
        let mut sums = [Fen::ZERO; 3];
        let mut bytes = Vec::new();
        for shard in shards.clone() {
            for member in shard.members().iter() {
                bytes.clear();
                shard.put_member(member, &mut bytes);
                members.add(&bytes);
            }
            for (number, visit) in shard.visits() {
                bytes.clear();
                number.put(&mut bytes);
                put_visit(visit, &mut bytes);
                visits.add(&bytes);
            }
            shard.requests().each_stored(|bytes| requests.add(bytes));
            for (item, held) in shard.holds() {
                bytes.clear();
                item.put(&mut bytes);
                put_held(held, &mut bytes);
                holds.add(&bytes);
            }
            for (fund, amount) in &shard.books.funds {
                let sum = funds.entry(*fund).or_default();
                *sum = sum.plus(*amount);
            }
            for (code, facility) in shard.facilities() {
                let sum = facilities.entry(code).or_default();
                *sum = sum.plus(facility.payable());
            }
            let books = &shard.books;
            let counted =
                [books.settled, books.cancelled, books.restored, books.adjusted, books.refused];
            for (count, more) in counts.iter_mut().zip(counted) {
                *count = count.saturating_add(more);
            }
            let summed = [books.persons, books.deposits, books.family];
            for (sum, more) in sums.iter_mut().zip(summed) {
                *sum = sum.plus(more);
            }
        }
        bytes.clear();
        members.put(&mut bytes);
        visits.put(&mut bytes);
        requests.put(&mut bytes);
        holds.put(&mut bytes);
        for (fund, amount) in funds.iter().filter(|(_, amount)| !amount.is_zero()) {
            fund.put(&mut bytes);
            amount.put(&mut bytes);
        }
        for (code, payable) in &facilities {
            put_text(code, &mut bytes);
            payable.put(&mut bytes);
        }
        counts.iter().for_each(|count| count.put(&mut bytes));
        sums.iter().for_each(|sum| sum.put(&mut bytes));
        if let Some(any) = shards.clone().next() {
            any.put_shared(&mut bytes);
        }
        StateHash(*blake3::hash(&bytes).as_bytes())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Ledger {
    /// A member with all texts, in one order: slots by name, places of the journal left out.
    fn put_member(&self, member: &Member, to: &mut Vec<u8>) {
        to.extend_from_slice(member.stored());
        member.balance().put(to);
        let text = |symbol| self.symbols.text(symbol);
        let mut slots: Vec<_> = member
            .slots()
            .iter()
            .map(|slot| {
                let (kind, again, number) = slot.key.period_parts();
                // The number of a filing is that of its text, which differs from shard to shard.
                let (number, filing) =
                    if kind == FILING { (0, self.filing_text(number)) } else { (number, "") };
                (
                    (text(slot.key.slot), text(slot.key.sub), filing),
                    (kind, again, number),
                    slot.value,
                )
            })
            .collect();
        slots.sort_unstable();
        for ((slot, sub, filing), (kind, again, number), value) in slots {
            [slot, sub, filing].iter().for_each(|text| put_text(text, to));
            kind.put(to);
            again.put(to);
            number.put(to);
            value.put(to);
        }
        for settlement in member.settled() {
            settlement.seq().put(to);
            settlement.mark().get().put(to);
            settlement.is_mid_stay().put(to);
            settlement.is_cancelled().put(to);
        }
    }

    /// The text of a filing's number, as a slot's period has it.
    pub fn filing_text(&self, number: u64) -> &str {
        let number = u32::try_from(number).unwrap_or(0);
        self.symbols.text(super::symbols::Symbol::of(number))
    }

    /// What every shard knows.
    fn put_shared(&self, to: &mut Vec<u8>) {
        for (code, facility) in &self.facilities {
            put_text(code, to);
            facility.known.put(to);
        }
        for (_, names) in self.policies() {
            names.put(to);
        }
        for (_, digest) in &self.catalogues {
            digest.put(to);
        }
        self.closed_to.put(to);
    }
}

fn put_held(held: &HeldShare, to: &mut Vec<u8>) {
    [&held.owner, &held.member].iter().for_each(|text| put_text(text, to));
    held.amount.put(to);
    held.settlement.put(to);
}

fn put_visit(visit: &OpenVisit, to: &mut Vec<u8>) {
    let texts: [&Text; 2] = [&visit.psn_no, &visit.facility];
    texts.iter().for_each(|text| put_text(text, to));
    visit.facts.put(to);
    for line in visit.lines.all().iter() {
        line.facts.put(to);
        line.settled.put(to);
    }
    visit.batches.put(to);
    visit.settled.put(to);
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateHash({self})")
    }
}
