//! The state of one shard of members, as the fold of its events: members with slots and accounts, visits with their lines,
//! settlements by their place in the journal, answered requests, and the books. `decide` turns commands into events and
//! changes nothing; [`Ledger::apply`] is the one place where something changes, live and in replay.

mod again;
mod ahead;
mod correct;
mod decide;
mod family;
mod filed;
mod grow;
mod hash;
mod lines;
mod members;
mod requests;
pub mod snapshot;
mod symbols;
mod undo;
mod visit;
mod visits;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::admit::SlotKey;
use crate::bill::{Account, Posting};
use crate::date::Day;
use crate::event::{
    Asked, Cancelled, Corrected, Event, KeyedBy, Labels, Moved, PolicyNames, Posted, Record,
    Reversed, Undone,
};
use crate::facts::{FacilityFacts, Text};
use crate::id::VisitId;
use crate::money::Fen;

pub use ahead::{STEPS, Sought, Step};
pub use decide::{Catalogue, Decided, LookUp, Room, Shelf};
pub use family::{HeldShare, Needs};
pub use hash::StateHash;
pub use lines::{HeldLine, HeldLines};
pub use members::{HeldKey, HeldSettlement, HeldSlot, KeyMark, Member, Members, Row};
pub use requests::{Effect, KEPT_MS, Remembered, RequestKey, Requests};
pub use symbols::{Symbol, Symbols};
pub use visit::OpenVisit;
use visits::Visits;

/// One shard.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    members: Members,
    facilities: BTreeMap<Text, Facility>,
    visits: Visits,
    requests: Requests,
    /// What is held of accounts here for members anywhere, by the number of the command that holds it.
    holds: BTreeMap<u64, HeldShare>,
    symbols: Symbols,
    policies: Vec<Policy>,
    catalogues: Vec<(u64, [u8; 32])>,
    books: Books,
    closed_to: Option<Day>,
    last_seq: u64,
}

/// A facility.
#[derive(Clone, Debug)]
pub struct Facility {
    /// What was known of it and from which command on; the last counts.
    known: Vec<(u64, FacilityFacts)>,
    /// What it is owed by this shard's settlements.
    payable: Fen,
}

/// A pack that may be used, with the numbers its names have here.
#[derive(Clone, Debug)]
struct Policy {
    seq: u64,
    names: PolicyNames,
    slots: Vec<(Symbol, KeyedBy)>,
    diseases: Vec<Symbol>,
    groups: Vec<Symbol>,
}

/// Accounts in double entry, as far as they are not a member's or a facility's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Books {
    /// Expense of each fund, by `fund_pay_type`.
    pub funds: BTreeMap<u32, Fen>,
    /// Owed to persons for claims by hand.
    pub persons: Fen,
    /// Paid into own accounts.
    pub deposits: Fen,
    /// What family accounts are to pay for settlements here, less what accounts here have paid for any: over all shards nought
    /// where nothing is held.
    pub family: Fen,
    /// Settlements made, cancelled, and put back after that.
    pub settled: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Put back.
    pub restored: u64,
    /// Adjusted.
    pub adjusted: u64,
    /// Refused by decision of the ledger.
    pub refused: u64,
}

/// A record that cannot be applied: the journal is not the history of this ledger.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Broken {
    /// The command.
    pub seq: u64,
    /// What does not fit.
    pub what: &'static str,
}

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the record of command {} does not fit the ledger: {}", self.seq, self.what)
    }
}

impl core::error::Error for Broken {}

impl Ledger {
    /// An empty shard.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Its members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Its registered visits, by number.
    pub fn visits(&self) -> impl Iterator<Item = (u64, &OpenVisit)> {
        self.visits.iter()
    }

    /// The registered visits of a member, by number.
    pub fn visits_of(&self, psn_no: &str) -> impl Iterator<Item = (u64, &OpenVisit)> {
        self.visits.of(psn_no)
    }

    /// One visit.
    pub fn visit(&self, number: VisitId) -> Option<&OpenVisit> {
        self.visits.get(number.get())
    }

    /// Its facilities, by code.
    pub fn facilities(&self) -> impl Iterator<Item = (&str, &Facility)> {
        self.facilities.iter().map(|(code, facility)| (&**code, facility))
    }

