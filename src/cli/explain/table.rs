//! The table of messages, as it stands in `messages.toml`.

use serde::Deserialize;

/// All messages that are known, by what they are about.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(rename = "topic")]
    pub(super) topics: Vec<Topic>,
}

/// Messages about one thing.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) title: String,
    #[serde(rename = "message")]
    pub(super) messages: Vec<Message>,
}

/// A message, with what is behind it.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Message {
    /// Its spellings, by release or by place, with `…` for what differs each time. The first stands for all.
    pub(super) says: Vec<String>,
    /// Parts of a spelling that are enough to know it by.
    #[serde(default)]
    pub(super) parts: Vec<String>,
    /// What it means, and what causes it.
    pub(super) means: String,
    /// What to do about it.
    pub(super) way_out: String,
    /// The rules that are behind it, as `sandbar rules` spells them.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    /// Stories that show it.
    pub(super) shown_by: Vec<String>,
}

impl Table {
    /// The table of this program.
    pub(super) fn read() -> Self {
        toml::from_str(include_str!("messages.toml"))
            .expect("the table of messages is read by its test")
    }

    /// All messages, in order.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.topics.iter().flat_map(|topic| &topic.messages)
    }
}

impl Message {
    /// The spelling that stands for all.
    pub(super) fn spelling(&self) -> &str {
        &self.says[0]
    }

    /// Everything by which it is known.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        self.says.iter().chain(&self.parts).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use std::path::Path;

    #[test]
    fn every_message_says_what_it_means_and_names_what_is_there() {
        let table = Table::read();
        let rules: Vec<String> = Rules::FIELDS.iter().map(|field| field.spelled()).collect();
        let mut spelled = Vec::new();
        for message in table.messages() {
            let name = message.spelling();
            let is_sentence = |text: &str| text.ends_with('.') && text.len() > 20;
            assert!(is_sentence(&message.means) && is_sentence(&message.way_out), "{name}");
            for rule in &message.rules {
                assert!(rules.contains(rule), "{name}: there is no rule `{rule}`");
            }
            assert!(!message.shown_by.is_empty(), "{name}: no story shows it");
            for story in &message.shown_by {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(story);
                assert!(
                    story.starts_with("sim/") && file.is_file(),
                    "{name}: there is no `{story}`"
                );
            }
            spelled.extend(message.spellings());
        }
        let all = spelled.len();
        spelled.sort_unstable();
        spelled.dedup();
        assert_eq!(spelled.len(), all, "a spelling is there twice");
    }
}
