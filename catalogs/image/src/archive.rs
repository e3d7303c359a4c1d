//! The payload as rkyv lays it out: plain numbers, lines and one pool of texts. Version 1.
//!
//! Enumerations are stored as small numbers and texts as numbers into the pool, so that checking
//! the payload is mostly a walk over flat memory.

use rkyv::rancor::Fallible;
use rkyv::ser::{Allocator, Writer};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::with::{ArchiveWith, SerializeWith};
use rkyv::{Archive, Place, Serialize};

use crate::bucket::BUCKET_BYTES;
use crate::line::LINE_BYTES;

/// The root of the payload.
#[derive(Archive, Serialize)]
pub(crate) struct Payload {
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) texts: Texts,
    pub(crate) tags: Vec<u32>,
    pub(crate) groups: Vec<u32>,
    pub(crate) rules: Vec<RuleRow>,
    pub(crate) sets: Vec<Vec<[u32; 2]>>,
    pub(crate) diagnoses: Vec<DiagnosisRow>,
    pub(crate) facilities: Vec<FacilityRow>,
    pub(crate) agreements: Vec<AgreementRow>,
    pub(crate) regions: Vec<RegionRow>,
}

/// All texts, each once, in order; text `i` is `bytes[ends[i - 1] .. ends[i]]`.
#[derive(Archive, Serialize)]
pub(crate) struct Texts {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<u32>,
}

#[derive(Archive, Serialize)]
pub(crate) struct SourceRow {
    pub(crate) path: u32,
    pub(crate) rows: u32,
    pub(crate) digest: [u8; 32],
}

/// One region: its look-up table and, beside the entry lines, what no settlement reads.
#[derive(Archive, Serialize)]
pub(crate) struct RegionRow {
    pub(crate) admdvs: u32,
    pub(crate) seed: u64,
    #[rkyv(with = AtLine)]
    pub(crate) buckets: Vec<BucketLine>,
    #[rkyv(with = AtLine)]
    pub(crate) lines: Vec<EntryLine>,
    pub(crate) notes: Vec<NoteRow>,
}

/// See `bucket.rs`.
#[derive(Archive, Serialize)]
#[rkyv(attr(repr(align(64))))]
pub(crate) struct BucketLine {
    pub(crate) bytes: [u8; BUCKET_BYTES],
}

/// See `line.rs`.
#[derive(Archive, Serialize)]
#[rkyv(attr(repr(align(64))))]
pub(crate) struct EntryLine {
    pub(crate) bytes: [u8; LINE_BYTES],
}

const _: () =
    assert!(size_of::<ArchivedEntryLine>() == 64 && align_of::<ArchivedEntryLine>() == 64);
const _: () =
    assert!(size_of::<ArchivedBucketLine>() == 64 && align_of::<ArchivedBucketLine>() == 64);

#[derive(Archive, Serialize)]
pub(crate) struct NoteRow {
    pub(crate) name: u32,
    pub(crate) source: u32,
    pub(crate) charge_type: u8,
    pub(crate) status: u8,
    pub(crate) price_mark: u8,
}

#[derive(Archive, Serialize)]
pub(crate) struct RuleRow {
    pub(crate) conditions: Vec<ConditionRow>,
    pub(crate) edits: Vec<EditRow>,
    pub(crate) groups: Vec<u16>,
}

#[derive(Archive, Serialize)]
pub(crate) struct ConditionRow {
    pub(crate) argument: i64,
    pub(crate) test: u8,
    pub(crate) attested: u8,
}

#[derive(Archive, Serialize)]
pub(crate) struct EditRow {
    pub(crate) argument: i64,
    pub(crate) kind: u8,
    pub(crate) window: u8,
    pub(crate) outcome: u8,
}

#[derive(Archive, Serialize)]
pub(crate) struct DiagnosisRow {
    pub(crate) code: u32,
    pub(crate) name: u32,
    pub(crate) status: u8,
}

#[derive(Archive, Serialize)]
pub(crate) struct FacilityRow {
    pub(crate) code: u32,
    pub(crate) name: u32,
    pub(crate) admdvs: u32,
    pub(crate) hosp_lv: u8,
    pub(crate) deductible_level: u8,
    pub(crate) price_level: u8,
    pub(crate) kind: u8,
    pub(crate) agreements_end: u32,
}

#[derive(Archive, Serialize)]
pub(crate) struct AgreementRow {
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) purposes: u8,
}

/// Writes a vector from the next boundary of a cache line on: rkyv itself pads less than 32 bytes.
pub(crate) struct AtLine;

impl<T: Archive> ArchiveWith<Vec<T>> for AtLine {
    type Archived = ArchivedVec<T::Archived>;
    type Resolver = VecResolver;

    fn resolve_with(field: &Vec<T>, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_slice(field.as_slice(), resolver, out);
    }
}

impl<T, S> SerializeWith<Vec<T>, S> for AtLine
where
    T: Serialize<S>,
    S: Fallible + Allocator + Writer + ?Sized,
{
    fn serialize_with(field: &Vec<T>, serializer: &mut S) -> Result<VecResolver, S::Error> {
        while !serializer.pos().is_multiple_of(align_of::<ArchivedEntryLine>()) {
            serializer.write(&[0])?;
        }
        ArchivedVec::serialize_from_slice(field.as_slice(), serializer)
    }
}
