//! R1 over fresh members, as who asks "what if" runs it: OpenFisca-Core on one thread and DuckDB on several, each beside a batch of
//! ours on as many. Ours runs the same tier machine as any settlement, with six slots that happen to be nought.

use std::time::{Duration, Instant};

use yidan_bench::by_hand::Paid;
use yidan_bench::r1::{self, Bill, Machine};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;

use crate::answers::{self, Compared};
use crate::program::Program;
use crate::table::{Round, Table};
use crate::{Asked, again};

/// A batch takes so many at a time, so that no thread waits for the other at the end.
const PIECE: usize = 16_384;

/// OpenFisca-Core: numpy runs its formulas on one thread.
pub(crate) fn beside_openfisca(asked: &Asked, table: &mut Table) {
    const PEER: &str = "OpenFisca-Core";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bills = answers::bills(asked.persons.max(20), asked.persons);
    answers::write_bills(folder.path(), &bills);
    let count = bills.len();
    let mut batch = Batch::new(bills, 1);
    let program = Program::python("openfisca_r1.py", folder.path(), 1);
    let Some(mut program) = batch.or_alone(program, PEER, table) else { return };
    let mut rounds = Vec::new();
    for _ in 0..=asked.rounds {
        let theirs = program.turn();
        rounds.push(Round::of(count, theirs, again(asked.at_least, || batch.all())));
    }
    program.write();
    let mut compared = Compared::default();
    compared.paid(folder.path(), &batch.by_hand);
    let work = format!("{count} fresh members, every answer kept, 1 thread");
    table.row(PEER, program.version(), &work, &rounds[1..], compared);
}

/// DuckDB: a table of every answer, and sums alone.
pub(crate) fn beside_duckdb(asked: &Asked, table: &mut Table) {
    const PEER: &str = "DuckDB";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bills = answers::bills(asked.fresh.max(20), asked.fresh);
    answers::write_bills(folder.path(), &bills);
    let (count, threads) = (bills.len(), asked.threads);
    let mut batch = Batch::new(bills, threads);
    let program = Program::python("duckdb_r1.py", folder.path(), threads);
    let Some(mut program) = batch.or_alone(program, PEER, table) else { return };
    let (mut kept, mut summed, mut sums_compared) = (Vec::new(), Vec::new(), Compared::default());
    let sums_by_hand = batch.sums_by_hand();
    for _ in 0..=asked.rounds {
        let theirs = program.turn();
        kept.push(Round::of(count, theirs, again(asked.at_least, || batch.all())));
        let (theirs, sums) = program.sum();
        sums.iter().zip(sums_by_hand).for_each(|(sum, by_hand)| {
            sums_compared.one(&[*sum], &[by_hand]);
        });
        summed.push(Round::of(count, theirs, again(asked.at_least, || batch.sums())));
    }
    program.write();
    let mut compared = Compared::default();
    compared.paid(folder.path(), &batch.by_hand);
    let work = format!("{count} fresh members, every answer kept, {threads} thread(s)");
    table.row(PEER, program.version(), &work, &kept[1..], compared);
    let work = format!("{count} fresh members, sums alone, {threads} thread(s)");
    table.row(PEER, program.version(), &work, &summed[1..], sums_compared);
}

/// Bills of fresh members that several threads settle.
struct Batch {
    bills: Vec<Bill>,
    by_hand: Vec<Paid>,
    /// The answers of a turn.
    paid: Vec<Paid>,
    pack: Pack,
    threads: usize,
}

impl Batch {
    fn new(bills: Vec<Bill>, threads: usize) -> Batch {
        let by_hand = answers::on_fresh(&bills);
        Batch { paid: Vec::new(), by_hand, bills, pack: r1::pack(), threads }
    }

    /// The peer's program; where it is not there, ours runs alone, to be compared with the function by hand all the same.
    fn or_alone(
        &mut self,
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

    /// Settles all and keeps every answer: how long it took.
    fn all(&mut self) -> Duration {
        let nothing = Paid { basic: 0, critical: 0, assistance: 0 };
        self.paid = Vec::new();
        let begun = Instant::now();
        // As a peer makes room for its answers while its clock runs.
        self.paid.resize(self.bills.len(), nothing);
        let pieces = self.bills.chunks(PIECE).zip(self.paid.chunks_mut(PIECE));
        let pieces = parking_lot::Mutex::new(pieces);
        let work = || {
            let mut groups = Groups::new(&self.pack);
            loop {
                let piece = pieces.lock().next();
                let Some((bills, paid)) = piece else { break };
                groups.settle(bills, |at, one| paid[at] = one);
            }
        };
        std::thread::scope(|scope| {
            (1..self.threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let took = begun.elapsed();
        assert!(self.paid == self.by_hand, "the machine pays what the function by hand pays");
        took
    }

    /// Settles all and keeps the sums of the three tiers: how long it took.
    fn sums(&self) -> Duration {
        let begun = Instant::now();
        let pieces = parking_lot::Mutex::new(self.bills.chunks(PIECE));
        let whole = parking_lot::Mutex::new([0_i64; 3]);
        let work = || {
            let mut groups = Groups::new(&self.pack);
            let mut sums = [0_i64; 3];
            loop {
                let piece = pieces.lock().next();
                let Some(bills) = piece else { break };
                groups.settle(bills, |_, one| add(&mut sums, &one));
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

/// The tier machine, and which bills of a piece have the same level and class: those one after the other take the same way through it.
struct Groups<'p> {
    machine: Machine<'p>,
    groups: [Vec<usize>; 9],
}

impl Groups<'_> {
    fn new(pack: &Pack) -> Groups<'_> {
        let group = || Vec::with_capacity(PIECE);
        Groups { machine: Machine::new(pack), groups: std::array::from_fn(|_| group()) }
    }

    /// Settles a piece and hands out each answer with its place in it.
    #[inline(always)]
    fn settle(&mut self, bills: &[Bill], mut answer: impl FnMut(usize, Paid)) {
        self.groups.iter_mut().for_each(Vec::clear);
        for (at, bill) in bills.iter().enumerate() {
            let group = usize::from(bill.level - 1) * 3 + usize::from(bill.class);
            self.groups[group].push(at);
        }
        for at in self.groups.iter().flatten() {
            answer(*at, self.machine.settle(&mut [Fen::ZERO; 6], &bills[*at]));
        }
    }
}

fn add(sums: &mut [i64; 3], paid: &Paid) {
    sums.iter_mut().zip(answers::of(paid)).for_each(|(sum, paid)| *sum += paid);
}
