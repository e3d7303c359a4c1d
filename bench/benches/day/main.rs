//! The nation's peak day through the durable engine in this process: 35 million bills in the nation's mix, of 16.5 lines in the mean,
//! over millions of members and a catalogue of national size; every answer's sums checked, the facilities' book held beside the
//! ledger's accounts at the end, and the time, the bytes and the rate stated. Nothing here fails on time. Without arguments a hundredth
//! of it; `--test` a few thousand, once. It does not begin where disk or memory are too small.
//!
//! `cargo bench -p yidan-bench --bench day -- [--scenario=county|xining|qinghai|jining|shandong|mean|peak] [--settlements=N]
//! [--members=N] [--folder=PATH] [--shards=N] [--in-flight=N] [--seed=N] [--verify]`

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

mod asked;
mod bills;
mod book;
mod bytes;
#[path = "../durable/disk.rs"]
mod disk;
mod place;
mod progress;
mod ranks;
mod room;
mod run;
mod shelf;
mod told;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use yidan_bench::dice::Dice;
use yidan_image::Image;
use yidan_pipeline::world::World;

use crate::asked::Asked;
use crate::bills::{Bills, today};
use crate::place::Places;
use crate::room::Needs;
use crate::run::Day;
use crate::shelf::Shelf;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let begun = Asked::of(std::env::args().skip(1)).and_then(|asked| {
        let room = Needs::of(&asked).compare(&asked.folder)?;
        Ok((asked, room))
    });
    match begun {
        Ok((asked, room)) => {
            told::begin(&asked, &room);
            run(&asked);
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Packs, image, and what can be billed.
fn catalogue(asked: &Asked) -> (World, Places, Shelf) {
    let begun = Instant::now();
    let (mut world, places) = place::world();
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let path = folder.path().join("national.image");
    let report = yidan_bench::bills::build(&path, asked.once);
    // It is read whole when it is opened: the file is not needed any more.
    let image = Arc::new(Image::open(&path).expect("a built image opens"));
    let national = image.national().expect("a base");
    let shelf = Shelf::of(national, today(), &mut Dice::new(asked.seed ^ 1));
    let entries = yidan_bench::bills::entries(&report);
    println!(
        "catalogue: {entries} entries, {} codes in force on the day; made in {:.1?}",
        shelf.len(),
        begun.elapsed()
    );
    world.set_image(image);
    (world, places, shelf)
}

fn run(asked: &Asked) {
    let (world, places, shelf) = catalogue(asked);
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let time = Duration::from_millis(if asked.once { 20 } else { 1_000 });
    told::disk("before", &disk::syncs(folder.path(), 1 << 20, time));
    let mut day = Day::open(folder.path(), asked, world.clone());
    let registered = day.register(&places, asked.members);
    told::registered(asked, &registered);
    let (members, count) = (asked.members, asked.settlements);
    let mut bills = Bills::new(&places, &shelf, members, count, asked.seed);
    let phase = day.settle(&mut bills, count, folder.path());
    told::settled(&day, &phase);
    // Nothing of this day is there to be refused: a day of refusals would balance too.
    assert!(day.book.refused.is_empty(), "refused: {:?}", day.book.refused);
    let balanced = day.book.accounts.balance(&day.accounts());
    println!("{balanced}");
    let hash = day.stop();
    println!("state {hash}");
    told::disk("after", &disk::syncs(folder.path(), 1 << 20, time));
    if asked.verify {
        verify(folder.path(), asked, world, &hash.to_string());
    }
}

/// Opens the folder once more, as after any stop.
fn verify(folder: &Path, asked: &Asked, world: World, before: &str) {
    let begun = Instant::now();
    let day = Day::open(folder, asked, world);
    let took = begun.elapsed();
    assert_eq!(day.stop().to_string(), before, "the state before");
    println!("opened again from its journal in {took:.1?}: the same state");
}
