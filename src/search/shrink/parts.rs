//! Taking out what a story is made of: steps, jobs, operators, subtasks.

use super::Edit;
use super::coherent::{Named, names};
use crate::job::{JobGraph, OperatorIndex};
use crate::scenario::Scenario;

/// Each step, taken out.
pub(super) fn steps(scenario: &Scenario) -> Vec<Edit> {
    let without = |place: usize| -> Edit {
        Box::new(move |scenario| {
            if place < scenario.steps.len() {
                scenario.steps.remove(place);
            }
        })
    };
    (0..scenario.steps.len()).map(without).collect()
}

/// Each job, taken out; the first one, too, in whose place the next one begins the story.
pub(super) fn jobs(scenario: &Scenario) -> Vec<Edit> {
    let without = |name: String| -> Edit {
        Box::new(move |scenario| {
            if scenario.jobs.len() > 1 {
                scenario.jobs.retain(|job| job.graph.name != name);
            }
        })
    };
    scenario.jobs.iter().map(|job| without(job.graph.name.clone())).collect()
}

/// Each job but the first, whose place an earlier one takes: what was done to it is done to that.
pub(super) fn merged_jobs(scenario: &Scenario) -> Vec<Edit> {
    let merged = |place: usize| -> Edit {
        Box::new(move |scenario| {
            if place >= scenario.jobs.len() {
                return;
            }
            let gone = scenario.jobs.remove(place).graph.name;
            let taken = scenario.jobs[place - 1].graph.name.clone();
            for step in &mut scenario.steps {
                names(step, &mut |name| {
                    let job = match name {
                        Named::Job(job) => job,
                        Named::Task(task) => &mut task.job,
                        Named::Snapshot(_) => return,
                    };
                    if *job == gone {
                        taken.clone_into(job);
                    }
                });
            }
        })
    };
    (1..scenario.jobs.len()).map(merged).collect()
}

/// The names of all operators, in the order in which they are met first.
pub(super) fn operator_names(scenario: &Scenario) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for node in scenario.jobs.iter().flat_map(|job| &job.graph.operators) {
        if !found.contains(&node.name) {
            found.push(node.name.clone());
        }
    }
    found
}

/// The operators of each job, if there is more than one: jobs, then operators.
fn places(scenario: &Scenario) -> Vec<(usize, String)> {
    let of_job = |(place, job): (usize, &crate::scenario::JobConfig)| {
        let operators = job.graph.operators.iter();
        operators.map(|node| (place, node.name.clone())).collect::<Vec<_>>()
    };
    if scenario.jobs.len() < 2 {
        return Vec::new();
    }
    scenario.jobs.iter().enumerate().flat_map(of_job).collect()
}

/// Each operator, taken out of all jobs: who read it reads what it read.
pub(super) fn operators(scenario: &Scenario) -> Vec<Edit> {
    let without = |name: String| -> Edit {
        Box::new(move |scenario| {
            (0..scenario.jobs.len()).for_each(|job| bypass(scenario, job, &name));
        })
    };
    operator_names(scenario).into_iter().map(without).collect()
}

/// Each operator, taken out of one job.
pub(super) fn operators_of_jobs(scenario: &Scenario) -> Vec<Edit> {
    let without = |(job, name): (usize, String)| -> Edit {
        Box::new(move |scenario| bypass(scenario, job, &name))
    };
    places(scenario).into_iter().map(without).collect()
}

/// Takes an operator out of a job. What was done to its tasks is done to those next to it.
fn bypass(scenario: &mut Scenario, job: usize, name: &str) {
    let Some(job) = scenario.jobs.get_mut(job) else { return };
    let graph = &mut job.graph;
    let Some(place) = graph.operators.iter().position(|node| node.name == name) else { return };
    let beside = graph.operators[place].inputs.first().map(|edge| edge.from.index());
    let reads =
        |node: &crate::job::OperatorNode| node.inputs.iter().any(|edge| edge.from.index() == place);
    let beside = beside.or_else(|| graph.operators.iter().position(reads));
    let beside = beside.map(|place| graph.operators[place].name.clone());
    take_out(graph, place);
    let (job, Some(beside)) = (graph.name.clone(), beside) else { return };
    for step in &mut scenario.steps {
        names(step, &mut |found| {
            if let Named::Task(task) = found
                && task.job == job
                && task.operator == name
            {
                beside.clone_into(&mut task.operator);
            }
        });
    }
}

/// Takes an operator out of a graph, and whoever is left with nothing to read.
fn take_out(graph: &mut JobGraph, place: usize) {
    let gone = graph.operators.remove(place);
    let through: Vec<_> = gone.inputs.iter().filter(|edge| edge.input == 0).cloned().collect();
    for node in &mut graph.operators {
        let mut inputs = Vec::new();
        for edge in node.inputs.drain(..) {
            if edge.from.index() != place {
                inputs.push(edge);
                continue;
            }
            for before in &through {
                inputs.push(crate::job::InputEdge { from: before.from, side: before.side, ..edge });
            }
        }
        inputs.dedup();
        for edge in &mut inputs {
            if edge.from.index() > place {
                edge.from = OperatorIndex::new(edge.from.index() - 1);
            }
        }
        node.inputs = inputs;
    }
    let has_nothing = |node: &crate::job::OperatorNode| !node.is_source() && node.inputs.is_empty();
    if let Some(next) = graph.operators.iter().position(has_nothing) {
        take_out(graph, next);
    }
}

/// How many subtasks an operator is to have, of those that it has.
type Fewer = fn(u32) -> u32;

/// The ways to fewer subtasks, one after the other.
pub(super) const FEWER: [Fewer; 3] = [|_| 1, |_| 2, |subtasks| subtasks - 1];

/// Each operator with fewer subtasks in all jobs.
pub(super) fn subtasks(scenario: &Scenario, fewer: Fewer) -> Vec<Edit> {
    let with = |name: String| -> Edit {
        Box::new(move |scenario| {
            let graphs = scenario.jobs.iter_mut().map(|job| &mut job.graph);
            for node in graphs.flat_map(|graph| &mut graph.operators) {
                if node.name == name {
                    node.parallelism = fewer(node.parallelism).clamp(1, node.parallelism);
                }
            }
        })
    };
    operator_names(scenario).into_iter().map(with).collect()
}

/// Each operator with fewer subtasks in one job.
pub(super) fn subtasks_of_jobs(scenario: &Scenario, fewer: Fewer) -> Vec<Edit> {
    let with = |(job, name): (usize, String)| -> Edit {
        Box::new(move |scenario| {
            let Some(job) = scenario.jobs.get_mut(job) else { return };
            for node in &mut job.graph.operators {
                if node.name == name {
                    node.parallelism = fewer(node.parallelism).clamp(1, node.parallelism);
                }
            }
        })
    };
    places(scenario).into_iter().map(with).collect()
}