    /// One facility.
    pub fn facility(&self, code: &str) -> Option<&Facility> {
        self.facilities.get(code)
    }

    /// Its answered requests.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Texts of slots.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Its books.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The last day that is closed.
    pub fn closed_to(&self) -> Option<Day> {
        self.closed_to
    }

    /// The highest number of a command that left a record.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Digests of the packs that were loaded, with the commands that did.
    pub fn policies(&self) -> impl Iterator<Item = (u64, &PolicyNames)> {
        self.policies.iter().map(|policy| (policy.seq, &policy.names))
    }

    /// Digests of the images that were loaded, with the commands that did.
    pub fn catalogues(&self) -> &[(u64, [u8; 32])] {
        &self.catalogues
    }

    /// Folds a record in. `place` is its number in the journal.
    ///
    /// # Errors
    /// A record that does not follow from this ledger's history; the ledger must then not be used any further.
    pub fn apply(&mut self, record: &Record, place: u64) -> Result<(), Broken> {
        self.apply_keyed(record, RequestKey::of_record(record), place)
    }

    /// The same, where the key of its request is known: [`RequestKey::of_command`] of its command.
    ///
    /// # Errors
    /// As [`Ledger::apply`].
    pub fn apply_keyed(
        &mut self,
        record: &Record,
        key: Option<RequestKey>,
        place: u64,
    ) -> Result<(), Broken> {
        let seq = record.seq;
        let broken = |what| Broken { seq, what };
        let psn_no = &*record.request.psn_no;
        self.last_seq = self.last_seq.max(seq);
        let effect = match &record.event {
            Event::MemberRegistered(facts, opening) => {
                let member = self.members.register(psn_no, facts, place);
                member.balance = member.balance.plus(*opening);
                self.books.deposits = self.books.deposits.plus(*opening);
                Effect::Lasting
            }
            Event::FacilityRegistered(code, facts) => {
                self.register_facility(seq, code, facts);
                Effect::Lasting
            }
            Event::Deposited(amount) => {
                let member = self.members.get_mut(psn_no).ok_or(broken("no such member"))?;
                member.balance = member.balance.plus(*amount);
                self.books.deposits = self.books.deposits.plus(*amount);
                Effect::Lasting
            }
            Event::Filed(_, facts) => {
                self.members.change(psn_no, facts, place).ok_or(broken("no such member"))?;
                Effect::Filing(seq)
            }
            Event::Unfiled(_, facts) => {
                self.members.change(psn_no, facts, place).ok_or(broken("no such member"))?;
                Effect::Lasting
            }
            Event::VisitOpened(facts) => {
                let visit = OpenVisit {
                    psn_no: psn_no.into(),
                    facility: record.request.asker.clone(),
                    facts: facts.clone(),
                    lines: HeldLines::default(),
                    batches: Vec::new(),
                    settled: None,
                };
                self.visits.insert(seq, visit);
                Effect::Visit(seq)
            }
            Event::VisitChanged(visit, change) => {
                let visit = self.visits.get_mut(visit.get()).ok_or(broken("no such visit"))?;
                visit.facts.change(change);
                Effect::Lasting
            }
            Event::VisitClosed(visit) => {
                self.visits.remove(visit.get()).ok_or(broken("no such visit"))?;
                Effect::Lasting
            }
            Event::LinesUploaded(visit, lines) => {
                let visit = self.visits.get_mut(visit.get()).ok_or(broken("no such visit"))?;
                visit.lines.loose().extend((0_u32..).zip(lines).map(|(index, facts)| {
                    let facts = facts.clone();
                    HeldLine { facts, place, index, settled: 0 }
                }));
                Effect::Lasting
            }
            Event::LinesWithdrawn(visit, which) => {
                let visit = self.visits.get_mut(visit.get()).ok_or(broken("no such visit"))?;
                visit.withdraw(which);
                Effect::Lasting
            }
            Event::Settled(settled) => {
                let (asked, row) = (record.asked(), self.members.row(psn_no.as_bytes()));
                return self.post_row(&asked, &settled.posted(), key, row, place);
            }
            Event::Cancelled(cancelled) => {
                self.cancelled(seq, psn_no, &record.request.asker, cancelled, place)?;
                Effect::Cancellation(cancelled.settlement)
            }
            Event::Reversed(reversed) => {
                self.reversed(record, reversed, place)?;
                Effect::Lasting
            }
            Event::Corrected(corrected) => {
                self.corrected(seq, psn_no, corrected, place)?;
                Effect::Lasting
            }
            Event::Refused(_) => {
                self.books.refused = self.books.refused.saturating_add(1);
                Effect::Refused
            }
            Event::PolicyLoaded(names) => {
                self.load_policy(seq, names);
                Effect::Lasting
            }
            Event::CatalogueLoaded(digest) => {
                if self.catalogues.iter().all(|(_, known)| known != digest) {
                    self.catalogues.push((seq, *digest));
                }
                Effect::Lasting
            }
            Event::DayClosed(day) => {
                self.close(*day, record.time_ms);
                Effect::Lasting
            }
            Event::FamilyHeld(held) => {
                self.family_held(seq, psn_no, held, place)?;
                Effect::Lasting
            }
            Event::FamilyEnded(ended) => {
                self.family_ended(seq, psn_no, *ended)?;
                Effect::Lasting
            }
        };
        self.remember(key, &record.asked(), place, effect);
        Ok(())
    }

