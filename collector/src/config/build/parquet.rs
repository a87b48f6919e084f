//! Parquet files: a folder, or a bucket.

use std::path::Path;

use super::Built;
use super::remote::reached;
use crate::config::read::Section;
use crate::config::{DestinationKind, Parquet, S3, S3Keys, Secret};

/// Bytes of a prefix. A key has 1,024 at most, of which the partitions and the file's name take less than 500.
const MAX_PREFIX: usize = 500;

/// What a bucket alone needs, so that it is not said of a folder.
const OF_BUCKETS: [&str; 9] = [
    "endpoint",
    "prefix",
    "region",
    "path_style",
    "allow_http",
    "auth",
    "tls",
    "timeout",
    "concurrency",
];

pub(super) fn parquet(section: &Section<'_>, data_dir: &Path) -> Built<DestinationKind> {
    let place = match section.text("bucket")? {
        Some(bucket) => Parquet::Bucket(Box::new(s3(section, bucket)?)),
        None => {
            if let Some(key) = OF_BUCKETS.into_iter().find(|key| section.has(key)) {
                let problem = format!("{key} is a bucket's; write its name, or leave {key} out");
                return Err(section.missing("bucket", &problem));
            }
            let path = super::destination::path(section)?;
            Parquet::Folder(path.unwrap_or_else(|| data_dir.join("parquet")))
        }
    };
    Ok(DestinationKind::Parquet(place))
}

fn s3(section: &Section<'_>, bucket: String) -> Built<S3> {
    if section.has("path") {
        let problem = "bucket is there as well; files go to one of them, so leave the other out";
        return Err(section.wrong("path", problem));
    }
    let letter = |c: char| c.is_ascii_alphanumeric();
    let plain = |c: char| letter(c) || "-_.".contains(c);
    if !(3..=255).contains(&bucket.len())
        || !bucket.chars().all(plain)
        || !bucket.starts_with(letter)
        || bucket.contains("..")
    {
        let problem = "3 to 255 letters, digits, - _ and single dots, the first a letter or digit";
        return Err(section.wrong("bucket", problem));
    }
    let region = section.text("region")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if let Some(region) = &region
        && (region.is_empty() || region.len() > 64 || !region.chars().all(plain))
    {
        let problem = "a region's name, such as eu-west-1";
        return Err(section.wrong("region", problem));
    }
    let own = section.url("endpoint")?;
    // Certificates of AWS are for one name before the host, and a dot makes it two.
    let path_style = section.flag("path_style")?;
    let path_style = path_style.unwrap_or(own.is_some() || bucket.contains('.'));
    let (endpoint, region) = match (own, region) {
        (Some(endpoint), region) => (endpoint, region.unwrap_or_else(|| "us-east-1".to_owned())),
        (None, Some(region)) => (amazon(&region), region),
        (None, None) => {
            let problem = "write the bucket's region, or the endpoint of another store than AWS";
            return Err(section.missing("region", problem));
        }
    };
    if endpoint.query().is_some() {
        return Err(section.wrong("endpoint", "it has no query; leave it out"));
    }
    let allowed = section.flag("allow_http")?.unwrap_or_default();
    if endpoint.scheme_str() == Some("http") && !allowed {
        let problem = "what goes there could be read on the way; write https, or set allow_http";
        return Err(section.wrong("endpoint", problem));
    }
    if !path_style && endpoint.host().is_some_and(is_address) {
        let problem = "a bucket cannot stand before an address; write true, or leave it out";
        return Err(section.wrong("path_style", problem));
    }
    if !path_style && bucket.contains(|c: char| c.is_ascii_uppercase()) {
        let problem = "names of hosts have no capitals; write small letters, or path_style = true";
        return Err(section.wrong("bucket", problem));
    }
    let s3 = S3 {
        prefix: prefix(section)?,
        keys: keys(section)?,
        remote: reached(section, endpoint)?,
        bucket,
        region,
        path_style,
    };
    match s3.address() {
        Ok(_) => Ok(s3),
        Err(error) => {
            let problem = format!("no host that can be asked ({error}); correct it");
            Err(section.wrong("endpoint", problem))
        }
    }
}

fn is_address(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().is_ok()
}

/// Where AWS is.
fn amazon(region: &str) -> http::Uri {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    let address = format!("https://s3.{region}.amazonaws.com{china}");
    address.parse().expect("the name of a region is plain")
}

fn prefix(section: &Section<'_>) -> Built<String> {
    let text = section.text("prefix")?.unwrap_or_default();
    let prefix = text.trim_matches('/');
    let wrong = |part: &str| part.is_empty() || part == "." || part == "..";
    let control = prefix.chars().any(char::is_control);
    if prefix.len() > MAX_PREFIX || control || (!prefix.is_empty() && prefix.split('/').any(wrong))
    {
        let problem = format!(
            "names with a / between them, none of them empty, . or .., {MAX_PREFIX} bytes at most"
        );
        return Err(section.wrong("prefix", problem));
    }
    Ok(prefix.to_owned())
}

fn keys(section: &Section<'_>) -> Built<Option<S3Keys>> {
    let auth = section.section("auth")?;
    let read = |key: &'static str| -> Built<Option<Secret>> {
        let Some(text) = auth.text(key)? else {
            return Ok(None);
        };
        match !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) {
            true => Ok(Some(Secret::new(text))),
            false => Err(auth.wrong_secret(
                key,
                "it is empty, or has characters that no header can hold",
            )),
        }
    };
    let token = read("session_token")?;
    let keys = match (read("access_key_id")?, read("secret_access_key")?) {
        (Some(id), Some(secret)) => Some(S3Keys { id, secret, token }),
        (Some(_), None) => {
            return Err(auth.missing("secret_access_key", "a key's name needs the key"));
        }
        (None, Some(_)) => return Err(auth.missing("access_key_id", "a key needs its name")),
        (None, None) if token.is_some() => {
            return Err(auth.missing("access_key_id", "a token needs its key"));
        }
        (None, None) => None,
    };
    auth.finish()?;
    Ok(keys)
}
