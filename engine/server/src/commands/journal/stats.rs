//! `yidan journal stats`: how much a journal holds, and how it is spread.

use std::io::{self, Write};

use hdrhistogram::Histogram;
use yidan_journal::recovery::Row;

use super::reading::Read;
use super::{Reading, span, time};
use crate::commands::output::{Ended, Output, error, note};

pub(super) fn run(reading: &Reading) -> Ended {
    let read = reading.read()?;
    let Read { counts, tip, .. } = &read;
    let mut out = Output::open();
    let first = counts.first_segment.unwrap_or(tip.segment);
    writeln!(out, "segments          {}", tip.segment + 1 - first)?;
    writeln!(
        out,
        "batches           {}, of them {} seals, {} losses accepted",
        counts.batches, counts.seals, counts.losses
    )?;
    writeln!(out, "records           {}", counts.records)?;
    writeln!(
        out,
        "bytes             {} in batches, {} in records",
        counts.bytes, counts.record_bytes
    )?;
    if let Some((from, to)) = counts.times_ms {
        writeln!(out, "from              {}", time(from))?;
        // A clock may have been set back between them.
        let between = to.checked_sub(from).map_or("earlier".to_owned(), |ms| span(ms) + " later");
        writeln!(out, "to                {}, {between}", time(to))?;
    }
    spread(&mut out, "records a batch   ", &counts.records_a_batch)?;
    spread(&mut out, "bytes a record    ", &counts.bytes_a_record)?;
    out.flush()?;
    if read.row != Row::End && !read.moving {
        let told = format!("{}: {}", reading.folder.display(), read.row.tells());
        if read.row == Row::Torn { note(&told) } else { error(&told) }
    }
    Ok(read.exit())
}

/// What half of them do not exceed, and so on; nothing where there is none.
fn spread(out: &mut Output, what: &str, values: &Histogram<u64>) -> io::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let [least, most] = [values.min(), values.max()];
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|part| values.value_at_quantile(part));
    writeln!(out, "{what}least {least}  p50 {p50}  p90 {p90}  p99 {p99}  most {most}")
}
