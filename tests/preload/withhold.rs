//! Builds the library that withholds unsynced writes, once a test program; the tests that kill take this file as a module.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where it was built.
pub(crate) fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/preload/Cargo.toml");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("preload");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--manifest-path", package, "--target-dir"]);
        assert!(cargo.arg(&target).status().expect("cargo starts").success());
        target.join("debug/libyidan_withhold.so")
    })
}
