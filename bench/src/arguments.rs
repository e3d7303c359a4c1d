//! What a bench with a `main` of its own was asked for: `--name=value`, flags, and the parts that are to run. What it does not know
//! is told and nothing runs, so that a slip of the pen is not measured as something else.

use std::fmt;
use std::path::{Path, PathBuf};

/// The arguments of a bench, each known to it.
#[derive(Debug)]
pub struct Arguments {
    given: Vec<String>,
}

/// What a bench knows.
#[derive(Copy, Clone, Debug)]
pub struct Known<'k> {
    /// Names of whole numbers.
    pub numbers: &'k [&'k str],
    /// Names of folders that are there.
    pub folders: &'k [&'k str],
    /// Flags, besides `--test` and what cargo says.
    pub flags: &'k [&'k str],
    /// Parts that may run alone.
    pub parts: &'k [&'k str],
    /// Whether any other text is part of a name, of what is to run.
    pub names: bool,
}

/// An argument that a bench does not know, and what it knows.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct NotKnown {
    argument: String,
    known: String,
}

impl fmt::Display for NotKnown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not known here; what is: {}", self.argument, self.known)
    }
}

impl std::error::Error for NotKnown {}

impl Known<'_> {
    fn has(&self, argument: &str) -> bool {
        match argument.split_once('=') {
            Some((name, value)) if self.folders.contains(&name) => Path::new(value).is_dir(),
            Some((name, value)) => self.numbers.contains(&name) && value.parse::<usize>().is_ok(),
            // `cargo bench` says `--bench`.
            None => {
                ["--test", "--bench"].contains(&argument)
                    || self.flags.contains(&argument)
                    || self.parts.contains(&argument)
                    || (self.names && !argument.starts_with('-'))
            }
        }
    }

    fn told(&self) -> String {
        let parts = self.parts.iter().map(|part| format!("[{part}]"));
        let folders = self.folders.iter().map(|name| format!("[{name}=FOLDER]"));
        let numbers = self.numbers.iter().map(|name| format!("[{name}=N]"));
        let flags = self.flags.iter().chain(&["--test"]).map(|flag| format!("[{flag}]"));
        let names = self.names.then(|| "[part of a name]".to_owned());
        let all: Vec<String> =
            parts.chain(names).chain(folders).chain(numbers).chain(flags).collect();
        all.join(" ")
    }
}

impl Arguments {
    /// Those of this process.
    ///
    /// # Errors
    /// The first that is not known.
    pub fn of_process(known: Known<'_>) -> Result<Arguments, NotKnown> {
        Arguments::new(std::env::args().skip(1).collect(), known)
    }

    fn new(given: Vec<String>, known: Known<'_>) -> Result<Arguments, NotKnown> {
        match given.iter().find(|argument| !known.has(argument)) {
            Some(argument) => Err(NotKnown { argument: argument.clone(), known: known.told() }),
            None => Ok(Arguments { given }),
        }
    }

    /// Whether a flag is there.
    pub fn flag(&self, name: &str) -> bool {
        self.given.iter().any(|argument| argument == name)
    }

    /// Whether everything is to run small, once, to check results.
    pub fn once(&self) -> bool {
        self.flag("--test")
    }

    /// What stands there by itself: parts, and parts of names.
    fn alone(&self) -> impl Iterator<Item = &String> {
        self.given.iter().filter(|argument| !argument.starts_with('-'))
    }

    /// Whether all is to run, as nothing is named.
    pub fn all(&self) -> bool {
        self.alone().next().is_none()
    }

    /// Whether a part is to run: one that is named, or any where none is.
    pub fn wants(&self, part: &str) -> bool {
        self.all() || self.alone().any(|named| named == part)
    }

    /// Whether what has this name is to run: where part of it is named, or nothing is.
    pub fn chooses(&self, name: &str) -> bool {
        self.all() || self.alone().any(|part| name.contains(&**part))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
    }

    /// A number that was given.
    pub fn given(&self, name: &str) -> Option<usize> {
        self.value(name).and_then(|text| text.parse().ok())
    }

    /// A number: the one given, or else that of a full run or of a small one.
    pub fn number(&self, name: &str, full: usize, small: usize) -> usize {
        self.given(name).unwrap_or(if self.once() { small } else { full })
    }

    /// A folder: the one given, or else the system's for temporary files.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.value(name).map_or_else(std::env::temp_dir, PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known {
        numbers: &["--rounds", "--seconds"],
        folders: &["--folder"],
        flags: &["--save"],
        parts: &["waits", "memory"],
        names: false,
    };

    fn read(text: &str) -> Result<Arguments, NotKnown> {
        Arguments::new(text.split_whitespace().map(str::to_owned).collect(), KNOWN)
    }

    #[test]
    fn what_is_known_is_read() {
        let all = read("--bench --rounds=7 waits --save --folder=/").expect("known");
        assert_eq!((all.number("--rounds", 3, 1), all.number("--seconds", 3, 0)), (7, 3));
        assert_eq!(all.folder("--folder"), Path::new("/"));
        assert!(all.flag("--save") && !all.once());
        assert!(all.wants("waits") && !all.wants("memory"));
        let none = read("--test").expect("known");
        assert!(none.wants("waits") && none.wants("memory") && none.chooses("any"));
        assert_eq!((none.number("--rounds", 3, 1), none.given("--rounds")), (1, None));
    }

    #[test]
    fn part_of_a_name_chooses_it() {
        let names = Known { names: true, ..KNOWN };
        let given = ["--bench", "20 lines"].map(str::to_owned).to_vec();
        let all = Arguments::new(given, names).expect("known");
        assert!(all.chooses("record: 20 lines written") && !all.chooses("record: written"));
        assert!(!all.all());
    }

    #[test]
    fn what_is_not_known_is_told() {
        for wrong in ["--round=7", "--rounds=seven", "--rounds", "wait", "--folder=/no/such", "--x"]
        {
            let told = read(&format!("--bench {wrong} memory")).expect_err(wrong).to_string();
            assert!(told.starts_with(wrong) && told.contains("[--rounds=N]"), "{told}");
        }
    }
}
