//! Buckets: whether the store knows the collector's key, and whether it has the bucket.

use super::Probe;
use crate::config::S3;
use crate::export::destination::Outcome;
use crate::export::parquet::{Bucket, Said, lists};

impl Probe<'_, '_> {
    pub(super) async fn bucket(&mut self, settings: &S3) -> anyhow::Result<()> {
        let asked = Bucket::new(settings)?.knock().await;
        if let Err(Outcome::Retry { reason, .. }) = &asked
            && ["no credentials", "not signed"].contains(&reason.code.as_str())
        {
            let said = format!("nothing to sign with ({}): {}", reason.code, reason.detail);
            let remedy =
                "set auth.access_key_id and auth.secret_access_key, or give the machine a role";
            self.fail(&said, remedy);
            return Ok(());
        }
        let Some(answer) = self.heard(asked) else {
            return Ok(());
        };
        let bucket = &settings.bucket;
        if lists(&answer) {
            self.ok(&format!(
                "{} has the bucket {bucket} and knows the key; whether it may write shows with the first file",
                self.at
            ));
            return Ok(());
        }
        let Said { code, message } = Said::of(&answer);
        if answer.status.is_success() {
            let said = format!(
                "{} answers {code} for the bucket {bucket}, but not as a store: {message}",
                self.at
            );
            self.fail(
                &said,
                "correct endpoint: the store's API, which may have another port than its console",
            );
            return Ok(());
        }
        let said = format!(
            "{} answers {code} for the bucket {bucket}: {message}",
            self.at
        );
        match code.as_str() {
            "s3 AccessDenied" => self.warn(
                &said,
                "the key needs s3:PutObject alone; where it has that, this is as it should be",
            ),
            "s3 SignatureDoesNotMatch"
            | "s3 InvalidAccessKeyId"
            | "s3 ExpiredToken"
            | "s3 InvalidToken" => self.fail(
                &said,
                "correct auth.access_key_id and auth.secret_access_key",
            ),
            "s3 RequestTimeTooSkewed" => self.fail(&said, "set this machine's clock"),
            "s3 AuthorizationHeaderMalformed"
            | "s3 PermanentRedirect"
            | "s3 TemporaryRedirect"
            | "http 301" => {
                self.fail(&said, "correct region: that of the bucket");
            }
            "s3 NoSuchBucket" | "http 404" => {
                self.fail(
                    &said,
                    "make the bucket, or correct bucket, endpoint or path_style",
                );
            }
            _ => self.refusal_of(&said, answer.status.as_u16()),
        }
        Ok(())
    }

    fn refusal_of(&mut self, said: &str, status: u16) {
        match status {
            429 | 500..=504 => {
                self.warn(said, "it is busy or not ready; see its log, and ask again");
            }
            _ => self.fail(
                said,
                "correct endpoint, region, bucket and auth; docs/destinations/parquet.md",
            ),
        }
    }
}
