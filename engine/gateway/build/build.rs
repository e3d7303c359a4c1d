//! Makes the wire structs of every transaction from the table of fields in `fields/`, so that a field is written down once:
//! its struct, its decoding, its messages and its line of `openapi.json` all come from its row. The columns of the catalogue files
//! are made the same way.

mod columns;
mod emit;
mod table;

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    // Asked for when it runs: a kept build of this script may have been made in another clone.
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or("no manifest")?;
    let folder = here.join("fields");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed={}", here.join("build").display());
    let table = table::Table::read(&folder)?;
    table.check()?;
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or("no folder for what is made")?;
    fs::write(out.join("wire.rs"), emit::wire(&table))?;
    fs::write(out.join("columns.rs"), columns::columns(&columns::read(&folder)?))?;
    Ok(())
}
