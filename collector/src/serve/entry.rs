//! What comes before HTTP on a connection: what a trusted proxy says, then TLS, each in bounded time.

use std::net::IpAddr;

use anyhow::{Result, anyhow};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::limiter::{Place, Refused};
use super::proxy;
use super::stream::Stream;
use super::tls::Handshakes;
use crate::client_address::ClientAddress;
use crate::config::{Config, Limits, Network};

/// Which of the listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where browsers send to.
    Public,
    /// Where operators look.
    Admin,
}

/// What connections of a listener begin with.
#[derive(Debug, Default)]
pub(super) struct Entry {
    tls: Option<Handshakes>,
    proxies: Vec<Network>,
}

/// The entries of both listeners.
#[derive(Debug, Default)]
pub struct Entries {
    public: Entry,
    admin: Entry,
}

impl Entries {
    /// By the settings; certificates are read here. `before` is what they take the place of.
    ///
    /// # Errors
    /// When a certificate cannot be used, in one line that names setting and file.
    pub fn new(config: &Config, before: Option<&Self>) -> Result<Self> {
        let before = before.and_then(|it| it.public.tls.as_ref());
        let tls = config.public.tls.as_ref();
        let tls = tls.map(|settings| Handshakes::new(settings, before));
        let tls = tls
            .transpose()
            .map_err(|wrong| anyhow!("tls.{}: {}", wrong.key, wrong.problem))?;
        Ok(Self {
            public: Entry {
                tls,
                proxies: config.public.proxy_protocol.clone(),
            },
            admin: Entry {
                tls: None,
                proxies: config.admin_proxy_protocol.clone(),
            },
        })
    }

    /// Of one of them.
    pub(super) fn of(&self, side: Side) -> &Entry {
        match side {
            Side::Public => &self.public,
            Side::Admin => &self.admin,
        }
    }
}

impl Entry {
    /// Whether a connection from there has to begin by saying whom it speaks for.
    pub(super) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(peer))
    }

    /// Takes a connection to where HTTP begins.
    pub(super) async fn pass(
        &self,
        mut stream: TcpStream,
        peer: IpAddr,
        place: &mut Place,
        limits: &Limits,
    ) -> Result<(Stream, ClientAddress), Refused> {
        let mut address = ClientAddress::new(peer);
        if self.is_proxy(peer) {
            match timeout(limits.header_timeout, proxy::read(&mut stream)).await {
                Ok(Ok(said)) => address = said.map_or(address, ClientAddress::new),
                Ok(Err(_)) | Err(_) => return Err(Refused::ProxyHeader),
            }
            place.of(limits, address)?;
        }
        match &self.tls {
            None => Ok((Stream::Plain(stream), address)),
            Some(handshakes) => {
                let stream = handshakes.shake(stream).await?;
                Ok((Stream::Tls(Box::new(stream)), address))
            }
        }
    }
}
