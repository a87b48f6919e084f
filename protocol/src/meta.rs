//! What a payload says about everything in it: app, user, session, page, browser.

use crate::map::Attributes;
use crate::read::{EntrySeed, Key, Read, Seed};
use crate::value::Value;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

object! {
    /// The meta of a payload. An empty string is the same as an absent one.
    pub struct Meta {
        /// The SDK that made the payload.
        pub sdk: Sdk = "sdk",
        /// The app that it ran in.
        pub app: App = "app",
        /// The user, where the page told.
        pub user: User = "user",
        /// The session.
        pub session: Session = "session",
        /// The page.
        pub page: Page = "page",
        /// The browser.
        pub browser: Browser = "browser",
        /// The view.
        pub view: View = "view",
        /// The load test, if one drives the browser.
        pub k6: K6 = "k6",
        /// The operating system.
        pub os: Os = "os",
        /// The device.
        pub device: Device = "device",
        /// Where on earth; the collector's to fill.
        pub geo: Geo = "geo",
    }
}

object! {
    /// The SDK.
    pub struct Sdk {
        /// Its name.
        pub name: String = "name",
        /// Its version.
        pub version: String = "version",
        /// Its parts.
        pub integrations: Vec<Integration> = "integrations",
    }
}

object! {
    /// A part of the SDK.
    pub struct Integration {
        /// Its name.
        pub name: String = "name",
        /// Its version.
        pub version: String = "version",
    }
}

object! {
    /// The app.
    pub struct App {
        /// Its name; becomes `service.name`.
        pub name: String = "name",
        /// Its namespace.
        pub namespace: String = "namespace",
        /// Its release.
        pub release: String = "release",
        /// Its version.
        pub version: String = "version",
        /// Where it is deployed.
        pub environment: String = "environment",
        /// The bundle that is running.
        pub bundle_id: String = "bundleId",
        /// The commit that it was built from.
        pub git_hash: String = "gitHash",
        /// The installation.
        pub installation_id: String = "installationId",
    }
}

object! {
    /// The user.
    pub struct User {
        /// Id.
        pub id: String = "id",
        /// Short name.
        pub username: String = "username",
        /// Mail address.
        pub email: String = "email",
        /// Name in full.
        pub full_name: String = "fullName",
        /// Roles, separated by commas.
        pub roles: String = "roles",
        /// A hash that stands for the user.
        pub hash: String = "hash",
        /// What else the page says.
        pub attributes: Attributes = "attributes",
    }
}

object! {
    /// The session.
    pub struct Session {
        /// Id.
        pub id: String = "id",
        /// Attributes; `previousSession` among them after a rotation.
        pub attributes: Attributes = "attributes",
        /// Settings that hold for this session alone.
        pub overrides: SessionOverrides = "overrides",
    }
}

object! {
    /// Settings that hold for one session.
    pub struct SessionOverrides {
        /// The service to book this session on.
        pub service_name: String = "serviceName",
        /// Whether the session may be located.
        pub geo_location: Option<bool> = "geoLocationTrackingEnabled",
    }
}

object! {
    /// The page.
    pub struct Page {
        /// Id.
        pub id: String = "id",
        /// Address, scrubbed.
        pub url: String = "url",
        /// What else is known of it.
        pub attributes: Attributes = "attributes",
    }
}

object! {
    /// The view: what the user takes for a page.
    pub struct View {
        /// Its name.
        pub name: String = "name",
    }
}

object! {
    /// The browser.
    pub struct Browser {
        /// Name.
        pub name: String = "name",
        /// Version.
        pub version: String = "version",
        /// Operating system, as the browser tells.
        pub os: String = "os",
        /// Whether it says that it is mobile.
        pub mobile: Option<bool> = "mobile",
        /// The user agent string.
        pub user_agent: String = "userAgent",
        /// Language.
        pub language: String = "language",
        /// Brands.
        pub brands: Brands = "brands",
        /// Width of the viewport in CSS pixels.
        pub viewport_width: String = "viewportWidth",
        /// Height of the viewport in CSS pixels.
        pub viewport_height: String = "viewportHeight",
    }
}