    /// Remembers a request by its key, where it has one.
    fn remember(&mut self, key: Option<RequestKey>, asked: &Asked<'_>, place: u64, effect: Effect) {
        let Asked { digest, time_ms, .. } = *asked;
        if let Some(key) = key {
            self.requests.put(key, Remembered { digest, place, time_ms, effect });
        }
    }

    fn register_facility(&mut self, seq: u64, code: &str, facts: &FacilityFacts) {
        let facility = self
            .facilities
            .entry(code.into())
            .or_insert_with(|| Facility { known: Vec::new(), payable: Fen::ZERO });
        // Every shard journals what concerns all of them; a copy that was applied is passed over.
        if facility.known.iter().all(|(known, _)| *known != seq) {
            facility.known.push((seq, facts.clone()));
            facility.known.sort_by_key(|(seq, _)| *seq);
        }
    }

    fn load_policy(&mut self, seq: u64, names: &PolicyNames) {
        // Every shard journals what concerns all of them; a copy that was applied is passed over.
        if self.policies.iter().any(|policy| policy.seq == seq) {
            return;
        }
        let symbols = &mut self.symbols;
        let slots = names.slots.iter().map(|(text, by)| (symbols.intern(text), *by)).collect();
        let diseases = names.diseases.iter().map(|text| symbols.intern(text)).collect();
        let groups = names.groups.iter().map(|text| symbols.intern(text)).collect();
        self.policies.push(Policy { seq, names: names.clone(), slots, diseases, groups });
    }

    /// Closes a day: visits settled for good before it go, and keys that are old enough.
    fn close(&mut self, day: Day, time_ms: u64) {
        self.closed_to = self.closed_to.max(Some(day));
        self.visits.forget(|visit| visit.is_over(day));
        self.requests.forget_before(time_ms.saturating_sub(KEPT_MS));
    }

    /// Folds a settlement in, of which no more is needed than what it changes: [`Ledger::apply_keyed`] of its record. `sought`
    /// has taken all its steps here.
    ///
    /// # Errors
    /// As [`Ledger::apply`].
    pub fn post_settled(
        &mut self,
        asked: &Asked<'_>,
        posted: &Posted<'_>,
        sought: &Sought,
        place: u64,
    ) -> Result<(), Broken> {
        self.post_row(asked, posted, sought.key(), sought.row(), place)
    }

    fn post_row(
        &mut self,
        asked: &Asked<'_>,
        posted: &Posted<'_>,
        key: Option<RequestKey>,
        row: Option<Row>,
        place: u64,
    ) -> Result<(), Broken> {
        let Asked { seq, asker, .. } = *asked;
        self.last_seq = self.last_seq.max(seq);
        let member = self.post_bill(seq, row, asker, posted)?;
        let mark = key.map_or(KeyMark::default(), RequestKey::mark);
        member.keep_settlement(HeldSettlement::new(seq, place, posted.mid_stay, mark));
        self.take_lines(posted.visit, posted.batch, posted.mid_stay, seq);
        self.books.settled = self.books.settled.saturating_add(1);
        self.remember(key, asked, place, Effect::Settlement(seq));
        Ok(())
    }

