//! A policy pack as the tiers read it: every table dense, every condition already decided for every circumstance.
//! How a pack is written is `catalogs/sources/POLICY.md`; what compiles it is `yidan-build`. No text is compared here.

mod check;
mod circumstance;
mod curve;
mod fund;
mod terms;
mod tier;

use alloc::string::String;
use alloc::vec::Vec;

use crate::date::{Day, Span};
use crate::id::{Admdvs, BenefitId, Insutype, LineKind, SlotId, SourceId, Tag, TierId};

pub use circumstance::{
    ALL_AXES, AXES, Axis, Channel, Circumstance, Distance, Filing, HospitalLevel,
};
pub use fund::{FUND_FIELDS, FundField, FundType};
pub use terms::{
    Agreement, Benefit, CauseRule, Causes, GoverningDates, Governs, Grade, Naming, Scheme,
    SecondDeductible, Slot, SlotKeyKind, SlotScope, Source, YearRule,
};
pub use tier::{
    ADDS_OF, AccountRow, Accounts, Add, AddOf, Band, BandsFrom, BandsPay, Base, Basis, BasisOf,
    Cap, CapAmount, Continued, Deductible, DeductibleAmount, Edition, Floor, KindBands, PARTS,
    Part, Per, Plain, Row, ShareOf, Tier,
};
pub(crate) use tier::{IN_SCOPE, Origin, Takes};

/// Everything of a pack, as its compiler hands it over.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PackData {
    /// Name of the pool.
    pub pool: String,
    /// Title for people.
    pub title: String,
    /// Whether its figures are an example.
    pub example: bool,
    /// The governing dates it is for.
    pub span: Span,
    /// Prefixes of divisions in the pool.
    pub divisions: Vec<String>,
    /// Prefixes of divisions in the same city.
    pub city: Vec<String>,
    /// Prefixes of divisions in the same province.
    pub province: Vec<String>,
    /// From where on care counts as off-region.
    pub off_region_from: Distance,
    /// Filings that count, best first.
    pub filings: Vec<Filing>,
    /// Whether a claim by hand takes the catalogue of the place of treatment.
    pub manual_takes_treatment_catalogue: bool,
    /// Which day governs what.
    pub dates: GoverningDates,
    /// What becomes of stays over a year end.
    pub year: YearRule,
    /// What becomes of visits with a cause.
    pub causes: Causes,
    /// Cited documents.
    pub sources: Vec<Source>,
    /// Schemes.
    pub schemes: Vec<Scheme>,
    /// Covers held besides, at most 6.
    pub covers: Vec<Insutype>,
    /// Names of the classes of person.
    pub persons: Vec<String>,
    /// Prefixes of `psn_type`.
    pub person_types: Vec<Naming>,
    /// Names of the identity classes, best first.
    pub identities: Vec<String>,
    /// Identity types (exact) to classes.
    pub identity_types: Vec<Naming>,
    /// Names of the contribution classes (also their exact text in a case).
    pub contributions: Vec<String>,
    /// Names of the diseases.
    pub diseases: Vec<String>,
    /// `dise_codg` (exact) to diseases.
    pub disease_codes: Vec<Naming>,
    /// For each disease 1 + index of its group, nought for none.
    pub disease_groups: Vec<u16>,
    /// Names of the groups.
    pub disease_group_names: Vec<String>,
    /// Coordinates on [`Axis::Disease`] of the diseases whose approvals count; empty for all.
    pub approvals_of: Vec<u16>,
    /// Names of the line kinds; the first is `ordinary`.
    pub line_kinds: Vec<String>,
    /// Catalogue tags (exact) to line kinds.
    pub line_tags: Vec<Naming>,
    /// Benefit kinds.
    pub benefits: Vec<Benefit>,
    /// Prefixes of `med_type`.
    pub visit_types: Vec<Naming>,
    /// Slots.
    pub slots: Vec<Slot>,
    /// Editions in order of date, without gap or overlap over the span.
    pub editions: Vec<Edition>,
    /// Digest of the text it was compiled from.
    pub digest: [u8; 32],
}

