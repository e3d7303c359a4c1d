//! What a command needs of other members' accounts (家庭共济), fetched from their shards and told to them: an errand for it, step by
//! step. No thread is known here; `run` puts one around it, and the simulator steps it too.
//!
//! ```text
//! a shard needs ─► balances? ─► pre-settle ─► hold at each owner ─► the command again, with its shares ─► answer
//!                  (a settlement)             (durable)              (durable)                             │
//!                                              end at each owner: so much is paid, the rest is free ◄──────┘
//! ```
//!
//! Each arrow is a command of its own, taken only when the one before is durable. A member has one errand at a time, until its
//! ends are durable: so an owner holds at most one item for a member, and whatever a crash takes, [`ends_of`] tells from the
//! member's settlements what became of it.

pub(crate) mod run;

use std::collections::{BTreeMap, VecDeque};

use yidan_journal::JournalError;
use yidan_settlement::command::{Command, EndHold, Hold, What};
use yidan_settlement::event::{Event, Record, Request, Share};
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::{HeldShare, Ledger, Needs, shard_of};
use yidan_settlement::money::Fen;
use yidan_settlement::stored;

use crate::engine::EngineError;
use crate::reply::Stopped;
use crate::shard::{Answer, Ask, Outcome};

/// The errands that are on their way; `R` is whoever waits for a command's answer.
pub struct Families<R> {
    errands: BTreeMap<Text, Errand<R>>,
    begun: u64,
}

/// What an answer is to: an errand, and the owner it is about.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Tag {
    member: Text,
    errand: u64,
    part: usize,
}

/// What is to be asked of a shard.
#[derive(Clone, Debug)]
pub enum Asking {
    /// The balance of this member.
    Balance(Text),
    /// A command that has its number.
    Again(Box<Command>),
    /// What is to be done in this member's account, by a command that is to be given a number.
    New(Text, Box<What>),
}

/// What is to be done next.
pub enum Next<R> {
    /// Ask; the answer comes back with its tag. What is asked of one shard is asked in this order.
    Ask(Tag, Asking),
    /// Answer whoever waits.
    Answer(R, Answer),
}

struct Errand<R> {
    number: u64,
    step: Step,
    /// The command, while no shard has it.
    command: Option<Box<Command>>,
    reply: Option<R>,
    /// The settlement that is undone or put back.
    settlement: Option<u64>,
    parts: Vec<Part>,
    /// Answers still to come in this step.
    open: usize,
    /// What the shard needs, where it has just said so.
    needs: Option<Needs>,
    /// Commands of the same member that wait for the end of this one.
    waiting: VecDeque<(Box<Command>, R)>,
}

/// One owner.
struct Part {
    owner: Text,
    /// What there is, then what is needed, then what is held.
    amount: Fen,
    /// What is held, by its number; nought for nothing.
    item: u64,
    paid: Fen,
}

/// What the answers that are still to come are to.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Step {
    /// What owners have.
    Balances,
    /// What a settlement would take of it.
    PreSettling,
    /// What is held.
    Holding,
    /// The command.
    Deciding,
    /// The ends of what was held.
    Ending,
}

impl Asking {
    /// Whose shard is asked.
    pub fn psn_no(&self) -> &str {
        match self {
            Asking::Balance(psn_no) | Asking::New(psn_no, _) => psn_no,
            Asking::Again(command) => &command.request.psn_no,
        }
    }

    /// The shard, of so many.
    pub fn shard(&self, shards: usize) -> usize {
        shard_of(self.psn_no(), shards)
    }

    /// What to ask of it; `stamp` makes a command of what is to be done in a member's account.
    pub fn ask(self, stamp: impl FnOnce(Request, What) -> Command) -> Ask {
        match self {
            Asking::Balance(psn_no) => Ask::Balance(psn_no),
            Asking::Again(command) => Ask::of(*command),
            Asking::New(psn_no, what) => {
                Ask::of(stamp(Request { psn_no, ..Request::default() }, *what))
            }
        }
    }
}

