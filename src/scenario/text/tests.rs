use crate::job::{AtEnd, KeySelector, OperatorKind, Partitioner};
use crate::kernel::SimTime;
use crate::operator::Catalogue;
use crate::scenario::{
    Action, Holds, InputKind, Milestone, RestartStrategy, Scenario, TaskName, Trigger,
};
use crate::trace::CheckName;

/// The example of the design.
const STORY: &str = r#"
about = "Count words, take a savepoint, lose a worker, come back at another parallelism."
seed  = 7
flink = "2.x"
until = "60s"
cluster = { task-managers = 2, slots = 16 }

[input.book]
text = "../LICENSE-APACHE"
partitions = 2
every = "100ms"

[job.count]
checkpoint = { interval = "1s", timeout = "10s" }
restart = { fixed-delay = { attempts = 3, delay = "500ms" } }
operators = [
  { name = "lines",  source = "book", then = "idle", parallelism = 2, uid = "source-id" },
  { name = "words",  flat-map = "split-words", parallelism = 2 },
  { name = "counts", aggregate = "count", key-by = "value", parallelism = 4, uid = "counts-id" },
  { name = "out",    sink = "two-phase", from = ["counts"], parallelism = 1, uid = "out-id" },
]

[job.count-wider]
extends = "count"
set = { counts = { parallelism = 7 }, lines = { then = "end" } }

[[step]]
at = "1500ms"
do = { savepoint = { job = "count", as = "first" } }

[[step]]
when = { acked = { checkpoint = 5, by = "counts/1" } }
do = { kill = "counts/2" }

[[step]]
at = "8s"
do = { cancel = { job = "count", with-savepoint = true, as = "last" } }

[[step]]
when = { canceled = "count" }
do = { run = { job = "count-wider", from = "last", allow-non-restored-state = false } }

[expect]
jobs = { count = "canceled", count-wider = "finished" }
holds = "all"
sometimes = ["channel-blocked", "restored-at-another-parallelism"]
"#;

