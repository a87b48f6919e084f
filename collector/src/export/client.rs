//! The HTTP client that all destinations over HTTP and gRPC share: pooled connections, TLS, and no proxy.

use std::time::Duration;

use anyhow::{Context as _, Result};
use http::header::{HeaderName, HeaderValue};
use hyper::body::Body;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;

use super::tls;
use crate::config::Remote;

/// A receiver that does not even accept a connection within this is down; the request's own time-out may be longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Below the minute after which most servers and balancers close a connection that idles: they should not win that race.
const POOL_IDLE: Duration = Duration::from_secs(30);
/// Notices a peer that vanished without closing (a pulled cable, a balancer that forgot).
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Which HTTP a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.1, or HTTP/2 where TLS agrees on it.
    Any,
    /// HTTP/2 from the first byte, as gRPC wants.
    Two,
}

/// Builds a client; a wrong TLS setting shows here, before anything runs.
pub(crate) fn client<B>(
    remote: &Remote,
    version: Version,
) -> Result<Client<HttpsConnector<HttpConnector>, B>>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEP_ALIVE));
    let mut builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls::client(&remote.tls)?)
        .https_or_http();
    if let Some(name) = &remote.tls.server_name {
        let name = ServerName::try_from(name.clone())
            .with_context(|| format!("tls.server_name {name} is no host name"))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let connector = match version {
        Version::Any => builder.enable_all_versions().wrap_connector(tcp),
        Version::Two => builder.enable_http2().wrap_connector(tcp),
    };
    Ok(Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(remote.concurrency.max(1))
        .http2_only(version == Version::Two)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .build(connector))
}

/// The operator's headers, marked so that nothing prints their values.
pub(crate) fn headers(remote: &Remote) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let read = |(name, value): &(HeaderName, crate::config::Secret)| {
        let mut value = HeaderValue::from_str(value.reveal())
            .map_err(|_| anyhow::anyhow!("headers.{name} holds a character that no header may"))?;
        value.set_sensitive(true);
        Ok((name.clone(), value))
    };
    remote.headers.iter().map(read).collect()
}
