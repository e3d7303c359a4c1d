//! The bytes of a record, for whoever wants these and not what they say.

use std::io::{self, Write};

/// Bytes on a line.
const LINE: usize = 32;

/// Writes bytes by lines, each set in by two blanks, with where it begins.
pub(super) fn write_bytes(record: &[u8], out: &mut impl Write) -> io::Result<()> {
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
        let record: Vec<u8> = (0..35).collect();
        let mut out = Vec::new();
        write_bytes(&record, &mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  000000  0001 0203") && lines[0].ends_with("1e1f"));
        assert_eq!(lines[1], "  000020  2021 22");
    }
}