/// A pack whose every index is known to be in range, so that settling never fails on one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Pack {
    data: PackData,
    home: Vec<Prefix>,
    city: Vec<Prefix>,
    province: Vec<Prefix>,
    /// For each edition and benefit kind, a bit for each slot its plan reads or writes.
    slots_used: Vec<Vec<u64>>,
}

/// The first digits of divisions: `code ÷ divisor = value`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Prefix {
    value: u32,
    divisor: u32,
}

/// What is wrong with pack data: a mistake of the compiler that made it, not of the pack's author.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PackFault(pub String);

impl Pack {
    /// Checks that every index is in range and every table has its shape.
    pub fn new(mut data: PackData) -> Result<Pack, PackFault> {
        for tier in data.editions.iter_mut().flat_map(|edition| &mut edition.tiers) {
            tier.find_plain_rows();
        }
        check::check(&data).map_err(|what| PackFault(String::from(what)))?;
        let [home, city, province] =
            [&data.divisions, &data.city, &data.province].map(|texts| prefixes(texts));
        let slots_used = data.editions.iter().map(slots_used).collect();
        Ok(Pack { home: home?, city: city?, province: province?, slots_used, data })
    }

    /// What it was made of.
    pub fn data(&self) -> &PackData {
        &self.data
    }

    /// The edition for a governing date.
    pub fn edition(&self, day: Day) -> Option<&Edition> {
        self.data.editions.iter().find(|edition| edition.span.contains(day))
    }

    /// A bit for each slot that the tiers for a benefit kind read or write in an edition.
    pub fn slots_used(&self, edition: &Edition, benefit: BenefitId) -> u64 {
        let index = self.data.editions.iter().position(|one| one.span == edition.span);
        let used = index.and_then(|index| self.slots_used.get(index));
        used.and_then(|used| used.get(benefit.index())).copied().unwrap_or(0)
    }

    /// A slot by its id.
    pub fn slot(&self, id: SlotId) -> Option<&Slot> {
        self.data.slots.get(id.index())
    }

    /// The slot of a name.
    pub fn slot_named(&self, name: &str) -> Option<SlotId> {
        let index = self.data.slots.iter().position(|slot| slot.id == name)?;
        u8::try_from(index).ok().map(SlotId::new)
    }

    /// Whether a division belongs to the pool: how many of its digits the pool names.
    pub fn home_digits(&self, division: Admdvs) -> Option<u32> {
        let longest = self
            .home
            .iter()
            .filter(|prefix| prefix.holds(division))
            .min_by_key(|prefix| prefix.divisor)?;
        Some(6_u32.saturating_sub(longest.divisor.ilog10()))
    }

    /// How far a division is from the pool.
    pub fn distance(&self, treatment: Admdvs) -> Distance {
        let within = |prefixes: &[Prefix]| prefixes.iter().any(|prefix| prefix.holds(treatment));
        if within(&self.home) {
            Distance::Home
        } else if within(&self.city) {
            Distance::City
        } else if within(&self.province) {
            Distance::Province
        } else {
            Distance::Away
        }
    }

    /// The scheme a type of insurance is settled under.
    pub fn scheme(&self, insutype: Insutype) -> Option<u16> {
        let exact = self.data.schemes.iter().position(|scheme| scheme.insutype == Some(insutype));
        let index = exact
            .or_else(|| self.data.schemes.iter().position(|scheme| scheme.insutype.is_none()))?;
        u16::try_from(index).ok()
    }

    /// The class of person of a `psn_type`.
    pub fn person(&self, psn_type: &str) -> Option<u16> {
        longest_prefix(&self.data.person_types, psn_type)
    }

    /// The benefit kind of a `med_type`.
    pub fn benefit(&self, med_type: &str) -> Option<BenefitId> {
        let index = longest_prefix(&self.data.visit_types, med_type)?;
        u8::try_from(index).ok().map(BenefitId::new)
    }

