//! Panics as errors: a hook in front of the one that was there.

use std::cell::Cell;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::thread::panicking;

use farol_protocol::names::attr;

use super::{Attributes, Farol};

thread_local! {
    /// Whether a hook of ours is there.
    static HOOKED: Cell<bool> = const { Cell::new(false) };
    /// The client that began when no hook could be set any more.
    static LATE: Cell<Option<Farol>> = const { Cell::new(None) };
}

/// Tells that client of each panic from now on.
pub(super) fn watch(farol: Farol) {
    // In Wasm that is so for ever after the first one, and whoever touches the hook then panics.
    if panicking() {
        return LATE.set(Some(farol));
    }
    let first = !HOOKED.replace(true);
    let former = take_hook();
    set_hook(Box::new(move |info| {
        tell(farol, info);
        if let Some(late) = LATE.get().filter(|_| first) {
            tell(late, info);
        }
        former(info);
    }));
}

fn tell(farol: Farol, info: &PanicHookInfo<'_>) {
    let mut attributes = Attributes::new();
    let place = info.location().map(ToString::to_string);
    if let Some(place) = info.location() {
        attributes = attributes
            .with(attr::CODE_FILE_PATH, place.file())
            .with(attr::CODE_LINE_NUMBER, place.line())
            .with(attr::CODE_COLUMN_NUMBER, place.column());
    }
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    farol.with(|page| page.panic(message, &place.unwrap_or_default(), &attributes));
}
