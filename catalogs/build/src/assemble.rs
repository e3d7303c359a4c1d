//! From source files to the contents of an image: everything is read, checked and joined before
//! anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use yidan_image::{
    CodeStatus, Contents, EntryContents, NATIONAL, PERIODS_MAX, RULES_MAX, RegionContents,
    SourceFile, TAGS_MAX,
};
use yidan_settlement::catalogue::{Class, Entry};
use yidan_settlement::id::{Admdvs, EntryId, RuleId, Tag};
use yidan_settlement::money::Rate;

use crate::entry::{self, EntryRow, Facts, Interner, Shares};
use crate::overlay::{self, Rows};
use crate::place::{self, Diagnoses, Facilities};
use crate::problem::{Problem, Problems};
use crate::rule::{Rules, Written};
use crate::source::Source;

/// The folder of the base.
const NATIONAL_FOLDER: &str = "national";

const FILES: &str = "drugs.csv, services.csv, consumables.csv, shares.csv, restrictions.csv, \
    groups.csv, edits.csv, diagnoses.csv, facilities.csv";

/// What the files of one region say.
#[derive(Default)]
struct Region {
    entries: Vec<EntryRow>,
    shares: Shares,
    written: Written,
    folder: String,
}

/// Reads and joins all sources; every problem of every file at once.
pub fn assemble(sources: &[Source]) -> Result<Contents, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut texts = Interner::default();
    let mut regions: BTreeMap<Admdvs, Region> = BTreeMap::new();
    let mut diagnoses = Diagnoses::new();
    let mut facilities = Facilities::new();
    for source in sources {
        let (folder, file) = source.path.split_once('/').unwrap_or(("", &source.path));
        let Some(admdvs) = division(folder) else {
            let expected = "a folder called national or by six digits of GB/T 2260";
            problems.add((&source.path, 0), "", format!("folder {folder:?}"), expected);
            continue;
        };
        let region = regions.entry(admdvs).or_default();
        folder.clone_into(&mut region.folder);
        match file {
            "drugs.csv" | "services.csv" | "consumables.csv" => {
                let over = folder != NATIONAL_FOLDER;
                region.entries.extend(entry::read(source, over, &mut texts, &mut problems));
            }
            "shares.csv" => region.shares = entry::read_shares(source, &mut problems),
            "restrictions.csv" => region.written.read_restrictions(source, &mut problems),
            "groups.csv" => region.written.read_groups(source, &mut problems),
            "edits.csv" => region.written.read_edits(source, &mut problems),
            "diagnoses.csv" => place::read_diagnoses(source, &mut diagnoses, &mut problems),
            "facilities.csv" => place::read_facilities(source, &mut facilities, &mut problems),
            _ => problems.add((&source.path, 0), "", "a file of another name", FILES),
        }
    }
    let mut contents = Contents {
        sources: sources.iter().map(source_file).collect(),
        diagnoses: diagnoses.into_values().map(|(diagnosis, _)| diagnosis).collect(),
        facilities: facilities.into_values().map(|(facility, _)| facility).collect(),
        ..Contents::default()
    };
    if let Some(national) = division(NATIONAL_FOLDER) {
        regions.entry(national).or_default();
    }
    join(&mut contents, regions, &mut problems);
    if problems.is_empty() { Ok(contents) } else { Err(problems.sorted()) }
}

fn division(folder: &str) -> Option<Admdvs> {
    Admdvs::parse(if folder == NATIONAL_FOLDER { NATIONAL } else { folder })
}

fn source_file(source: &Source) -> SourceFile {
    let lines = source.bytes.iter().filter(|byte| **byte == b'\n').count();
    SourceFile {
        path: source.path.clone(),
        digest: *blake3::hash(&source.bytes).as_bytes(),
        rows: u32::try_from(lines.saturating_sub(1)).unwrap_or(u32::MAX),
    }
}

