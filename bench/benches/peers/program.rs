//! A peer's program that runs beside us with its bills loaded, and does nothing until it is its turn. It tells how long its own
//! evaluation took: neither its start nor its reading and writing counts.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A running program; it ends when dropped.
pub(crate) struct Program {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    version: String,
}

/// Where `bench/peers/setup.sh` installs.
pub(crate) fn installed() -> PathBuf {
    let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    given("YIDAN_PEERS").unwrap_or_else(|| {
        let cache = given("XDG_CACHE_HOME");
        let cache = cache.or_else(|| given("HOME").map(|home| home.join(".cache")));
        cache.unwrap_or_else(env::temp_dir).join("yidan-peers")
    })
}

impl Program {
    /// Starts one in Python of `bench/peers`.
    pub(crate) fn python(script: &str, folder: &Path, threads: usize) -> Result<Program, String> {
        let python = installed().join("venv/bin/python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
        Program::start(Command::new(&python).arg("-B").arg(script), &python, folder, threads)
    }

    /// Starts one that was built.
    pub(crate) fn built(name: &str, folder: &Path) -> Result<Program, String> {
        let program = installed().join("bin").join(name);
        Program::start(&mut Command::new(&program), &program, folder, 1)
    }

    /// Starts it and waits until it has its bills; why not, in a line.
    fn start(
        command: &mut Command,
        program: &Path,
        folder: &Path,
        threads: usize,
    ) -> Result<Program, String> {
        if !program.exists() {
            return Err(format!("{} is not there", program.display()));
        }
        let command = command.arg(folder).arg(threads.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let to = child.stdin.take().expect("it was asked for");
        let mut errors = child.stderr.take().expect("it was asked for");
        let from = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut program = Program { child, to: Some(to), from, version: String::new() };
        match program.line().strip_prefix("ready ") {
            Some(version) => program.version = version.to_owned(),
            None => {
                program.to = None;
                let mut said = Vec::new();
                let _ = errors.read_to_end(&mut said);
                let said = String::from_utf8_lossy(&said);
                return Err(said.lines().last().unwrap_or("it ended without a word").to_owned());
            }
        }
        // What it says later is for whoever reads the run.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::stderr()));
        Ok(program)
    }

    /// The version that it says it is.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// One turn over all bills: how long it took.
    pub(crate) fn turn(&mut self) -> Duration {
        let answer = self.ask("turn");
        Duration::from_nanos(answer.parse().expect("nanoseconds"))
    }

    /// One turn that only sums: how long it took, and the three sums.
    pub(crate) fn sum(&mut self) -> (Duration, Vec<i64>) {
        let answer = self.ask("sum");
        let mut numbers = answer.split(' ');
        let took = numbers.next().and_then(|first| first.parse().ok()).expect("nanoseconds");
        let sums = numbers.map(|sum| sum.parse().expect("a sum in whole fen"));
        (Duration::from_nanos(took), sums.collect())
    }

    /// Has it write the answers of its last turn into the folder.
    pub(crate) fn write(&mut self) {
        assert_eq!(self.ask("write"), "written");
    }

    fn ask(&mut self, command: &str) -> String {
        let to = self.to.as_mut().expect("open until it is dropped");
        writeln!(to, "{command}").and_then(|()| to.flush()).expect("the peer's program runs");
        let answer = self.line();
        assert!(!answer.is_empty(), "the peer's program ended while it was asked to {command}");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the peer's program writes text");
        line.trim_end().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It ends with what it reads.
        self.to = None;
        let _ = self.child.wait();
    }
}