    /// The identity class (0 is the best) of an identity type.
    pub fn identity(&self, identity_type: &str) -> Option<u16> {
        exact(&self.data.identity_types, identity_type)
    }

    /// The disease of a `dise_codg`.
    pub fn disease(&self, code: &str) -> Option<u16> {
        exact(&self.data.disease_codes, code)
    }

    /// The contribution class of a name.
    pub fn contribution(&self, name: &str) -> Option<u16> {
        let index = self.data.contributions.iter().position(|class| class == name)?;
        u16::try_from(index).ok()
    }

    /// For each tag of an image, the line kind: `tags` are the tag names by number.
    pub fn kinds_of_tags<'a>(&self, tags: impl Iterator<Item = &'a str>) -> Vec<LineKind> {
        tags.map(|tag| {
            let kind = exact(&self.data.line_tags, tag).and_then(|index| u8::try_from(index).ok());
            LineKind::new(kind.unwrap_or(0))
        })
        .collect()
    }

    /// A cited document.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.data.sources.get(id.index())
    }
}

/// For each benefit kind, a bit for each slot its plan reads or writes.
fn slots_used(edition: &Edition) -> Vec<u64> {
    let of_tier = |tier: &Tier| {
        let mut used = 0_u64;
        let mut use_slot = |slot: SlotId| used |= 1_u64.wrapping_shl(u32::from(slot.get()));
        tier.adds.iter().for_each(|add| use_slot(add.slot));
        tier.bands_at.into_iter().for_each(&mut use_slot);
        for row in &tier.rows {
            row.adds.iter().for_each(|add| use_slot(add.slot));
            let caps = row.cost_before.iter().chain(&row.cost_after).chain(&row.payment);
            caps.filter_map(|cap| cap.slot).for_each(&mut use_slot);
            let Some(deductible) = &row.deductible else { continue };
            deductible.less.into_iter().for_each(&mut use_slot);
            deductible.ceiling.into_iter().for_each(|(_, slot)| use_slot(slot));
            if let DeductibleAmount::ByAdmission { count, counted, .. } = &deductible.amount {
                use_slot(*count);
                use_slot(*counted);
            }
        }
        used
    };
    let of_plan = |plan: &Vec<TierId>| {
        plan.iter()
            .filter_map(|id| edition.tiers.get(id.index()))
            .map(of_tier)
            .fold(0, |all, one| all | one)
    };
    edition.plans.iter().map(of_plan).collect()
}

impl Prefix {
    fn holds(self, division: Admdvs) -> bool {
        division.get().checked_div(self.divisor) == Some(self.value)
    }
}

fn prefixes(texts: &[String]) -> Result<Vec<Prefix>, PackFault> {
    let prefix = |text: &String| {
        let digits = u32::try_from(text.len()).ok().filter(|digits| *digits <= 6)?;
        let value = if text.is_empty() { 0 } else { text.parse().ok()? };
        Some(Prefix { value, divisor: 10_u32.checked_pow(6_u32.checked_sub(digits)?)? })
    };
    let all: Option<Vec<Prefix>> = texts.iter().map(prefix).collect();
    all.ok_or_else(|| PackFault(String::from("a prefix of divisions has at most six digits")))
}

/// The line kind of a tag in a list made by [`Pack::kinds_of_tags`].
#[inline]
pub fn kind_of_tag(kinds: &[LineKind], tag: Tag) -> LineKind {
    kinds.get(tag.index()).copied().unwrap_or_default()
}

fn exact(namings: &[Naming], text: &str) -> Option<u16> {
    namings.iter().find(|naming| naming.text == text).map(|naming| naming.index)
}

fn longest_prefix(namings: &[Naming], text: &str) -> Option<u16> {
    let matching = namings.iter().filter(|naming| text.starts_with(naming.text.as_str()));
    matching.max_by_key(|naming| naming.text.len()).map(|naming| naming.index)
}
