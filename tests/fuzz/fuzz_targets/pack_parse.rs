//! Any text, compiled as a policy pack: errors or a pack, never a panic. Half the time a real pack with a piece replaced.
#![no_main]

use libfuzzer_sys::fuzz_target;

const R1: &str = include_str!("../../../catalogs/sources/R1/policy.toml");

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = yidan_build::policy::compile(text, "fuzz");
    let Some((place, piece)) = bytes.split_at_checked(4) else { return };
    let from = u16::from_le_bytes([place[0], place[1]]) as usize % R1.len();
    let to = (from + u16::from_le_bytes([place[2], place[3]]) as usize % 64).min(R1.len());
    let (Some(head), Some(tail), Ok(piece)) =
        (R1.get(..from), R1.get(to..), std::str::from_utf8(piece))
    else {
        return;
    };
    let _ = yidan_build::policy::compile(&format!("{head}{piece}{tail}"), "fuzz");
});
