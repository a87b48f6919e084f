//! Who is who: the server says HELO with a nonce, the client proves with PING that it knows the shared key, the server with PONG that it does
//! too. The key itself is never sent.

use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;

use crate::config::FluentForward as Settings;
use crate::export::Reason;
use crate::export::msgpack::{self, Value};
use crate::hex::hex;

/// The server's greeting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Helo {
    nonce: Vec<u8>,
    /// Empty where it asks for no user.
    auth: Vec<u8>,
    /// Whether connections may stay.
    pub(super) keepalive: bool,
}

impl Helo {
    pub(super) fn read(message: &Value) -> Option<Self> {
        let [kind, options, ..] = message.as_list()? else {
            return None;
        };
        if kind.as_bytes() != Some(b"HELO") {
            return None;
        }
        let bytes = |key| {
            let value = options.get(key).and_then(Value::as_bytes);
            value.unwrap_or_default().to_vec()
        };
        Some(Self {
            nonce: bytes("nonce"),
            auth: bytes("auth"),
            keepalive: options.get("keepalive") != Some(&Value::Boolean(false)),
        })
    }
}

/// What the client's proof is made of.
pub(super) struct Proof<'a> {
    pub(super) settings: &'a Settings,
    pub(super) key: &'a str,
    pub(super) salt: &'a [u8],
}

impl Proof<'_> {
    /// The client's answer.
    pub(super) fn ping(&self, helo: &Helo) -> Vec<u8> {
        let name = self.settings.hostname.as_str();
        let (user, password) = match &self.settings.user {
            Some((user, password)) if !helo.auth.is_empty() => (user.as_str(), password.reveal()),
            _ => ("", ""),
        };
        let password = match helo.auth.is_empty() {
            true => String::new(),
            false => digest(&[&helo.auth, user.as_bytes(), password.as_bytes()]),
        };
        let mut out = Vec::new();
        msgpack::array(&mut out, 6);
        msgpack::text(&mut out, "PING");
        msgpack::text(&mut out, name);
        msgpack::bytes(&mut out, self.salt);
        msgpack::text(&mut out, &self.digest_of(name.as_bytes(), helo));
        msgpack::text(&mut out, user);
        msgpack::text(&mut out, &password);
        out
    }

    /// Whether the server let the client in, and is the one that was meant.
    pub(super) fn judge(&self, helo: &Helo, pong: &Value) -> Result<(), Reason> {
        let Some([kind, admitted, words, name, theirs, ..]) = pong.as_list() else {
            return Err(Reason::code("no forward server"));
        };
        if kind.as_bytes() != Some(b"PONG") {
            return Err(Reason::code("no forward server"));
        }
        if *admitted != Value::Boolean(true) {
            let words = words.as_bytes().unwrap_or_default();
            let words = String::from_utf8_lossy(words);
            return Err(Reason::new("not let in", words));
        }
        let ours = self.digest_of(name.as_bytes().unwrap_or_default(), helo);
        let theirs = theirs.as_bytes().unwrap_or_default();
        match bool::from(ours.as_bytes().ct_eq(theirs)) {
            true => Ok(()),
            false => Err(Reason::code("the server has another shared key")),
        }
    }

    fn digest_of(&self, name: &[u8], helo: &Helo) -> String {
        digest(&[self.salt, name, &helo.nonce, self.key.as_bytes()])
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize())
}
