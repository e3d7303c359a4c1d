//! What is filed for a member: the next settlement sees it, a withdrawal takes it back, and what the bureau says leaves it alone.

use yidan_settlement::claim::FilingRecord;
use yidan_settlement::facts::{AccidentFact, ApprovalFact, Filed, FiledKind, FixedFact};
use yidan_settlement::id::Admdvs;
use yidan_settlement::limits::FILED_BY_ONE_MAX;
use yidan_settlement::pack::Filing;
use yidan_settlement::reason::Reason;

use super::*;
use yidan_settlement::date::Span;

/// A hospital of another province.
const FAR: &str = "H37080200002";

fn day(month: i32, day: i32) -> Day {
    Day::from_civil(2026, month, day).expect("a day")
}

fn days(from: Day, to: Day) -> Span {
    Span { from, to }
}

/// The year that the visits of these tests fall into.
fn year() -> Span {
    days(day(1, 1), day(12, 31))
}

fn referral(place: &str, span: Span) -> Filed {
    let place = Admdvs::parse(place);
    Filed::OffRegion(FilingRecord { kind: Filing::Referral, span, place })
}

fn disease(code: &str, span: Span) -> Filed {
    Filed::Disease(ApprovalFact { disease: code.into(), span, facility: None, limit: None })
}

fn accident(injured: Option<Day>, span: Span) -> Filed {
    Filed::Accident(AccidentFact { span, injured })
}

fn fixed(order: &str, facility: &str) -> Filed {
    let (business, order, facility) = ("01".into(), order.into(), facility.into());
    Filed::Facility(FixedFact { business, order, facility, span: year() })
}

/// A resident of Xining.
fn registered(desk: &mut Desk<'_>, psn_no: &str) -> MemberFacts {
    let facts = MemberFacts {
        admdvs: "630100".into(),
        psn_type: "1503".into(),
        birth: Day::from_civil(1980, 1, 1),
        ..MemberFacts::default()
    };
    let what = What::RegisterMember(facts.clone(), Fen::ZERO);
    desk.say("", psn_no, "registered", 0, what);
    facts
}

fn facts_of(desk: &Desk<'_>, psn_no: &str) -> MemberFacts {
    let member = desk.engine.shards[0].members().get(psn_no);
    member.and_then(Member::facts).expect("it is there")
}

fn bill(facts: VisitFacts) -> Settle {
    let visit = WhichVisit::AtOnce(facts);
    Settle { end: End::Stated, visit, how: how(), charges: totals(1_000_000, &[]) }
}

/// What a settlement now would pay, or why it would not.
fn tried(desk: &mut Desk<'_>, asker: &str, psn_no: &str, settle: &Settle) -> Result<Fen, u16> {
    match desk.say(asker, psn_no, "", 2206, What::PreSettle(settle.clone())) {
        Decided::PreSettled(settled) => Ok(settled.decision.fund_sum()),
        Decided::Refused(refused) => Err(refused.reason),
        other @ (Decided::Event(_) | Decided::Again(_) | Decided::Nothing | Decided::Needs(_)) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn a_referral_changes_what_is_paid_far_away_and_its_withdrawal_changes_it_back() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    registered(&mut desk, "F1");
    let settle = bill(visit(390));
    let before = tried(&mut desk, FAR, "F1", &settle).expect("paid");
    let filed = desk.done("F1", "f1", 2501, What::File(referral("370800", year())));
    let after = tried(&mut desk, FAR, "F1", &settle).expect("paid");
    assert!(after > before, "{after} after {before}");
    // For another place it counts for nothing.
    assert_eq!(desk.engine.shards[0].members().len(), 5);
    let kind = FiledKind::OffRegion;
    desk.done("F1", "u1", 2502, What::Unfile(filed, kind));
    assert_eq!(tried(&mut desk, FAR, "F1", &settle), Ok(before));
    let elsewhere = desk.done("F1", "f2", 2501, What::File(referral("370900", year())));
    assert_eq!(tried(&mut desk, FAR, "F1", &settle), Ok(before));
    // The slots of a referral are called by the day it begins, whoever filed it.
    desk.done("F1", "u2", 2502, What::Unfile(elsewhere, kind));
    desk.done("F1", "f3", 2501, What::File(referral("370800", year())));
    let settled = desk.say(FAR, "F1", "s1", 2207, What::Settle(settle));
    let Decided::Event(Event::Settled(settled)) = settled else { panic!("{settled:?}") };
    assert_eq!(settled.labels.filing, "referral:2026-01-01");
    let filed_by = Event::known(&desk.engine.records().last().expect("a record").event).cloned();
    assert_eq!(filed_by, None, "a settlement says nothing of the member");
    let known = usize::try_from(settled.known).expect("small") - 1;
    let record: Record = stored::whole(&desk.engine.journal[known]).expect("a record");
    let known = record.event.known().expect("what was known");
    assert_eq!(known, &facts_of(&desk, "F1"), "the record of the filing says what was known");
}

#[test]
fn a_disease_and_an_accident_are_settled_once_they_are_filed() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    registered(&mut desk, "F1");
    let begin = visit(390).begin;
    let (med_type, code) = ("14".into(), Some("M03900".into()));
    let chronic = bill(VisitFacts { med_type, disease: code, begin, ..visit(390) });
    let refused = Err(Reason::ApprovalMissing.number());
    assert_eq!(tried(&mut desk, FACILITY, "F1", &chronic), refused);
    desk.done("F1", "f1", 2503, What::File(disease("M01600", year())));
    assert_eq!(tried(&mut desk, FACILITY, "F1", &chronic), refused, "another disease");
    let filed = desk.done("F1", "f2", 2503, What::File(disease("M03900", year())));
    assert!(tried(&mut desk, FACILITY, "F1", &chronic).is_ok());
    desk.done("F1", "u2", 2504, What::Unfile(filed, FiledKind::Disease));
    assert_eq!(tried(&mut desk, FACILITY, "F1", &chronic), refused);
    let hurt = bill(VisitFacts { accident: true, ..visit(390) });
    let before = tried(&mut desk, FACILITY, "F1", &hurt);
    let open = days(day(2, 28), Day::MAX);
    desk.done("F1", "f3", 2507, What::File(accident(Some(day(2, 28)), open)));
    let after = tried(&mut desk, FACILITY, "F1", &hurt).expect("it is filed");
    assert!(before.is_err() || before.is_ok_and(|before| before < after), "{before:?} {after}");
}

