//! What was asked for on the command line, and the days that have a name.

use std::path::PathBuf;

/// The day of a population: how many are insured, and how many settlements its day has.
struct Scenario {
    name: &'static str,
    members: usize,
    settlements: u64,
}

/// What a day is called whose numbers were given.
const OWN: &str = "as given";

const fn day(name: &'static str, members: usize, settlements: u64) -> Scenario {
    Scenario { name, members, settlements }
}

/// Settlements of places are insured × 5.6 / 365, those of the nation as published. Of the nation as many members take part as a machine of this size holds: its 1.33 billion
/// are spread over many engines.
const SCENARIOS: [Scenario; 7] = [
    day("county", 500_000, 7_700),
    day("xining", 2_470_000, 38_000),
    day("qinghai", 5_420_000, 83_000),
    day("jining", 7_000_000, 107_000),
    day("shandong", 94_400_000, 1_440_000),
    day("mean", 10_000_000, 28_000_000),
    day("peak", 10_000_000, 35_000_000),
];
/// A hundredth of the peak day.
const SMALL: Scenario = day("a hundredth of the peak day, of more members", 200_000, 350_000);
/// Everything once.
const ONCE: Scenario = day("once", 500, 2_000);

/// How it is called, where it is called otherwise.
const USAGE: &str = "cargo bench -p yidan-bench --bench day -- [--scenario=county|xining|qinghai|jining|shandong|mean|peak] \
     [--settlements=N] [--members=N] [--folder=PATH] [--shards=N] [--in-flight=N] [--seed=N] [--verify] [--test]";

/// What was asked for.
pub(crate) struct Asked {
    /// What the day is called.
    pub(crate) name: &'static str,
    /// A small image, and times that say nothing.
    pub(crate) once: bool,
    /// Bills to settle; what is cancelled of them is not taken off.
    pub(crate) settlements: u64,
    /// Members registered before.
    pub(crate) members: usize,
    /// Where a folder for the journal is made, and removed at the end.
    pub(crate) folder: PathBuf,
    /// Shards of the engine.
    pub(crate) shards: usize,
    /// Commands on their way at once.
    pub(crate) in_flight: usize,
    /// The seed of members and bills.
    pub(crate) seed: u64,
    /// Whether the folder is opened once more at the end.
    pub(crate) verify: bool,
}

impl Asked {
    /// Reads the command line.
    ///
    /// # Errors
    /// What is not understood, and how it is called.
    pub(crate) fn of(arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
        let arguments: Vec<String> = arguments.collect();
        let once = arguments.iter().any(|argument| argument == "--test");
        let mut asked = Asked {
            name: "",
            once,
            settlements: 0,
            members: 0,
            folder: std::env::temp_dir(),
            shards: if once { 2 } else { 1 },
            in_flight: 4_000,
            seed: 2_026,
            verify: once,
        };
        asked.takes(if once { &ONCE } else { &SMALL });
        // What is said of a number counts more than what a scenario says of it, wherever it stands.
        let (scenarios, others): (Vec<&String>, Vec<&String>) =
            arguments.iter().partition(|argument| argument.starts_with("--scenario="));
        for argument in scenarios.into_iter().chain(others) {
            asked.take(argument).ok_or(format!("{argument} is not understood: {USAGE}"))?;
        }
        if asked.settlements == 0 || asked.members < 100 || asked.shards == 0 {
            return Err(format!("at least one settlement, shard, and a hundred members: {USAGE}"));
        }
        // A queue holds 4,096; what is told to all comes between.
        asked.in_flight = asked.in_flight.clamp(1, 4_000);
        Ok(asked)
    }

    fn takes(&mut self, scenario: &Scenario) {
        let Scenario { name, members, settlements } = *scenario;
        (self.name, self.members, self.settlements) = (name, members, settlements);
    }

    fn take(&mut self, argument: &str) -> Option<()> {
        let Some((name, value)) = argument.split_once('=') else {
            self.verify |= argument == "--verify";
            // Cargo says the first of itself.
            return ["--bench", "--test", "--verify"].contains(&argument).then_some(());
        };
        match name {
            "--scenario" => {
                let known = SCENARIOS.iter().find(|scenario| scenario.name == value)?;
                self.takes(known);
            }
            "--settlements" => (self.settlements, self.name) = (value.parse().ok()?, OWN),
            "--members" => (self.members, self.name) = (value.parse().ok()?, OWN),
            "--folder" => self.folder = PathBuf::from(value),
            "--shards" => self.shards = value.parse().ok()?,
            "--in-flight" => self.in_flight = value.parse().ok()?,
            "--seed" => self.seed = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}
