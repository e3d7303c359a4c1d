//! A list as a file (1301 to 1303, 1305 to 1311): a ZIP of one text, a line a record, tabs between the columns, `null` for what nobody
//! here knows. The columns and what each holds are rows of `fields/columns.csv`.

use std::io::{self, Write};

use yidan_image::{Image, View};
use yidan_pipeline::world::World;
use yidan_settlement::catalogue::{Found, List};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{Admdvs, DiagnosisId, EntryId};

use super::{chrgitm_lv, flag, is_restricted, last_day, rid};
use crate::statement::zip_of;

include!(concat!(env!("OUT_DIR"), "/columns.rs"));

/// A column of a file.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name. The file has no line of names: it is for who reads the table.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds it to the text"))]
    zh: &'static str,
    holds: Holds,
}

/// What of ours stands in a column.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Holds {
    /// Nobody here knows it.
    Nothing,
    Code,
    Name,
    From,
    To,
    Valid,
    Rid,
    Version,
    Restricted,
    Class,
    List,
    Patent,
    Division,
    Remark,
}

/// A list that is downloaded whole.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(crate) enum Listing {
    /// 1301 西药中成药
    Drugs,
    /// 1302 中药饮片
    HerbalPieces,
    /// 1303 医疗机构制剂
    Preparations,
    /// 1305 医疗服务项目
    Services,
    /// 1306 医用耗材
    Consumables,
    /// 1307 疾病与诊断
    Diagnoses,
    /// 1308 手术操作: no image has any
    Operations,
    /// 1309 门诊慢特病种
    ChronicDiseases,
    /// 1310 按病种付费病种: no image has any
    CaseDiseases,
    /// 1311 日间手术治疗病种: no image has any
    DaySurgery,
}

/// What is known of a record.
struct Record<'a> {
    code: &'a str,
    name: &'a str,
    /// When it holds, where that is known.
    valid: Option<Span>,
    /// `chrgitm_lv`, of what stands in the national list.
    class: Option<&'static str>,
    list: Option<List>,
    restricted: bool,
    /// Where alone it is known, where it is not national.
    division: Option<&'a str>,
    remark: Option<String>,
}

impl Listing {
    #[cfg(test)]
    pub(crate) const ALL: [Listing; 10] = [
        Listing::Drugs,
        Listing::HerbalPieces,
        Listing::Preparations,
        Listing::Services,
        Listing::Consumables,
        Listing::Diagnoses,
        Listing::Operations,
        Listing::ChronicDiseases,
        Listing::CaseDiseases,
        Listing::DaySurgery,
    ];