    /// Posts a bill: slots and money.
    fn post_bill(
        &mut self,
        seq: u64,
        row: Option<Row>,
        facility: &str,
        posted: &Posted<'_>,
    ) -> Result<&mut Member, Broken> {
        let Ledger { members, policies, symbols, facilities, books, .. } = self;
        let member = row.and_then(|row| members.at_mut(row));
        let member = member.ok_or(Broken { seq, what: "no such member" })?;
        let deltas = posted.changes.iter().map(|change| (change.key, change.delta()));
        move_slots(seq, member, policies, symbols, posted.policy, posted.labels, deltas)?;
        let money = Money::of(posted.postings);
        move_money(seq, member, facilities, books, facility, money, funds_of(posted.postings))?;
        Ok(member)
    }

    /// Takes the adjusted back and posts them as they are now. What stays is never more than a slot had, so none falls below
    /// nought on the way: settlements only raise them.
    fn corrected(
        &mut self,
        seq: u64,
        psn_no: &str,
        corrected: &Corrected,
        place: u64,
    ) -> Result<(), Broken> {
        for one in corrected.adjusted.iter().rev() {
            self.post(seq, psn_no, &one.facility, &one.taken_back)?;
        }
        if let Some((facility, cancelled)) = &corrected.cancelled {
            self.cancelled(seq, psn_no, facility, cancelled, place)?;
        }
        for one in &corrected.adjusted {
            let row = self.members.row(psn_no.as_bytes());
            let member = self.post_bill(seq, row, &one.facility, &one.settled.posted())?;
            let held = member.settlement_mut(one.settlement);
            held.ok_or(Broken { seq, what: "no such settlement" })?.stands_by(place);
            self.last_seq = self.last_seq.max(one.number);
            self.books.adjusted = self.books.adjusted.saturating_add(1);
        }
        Ok(())
    }

    fn cancelled(
        &mut self,
        seq: u64,
        psn_no: &str,
        asker: &str,
        cancelled: &Cancelled,
        place: u64,
    ) -> Result<(), Broken> {
        self.post(seq, psn_no, asker, &cancelled.posted)?;
        self.settlement_mut(seq, psn_no, cancelled.settlement)?.cancelled_by(place);
        if let Some(visit) = self.visits.get_mut(cancelled.posted.visit.get()) {
            visit.give_back(cancelled.settlement);
        }
        self.books.cancelled = self.books.cancelled.saturating_add(1);
        Ok(())
    }

    fn reversed(&mut self, record: &Record, reversed: &Reversed, place: u64) -> Result<(), Broken> {
        let (seq, request) = (record.seq, &record.request);
        let psn_no = &*request.psn_no;
        let key = RequestKey::new(&request.asker, reversed.infno, &reversed.msgid, psn_no);
        let known = self.requests.get(key).copied();
        let mut effect = Effect::Undone;
        match &reversed.undone {
            Undone::NotYetCome => effect = Effect::Mark,
            Undone::NoEffect => {}
            Undone::Settlement(cancelled) => {
                self.cancelled(seq, psn_no, &request.asker, cancelled, place)?;
            }
            Undone::Cancellation(put_back) => {
                self.post(seq, psn_no, &request.asker, &put_back.posted)?;
                let held = self.settlement_mut(seq, psn_no, put_back.settlement)?;
                held.stands_by(put_back.place);
                let mid_stay = held.is_mid_stay();
                let Moved { visit, batch, .. } = &put_back.posted;
                self.take_lines(*visit, batch.as_deref(), mid_stay, put_back.settlement);
                self.books.restored = self.books.restored.saturating_add(1);
            }
            Undone::Visit(visit) => {
                self.visits.remove(visit.get());
            }
        }
        let digest = known.map_or(request.digest, |known| known.digest);
        let time_ms = record.time_ms;
        self.requests.put(key, Remembered { digest, place, time_ms, effect });
        Ok(())
    }

