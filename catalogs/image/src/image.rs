//! An open image: checked once, then read without a copy by any number of threads.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rkyv::rancor;
use yidan_settlement::catalogue::{Level, RuleBook};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{Admdvs, DiagnosisId, GroupId, Tag};

use crate::archive::{ArchivedFacilityRow, ArchivedPayload};
use crate::contents::{CodeStatus, FacilityKind, Purposes, SourceFile};
use crate::error::{Fault, OpenError};
use crate::header::{self, HEADER_BYTES};
use crate::rules::level_of;
use crate::sealed::{CopyError, Sealed};
use crate::view::View;
use crate::{NATIONAL, check};

/// A catalogue image. Share it by `Arc`; nothing in it changes.
pub struct Image {
    sealed: Sealed,
    digest: [u8; 32],
    rules: RuleBook,
    regions: Vec<Admdvs>,
}

/// One diagnosis.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct DiagnosisText<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether the code is a real one.
    pub status: CodeStatus,
}

/// One facility.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FacilityText<'a> {
    /// `fixmedins_code`.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its division.
    pub admdvs: Admdvs,
    /// `hosp_lv`, 1 ..= 14.
    pub hosp_lv: u8,
    /// Its level as `hosp_lv` implies it.
    pub level: Level,
    /// The level of its deductible, where it differs.
    pub deductible_level: Option<Level>,
    /// The level of its ceiling prices, where it differs.
    pub price_level: Option<Level>,
    /// Hospital or pharmacy.
    pub kind: FacilityKind,
    /// What it may be paid for, and when.
    pub agreements: Vec<Agreement>,
}

/// An agreement of a facility with the insurance.
pub type Agreement = crate::contents::AgreementContents;

/// The days on which some entry of an image holds.
pub type Window = Span;

impl Image {
    /// Opens a file: copies it into sealed memory, and checks it there from the first byte to the
    /// last. Afterwards the file may be replaced or go away.
    pub fn open(path: impl AsRef<Path>) -> Result<Image, OpenError> {
        let path = path.as_ref();
        let read = |source| OpenError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        let bytes = file.metadata().map_err(read)?.len();
        Image::copy(file, bytes, path)
    }

