//! What the documents show is what the program prints: the packs as tables, and the statements checked by hand.
//! `YIDAN_RECORD=1 cargo test` writes them anew, on purpose.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yidan::case::Case;
use yidan::clerk::{Clerk, Outcome};
use yidan::statement::Options;
use yidan::world::World;
use yidan_image::Image;

const PLACES: [&str; 3] = ["630100", "530100", "370800"];
/// The place of the bill by lines, and its case.
const BY_LINES: (&str, &str) = ("630100", "630100-lines");

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/sources")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a document with what it should be, or records it.
fn hold(path: &Path, expected: &str) {
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(path, expected).expect("a document can be recorded");
    }
    assert!(read(path) == expected, "{} is not what the program prints now", path.display());
}

#[test]
fn packs_are_printed_as_their_tables() {
    for pool in PLACES {
        let pack = sources().join(pool).join("policy.toml");
        let compiled = yidan_build::policy::check(&read(&pack), "policy.toml")
            .expect("a pack of a place compiles");
        hold(&sources().join(pool).join("policy.md"), &yidan_build::policy::show(&compiled));
    }
}

#[test]
fn statements_checked_by_hand_are_printed_as_they_stand() {
    let path = sources().join("CHECKED.md");
    let mut document = read(&path);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("curated.img");
    yidan_build::build(&sources(), &image).unwrap_or_else(|error| panic!("{error}"));
    let image = Arc::new(Image::open(&image).expect("a built image opens"));
    for (pool, name) in PLACES.map(|pool| (pool, pool)).into_iter().chain([BY_LINES]) {
        let mut world = World::new();
        world.set_image(Arc::clone(&image));
        let pack = sources().join(pool).join("policy.toml");
        world.add_pack(yidan_build::policy::compile(&read(&pack), pool).expect("compiles"), &pack);
        let case =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("checked").join(format!("{name}.json"));
        let case = Case::parse(&read(&case), 1).expect("a case");
        let printed = Clerk::new(&world, None, false)
            .settle(&case, |outcome| match outcome {
                Outcome::Settled(settled) => {
                    let view = settled.view(&case);
                    yidan::statement::statement(&settled, &case, view, Options::default())
                }
                Outcome::Refused(_, refusal) => panic!("refused: {refusal:?}"),
            })
            .expect("a case that binds");
        let head = format!("```text statement={name}\n");
        let from = document.find(&head).expect("the document shows the statement") + head.len();
        let to = from + document[from..].find("\n```").expect("the block ends");
        document.replace_range(from..to, printed.trim_matches('\n'));
    }
    hold(&path, &document);
}
