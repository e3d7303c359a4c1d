//! Sources of national size from a seed: realistic in number, shape and mix, and nobody's data. All
//! codes carry the letter Q where no real code has it.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use crate::random::Random;
use crate::source::Source;

/// How many rows of each kind to make.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Sizes {
    /// Codes of drugs: western, patent and herbal.
    pub drugs: u32,
    /// Codes of service items.
    pub services: u32,
    /// Codes of consumables.
    pub consumables: u32,
    /// Diagnoses.
    pub diagnoses: u32,
    /// Facilities.
    pub facilities: u32,
}

impl Sizes {
    /// About the size of the national catalogues.
    pub const NATIONAL: Sizes = Sizes {
        drugs: 200_000,
        services: 20_000,
        consumables: 150_000,
        diagnoses: 33_000,
        facilities: 50_000,
    };
}

const ENTRY_HEADING: &str = "code,code_status,name,list,charge_type,class,share_employee,\
    share_resident,ceiling_l1,ceiling_l2,ceiling_l3,price_mark,tag,from,to,source\n";

/// Divisions that get facilities: the three places that have packs, and the rest of the nation.
const DIVISIONS: &[&str] =
    &["630103", "630104", "530111", "530102", "370811", "370830", "110105", "440106", "510107"];

/// The sources of a national base. The same seed and sizes give the same bytes, always.
pub fn generate(seed: u64, sizes: Sizes) -> Vec<Source> {
    let mut rules = RuleFiles::new();
    let mut sources = vec![
        drugs(seed, sizes.drugs, sizes.diagnoses > 0, &mut rules),
        services(seed, sizes.services, &mut rules),
        consumables(seed, sizes.consumables),
        diagnoses(sizes.diagnoses),
        facilities(seed, sizes.facilities),
    ];
    let shares = "list,tag,share_employee,share_resident,source\n\
                  any,,0.1,0.1,generated\nconsumable,,0.2,0.2,generated\n";
    sources.push(file("shares.csv", shares.to_owned()));
    sources.push(file("restrictions.csv", rules.restrictions));
    sources.push(file("groups.csv", rules.groups));
    sources.push(file("edits.csv", rules.edits));
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Writes sources into a folder, which is made where it is missing.
pub fn write_sources(sources: &[Source], folder: &Path) -> io::Result<()> {
    for source in sources {
        let path = folder.join(&source.path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, &source.bytes)?;
    }
    Ok(())
}

fn file(name: &str, text: String) -> Source {
    Source { path: format!("national/{name}"), bytes: text.into_bytes() }
}

/// What drugs and services add to the rule files.
struct RuleFiles {
    restrictions: String,
    groups: String,
    edits: String,
}

impl RuleFiles {
    fn new() -> RuleFiles {
        RuleFiles {
            restrictions: "code,conditions,source\n".to_owned(),
            groups: "group,code,source\n".to_owned(),
            edits: "code,edit,window,outcome,source\n".to_owned(),
        }
    }
}

/// What a row has beside its code and name.
struct Terms<'a> {
    list: &'a str,
    charge_type: u8,
    class: &'a str,
    tag: &'a str,
    /// The most in fen that a third-level facility may ask; nought is no ceiling.
    ceiling_fen: u64,
}

/// Appends a code with its periods: most have one, three in a hundred two to four.
fn push(text: &mut String, random: &mut Random, code: &str, name: &str, terms: &Terms<'_>) {
    let periods = if random.percent(3) { 2 + random.below(3) } else { 1 };
    for period in 0..periods {
        let from = 2021 + period;
        let to = if period + 1 == periods { String::new() } else { format!("{}-01-01", from + 1) };
        let fen = terms.ceiling_fen * (100 - 5 * period) / 100;
        let ceilings = if terms.ceiling_fen == 0 {
            ",,,".to_owned()
        } else {
            let yuan = |fen: u64| format!("{}.{:02}", fen / 100, fen % 100);
            format!("{},{},{},plausible", yuan(fen * 8 / 10), yuan(fen * 9 / 10), yuan(fen))
        };
        let Terms { list, charge_type, class, tag, .. } = terms;
        push_line(
            text,
            format_args!(
                "{code},shape,{name},{list},{charge_type},{class},,,{ceilings},{tag},\
                 {from}-01-01,{to},generated"
            ),
        );
    }
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a String takes all that is written to it");
    text.push('\n');
}

/// Four in ten 甲, five 乙, one 丙, about as in the lists with their many local rows.
fn class(random: &mut Random) -> &'static str {
    match random.below(10) {
        0..=3 => "甲",
        4..=8 => "乙",
        _ => "丙",
    }
}

