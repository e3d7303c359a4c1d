//! What the system says of this process and of the machine: processor time, memory. Read from `/proc`, so of Linux alone.

use std::time::Duration;

/// What this process took of all cores so far, to a hundredth of a second: what another process takes is not in it.
///
/// # Panics
/// Where the kernel does not tell.
pub fn cpu_time() -> Duration {
    cpu_time_in("/proc/self/stat")
}

/// What the thread that asks took, as [`cpu_time`].
///
/// # Panics
/// Where the kernel does not tell.
pub fn cpu_time_of_thread() -> Duration {
    cpu_time_in("/proc/thread-self/stat")
}

fn cpu_time_in(file: &str) -> Duration {
    let stat = std::fs::read_to_string(file).expect("the kernel tells");
    // The name may have blanks; it ends with the last bracket. User and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    let ticks = fields.split(' ').skip(11).take(2).map(|one| one.parse::<u64>().expect("ticks"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Bytes of memory that this process holds now.
///
/// # Panics
/// Where the kernel does not tell.
pub fn resident() -> u64 {
    kib("/proc/self/status", "VmRSS:") * 1_024
}

/// The most bytes of memory that this process held at once.
///
/// # Panics
/// Where the kernel does not tell.
pub fn resident_most() -> u64 {
    kib("/proc/self/status", "VmHWM:") * 1_024
}

/// Bytes of memory that a process may still take without anything being swapped.
///
/// # Panics
/// Where the kernel does not tell.
pub fn memory_available() -> u64 {
    kib("/proc/meminfo", "MemAvailable:") * 1_024
}

/// Whether a folder is in memory (tmpfs, ramfs), where a sync is nothing.
///
/// # Panics
/// For a folder that is not there.
pub fn in_memory(folder: &std::path::Path) -> bool {
    let kind = rustix::fs::statfs(folder).expect("a folder that is there").f_type;
    [0x0102_1994, 0x8584_58f6].contains(&kind)
}

fn kib(file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(file).expect("the kernel tells");
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_suffix(" kB"));
    value.and_then(|value| value.trim().parse().ok()).expect("a number of kB")
}
