//! Packs checked, shown and compared.

use std::fs;
use std::path::PathBuf;

use crate::program::{Folder, run};

fn curated(pool: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources"));
    root.join(pool).join("policy.toml").to_string_lossy().into_owned()
}

#[test]
fn every_curated_pack_is_sound() {
    let pools = ["R1", "630100", "530100", "370800", "110000", "340300"].map(curated);
    let mut args = vec!["policy", "check"];
    args.extend(pools.iter().map(String::as_str));
    let ran = run(&args);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("630100 西宁市: sound"), "{}", ran.out);
}

#[test]
fn errors_are_told_with_line_and_column() {
    let folder = Folder::new();
    let text = fs::read_to_string(curated("630100")).expect("the pack is there");
    let broken = text.replacen("fund = \"390100\"", "fund = \"39010\"", 1);
    let row = broken.lines().position(|line| line.contains("\"39010\"")).expect("changed") + 1;
    let file = folder.write("policy.toml", broken);
    let ran = run(&["policy", "check", &file]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains(&format!("policy.toml:{row}:")), "{}", ran.out);
    let shown = run(&["policy", "show", &file]);
    assert_eq!((shown.code, shown.out.as_str()), (Some(2), ""));
    assert!(shown.err.contains(&format!("policy.toml:{row}:")), "{}", shown.err);
}

#[test]
fn a_pack_is_shown_as_tables() {
    let ran = run(&["policy", "show", &curated("370800")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("# ") && ran.out.contains("|---"), "{}", ran.out);
}

#[test]
fn a_change_is_shown_and_is_exit_code_1() {
    let folder = Folder::new();
    let text = fs::read_to_string(curated("R1")).expect("the pack is there");
    let changed = folder.write("new.toml", text.replacen("title = \"", "title = \"新", 1));
    let same = run(&["policy", "diff", &curated("R1"), &curated("R1")]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""));
    let differs = run(&["policy", "diff", &curated("R1"), &changed]);
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    assert!(differs.out.contains('新'), "{}", differs.out);
}
