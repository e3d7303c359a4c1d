//! The catalogue as a hospital fetches it over the program's port: whole lists by 1301 to 1311 and 9102, entries page by page by 1304
//! 1312 1316 1318 1319.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use serde_json::{Value, json};
use zip::ZipArchive;

use crate::program::{Folder, run};
use crate::serve::{HOSPITAL, His, OTHER_HOSPITAL, Served, made_town};
use crate::statements::download_of;

/// The lists, and how many columns each has.
const LISTS: [(&str, usize); 10] = [
    ("1301", 97),
    ("1302", 33),
    ("1303", 83),
    ("1305", 19),
    ("1306", 71),
    ("1307", 24),
    ("1308", 24),
    ("1309", 16),
    ("1310", 15),
    ("1311", 15),
];

fn listed(his: &His<'_>, infno: &str, ver: &str) -> Value {
    his.done(infno, json!({ "data": { "ver": ver } }))
}

fn number(answer: &Value) -> &str {
    answer["file_qury_no"].as_str().expect("a number")
}

/// The rows of a list's file, in columns.
fn fetched(his: &His<'_>, answer: &Value) -> Vec<Vec<String>> {
    let bytes = download_of(his, "plc", number(answer)).expect("a file");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    assert_eq!(archive.len(), 1);
    let mut file = archive.by_index(0).expect("one file");
    assert_eq!(
        Some(format!("{}.zip", file.name().expect("a name")).as_str()),
        answer["filename"].as_str()
    );
    let mut text = String::new();
    file.read_to_string(&mut text).expect("text");
    let rows: Vec<Vec<String>> =
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert_eq!(json!(rows.len()), answer["data_cnt"]);
    rows
}

/// What is asked of a page, besides what every page is asked.
fn asked(more: &Value, page_num: i64, page_size: i64) -> Value {
    let mut data = json!({
        "updt_time": "2020-01-01", "page_num": page_num, "page_size": page_size,
    });
    for (name, value) in more.as_object().expect("conditions") {
        data[name] = value.clone();
    }
    json!({ "data": data })
}

fn page(his: &His<'_>, infno: &str, more: &Value, page_num: i64, page_size: i64) -> Value {
    his.done(infno, asked(more, page_num, page_size))
}

fn rows(page: &Value) -> &[Value] {
    let rows = page["data"].as_array().expect("rows");
    assert_eq!(page["size"], json!(rows.len()));
    rows
}

/// Whatever conditions take, in one page.
fn found(his: &His<'_>, infno: &str, more: Value) -> Vec<Value> {
    let page = page(his, infno, &more, 1, 1_000);
    assert_eq!(page["recordCounts"], page["size"], "{more}");
    rows(&page).to_vec()
}

fn texts<'v>(rows: &'v [Value], name: &str) -> BTreeSet<&'v str> {
    rows.iter().map(|row| row[name].as_str().expect("a text")).collect()
}

