//! What an image is made of, as plain values: the hand-over from whoever reads sources to the writer.

use std::sync::Arc;

use yidan_settlement::catalogue::{Entry, Level, Rule};
use yidan_settlement::date::Span;
use yidan_settlement::id::{Admdvs, DiagnosisId};

/// Everything one image holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The files it was built from, in the order in which they were read.
    pub sources: Vec<SourceFile>,
    /// The names of tags 1, 2, …; at most [`crate::TAGS_MAX`].
    pub tags: Vec<String>,
    /// Rules 1, 2, …; at most [`crate::RULES_MAX`].
    pub rules: Vec<Rule>,
    /// Diagnosis sets 0, 1, …: ranges with both ends inside.
    pub sets: Vec<Vec<(DiagnosisId, DiagnosisId)>>,
    /// The names of groups 0, 1, ….
    pub groups: Vec<String>,
    /// All diagnoses, by code; their place is their [`DiagnosisId`].
    pub diagnoses: Vec<DiagnosisContents>,
    /// All facilities, by code.
    pub facilities: Vec<FacilityContents>,
    /// The national base and every region laid over it, whole.
    pub regions: Vec<RegionContents>,
}

/// A file that went into an image.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SourceFile {
    /// Its path inside the folder of sources.
    pub path: String,
    /// The BLAKE3 of its bytes.
    pub digest: [u8; 32],
    /// Its rows, without the heading.
    pub rows: u32,
}

/// All entries of one region.
#[derive(Clone, Debug)]
pub struct RegionContents {
    /// Its division; [`crate::NATIONAL`] for the base.
    pub admdvs: Admdvs,
    /// Its entries, by code and then by period; periods of a code do not overlap.
    pub entries: Vec<EntryContents>,
}

/// One entry with its texts.
#[derive(Clone, PartialEq, Debug)]
pub struct EntryContents {
    /// Its code, graphic ASCII, at most 40 bytes.
    pub code: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Where its facts come from.
    pub source: Arc<str>,
    /// `med_chrgitm_type`, 1 ..= 14.
    pub charge_type: u8,
    /// Whether the code is a real one.
    pub status: CodeStatus,
    /// What its prices are worth.
    pub price_mark: PriceMark,
    /// What the settlement reads; its `id` is set by the writer.
    pub facts: Entry,
}

/// Whether a code is one of the national code set.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum CodeStatus {
    /// A code in use, with a public source.
    Real,
    /// A stand-in of a shape that no real code can have.
    Shape,
}

/// What the ceiling prices of an entry are worth.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum PriceMark {
    /// It has none.
    None,
    /// Published by an office.
    Published,
    /// Of a plausible size, and nobody's price.
    Plausible,
}

/// One diagnosis.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct DiagnosisContents {
    /// Its code, graphic ASCII.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether the code is a real one.
    pub status: CodeStatus,
}

/// One facility.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FacilityContents {
    /// `fixmedins_code`, graphic ASCII.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its division.
    pub admdvs: Admdvs,
    /// `hosp_lv`, 1 ..= 14.
    pub hosp_lv: u8,
    /// The level of its deductible, where it differs from what `hosp_lv` implies.
    pub deductible_level: Option<Level>,
    /// The level of its ceiling prices, where it differs from what `hosp_lv` implies.
    pub price_level: Option<Level>,
    /// Hospital or pharmacy.
    pub kind: FacilityKind,
    /// What it may be paid for, and when.
    pub agreements: Vec<AgreementContents>,
}

/// `fixmedins_type`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum FacilityKind {
    /// 定点医疗机构
    Hospital,
    /// 定点零售药店
    Pharmacy,
}

/// An agreement of a facility with the insurance.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct AgreementContents {
    /// When it holds.
    pub valid: Span,
    /// For what.
    pub purposes: Purposes,
}

/// The kinds of care an agreement covers.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Purposes {
    /// 住院
    pub inpatient: bool,
    /// 门诊
    pub outpatient: bool,
    /// 门诊慢特病
    pub chronic: bool,
    /// 药店
    pub pharmacy: bool,
}

// The small numbers under which these stand in a file.

impl CodeStatus {
    pub(crate) fn number(self) -> u8 {
        match self {
            CodeStatus::Real => 0,
            CodeStatus::Shape => 1,
        }
    }

    pub(crate) fn of_number(number: u8) -> CodeStatus {
        if number == 0 { CodeStatus::Real } else { CodeStatus::Shape }
    }
}

impl PriceMark {
    pub(crate) fn number(self) -> u8 {
        match self {
            PriceMark::None => 0,
            PriceMark::Published => 1,
            PriceMark::Plausible => 2,
        }
    }

    pub(crate) fn of_number(number: u8) -> PriceMark {
        match number {
            0 => PriceMark::None,
            1 => PriceMark::Published,
            _ => PriceMark::Plausible,
        }
    }
}

impl FacilityKind {
    pub(crate) fn number(self) -> u8 {
        match self {
            FacilityKind::Hospital => 0,
            FacilityKind::Pharmacy => 1,
        }
    }
}

impl Purposes {
    pub(crate) fn bits(self) -> u8 {
        u8::from(self.inpatient)
            | u8::from(self.outpatient) << 1
            | u8::from(self.chronic) << 2
            | u8::from(self.pharmacy) << 3
    }

    pub(crate) fn of_bits(bits: u8) -> Purposes {
        let bit = |n: u8| bits >> n & 1 != 0;
        Purposes { inpatient: bit(0), outpatient: bit(1), chronic: bit(2), pharmacy: bit(3) }
    }
}
