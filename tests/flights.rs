//! Flights and their delays by origin and day, in windows of event time, from rows that come out of order: through a crash
//! and a rescale, in every mode of checkpoints, the job says what a map over the file says.
//!
//! Reads the public figures of `tests/data`, and the small timetable of `sim/`.

use sandbar::events::{TaskEvent, TraceEvent};
use sandbar::operators::{EventTime, InputLog, Log, Origin, Value};
use sandbar::savepoints::open;
use sandbar::{Catalogue, Choices, Judgement, Played, Scenario, Setup, play_out};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// By origin and first millisecond of the day: how many flights, and their delays together.
type Days = BTreeMap<(String, i64), (i64, i64)>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Four thousand flights of early 2001.
fn public_figures() -> PathBuf {
    root().join("tests/data/flights.csv")
}

/// What the file says, without any of the engine.
fn counted(file: &Path) -> Days {
    let text = fs::read_to_string(file).expect("the file is there");
    let mut days = Days::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let delay: i64 = fields[4].parse().expect("minutes");
        let day = days.entry((fields[1].to_owned(), midnight(fields[0]))).or_default();
        *day = (day.0 + 1, day.1 + delay);
    }
    days
}

/// The first millisecond of the day of `2001/03/31 22:27`, for the years of the two files.
fn midnight(date: &str) -> i64 {
    const DAYS_BEFORE_MONTH: [i64; 4] = [0, 31, 59, 90];
    let number = |range: std::ops::Range<usize>| date[range].parse::<i64>().expect("digits");
    let year = number(0..4);
    let leap_days = (year - 1969) / 4;
    let month = usize::try_from(number(5..7)).expect("a month");
    let days = (year - 1970) * 365 + leap_days + DAYS_BEFORE_MONTH[month - 1] + number(8..10) - 1;
    days * 24 * 60 * 60 * 1000
}

/// How a job is checkpointed, and how its source reads.
struct Mode {
    name: &'static str,
    checkpoint: &'static str,
    reader: &'static str,
}

const EXACT: [Mode; 4] = [
    Mode { name: "aligned", checkpoint: "interval = \"300ms\"", reader: "" },
    Mode { name: "unaligned", checkpoint: "interval = \"300ms\", unaligned = true", reader: "" },
    Mode {
        name: "aligned with a timeout",
        checkpoint: "interval = \"300ms\", unaligned = true, aligned-timeout = \"2ms\"",
        reader: "",
    },
    Mode { name: "splits", checkpoint: "interval = \"300ms\"", reader: "reader = \"splits\", " },
];

/// How far out of order rows come, how much of that the source and the windows allow for, and how often the source tells how
/// far it has come.
struct Disorder {
    disorder: &'static str,
    orderness: &'static str,
    lateness: &'static str,
    interval: &'static str,
}

const BY_THE_SOURCE: Disorder =
    Disorder { disorder: "2h", orderness: "2h", lateness: "0s", interval: "30ms" };

/// The story of a mode: a crash after two checkpoints, and a savepoint that a wider job starts from.
fn story(file: &Path, mode: &Mode, forgiven: &Disorder) -> String {
    let Disorder { disorder, orderness, lateness, interval } = forgiven;
    let Mode { checkpoint, reader, .. } = mode;
    format!(
        r#"seed = 11

[network]
channel-capacity = 6
channel-latency = "100us..9ms"

[input.flights]
csv = "{file}"
columns = ["time %Y/%m/%d %H:%M", "text", "text", "int", "int"]
partitions = 2
every = "1ms"
shuffle-within = {{ column = 0, within = "{disorder}" }}

[job.days]
checkpoint = {{ {checkpoint} }}
restart = {{ fixed-delay = {{ attempts = 3, delay = "50ms" }} }}
operators = [
  {{ name = "flights", source = "flights", {reader}event-time = {{ column = 0, out-of-orderness = "{orderness}", interval = "{interval}" }}, parallelism = 2, uid = "flights-id" }},
  {{ name = "by-day", window = {{ size = "24h", lateness = "{lateness}", aggregate = ["count", "sum 4"] }}, key-by = 1, parallelism = 3, uid = "by-day-id" }},
  {{ name = "out", sink = "two-phase", uid = "out-id" }},
]

[job.days-wider]
extends = "days"
set = {{ flights = {{ parallelism = 3 }}, by-day = {{ parallelism = 5 }} }}

[[step]]
when = {{ completed = {{ checkpoint = 2, job = "days" }} }}
after = "60ms"
do = {{ kill = "days:by-day/1" }}

[[step]]
at = "1200ms"
do = {{ cancel = {{ job = "days", with-savepoint = true, as = "last" }} }}

[[step]]
when = {{ canceled = "days" }}
do = {{ run = {{ job = "days-wider", from = "last" }} }}

[expect]
jobs = {{ days = "canceled", days-wider = "finished" }}
sometimes = ["task-killed", "restored", "rescaled-keyed-state", "timers-fired"]
"#,
        file = file.display()
    )
}

fn played(text: &str, keeps_records: bool) -> (Played, Arc<[Arc<Log>]>) {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(text, "flights", &catalogue);
    let scenario = Arc::new(scenario.unwrap_or_else(|error| panic!("{error}")));
    let choices = Choices::new(scenario.seed);
    let folder = root().join("sim");
    let inputs = open(&scenario, &folder, &BTreeMap::new(), &choices);
    let inputs = inputs.unwrap_or_else(|error| panic!("{error}"));
    let setup = Setup {
        keeps_trace: true,
        keeps_records,
        ..Setup::new(scenario, catalogue, Arc::clone(&inputs), choices)
    };
    let played = play_out(setup);
    (played, inputs)
}

