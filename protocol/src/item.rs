//! What all kinds of item share: trace, action, and the parts of the meta that one item has of its own.

use crate::event::Event;
use crate::exception::Exception;
use crate::kind::Kind;
use crate::log::Log;
use crate::measurement::Measurement;
use crate::meta::{Page, Session, User, View};
use crate::read::Read;
use crate::span::{ResourceSpans, ScopeSpans, Span};
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

object! {
    /// The span during which an item was made.
    pub struct TraceContext {
        /// Trace id, hexadecimal.
        pub trace_id: String = "trace_id" | "traceId",
        /// Span id, hexadecimal.
        pub span_id: String = "span_id" | "spanId",
    }
}

object! {
    /// The user action that an item is, or belongs to.
    pub struct Action {
        /// The action's id, on the action itself.
        pub id: String = "id",
        /// The action's name.
        pub name: String = "name",
        /// The action that the item belongs to.
        pub parent_id: String = "parentId",
    }
}

object! {
    /// Parts of the meta in which one item differs from its payload; each present part replaces the payload's.
    pub struct Overrides {
        /// The item's page.
        pub page: Option<Box<Page>> = "page",
        /// The item's view.
        pub view: Option<Box<View>> = "view",
        /// The item's user.
        pub user: Option<Box<User>> = "user",
        /// The item's session.
        pub session: Option<Box<Session>> = "session",
    }
}

macro_rules! boxed {
    ($($ty:ty),*) => { $(
        impl Read for Option<Box<$ty>> {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let Present(part) = Present::<$ty>::read(deserializer)?;
                Ok(part.map(Box::new))
            }
        }
    )* };
}
boxed!(Page, View, User, Session);
boxed!(
    crate::signals::Gauge,
    crate::signals::Sum,
    crate::signals::Histogram,
    crate::signals::ExponentialHistogram,
    crate::signals::Summary,
    crate::signals::Buckets
);

/// Tells null from an empty object: an override `{}` says that the item has no user, null says nothing.
#[derive(Default)]
struct Present<T>(Option<T>);

impl<T: Read> Read for Present<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresentVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Read> serde::de::Visitor<'de> for PresentVisitor<T> {
            type Value = Present<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Present<T>, A::Error> {
                T::read(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|part| Present(Some(part)))
            }

            fn visit_unit<E>(self) -> Result<Present<T>, E> {
                Ok(Present(None))
            }
        }
        deserializer.deserialize_any(PresentVisitor(std::marker::PhantomData))
    }
}

/// Overrides, which most items do not have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own(pub Option<Box<Overrides>>);

impl Own {
    /// The overrides, if there are any.
    #[must_use]
    pub fn get(&self) -> Option<&Overrides> {
        self.0.as_deref()
    }
}

impl Read for Own {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let overrides = Overrides::read(deserializer)?;
        Ok(Own((!overrides.is_blank()).then(|| Box::new(overrides))))
    }
}

impl Serialize for Own {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Any item of a payload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item<'a> {
    /// A log line.
    Log(&'a Log),
    /// An exception.
    Exception(&'a Exception),
    /// A measurement.
    Measurement(&'a Measurement),
    /// An event.
    Event(&'a Event),
    /// A span with what it is filed under.
    Span(&'a ResourceSpans, &'a ScopeSpans, &'a Span),
}

impl<'a> Item<'a> {
    /// The item's kind.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Item::Log(_) => Kind::Log,
            Item::Exception(_) => Kind::Exception,
            Item::Measurement(_) => Kind::Measurement,
            Item::Event(_) => Kind::Event,
            Item::Span(..) => Kind::Span,
        }
    }

    /// The parts of the meta that the item has of its own.
    #[must_use]
    pub fn overrides(self) -> Option<&'a Overrides> {
        match self {
            Item::Log(item) => item.farol.get(),
            Item::Exception(item) => item.farol.get(),
            Item::Measurement(item) => item.farol.get(),
            Item::Event(item) => item.farol.get(),
            Item::Span(_, _, item) => item.farol.get(),
        }
    }
}
