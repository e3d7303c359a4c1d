//! The ledger under a town of clients: what clients know from answers is what the books say, for any number of shards, live and
//! in replay; and every way in which the ledger refuses by itself.

use std::collections::BTreeMap;

use yidan_settlement::command::{Command, What};
use yidan_settlement::event::{Event, Record};
use yidan_settlement::ledger::{Decided, Ledger, Room, StateHash, shard_of};
use yidan_settlement::stored::{self, Stored};
use yidan_tests::sim::checks::visits;
use yidan_tests::town::{ClientBooks, Packs, Town, TownShelf};

/// Shards and the records they made, in the order they were made.
struct Engine<'p> {
    packs: &'p Packs,
    shards: Vec<Ledger>,
    journal: Vec<Vec<u8>>,
    room: Room,
}

impl<'p> Engine<'p> {
    fn new(packs: &'p Packs, shards: usize) -> Engine<'p> {
        let shards = vec![Ledger::new(); shards];
        Engine { packs, shards, journal: Vec::new(), room: Room::default() }
    }

    fn run(&mut self, command: &Command) -> Decided {
        if command.concerns_all() {
            let last = self.shards.len() - 1;
            (0..last).for_each(|shard| {
                self.step(shard, command);
            });
            return self.step(last, command);
        }
        self.step(shard_of(&command.request.psn_no, self.shards.len()), command)
    }

    fn step(&mut self, shard: usize, command: &Command) -> Decided {
        let journal = &self.journal;
        let records = |place: u64| journal.get(usize::try_from(place).ok()? - 1).cloned();
        let shelf = TownShelf { packs: self.packs, records };
        let decided = self.shards[shard].decide(command, &shelf, &mut self.room);
        if let Decided::Event(event) = &decided {
            let Command { seq, time_ms, request, .. } = command.clone();
            let record = Record { seq, time_ms, request, event: event.clone() };
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            assert_eq!(stored::whole::<Record>(&bytes).as_ref(), Some(&record), "it comes back");
            self.journal.push(bytes);
            let place = u64::try_from(self.journal.len()).expect("small");
            self.shards[shard].apply(&record, place).expect("what was decided fits");
        }
        decided
    }

    fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.journal.iter().map(|bytes| stored::whole(bytes).expect("a record"))
    }

    fn hash(&self) -> StateHash {
        StateHash::of(self.shards.iter())
    }

    /// The shards that these records make.
    fn replayed(&self, count: usize) -> Vec<Ledger> {
        let mut shards = vec![Ledger::new(); count];
        for (place, bytes) in (1_u64..).zip(&self.journal) {
            let record: Record = stored::whole(bytes).expect("a record");
            replay(&mut shards, &record, place);
        }
        shards
    }
}

fn replay(shards: &mut [Ledger], record: &Record, place: u64) {
    let all = matches!(
        record.event,
        Event::FacilityRegistered(_, _)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_)
    );
    if all {
        shards.iter_mut().for_each(|shard| shard.apply(record, place).expect("it fits"));
    } else {
        let shard = shard_of(&record.request.psn_no, shards.len());
        shards[shard].apply(record, place).expect("it fits");
    }
}

/// What clients note from an answer.
fn note(books: &mut ClientBooks, town: &mut Town, command: &Command, decided: &Decided) {
    if let Decided::Event(event) = decided {
        books.note(command.seq, event);
        town.heard(command, event);
    }
}

