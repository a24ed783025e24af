//! Messages of the Arrow IPC stream format, one after another.
//!
//! Every length that a message states is compared with the bytes that are there before anything is
//! decoded: `arrow-ipc` slices buffers by those lengths and panics on ones that lie.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{Message, MessageHeader, convert, reader, root_as_message};
use arrow_schema::{DataType, Schema};
use std::collections::HashMap;
use std::sync::Arc;

/// What comes next in a segment.
pub(super) enum Next {
    /// A whole batch.
    Batch(RecordBatch),
    /// The writer closed the segment here.
    Closed,
    /// The bytes end before the next batch does: it is still being written, or was cut.
    Cut,
}

/// Walks through the messages of a segment.
pub(super) struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
    schema: Option<Arc<Schema>>,
}

/// A message and its body, as bytes that are all there.
struct Frame<'a> {
    message: Message<'a>,
    body: &'a [u8],
    end: usize,
}

/// Begins every message.
const CONTINUATION: [u8; 4] = [0xFF; 4];

impl<'a> Frames<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            schema: None,
        }
    }

    /// Where the next message begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The next batch, or what is wrong with the message at [`Frames::offset`].
    pub(super) fn next(&mut self) -> Result<Next, String> {
        loop {
            let frame = match self.frame()? {
                Ok(frame) => frame,
                Err(end) => return Ok(end),
            };
            let next = match (frame.message.header_type(), &self.schema) {
                (MessageHeader::Schema, None) => {
                    self.schema = Some(Arc::new(schema(&frame.message)?));
                    None
                }
                (MessageHeader::RecordBatch, Some(schema)) => {
                    Some(batch(&frame, Arc::clone(schema))?)
                }
                (MessageHeader::RecordBatch, None) => {
                    return Err("a batch comes before the schema".into());
                }
                (MessageHeader::Schema, Some(_)) => return Err("there are two schemas".into()),
                (other, _) => return Err(format!("a trace has no messages of the type {other:?}")),
            };
            self.offset = frame.end;
            if let Some(batch) = next {
                return Ok(Next::Batch(batch));
            }
        }
    }

    fn frame(&self) -> Result<Result<Frame<'a>, Next>, String> {
        let rest = &self.bytes[self.offset..];
        let Some((mark, after)) = rest.split_first_chunk::<4>() else {
            return cut_or_damaged(rest);
        };
        if *mark != CONTINUATION {
            return cut_or_damaged(rest);
        }
        let Some((length, after)) = after.split_first_chunk::<4>() else {
            return Ok(Err(Next::Cut));
        };
        let length = i32::from_le_bytes(*length);
        if length == 0 {
            return Ok(Err(Next::Closed));
        }
        let length = usize::try_from(length).map_err(|_| "its length is negative".to_owned())?;
        let Some((head, after)) = after.split_at_checked(length) else {
            return Ok(Err(Next::Cut));
        };
        let message = root_as_message(head).map_err(|e| format!("its head cannot be read: {e}"))?;
        let body = usize::try_from(message.bodyLength())
            .map_err(|_| "the length of its body is negative".to_owned())?;
        let Some((body, after)) = after.split_at_checked(body) else {
            return Ok(Err(Next::Cut));
        };
        Ok(Ok(Frame {
            message,
            body,
            end: self.bytes.len() - after.len(),
        }))
    }
}

/// Bytes that do not begin a message: the beginning of one, the zeros that a crash may leave behind
/// the last whole write, or something that is not a trace.
fn cut_or_damaged<'a>(rest: &[u8]) -> Result<Result<Frame<'a>, Next>, String> {
    let begins = rest.len() < 4 && CONTINUATION.starts_with(rest);
    if begins || rest.iter().all(|b| *b == 0) {
        return Ok(Err(Next::Cut));
    }
    Err("no message of the Arrow stream format begins here".into())
}

fn schema(message: &Message<'_>) -> Result<Schema, String> {
    let schema = message.header_as_schema().ok_or("the schema is missing")?;
    let schema = convert::try_fb_to_schema(schema).map_err(|e| format!("its schema: {e}"))?;
    for field in schema.fields() {
        let known = [DataType::UInt64, DataType::Utf8, DataType::Float64];
        if !known.contains(field.data_type()) {
            return Err(format!(
                "the column \"{}\" has the type {}, and a trace has unsigned integers, text and floats",
                field.name(),
                field.data_type()
            ));
        }
    }
    Ok(schema)
}

/// Bytes of an element in each buffer of a column: validity, then offsets and text, or values.
fn widths(data_type: &DataType) -> &'static [usize] {
    match data_type {
        DataType::Utf8 => &[1, 4, 1],
        _ => &[1, 8],
    }
}

fn batch(frame: &Frame<'_>, schema: Arc<Schema>) -> Result<RecordBatch, String> {
    let batch = frame
        .message
        .header_as_record_batch()
        .ok_or("the batch is missing")?;
    if batch.compression().is_some() {
        return Err("the batch is compressed, and a trace is not".into());
    }
    let inside = |start: i64, length: i64| {
        let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
        frame.body.get(start..start.checked_add(length)?)
    };
    let buffers: Vec<_> = batch.buffers().into_iter().flatten().collect();
    let widths: Vec<usize> = schema
        .fields()
        .iter()
        .flat_map(|f| widths(f.data_type()))
        .copied()
        .collect();
    if buffers.len() != widths.len() {
        return Err("the batch does not have the buffers of its columns".into());
    }
    for (i, (buffer, width)) in buffers.iter().zip(widths).enumerate() {
        let fits = inside(buffer.offset(), buffer.length())
            .is_some_and(|b| b.len() % width == 0 && buffer.offset() % 8 == 0);
        if !fits {
            return Err(format!(
                "buffer {i} of the batch lies outside its body or is not whole"
            ));
        }
    }
    // Eight bytes of a row's step are always there, so a row count above this bound is a lie.
    let rows = usize::try_from(batch.length())
        .ok()
        .filter(|n| *n <= frame.body.len() / 8);
    let rows = rows.ok_or("the batch has more rows than its body can hold")? as i64;
    for (i, node) in batch.nodes().into_iter().flatten().enumerate() {
        if node.length() != rows || !(0..=rows).contains(&node.null_count()) {
            return Err(format!("column {i} of the batch does not have {rows} rows"));
        }
    }
    let body = Buffer::from(frame.body.to_vec());
    let version = frame.message.version();
    reader::read_record_batch(&body, batch, schema, &HashMap::new(), None, &version)
        .map_err(|e| format!("the batch cannot be read: {e}"))
}