impl<R> Default for Families<R> {
    fn default() -> Families<R> {
        Families { errands: BTreeMap::new(), begun: 0 }
    }
}

impl<R> Families<R> {
    /// Whether none is on its way.
    pub fn is_idle(&self) -> bool {
        self.errands.is_empty()
    }

    /// How many wait for an answer.
    pub fn clients(&self) -> usize {
        let of = |errand: &Errand<R>| errand.waiting.len() + usize::from(errand.reply.is_some());
        self.errands.values().map(of).sum()
    }

    /// A shard has given a command back that needs other members' accounts.
    pub fn needed(
        &mut self,
        command: Box<Command>,
        needs: Needs,
        reply: R,
        next: &mut Vec<Next<R>>,
    ) {
        let member = command.request.psn_no.clone();
        if let Some(errand) = self.errands.get_mut(&member) {
            errand.waiting.push_back((command, reply));
            return;
        }
        self.begun += 1;
        let mut errand = Errand::new(self.begun, reply, VecDeque::new());
        (errand.command, errand.needs) = (Some(command), Some(needs));
        errand.go_on(&member, next);
        self.errands.insert(member, errand);
    }

    /// An answer has come. Once all has stopped an errand is given up: who waits for it is dropped, and what is held is ended by
    /// the next start.
    ///
    /// # Panics
    /// When a shard does not end what it holds: nothing may be paid any more.
    pub fn answered(
        &mut self,
        tag: Tag,
        outcome: Result<Outcome, Stopped>,
        next: &mut Vec<Next<R>>,
    ) {
        let Tag { member, errand: number, part } = tag;
        let of_tag = |errand: &&mut Errand<R>| errand.number == number;
        let Some(errand) = self.errands.get_mut(&member).filter(of_tag) else { return };
        let Ok(outcome) = outcome else {
            self.errands.remove(&member);
            return;
        };
        errand.take(part, outcome, next);
        if errand.open == 0 && !errand.go_on(&member, next) {
            let errand = self.errands.remove(&member);
            let mut waiting = errand.map(|errand| errand.waiting).unwrap_or_default();
            // What waited is asked as if it had just come: what it needs may be another thing now.
            if let Some((command, reply)) = waiting.pop_front() {
                self.begun += 1;
                let mut errand = Errand::new(self.begun, reply, waiting);
                errand.ask(&member, Step::Deciding, [(0, Asking::Again(command))], next);
                self.errands.insert(member, errand);
            }
        }
    }
}

impl<R> Errand<R> {
    /// One by this number for whoever waits, with what of the same member waits for its end.
    fn new(number: u64, reply: R, waiting: VecDeque<(Box<Command>, R)>) -> Errand<R> {
        Errand {
            number,
            step: Step::Deciding,
            command: None,
            reply: Some(reply),
            settlement: None,
            parts: Vec::new(),
            open: 0,
            needs: None,
            waiting,
        }
    }

    /// Takes an answer in.
    fn take(&mut self, part: usize, outcome: Outcome, next: &mut Vec<Next<R>>) {
        self.open -= 1;
        match self.step {
            Step::Balances => {
                let balance =
                    if let Outcome::Balance(balance) = outcome { balance } else { Fen::ZERO };
                self.parts[part].amount = balance;
            }
            Step::PreSettling => {
                // Where it would be refused nothing is held, and it is refused when it is decided.
                let settled = if let Outcome::Answer(Answer::PreSettled(settled)) = outcome {
                    Some(settled)
                } else {
                    None
                };
                for part in &mut self.parts {
                    let mut family = settled.iter().flat_map(|settled| settled.family());
                    let of_part = family.find(|(share, _)| share.owner == part.owner);
                    part.amount = of_part.map_or(Fen::ZERO, |(_, paid)| paid);
                }
            }
            Step::Holding => {
                let part = &mut self.parts[part];
                let record = record_of(&outcome.into_answer());
                if let Some(Record { seq, event: Event::FamilyHeld(held), .. }) = record {
                    (part.item, part.amount) = (seq, held.amount);
                }
            }
            Step::Deciding => self.decided(outcome, next),
            Step::Ending => {
                let done = matches!(outcome.into_answer(), Answer::Done(_, _));
                assert!(done, "what is held is ended");
            }
        }
    }

