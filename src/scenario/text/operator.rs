//! An operator as a scenario spells it. Every field may be missing: `set` changes some and leaves the rest.

use super::registered::{KeyedStateText, ListStateText};
use super::time::EventTimeText;
use super::word::{Count, Time};
use crate::job::{AtEnd, ChainStrategy, KeyColumns, KeySelector, KeyType, Partitioner, Reader};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use toml::Spanned;

/// `{ name = "counts", aggregate = "count", … }`.
#[derive(Clone, Debug, Default)]
pub(super) struct OperatorText {
    pub name: Option<Spanned<String>>,
    /// Keys that are none of the others: kinds of operators, and typing errors.
    pub kinds: Vec<(Spanned<String>, toml::Value)>,
    pub then: Option<Spanned<AtEnd>>,
    pub uid: Option<String>,
    pub class: Option<Spanned<String>>,
    pub parallelism: Option<Count<32768>>,
    pub max_parallelism: Option<Count<32768>>,
    pub from: Option<Vec<Spanned<FromText>>>,
    pub second_from: Option<Vec<Spanned<FromText>>>,
    pub partition: Option<Partitioner>,
    pub second_partition: Option<Partitioner>,
    pub key_by: Option<KeyByText>,
    pub second_key_by: Option<Spanned<KeyByText>>,
    pub key_type: Option<Spanned<KeyType>>,
    pub chain: Option<ChainStrategy>,
    pub slot_group: Option<String>,
    pub takes: Option<Time>,
    pub column: Option<Spanned<u16>>,
    pub reader: Option<Spanned<Reader>>,
    pub event_time: Option<Spanned<EventTimeText>>,
    pub uid_hash: Option<Spanned<String>>,
    pub keyed_state: Option<Spanned<KeyedStateText>>,
    pub list_state: Option<Spanned<ListStateText>>,
}

/// Every key of an operator, but for the kinds.
pub(super) const KEYS: [&str; 22] = [
    "name",
    "then",
    "uid",
    "class",
    "parallelism",
    "max-parallelism",
    "from",
    "second-from",
    "partition",
    "second-partition",
    "key-by",
    "second-key-by",
    "key-type",
    "chain",
    "slot-group",
    "takes",
    "column",
    "reader",
    "event-time",
    "uid-hash",
    "keyed-state",
    "list-state",
];

impl OperatorText {
    /// Its name, if it has one yet.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.get_ref().as_str())
    }

    /// Whether this is its name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name() == Some(name)
    }

    /// Whether it reads an external log.
    pub(super) fn is_source(&self) -> bool {
        self.kinds.iter().any(|(kind, _)| kind.get_ref() == "source")
    }

    /// Its main output, as a reader names it.
    pub(super) fn as_input(&self) -> FromText {
        let operator = self.name().unwrap_or_default().to_owned();
        FromText { operator, side: false, partition: None }
    }

    /// Takes over what `change` sets, but for the name.
    pub(super) fn change(&mut self, change: Self) {
        fn replace<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        if !change.kinds.is_empty() {
            self.kinds = change.kinds;
        }
        replace(&mut self.then, change.then);
        replace(&mut self.uid, change.uid);
        replace(&mut self.class, change.class);
        replace(&mut self.parallelism, change.parallelism);
        replace(&mut self.max_parallelism, change.max_parallelism);
        replace(&mut self.from, change.from);
        replace(&mut self.second_from, change.second_from);
        replace(&mut self.partition, change.partition);
        replace(&mut self.second_partition, change.second_partition);
        replace(&mut self.key_by, change.key_by);
        replace(&mut self.second_key_by, change.second_key_by);
        replace(&mut self.key_type, change.key_type);
        replace(&mut self.chain, change.chain);
        replace(&mut self.slot_group, change.slot_group);
        replace(&mut self.takes, change.takes);
        replace(&mut self.column, change.column);
        replace(&mut self.reader, change.reader);
        replace(&mut self.event_time, change.event_time);
        replace(&mut self.uid_hash, change.uid_hash);
        replace(&mut self.keyed_state, change.keyed_state);
        replace(&mut self.list_state, change.list_state);
    }
}

