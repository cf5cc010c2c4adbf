//! What real Flinks of five releases answered, told as stories: every one of them must come out as recorded.
//!
//! `tests/golden/stories/RELEASE.txt` holds the stories of a release, each behind a line `=== NAME`: a scenario whose `[expect]` says what
//! that Flink did, or (a name that ends with `.csv`) an input. Inputs `rows-N-K.csv` are made here: N rows `(i mod K, i)`.

mod cells;
#[expect(dead_code, reason = "these stories are in tables, and not in files of their own")]
#[path = "../stories/mod.rs"]
mod stories;
mod untold;

use sandbar::{Catalogue, Judgement, Scenario, play_out};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The stories of one release, with a folder in which their inputs lie.
struct Recorded {
    release: &'static str,
    folder: PathBuf,
    stories: BTreeMap<String, String>,
}

impl Recorded {
    /// Those of a release. Each test has a folder of its own, as they run beside each other.
    fn read(release: &'static str, test: &str) -> Self {
        let table = format!("{}/tests/golden/stories/{release}.txt", env!("CARGO_MANIFEST_DIR"));
        let table = fs::read_to_string(&table).unwrap_or_else(|error| panic!("{table}: {error}"));
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recorded-{test}-{release}"));
        fs::create_dir_all(&folder).expect("a folder for inputs can be made");
        let mut stories = BTreeMap::new();
        for section in table.split("=== ").skip(1) {
            let (name, text) =
                section.split_once('\n').expect("a name stands on a line of its own");
            if name.ends_with(".csv") {
                fs::write(folder.join(name), text).expect("an input can be written");
            } else {
                let twin = stories.insert(name.to_owned(), text.to_owned());
                assert!(twin.is_none(), "{release} tells `{name}` twice");
            }
        }
        assert!(stories.len() > 30, "{release} has {} stories", stories.len());
        let recorded = Self { release, folder, stories };
        recorded.make_rows();
        recorded
    }

    /// Makes the inputs that are named after what is in them.
    fn make_rows(&self) {
        for text in self.stories.values() {
            let names = text.split('"').filter(|word| word.starts_with("rows-"));
            for name in names {
                let path = self.folder.join(name);
                if !path.exists() {
                    fs::write(path, rows(name)).expect("an input can be written");
                }
            }
        }
    }

    /// What a story shows that is not as recorded; nothing if all of it is.
    fn disagreements(&self, name: &str, text: &str) -> Vec<String> {
        let file = format!("{}/{name}.toml", self.release);
        let scenario = match Scenario::parse(text, &file, &Catalogue::built_in()) {
            Ok(scenario) => scenario,
            Err(error) => return vec![error.to_string()],
        };
        let played = play_out(stories::setup(self.folder.join(name), scenario));
        let mut wrong = played.unmet.clone();
        wrong.extend(played.verdict.violations().map(|violation| violation.to_string()));
        if wrong.is_empty() && played.judgement() != Judgement::Holds {
            wrong.push(format!("{:?}", played.judgement()));
        }
        if played.judgement() == Judgement::Holds { Vec::new() } else { wrong }
    }
}

/// `rows-N-K.csv`, and `rows-N-text.csv` with the key as text in a third column.
fn rows(name: &str) -> String {
    let mut parts = name.trim_end_matches(".csv").split('-').skip(1);
    let mut part = || parts.next().unwrap_or_else(|| panic!("`{name}` is no name of rows"));
    let (count, keys) = (part().parse::<u32>().expect("it is a number of rows"), part());
    let mut text = String::new();
    for row in 0..count {
        let _written = match keys.parse::<u32>() {
            Ok(keys) => writeln!(text, "{},{row}", row % keys),
            Err(_) => writeln!(text, "{0},{row},k{0}", row % 50),
        };
    }
    text
}

/// The releases whose metadata files were damaged.
const DAMAGED: &[&str] = &["1.11.4", "1.13.6", "1.15.4"];

/// Stories that come out otherwise, in which releases, and why.
const OTHERWISE: [(&[&str], &str, &str); 3] = [
    (DAMAGED, "corrupt_append_1", "stricter: nothing may follow the end of a file"),
    (DAMAGED, "corrupt_flip_checkpoint_id", CHECKSUM),
    (DAMAGED, "corrupt_flip_quarter", CHECKSUM),
];