    /// The transaction that it is downloaded by.
    pub(crate) fn infno(self) -> &'static str {
        match self {
            Listing::Drugs => "1301",
            Listing::HerbalPieces => "1302",
            Listing::Preparations => "1303",
            Listing::Services => "1305",
            Listing::Consumables => "1306",
            Listing::Diagnoses => "1307",
            Listing::Operations => "1308",
            Listing::ChronicDiseases => "1309",
            Listing::CaseDiseases => "1310",
            Listing::DaySurgery => "1311",
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Listing::Drugs => C1301,
            Listing::HerbalPieces => C1302,
            Listing::Preparations => C1303,
            Listing::Services => C1305,
            Listing::Consumables => C1306,
            Listing::Diagnoses => C1307,
            Listing::Operations => C1308,
            Listing::ChronicDiseases => C1309,
            Listing::CaseDiseases => C1310,
            Listing::DaySurgery => C1311,
        }
    }

    /// The one that entries of a list of the image stand in.
    fn of(list: List) -> Listing {
        match list {
            List::WesternDrug | List::PatentMedicine => Listing::Drugs,
            List::HerbalPiece => Listing::HerbalPieces,
            List::InHousePreparation => Listing::Preparations,
            List::Service => Listing::Services,
            List::Consumable => Listing::Consumables,
        }
    }

    /// The version of the list: the newest day that an entry of the image begins on, and what tells this image from another. `F001_` as
    /// platforms write it; a time of day would make it longer than its field.
    pub(crate) fn version(self, world: &World, newest: Day) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[GENERATION]);
        hasher.update(&world.image().map_or([0; 32], |image| image.digest()));
        if self == Listing::ChronicDiseases {
            let mut packs: Vec<[u8; 32]> =
                world.packs().iter().map(|loaded| loaded.pack.data().digest).collect();
            packs.sort_unstable();
            for digest in packs {
                hasher.update(&digest);
            }
        }
        let digest = hasher.finalize().to_hex();
        let day: String = newest.to_string().chars().filter(char::is_ascii_digit).collect();
        format!("F001_{day}_{}", &digest[..6])
    }

    /// The file's name, without `.zip`.
    pub(crate) fn file_name(self, version: &str) -> String {
        format!("{}_{version}.txt", self.infno())
    }

    /// The file, packed, and how many records it has. The same image and packs give the same bytes.
    ///
    /// # Errors
    /// Never as we use it: it is written to memory.
    pub(crate) fn file(self, world: &World, version: &str) -> io::Result<(Vec<u8>, u64)> {
        let mut rows = 0;
        let zipped = zip_of(&self.file_name(version), |to| {
            rows = self.write(world, version, to)?;
            Ok(())
        });
        Ok((zipped?, rows))
    }

    /// A file without a record, for who has this version already.
    ///
    /// # Errors
    /// Never as we use it: it is written to memory.
    pub(crate) fn empty_file(self, version: &str) -> io::Result<Vec<u8>> {
        Ok(zip_of(&self.file_name(version), |_| Ok(()))?)
    }

    fn write(self, world: &World, version: &str, to: &mut dyn Write) -> io::Result<u64> {
        let mut lines = Lines { listing: self, version, to, text: String::new(), count: 0 };
        match self {
            Listing::Drugs
            | Listing::HerbalPieces
            | Listing::Preparations
            | Listing::Services
            | Listing::Consumables => lines.entries(world)?,
            Listing::Diagnoses => lines.diagnoses(world)?,
            Listing::ChronicDiseases => lines.chronic_diseases(world)?,
            Listing::Operations | Listing::CaseDiseases | Listing::DaySurgery => {}
        }
        Ok(lines.count)
    }
}

/// Counts up where the same image is written otherwise, so that who has the old file fetches the new one.
const GENERATION: u8 = 1;

/// The newest day on which an entry of an image begins. Walks all entries: not for a hot path.
pub(super) fn newest(world: &World) -> Day {
    let views = world.image().into_iter().flat_map(|image| {
        let regions = image.regions().iter();
        regions.filter_map(|admdvs| image.region(*admdvs))
    });
    let days = views.flat_map(|view| {
        let entries = view.ids().filter_map(move |id| view.entry(id));
        entries.map(|entry| entry.valid.from)
    });
    days.max().unwrap_or(Day::MIN)
}

/// Where the lines of a file go.
struct Lines<'w> {
    listing: Listing,
    version: &'w str,
    to: &'w mut dyn Write,
    /// The line that is being made.
    text: String,
    count: u64,
}