#[test]
fn a_list_is_fetched_whole_once_and_then_only_when_it_is_another() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let drugs = listed(&his, "1301", "v0000");
    let rows = fetched(&his, &drugs);
    assert!(rows.len() > 300 && rows.iter().all(|row| row.len() == 97), "{}", rows.len());
    let row = |code: &str| rows.iter().find(|row| row[0] == code).expect("it is there");
    let amoxicillin = row("QXJ01CA0001");
    let cell = |at: usize| amoxicillin[at - 1].as_str();
    assert_eq!((cell(4), cell(13), cell(92)), ("阿莫西林口服常释剂型", "西药", "01"));
    assert_eq!((cell(37), cell(38), cell(79)), ("2020-01-01", "null", "1"));
    // A drug with a restriction says so.
    assert_eq!((row("QXL01FD0001")[57].as_str(), cell(58)), ("1", "0"));
    let classes: BTreeSet<&str> = rows.iter().map(|row| row[91].as_str()).collect();
    assert_eq!(classes, ["01", "02", "03"].into());
    let records: BTreeSet<&str> = rows.iter().map(|row| row[79].as_str()).collect();
    assert_eq!(records.len(), rows.len());

    // The file is everybody's and the same, also under any other old version.
    let others = listed(&served.at(OTHER_HOSPITAL), "1301", "v0000");
    assert_eq!(others, drugs);
    assert_eq!(listed(&his, "1301", "F001_20210806_000000"), drugs);
    download_of(&served.at(OTHER_HOSPITAL), OTHER_HOSPITAL, number(&drugs))
        .expect("also by its code");
    // Who has it gets nothing more.
    let version = cell(83);
    assert!(version.len() <= 20 && rows.iter().all(|row| row[82] == version), "{version}");
    let none = listed(&his, "1301", version);
    assert_eq!(none["data_cnt"], 0);
    assert!(fetched(&his, &none).is_empty());
    assert_eq!(listed(&his, "1301", version), none);
}

#[test]
fn every_list_is_told_and_a_list_without_records_is_an_empty_file() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let all: Vec<Vec<Vec<String>>> = LISTS
        .iter()
        .map(|(infno, columns)| {
            let answer = listed(&his, infno, "v0000");
            assert!(answer["dld_end_time"].as_str().is_some_and(|time| time.len() == 19));
            let rows = fetched(&his, &answer);
            assert!(rows.iter().all(|row| row.len() == *columns), "{infno}");
            rows
        })
        .collect();
    let of = |infno: &str| {
        let place = LISTS.iter().position(|(other, _)| *other == infno).expect("a list");
        &all[place]
    };
    let has = |infno: &str, at: usize, code: &str| of(infno).iter().any(|row| row[at - 1] == code);
    assert!(of("1302").len() > 40 && !has("1302", 1, "QXJ01CA0001"));
    // What a region alone has is there and says which.
    let local = of("1303").iter().find(|row| row[0] == "QY630001").expect("it is there");
    assert_eq!((local[52].as_str(), local[80].as_str()), ("二十五味鬼臼丸（院内制剂）", "630100"));
    assert!(has("1305", 1, "001102000010000"));
    let bath = of("1305").iter().find(|row| row[0] == "QS63000001").expect("it is there");
    assert_eq!(bath[7], "地方目录630100");
    // What a region only changes is there once.
    assert_eq!(of("1305").iter().filter(|row| row[0] == "QS120300001").count(), 1);
    assert!(has("1306", 1, "QC0001"));
    assert!(has("1307", 11, "A09.9") && !has("1307", 11, "M03900"));
    let chronic = of("1309").iter().find(|row| row[0] == "M03900" && row[3] == "370800");
    let chronic = chronic.expect("it is there");
    assert_eq!((chronic[14].as_str(), chronic[4].as_str()), ("高血压", "乙类"));
    for none in ["1308", "1310", "1311"] {
        assert!(of(none).is_empty(), "{none}");
    }
}

#[test]
fn the_same_image_gives_the_same_files_after_a_start_and_another_one_another_version() {
    let folder = tempfile::tempdir().expect("a folder");
    made_town(folder.path());
    let journal = folder.path().to_str().expect("a path");
    let list = |arguments: &[&str]| {
        let served = Served::start(arguments);
        let his = served.at(HOSPITAL);
        let answer = listed(&his, "1306", "v0000");
        let rows = fetched(&his, &answer);
        (answer, rows[0][69].clone())
    };
    let (first, version) = list(&[journal]);
    assert_eq!(list(&[journal]), (first.clone(), version.clone()));
    let other = Folder::new();
    let image = other.path("other.img");
    let sizes = ["--drugs", "50", "--services", "50", "--consumables", "50", "--diagnoses", "50"];
    let made =
        run(&[&["catalog", "generate", "-o", &image, "--facilities", "5"], &sizes[..]].concat());
    assert_eq!(made.code, Some(0), "{}", made.err);
    let (second, another) = list(&[journal, "--catalog", &image]);
    assert_ne!((number(&second), &another), (number(&first), &version));
}

