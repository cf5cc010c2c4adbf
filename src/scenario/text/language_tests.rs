//! The language as it is described: each of its words has a meaning and an example that is read.

use super::*;
use crate::job::CheckpointConfig;
use crate::scenario::language::{Key, check};

/// What is wrong with a text that has these keys, held against a table.
fn mistakes(text: &str, table: &Table) -> Vec<Mistake> {
    let ends = language::line_ends(text);
    let source = Source { text, file: "example.toml", ends: &ends };
    let mut document = DeTable::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    check(source, &mut document, table, &Catalogue::built_in()).mistakes
}

fn alone(key: &Key, table: &Table) -> Table {
    Table { keys: vec![Key { is_needed: false, ..key.clone() }], has_kinds: false, ..table.clone() }
}

#[test]
fn every_key_has_a_meaning_and_an_example_that_is_read() {
    let catalogue = Catalogue::built_in();
    let mut count = 0;
    for table in LANGUAGE.all(&catalogue) {
        assert!(!table.note.about.is_empty(), "{} has no meaning", table.title);
        for key in table.keys(&catalogue) {
            let (name, title) = (&key.name, table.title);
            assert!(!key.note.about.is_empty(), "`{name}` of {title} has no meaning");
            let text = format!("{name} = {}", key.example());
            let found = mistakes(&text, &alone(&key, &table));
            assert!(found.is_empty(), "{title}: {text}: {found:?}");
            let wrong = format!("{name} = 1979-05-27");
            assert!(!mistakes(&wrong, &alone(&key, &table)).is_empty(), "{title} takes {wrong}");
            count += 1;
        }
    }
    assert!(count > 200, "only {count} keys");
}

#[test]
fn the_usual_values_that_are_told_are_those_that_hold() {
    let form = super::settings::CheckpointText::form();
    let Form::Table(table) = form else { panic!("it is a table") };
    let usual = |name: &str| {
        let key = table.keys.iter().find(|key| key.name == name).expect("it is there");
        key.note.usual.clone()
    };
    let minutes = CheckpointConfig::default().timeout.to_string();
    assert_eq!(usual("timeout"), Some(format!("\"{minutes}\"")));
    assert_eq!(usual("interval"), None);
    assert_eq!(usual("max-concurrent"), Some("1".to_owned()));
}

/// A language of one table, declared here and nowhere else.
mod made_up {
    use super::super::settings::settings;
    use super::super::word::Count;
    use crate::documented::doc_of;
    use crate::scenario::language::{self, Described, Form, Key, Note, described_key};
    use crate::scenario::text::layout::Table;
    use crate::scenario::text::settings::Setting;
    use crate::scenario::text::spelling::key;
    use serde::Deserialize;

    #[derive(Clone, Default, PartialEq, Debug)]
    pub(super) struct Bank {
        pub grains_of_sand: u32,
    }

    settings!("a made-up table":
        /// What nobody has thought of yet.
        BankText => Bank {
            /// How much sand there is.
            /// Flink: `sandbox.grains`
            /// e.g. `7`
            grains_of_sand: Count<1000>,
        }
    );
}

#[test]
fn a_made_up_word_is_known_everywhere_by_one_declaration() {
    use made_up::{Bank, BankText};
    let Form::Table(table) = BankText::form() else { panic!("it is a table") };
    let catalogue = Catalogue::default();
    // The reader, and the writer.
    let text: BankText = toml::from_str("grains-of-sand = 9").expect("it is read");
    let bank = text.over(Bank::default());
    assert_eq!(bank, Bank { grains_of_sand: 9 });
    assert_eq!(BankText::unusual(&bank, &Bank::default()).inline(), "{ grains-of-sand = 9 }");
    // The page, the schema and the list.
    let page = language::page(&table, &catalogue, |_, _| None);
    assert!(page.contains("| `grains-of-sand` | a whole number from 1 to 1000 |"), "{page}");
    assert!(page.contains("How much sand there is. Flink: `sandbox.grains`."), "{page}");
    let schema = language::schema(&table, &catalogue);
    assert_eq!(schema["properties"]["grains-of-sand"]["maximum"], 1000);
    let keys = language::list("keys", &table, &catalogue).expect("there is such a list");
    assert_eq!(keys[0].0, "grains-of-sand of a made-up table");
    // Refusals, with a guess, by Flink's name, and of what is out of range.
    let help = |text: &str| mistakes(text, &table)[0].help.clone().unwrap_or_default();
    assert_eq!(help("grains-of-snad = 1"), "did you mean `grains-of-sand`?");
    assert_eq!(
        help("\"sandbox.grains\" = 1"),
        "what Flink calls `sandbox.grains` is `grains-of-sand` here"
    );
    let found = mistakes("grains-of-sand = 1001\nsand = 1", &table);
    let found: Vec<&str> = found.iter().map(|mistake| mistake.message.as_str()).collect();
    assert_eq!(
        found,
        ["`grains-of-sand`: 1001 is not within 1 to 1000", "unknown key `sand` of a made-up table",]
    );
}