    fn decided(&mut self, outcome: Outcome, next: &mut Vec<Next<R>>) {
        let answer = match outcome {
            Outcome::Needs(command, needs) => {
                (self.command, self.needs) = (Some(command), Some(needs));
                return;
            }
            answered @ (Outcome::Answer(_) | Outcome::Balance(_) | Outcome::Looked) => {
                answered.into_answer()
            }
        };
        // Nothing was held for what is not decided, or was decided before.
        if self.parts.iter().any(|part| part.item != 0)
            && let Some(record) = record_of(&answer)
        {
            for part in &mut self.parts {
                part.paid = record.event.paid_of(part.item).unwrap_or_default();
            }
        }
        next.extend(self.reply.take().map(|reply| Next::Answer(reply, answer)));
    }

    /// The step after the one whose answers are all there; `false` at the end.
    fn go_on(&mut self, member: &Text, next: &mut Vec<Next<R>>) -> bool {
        if let Some(needs) = self.needs.take() {
            self.begin(member, needs, next);
            return true;
        }
        match self.step {
            Step::Balances => self.offer(member, next),
            Step::PreSettling => self.hold(member, next),
            Step::Holding => self.decide(member, next),
            Step::Deciding => {
                let end = |part: &Part| {
                    let end = EndHold { item: part.item, paid: part.paid };
                    Asking::New(part.owner.clone(), Box::new(What::EndHold(end)))
                };
                let ends: Vec<_> =
                    self.parts.iter().filter(|part| part.item != 0).map(end).collect();
                self.ask(member, Step::Ending, ends.into_iter().enumerate(), next);
                return self.open > 0;
            }
            Step::Ending => return false,
        }
        true
    }

    fn begin(&mut self, member: &Text, needs: Needs, next: &mut Vec<Next<R>>) {
        let part = |(owner, amount)| Part { owner, amount, item: 0, paid: Fen::ZERO };
        match needs {
            Needs::Balances(owners) => {
                self.parts = owners.into_iter().map(|owner| part((owner, Fen::ZERO))).collect();
                let asked: Vec<_> =
                    self.parts.iter().map(|part| Asking::Balance(part.owner.clone())).collect();
                self.ask(member, Step::Balances, asked.into_iter().enumerate(), next);
            }
            Needs::Amounts(settlement, amounts) => {
                self.settlement = Some(settlement);
                self.parts = amounts.into_iter().map(part).collect();
                self.hold(member, next);
            }
        }
    }

    /// Asks what a settlement would take of what owners have.
    fn offer(&mut self, member: &Text, next: &mut Vec<Next<R>>) {
        self.parts.retain(|part| part.amount > Fen::ZERO);
        let Some(command) = &self.command else { return };
        let What::Settle(settle) = &command.what else { return self.decide(member, next) };
        if self.parts.is_empty() {
            return self.decide(member, next);
        }
        let what = What::PreSettle(settle.clone());
        let request = command.request.clone();
        let pre = Command { what, request, shares: Some(self.shares()), ..**command };
        self.ask(member, Step::PreSettling, [(0, Asking::Again(Box::new(pre)))], next);
    }

