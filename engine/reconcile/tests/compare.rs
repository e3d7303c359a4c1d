//! Statements that are made wrong on purpose, each in one way: the comparison finds every way, and nothing falls between the sides.

use proptest::collection::vec;
use proptest::prelude::*;
use yidan_reconcile::details::{Claimed, Class, Compared, Side, compare};
use yidan_reconcile::totals::{Totals, Which};
use yidan_reconcile::{Amounts, Books, Change, Clearing, Entry, EntryKind, Progress};
use yidan_settlement::date::Day;
use yidan_settlement::money::Fen;

const FACILITY: &str = "H63010300001";

fn day(day: i32) -> Day {
    Day::from_civil(2026, 3, day).expect("a day")
}

fn settled(number: u64, at: i32, fen: i64) -> Entry {
    Entry {
        number,
        kind: EntryKind::Settlement,
        day: day(at),
        visit: number + 1_000,
        psn_no: format!("P{number}"),
        msgid: format!("{FACILITY}{number}"),
        insutype: "310".to_owned(),
        clearing: Clearing { clr_type: "11".to_owned(), pool: "630100".to_owned() },
        amounts: Amounts {
            total: Fen::new(fen),
            fund: Fen::new(fen / 2),
            account: Fen::new(fen / 4),
        },
        void: false,
    }
}

fn refund(number: u64, at: i32, of: &Entry) -> Entry {
    let kind = EntryKind::RefundOf(of.number);
    Entry { number, kind, day: day(at), amounts: of.amounts.negated(), ..of.clone() }
}

fn line(entry: &Entry) -> Claimed {
    Claimed {
        setl_id: Some(entry.number),
        visit: Some(entry.visit),
        psn_no: entry.psn_no.clone(),
        total: entry.amounts.total,
        fund: entry.amounts.fund,
        account: entry.amounts.account,
        refund: entry.is_refund(),
    }
}

fn compared(statement: &[Claimed], entries: &[Entry], others: &[Entry]) -> Vec<Compared> {
    let elsewhere = |settlement, refund| {
        let named = |one: &Entry| one.settlement() == settlement || one.number == settlement;
        let same = |one: &&Entry| named(one) && one.is_refund() == refund;
        Ok::<_, std::convert::Infallible>(others.iter().find(same).cloned())
    };
    let Ok(all) = compare(statement, entries, elsewhere);
    all
}

fn classes(statement: &[Claimed], entries: &[Entry], others: &[Entry]) -> Vec<Class> {
    compared(statement, entries, others).into_iter().map(|one| one.class).collect()
}

fn between(books: &Books, facility: &str, from: i32, to: i32) -> Vec<Entry> {
    let mut found = Vec::new();
    books.between(facility, day(from), day(to), |entry| found.push(entry)).expect("read");
    found
}

#[test]
fn each_way_of_being_wrong_has_its_class() {
    let (one, two) = (settled(1, 1, 1_000), settled(2, 1, 2_000));
    let both = [one.clone(), two.clone()];
    let lines = [line(&one), line(&two)];
    assert_eq!(classes(&lines, &both, &[]), [Class::Equal, Class::Equal]);

    let more = Claimed { fund: Fen::new(1), ..line(&one) };
    assert_eq!(classes(&[more, line(&two)], &both, &[]), [Class::Differs, Class::Equal]);
    let other_person = Claimed { psn_no: "P9".to_owned(), ..line(&one) };
    assert_eq!(classes(&[other_person], &both[..1], &[]), [Class::Differs]);

    let unknown = Claimed { setl_id: Some(77), ..line(&one) };
    assert_eq!(classes(&[unknown], &both[..1], &[]), [Class::OnlyFacility, Class::OnlyFund]);
    let no_number = Claimed { setl_id: None, ..line(&one) };
    assert_eq!(classes(&[no_number], &[], &[]), [Class::OnlyFacility]);

    let twice = [line(&one), line(&one)];
    assert_eq!(classes(&twice, &both[..1], &[]), [Class::Equal, Class::TwiceAt(Side::Facility)]);
    let again = Entry { number: 3, ..one.clone() };
    let of_fund = [one.clone(), again];
    assert_eq!(classes(&lines[..1], &of_fund, &[]), [Class::Equal, Class::TwiceAt(Side::Fund)]);

    assert_eq!(classes(&lines[..1], &[], &both), [Class::Elsewhere]);
    let void = Entry { void: true, ..one.clone() };
    assert_eq!(classes(&lines[..1], &[], &[void]), [Class::ReversedAt(Side::Fund)]);
}

