//! Where on earth a client is, by the operator's own database in MaxMind's format: a file that is read whole, and again when it has changed.
//!
//! Read and not mapped: a mapped file that somebody cuts short ends the process.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use farol_protocol::meta::Geo;
use maxminddb::Reader;
use serde::Deserialize;

use crate::client_address::ClientAddress;

/// The largest file: cities of the world are some 120 MB in the fullest edition there is.
const LARGEST: u64 = 256 << 20;

/// What the operator says about places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Countries or cities.
    pub database: Option<PathBuf>,
    /// Autonomous systems.
    pub networks: Option<PathBuf>,
    /// How exact.
    pub detail: Detail,
}

/// How exactly a client is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Continent and country.
    Country,
    /// Its part, too.
    #[default]
    Region,
    /// The place, too.
    City,
}

impl Settings {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.database.iter().chain(&self.networks)
    }
}

/// Whether a file can be used.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(crate) fn check(path: &Path) -> Result<()> {
    Database::load(path, None).map(drop)
}

/// The databases, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Places {
    detail: Detail,
    places: Option<Arc<Database>>,
    networks: Option<Arc<Database>>,
}

#[derive(Debug)]
struct Database {
    path: PathBuf,
    /// Device, number, length, time of change: what tells one state of a file from the next.
    seen: (u64, u64, u64, i64, i64),
    reader: Reader<Vec<u8>>,
}

/// What is read of a place. Names are in English, as everything that is sent on.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    continent: Coded<'a>,
    #[serde(borrow)]
    country: Coded<'a>,
    #[serde(borrow)]
    registered_country: Coded<'a>,
    #[serde(borrow)]
    subdivisions: Vec<Coded<'a>>,
    #[serde(borrow)]
    city: Named<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Coded<'a> {
    code: &'a str,
    iso_code: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    names: English<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct English<'a> {
    en: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Network<'a> {
    autonomous_system_number: u32,
    autonomous_system_organization: &'a str,
}

impl Places {
    /// Reads the files; what was read `before` is taken over where nothing has changed.
    ///
    /// # Errors
    /// When one cannot be read, or is none.
    pub(crate) fn load(settings: &Settings, before: Option<&Self>) -> Result<Self> {
        let load = |key: &str, path: &Option<PathBuf>, before: Option<&Arc<Database>>| {
            let Some(path) = path else { return Ok(None) };
            let database = Database::load(path, before);
            let database = database.with_context(|| format!("{key} = {:?}", path.display()))?;
            anyhow::Ok(Some(database))
        };
        let places = before.and_then(|b| b.places.as_ref());
        let networks = before.and_then(|b| b.networks.as_ref());
        Ok(Self {
            detail: settings.detail,
            places: load("geo.database", &settings.database, places)?,
            networks: load("geo.networks", &settings.networks, networks)?,
        })
    }

    /// Where a client is; none where nothing is known of it, or no database was given.
    pub(super) fn find(&self, client: ClientAddress) -> Option<Geo> {
        let mut geo = Geo::default();
        if let Some(place) = look::<Place<'_>>(self.places.as_ref(), client.ip()) {
            geo.continent_iso = place.continent.code.to_owned();
            // Where a network is used counts; where it is registered, if nothing else is known.
            let country = [place.country, place.registered_country];
            let country = country.iter().find(|c| !c.iso_code.is_empty());
            geo.country_iso = country.map_or("", |c| c.iso_code).to_owned();
            if self.detail >= Detail::Region
                && let Some(part) = place.subdivisions.first()
                && !part.iso_code.is_empty()
            {
                geo.subdivision_iso = format!("{}-{}", geo.country_iso, part.iso_code);
            }
            if self.detail >= Detail::City {
                geo.city = place.city.names.en.to_owned();
            }
        }
        if let Some(network) = look::<Network<'_>>(self.networks.as_ref(), client.ip()) {
            geo.asn_org = network.autonomous_system_organization.to_owned();
            geo.asn_id = network.autonomous_system_number.to_string();
        }
        (geo != Geo::default()).then_some(geo)
    }
}

fn look<'a, T: Deserialize<'a>>(database: Option<&'a Arc<Database>>, ip: IpAddr) -> Option<T> {
    // A file of IPv4 alone says that it has no IPv6; a damaged place in a file costs that answer.
    database?.reader.lookup(ip).ok()?.decode().ok()?
}

impl Database {
    fn load(path: &Path, before: Option<&Arc<Self>>) -> Result<Arc<Self>> {
        let wrong = "it cannot be read; name a database in MaxMind's format (.mmdb)";
        let m = fs::metadata(path).context(wrong)?;
        let seen = (m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec());
        if let Some(before) = before
            && before.path == path
            && before.seen == seen
        {
            return Ok(before.clone());
        }
        // A device may have no end.
        if !m.is_file() {
            bail!("it is no file; name a database in MaxMind's format (.mmdb)");
        }
        if m.len() > LARGEST {
            bail!(
                "larger than {} MiB; take an edition with less in it",
                LARGEST >> 20
            );
        }
        let bytes = fs::read(path).context(wrong)?;
        let reader = match Reader::from_source(bytes) {
            Ok(reader) => reader,
            Err(error) => bail!(
                "it is no database in MaxMind's format, or was not written to its end ({error}); name another, or get it anew"
            ),
        };
        Ok(Arc::new(Self {
            path: path.to_owned(),
            seen,
            reader,
        }))
    }
}

#[cfg(test)]
mod tests;