    fn hold(&mut self, member: &Text, next: &mut Vec<Next<R>>) {
        self.parts.retain(|part| !part.amount.is_zero());
        if self.parts.is_empty() {
            return self.decide(member, next);
        }
        let hold = |part: &Part| {
            let (member, settlement) = (member.clone(), self.settlement);
            let what = What::Hold(Hold { member, amount: part.amount, settlement });
            Asking::New(part.owner.clone(), Box::new(what))
        };
        let holds: Vec<_> = self.parts.iter().map(hold).collect();
        self.ask(member, Step::Holding, holds.into_iter().enumerate(), next);
    }

    /// Has the command decided, with what is held for it. A pre-settlement holds nothing: what owners have stands for it.
    fn decide(&mut self, member: &Text, next: &mut Vec<Next<R>>) {
        let Some(mut command) = self.command.take() else { return };
        if self.step == Step::Holding {
            self.parts.retain(|part| part.item != 0);
        }
        command.shares = Some(self.shares());
        self.ask(member, Step::Deciding, [(0, Asking::Again(command))], next);
    }

    fn shares(&self) -> Vec<Share> {
        let share = |part: &Part| {
            let (owner, item, amount) = (part.owner.clone(), part.item, part.amount);
            Share { owner, item, amount }
        };
        self.parts.iter().map(share).collect()
    }

    fn ask(
        &mut self,
        member: &Text,
        step: Step,
        asked: impl IntoIterator<Item = (usize, Asking)>,
        next: &mut Vec<Next<R>>,
    ) {
        self.step = step;
        for (part, asking) in asked {
            self.open += 1;
            let tag = Tag { member: member.clone(), errand: self.number, part };
            next.push(Next::Ask(tag, asking));
        }
    }
}

fn record_of(answer: &Answer) -> Option<Record> {
    let Answer::Done(_, bytes) = answer else { return None };
    stored::whole(bytes)
}

/// How everything that is held in these ledgers ends, by what became of the commands it was held for: what a start does before it
/// takes any command. `record` gives a record of the journal.
///
/// # Errors
/// A record that cannot be read.
pub fn ends_of(
    ledgers: &[Ledger],
    record: impl Fn(u64) -> Result<Vec<u8>, JournalError>,
) -> Result<Vec<(Text, What)>, EngineError> {
    let mut holds: Vec<(u64, &HeldShare)> = ledgers.iter().flat_map(Ledger::holds).collect();
    holds.sort_by_key(|(item, _)| *item);
    let mut ends = Vec::new();
    for (item, held) in holds {
        let paid = match held.settlement {
            Some(settlement) => moved(ledgers, settlement, held),
            None => paid_of(ledgers, item, held, &record)?,
        };
        ends.push((held.owner.clone(), What::EndHold(EndHold { item, paid })));
    }
    Ok(ends)
}

/// What is held to undo a settlement moves if it is undone, and what is held to put one back if it stands.
fn moved(ledgers: &[Ledger], settlement: u64, held: &HeldShare) -> Fen {
    let ledger = &ledgers[shard_of(&held.member, ledgers.len())];
    let member = ledger.members().get(&held.member);
    let settled = member.and_then(|one| one.settled().iter().find(|one| one.seq() == settlement));
    let undone = settled.is_some_and(|one| one.is_cancelled());
    if undone == held.amount.is_negative() { held.amount } else { Fen::ZERO }
}

/// What a settlement of the member made since has paid of it.
fn paid_of(
    ledgers: &[Ledger],
    item: u64,
    held: &HeldShare,
    record: impl Fn(u64) -> Result<Vec<u8>, JournalError>,
) -> Result<Fen, EngineError> {
    let ledger = &ledgers[shard_of(&held.member, ledgers.len())];
    let settled = ledger.members().get(&held.member).map_or(&[][..], |member| member.settled());
    for number in settled.iter().map(|one| one.place()).filter(|place| *place > held.place) {
        let bytes = record(number)?;
        let record: Record = stored::whole(&bytes).ok_or(EngineError::Unreadable { number })?;
        if let Some(paid) = record.event.paid_of(item) {
            return Ok(paid);
        }
    }
    Ok(Fen::ZERO)
}
