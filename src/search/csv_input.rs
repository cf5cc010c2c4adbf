//! The entries of a CSV input: one row for each record of the file.

use crate::job::Value;
use crate::scenario::Column;

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
    let reader = csv::ReaderBuilder::new().has_headers(header).flexible(true).from_reader(bytes);
    reader.into_records().map(|record| row(record, columns)).collect()
}

fn row(
    record: Result<csv::StringRecord, csv::Error>,
    columns: &[Column],
) -> Result<Value, Malformed> {
    let record = record.map_err(|error| Malformed {
        line: error.position().map_or(0, csv::Position::line),
        cause: if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
            "it is not UTF-8".to_owned()
        } else {
            error.to_string()
        },
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
    values.collect::<Result<Vec<_>, _>>().map(|values| Value::Row(values.into()))
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
        let cases: [(&[u8], u64, &str); 4] = [
            (b"h,h\na,1\nb,x\n", 3, "column 1: `x` is not a whole number of 64 bits"),
            (b"h,h\na\n", 2, "1 fields, where 2 columns are told"),
            (b"h,h\na,1,2\n", 2, "3 fields, where 2 columns are told"),
            (b"h,h\na,1\n\xff,1\n", 3, "it is not UTF-8"),
        ];
        for (file, line, cause) in cases {
            let expected = Malformed { line, cause: cause.to_owned() };
            assert_eq!(read(file, true), Err(expected));
        }
    }
}
