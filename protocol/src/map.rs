//! A small map that keeps the order of insertion, as JavaScript objects do.

use crate::read::{EntrySeed, Key};
use crate::value::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::marker::PhantomData;

/// Above this many entries, looking for an earlier one of the same name would cost more than one sort at the end.
const SCAN: usize = 24;

/// Entries in the order in which their names first appeared; a name that comes again replaces the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<V>(Vec<(String, V)>);

/// Attributes, or what Faro calls context.
pub type Attributes = Map<Value>;

impl<V> Default for Map<V> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<V> Map<V> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, v)| v)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let entry = self.0.iter_mut().find(|(key, _)| key == name);
        entry.map(|(_, v)| v)
    }

    /// Sets a value, in the place of one of the same name.
    pub fn set(&mut self, name: impl Into<String>, value: V) {
        let name = name.into();
        match self.get_mut(&name) {
            Some(old) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(key, v)| (key.as_str(), v))
    }

    /// The entries in order, values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut V)> {
        self.0.iter_mut().map(|(key, v)| (key.as_str(), v))
    }

    /// The entries in the order of their names' bytes, as Go sorts them.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&str, &V)> {
        let mut entries: Vec<_> = self.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }

    /// Keeps the entries that `keep` wants; names and values may be changed, as long as names stay distinct.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut String, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Drops entries past a bound and says how many.
    pub fn truncate(&mut self, bound: usize) -> usize {
        let over = self.0.len().saturating_sub(bound);
        self.0.truncate(bound);
        over
    }

    /// Adds while reading. [`Map::settle`] must follow: past [`SCAN`] entries this does not look for the name.
    pub(crate) fn push(&mut self, name: String, value: V) {
        if self.0.len() < SCAN {
            self.set(name, value);
        } else {
            self.0.push((name, value));
        }
    }

    /// Makes the names distinct again after [`Map::push`]: nothing to do for the few that were compared on the way.
    pub(crate) fn settle(&mut self) {
        if self.0.len() > SCAN {
            self.distinct();
        }
    }

    /// Makes the names distinct in one sort: the oldest of equal names keeps its place and gets the newest's value.
    pub(crate) fn distinct(&mut self) {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by(|a, b| self.0[*a].0.cmp(&self.0[*b].0));
        let groups = order.chunk_by(|a, b| self.0[*a].0 == self.0[*b].0);
        let again: Vec<(usize, usize)> = groups
            .filter_map(|group| Some((*group.first()?, *group.last()?)))
            .filter(|(first, last)| first != last)
            .collect();
        if again.is_empty() {
            return;
        }
        let mut keep = vec![false; self.0.len()];
        for group in order.chunk_by(|a, b| self.0[*a].0 == self.0[*b].0) {
            keep[group[0]] = true;
        }
        for (first, last) in again {
            let (head, tail) = self.0.split_at_mut(last);
            std::mem::swap(&mut head[first].1, &mut tail[0].1);
        }
        let mut kept = keep.into_iter();
        self.0.retain(|_| kept.next().unwrap_or(true));
    }
}

impl<V> FromIterator<(String, V)> for Map<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut map = Map::default();
        for (key, value) in entries {
            map.push(key, value);
        }
        map.settle();
        map
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V> crate::read::Absent for Map<V> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<V: crate::read::Entry> crate::read::Read for Map<V> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor(PhantomData))
    }
}

impl<'de, V: crate::read::Entry> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::read::Read::read(deserializer)
    }
}

struct MapVisitor<V>(PhantomData<V>);

impl<'de, V: crate::read::Entry> Visitor<'de> for MapVisitor<V> {
    type Value = Map<V>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            // Null says "absent" on this wire: `JSON.stringify` writes it for a number that is none.
            if let Some(value) = entries.next_value_seed(EntrySeed::<V>::new())? {
                map.push(key.into_owned(), value);
            }
        }
        map.settle();
        Ok(map)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Map::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        // PHP-like senders write an empty list for an empty object. One that holds something is an error.
        match items.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(Map::default()),
            Some(_) => Err(serde::de::Error::invalid_type(
                serde::de::Unexpected::Seq,
                &self,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Map;

    #[test]
    fn of_equal_names_the_first_place_and_the_last_value_stay() {
        for count in [3u32, 10, 24, 25, 200] {
            let entries = (0..count * 3).map(|n| (format!("k{}", n % count), n));
            let map: Map<u32> = entries.collect();
            let expected: Vec<_> = (0..count)
                .map(|n| (format!("k{n}"), n + 2 * count))
                .collect();
            assert_eq!(map.into_iter().collect::<Vec<_>>(), expected);
        }
    }
}
