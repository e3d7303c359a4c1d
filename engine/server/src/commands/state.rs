//! `yidan state`: the state that a journal makes, read and never written; the engine may be running or not.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use yidan_journal::snapshot::name_of;
use yidan_pipeline::fold::look;
use yidan_settlement::ledger::{HeldSlot, Ledger, Member, StateHash, shard_of};
use yidan_settlement::money::Fen;

use super::folder::{none_here, with_journal};
use super::output::{Ended, Exit, Failure, Output, note, said};
use super::packs::Packs;
use crate::shown::{agreement, level};
use crate::slots::period_label;
use crate::world::World;
use std::io::Write;

/// What to look at.
#[derive(Debug, Subcommand)]
pub(super) enum State {
    Hash(Hash),
    Member(OneMember),
    Facility(OneFacility),
}

/// Print the hash of the state, the same for any number of shards, with counts and the sums of the books
#[derive(Debug, Args)]
pub(super) struct Hash {
    /// The folder of the journal
    folder: PathBuf,
    /// Fold into so many shards; the hash is the same
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    shards: u16,
}

/// Print one member: account, slots, settlements
#[derive(Debug, Args)]
pub(super) struct OneMember {
    /// The folder of the journal
    folder: PathBuf,
    /// The member's number
    psn_no: String,
    #[command(flatten)]
    packs: Packs,
}

/// Print one facility: what is known of it, and what it is owed
#[derive(Debug, Args)]
pub(super) struct OneFacility {
    /// The folder of the journal
    folder: PathBuf,
    /// The facility's code
    fixmedins_code: String,
}

