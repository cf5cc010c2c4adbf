//! An operator as a scenario spells it. Every field may be missing: `set` changes some and leaves the rest.

use super::settings::{EventTimeText, KeyedStateText, ListStateText};
use super::word::{Count, Time, shapes};
use crate::job::{AtEnd, ChainStrategy, KeyColumns, KeySelector, KeyType, Partitioner, Reader};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use toml::Spanned;

/// Declares the keys of an operator: how each is spelled, and what is read behind it.
macro_rules! operator_text {
    ($($field:ident $key:literal: $Text:ty,)+) => {
        /// `{ name = "counts", aggregate = "count", … }`.
        #[derive(Clone, Debug, Default)]
        pub(super) struct OperatorText {
            /// Keys that are none of the others: kinds of operators, and typing errors.
            pub kinds: Vec<(Spanned<String>, toml::Value)>,
            $(pub $field: Option<$Text>,)+
        }

        /// Every key of an operator, but for the kinds.
        pub(super) const KEYS: &[&str] = &[$($key),+];

        impl OperatorText {
            /// Takes over what `change` sets.
            pub(super) fn change(&mut self, change: Self) {
                if !change.kinds.is_empty() {
                    self.kinds = change.kinds;
                }
                $(self.$field = change.$field.or(self.$field.take());)+
            }
        }

        impl<'de> Visitor<'de> for OperatorVisitor {
            type Value = OperatorText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an operator: `{ name = \"counts\", … }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut text = OperatorText::default();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    match key.get_ref().as_str() {
                        $($key => text.$field = Some(map.next_value()?),)+
                        _ => text.kinds.push((key, map.next_value()?)),
                    }
                }
                Ok(text)
            }
        }
    };
}

operator_text! {
    name "name": Spanned<String>,
    then "then": Spanned<AtEnd>,
    uid "uid": String,
    class "class": Spanned<String>,
    parallelism "parallelism": Count<32768>,
    max_parallelism "max-parallelism": Count<32768>,
    from "from": Vec<Spanned<FromText>>,
    second_from "second-from": Vec<Spanned<FromText>>,
    partition "partition": Partitioner,
    second_partition "second-partition": Partitioner,
    key_by "key-by": KeyByText,
    second_key_by "second-key-by": Spanned<KeyByText>,
    key_type "key-type": Spanned<KeyType>,
    chain "chain": ChainStrategy,
    slot_group "slot-group": String,
    takes "takes": Time,
    column "column": Spanned<u16>,
    reader "reader": Spanned<Reader>,
    event_time "event-time": Spanned<EventTimeText>,
    uid_hash "uid-hash": Spanned<String>,
    keyed_state "keyed-state": Spanned<KeyedStateText>,
    list_state "list-state": Spanned<ListStateText>,
}

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
}

impl<'de> Deserialize<'de> for OperatorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OperatorVisitor)
    }
}

struct OperatorVisitor;

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

shapes!(FromVisitor => FromText, deserialize_any,
    "the name of an operator, or `{ operator = NAME, partition = … }`";
    visit_str(text: &str) |_this, E| Ok(FromText::parse(text));
    + {
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FromText, A::Error> {
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
);

/// `"value"`, a column's number, or the numbers of several.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyByText(pub KeySelector);

shapes!(KeyByVisitor => KeyByText, deserialize_any,
    "\"value\", the number of a column from 0, or a list of 1 to 4 of them";
    visit_str(text: &str) |this, E| match text {
        "value" => Ok(KeyByText(KeySelector::Value)),
        _ => Err(E::invalid_value(de::Unexpected::Str(text), this)),
    };
    visit_i64(column: i64) |this, E| match u16::try_from(column) {
        Ok(column) => Ok(KeyByText(KeySelector::Column(column))),
        Err(_) => Err(E::invalid_value(de::Unexpected::Signed(column), this)),
    };
    + {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<KeyByText, A::Error> {
            let mut columns: Vec<u16> = Vec::new();
            while let Some(column) = list.next_element()? {
                columns.push(column);
            }
            let columns = KeyColumns::new(&columns)
                .ok_or_else(|| de::Error::invalid_length(columns.len(), &self))?;
            Ok(KeyByText(KeySelector::Columns(columns)))
        }
    }
);
