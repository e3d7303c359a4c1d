//! Bodies that are forms (`multipart/form-data`), as 9101 sends files: the part `jsonStr` is the message, the part `file` the file.

use std::io::Cursor;

use bytes::Bytes;

/// What the `Content-Type` of a form begins with.
const FORM: &str = "multipart/form-data";

/// Parts of a form that are looked at: more than any client sends.
const PARTS_MAX: usize = 8;

/// The parts of a form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// The message.
    pub(crate) message: Bytes,
    /// The file, where there is one.
    pub(crate) file: Option<Bytes>,
}

/// A form that cannot be read.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct NotAForm;

/// Reads a body that its `Content-Type` says is a form; `None` where that does not.
pub(crate) async fn form(kind: &str, body: &Bytes) -> Option<Result<Form, NotAForm>> {
    // Every call passes here.
    let begins = kind.trim_start().get(..FORM.len());
    if !begins.is_some_and(|kind| kind.eq_ignore_ascii_case(FORM)) {
        return None;
    }
    let Ok(boundary) = multer::parse_boundary(kind) else { return Some(Err(NotAForm)) };
    Some(parts(boundary, body.clone()).await.ok_or(NotAForm))
}

async fn parts(boundary: String, body: Bytes) -> Option<Form> {
    let mut form = multer::Multipart::with_reader(Cursor::new(body), boundary);
    let (mut message, mut file) = (None, None);
    let mut parts = 0;
    while let Some(part) = form.next_field().await.ok()? {
        parts += 1;
        if parts > PARTS_MAX {
            return None;
        }
        let to = match part.name() {
            Some("jsonStr") => &mut message,
            Some("file") => &mut file,
            // What clients send besides is passed over.
            Some(_) | None => continue,
        };
        *to = Some(part.bytes().await.ok()?);
    }
    Some(Form { message: message?, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: &str, body: &str) -> Option<Result<Form, NotAForm>> {
        form(kind, &Bytes::from(body.to_owned())).await
    }

    #[tokio::test]
    async fn a_form_has_a_message_and_a_file() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"jsonStr\"\r\n\r\n{\"a\":1}\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\
                    Content-Type: application/zip\r\n\r\nPK\r\n\r\n--x--\r\n";
        let read = read("Multipart/form-data; boundary=x", body).await;
        let form = read.expect("a form").expect("a whole one");
        assert_eq!(form.message, "{\"a\":1}");
        assert_eq!(form.file.as_deref(), Some(&b"PK\r\n"[..]));
    }

    #[tokio::test]
    async fn what_is_no_form_is_none_and_a_broken_one_is_told() {
        assert!(read("application/json", "{}").await.is_none());
        for (kind, body) in [
            ("multipart/form-data", "--x--"),
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disp"),
            ("multipart/form-data; boundary=x", "--x--\r\n"),
            ("multipart/form-data; boundary=x", ""),
        ] {
            assert!(matches!(read(kind, body).await, Some(Err(NotAForm))), "{kind} {body}");
        }
    }
}
