//! The builder makes, of the sources of a shipped image, the very bytes that were shipped. `catalogs/image/tests/fixture.rs` opens them.

use std::fs;
use std::path::Path;

#[test]
fn the_same_sources_give_the_bytes_of_the_fixture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/image/tests/fixtures");
    let shipped = fs::read(folder.join("v1.image")).expect("the fixture is readable");
    for _ in 0..2 {
        let kept = tempfile::tempdir().expect("a temporary folder");
        let path = kept.path().join("v1.image");
        yidan_build::build(&folder.join("sources"), &path)
            .unwrap_or_else(|error| panic!("{error}"));
        let built = fs::read(&path).expect("the image is readable");
        let first = built.iter().zip(&shipped).position(|(one, other)| one != other);
        assert_eq!(first, None, "the first byte that differs");
        assert_eq!(built.len(), shipped.len());
    }
}
