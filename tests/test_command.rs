//! `sandbar test`: which stories are played, what is told of those that fail, and what a build system reads.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A story that expects so many rows; forty come.
fn story(about: &str, rows: u32) -> String {
    format!(
        r#"about = "{about}"
seed = 3
[input.rows]
generate = {{ records = 40, keys = 5 }}
every = "5ms"
[job.j]
checkpoint = {{ interval = "50ms" }}
operators = [
  {{ name = "s", source = "rows", uid = "s" }},
  {{ name = "o", sink = "two-phase", uid = "o" }},
]
[expect]
committed-rows = {{ o = {rows} }}
"#
    )
}

/// A folder with these files under it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

/// Three stories, of which the second fails, in two folders.
fn three() -> tempfile::TempDir {
    folder(&[
        ("stories/a.toml", &story("The first.", 40)),
        ("stories/deep/b.toml", &story("The second.", 41)),
        ("stories/deep/c.toml", &story("The third.", 40)),
    ])
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(folder).args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("everything that is printed is UTF-8")
}

/// What is printed by a command that exits with this: to the output and to the error stream.
fn told(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let Output { status, stdout, stderr } = command(folder, arguments).output().expect("it runs");
    let (out, err) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    assert!(!err.contains("panicked at"), "{err}");
    (out, err)
}

