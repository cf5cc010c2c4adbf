//! `explain` and `compare`, as typed: what led to a violation, a checkpoint's story, a record's biography, where two runs part.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Broken protocols, the seed of a drawn story that shows each, and the check that explains it first.
const BROKEN: [(&str, u64, &str); 12] = [
    ("commit-on-snapshot", 0, "output-equivalence"),
    ("retained-file-lost", 44, "reference-safety"),
    ("snapshot-omits-outputs", 1, "cut-consistency"),
    ("uc-reorder-in-flight", 9, "cut-consistency"),
    ("ack-before-durable", 0, "durable-before-visible"),
    ("notify-before-store", 5, "durable-before-visible"),
    ("no-attempt-fencing", 14, "participants-and-fencing"),
    ("restored-transactions-aborted", 13, "transaction-hygiene"),
    ("snapshot-omits-timers", 3, "time-fidelity"),
    ("orphaned-key-ranges", 1, "ownership-partition"),
    ("gc-by-epoch-window", 1, "reference-safety"),
    ("restore-skips-unreadable", 1, "recovery-point"),
];

/// A row is written, and after a restart once more.
const TWICE: &str = r#"
seed = 5
[network]
channel-latency = "100us..40ms"
[input.orders]
generate = { records = 400, keys = 12 }
partitions = 2
every = "4ms"
[job.totals]
checkpoint = { interval = "150ms", mode = "at-least-once" }
restart = { fixed-delay = { attempts = 3, delay = "50ms" } }
operators = [
  { name = "orders", source = "orders", parallelism = 2 },
  { name = "totals", aggregate = "count", key-by = 0, parallelism = 2 },
  { name = "out", sink = "two-phase" },
]
[[step]]
when = { completed = 3 }
after = "20ms"
do = { kill = "totals/1" }
"#;

fn sandbar(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments).current_dir(folder).output().expect("the binary runs")
}

/// What a command prints that exits with this code.
fn told(arguments: &[&str], folder: &Path, code: i32) -> String {
    let output = sandbar(arguments, folder);
    let [out, err] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    if code == 2 { err } else { out }
}

fn twice() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("twice.toml"), TWICE).expect("written");
    folder
}

/// The number of the first entry that is marked so.
fn marked(text: &str, mark: char) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with(mark))?;
    line[1..].split_whitespace().next()
}

#[test]
fn the_causes_of_a_violation_name_the_step_that_was_broken() {
    let here = Path::new(".");
    for (mutation, seed, check) in BROKEN {
        let seed = seed.to_string();
        let text = told(&["explain", "--seed", &seed, "--mutation", mutation], here, 0);
        // How the story goes without the mutation is told behind it; what led to it is told from the trace alone.
        let (causes, twin) = text.split_once("the same story with the protocol").expect(mutation);
        assert!(causes.contains(&format!("{check} is broken at event")), "{mutation}: {causes}");
        assert!(!causes.contains(mutation), "{causes}");
        let wrong = marked(twin, '!').expect("the step that differs");
        let names_it =
            |line: &str| line[1.min(line.len())..].split_whitespace().next() == Some(wrong);
        assert!(causes.lines().any(names_it), "{mutation}: {wrong} is not in\n{causes}\n{twin}");
    }
}

#[test]
fn a_record_that_is_there_twice_names_the_restart_and_the_snapshot() {
    let folder = twice();
    let rows = told(&["explain", "twice.toml", "--rows", "out"], folder.path(), 0);
    let places: Vec<&str> = rows.lines().filter_map(|row| row.split_whitespace().nth(1)).collect();
    let again = |place: &&&str| places.iter().filter(|other| other == place).count() > 1;
    let place = places.iter().find(again).expect("a row is there twice");
    let name = place.replace('[', "/").replace("]#", "/");
    let text = told(&["explain", "twice.toml", "--record", &name], folder.path(), 0);
    let restart = text.lines().find(|line| line.starts_with('*')).expect("a restart is marked");
    assert!(restart.contains("attempt 1 starts from snapshot 3"), "{text}");
    assert!(text.contains("it was read 2 times"), "{text}");
    assert!(text.contains("out: it is there more than once, by different transactions"), "{text}");
    // The entries it names are those of `run -v`.
    let number = marked(&text, '*').expect("it has a number");
    let all = told(&["run", "twice.toml", "-v"], folder.path(), 0);
    let line = all.lines().find(|line| line.split_whitespace().next() == Some(number));
    assert!(line.expect("it is there").contains("attempt 1 starts from snapshot 3"), "{all}");
}

