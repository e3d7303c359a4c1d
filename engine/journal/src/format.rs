//! Version 1 of the journal's files, as `FORMAT.md` draws it: the header of a segment, the header of a batch, and the
//! records in it. Encoding and decoding stand side by side; nothing here reads or writes a file.

/// What is written whole or not at all: writes never touch a sector that holds something durable.
pub const SECTOR: usize = 512;
/// Bytes of a page of the system's memory, and of a block of most file systems: writes go on to its end with the noughts that stand there.
pub const PAGE: u64 = 4_096;
/// Bytes of a segment's header: one sector.
pub const SEGMENT_HEADER: usize = SECTOR;
/// Bytes of a batch's header.
pub const BATCH_HEADER: usize = 128;
/// Bytes before each record: its length.
pub const RECORD_HEADER: usize = 4;
/// The version written.
pub const VERSION: u32 = 1;
/// Payload of a batch at most: what one write and one sync carry.
pub const PAYLOAD_MAX: usize = 8 << 20;
/// Bytes of a segment at most. A record takes four bytes at least, so its place among those of its segment fits 32 bits.
pub const SEGMENT_BYTES_MAX: u64 = 16 << 30;

const SEGMENT_MAGIC: [u8; 8] = *b"YIDANJNL";
const BATCH_MAGIC: [u8; 4] = *b"BTCH";

const SEGMENT_CRC_AT: usize = 104;
const BATCH_HASHED: usize = 80;
const MASK_AT: usize = 112;
const BATCH_CRC_AT: usize = 124;

const _: () = assert!(BATCH_HEADER < SECTOR && BATCH_CRC_AT + 4 == BATCH_HEADER);
const _: () = assert!(SEGMENT_CRC_AT + 4 <= SEGMENT_HEADER);
const _: () = assert!(SEGMENT_BYTES_MAX / RECORD_HEADER as u64 <= 1 << 32);

/// A BLAKE3 hash.
pub type Hash = [u8; 32];

/// The head of a segment.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SegmentHeader {
    /// The journal it belongs to.
    pub journal: [u8; 16],
    /// Its number, from 1.
    pub number: u64,
    /// Its length, header and all, as preallocated.
    pub bytes: u64,
    /// The number of its first batch.
    pub first_batch: u64,
    /// The number of its first record.
    pub first_record: u64,
    /// The hash of the batch before; noughts before the first.
    pub before: Hash,
    /// When it was begun, milliseconds since 1970.
    pub time_ms: u64,
}

/// What a batch is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Kind {
    /// Records.
    Records,
    /// A clean stop: nothing was in flight.
    Seal,
    /// An operator went on after a loss; its one record says of what.
    LossAccepted,
}

/// The head of a batch.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct BatchHeader {
    /// What it is.
    pub kind: Kind,
    /// Its number, from 1.
    pub number: u64,
    /// When it was begun, milliseconds since 1970.
    pub time_ms: u64,
    /// The last batch that was known durable when this one was begun.
    pub durable: u64,
    /// The number of its first record, from 1; of the next one when it has none.
    pub first_record: u64,
    /// How many records it has.
    pub records: u32,
    /// Bytes of its payload.
    pub payload: u32,
    /// The hash of the batch before.
    pub before: Hash,
    /// The hash of this one: of its header up to here and of its payload as stored.
    pub hash: Hash,
    /// What the bytes of the payload are combined with in turn (exclusive or), so that no sector of it is nought as
    /// preallocated.
    pub mask: [u8; 2],
}

/// Why bytes are not a header.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum HeaderFault {
    /// All nought, as preallocated.
    Nought,
    /// Not what a header begins with, or its checksum fails.
    Damaged,
    /// A version this program does not know.
    Version(u32),
}

impl SegmentHeader {
    /// As written.
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        let mut put = Put { bytes: &mut bytes, at: 0 };
        put.slice(&SEGMENT_MAGIC);
        put.slice(&VERSION.to_le_bytes());
        put.slice(&(SEGMENT_HEADER as u32).to_le_bytes());
        put.slice(&self.journal);
        for number in [self.number, self.bytes, self.first_batch, self.first_record] {
            put.slice(&number.to_le_bytes());
        }
        put.slice(&self.before);
        put.slice(&self.time_ms.to_le_bytes());
        assert_eq!(put.at, SEGMENT_CRC_AT, "the fields end where the checksum stands");
        let crc = crc32fast::hash(&bytes[..SEGMENT_CRC_AT]);
        bytes[SEGMENT_CRC_AT..SEGMENT_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// From what was read.
    pub fn decode(bytes: &[u8; SEGMENT_HEADER]) -> Result<SegmentHeader, HeaderFault> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Nought);
        }
        let mut get = Get { bytes, at: 0 };
        let magic: [u8; 8] = get.array();
        let version = u32::from_le_bytes(get.array());
        let crc = crc32fast::hash(&bytes[..SEGMENT_CRC_AT]).to_le_bytes();
        if magic != SEGMENT_MAGIC || bytes[SEGMENT_CRC_AT..SEGMENT_CRC_AT + 4] != crc {
            return Err(HeaderFault::Damaged);
        }
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let rest = &bytes[SEGMENT_CRC_AT + 4..];
        let _header_bytes: [u8; 4] = get.array();
        let header = SegmentHeader {
            journal: get.array(),
            number: get.number(),
            bytes: get.number(),
            first_batch: get.number(),
            first_record: get.number(),
            before: get.array(),
            time_ms: get.number(),
        };
        // The rest of the sector is written as noughts; a bit set there is damage like any other.
        if rest.iter().all(|byte| *byte == 0) { Ok(header) } else { Err(HeaderFault::Damaged) }
    }
}

