//! The `START` message: what the page chose and what the browser said of itself.
//!
//! Its fields in order (forms as in `abi.rs`):
//!
//! 1. u8 flags (`flag`): 1 Faro's protocol, 2 there is a `beforeSend`, 4 there is an `ignoreErrors`, 8 there is a `denyUrls`,
//!    16 keep the errors of browser extensions, 32 the page is hidden now
//! 2. u8 consent: 0 pending, 1 granted, 2 denied
//! 3. u32 × 4: a seed from the browser's cryptographic source
//! 4. f64 × 11, `NaN` where the page gave none (the default is taken); one out of bounds (JavaScript writes −∞ where it is
//!    no number at all) is told by `BAD_OPTION` with its place and the default taken. Place, name, bounds, default:
//!    0 sample rate, 0 to 1, 1 · 1 session idle ms, 1 to 24 h, 15 min · 2 session lifetime ms, 1 to 24 h, 4 h ·
//!    3 items a batch, 1 to 1,000, 50 · 4 bytes a batch, 1,024 to 60,000, 49,152 · 5 age of a batch ms, 0 to 60,000, 5,000 ·
//!    6 to 10 items a session of each kind (log, exception, measurement, event, span), 0 to 1,000,000, 10,000 (exceptions 1,000)
//! 5. str a fresh session id (16 hex digits); str what the tab's storage holds (empty: nothing)
//! 6. str app name, str namespace, str version, str environment, str release
//! 7. str page id, str url, str view
//! 8. str browser name, str version, u8 mobile, str user agent, str language, f64 viewport width, f64 viewport height,
//!    u32 count of brands × (str brand, str version)
//! 9. str operating system name, str version
//! 10. the user, as in `USER`
//! 11. attrs of the session, as in `SESSION`
//! 12. attrs of every item, as in `ATTRIBUTES`
//!
//! An empty text is one that is not known and is left out of the payload.

use alloc::vec::Vec;

use crate::host::Host;
use crate::json::Json;
use crate::message::Message;
use crate::session::Bounds;

/// Bits of the flags.
pub mod flag {
    /// Speak to a receiver of Faro's: no field of ours, strings alone in attributes.
    pub const FARO: u8 = 1;
    /// There is a `beforeSend`.
    pub const HOOK: u8 = 2;
    /// There is an `ignoreErrors`.
    pub const IGNORE: u8 = 4;
    /// There is a `denyUrls`.
    pub const DENY: u8 = 8;
    /// Keep the errors of browser extensions.
    pub const EXTENSIONS: u8 = 16;
    /// The page is hidden now.
    pub const HIDDEN: u8 = 32;
}

/// The SDK's name on the wire.
const SDK: &str = "farol-web";

/// Its version, in meta and resource.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes of what the browser says of itself.
const BROWSER_BYTES: usize = 8192;

const DAY_MS: f64 = 86_400_000.0;

/// Least, most and default of each number, in the order of their places.
const NUMBERS: [(f64, f64, f64); 11] = [
    (0.0, 1.0, 1.0),
    // Faro's 15 minutes and 4 hours, which Grafana's dashboards assume.
    (1.0, DAY_MS, 900_000.0),
    (1.0, DAY_MS, 14_400_000.0),
    (1.0, 1000.0, 50.0),
    // 48 KiB and the meta fit a keepalive request's 64 KiB, with room for one more small batch.
    (1024.0, 60_000.0, 49_152.0),
    (0.0, 60_000.0, 5_000.0),
    // A visit of 4 hours can log every 1.4 s; a loop is stopped at some 3 MB.
    (0.0, 1e6, 10_000.0),
    // Repeats are counted and cost nothing; a thousand different errors tell no more than the first hundreds.
    (0.0, 1e6, 1_000.0),
    (0.0, 1e6, 10_000.0),
    (0.0, 1e6, 10_000.0),
    (0.0, 1e6, 10_000.0),
];

/// What the page chose, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) flags: u8,
    pub(crate) rate: f64,
    pub(crate) session: Bounds,
    pub(crate) items: u32,
    pub(crate) bytes: usize,
    pub(crate) age: f64,
    pub(crate) caps: [u32; 5],
}

impl Options {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A `START` message, read.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) options: Options,
    /// A bit for each number that was out of bounds.
    pub(crate) bad: u32,
    pub(crate) consent: u8,
    pub(crate) seed: [u32; 4],
    pub(crate) fresh: &'a [u8],
    pub(crate) stored: &'a [u8],
    /// The members of `meta` that never change: sdk, app, browser, os.
    pub(crate) meta: Vec<u8>,
    /// The attributes of the spans' resource.
    pub(crate) resource: Vec<u8>,
    pub(crate) page: (&'a [u8], &'a [u8]),
    pub(crate) view: &'a [u8],
    /// The user, the session's and the items' attributes follow.
    pub(crate) rest: Message<'a>,
}

