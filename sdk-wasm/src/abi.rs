//! The messages that cross the ABI: JavaScript writes, the core reads, one number names each kind.
//!
//! A message is its fields one after the other, without padding, little-endian:
//! `str` = u32 length in bytes + UTF-8; `f64`; `u32`; `u8`; `attrs` = u32 count, then for each a
//! `str` key, a u8 tag (0 str, 1 f64, 2 false, 3 true) and the value. A time is ms on the
//! `performance.now()` clock (`NaN`: now). `npm/web/src/abi.ts` holds the same numbers; a test
//! compares the two files.
//!
//! What JavaScript leaves to the core, so that it is done once: URLs are scrubbed, numbers that are not finite left out,
//! long texts cut, global attributes added, caps and consent observed. It may hand over everything as it finds it.

/// What JavaScript tells the core. The comment behind each lists the fields in order.
pub mod op {
    /// Nothing happened but time. No fields. To be sent at the deadline that the last `put` answered.
    pub const TICK: u32 = 0;
    /// The first message of a core: see `options.rs` for its fields. What comes before it is dropped. Signals `SESSION` and
    /// `STORE` come while it is taken.
    pub const START: u32 = 1;
    /// A custom event: str name, str domain (empty: `browser`), attrs, str trace id, str span id (empty: none), f64 time.
    pub const EVENT: u32 = 2;
    /// A log: str level (trace, debug, info, log, warn, error), str message, attrs, str trace id, str span id, f64 time.
    pub const LOG: u32 = 3;
    /// A measurement: str type, u32 count, count × (str name, f64 value), attrs, str trace id, str span id, f64 time.
    pub const MEASUREMENT: u32 = 4;
    /// An exception: u8 flags (1 handled, 2 fatal), str mechanism (onerror, onunhandledrejection, api), str type, str message, str stack,
    /// str file, f64 line, f64 column (file empty, NaN: unknown; used where the stack has no frame),
    /// u32 count of causes × (str type, str message, str stack) in order of depth, an AggregateError's children behind it,
    /// attrs, str trace id, str span id, f64 time,
    /// u32 count of bundles × (str file, str debug id, str module, str release): what bundlers left for that file (empty: nothing).
    /// What was thrown and is no Error comes with the stack empty and a type and a message that say what it was.
    pub const EXCEPTION: u32 = 5;
    /// A finished span of the page's own: str trace id, str span id, str parent span id (empty: root), str name,
    /// u8 kind (OTLP number), f64 start, f64 end, u8 status (OTLP number), str status message, attrs.
    pub const SPAN: u32 = 6;
    /// A finished request: u8 initiator (0 fetch, 1 XMLHttpRequest), str trace id, str span id, str parent span id,
    /// str method, str url (absolute), f64 start, f64 end, f64 status (0: none came), str error type (empty: none), attrs.
    pub const REQUEST: u32 = 7;
    /// A performance entry or a vitals signal: u8 what, then by `what`: see `vitals.rs`.
    pub const VITAL: u32 = 8;
    /// The page was shown or hidden: u8 0 visible, 1 hidden, 2 pagehide, 3 pageshow from bfcache; f64 event time.
    /// 1 and 2 seal what waits, vitals included; what is made in the second after them is sealed at once, as nothing may run later.
    pub const VISIBILITY: u32 = 9;
    /// A trusted input, for the session's idle clock. No fields. One a second is enough.
    pub const ACTIVITY: u32 = 10;
    /// The URL changed: str url, u8 how, and where the view may be another with it, its name: str. `how`: 0 load (this document's own, once after `START`: an event
    /// and nothing else), 1 push, 2 replace, 3 traverse, 4 hash, 5 reload, 6 back from bfcache.
    pub const NAVIGATION: u32 = 11;
    /// The view changed: str name, f64 time. The same name again is nothing.
    pub const VIEW: u32 = 12;
    /// The user: u8 present, str id, str username, str email, str full name, str hash, str roles, attrs.
    pub const USER: u32 = 13;
    /// The attributes put on every item from now on: attrs (replaces all).
    pub const ATTRIBUTES: u32 = 14;
    /// Consent: u8 0 pending, 1 granted, 2 denied.
    pub const CONSENT: u32 = 15;
    /// Seal what waits: u8 why (0 asked for, 1 hidden, 2 shutdown).
    pub const FLUSH: u32 = 16;
    /// The session's attributes: attrs (replaces all).
    pub const SESSION: u32 = 17;
    /// Something for the trail alone: u8 kind (`trail`), str text, f64 time.
    pub const TRAIL: u32 = 18;
    /// Repeats of the last exception that JavaScript only counted, because nothing in it had changed: u32 count.
    pub const SUPPRESSED: u32 = 19;
    /// The page ends the session: what follows belongs to another. No fields.
    pub const END: u32 = 20;
    /// What the storage holds, where another page may have written it: str; empty: the session is another tab's, and this one begins its own.
    /// Sent where the visitor has agreed, or does: then before `CONSENT`.
    pub const STORED: u32 = 21;
    /// The load of the page is a span, and its vitals, from now on, stand in it: str trace id, str span id (empty: they stand in none).
    pub const LOAD: u32 = 22;
    /// The numbers of `START` once more (f64 × 18, as in `options.rs`): rates that the page learns of with the visitor's yes. Sent while consent is pending, before
    /// `STORED`.
    pub const RATES: u32 = 23;
    /// Added to any of them: made while the page's `beforeSend` ran, and not given to it, which might have no end.
    pub const HOOKED: u32 = 256;
    /// Added to what is told because the page is hidden: that is no reason to begin a session, and none to seal it by itself, as `VISIBILITY` follows.
    pub const PARTING: u32 = 512;
    /// Added to what is of the client and of no page: it says none that its batch does not say.
    pub const NOWHERE: u32 = 1024;
}

