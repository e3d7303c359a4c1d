//! Any bytes, opened as an image: refused or whole, never a panic. To get past the digest, the payload of a real image is
//! changed and its header sealed again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use yidan_image::Image;
use yidan_settlement::date::Day;

static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sizes = yidan_build::Sizes {
        drugs: 40,
        services: 10,
        consumables: 10,
        diagnoses: 20,
        facilities: 5,
    };
    let contents = yidan_build::assemble(&yidan_build::generate(1, sizes))
        .expect("generated sources are right");
    contents.encode().expect("and can be written")
});

fuzz_target!(|bytes: &[u8]| {
    let _ = Image::from_bytes(bytes);
    let mut changed = SMALL.clone();
    for edit in bytes.chunks_exact(5) {
        let place =
            u32::from_le_bytes([edit[0], edit[1], edit[2], edit[3]]) as usize % changed.len();
        changed[place] ^= edit[4];
    }
    yidan_image::seal_again(&mut changed);
    if let Ok(image) = Image::from_bytes(&changed) {
        let day = Day::from_civil(2026, 1, 1).expect("a day");
        for region in image.regions() {
            let Some(view) = image.region(*region) else { continue };
            for id in view.ids() {
                let Some(text) = view.entry_text(id) else { continue };
                let _ = view.look_up(text.code.as_bytes(), day);
                let _ = view.entry(id).map(|entry| image.rules().rule(entry.rule).is_some());
            }
        }
        let _ = image.facilities().count();
        let _ = image.diagnosis("I10");
    }
});
