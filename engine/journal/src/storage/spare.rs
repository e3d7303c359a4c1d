//! A file made ahead of its need: at once, or by a thread of its own while others work.

use std::io;
use std::thread::{Builder, JoinHandle};

/// A file that is made, or being made. Dropped, it waits until nothing is written any more.
#[derive(Debug)]
pub struct Spare<F> {
    making: Option<Making<F>>,
}

#[derive(Debug)]
enum Making<F> {
    Done(io::Result<F>),
    Under(JoinHandle<io::Result<F>>),
}

impl<F> Spare<F> {
    /// One that is made already, or could not be.
    pub fn done(made: io::Result<F>) -> Spare<F> {
        Spare { making: Some(Making::Done(made)) }
    }

    /// One that a thread makes.
    pub fn under_way(make: impl FnOnce() -> io::Result<F> + Send + 'static) -> Spare<F>
    where
        F: Send + 'static,
    {
        let thread = Builder::new().name("journal-spare".to_owned()).spawn(make);
        Spare { making: Some(thread.map_or_else(|e| Making::Done(Err(e)), Making::Under)) }
    }

    /// The file, when it is made.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn take(mut self) -> io::Result<F> {
        self.wait().expect("a spare is waited for once")
    }

    fn wait(&mut self) -> Option<io::Result<F>> {
        Some(match self.making.take()? {
            Making::Done(made) => made,
            Making::Under(thread) => {
                let ended = thread.join();
                ended.unwrap_or_else(|_| Err(io::Error::other("the thread that made it panicked")))
            }
        })
    }
}

impl<F> Drop for Spare<F> {
    fn drop(&mut self) {
        // Whether it could be made matters to nobody any more.
        let _ = self.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_spare_dropped_waits_until_nothing_is_written_any_more() {
        let ended = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&ended);
        let spare = Spare::under_way(move || {
            std::thread::sleep(Duration::from_millis(50));
            tells.store(true, Ordering::SeqCst);
            Ok(())
        });
        drop(spare);
        assert!(ended.load(Ordering::SeqCst));
    }

    #[test]
    fn what_hindered_it_is_told_when_it_is_taken() {
        let full = || Err::<(), _>(io::ErrorKind::StorageFull.into());
        for spare in [Spare::done(full()), Spare::under_way(full)] {
            assert_eq!(spare.take().map_err(|e| e.kind()), Err(io::ErrorKind::StorageFull));
        }
        assert!(Spare::<()>::under_way(|| panic!("on purpose")).take().is_err());
    }
}
