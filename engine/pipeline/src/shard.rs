//! One shard of the ledger as the pipeline runs it: looks up what the ledger asks for, decides, encodes, applies. A record that
//! is not durable yet is found among those it has just made.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;
use yidan_journal::storage::Storage;
use yidan_settlement::command::Command;
use yidan_settlement::event::{Record, Refused, Settled};
use yidan_settlement::facts::{LineFacts, SettleFacts, Text};
use yidan_settlement::id::{DiagnosisId, VisitId};
use yidan_settlement::ledger::{
    Catalogue, Decided, Ledger, LookUp, Member, Needs, RequestKey, Room, STEPS, Shelf, Sought,
};
use yidan_settlement::limits::RECORD_BYTES_MAX;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::Conduct;
use yidan_settlement::stored::Stored;

use crate::world::{Looking, World};
use crate::{Records, Shard};

/// The packs and the image now in use. A claim in flight keeps the world it began with.
pub type CurrentWorld = Arc<RwLock<Arc<World>>>;

/// A shard of the ledger.
pub struct LedgerShard<S: Storage> {
    ledger: Ledger,
    room: Room,
    world: CurrentWorld,
    past: Past<S>,
    /// Decided, and waiting for its number in the journal.
    pending: Option<(Record, Option<RequestKey>)>,
    /// The members of the commands that come next.
    sought: Vec<Sought>,
}

/// Records that were made: those not yet durable here, the others in the journal.
pub struct Past<S: Storage> {
    durable: Records<S>,
    recent: VecDeque<(u64, Arc<[u8]>)>,
}

/// What is asked of a shard.
pub enum Ask {
    /// A command, and the key under which its answer is remembered, which was computed where it was admitted.
    Command(Box<Command>, Option<RequestKey>),
    /// The same, and a look at the ledger as the command finds it.
    Seeing(Box<Command>, Option<RequestKey>, Glance),
    /// What a member's own account has.
    Balance(Text),
    /// Look at the ledger as it is.
    Look(Box<dyn FnOnce(&Ledger) + Send>),
}

/// What looks at a ledger right before a command is decided.
pub type Glance = Box<dyn FnOnce(&mut dyn Sight) + Send>;

/// What can be seen of a shard right before a command is decided.
pub trait Sight {
    /// The ledger.
    fn ledger(&self) -> &Ledger;

    /// When the command was admitted, milliseconds since 1970: the time of its record.
    fn time_ms(&self) -> u64;

    /// How lines would be split, as [`Ledger::split`] says.
    fn split(
        &mut self,
        visit: VisitId,
        how: SettleFacts,
        lines: &[LineFacts],
    ) -> Option<Vec<LineOutcome>>;
}

impl Ask {
    /// To do what a command says.
    pub fn of(command: Command) -> Ask {
        let key = RequestKey::of_command(&command);
        Ask::Command(Box::new(command), key)
    }

    /// To look, and then to do what a command says.
    pub fn seeing(command: Command, glance: Glance) -> Ask {
        let key = RequestKey::of_command(&command);
        Ask::Seeing(Box::new(command), key, glance)
    }

    fn command(&self) -> Option<(&Command, Option<RequestKey>)> {
        match self {
            Ask::Command(command, key) | Ask::Seeing(command, key, _) => Some((command, *key)),
            Ask::Balance(_) | Ask::Look(_) => None,
        }
    }
}

/// What a client is told of its command.
#[derive(Debug)]
pub enum Answer {
    /// It happened: the record, and its number in the journal.
    Done(u64, Arc<[u8]>),
    /// It happened before, and this record says what.
    Again(u64),
    /// What a settlement would give.
    PreSettled(Box<Settled>),
    /// Everything is as the command wants it already.
    Nothing,
    /// Refused, and nothing is remembered of it.
    Refused(Refused),
}

/// What a shard gives for what it is asked: clients are told of it what is an [`Answer`].
#[derive(Debug)]
pub enum Outcome {
    /// A command has its answer.
    Answer(Answer),
    /// A command is not decided: other members' accounts are to be asked first.
    Needs(Box<Command>, Needs),
    /// A member's balance; nought for one that is not known.
    Balance(Fen),
    /// The ledger was looked at.
    Looked,
}

impl Outcome {
    /// The answer to a command that needs nothing more.
    ///
    /// # Panics
    /// For what is none: then something else was asked.
    pub fn into_answer(self) -> Answer {
        match self {
            Outcome::Answer(answer) => answer,
            other @ (Outcome::Needs(_, _) | Outcome::Balance(_) | Outcome::Looked) => {
                panic!("{other:?} answers no command")
            }
        }
    }
}

/// A shard, as a command finds it.
struct AtCommand<'s, S: Storage> {
    shard: &'s mut LedgerShard<S>,
    command: &'s Command,
}

impl<S: Storage> Sight for AtCommand<'_, S> {
    fn ledger(&self) -> &Ledger {
        &self.shard.ledger
    }

    fn time_ms(&self) -> u64 {
        self.command.time_ms
    }

    fn split(
        &mut self,
        visit: VisitId,
        how: SettleFacts,
        lines: &[LineFacts],
    ) -> Option<Vec<LineOutcome>> {
        let LedgerShard { ledger, room, world, past, .. } = &mut *self.shard;
        let world = Arc::clone(&world.read());
        let shelf = Shelved { world: &world, past };
        ledger.split(self.command, (visit, lines), how, &shelf, room)
    }
}

/// What the ledger asks for, for one command.
struct Shelved<'s, S: Storage> {
    world: &'s World,
    past: &'s Past<S>,
}

