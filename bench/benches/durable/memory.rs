//! What a member takes at rest: one spell, 12 % with an identity, 8 % with an approval, six slots in use and three settlements to
//! be found, all made by settling. Bytes are what the system gave this process, the allocator's own room and waste with them.

use std::time::Instant;

use yidan_bench::machine::resident;
use yidan_bench::r1;
use yidan_settlement::catalogue::Known;
use yidan_settlement::command::{Command, What};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::event::{Event, PolicyNames, Record, Request};
use yidan_settlement::facts::{ApprovalFact, MemberFacts, Text};
use yidan_settlement::id::DiagnosisId;
use yidan_settlement::ledger::{Catalogue, Decided, Ledger, LookUp, RequestKey, Room, Shelf};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;

use crate::Asked;
use crate::town::{facilities, member, psn_no, request, settle, totals};

/// A ledger that is asked directly, with nothing behind it.
struct Desk {
    ledger: Ledger,
    room: Room,
    shelf: OnePack,
    seq: u64,
}

/// The R1 pack, no image, and no journal.
struct OnePack(Pack);

impl Shelf for OnePack {
    type LookUps<'a> = Known<'a>;

    fn pack_of(&self, _: &str) -> Option<&Pack> {
        Some(&self.0)
    }

    fn look_up<'a>(&'a self, _: LookUp<'a>) -> (Option<Catalogue<'a>>, Known<'a>) {
        (None, Known::new(&[]))
    }

    fn diagnoses(&self, _: &[Text], _: &mut Vec<DiagnosisId>) {}

    fn record(&self, _: u64) -> Option<Vec<u8>> {
        None
    }
}

impl Desk {
    fn new() -> Desk {
        let shelf = OnePack(r1::pack());
        let names = PolicyNames::of(&shelf.0);
        let mut desk = Desk { ledger: Ledger::new(), room: Room::default(), shelf, seq: 0 };
        desk.does(Request::default(), What::LoadPolicy(names));
        for (code, facts) in facilities() {
            desk.does(Request::default(), What::RegisterFacility(code.into(), facts));
        }
        desk
    }

    /// Decides and applies, as a shard does.
    fn does(&mut self, request: Request, what: What) {
        self.seq += 1;
        let command = Command { seq: self.seq, time_ms: 1, request, what, shares: None };
        let key = RequestKey::of_command(&command);
        let decided = self.ledger.decide(&command, key, &self.shelf, &mut self.room);
        let Decided::Event(event) = decided else { panic!("{decided:?}") };
        assert!(!matches!(event, Event::Refused(_)), "{event:?}");
        let Command { seq, time_ms, request, .. } = command;
        let record = Record { seq, time_ms, request, event };
        self.ledger.apply_keyed(&record, key, self.seq).expect("it was decided on this ledger");
    }
}

/// Bar: 400 bytes a member, request keys counted apart.
pub(crate) fn at_rest(asked: &Asked) {
    let mut desk = Desk::new();
    let (begun, before) = (Instant::now(), resident());
    for number in 0..asked.members {
        let request = Request { psn_no: psn_no(number), ..Request::default() };
        desk.does(request, What::RegisterMember(facts(number), Fen::ZERO));
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
            desk.does(request, What::Settle(settle(day, totals(in_scope, 0))));
        }
    }
    let settled = resident();
    let members = desk.ledger.members();
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
    request_keys(&mut desk, asked.members);
}

/// As many requests with keys as there are members.
fn request_keys(desk: &mut Desk, count: usize) {
    let before = resident();
    for number in 0..count {
        let request = request(3, number as u64, psn_no(0));
        desk.does(request, What::Deposit(Fen::new(1)));
    }
    assert_eq!(desk.ledger.requests().len(), count);
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
