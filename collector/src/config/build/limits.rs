//! The rules that bounds must keep.

use super::{Built, count, positive, size};
use crate::config::read::Section;
use crate::config::{Limits, Rate};
use crate::decode;

/// A record holds a body as JSON, where it may take several times as much. One of this size fits into [`crate::record::MAX_BLOCK`] but where it is mostly
/// control characters or the like, and is refused then.
const MOST_INFLATED: usize = 16 << 20;

/// Each connection may hold a head of this size; no browser or proxy sends one of 256 KiB.
const MOST_HEAD: usize = 1 << 20;

/// The largest window that zstd's own decoder takes unless told otherwise.
const MOST_WINDOW: usize = 128 << 20;

/// The work on a payload goes down as deep as it nests, and a thread's stack has an end.
const MOST_DEPTH: usize = 128;

/// `[limits]`.
pub(super) fn build(section: Section<'_>) -> Built<Limits> {
    let default = Limits::default();
    let limits = Limits {
        body: size(&section, "body", default.body, 1024)?,
        inflated: size(&section, "inflated", default.inflated, 1024)?,
        in_flight: size(&section, "in_flight", default.in_flight, 1024)?,
        header_bytes: size(&section, "header_bytes", default.header_bytes, 8192)?,
        header_timeout: positive(&section, "header_timeout", default.header_timeout)?,
        body_timeout: positive(&section, "body_timeout", default.body_timeout)?,
        body_rate: size(&section, "body_rate", default.body_rate, 0)?,
        body_grace: positive(&section, "body_grace", default.body_grace)?,
        idle_timeout: positive(&section, "idle_timeout", default.idle_timeout)?,
        connections: count(&section, "connections", default.connections)?,
        connections_per_address: count(
            &section,
            "connections_per_address",
            default.connections_per_address,
        )?,
        streams: u32::try_from(count(&section, "streams", default.streams as usize)?)
            .map_err(|_| section.wrong("streams", "too large"))?,
        zstd_window: size(&section, "zstd_window", default.zstd_window, 1024)?,
        content: content(&section, default.content)?,
        rate: rate(section.section("rate")?, default.rate)?,
        address_rate: rate(section.section("address_rate")?, default.address_rate)?,
    };
    if !limits.zstd_window.is_power_of_two() || limits.zstd_window > MOST_WINDOW {
        let problem = "a power of two, such as \"1 MiB\" or \"8 MiB\", and at most 128 MiB";
        return Err(section.wrong("zstd_window", problem));
    }
    if limits.header_bytes > MOST_HEAD {
        return Err(section.wrong("header_bytes", "at most 1 MiB"));
    }
    if limits.inflated > MOST_INFLATED {
        return Err(section.wrong("inflated", "at most 16 MiB"));
    }
    if limits.body > limits.inflated {
        let problem = format!(
            "a body is never larger as sent than inflated (limits.inflated = {}); lower it",
            limits.inflated
        );
        return Err(section.wrong("body", problem));
    }
    // What is inflated stands beside the decoder's window, of which no more than that is ever filled. A quarter is for small bodies alone.
    if limits.in_flight - limits.in_flight / 4 < limits.body + 2 * limits.inflated {
        return Err(section.wrong(
            "in_flight",
            "the largest body would not fit: at least four thirds of limits.body and twice limits.inflated",
        ));
    }
    section.finish()?;
    Ok(limits)
}

fn content(section: &Section<'_>, default: decode::Limits) -> Built<decode::Limits> {
    let content = decode::Limits {
        margin: 0,
        depth: count(section, "depth", default.depth)?,
        items: count(section, "items", default.items)?,
        string: size(section, "string", default.string, 64)?,
        attributes: count(section, "attributes", default.attributes)?,
    };
    if !(8..=MOST_DEPTH).contains(&content.depth) {
        let problem = format!("8 to {MOST_DEPTH}; payloads with spans nest 15 deep");
        return Err(section.wrong("depth", problem));
    }
    // More are not read: what is cut, is cut after reading.
    if content.items > farol_protocol::limits::ITEMS {
        let problem = format!("at most {}", farol_protocol::limits::ITEMS);
        return Err(section.wrong("items", problem));
    }
    Ok(content)
}

/// A table of a rate's settings.
pub(super) fn rate(section: Section<'_>, default: Rate) -> Built<Rate> {
    // 0 takes a default away.
    let unless_zero = |given: Option<u64>, default| match given {
        None => default,
        Some(0) => None,
        some => some,
    };
    let bytes = section.size("bytes")?.map(|n| n as u64);
    let rate = Rate {
        requests: unless_zero(section.number("requests")?, default.requests),
        bytes: unless_zero(bytes, default.bytes),
        burst: positive(&section, "burst", default.burst)?,
        observe: section.flag("observe")?.unwrap_or(default.observe),
    };
    section.finish()?;
    Ok(rate)
}