/// Lays every region over the base, and numbers what they share.
fn join(contents: &mut Contents, regions: BTreeMap<Admdvs, Region>, problems: &mut Problems) {
    let tags = tag_names(&regions, problems);
    let mut rules = Rules::new(&contents.diagnoses, regions.values().map(|r| &r.written));
    let mut base: Option<(Rows, Shares, Written)> = None;
    let mut joined = Vec::new();
    for (admdvs, region) in regions {
        let own = overlay::by_code(region.entries, problems);
        let (rows, shares, written) = match &base {
            None => (own, vec![&region.shares], region.written.clone()),
            Some((rows, shares, written)) => {
                let rows = overlay::overlay(rows, &own);
                (rows, vec![&region.shares, shares], region.written.over(written))
            }
        };
        region.written.check_codes(|code| rows.contains_key(code), problems);
        rules.next_region();
        let mut entries = Vec::new();
        for (code, rows) in &rows {
            if let Some(row) = rows.get(PERIODS_MAX) {
                let found = format!("{} periods of {code} in {}", rows.len(), region.folder);
                let expected = format!("at most {PERIODS_MAX}: drop what no claim still names");
                problems.add((&row.file, row.line), "from", found, expected);
            }
            let rule = rules.of_code(code, &written, problems);
            for row in rows {
                entries.extend(entry_of(row, &shares, &tags, rule, &region.folder, problems));
            }
        }
        joined.push(RegionContents { admdvs, entries });
        if base.is_none() {
            base = Some((rows, region.shares, written));
        }
    }
    if rules.rules.len() > RULES_MAX as usize {
        let found = format!("{} different rules", rules.rules.len());
        problems.add(("restrictions.csv", 0), "", found, format!("at most {RULES_MAX}"));
    }
    (contents.rules, contents.sets, contents.groups) = (rules.rules, rules.sets, rules.groups);
    contents.tags = tags;
    contents.regions = joined;
}

/// All tags of all regions, in order.
fn tag_names(regions: &BTreeMap<Admdvs, Region>, problems: &mut Problems) -> Vec<String> {
    let rows = regions.values().flat_map(|region| &region.entries);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for row in rows {
        if let Some(tag) = row.facts.as_ref().and_then(|facts| facts.tag.as_deref())
            && names.insert(tag)
            && names.len() > usize::from(TAGS_MAX)
        {
            let expected = format!("at most {TAGS_MAX} tags in all files");
            problems.add((&row.file, row.line), "tag", format!("{tag:?}, one more"), expected);
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

fn entry_of(
    row: &EntryRow,
    shares: &[&Shares],
    tags: &[String],
    rule: RuleId,
    folder: &str,
    problems: &mut Problems,
) -> Option<EntryContents> {
    let facts = row.facts.as_ref()?;
    let Some((share, share_source)) = share_of(facts, shares) else {
        let found = format!("no share for {folder}");
        let expected = "a share on this line, or a row for it in shares.csv";
        problems.add((&row.file, row.line), "share_employee", found, expected);
        return None;
    };
    let tag = facts.tag.as_deref().and_then(|tag| tags.binary_search_by(|t| (**t).cmp(tag)).ok());
    let tag = tag.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0);
    Some(EntryContents {
        code: Arc::clone(&row.code),
        name: Arc::clone(&facts.name),
        source: match share_source {
            Some(of_share) => format!("{}; share: {of_share}", facts.source).into(),
            None => Arc::clone(&facts.source),
        },
        charge_type: facts.charge_type,
        status: facts.status,
        price_mark: facts.price_mark,
        facts: Entry {
            id: EntryId::new(0),
            valid: row.valid,
            list: facts.list,
            class: facts.class,
            scope: facts.scope,
            share,
            ceiling: facts.ceiling,
            tag: Tag::new(tag),
            rule,
        },
    })
}

/// What the row says; where it says nothing, nought for class 甲, all for class 丙, and for class 乙
/// what the nearest shares.csv says, with its source.
fn share_of<'s>(facts: &Facts, shares: &[&'s Shares]) -> Option<([Rate; 2], Option<&'s Arc<str>>)> {
    let [employee, resident] = facts.share;
    if let (Some(employee), Some(resident)) = (employee, resident) {
        return Some(([employee, resident], None));
    }
    let ([usual_employee, usual_resident], source) = match facts.class {
        Class::A => ([Rate::ZERO; 2], None),
        Class::C => ([Rate::ONE; 2], None),
        Class::B => {
            let of_list = |shares: &&'s Shares| shares.of(facts.list, facts.tag.as_deref());
            let (share, source) = shares.iter().find_map(of_list)?;
            (share, Some(source))
        }
    };
    Some(([employee.unwrap_or(usual_employee), resident.unwrap_or(usual_resident)], source))
}

/// How many entries of the national base have a real code.
pub fn real_codes(contents: &Contents) -> usize {
    let base = contents.regions.first();
    let entries = base.into_iter().flat_map(|region| &region.entries);
    entries.filter(|entry| entry.status == CodeStatus::Real).count()
}
