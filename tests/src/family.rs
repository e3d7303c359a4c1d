//! Errands to other members' accounts, run to their end at once: for tests that have shards and no threads.

use yidan_pipeline::family::{Families, Next};
use yidan_pipeline::shard::{Answer, Ask, Outcome};
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{Record, Request};
use yidan_settlement::ledger::{Decided, Ledger, Member, Needs};
use yidan_settlement::money::Fen;
use yidan_settlement::stored;

/// Who is asked: shards, by the member whom it concerns.
pub trait Asked {
    /// The ledger that this member is in.
    fn ledger(&self, psn_no: &str) -> &Ledger;

    /// The answer of its shard to a command.
    fn command(&mut self, command: Box<Command>) -> Outcome;

    /// The answer of the shard of this member.
    ///
    /// # Panics
    /// When a look at the ledger is asked for.
    fn ask(&mut self, psn_no: &str, ask: Ask) -> Outcome {
        match ask {
            Ask::Balance(owner) => {
                let member = self.ledger(psn_no).members().get(&owner);
                Outcome::Balance(member.map_or(Fen::ZERO, Member::balance))
            }
            Ask::Command(command, _) => self.command(command),
            Ask::Look(_) | Ask::Seeing(_, _, _) => panic!("an errand looks at no ledger"),
        }
    }

    /// A command with a new number.
    fn stamp(&mut self, request: Request, what: What) -> Command;
}

/// Runs an errand to its end, and gives the command's answer.
///
/// # Panics
/// When it comes to no answer.
pub fn run(command: Box<Command>, needs: Needs, asked: &mut impl Asked) -> Answer {
    run_all(vec![(command, needs)], asked).pop().expect("it is answered")
}

/// Runs errands that are on their way at once, each a step in turn, and gives the answers of their commands.
///
/// # Panics
/// When one comes to no answer.
pub fn run_all(all: Vec<(Box<Command>, Needs)>, asked: &mut impl Asked) -> Vec<Answer> {
    let mut families = Families::default();
    let mut answers: Vec<Option<Answer>> = all.iter().map(|_| None).collect();
    let mut next = Vec::new();
    for (number, (command, needs)) in all.into_iter().enumerate() {
        families.needed(command, needs, number, &mut next);
    }
    while !next.is_empty() {
        for one in std::mem::take(&mut next) {
            match one {
                Next::Answer(number, answer) => answers[number] = Some(answer),
                Next::Ask(tag, asking) => {
                    let psn_no = asking.psn_no().to_owned();
                    let ask = asking.ask(|request, what| {
                        let request = Request { digest: what.digest(), ..request };
                        asked.stamp(request, what)
                    });
                    let outcome = asked.ask(&psn_no, ask);
                    families.answered(tag, Ok(outcome), &mut next);
                }
            }
        }
    }
    assert!(families.is_idle(), "all have come to their end");
    answers.into_iter().map(|answer| answer.expect("it is answered")).collect()
}

/// What a shard gives that decided so; an event's record has this number and these bytes.
pub fn outcome(command: &Command, decided: Decided, place: u64, record: &[u8]) -> Outcome {
    Outcome::Answer(match decided {
        Decided::Event(_) => Answer::Done(place, record.into()),
        Decided::Again(place) => Answer::Again(place),
        Decided::PreSettled(settled) => Answer::PreSettled(settled),
        Decided::Nothing => Answer::Nothing,
        Decided::Refused(refused) => Answer::Refused(refused),
        Decided::Needs(needs) => return Outcome::Needs(Box::new(command.clone()), needs),
    })
}

/// What was decided, by the answer.
///
/// # Panics
/// When the record of an event cannot be read.
pub fn decided(answer: Answer) -> Decided {
    match answer {
        Answer::Done(_, bytes) => {
            let record: Record = stored::whole(&bytes).expect("a record");
            Decided::Event(record.event)
        }
        Answer::Again(place) => Decided::Again(place),
        Answer::PreSettled(settled) => Decided::PreSettled(settled),
        Answer::Nothing => Decided::Nothing,
        Answer::Refused(refused) => Decided::Refused(refused),
    }
}

/// The first number of commands that nobody in town asked for.
pub const OWN_NUMBERS: u64 = 1 << 40;
