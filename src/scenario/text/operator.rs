//! An operator as a scenario spells it. Every field may be missing: `set` changes some and leaves the rest.

use super::offsets::OffsetsText;
use super::settings::{EventTimeText, KeyedStateText, ListStateText, Named, Setting};
use super::time::{DelayText, WindowText};
use super::word::{Count, Time, shapes};
use crate::job::{AtEnd, ChainStrategy, KeyColumns, KeySelector, KeyType, Partitioner, Reader};
use crate::scenario::language::{
    Described, Form, Key, Note, Table, Word, described_key, free, text_table,
};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use toml::Spanned;

/// Declares the keys of an operator: how each is spelled, and what is read behind it.
macro_rules! operator_text {
    ($($(#[$($note:tt)*])* $field:ident $key:literal: $Text:ty,)+) => {
        /// `{ name = "counts", aggregate = "count", … }`.
        #[derive(Clone, Debug, Default)]
        pub(super) struct OperatorText {
            /// Keys that are none of the others: kinds of operators, and typing errors.
            pub kinds: Vec<(Spanned<String>, toml::Value)>,
            $($(#[$($note)*])* pub $field: Option<$Text>,)+
        }

        /// The keys of an operator, but for the kinds that only the catalogue knows.
        fn keys() -> Vec<Key> {
            vec![$(described_key!($key.to_owned(), $Text, false, $(#[$($note)*])*),)+]
        }

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
    /// What it is called in this file: without `/`, `:` and `.`.
    /// e.g. `"counts"`
    name "name": Spanned<String>,
    /// What a source does at the end of its log.
    /// Usual: `"end"`
    /// e.g. `"idle"`
    then "then": Spanned<Named<AtEnd>>,
    /// The uid, from which the id comes that its state is stored under.
    /// Flink: `uid()`
    /// e.g. `"counts-id"`
    uid "uid": String,
    /// The class name of its function, which ids were generated from in 1.0 and 1.1.
    /// e.g. `"org.example.Counts"`
    class "class": Spanned<String>,
    /// How many subtasks it has.
    /// Flink: `setParallelism()`, `parallelism.default`
    /// Usual: `1`
    /// e.g. `4`
    parallelism "parallelism": Count<32768>,
    /// How many key groups it has: the most subtasks that its state can be dealt to.
    /// Flink: `setMaxParallelism()`, `pipeline.max-parallelism`
    /// e.g. `128`
    max_parallelism "max-parallelism": Count<32768>,
    /// What it reads: names of operators, `NAME.side` for a side output. Without it, the operator before it.
    /// Flink: `union()`
    /// e.g. `["words", "more-words"]`
    from "from": Vec<Spanned<FromText>>,
    /// What an operator of two inputs reads as the second.
    /// Flink: `connect()`
    /// e.g. `["rules"]`
    second_from "second-from": Vec<Spanned<FromText>>,
    /// How records are dealt among its subtasks; without it, forward where parallelism is equal, by key where there is one.
    /// e.g. `"rebalance"`
    /// Was: `partition`
    partitioner "partitioner": Named<Partitioner>,
    /// How records of the second input are dealt.
    /// e.g. `"broadcast"`
    /// Was: `second-partition`
    second_partitioner "second-partitioner": Named<Partitioner>,
    /// The key: the value itself, a column from 0, or several.
    /// Flink: `keyBy()`
    /// e.g. `0`
    key_by "key-by": Spanned<KeyByText>,
    /// The key of the second input.
    /// e.g. `1`
    second_key_by "second-key-by": Spanned<KeyByText>,
    /// The Java type that the key hashes as.
    /// Usual: `"auto"`
    /// e.g. `"int"`
    key_type "key-type": Spanned<Named<KeyType>>,
    /// Whether it may be chained to its neighbours.
    /// Flink: `startNewChain()`, `disableChaining()`
    /// Usual: `"always"`
    /// e.g. `"never"`
    chain "chain": Named<ChainStrategy>,
    /// Its slot sharing group.
    /// Flink: `slotSharingGroup()`
    /// e.g. `"apart"`
    slot_group "slot-group": String,
    /// How long it takes for a record, in virtual time.
    /// Usual: `"1us"`
    /// e.g. `"5ms"`
    takes "takes": Time,
    /// The column that it works on, from 0.
    /// e.g. `1`
    column "column": Spanned<u16>,
    /// How the subtasks of a source come by their partitions.
    /// Usual: `"fixed"`
    /// e.g. `"splits"`
    reader "reader": Spanned<Named<Reader>>,
    /// Where a source starts, and reads from a partition of which it has no position: not where it is restored with one.
    /// Flink: `setStartingOffsets()`, `setStartFromLatest()`, `scan.startup.mode`
    /// Usual: `"earliest"`
    /// e.g. `"latest"`
    starting_offsets "starting-offsets": Spanned<OffsetsText>,
    /// Event time of a source. `{}` is ingestion time.
    /// Flink: `assignTimestampsAndWatermarks()`, `WatermarkStrategy`
    event_time "event-time": Spanned<EventTimeText>,
    /// The id itself that its state is stored under: 32 hexadecimal digits.
    /// Flink: `setUidHash()`
    /// e.g. `"e0ae3a1bd1d65d8ab4c1a3f5a5c0a4ff"`
    uid_hash "uid-hash": Spanned<String>,
    /// How its keyed state is registered.
    keyed_state "keyed-state": Spanned<KeyedStateText>,
    /// A sink of two operators: a writer of this kind, called `NAME-writer`, and the committer that it hands its transactions to.
    /// The uid is the writer's; that of the committer is made from it.
    /// Flink: `sinkTo()`
    /// e.g. `"transactions"`
    sink_to "sink-to": Spanned<String>,
    /// Which list states it registers.
    list_state "list-state": Spanned<ListStateText>,
}

impl Described for OperatorText {
    fn form() -> Form {
        let source = Key {
            name: "source".to_owned(),
            form: free("the name of an input", "rows"),
            is_needed: false,
            note: Note::read(
                "Reads this input.\ne.g. `\"rows\"`\nFlink: `fromSource()`, `addSource()`",
            ),
        };
        let window = Key {
            name: "window".to_owned(),
            form: WindowText::form(),
            is_needed: false,
            note: Note::read(
                "Collects records of a key in tumbling windows.\nFlink: `TumblingEventTimeWindows`, `TumblingProcessingTimeWindows`",
            ),
        };
        let delay = Key {
            name: "delay".to_owned(),
            form: DelayText::form(),
            is_needed: false,
            note: Note::read(
                "Holds each record back until its time has come, in keyed state and with a timer.\n\
                 Flink: `KeyedProcessFunction`, `registerEventTimeTimer()`, `registerProcessingTimeTimer()`",
            ),
        };
        Form::Table(Table {
            title: "an operator",
            note: Note::read(
                "An operator of a job. One key says what it is: `source = INPUT`, `sink = KIND`, or the kind of an operator of the \
                 catalogue with the name of its function, such as `map = \"upper\"` (`sandbar list operators`).\n\
                 e.g. `{ name = \"counts\", aggregate = \"count\", key-by = 0 }`",
            ),
            keys: keys().into_iter().chain([source, window, delay]).collect(),
            has_kinds: true,
        })
    }
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
        FromText { operator, side: false, partitioner: None }
    }
}

impl<'de> Deserialize<'de> for OperatorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OperatorVisitor)
    }
}

struct OperatorVisitor;

text_table!("an input of an operator":
    /// What an operator reads, told at length.
    #[derive(serde::Deserialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub(super) struct EdgeText {
        /// The operator that is read.
        /// e.g. `"counts"`
        operator: String,
        /// Whether its side output is meant.
        /// Flink: `getSideOutput()`
        /// Usual: `false`
        /// e.g. `true`
        side: Option<bool>,
        /// How records are dealt.
        /// e.g. `"rebalance"`
        /// Was: `partition`
        partitioner: Option<Named<Partitioner>>,
    }
);

impl Described for FromText {
    fn form() -> Form {
        let what = "the name of an operator, or `{ operator = NAME, partitioner = … }`";
        Form::Either(what, vec![free("the name of an operator", "counts"), EdgeText::form()])
    }
}

impl Described for KeyByText {
    fn form() -> Form {
        let column = || Form::Whole(0, u16::MAX.into());
        let value = Word { name: "value".to_owned(), note: Note::read("The value itself.") };
        let what = "`\"value\"`, the number of a column from 0, or a list of 1 to 4 of them";
        Form::Either(what, vec![column(), Form::Words(vec![value]), Form::List(Box::new(column()))])
    }
}

/// `"counts"`, `"counts.side"`, or `{ operator = "counts", side = true, partitioner = "rebalance" }`.
#[derive(Clone, Debug)]
pub(super) struct FromText {
    pub operator: String,
    pub side: bool,
    pub partitioner: Option<Partitioner>,
}

impl FromText {
    /// An edge as text spells it.
    pub(super) fn parse(text: &str) -> Self {
        let (operator, side) = match text.strip_suffix(".side") {
            Some(operator) => (operator, true),
            None => (text, false),
        };
        Self { operator: operator.to_owned(), side, partitioner: None }
    }
}

shapes!(FromVisitor => FromText, deserialize_any,
    "the name of an operator, or `{ operator = NAME, partitioner = … }`";
    visit_str(text: &str) |_this, E| Ok(FromText::parse(text));
    + {
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FromText, A::Error> {
            let EdgeText { operator, side, partitioner } =
                EdgeText::deserialize(de::value::MapAccessDeserializer::new(map))?;
            let partitioner = partitioner.map(|partitioner| partitioner.value());
            Ok(FromText { operator, side: side.unwrap_or(false), partitioner })
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
