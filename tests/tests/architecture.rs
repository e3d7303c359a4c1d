//! The architecture is a test: who imports whom, where unsafe stands, what every file begins with, and that the clauses
//! golden tables name are those of `tests/CLAUSES.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use yidan_tests::golden;

/// Files that may hold unsafe blocks: the image reader, the library that withholds writes from a journal under test, and the
/// allocator that counts for a test.
const UNSAFE: &[&str] = &[
    "catalogs/image/src/bucket.rs",
    "catalogs/image/src/image.rs",
    "catalogs/image/src/prefetch.rs",
    "catalogs/image/src/sealed.rs",
    "tests/preload/src/lib.rs",
    "tests/tests/allocation.rs",
];

const LINES_MAX: usize = 1_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file of the repository by its path, with its text.
fn files() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is readable").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.');
            if path.is_dir() && !hidden && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(root()).expect("inside the root");
                let text = fs::read_to_string(&path).expect("a source file is readable");
                found.insert(inside.display().to_string(), text);
            }
        }
    }
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

/// The text between two marks.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, after) = text.split_once(begin).unwrap_or_else(|| panic!("{begin} is not there"));
    after.split_once(end).unwrap_or_else(|| panic!("{end} is not there")).0
}

/// The names between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A manifest and which crates of ours its table of dependencies names.
fn ours(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let all = manifest.get(table).and_then(toml::Value::as_table);
    let names = all.into_iter().flatten().map(|(name, _)| name);
    names.filter(|name| name.starts_with("yidan")).cloned().collect()
}

#[test]
fn crates_import_what_the_architecture_says() {
    let page = read("engine/ARCHITECTURE.md");
    let list = between(&page, "```text imports\n", "```");
    let said: BTreeMap<String, BTreeSet<String>> = list
        .lines()
        .map(|line| {
            let (name, imports) = line.split_once(':').expect("a crate, a colon, what it imports");
            let imports = imports.split_whitespace().filter(|name| *name != "nothing");
            (name.trim().to_owned(), imports.map(str::to_owned).collect())
        })
        .collect();
    let workspace: toml::Table = read("Cargo.toml").parse().expect("a manifest");
    let members = workspace["workspace"]["members"].as_array().expect("members");
    let mut found = BTreeMap::new();
    for member in members.iter().filter_map(toml::Value::as_str) {
        let text = read(&format!("{member}/Cargo.toml"));
        let manifest: toml::Table = text.parse().expect("a manifest");
        assert!(manifest.contains_key("lints"), "{member} inherits the table of lints");
        assert!(
            ours(&manifest, "build-dependencies").is_empty(),
            "{member} builds with none of ours"
        );
        let mut imports = ours(&manifest, "dependencies");
        imports.extend(ours(&manifest, "dev-dependencies"));
        let name = manifest["package"]["name"].as_str().expect("a name").to_owned();
        found.insert(name, imports);
    }
    assert_eq!(found, said);
}

/// Which modules of the crate a text names; comments do not count.
fn modules_named(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = code.flat_map(|line| line.split("crate::").skip(1));
    after
        .map(|rest| {
            let name = rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next();
            let name = name.unwrap_or_default();
            assert!(!name.is_empty(), "one module an import: crate::{rest}");
            name
        })
        .collect()
}

#[test]
fn modules_of_the_core_import_only_earlier_ones() {
    let head = read("engine/settlement/src/lib.rs");
    let order: Vec<BTreeSet<&str>> = between(&head, "none imports a later one", "#![no_std]")
        .split('←')
        .map(|group| quoted(group).collect())
        .collect();
    let place = |module: &str| {
        let place = order.iter().position(|group| group.contains(module));
        place.unwrap_or_else(|| panic!("{module} stands nowhere in the order of lib.rs"))
    };
    let declared = head.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let declared: BTreeSet<&str> = declared.collect();
    assert_eq!(order.iter().flatten().copied().collect::<BTreeSet<&str>>(), declared);
    let mut imports = 0;
    for (path, text) in files() {
        let Some(inside) = path.strip_prefix("engine/settlement/src/") else { continue };
        let own = inside.split(['/', '.']).next().unwrap_or_default();
        for module in modules_named(&text).into_iter().filter(|module| *module != own) {
            assert_ne!(own, "lib", "the head of the crate imports nothing");
            assert!(place(module) < place(own), "{path} imports {module}, which comes no earlier");
            imports += 1;
        }
    }
    assert!(imports > 50, "only {imports} imports were looked at");
}

