//! A server that a destination talks to: address, credentials, tenant, TLS, bounds.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName};
use rustls::pki_types::ServerName;
use xxhash_rust::xxh3::Xxh3;

use super::{Built, count, headers, positive};
use crate::config::read::{NO_USER, Section, reachable};
use crate::config::{Compression, DestinationKind, Others, Remote, Secret, SignalEndpoints, Tls};
use crate::export::tls;

/// More than this serves no receiver.
const MOST_CONCURRENCY: usize = 256;

/// Beyond this a balancer is meant.
const MOST_OTHERS: usize = 15;

/// Whose data it is, to Loki, Tempo, Mimir and those that speak like them.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");

const COMPRESSIONS: [(&str, Compression); 3] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
];

pub(super) fn remote(section: &Section<'_>) -> Built<Remote> {
    let Some(endpoint) = section.url("endpoint")? else {
        return Err(section.missing("endpoint", "write endpoint = \"http://HOST:PORT\""));
    };
    let reached = reached(section, endpoint)?;
    let mut headers = headers(section, "headers")?;
    let mut own = |name: HeaderName, key: &'static str, value: Option<Secret>| {
        let Some(value) = value else { return Ok(()) };
        if headers.iter().any(|(other, _)| *other == name) {
            let problem = format!("headers.{name} says it as well; leave one of them out");
            return Err(section.wrong_secret(key, problem));
        }
        headers.push((name, value));
        Ok(())
    };
    own(AUTHORIZATION, "auth", authorization(section)?)?;
    own(TENANT, "tenant", tenant(section)?)?;
    Ok(Remote { headers, ..reached })
}

/// What all servers have, whatever is spoken with them.
pub(super) fn reached(section: &Section<'_>, endpoint: http::Uri) -> Built<Remote> {
    let default = read_from(section, endpoint)?;
    let concurrency = count(section, "concurrency", default.concurrency)?;
    if concurrency > MOST_CONCURRENCY {
        return Err(section.wrong("concurrency", format!("at most {MOST_CONCURRENCY}")));
    }
    Ok(Remote {
        concurrency,
        ..default
    })
}

/// The same of servers that nothing is sent to.
pub(super) fn read_from(section: &Section<'_>, endpoint: http::Uri) -> Built<Remote> {
    let default = Remote::new(endpoint);
    Ok(Remote {
        tls: transport(section, &default.endpoint)?,
        timeout: positive(section, "timeout", default.timeout)?,
        ..default
    })
}

/// More servers of the same kind.
pub(super) fn others(section: &Section<'_>, kind: &DestinationKind) -> Built<Others> {
    let fallbacks = addresses(section, "fallbacks", kind)?;
    let spread = addresses(section, "spread", kind)?;
    Ok(match (fallbacks, spread) {
        (None, None) => Others::None,
        (Some(fallbacks), None) => Others::Fallbacks(fallbacks),
        (None, Some(spread)) => Others::Spread(spread),
        (Some(_), Some(_)) => {
            let problem = "fallbacks is there as well; leave one of them out";
            return Err(section.wrong("spread", problem));
        }
    })
}

fn addresses(
    section: &Section<'_>,
    key: &'static str,
    kind: &DestinationKind,
) -> Built<Option<Vec<http::Uri>>> {
    let Some(texts) = section.texts(key)? else {
        return Ok(None);
    };
    let Some(first) = kind.remote().filter(|it| kind.at(&it.endpoint).is_some()) else {
        return Err(section.wrong(key, "only OTLP destinations can be several servers"));
    };
    if let DestinationKind::OtlpHttp(otlp) = kind
        && otlp.signal_endpoints != SignalEndpoints::default()
    {
        return Err(section.wrong(
            key,
            "endpoints names whole addresses; leave one of them out",
        ));
    }
    if texts.is_empty() || texts.len() > MOST_OTHERS {
        return Err(section.wrong(key, format!("1 to {MOST_OTHERS} addresses")));
    }
    let scheme = first.endpoint.scheme_str().unwrap_or_default();
    let mut all = vec![first.endpoint.clone()];
    for text in &texts {
        let problem = match text.parse::<http::Uri>() {
            _ if text.contains('@') => NO_USER,
            Ok(uri) if !reachable(&uri, [scheme; 2]) => {
                "an address has the scheme of endpoint, a host, and no port above 65535"
            }
            Ok(uri) if all.contains(&uri) => "an address stands there twice",
            Ok(uri) => {
                all.push(uri);
                continue;
            }
            Err(_) => "an address is no URL",
        };
        return Err(section.wrong_secret(key, problem));
    }
    Ok(Some(all.split_off(1)))
}

pub(super) fn compression(section: &Section<'_>) -> Built<Compression> {
    let word = section.word("compression", &COMPRESSIONS)?;
    Ok(word.unwrap_or_default())
}

