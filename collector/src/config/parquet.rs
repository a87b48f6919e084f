//! Parquet files: a folder, or a bucket of an S3-compatible store.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use url::Url;

use super::{Remote, Secret};

/// Where Parquet files go.
#[derive(Debug, Clone, PartialEq)]
pub enum Parquet {
    /// The folder that holds the partitions.
    Folder(PathBuf),
    /// A bucket that holds them.
    Bucket(Box<S3>),
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone, PartialEq)]
pub struct S3 {
    /// The store; the bucket is not in its address.
    pub remote: Remote,
    /// The bucket's name.
    pub bucket: String,
    /// What stands before the partitions in keys; no slash at either end.
    pub prefix: String,
    /// What requests are signed for.
    pub region: String,
    /// Whether the bucket stands in the path, and not before the host's name.
    pub path_style: bool,
    /// As whom the collector signs; without them what the environment of AWS says.
    pub keys: Option<S3Keys>,
}

impl S3 {
    /// Where keys begin, with the slash before them. Read as what signs reads addresses, which small letters, a usual port and a host of
    /// numbers are not left as written by: what is asked is what is signed.
    pub(crate) fn address(&self) -> Result<String> {
        let endpoint = &self.remote.endpoint;
        let scheme = endpoint.scheme_str().unwrap_or("https");
        let authority = endpoint.authority().context("it has no host")?;
        let path = endpoint.path().trim_end_matches('/');
        let bucket = &self.bucket;
        let address = match self.path_style {
            true => format!("{scheme}://{authority}{path}/{bucket}/"),
            false => format!("{scheme}://{bucket}.{authority}{path}/"),
        };
        let address = String::from(Url::parse(&address)?);
        address.parse::<http::Uri>()?;
        Ok(address)
    }
}

/// What requests are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Keys {
    /// The key's name.
    pub id: Secret,
    /// The key.
    pub secret: Secret,
    /// What goes with a key for a while only.
    pub token: Option<Secret>,
}