    fn post(&mut self, seq: u64, psn_no: &str, asker: &str, moved: &Moved) -> Result<(), Broken> {
        let Ledger { members, policies, symbols, facilities, books, .. } = self;
        let member = members.get_mut(psn_no).ok_or(Broken { seq, what: "no such member" })?;
        let (labels, slots) = (moved.labels.lent(), moved.slots.iter().copied());
        move_slots(seq, member, policies, symbols, moved.policy, labels, slots)?;
        let Moved { balance, family, facility, person, .. } = *moved;
        let money = Money { balance, family, facility, person };
        move_money(seq, member, facilities, books, asker, money, moved.funds.iter().copied())
    }

    fn settlement_mut(
        &mut self,
        seq: u64,
        psn_no: &str,
        settlement: u64,
    ) -> Result<&mut HeldSettlement, Broken> {
        let member = self.members.get_mut(psn_no);
        let held = member.and_then(|member| member.settlement_mut(settlement));
        held.ok_or(Broken { seq, what: "no such settlement" })
    }

    /// A settlement takes in lines of its visit. One settled at once is not registered, so none has its number.
    fn take_lines(&mut self, visit: VisitId, batch: Option<&str>, mid_stay: bool, settlement: u64) {
        if let Some(visit) = self.visits.get_mut(visit.get()) {
            visit.take(batch, mid_stay, settlement);
        }
    }
}

/// What a bill moves besides slots and funds. A debit lowers what is owed to the member.
#[derive(Copy, Clone, Debug, Default)]
struct Money {
    balance: Fen,
    /// Due from family accounts.
    family: Fen,
    facility: Fen,
    person: Fen,
}

impl Money {
    fn of(postings: &[Posting]) -> Money {
        let mut money = Money::default();
        for Posting { account, amount, .. } in postings {
            match account {
                Account::FundExpense(_) => {}
                Account::OwnAccount => money.balance = money.balance.minus(*amount),
                Account::FamilyAccount(_) => money.family = money.family.plus(*amount),
                Account::FacilityPayable => money.facility = money.facility.plus(*amount),
                Account::PersonPayable => money.person = money.person.plus(*amount),
            }
        }
        money
    }
}

/// The expense of each fund in a bill.
fn funds_of(postings: &[Posting]) -> impl Iterator<Item = (u32, Fen)> + Clone {
    postings.iter().filter_map(|posting| match posting.account {
        Account::FundExpense(fund) => Some((fund.get(), posting.amount)),
        Account::OwnAccount
        | Account::FamilyAccount(_)
        | Account::FacilityPayable
        | Account::PersonPayable => None,
    })
}

fn move_slots(
    seq: u64,
    member: &mut Member,
    policies: &[Policy],
    symbols: &mut Symbols,
    policy: u64,
    labels: Labels<'_>,
    deltas: impl Iterator<Item = (SlotKey, Fen)>,
) -> Result<(), Broken> {
    let broken = |what| Broken { seq, what };
    let policy = policies.iter().find(|one| one.seq == policy);
    let policy = policy.ok_or(broken("no such policy"))?;
    for (key, delta) in deltas {
        let held = policy.held_or_new(key, labels, symbols);
        let held = held.ok_or(broken("a slot that its policy does not have"))?;
        if member.add(held, delta).is_negative() {
            return Err(broken("a slot falls below nought"));
        }
    }
    Ok(())
}

/// Posts money. A reversal's amounts have the other sign, so nothing is below nought but by a broken history.
fn move_money(
    seq: u64,
    member: &mut Member,
    facilities: &mut BTreeMap<Text, Facility>,
    books: &mut Books,
    asker: &str,
    money: Money,
    funds: impl Iterator<Item = (u32, Fen)> + Clone,
) -> Result<(), Broken> {
    let broken = |what| Broken { seq, what };
    let debits = funds.clone().map(|(_, amount)| amount).sum::<Fen>();
    if debits.minus(money.balance).plus(money.family) != money.facility.plus(money.person) {
        return Err(broken("its debits are not its credits"));
    }
    member.balance = member.balance.plus(money.balance);
    if member.balance.is_negative() {
        return Err(broken("an account falls below nought"));
    }
    let facility = facilities.get_mut(asker).ok_or(broken("no such facility"))?;
    facility.payable = facility.payable.plus(money.facility);
    for (fund, amount) in funds {
        let expense = books.funds.entry(fund).or_default();
        *expense = expense.plus(amount);
    }
    books.persons = books.persons.plus(money.person);
    books.family = books.family.plus(money.family);
    Ok(())
}

