//! Pages, and what is asked of entries.

use std::collections::BTreeSet;

use super::*;
use crate::catalogue::example::{REGION, day, division, image};

fn paging(number: i64, size: i64) -> Paging {
    Paging::new(number, size).expect("a page")
}

/// Everything that is meant, as code and first day.
fn found(asked: &Asked, pool: &Pool<'_>) -> BTreeSet<(String, String)> {
    let page = asked.page(pool, paging(1, 1_000));
    let rows = page.rows.iter();
    let rows: BTreeSet<_> =
        rows.map(|told| (told.code().to_owned(), told.from().to_string())).collect();
    assert_eq!(i64::try_from(rows.len()), Ok(page.record_counts()));
    rows
}

fn codes(asked: &Asked, pool: &Pool<'_>) -> Vec<String> {
    found(asked, pool).into_iter().map(|(code, _)| code).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn pages_are_counted_by_the_rows_they_can_have() {
    let page = |number, size| paging(number, size).page(0..5);
    let facts = |page: &Page<i32>| {
        let flags = (page.is_first(), page.is_last());
        (page.rows.clone(), flags, page.start_row(), page.pages(), page.record_counts())
    };
    assert_eq!(facts(&page(1, 2)), (vec![0, 1], (true, false), 1, 3, 5));
    assert_eq!(facts(&page(3, 2)), (vec![4], (false, true), 5, 3, 5));
    assert_eq!(facts(&page(4, 2)), (vec![], (false, true), 0, 3, 5));
    assert_eq!(facts(&page(1, 5)), (vec![0, 1, 2, 3, 4], (true, true), 1, 1, 5));
    assert_eq!(facts(&page(0, 2)), facts(&page(1, 2)));
    assert_eq!(facts(&page(-7, 2)), facts(&page(1, 2)));
    assert_eq!(facts(&page(i64::MAX, i64::MAX)), (vec![], (false, true), 0, 1, 5));
    assert_eq!(facts(&paging(1, 2).page(0..0)), (vec![], (true, true), 0, 0, 0));
    let most = i64::try_from(CATALOGUE_PAGE_ROWS_MAX).expect("small");
    let large = paging(2, 2_147_483_647).page(0..5_000);
    assert_eq!((large.page_size(), large.size(), large.start_row()), (most, most, most + 1));
    assert_eq!((large.pages(), large.record_counts()), ((5_000 + most - 1) / most, 5_000));
    assert_eq!((Paging::new(1, 0), Paging::new(1, -1)), (None, None));
}

#[test]
fn each_condition_takes_what_it_says_and_all_must_hold() {
    let image = image();
    let pool = Pool::of(&image, None).expect("the national one");
    let one = |change: fn(&mut Asked)| {
        let mut asked = Asked::default();
        change(&mut asked);
        codes(&asked, &pool)
    };
    assert_eq!(one(|_| {}), ["QC1", "QD1", "QD2", "QH1", "QH2", "QP1", "S1", "S1"]);
    assert_eq!(one(|asked| asked.code = text("S1")), ["S1", "S1"]);
    assert!(one(|asked| asked.code = text("S2")).is_empty());
    assert_eq!(one(|asked| asked.medical_code = text("QD1")), ["QD1"]);
    let both = |asked: &mut Asked| (asked.code, asked.medical_code) = (text("QD1"), text("QD1"));
    assert_eq!(one(both), ["QD1"]);
    let differ = |asked: &mut Asked| (asked.code, asked.medical_code) = (text("S1"), text("QD1"));
    assert!(one(differ).is_empty());
    assert_eq!(one(|asked| asked.name = text("片剂")), ["QD1", "QD2"]);
    assert_eq!(one(|asked| asked.charge_type = text("09")), ["QD1", "QD2"]);
    assert_eq!(one(|asked| asked.class = text("02")), ["QC1", "QP1"]);
    assert_eq!(one(|asked| asked.restricted = text("1")), ["QD2"]);
    assert_eq!(one(|asked| asked.list = text("102")), ["QH1", "QH2"]);
    assert_eq!(one(|asked| asked.list = text("101")), ["QD1", "QD2", "QP1"]);
    assert_eq!(one(|asked| asked.medical = text("0")), ["QH1"]);
    assert!(one(|asked| asked.maternity = text("1")).is_empty());
    assert_eq!(one(|asked| asked.compound = text("3")), ["QH1"]);
    assert_eq!(one(|asked| asked.compound = text("1")), ["QH2"]);
    assert_eq!(one(|asked| asked.valid = text("1")).len(), 8);
    assert!(one(|asked| asked.valid = text("0")).is_empty());
    assert_eq!(one(|asked| asked.on = Some(day("2023-12-31"))).len(), 7);
    assert!(one(|asked| asked.on = Some(day("2019-12-31"))).is_empty());
    assert_eq!(one(|asked| asked.from = Some(day("2020-01-02"))), ["S1"]);
    assert_eq!(one(|asked| asked.to = Some(day("2023-12-31"))), ["S1"]);
    assert!(one(|asked| asked.to = Some(day("2023-12-30"))).is_empty());
    let new = Asked { code: text("S1"), on: Some(day("2024-01-01")), ..Asked::default() };
    assert_eq!(found(&new, &pool), [("S1".to_owned(), "2024-01-01".to_owned())].into());
}

#[test]
fn a_division_has_the_catalogue_of_its_pool_and_one_without_has_the_national() {
    let image = image();
    let pool = |code: &str| Pool::of(&image, Some(division(code))).expect("one");
    let asked = Asked { code: text("QC1"), ..Asked::default() };
    for (code, own, parts) in
        [("000000", None, 2_000), ("530100", None, 2_000), ("630103", Some(REGION), 500)]
    {
        let pool = pool(code);
        assert_eq!(pool.asked, division(code));
        assert_eq!(pool.own, own.map(division));
        let shares = asked.shares(&pool, paging(1, 10));
        assert!(shares.rows.iter().all(|(_, _, share)| share.parts() == parts), "{code}");
        let local = Asked { list: text("103"), ..Asked::default() };
        assert_eq!(codes(&local, &pool).len(), usize::from(own.is_some()));
    }
}

#[test]
fn ceilings_have_a_row_a_level_and_shares_one_a_family() {
    let image = image();
    let pool = Pool::of(&image, None).expect("the national one");
    let told = |asked: &Asked| -> BTreeSet<(String, &str, i64)> {
        let page = asked.ceilings(&pool, paging(1, 100));
        let rows = page.rows.iter();
        rows.map(|(told, level, price)| {
            (told.from().to_string(), lmtpric_type(*level), price.get() / 1_000_000)
        })
        .collect()
    };
    let row = |from: &str, level, price| (from.to_owned(), level, price);
    let old = "2020-01-01";
    assert_eq!(
        told(&Asked::default()),
        [row(old, "1", 10), row(old, "2", 20), row(old, "3", 30), row("2024-01-01", "3", 35)]
            .into()
    );
    let second = Asked { level: text("2"), ..Asked::default() };
    assert_eq!(told(&second), [row(old, "2", 20)].into());

    let share = |asked: Asked| -> Vec<(&'static str, i64)> {
        let page = asked.shares(&pool, paging(1, 100));
        page.rows.iter().map(|(_, family, share)| (person_type(*family), share.parts())).collect()
    };
    let of = |code: &str| Asked { code: text(code), ..Asked::default() };
    assert_eq!(share(of("QD1")), [("310", 0), ("390", 0)]);
    assert_eq!(share(of("QP1")), [("310", 1_000), ("390", 1_000)]);
    // What a scheme does not take in, and what no scheme does.
    assert_eq!(share(of("QD2")), [("310", 0), ("390", 10_000)]);
    assert_eq!(share(of("QH1")), [("310", 10_000), ("390", 10_000)]);
    assert_eq!(share(Asked { person: text("390"), ..of("QP1") }), [("390", 1_000)]);
    assert!(share(Asked { person: text("330"), ..of("QP1") }).is_empty());
    assert_eq!(share(Asked { share_kind: text("10"), ..of("QP1") }).len(), 2);
    assert!(share(Asked { share_kind: text("20"), ..of("QP1") }).is_empty());
}

#[test]
fn a_record_is_found_by_its_number_which_no_other_has() {
    let image = image();
    let pools = [None, Some(division(REGION))].map(|place| Pool::of(&image, place).expect("one"));
    let mut numbers = BTreeSet::new();
    for pool in &pools {
        for (told, family, _) in Asked::default().shares(pool, paging(1, 100)).rows {
            let rid = pool.rid("1319", &told, person_type(family));
            assert!(rid.len() <= 40 && numbers.insert(rid.clone()), "{rid}");
            let asked = Asked { rid: Some(rid), ..Asked::default() };
            let found = asked.shares(pool, paging(1, 100)).rows;
            let found: Vec<_> =
                found.iter().map(|(told, family, _)| (told.code(), *family)).collect();
            assert_eq!(found, [(told.code(), family)]);
        }
    }
    assert_eq!(numbers.len(), 2 * (8 + 9));
}
