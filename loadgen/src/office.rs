//! What is asked beside the visits: the codes of the catalogue before them (1312), and at the end the statement of every facility
//! (3201), with the settlements by which it differs (9101, 3202, 9102).

use std::io::{Cursor, Read, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::people::People;
use crate::result::BooksCompared;
use crate::town::POOL;
use crate::visit::Street;
use crate::wire::{Answer, Caller, Cashier, Line, now};

/// How often it is asked again, a tenth of a second apart.
const TRIES: u32 = 900;

/// Facilities and ways of clearing that are compared in detail, at most.
const DETAILS_MAX: usize = 20;

/// Settlements that are named of each of these, at most.
const NAMED_MAX: usize = 20;

/// Bytes of a result of 3202 that are read, unpacked.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Codes that a town bills, at most.
const CODES: usize = 20_000;

/// Why a run cannot begin or end.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// No answer.
    #[error("{infno} of {code} got no answer: {why}. Is a server there that knows this town?")]
    Unanswered {
        /// The transaction.
        infno: &'static str,
        /// Who asked.
        code: String,
        /// Why.
        why: String,
    },
    /// It was refused.
    #[error(
        "{infno} of {code} was refused: {why}. The server must have this town's tables (`yidan import`)"
    )]
    Refused {
        /// The transaction.
        infno: &'static str,
        /// Who asked.
        code: String,
        /// Why.
        why: String,
    },
    /// Nothing to bill.
    #[error("the server's catalogue has no codes: serve it with an image (--catalog)")]
    NoCodes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    last_page: bool,
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    hilist_code: String,
    chrgitm_lv: String,
}

#[derive(Deserialize)]
struct Compared {
    stmtinfo: Told,
}

#[derive(Deserialize)]
struct Told {
    stmt_rslt: String,
    #[serde(default)]
    stmt_rslt_dscr: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    file_qury_no: String,
}

#[derive(Deserialize)]
struct Result3202 {
    fileinfo: Kept,
}

/// What is to be done after an answer that is none yet.
enum Again {
    /// At once.
    Now,
    /// After a while; why.
    Later(String),
    /// Not at all; why.
    Never(String),
}

fn again(line: &Line, who: &Caller, begun: Instant, answer: Answer) -> Again {
    let why = answer.err_msg.unwrap_or_default();
    // 433: the server was started again and has forgotten its tokens.
    if why.contains("[433]") && who.signer.token_request().is_some() {
        line.forget_token(&who.signer, begun);
        return Again::Now;
    }
    // 479: the books are still being made up to this moment.
    if ["[436]", "[469]", "[479]"].iter().any(|number| why.contains(number)) {
        return Again::Later(why);
    }
    Again::Never(why)
}

