//! What a record says, for a person. The journal knows only bytes, and so far nobody here knows more: they are shown as hexadecimal
//! digits. Whoever can decode records does it in [`write_record`].

use std::io::{self, Write};

/// Bytes on a line.
const LINE: usize = 32;

/// Writes what a record says, each line set in by two blanks.
pub(super) fn write_record(record: &[u8], out: &mut impl Write) -> io::Result<()> {
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

    #[test]
    fn bytes_are_shown_by_lines() {
        let mut out = Vec::new();
        let record: Vec<u8> = (0..35).collect();
        write_record(&record, &mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("digits");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  000000  0001 0203") && lines[0].ends_with("1e1f"));
        assert_eq!(lines[1], "  000020  2021 22");
    }
}
