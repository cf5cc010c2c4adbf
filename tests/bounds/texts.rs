//! Scenario files that are too large, too deep, or say numbers that nobody can mean.

use crate::parse;
use sandbar::internals::bounds;
use std::fmt::Write;

const JOB: &str = "
[input.log]
generate = { records = 3, keys = 2 }
[job.copy]
operators = [{ name = 's', source = 'log' }, { name = 'o', sink = 'plain' }]
";

/// The message about a text that is refused, with the line and column that it is told at.
fn refused(text: &str) -> (String, u32, u32) {
    let error = parse(text).map(drop).expect_err("it is beyond a bound");
    let mistake = error.mistakes.into_iter().next().expect("there is one");
    (mistake.message, mistake.line, mistake.column)
}

#[test]
fn seeds_up_to_the_last_are_read_and_what_is_above_is_refused_at_its_place() {
    let seed = |seed: &str| format!("seed = {seed}\n{JOB}");
    let last = parse(&seed("9223372036854775807")).expect("it is a seed");
    assert_eq!(last.seed, i64::MAX.unsigned_abs());
    for above in ["9223372036854775808", "18446744073709551615"] {
        let message = format!("`seed`: {above} is not within 0 to 9223372036854775807");
        assert_eq!(refused(&seed(above)), (message, 1, 8));
    }
    for wrong in
        ["18446744073709551616", "-1", "1e300", "0.5", "99999999999999999999999999999999999999999"]
    {
        let (message, line, column) = refused(&seed(wrong));
        assert_eq!((line, column), (1, 8), "{message}");
    }
}

#[test]
fn inputs_up_to_the_bound_are_read_and_one_more_is_refused_at_its_place() {
    let inputs = |count: u64| {
        (1..count).fold(JOB.to_owned(), |mut text, place| {
            writeln!(text, "[input.i{place}]\ngenerate = {{ records = 1, keys = 1 }}")
                .expect("written");
            text
        })
    };
    let most = bounds::INPUTS.most;
    assert_eq!(parse(&inputs(most)).expect("as many as the bound").inputs.len(), 4096);
    let line = u32::try_from(6 + 2 * (most - 1)).expect("it fits");
    assert_eq!(refused(&inputs(most + 1)), ("more than 4096 inputs".to_owned(), line, 8));
    assert_eq!(refused(&inputs(70_000)), ("more than 4096 inputs".to_owned(), line, 8));
}

#[test]
fn jobs_up_to_the_bound_are_read_and_one_more_is_refused_at_its_place() {
    let jobs = |count: u64| {
        (1..count).fold(JOB.to_owned(), |mut text, place| {
            writeln!(text, "[job.j{place}]\nextends = 'copy'").expect("written");
            text
        })
    };
    let most = bounds::JOBS.most;
    assert_eq!(parse(&jobs(most)).expect("as many as the bound").jobs.len(), 1000);
    let line = u32::try_from(6 + 2 * (most - 1)).expect("it fits");
    assert_eq!(refused(&jobs(most + 1)), ("more than 1000 jobs".to_owned(), line, 6));
}

#[test]
fn jobs_that_extend_each_other_do_not_multiply_operators_beyond_the_bound() {
    let mut text = JOB.replace("operators = [", "operators = [\n");
    let more: String = (0..9_998).fold(String::new(), |mut more, place| {
        writeln!(more, "{{ name = 'm{place}', from = ['s'], map = 'identity' }},")
            .expect("written");
        more
    });
    text = text.replace("{ name = 'o'", &format!("{more}{{ name = 'o'"));
    let extending = |count: usize| {
        (1..count).fold(text.clone(), |mut text, place| {
            writeln!(text, "[job.j{place}]\nextends = 'copy'").expect("written");
            text
        })
    };
    assert_eq!(parse(&extending(4)).expect("as many as the bound").jobs.len(), 4);
    let (message, _, column) = refused(&extending(5));
    assert_eq!((message.as_str(), column), ("more than 40000 operators of all jobs", 6));
}

#[test]
fn steps_up_to_the_bound_are_read_and_one_more_is_refused_at_its_place() {
    let steps = |count: u64| {
        (0..count).fold(JOB.to_owned(), |mut text, place| {
            writeln!(text, "[[step]]\nat = '{place}s'\ndo = {{ list = true }}").expect("written");
            text
        })
    };
    let most = bounds::STEPS.most;
    assert_eq!(parse(&steps(most)).expect("as many as the bound").steps.len(), 10_000);
    let line = u32::try_from(6 + 3 * most).expect("it fits");
    assert_eq!(refused(&steps(most + 1)), ("more than 10000 steps".to_owned(), line, 1));
}

#[test]
fn records_up_to_the_bound_are_read_and_one_more_is_refused_at_its_place() {
    let records = |first: u64, second: u64| {
        format!(
            "{JOB}[input.a]\ngenerate = {{ records = {first}, keys = 1 }}\n[input.b]\ngenerate = {{ records = {second}, keys = 1 }}\n"
        )
        .replace("records = 3,", "records = 0,")
    };
    let most = bounds::RECORDS.most;
    assert!(parse(&records(most, 0)).is_ok());
    assert!(parse(&records(most - 5, 5)).is_ok());
    let message = "more than 10000000 records of an input, and of all inputs together".to_owned();
    assert_eq!(refused(&records(most + 1, 0)), (message.clone(), 7, 24));
    assert_eq!(refused(&records(most, 1)), (message, 9, 24));
    let (message, line, column) = refused(&records(1 << 40, 0));
    assert_eq!((line, column), (7, 24), "{message}");
    assert!(message.contains("is not within 0 to 4294967295"), "{message}");
}

