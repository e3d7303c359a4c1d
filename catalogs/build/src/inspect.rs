//! Looking into images: whether one is sound, what it says of a code, and how two differ.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use yidan_image::{EntryText, Image, OpenError, View};
use yidan_settlement::catalogue::{Entry, Found, Level};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::Admdvs;

use crate::field::{class_name, list_name};

/// What an image that opened is.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Verified {
    /// Its digest.
    pub digest: [u8; 32],
    /// Its regions and how many entries each has.
    pub regions: Vec<(Admdvs, usize)>,
    /// Diagnoses.
    pub diagnoses: usize,
    /// Facilities.
    pub facilities: usize,
    /// The days on which some entry holds.
    pub window: Option<Span>,
    /// The files it was built from: path, rows, digest.
    pub sources: Vec<(String, u32, [u8; 32])>,
}

/// Opens an image, which checks all of it, and says what it is.
pub fn verify(path: &Path) -> Result<Verified, OpenError> {
    let image = Image::open(path)?;
    let entries = |region: &Admdvs| image.region(*region).map_or(0, |view| view.len());
    Ok(Verified {
        digest: image.digest(),
        regions: image.regions().iter().map(|region| (*region, entries(region))).collect(),
        diagnoses: image.diagnoses_len(),
        facilities: image.facilities().count(),
        window: image.window(),
        sources: image.sources().map(|s| (s.path, s.rows, s.digest)).collect(),
    })
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sound; digest {}", hex(self.digest))?;
        for (region, entries) in &self.regions {
            writeln!(f, "{region}: {entries} entries")?;
        }
        writeln!(f, "{} diagnoses, {} facilities", self.diagnoses, self.facilities)?;
        if let Some(window) = self.window {
            writeln!(f, "in force {}", days(window))?;
        }
        for (path, rows, digest) in &self.sources {
            writeln!(f, "from {path}: {rows} rows, {}", hex(*digest))?;
        }
        Ok(())
    }
}

/// What an image says of a code.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Shown {
    /// The region that answered: the asked one, or the nearest above it.
    pub region: Admdvs,
    /// What a look-up on the day gives.
    pub found: Found,
    /// Every period of the code, the earliest first.
    pub periods: Vec<ShownEntry>,
}

/// An entry with its texts, as fields by name.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct ShownEntry {
    /// The entry.
    pub entry: Entry,
    /// Its fields, as sources call them.
    pub fields: Vec<(&'static str, String)>,
}

/// What an image says of a code in a region on a day; `None` when it has neither the region nor a
/// base.
pub fn show(image: &Image, code: &str, day: Day, region: Admdvs) -> Option<Shown> {
    let view = image.region(region)?;
    let shown = |entry: Entry| {
        let text = view.entry_text(entry.id)?;
        Some(ShownEntry { entry, fields: fields(image, &entry, &text) })
    };
    Some(Shown {
        region: view.admdvs(),
        found: view.look_up(code.as_bytes(), day),
        periods: view.periods(code.as_bytes()).into_iter().filter_map(shown).collect(),
    })
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Found::Unknown => return writeln!(f, "unknown in {}", self.region),
            Found::NotInForce => {
                writeln!(f, "not in force on the day in {}; periods:", self.region)?
            }
            Found::Entry(_) => writeln!(f, "in force in {}", self.region)?,
        }
        for period in &self.periods {
            let in_force =
                matches!(self.found, Found::Entry(found) if found.id() == period.entry.id);
            let mark = if in_force { '*' } else { ' ' };
            writeln!(f, "{mark} {}", days(period.entry.valid))?;
            for (name, value) in &period.fields {
                writeln!(f, "    {name:<15} {value}")?;
            }
        }
        Ok(())
    }
}

/// How two images differ.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Difference {
    /// By region, code and period.
    pub changes: Vec<Change>,
}

/// One entry that one image has, or has otherwise.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Change {
    /// Only the second image has it.
    Added {
        /// Its region.
        region: Admdvs,
        /// Its code.
        code: String,
        /// Its first day.
        from: Day,
    },
    /// Only the first image has it.
    Removed {
        /// Its region.
        region: Admdvs,
        /// Its code.
        code: String,
        /// Its first day.
        from: Day,
    },
    /// Both have it, and not alike.
    Changed {
        /// Its region.
        region: Admdvs,
        /// Its code.
        code: String,
        /// Its first day.
        from: Day,
        /// The fields that differ.
        fields: Vec<FieldChange>,
    },
}

/// A field that differs.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FieldChange {
    /// Its name, as sources call it.
    pub name: &'static str,
    /// In the first image.
    pub old: String,
    /// In the second.
    pub new: String,
}