impl<S: Storage> LedgerShard<S> {
    /// A shard that goes on from a ledger.
    pub fn new(ledger: Ledger, world: &CurrentWorld, durable: Records<S>) -> LedgerShard<S> {
        let past = Past { durable, recent: VecDeque::new() };
        let (room, world) = (Room::default(), Arc::clone(world));
        LedgerShard { ledger, room, world, past, pending: None, sought: Vec::new() }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn decide(&mut self, command: &Command, key: Option<RequestKey>) -> Decided {
        let world = Arc::clone(&self.world.read());
        let shelf = Shelved { world: &world, past: &self.past };
        self.ledger.decide(command, key, &shelf, &mut self.room)
    }

    fn command(
        &mut self,
        command: Box<Command>,
        key: Option<RequestKey>,
        record: &mut Vec<u8>,
    ) -> Outcome {
        let event = match self.decide(&command, key) {
            Decided::Again(number) => return Outcome::Answer(Answer::Again(number)),
            Decided::PreSettled(settled) => return Outcome::Answer(Answer::PreSettled(settled)),
            Decided::Nothing => return Outcome::Answer(Answer::Nothing),
            Decided::Refused(refused) => return Outcome::Answer(Answer::Refused(refused)),
            Decided::Needs(needs) => return Outcome::Needs(command, needs),
            Decided::Event(event) => event,
        };
        // What was asked for stays where it is: only who asked goes on into the record.
        let Command { seq, time_ms, request, .. } = *command;
        let made = Record { seq, time_ms, request, event };
        made.put(record);
        if record.len() > RECORD_BYTES_MAX {
            record.clear();
            return Outcome::Answer(Answer::Refused(Refused {
                reason: Conduct::RecordTooLong.number(),
                line: None,
                figures: None,
                detail: 0,
            }));
        }
        self.pending = Some((made, key));
        // Its number comes next.
        Outcome::Answer(Answer::Done(0, Arc::from(&**record)))
    }
}

impl<S: Storage> Shard for LedgerShard<S> {
    type Command = Ask;
    type Answer = Outcome;

    fn step(&mut self, ask: Ask, record: &mut Vec<u8>) -> Outcome {
        match ask {
            Ask::Command(command, key) => self.command(command, key, record),
            Ask::Seeing(command, key, glance) => {
                glance(&mut AtCommand { shard: self, command: &command });
                self.command(command, key, record)
            }
            Ask::Balance(psn_no) => {
                let member = self.ledger.members().get(&psn_no);
                Outcome::Balance(member.map_or(Fen::ZERO, Member::balance))
            }
            Ask::Look(look) => {
                look(&self.ledger);
                Outcome::Looked
            }
        }
    }

    fn foresee<'c>(&mut self, asks: impl Iterator<Item = &'c Ask> + Clone) {
        for (command, _) in asks.clone().filter_map(Ask::command) {
            command.fetch();
        }
        let commands = asks.filter_map(Ask::command);
        let commands = commands.map(|(command, key)| (command.request.psn_no.as_bytes(), key));
        self.sought.clear();
        self.sought.extend(commands.clone().map(|(psn_no, key)| Sought::of_key(key, psn_no)));
        for step in STEPS {
            for ((psn_no, _), sought) in commands.clone().zip(&mut self.sought) {
                self.ledger.seek(step, psn_no, sought);
            }
        }
    }

    fn numbered(&mut self, number: u64, outcome: &mut Outcome) {
        let Some((record, key)) = self.pending.take() else { return };
        if let Outcome::Answer(Answer::Done(place, bytes)) = outcome {
            *place = number;
            // What comes next may look it up before it is durable: a cancellation its settlement, a correction its visit.
            self.past.keep(number, Arc::clone(bytes));
        }
        let applied = self.ledger.apply_keyed(&record, key, number);
        // What was decided on this very state must fit it: if not, the ledger itself is broken, and nothing more may be
        // decided on it.
        assert_eq!(applied, Ok(()), "the ledger took in what it decided");
        self.room.reuse(record.event);
    }
}

impl<S: Storage> Past<S> {
    fn keep(&mut self, number: u64, bytes: Arc<[u8]>) {
        let end = self.durable.durable().end;
        while self.recent.front().is_some_and(|(oldest, _)| *oldest < end) {
            self.recent.pop_front();
        }
        self.recent.push_back((number, bytes));
    }

    fn record(&self, number: u64) -> Option<Vec<u8>> {
        let place = self.recent.binary_search_by_key(&number, |(number, _)| *number);
        match place.ok().and_then(|place| self.recent.get(place)) {
            Some((_, bytes)) => Some(bytes.to_vec()),
            None => self.durable.fetch(number).ok(),
        }
    }
}

impl<S: Storage> Shelf for Shelved<'_, S> {
    type LookUps<'a>
        = Looking<'a>
    where
        Self: 'a;

    fn pack_of(&self, admdvs: &str) -> Option<&Pack> {
        self.world.pack_of(admdvs).map(|loaded| &*loaded.pack)
    }

    fn look_up<'a>(&'a self, asked: LookUp<'a>) -> (Option<Catalogue<'a>>, Looking<'a>) {
        self.world.look_up(asked)
    }

    fn diagnoses(&self, codes: &[Text], known: &mut Vec<DiagnosisId>) {
        self.world.diagnoses(codes, known);
    }

    fn record(&self, place: u64) -> Option<Vec<u8>> {
        self.past.record(place)
    }
}
