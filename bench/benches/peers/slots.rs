//! Bills in a row on members with slots, one thread: the ZEN engine, which is given the slots and gives them back, beside the tier
//! machine of the core.

use std::time::Instant;

use yidan_bench::by_hand::Paid;
use yidan_bench::r1::{self, Bill, Machine};
use yidan_settlement::money::Fen;

use crate::answers::{self, Compared};
use crate::program::Program;
use crate::table::{Round, Table};
use crate::{Asked, again};

/// Bills of each member, about.
const EACH: usize = 5;

/// By its Rust crate, which is the engine itself, and by its Python package.
pub(crate) fn beside_zen(asked: &Asked, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let members = (asked.bills / EACH).max(20);
    let bills = answers::bills(members, asked.bills);
    answers::write_bills(folder.path(), &bills);
    let (by_hand, slots_by_hand) = answers::on_slots(members, &bills);
    let pack = r1::pack();
    let mut machine = Machine::new(&pack);
    let mut once = || {
        let mut slots = vec![[Fen::ZERO; 6]; members];
        let mut paid = Vec::with_capacity(bills.len());
        let begun = Instant::now();
        settle_all(&mut machine, &mut slots, &bills, &mut paid);
        let took = begun.elapsed();
        assert!(paid == by_hand, "the machine pays what the function by hand pays");
        assert!(slots.iter().map(|slots| slots.map(Fen::get)).eq(slots_by_hand.iter().copied()));
        took
    };
    let programs = [
        ("ZEN engine, Rust crate", Program::built("zen-r1", folder.path())),
        ("ZEN engine, Python package", Program::python("zen_r1.py", folder.path(), 1)),
    ];
    for (peer, program) in programs {
        let mut program = match program {
            Ok(program) => program,
            Err(why) => {
                table.skip(peer, &why);
                once();
                continue;
            }
        };
        let mut rounds = Vec::new();
        for _ in 0..=asked.rounds {
            let theirs = program.turn();
            rounds.push(Round::of(bills.len(), theirs, again(asked.at_least, &mut once)));
        }
        program.write();
        let mut compared = Compared::default();
        compared.paid(folder.path(), &by_hand);
        compared.slots(folder.path(), &slots_by_hand);
        let work = format!("{} bills in a row, slots in and out, 1 thread", bills.len());
        table.row(peer, program.version(), &work, &rounds[1..], compared);
    }
}

#[inline(never)]
fn settle_all(
    machine: &mut Machine<'_>,
    slots: &mut [[Fen; 6]],
    bills: &[Bill],
    paid: &mut Vec<Paid>,
) {
    paid.extend(bills.iter().map(|bill| machine.settle(&mut slots[bill.member as usize], bill)));
}
