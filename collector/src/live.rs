//! What can change while the collector runs: everything here is made anew from the configuration and swapped as one, so that a request
//! sees one generation of settings from its head to its answer.
//!
//! To make something reloadable, give [`Live`] a field and fill it in [`Live::new`]; readers take [`Current::load`] once for each
//! request (or connection) and hold what they got. State that outlives a reload (buckets, counters, caches) is taken over from
//! `before`, or lives elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use arc_swap::ArcSwap;

use crate::admit::Admission;
use crate::config::{Config, Limits};
use crate::decode;
use crate::enrich::Enricher;
use crate::rules::Rules;
use crate::scrub;
use crate::sdk_config::Documents;
use crate::sdk_files::SdkFiles;
use crate::serve::Entries;

/// One generation of settings, ready for use.
#[derive(Debug)]
pub struct Live {
    /// Counts the configurations that were taken, from 1; it is written into each record.
    pub generation: u32,
    /// Who may send.
    pub admission: Admission,
    /// Bounds on requests.
    pub limits: Limits,
    /// Bounds on what is in them.
    pub decode_limits: decode::Limits,
    /// What connections begin with: PROXY protocol, TLS.
    pub entries: Entries,
    /// The SDK's files, where they are served.
    pub sdk: Option<Arc<SdkFiles>>,
    /// What SDKs are told.
    pub documents: Documents,
    /// What each app's data goes through.
    pub rules: Rules,
    /// What is added to it.
    pub enricher: Enricher,
}

impl Live {
    /// From settings that are valid; `before` is what it takes the place of.
    ///
    /// # Errors
    /// When something that the settings name (a file) cannot be used. The generation before then stays.
    pub fn new(config: &Config, before: Option<&Live>) -> Result<Self> {
        Ok(Self {
            generation: before.map_or(1, |live| live.generation.saturating_add(1)),
            admission: Admission::new(config, before.map(|live| &live.admission)),
            limits: config.limits,
            decode_limits: decode::Limits {
                margin: scrub::MARGIN,
                ..config.limits.content
            },
            entries: Entries::new(config, before.map(|live| &live.entries))?,
            sdk: match &config.public.sdk {
                Some(sdk) => Some(SdkFiles::load(sdk, before.and_then(|b| b.sdk.as_ref()))?),
                None => None,
            },
            documents: Documents::new(config),
            rules: Rules::new(config),
            enricher: Enricher::new(config, before.map(|live| &live.enricher))?,
        })
    }
}

/// The generation that holds now. Cloning gives another handle; reading it takes no lock.
#[derive(Debug, Clone)]
pub struct Current(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    live: ArcSwap<Live>,
    since: AtomicU64,
    refused: AtomicU64,
    /// What was read last was refused.
    last_refused: AtomicBool,
}

/// How reloading went, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadFigures {
    /// The generation that holds.
    pub generation: u32,
    /// When it was taken, seconds since 1970.
    pub since: u64,
    /// Configurations that were refused.
    pub refused: u64,
    /// Whether what was read last is one of them.
    pub last_refused: bool,
}

impl Current {
    /// With the first generation.
    pub fn new(live: Live) -> Self {
        Self(Arc::new(Inner {
            live: ArcSwap::from_pointee(live),
            since: AtomicU64::new(unix_now()),
            refused: AtomicU64::new(0),
            last_refused: AtomicBool::new(false),
        }))
    }

    /// What holds now. Whoever asks keeps what it got for as long as its work takes.
    pub fn load(&self) -> Arc<Live> {
        self.0.live.load_full()
    }

    /// Puts the next generation in place.
    pub fn swap(&self, live: Live) {
        self.0.live.store(Arc::new(live));
        self.0.since.store(unix_now(), Relaxed);
        self.0.last_refused.store(false, Relaxed);
    }

    /// Counts a configuration that was not taken.
    pub fn refused(&self) {
        self.0.refused.fetch_add(1, Relaxed);
        self.0.last_refused.store(true, Relaxed);
    }

    /// How reloading went.
    pub fn figures(&self) -> ReloadFigures {
        ReloadFigures {
            generation: self.0.live.load().generation,
            since: self.0.since.load(Relaxed),
            refused: self.0.refused.load(Relaxed),
            last_refused: self.0.last_refused.load(Relaxed),
        }
    }
}

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}
