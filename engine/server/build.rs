//! Lists the curated packs and catalogue sources, so that `yidan` carries them and works anywhere.
//! A new region is a new folder under `catalogs/sources`; nothing here names one.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // Asked for when it runs: a kept build of this script may have been made in another clone.
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    let root = here.join("../../catalogs/sources");
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut packs, mut catalogue) = (String::new(), String::new());
    for folder in entries_of(&root)? {
        if !folder.is_dir() {
            continue;
        }
        for file in entries_of(&folder)? {
            let inside = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().into_owned();
            let full = file.canonicalize()?;
            if file.file_name().is_some_and(|name| name == "policy.toml") {
                let _ = writeln!(packs, "    ({inside:?}, include_str!({full:?})),");
            } else if file.extension().is_some_and(|extension| extension == "csv") {
                let _ = writeln!(catalogue, "    ({inside:?}, include_bytes!({full:?})),");
            }
        }
    }
    let text = format!(
        "/// Path inside the folder of sources and text of every curated pack.\n\
         pub const PACKS: &[(&str, &str)] = &[\n{packs}];\n\n\
         /// Path inside the folder of sources and bytes of every curated catalogue source.\n\
         pub const CATALOGUE: &[(&str, &[u8])] = &[\n{catalogue}];\n"
    );
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    fs::write(out.join("curated.rs"), text)
}

fn entries_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