/// The header that `auth` comes to.
fn authorization(section: &Section<'_>) -> Built<Option<Secret>> {
    let auth = section.section("auth")?;
    let user = credentials(&auth)?;
    let bearer = auth.text("bearer")?;
    let header = match (user, bearer) {
        (None, None) => None,
        (None, Some(token)) => {
            let value = format!("Bearer {token}");
            if token.is_empty() || http::HeaderValue::from_str(&value).is_err() {
                let problem = "it is empty, or has characters that a header cannot hold";
                return Err(auth.wrong_secret("bearer", problem));
            }
            Some(value)
        }
        (Some((user, password)), None) => {
            let pair = format!("{user}:{}", password.reveal());
            Some(format!("Basic {}", STANDARD.encode(pair)))
        }
        (Some(_), Some(_)) => {
            let problem = "auth.basic is there as well; leave one of them out";
            return Err(auth.wrong_secret("bearer", problem));
        }
    };
    auth.finish()?;
    Ok(header.map(Secret::new))
}

/// User and password below `auth`.
pub(super) fn credentials(auth: &Section<'_>) -> Built<Option<(String, Secret)>> {
    let basic = auth.section("basic")?;
    let pair = match (basic.text("username")?, basic.text("password")?) {
        (Some(user), _) if user.contains(':') => {
            let problem = "it ends at a colon for the server; use another";
            return Err(basic.wrong_secret("username", problem));
        }
        (Some(user), Some(password)) => Some((user, Secret::new(password))),
        (None, Some(_)) => return Err(basic.missing("username", "a password needs its user")),
        (Some(_), None) => return Err(basic.missing("password", "a user needs a password")),
        (None, None) => None,
    };
    basic.finish()?;
    Ok(pair)
}

fn tenant(section: &Section<'_>) -> Built<Option<Secret>> {
    let Some(tenant) = section.text("tenant")? else {
        return Ok(None);
    };
    // What Loki, Tempo and Mimir take for a tenant's name.
    let plain = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()|".contains(c);
    match (1..=150).contains(&tenant.len()) && tenant.chars().all(plain) {
        true => Ok(Some(Secret::new(tenant))),
        false => Err(section.wrong("tenant", "1 to 150 letters, digits and !-_.*'()|")),
    }
}

fn transport(section: &Section<'_>, endpoint: &http::Uri) -> Built<Tls> {
    let own = section.section("tls")?;
    let (plain, secure) = match endpoint.scheme_str() {
        Some("tcp" | "tls") => ("tcp", "tls"),
        _ => ("http", "https"),
    };
    if section.has("tls") && endpoint.scheme_str() != Some(secure) {
        let problem = format!("the endpoint is {plain}; write {secure} there, or leave tls out");
        return Err(section.wrong("tls", problem));
    }
    let mut tls = Tls {
        ca_file: pem(&own, "ca_file", |path| tls::roots(path).map(drop))?,
        cert_file: pem(&own, "cert_file", |path| tls::certificates(path).map(drop))?,
        key_file: pem(&own, "key_file", |path| tls::private_key(path).map(drop))?,
        server_name: own.text("server_name")?,
        insecure_skip_verify: own.flag("insecure_skip_verify")?.unwrap_or_default(),
        held: 0,
    };
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => {
            return Err(own.missing("key_file", "a certificate needs its key"));
        }
        (None, Some(_)) => {
            return Err(own.missing("cert_file", "a key needs its certificate"));
        }
        (Some(_), Some(_)) if tls::client(&tls).is_err() => {
            let problem = "it is not the key of cert_file; name the one that belongs to it";
            return Err(own.wrong("key_file", problem));
        }
        _ => {}
    }
    let named = tls.server_name.as_deref();
    if named.is_some_and(|name| ServerName::try_from(name).is_err()) {
        let problem = "write a host's name or address, such as otlp.example";
        return Err(own.wrong("server_name", problem));
    }
    own.finish()?;
    let mut held = Xxh3::new();
    for file in tls.files() {
        // It could be read a moment ago; if it is gone by now, that is another content.
        held.update(&std::fs::read(file).unwrap_or_default());
    }
    tls.held = held.digest();
    Ok(tls)
}

/// A PEM file that holds what it is named for. Looked into here, because the port is bound by the time the destination reads it.
fn pem(
    section: &Section<'_>,
    key: &'static str,
    holds: impl Fn(&Path) -> anyhow::Result<()>,
) -> Built<Option<PathBuf>> {
    let Some(path) = section.text(key)?.map(PathBuf::from) else {
        return Ok(None);
    };
    if let Err(e) = std::fs::read(&path) {
        let problem = format!("the file cannot be read ({}); name one that can", e.kind());
        return Err(section.wrong(key, problem));
    }
    match holds(&path) {
        Ok(()) => Ok(Some(path)),
        Err(e) => Err(section.wrong(
            key,
            format!("{e:#}; name another, or convert it with openssl"),
        )),
    }
}