fn read(text: &str) -> Scenario {
    Scenario::parse(text, "sim/story.toml", &Catalogue::built_in())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A job of two operators, to which a test adds what it is about.
fn small(rest: &str) -> String {
    format!(
        r#"
[input.rows]
generate = {{ records = 10, keys = 3 }}
[job.copy]
operators = [{{ name = "in", source = "rows" }}, {{ name = "out", sink = "plain" }}]
{rest}"#
    )
}

#[test]
fn the_example_of_the_design_is_read() {
    let story = read(STORY);
    assert_eq!(story.seed, 7);
    assert_eq!(story.until, Some(SimTime::from_secs(60)));
    assert_eq!(story.inputs[0].kind, InputKind::Text("../LICENSE-APACHE".to_owned()));
    let [count, wider] = story.jobs.as_slice() else { panic!("two jobs") };
    let delay = SimTime::from_millis(500);
    assert_eq!(count.restart, Some(RestartStrategy::FixedDelay { attempts: 3, delay }));
    assert_eq!(count.checkpoint.interval, Some(SimTime::from_secs(1)));
    assert_eq!(count.graph.operators[1].inputs[0].from.index(), 0);
    assert_eq!(count.graph.operators[2].key_by.map(|key| key.selector), Some(KeySelector::Value));
    assert_eq!(wider.graph.name, "count-wider");
    assert_eq!(wider.graph.operators[2].parallelism, 7);
    assert_eq!(wider.checkpoint, count.checkpoint);
    let lines = OperatorKind::Source { input: "book".to_owned(), then: AtEnd::End };
    assert_eq!(wider.graph.operators[0].kind, lines);
    assert_eq!(story.expect.holds, Holds::All);
    assert!(story.first_job_runs_at_once());
}

#[test]
fn steps_say_when_and_what_and_remember_their_line() {
    let story = read(STORY);
    let by = |subtask| TaskName { job: "count".to_owned(), operator: "counts".to_owned(), subtask };
    let step = &story.steps[1];
    let milestone = Milestone::Acked { checkpoint: 5, by: by(1) };
    assert_eq!(step.trigger, Trigger::When(milestone, SimTime::ZERO));
    assert_eq!(step.action, Action::Kill(by(2)));
    assert_eq!(step.line.0, 31);
}

#[test]
fn what_is_not_said_is_as_usual() {
    let story = read(&small(""));
    assert_eq!(story.cluster, Default::default());
    assert_eq!(story.network, Default::default());
    assert_eq!(story.jobs[0].restart, None);
    assert_eq!(story.jobs[0].restart_under(&story.rules()), RestartStrategy::None);
    assert_eq!(story.inputs[0].partitions, 1);
    assert!(story.jobs[0].graph.chaining);
}

#[test]
fn an_operator_reads_the_one_before_it_unless_it_names_others() {
    let story = read(
        r#"
[input.rows]
generate = { records = 10, keys = 3 }
[job.both]
operators = [
  { name = "left", source = "rows" },
  { name = "right", source = "rows" },
  { name = "even", filter = "even", from = ["left", "right"], partition = "rebalance" },
  { name = "odd", map = "identity", from = ["even.side"] },
  { name = "rules", state = "broadcast-rules", second-from = ["right"], second-partitioner = "broadcast" },
  { name = "by-key", key-by = 0 },
  { name = "out", sink = "plain", from = ["rules", { operator = "by-key", partition = "global" }] },
]"#,
    );
    let nodes = &story.jobs[0].graph.operators;
    let edges = |node: usize| -> Vec<_> {
        let edges = nodes[node].inputs.iter();
        edges.map(|edge| (edge.from.index(), edge.input, edge.side, edge.partitioner)).collect()
    };
    let rebalance = Some(Partitioner::Rebalance);
    assert_eq!(edges(2), [(0, 0, false, rebalance), (1, 0, false, rebalance)]);
    assert_eq!(edges(3), [(2, 0, true, None)]);
    assert_eq!(edges(4), [(3, 0, false, None), (1, 1, false, Some(Partitioner::Broadcast))]);
    assert_eq!(edges(5), [(4, 0, false, None)]);
    assert_eq!(edges(6), [(4, 0, false, None), (5, 0, false, Some(Partitioner::Global))]);
    assert_eq!(read(&story.to_text()), story);
}

#[test]
fn a_job_can_add_remove_and_reorder_what_it_extends() {
    let story = read(&format!(
        "{STORY}
[job.count-raw]
extends = \"count\"
remove = [\"words\"]
add = [{{ name = \"copy\", sink = \"plain\", from = [\"counts\"] }}]
reorder = [\"counts\", \"lines\"]
"
    ));
    let nodes = &story.jobs[2].graph.operators;
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["counts", "lines", "out", "copy"]);
    assert_eq!(nodes[0].inputs[0].from.index(), 1, "counts now reads lines");
    assert_eq!(nodes[2].inputs[0].from.index(), 0);
}

#[test]
fn every_milestone_and_action_reads_back() {
    let whens = [
        "triggered = 3",
        "completed = { checkpoint = 3, job = \"copy\" }",
        "metadata-written = 2",
        "snapshot = { checkpoint = 1, by = \"in/0\" }",
        "durable = { checkpoint = 1, by = \"copy:in/0\" }",
        "ack-sent = { checkpoint = 1, by = \"out/0\" }",
        "acked = { checkpoint = 1, by = \"out/0\" }",
        "notified = { checkpoint = 1, by = \"out/0\" }",
        "restored = \"copy\"",
        "data-ended = \"in/0\"",
        "savepoint = \"s\"",
        "running = \"copy\"",
        "lost = \"copy\"",
    ];
    let actions = [
        "savepoint = { as = \"s\" }",
        "cancel = {}",
        "cancel = { with-savepoint = true, as = \"t\" }",
        "run = { from = \"s\", allow-non-restored-state = true }",
        "kill = \"in/0\"",
        "kill-task-manager = 1",
        "kill-job-manager = true",
        "lose = { ack = \"out/0\", checkpoint = 3 }",
        "lose = { notify-complete = \"out/0\" }",
        "delay = { trigger = \"in/0\", by = \"2s\" }",
    ];
    let mut steps = String::new();
    for when in whens {
        steps += &format!(
            "[[step]]\nwhen = {{ {when} }}\nafter = \"10ms\"\ndo = {{ kill = \"in/0\" }}\n"
        );
    }
    for action in actions {
        steps += &format!("[[step]]\nat = \"1s\"\nrefused = \"no\"\ndo = {{ {action} }}\n");
    }
    let story = read(&small(&steps));
    assert_eq!(story.steps.len(), whens.len() + actions.len());
    assert_eq!(read(&story.to_text()), story);
}

#[test]
fn expectations_read_back() {
    let story = read(&small(
        r#"
[expect]
holds = ["cut-consistency"]
breaks = "output-equivalence"
committed-rows = { out = 10 }
committed = { out = { a = 1, "b c" = "x" } }
restored-from = { copy = 3 }
completed = { copy = [1, 2] }
"#,
    ));
    assert_eq!(story.expect.holds, Holds::Only(vec![CheckName::CutConsistency]));
    assert_eq!(story.expect.committed["out"]["a"], "1");
    assert_eq!(read(&story.to_text()), story);
}

#[test]
fn a_written_story_reads_well() {
    let text = read(STORY).to_text();
    assert_eq!(read(&text), read(STORY));
    let wider = "{ name = \"counts\", aggregate = \"count\", key-by = \"value\", parallelism = 7, uid = \"counts-id\" },";
    assert!(text.contains(wider), "{text}");
    assert!(
        text.contains(
            "when = { acked = { checkpoint = 5, by = \"counts/1\" } }\ndo = { kill = \"counts/2\" }"
        ),
        "{text}"
    );
}

#[test]
fn an_empty_catalogue_knows_no_function() {
    let error = Scenario::parse(STORY, "story.toml", &Catalogue::default()).expect_err("no map");
    assert_eq!(error.mistakes[0].message, "unknown key `flat-map` of an operator");
}

#[test]
fn a_csv_input_is_written_as_it_was_read() {
    let columns = "columns = [\"time %Y/%m/%d %H:%M\", \"text\", \"int\"]";
    for header in ["", "header = false\n"] {
        let input = format!("[input.rows]\ncsv = \"rows.csv\"\n{header}{columns}\n");
        let text =
            small("").replace("[input.rows]\ngenerate = { records = 10, keys = 3 }\n", &input);
        let story = read(&text);
        let InputKind::Csv { path, header: skipped, columns } = &story.inputs[0].kind else {
            panic!("a CSV file")
        };
        assert_eq!((path.as_str(), *skipped, columns.len()), ("rows.csv", header.is_empty(), 3));
        assert_eq!(read(&story.to_text()), story);
    }
}

#[test]
fn single_rules_may_be_other_than_those_of_the_release() {
    let rules = "rules = { failover = \"full\", savepoint-in-completed-store = true }";
    let story = read(&STORY.replace("flink = \"2.x\"", rules));
    assert_eq!(story.rules().failover, crate::rules::Failover::Full);
    assert!(story.rules().savepoint_in_completed_store);
    assert!(story.to_text().contains(rules), "{}", story.to_text());
    assert_eq!(read(&story.to_text()).overrides, story.overrides);
}

#[test]
fn a_class_name_is_read_and_written_and_inherited() {
    let named = r#"name = "words",  flat-map = "split-words", class = "com.example.Words""#;
    let text = STORY.replace(r#"name = "words",  flat-map = "split-words""#, named);
    let scenario = read(&text);
    for job in &scenario.jobs {
        assert_eq!(job.graph.operators[1].class_name(), "com.example.Words");
        assert_eq!(job.graph.operators[2].class_name(), "sandbar.CountAggregate");
    }
    assert_eq!(read(&scenario.to_text()), scenario);
}

#[test]
fn a_budget_is_read_written_and_kept_within_bounds() {
    use crate::scenario::Budget;
    let story = read(&format!(
        "budget = {{ events = 50000000, megabytes = 700, restarts = 1000 }}\n{}",
        small("")
    ));
    let told = Budget { events: Some(50_000_000), megabytes: Some(700), restarts: Some(1000) };
    assert_eq!(story.budget, told);
    assert_eq!(read(&story.to_text()), story);
    assert_eq!(read(&small("")).budget, Budget::default());
    for (wrong, said) in [
        ("events = 0", "0 is not within 1 to 1000000000000"),
        ("events = 1000000000001", "1000000000001 is not within 1 to 1000000000000"),
        ("restarts = -1", "-1 is not within 1 to 4294967295"),
        ("megabytes = 0", "0 is not within 1 to 4294967295"),
        ("minutes = 3", "unknown key `minutes`"),
    ] {
        let text = format!("budget = {{ {wrong} }}\n{}", small(""));
        let error = Scenario::parse(&text, "story.toml", &Catalogue::built_in()).expect_err(wrong);
        assert!(error.to_string().contains(said), "{error}");
    }
}
