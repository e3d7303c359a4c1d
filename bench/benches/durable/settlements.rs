//! Durable settlements of R1 a second through the whole engine, with so many in flight, in turns with PostgreSQL and with the disk
//! alone; and the same on files in memory.

use std::path::Path;
use std::time::Duration;

use yidan_bench::machine::cpu_time;
use yidan_journal::format::PAGE;

use crate::postgres::Postgres;
use crate::town::{Town, Turn, world};
use crate::{Asked, disk, median};

pub(crate) const IN_FLIGHT: [u64; 5] = [1, 8, 32, 256, 4_096];
const CLIENTS: [usize; 2] = [8, 32];
const MEMBERS: usize = 200_000;
/// What the disk alone appends at a time where only bytes count: as much as a batch of the journal's default.
const LARGE: u64 = 1 << 20;

/// The turns of one number in flight.
#[derive(Default)]
struct Row {
    turns: Vec<Turn>,
    /// Of this process, for each settlement, in microseconds.
    cpu_us: Vec<f64>,
    /// What the disk alone did right after, with writes as long as the mean batch: bytes a second.
    alone: Vec<f64>,
}

/// Bars: 30 times PostgreSQL, never below 10; 70 % of what the disk's synced append allows.
pub(crate) fn beside_postgres(asked: &Asked) {
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let members = if asked.once { 400 } else { MEMBERS };
    println!(
        "Durable settlements of R1, {members} members, {} shard(s), in {}; medians of {} rounds in turns of {:?}",
        asked.shards,
        asked.folder.display(),
        asked.rounds,
        asked.turn
    );
    let postgres = Postgres::start(&asked.folder, members);
    match &postgres {
        Some(postgres) => println!(
            "PostgreSQL {}: its function pays what the function by hand pays",
            postgres.version()
        ),
        None => {
            println!("PostgreSQL 15 is not installed here (Debian: postgresql-15): not compared")
        }
    }
    let mut town = Town::new(folder.path(), members, asked.shards, world());
    let mut rows: Vec<Row> = asked.in_flight.iter().map(|_| Row::default()).collect();
    let mut clients: Vec<Vec<f64>> = CLIENTS.iter().map(|_| Vec::new()).collect();
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for _ in 0..asked.rounds {
        for (row, in_flight) in rows.iter_mut().zip(&asked.in_flight) {
            row.turn(&mut town, *in_flight, asked.turn, folder.path());
        }
        if let Some(postgres) = &postgres {
            for (rates, clients) in clients.iter_mut().zip(CLIENTS) {
                rates.push(postgres.run(clients, asked.turn));
            }
        }
        small.extend(disk::syncs(folder.path(), PAGE, asked.turn / 4));
        large.push(disk::rate(&disk::syncs(folder.path(), LARGE, asked.turn / 4)) * LARGE as f64);
    }
    town.check();
    town.stop();
    let append = median(large);
    println!(
        "the disk alone: {:.0} fdatasync of 4 KiB a second (p50 {:.1?}, p99 {:.1?}); synced appends of 1 MiB {:.0} MB/s",
        disk::rate(&small),
        disk::quantile(&small, 500),
        disk::quantile(&small, 990),
        append / 1e6
    );
    let best = clients.into_iter().map(|rates| if rates.is_empty() { 0.0 } else { median(rates) });
    let best: Vec<f64> = best.collect();
    if postgres.is_some() {
        for (rate, clients) in best.iter().zip(CLIENTS) {
            println!("PostgreSQL, {clients} clients: {rate:.0} settlements/s");
        }
    }
    let best = best.into_iter().fold(0.0, f64::max);
    print_rows(&rows, &asked.in_flight, postgres.is_some().then_some(best), Some(append));
}

/// The same on a file system in memory, where fdatasync does nothing.
pub(crate) fn without_disk(asked: &Asked) {
    let memory = Path::new("/dev/shm");
    let Ok(folder) = tempfile::tempdir_in(memory) else {
        println!(
            "{} cannot be written here: the pipeline without a disk is not measured",
            memory.display()
        );
        return;
    };
    let members = if asked.once { 400 } else { MEMBERS };
    println!("The pipeline without a disk: the same files on tmpfs, whose fdatasync does nothing");
    let mut town = Town::new(folder.path(), members, asked.shards, world());
    let mut rows: Vec<Row> = asked.in_flight.iter().map(|_| Row::default()).collect();
    for _ in 0..asked.rounds {
        for (row, in_flight) in rows.iter_mut().zip(&asked.in_flight) {
            row.turn(&mut town, *in_flight, asked.turn, folder.path());
        }
    }
    town.check();
    town.stop();
    print_rows(&rows, &asked.in_flight, None, None);
}

impl Row {
    fn turn(&mut self, town: &mut Town, in_flight: u64, time: Duration, folder: &Path) {
        let before = cpu_time();
        let turn = town.run(in_flight, time, u64::MAX);
        let took = cpu_time() - before;
        self.cpu_us.push(took.as_secs_f64() * 1e6 / turn.settlements as f64);
        self.turns.push(turn);
        let block = turn.bytes_a_commit();
        let alone = disk::rate(&disk::syncs(folder, block, time / 6));
        self.alone.push(alone * block as f64);
    }
}

fn print_rows(rows: &[Row], in_flights: &[u64], postgres: Option<f64>, append: Option<f64>) {
    println!(
        "in flight  settlements/s  a commit  B each  CPU µs each   MB/s{}{}",
        if append.is_some() { "  of the disk with such writes  of its 1 MiB appends" } else { "" },
        if postgres.is_some() { "  × PostgreSQL" } else { "" },
    );
    let mut ratios = Vec::new();
    let mut parts = Vec::new();
    for (row, in_flight) in rows.iter().zip(in_flights) {
        let all = row.turns.iter().fold(Turn::default(), |sum, turn| sum.plus(*turn));
        let rate = median(row.turns.iter().map(|turn| turn.rate()).collect());
        let bytes = rate * all.bytes_each() as f64;
        print!(
            "{in_flight:>9} {rate:>14.0} {:>9} {:>7} {:>12.2} {:>6.1}",
            all.settlements / all.commits.max(1),
            all.bytes_each(),
            median(row.cpu_us.clone()),
            bytes / 1e6,
        );
        if let Some(append) = append {
            let written = |turn: &Turn| turn.bytes as f64 / turn.took.as_secs_f64();
            let such = row.turns.iter().zip(&row.alone).map(|(turn, alone)| written(turn) / alone);
            let such = median(such.collect());
            print!(" {:>28.0} % {:>20.0} %", such * 100.0, bytes / append * 100.0);
            parts.push((in_flight, such, bytes / append));
        }
        if let Some(postgres) = postgres {
            print!(" {:>13.1}", rate / postgres);
            ratios.push(rate / postgres);
        }
        println!();
    }
    if !ratios.is_empty() {
        let most = ratios.iter().copied().fold(0.0, f64::max);
        println!("beside PostgreSQL's best: {most:.1} times (bar: 30, never below 10)");
    }
    if let Some((in_flight, such, whole)) = parts.last() {
        println!(
            "with {in_flight} in flight {:.0} % of what the disk appends in writes as long as ours, {:.0} % of its 1 MiB \
             appends (bar: 70 %)",
            such * 100.0,
            whole * 100.0
        );
    }
    println!();
}