fn drugs(seed: u64, count: u32, diagnoses: bool, rules: &mut RuleFiles) -> Source {
    const STEMS: &[&str] =
        &["头孢", "沙坦", "洛韦", "他汀", "地平", "西林", "替尼", "单抗", "列净"];
    const FORMS: &[&str] = &["片", "胶囊", "注射液", "颗粒", "口服液", "缓释片", "滴眼液"];
    const CONDITIONS: &[&str] = &[
        "level>=2",
        "setting=inpatient",
        "age<14",
        "age>=18",
        "sex=F",
        "indication!",
        "after-failure!;level>=2",
        "days<=14",
        "per-visit<=10",
        "scheme=employee",
    ];
    let mut random = Random::new(seed ^ 1);
    let mut text = ENTRY_HEADING.to_owned();
    for n in 0..count {
        let (prefix, list, charge_type) = match n % 20 {
            0..=13 => ("XQ", "western", 9),
            14..=18 => ("ZQ", "patent", 11),
            _ => ("TQ", "herbal", 10),
        };
        let digits = if prefix == "XQ" { 21 } else { 18 };
        let code = format!("{prefix}{:0digits$}", spread(u64::from(n)));
        let name = format!("{}{}{n}", random.of(STEMS), random.of(FORMS));
        let class = class(&mut random);
        let tag = match random.below(20) {
            0..=3 if class == "甲" => "essential",
            4 if class == "乙" => "negotiated",
            _ => "",
        };
        // Prices of a few mao to some thousand yuan, the cheap ones more often.
        let magnitude = random.below(6);
        let ceiling_fen = if random.percent(70) {
            (random.below(90) + 10) * 8_u64.pow(u32::try_from(magnitude).unwrap_or(0))
        } else {
            0
        };
        push(
            &mut text,
            &mut random,
            &code,
            &name,
            &Terms { list, charge_type, class, tag, ceiling_fen },
        );
        if random.percent(4) {
            let conditions = match random.below(4) {
                0 if diagnoses => {
                    let from = char::from(b'A' + u8::try_from(random.below(26)).unwrap_or(0));
                    format!("diagnosis={from}00")
                }
                _ => (*random.of(CONDITIONS)).to_owned(),
            };
            push_line(&mut rules.restrictions, format_args!("{code},{conditions},generated"));
        }
    }
    file("drugs.csv", text)
}

/// Neighbours in number apart in code, as real codes are: a bijection of the numbers below 10⁹.
fn spread(n: u64) -> u64 {
    n * 370_370_369 % 1_000_000_007
}

fn services(seed: u64, count: u32, rules: &mut RuleFiles) -> Source {
    const NAMES: &[&str] = &["检查", "化验", "手术", "治疗", "护理", "置换术", "造影", "监测"];
    const CHARGES: &[u8] = &[1, 2, 3, 4, 5, 6, 7];
    let mut random = Random::new(seed ^ 2);
    let mut text = ENTRY_HEADING.to_owned();
    for n in 0..count {
        let code = format!("Q{:014}", spread(u64::from(n)));
        let name = format!("{}{n}", random.of(NAMES));
        let terms = Terms {
            list: "service",
            charge_type: *random.of(CHARGES),
            class: class(&mut random),
            tag: if random.percent(1) { "dialysis" } else { "" },
            ceiling_fen: (random.below(2_000) + 1) * 100,
        };
        push(&mut text, &mut random, &code, &name, &terms);
        match random.below(50) {
            0 => push_line(&mut rules.edits, format_args!("{code},more-than=1,day,cut,generated")),
            1 => push_line(&mut rules.groups, format_args!("one-of-{},{code},generated", n % 40)),
            2 => {
                let group = n % 40;
                push_line(&mut rules.groups, format_args!("one-of-{group},{code},generated"));
                push_line(
                    &mut rules.edits,
                    format_args!("{code},exclusive=one-of-{group},day,facility,generated"),
                );
            }
            _ => {}
        }
    }
    file("services.csv", text)
}

fn consumables(seed: u64, count: u32) -> Source {
    const NAMES: &[&str] = &["导管", "支架", "缝线", "敷料", "注射器", "人工关节", "钢板", "球囊"];
    let mut random = Random::new(seed ^ 3);
    let mut text = ENTRY_HEADING.to_owned();
    for n in 0..count {
        let code = format!("CQ{:018}", spread(u64::from(n)));
        let name = format!("一次性{}{n}", random.of(NAMES));
        let tag = match random.below(10) {
            0 => "implant-imported",
            1 | 2 => "implant-domestic",
            _ => "",
        };
        let terms = Terms {
            list: "consumable",
            charge_type: 8,
            class: class(&mut random),
            tag,
            ceiling_fen: if random.percent(50) { (random.below(5_000) + 1) * 100 } else { 0 },
        };
        push(&mut text, &mut random, &code, &name, &terms);
    }
    file("consumables.csv", text)
}

/// Spread over all letters and two-digit groups, so that every range of prefixes has some.
fn diagnoses(count: u32) -> Source {
    let mut text = "code,code_status,name,source\n".to_owned();
    for n in 0..count {
        let letter = char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
        let (group, number) = (n / 26 % 100, n / 2600);
        push_line(
            &mut text,
            format_args!("{letter}{group:02}.{number:03}Q,shape,诊断{n},generated"),
        );
    }
    file("diagnoses.csv", text)
}

fn facilities(seed: u64, count: u32) -> Source {
    let mut random = Random::new(seed ^ 4);
    let mut text = "code,name,admdvs,kind,hosp_lv,for,from,to\n".to_owned();
    for n in 0..count {
        let division = random.of(DIVISIONS);
        // A third pharmacies; of the others a few third-level and many without a level.
        let (mark, kind, level, purposes) = match random.below(30) {
            0..=9 => ("P", "pharmacy", 11, "pharmacy"),
            10 => ("H", "hospital", 2, "inpatient|outpatient|chronic"),
            11..=13 => ("H", "hospital", 5, "inpatient|outpatient|chronic"),
            14..=19 => ("H", "hospital", 8, "inpatient|outpatient"),
            _ => ("H", "hospital", 11, "outpatient"),
        };
        push_line(
            &mut text,
            format_args!(
                "{mark}{division}Q{n:06},示例机构{n},{division},{kind},{level},{purposes},\
                 2021-01-01,"
            ),
        );
    }
    file("facilities.csv", text)
}
