//! How fast a start folds a journal in, on one core: R1 records, and bills of 20 lines. The state must be the one that the engine
//! had when it stopped. Files are as the system has them in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use yidan_bench::bills::{self, SEED};
use yidan_bench::by_hand;
use yidan_bench::claims::{class_of, line, paid, psn_no, request, settle, today, world};
use yidan_bench::dice::{Dice, Zipf};
use yidan_bench::machine::cpu_time;
use yidan_image::Image;
use yidan_pipeline::fold::{Looked, look};
use yidan_settlement::command::What;
use yidan_settlement::facts::ChargesFacts;
use yidan_settlement::ledger::StateHash;

use crate::town::Town;
use crate::{Asked, median};

const IN_FLIGHT: usize = 2_000;
/// Members of the bills of lines.
const MEMBERS: usize = 1_000;
const LINES: usize = 20;

/// Bars: a million R1 records a second, and 300 MB/s of bills of 20 lines.
pub(crate) fn of_journals(asked: &Asked) {
    println!("Recovery on one core, files in memory; medians of {} rounds", asked.rounds.max(2));
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let (members, records) = if asked.once { (200, 1_000) } else { (100_000, 1_000_000) };
    let mut town = Town::new(folder.path(), members, 1, world());
    town.run(IN_FLIGHT as u64, Duration::MAX, records);
    town.check();
    let live = town.stop();
    let Folded { records: rate, bytes, records_of_core } = fold(folder.path(), live, asked);
    println!(
        "R1: {rate:.0} records/s (bar: 1,000,000), {:.0} MB/s, {records_of_core:.0} records a second of CPU; {members} members, \
         {records} settlements; state as before",
        bytes / 1e6
    );
    drop(folder);
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let live = of_lines(folder.path(), if asked.once { 200 } else { 100_000 });
    let Folded { records, bytes, records_of_core } = fold(folder.path(), live, asked);
    println!(
        "{LINES}-line bills: {:.0} MB/s (bar: 300), {:.0} MB a second of CPU, {records:.0} records/s; state as before\n",
        bytes / 1e6,
        bytes / records * records_of_core / 1e6,
    );
}

/// What a fold did a second, by the median of some rounds.
struct Folded {
    records: f64,
    bytes: f64,
    /// Records a second of the time it was given a core: other processes count in the rest.
    records_of_core: f64,
}

fn fold(folder: &Path, live: StateHash, asked: &Asked) -> Folded {
    let (mut records, mut bytes, mut of_core) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..asked.rounds.max(2) {
        let (before, begun) = (cpu_time(), Instant::now());
        let Looked { ledgers, recovered, .. } = look(folder, 1).expect("a sealed journal");
        let (took, core) = (begun.elapsed().as_secs_f64(), (cpu_time() - before).as_secs_f64());
        assert!(recovered.sealed, "it was stopped cleanly");
        assert_eq!(StateHash::of(ledgers.iter()), live, "the state before");
        records.push(recovered.records as f64 / took);
        bytes.push(recovered.bytes as f64 / took);
        // Where all is done within a tick of the kernel's clock there is nothing to divide by.
        of_core.push(recovered.records as f64 / core.max(0.01));
    }
    Folded { records: median(records), bytes: median(bytes), records_of_core: median(of_core) }
}

/// A journal of so many bills of 20 lines each.
fn of_lines(folder: &Path, count: usize) -> StateHash {
    let image = tempfile::tempdir().expect("a temporary folder");
    let path = image.path().join("small.image");
    bills::build(&path, true);
    let image = Arc::new(Image::open(&path).expect("a built image opens"));
    let mut world = world();
    world.set_image(Arc::clone(&image));
    let town = Town::new(folder, MEMBERS, 1, world);
    let codes = bills::shuffled_codes(image.national().expect("a base"));
    let zipf = Zipf::new(codes.len());
    let mut dice = Dice::new(SEED);
    let mut slots = town.slots().to_vec();
    // Answers come in the order of their questions: one shard, and one who asks.
    let mut answered = 0;
    let mut receive = || {
        let decision = town.receive_lines();
        let member = answered % MEMBERS;
        let in_scope = decision.split.in_scope.get();
        let by_hand = by_hand::settle(&mut slots[member], in_scope, 3, class_of(member));
        assert_eq!(paid(&decision), by_hand, "as by hand for what is in scope");
        assert_eq!(decision.lines.len(), LINES);
        answered += 1;
    };
    for number in 0..count {
        let lines = (0..LINES).map(|serial| line(serial, &codes[zipf.draw(&mut dice)], &mut dice));
        let charges = ChargesFacts::Lines(lines.collect());
        let request = request(3, 1_000_000_000 + number as u64, psn_no(number % MEMBERS));
        town.submit_lines(request, What::Settle(settle(today(), charges)));
        if number >= IN_FLIGHT {
            receive();
        }
    }
    (0..count.min(IN_FLIGHT)).for_each(|_| receive());
    town.stop()
}
