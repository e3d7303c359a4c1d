//! What the program carries with it: the curated packs and catalogue sources, embedded when it was built.

use yidan_build::{BuildError, Source, assemble};
use yidan_image::Image;

include!(concat!(env!("OUT_DIR"), "/curated.rs"));

/// The curated catalogue sources.
pub fn sources() -> Vec<Source> {
    let owned =
        |(path, bytes): &(&str, &[u8])| Source { path: (*path).to_owned(), bytes: bytes.to_vec() };
    CATALOGUE.iter().map(owned).collect()
}

/// The image of the curated sources, made in memory.
///
/// # Errors
/// The sources are wrong: a mistake of whoever built the program.
pub fn image() -> Result<Image, BuildError> {
    let contents = assemble(&sources()).map_err(BuildError::Sources)?;
    Ok(Image::from_bytes(&contents.encode()?)?)
}
