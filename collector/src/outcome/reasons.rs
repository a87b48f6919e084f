//! Why something was refused, aborted, filtered or dropped. Each name is a label value in `/metrics`, so it is never reused for another meaning.

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in metrics and error answers.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use reasons;

reasons! {
    /// Why a request was answered with an error.
    Refusal {
        /// Apps are declared and the request names no key.
        MissingKey = "missing_key",
        /// The key belongs to no declared app.
        UnknownKey = "unknown_key",
        /// The key's time is over.
        ExpiredKey = "expired_key",
        /// The page's origin is not one of the app's.
        WrongOrigin = "wrong_origin",
        /// More than the app may send.
        RateApp = "rate_app",
        /// More than one client address may send.
        RateAddress = "rate_address",
        /// More than this collector takes.
        RateAll = "rate_all",
        /// A parameter of the request cannot be read.
        BadRequest = "bad_request",
        /// The body is larger than is taken.
        TooLarge = "too_large",
        /// The body is larger than is taken once inflated.
        InflatedTooLarge = "inflated_too_large",
        /// What it says about all of its items, written out with each, would be larger than is taken.
        TooMuchRepeated = "too_much_repeated",
        /// A content encoding that is not understood.
        UnknownEncoding = "unknown_encoding",
        /// A content type that is not understood.
        UnknownType = "unknown_type",
        /// The body does not inflate.
        BadEncoding = "bad_encoding",
        /// There is no body.
        Empty = "empty_body",
        /// The body is no JSON.
        BadJson = "bad_json",
        /// The body is JSON, but no payload.
        BadPayload = "bad_payload",
        /// JSON nested deeper than is taken.
        TooDeep = "too_deep",
        /// The body did not come in time.
        BodyTimeout = "body_timeout",
        /// The body came slower than the least rate.
        BodyTooSlow = "body_too_slow",
        /// The queue has no room.
        QueueFull = "queue_full",
        /// The app has as much in the queue as it may.
        AppQuota = "app_quota",
        /// The disk has less room than is to be left on it.
        DiskFull = "disk_full",
        /// The queue could not be written.
        Storage = "storage",
        /// The collector works on as many bodies as it may.
        Busy = "busy",
        /// The collector is stopping.
        ShuttingDown = "shutting_down",
        /// A fault of ours.
        Internal = "internal",
    }
}

reasons! {
    /// Why a request ended without an answer that arrived.
    Abort {
        /// The client hung up.
        Disconnected = "disconnected",
        /// The body ended before its announced length, or its framing broke.
        BodyCut = "body_cut",
    }
}

reasons! {
    /// Why items were left out on purpose.
    Filter {
        /// The session is not in the sample.
        SampledOut = "sampled_out",
        /// The destination does not want this signal.
        Signal = "signal",
        /// A route sends them elsewhere.
        Route = "route",
        /// A rule of the operator's leaves them out.
        Rule = "rule",
    }
}

reasons! {
    /// Why admitted items were lost.
    Drop {
        /// The item could not be read.
        Unreadable = "unreadable",
        /// More items than a payload may hold.
        TooMany = "too_many",
        /// The item is larger than is taken.
        TooLarge = "too_large",
        /// The destination refused it for good.
        Rejected = "rejected",
        /// The destination did not take it within the time for retries.
        RetriesExhausted = "retries_exhausted",
        /// The destination fell behind its bound; the oldest went.
        Lag = "lag",
        /// Older than the queue keeps anything.
        Expired = "expired",
        /// The item could not be converted.
        Unconvertible = "unconvertible",
        /// The destination is no longer configured.
        DestinationRemoved = "destination_removed",
        /// The part of a stored queue that could not be read.
        Damaged = "damaged",
        /// An operator had it erased: a person asked to be forgotten.
        Erased = "erased",
        /// The time for stopping was over and the data folder could not be written.
        Shutdown = "shutdown",
        /// No verdict was given: a bug of ours.
        Bug = "bug",
    }
}
