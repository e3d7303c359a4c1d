//! A ledger that is asked directly, as a shard does, with no queue before it and no journal behind: what is decided on it is applied
//! to it.

use std::collections::BTreeMap;

use yidan_image::Image;
use yidan_pipeline::world::{Looking, World};
use yidan_settlement::bill::Decision;
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{Event, PolicyNames, Record, Request, Settled};
use yidan_settlement::facts::{ChargesFacts, Text};
use yidan_settlement::id::DiagnosisId;
use yidan_settlement::ledger::{Catalogue, Decided, Ledger, LookUp, RequestKey, Room, Shelf};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::stored::Stored;

use crate::bills::{self, SEED};
use crate::by_hand::{self, Slots};
use crate::claims;
use crate::dice::{Dice, Zipf};

/// A ledger, and what it is decided by.
pub struct Office {
    ledger: Ledger,
    room: Room,
    shelf: Shelved,
    seq: u64,
}

/// The packs and the image of a world, and the records that were kept.
struct Shelved {
    world: World,
    /// In a tree: a table hashed by a new seed in every process would be another count of instructions in each.
    records: BTreeMap<u64, Vec<u8>>,
}

/// A command ready to be decided, with the key that its answer is remembered under.
#[derive(Debug)]
pub struct Asked {
    /// The command.
    pub command: Command,
    /// The key of its request.
    pub key: Option<RequestKey>,
}

impl Asked {
    /// With its key.
    pub fn of(command: Command) -> Asked {
        let key = RequestKey::of_command(&command);
        Asked { command, key }
    }

    /// The same settlement asked beforehand.
    ///
    /// # Panics
    /// Where it is none.
    pub fn beforehand(&self) -> Asked {
        let What::Settle(settle) = &self.command.what else { panic!("{:?}", self.command.what) };
        Asked::of(Command { what: What::PreSettle(settle.clone()), ..self.command.clone() })
    }
}

impl Shelf for Shelved {
    type LookUps<'a> = Looking<'a>;

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
        self.records.get(&place).cloned()
    }
}

impl Office {
    /// With the packs and the image of a world and the facilities of R1, and without a member.
    pub fn new(world: World) -> Office {
        Office::told(world, |_| {})
    }

    /// The same, and each record on the way is told.
    pub fn told(world: World, mut each: impl FnMut(&Record)) -> Office {
        let names: Vec<PolicyNames> =
            world.packs().iter().map(|loaded| PolicyNames::of(&loaded.pack)).collect();
        let digest = world.image().map(|image| image.digest());
        let shelf = Shelved { world, records: BTreeMap::new() };
        let mut office = Office { ledger: Ledger::new(), room: Room::default(), shelf, seq: 0 };
        let packs = names.into_iter().map(What::LoadPolicy);
        let image = digest.into_iter().map(What::LoadCatalogue);
        let facility = |(code, facts): (&str, _)| What::RegisterFacility(code.into(), facts);
        for what in packs.chain(image).chain(claims::facilities().map(facility)) {
            let asked = office.ask(Request::default(), what);
            each(&office.take(asked));
        }
        office
    }