impl BatchHeader {
    /// The sectors that header and payload fill, in bytes.
    pub fn extent(&self) -> u64 {
        extent(self.payload as usize) as u64
    }

    /// From the first bytes of a sector.
    pub fn decode(bytes: &[u8; BATCH_HEADER]) -> Result<BatchHeader, HeaderFault> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Nought);
        }
        let crc = crc32fast::hash(&bytes[..BATCH_CRC_AT]).to_le_bytes();
        if bytes[..4] != BATCH_MAGIC || bytes[BATCH_CRC_AT..] != crc {
            return Err(HeaderFault::Damaged);
        }
        let mut get = Get { bytes, at: 4 };
        let kind = match u16::from_le_bytes(get.array()) {
            1 => Kind::Records,
            2 => Kind::Seal,
            3 => Kind::LossAccepted,
            _ => return Err(HeaderFault::Damaged),
        };
        let _header_bytes: [u8; 2] = get.array();
        let header = BatchHeader {
            kind,
            number: get.number(),
            time_ms: get.number(),
            durable: get.number(),
            first_record: get.number(),
            records: u32::from_le_bytes(get.array()),
            payload: u32::from_le_bytes(get.array()),
            before: get.array(),
            hash: get.array(),
            mask: [bytes[MASK_AT], bytes[MASK_AT + 1]],
        };
        if header.payload as usize > PAYLOAD_MAX { Err(HeaderFault::Damaged) } else { Ok(header) }
    }

    /// The bytes that the hash covers, its payload besides.
    fn encode_hashed(&self) -> [u8; BATCH_HASHED] {
        let mut bytes = [0; BATCH_HASHED];
        let kind: u16 = match self.kind {
            Kind::Records => 1,
            Kind::Seal => 2,
            Kind::LossAccepted => 3,
        };
        let mut put = Put { bytes: &mut bytes, at: 0 };
        put.slice(&BATCH_MAGIC);
        put.slice(&kind.to_le_bytes());
        put.slice(&(BATCH_HEADER as u16).to_le_bytes());
        for number in [self.number, self.time_ms, self.durable, self.first_record] {
            put.slice(&number.to_le_bytes());
        }
        put.slice(&self.records.to_le_bytes());
        put.slice(&self.payload.to_le_bytes());
        put.slice(&self.before);
        assert_eq!(put.at, BATCH_HASHED, "the fields end where the hash stands");
        bytes
    }

    /// The hash that header and stored payload have.
    pub fn hash_of(&self, payload: &[u8]) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.encode_hashed());
        hasher.update(&self.mask);
        hasher.update(payload);
        *hasher.finalize().as_bytes()
    }
}

/// The sectors of a batch with so much payload, in bytes.
pub fn extent(payload: usize) -> usize {
    (BATCH_HEADER + payload).next_multiple_of(SECTOR)
}

/// Finishes a batch in place: `buffer` holds room for the header and then the payload. It is padded to whole sectors,
/// masked where a sector would be nought, hashed, and given its header.
pub fn seal_batch(buffer: &mut Vec<u8>, header: BatchHeader) -> BatchHeader {
    let payload = buffer.len() - BATCH_HEADER;
    assert!(payload <= PAYLOAD_MAX, "a batch is bounded by its writer");
    let mut header = BatchHeader { payload: u32::try_from(payload).unwrap_or(u32::MAX), ..header };
    header.mask = mask_for(&buffer[..]);
    apply_mask(&mut buffer[BATCH_HEADER..], header.mask);
    header.hash = header.hash_of(&buffer[BATCH_HEADER..]);
    buffer[..BATCH_HASHED].copy_from_slice(&header.encode_hashed());
    buffer[BATCH_HASHED..MASK_AT].copy_from_slice(&header.hash);
    buffer[MASK_AT..MASK_AT + 2].copy_from_slice(&header.mask);
    buffer[MASK_AT + 2..BATCH_CRC_AT].fill(0);
    let crc = crc32fast::hash(&buffer[..BATCH_CRC_AT]);
    buffer[BATCH_CRC_AT..BATCH_HEADER].copy_from_slice(&crc.to_le_bytes());
    buffer.resize(extent(payload), 0);
    header
}

