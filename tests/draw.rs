//! Pictures of runs: every story draws, alike each time; labels do not hide each other; marks name entries that there are.

mod stories;

use quick_xml::Reader;
use quick_xml::events::Event;
use sandbar::events::{Names, Trace};
use sandbar::pictures::{Broken, Options, Picture, Scene, View, ascii, layout, mermaid, svg, text};
use sandbar::{Played, Setup, play_out};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All stories of a folder, however deep.
fn stories(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of stories is there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            found.extend(stories(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A story that was played, under the first of its releases.
struct Story {
    played: Played,
    names: Names,
}

impl Story {
    fn of(setup: Setup, records: bool) -> Self {
        let scenario = std::sync::Arc::clone(&setup.scenario);
        let played = play_out(Setup { keeps_trace: true, keeps_records: records, ..setup });
        let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
        let names = Names::new(&played.trace, &scenario, sinks);
        Self { played, names }
    }

    fn read(file: &Path) -> Self {
        let scenario = stories::read(file);
        let release = scenario.releases().next().expect("a story is played under some release");
        Self::of(stories::setup(file, scenario.under(release)), false)
    }

    fn picture(&self) -> Picture {
        let broken: Vec<Broken> = self
            .played
            .verdict
            .violations()
            .map(|one| Broken::new(one.check.to_string(), one.text.clone(), one.event))
            .collect();
        let mut picture = Picture::new(&self.played.trace, &self.names, &broken);
        "a story".clone_into(&mut picture.title);
        picture
    }

    fn scene(&self) -> Scene {
        layout(&self.picture(), &Options::default()).expect("the usual picture needs nothing")
    }
}

fn simulation(name: &str) -> Story {
    Story::read(&Path::new("sim").join(name))
}

/// Reads all of an XML text, and what its marks name as entries.
fn entries_in(xml: &str) -> BTreeSet<String> {
    let mut reader = Reader::from_str(xml);
    let mut entries = BTreeSet::new();
    let mut depth = 0;
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}"));
        match event {
            Event::Start(ref element) | Event::Empty(ref element) => {
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error}"));
                    if attribute.key.as_ref() == b"data-e" {
                        let value = String::from_utf8_lossy(&attribute.value);
                        entries.extend(value.split(',').map(str::to_owned));
                    }
                }
                depth += i32::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
    assert_eq!(depth, 0, "every element ends");
    entries
}

fn numbers(trace: &Trace) -> BTreeSet<String> {
    trace.entries.iter().map(|entry| entry.number.to_string()).collect()
}

/// Fails unless every entry that a picture names is there.
fn name_entries_that_there_are(told: &str, drawn: &str, trace: &Trace) {
    let named = entries_in(drawn);
    let known = numbers(trace);
    let unknown: Vec<&String> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{told}: marks name {unknown:?}, which are no entries");
}

#[test]
fn every_story_draws_and_draws_the_same_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim");
    let all = stories(&folder);
    assert!(all.len() > 200, "the stories are there");
    for path in &all {
        let story = Story::read(path);
        let drawn = svg(&story.scene());
        let told = path.display().to_string();
        name_entries_that_there_are(&told, &drawn, &story.played.trace);
        assert!(drawn == svg(&story.scene()), "{told} is drawn differently a second time");
        assert!(!text(&story.scene()).is_empty(), "{told}: nothing is told");
    }
}

#[test]
fn labels_do_not_overlap_and_few_find_no_place() {
    let names = [
        "word_count.toml",
        "unaligned.toml",
        "rescaled_in_flight.toml",
        "committer.toml",
        "zombies.toml",
    ];
    for name in names {
        let scene = simulation(name).scene();
        let labels = scene.labels();
        assert_eq!(labels.overlapping(), None, "{name}: labels overlap");
        let (placed, dropped) = labels.counts();
        let all = placed + dropped;
        println!("{name}: {dropped} of {all} labels dropped");
        assert!(dropped * 10 <= all, "{name}: {dropped} of {all} labels dropped");
    }
}

#[test]
fn other_pictures_of_a_story_name_entries_that_there_are() {
    let file = Path::new("sim/unaligned.toml");
    let story = Story::of(stories::setup(file, stories::read(file)), true);
    let picture = story.picture();
    let mut checkpoint = Options::default();
    checkpoint.checkpoint = Some(3);
    let mut span = Options::default();
    span.span = Some((240_000_000, 600_000_000));
    let mut unfold = Options::default();
    unfold.unfold = true;
    let mut gantt = Options::default();
    gantt.view = View::Gantt;
    for options in [checkpoint, span, unfold, gantt] {
        let scene = layout(&picture, &options).expect("there is such a checkpoint");
        let drawn = svg(&scene);
        name_entries_that_there_are("unaligned", &drawn, &story.played.trace);
        if options == checkpoint {
            assert!(drawn.contains("class=\"crossing "), "records cross the cut");
        }
    }
    let letters = ascii(&picture, &checkpoint).expect("there is such a checkpoint");
    assert!(letters.lines().all(|line| line.chars().count() < 100), "{letters}");
    assert!(letters.contains("totals/1 ") && letters.contains('#'), "{letters}");
    let sequence = mermaid(&picture, &checkpoint).expect("there is such a checkpoint");
    assert!(sequence.contains("jm-)t1: trigger 3\n"), "{sequence}");
    let mut missing = Options::default();
    missing.checkpoint = Some(99);
    let error = layout(&picture, &missing).expect_err("there is no such checkpoint");
    assert_eq!(error.to_string(), "the run triggers no checkpoint 99");
}

/// A story of a hundred subtasks and a hundred thousand entries.
const LONG: &str = r#"
[cluster]
task-managers = 20
slots = 8

[input.clicks]
generate = { records = 60000, keys = 200 }
partitions = 10
every = "1ms"

[job.many]
checkpoint = { interval = "130ms" }
operators = [
  { name = "orders", source = "clicks", parallelism = 10, uid = "orders" },
  { name = "totals", aggregate = "count", key-by = "value", parallelism = 126, uid = "totals" },
  { name = "out", sink = "two-phase", parallelism = 4, uid = "out" },
]

[[step]]
when = { completed = 5 }
do = { kill = "totals/3" }
"#;

#[test]
fn a_picture_of_a_hundred_thousand_entries_stays_small() {
    let catalogue = std::sync::Arc::new(sandbar::Catalogue::built_in());
    let scenario = sandbar::Scenario::parse(LONG, "long.toml", &catalogue);
    let scenario = std::sync::Arc::new(scenario.unwrap_or_else(|error| panic!("{error}")));
    let setup = Setup::of(scenario, catalogue).expect("it generates its input");
    let story = Story::of(setup, false);
    let entries = story.played.trace.entries.len();
    assert!(entries >= 100_000, "{entries} entries are too few to show anything");
    let drawn = svg(&story.scene());
    assert!(drawn.len() < 500_000, "{} bytes for {entries} entries", drawn.len());
    name_entries_that_there_are("long", &drawn, &story.played.trace);
}

/// The pictures of README are what its commands draw. `SANDBAR_RENEW=1` draws them anew: look at them.
#[test]
fn the_pictures_in_the_documents_are_what_the_commands_draw() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("it is there");
    let commands = readme.lines().filter_map(|line| line.strip_prefix("cargo run -- draw "));
    let mut pictures = 0;
    for command in commands {
        let (arguments, name) = command.split_once(" -o ").expect("it says where to");
        let mut sandbar = Command::new(env!("CARGO_BIN_EXE_sandbar"));
        sandbar.arg("draw").args(arguments.split_whitespace()).current_dir(root);
        let drawn = sandbar.output().expect("the binary runs");
        assert!(drawn.status.success(), "{command}");
        let kept = root.join("docs/pictures").join(name);
        if std::env::var_os("SANDBAR_RENEW").is_some() {
            fs::write(&kept, &drawn.stdout).expect("written");
        }
        let kept = fs::read(&kept).expect("it is there");
        assert!(kept == drawn.stdout, "docs/pictures/{name} is not what `{command}` draws");
        pictures += 1;
    }
    assert_eq!(pictures, 2, "README shows two");
}
