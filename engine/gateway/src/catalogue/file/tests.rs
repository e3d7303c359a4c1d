//! Files of lists: their columns are those of the text, and what is known stands in its own.

use std::collections::BTreeSet;

use super::*;
use crate::catalogue::example::world;
use crate::files::{Files, PUBLIC};
use crate::statement::unzip;

/// The rows of a file, in columns.
fn rows(listing: Listing, world: &World) -> Vec<Vec<String>> {
    let (zipped, count) = listing.file(world, "V").expect("packed");
    let text = String::from_utf8(unzip(&zipped).expect("a ZIP")).expect("UTF-8");
    let rows: Vec<Vec<String>> =
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert_eq!(u64::try_from(rows.len()), Ok(count));
    rows
}

#[test]
fn columns_are_as_many_as_the_text_has_and_stand_where_it_has_them() {
    let counts = [97, 33, 83, 19, 71, 24, 24, 16, 15, 15];
    for (listing, count) in Listing::ALL.into_iter().zip(counts) {
        assert_eq!(listing.columns().len(), count, "{}", listing.infno());
        assert!(listing.columns().iter().all(|column| !column.zh.is_empty()));
    }
    let named = |listing: Listing, at: usize| listing.columns()[at - 1].zh;
    assert_eq!(named(Listing::Drugs, 1), "医疗目录编码");
    assert_eq!(named(Listing::Drugs, 92), "国家医保药品目录甲乙类标识");
    assert_eq!(named(Listing::HerbalPieces, 2), "单味药名称");
    assert_eq!(named(Listing::Preparations, 53), "注册名称");
    assert_eq!(named(Listing::Services, 10), "医疗服务项目名称");
    assert_eq!(named(Listing::Consumables, 71), "版本名称");
    assert_eq!(named(Listing::Diagnoses, 11), "诊断代码");
    assert_eq!(named(Listing::Operations, 11), "手术操作代码");
    assert_eq!(named(Listing::ChronicDiseases, 15), "门慢门特病种名称");
    assert_eq!(named(Listing::CaseDiseases, 2), "按病种结算病种目录代码");
    assert_eq!(named(Listing::DaySurgery, 15), "手术操作代码");
}

#[test]
fn every_record_is_in_the_file_of_its_list_once_with_what_is_known_of_it() {
    let world = world();
    let codes = |listing: Listing, at: usize| -> Vec<String> {
        let rows = rows(listing, &world);
        assert!(rows.iter().all(|row| row.len() == listing.columns().len()));
        rows.iter().map(|row| row[at - 1].clone()).collect()
    };
    assert_eq!(codes(Listing::Drugs, 1), ["QD1", "QD2", "QP1"]);
    assert_eq!(codes(Listing::HerbalPieces, 1), ["QH1", "QH2"]);
    assert_eq!(codes(Listing::Preparations, 1), ["QY1"]);
    assert_eq!(codes(Listing::Services, 1), ["S1", "S1"]);
    // What a region only changes is there once.
    assert_eq!(codes(Listing::Consumables, 1), ["QC1"]);
    // The code of a chronic disease is no diagnosis.
    assert_eq!(codes(Listing::Diagnoses, 11), ["A09.9", "M05.9"]);
    for none in [Listing::Operations, Listing::CaseDiseases, Listing::DaySurgery] {
        assert!(rows(none, &world).is_empty());
    }
    let drugs = rows(Listing::Drugs, &world);
    let cell = |row: usize, at: usize| drugs[row][at - 1].as_str();
    assert_eq!((cell(0, 4), cell(0, 13), cell(0, 24)), ("片剂", "西药", "0"));
    assert_eq!((cell(2, 4), cell(2, 13), cell(2, 24)), ("丸剂", "中成药", "1"));
    assert_eq!((cell(0, 58), cell(1, 58)), ("0", "1"));
    assert_eq!((cell(0, 92), cell(2, 92)), ("01", "02"));
    assert_eq!(
        (cell(0, 37), cell(0, 38), cell(0, 79), cell(0, 83)),
        ("2020-01-01", "null", "1", "V")
    );
    let services = rows(Listing::Services, &world);
    let days: Vec<(&str, &str)> =
        services.iter().map(|row| (row[11].as_str(), row[12].as_str())).collect();
    assert_eq!(days, [("2020-01-01", "2023-12-31"), ("2024-01-01", "null")]);
    assert_ne!(services[0][13], services[1][13], "each period has a number of its own");
    assert_eq!(rows(Listing::HerbalPieces, &world)[0][1], "不予 支付的饮片");
    assert_eq!(rows(Listing::Preparations, &world)[0][80], "630100");
}

#[test]
fn a_version_fits_its_field_and_is_anothers_for_another_image() {
    let (world, nothing) = (world(), World::new());
    let newest = newest(&world);
    assert_eq!(newest.to_string(), "2024-01-01");
    let versions: BTreeSet<String> = [&world, &nothing]
        .into_iter()
        .map(|world| Listing::Drugs.version(world, newest))
        .inspect(|version| assert!(version.len() <= 20, "{version}"))
        .collect();
    assert_eq!(versions.len(), 2);
    assert!(versions.iter().all(|version| version.starts_with("F001_20240101_")));
    for listing in Listing::ALL {
        assert_eq!(rows(listing, &nothing).len(), 0);
        assert!(listing.version(&nothing, self::newest(&nothing)).len() <= 20);
    }
}

#[test]
fn a_list_is_made_once_and_again_when_its_file_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = std::sync::Arc::new(Files::open(folder.path()).expect("opens"));
    let world = std::sync::Arc::new(world());
    let shelf = super::super::shelf::Shelf::new(world, std::sync::Arc::clone(&files));
    assert_eq!(shelf.find(Listing::Drugs, "v0000"), None);
    let made = shelf.find_or_make(Listing::Drugs, "v0000").expect("made");
    assert_eq!(shelf.find(Listing::Drugs, "v0000"), Some(made.clone()));
    assert_eq!(shelf.find(Listing::Drugs, "any other"), Some(made.clone()));
    let version = made.name.strip_prefix("1301_").and_then(|name| name.strip_suffix(".txt.zip"));
    let empty = shelf.find_or_make(Listing::Drugs, version.expect("in the name")).expect("made");
    assert_eq!((made.rows, empty.rows), (3, 0));
    assert_ne!(made.number, empty.number);
    let file = folder.path().join(crate::files::FOLDER).join(format!("of-{PUBLIC}"));
    std::fs::remove_file(file.join(&made.number)).expect("it was there");
    assert_eq!(shelf.find(Listing::Drugs, "v0000"), None);
    let again = shelf.find_or_make(Listing::Drugs, "v0000").expect("made");
    assert_eq!((&again.number, again.rows), (&made.number, 3));
    assert!(files.get("H1", &again.number).expect("read").is_some());
}
