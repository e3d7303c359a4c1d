//! SIGINT and SIGTERM for commands that write: the first asks to end as at the end of the input, the second ends the process at once.
//! Before they are watched, a signal ends the process as it does any; nothing was answered by then.

use std::thread;

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::output::{Exit, Failure, note, said};

/// A signal that asks to end.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(super) enum Signal {
    /// From the keyboard.
    Interrupt,
    /// From whoever runs the service.
    Terminate,
}

/// Signals are watched.
pub(super) struct Stop {
    came: Receiver<Signal>,
}

impl Signal {
    /// How a command ends that a signal has ended: as shells have it, 128 and its number.
    pub(super) fn exit(self) -> Exit {
        match self {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
        }
    }
}

impl Stop {
    /// Watches from here on.
    pub(super) fn watch() -> Result<Stop, Failure> {
        let cannot = |error| said(format!("signals cannot be watched: {error}"));
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(cannot)?;
        // Room for the one that is told: who does not look does not hold the second one up.
        let (to, came) = bounded(1);
        let watch = move || {
            let mut asked = false;
            for number in signals.forever() {
                if asked {
                    // It cannot fail: both have a default, which is to end.
                    let _ = emulate_default_handler(number);
                }
                asked = true;
                let signal = if number == SIGINT { Signal::Interrupt } else { Signal::Terminate };
                note(
                    "asked to stop: what is on its way is finished first; once more stops at once",
                );
                // Nobody looks any more: the command is at its end.
                let _ = to.send(signal);
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(cannot)?;
        Ok(Stop { came })
    }

    /// Where the first signal comes.
    pub(super) fn came(&self) -> &Receiver<Signal> {
        &self.came
    }

    /// Whether none has come.
    pub(super) fn go_on(&self) -> bool {
        self.came.is_empty()
    }

    /// The first signal, if it has come.
    pub(super) fn asked(&self) -> Option<Signal> {
        self.came.try_recv().ok()
    }
}
