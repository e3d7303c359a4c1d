//! A row of a table of persons: who is behind a `psn_no`. Names and numbers of certificates are never shown where a row is wrong, only
//! how long they are: the file of errors goes to who mends the table, and further.

use yidan_gateway::limits::PERSON_BYTES_MAX;
use yidan_gateway::persons::Person;

use super::{Key, Reads, Row};
use crate::certificate;
use crate::facts::{FieldError, field};

/// Columns of persons; the first four are needed.
pub const PERSON_COLUMNS: &[&str] = &["psn_no", "psn_cert_type", "certno", "psn_name", "naty"];

/// The `psn_cert_type` of the certificate of residents, the numbers of which have a check digit.
const RESIDENT: &str = "01";

/// Rows of persons.
#[derive(Debug)]
pub struct PersonRows;

impl Reads for PersonRows {
    type As = (String, Person);

    fn columns(&self) -> &'static [&'static str] {
        PERSON_COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Result<(String, Person), FieldError> {
        let psn_no = row.needed("psn_no")?.to_owned();
        let cert_type = row.needed("psn_cert_type")?;
        if !is_code(cert_type) {
            let expected = "a certificate type (人员证件类型) of two digits or more, as 01";
            return Err(field("psn_cert_type", cert_type, expected));
        }
        let certno = private(row, "certno")?;
        if cert_type == RESIDENT && !certificate::is_sound(certno) {
            let expected =
                "a number (居民身份证) of 18 digits with a right check digit, or of 15 digits";
            return Err(field("certno", &shown(certno), expected));
        }
        let name = private(row, "psn_name")?.to_owned();
        let ethnicity = row.some("naty");
        if let Some(code) = ethnicity.filter(|code| !is_code(code)) {
            return Err(field("naty", code, "an ethnicity (民族) of two digits, as 01"));
        }
        let person = Person {
            cert_type: cert_type.to_owned(),
            certno: certno.to_owned(),
            name,
            ethnicity: ethnicity.map(str::to_owned),
        };
        if !person.is_storable() {
            return Err(field("", "a tab or the end of a line", "neither in any column"));
        }
        Ok((psn_no, person))
    }

    fn keys<'r>(&self, row: &Row<'r>) -> Vec<Key<'r>> {
        let (psn_no, certno) = (row.text("psn_no"), row.text("certno"));
        // They are looked for in capitals.
        let capitals = certno.to_ascii_uppercase();
        vec![
            Key { column: "psn_no", text: psn_no.into(), shown: psn_no.into() },
            Key { column: "certno", text: capitals.into(), shown: shown(certno).into() },
        ]
    }
}

/// A code of digits; tables lose noughts at the beginning of codes when they are saved by a spreadsheet, so one digit is none.
fn is_code(text: &str) -> bool {
    (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What must be there, and is not shown.
fn private<'r>(row: &Row<'r>, name: &str) -> Result<&'r str, FieldError> {
    match row.text(name) {
        "" => Err(field(name, "nothing", "a value, which every row needs")),
        text if text.len() > PERSON_BYTES_MAX => {
            Err(field(name, &shown(text), &format!("at most {PERSON_BYTES_MAX} bytes")))
        }
        text => Ok(text),
    }
}

/// What is told of a text that is not shown.
pub(super) fn shown(text: &str) -> String {
    format!("{} characters", text.chars().count())
}
