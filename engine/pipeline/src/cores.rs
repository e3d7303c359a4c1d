//! Starts a thread, on a core of its own where one is named.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::sync::thread::{Builder, JoinHandle};

/// Starts a thread, bound to a core if one is given. The system binds a thread as the one that starts it is bound: so the
/// caller is bound for a moment, and an error is seen here and not in the new thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    core: Option<usize>,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let builder = Builder::new().name(name.to_owned());
    let Some(core) = core else {
        return builder.spawn(body);
    };
    if core >= CpuSet::MAX_CPU {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let before = sched_getaffinity(None)?;
    let mut alone = CpuSet::new();
    alone.set(core);
    sched_setaffinity(None, &alone)?;
    let spawned = builder.spawn(body);
    sched_setaffinity(None, &before)?;
    spawned
}
