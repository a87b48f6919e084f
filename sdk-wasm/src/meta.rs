//! What a payload says of its client: what never changes (app, browser), and the parts that do, as JSON objects: user, session,
//! page, view. `{}` is none.

use alloc::vec::Vec;

use crate::host::Host;
use crate::message::{Attrs, Message};
use crate::pen::Pen;

/// Bytes of each part: beyond that nobody reads them, and every payload carries them.
const PART_BYTES: usize = 4096;

/// What is the same in every payload of a client.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    /// The members sdk, app, browser and os.
    pub(crate) meta: Vec<u8>,
    /// The attributes of the spans' resource.
    pub(crate) resource: Vec<u8>,
}

impl<H: Host> Pen<H> {
    /// An object that `write` fills.
    fn object(&mut self, write: impl FnOnce(&mut Self)) -> Vec<u8> {
        self.start(PART_BYTES);
        self.byte(b'{');
        write(self);
        self.byte(b'}');
        self.take()
    }

    /// Reads the app (fields 6 of `START`); the browser's fields are to follow in `rest`.
    pub(crate) fn fixed(&mut self, app: Message<'_>, rest: &mut Message<'_>) -> Fixed {
        self.start(PART_BYTES);
        self.fill(
            &mut app.clone(),
            "\x03service.name\x03service.namespace\x03service.version\x03deployment.environment.name",
        );
        self.otlp_text(b"telemetry.sdk.name", b"farol-web");
        self.otlp_text(b"telemetry.sdk.language", b"webjs");
        self.otlp_text(
            b"telemetry.sdk.version",
            env!("CARGO_PKG_VERSION").as_bytes(),
        );
        let resource = self.take();

        self.start(PART_BYTES);
        self.fill(
            &mut app.clone(),
            concat!(
                "\x06\"sdk\":{\"name\":\"farol-web\",\"version\":\"",
                env!("CARGO_PKG_VERSION"),
                "\"},\"app\":{\x02name\x02namespace\x02version\x02environment\x02release\x06},\"browser\":{"
            ),
        );
        self.fill(rest, "\x02name\x02version\x05mobile\x02userAgent\x02language\x04viewportWidth\x04viewportHeight");
        let brands = rest.count();
        if brands > 0 {
            self.fill(rest, "\x06,\"brands\":[");
            for _ in 0..brands {
                self.comma();
                self.fill(rest, "\x06{\x02brand\x02version\x06}");
            }
            self.byte(b']');
        }
        // Faro's form in `browser`: name and version in one.
        let mut os = *rest;
        let text = [os.text(), b" ", os.text()].concat();
        self.field("os", text.trim_ascii_end());
        self.fill(rest, "\x06},\"os\":{\x02name\x02version\x06}");
        Fixed {
            meta: self.take(),
            resource,
        }
    }

    /// A user.
    pub(crate) fn user(&mut self, m: &mut Message<'_>) -> Vec<u8> {
        let present = m.byte() != 0;
        let user = self.object(|pen| {
            pen.fill(
                m,
                "\x02id\x02username\x02email\x02fullName\x02hash\x02roles",
            );
            let at = pen.open("attributes");
            pen.list(at, m.attrs(), false);
            pen.close(at);
        });
        if present { user } else { b"{}".to_vec() }
    }

    /// A session.
    pub(crate) fn session(&mut self, id: &[u8], previous: &[u8], attrs: Attrs<'_>) -> Vec<u8> {
        self.object(|pen| {
            pen.field("id", id);
            let at = pen.open("attributes");
            pen.field("previousSession", previous);
            pen.list(at, attrs, false);
            pen.close(at);
        })
    }

    /// A page; its URL is scrubbed.
    pub(crate) fn page(&mut self, id: &[u8], url: &[u8]) -> Vec<u8> {
        self.object(|pen| {
            pen.field("id", id);
            pen.field("url", url);
        })
    }

    /// A view.
    pub(crate) fn view(&mut self, name: &[u8]) -> Vec<u8> {
        self.object(|pen| pen.field("name", name))
    }
}