#[test]
fn a_filing_is_refused_for_what_is_wrong_with_it_and_made_once() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    registered(&mut desk, "F1");
    let one = |filed: &Filed| What::File(filed.clone());
    let first = referral("370800", year());
    desk.refused(Conduct::MemberUnknown, "F0", "a1", 2501, one(&first));
    desk.say("H00000000000", "F1", "a2", 2501, one(&first));
    assert!(desk.seen.contains(&Conduct::FacilityUnknown.number()));
    let reversed = referral("370800", days(day(5, 2), day(5, 2)));
    desk.refused(Conduct::FilingDatesReversed, "F1", "a3", 2501, one(&reversed));
    let number = desk.done("F1", "a4", 2501, one(&first));
    // The same call again is the same filing; with other content it is another's key.
    let again = desk.say(FACILITY, "F1", "a4", 2501, one(&first));
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    desk.refused(Conduct::KeyWithOtherContent, "F1", "a4", 2501, one(&disease("M1", year())));
    // Another call for some of the same days is refused, for others not.
    let overlaps = referral("370800", days(day(12, 30), Day::MAX));
    desk.refused(Conduct::FilingExists, "F1", "a5", 2501, one(&overlaps));
    let later = referral("370800", days(day(12, 31), Day::MAX));
    desk.done("F1", "a6", 2501, one(&later));
    desk.done("F1", "a7", 2501, one(&referral("370900", year())));
    desk.done("F1", "b1", 2505, one(&fixed("1", FACILITY)));
    desk.refused(Conduct::FilingExists, "F1", "b2", 2505, one(&fixed("2", FACILITY)));
    desk.refused(Conduct::FilingExists, "F1", "b3", 2505, one(&fixed("1", FAR)));
    desk.done("F1", "b4", 2505, one(&fixed("2", FAR)));
    // Two accidents are two filings, one accident is one.
    desk.done("F1", "c1", 2507, one(&accident(Some(day(1, 1)), year())));
    desk.refused(Conduct::FilingExists, "F1", "c2", 2507, one(&accident(Some(day(1, 1)), year())));
    desk.done("F1", "c3", 2507, one(&accident(Some(day(1, 2)), year())));

    // Withdrawn as what it is, by who filed it, once.
    let kind = FiledKind::OffRegion;
    desk.refused(
        Conduct::FilingUnknown,
        "F1",
        "d1",
        2504,
        What::Unfile(number, FiledKind::Disease),
    );
    desk.refused(Conduct::FilingUnknown, "F1", "d2", 2502, What::Unfile(999_999, kind));
    let others = desk.say(FAR, "F1", "d3", 2502, What::Unfile(number, kind));
    let Decided::Event(Event::Refused(refused)) = others else { panic!("{others:?}") };
    assert_eq!(refused.reason, Conduct::FilingUnknown.number());
    desk.done("F1", "d4", 2502, What::Unfile(number, kind));
    let again = desk.say(FACILITY, "F1", "d4", 2502, What::Unfile(number, kind));
    assert!(matches!(again, Decided::Again(_)), "{again:?}");
    desk.refused(Conduct::FilingUnknown, "F1", "d5", 2502, What::Unfile(number, kind));
    // Whoever files it again by the old call is not told that it stands.
    desk.refused(Conduct::FilingWithdrawn, "F1", "a4", 2501, one(&first));
    desk.done("F1", "a8", 2501, one(&first));
    desk.refused(Conduct::NotReversible, "F1", "r1", 2601, What::Reverse(2501, "a8".into()));

    for number in facts_of(&desk, "F1").filed.len()..FILED_BY_ONE_MAX {
        let what = one(&disease(&format!("M{number}"), year()));
        desk.done("F1", &format!("m{number}"), 2503, what);
    }
    desk.refused(Conduct::TooManyFilings, "F1", "n1", 2503, one(&disease("X", year())));
    let others = desk.say(FAR, "F1", "n1", 2503, one(&disease("X", year())));
    assert!(matches!(others, Decided::Event(Event::Filed(_, _))), "{others:?}");
}