#[test]
fn a_record_that_is_there_once_is_not_called_doubled() {
    let folder = twice();
    let text = told(&["explain", "twice.toml", "--record", "orders/0/3"], folder.path(), 0);
    assert!(!text.contains("more than once") && !text.contains("it was read"), "{text}");
    assert_eq!(text.matches("read orders[0]#3\n").count(), 1, "{text}");
}

#[test]
fn the_story_of_a_checkpoint_has_every_task_and_ends_with_its_completion() {
    let folder = twice();
    let text = told(&["explain", "twice.toml", "--checkpoint", "2"], folder.path(), 0);
    assert!(text.contains("checkpoint 2 of totals#0, triggered at"), "{text}");
    let (table, rest) = text.split_once("the critical path").expect("there is one");
    for task in ["orders/0", "orders/1", "totals/0", "totals/1", "out/0"] {
        assert!(table.lines().any(|line| line[2.min(line.len())..].starts_with(task)), "{text}");
    }
    assert_eq!(table.lines().filter(|line| line.starts_with('*')).count(), 1, "{text}");
    let (path, _) = rest.split_once("all that happened for it").expect("it follows");
    let kinds =
        ["triggered", "barrier 2 out", "barrier 2 in", "snapshot 2 after", "durable", "ack 2"];
    let mut from = 0;
    for kind in kinds.into_iter().chain(["metadata of 2 written", "checkpoint 2 completed"]) {
        let at = path[from..].find(kind).unwrap_or_else(|| panic!("`{kind}` is missing: {path}"));
        from += at;
    }
}

#[test]
fn what_stood_where_counts_what_is_on_its_way() {
    let folder = twice();
    let text = told(&["explain", "twice.toml", "--at", "300ms"], folder.path(), 0);
    for part in ["totals#0  running, attempt 0", "orders/0  running", "channels, from", "open"] {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
    let first = told(&["explain", "twice.toml", "--at", "#0"], folder.path(), 0);
    assert!(first.contains("submitted") && !first.contains("running"), "{first}");
    let end = told(&["explain", "twice.toml", "--at", "1h"], folder.path(), 0);
    assert!(end.contains("totals#0  finished") && !end.contains("channels, from"), "{end}");
}

#[test]
fn two_runs_part_where_the_first_entry_differs() {
    let folder = twice();
    let path = folder.path();
    let text = told(&["compare", "twice.toml", "--mutation", "ack-before-durable"], path, 1);
    let sides: Vec<&str> = text.lines().filter(|line| line.starts_with('!')).collect();
    assert_eq!(sides.len(), 2, "{text}");
    assert!(sides[1].contains("ack 1 sent") && !sides[0].contains("ack"), "{text}");
    for name in ["one.jsonl", "two.jsonl"] {
        told(&["run", "twice.toml", "--trace", name], path, 0);
    }
    let same = told(&["compare", "one.jsonl", "two.jsonl"], path, 0);
    assert!(same.starts_with("the same: all "), "{same}");
    told(&["run", "twice.toml", "--trace", "two.jsonl", "--records", "--seed", "6"], path, 0);
    let text = told(&["compare", "one.jsonl", "two.jsonl"], path, 1);
    let files = told(&["compare", "twice.toml", "--seed", "5", "--seed", "6"], path, 1);
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with('!')).map(ToOwned::to_owned).collect()
    };
    assert_eq!(lines(&text), lines(&files), "traces and stories part at the same entries");
}

#[test]
fn a_trace_begins_with_its_cast_and_ends_with_its_verdict() {
    let folder = twice();
    told(&["run", "twice.toml", "--trace", "t.jsonl", "--records"], folder.path(), 0);
    let text = fs::read_to_string(folder.path().join("t.jsonl")).expect("written");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    assert_eq!((&first["event"], &first["schema"]), (&"trace-begins".into(), &2.into()));
    assert_eq!((&first["seed"], &first["story"]), (&5.into(), &"twice.toml".into()));
    let tasks = first["tasks"].as_array().expect("a list");
    assert_eq!(tasks.len(), 5);
    assert_eq!((&tasks[2]["name"], &tasks[2]["parallelism"]), (&"totals/0".into(), &2.into()));
    assert_eq!(first["channels"].as_array().map(Vec::len), Some(6));
    assert_eq!(first["sinks"], serde_json::json!(["out"]));
    assert_eq!((&last["event"], &last["verdict"]), (&"trace-ends".into(), &"holds".into()));
    let kinds = |kind: &str| lines.iter().filter(|line| line["event"] == kind).count();
    assert!(kinds("record-sent") >= kinds("record-taken"), "each was sent before");
    assert!(kinds("record-taken") > 800, "{}", kinds("record-taken"));
}

