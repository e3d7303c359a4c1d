//! Durable settlements: PostgreSQL's stored function, fsync and synchronous commit on, beside the whole engine with its journal on the
//! same disk.

use std::fmt::Write;

use yidan_bench::r1::Bill;

use crate::Asked;
use crate::answers::{self, Compared};
use crate::postgres::Postgres;
use crate::table::{Round, Table};
use crate::town::{Town, world};

/// Clients of PostgreSQL at once; as many are in flight in the engine, then more.
const CLIENTS: usize = 32;
const IN_FLIGHT: [u64; 2] = [32, 4_096];
const SHARDS: usize = 1;

/// PostgreSQL with so many clients beside the engine with so many in flight.
pub(crate) fn beside_postgres(asked: &Asked, table: &mut Table) {
    const PEER: &str = "PostgreSQL";
    let postgres = Postgres::start(&asked.folder, asked.members);
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let mut town = Town::new(folder.path(), asked.members, SHARDS, world());
    let mut rounds = IN_FLIGHT.map(|_| Vec::new());
    for _ in 0..=asked.rounds {
        for (rounds, in_flight) in rounds.iter_mut().zip(IN_FLIGHT) {
            let theirs = postgres.as_ref().map(|postgres| postgres.run(CLIENTS, asked.turn));
            let ours = town.run(in_flight, asked.turn, u64::MAX).rate();
            rounds.extend(theirs.map(|theirs| Round { theirs: 1.0 / theirs, ours: 1.0 / ours }));
        }
    }
    town.check();
    town.stop();
    let Some(postgres) = postgres else {
        table.skip(PEER, "PostgreSQL 15 is not installed");
        return;
    };
    let bills = answers::bills(asked.members, asked.bills);
    let compared = compare(&postgres, asked.members, &bills);
    let version = postgres.version();
    let version = version.split(' ').next().unwrap_or_default();
    for (rounds, in_flight) in rounds.iter().zip(IN_FLIGHT) {
        let work = format!("durable, {CLIENTS} clients; ours {in_flight} in flight");
        table.row(PEER, version, &work, &rounds[1..], compared);
    }
}

/// Has its function settle all bills in a row on fresh members, and forget it.
fn compare(postgres: &Postgres, members: usize, bills: &[Bill]) -> Compared {
    let mut text = String::from(
        "begin;\nupdate member set deductible = 0, above_deductible = 0, basic_paid = 0, self_pay = 0, critical_paid = 0, \
         assistance_paid = 0;\n\
         create temporary table bill (number integer, member integer, in_scope bigint, level integer);\n\
         copy bill from stdin;\n",
    );
    for (number, Bill { member, in_scope, level, .. }) in bills.iter().enumerate() {
        writeln!(text, "{number}\t{member}\t{in_scope}\t{level}").expect("a text takes all");
    }
    text.push_str(
        "\\.\nselect paid.* from (select * from bill order by number) bill, \
         lateral settle(bill.member, bill.in_scope, bill.level) paid;\n\
         select deductible, above_deductible, basic_paid, self_pay, critical_paid, assistance_paid from member order by id;\n\
         rollback;\n",
    );
    let (by_hand, slots) = answers::on_slots(members, bills);
    let answers = postgres.query(&text);
    let mut lines = answers.lines().map(|line| {
        line.split('|').map(|number| number.parse().expect("whole fen")).collect::<Vec<i64>>()
    });
    let mut compared = Compared::default();
    let mut one = |by_hand: &[i64]| {
        compared.one(&lines.next().expect("a row for each"), by_hand);
    };
    by_hand.iter().for_each(|paid| one(&answers::of(paid)));
    slots.iter().for_each(|slots| one(slots));
    assert!(lines.next().is_none(), "and no row more");
    compared
}