impl<'de> Deserialize<'de> for OperatorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OperatorVisitor)
    }
}

struct OperatorVisitor;

impl<'de> Visitor<'de> for OperatorVisitor {
    type Value = OperatorText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operator: `{ name = \"counts\", … }`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut text = OperatorText::default();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            match key.get_ref().as_str() {
                "name" => text.name = Some(map.next_value()?),
                "then" => text.then = Some(map.next_value()?),
                "uid" => text.uid = Some(map.next_value()?),
                "class" => text.class = Some(map.next_value()?),
                "parallelism" => text.parallelism = Some(map.next_value()?),
                "max-parallelism" => text.max_parallelism = Some(map.next_value()?),
                "from" => text.from = Some(map.next_value()?),
                "second-from" => text.second_from = Some(map.next_value()?),
                "partition" => text.partition = Some(map.next_value()?),
                "second-partition" => text.second_partition = Some(map.next_value()?),
                "key-by" => text.key_by = Some(map.next_value()?),
                "second-key-by" => text.second_key_by = Some(map.next_value()?),
                "key-type" => text.key_type = Some(map.next_value()?),
                "chain" => text.chain = Some(map.next_value()?),
                "slot-group" => text.slot_group = Some(map.next_value()?),
                "takes" => text.takes = Some(map.next_value()?),
                "column" => text.column = Some(map.next_value()?),
                "reader" => text.reader = Some(map.next_value()?),
                "event-time" => text.event_time = Some(map.next_value()?),
                "uid-hash" => text.uid_hash = Some(map.next_value()?),
                "keyed-state" => text.keyed_state = Some(map.next_value()?),
                "list-state" => text.list_state = Some(map.next_value()?),
                _ => text.kinds.push((key, map.next_value()?)),
            }
        }
        Ok(text)
    }
}

/// `"counts"`, `"counts.side"`, or `{ operator = "counts", side = true, partition = "rebalance" }`.
#[derive(Clone, Debug)]
pub(super) struct FromText {
    pub operator: String,
    pub side: bool,
    pub partition: Option<Partitioner>,
}

impl FromText {
    /// An edge as text spells it.
    pub(super) fn parse(text: &str) -> Self {
        let (operator, side) = match text.strip_suffix(".side") {
            Some(operator) => (operator, true),
            None => (text, false),
        };
        Self { operator: operator.to_owned(), side, partition: None }
    }
}

impl<'de> Deserialize<'de> for FromText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FromVisitor)
    }
}

struct FromVisitor;

impl<'de> Visitor<'de> for FromVisitor {
    type Value = FromText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an operator, or `{ operator = NAME, partition = … }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(FromText::parse(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            operator: String,
            #[serde(default)]
            side: bool,
            partition: Option<Partitioner>,
        }
        let Long { operator, side, partition } =
            Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(FromText { operator, side, partition })
    }
}

/// `"value"`, a column's number, or the numbers of several.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyByText(pub KeySelector);

impl<'de> Deserialize<'de> for KeyByText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyByVisitor)
    }
}

struct KeyByVisitor;

impl<'de> Visitor<'de> for KeyByVisitor {
    type Value = KeyByText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"value\", the number of a column from 0, or a list of 1 to 4 of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "value" => Ok(KeyByText(KeySelector::Value)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, column: i64) -> Result<Self::Value, E> {
        match u16::try_from(column) {
            Ok(column) => Ok(KeyByText(KeySelector::Column(column))),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(column), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut columns: Vec<u16> = Vec::new();
        while let Some(column) = list.next_element()? {
            columns.push(column);
        }
        let columns = KeyColumns::new(&columns)
            .ok_or_else(|| de::Error::invalid_length(columns.len(), &self))?;
        Ok(KeyByText(KeySelector::Columns(columns)))
    }
}