impl Lines<'_> {
    /// The national entries of the list, then what a region alone has. What a region only changes of a national entry is no matter of
    /// the list: 1312, 1318 and 1319 tell it.
    fn entries(&mut self, world: &World) -> io::Result<()> {
        let Some(image) = world.image() else { return Ok(()) };
        let mut before: Vec<View<'_>> = Vec::new();
        for admdvs in image.regions() {
            let Some(view) = image.region(*admdvs) else { continue };
            let known = |code: &str| {
                before.iter().any(|view| match view.look_up(code.as_bytes(), Day::MIN) {
                    Found::Unknown => false,
                    Found::NotInForce | Found::Entry(_) => true,
                })
            };
            let mut ids: Vec<EntryId> = view.ids().collect();
            ids.retain(|id| {
                let ours = |list| Listing::of(list) == self.listing;
                view.entry(*id).is_some_and(|entry| ours(entry.list))
                    && view.entry_text(*id).is_some_and(|text| !known(text.code))
            });
            // The order of the image's table says nothing to a person.
            ids.sort_by_cached_key(|id| {
                let code = view.entry_text(*id).map(|text| text.code);
                (code, view.entry(*id).map(|entry| entry.valid.from))
            });
            let local = !before.is_empty();
            for id in ids {
                self.entry(image, view, id, local.then_some(*admdvs))?;
            }
            before.push(view);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        image: &Image,
        view: View<'_>,
        id: EntryId,
        local: Option<Admdvs>,
    ) -> io::Result<()> {
        let (Some(entry), Some(text)) = (view.entry(id), view.entry_text(id)) else {
            return Ok(());
        };
        let division = local.map(|admdvs| admdvs.to_string());
        self.line(&Record {
            code: text.code,
            name: text.name,
            valid: Some(entry.valid),
            class: local.is_none().then(|| chrgitm_lv(entry.class)),
            list: Some(entry.list),
            restricted: is_restricted(image, &entry),
            division: division.as_deref(),
            remark: division.as_ref().map(|division| format!("地方目录{division}")),
        })
    }

    fn diagnoses(&mut self, world: &World) -> io::Result<()> {
        let Some(image) = world.image() else { return Ok(()) };
        let ids = (0..image.diagnoses_len()).filter_map(|place| u32::try_from(place).ok());
        for text in ids.filter_map(|id| image.diagnosis_text(DiagnosisId::new(id))) {
            if !is_chronic(text.code) {
                self.line(&Record::named(text.code, text.name))?;
            }
        }
        Ok(())
    }

    /// Of each pool its own: what is a chronic disease in one is none in another.
    fn chronic_diseases(&mut self, world: &World) -> io::Result<()> {
        for loaded in world.packs() {
            let data = loaded.pack.data();
            for naming in &data.disease_codes {
                let disease = usize::from(naming.index);
                let Some(name) = data.diseases.get(disease) else { continue };
                // 1 + its place, nought for none.
                let group = data.disease_groups.get(disease).and_then(|one| one.checked_sub(1));
                let group = group.and_then(|one| data.disease_group_names.get(usize::from(one)));
                self.line(&Record {
                    division: Admdvs::parse(&data.pool).is_some().then_some(&data.pool),
                    remark: group.cloned(),
                    ..Record::named(&naming.text, name)
                })?;
            }
        }
        Ok(())
    }

    fn line(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.text.clear();
        for (at, column) in self.listing.columns().iter().enumerate() {
            if at > 0 {
                self.text.push('\t');
            }
            let before = self.text.len();
            self.column(column.holds, record);
            if self.text.len() == before {
                self.text.push_str("null");
            }
        }
        self.text.push_str("\r\n");
        self.count += 1;
        self.to.write_all(self.text.as_bytes())
    }

    fn column(&mut self, holds: Holds, record: &Record<'_>) {
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        match holds {
            Holds::Nothing => {}
            Holds::Code => self.put(record.code),
            Holds::Name => self.put(record.name),
            Holds::From => self.put(&day(record.valid.map(|valid| valid.from))),
            Holds::To => self.put(&day(record.valid.and_then(last_day))),
            // What is taken out is not in the image; what has ended says so by its last day.
            Holds::Valid => self.put("1"),
            Holds::Rid => {
                let from = day(record.valid.map(|valid| valid.from));
                let division = record.division.unwrap_or_default();
                self.put(&rid(self.listing.infno(), &[division, record.code, &from]));
            }
            Holds::Version => self.put(self.version),
            Holds::Restricted => self.put(flag(record.restricted)),
            Holds::Class => self.put(record.class.unwrap_or_default()),
            Holds::List => self.put(record.list.map(list_name).unwrap_or_default()),
            Holds::Patent => self.put(flag(record.list == Some(List::PatentMedicine))),
            Holds::Division => self.put(record.division.unwrap_or_default()),
            Holds::Remark => self.put(record.remark.as_deref().unwrap_or_default()),
        }
    }

    /// A tab or an end of line in a name would be a column or a record.
    fn put(&mut self, text: &str) {
        let letters = text.trim().chars();
        self.text.extend(letters.map(|letter| if letter.is_control() { ' ' } else { letter }));
    }
}

impl<'a> Record<'a> {
    /// One of which no more is known.
    fn named(code: &'a str, name: &'a str) -> Record<'a> {
        Record {
            code,
            name,
            valid: None,
            class: None,
            list: None,
            restricted: false,
            division: None,
            remark: None,
        }
    }
}

/// 药品类别名称
fn list_name(list: List) -> &'static str {
    match list {
        List::WesternDrug => "西药",
        List::PatentMedicine => "中成药",
        List::HerbalPiece => "中药饮片",
        List::InHousePreparation => "自制剂",
        List::Service => "医疗服务项目",
        List::Consumable => "医用耗材",
    }
}

/// Codes of chronic diseases stand among the diagnoses of an image, as restrictions name them. They are M and five digits, where a code
/// of the ICD has a dot behind the third.
fn is_chronic(code: &str) -> bool {
    let digits = code.strip_prefix('M').unwrap_or_default();
    digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests;
