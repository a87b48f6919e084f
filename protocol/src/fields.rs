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
                let mut out = $name::default();
                out.read_into(deserializer)?;
                Ok(out)
            }

            fn read_into<'de, D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                struct ObjectVisitor<'a>(&'a mut $name);
                impl<'de> serde::de::Visitor<'de> for ObjectVisitor<'_> {
                    type Value = ();

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                        let out = self.0;
                        while let Some(key) = map.next_key_seed($crate::read::Key)? {
                            match &*key {
                                $( $key $(| $alias)* => {
                                    // The last of two equal keys is what counts, and all of it.
                                    if !$crate::read::Absent::is_absent(&out.$field) {
                                        out.$field = Default::default();
                                    }
                                    map.next_value_seed($crate::read::Place(&mut out.$field))?;
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
                        Ok(())
                    }

                    fn visit_unit<E>(self) -> Result<(), E> {
                        Ok(())
                    }
                }
                deserializer.deserialize_any(ObjectVisitor(self))
            }
        }

        impl $crate::read::Absent for $name {
            fn is_absent(&self) -> bool {
                self.is_blank()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::read::Read::read(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::{SerializeMap, SerializeStruct};
                if self.extra.is_empty() {
                    // Nearly always. The names are known to be plain then, which a map does not know of its own.
                    // Writers of JSON take of the count only whether it is 0, where serde_json closes the object at once.
                    let fields = usize::from(!self.is_blank());
                    let mut object = serializer.serialize_struct(stringify!($name), fields)?;
                    $( if !$crate::read::Absent::is_absent(&self.$field) {
                        object.serialize_field($key, &self.$field)?;
                    } )*
                    return object.end();
                }
                let mut map = serializer.serialize_map(None)?;
                $( if !$crate::read::Absent::is_absent(&self.$field) {
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
                $( $crate::read::Absent::is_absent(&self.$field) && )* self.extra.is_empty()
            }
        }
    };
}
