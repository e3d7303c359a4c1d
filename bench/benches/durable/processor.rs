//! How long the machine leaves a thread standing that has all to itself: a virtual one is not always given its processors.

use std::time::{Duration, Instant};

/// What part of the time was lost in steps of over 100 µs of a clock that one thread looks at all the time, and the longest step. No
/// answer is quicker than that.
pub(crate) fn pauses(time: Duration) -> (f64, Duration) {
    let begun = Instant::now();
    let (mut last, mut lost, mut longest) = (begun, Duration::ZERO, Duration::ZERO);
    while last - begun < time {
        let now = Instant::now();
        let step = now - last;
        if step > Duration::from_micros(100) {
            lost += step;
        }
        (last, longest) = (now, longest.max(step));
    }
    (lost.as_secs_f64() / time.as_secs_f64(), longest)
}