#[test]
fn pages_have_every_row_once_whatever_their_size() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let none = json!({});
    for infno in ["1312", "1316", "1318", "1319"] {
        let first = page(&his, infno, &none, 1, 100);
        let (total, pages) = (&first["recordCounts"], &first["pages"]);
        let (total, pages) = (total.as_i64().expect("a count"), pages.as_i64().expect("a count"));
        assert!(total > 100, "{infno}: {total}");
        assert_eq!(pages, (total + 99) / 100);
        let mut all = Vec::new();
        for one in 1..=pages {
            let page = page(&his, infno, &none, one, 100);
            assert_eq!((&page["recordCounts"], &page["pages"]), (&json!(total), &json!(pages)));
            assert_eq!(
                (&page["firstPage"], &page["lastPage"]),
                (&json!(one == 1), &json!(one == pages))
            );
            assert_eq!(
                (&page["pageNum"], &page["startRow"]),
                (&json!(one), &json!((one - 1) * 100 + 1))
            );
            all.extend_from_slice(rows(&page));
        }
        assert_eq!(i64::try_from(all.len()), Ok(total));
        assert_eq!(i64::try_from(texts(&all, "rid").len()), Ok(total), "{infno}");
        // As many as one client asks for: at most 2,000 are answered, and counted as pages of so many.
        let large = page(&his, infno, &none, 1, 2_147_483_647);
        assert_eq!(
            (&large["pageSize"], &large["pages"]),
            (&json!(2_000), &json!((total + 1_999) / 2_000))
        );
        assert_eq!(rows(&large), &all[..all.len().min(2_000)], "{infno}");
        let beyond = page(&his, infno, &none, pages + 1, 100);
        assert!(rows(&beyond).is_empty() && beyond["recordCounts"] == json!(total), "{infno}");
        his.refused(infno, asked(&none, 1, 0), 466);
    }
    let ethnic = page(&his, "1304", &none, 1, 2_147_483_647);
    assert!(rows(&ethnic).is_empty() && ethnic["recordCounts"] == 0 && ethnic["pages"] == 0);
}