#[test]
fn a_refund_is_found_by_its_own_number_and_by_its_settlements() {
    let one = settled(1, 1, 1_000);
    let back = refund(5, 2, &one);
    for number in [1, 5] {
        let said = Claimed { setl_id: Some(number), ..line(&back) };
        assert_eq!(classes(&[said], std::slice::from_ref(&back), &[]), [Class::Equal]);
    }
    // One side refunds it, the other does not.
    let only_fund = classes(&[line(&one)], &[one.clone(), back.clone()], &[]);
    assert_eq!(only_fund, [Class::Equal, Class::ReversedAt(Side::Fund)]);
    let said = [line(&one), Claimed { setl_id: Some(1), ..line(&back) }];
    let only_facility = classes(&said, std::slice::from_ref(&one), &[]);
    assert_eq!(only_facility, [Class::Equal, Class::ReversedAt(Side::Facility)]);
    // The facility knows of neither, whenever it was refunded.
    let nothing = [Class::Nothing, Class::Nothing];
    assert_eq!(classes(&[], &[one.clone(), back.clone()], &[]), nothing);
    assert_eq!(classes(&[], std::slice::from_ref(&one), std::slice::from_ref(&back)), nothing[..1]);
}

#[test]
fn what_was_undone_by_its_msgid_is_told_by_what_stands() {
    let one = settled(1, 1, 1_000);
    // The refund was reversed: the settlement stands, and the facility has given the money back.
    let void = Entry { void: true, ..refund(5, 2, &one) };
    for number in [1, 5] {
        let said = [line(&one), Claimed { setl_id: Some(number), ..line(&void) }];
        let told = classes(&said, std::slice::from_ref(&one), std::slice::from_ref(&void));
        assert_eq!(told, [Class::Equal, Class::ReversedAt(Side::Facility)], "{number}");
    }
    // The settlement was reversed, and the facility has booked and refunded it: nothing is left.
    let gone = Entry { void: true, ..one.clone() };
    let said = [line(&one), Claimed { setl_id: Some(1), ..line(&refund(0, 1, &one)) }];
    assert_eq!(classes(&said, &[], &[gone]), [Class::Nothing, Class::Nothing]);
}

#[test]
fn books_follow_refunds_reversals_and_what_is_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let books = Books::open(folder.path()).expect("opens");
    let take = |next: u64, changes: &[Change]| {
        let progress = Progress { since: day(1), next, last: [7; 32] };
        books.take(changes, progress, true).expect("taken");
    };
    let put = |entry: Entry| Change::Settled { facility: FACILITY.to_owned(), entry };
    take(4, &[put(settled(1, 1, 1_000)), put(settled(2, 2, 500)), put(settled(3, 3, 700))]);
    let sums = |refunds| {
        let which = Which { insutype: None, clr_type: None, pool: Some("630000"), refunds };
        let entries = between(&books, FACILITY, 1, 31);
        let mut sum = Totals::default();
        entries.iter().filter(|entry| which.takes(entry)).for_each(|entry| sum.add(entry));
        (sum.count, sum.amounts.total.get())
    };
    assert_eq!(sums(None), (3, 2_200));
    let refunded = |number, settlement| {
        let msgid = "M".to_owned();
        Change::Refunded { number, settlement, day: day(9), msgid }
    };
    take(7, &[refunded(5, 1), Change::Voided(2), refunded(6, 3)]);
    assert_eq!(
        (sums(None), sums(Some(false)), sums(Some(true))),
        ((4, 0), (2, 1_700), (2, -1_700))
    );
    take(8, &[Change::Restored(3)]);
    assert_eq!(sums(None), (3, 700));
    let found = |number, refund| books.find(FACILITY, number, refund).expect("read");
    assert_eq!(found(1, true).map(|one| one.number), Some(5));
    assert_eq!(found(5, true).map(|one| one.settlement()), Some(1));
    assert_eq!(found(2, false).map(|one| one.void), Some(true));
    assert_eq!((found(3, true), books.find("H2", 1, false).expect("read")), (None, None));
    // One day alone, a day that is none, another facility.
    assert_eq!(between(&books, FACILITY, 2, 2).len(), 1);
    assert_eq!(between(&books, FACILITY, 3, 2).len(), 0);
    assert_eq!(between(&books, "H2", 1, 31).len(), 0);
    drop(books);
    let again = Books::open(folder.path()).expect("opens again");
    assert_eq!(again.progress().expect("read").next, 8);
    again.begin(40, day(2)).expect("begun anew");
    assert_eq!(between(&again, FACILITY, 1, 31).len(), 0);
}

