//! Values spelled flat, as tokens in the order of a walk.

use crate::job::Value;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How deep rows may be nested: far more than any record needs, far less than a stack bears.
const DEPTH_MAX: usize = 128;

/// One step of a walk over values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) enum Token {
    Int(i64),
    Bool(bool),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    /// So many values that follow are the columns of one row.
    Row(u32),
}

/// Values, one after the other, as tokens.
pub(super) fn flatten<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<Token> {
    let mut tokens = Vec::new();
    for value in values {
        flatten_one(value, 0, &mut tokens);
    }
    tokens
}

fn flatten_one(value: &Value, depth: usize, tokens: &mut Vec<Token>) {
    assert!(
        depth <= DEPTH_MAX,
        "rows are nested deeper than {DEPTH_MAX}: no file could be read back"
    );
    tokens.push(match value {
        Value::Int(number) => Token::Int(*number),
        Value::Bool(truth) => Token::Bool(*truth),
        Value::Text(text) => Token::Text(Arc::clone(text)),
        Value::Bytes(bytes) => Token::Bytes(Arc::clone(bytes)),
        Value::Row(columns, _) => {
            Token::Row(u32::try_from(columns.len()).expect("a row has fewer columns than 2^32"))
        }
    });
    for column in value.as_row().unwrap_or_default() {
        flatten_one(column, depth + 1, tokens);
    }
}

/// The values that tokens spell. Nothing is reserved for a row before its columns are there.
pub(super) fn unflatten(tokens: Vec<Token>) -> Result<Vec<Value>, &'static str> {
    let mut done = Vec::new();
    let mut open: Vec<(u32, Vec<Value>)> = Vec::new();
    for token in tokens {
        let mut value = match token {
            Token::Int(number) => Value::Int(number),
            Token::Bool(truth) => Value::Bool(truth),
            Token::Text(text) => Value::Text(text),
            Token::Bytes(bytes) => Value::Bytes(bytes),
            Token::Row(_) if open.len() == DEPTH_MAX => return Err("rows are nested too deep"),
            Token::Row(0) => Value::row([]),
            Token::Row(columns) => {
                open.push((columns, Vec::new()));
                continue;
            }
        };
        // A value may be the last column of a row, which may be the last column of another.
        loop {
            let Some((missing, columns)) = open.last_mut() else {
                done.push(value);
                break;
            };
            columns.push(value);
            *missing -= 1;
            if *missing > 0 {
                break;
            }
            let (_, columns) = open.pop().expect("it was just looked at");
            value = Value::try_row(columns).map_err(|_| "a row has too many columns")?;
        }
    }
    if open.is_empty() { Ok(done) } else { Err("a row lacks columns") }
}