/// One transaction beside the visits, tried again while the server is busy: its output, or its file.
async fn ask(
    line: &Line,
    who: &Caller,
    cashier: &mut Cashier,
    infno: &'static str,
    msgid: &str,
    input: &str,
) -> Result<Vec<u8>, OfficeError> {
    let code = || who.code.clone();
    let mut why = String::new();
    for _ in 0..TRIES {
        let begun = Instant::now();
        match cashier.fetch(line, who, infno, msgid, input).await {
            Ok(Ok(file)) => return Ok(file.to_vec()),
            Ok(Err(answer)) if answer.done => {
                return Ok(answer.output.map_or_else(Vec::new, |raw| raw.get().into()));
            }
            Ok(Err(answer)) => match again(line, who, begun, answer) {
                Again::Now => continue,
                Again::Later(told) => why = told,
                Again::Never(why) => return Err(OfficeError::Refused { infno, code: code(), why }),
            },
            Err(unknown) => why = unknown.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(OfficeError::Unanswered { infno, code: code(), why })
}

/// What an answer says, or that it does not.
fn read<T: DeserializeOwned>(
    infno: &'static str,
    who: &Caller,
    output: &[u8],
) -> Result<T, OfficeError> {
    let code = || who.code.clone();
    let told = |error: serde_json::Error| OfficeError::Refused {
        infno,
        code: code(),
        why: format!("its answer cannot be read: {error}"),
    };
    serde_json::from_slice(output).map_err(told)
}

/// The codes of the catalogue that funds pay for, page by page.
///
/// # Errors
/// The server does not answer, or has none.
pub async fn codes(line: &Line, people: &People, run: u64) -> Result<Vec<String>, OfficeError> {
    let (who, mut cashier) = people.office(people.anywhere()).expect("the first facility is one");
    let today: String = now().1.chars().take(10).collect();
    let mut codes = Vec::new();
    for page in 1.. {
        let input = format!(
            r#"{{"data":{{"updt_time":"2000-01-01","query_date":"{today}","insu_admdvs":"{POOL}","page_num":{page},"page_size":2000}}}}"#
        );
        let msgid = format!("{}{run:010}{page:08}", who.code);
        let output = ask(line, who, &mut cashier, "1312", &msgid, &input).await?;
        let page: Page = read("1312", who, &output)?;
        let last = page.last_page || page.data.is_empty();
        // What nobody pays for (03) is seldom billed through insurance.
        let paid = page.data.into_iter().filter(|item| item.chrgitm_lv != "03");
        codes.extend(paid.map(|item| item.hilist_code));
        if last || codes.len() >= CODES {
            break;
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes.truncate(CODES);
    if codes.is_empty() { Err(OfficeError::NoCodes) } else { Ok(codes) }
}

/// Compares every account of the own books with the server's, from the day on which the run began.
///
/// # Errors
/// A statement is not answered.
pub async fn compare(street: &Street, run: u64) -> Result<BooksCompared, OfficeError> {
    let mut compared = BooksCompared::default();
    let mut differ: Vec<(String, String)> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let today: String = now().1.chars().take(10).collect();
    let begun = street.days.today.get(..10).unwrap_or(&today);
    let all = street.books.statements(street.people.facilities(), (begun, &today));
    for (number, (account, statement)) in all.into_iter().enumerate() {
        let Some((who, mut cashier)) = street.people.office(&account.facility) else { continue };
        let msgid = format!("{}{run:010}{:08}", who.code, 90_000_000 + number);
        let output = ask(&street.line, who, &mut cashier, "3201", &msgid, &statement.input).await?;
        let told: Compared = read("3201", who, &output)?;
        let _ = seen.insert(account.facility.clone());
        compared.settlements += statement.entries;
        compared.medfee_fen += statement.fen[0];
        compared.fund_fen += statement.fen[1];
        compared.account_fen += statement.fen[2];
        if told.stmtinfo.stmt_rslt == "0" {
            compared.agree += 1;
        } else {
            compared.differ += 1;
            let why = told.stmtinfo.stmt_rslt_dscr.unwrap_or_default();
            compared.differences.push(format!(
                "{} insutype {} clr_type {}: {why}",
                account.facility, account.insutype, account.clr_type
            ));
            // 3202 knows no insurance: all of a facility and a way of clearing are compared in one file.
            let place = (account.facility, account.clr_type);
            if !differ.contains(&place) {
                differ.push(place);
            }
        }
    }
    compared.facilities = u32::try_from(seen.len()).unwrap_or(u32::MAX);
    let left_out = differ.len().saturating_sub(DETAILS_MAX);
    for (number, (facility, clr_type)) in differ.iter().take(DETAILS_MAX).enumerate() {
        let of = format!("{facility} clr_type {clr_type}");
        match details(street, (run, number), (facility, clr_type), (begun, &today)).await {
            Ok(named) => compared.named.extend(named.iter().map(|one| format!("{of}: {one}"))),
            Err(error) => compared.named.push(format!("{of}: no details: {error}")),
        }
    }
    if left_out > 0 {
        compared.named.push(format!("{left_out} more that differ were not asked for in detail"));
    }
    Ok(compared)
}

/// The settlements of a facility and a way of clearing that are not the same on both sides, in the server's words: the statement is
/// sent (9101), compared (3202), and what came of it fetched (9102).
async fn details(
    street: &Street,
    (run, number): (u64, usize),
    (facility, clr_type): (&str, &str),
    days: (&str, &str),
) -> Result<Vec<String>, OfficeError> {
    let Some((who, mut cashier)) = street.people.office(facility) else { return Ok(Vec::new()) };
    let (line, booked) = (&street.line, street.books.details(facility, clr_type, days));
    let msgid = |step: usize| format!("{facility}{run:010}{:08}", 95_000_000 + number * 3 + step);
    let file = BASE64.encode(zipped(&booked.text));
    let upload = format!(
        r#"{{"fsUploadIn":{{"in":"{file}","filename":"3202.zip","fixmedins_code":"{facility}"}}}}"#
    );
    let output = ask(line, who, &mut cashier, "9101", &msgid(0), &upload).await?;
    let kept: Kept = read("9101", who, &output)?;
    let input = booked.input.replace("FILE", &kept.file_qury_no);
    let output = ask(line, who, &mut cashier, "3202", &msgid(1), &input).await?;
    let Result3202 { fileinfo } = read("3202", who, &output)?;
    let download = format!(
        r#"{{"fsDownloadIn":{{"file_qury_no":"{}","filename":"3202.zip","fixmedins_code":"{facility}"}}}}"#,
        fileinfo.file_qury_no
    );
    let zipped = ask(line, who, &mut cashier, "9102", &msgid(2), &download).await?;
    let refused = |why| OfficeError::Refused { infno: "9102", code: facility.to_owned(), why };
    let text = unzipped(&zipped).map_err(|error| refused(error.to_string()))?;
    differing(&text).map_err(refused)
}

/// A ZIP of one text.
fn zipped(text: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let begun = writer.start_file("3202.txt", SimpleFileOptions::default());
    let written = begun.and_then(|()| Ok(writer.write_all(text.as_bytes())?));
    written.and_then(|()| writer.finish()).expect("it is written to memory").into_inner()
}

fn unzipped(zipped: &[u8]) -> zip::result::ZipResult<String> {
    let mut archive = ZipArchive::new(Cursor::new(zipped))?;
    let mut text = String::new();
    let _ = archive.by_index(0)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// The rows of a result of 3202 that are not the same on both sides, each in words.
fn differing(text: &str) -> Result<Vec<String>, String> {
    let mut named = Vec::new();
    let mut more = 0_u32;
    for (row, number) in text.lines().zip(1..) {
        let columns: Vec<&str> = row.split('\t').collect();
        let &[_, _, setl_id, msgid, rslt, refund, memo, total, fund, account] = &columns[..] else {
            let count = columns.len();
            return Err(format!("line {number} of its file has {count} columns, expected 10"));
        };
        if rslt == "0" {
            continue;
        }
        if named.len() >= NAMED_MAX {
            more += 1;
            continue;
        }
        let what = if refund == "1" { "refund" } else { "settlement" };
        let which = match (setl_id, msgid) {
            ("null", msgid) => format!("msgid {msgid}"),
            (setl_id, "null") => format!("setl_id {setl_id}"),
            (setl_id, msgid) => format!("setl_id {setl_id} (msgid {msgid})"),
        };
        named.push(format!(
            "{what} {which}, total {total}, funds {fund}, accounts {account}: {memo}"
        ));
    }
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_what_agrees_is_not() {
        let text = "p\tv\t7\tm7\t0\t0\t一致\t1\t1\t0\r\n\
                    p\tv\t8\tm8\t1\t0\t不符：基金\t2.00\t1.01\t0.00\r\n\
                    p\tnull\tnull\tm9\t1\t1\t医药机构无此结算\t-3.00\t-1.00\t0.00\r\n";
        let back = unzipped(&zipped(text)).expect("what was packed");
        assert_eq!(
            differing(&back).expect("ten columns"),
            [
                "settlement setl_id 8 (msgid m8), total 2.00, funds 1.01, accounts 0.00: 不符：基金",
                "refund msgid m9, total -3.00, funds -1.00, accounts 0.00: 医药机构无此结算",
            ]
        );
        assert!(differing("a\tb").expect_err("two columns").contains("line 1"));
        let many = "p\tv\t8\tm8\t1\t0\tx\t2\t1\t0\n".repeat(NAMED_MAX + 5);
        assert_eq!(differing(&many).expect("rows").pop().as_deref(), Some("and 5 more"));
    }
}
