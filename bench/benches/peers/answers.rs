//! The bills that all are given, what the function by hand pays for each, and how far a peer's answers are from that.

use std::fmt;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use yidan_bench::by_hand::{self, Paid, Slots};
use yidan_bench::r1::{self, Bill};

const SEED: u64 = 20_261_123;
/// A member of class 2, who has the anchors.
const OF_CLASS_2: u32 = 15;

/// The four anchors of R1, then random bills of members.
pub(crate) fn bills(members: usize, count: usize) -> Vec<Bill> {
    let anchors = [(4_600_000, 3), (4_600_000, 1), (20_000_000, 3), (20_000_000, 3)];
    let anchor = |(in_scope, level)| Bill { member: OF_CLASS_2, in_scope, level, class: 2 };
    let random = r1::bills(SEED, members, count.div_ceil(members));
    anchors.map(anchor).into_iter().chain(random.into_iter().take(count)).collect()
}

/// Writes each column of the bills into a file of its name, as a peer reads it.
pub(crate) fn write_bills(folder: &Path, bills: &[Bill]) {
    let column = |name: &str, write: &dyn Fn(&mut dyn Write, &Bill) -> std::io::Result<()>| {
        let file = fs::File::create(folder.join(name)).expect("a temporary folder");
        let mut file = BufWriter::new(file);
        bills.iter().try_for_each(|bill| write(&mut file, bill)).expect("room for the bills");
        file.flush().expect("room for the bills");
    };
    column("member", &|file, bill| file.write_all(&bill.member.to_le_bytes()));
    column("in_scope", &|file, bill| file.write_all(&bill.in_scope.to_le_bytes()));
    column("level", &|file, bill| file.write_all(&[bill.level]));
    column("class", &|file, bill| file.write_all(&[bill.class]));
}

/// By hand, each bill on the slots that the ones before left its member; and the slots.
pub(crate) fn on_slots(members: usize, bills: &[Bill]) -> (Vec<Paid>, Vec<Slots>) {
    let mut slots = vec![[0; 6]; members];
    let pay = |bill: &Bill| {
        let slots = &mut slots[bill.member as usize];
        by_hand::settle(slots, bill.in_scope, bill.level, bill.class)
    };
    let paid = bills.iter().map(pay).collect();
    (paid, slots)
}

/// By hand, each bill of a member who had none before.
pub(crate) fn on_fresh(bills: &[Bill]) -> Vec<Paid> {
    let pay = |bill: &Bill| by_hand::settle(&mut [0; 6], bill.in_scope, bill.level, bill.class);
    bills.iter().map(pay).collect()
}

/// Answers beside those by hand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Compared {
    of: usize,
    differ: usize,
    /// In fen.
    largest: i64,
}

impl Compared {
    /// Counts one answer.
    pub(crate) fn one(&mut self, theirs: &[i64], by_hand: &[i64]) {
        assert_eq!(theirs.len(), by_hand.len(), "an answer has as many numbers as it has by hand");
        let apart = theirs.iter().zip(by_hand).map(|(a, b)| a.saturating_sub(*b).saturating_abs());
        let largest = apart.max().unwrap_or(0);
        self.of += 1;
        self.differ += usize::from(largest > 0);
        self.largest = self.largest.max(largest);
    }

    /// Counts the payments that a peer wrote, a file for each fund.
    pub(crate) fn paid(&mut self, folder: &Path, by_hand: &[Paid]) {
        let [basic, critical, assistance] = ["basic", "critical", "assistance"].map(|name| {
            let column = column(folder, name);
            assert_eq!(column.len(), by_hand.len(), "an answer to every bill, in {name}");
            column
        });
        for (at, paid) in by_hand.iter().enumerate() {
            self.one(&[basic[at], critical[at], assistance[at]], &of(paid));
        }
    }

    /// Counts the slots that a peer wrote; it keeps none for members after the last that has a bill.
    pub(crate) fn slots(&mut self, folder: &Path, by_hand: &[Slots]) {
        let column = column(folder, "slots");
        let (theirs, rest) = column.as_chunks::<6>();
        assert!(rest.is_empty() && theirs.len() <= by_hand.len(), "six slots of each member");
        let nought = [0; 6];
        for (at, slots) in by_hand.iter().enumerate() {
            self.one(theirs.get(at).unwrap_or(&nought), slots);
        }
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { of, differ, largest } = self;
        match differ {
            0 => write!(to, "all {of} exact"),
            _ => write!(to, "{differ} of {of} differ, by up to {largest} fen"),
        }
    }
}

/// The three payments in a row.
pub(crate) fn of(paid: &Paid) -> [i64; 3] {
    [paid.basic, paid.critical, paid.assistance]
}

/// Whole numbers that a peer wrote.
fn column(folder: &Path, name: &str) -> Vec<i64> {
    let bytes = fs::read(folder.join(name)).expect("the peer wrote its answers");
    let (numbers, rest) = bytes.as_chunks::<8>();
    assert!(rest.is_empty(), "whole numbers of 64 bits");
    numbers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}
