//! Jobs of very many operators, in one chain and apart. Tests have small stacks, as the threads of a sweep.

use crate::{parse, sandbar, told};
use sandbar::{Catalogue, Judgement, Setup, play_out};
use std::fmt::Write;
use std::fs;
use std::sync::Arc;

/// A job of so many operators, the source and the sink among them.
fn job(operators: usize, options: &str) -> String {
    let mut text = "
        [input.log]
        generate = { records = 3, keys = 2 }
        [job.long]
        operators = [
        { name = 's', source = 'log' },
        "
    .replace("        ", "");
    for place in 2..operators {
        writeln!(text, "{{ name = 'm{place}', map = 'identity'{options} }},").expect("written");
    }
    text.push_str("{ name = 'o', sink = 'plain' },\n]\n");
    text
}

fn judge(text: &str) -> Judgement {
    let scenario = parse(text).unwrap_or_else(|error| panic!("{error}"));
    let catalogue = Arc::new(Catalogue::built_in());
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
    play_out(setup).judgement()
}

#[test]
fn a_chain_of_a_thousand_operators_plays_in_a_small_stack() {
    assert_eq!(judge(&job(1_000, "")), Judgement::Holds);
}

#[test]
fn as_many_operators_as_the_bound_play_in_one_chain_in_a_small_stack() {
    assert_eq!(judge(&job(10_000, "")), Judgement::Holds);
}

#[test]
fn as_many_operators_as_the_bound_play_apart_from_each_other() {
    assert_eq!(judge(&job(10_000, ", chain = 'never'")), Judgement::Holds);
}

#[test]
fn one_operator_more_than_the_bound_is_refused_at_its_place() {
    let error = parse(&job(10_001, "")).expect_err("it is one too many");
    assert_eq!(error.mistakes[0].message, "more than 10000 operators of a job");
    // The list begins in line 5, and the sink is the last of 10,001.
    assert_eq!((error.mistakes[0].line, error.mistakes[0].column), (5 + 10_001, 1));
}

#[test]
fn a_hundred_thousand_operators_are_refused_without_being_looked_at_one_by_one() {
    let error = parse(&job(100_000, "")).expect_err("they are too many");
    assert_eq!(error.mistakes[0].message, "more than 10000 operators of a job");
}

#[test]
fn a_sweep_plays_a_chain_of_four_thousand_and_refuses_one_of_twenty_thousand() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |operators: usize, command: &[&str]| {
        let file = folder.path().join(format!("chain{operators}.toml"));
        fs::write(&file, job(operators, "")).expect("written");
        let file = file.to_str().expect("temporary paths are UTF-8");
        let arguments = [&command[..1], &[file], &command[1..]].concat();
        told(&sandbar(&arguments))
    };
    let (code, text) = run(4_000, &["sweep", "--seeds", "0..2"]);
    assert_eq!(code, Some(0), "{text}");
    for command in [&["sweep", "--seeds", "0..2"][..], &["run"]] {
        let (code, text) = run(20_000, command);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("more than 10000 operators of a job"), "{text}");
    }
}

#[test]
fn the_greatest_parallelism_plays_and_all_to_all_of_it_is_refused_with_its_channels() {
    let wide = |parallelism: u32, next: u32| {
        format!(
            "
            cluster = {{ task-managers = 40, slots = 1000 }}
            [input.log]
            generate = {{ records = 3, keys = 2 }}
            [job.wide]
            operators = [
              {{ name = 's', source = 'log' }},
              {{ name = 'm', aggregate = 'count', key-by = 0, parallelism = {parallelism} }},
              {{ name = 'o', sink = 'plain', parallelism = {next} }},
            ]
            "
        )
    };
    assert_eq!(judge(&wide(32_768, 1)), Judgement::Holds);
    let error = parse(&wide(32_769, 1)).expect_err("it is one too many");
    assert!(error.mistakes[0].message.contains("32769 is not within 1 to 32768"), "{error}");
    let error = parse(&wide(32_768, 32_767)).expect_err("there would be 2^30 channels");
    assert!(error.mistakes[0].message.contains("more than 1048576"), "{error}");
}
