//! The macro that a payload's objects are declared with: one line a field, its name on the wire beside it.

/// Declares an object of the wire: the struct, its lenient reading and its writing. Reading takes the last of two equal
/// keys, takes null as absent, and keeps fields that it does not know in `extra`; writing leaves out what is absent.
macro_rules! object {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $( $(#[$inner:meta])* pub $field:ident : $ty:ty = $key:literal $(| $alias:literal)*, )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $( $(#[$inner])* pub $field: $ty, )*
            /// Fields that this version does not know, kept as they came.
            pub extra: $crate::map::Attributes,
        }

        impl $crate::read::Read for $name {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut out = $name::default();
                        while let Some(key) = map.next_key_seed($crate::read::Key)? {
                            match &*key {
                                $( $key $(| $alias)* => {
                                    out.$field = map.next_value_seed($crate::read::Seed::<$ty>::new())?;
                                } )*
                                _ => {
                                    let seed = $crate::read::EntrySeed::<$crate::value::Value>::new();
                                    if let Some(value) = map.next_value_seed(seed)? {
                                        out.extra.push(key.into_owned(), value);
                                    }
                                }
                            }
                        }
                        out.extra.settle();
                        Ok(out)
                    }

                    fn visit_unit<E>(self) -> Result<$name, E> {
                        Ok($name::default())
                    }
                }
                deserializer.deserialize_any(ObjectVisitor)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::read::Read::read(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if self.$field != <$ty>::default() {
                    map.serialize_entry($key, &self.$field)?;
                } )*
                for (key, value) in self.extra.iter() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }

        impl $crate::walk::Walked for $name {
            fn walk(&mut self, at: $crate::walk::At<'_>, walk: &mut dyn $crate::walk::Walk) {
                use $crate::walk::At;
                $( self.$field.walk(At { field: concat!(stringify!($name), ".", $key), key: at.key }, walk); )*
                self.extra.walk(At { field: concat!(stringify!($name), ".*"), key: at.key }, walk);
            }
        }

        impl $name {
            /// The fields' names on the wire.
            pub const FIELDS: &'static [&'static str] = &[$( $key ),*];

            /// Whether nothing at all was said.
            #[must_use]
            pub fn is_blank(&self) -> bool {
                $( self.$field == <$ty>::default() && )* self.extra.is_empty()
            }
        }
    };
}
