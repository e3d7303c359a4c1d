//! What is asked beside the visits: the codes of the catalogue before them (1312), and at the end the statement of every facility
//! (3201).

use std::time::{Duration, Instant};

use crate::people::People;
use crate::result::BooksCompared;
use crate::town::POOL;
use crate::visit::Street;
use crate::wire::{Caller, Cashier, Line, now};
use serde::Deserialize;

/// How often it is asked again, a tenth of a second apart.
const TRIES: u32 = 900;

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

/// One transaction beside the visits, tried again while the server is busy.
async fn ask(
    line: &Line,
    who: &Caller,
    cashier: &mut Cashier,
    infno: &'static str,
    msgid: &str,
    input: &str,
) -> Result<String, OfficeError> {
    let code = || who.code.clone();
    let mut why = String::new();
    for _ in 0..TRIES {
        let begun = Instant::now();
        match cashier.call(line, who, infno, msgid, input).await {
            Ok(answer) if answer.done => {
                return Ok(answer.output.map_or_else(String::new, |raw| raw.get().to_owned()));
            }
            Ok(answer) => {
                why = answer.err_msg.unwrap_or_default();
                // 433: the server was started again and has forgotten its tokens.
                if why.contains("[433]") && who.signer.token_request().is_some() {
                    line.forget_token(&who.signer, begun);
                    continue;
                }
                // 479: the books are still being made up to this moment.
                if !["[436]", "[469]", "[479]"].iter().any(|number| why.contains(number)) {
                    return Err(OfficeError::Refused { infno, code: code(), why });
                }
            }
            Err(unknown) => why = unknown.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(OfficeError::Unanswered { infno, code: code(), why })
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
        let page: Page = serde_json::from_str(&output).map_err(|error| OfficeError::Refused {
            infno: "1312",
            code: who.code.clone(),
            why: error.to_string(),
        })?;
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
    let mut seen = std::collections::BTreeSet::new();
    let today: String = now().1.chars().take(10).collect();
    let begun = street.days.today.get(..10).unwrap_or(&today);
    let all = street.books.statements(street.people.facilities(), (begun, &today));
    for (number, (account, statement)) in all.into_iter().enumerate() {
        let Some((who, mut cashier)) = street.people.office(&account.facility) else { continue };
        let msgid = format!("{}{run:010}{:08}", who.code, 90_000_000 + number);
        let output = ask(&street.line, who, &mut cashier, "3201", &msgid, &statement.input).await?;
        let told: Compared = serde_json::from_str(&output).map_err(|error| {
            OfficeError::Refused { infno: "3201", code: who.code.clone(), why: error.to_string() }
        })?;
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
        }
    }
    compared.facilities = u32::try_from(seen.len()).unwrap_or(u32::MAX);
    Ok(compared)
}
