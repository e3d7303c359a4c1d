//! A day's end at a hospital: totals compared (3201), a statement sent (9101), compared line by line (3202), and what came of it fetched
//! (9102), over the program's port.

use std::io::{Cursor, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::serve::{HOSPITAL, His, OTHER_HOSPITAL, Person, Served, fen, made_town, settling};

/// A settlement as the hospital booked it.
#[derive(Clone, Debug)]
struct Booked {
    setl_id: String,
    mdtrt_id: String,
    psn_no: String,
    msgid: String,
    total: i64,
    fund: i64,
    account: i64,
    clr_type: String,
    day: String,
}

fn settle(his: &His<'_>, person: &Person, batch: &str) -> Booked {
    let mdtrt_id = his.outpatient(person, batch);
    let msgid = his.msgid();
    let asked = settling(person, &mdtrt_id, batch, "100.00");
    let answer = his.call_as("2207", &msgid, asked);
    let setlinfo = &answer["output"]["setlinfo"];
    let text =
        |name: &str| setlinfo[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    Booked {
        setl_id: text("setl_id"),
        mdtrt_id,
        psn_no: person.psn_no.clone(),
        msgid,
        total: fen(&setlinfo["medfee_sumamt"]),
        fund: fen(&setlinfo["fund_pay_sumamt"]),
        account: fen(&setlinfo["acct_pay"]),
        clr_type: text("clr_type"),
        day: text("setl_time")[..10].to_owned(),
    }
}

fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

fn totals(booked: &[&Booked], flag: &str) -> Value {
    let sum = |of: fn(&Booked) -> i64| yuan(booked.iter().map(|one| of(one)).sum());
    json!({
        "setl_optins": "630100", "insutype": "310", "clr_type": booked[0].clr_type,
        "stmt_begndate": booked[0].day, "stmt_enddate": booked[0].day,
        "medfee_sumamt": sum(|one| one.total), "fund_pay_sumamt": sum(|one| one.fund),
        "acct_pay": sum(|one| one.account), "cash_payamt": "0",
        "fixmedins_setl_cnt": booked.len(), "refd_setl_flag": flag,
        "fixmedins_refd_setl_flag": "0",
    })
}

fn line(one: &Booked, refund: bool) -> String {
    let Booked { setl_id, mdtrt_id, psn_no, total, fund, account, .. } = one;
    let (total, fund, account) = (yuan(*total), yuan(*fund), yuan(*account));
    let flag = u8::from(refund);
    format!("{setl_id}\t{mdtrt_id}\t{psn_no}\t{total}\t{fund}\t{account}\t{flag}\r\n")
}

pub(crate) fn zipped(text: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("any.txt", SimpleFileOptions::default()).expect("begun");
    writer.write_all(text.as_bytes()).expect("written");
    writer.finish().expect("ended").into_inner()
}

fn upload(his: &His<'_>, bytes: &[u8]) -> String {
    let input = json!({ "fsUploadIn": {
        "in": bytes, "filename": "any.zip", "fixmedins_code": his.hospital,
    } });
    let kept = his.done("9101", input);
    kept["file_qury_no"].as_str().expect("a number").to_owned()
}

/// What a POST is answered, its head and its bytes.
fn post(address: &str, kind: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("connects");
    let head = format!(
        "POST /fsi/api/rsfComIfsService/callService HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).expect("a head of text"), body)
}

fn download(his: &His<'_>, number: &str) -> Result<Vec<u8>, Value> {
    download_of(his, his.hospital, number)
}

/// A file of an institution, or one for all (`plc`).
pub(crate) fn download_of(his: &His<'_>, owner: &str, number: &str) -> Result<Vec<u8>, Value> {
    let input = json!({ "fsDownloadIn": {
        "file_qury_no": number, "filename": "any.zip", "fixmedins_code": owner,
    } });
    let body = his.envelope("9102", &his.msgid(), input).to_string();
    let (head, body) = post(&his.served.calls, "application/json", body.as_bytes());
    if head.contains("application/octet-stream") {
        return Ok(body);
    }
    Err(serde_json::from_slice(&body).expect("JSON"))
}

/// The rows of what 3202 answered, in columns.
fn compared(his: &His<'_>, mut header: Value, file: &str) -> Vec<Vec<String>> {
    header["file_qury_no"] = json!(file);
    let answer = his.done("3202", json!({ "data": header }));
    let number = answer["fileinfo"]["file_qury_no"].as_str().expect("a number");
    let bytes = download(his, number).expect("a file");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    let mut text = String::new();
    archive.by_index(0).expect("one file").read_to_string(&mut text).expect("text");
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn verdict(his: &His<'_>, data: Value) -> (String, String) {
    let answer = his.done("3201", json!({ "data": data }));
    let text = |name: &str| answer["stmtinfo"][name].as_str().expect("a text").to_owned();
    (text("stmt_rslt"), text("stmt_rslt_dscr"))
}

#[test]
fn a_days_statement_is_compared_to_the_fen_and_every_difference_says_what_to_do() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let [one, two, three] = ["B1", "B2", "B3"].map(|batch| settle(&his, &person, batch));
    // One is refunded, the answer to one is lost, and one whose call is reversed is in nobody's books.
    his.done(
        "2208",
        json!({ "data": {
        "setl_id": three.setl_id, "mdtrt_id": three.mdtrt_id, "psn_no": person.psn_no,
    } }),
    );
    let lost = settle(&his, &person, "B4");
    let reversed = settle(&his, &person, "B5");
    let undo = json!({ "data": {
        "psn_no": person.psn_no, "omsgid": reversed.msgid, "oinfno": "2207",
    } });
    his.done("2601", undo);

    let settled = [&one, &two, &three, &lost];
    let (rslt, said) = verdict(&his, totals(&settled, "0"));
    assert_eq!((rslt.as_str(), said.starts_with("平")), ("0", true), "{said}");
    let refund =
        Booked { total: -three.total, fund: -three.fund, account: -three.account, ..three.clone() };
    assert_eq!(verdict(&his, totals(&[&refund], "1")).0, "0");
    assert_eq!(verdict(&his, totals(&[&three], "1")).0, "0", "the same above nought");
    let all = [&one, &two, &three, &lost, &refund];
    assert_eq!(verdict(&his, totals(&all, "")).0, "0");
    // The answer to one was lost: the fund has more, by so much.
    let (rslt, said) = verdict(&his, totals(&[&one, &two, &three], "0"));
    assert_eq!(rslt, "1");
    let more = format!("中心多：中心4笔，总额400.00，基金{}", yuan(4 * one.fund));
    assert!(said.starts_with(&more) && said.contains("1笔，总额100.00"), "{said}");
    // Another hospital has no part in it, and another pool neither.
    let nothing = verdict(&served.at(OTHER_HOSPITAL), totals(&[&one], "0"));
    assert!(nothing.1.starts_with("医药机构多：中心0笔"), "{}", nothing.1);
    let mut elsewhere = totals(&[&one], "0");
    elsewhere["setl_optins"] = json!("530100");
    assert!(verdict(&his, elsewhere).1.starts_with("医药机构多：中心0笔"));

    // Line by line: one is equal, one is wrong, one is unknown to the fund, the lost one is not there, the refund neither.
    let wrong = Booked { fund: two.fund + 1, ..two.clone() };
    let unknown = Booked { setl_id: "987654321".to_owned(), ..one.clone() };
    let mine = [&one, &wrong, &three, &unknown];
    let text: String = mine.iter().map(|one| line(one, false)).collect();
    let file = upload(&his, &zipped(&text));
    let rows = compared(&his, totals(&mine, ""), &file);
    let told: Vec<(&str, &str)> =
        rows.iter().map(|row| (row[2].as_str(), row[6].split('：').next().expect("it"))).collect();
    assert_eq!(
        told,
        [
            (one.setl_id.as_str(), "一致"),
            (two.setl_id.as_str(), "不符"),
            (three.setl_id.as_str(), "一致"),
            ("987654321", "中心无此结算"),
            ("null", "中心已撤销或冲正，医药机构未退"),
            ("null", "医药机构无此结算"),
        ]
    );
    assert!(rows.iter().all(|row| row.len() == 10), "{rows:?}");
    // What to reverse the lost one by stands in its row, and it can be done.
    assert_eq!((rows[5][1].as_str(), rows[5][3].as_str()), ("null", lost.msgid.as_str()));
    let undo = json!({ "data": {
        "psn_no": rows[5][0], "omsgid": rows[5][3], "oinfno": "2207",
    } });
    his.done("2601", undo);
    assert_eq!(verdict(&his, totals(&[&one, &two, &three], "0")).0, "0");
    // With the refund in it, by the settlement's number, all is equal.
    let mine = [&one, &two, &three, &refund];
    let text: String = mine.iter().map(|one| line(one, one.total < 0)).collect();
    let rows = compared(&his, totals(&mine, ""), &upload(&his, &zipped(&text)));
    assert!(rows.len() == 4 && rows.iter().all(|row| row[4] == "0"), "{rows:?}");
}

#[test]
fn files_are_their_institutions_alone_and_bad_ones_are_told_by_their_line() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let one = settle(&his, &person, "B1");
    let good = zipped(&line(&one, false));
    let number = upload(&his, &good);
    assert_eq!(download(&his, &number).expect("it is there"), good);
    let others = download(&served.at(OTHER_HOSPITAL), &number).expect_err("not theirs");
    assert!(others["err_msg"].as_str().is_some_and(|said| said.ends_with("[466]")), "{others}");
    for number in ["", "../secret", "00000000000000000000000000"] {
        download(&his, number).expect_err("no such file");
    }
    // As a form: the message and the file are two parts.
    let input = json!({ "fsUploadIn": { "filename": "a.zip", "fixmedins_code": HOSPITAL } });
    let message = his.envelope("9101", &his.msgid(), input).to_string();
    let mut form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"jsonStr\"\r\n\r\n{message}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(&good);
    form.extend_from_slice(b"\r\n--x--\r\n");
    let (_, body) = post(&served.calls, "multipart/form-data; boundary=x", &form);
    let kept: Value = serde_json::from_slice(&body).expect("JSON");
    let number = kept["output"]["file_qury_no"].as_str().unwrap_or_else(|| panic!("{kept}"));
    assert_eq!(download(&his, number).expect("it is there"), good);
    let (_, body) = post(&served.calls, "multipart/form-data; boundary=x", b"--x--\r\n");
    assert!(String::from_utf8_lossy(&body).contains("[483]"));

    let header = totals(&[&one], "");
    let refused = |bytes: &[u8], words: &str| {
        let mut data = header.clone();
        data["file_qury_no"] = json!(upload(&his, bytes));
        let answer = his.refused("3202", json!({ "data": data }), 481);
        assert!(answer["err_msg"].as_str().is_some_and(|said| said.contains(words)), "{answer}");
    };
    refused(b"no zip", "不是ZIP");
    refused(&zipped("1\t2\t3\r\n"), "第1行：应有7列");
    refused(&zipped(&format!("{}x\ty\tz\tmuch\t1\t1\t0", line(&one, false))), "第2行：金额");
    refused(&zipped(&line(&one, false).repeat(2)), "文件合计2笔200.00");
    refused(&zipped(&"0".repeat((64 << 20) + 1)), "超过64MB");
    let mut backwards = header.clone();
    (backwards["stmt_begndate"], backwards["stmt_enddate"]) =
        (json!("2026-03-02"), json!("2026-03-01"));
    his.refused("3201", json!({ "data": backwards }), 466);
    let mut long = header;
    long["stmt_begndate"] = json!("2024-01-01");
    his.refused("3201", json!({ "data": long }), 466);
}

#[test]
fn books_follow_the_journal_over_a_kill_and_are_made_anew_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = made_town(folder.path());
    let arguments = [folder.path().to_str().expect("a path")];
    let served = Served::start(&arguments);
    let person = made[0].clone();
    let first = settle(&served.at(HOSPITAL), &person, "B1");
    assert_eq!(verdict(&served.at(HOSPITAL), totals(&[&first], "0")).0, "0");
    let second = settle(&served.at(HOSPITAL), &person, "B2");
    drop(served);
    for damage in [false, true] {
        if damage {
            std::fs::remove_file(folder.path().join("statements.redb")).expect("it was there");
        }
        let served = Served::start(&arguments);
        let (rslt, said) = verdict(&served.at(HOSPITAL), totals(&[&first, &second], "0"));
        assert_eq!(rslt, "0", "{said}");
    }
}
