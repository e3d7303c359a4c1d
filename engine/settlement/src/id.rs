//! One small type per kind of identity. Strings end where a case is bound to an image and a pack; from there on only these travel.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default)]
        pub struct $name($int);

        impl $name {
            /// The identity of this number.
            #[inline]
            pub const fn new(n: $int) -> $name {
                $name(n)
            }

            /// Its number.
            #[inline]
            pub const fn get(self) -> $int {
                self.0
            }

            /// Its number as an index.
            #[inline]
            #[expect(clippy::as_conversions, reason = "u8, u16 and u32 fit usize on every target we build for")]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A code and period of validity in one region of one catalogue image.
    EntryId(u32);
    /// A rule (restrictions and edits) of one catalogue image; nought is "none".
    RuleId(u32);
    /// A set of entries that edits speak of, in one catalogue image.
    GroupId(u16);
    /// A diagnosis of one catalogue image; ids follow the order of the codes, so a prefix is a range.
    DiagnosisId(u32);
    /// A set of diagnoses named by restrictions, in one catalogue image.
    DiagnosisSetId(u16);
    /// A line kind of a pack (ordinary, essential drug, dialysis …); nought is ordinary.
    LineKind(u8);
    /// The tag that a catalogue entry carries; a pack maps it to a line kind. Nought is "none".
    Tag(u8);
    /// A benefit kind of a pack (inpatient, general outpatient …).
    BenefitId(u8);
    /// A tier of a pack, in the order of settlement.
    TierId(u8);
    /// A slot (accumulator) of a pack.
    SlotId(u8);
    /// A cited document of a pack, by its place.
    SourceId(u16);
    /// A `feedetl_sn`, numbered within its claim: equal texts have equal numbers.
    LineSerial(u32);
    /// A stay or visit (`mdtrt_id`), numbered by whoever binds the case.
    VisitId(u64);
}

/// An administrative division (`admdvs`, GB/T 2260), six digits as a number.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Admdvs(u32);

impl Admdvs {
    /// Six decimal digits.
    pub fn parse(text: &str) -> Option<Admdvs> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok().map(Admdvs) } else { None }
    }

    /// The division of a number of six digits.
    pub fn new(digits: u32) -> Option<Admdvs> {
        (digits < 1_000_000).then_some(Admdvs(digits))
    }

    /// The six digits as a number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl core::fmt::Display for Admdvs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// A type of insurance (`insutype`), three digits: 310 employee, 390 resident, 320, 330 …
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Insutype(u16);

impl Insutype {
    /// Three decimal digits.
    pub fn parse(text: &str) -> Option<Insutype> {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok().map(Insutype) } else { None }
    }

    /// The type of insurance of a number of three digits.
    pub fn new(digits: u16) -> Option<Insutype> {
        (digits < 1_000).then_some(Insutype(digits))
    }

    /// The three digits as a number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl core::fmt::Display for Insutype {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:03}", self.0)
    }
}