/// Reads the fields up to the user.
pub(crate) fn read<'a, H: Host>(m: &mut Message<'a>, host: &H) -> Option<Start<'a>> {
    let flags = m.u8()?;
    let consent = m.u8()?;
    let seed = [m.u32()?, m.u32()?, m.u32()?, m.u32()?];
    let mut numbers = [0.0; NUMBERS.len()];
    let mut bad = 0;
    for (place, (number, (least, most, default))) in numbers.iter_mut().zip(NUMBERS).enumerate() {
        let given = m.f64()?;
        let fits = (least..=most).contains(&given);
        *number = if fits { given } else { default };
        bad |= u32::from(!fits && !given.is_nan()) << place;
    }
    let [rate, idle, lifetime, items, bytes, age, caps @ ..] = numbers;
    let options = Options {
        flags,
        rate,
        session: Bounds { idle, lifetime },
        items: items as u32,
        bytes: bytes as usize,
        age,
        caps: caps.map(|cap| cap as u32),
    };
    let fresh = m.text()?;
    let stored = m.text()?;

    let [name, namespace, version, environment, release] =
        [m.text()?, m.text()?, m.text()?, m.text()?, m.text()?];
    let mut meta = Json::new(Vec::new(), BROWSER_BYTES);
    meta.open_key("sdk", b'{');
    meta.field("name", SDK.as_bytes());
    meta.field("version", VERSION.as_bytes());
    meta.byte(b'}');
    meta.open_key("app", b'{');
    meta.field("name", name);
    meta.field("namespace", namespace);
    meta.field("version", version);
    meta.field("environment", environment);
    meta.field("release", release);
    meta.byte(b'}');

    let mut resource = Json::new(Vec::new(), BROWSER_BYTES);
    for (key, value) in [
        ("service.name", name),
        ("service.namespace", namespace),
        ("service.version", version),
        ("deployment.environment.name", environment),
        ("telemetry.sdk.name", SDK.as_bytes()),
        ("telemetry.sdk.language", b"webjs"),
        ("telemetry.sdk.version", VERSION.as_bytes()),
    ] {
        if !value.is_empty() {
            resource.open(b'{');
            resource.field("key", key.as_bytes());
            resource.open_key("value", b'{');
            resource.field("stringValue", value);
            resource.raw(b"}}");
        }
    }

    let page = (m.text()?, m.text()?);
    let view = m.text()?;
    browser(m, host, &mut meta)?;
    Some(Start {
        options,
        bad,
        consent,
        seed,
        fresh,
        stored,
        meta: meta.out,
        resource: resource.out,
        page,
        view,
        rest: *m,
    })
}

/// Browser and operating system.
fn browser<H: Host>(m: &mut Message<'_>, host: &H, meta: &mut Json) -> Option<()> {
    let [name, version] = [m.text()?, m.text()?];
    let mobile = m.u8()? != 0;
    let [agent, language] = [m.text()?, m.text()?];
    let viewport = [("viewportWidth", m.f64()?), ("viewportHeight", m.f64()?)];
    meta.open_key("browser", b'{');
    meta.field("name", name);
    meta.field("version", version);
    meta.flag("mobile", mobile);
    meta.field("userAgent", agent);
    meta.field("language", language);
    for (key, value) in viewport {
        if value.is_finite() {
            meta.key(key);
            meta.byte(b'"');
            meta.number(host, value);
            meta.byte(b'"');
        }
    }
    let brands = m.u32()?;
    if brands > 0 {
        meta.open_key("brands", b'[');
        for _ in 0..brands {
            let [brand, version] = [m.text()?, m.text()?];
            if !meta.full() {
                meta.open(b'{');
                meta.field("brand", brand);
                meta.field("version", version);
                meta.byte(b'}');
            }
        }
        meta.byte(b']');
    }
    let [os, os_version] = [m.text()?, m.text()?];
    if !os.is_empty() {
        // Faro's form: name and version in one.
        meta.key("os");
        meta.byte(b'"');
        meta.escape(os);
        if !os_version.is_empty() {
            meta.byte(b' ');
            meta.escape(os_version);
        }
        meta.byte(b'"');
    }
    meta.byte(b'}');
    if !os.is_empty() {
        meta.open_key("os", b'{');
        meta.field("name", os);
        meta.field("version", os_version);
        meta.byte(b'}');
    }
    Some(())
}