    /// The same of bytes in memory; errors call them `<memory>`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Image, OpenError> {
        Image::copy(bytes, bytes.len() as u64, Path::new("<memory>"))
    }

    fn copy(mut from: impl Read, bytes: u64, path: &Path) -> Result<Image, OpenError> {
        let path = || path.to_owned();
        if bytes == 0 {
            return Err(Fault::Length { found: 0, expected: HEADER_BYTES as u64 }.at(path()));
        }
        // Whether it is an image at all is seen before all of it is copied.
        let mut head = Vec::with_capacity(HEADER_BYTES);
        from.by_ref()
            .take(HEADER_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(|source| OpenError::Read { path: path(), source })?;
        header::expect(&head, bytes).map_err(|fault| fault.at(path()))?;
        let whole = head.as_slice().chain(from);
        let sealed = Sealed::copy(whole, bytes).map_err(|error| match error {
            CopyError::Read(source) => OpenError::Read { path: path(), source },
            CopyError::Memory { bytes, source } => {
                OpenError::Memory { path: path(), bytes, source }
            }
        })?;
        Image::check(sealed).map_err(|fault| fault.at(path()))
    }

    fn check(sealed: Sealed) -> Result<Image, Fault> {
        let (digest, payload) = header::verify(sealed.bytes())?;
        let payload = rkyv::access::<ArchivedPayload, rancor::Error>(payload)
            .map_err(|error| Fault::unsound(error.to_string()))?;
        let rules = check::check(payload)?;
        let division = |number: u32| {
            Admdvs::parse(&format!("{number:06}")).ok_or_else(|| Fault::unsound("no division"))
        };
        let divisions = payload.regions.iter().map(|row| division(row.admdvs.to_native()));
        let regions = divisions.collect::<Result<_, _>>()?;
        Ok(Image { digest, rules, regions, sealed })
    }

    /// The BLAKE3 of all that the image holds: equal contents have equal digests.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The files it was built from.
    pub fn sources(&self) -> impl Iterator<Item = SourceFile> + '_ {
        self.payload().sources.iter().map(|row| SourceFile {
            path: self.text(row.path.to_native()).to_owned(),
            digest: row.digest,
            rows: row.rows.to_native(),
        })
    }

    /// The regions that have a view of their own, by number; the national base is the first.
    pub fn regions(&self) -> &[Admdvs] {
        &self.regions
    }

    /// The view for a division: its own, else its city's, else its province's, else the national
    /// base. `None` when the image has none of them.
    pub fn region(&self, admdvs: Admdvs) -> Option<View<'_>> {
        let number = admdvs.get();
        let asked = [number, number / 100 * 100, number / 10_000 * 10_000, 0];
        asked.iter().find_map(|wanted| {
            let place = self.regions.binary_search_by_key(wanted, |region| region.get()).ok()?;
            self.view(place)
        })
    }

    /// The view of the national base.
    pub fn national(&self) -> Option<View<'_>> {
        self.region(Admdvs::parse(NATIONAL)?)
    }

    fn view(&self, place: usize) -> Option<View<'_>> {
        let payload = self.payload();
        Some(View::new(*self.regions.get(place)?, payload.regions.get(place)?, payload))
    }

    /// All rules, decoded when the image was opened.
    pub fn rules(&self) -> &RuleBook {
        &self.rules
    }

    /// The tag of a name.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        let place =
            self.payload().tags.iter().position(|tag| self.text(tag.to_native()) == name)?;
        u8::try_from(place + 1).ok().map(Tag::new)
    }

    /// The name of a tag; `None` for nought.
    pub fn tag_name(&self, tag: Tag) -> Option<&str> {
        let name = self.payload().tags.get(tag.index().checked_sub(1)?)?;
        Some(self.text(name.to_native()))
    }

    /// The name of a group.
    pub fn group_name(&self, group: GroupId) -> Option<&str> {
        self.payload().groups.get(group.index()).map(|name| self.text(name.to_native()))
    }

    /// The diagnosis of a code.
    pub fn diagnosis(&self, code: &str) -> Option<DiagnosisId> {
        let rows = &self.payload().diagnoses;
        let place = rows.binary_search_by(|row| self.text(row.code.to_native()).cmp(code)).ok()?;
        u32::try_from(place).ok().map(DiagnosisId::new)
    }

    /// How many diagnoses there are: ids are below this.
    pub fn diagnoses_len(&self) -> usize {
        self.payload().diagnoses.len()
    }

    /// The texts of a diagnosis.
    pub fn diagnosis_text(&self, id: DiagnosisId) -> Option<DiagnosisText<'_>> {
        let row = self.payload().diagnoses.get(id.index())?;
        Some(DiagnosisText {
            code: self.text(row.code.to_native()),
            name: self.text(row.name.to_native()),
            status: CodeStatus::of_number(row.status),
        })
    }

    /// The facility of a code.
    pub fn facility(&self, code: &str) -> Option<FacilityText<'_>> {
        let rows = &self.payload().facilities;
        let place = rows.binary_search_by(|row| self.text(row.code.to_native()).cmp(code)).ok()?;
        self.facility_at(place)
    }

    /// All facilities, by code.
    pub fn facilities(&self) -> impl Iterator<Item = FacilityText<'_>> {
        (0..self.payload().facilities.len()).filter_map(|place| self.facility_at(place))
    }

    fn facility_at(&self, place: usize) -> Option<FacilityText<'_>> {
        let payload = self.payload();
        let row = payload.facilities.get(place)?;
        let before = place.checked_sub(1).and_then(|place| payload.facilities.get(place));
        let from = before.map_or(0, |row| row.agreements_end.to_native() as usize);
        let agreements = payload.agreements.get(from..row.agreements_end.to_native() as usize)?;
        Some(FacilityText {
            code: self.text(row.code.to_native()),
            name: self.text(row.name.to_native()),
            admdvs: Admdvs::parse(&format!("{:06}", row.admdvs.to_native()))?,
            hosp_lv: row.hosp_lv,
            level: level_implied(row),
            deductible_level: level_of(row.deductible_level)?,
            price_level: level_of(row.price_level)?,
            kind: if row.kind == 0 { FacilityKind::Hospital } else { FacilityKind::Pharmacy },
            agreements: agreements
                .iter()
                .map(|row| Agreement {
                    valid: Span {
                        from: Day::new(row.from.to_native()),
                        to: Day::new(row.to.to_native()),
                    },
                    purposes: Purposes::of_bits(row.purposes),
                })
                .collect(),
        })
    }

    /// From the first day on which some entry holds to the day after the last; `None` when the
    /// image has no entry. Walks all lines: not for a hot path.
    pub fn window(&self) -> Option<Window> {
        let views = (0..self.regions.len()).filter_map(|place| self.view(place));
        views
            .flat_map(|view| view.ids().filter_map(move |id| view.entry(id)))
            .map(|entry| entry.valid)
            .reduce(|all, valid| Span { from: all.from.min(valid.from), to: all.to.max(valid.to) })
    }

    fn text(&self, number: u32) -> &str {
        text_of(self.payload(), number)
    }

    fn payload(&self) -> &ArchivedPayload {
        let payload = self.sealed.bytes().get(HEADER_BYTES..).unwrap_or_default();
        #[expect(unsafe_code, reason = "checking again at every access would cost what it saves")]
        // SAFETY: `Image::check`, the only maker of an `Image`, had rkyv check these very bytes as
        // an `ArchivedPayload`, and `Sealed` keeps them from changing.
        unsafe {
            rkyv::access_unchecked::<ArchivedPayload>(payload)
        }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({:02x?}…, {:?})", &self.digest[..4], self.regions)
    }
}

/// A text of the pool; empty for a number that `check` would have refused.
pub(crate) fn text_of(payload: &ArchivedPayload, number: u32) -> &str {
    let texts = &payload.texts;
    let end_of = |number: usize| texts.ends.get(number).map(|end| end.to_native() as usize);
    let number = number as usize;
    let from = number.checked_sub(1).map_or(Some(0), end_of).unwrap_or(0);
    let bytes = texts.bytes.get(from..end_of(number).unwrap_or(from)).unwrap_or_default();
    str::from_utf8(bytes).unwrap_or_default()
}

/// 三级: 1–4 and 12. 二级: 5–7 and 13. All others, 无等级 too, are 一级及以下.
fn level_implied(row: &ArchivedFacilityRow) -> Level {
    match row.hosp_lv {
        1..=4 | 12 => Level::Third,
        5..=7 | 13 => Level::Second,
        _ => Level::First,
    }
}
