//! A server of one's own: a town is written, imported and served from a folder, by the program `yidan` as anyone would start it.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::sign::{Family, MadeCredential, SignError, Signer, make};
use crate::town::Town;

/// A running server.
pub struct Host {
    program: PathBuf,
    folder: PathBuf,
    child: Child,
    /// Where hospitals call.
    pub calls: SocketAddr,
    /// Where operators look.
    pub operators: SocketAddr,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file or a process.
    #[error("{what}: {error}")]
    Io {
        /// What was done.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
    /// The program says so.
    #[error("`{program} {arguments}` ended with {status}: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it was asked.
        arguments: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// A folder that is another town's.
    #[error("{0} has a journal of another town; take an empty folder")]
    Taken(String),
    /// A town that cannot be.
    #[error("{0}")]
    Town(String),
    /// A credential that cannot be made.
    #[error(transparent)]
    Sign(#[from] SignError),
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> HostError {
    let what = what.into();
    move |error| HostError::Io { what, error }
}

/// Writes the tables, the configuration and the secrets of a town into a folder.
///
/// # Errors
/// The folder cannot be written.
pub fn write(town: &Town, family: Family, profile: &str, folder: &Path) -> Result<(), HostError> {
    let told = || io_error(folder.display().to_string());
    if folder.join("journal").exists() {
        return Err(HostError::Taken(folder.display().to_string()));
    }
    fs::create_dir_all(folder).map_err(told())?;
    let folder = fs::canonicalize(folder).map_err(told())?;
    town.write(&folder).map_err(told())?;
    let made = credential(town, family, profile, &folder)?;
    let section = made.as_ref().map_or_else(
        || format!("\n[unsigned]\nprofile = \"{profile}\"\n"),
        |made| format!("\n{}", made.config),
    );
    put(&folder.join("serve.toml"), &town.configuration(&section)).map_err(told())?;
    for (name, content) in made.iter().flat_map(|made| &made.files) {
        put(&folder.join(name), content).map_err(told())?;
    }
    let kept = Kept {
        signature: family.name().to_owned(),
        profile: profile.to_owned(),
        town: town.clone(),
    };
    let text = toml::to_string(&kept).expect("numbers and words are TOML");
    put(&folder.join("town.toml"), &text).map_err(told())
}

/// What a folder of a town keeps of it, in `town.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// How its institutions sign.
    pub signature: String,
    /// `lenient` or `strict`.
    pub profile: String,
    /// The town.
    pub town: Town,
}

impl Kept {
    /// From the folder of a town.
    ///
    /// # Errors
    /// There is none, or it is not of this program.
    pub fn read(folder: &Path) -> Result<Kept, HostError> {
        let path = folder.join("town.toml");
        let told = || format!("{} (make a town with `yidan-loadgen town`)", path.display());
        let text = fs::read_to_string(&path).map_err(io_error(told()))?;
        let kept: Kept = toml::from_str(&text)
            .map_err(|error| io_error(told())(io::Error::other(error.to_string())))?;
        match kept.town.wrong() {
            Some(what) => Err(HostError::Town(format!("{}: {what}", path.display()))),
            None => Ok(kept),
        }
    }

    /// What its hospitals sign with.
    ///
    /// # Errors
    /// It names a family that is none.
    pub fn signer(&self, folder: &Path) -> Result<Signer, HostError> {
        let family: Family = self.signature.parse()?;
        Ok(match credential(&self.town, family, &self.profile, folder)? {
            Some(made) => made.signer()?,
            None => Signer::none(),
        })
    }
}

/// The one credential of all institutions of a town.
fn credential(
    town: &Town,
    family: Family,
    profile: &str,
    folder: &Path,
) -> Result<Option<MadeCredential>, HostError> {
    let codes: Vec<String> =
        (0..town.facilities).map(|number| town.facility(number).code).collect();
    Ok(match family {
        Family::None => None,
        // A client of `sm` has a name of 16 bytes.
        Family::Api | Family::Tif | Family::Ca | Family::Sm | Family::Cainfo => {
            Some(make(family, "yidan-loadgen-01", &codes, folder, profile, town.seed)?)
        }
    })
}

/// A file for its owner alone.
fn put(path: &Path, content: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

impl Host {
    /// Imports the tables of a folder that [`write()`] made, and serves them from `journal/` inside of it.
    ///
    /// # Errors
    /// The program is not there, or does not take the tables.
    pub async fn start(program: &Path, folder: &Path) -> Result<Host, HostError> {
        let journal = folder.join("journal");
        for what in ["facilities", "members", "persons"] {
            let table = folder.join(format!("{what}.csv"));
            let arguments =
                ["import".as_ref(), what.as_ref(), journal.as_os_str(), table.as_os_str()];
            let ended = Command::new(program)
                .args(arguments)
                .output()
                .await
                .map_err(io_error(program.display().to_string()))?;
            if !ended.status.success() {
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                return Err(HostError::Failed {
                    program: program.display().to_string(),
                    arguments: format!("import {what}"),
                    status: ended.status.to_string(),
                    said: said.lines().rev().take(3).collect::<Vec<_>>().join(" "),
                });
            }
        }
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (child, calls, operators) = serve(program, folder, any, any).await?;
        let (program, folder) = (program.to_owned(), folder.to_owned());
        Ok(Host { program, folder, child, calls, operators })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Kills it with signal 9 and starts it again on the same ports.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn kill_and_start(&mut self) -> Result<(), HostError> {
        self.child.kill().await.map_err(io_error("killing the server"))?;
        let (child, _, _) = serve(&self.program, &self.folder, self.calls, self.operators).await?;
        self.child = child;
        Ok(())
    }

    /// Asks it to stop, and waits until its journal is sealed.
    ///
    /// # Errors
    /// It ends otherwise than well.
    pub async fn stop(mut self) -> Result<(), HostError> {
        let pid = self.pid().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await;
        let _ = asked.map_err(io_error("kill -TERM"))?;
        let status = match tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await {
            Ok(status) => status.map_err(io_error("waiting for the server"))?,
            Err(_) => return self.child.kill().await.map_err(io_error("killing the server")),
        };
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string(), "")) }
    }

    fn failed(&self, status: &str, said: &str) -> HostError {
        HostError::Failed {
            program: self.program.display().to_string(),
            arguments: "serve".to_owned(),
            status: status.to_owned(),
            said: said.to_owned(),
        }
    }
}

/// What a program says of its version.
pub async fn version(program: &Path) -> Option<String> {
    let told = Command::new(program).arg("--version").output().await.ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Starts `yidan serve` and waits until it says where it listens.
async fn serve(
    program: &Path,
    folder: &Path,
    calls: SocketAddr,
    operators: SocketAddr,
) -> Result<(Child, SocketAddr, SocketAddr), HostError> {
    let mut log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .map_err(io_error("server.log"))?;
    let mut child = Command::new(program)
        .arg("serve")
        .arg(folder.join("journal"))
        .arg("--config")
        .arg(folder.join("serve.toml"))
        .args(["--listen", &calls.to_string(), "--operators", &operators.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C is for the generator, which stops the server when its visits have ended.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(io_error(program.display().to_string()))?;
    let said = child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(said).lines();
    let mut places = [None, None];
    let mut last = String::new();
    while places.contains(&None) {
        let Some(line) = lines.next_line().await.map_err(io_error("what the server says"))? else {
            let status = child.wait().await.map_err(io_error("waiting for the server"))?;
            return Err(HostError::Failed {
                program: program.display().to_string(),
                arguments: "serve".to_owned(),
                status: status.to_string(),
                said: last,
            });
        };
        writeln!(log, "{line}").map_err(io_error("server.log"))?;
        let address = line.split_once("http://").and_then(|(_, rest)| {
            rest.split('/').next().and_then(|text| text.parse::<SocketAddr>().ok())
        });
        if line.starts_with("hospitals call") {
            places[0] = address;
        } else if line.starts_with("operators look") {
            places[1] = address;
        }
        last = line;
    }
    // What it says later is read on, so that it never waits for its reader.
    drop(tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            // A log that cannot be written stops no run.
            let _ = writeln!(log, "{line}");
        }
    }));
    let [calls, operators] = places.map(|place| place.expect("both were told"));
    Ok((child, calls, operators))
}