#[test]
fn list_states_up_to_the_bound_are_read_and_more_are_refused() {
    let lists = |states: usize, starts_with: u32, parallelism: u32| {
        let names: Vec<String> = (0..states).map(|place| format!("'n{place}'")).collect();
        JOB.replace(
            "{ name = 'o'",
            &format!(
                "{{ name = 'l', state = 'list', parallelism = {parallelism}, list-state = {{ names = [{}], starts-with = {starts_with} }} }},\n{{ name = 'o', parallelism = {parallelism}",
                names.join(", ")
            ),
        )
        .replace("[input", "cluster = { slots = 30000 }\n[input")
    };
    assert!(parse(&lists(1_000, 1_000, 1)).is_ok());
    assert_eq!(refused(&lists(1_001, 1, 1)).0, "more than 1000 list states of an operator");
    // 1000 subtasks begin with 1 to 1000 items, and with one state more with twice as many.
    assert!(parse(&lists(1, 500, 1_000)).is_ok());
    assert!(refused(&lists(1, 501, 1_000)).0.starts_with("more than 1000000 items"));
    assert!(refused(&lists(1, 1, 32_768)).0.starts_with("more than 1000000 items"));
}

#[test]
fn a_cluster_has_as_many_slots_as_the_bound_and_no_more() {
    let cluster = |managers: u32, slots: u32| {
        format!("cluster = {{ task-managers = {managers}, slots = {slots} }}\n{JOB}")
    };
    assert!(parse(&cluster(1_024, 1_024)).is_ok());
    assert_eq!(refused(&cluster(1_024, 1_025)).0, "more than 1048576 slots of a cluster");
    assert_eq!(refused(&cluster(65_535, 65_535)).0, "more than 1048576 slots of a cluster");
    assert!(refused(&cluster(65_536, 1)).0.contains("65536 is not within 1 to 65535"));
}

#[test]
fn runs_that_would_fill_the_world_are_refused_at_the_step_that_starts_one_too_many() {
    let runs = |count: usize| {
        let wide = JOB
            .replace("'log' }", "'log', parallelism = 500 }")
            .replace("'plain'", "'plain', parallelism = 1000")
            .replace("[input", "cluster = { slots = 1000 }\n[input");
        (0..count).fold(wide, |mut text, _| {
            text.push_str("[[step]]\nat = '1s'\ndo = { run = {} }\n");
            text
        })
    };
    // Each has 500 and 1000 subtasks and 500,000 channels.
    assert!(parse(&runs(4)).is_ok());
    let (message, line, column) = refused(&runs(5));
    assert!(
        message.starts_with("more than 2097152 subtasks and channels of all runs"),
        "{message}"
    );
    assert_eq!((line, column), (7 + 3 * 4, 1));
}

#[test]
fn a_text_as_long_as_the_bound_is_read_and_one_byte_more_is_refused() {
    let most = usize::try_from(bounds::SCENARIO_BYTES.most).expect("it fits");
    let mut text = format!("about = '{}'\n{JOB}", "x".repeat(most - JOB.len() - 11));
    assert_eq!(text.len(), most);
    assert!(parse(&text).is_ok());
    text.push('\n');
    assert_eq!(refused(&text).0, "more than 8388608 bytes of a scenario file");
}

#[test]
fn what_is_deep_or_long_without_sense_is_refused_with_a_short_message() {
    let letters = 8 * 1024 * 1024 - 100;
    let deep = 200_000;
    for text in [
        format!("x = {}", "[".repeat(deep)),
        format!("x = {}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("x = {}", "{ a = ".repeat(deep)),
        format!("a{} = 1", ".a".repeat(deep)),
        format!("[a{}]\nb = 1", ".a".repeat(deep)),
        format!(
            "[job.j]\noperators = [{{ name = 'x', window = {}{} }}]",
            "[".repeat(90),
            "]".repeat(90)
        ),
        format!("[job.j]\noperators = [{{ name = 'x', map{} = 1 }}]", ".a".repeat(100)),
        "x".repeat(letters),
        format!("{} = 1", "x".repeat(letters)),
        format!("x = '{}'", "y".repeat(letters)),
        format!("flink = '{}'", "y".repeat(letters)),
        format!("until = '{}'", "9".repeat(letters)),
        format!("seed = {}", "9".repeat(letters)),
        format!("{JOB}\n[[step]]\nat = '1s'\ndo = {{ kill = '{}' }}", "k".repeat(letters / 2)),
        " ".repeat(letters),
        "\n".repeat(letters),
        "[".repeat(letters),
        "'".repeat(letters),
        "\"\\".repeat(letters / 2),
        "#".repeat(letters),
        ".".repeat(letters),
        "=".repeat(letters),
        "[[step]]\n".repeat(letters / 9),
    ] {
        let (message, ..) = refused(&text);
        assert!(message.chars().count() < 1_000, "{} letters", message.len());
    }
}
