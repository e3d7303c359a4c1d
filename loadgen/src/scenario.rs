//! Scenarios: a town, a mix, a shape of the day, what may go wrong. Those that ship stand in `scenarios/`, as anyone's may.

use serde::{Deserialize, Serialize};

use crate::arrivals::{Arrivals, Shape};
use crate::mix::Mix;
use crate::town::Town;

/// A scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence.
    pub about: String,
    /// Who lives there, where the command line does not say.
    pub members: u32,
    /// How many facilities.
    pub facilities: u32,
    /// Connections, each of one cashier at a window, where the command line does not say.
    #[serde(default = "windows")]
    pub connections: u32,
    /// How visits arrive.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// What comes to a member's visits.
    #[serde(default)]
    pub mix: Mix,
    /// How the rate goes.
    pub shape: Shape,
    /// Seconds after which the server is killed (signal 9) and started again, where it was started here.
    #[serde(default)]
    pub kill_at: Vec<f64>,
    /// Whether somebody else writes and syncs all the time on the disk of a server that was started here.
    #[serde(default)]
    pub busy_disk: bool,
}

fn windows() -> u32 {
    256
}

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is no TOML, or not of this kind.
    #[error("{name}: {error}")]
    Text {
        /// Which.
        name: String,
        /// Where and why.
        error: toml::de::Error,
    },
    /// It cannot be run.
    #[error("{name}: {what}")]
    Wrong {
        /// Which.
        name: String,
        /// What is to be changed.
        what: String,
    },
    /// Nothing ships under this name, and there is no such file.
    #[error("there is no scenario and no file `{name}`; these ship: {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// A file that cannot be read.
    #[error("{name}: {error}")]
    File {
        /// Which.
        name: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Those that ship, by name.
pub const SHIPPED: [(&str, &str); 15] = [
    ("capacity", include_str!("../scenarios/capacity.toml")),
    ("county", include_str!("../scenarios/county.toml")),
    ("xining", include_str!("../scenarios/xining.toml")),
    ("jining", include_str!("../scenarios/jining.toml")),
    ("qinghai", include_str!("../scenarios/qinghai.toml")),
    ("shandong", include_str!("../scenarios/shandong.toml")),
    ("nation-mean", include_str!("../scenarios/nation-mean.toml")),
    ("nation-peak", include_str!("../scenarios/nation-peak.toml")),
    ("morning-rush", include_str!("../scenarios/morning-rush.toml")),
    ("ramp", include_str!("../scenarios/ramp.toml")),
    ("steps", include_str!("../scenarios/steps.toml")),
    ("month-end", include_str!("../scenarios/month-end.toml")),
    ("mad-retries", include_str!("../scenarios/mad-retries.toml")),
    ("restart", include_str!("../scenarios/restart.toml")),
    ("slow-disk", include_str!("../scenarios/slow-disk.toml")),
];

fn names() -> String {
    let all: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    all.join(", ")
}

impl Scenario {
    /// By the name of one that ships, or of a file.
    ///
    /// # Errors
    /// There is none, or it cannot be run.
    pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
        let told = || name.to_owned();
        let shipped = SHIPPED.iter().find(|(one, _)| *one == name);
        let text = match shipped {
            Some((_, text)) => (*text).to_owned(),
            None if std::path::Path::new(name).exists() => std::fs::read_to_string(name)
                .map_err(|error| ScenarioError::File { name: told(), error })?,
            None => return Err(ScenarioError::Unknown { name: told() }),
        };
        Scenario::read(name, &text)
    }

    /// From its text.
    ///
    /// # Errors
    /// It cannot be run.
    pub fn read(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
        let told = || name.to_owned();
        let scenario: Scenario =
            toml::from_str(text).map_err(|error| ScenarioError::Text { name: told(), error })?;
        match scenario.wrong() {
            Some(what) => Err(ScenarioError::Wrong { name: told(), what }),
            None => Ok(scenario),
        }
    }

    /// What is wrong with it.
    pub fn wrong(&self) -> Option<String> {
        if let Some(what) = self.town(0).wrong() {
            return Some(what);
        }
        if !(1..=60_000).contains(&self.connections) {
            return Some("connections are from 1 to 60000".to_owned());
        }
        if let Some(what) = self.shape.wrong() {
            return Some(what.to_owned());
        }
        if self.shape.visits() < 1.0 {
            return Some("no visit arrives: its rate or its time is too small".to_owned());
        }
        let last = self.shape.seconds();
        if let Some(at) = self.kill_at.iter().find(|at| !(0.0..last).contains(*at)) {
            return Some(format!(
                "kill_at {at} does not lie within the {last} seconds of arrivals"
            ));
        }
        self.mix.wrong()
    }

    /// Its town.
    pub fn town(&self, seed: u64) -> Town {
        Town { members: self.members, facilities: self.facilities, seed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_can_be_run() {
        for (name, _) in SHIPPED {
            let scenario = Scenario::find(name).expect(name);
            assert!(scenario.shape.visits() > 0.0, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_told_with_its_place() {
        let told = |text: &str| Scenario::read("x", text).expect_err("wrong").to_string();
        assert!(told("about = 1").contains("line 1"), "{}", told("about = 1"));
        let (_, county) = SHIPPED[1];
        assert!(told(&county.replace("members = ", "members = 1 #")).contains("from 100"));
        assert!(told(&format!("{county}\nelse = 1")).contains("else"));
        assert!(Scenario::find("nowhere").expect_err("unknown").to_string().contains("county"));
    }
}