#[test]
fn conditions_are_kept_and_those_that_cannot_be_are_refused() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let one = found(&his, "1312", json!({ "hilist_code": "QXL01FD0001" }));
    assert_eq!(one.len(), 1);
    for (name, value) in [
        ("hilist_code", "QXL01FD0001"),
        ("chrgitm_lv", "02"),
        ("med_chrgitm_type", "09"),
        ("list_type", "101"),
        ("lmt_used_flag", "1"),
        ("med_use_flag", "1"),
        ("vali_flag", "1"),
        ("begndate", "2020-01-01"),
        ("insu_admdvs", "000000"),
    ] {
        assert_eq!(one[0][name], value, "{}", one[0]);
    }
    let named = found(&his, "1312", json!({ "hilist_name": "阿莫西林", "chrgitm_lv": "01" }));
    assert!(
        !named.is_empty()
            && named.iter().all(|row| {
                row["hilist_name"].as_str().is_some_and(|name| name.contains("阿莫西林"))
                    && row["chrgitm_lv"] == "01"
            })
    );
    let herbs = found(&his, "1312", json!({ "list_type": "102", "vali_flag": "1" }));
    assert_eq!(texts(&herbs, "med_chrgitm_type"), ["10"].into());
    assert_eq!(
        found(&his, "1312", json!({ "list_type": "102", "vali_flag": "0" })),
        [] as [Value; 0]
    );
    assert!(found(&his, "1312", json!({ "query_date": "2019-12-31" })).is_empty());
    let herbs = herbs.len();
    assert_eq!(found(&his, "1316", json!({ "list_type": "102" })).len(), herbs);
    let pair = |medical: &str, insured: &str| {
        found(&his, "1316", json!({ "med_list_codg": medical, "hilist_code": insured })).len()
    };
    assert_eq!((pair("QC0001", "QC0001"), pair("QC0001", ""), pair("QC0001", "QC0002")), (1, 1, 0));
    let ceilings = found(&his, "1318", json!({ "hilist_code": "QC0001" }));
    let told: BTreeSet<(&str, String)> = ceilings
        .iter()
        .map(|row| {
            let level = row["hilist_lmtpric_type"].as_str().expect("a level");
            (level, row["hilist_pric_uplmt_amt"].to_string())
        })
        .collect();
    let row = |level, price: &str| (level, price.to_owned());
    assert_eq!(told, [row("1", "2.0"), row("2", "3.0"), row("3", "4.0")].into());
    let rid = ceilings[0]["rid"].clone();
    assert_eq!(found(&his, "1318", json!({ "rid": rid })), ceilings[..1]);
    for (infno, name) in [
        ("1312", "wubi"),
        ("1312", "hilist_use_type"),
        ("1318", "overlmt_dspo_way"),
        ("1319", "tabname"),
    ] {
        his.refused(infno, asked(&json!({ name: "1" }), 1, 10), 466);
        assert_eq!(page(&his, infno, &json!({ name: "" }), 1, 10)["size"], 10, "{infno} {name}");
    }
    his.refused("1312", asked(&json!({ "insu_admdvs": "63" }), 1, 10), 466);
}

#[test]
fn a_division_is_told_the_catalogue_of_its_pool() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let ceilings = |place: &str| {
        let more = json!({ "hilist_code": "QS120300001", "insu_admdvs": place });
        let rows = found(&his, "1318", more);
        let prices: BTreeSet<String> =
            rows.iter().map(|row| row["hilist_pric_uplmt_amt"].to_string()).collect();
        let pools: BTreeSet<String> =
            rows.iter().map(|row| row["poolarea_no"].to_string()).collect();
        (prices, pools)
    };
    let plateau: BTreeSet<String> = ["4.0", "5.0", "6.0"].map(str::to_owned).into();
    let national = ceilings("");
    assert_eq!(national.1, ["null".to_owned()].into());
    // A district is told its city's.
    for place in ["630100", "630103"] {
        assert_eq!(ceilings(place), (plateau.clone(), ["\"630100\"".to_owned()].into()), "{place}");
    }
    assert_ne!(national.0, plateau);
    // A place without a catalogue of its own is told the national one.
    assert_eq!(ceilings("210100"), national);
    let shares = |more: Value| {
        let rows = found(&his, "1319", more);
        let told = rows.iter().map(|row| {
            let person = row["selfpay_prop_psn_type"].as_str().expect("a family").to_owned();
            (person, row["selfpay_prop"].to_string())
        });
        told.collect::<BTreeSet<(String, String)>>()
    };
    let share = |person: &str, share: &str| (person.to_owned(), share.to_owned());
    let of = |place: &str| json!({ "hilist_code": "QXB05BA0002", "insu_admdvs": place });
    assert_ne!(shares(of("370800")), shares(of("")));
    let mut then = of("370800");
    then["query_date"] = json!("2023-01-01");
    then["selfpay_prop_psn_type"] = json!("390");
    assert_eq!(shares(then), [share("390", "0.05")].into());
    // What only a pool has is found there alone, also by the pool's own number.
    let local = |name: &str, place: &str| {
        let more = json!({ "hilist_code": "QY630001", name: place });
        found(&his, "1319", more).len()
    };
    assert_eq!((local("insu_admdvs", "630103"), local("insu_admdvs", "")), (2, 0));
    assert_eq!((local("poolarea_no", "630100"), local("insu_admdvs", "370800")), (2, 0));
}