#[test]
fn what_a_settlement_was_decided_by_stays_while_it_stands() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    registered(&mut desk, "F1");
    let (med_type, code) = ("14".into(), Some("M03900".into()));
    let chronic = bill(VisitFacts { med_type, disease: code, ..visit(390) });
    let used = desk.done("F1", "f1", 2503, What::File(disease("M03900", year())));
    let other = desk.done("F1", "f2", 2503, What::File(disease("M01600", year())));
    let later = days(day(3, 6), Day::MAX);
    let not_yet = desk.done("F1", "f3", 2501, What::File(referral("630104", later)));
    let settlement = desk.done("F1", "s1", 2207, What::Settle(chronic.clone()));
    let kind = FiledKind::Disease;
    desk.refused(Conduct::FilingUsed, "F1", "u1", 2504, What::Unfile(used, kind));
    desk.done("F1", "u2", 2504, What::Unfile(other, kind));
    desk.done("F1", "u3", 2502, What::Unfile(not_yet, FiledKind::OffRegion));
    desk.done("F1", "c1", 2208, What::Cancel(settlement));
    desk.done("F1", "u4", 2504, What::Unfile(used, kind));

    // The bureau withdraws it all the same, and what was paid by it is then made anew: it cannot be.
    let used = desk.done("F1", "f4", 2503, What::File(disease("M03900", year())));
    let settlement = desk.done("F1", "s2", 2207, What::Settle(chronic));
    let withdrawn = desk.say("", "F1", "u5", 2504, What::Unfile(used, kind));
    assert!(matches!(withdrawn, Decided::Event(Event::Unfiled(_, _))), "{withdrawn:?}");
    let correction = yidan_settlement::event::Correction {
        first: settlement,
        cancel: false,
        day: how().settled.day(),
    };
    let anew = desk.say("bureau", "F1", "o1", 0, What::Correct(correction));
    let Decided::Event(Event::Refused(refused)) = anew else { panic!("{anew:?}") };
    assert_eq!(refused.reason, Reason::ApprovalMissing.number());
    // By what was known then it can be: the record of the filing says that.
    let cancel = yidan_settlement::event::Correction { cancel: true, ..correction };
    let cancelled = desk.say("bureau", "F1", "o2", 0, What::Correct(cancel));
    assert!(matches!(cancelled, Decided::Event(Event::Corrected(_))), "{cancelled:?}");
}

#[test]
fn settlements_behind_a_cancelled_one_are_made_anew_by_what_was_filed_then() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    registered(&mut desk, "F1");
    let (med_type, code) = ("14".into(), Some("M03900".into()));
    let chronic = bill(VisitFacts { med_type, disease: code, ..visit(390) });
    let first = desk.done("F1", "s1", 2207, What::Settle(bill(visit(390))));
    let filed = desk.done("F1", "f1", 2503, What::File(disease("M03900", year())));
    desk.done("F1", "s2", 2207, What::Settle(chronic));
    desk.say("", "F1", "u1", 2504, What::Unfile(filed, FiledKind::Disease));
    let day = how().settled.day();
    let correction = yidan_settlement::event::Correction { first, cancel: true, day };
    let corrected = desk.say("bureau", "F1", "o1", 0, What::Correct(correction));
    assert!(matches!(corrected, Decided::Event(Event::Corrected(_))), "{corrected:?}");
}

#[test]
fn what_the_bureau_says_of_a_member_leaves_what_was_filed() {
    let packs = Packs::curated();
    let mut desk = Desk::new(&packs);
    let facts = registered(&mut desk, "F1");
    desk.done("F1", "f1", 2503, What::File(disease("M03900", year())));
    let before = facts_of(&desk, "F1").filed;
    let civil = MemberFacts { civil_servant: true, ..facts };
    desk.say("", "F1", "again", 0, What::RegisterMember(civil, Fen::ZERO));
    let now = facts_of(&desk, "F1");
    assert!(now.civil_servant);
    assert_eq!((now.filed.len(), now.filed), (1, before));
    // Nor can what the bureau knows be filed once more.
    let known = MemberFacts {
        approvals: vec![ApprovalFact {
            disease: "M01600".into(),
            span: Span::ALWAYS,
            facility: None,
            limit: None,
        }],
        ..facts_of(&desk, "F1")
    };
    desk.say("", "F1", "third", 0, What::RegisterMember(known, Fen::ZERO));
    let again = What::File(disease("M01600", year()));
    desk.refused(Conduct::FilingExists, "F1", "f2", 2503, again);
}
