//! The parts of a payload's meta that change while a page lives, as JSON objects: user, session, page, view. `{}` is none.

use alloc::vec::Vec;

use crate::attributes::{self, Form, Own};
use crate::host::Host;
use crate::json::Json;
use crate::message::{Attrs, Message, Value};

/// Bytes of a user, of the session's attributes, of a page: beyond that nobody reads them, and every payload carries them.
const PART_BYTES: usize = 4096;

/// A user as a JSON object: `{}` where there is none. In Faro's form all attributes are strings.
pub(crate) fn user<H: Host>(m: &mut Message<'_>, host: &H, form: Form) -> Option<Vec<u8>> {
    let present = m.u8()? != 0;
    let mut json = Json::new(Vec::new(), PART_BYTES);
    json.byte(b'{');
    for key in ["id", "username", "email", "fullName", "hash", "roles"] {
        let text = m.text()?;
        if present {
            json.field(key, text);
        }
    }
    members(
        &mut json,
        host,
        form,
        &[],
        if present {
            m.attrs()?
        } else {
            m.attrs()?;
            Attrs::NONE
        },
    );
    json.byte(b'}');
    Some(json.out)
}

/// A session as a JSON object.
pub(crate) fn session<H: Host>(
    id: &[u8],
    previous: &[u8],
    attrs: Attrs<'_>,
    host: &H,
    form: Form,
) -> Vec<u8> {
    let mut json = Json::new(Vec::new(), PART_BYTES);
    json.byte(b'{');
    json.field("id", id);
    let own: Own<'_> = &[("previousSession", Value::Text(previous))];
    members(
        &mut json,
        host,
        form,
        if previous.is_empty() { &[] } else { own },
        attrs,
    );
    json.byte(b'}');
    json.out
}

/// A page as a JSON object, its URL without secrets.
pub(crate) fn page(id: &[u8], url: &[u8]) -> Vec<u8> {
    let mut json = Json::new(Vec::new(), PART_BYTES);
    json.byte(b'{');
    json.field("id", id);
    json.field("url", url);
    json.byte(b'}');
    json.out
}

/// A view as a JSON object.
pub(crate) fn view(name: &[u8]) -> Vec<u8> {
    let mut json = Json::new(Vec::new(), PART_BYTES);
    json.byte(b'{');
    json.field("name", name);
    json.byte(b'}');
    json.out
}

fn members<H: Host>(json: &mut Json, host: &H, form: Form, own: Own<'_>, attrs: Attrs<'_>) {
    let mut empty = attrs;
    if own.is_empty() && empty.next().is_none() {
        return;
    }
    json.open_key("attributes", b'{');
    attributes::write(json, host, form, own, attrs, Attrs::NONE);
    json.byte(b'}');
}
