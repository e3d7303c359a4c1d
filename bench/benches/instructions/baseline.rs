//! The baseline: instructions by path, and what they were taken with, in `bench/baseline.toml`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use yidan_settlement::date::Day;

/// What was counted once.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    /// `None` where nothing was.
    pub(crate) taken: Option<Taken>,
    /// For one of each path.
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// What it was counted with: other compilers make other instructions, and what reads the processor's abilities takes other ways.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    date: String,
    compiler: String,
    target: String,
    processor: String,
    valgrind: String,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Taken { date, compiler, target, processor, valgrind } = self;
        write!(f, "{date}, rustc {compiler}, {target}, {valgrind}, {processor}")
    }
}

impl Taken {
    /// Today, here.
    pub(crate) fn here(valgrind: String) -> Taken {
        let said = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
            .arg("-vV")
            .output()
            .map(|said| String::from_utf8_lossy(&said.stdout).into_owned())
            .unwrap_or_default();
        let compiler = field(&said, "release").unwrap_or("unknown").to_owned();
        let unless = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        let target = field(&said, "host").map_or(unless, str::to_owned);
        let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = field(&processors, "model name").unwrap_or("unknown").to_owned();
        let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() / 86_400);
        let date = Day::new(i32::try_from(since).unwrap_or(0)).to_string();
        Taken { date, compiler, target, processor, valgrind }
    }

    fn read(from: &toml::Table) -> Option<Taken> {
        let text = |name: &str| from.get(name)?.as_str().map(str::to_owned);
        Some(Taken {
            date: text("date")?,
            compiler: text("compiler")?,
            target: text("target")?,
            processor: text("processor")?,
            valgrind: text("valgrind")?,
        })
    }
}

/// What stands behind a name and a colon.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name))
        .map(|(_, value)| value.trim())
}

impl Baseline {
    /// The one that is stored; one without anything where none is.
    ///
    /// # Panics
    /// Where the file is not one that this program wrote.
    pub(crate) fn read() -> Baseline {
        let path = path();
        let Ok(text) = std::fs::read_to_string(&path) else { return Baseline::default() };
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let part = |name: &str| table.get(name).and_then(toml::Value::as_table);
        let taken = part("taken").and_then(Taken::read);
        let numbers = part("instructions").into_iter().flatten();
        let instructions = numbers.map(|(name, count)| {
            let count = count.as_integer().and_then(|count| u64::try_from(count).ok());
            (name.clone(), count.unwrap_or_else(|| panic!("{path:?}: {name} has no count")))
        });
        Baseline { taken, instructions: instructions.collect() }
    }

    /// Stores it; what of another one stands beside it where it is not whole. Gives where.
    ///
    /// # Panics
    /// Where the file cannot be written.
    pub(crate) fn save(&self, whole: bool) -> PathBuf {
        let mut all = if whole { BTreeMap::new() } else { Baseline::read().instructions };
        all.extend(self.instructions.clone());
        let Some(Taken { date, compiler, target, processor, valgrind }) = &self.taken else {
            panic!("what was counted now was counted with something")
        };
        let mut text = format!(
            "# Instructions for one of each path, as callgrind counts them.\n\
             # Taken anew by `cargo bench -p yidan-bench --bench instructions -- --save`.\n\n\
             [taken]\ndate = \"{date}\"\ncompiler = \"{compiler}\"\ntarget = \"{target}\"\n\
             processor = \"{processor}\"\nvalgrind = \"{valgrind}\"\n\n[instructions]\n"
        );
        for (name, count) in &all {
            writeln!(text, "\"{name}\" = {count}").expect("a text takes all");
        }
        let path = path();
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        path
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("baseline.toml")
}
