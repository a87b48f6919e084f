//! A stand-in for the browser: keeps what the core said, answers as told. For tests only.

use std::string::{String, ToString};
use std::vec::Vec;

use crate::abi::signal;
use crate::host::Host;

/// What a test may set and read.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    pub(crate) said: Vec<(u32, Vec<u8>)>,
    pub(crate) wall: f64,
    /// The answer to `HOOK`: `None` keeps the item.
    pub(crate) hook: Option<fn(u8, &str) -> Option<String>>,
    pub(crate) filter: Option<fn(u8, &str) -> bool>,
    answer: Vec<u8>,
}

impl Host for Fake {
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64 {
        self.said.push((signal, bytes.to_vec()));
        let text = || core::str::from_utf8(&bytes[1..]).unwrap();
        match signal {
            signal::HOOK => match self.hook.map(|hook| hook(bytes[0], text())) {
                None => -2.0,
                Some(None) => -1.0,
                Some(Some(answer)) => {
                    self.answer = answer.into_bytes();
                    self.answer.len() as f64
                }
            },
            signal::FILTER => f64::from(u8::from(
                self.filter.is_some_and(|filter| filter(bytes[0], text())),
            )),
            signal::META => {
                self.answer = meta();
                self.answer.len() as f64
            }
            _ => 0.0,
        }
    }

    fn number(&self, value: f64, room: &mut [u8]) -> usize {
        assert!(value.is_finite());
        // JavaScript turns to exponents where Rust does not: as a fake may not need as many digits.
        let text = if value.abs() >= 1e21 || value.abs() < 1e-6 {
            std::format!("{value:e}")
        } else {
            value.to_string()
        };
        room[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    }

    fn wall(&self) -> f64 {
        self.wall
    }

    fn answer(&self, len: usize) -> &[u8] {
        &self.answer[..len]
    }
}

/// What a browser says of itself.
fn meta() -> Vec<u8> {
    Writer::default()
        .many(&["Chrome", "156.0"])
        .b(0)
        .many(&["Mozilla/5.0", "en-GB"])
        .n(1280.0)
        .n(720.5)
        .u(1)
        .many(&["Chromium", "156"])
        .many(&["Linux", "6.1"])
        .0
}

/// Writes a message as JavaScript would.
#[derive(Debug, Default, Clone)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn b(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn n(mut self, value: f64) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn s(mut self, text: &str) -> Self {
        self = self.u(text.len() as u32);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn many(self, texts: &[&str]) -> Self {
        texts.iter().fold(self, |writer, text| writer.s(text))
    }

    /// Attributes by their text: a number, `true`, `false`, else a text.
    pub(crate) fn a(self, attrs: &[(&str, &str)]) -> Self {
        let mut writer = self.u(attrs.len() as u32);
        for (key, value) in attrs {
            writer = writer.s(key);
            writer = match (*value, value.parse::<f64>()) {
                ("true", _) => writer.b(3),
                ("false", _) => writer.b(2),
                (_, Ok(number)) => writer.b(1).n(number),
                _ => writer.b(0).s(value),
            };
        }
        writer
    }
}

/// The fields of `START` that tests change.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) flags: u8,
    pub(crate) consent: u8,
    pub(crate) numbers: [f64; 18],
    /// Names of query parameters whose values stay, and of those whose values go.
    pub(crate) rules: [&'static str; 2],
    pub(crate) fresh: &'static str,
    pub(crate) stored: String,
    /// Name, namespace, version, environment, release.
    pub(crate) app: [&'static str; 5],
    pub(crate) globals: Vec<(&'static str, &'static str)>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            flags: 0,
            consent: 1,
            numbers: [f64::NAN; 18],
            rules: [""; 2],
            fresh: "00f067aa0ba902b7",
            stored: String::new(),
            app: ["shop", "web", "1.2.3", "production", "1.2.3+abc"],
            globals: Vec::new(),
        }
    }
}

impl Start {
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut writer = Writer::default()
            .b(self.flags)
            .b(self.consent)
            .u(1)
            .u(2)
            .u(3)
            .u(4);
        for number in self.numbers {
            writer = writer.n(number);
        }
        writer
            .many(&self.rules)
            .many(&[self.fresh, &self.stored])
            .many(&self.app)
            .many(&["page0", "https://joe:pw@shop.example/?token=t0", "home"])
            .b(1)
            .many(&["u1", "joe", "joe@shop.example", "Joe", "h", "admin,ops"])
            .a(&[("plan", "gold"), ("age", "41")])
            .a(&[("experiment", "b"), ("beta", "true")])
            .a(&self.globals)
            .0
    }
}
