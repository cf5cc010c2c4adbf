//! The entries of a CSV input: one row for each record of the file.

use crate::job::Value;
use crate::scenario::Column;
use crate::scenario::bounds::RECORDS;

/// Why a CSV file cannot be an input, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// From 1; 0 if the reader could not tell.
    pub(super) line: u64,
    /// What is wrong there.
    pub(super) cause: String,
}

/// Reads all rows. Fields may be quoted (RFC 4180); empty lines are left out. With `header`, the first record is too.
pub(super) fn entries(
    bytes: &[u8],
    header: bool,
    columns: &[Column],
) -> Result<Vec<Value>, Malformed> {
    // The reader of records tells the line where the record before it began.
    if let Err(error) = str::from_utf8(bytes) {
        let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        let line = u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1);
        return Err(Malformed { line, cause: "it is not UTF-8".to_owned() });
    }
    if let Some(line) = open_quote(bytes) {
        return Err(Malformed {
            line,
            cause: "a quote opens here that is never closed".to_owned(),
        });
    }
    let reader = csv::ReaderBuilder::new().has_headers(header).flexible(true).from_reader(bytes);
    // One more than there may be is enough to be refused.
    let most = usize::try_from(RECORDS.most).unwrap_or(usize::MAX).saturating_add(1);
    reader.into_records().take(most).map(|record| row(record, columns)).collect()
}

/// The line, from 1, of a quote that opens a field and is never closed: everything behind it would be one field.
fn open_quote(bytes: &[u8]) -> Option<u64> {
    let (mut line, mut opened) = (1, None);
    let (mut begins_field, mut was_closed) = (true, false);
    for byte in bytes {
        let is_quote = *byte == b'"';
        // Inside, a quote closes; another one at once opens again, as two of them stand for one.
        was_closed = match opened {
            Some(_) if is_quote => {
                opened = None;
                true
            }
            None if is_quote && (begins_field || was_closed) => {
                opened = Some(line);
                false
            }
            Some(_) | None => false,
        };
        begins_field = opened.is_none() && matches!(byte, b',' | b'\n' | b'\r');
        line += u64::from(*byte == b'\n');
    }
    opened
}

fn row(
    record: Result<csv::StringRecord, csv::Error>,
    columns: &[Column],
) -> Result<Value, Malformed> {
    let record = record.map_err(|error| Malformed {
        line: error.position().map_or(0, csv::Position::line),
        cause: error.to_string(),
    })?;
    let malformed =
        |cause| Malformed { line: record.position().map_or(0, csv::Position::line), cause };
    if record.len() != columns.len() {
        let cause = format!("{} fields, where {} columns are told", record.len(), columns.len());
        return Err(malformed(cause));
    }
    let fields = record.iter().zip(columns).enumerate();
    let values = fields.map(|(place, (field, column))| {
        column.read(field).map_err(|cause| malformed(format!("column {place}: {cause}")))
    });
    let values: Vec<Value> = values.collect::<Result<_, _>>()?;
    Value::try_row(values).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], header: bool) -> Result<Vec<Value>, Malformed> {
        entries(text, header, &[Column::Text, Column::Int])
    }

    #[test]
    fn each_record_is_a_row_and_the_header_is_none() {
        let row = |text, number| Value::row([Value::text(text), Value::Int(number)]);
        let expected = vec![row("a", 1), row("b, \"c\"", -2)];
        let file = b"a,1\r\n\"b, \"\"c\"\"\",-2\n\n";
        assert_eq!(read(file, false), Ok(expected.clone()));
        assert_eq!(read(&[b"name,number\n", &file[..]].concat(), true), Ok(expected));
        assert_eq!(read(b"", true), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let cases: [(&[u8], u64, &str); 7] = [
            (b"h,h\na,1\nb,x\n", 3, "column 1: `x` is not a whole number of 64 bits"),
            (b"h,h\na\n", 2, "1 fields, where 2 columns are told"),
            (b"h,h\na,1,2\n", 2, "3 fields, where 2 columns are told"),
            (b"h,h\na,1\n\xff,1\n", 3, "it is not UTF-8"),
            (b"h,h\n\"a\",1\n\"b,2\nc,3\n", 3, "a quote opens here that is never closed"),
            (b"h,h\nab\"\"c,x\n", 2, "column 1: `x` is not a whole number of 64 bits"),
            (b"h,h\n\"a\"\"\n\",1\n\"\"\"b,2\n", 4, "a quote opens here that is never closed"),
        ];
        for (file, line, cause) in cases {
            let expected = Malformed { line, cause: cause.to_owned() };
            assert_eq!(read(file, true), Err(expected));
        }
    }

    #[test]
    fn what_is_not_utf_8_is_told_with_its_line_wherever_it_stands() {
        let cases: [(&[u8], u64); 6] = [
            (b"\xff,1\na,1\n", 1),
            (b"a,1\n\xff,1\n", 2),
            (b"a,1\r\nb,2\r\n\xff,1\r\n", 3),
            (b"a,1\n\n\nb\xff,1", 4),
            (b"\"a\nb\nc\xff\",1\n", 3),
            (b"a,1\nb,\xf0\x9f", 2),
        ];
        for (file, line) in cases {
            for header in [false, true] {
                let expected = Malformed { line, cause: "it is not UTF-8".to_owned() };
                assert_eq!(read(file, header), Err(expected), "{}", file.escape_ascii());
            }
        }
    }
}
