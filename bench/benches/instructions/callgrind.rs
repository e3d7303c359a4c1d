//! callgrind around this very program: one process for each path, so that no path changes the memory that another one finds.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::paths::Work;

/// Says to a process of this program that it is counted: the place of its path and the image follow.
pub(crate) const COUNTED: &str = "--counted";

/// Before what one count is of, on the standard output of the process that is counted.
const OF: &str = "counted over ";

/// What was counted in a process.
pub(crate) struct Counted {
    pub(crate) instructions: u64,
    /// For how many.
    pub(crate) of: u64,
}

/// What valgrind is installed, or why it cannot be used.
pub(crate) fn version() -> Result<String, String> {
    let installed = Command::new("valgrind").arg("--version").output();
    let installed = installed.map_err(|error| {
        format!("valgrind does not start ({error}); Debian's package is called valgrind")
    })?;
    // It may be there and not know this kernel or processor.
    let works = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match works {
        Ok(status) if status.success() => {
            Ok(String::from_utf8_lossy(&installed.stdout).trim().to_owned())
        }
        Ok(status) => Err(format!("callgrind does not run here: {status}")),
        Err(error) => Err(format!("callgrind does not run here: {error}")),
    }
}

/// Tells the process that counts what it counts.
pub(crate) fn tell(work: &Work) {
    println!("{OF}{}", work.times * work.of);
}

/// Counts the path at a place.
///
/// # Errors
/// What the process said that failed.
pub(crate) fn count(place: usize, image: &Path, folder: &Path) -> Result<Counted, String> {
    let file = folder.join(format!("callgrind.{place}"));
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let ran = Command::new("valgrind")
        // What stands in the environment moves the stack, and with it what is copied how.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        // The allocator gives memory back by the clock, unless told to keep it.
        .env("MIMALLOC_PURGE_DELAY", "-1")
        .arg("--tool=callgrind")
        .arg("--toggle-collect=*operations_that_are_counted*")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args([COUNTED, &place.to_string()])
        .arg(image)
        .output()
        .map_err(|error| error.to_string())?;
    if !ran.status.success() {
        return Err(format!("{}\n{}", ran.status, String::from_utf8_lossy(&ran.stderr)));
    }
    let said = String::from_utf8_lossy(&ran.stdout);
    let of = said.lines().find_map(|line| line.strip_prefix(OF)?.parse().ok());
    let profile = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let total = profile.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    match (total, of) {
        (Some(instructions), Some(of)) if instructions > 0 && of > 0 => {
            Ok(Counted { instructions, of })
        }
        _ => Err(format!("nothing was counted: {total:?} for {of:?}")),
    }
}
