//! Members, facilities and bills of R1 as commands of a ledger, whoever asks it: the whole engine, or a ledger on one thread.

use std::path::Path;

use yidan_pipeline::world::World;
use yidan_settlement::bill::Decision;
use yidan_settlement::catalogue::Level;
use yidan_settlement::claim::{AccountUse, HospitalApproval, LineParts, Spell};
use yidan_settlement::command::{End, Settle, WhichVisit};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::event::{Event, Record, Request};
use yidan_settlement::facts::{
    ChargesFacts, FacilityFacts, IdentityFact, LineFacts, MemberFacts, SettleFacts, Text,
    TotalsFacts, VisitFacts,
};
use yidan_settlement::id::{Admdvs, Insutype};
use yidan_settlement::money::{Fen, Price, Quantity};
use yidan_settlement::pack::{Channel, FundField, HospitalLevel};
use yidan_settlement::stored;

use crate::by_hand::Paid;
use crate::dice::Dice;
use crate::r1;

const FACILITIES: [(&str, HospitalLevel, Level); 3] = [
    ("H63010000001", HospitalLevel::First, Level::First),
    ("H63010000002", HospitalLevel::Second, Level::Second),
    ("H63010000003", HospitalLevel::Third, Level::Third),
];

/// The engine's world: the R1 pack alone.
pub fn world() -> World {
    let mut world = World::new();
    world.add_pack(r1::pack(), Path::new("R1/policy.toml"));
    world
}

/// The number of a member.
pub fn psn_no(member: usize) -> Text {
    format!("63010020{member:012}").into()
}

/// Facilities of the three levels.
pub fn facilities() -> impl Iterator<Item = (&'static str, FacilityFacts)> {
    FACILITIES.into_iter().map(|(code, level, price_level)| {
        let admdvs = Admdvs::parse("630103").expect("six digits");
        let agreements = None;
        (code, FacilityFacts { admdvs, level, deductible_level: level, price_level, agreements })
    })
}

/// A member with one spell, and the class or none.
pub fn member(class: u8) -> MemberFacts {
    let from = Day::from_civil(2012, 7, 1).expect("a day");
    let identity = |kind: &str| IdentityFact { kind: kind.into(), span: Span::ALWAYS };
    MemberFacts {
        admdvs: "R1".into(),
        psn_type: "1101".into(),
        birth: Day::from_civil(1971, 3, 2),
        paid_years: 14,
        spells: Some(vec![Spell {
            insutype: insutype(),
            span: Span { from, to: Day::MAX },
            waiting_to: from,
        }]),
        identities: match class {
            0 => Vec::new(),
            1 => vec![identity("R1-1")],
            _ => vec![identity("R1-2")],
        },
        ..MemberFacts::default()
    }
}

/// The class that a member keeps: one in eight has one.
pub fn class_of(member: usize) -> u8 {
    u8::try_from((member % 16).saturating_sub(13)).expect("at most 2")
}

/// A visit of a day and the charges, settled at once.
pub fn settle(day: Day, charges: ChargesFacts) -> Settle {
    let moment = Moment::new(day, 36_000);
    let visit = VisitFacts {
        insutype: insutype(),
        med_type: "21".into(),
        begin: moment,
        end: None,
        disease: None,
        diagnoses: Vec::new(),
        continues: None,
        accident: false,
        third_party: false,
        birth: 0,
        family_planning: 0,
        fetuses: 1,
    };
    let how = SettleFacts {
        channel: Channel::Direct,
        end: moment,
        settled: moment,
        account: AccountUse::None,
        tolerance: Fen::ZERO,
        mid_stay: false,
        total: None,
    };
    Settle { end: End::Stated, visit: WhichVisit::AtOnce(visit), how, charges }
}

/// Charges by totals: so much in scope, and so much more that nobody covers.
pub fn totals(in_scope: i64, own: i64) -> ChargesFacts {
    let parts =
        LineParts { own: Fen::new(own), in_scope: Fen::new(in_scope), ..LineParts::default() };
    ChargesFacts::Totals(TotalsFacts { total: parts.sum(), parts, kinds: Vec::new() })
}

/// Who asks for a settlement at a facility of a level, with a number that none had before.
pub fn request(level: u8, number: u64, psn_no: Text) -> Request {
    let (asker, _, _) = FACILITIES[usize::from(level) - 1];
    // By hand: writing it as text formats it would cost as much as a tenth of a settlement.
    let mut msgid = String::with_capacity(asker.len() + 18);
    msgid.push_str(asker);
    for digit in (0..18).rev() {
        let digit = number / 10_u64.pow(digit) % 10;
        msgid.push(char::from_digit(u32::try_from(digit).expect("a digit"), 10).expect("a digit"));
    }
    Request { asker: asker.into(), infno: 2_304, msgid: msgid.into(), psn_no, digest: [0; 16] }
}

/// Three digits.
fn insutype() -> Insutype {
    Insutype::parse("310").expect("three digits")
}

/// What the funds of a decision pay.
pub fn paid(decision: &Decision) -> Paid {
    let [basic, critical, assistance] =
        [FundField::HifpPay, FundField::HifmiPay, FundField::MafPay]
            .map(|field| decision.fund(field).get());
    Paid { basic, critical, assistance }
}

/// The settlement in a record.
pub fn decision_in(record: &[u8]) -> Decision {
    let record: Record = stored::whole(record).expect("a record of ours");
    let Event::Settled(settled) = record.event else { panic!("it is of a settlement") };
    settled.decision
}

/// A line of a bill: of this place in it, and of a code.
pub fn line(serial: usize, code: &[u8], dice: &mut Dice) -> LineFacts {
    let quantity = Quantity::new(10_000 * (1 + i64::try_from(dice.below(6)).expect("small")));
    let price = Price::new(10_000 * (100 + i64::try_from(dice.below(5_000)).expect("small")));
    LineFacts {
        serial: format!("{serial:06}").into(),
        batch: Text::default(),
        code: std::str::from_utf8(code).expect("codes are text").into(),
        day: today(),
        quantity,
        price,
        amount: price.times(quantity).expect("a small amount"),
        returns: None,
        approval: HospitalApproval::Given,
        prescriber: None,
        days: None,
        maternity: false,
    }
}

/// The day of all bills.
pub fn today() -> Day {
    Day::from_civil(2026, 6, 1).expect("a day")
}
