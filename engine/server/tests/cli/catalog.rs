//! Images built, verified, looked into and compared, and sources made up.

use std::fs;

use crate::program::{Folder, catalogue, run, write_sources};

#[test]
fn an_image_is_built_verified_shown_and_the_same_every_time() {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let again = folder.path("again.img");
    let sources = folder.path("sources");
    assert_eq!(run(&["catalog", "build", &sources, "-o", &again]).code, Some(0));
    assert_eq!(fs::read(&image).expect("built"), fs::read(&again).expect("built"));
    let verified = run(&["catalog", "verify", &image]);
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(verified.out.contains("000000: 2 entries"), "{}", verified.out);
    let shown =
        run(&["catalog", "show", &image, "QD1", "--on", "2025-01-01", "--region", "630103"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert!(shown.out.contains("片剂"), "{}", shown.out);
    let early = run(&["catalog", "show", &image, "QD1", "--on", "2019-12-31"]);
    assert_eq!(early.code, Some(1), "{}", early.out);
    let unknown = run(&["catalog", "show", &image, "QD2", "--on", "2025-01-01"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.out);
}

#[test]
fn a_difference_is_shown_and_is_exit_code_1() {
    let folder = Folder::new();
    let old = catalogue(&folder);
    write_sources(&folder, "丙");
    let new = folder.path("new.img");
    assert_eq!(run(&["catalog", "build", &folder.path("sources"), "-o", &new]).code, Some(0));
    let same = run(&["catalog", "diff", &old, &old]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""));
    let differs = run(&["catalog", "diff", &old, &new]);
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    assert!(differs.out.contains("QD1") && differs.out.contains("class"), "{}", differs.out);
}

#[test]
fn bad_sources_are_all_told_and_nothing_is_written() {
    let folder = Folder::new();
    write_sources(&folder, "丁");
    folder.write("sources/national/extra.csv", "a,b\n");
    let image = folder.path("none.img");
    let ran = run(&["catalog", "build", &folder.path("sources"), "-o", &image]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("national/drugs.csv:2, column class"), "{}", ran.err);
    assert!(ran.err.contains("national/extra.csv"), "{}", ran.err);
    assert!(!fs::exists(&image).expect("can be asked"));
}

#[test]
fn a_folder_without_sources_leaves_the_image_that_is_there() {
    let folder = Folder::new();
    let image = folder.write("live.img", "of yesterday");
    folder.write("empty/drugs.csv", "a source that lies in no division");
    let ran = run(&["catalog", "build", &folder.path("empty"), "-o", &image]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("no source: expected"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&image).expect("it is there"), "of yesterday");
}

#[test]
fn made_up_sources_are_the_same_as_the_image_of_them() {
    let folder = Folder::new();
    let sizes = [
        "--drugs",
        "300",
        "--services",
        "60",
        "--consumables",
        "200",
        "--diagnoses",
        "50",
        "--facilities",
        "20",
        "--seed",
        "5",
    ];
    let (sources, image) = (folder.path("made"), folder.path("made.img"));
    let written = run(&[&["catalog", "generate", "-o", &sources], &sizes[..]].concat());
    assert_eq!(written.code, Some(0), "{}", written.err);
    let built = run(&[&["catalog", "generate", "-o", &image], &sizes[..]].concat());
    assert_eq!(built.code, Some(0), "{}", built.err);
    let other = folder.path("other.img");
    let from_files = run(&["catalog", "build", &sources, "-o", &other]);
    assert_eq!(from_files.code, Some(0), "{}", from_files.err);
    assert_eq!(fs::read(&image).expect("built"), fs::read(&other).expect("built"));
}