object! {
    /// One of the brands that a browser goes by.
    pub struct Brand {
        /// Name.
        pub brand: String = "brand",
        /// Version.
        pub version: String = "version",
    }
}

object! {
    /// A load test that drives the browser.
    pub struct K6 {
        /// Whether it does.
        pub is_k6_browser: Option<bool> = "isK6Browser",
        /// Which run.
        pub test_run_id: String = "testRunId",
    }
}

object! {
    /// The operating system.
    pub struct Os {
        /// Name.
        pub name: String = "name",
        /// Version.
        pub version: String = "version",
        /// Build.
        pub build_id: String = "build_id",
        /// Free text.
        pub detail: String = "detail",
    }
}

object! {
    /// The device.
    pub struct Device {
        /// Manufacturer.
        pub manufacturer: String = "manufacturer",
        /// Model, as its maker identifies it.
        pub model_identifier: String = "model_identifier",
        /// Model, as people call it.
        pub model_name: String = "model_name",
        /// Brand.
        pub brand: String = "brand",
        /// Whether it is no emulator. Senders write a boolean or its name.
        pub is_physical: String = "is_physical",
        /// Phone, tablet, desktop and the like.
        pub kind: String = "type",
    }
}

object! {
    /// Where on earth.
    pub struct Geo {
        /// Continent, two letters.
        pub continent_iso: String = "continent_iso",
        /// Country, two letters.
        pub country_iso: String = "country_iso",
        /// Region.
        pub subdivision_iso: String = "subdivision_iso",
        /// Place.
        pub city: String = "city",
        /// Who runs the network.
        pub asn_org: String = "asn_org",
        /// The network's number.
        pub asn_id: String = "asn_id",
    }
}

/// A browser's brands: a list, or a word (`unknown`) where the browser tells none.
#[derive(Debug, Clone, PartialEq)]
pub enum Brands {
    /// One after the other.
    List(Vec<Brand>),
    /// A word.
    Text(String),
}

impl Default for Brands {
    fn default() -> Self {
        Brands::List(Vec::new())
    }
}

impl Serialize for Brands {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Brands::List(list) => list.serialize(serializer),
            Brands::Text(text) => text.serialize(serializer),
        }
    }
}

impl Read for Brands {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BrandsVisitor)
    }
}

struct BrandsVisitor;

impl<'de> Visitor<'de> for BrandsVisitor {
    type Value = Brands;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of brands or a word")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Brands, A::Error> {
        let mut list = Vec::new();
        while let Some(OneBrand(brand)) = items.next_element_seed(Seed::<OneBrand>::new())? {
            list.push(brand);
        }
        Ok(Brands::List(list))
    }

    fn visit_str<E>(self, text: &str) -> Result<Brands, E> {
        Ok(if text.is_empty() {
            Brands::default()
        } else {
            Brands::Text(text.to_owned())
        })
    }

    fn visit_unit<E>(self) -> Result<Brands, E> {
        Ok(Brands::default())
    }
}

/// A brand, or its bare name.
#[derive(Default)]
struct OneBrand(Brand);

impl Read for OneBrand {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneBrandVisitor).map(OneBrand)
    }
}

struct OneBrandVisitor;

impl<'de> Visitor<'de> for OneBrandVisitor {
    type Value = Brand;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a brand")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Brand, A::Error> {
        let mut out = Brand::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            match &*key {
                "brand" => out.brand = entries.next_value_seed(Seed::<String>::new())?,
                "version" => out.version = entries.next_value_seed(Seed::<String>::new())?,
                _ => {
                    if let Some(value) = entries.next_value_seed(EntrySeed::<Value>::new())? {
                        out.extra.push(key.into_owned(), value);
                    }
                }
            }
        }
        out.extra.settle();
        Ok(out)
    }

    fn visit_str<E>(self, text: &str) -> Result<Brand, E> {
        Ok(Brand {
            brand: text.to_owned(),
            ..Brand::default()
        })
    }
}