impl State {
    pub(super) fn run(&self) -> Ended {
        let mut out = Output::open();
        match self {
            State::Hash(asked) => asked.print(&mut out)?,
            State::Member(asked) => asked.print(&mut out)?,
            State::Facility(asked) => asked.print(&mut out)?,
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn ledgers(folder: &Path, shards: u16) -> Result<Vec<Ledger>, Failure> {
    with_journal(folder)?;
    let looked = look(folder, usize::from(shards)).map_err(said)?;
    looked.passed_over.iter().for_each(|one| note(&format!("warning: {one}")));
    if looked.tip.is_none() {
        return Err(none_here(folder));
    }
    if let Some(next_record) = looked.recovered.snapshot {
        note(&format!("from {} and what the journal has behind it", name_of(next_record)));
    }
    Ok(looked.ledgers)
}

impl Hash {
    fn print(&self, out: &mut Output) -> Result<(), Failure> {
        let ledgers = ledgers(&self.folder, self.shards)?;
        writeln!(out, "state      {}", StateHash::of(ledgers.iter()))?;
        let count = |of: fn(&Ledger) -> u64| ledgers.iter().map(of).sum::<u64>();
        let len = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let members: u64 = ledgers.iter().map(|one| len(one.members().len())).sum();
        let facilities = ledgers.first().map_or(0, |one| one.facilities().count());
        let visits: usize = ledgers.iter().map(|one| one.visits().count()).sum();
        let requests: u64 = ledgers.iter().map(|one| len(one.requests().len())).sum();
        writeln!(out, "members    {members}\nfacilities {facilities}\nvisits     {visits}")?;
        writeln!(out, "requests   {requests}")?;
        writeln!(
            out,
            "settled    {}, of which cancelled {} and put back {}; refused {}",
            count(|one| one.books().settled),
            count(|one| one.books().cancelled),
            count(|one| one.books().restored),
            count(|one| one.books().refused),
        )?;
        let mut funds = std::collections::BTreeMap::new();
        for (fund, amount) in ledgers.iter().flat_map(|one| &one.books().funds) {
            let sum: &mut Fen = funds.entry(*fund).or_default();
            *sum = sum.plus(*amount);
        }
        for (fund, amount) in funds {
            writeln!(out, "fund {fund:06}  {amount:>16}")?;
        }
        let owed: Fen =
            ledgers.iter().flat_map(Ledger::facilities).map(|(_, one)| one.payable()).sum();
        let persons: Fen = ledgers.iter().map(|one| one.books().persons).sum();
        let balances: Fen =
            ledgers.iter().flat_map(|one| one.members().iter()).map(Member::balance).sum();
        writeln!(
            out,
            "owed to facilities {owed}, to persons {persons}; in own accounts {balances}"
        )?;
        let holds = ledgers.iter().flat_map(Ledger::holds);
        let (count, held) = holds.fold((0_u64, Fen::ZERO), |(count, held), (_, one)| {
            (count + 1, held.plus(one.amount.max(Fen::ZERO)))
        });
        let due: Fen = ledgers.iter().map(|one| one.books().family).sum();
        writeln!(out, "held of family accounts {held} by {count} items; due from them {due}")?;
        Ok(())
    }
}

impl OneMember {
    fn print(&self, out: &mut Output) -> Result<(), Failure> {
        let ledgers = ledgers(&self.folder, 1)?;
        let ledger = &ledgers[shard_of(&self.psn_no, 1)];
        let Some(member) = ledger.members().get(&self.psn_no) else {
            return Err(said(format!("no member {} in {}", self.psn_no, self.folder.display())));
        };
        writeln!(out, "psn_no     {}", member.psn_no())?;
        if let Some(facts) = member.facts() {
            for owner in &facts.family {
                writeln!(out, "mulaid     {owner}")?;
            }
            writeln!(out, "admdvs     {}\npsn_type   {}", facts.admdvs, facts.psn_type)?;
            for spell in facts.spells.iter().flatten() {
                let (from, to) = (spell.span.from, spell.span.to);
                writeln!(out, "spell      {} from {from} to {to}", spell.insutype)?;
            }
            for one in &facts.identities {
                writeln!(out, "identity   {} from {} to {}", one.kind, one.span.from, one.span.to)?;
            }
            for one in &facts.approvals {
                writeln!(
                    out,
                    "approval   {} from {} to {}",
                    one.disease, one.span.from, one.span.to
                )?;
            }
        }
        writeln!(out, "balc       {}", member.balance())?;
        for (item, held) in ledger.holds().filter(|(_, held)| held.owner == self.psn_no) {
            writeln!(out, "held       {} for {} by item {item}", held.amount, held.member)?;
        }
        let pool = member.facts().map_or_else(Default::default, |facts| facts.admdvs);
        let counts = self.counts(&pool, member.slots().is_empty())?;
        let mut slots: Vec<String> =
            member.slots().iter().map(|slot| slot_line(ledger, slot, &counts)).collect();
        slots.sort_unstable();
        slots.iter().try_for_each(|line| writeln!(out, "slot       {line}"))?;
        for one in member.settled() {
            let how = if one.is_cancelled() { ", cancelled by" } else { " in" };
            writeln!(out, "settlement {}{how} record {}", one.seq(), one.place())?;
        }
        Ok(())
    }
}

impl OneMember {
    /// The slots of a pool that count and do not add, which the pool's pack says.
    fn counts(&self, pool: &str, none_held: bool) -> Result<Vec<String>, Failure> {
        if none_held {
            return Ok(Vec::new());
        }
        let mut world = World::new();
        self.packs.load(&mut world)?;
        let Some(loaded) = world.pack_of(pool) else {
            note(&format!(
                "no pack of pool {pool} is at hand: a slot that counts is shown as if it were an amount. Give the pack with --policies"
            ));
            return Ok(Vec::new());
        };
        let slots = loaded.pack.data().slots.iter().filter(|slot| slot.count);
        Ok(slots.map(|slot| slot.id.clone()).collect())
    }
}

/// A slot as cases write it: a number where it counts, else yuan.
fn slot_line(ledger: &Ledger, slot: &HeldSlot, counts: &[String]) -> String {
    let text = |symbol| ledger.symbols().text(symbol);
    let (kind, again, number) = slot.key.period_parts();
    let period = period_label(kind, again, number, ledger.filing_text(number));
    let name = text(slot.key.slot);
    let sub = text(slot.key.sub);
    let key = if sub.is_empty() { name.to_owned() } else { format!("{name}[{sub}]") };
    if counts.iter().any(|count| count == name) {
        return format!("{period}  {key}  {}", slot.value.get());
    }
    format!("{period}  {key}  {}", slot.value)
}

impl OneFacility {
    fn print(&self, out: &mut Output) -> Result<(), Failure> {
        let ledgers = ledgers(&self.folder, 1)?;
        let code = &self.fixmedins_code;
        let Some(facility) = ledgers.first().and_then(|ledger| ledger.facility(code)) else {
            return Err(said(format!("no facility {code} in {}", self.folder.display())));
        };
        writeln!(out, "fixmedins_code {code}")?;
        if let Some(facts) = facility.facts() {
            writeln!(
                out,
                "admdvs         {}\nhosp_lv        {}",
                facts.admdvs,
                level(facts.level)
            )?;
            for one in facts.agreements.iter().flatten() {
                let (from, to) = (one.span.from, one.span.to);
                writeln!(out, "agreement      {} from {from} to {to}", agreement(one.kind))?;
            }
        }
        writeln!(out, "owed           {}", facility.payable())?;
        Ok(())
    }
}