/// The same text on one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The summary without the time, which differs.
fn without_time(out: &str) -> String {
    let lines = out.lines().map(|line| match line.rsplit_once(", in ") {
        Some((before, time)) if time.ends_with(" s") => before,
        Some(_) | None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines of `--format json`: those of the stories, and the summary.
fn lines(out: &str) -> (Vec<Value>, Value) {
    let read = |line| serde_json::from_str::<Value>(line).expect("one object a line");
    let mut lines: Vec<Value> = out.lines().map(read).collect();
    assert!(lines.iter().all(|line| line["schema"] == 1), "{out}");
    let summary = lines.pop().expect("a summary")["summary"].take();
    (lines, summary)
}

#[test]
fn stories_that_hold_are_counted_and_nothing_else_is_told() {
    let folder = folder(&[
        ("stories/a.toml", &story("One.", 40)),
        ("stories/b/c.toml", &story("Two.", 40)),
        ("stories/.hidden/d.toml", &story("Hidden.", 41)),
        ("stories/notes.txt", "no story"),
    ]);
    let (out, err) = told(folder.path(), &["test", "stories"], 0);
    assert_eq!(without_time(&out), "2 stories: 2 passed, 0 failed\nverdict  holds");
    assert!(out.lines().next().is_some_and(|line| line.ends_with(" s")), "{out}");
    // No progress where nobody looks at it.
    assert_eq!(err, "");
}

#[test]
fn a_story_that_fails_is_told_with_its_reason_and_the_command_that_plays_it_again() {
    let folder = three();
    let (out, _) = told(folder.path(), &["test", "stories"], 1);
    let whole = unwrapped(&out);
    let expected =
        "failed stories/deep/b.toml: sink `o` should hold 41 committed rows and holds 40";
    assert!(whole.starts_with(expected), "{out}");
    assert!(whole.contains("3 stories: 2 passed, 1 failed, in "), "{out}");
    assert!(out.ends_with("verdict  broken\n"), "{out}");
    let begin = format!("replay: {} ", env!("CARGO_BIN_EXE_sandbar"));
    let replay = out.lines().find_map(|line| line.trim().strip_prefix(&begin)).expect("a command");
    assert_eq!(replay, "run stories/deep/b.toml --seed 3");
    let words: Vec<&str> = replay.split(' ').collect();
    let (again, _) = told(folder.path(), &words, 1);
    assert!(unwrapped(&again).contains("should hold 41 committed rows and holds 40"), "{again}");
    // Another seed is played, and told.
    let (out, _) = told(folder.path(), &["test", "stories", "--seed", "9"], 1);
    assert!(out.contains("run stories/deep/b.toml --seed 9\n"), "{out}");
}

#[test]
fn what_is_told_does_not_depend_on_which_thread_is_done_first() {
    let names: Vec<String> = (10..34).map(|number| format!("s/{number}.toml")).collect();
    // The first ones take the longest.
    let stories: Vec<String> = (0_u32..24)
        .map(|number| {
            let records = if number < 3 { 4000 } else { 40 };
            story("Many.", 1).replace("records = 40", &format!("records = {records}"))
        })
        .collect();
    let files: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(stories.iter().map(String::as_str)).collect();
    let folder = folder(&files);
    let (one, _) = told(folder.path(), &["test", "s", "--jobs", "1"], 1);
    let (four, _) = told(folder.path(), &["test", "s", "--jobs", "4"], 1);
    assert_eq!(without_time(&one), without_time(&four));
    let order: Vec<&str> = one.lines().filter_map(|line| line.strip_prefix("failed   ")).collect();
    assert_eq!(order.len(), 24, "{one}");
    assert!(order.is_sorted(), "{one}");
}

#[test]
fn a_file_that_cannot_be_read_hinders_no_other() {
    let broken = story("Broken.", 40).replace("every =", "evry =").replace("o = 40", "p = 4");
    let no_input = story("Lacks its book.", 40)
        .replace("generate = { records = 40, keys = 5 }", "text = \"no_such_book.txt\"");
    let folder = folder(&[
        ("s/a.toml", &story("One.", 40)),
        ("s/b.toml", &broken),
        ("s/c.toml", "this is [no TOML"),
        ("s/d.toml", &no_input),
        ("s/e.toml", &story("Two.", 40)),
    ]);
    let (out, _) = told(folder.path(), &["test", "s"], 2);
    let whole = unwrapped(&out);
    let input = "error s/b.toml: line 5: unknown key `evry` of an input; did you mean `every`? (and 1 more mistake)";
    assert!(whole.contains(input), "{out}");
    assert!(whole.contains("error s/c.toml: line 1: "), "{out}");
    assert!(
        whole.contains("error s/d.toml: input `rows`: cannot read `s/no_such_book.txt`"),
        "{out}"
    );
    assert!(whole.contains("5 stories: 2 passed, 0 failed, 3 could not be played"), "{out}");
    assert!(out.ends_with("verdict  none: not all could be played\n"), "{out}");
    let replays = out.lines().filter(|line| line.trim().starts_with("replay: "));
    assert_eq!(replays.count(), 3, "{out}");
}

#[test]
fn a_file_of_something_else_is_told_and_is_no_failure() {
    let manifest = "[package]\nname = \"mine\"\n";
    let folder = folder(&[("s/Cargo.toml", manifest), ("s/a.toml", &story("One.", 40))]);
    let (out, _) = told(folder.path(), &["test", "s"], 0);
    let whole = unwrapped(&out);
    assert!(whole.starts_with("skipped s/Cargo.toml: it has no key of a scenario"), "{out}");
    assert!(whole.contains("1 story: 1 passed, 0 failed, 1 skipped, in "), "{out}");
    // Whoever names it says that it is a story.
    let (out, _) = told(folder.path(), &["test", "s/a.toml", "s/Cargo.toml"], 2);
    assert!(unwrapped(&out).contains("error s/Cargo.toml: line 1: unknown key `package`"), "{out}");
    let (_, err) = told(folder.path(), &["test", "s", "--filter", "Cargo"], 2);
    assert!(err.starts_with("error: no story has `Cargo` in its path"), "{err}");
}

#[test]
fn files_are_played_once_and_in_the_order_of_the_arguments() {
    let folder = three();
    let arguments = ["test", "stories/deep/c.toml", "stories", "./stories/a.toml"];
    let (out, _) = told(folder.path(), &[&arguments[..], &["--format", "json"]].concat(), 1);
    let (stories, _) = lines(&out);
    let names: Vec<&str> = stories.iter().filter_map(|story| story["story"].as_str()).collect();
    assert_eq!(names, ["stories/deep/c.toml", "stories/a.toml", "stories/deep/b.toml"]);
}

#[test]
fn a_filter_looks_at_the_path_and_at_what_a_story_is_about() {
    let folder = three();
    for (filter, stories, code) in
        [("deep/", 2, 1), ("second", 1, 1), ("a.toml", 1, 0), ("The ", 3, 1)]
    {
        let (out, _) = told(folder.path(), &["test", "stories", "--filter", filter], code);
        assert!(out.contains(&format!("{stories} stor")), "{filter}: {out}");
    }
}

#[test]
fn a_story_of_several_releases_is_one_story_and_fails_under_each_by_itself() {
    let both = |rows| format!("flink = [\"1.4\", \"2.x\"]\n{}", story("Both.", rows));
    let folder = folder(&[("s/a.toml", &both(41)), ("s/b.toml", &story("One.", 40))]);
    let (out, _) = told(folder.path(), &["test", "s"], 1);
    let whole = unwrapped(&out);
    for release in ["1.4", "2.x"] {
        assert!(whole.contains(&format!("failed s/a.toml (Flink {release}): sink `o`")), "{out}");
        assert!(out.contains(&format!("run s/a.toml --seed 3 --flink {release}\n")), "{out}");
    }
    assert!(whole.contains("2 stories: 1 passed, 1 failed, in "), "{out}");
    // Only one of them is played under the older release.
    let (out, _) = told(folder.path(), &["test", "s", "--flink", "1.4"], 1);
    assert!(out.contains("1 story: 0 passed, 1 failed, in "), "{out}");
}

#[test]
fn a_story_comes_from_standard_input_as_well() {
    for (rows, code) in [(40, 0), (41, 1)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = command(folder.path(), &["test", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let story = story("Piped.", rows);
        child.stdin.take().expect("a pipe").write_all(story.as_bytes()).expect("it is read");
        let output = child.wait_with_output().expect("it ends");
        let out = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{out}");
        assert!(out.contains("1 story: "), "{out}");
        assert_eq!(out.contains(" run - --seed 3\n"), code == 1, "{out}");
    }
}

#[test]
fn each_story_is_a_line_for_programs_and_is_judged_as_run_judges_it() {
    let folder = three();
    fs::write(folder.path().join("stories/x.toml"), "seed = -1\n").expect("written");
    fs::write(folder.path().join("stories/y.toml"), "[tool]\nx = 1\n").expect("written");
    let (out, err) = told(folder.path(), &["test", "stories", "--format", "json"], 2);
    assert_eq!(err, "");
    let (stories, summary) = lines(&out);
    let results = stories.iter().map(|story| {
        let name = story["story"].as_str().expect("a path");
        (name, story["result"].as_str().expect("a word"), story["code"].as_u64().expect("a code"))
    });
    assert_eq!(
        results.collect::<Vec<_>>(),
        [
            ("stories/a.toml", "passed", 0),
            ("stories/deep/b.toml", "failed", 1),
            ("stories/deep/c.toml", "passed", 0),
            ("stories/x.toml", "error", 2),
            ("stories/y.toml", "skipped", 0),
        ]
    );
    for (key, count) in [
        ("stories", 4),
        ("passed", 2),
        ("failed", 1),
        ("errors", 1),
        ("skipped", 1),
        ("not_played", 0),
        ("code", 2),
    ] {
        assert_eq!(summary[key], count, "{key}: {summary}");
    }
    assert!(
        stories[3]["text"].as_str().is_some_and(|text| text.contains("--> stories/x.toml:1:8")),
        "{out}"
    );
    assert_eq!(stories[0]["about"], "The first.");
    for (number, code) in [(0, 0), (1, 1)] {
        let story = &stories[number];
        let play = &story["plays"][0];
        let file = story["story"].as_str().expect("a path");
        let (run, _) = told(folder.path(), &["run", file, "--format", "json"], code);
        let run: Value = serde_json::from_str(&run).expect("one object");
        for key in ["flink", "seed", "digest", "events", "virtual_ns", "verdict", "replay"] {
            assert_eq!(play[key], run[key], "{key} of {file}");
        }
        assert_eq!(play["reasons"], run["unmet"], "{file}");
        assert_eq!(story["reason"], run["unmet"][0], "{file}");
    }
    assert_eq!(stories[1]["replay"], stories[1]["plays"][0]["replay"]);
}

/// What the schema that Jenkins holds reports against (`junit-10.xsd` of its xUnit plugin) says of an element: the elements
/// in it, the attributes that it must have, and those that it may have.
fn schema(
    element: &str,
) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match element {
        "testsuites" => (&["testsuite"], &[], &["name", "time", "tests", "failures", "errors"]),
        "testsuite" => (
            &["testsuite", "properties", "testcase", "system-out", "system-err"],
            &["name", "tests", "failures", "errors"],
            &[
                "group",
                "time",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
                "file",
                "log",
                "url",
            ],
        ),
        "testcase" => (
            &["skipped", "error", "failure", "system-out", "system-err"],
            &["name"],
            &["time", "classname", "group"],
        ),
        "skipped" | "error" | "failure" => (&[], &[], &["type", "message"]),
        other => panic!("no element `{other}` is known"),
    }
}

/// An element of a report.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    inside: Vec<Element>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.expect("a well-formed attribute, given once");
            let value = utf8(&attribute.value);
            let value = quick_xml::escape::unescape(&value).expect("well-formed").into_owned();
            (utf8(attribute.key.as_ref()), value)
        });
        let attributes = attributes.collect();
        Self {
            name: utf8(start.name().as_ref()),
            attributes,
            text: String::new(),
            inside: Vec::new(),
        }
    }

    /// The elements of this name in it.
    fn all(&self, name: &str) -> Vec<&Element> {
        self.inside.iter().filter(|element| element.name == name).collect()
    }

    fn number(&self, attribute: &str) -> usize {
        self.attributes[attribute].parse().unwrap_or_else(|_| panic!("{attribute}: {self:?}"))
    }

    /// Holds it and all in it against the schema.
    fn check(&self) {
        let (inside, must, may) = schema(&self.name);
        for attribute in self.attributes.keys().map(String::as_str) {
            assert!(must.contains(&attribute) || may.contains(&attribute), "{attribute}: {self:?}");
        }
        must.iter().for_each(|key| assert!(self.attributes.contains_key(*key), "{key}: {self:?}"));
        if let Some(time) = self.attributes.get("time") {
            let (seconds, parts) = time.split_once('.').expect("a fraction");
            let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            assert!(is_number(seconds) && is_number(parts) && parts.len() == 3, "{time}");
        }
        for element in &self.inside {
            assert!(inside.contains(&element.name.as_str()), "{} in {}", element.name, self.name);
            element.check();
        }
        let is_mixed = matches!(&*self.name, "error" | "failure" | "skipped");
        assert!(is_mixed || self.text.trim().is_empty(), "{self:?}");
    }
}

