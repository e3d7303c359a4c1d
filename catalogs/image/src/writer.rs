//! Contents to a file: the same contents give the same bytes, and a reader never sees half a file.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rkyv::rancor;
use rkyv::util::AlignedVec;
use tempfile::NamedTempFile;

use yidan_settlement::catalogue::terms::{self, TermsError};
use yidan_settlement::date::Day;
use yidan_settlement::id::DiagnosisId;

use crate::archive::{
    AgreementRow, BucketLine, DiagnosisRow, EntryLine, FacilityRow, NoteRow, Payload, RegionRow,
    SourceRow, Texts,
};
use crate::code::CodeWords;
use crate::contents::{Contents, EntryContents, FacilityContents, RegionContents};
use crate::directory::{self, Code};
use crate::error::WriteError;
use crate::header::{self, HEADER_BYTES};
use crate::image::Image;
use crate::line::{self, LineError};
use crate::rules::{self, level_number};
use crate::{DAY_LAST, PERIODS_MAX, RULES_MAX, TAGS_MAX};

impl Contents {
    /// The whole file in memory.
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        let payload = self.payload()?;
        let mut file = Vec::with_capacity(HEADER_BYTES + payload.len());
        file.extend_from_slice(&header::encode(&payload));
        file.extend_from_slice(&payload);
        Ok(file)
    }

    /// Writes the file: beside its place, synced, opened as every reader does, then renamed over it, and the folder
    /// synced. On any error what stood under the path still stands. Gives its length in bytes.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<u64, WriteError> {
        let path = path.as_ref();
        let payload = self.payload()?;
        let header = header::encode(&payload);
        let failed = |source| WriteError::File { path: path.to_owned(), source };
        let (file, folder) = beside(path, &[&header, &payload]).map_err(failed)?;
        Image::open(file.path()).map_err(WriteError::Unsound)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok((HEADER_BYTES + payload.len()) as u64)
    }

    fn payload(&self) -> Result<AlignedVec<64>, WriteError> {
        self.check_counts()?;
        let pool = Pool::of(self);
        let mut regions = Vec::with_capacity(self.regions.len());
        for region in &self.regions {
            regions.push(region_row(region, &pool)?);
        }
        let mut agreements = Vec::new();
        let facilities =
            self.facilities.iter().map(|f| facility_row(f, &mut agreements, &pool)).collect();
        let diagnoses = self.diagnoses.iter().map(|diagnosis| DiagnosisRow {
            code: pool.number(&diagnosis.code),
            name: pool.number(&diagnosis.name),
            status: diagnosis.status.number(),
        });
        let sources = self.sources.iter().map(|source| SourceRow {
            path: pool.number(&source.path),
            rows: source.rows,
            digest: source.digest,
        });
        let ranges = |set: &Vec<(DiagnosisId, DiagnosisId)>| {
            set.iter().map(|(first, last)| [first.get(), last.get()]).collect()
        };
        let payload = Payload {
            sources: sources.collect(),
            tags: self.tags.iter().map(|name| pool.number(name)).collect(),
            groups: self.groups.iter().map(|name| pool.number(name)).collect(),
            rules: self.rules.iter().map(rules::encode).collect(),
            sets: self.sets.iter().map(ranges).collect(),
            diagnoses: diagnoses.collect(),
            facilities,
            agreements,
            regions,
            texts: pool.texts,
        };
        rkyv::api::high::to_bytes_in::<_, rancor::Error>(&payload, AlignedVec::<64>::new())
            .map_err(|error| value("the image", error.to_string()))
    }

    fn check_counts(&self) -> Result<(), WriteError> {
        if self.tags.len() > usize::from(TAGS_MAX) {
            return Err(value("tags", format!("{}, at most {TAGS_MAX}", self.tags.len())));
        }
        if self.rules.len() > RULES_MAX as usize {
            let what = format!("{}, at most {RULES_MAX}: let entries share them", self.rules.len());
            return Err(value("rules", what));
        }
        for (what, count) in [("groups", self.groups.len()), ("diagnosis sets", self.sets.len())] {
            if count > usize::from(u16::MAX) {
                return Err(value(what, format!("{count}, at most {}", u16::MAX)));
            }
        }
        let ascending = self.diagnoses.is_sorted_by(|a, b| a.code < b.code)
            && self.facilities.is_sorted_by(|a, b| a.code < b.code)
            && self.regions.is_sorted_by(|a, b| a.admdvs < b.admdvs);
        if !ascending {
            let what = "diagnoses, facilities or regions out of order or twice: sort them by code";
            return Err(value("the image", what));
        }
        let known = self.diagnoses.len();
        if self.sets.iter().flatten().any(|(first, last)| first > last || last.index() >= known) {
            return Err(value("diagnosis sets", "a range beyond the diagnoses"));
        }
        Ok(())
    }
}

fn value(place: impl Into<String>, what: impl Into<String>) -> WriteError {
    WriteError::Value { place: place.into(), what: what.into() }
}

