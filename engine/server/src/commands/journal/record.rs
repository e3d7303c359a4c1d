//! What a record says, for a person: its request and its event, or its bytes where they are no record that this program knows.

use std::io::{self, Write};

use yidan_settlement::event::{Event, PolicyNames, Record};
use yidan_settlement::stored;

use super::hex;

/// Bytes on a line.
const LINE: usize = 32;

/// Writes what a record says, each line set in by two blanks.
pub(super) fn write_record(record: &[u8], out: &mut impl Write) -> io::Result<()> {
    match stored::whole::<Record>(record) {
        Some(record) => write_fields(&record, out),
        None => write_bytes(record, out),
    }
}

fn write_fields(record: &Record, out: &mut impl Write) -> io::Result<()> {
    let request = &record.request;
    writeln!(
        out,
        "  command {} of {:?}, infno {:04}, msgid {:?}, psn_no {:?}",
        record.seq, request.asker, request.infno, request.msgid, request.psn_no
    )?;
    if let Event::PolicyLoaded(names) = &record.event {
        let PolicyNames { pool, digest, slots, diseases, groups } = names;
        writeln!(out, "  PolicyLoaded of pool {pool}, digest {}", hex(digest))?;
        writeln!(out, "    slots {slots:?}\n    diseases {diseases:?}\n    groups {groups:?}")?;
        return Ok(());
    }
    if let Event::CatalogueLoaded(digest) = &record.event {
        return writeln!(out, "  CatalogueLoaded, digest {}", hex(digest));
    }
    let event = format!("{:#?}", record.event);
    event.lines().try_for_each(|line| writeln!(out, "  {line}"))
}

fn write_bytes(record: &[u8], out: &mut impl Write) -> io::Result<()> {
    for (number, line) in record.chunks(LINE).enumerate() {
        write!(out, "  {:06x} ", number * LINE)?;
        for pair in line.chunks(2) {
            write!(out, " ")?;
            for byte in pair {
                write!(out, "{byte:02x}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use yidan_settlement::event::Request;
    use yidan_settlement::money::Fen;
    use yidan_settlement::stored::Stored;

    fn shown(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_record(bytes, &mut out).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn bytes_are_shown_by_lines() {
        let record: Vec<u8> = (0..35).collect();
        let text = shown(&record);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  000000  0001 0203") && lines[0].ends_with("1e1f"));
        assert_eq!(lines[1], "  000020  2021 22");
    }

    #[test]
    fn digests_are_shown_as_people_compare_them() {
        let mut bytes = Vec::new();
        let event = Event::CatalogueLoaded([0xAB; 32]);
        Record { seq: 7, time_ms: 1, request: Request::default(), event }.put(&mut bytes);
        let text = shown(&bytes);
        assert!(text.contains(&format!("CatalogueLoaded, digest {}\n", "ab".repeat(32))), "{text}");
    }

    #[test]
    fn a_record_is_shown_in_words() {
        let request = Request { psn_no: "P1".into(), ..Request::default() };
        let event = Event::Deposited(Fen::new(1_250));
        let mut bytes = Vec::new();
        Record { seq: 7, time_ms: 1, request, event }.put(&mut bytes);
        let text = shown(&bytes);
        assert!(text.starts_with("  command 7 of \"\", infno 0000"), "{text}");
        assert!(text.contains("Deposited(") && text.contains("12.50"), "{text}");
    }
}