/// How the second image differs from the first. Entries are the same when region, code and first
/// day are; regions that only one image has are added or removed whole.
pub fn diff(old: &Image, new: &Image) -> Difference {
    let mut regions: Vec<Admdvs> = old.regions().iter().chain(new.regions()).copied().collect();
    regions.sort();
    regions.dedup();
    let mut changes = Vec::new();
    for region in regions {
        let (old_entries, mut new_entries) = (entries(old, region), entries(new, region));
        for ((code, from), old_fields) in old_entries {
            match new_entries.remove(&(code.clone(), from)) {
                None => changes.push(Change::Removed { region, code, from }),
                Some(new_fields) => {
                    let pairs = old_fields.into_iter().zip(new_fields);
                    let fields: Vec<FieldChange> = pairs
                        .filter(|((_, old), (_, new))| old != new)
                        .map(|((name, old), (_, new))| FieldChange { name, old, new })
                        .collect();
                    if !fields.is_empty() {
                        changes.push(Change::Changed { region, code, from, fields });
                    }
                }
            }
        }
        let added = new_entries.into_keys();
        changes.extend(added.map(|(code, from)| Change::Added { region, code, from }));
    }
    changes.sort_by_key(Change::place);
    Difference { changes }
}

impl Change {
    fn place(&self) -> (Admdvs, String, Day) {
        match self {
            Change::Added { region, code, from }
            | Change::Removed { region, code, from }
            | Change::Changed { region, code, from, .. } => (*region, code.clone(), *from),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added { region, code, from } => write!(f, "{region} + {code} from {from}"),
            Change::Removed { region, code, from } => write!(f, "{region} - {code} from {from}"),
            Change::Changed { region, code, from, fields } => {
                write!(f, "{region} ~ {code} from {from}")?;
                for FieldChange { name, old, new } in fields {
                    write!(f, "; {name}: {old} -> {new}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

type Fields = Vec<(&'static str, String)>;

/// The fields of every entry of a region's own view.
fn entries(image: &Image, region: Admdvs) -> BTreeMap<(String, Day), Fields> {
    let own = |view: &View<'_>| view.admdvs() == region;
    let Some(view) = image.region(region).filter(own) else { return BTreeMap::new() };
    view.ids()
        .filter_map(|id| {
            let (entry, text) = (view.entry(id)?, view.entry_text(id)?);
            Some(((text.code.to_owned(), entry.valid.from), fields(image, &entry, &text)))
        })
        .collect()
}

/// All fields of an entry but its code and first day, always the same ones in the same order.
fn fields(image: &Image, entry: &Entry, text: &EntryText<'_>) -> Fields {
    let ceiling = |level| {
        entry.ceiling_at(level).map_or("none".to_owned(), |p| p.to_yuan().normalize().to_string())
    };
    let [employee, resident] = entry.share;
    let scope = [
        (entry.scope.employee, "employee"),
        (entry.scope.resident, "resident"),
        (entry.scope.maternity, "maternity"),
    ];
    let scope: Vec<&str> = scope.iter().filter(|(holds, _)| *holds).map(|(_, n)| *n).collect();
    let rule = image.rules().rule(entry.rule);
    vec![
        ("to", if entry.valid.to == Day::MAX { "open".into() } else { entry.valid.to.to_string() }),
        ("name", text.name.to_owned()),
        ("list", list_name(entry.list).to_owned()),
        ("class", class_name(entry.class).to_owned()),
        ("charge_type", format!("{:02}", text.charge_type)),
        ("share_employee", employee.to_string()),
        ("share_resident", resident.to_string()),
        ("scope", if scope.is_empty() { "none".into() } else { scope.join("|") }),
        ("ceiling_l1", ceiling(Level::First)),
        ("ceiling_l2", ceiling(Level::Second)),
        ("ceiling_l3", ceiling(Level::Third)),
        ("price_mark", format!("{:?}", text.price_mark).to_lowercase()),
        ("tag", image.tag_name(entry.tag).unwrap_or("none").to_owned()),
        ("conditions", crate::word::conditions(image, rule)),
        ("edits", crate::word::edits(image, rule)),
        ("groups", crate::word::groups(image, rule)),
        ("code_status", format!("{:?}", text.status).to_lowercase()),
        ("source", text.source.to_owned()),
    ]
}

fn days(span: Span) -> String {
    let to = if span.to == Day::MAX { "on".to_owned() } else { format!("until {}", span.to) };
    format!("from {} {to}", span.from)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
