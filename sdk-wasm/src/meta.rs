//! What a payload says of its client: what never changes (app, browser), and what does: user, session, page, view.

use alloc::vec::Vec;

use crate::host::Host;
use crate::message::Message;
use crate::pen::Pen;

/// Bytes of each part: beyond that nobody reads them, and every payload carries them.
const PART_BYTES: usize = 4096;

/// What is the same in every payload of a client.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// The members sdk, app, browser and os.
    pub(crate) meta: Vec<u8>,
    /// The attributes of the spans' resource.
    pub(crate) resource: Vec<u8>,
}

impl<H: Host> Pen<H> {
    /// Reads the app (field 6 of `START`), and in `rest` what the browser says of itself, the answer to `META`: str browser name, str version,
    /// u8 mobile, str user agent, str language, f64 viewport width, f64 viewport height, u32 count of brands × (str brand,
    /// str version), str name of the operating system, str version.
    pub(crate) fn fixed(&mut self, mut app: Message<'_>, rest: &mut Message<'_>) -> Fixed {
        self.start(PART_BYTES);
        self.fill(
            &mut app.clone(),
            0.0,
            "\x03service.name\x03service.namespace\x03service.version\x03deployment.environment.name",
        );
        self.otlp(b"telemetry.sdk.name", b"string", b"farol-web");
        self.otlp(b"telemetry.sdk.language", b"string", b"webjs");
        self.otlp(
            b"telemetry.sdk.version",
            b"string",
            env!("CARGO_PKG_VERSION").as_bytes(),
        );
        let resource = self.take();

        self.start(PART_BYTES);
        self.fill(
            &mut app,
            0.0,
            concat!(
                "\x06\"sdk\":{\"name\":\"farol-web\",\"version\":\"",
                env!("CARGO_PKG_VERSION"),
                "\"},\"app\":{\x02name\x02namespace\x02version\x02environment\x02release\x06},\"browser\":{"
            ),
        );
        self.fill(rest, 0.0, "\x02name\x02version\x05mobile\x02userAgent\x02language\x04viewportWidth\x04viewportHeight");
        self.raw(b",\"brands\":[");
        for _ in 0..rest.count() {
            self.comma();
            self.fill(rest, 0.0, "\x06{\x02brand\x02version\x06}");
        }
        self.byte(b']');
        // Faro's form in `browser`: name and version in one.
        let mut os = *rest;
        self.raw(b",\"os\":\"");
        self.escape(os.text());
        // Linux has none.
        let version = os.text();
        if !version.is_empty() {
            self.byte(b' ');
        }
        self.escape(version);
        self.fill(rest, 0.0, "\x06\"},\"os\":{\x02name\x02version\x06}");
        Fixed {
            meta: self.take(),
            resource,
        }
    }

    /// A user, as JSON.
    pub(crate) fn user(&mut self, m: &mut Message<'_>) -> Vec<u8> {
        self.start(PART_BYTES);
        self.byte(b'{');
        let present = m.byte() != 0;
        self.fill(
            m,
            0.0,
            "\x02id\x02username\x02email\x02fullName\x02hash\x02roles\x08attributes",
        );
        if !present {
            self.out.truncate(1);
        }
        self.byte(b'}');
        self.take()
    }

    /// Session and user, as members of the meta, the session's id first (`Batch::rename`).
    pub(crate) fn who(&mut self, id: &[u8], previous: &[u8], attrs: &[u8], user: &[u8]) -> Vec<u8> {
        self.start(2 * PART_BYTES);
        self.raw(b"\"session\":{");
        self.field(b"id", id);
        let at = self.open(b"attributes");
        self.field(b"previousSession", previous);
        self.list(&mut Message::new(attrs), at, false);
        self.close(at);
        self.byte(b'}');
        if user.len() > 2 {
            self.raw(b",\"user\":");
            self.raw(user);
        }
        self.take()
    }

    /// Page and view, as members of the meta or of an item's override.
    pub(crate) fn whence(&mut self, page: &[u8], url: &[u8], view: &[u8]) -> Vec<u8> {
        self.start(PART_BYTES);
        self.raw(b"\"page\":{");
        self.field(b"id", page);
        self.field(b"url", url);
        self.raw(b"},\"view\":{");
        self.field(b"name", view);
        self.byte(b'}');
        self.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Writer};

    #[test]
    fn a_system_without_a_version_or_a_name_has_no_blank() {
        for (name, version, want) in [
            ("Android", "14", r#","os":"Android 14"},"os":{"#),
            ("Linux", "", r#","os":"Linux"},"os":{"#),
            ("", "", r#","os":""},"os":{"#),
        ] {
            let browser = Writer::default().many(&["", ""]).b(0).many(&["", ""]);
            let browser = browser.n(0.0).n(0.0).u(0).many(&[name, version]).0;
            let app = Writer::default().many(&[""; 5]).0;
            let mut pen = Pen::new(Fake::default());
            let fixed = pen.fixed(Message::new(&app), &mut Message::new(&browser));
            let meta = std::string::String::from_utf8(fixed.meta).unwrap();
            assert!(meta.contains(want), "{meta}");
        }
    }
}
