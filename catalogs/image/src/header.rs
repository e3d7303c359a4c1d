//! The head of the file, the same in every version: what it is, how long, and two checksums.

use crate::error::Fault;

/// The first eight bytes of every image.
pub const MAGIC: [u8; 8] = *b"YDIMAGE\n";
/// The version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes before the payload; a multiple of a cache line, so that lines of the payload are lines of
/// the file.
pub const HEADER_BYTES: usize = 64;

const VERSION_AT: usize = 8;
const HEADER_BYTES_AT: usize = 12;
const TOTAL_BYTES_AT: usize = 16;
const DIGEST_AT: usize = 24;
const CHECK_AT: usize = 56;

const _: () = assert!(MAGIC.len() == VERSION_AT);
const _: () = assert!(VERSION_AT + 4 == HEADER_BYTES_AT && HEADER_BYTES_AT + 4 == TOTAL_BYTES_AT);
const _: () = assert!(TOTAL_BYTES_AT + 8 == DIGEST_AT && DIGEST_AT + 32 == CHECK_AT);
const _: () = assert!(CHECK_AT + 8 == HEADER_BYTES);

/// The header that stands before a payload.
pub(crate) fn encode(payload: &[u8]) -> [u8; HEADER_BYTES] {
    let total = (HEADER_BYTES + payload.len()) as u64;
    let mut header = [0; HEADER_BYTES];
    header[..VERSION_AT].copy_from_slice(&MAGIC);
    header[VERSION_AT..HEADER_BYTES_AT].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    header[HEADER_BYTES_AT..TOTAL_BYTES_AT].copy_from_slice(&(HEADER_BYTES as u32).to_le_bytes());
    header[TOTAL_BYTES_AT..DIGEST_AT].copy_from_slice(&total.to_le_bytes());
    header[DIGEST_AT..CHECK_AT].copy_from_slice(blake3::hash(payload).as_bytes());
    let check = check_of(&header);
    header[CHECK_AT..].copy_from_slice(&check);
    header
}

/// Makes the header of a changed file true again. For fuzzers and tests that want to get past the digest, to what is
/// checked behind it.
pub fn seal_again(file: &mut [u8]) {
    if let Some((header, payload)) = file.split_first_chunk_mut::<HEADER_BYTES>() {
        *header = encode(payload);
    }
}

/// Checks the first bytes of a file of so many: whether it is an image of this version and length.
pub(crate) fn expect(head: &[u8], bytes: u64) -> Result<&[u8; HEADER_BYTES], Fault> {
    let magic = head.get(..VERSION_AT).unwrap_or(head);
    if !MAGIC.starts_with(magic) {
        return Err(Fault::Foreign { found: magic.to_vec() });
    }
    let Some(header) = head.first_chunk::<HEADER_BYTES>() else {
        return Err(Fault::Length { found: bytes, expected: HEADER_BYTES as u64 });
    };
    if header[CHECK_AT..] != check_of(header) {
        return Err(Fault::Header);
    }
    let version = u32_at(header, VERSION_AT);
    if version != FORMAT_VERSION || u32_at(header, HEADER_BYTES_AT) != HEADER_BYTES as u32 {
        return Err(Fault::Version { found: version });
    }
    let total = u64::from(u32_at(header, TOTAL_BYTES_AT))
        | u64::from(u32_at(header, TOTAL_BYTES_AT + 4)) << 32;
    if total == bytes { Ok(header) } else { Err(Fault::Length { found: bytes, expected: total }) }
}

/// Checks header and payload of a file; gives the payload's BLAKE3 and where the payload begins.
pub(crate) fn verify(file: &[u8]) -> Result<([u8; 32], &[u8]), Fault> {
    let header = expect(file, file.len() as u64)?;
    let payload = &file[HEADER_BYTES..];
    let found = *blake3::hash(payload).as_bytes();
    if found != header[DIGEST_AT..CHECK_AT] {
        return Err(Fault::Digest);
    }
    Ok((found, payload))
}

/// The first eight bytes of the BLAKE3 of what stands before the check.
fn check_of(header: &[u8; HEADER_BYTES]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(&header[..CHECK_AT]).as_bytes();
    [a, b, c, d, e, f, g, h]
}

fn u32_at(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a later version, as its own writer would sign it.
    #[test]
    fn a_newer_version_is_named_and_not_called_damage() {
        let mut file = encode(b"payload").to_vec();
        file[VERSION_AT] = 2;
        let header = *file.first_chunk().expect("a header");
        file[CHECK_AT..].copy_from_slice(&check_of(&header));
        file.extend_from_slice(b"payload");
        assert_eq!(verify(&file), Err(Fault::Version { found: 2 }));
    }
}
