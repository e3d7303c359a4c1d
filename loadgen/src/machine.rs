//! The machine under the load: what it is, and how quickly its disk syncs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::result::Machine;

/// What can be read of it; the disk is that of a folder.
pub fn look(folder: &Path) -> Machine {
    let (syncs_per_second, sync_ns) = syncs(folder, Duration::from_millis(700)).unwrap_or_default();
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = line("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok().map(|kib| kib * 1_024));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    Machine {
        processor: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_bytes: memory.unwrap_or(0),
        kernel: kernel.trim().to_owned(),
        commit: commit().unwrap_or_else(|| "unknown".to_owned()),
        server: "unknown".to_owned(),
        syncs_per_second,
        sync_ns,
        shares_cores: false,
    }
}

/// Synced writes of 4 KiB a second, and the p50 and p99 of one.
fn syncs(folder: &Path, time: Duration) -> io::Result<(u64, (u64, u64))> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    let rate = (times.len() as f64 / begun.elapsed().as_secs_f64()).round() as u64;
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(0);
    Ok((rate, (at(50), at(99))))
}

/// The commit of the work tree that it was started in.
fn commit() -> Option<String> {
    let told = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let told = told.ok().filter(|told| told.status.success())?;
    Some(String::from_utf8(told.stdout).ok()?.trim().to_owned())
}

/// Lets this process, and what it starts, open so many files: the soft limit is raised where it is lower.
///
/// # Errors
/// The hard limit is lower.
pub fn allow_files(needed: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(most) = limit.maximum.filter(|most| *most < needed) {
        return Err(format!(
            "each connection is an open file: {needed} are needed, and {most} are allowed (ulimit -Hn). Raise that, or give \
             fewer --connections"
        ));
    }
    let raised = Rlimit { current: Some(needed), ..limit };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| format!("the limit of open files cannot be raised to {needed}: {error}"))
}

/// Writes 8 MiB and syncs it, over and over, until told to stop.
///
/// # Errors
/// The folder cannot be written.
pub fn keep_busy(folder: &Path, stop: &AtomicBool) -> io::Result<()> {
    let path = folder.join("somebody-else.tmp");
    let mut file = File::create(&path)?;
    let block = vec![7; 8 << 20];
    while !stop.load(Ordering::Relaxed) {
        file.set_len(0)?;
        io::Seek::rewind(&mut file)?;
        file.write_all(&block)?;
        file.sync_data()?;
    }
    fs::remove_file(path)
}