#[test]
fn of_the_events_those_are_told_that_are_asked_for() {
    let folder = twice();
    let path = folder.path();
    let events = |arguments: &[&str]| -> Vec<String> {
        let all = [&["run", "twice.toml", "-v"], arguments].concat();
        let text = told(&all, path, 0);
        // A long line is broken, and goes on without a number.
        let numbered = |line: &&str| {
            let mut words = line.split_whitespace();
            let number = words.next().is_some_and(|number| number.parse::<u64>().is_ok());
            number && words.next().is_some_and(|time| time.ends_with("ms"))
        };
        text.lines().filter(numbered).map(ToOwned::to_owned).collect()
    };
    let barriers = events(&["--only", "barrier", "--task", "totals/1"]);
    assert!(barriers.len() > 5, "{barriers:?}");
    let is_asked_for = |line: &&String| line.contains("totals/1") && line.contains("barrier");
    assert_eq!(barriers.iter().find(|line| !is_asked_for(line)), None);
    let of_operator = events(&["--task", "totals", "--from", "200ms", "--to", "400ms"]);
    assert!(of_operator.iter().all(|line| line.contains("totals/")), "{of_operator:?}");
    assert!(of_operator.len() < events(&["--task", "totals"]).len());
}

#[test]
fn wrong_questions_are_told_with_what_to_ask() {
    let folder = twice();
    let cases: [(&[&str], &str); 9] = [
        (&["explain", "twice.toml"], "breaks no check"),
        (&["explain", "twice.toml", "--checkpoint", "999"], "no run took a checkpoint 999"),
        (&["explain", "twice.toml", "--record", "order/0/1"], "did you mean `orders`?"),
        (&["explain", "twice.toml", "--record", "orders/1"], "INPUT/PARTITION/OFFSET"),
        (&["explain", "twice.toml", "--rows", "ot"], "did you mean `out`?"),
        (&["explain", "twice.toml", "--at", "soon"], "a time such as 1500ms"),
        (&["explain"], "FILE"),
        (&["compare", "twice.toml"], "both runs are the same"),
        (&["compare", "twice.toml", "no.jsonl"], "cannot read `no.jsonl`"),
    ];
    for (arguments, expected) in cases {
        let text = told(arguments, folder.path(), 2);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

/// A story with a mutation: it fails under every seed.
fn broken() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let story = TWICE.replacen("seed = 5", "seed = 5\nmutations = [\"ack-before-durable\"]", 1);
    fs::write(folder.path().join("broken.toml"), story).expect("written");
    folder
}

#[test]
fn a_failure_leaves_a_folder_that_can_be_played_and_explained() {
    let folder = broken();
    let path = folder.path();
    let first = told(&["run", "broken.toml", "--keep", "kept/one"], path, 1);
    let read = |name: &str| fs::read_to_string(path.join("kept/one").join(name)).expect(name);
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!((&report["kind"], &report["schema"]), (&"sandbar-failure".into(), &1.into()));
    assert_eq!(report["violations"][0]["check"], "durable-before-visible");
    let signature = report["signature"].as_str().expect("a text");
    assert!(signature.starts_with("durable-before-visible: "), "{signature}");
    assert!(first.contains(report["digest"].as_str().expect("a text")), "{first}");
    assert!(read("report.txt").contains("verdict  broken"));
    // Both stories are broken in the same way, and the whole one has the same digest.
    let again = told(&["run", "kept/one/story.toml", "--format", "json"], path, 1);
    let again: serde_json::Value = serde_json::from_str(&again).expect("JSON");
    assert_eq!(again["digest"], report["digest"]);
    let small = told(&["run", "kept/one/small.toml"], path, 1);
    assert!(small.contains("durable-before-visible broken at event"), "{small}");
    assert!(read("small.toml").len() < read("story.toml").len());
    let why = read("why.txt");
    assert!(why.starts_with("durable-before-visible is broken at event"), "{why}");
    let explained = told(&["explain", "kept/one"], path, 0);
    let causes = explained.lines().filter(|line| line.starts_with('!')).count();
    assert!(causes >= 3, "the violation and both sides of the twin: {explained}");
    let timeline = read("timeline.txt");
    assert_eq!(timeline.lines().filter(|line| line.starts_with('!')).count(), 1, "{timeline}");
    assert!(timeline.lines().filter(|line| line.starts_with('*')).count() > 2, "{timeline}");
    assert!(timeline.contains("ack 1 sent  <- "), "{timeline}");
    assert!(read("trace.jsonl").starts_with('{'));
    // The picture is that of the whole story, and can be drawn anew.
    let drawn = told(&["draw", "kept/one", "--records"], path, 0);
    assert_eq!(read("picture.svg").replace("one, seed 5", "story, seed 5"), drawn);
    let left: Vec<_> = fs::read_dir(path.join("kept")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing unfinished stays beside it: {left:?}");
}

#[test]
fn what_is_kept_is_replaced_by_a_failure_and_by_nothing_else() {
    let folder = broken();
    let path = folder.path();
    fs::create_dir(path.join("mine")).expect("made");
    fs::write(path.join("mine/notes"), "text").expect("written");
    let refused = told(&["run", "broken.toml", "--keep", "mine"], path, 2);
    assert!(refused.contains("no failure of this program"), "{refused}");
    assert!(path.join("mine/notes").exists());
    told(&["run", "broken.toml", "--keep", "kept"], path, 1);
    let report = path.join("kept/report.json");
    let before = fs::read_to_string(&report).expect("written");
    // A story that holds leaves what is there.
    fs::write(path.join("sound.toml"), TWICE).expect("written");
    told(&["run", "sound.toml", "--keep", "kept"], path, 0);
    assert_eq!(fs::read_to_string(&report).expect("there"), before);
    told(&["run", "broken.toml", "--seed", "6", "--keep", "kept"], path, 1);
    assert_ne!(fs::read_to_string(&report).expect("there"), before);
    // One that was kept by another version says so when it is played again.
    let other = fs::read_to_string(&report).expect("there").replace("0.1.0", "0.0.9");
    fs::write(&report, other).expect("written");
    let output = sandbar(&["run", "kept/story.toml"], path);
    let complained = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(complained.contains("version is 0.1.0, and was 0.0.9"), "{complained}");
}

#[test]
fn a_sweep_keeps_each_seed_that_failed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let sweep = ["sweep", "--seeds", "0..3", "--mutation", "ack-before-durable", "--keep", "kept"];
    let text = told(&sweep, path, 1);
    let failed = text.lines().filter(|line| line.trim_start().starts_with("seed ")).count();
    let kept: Vec<_> = fs::read_dir(path.join("kept")).expect("a folder").collect();
    assert!(failed > 0 && kept.len() == failed, "{text}\n{kept:?}");
    for folder in kept {
        let folder = folder.expect("one").path();
        let text = fs::read_to_string(folder.join("small.toml")).expect("a smaller story");
        assert!(text.contains("ack-before-durable"), "{text}");
    }
}

#[test]
fn a_key_has_a_home_and_rows() {
    let folder = twice();
    let text = told(&["explain", "twice.toml", "--key", "8"], folder.path(), 0);
    let home = told(&["key", "8", "--type", "long", "--parallelism", "2"], folder.path(), 0);
    let group = home.lines().find(|line| line.starts_with("key group")).expect("told");
    let group = group.split_whitespace().nth(2).expect("a number");
    assert!(
        text.contains(&format!("totals#0  totals: key group {group} of 128, at")),
        "{text}\n{home}"
    );
    let under = text.lines().filter(|line| line.contains("(8, ")).count();
    assert!(text.contains("rows under it") && under > 5, "{text}");
}

#[test]
fn the_rule_that_a_mutation_patches_is_named() {
    let here = Path::new(".");
    let told_of = told(&["rules", "2.x", "--mutation", "process-past-barrier"], here, 0);
    assert!(told_of.starts_with("barrier-blocks-channel = false instead of true"), "{told_of}");
    assert_eq!(told_of.matches(" instead of ").count(), 1, "{told_of}");
    let text = told(&["explain", "--seed", "4", "--mutation", "process-past-barrier"], here, 0);
    assert!(text.contains("barrier-blocks-channel = false instead of true"), "{text}");
}
