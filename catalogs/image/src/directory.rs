//! Places the codes of a region: under a seed, into buckets, in the one order that look-ups rely on.

use crate::bucket::{self, BUCKET_BYTES, Key, ROOM, room_of};
use crate::code::CodeWords;

/// Room that codes take in a bucket on average, of [`ROOM`]: as much as leaves few seeds to try.
const ROOM_TAKEN: usize = 16;
/// Seeds tried for one number of buckets before there are half as many again.
const SEEDS: u64 = 4;
/// Times the number of buckets may grow: to some fifty times the first.
const GROWTHS: u32 = 10;

/// One code with the stored first days of its periods, the earliest first.
pub(crate) struct Code {
    pub(crate) words: CodeWords,
    pub(crate) from: Vec<u16>,
}

const _: () = assert!(ROOM_TAKEN * 2 < ROOM);

/// A finished table.
pub(crate) struct Placed {
    pub(crate) seed: u64,
    pub(crate) buckets: Vec<[u8; BUCKET_BYTES]>,
    /// The codes, by number, in the order of their entries.
    pub(crate) order: Vec<u32>,
}

/// Places all codes; `None` when no seed and no number of buckets that is tried holds them.
/// Deterministic: the seeds are 0, 1, 2, ….
pub(crate) fn place(codes: &[Code]) -> Option<Placed> {
    let room: usize = codes.iter().map(|code| room_of(code.from.len())).sum();
    let mut buckets = room.div_ceil(ROOM_TAKEN).max(1);
    for growth in 0..=u64::from(GROWTHS) {
        for seed in growth * SEEDS..(growth + 1) * SEEDS {
            if let Some(placed) = place_with(codes, seed, buckets) {
                return Some(placed);
            }
        }
        buckets += buckets.div_ceil(2);
    }
    None
}

fn place_with(codes: &[Code], seed: u64, buckets: usize) -> Option<Placed> {
    let hashes: Vec<u64> = codes.iter().map(|code| code.words.hash(seed)).collect();
    let mut order: Vec<u32> = (0..u32::try_from(codes.len()).ok()?).collect();
    order.sort_by_key(|code| (bucket::bucket_of(hashes[*code as usize], buckets), *code));

    let mut lines = Vec::with_capacity(buckets);
    let mut rest = order.as_slice();
    let mut base = 0_u32;
    for number in 0..buckets {
        let inside = |code: &u32| bucket::bucket_of(hashes[*code as usize], buckets) == number;
        let (here, later) = rest.split_at(rest.partition_point(inside));
        rest = later;
        let keys: Vec<Key<'_>> = here
            .iter()
            .map(|code| Key { hash: hashes[*code as usize], from: &codes[*code as usize].from })
            .collect();
        lines.push(bucket::encode(base, &keys)?);
        let entries: usize = keys.iter().map(|key| key.from.len()).sum();
        base = base.checked_add(u32::try_from(entries).ok()?)?;
    }
    Some(Placed { seed, buckets: lines, order })
}