impl Facility {
    /// What was known of it from a command on.
    pub fn facts_of(&self, revision: u64) -> Option<&FacilityFacts> {
        self.known.iter().find(|(seq, _)| *seq == revision).map(|(_, facts)| facts)
    }

    /// What is known of it now.
    pub fn facts(&self) -> Option<&FacilityFacts> {
        self.known.last().map(|(_, facts)| facts)
    }

    /// The number of the command that said so.
    pub fn revision(&self) -> u64 {
        self.known.last().map_or(0, |(seq, _)| *seq)
    }

    /// What it is owed by this shard's settlements.
    pub fn payable(&self) -> Fen {
        self.payable
    }
}

impl Policy {
    /// The key by which a slot is held, where all its texts are known.
    fn held(&self, key: SlotKey, labels: Labels<'_>, symbols: &Symbols) -> Option<HeldKey> {
        self.key(key, labels, |text| symbols.find(text))
    }

    /// The key by which a slot is held; texts that are new are given numbers.
    fn held_or_new(
        &self,
        key: SlotKey,
        labels: Labels<'_>,
        symbols: &mut Symbols,
    ) -> Option<HeldKey> {
        self.key(key, labels, |text| Some(symbols.intern(text)))
    }

    fn key(
        &self,
        key: SlotKey,
        labels: Labels<'_>,
        mut symbol: impl FnMut(&str) -> Option<Symbol>,
    ) -> Option<HeldKey> {
        let (slot, by) = *self.slots.get(key.slot.index())?;
        let number = usize::try_from(key.sub).ok()?.checked_sub(1);
        let sub = match (by, number) {
            (KeyedBy::Nothing, _) | (_, None) => Symbol::NONE,
            (KeyedBy::Disease, Some(number)) => match key.unlisted_disease() {
                Some(_) => symbol(labels.disease.unwrap_or_default())?,
                None => *self.diseases.get(number)?,
            },
            (KeyedBy::Group, Some(number)) => *self.groups.get(number)?,
            (KeyedBy::Scheme, Some(_)) => symbol(scheme_text(labels.insutype, &mut [0; 3]))?,
        };
        let filing = match key.period {
            crate::admit::Period::Filing(_) => symbol(labels.filing)?,
            crate::admit::Period::Stay(_, _)
            | crate::admit::Period::Day(_)
            | crate::admit::Period::Month(_)
            | crate::admit::Period::Quarter(_)
            | crate::admit::Period::Year(_)
            | crate::admit::Period::Life => Symbol::NONE,
        };
        Some(HeldKey::new(slot, sub, key.period, filing))
    }
}

/// The three digits of an insurance type.
fn scheme_text(insutype: u16, room: &mut [u8; 3]) -> &str {
    let digit = |of: u16| b'0'.wrapping_add(u8::try_from(of.wrapping_rem(10)).unwrap_or(0));
    *room = [digit(insutype.wrapping_div(100)), digit(insutype.wrapping_div(10)), digit(insutype)];
    core::str::from_utf8(room).unwrap_or_default()
}

/// How many buckets members are spread over: the most shards there can be.
pub const BUCKETS: usize = 256;

/// The bucket of a member: FNV-1a over `psn_no`, spread once more, the same in every program. A request's key carries it.
pub fn bucket_of(psn_no: impl AsRef<[u8]>) -> u8 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in psn_no.as_ref() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    // Its upper bits know little of the last letters, in which numbers of persons differ most.
    let [.., top] = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
    top
}

/// Which of so many shards a bucket belongs to.
pub fn shard_of_bucket(bucket: u8, shards: usize) -> usize {
    usize::from(bucket).checked_rem(shards).unwrap_or(0)
}

/// Which of so many shards a member belongs to.
pub fn shard_of(psn_no: impl AsRef<[u8]>, shards: usize) -> usize {
    shard_of_bucket(bucket_of(psn_no), shards)
}

/// Texts of an iterator.
pub(crate) fn texts<'a>(from: impl Iterator<Item = &'a str>) -> Vec<Text> {
    from.map(Text::from).collect()
}