/// One way in which a statement is made wrong.
#[derive(Copy, Clone, Debug)]
enum Wrong {
    No,
    Amount,
    LeftOut,
    Twice,
    Unknown,
}

fn wrongs() -> impl Strategy<Value = Vec<(Wrong, bool, i64)>> {
    let wrong = prop_oneof![
        4 => Just(Wrong::No),
        1 => Just(Wrong::Amount),
        1 => Just(Wrong::LeftOut),
        1 => Just(Wrong::Twice),
        1 => Just(Wrong::Unknown),
    ];
    vec((wrong, any::<bool>(), 1..100_000_i64), 0..60)
}

proptest! {
    /// What the sides differ by in all is what the classes differ by, and each line and each entry stands in one of them.
    #[test]
    fn the_classes_add_up_to_the_difference_of_the_totals(wrongs in wrongs()) {
        let (mut entries, mut statement, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (wrong, refunded, fen)) in (1..).zip(wrongs) {
            let mut both = vec![settled(number, 1, fen)];
            if refunded {
                both.push(refund(number + 10_000, 1, &both[0]));
            }
            for entry in &both {
                let said = line(entry);
                match wrong {
                    Wrong::No => {
                        statement.push(said);
                        expected.push(Class::Equal);
                    }
                    Wrong::Amount => {
                        statement.push(Claimed { account: Fen::new(200_001), ..said });
                        expected.push(Class::Differs);
                    }
                    Wrong::LeftOut => {}
                    Wrong::Twice => {
                        statement.extend([said.clone(), said]);
                        expected.extend([Class::Equal, Class::TwiceAt(Side::Facility)]);
                    }
                    Wrong::Unknown => {
                        statement.push(Claimed { setl_id: Some(number + 50_000), ..said });
                        expected.push(Class::OnlyFacility);
                    }
                }
            }
            entries.append(&mut both);
        }
        let all = compared(&statement, &entries, &[]);
        let of_lines: Vec<Class> =
            all.iter().filter(|one| one.line.is_some()).map(|one| one.class).collect();
        prop_assert_eq!(of_lines, expected);
        let left = all.iter().filter(|one| one.line.is_none());
        for one in left.clone() {
            prop_assert!(matches!(one.class, Class::OnlyFund | Class::Nothing), "{:?}", one.class);
        }
        // An entry counts where it is matched first, or stands alone.
        let fund: i64 = entries.iter().map(|entry| entry.amounts.total.get()).sum();
        let facility: i64 = statement.iter().map(|line| line.total.get()).sum();
        let differences: i64 = all
            .iter()
            .map(|one| {
                let theirs = one.line.map_or(0, |at| statement[at].total.get());
                let entry = one.entry.as_ref().filter(|_| one.class != Class::TwiceAt(Side::Facility));
                let ours = entry.map_or(0, |entry| entry.amounts.total.get());
                ours - theirs
            })
            .sum();
        prop_assert_eq!(differences, fund - facility);
        prop_assert_eq!(all.len() - left.count(), statement.len());
    }
}
