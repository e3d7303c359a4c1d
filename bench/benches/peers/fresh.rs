//! R1 over fresh members, as who asks "what if" runs it: OpenFisca-Core on one thread and DuckDB on several, each beside the batch by
//! columns of the core on as many. The batch reads the pack as any settlement does, and looks up once what its members have in common.

use std::time::{Duration, Instant};

use yidan_bench::by_hand::Paid;
use yidan_bench::r1::{self, Bill};
use yidan_settlement::id::TierId;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::tiers::columns::Columns;

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
    let mut batch = Batch::new(&bills, 1);
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
    let mut batch = Batch::new(&bills, threads);
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

/// Bills of fresh members that several threads answer, in columns as the peers have them.
struct Batch {
    in_scope: Vec<Fen>,
    level: Vec<u8>,
    class: Vec<u8>,
    by_hand: Vec<Paid>,
    /// The answers of a turn in fen, a column for each tier.
    paid: [Vec<i64>; TIERS],
    pack: Pack,
    threads: usize,
}

/// Basic insurance, critical illness, assistance.
const TIERS: usize = 3;

impl Batch {
    fn new(bills: &[Bill], threads: usize) -> Batch {
        Batch {
            in_scope: bills.iter().map(|bill| Fen::new(bill.in_scope)).collect(),
            level: bills.iter().map(|bill| bill.level).collect(),
            class: bills.iter().map(|bill| bill.class).collect(),
            by_hand: answers::on_fresh(bills),
            paid: std::array::from_fn(|_| Vec::new()),
            pack: r1::pack(),
            threads,
        }
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

    /// The bills, so many at a time.
    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let of = self.level.chunks(PIECE).zip(self.class.chunks(PIECE));
        let all = self.in_scope.chunks(PIECE).zip(of);
        all.map(|(in_scope, (level, class))| Piece { in_scope, level, class })
    }

    /// Answers all and keeps every answer: how long it took.
    fn all(&mut self) -> Duration {
        self.paid = std::array::from_fn(|_| Vec::new());
        let begun = Instant::now();
        // As a peer makes room for its answers while its clock runs.
        let mut paid: [Vec<i64>; TIERS] = std::array::from_fn(|_| vec![0; self.in_scope.len()]);
        let [basic, critical, assistance] = paid.each_mut().map(|paid| paid.chunks_mut(PIECE));
        let rooms = basic.zip(critical.zip(assistance));
        let pieces = parking_lot::Mutex::new(self.pieces().zip(rooms));
        self.on_threads(|groups| {
            loop {
                let piece = pieces.lock().next();
                let Some((piece, (basic, (critical, assistance)))) = piece else { break };
                groups.keep(&piece, [basic, critical, assistance]);
            }
        });
        let took = begun.elapsed();
        drop(pieces);
        self.paid = paid;
        let [basic, critical, assistance] = &self.paid;
        let ours = basic.iter().zip(critical.iter().zip(assistance));
        let same = ours.zip(&self.by_hand).all(|((basic, (critical, assistance)), by_hand)| {
            answers::of(by_hand) == [*basic, *critical, *assistance]
        });
        assert!(same && basic.len() == self.by_hand.len(), "the batch pays what is paid by hand");
        took
    }

    /// Answers all and keeps the sums of the three tiers: how long it took.
    fn sums(&self) -> Duration {
        let begun = Instant::now();
        let pieces = parking_lot::Mutex::new(self.pieces());
        let whole = parking_lot::Mutex::new([0_i128; TIERS]);
        self.on_threads(|groups| {
            let mut sums = [0; TIERS];
            loop {
                let piece = pieces.lock().next();
                let Some(piece) = piece else { break };
                groups.sum(&piece, &mut sums);
            }
            whole.lock().iter_mut().zip(sums).for_each(|(whole, sum)| *whole += sum);
        });
        let took = begun.elapsed();
        let by_hand = self.sums_by_hand().map(i128::from);
        assert_eq!(*whole.lock(), by_hand, "and the sums are those by hand");
        took
    }

    /// The same on every thread, each with groups of its own.
    fn on_threads(&self, work: impl Fn(&mut Groups<'_>) + Sync) {
        let one = || work(&mut Groups::new(&self.pack));
        std::thread::scope(|scope| {
            (1..self.threads).for_each(|_| drop(scope.spawn(one)));
            one();
        });
    }

    fn sums_by_hand(&self) -> [i64; TIERS] {
        let mut sums = [0; TIERS];
        for paid in &self.by_hand {
            sums.iter_mut().zip(answers::of(paid)).for_each(|(sum, paid)| *sum += paid);
        }
        sums
    }
}

/// Some of the bills.
struct Piece<'b> {
    in_scope: &'b [Fen],
    level: &'b [u8],
    class: &'b [u8],
}

/// The bills of a piece by level and class, which is all of their circumstances that R1 asks for.
struct Groups<'p> {
    groups: Vec<OfOne<'p>>,
}

/// The bills of one level and class.
struct OfOne<'p> {
    columns: Columns<'p>,
    in_scope: Vec<Fen>,
    /// Their places in the piece.
    places: Vec<u16>,
}

// A place in a piece fits.
const _: () = assert!(PIECE <= 1 << 16);

impl<'p> Groups<'p> {
    fn new(pack: &'p Pack) -> Groups<'p> {
        let group = |(level, class)| {
            let columns = Columns::new(r1::group(pack, level, class));
            assert!(columns.beyond().is_none(), "all of R1 runs by columns");
            // Whoever has no class has no row of assistance, and that comes last.
            let in_order = columns.tiers().iter().zip(0..).all(|(id, n)| *id == TierId::new(n));
            assert!(in_order, "the columns are those of the tiers in order");
            let (in_scope, places) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
            OfOne { columns, in_scope, places }
        };
        let all = (1..=3).flat_map(|level| (0..3).map(move |class| (level, class)));
        Groups { groups: all.map(group).collect() }
    }

    /// Divides a piece; `place` is told of each bill's group and place.
    #[inline(always)]
    fn divide(&mut self, piece: &Piece<'_>, place: impl Fn(&mut OfOne<'_>, u16)) {
        for group in &mut self.groups {
            group.in_scope.clear();
            group.places.clear();
        }
        let of = piece.level.iter().zip(piece.class);
        for ((in_scope, (level, class)), at) in piece.in_scope.iter().zip(of).zip(0..) {
            let group = &mut self.groups[usize::from(level - 1) * 3 + usize::from(*class)];
            group.in_scope.push(*in_scope);
            place(group, at);
        }
    }

    /// Answers a piece, each answer at its place.
    fn keep(&mut self, piece: &Piece<'_>, mut paid: [&mut [i64]; TIERS]) {
        self.divide(piece, |group, at| group.places.push(at));
        for OfOne { columns, in_scope, places } in &mut self.groups {
            let done = columns.pay(in_scope, |chunk| {
                for (tier, paid) in paid.iter_mut().enumerate() {
                    for (place, one) in places[chunk.first()..].iter().zip(chunk.of(tier)) {
                        paid[usize::from(*place)] = one.get();
                    }
                }
            });
            done.expect("every bill is within its bounds");
        }
    }

    /// Answers a piece and adds the answers up.
    fn sum(&mut self, piece: &Piece<'_>, sums: &mut [i128; TIERS]) {
        self.divide(piece, |_, _| {});
        for OfOne { columns, in_scope, .. } in &mut self.groups {
            columns.sum(in_scope, sums).expect("every bill is within its bounds");
        }
    }
}
