/** The numbers of sdk-wasm/src/abi.rs, which says what each message holds; a test compares the two files. The last three are added to another. */
export const enum Op {
  Tick, Start, Event, Log, Measurement, Exception, Span, Request, Vital, Visibility, Activity, Navigation, View, User,
  Attributes, Consent, Flush, Session, Trail, Suppressed, End, Stored, Load, Rates,
  Hooked = 256, Parting = 512, Nowhere = 1024,
}

/** What the trail of an exception tells of. */
export const enum Trail { Navigation, Fetch, Click, Log, Event, Error }

/** What the core tells us through `emit`. */
export const enum Signal { Batch = 1, Store, Session, Diagnostic, Hook, Filter, Meta }

/** Why something was not kept; the codes that `onDiagnostic` gets. */
export const enum Diagnostic {
  ItemCut = 1, CapReached, HookThrew, BatchDropped, BatchRefused, CoreLost, Unsupported, PendingFull, BadMessage,
  EarlyFull, BadOption, Ignored, HookInvalid, FeaturesLost, OutboxOff,
}
