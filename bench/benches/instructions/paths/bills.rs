//! Bills without a ledger: codes looked up, lines checked, tiers of R1.

use std::hint::black_box;
use std::path::Path;

use yidan_bench::bills::{self, Bill, Counter, SEED};
use yidan_bench::dice::Zipf;
use yidan_bench::r1::{self, Machine};
use yidan_settlement::money::Fen;

use super::{LINES, MEMBERS, Work, leak, open};

pub(super) fn of_lines(image: &Path, whole: bool) -> Work {
    let image = leak(open(image));
    let codes = bills::shuffled_codes(image.national().expect("a base"));
    let messages = leak(bills::messages(&codes, &Zipf::new(codes.len()), MEMBERS * LINES));
    let all: &'static [Bill<'static>] = leak(bills::bills(messages, LINES));
    let mut counter = Counter::new(image, leak(r1::pack()));
    let expected = counter.checked(all);
    let mut next = all.iter().zip(expected).cycle();
    let operation = move || {
        let (bill, expected) = next.next().expect("a cycle");
        if whole {
            assert_eq!(counter.settle(bill, &mut [Fen::ZERO; 6]), expected, "as it was checked");
        } else {
            assert_eq!(counter.look_up(bill), LINES, "every code was looked up");
        }
    };
    Work { times: MEMBERS, of: 1, operation: Box::new(operation) }
}

pub(super) fn tiers() -> Work {
    let bills = r1::bills(SEED, MEMBERS, 60);
    let mut machine = Machine::new(leak(r1::pack()));
    let (mut slots, mut by_hand) = (vec![[Fen::ZERO; 6]; MEMBERS], vec![[0; 6]; MEMBERS]);
    let paid = r1::run_machine(&mut machine, &mut slots, &bills);
    assert_eq!(paid, r1::run_by_hand(&mut by_hand, &bills), "what the function by hand pays");
    let times = 10_000;
    let mut slots = vec![[Fen::ZERO; 6]; MEMBERS];
    let mut next = bills.into_iter().cycle();
    let operation = move || {
        let bill = next.next().expect("a cycle");
        black_box(machine.settle(&mut slots[bill.member as usize], &bill));
    };
    Work { times, of: 1, operation: Box::new(operation) }
}