/// What the trail of an exception tells of. Navigations enter it by themselves, and requests, logs, events and errors where there is no `beforeSend`; else JavaScript
/// sends what that has left of them.
pub mod trail {
    /// The URL changed.
    pub const NAVIGATION: u8 = 0;
    /// A request ended.
    pub const FETCH: u8 = 1;
    /// A click or another input, of which JavaScript tells.
    pub const CLICK: u8 = 2;
    /// A log.
    pub const LOG: u8 = 3;
    /// An event.
    pub const EVENT: u8 = 4;
    /// An exception.
    pub const ERROR: u8 = 5;
}

/// What the core tells JavaScript: `emit(signal, pointer, length)`.
pub mod signal {
    /// A sealed batch: str id, f64 clock offset (epoch ms at `performance.now()` = 0 when its items were stamped),
    /// u32 items, u8 flags (1 sealed because hidden, 2 holds an exception, 4 a draft for the outbox: not sealed, and replaced by the batch of its id), then the payload's bytes to the end.
    /// `sent` of a request is max(offset + performance.now(), Date.now()): see `clock.rs` for the reason.
    pub const BATCH: u32 = 1;
    /// What to keep in the tab's storage: UTF-8 text; empty: remove it. Failing to is no failure.
    pub const STORE: u32 = 2;
    /// The session is another one, or its sampling is: u8 state (0 off, 1 ring, 2 on, 3 ring and sent; `sampling.rs`), str id.
    pub const SESSION: u32 = 3;
    /// Something that the developer may want to know: u32 code (`diagnostic`), f64 number.
    pub const DIAGNOSTIC: u32 = 4;
    /// An item for `beforeSend`: u8 kind (0 log, 1 exception, 2 measurement, 3 event, 4 span), then its JSON. The answer is the
    /// length of the JSON that JavaScript has put into the buffer instead, −1 to drop the item, −2 to keep it as it is.
    /// Sent where `START` says that there is such a hook.
    pub const HOOK: u32 = 5;
    /// Does a list of the page's match? u8 list (0 `ignoreErrors`, 1 `denyUrls`), then a text: `type: message`, or the file of the
    /// top frame. The answer is 1 if it does, so that the exception is left out. Sent where `START` says that there is such a list.
    pub const FILTER: u32 = 6;
    /// The first batch is sealed: what does the browser say of itself? The answer is the length of the fields that JavaScript has put into the
    /// buffer (`meta.rs`). It is asked this late because a start waits for nothing that is needed only then.
    pub const META: u32 = 7;
}

/// Why something was not kept: the codes of `onDiagnostic`.
pub mod diagnostic {
    /// The number of what was told before: it is to be counted alone.
    pub const AGAIN: f64 = -1.0;
    /// An item over its bound of bytes was cut. Number: its kind, as in `HOOK`.
    pub const ITEM_CUT: u32 = 1;
    /// An item was dropped: the cap of its kind for this session is reached. Number: its kind, once a kind and session; then `AGAIN`.
    pub const CAP_REACHED: u32 = 2;
    /// `beforeSend` threw; the item was sent as it was.
    pub const HOOK_THREW: u32 = 3;
    /// A batch was dropped: too many wait to be sent.
    pub const BATCH_DROPPED: u32 = 4;
    /// The collector refused a batch for good.
    pub const BATCH_REFUSED: u32 = 5;
    /// The core met a trap and is gone; what was sealed is still sent.
    pub const CORE_LOST: u32 = 6;
    /// The browser lacks what the SDK needs, or forbids it; nothing is captured.
    pub const UNSUPPORTED: u32 = 7;
    /// An item was dropped while consent was pending: the bound was reached. Number: its kind.
    pub const PENDING_FULL: u32 = 8;
    /// A message that the core could not read. Number: its op.
    pub const BAD_MESSAGE: u32 = 9;
    /// A call before the start was dropped: the queue was full.
    pub const EARLY_FULL: u32 = 10;
    /// An option was not of its type or bounds, and its default was taken. Number: its place in `options.rs`.
    pub const BAD_OPTION: u32 = 11;
    /// An exception was left out on purpose. Number: 0 a browser extension's, 1 `ignoreErrors`, 2 `denyUrls`.
    pub const IGNORED: u32 = 12;
    /// What `beforeSend` gave back was no JSON object or over the bound; the item was sent as it was. Number: its kind.
    pub const HOOK_INVALID: u32 = 13;
    /// The file with further features did not come; the client goes on without them. JavaScript tells it.
    pub const FEATURES_LOST: u32 = 14;
    /// There is no database to keep batches in, or no room in it. Told by JavaScript alone.
    pub const OUTBOX_OFF: u32 = 15;
}
