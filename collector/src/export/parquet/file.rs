//! A table being filled, and the Parquet file that it becomes. Column by column, without Arrow: the collector has rows of a few known shapes.

use std::borrow::Cow;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Nanoseconds since 1970, UTC.
    Time,
    Int,
    Long,
    Text,
    /// From text to text.
    Map,
}

/// Names and types, in order.
pub(super) type Columns = &'static [(&'static str, Type)];

enum Values {
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Texts(Vec<ByteArray>),
    Map(Map),
}

/// Entries of all rows one after the other, and for each whether it is one (an empty row has a place all the same) and whether it goes on with the
/// row before: Parquet's levels.
#[derive(Default)]
struct Map {
    keys: Vec<ByteArray>,
    values: Vec<ByteArray>,
    is_entry: Vec<i16>,
    goes_on: Vec<i16>,
}

/// Rows of one shape.
pub(super) struct Table {
    columns: Columns,
    values: Vec<Values>,
    /// The column that comes next.
    next: usize,
}

impl Table {
    pub(super) fn new(columns: Columns) -> Self {
        let values = columns.iter().map(|(_, kind)| match kind {
            Type::Int => Values::Ints(Vec::new()),
            Type::Time | Type::Long => Values::Longs(Vec::new()),
            Type::Text => Values::Texts(Vec::new()),
            Type::Map => Values::Map(Map::default()),
        });
        Self {
            columns,
            values: values.collect(),
            next: 0,
        }
    }

    /// The next column, row by row from the first.
    fn next(&mut self) -> &mut Values {
        let at = self.next;
        self.next = (at + 1) % self.values.len();
        &mut self.values[at]
    }

    pub(super) fn int(&mut self, value: i32) {
        match self.next() {
            Values::Ints(list) => list.push(value),
            _ => debug_assert!(false, "a number in a column of another kind"),
        }
    }

    /// A time beyond what 64 bits with a sign hold (the year 2262) is the last of them.
    pub(super) fn long(&mut self, value: u64) {
        match self.next() {
            Values::Longs(list) => list.push(i64::try_from(value).unwrap_or(i64::MAX)),
            _ => debug_assert!(false, "a long number in a column of another kind"),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        match self.next() {
            Values::Texts(list) => list.push(text.into()),
            _ => debug_assert!(false, "a text in a column of another kind"),
        }
    }

    pub(super) fn map<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, Cow<'a, str>)>) {
        let Values::Map(map) = self.next() else {
            debug_assert!(false, "a map in a column of another kind");
            return;
        };
        let mut first = true;
        for (key, value) in pairs {
            map.keys.push(key.into());
            map.values.push(value.into_owned().into_bytes().into());
            map.is_entry.push(1);
            map.goes_on.push(i16::from(!first));
            first = false;
        }
        if first {
            map.is_entry.push(0);
            map.goes_on.push(0);
        }
    }

    /// The file.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let schema = Arc::new(parse_message_type(&schema(self.columns))?);
        let properties = WriterProperties::builder()
            // What every reader knows.
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("farol-collector ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let mut group = file.next_row_group()?;
        for values in &self.values {
            let parts = match values {
                Values::Map(map) => vec![(&map.keys, Some(map)), (&map.values, Some(map))],
                Values::Texts(texts) => vec![(texts, None)],
                Values::Ints(list) => {
                    if let Some(mut column) = group.next_column()? {
                        column.typed::<Int32Type>().write_batch(list, None, None)?;
                        column.close()?;
                    }
                    continue;
                }
                Values::Longs(list) => {
                    if let Some(mut column) = group.next_column()? {
                        column.typed::<Int64Type>().write_batch(list, None, None)?;
                        column.close()?;
                    }
                    continue;
                }
            };
            for (texts, map) in parts {
                if let Some(mut column) = group.next_column()? {
                    let levels = map.map(|it| (&it.is_entry[..], &it.goes_on[..]));
                    let (is_entry, goes_on) = levels.unzip();
                    let typed = column.typed::<ByteArrayType>();
                    typed.write_batch(texts, is_entry, goes_on)?;
                    column.close()?;
                }
            }
        }
        group.close()?;
        file.into_inner()
    }
}

/// In Parquet's own language.
fn schema(columns: Columns) -> String {
    let columns = columns.iter().map(|(name, kind)| match kind {
        Type::Time => format!("required int64 {name} (TIMESTAMP(NANOS,true));"),
        Type::Int => format!("required int32 {name};"),
        Type::Long => format!("required int64 {name};"),
        Type::Text => format!("required binary {name} (STRING);"),
        Type::Map => format!(
            "required group {name} (MAP) {{ repeated group key_value {{ \
             required binary key (STRING); required binary value (STRING); }} }}"
        ),
    });
    format!(
        "message farol {{ {} }}",
        columns.collect::<Vec<_>>().join(" ")
    )
}
