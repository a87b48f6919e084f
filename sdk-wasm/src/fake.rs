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
            _ => 0.0,
        }
    }

    fn number(&self, value: f64, out: &mut Vec<u8>) {
        assert!(value.is_finite());
        out.extend_from_slice(value.to_string().as_bytes());
    }

    fn wall(&self) -> f64 {
        self.wall
    }

    fn answer(&self, len: usize) -> &[u8] {
        &self.answer[..len]
    }
}