/// Five mistakes of different kinds, and what only follows from them is not told.
#[test]
fn a_file_with_five_mistakes_gets_five_messages() {
    let text = "sed = 3\n\
        [input.rows]\ngenerate = { records = 10, keys = 0 }\n\
        [job.j]\ncheckpoint = { interval = 1000 }\noperators = [\n  { name = \"in\", source = \"rows\" },\n  \
        { name = \"sum\", aggregate = \"sum\" },\n  { name = \"out\", sink = \"plain\" },\n]\n\
        [[step]]\nat = \"1s\"\ndo = { kill = \"sun/0\" }\n";
    let error = Scenario::parse(text, "five.toml", &Catalogue::built_in()).expect_err("wrong");
    let found: Vec<(u32, &str)> =
        error.mistakes.iter().map(|mistake| (mistake.line, mistake.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "unknown key `sed` of a scenario file"),
            (3, "`keys`: 0 is not within 1 to 4294967295"),
            (5, "`interval` is a whole number, and must be a span of time"),
            (8, "operator `sum` needs a key: aggregate `sum` is keyed"),
            (13, "job `j` has no operator `sun`"),
        ]
    );
}

/// An operator whose keys are those of format 1.
const OLDER: &str = "format = 1 # as it was\n[input.rows]\ngenerate = { records = 10, keys = 2 }\n[job.j]\noperators = [\n  \
    { name = \"in\", source = \"rows\" },\n  { name = \"out\", sink = \"plain\", partition = \"rebalance\" }, # partition = dealt\n]\n";

#[test]
fn older_words_are_read_and_an_upgrade_replaces_them_and_nothing_else() {
    let catalogue = Catalogue::built_in();
    let older = Scenario::parse(OLDER, "older.toml", &catalogue).expect("it is read");
    let upgraded = Scenario::upgrade(OLDER, "older.toml", &catalogue).expect("it is read");
    let wanted =
        OLDER.replace("format = 1", "format = 2").replace("partition = \"", "partitioner = \"");
    assert_eq!(upgraded.text, wanted);
    let change = |line, was: &str, now: &str| (line, was.to_owned(), now.to_owned());
    assert_eq!(upgraded.changes, [change(1, "1", "2"), change(7, "partition", "partitioner")]);
    let newer = Scenario::parse(&wanted, "newer.toml", &catalogue).expect("it is read");
    assert_eq!(newer, older);
    assert_eq!(Scenario::upgrade(&wanted, "newer.toml", &catalogue).expect("read").changes, []);
}

#[test]
fn a_newer_format_and_a_word_in_both_spellings_are_refused() {
    let refused = |text: &str| {
        let error = Scenario::parse(text, "x.toml", &Catalogue::built_in()).expect_err("wrong");
        error.mistakes[0].message.clone()
    };
    let newer = OLDER.replace("format = 1", "format = 3");
    assert_eq!(refused(&newer), "the file has format 3, and this program reads 1 to 2");
    let both = OLDER.replace("partition = \"", "partitioner = \"hash\", partition = \"");
    assert_eq!(refused(&both), "the key `partitioner` is there twice");
}

#[test]
fn a_unit_that_is_spelled_otherwise_is_answered_and_none_is_guessed() {
    let table =
        LANGUAGE.all(&Catalogue::built_in()).into_iter().find(|table| table.title == "a step");
    let table = table.expect("there are steps");
    let at = table.keys.iter().find(|key| key.name == "at").expect("it is there");
    let help = |text: &str| {
        let found = mistakes(&format!("at = \"{text}\""), &alone(at, &table));
        found[0].help.clone().unwrap_or_default()
    };
    for (text, right) in
        [("1 min", "1m"), ("5 ms", "5ms"), ("2 hours", "2h"), ("3 secs", "3s"), ("7 millis", "7ms")]
    {
        assert_eq!(help(text), format!("write `at = \"{right}\"`"), "{text}");
    }
    assert!(help("2 months").starts_with("say a span of time"), "{}", help("2 months"));
}
