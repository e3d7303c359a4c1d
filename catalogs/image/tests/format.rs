//! The file: the same contents give the same bytes, and only those bytes open.

mod sample;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use yidan_image::{HEADER_BYTES, Image, OpenError};

#[test]
fn the_same_contents_give_the_same_bytes() {
    let first = sample::small().encode().expect("sound");
    let second = sample::small().encode().expect("sound");
    assert_eq!(first, second);
    let image = Image::from_bytes(&first).expect("opens");
    assert_eq!(image.digest(), *blake3::hash(&first[HEADER_BYTES..]).as_bytes());
}

#[test]
fn every_flipped_bit_of_a_small_image_is_refused() {
    let mut file = sample::small().encode().expect("sound");
    for at in 0..file.len() {
        for bit in [0, 3, 7] {
            file[at] ^= 1 << bit;
            let error = Image::from_bytes(&file).expect_err("a damaged file");
            match (at, error) {
                (0..8, OpenError::Foreign { .. })
                | (8..HEADER_BYTES, OpenError::Header { .. })
                | (HEADER_BYTES.., OpenError::Digest { .. }) => {}
                (_, other) => panic!("byte {at}, bit {bit}: {other}"),
            }
            file[at] ^= 1 << bit;
        }
    }
    assert!(Image::from_bytes(&file).is_ok());
}

#[test]
fn every_truncation_and_any_addition_is_refused() {
    let mut file = sample::small().encode().expect("sound");
    for length in 0..file.len() {
        let error = Image::from_bytes(&file[..length]).expect_err("a file cut off");
        assert!(matches!(error, OpenError::Length { .. }), "{length} bytes: {error}");
    }
    file.push(0);
    assert!(matches!(Image::from_bytes(&file), Err(OpenError::Length { .. })));
}

#[test]
fn samples_of_a_large_image_are_refused_alike() {
    let mut file = sample::large(20_000).encode().expect("sound");
    for sample in 0..40 {
        let at = sample * 104_729 % file.len();
        file[at] ^= 0x10;
        assert!(Image::from_bytes(&file).is_err(), "byte {at}");
        file[at] ^= 0x10;
        assert!(Image::from_bytes(&file[..at]).is_err(), "{at} bytes");
    }
    assert!(Image::from_bytes(&file).is_ok());
}

/// Bytes that pass both checksums and were not made by a sound writer: refused by what they say,
/// never a panic. Each payload byte is set in turn and the file signed again.
#[test]
fn a_signed_but_unsound_payload_never_panics() {
    let sound = sample::small().encode().expect("sound");
    let mut refused = 0;
    for at in HEADER_BYTES..sound.len() {
        for value in [0, 1, 0x7F, 0xFF] {
            let mut file = sound.clone();
            file[at] = value;
            sign(&mut file);
            match Image::from_bytes(&file) {
                Ok(image) => sample_everything(&image),
                Err(OpenError::Unsound { .. }) => refused += 1,
                Err(other) => panic!("byte {at} = {value}: {other}"),
            }
        }
    }
    assert!(refused > 1000, "only {refused} refused");
}

/// Reads through every accessor.
fn sample_everything(image: &Image) {
    for region in image.regions() {
        let view = image.region(*region).expect("its own view");
        for id in view.ids() {
            let text = view.entry_text(id).expect("every entry has texts");
            let entry = view.entry(id).expect("every id has an entry");
            let _ = view.look_up(text.code.as_bytes(), entry.valid.from);
            let _ = image.rules().rule(entry.rule);
            let _ = view.periods(text.code.as_bytes());
        }
    }
    let _ = (image.facilities().count(), image.window(), image.sources().count());
    let _ = (image.diagnosis("I10.x00x002"), image.facility("H63010000001"), image.tag("special"));
}

fn sign(file: &mut [u8]) {
    let digest = blake3::hash(&file[HEADER_BYTES..]);
    file[24..56].copy_from_slice(digest.as_bytes());
    let check = blake3::hash(&file[..56]);
    file[56..64].copy_from_slice(&check.as_bytes()[..8]);
}

#[test]
fn a_foreign_file_and_a_missing_one_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pdf");
    fs::write(&path, b"%PDF-1.7 and more than sixty-four bytes of what is no image at all ....")
        .expect("written");
    let error = Image::open(&path).expect_err("no image");
    assert!(matches!(error, OpenError::Foreign { .. }));
    assert!(error.to_string().contains("a.pdf: not a catalogue image"), "{error}");
    let missing = Image::open(folder.path().join("none.img"));
    assert!(matches!(missing, Err(OpenError::Read { .. })));
}

#[test]
fn a_file_is_replaced_whole_and_readers_keep_what_they_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalogue.img");
    sample::small().write(&path).expect("written");
    let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode & 0o133, 0, "{mode:o}: readable at most, writable by the owner alone");
    let before = Image::open(&path).expect("opens");
    let bytes = sample::large(100).write(&path).expect("written over");
    assert_eq!(fs::metadata(&path).expect("there").len(), bytes);
    fs::write(&path, b"").expect("cut to nothing");
    sample_everything(&before);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
    assert_eq!(left.len(), 1, "no temporary file stays behind");
}

#[test]
fn what_no_image_can_hold_is_refused_by_the_writer() {
    let mut twice = sample::small();
    twice.regions[0].entries[1].facts.valid.from = sample::day("2021-01-01");
    let mut unsorted = sample::small();
    unsorted.regions[0].entries.reverse();
    let mut long = sample::small();
    long.regions[0].entries[3].code = "X".repeat(41).into();
    let mut many = sample::small();
    let period = |n| sample::entry("A", &format!("{n}-01-01"), Some(&format!("{}-01-01", n + 1)));
    many.regions[0].entries = (2000..2009).map(period).collect();
    for (contents, expected) in [
        (twice, "region 000000, A: periods that overlap"),
        (unsorted, "out of order: sort entries"),
        (long, "expected 1 to 40 graphic ASCII characters"),
        (many, "more than 8 periods: drop the oldest"),
    ] {
        let error = contents.encode().expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