    /// Registers so many members, of whom one in eight has a class; each record is told.
    pub fn register(&mut self, members: usize, mut each: impl FnMut(&Record)) {
        for number in 0..members {
            let request = Request { psn_no: claims::psn_no(number), ..Request::default() };
            let facts = claims::member(claims::class_of(number));
            let asked = self.ask(request, What::RegisterMember(facts, Fen::ZERO));
            each(&self.take(asked));
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A command with the next number.
    pub fn ask(&mut self, request: Request, what: What) -> Asked {
        self.seq += 1;
        Asked::of(Command { seq: self.seq, time_ms: 1, request, what, shares: None })
    }

    /// What the ledger makes of a command; nothing is changed.
    pub fn decide(&mut self, asked: &Asked) -> Decided {
        self.ledger.decide(&asked.command, asked.key, &self.shelf, &mut self.room)
    }

    /// What a settlement comes to by the ledger, whose room is then given back as a shard does.
    ///
    /// # Panics
    /// Where it is none, or is not settled.
    #[inline]
    pub fn settled(&mut self, asked: &Asked) -> Fen {
        let Decided::Event(event) = self.decide(asked) else { panic!("it is new") };
        let Event::Settled(settled) = &event else { panic!("it is settled: {event:?}") };
        let paid = settled.decision.fund_sum();
        self.room.reuse(event);
        paid
    }

    /// Decides and applies, and gives the record. Its number in the journal is that of its command.
    ///
    /// # Panics
    /// Where nothing happens by it.
    pub fn take(&mut self, asked: Asked) -> Record {
        let decided = self.decide(&asked);
        let Decided::Event(event) = decided else { panic!("{decided:?}") };
        assert!(!matches!(event, Event::Refused(_)), "{event:?}");
        let Command { seq, time_ms, request, .. } = asked.command;
        let record = Record { seq, time_ms, request, event };
        self.ledger.apply_keyed(&record, asked.key, seq).expect("it was decided on this ledger");
        record
    }

    /// Asks and takes in one, and has no further use for the record.
    ///
    /// # Panics
    /// Where nothing happens by it.
    pub fn does(&mut self, request: Request, what: What) {
        let asked = self.ask(request, what);
        let record = self.take(asked);
        self.room.reuse(record.event);
    }

    /// Keeps a record where later decisions find it, as in a journal.
    pub fn keep(&mut self, record: &Record) {
        self.shelf.records.insert(record.seq, bytes_of(record));
    }

    /// A command that cancels the settlement of a record, from who asked for that.
    pub fn ask_to_cancel(&mut self, settled: &Record) -> Asked {
        let msgid = format!("{}-cancel", settled.request.msgid).as_str().into();
        let request = Request { infno: 2_305, msgid, ..settled.request.clone() };
        self.ask(request, What::Cancel(settled.seq))
    }

    /// A settlement by totals for each of so many members, drawn by a seed.
    pub fn by_totals(&mut self, members: usize) -> Vec<Asked> {
        let mut dice = Dice::new(SEED);
        let charges = |_: usize| {
            let magnitude = 1_i64 << (13 + dice.below(10));
            let more = i64::try_from(dice.below(magnitude.unsigned_abs())).expect("small");
            claims::totals(magnitude + more, 0)
        };
        self.settlements(members, charges)
    }

    /// A settlement of so many lines for each of so many members, codes by Zipf.
    ///
    /// # Panics
    /// Where there is no image.
    pub fn by_lines(&mut self, members: usize, lines: usize, image: &Image) -> Vec<Asked> {
        let codes = bills::shuffled_codes(image.national().expect("a base"));
        let (zipf, mut dice) = (Zipf::new(codes.len()), Dice::new(SEED));
        let charges = |_: usize| {
            let line = |serial| {
                let code = &codes[zipf.draw(&mut dice)];
                claims::line(serial, code, &mut dice)
            };
            ChargesFacts::Lines((0..lines).map(line).collect())
        };
        self.settlements(members, charges)
    }

    fn settlements(
        &mut self,
        members: usize,
        charges: impl FnMut(usize) -> ChargesFacts,
    ) -> Vec<Asked> {
        let ask = |(member, charges)| {
            // By the command's own number no two requests are the same.
            let number = self.seq + 1;
            let request = claims::request(level_of(member), number, claims::psn_no(member));
            self.ask(request, What::Settle(claims::settle(claims::today(), charges)))
        };
        (0..members).map(charges).enumerate().map(ask).collect()
    }
}

/// The level of the facility that a member goes to.
fn level_of(member: usize) -> u8 {
    1 + u8::try_from(member % 3).expect("at most 2")
}

/// Holds a decision against the function by hand, for what is in scope, on the slots it leaves.
///
/// # Panics
/// Where the funds pay something else.
pub fn agrees(decision: &Decision, member: usize, slots: &mut Slots) {
    let (level, class) = (level_of(member), claims::class_of(member));
    let by_hand = by_hand::settle(slots, decision.split.in_scope.get(), level, class);
    assert_eq!(claims::paid(decision), by_hand, "as by hand for what is in scope");
}

/// The settlement that a record is of.
///
/// # Panics
/// Where it is of something else.
pub fn settled_in(record: &Record) -> &Settled {
    let Event::Settled(settled) = &record.event else {
        panic!("it is of no settlement: {:?}", record.event)
    };
    settled
}

/// A record as it stands in the journal.
pub fn bytes_of(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.put(&mut bytes);
    bytes
}