const CHECKSUM: &str =
    "stricter: each block has a checksum, so that a job is refused that Flink lets begin";

/// Scenarios that are refused as a whole, since the release cannot say what they do, and what the refusal says.
const REFUSED: [(&str, &str, &str); 1] = [(
    "1.15.4",
    "recover_prefer_checkpoint",
    "Flink 1.15 has no such thing as a preference for checkpoints over savepoints",
)];

/// Plays every story of a release, and lists all that do not come out as recorded, and all of [`OTHERWISE`] that do.
fn agree(release: &'static str) {
    let recorded = Recorded::read(release, "all");
    let mut wrong = String::new();
    for (name, text) in &recorded.stories {
        let mut disagreements = recorded.disagreements(name, text);
        if let Some((.., says)) =
            REFUSED.iter().find(|(of, other, _)| (*of, *other) == (release, name))
        {
            let is_said = disagreements.iter().any(|refusal| refusal.contains(says));
            disagreements.retain(|_| !is_said);
            if !is_said && disagreements.is_empty() {
                disagreements.push("it is not refused".to_owned());
            }
        }
        let is_known =
            OTHERWISE.iter().any(|(of, other, _why)| of.contains(&release) && other == name);
        if is_known && disagreements.is_empty() {
            let _written = writeln!(wrong, "{name} comes out as recorded: it is no exception");
        }
        for disagreement in disagreements.iter().filter(|_| !is_known) {
            let _written = writeln!(wrong, "{name}: {disagreement}");
        }
    }
    assert!(wrong.is_empty(), "\nnot as Flink {release} did:\n{wrong}");
}

#[test]
fn every_story_of_1_11_4_comes_out_as_recorded() {
    agree("1.11.4");
}

#[test]
fn every_story_of_1_13_6_comes_out_as_recorded() {
    agree("1.13.6");
}

#[test]
fn every_story_of_1_15_4_comes_out_as_recorded() {
    agree("1.15.4");
}

#[test]
fn every_story_of_1_20_5_comes_out_as_recorded() {
    agree("1.20.5");
}

#[test]
fn every_story_of_2_3_0_comes_out_as_recorded() {
    agree("2.3.0");
}

/// Facts turned round: release, story, what it says, and what Flink did not do.
const FLIPPED: [(&str, &str, &str, &str); 9] = [
    ("1.11.4", "stateless_max_8_16", "b = \"finished\"", "b = \"failed\""),
    ("1.11.4", "chain_max_adopted", "0 = 8,", "0 = 7,"),
    ("1.13.6", "hash_absent", "b = \"finished\"", "b = \"failed\""),
    ("1.13.6", "key_long_to_string", "key serializer", "value serializer"),
    ("1.13.6", "list_up_2_3", "la/1:1", "la/1:2"),
    ("1.15.4", "legacy_to_flip27", "out = 300", "out = 200"),
    ("1.15.4", "checkpoint_ids", "notifyCheckpointComplete 1", "notifyCheckpointAborted 1"),
    ("1.20.5", "five_lists_3_3", "restored-from = { b = 1 }", "restored-from = { b = 2 }"),
    ("2.3.0", "stateless_becomes_stateful", "a = \"finished\"", "a = \"canceled\""),
];

#[test]
fn nine_facts_turned_round_are_nine_disagreements() {
    for (release, name, fact, turned) in FLIPPED {
        let recorded = Recorded::read(release, &format!("flipped-{name}"));
        let text = recorded.stories.get(name);
        let text = text.unwrap_or_else(|| panic!("{release} has no story `{name}`"));
        assert!(text.contains(fact), "{release}, {name} does not say `{fact}`");
        let wrong = recorded.disagreements(name, text);
        assert!(wrong.is_empty(), "{release}, {name}: {wrong:?}");
        let wrong = recorded.disagreements(name, &text.replace(fact, turned));
        assert!(!wrong.is_empty(), "{release}, {name}: `{turned}` goes through");
    }
}
