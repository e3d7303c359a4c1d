//! R1 over fresh members, as who asks "what if" runs it: OpenFisca-Core on one thread and DuckDB on several, each beside a batch of
//! ours on as many. Ours runs the same tier machine as any settlement, with six slots that happen to be nought.

use std::time::{Duration, Instant};

use yidan_bench::by_hand::Paid;
use yidan_bench::r1::{self, Bill, Machine};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;

use crate::Asked;
use crate::answers::{self, Compared};
use crate::program::Program;
use crate::table::{Round, Table};

/// A batch takes so many at a time, so that no thread waits for the other at the end.
const PIECE: usize = 16_384;

/// OpenFisca-Core: numpy runs its formulas on one thread.
pub(crate) fn beside_openfisca(asked: &Asked, table: &mut Table) {
    const PEER: &str = "OpenFisca-Core";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bills = answers::bills(asked.persons.max(20), asked.persons);
    answers::write_bills(folder.path(), &bills);
    let batch = Batch { by_hand: answers::on_fresh(&bills), bills, pack: r1::pack(), threads: 1 };
    let program = Program::python("openfisca_r1.py", folder.path(), 1);
    let Some(mut program) = batch.or_alone(program, PEER, table) else { return };
    let mut rounds = Vec::new();
    for _ in 0..=asked.rounds {
        let theirs = program.turn();
        rounds.push(batch.round(theirs, batch.all()));
    }
    program.write();
    let mut compared = Compared::default();
    compared.paid(folder.path(), &batch.by_hand);
    let work = format!("{} fresh members, every answer kept, 1 thread", batch.bills.len());
    table.row(PEER, program.version(), &work, &rounds[1..], compared);
}

/// DuckDB: a table of every answer, and sums alone.
pub(crate) fn beside_duckdb(asked: &Asked, table: &mut Table) {
    const PEER: &str = "DuckDB";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bills = answers::bills(asked.fresh.max(20), asked.fresh);
    answers::write_bills(folder.path(), &bills);
    let threads = asked.threads;
    let batch = Batch { by_hand: answers::on_fresh(&bills), bills, pack: r1::pack(), threads };
    let program = Program::python("duckdb_r1.py", folder.path(), threads);
    let Some(mut program) = batch.or_alone(program, PEER, table) else { return };
    let (mut kept, mut summed, mut sums_compared) = (Vec::new(), Vec::new(), Compared::default());
    let sums_by_hand = batch.sums_by_hand();
    for _ in 0..=asked.rounds {
        let theirs = program.turn();
        kept.push(batch.round(theirs, batch.all()));
        let (theirs, sums) = program.sum();
        sums.iter().zip(sums_by_hand).for_each(|(sum, by_hand)| {
            sums_compared.one(&[*sum], &[by_hand]);
        });
        summed.push(batch.round(theirs, batch.sums()));
    }
    program.write();
    let mut compared = Compared::default();
    compared.paid(folder.path(), &batch.by_hand);
    let work = format!("{} fresh members, every answer kept, {threads} threads", batch.bills.len());
    table.row(PEER, program.version(), &work, &kept[1..], compared);
    let work = format!("{} fresh members, sums alone, {threads} threads", batch.bills.len());
    table.row(PEER, program.version(), &work, &summed[1..], sums_compared);
}

/// Bills of fresh members that several threads settle.
struct Batch {
    bills: Vec<Bill>,
    by_hand: Vec<Paid>,
    pack: Pack,
    threads: usize,
}

impl Batch {
    /// The peer's program; where it is not there, ours runs alone, to be compared with the function by hand all the same.
    fn or_alone(
        &self,
        program: Result<Program, String>,
        peer: &str,
        table: &mut Table,
    ) -> Option<Program> {
        program
            .inspect_err(|why| {
                table.skip(peer, why);
                self.all();
                self.sums();
            })
            .ok()
    }

    fn round(&self, theirs: Duration, ours: Duration) -> Round {
        let count = self.bills.len() as f64;
        Round { theirs: theirs.as_secs_f64() / count, ours: ours.as_secs_f64() / count }
    }

    /// Settles all and keeps every answer: how long it took.
    fn all(&self) -> Duration {
        let begun = Instant::now();
        let nothing = Paid { basic: 0, critical: 0, assistance: 0 };
        let mut paid = vec![nothing; self.bills.len()];
        let pieces = self.bills.chunks(PIECE).zip(paid.chunks_mut(PIECE));
        let pieces = parking_lot::Mutex::new(pieces);
        let work = || {
            let mut machine = Machine::new(&self.pack);
            loop {
                let piece = pieces.lock().next();
                let Some((bills, paid)) = piece else { break };
                for (bill, paid) in bills.iter().zip(paid) {
                    *paid = machine.settle(&mut [Fen::ZERO; 6], bill);
                }
            }
        };
        std::thread::scope(|scope| {
            (1..self.threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let took = begun.elapsed();
        assert!(paid == self.by_hand, "the machine pays what the function by hand pays");
        took
    }

    /// Settles all and keeps the sums of the three tiers: how long it took.
    fn sums(&self) -> Duration {
        let begun = Instant::now();
        let pieces = parking_lot::Mutex::new(self.bills.chunks(PIECE));
        let whole = parking_lot::Mutex::new([0_i64; 3]);
        let work = || {
            let mut machine = Machine::new(&self.pack);
            let mut sums = [0_i64; 3];
            loop {
                let piece = pieces.lock().next();
                let Some(bills) = piece else { break };
                for bill in bills {
                    add(&mut sums, &machine.settle(&mut [Fen::ZERO; 6], bill));
                }
            }
            whole.lock().iter_mut().zip(sums).for_each(|(whole, sum)| *whole += sum);
        };
        std::thread::scope(|scope| {
            (1..self.threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let took = begun.elapsed();
        assert_eq!(*whole.lock(), self.sums_by_hand(), "and the sums are those by hand");
        took
    }

    fn sums_by_hand(&self) -> [i64; 3] {
        let mut sums = [0; 3];
        self.by_hand.iter().for_each(|paid| add(&mut sums, paid));
        sums
    }
}

fn add(sums: &mut [i64; 3], paid: &Paid) {
    sums.iter_mut().zip(answers::of(paid)).for_each(|(sum, paid)| *sum += paid);
}