#[test]
fn of_the_gateway_only_http_knows_sockets_and_it_knows_no_wire() {
    const OF_SOCKETS: [&str; 6] = ["hyper", "tokio", "rustls", "std::net", "Instant", "SystemTime"];
    // What of the crate the sockets may name: themselves, and the bound of a body.
    let of_http = BTreeSet::from(["limits"]);
    let mut seen = 0;
    for (path, text) in files() {
        let Some(inside) = path.strip_prefix("engine/gateway/src/") else { continue };
        if inside.starts_with("http") {
            assert!(modules_named(&text).is_subset(&of_http), "{path} knows the wire");
            seen += 1;
            continue;
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = code.collect();
        // What asks the ledger, and what is kept beside it, waits and asks the clock, and knows sockets no more than the wire does.
        let asks = ["service", "front.rs", "form.rs", "files.rs", "bookkeeping.rs", "catalogue/"];
        let asks = asks.iter().any(|one| inside.starts_with(one));
        let words = if asks { &OF_SOCKETS[..1] } else { &OF_SOCKETS[..] };
        for word in words {
            assert!(code.iter().all(|line| !line.contains(word)), "{path} knows {word}");
        }
    }
    assert!(seen > 5, "only {seen} files of http were looked at");
}

#[test]
fn unsafe_stands_where_the_list_says_and_each_block_names_its_reason() {
    let mut found = Vec::new();
    // This file only speaks of it.
    for (path, text) in files().into_iter().filter(|(path, _)| !path.ends_with("/architecture.rs"))
    {
        let lines: Vec<&str> = text.lines().collect();
        let code = |line: &str| !line.trim_start().starts_with("//");
        let opens = |line: &str| {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            code(line)
                && !line.contains("reason =")
                && words.into_iter().any(|word| word == "unsafe")
        };
        let blocks: Vec<usize> = (0..lines.len()).filter(|at| opens(lines[*at])).collect();
        // A function that is unsafe to call states nothing; its body does.
        for at in blocks.iter().filter(|at| !lines[**at].contains("unsafe fn")) {
            let before = &lines[at.saturating_sub(6)..*at];
            assert!(
                before.iter().any(|line| line.trim_start().starts_with("// SAFETY:")),
                "{path}:{}: no SAFETY above it",
                at + 1
            );
        }
        if !blocks.is_empty() {
            found.push(path);
        }
    }
    assert_eq!(found, UNSAFE);
}

#[test]
fn every_file_says_first_what_it_is_for_and_is_not_too_long() {
    for (path, text) in files() {
        let sentence = text.lines().next().and_then(|line| line.strip_prefix("//! "));
        assert!(sentence.is_some_and(|words| words.len() > 20), "{path} begins with a sentence");
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{path} has {lines} lines: split it");
    }
}

#[test]
fn golden_tables_show_the_clauses_of_the_list_and_no_others() {
    let page = read("tests/CLAUSES.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let ids = rows.flat_map(|line| quoted(line.split('|').nth(1).unwrap_or_default()));
    let mut listed = BTreeSet::new();
    for id in ids {
        assert!(listed.insert(id.to_owned()), "{id} is listed twice");
    }
    let folder = root().join("tests/golden");
    let mut shown = BTreeSet::new();
    for path in golden::files(&folder) {
        let clauses = golden::clauses(&path);
        assert!(!clauses.is_empty(), "{}: a golden file names its clauses", path.display());
        shown.extend(clauses.into_iter().filter(|clause| !is_example(clause)));
    }
    let not_shown: Vec<&String> = listed.difference(&shown).collect();
    assert!(
        not_shown.is_empty(),
        "listed in CLAUSES.md, and shown by no golden table: {not_shown:?}"
    );
    let tiers = tiers_of_packs();
    let unknown: Vec<&String> =
        shown.difference(&listed).filter(|clause| !tiers.contains(*clause)).collect();
    assert!(
        unknown.is_empty(),
        "in no row of CLAUSES.md, and no tier of a curated pack: {unknown:?}"
    );
}

/// Worked examples are named by their own file: `W36`, `W22a`, `M1`, `R1`, or a city.
fn is_example(clause: &str) -> bool {
    let mut letters = clause.chars();
    let numbered = letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.next().is_some_and(|next| next.is_ascii_digit());
    numbered || matches!(clause, "Beijing" | "Jining" | "Ningbo")
}

/// The ids of the tiers of every pack among the sources.
fn tiers_of_packs() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for entry in fs::read_dir(root().join("catalogs/sources")).expect("the sources").flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("policy.toml")) else { continue };
        let pack: toml::Table = text.parse().expect("a pack is TOML");
        let tiers = pack["tier"].as_array().expect("a pack has tiers");
        ids.extend(tiers.iter().filter_map(|tier| tier["id"].as_str()).map(str::to_owned));
    }
    ids
}