/// Every row that was committed to `out`, in order.
fn rows(played: &Played) -> Vec<((String, i64), (i64, i64))> {
    let mut externals = played.outcome.externals.iter();
    let out = externals.find(|external| external.name == "out").expect("the job has a sink");
    let row = |value: &Value| {
        let [window, count, delay] = value.as_row()? else { return None };
        let [origin, day] = window.as_row()? else { return None };
        Some(((origin.to_string(), day.as_int()?), (count.as_int()?, delay.as_int()?)))
    };
    let rows = out.committed.iter().map(|row| &row.value);
    rows.map(|value| row(value).unwrap_or_else(|| panic!("`{value}` is no day"))).collect()
}

fn assert_holds(played: &Played, name: &str) {
    assert_eq!(played.judgement(), Judgement::Holds, "{name}: {:#?}", played.unmet);
    let is_late =
        |event: &TraceEvent| matches!(event, TraceEvent::Task(.., TaskEvent::LateDropped { .. }));
    let late = played.trace.entries.iter().filter(|entry| is_late(&entry.event)).count();
    assert_eq!(late, 0, "{name}: records came too late");
}

#[test]
fn every_exactly_once_mode_says_what_a_map_over_the_file_says() {
    let file = public_figures();
    let expected = counted(&file);
    assert_eq!(expected.values().map(|(flights, _)| flights).sum::<i64>(), 4_000);
    for mode in EXACT {
        let (played, _) = played(&story(&file, &mode, &BY_THE_SOURCE), false);
        assert_holds(&played, mode.name);
        let rows = rows(&played);
        assert_eq!(rows.len(), expected.len(), "{}: each window fires once", mode.name);
        assert_eq!(rows.into_iter().collect::<Days>(), expected, "{}", mode.name);
    }
}

#[test]
fn windows_that_fire_again_for_late_rows_end_up_the_same() {
    let file = public_figures();
    let expected = counted(&file);
    let by_windows =
        Disorder { disorder: "12h", orderness: "1h", lateness: "11h", interval: "1ms" };
    let (played, _) = played(&story(&file, &EXACT[0], &by_windows), false);
    assert_holds(&played, "lateness");
    let rows = rows(&played);
    assert!(rows.len() > expected.len(), "no window fired again");
    assert_eq!(rows.into_iter().collect::<Days>(), expected);
}

/// How often the windows took each row more than once, by the day it belongs to.
fn taken_again(played: &Played, inputs: &[Arc<Log>]) -> BTreeMap<(String, i64), i64> {
    let mut times: BTreeMap<Origin, i64> = BTreeMap::new();
    for entry in &played.trace.entries {
        if let TraceEvent::Task(task, _, TaskEvent::RecordTaken { origin, .. }) = &entry.event {
            let name = played.trace.layouts[*task].task_name(*task);
            if name.starts_with("by-day") {
                *times.entry(*origin).or_default() += 1;
            }
        }
    }
    let mut again = BTreeMap::new();
    for (origin, times) in times {
        let entry = inputs[0].entry(origin.partition, origin.offset).expect("it was read");
        let columns = entry.as_row().expect("a row");
        let time = EventTime::from_millis(columns[0].as_int().expect("a time"));
        let day = time.millis() - time.millis().rem_euclid(24 * 60 * 60 * 1000);
        *again.entry((columns[1].to_string(), day)).or_default() += times - 1;
    }
    again
}

#[test]
fn at_least_once_no_flight_is_missing_and_what_is_too_much_was_replayed() {
    let file = public_figures();
    let mode = Mode {
        name: "at-least-once",
        checkpoint: "interval = \"300ms\", mode = \"at-least-once\"",
        reader: "",
    };
    let expected = counted(&file);
    let (played, inputs) = played(&story(&file, &mode, &BY_THE_SOURCE), true);
    assert_holds(&played, mode.name);
    let again = taken_again(&played, &inputs);
    let mut most: BTreeMap<(String, i64), i64> = BTreeMap::new();
    for (day, (flights, _)) in rows(&played) {
        let most = most.entry(day).or_default();
        *most = flights.max(*most);
    }
    let mut doubled = 0;
    for (day, (flights, _)) in &expected {
        let (found, again) = (most.get(day).copied().unwrap_or(0), again[day]);
        assert!(found >= *flights, "{day:?}: {found} flights of {flights}");
        assert!(found <= flights + again, "{day:?}: {found} flights, {flights} and {again} again");
        doubled += found - flights;
    }
    assert!(doubled > 0, "nothing was counted twice: this story shows nothing");
    assert_eq!(most.len(), expected.len(), "days that never were");
}

#[test]
fn the_story_of_the_small_timetable_says_what_a_map_over_it_says() {
    let expected = counted(&root().join("sim/data/flights.csv"));
    let text = fs::read_to_string(root().join("sim/flights.toml")).expect("the story is there");
    let (played, _) = played(&text, false);
    assert_holds(&played, "sim/flights.toml");
    assert_eq!(rows(&played).into_iter().collect::<Days>(), expected);
}
