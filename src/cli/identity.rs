//! `sandbar uid` and `sandbar key`: ids, hash codes and key groups as Flink computes them.

use super::HOLDS;
use super::arguments::Key;
use super::failure::Failure;
use super::screen::Screen;
use crate::job::{
    KeyType, Value, java_hash_code, key_group, key_group_range, murmur_hash, operator_id_of_uid,
    subtask_of_key_group,
};

/// Prints the operator id of a uid.
pub(super) fn uid(text: &str, screen: &mut Screen) -> Result<u8, Failure> {
    screen.say(&format!("{}\n", operator_id_of_uid(text)));
    Ok(HOLDS)
}

/// Prints what Flink makes of a key.
pub(super) fn key(arguments: &Key, screen: &mut Screen) -> Result<u8, Failure> {
    let value = value(&arguments.key, arguments.key_type)?;
    let hash = java_hash_code(&value, arguments.key_type)
        .map_err(|error| Failure::wrong(&error, error.help()))?;
    let max = arguments.max_parallelism;
    let group = key_group(hash, max);
    let mut text = format!(
        "java hash code  {hash}\nmurmur hash     {}\nkey group       {group} of {max}\n",
        murmur_hash(hash)
    );
    if let Some(parallelism) = arguments.parallelism {
        if parallelism > max {
            return Err(Failure::wrong(
                format!("parallelism {parallelism} is above max parallelism {max}"),
                "lower --parallelism or raise --max-parallelism",
            ));
        }
        let subtask = subtask_of_key_group(group, max, parallelism);
        let range = key_group_range(max, parallelism, subtask);
        let (first, last) = (range.start(), range.end());
        text.push_str(&format!(
            "subtask         {subtask} of {parallelism}, which owns key groups {first} to {last}\n"
        ));
    }
    screen.say(&text);
    Ok(HOLDS)
}

/// The key that a text spells.
fn value(text: &str, key_type: KeyType) -> Result<Value, Failure> {
    let wrong = |what: &str| {
        Failure::wrong(
            format!("key `{text}` is not {what}"),
            "choose the key type that the key has with --type TYPE",
        )
    };
    match key_type {
        KeyType::Int | KeyType::Long | KeyType::Short | KeyType::Byte => {
            text.parse().map(Value::Int).map_err(|_| wrong("a whole number of 64 bits"))
        }
        KeyType::Bool => text.parse().map(Value::Bool).map_err(|_| wrong("`true` or `false`")),
        KeyType::Auto | KeyType::Char | KeyType::Double | KeyType::Float | KeyType::Text => {
            Ok(Value::text(text))
        }
    }
}
