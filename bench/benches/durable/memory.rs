//! What a member takes at rest: one spell, 12 % with an identity, 8 % with an approval, six slots in use and three settlements to
//! be found, all made by settling. Bytes are what the system gave this process, the allocator's own room and waste with them.

use std::time::Instant;

use yidan_bench::claims::{member, psn_no, request, settle, totals, world};
use yidan_bench::machine::resident;
use yidan_bench::office::Office;
use yidan_settlement::command::What;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::event::Request;
use yidan_settlement::facts::{ApprovalFact, MemberFacts};
use yidan_settlement::money::Fen;

use crate::Asked;

/// Bar: 400 bytes a member, request keys counted apart.
pub(crate) fn at_rest(asked: &Asked) {
    let mut office = Office::new(world());
    let (begun, before) = (Instant::now(), resident());
    for number in 0..asked.members {
        let request = Request { psn_no: psn_no(number), ..Request::default() };
        office.does(request, What::RegisterMember(facts(number), Fen::ZERO));
    }
    let registered = resident();
    let (first, second) = (day(2025), day(2026));
    for number in 0..asked.members {
        // Without an identity the last slot stays empty, and so these have two years: two slots and four.
        let bills = match identity(number) {
            true => [(second, 10_000_000); 3],
            false => [(first, 30_000), (second, 200_000), (second, 100_000)],
        };
        for (day, in_scope) in bills {
            let mut request = request(1, 0, psn_no(number));
            // Without a key: keys are counted apart.
            request.msgid = "".into();
            office.does(request, What::Settle(settle(day, totals(in_scope, 0))));
        }
    }
    let settled = resident();
    let members = office.ledger().members();
    assert_eq!(members.len(), asked.members);
    for member in members.iter() {
        assert_eq!((member.slots().len(), member.settled().len()), (6, 3), "{}", member.psn_no());
    }
    let each = |bytes: u64, count: usize| bytes as f64 / count as f64;
    let whole = settled.saturating_sub(before);
    println!(
        "Memory: {} members at rest, 6 slots in use, 3 settlements found by index: {:.0} B each (bar: 400), of which {:.0} B when \
         registered; made by {} settlements in {:.1?}",
        asked.members,
        each(whole, asked.members),
        each(registered.saturating_sub(before), asked.members),
        asked.members * 3,
        begun.elapsed()
    );
    request_keys(&mut office, asked.members);
}

/// As many requests with keys as there are members.
fn request_keys(office: &mut Office, count: usize) {
    let before = resident();
    for number in 0..count {
        let request = request(3, number as u64, psn_no(0));
        office.does(request, What::Deposit(Fen::new(1)));
    }
    assert_eq!(office.ledger().requests().len(), count);
    let bytes = resident().saturating_sub(before);
    println!(
        "request keys, {count} remembered: {:.0} B each, beside members; they are kept for 35 days\n",
        bytes as f64 / count as f64
    );
}

fn facts(number: usize) -> MemberFacts {
    let approvals = if (3..5).contains(&(number % 25)) {
        vec![ApprovalFact {
            disease: "M03900".into(),
            span: Span { from: day(2024), to: Day::MAX },
            facility: None,
            limit: None,
        }]
    } else {
        Vec::new()
    };
    MemberFacts { approvals, ..member(u8::from(identity(number))) }
}

/// Three in twenty-five.
fn identity(number: usize) -> bool {
    number % 25 < 3
}

fn day(year: i32) -> Day {
    Day::from_civil(year, 6, 1).expect("a day")
}
