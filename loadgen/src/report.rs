//! Reports of a run: `result.json` for programs, `.hlog` files for HdrHistogram's tools, `report.html` and a closing table
//! for people, and the comparison of two runs. Nothing here measures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::result::{Outcome, Step};

mod chart;
pub mod compare;
mod findings;
mod histogram;
pub mod html;
mod log;
mod plots;
#[cfg(test)]
pub(crate) mod sample;
mod table;
pub mod text;
mod words;

pub use histogram::{Unreadable, histogram, latency};

/// The files of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// All that was measured.
    pub json: PathBuf,
    /// The page.
    pub html: PathBuf,
    /// The histograms, a file for each step, in their order.
    pub logs: Vec<PathBuf>,
}

/// Writes the report of a run into a folder, which is made where there is none. Files of these names are replaced.
///
/// # Errors
/// When the folder cannot be written, or a histogram of the outcome is not whole.
pub fn write(folder: &Path, outcome: &Outcome) -> io::Result<Written> {
    fs::create_dir_all(folder)?;
    let json = folder.join("result.json");
    fs::write(&json, serde_json::to_vec_pretty(outcome).map_err(io::Error::other)?)?;
    let mut logs = Vec::new();
    for (at, step) in outcome.steps.iter().enumerate() {
        let path = folder.join(file_name(at, step));
        fs::write(&path, log::log(&outcome.plan, step)?)?;
        logs.push(path);
    }
    let html = folder.join("report.html");
    fs::write(&html, html::page(outcome))?;
    Ok(Written { json, html, logs })
}

/// Reads the outcome that [`write()`] kept in a folder, or in a file of its own.
///
/// # Errors
/// When there is none, or it is not whole.
pub fn read(path: &Path) -> io::Result<Outcome> {
    let file = if path.is_dir() { path.join("result.json") } else { path.into() };
    serde_json::from_slice(&fs::read(file)?).map_err(io::Error::other)
}

/// The name of a step's log: its place and its name, in characters that any disk takes.
fn file_name(at: usize, step: &Step) -> String {
    let mut name = format!("{:02}", at + 1);
    let words = step.name.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        name.push('-');
        name.push_str(word);
    }
    name.truncate(60);
    name + ".hlog"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the sample's pages are kept to be looked at; else they go with the test.
    const KEPT: &str = "YIDAN_REPORT_SAMPLE";

    #[test]
    fn writes_a_folder_that_is_read_again() {
        let passing = tempfile::tempdir().expect("a temporary folder");
        let folder =
            std::env::var_os(KEPT).map_or_else(|| passing.path().join("made"), PathBuf::from);
        let outcome = sample::search();
        let written = write(&folder, &outcome).expect("the folder can be written");
        assert_eq!(written.logs.len(), outcome.steps.len());
        assert!(written.logs[1].ends_with("02-rate-400-s.hlog"));
        let read = read(&folder).expect("it was just written");
        assert_eq!(
            serde_json::to_string(&read).expect("outcomes are JSON"),
            serde_json::to_string(&outcome).expect("outcomes are JSON"),
        );
        assert!(fs::read_to_string(&written.html).expect("a page").starts_with("<!DOCTYPE html>"));
    }

    #[test]
    fn every_kind_of_run_has_a_whole_page() {
        let searched = sample::search();
        let mut other = searched.clone();
        other.wrong = sample::wrong();
        other.machine.cores = 4;
        if let Some(found) = &mut other.capacity {
            found.settlements_per_second = 1_812.0;
        }
        let mut plain = searched.clone();
        plain.capacity = None;
        plain.steps.truncate(2);
        let mut several = sample::several();
        several.steps.push(sample::ramp());
        let texts = [text::table(&searched), compare::compare(&searched, &other)].join("\n");
        let pages = [
            ("wrong.html", html::page(&other)),
            ("plain.html", html::page(&plain)),
            ("several.html", html::page(&several)),
            ("compare.html", compare::page(&searched, &other)),
        ];
        for (name, page) in &pages {
            html::tests::check_page(page);
            if let Some(folder) = std::env::var_os(KEPT).map(PathBuf::from) {
                fs::write(folder.join(name), page).expect("the folder is there");
                fs::write(folder.join("table.txt"), &texts).expect("the folder is there");
            }
        }
    }

    #[test]
    fn names_of_logs_are_safe() {
        let named = |name: &str| file_name(0, &Step { name: name.into(), ..Step::default() });
        assert_eq!(named("rate 1200/s"), "01-rate-1200-s.hlog");
        assert_eq!(named("../../预热"), "01.hlog");
        assert!(named(&"long ".repeat(99)).len() <= 65);
    }

    #[test]
    fn a_broken_result_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(read(folder.path()).is_err());
        fs::write(folder.path().join("result.json"), "{").expect("a file");
        assert!(read(folder.path()).is_err());
    }
}