/// Puts a mask on a payload, or takes it off again.
pub fn apply_mask(payload: &mut [u8], [even, odd]: [u8; 2]) {
    if even == 0 && odd == 0 {
        return;
    }
    for pair in payload.chunks_mut(2) {
        pair.iter_mut().zip([even, odd]).for_each(|(byte, mask)| *byte ^= mask);
    }
}

// A sector is nought under one mask only, and there are fewer sectors than masks: one is always left.
const _: () = assert!(PAYLOAD_MAX / SECTOR + 1 < 1 << 16);
// Payload begins at an even place of every sector, so a sector's first byte is combined with the first of the mask.
const _: () = assert!(BATCH_HEADER.is_multiple_of(2) && SECTOR.is_multiple_of(2));

/// The least mask under which no sector that holds payload is nought. The sector of the header never is.
fn mask_for(buffer: &[u8]) -> [u8; 2] {
    let nought_under = |mask: [u8; 2]| {
        let is_mask = |pair: &[u8]| pair.iter().zip(mask).all(|(byte, mask)| *byte == mask);
        buffer.chunks(SECTOR).skip(1).any(|sector| sector.chunks(2).all(is_mask))
    };
    let free = (0..=u16::MAX).map(u16::to_le_bytes).find(|mask| !nought_under(*mask));
    free.expect("there are more masks than sectors")
}

/// Appends a record to a buffer that is to become a batch.
pub fn push_record(buffer: &mut Vec<u8>, record: &[u8]) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(record);
}

/// Takes the next record off a payload (without its mask); `None` at its end or where it does not hold one.
pub fn next_record<'b>(payload: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = payload.split_first_chunk::<RECORD_HEADER>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (record, rest) = rest.split_at_checked(length)?;
    *payload = rest;
    Some(record)
}

/// Fields being laid into a head of fixed length.
pub(crate) struct Put<'b> {
    pub(crate) bytes: &'b mut [u8],
    pub(crate) at: usize,
}

impl Put<'_> {
    pub(crate) fn slice(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

/// Fields being taken from one.
pub(crate) struct Get<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) at: usize,
}

impl Get<'_> {
    /// The next so many bytes; every caller asks within a header of fixed length.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        field
    }

    pub(crate) fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(payload: &[u8]) -> (Vec<u8>, BatchHeader) {
        let mut buffer = vec![0; BATCH_HEADER];
        buffer.extend_from_slice(payload);
        let header = BatchHeader {
            kind: Kind::Records,
            number: 7,
            time_ms: 8,
            durable: 6,
            first_record: 9,
            records: 1,
            payload: 0,
            before: [3; 32],
            hash: [0; 32],
            mask: [0; 2],
        };
        let header = seal_batch(&mut buffer, header);
        (buffer, header)
    }

    #[test]
    fn headers_come_back_and_every_flipped_bit_is_seen() {
        let header = SegmentHeader {
            journal: [7; 16],
            number: 3,
            bytes: 1 << 20,
            first_batch: 11,
            first_record: 12,
            before: [9; 32],
            time_ms: 13,
        };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&flipped).is_err(), "bit {bit}");
        }
        let (bytes, header) = batch(b"something");
        let head = bytes.first_chunk().expect("a header");
        assert_eq!(BatchHeader::decode(head), Ok(header));
        for bit in 0..BATCH_HEADER * 8 {
            let mut flipped = *head;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BatchHeader::decode(&flipped), Err(HeaderFault::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn no_sector_of_a_batch_is_nought() {
        for payload in [vec![0; 3 * SECTOR], vec![0; 1], vec![0; SECTOR - BATCH_HEADER], vec![]] {
            let (bytes, header) = batch(&payload);
            assert_eq!(bytes.len() as u64, header.extent());
            assert!(bytes.chunks(SECTOR).all(|sector| sector.iter().any(|byte| *byte != 0)));
            let stored = &bytes[BATCH_HEADER..BATCH_HEADER + payload.len()];
            assert_eq!(header.hash_of(stored), header.hash);
            let mut plain = stored.to_vec();
            apply_mask(&mut plain, header.mask);
            assert_eq!(plain, payload);
        }
    }

    #[test]
    fn records_come_back_and_a_length_too_long_is_no_record() {
        let mut buffer = Vec::new();
        push_record(&mut buffer, b"one");
        push_record(&mut buffer, b"");
        let mut payload = &buffer[..];
        assert_eq!(next_record(&mut payload), Some(&b"one"[..]));
        assert_eq!(next_record(&mut payload), Some(&b""[..]));
        assert_eq!(next_record(&mut payload), None);
        let mut cut = &buffer[..5];
        assert_eq!(next_record(&mut cut), None);
    }
}
