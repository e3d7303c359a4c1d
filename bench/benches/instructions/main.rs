//! Instructions of the core paths, counted by callgrind and held beside a baseline: they repeat on a machine whose clock does not.
//! It prints what one of each takes now, what it took when the baseline was taken, and the change. No change fails it; a path that
//! computes something wrong does. Where valgrind is not installed it says so, and that is all.
//!
//! `cargo bench -p yidan-bench --bench instructions -- [--save] [part of a name]...`; `--save` makes what is counted the baseline,
//! `bench/baseline.toml`; `--test` runs each path without counting, to check results.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints counts and their changes; no money is computed here"
)]

mod baseline;
mod callgrind;
mod paths;

use std::path::Path;
use std::process::ExitCode;

use yidan_bench::arguments::{Arguments, Known};
use yidan_bench::bills;

use crate::baseline::{Baseline, Taken};
use crate::callgrind::{COUNTED, Counted};
use crate::paths::{ALL, Work};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often a path is gone before it is counted: what is made at the first use is made then.
const WARM: usize = 2;

/// A change that is pointed out, in parts of a hundred.
const NOTABLE: f64 = 1.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Within callgrind: one path, by its place, over this image.
    if let [flag, place, image] = &arguments[..]
        && flag == COUNTED
    {
        let place: usize = place.parse().expect("a place");
        let mut work = (ALL[place].make)(Path::new(image));
        go(&mut work);
        callgrind::tell(&work);
        return ExitCode::SUCCESS;
    }
    let known = Known { numbers: &[], folders: &[], flags: &["--save"], parts: &[], names: true };
    let asked = match Arguments::of_process(known) {
        Ok(asked) => asked,
        Err(not_known) => {
            println!("{not_known}");
            return ExitCode::FAILURE;
        }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("small.image");
    bills::build(&image, true);
    let chosen = ALL.iter().enumerate().filter(|(_, path)| asked.chooses(path.name));
    if asked.once() {
        for (_, path) in chosen {
            go(&mut (path.make)(&image));
            println!("{}: agrees", path.name);
        }
        return ExitCode::SUCCESS;
    }
    let valgrind = match callgrind::version() {
        Ok(version) => version,
        Err(why) => {
            println!("instructions are not counted: {why}");
            return ExitCode::SUCCESS;
        }
    };
    let taken = Taken::here(valgrind);
    let mut table = Table::new(Baseline::read(), &taken);
    for (place, path) in chosen {
        match callgrind::count(place, &image, folder.path()) {
            Ok(Counted { instructions, of }) => table.row(path.name, instructions, of),
            Err(why) => {
                // One that computes something wrong fails here; else it is an instruction that valgrind does not know.
                go(&mut (path.make)(&image));
                println!("{}: not counted: {why}", path.name);
            }
        }
    }
    table.end();
    if asked.flag("--save") {
        let path = table.now.save(asked.all());
        println!("saved as the baseline: {}", path.display());
    }
    ExitCode::SUCCESS
}

/// Goes a path: some times to warm up, then as often as it is counted.
fn go(work: &mut Work) {
    for _ in 0..WARM {
        (work.operation)();
    }
    operations_that_are_counted(&mut *work.operation, work.times);
}

/// What callgrind counts, by this name: it begins when this is entered and ends when it is left. Nothing else may have the name
/// in its own, as a closure here would.
#[inline(never)]
fn operations_that_are_counted(operation: &mut dyn FnMut(), times: usize) {
    for _ in 0..times {
        operation();
    }
}

/// Rows beside the baseline, printed as they come.
struct Table {
    baseline: Baseline,
    now: Baseline,
    changed: Vec<&'static str>,
}

impl Table {
    fn new(baseline: Baseline, taken: &Taken) -> Table {
        match &baseline.taken {
            Some(then) => println!("baseline: {then}\nnow:      {taken}"),
            None => println!("no baseline\nnow: {taken}"),
        }
        println!("{:<44} {:>12} {:>12} {:>10}", "path", "instructions", "baseline", "change");
        let now = Baseline { taken: Some(taken.clone()), ..Baseline::default() };
        Table { baseline, now, changed: Vec::new() }
    }

    fn row(&mut self, name: &'static str, instructions: u64, of: u64) {
        // Rounded to the next whole one.
        let each = (instructions + of / 2) / of;
        match self.baseline.instructions.get(name) {
            Some(before) => {
                let change = (each as f64 / (*before).max(1) as f64 - 1.0) * 100.0;
                println!("{name:<44} {each:>12} {before:>12} {change:>+8.2} %");
                if change.abs() >= NOTABLE {
                    self.changed.push(name);
                }
            }
            None => println!("{name:<44} {each:>12} {:>12} {:>10}", "-", "new"),
        }
        self.now.instructions.insert(name.to_owned(), each);
    }

    fn end(&self) {
        let known = |name: &&String| ALL.iter().any(|path| path.name == **name);
        for gone in self.baseline.instructions.keys().filter(|name| !known(name)) {
            println!("{gone}: in the baseline, and no path any more");
        }
        match &self.changed[..] {
            [] => println!("no path changed by {NOTABLE} % or more"),
            changed => println!("changed by {NOTABLE} % or more: {}", changed.join("; ")),
        }
    }
}
