//! Files over the interface: 9101 takes one, 9102 gives one.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use super::Service;
use super::asking::{Asking, Done, Failure, stamp};
use super::declined::Declined;
use crate::answer::Stamp;
use crate::wire::{Answer, t9101, t9102};

impl Service {
    /// 9101 文件上传
    pub(super) async fn take_file(
        &self,
        asking: &Asking,
        input: &t9101::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let said = &input.fs_upload_in;
        let bytes = match (&asking.file, &said.r#in) {
            (Some(part), _) => part.to_vec(),
            (None, Some(bytes)) => bytes.0.clone(),
            (None, None) => return Err(Failure::field("in", "")),
        };
        if bytes.is_empty() {
            return Err(Failure::field("in", ""));
        }
        if said.fixmedins_code.trim() != asking.institution.code {
            return Err(Failure::field("fixmedins_code", &said.fixmedins_code));
        }
        let (number, until) = self.keep(asking, bytes).await?;
        let output = t9101::output::Output {
            file_qury_no: number.into(),
            filename: said.filename.clone(),
            fixmedins_code: said.fixmedins_code.clone(),
            dld_endtime: Some(until.moment.to_string().into()),
        };
        Ok(asking.done(&Answer::T9101(Box::new(output))))
    }

    /// 9102 文件下载: the bytes themselves. The number alone says which file it is.
    pub(super) async fn give_file(
        &self,
        asking: &Asking,
        input: &t9102::input::Input<'_>,
    ) -> Result<Done, Failure> {
        let said = &input.fs_download_in;
        let file = self.file(asking, &said.file_qury_no).await?;
        let file = file.ok_or_else(|| Failure::field("file_qury_no", &said.file_qury_no))?;
        let answer = Answer::T9102(Box::new(t9102::output::Output {}));
        Ok(Done { file: Some(file), ..asking.done(&answer) })
    }

    /// Keeps a file for the institution; its number, and until when it can be fetched.
    pub(super) async fn keep(
        &self,
        asking: &Asking,
        bytes: Vec<u8>,
    ) -> Result<(String, Stamp), Failure> {
        let (files, asking) = (Arc::clone(&self.files), asking.clone());
        let put = move || {
            let infno = asking.transaction.infno();
            files.put(
                &asking.institution.code,
                &[infno.as_bytes(), asking.msgid.as_bytes()],
                &bytes,
            )
        };
        let put = self.on_disk(put).await?;
        let since = put.until.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok((put.number, stamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))))
    }

    /// A file of the institution, or one for all.
    pub(super) async fn file(
        &self,
        asking: &Asking,
        number: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (files, code) = (Arc::clone(&self.files), asking.institution.code.clone());
        let number = number.trim().to_owned();
        self.on_disk(move || files.get(&code, &number)).await
    }

    /// Does what waits for the disk where it holds up no other call.
    pub(super) async fn on_disk<T: Send + 'static, E: std::fmt::Display + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a file cannot be read or written");
            Failure::from(Declined::FileUnreadable)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(failed(&error)),
            Err(error) => Err(failed(&error)),
        }
    }
}
