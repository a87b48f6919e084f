//! Items in Parquet files, by their ids: of log records the attribute `log.record.uid`, of spans a column of their own. Only these columns are read.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};

/// The attributes of a log record, which spans have under another name.
const KEYS: &str = "LogAttributes.key_value.key";
const VALUES: &str = "LogAttributes.key_value.value";
const UID: &[u8] = b"log.record.uid";
const SPAN: &str = "SpanId";

/// What a file holds: a table of log records, or one of spans.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) logs: Vec<ByteArray>,
    pub(crate) spans: Vec<ByteArray>,
}

/// Reads a whole file.
pub(crate) fn ids(file: Bytes) -> Result<Ids> {
    let reader = SerializedFileReader::new(file)?;
    let mut ids = Ids::default();
    for at in 0..reader.num_row_groups() {
        let rows = reader.get_row_group(at)?;
        match texts(rows.as_ref(), KEYS)? {
            None => {
                let spans = texts(rows.as_ref(), SPAN)?;
                ids.spans
                    .extend(spans.context("neither log records nor spans")?);
            }
            Some(keys) => {
                let values = texts(rows.as_ref(), VALUES)?.unwrap_or_default();
                ensure!(keys.len() == values.len(), "an attribute without a value");
                let entries = keys.into_iter().zip(values);
                let uids = entries.filter(|(key, _)| key.data() == UID);
                ids.logs.extend(uids.map(|(_, uid)| uid));
            }
        }
    }
    Ok(ids)
}

/// A column of texts, those of all rows one after the other; nothing where there is no such column.
fn texts(rows: &dyn RowGroupReader, name: &str) -> Result<Option<Vec<ByteArray>>> {
    let columns = rows.metadata().columns();
    let Some(at) = columns
        .iter()
        .position(|it| it.column_path().string() == name)
    else {
        return Ok(None);
    };
    let ColumnReader::ByteArrayColumnReader(mut column) = rows.get_column_reader(at)? else {
        bail!("{name} holds no text");
    };
    let (mut values, mut is_entry, mut goes_on) = (Vec::new(), Vec::new(), Vec::new());
    let all = usize::try_from(rows.metadata().num_rows())?;
    let (read, ..) =
        column.read_records(all, Some(&mut is_entry), Some(&mut goes_on), &mut values)?;
    ensure!(read == all, "{read} of {all} rows");
    Ok(Some(values))
}