#[test]
fn books_are_what_clients_know_for_any_number_of_shards_and_in_replay() {
    let packs = Packs::curated();
    for seed in 0..4 {
        let mut hashes = Vec::new();
        for shards in [1, 2, 4] {
            let mut town = Town::new(seed, 60, &packs);
            let mut engine = Engine::new(&packs, shards);
            let mut books = ClientBooks::default();
            let mut kinds = BTreeMap::new();
            for _ in 0..6_000 {
                let command = town.next_command();
                let decided = engine.run(&command);
                note(&mut books, &mut town, &command, &decided);
                *kinds.entry(kind(&command, &decided)).or_insert(0) += 1;
            }
            books.compare(&engine.shards);
            let records: Vec<Record> = engine.records().collect();
            assert_eq!(visits::difference(records.iter(), &engine.shards), None);
            assert!(!books.undone.is_empty() && books.bills.len() > 500, "{kinds:?}");
            let live = engine.hash();
            for count in [1, 2, 4] {
                assert_eq!(
                    StateHash::of(engine.replayed(count).iter()),
                    live,
                    "{shards} to {count}"
                );
            }
            hashes.push(live);
        }
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
    }
}

fn kind(command: &Command, decided: &Decided) -> String {
    let what = format!("{:?}", command.what);
    let what = what.split(['(', ' ']).next().unwrap_or_default().to_owned();
    match decided {
        Decided::Event(Event::Refused(refused)) => format!("{what}: refused {}", refused.reason),
        Decided::Event(Event::Reversed(reversed)) => {
            let undone = format!("{:?}", reversed.undone);
            format!("{what}: {}", undone.split(['(', ' ']).next().unwrap_or_default())
        }
        Decided::Event(_) => format!("{what}: done"),
        Decided::Again(_) => format!("{what}: again"),
        Decided::PreSettled(_) => format!("{what}: pre-settled"),
        Decided::Nothing => format!("{what}: nothing"),
        Decided::Refused(refused) => format!("{what}: said {}", refused.reason),
    }
}

#[test]
fn a_pre_settlement_is_the_settlement_when_nothing_comes_between() {
    let packs = Packs::curated();
    let mut town = Town::new(77, 40, &packs);
    let mut engine = Engine::new(&packs, 2);
    let mut books = ClientBooks::default();
    let mut compared = 0;
    for _ in 0..4_000 {
        let command = town.next_command();
        let before = engine.hash();
        if let What::Settle(settle) = &command.what {
            let pre = Command { what: What::PreSettle(settle.clone()), ..command.clone() };
            let told = engine.run(&pre);
            assert_eq!(engine.hash(), before, "a pre-settlement changes nothing");
            let decided = engine.run(&command);
            match (&told, &decided) {
                (Decided::PreSettled(told), Decided::Event(Event::Settled(settled))) => {
                    assert_eq!(told, settled);
                    compared += 1;
                }
                (Decided::Refused(told), Decided::Event(Event::Refused(refused))) => {
                    assert_eq!(told, refused);
                }
                (_, Decided::Again(_) | Decided::Refused(_)) => {}
                (told, decided) => panic!("{told:?} before {decided:?}"),
            }
            note(&mut books, &mut town, &command, &decided);
        } else {
            let decided = engine.run(&command);
            note(&mut books, &mut town, &command, &decided);
        }
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn a_settlement_decided_anew_at_its_place_in_history_gives_the_same_bytes() {
    let packs = Packs::curated();
    let mut town = Town::new(5, 40, &packs);
    let mut engine = Engine::new(&packs, 1);
    let mut books = ClientBooks::default();
    for _ in 0..4_000 {
        let command = town.next_command();
        let decided = engine.run(&command);
        note(&mut books, &mut town, &command, &decided);
    }
    let mut shards = vec![Ledger::new()];
    let (mut room, mut audited) = (Room::default(), 0);
    let shelf = TownShelf { packs: &packs, records: |_| None };
    for (place, bytes) in (1_u64..).zip(&engine.journal) {
        let record: Record = stored::whole(bytes).expect("a record");
        if let Event::Settled(_) = &record.event {
            let again = shards[0].decide_again(&record, &shelf, &mut room).expect("decides");
            let mut anew = Vec::new();
            Record { event: Event::Settled(Box::new(again)), ..record.clone() }.put(&mut anew);
            assert_eq!(&anew, bytes, "command {}", record.seq);
            audited += 1;
        }
        replay(&mut shards, &record, place);
    }
    assert!(audited > 300, "{audited}");
}