/// The root of a well-formed document.
fn parse(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let closed = match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => {
                open.push(Element::of(&start));
                continue;
            }
            Event::Empty(start) => Element::of(&start),
            Event::End(_) => open.pop().expect("the reader counts them"),
            Event::Text(read) => {
                let read = read.decode().expect("UTF-8").into_owned();
                match open.last_mut() {
                    Some(element) => element.text.push_str(&read),
                    None => assert!(read.trim().is_empty(), "{read}"),
                }
                continue;
            }
            Event::GeneralRef(of) => {
                let of = format!("&{};", of.decode().expect("UTF-8"));
                let letter = quick_xml::escape::unescape(&of).expect("a known entity").into_owned();
                open.last_mut().expect("inside").text.push_str(&letter);
                continue;
            }
            Event::Decl(_) => continue,
            Event::Eof => break,
            other @ (Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {
                panic!("{other:?}")
            }
        };
        match open.last_mut() {
            Some(outer) => outer.inside.push(closed),
            None => assert!(root.replace(closed).is_none(), "two roots"),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    root.expect("a root")
}

#[test]
fn the_junit_report_is_what_build_systems_read() {
    let folder = three();
    let path = |name: &str| folder.path().join(name);
    let strange = story("<b> & \\\"quotes\\\" \\u0007 \\u001b[31m件数", 41);
    fs::write(path("stories/deep/d & <d>.toml"), strange).expect("written");
    fs::write(path("stories/x.toml"), "seed = -1\n").expect("written");
    fs::write(path("stories/y.toml"), "[tool]\nx = 1\n").expect("written");
    let (out, err) = told(folder.path(), &["test", "stories", "--junit", "report.xml"], 2);
    assert!(
        out.contains("5 stories: 2 passed, 2 failed, 1 could not be played, 1 skipped"),
        "{out}\n{err}"
    );
    let xml = fs::read_to_string(path("report.xml")).expect("written");
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), "{xml}");
    let root = parse(&xml);
    root.check();
    assert_eq!(root.name, "testsuites");
    let counts = |of: &Element| ["tests", "failures", "errors"].map(|key| of.number(key));
    assert_eq!(counts(&root), [6, 2, 1]);
    let suites = root.all("testsuite");
    let names = suites.iter().map(|suite| &*suite.attributes["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["stories", "stories/deep"]);
    for suite in &suites {
        let cases = suite.all("testcase");
        let with = |what| cases.iter().filter(|case| !case.all(what).is_empty()).count();
        assert_eq!(counts(suite), [cases.len(), with("failure"), with("error")], "{xml}");
        assert_eq!(suite.number("skipped"), with("skipped"), "{xml}");
        for case in &cases {
            assert_eq!(case.attributes["classname"], suite.attributes["name"]);
            assert!(case.attributes.contains_key("time") && case.inside.len() <= 1, "{xml}");
        }
    }
    let deep = suites[1].all("testcase");
    let names = deep.iter().map(|case| &*case.attributes["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["b.toml", "c.toml", "d & <d>.toml"]);
    let failure = deep[0].all("failure")[0];
    assert_eq!(
        failure.attributes["message"],
        "sink `o` should hold 41 committed rows and holds 40"
    );
    assert!(failure.text.contains("run stories/deep/b.toml --seed 3\n"), "{xml}");
    assert!(deep[1].inside.is_empty(), "{xml}");
    assert!(deep[2].all("failure")[0].text.starts_with("<b> & \"quotes\" "), "{xml}");
    let stories = suites[0].all("testcase");
    let error = stories[1].all("error")[0];
    assert!(error.attributes["message"].starts_with("line 1: `seed`: -1 is not within"), "{xml}");
    assert!(error.text.contains("--> stories/x.toml:1:8"), "{xml}");
    assert!(stories[2].all("skipped")[0].attributes["message"].contains("no key"), "{xml}");
}

#[test]
fn a_report_replaces_no_story() {
    let folder = three();
    let before = fs::read_to_string(folder.path().join("stories/a.toml")).expect("it is there");
    // It is not even played.
    let arguments = ["test", "stories", "--filter", "c.toml", "--junit", "stories/a.toml"];
    let (out, err) = told(folder.path(), &arguments, 2);
    assert_eq!(out, "");
    assert!(err.contains("they are the same file"), "{err}");
    let after = fs::read_to_string(folder.path().join("stories/a.toml")).expect("it is there");
    assert_eq!(before, after);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_told_after_the_stories() {
    let folder = three();
    let (out, err) = told(folder.path(), &["test", "stories", "--junit", "/dev/full"], 2);
    assert!(out.contains("3 stories: 2 passed, 1 failed"), "{out}");
    assert!(err.contains("error: cannot write `/dev/full`: No space left on device"), "{err}");
}

#[test]
fn a_link_to_a_folder_is_told_and_not_followed() {
    #[cfg(unix)]
    {
        let folder = three();
        let link = folder.path().join("stories/deep/again");
        std::os::unix::fs::symlink("..", link).expect("linked");
        let (out, _) = told(folder.path(), &["test", "stories"], 1);
        let whole = unwrapped(&out);
        assert!(whole.contains("skipped stories/deep/again: it is a link to a folder"), "{out}");
        assert!(whole.contains("3 stories: 2 passed, 1 failed, 1 skipped"), "{out}");
    }
}

#[test]
fn the_simulations_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (out, _) = told(root, &["test", "sim/tour", "sim/word_count_part2.toml"], 0);
    assert!(out.contains("11 stories: 11 passed, 0 failed"), "{out}");
}