fn region_row(region: &RegionContents, pool: &Pool) -> Result<RegionRow, WriteError> {
    let entries = &region.entries;
    let place = |entry: &EntryContents| format!("region {}, {}", region.admdvs, entry.code);
    let mut codes: Vec<Code> = Vec::new();
    let mut firsts: Vec<usize> = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let valid = entry.facts.valid;
        let from = terms::stored_from(valid.from);
        let from = from.ok_or_else(|| value(place(entry), days_expected()))?;
        let before = i.checked_sub(1).and_then(|before| entries.get(before));
        match (before, codes.last_mut()) {
            (Some(before), Some(code)) if before.code == entry.code => {
                if before.facts.valid.to > valid.from {
                    return Err(value(place(entry), "periods that overlap or are out of order"));
                }
                code.from.push(from);
                if code.from.len() > PERIODS_MAX {
                    let what = format!(
                        "more than {PERIODS_MAX} periods: drop the oldest that no claim names"
                    );
                    return Err(value(place(entry), what));
                }
            }
            (Some(before), _) if before.code > entry.code => {
                return Err(value(place(entry), "out of order: sort entries by code and period"));
            }
            (Some(_) | None, _) => {
                let words = CodeWords::read(entry.code.as_bytes())
                    .filter(|_| entry.code.bytes().all(|byte| byte.is_ascii_graphic()));
                let what = "not a code: expected 1 to 40 graphic ASCII characters";
                let words = words.ok_or_else(|| value(place(entry), what))?;
                codes.push(Code { words, from: vec![from] });
                firsts.push(i);
            }
        }
    }
    let placed = directory::place(&codes).ok_or_else(|| WriteError::Table {
        region: region.admdvs.to_string(),
        codes: codes.len(),
    })?;
    let mut lines = Vec::with_capacity(entries.len());
    let mut notes = Vec::with_capacity(entries.len());
    for code in placed.order {
        let first = firsts[code as usize];
        for entry in &entries[first..first + codes[code as usize].from.len()] {
            let bytes = line::encode(entry.code.as_bytes(), &entry.facts)
                .map_err(|error| value(place(entry), expected(error)))?;
            if !(1..=14).contains(&entry.charge_type) {
                return Err(value(place(entry), "a charge type that is not 1 to 14"));
            }
            lines.push(EntryLine { bytes });
            notes.push(NoteRow {
                name: pool.number(&entry.name),
                source: pool.number(&entry.source),
                charge_type: entry.charge_type,
                status: entry.status.number(),
                price_mark: entry.price_mark.number(),
            });
        }
    }
    let buckets = placed.buckets.into_iter().map(|bytes| BucketLine { bytes }).collect();
    Ok(RegionRow { admdvs: region.admdvs.get(), seed: placed.seed, buckets, lines, notes })
}

fn facility_row(
    facility: &FacilityContents,
    agreements: &mut Vec<AgreementRow>,
    pool: &Pool,
) -> FacilityRow {
    agreements.extend(facility.agreements.iter().map(|agreement| AgreementRow {
        from: agreement.valid.from.get(),
        to: agreement.valid.to.get(),
        purposes: agreement.purposes.bits(),
    }));
    FacilityRow {
        code: pool.number(&facility.code),
        name: pool.number(&facility.name),
        admdvs: facility.admdvs.get(),
        hosp_lv: facility.hosp_lv,
        deductible_level: level_number(facility.deductible_level),
        price_level: level_number(facility.price_level),
        kind: facility.kind.number(),
        agreements_end: u32::try_from(agreements.len()).unwrap_or(u32::MAX),
    }
}

fn days_expected() -> String {
    let last = Day::new(DAY_LAST);
    format!("a period outside the days of the format: expected 1990-01-01 to {last}")
}

fn expected(error: LineError) -> String {
    match error {
        LineError::Code => "not a code: expected 1 to 40 bytes".to_owned(),
        LineError::Terms(TermsError::Days) => days_expected(),
        LineError::Terms(TermsError::Tag) => format!("a tag above {TAGS_MAX}"),
        LineError::Terms(TermsError::Rule) => format!("a rule above {RULES_MAX}"),
    }
}

/// Every text of an image once, in order, and its number.
struct Pool<'a> {
    numbers: HashMap<&'a str, u32>,
    texts: Texts,
}

impl<'a> Pool<'a> {
    fn of(contents: &'a Contents) -> Pool<'a> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let entries = contents.regions.iter().flat_map(|region| &region.entries);
        let singles = entries.flat_map(|entry| [&*entry.name, &*entry.source]);
        let diagnoses = contents.diagnoses.iter().flat_map(|d| [&*d.code, &*d.name]);
        let facilities = contents.facilities.iter().flat_map(|f| [&*f.code, &*f.name]);
        let names = contents.tags.iter().chain(&contents.groups).map(String::as_str);
        let paths = contents.sources.iter().map(|source| source.path.as_str());
        for text in singles.chain(diagnoses).chain(facilities).chain(names).chain(paths) {
            numbers.entry(text).or_insert(0);
        }
        let mut sorted: Vec<&str> = numbers.keys().copied().collect();
        sorted.sort_unstable();
        let mut texts = Texts { bytes: Vec::new(), ends: Vec::with_capacity(sorted.len()) };
        for (number, text) in (0..).zip(sorted) {
            texts.bytes.extend_from_slice(text.as_bytes());
            texts.ends.push(u32::try_from(texts.bytes.len()).expect("texts are far below 4 GB"));
            numbers.insert(text, number);
        }
        Pool { numbers, texts }
    }

    fn number(&self, text: &str) -> u32 {
        *self.numbers.get(text).expect("the pool was made of all texts of the contents")
    }
}

/// Writes and syncs a file beside the place it is for; gives it and the folder.
fn beside(path: &Path, parts: &[&[u8]]) -> io::Result<(NamedTempFile, PathBuf)> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".image-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.as_file().sync_all()?;
    Ok((file, folder.to_owned()))
}
