//! What a release has: a story that asks one for what came later, or went before, is refused.
//!
//! Jobs are held against the release that runs them: the file's own, or, behind a step that upgrades the cluster, that
//! one. Steps count in order of the file.

use super::found::Found;
use crate::job::{ClaimMode, ListMode, OperatorNode, StateBackend};
use crate::operator::{Catalogue, Since};
use crate::rules::{Failover, Release, SavepointLayout};
use crate::scenario::language::Source;
use crate::scenario::{
    Action, Cancel, ClusterConfig, Dispose, FileAction, JobConfig, Mistake, RestartStrategy,
    Retention, Run, Scenario,
};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something that not every release has.
struct Novelty<T> {
    /// Whether something asks for it.
    asks: fn(&T) -> bool,
    since: Since,
}

/// One row a novelty: what asks for it, under which rules there is such a thing, its word, and as a message calls it.
macro_rules! novelties {
    ($asker:ident: $T:ty, $rules:ident: $($asks:expr => $has:expr, $word:literal, $what:literal;)+) => {
        &[$(Novelty { asks: |$asker: &$T| $asks, since: Since { what: $what, word: $word, has: |$rules| $has } }),+]
    };
}

const OF_CLUSTERS: &[Novelty<ClusterConfig>] = novelties!(cluster: ClusterConfig, rules:
    cluster.savepoint_backend.is_some() => rules.savepoint_layout == SavepointLayout::Pointer,
        "savepoint-backend", "a choice of what keeps savepoints";
);

const OF_JOBS: &[Novelty<JobConfig>] = novelties!(job: JobConfig, rules:
    job.checkpoint.unaligned => rules.unaligned_checkpoints,
        "unaligned", "unaligned checkpoints";
    job.checkpoint.aligned_timeout.nanos() > 0 => rules.aligned_timeout,
        "aligned-timeout", "a timeout of alignment";
    job.checkpoint.alignment_limit.is_some() => rules.alignment_limit,
        "alignment-limit", "a limit of what is buffered in alignment";
    job.checkpoint.backend == StateBackend::Incremental => rules.incremental_checkpoints,
        "incremental", "incremental checkpoints";
    job.checkpoint.retained > 1 => rules.retained_number,
        "retained", "a number of checkpoints to retain";
    job.checkpoint.prefer_checkpoint => rules.prefer_checkpoint,
        "prefer-checkpoint", "a preference for checkpoints over savepoints";
    job.checkpoint.retention != Retention::None => rules.retained_checkpoints,
        "retention", "checkpoints that outlive their job";
    job.checkpoint.tolerable_failures > 0 => rules.tolerable_failures,
        "tolerable-failures", "a number of failures to tolerate";
    job.failover == Some(Failover::Region) => rules.region_failover,
        "failover", "failover of a region";
    matches!(job.restart, Some(RestartStrategy::ExponentialDelay { .. })) => rules.exponential_delay,
        "exponential-delay", "an exponential delay of restarts";
);

const OF_OPERATORS: &[Novelty<OperatorNode>] = novelties!(node: OperatorNode, rules:
    node.inputs.iter().any(|edge| edge.side) => rules.side_outputs,
        "side", "side outputs";
    node.options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some()) => rules.state_ttl,
        "ttl", "values that expire";
    node.options.list_state.as_ref().is_some_and(|state| state.has_mode(ListMode::Whole))
        => rules.checkpointed_state,
        "whole", "one object of state for each subtask (`Checkpointed`)";
    node.options.uid_hash.is_some() => rules.uid_hash,
        "uid-hash", "an id of its own choice";
    node.options.window.is_some_and(|window| window.windows.lateness() > 0) => rules.allowed_lateness,
        "lateness", "windows that wait for late records";
    node.options.time.is_some_and(|time| time.idle_after.is_some()) => rules.idle_sources,
        "idle-after", "idle sources";
);

const OF_STEPS: &[Novelty<Action>] = novelties!(action: Action, rules:
    action.target().is_some() => rules.savepoint_target,
        "to", "a directory for a single savepoint";
    matches!(action, Action::Stop(_)) => rules.stop_with_savepoint,
        "stop", "stopping with a savepoint";
    matches!(action, Action::Cancel(Cancel { with_savepoint: Some(_), .. })) => rules.cancel_with_savepoint,
        "with-savepoint", "canceling with a savepoint";
    matches!(action, Action::Run(Run { allow_non_restored: true, .. })) => rules.allow_non_restored_state,
        "allow-non-restored-state", "dropping state that no operator takes";
    matches!(action, Action::Run(Run { claim: ClaimMode::Claim | ClaimMode::Legacy, .. })) => rules.claim_modes,
        "claim", "a choice of who owns a snapshot";
    matches!(action, Action::Files(FileAction::Dispose(Dispose { with_jar: true, .. })))
        => rules.disposal_takes_classes,
        "with-jar", "classes of the job at the disposal of a savepoint";
    matches!(action, Action::Checkpoint(_)) => rules.retained_checkpoints,
        "checkpoint", "starting from a checkpoint";
);

/// Which releases have what a word asks for that stands in a table of this title; none if all do.
pub(super) fn exists(title: &str, word: &str) -> Option<String> {
    // Other tables have words of the same spelling.
    let is_meant = match word {
        "to" => ["`savepoint`", "`stop`", "`cancel`"].contains(&title),
        "checkpoint" => title == "`do`",
        _ => true,
    };
    if !is_meant {
        return None;
    }
    let clusters = OF_CLUSTERS.iter().map(|novelty| &novelty.since);
    let jobs = OF_JOBS.iter().map(|novelty| &novelty.since);
    let operators = OF_OPERATORS.iter().map(|novelty| &novelty.since);
    let steps = OF_STEPS.iter().map(|novelty| &novelty.since);
    let mut all = clusters.chain(jobs).chain(operators).chain(steps);
    all.find(|since| since.word == word).and_then(|since| Release::that_have(since.has))
}

/// Takes down what the releases of a story do not have.
pub(super) fn check(
    source: Source<'_>,
    scenario: &Scenario,
    catalogue: &Catalogue,
    found: &mut Found<'_>,
) {
    let file = DeTable::parse(source.text).expect("it has been read before");
    let lacks = Vec::new();
    let mut checked = Checked { scenario, file: file.get_ref(), catalogue, lacks };
    for release in scenario.releases() {
        checked.require(OF_CLUSTERS, &scenario.cluster, release, &["cluster"]);
        let mut now = release;
        if scenario.first_job_runs_at_once() {
            checked.job(0, now);
        }
        let mut has_run = vec![false; scenario.jobs.len()];
        let mut checked_under = BTreeSet::new();
        for (number, step) in scenario.steps.iter().enumerate() {
            checked.require(OF_STEPS, &step.action, now, &["step", &number.to_string()]);
            if let Action::Upgrade(to) = step.action {
                now = to;
            }
            if let Action::Run(run) = &step.action {
                let place = scenario.jobs.iter().position(|other| other.graph.name == run.job);
                let place = place.expect("a step names a job that is there");
                has_run[place] = true;
                if checked_under.insert((place, now)) {
                    checked.job(place, now);
                }
            }
        }
        for (place, _) in has_run.iter().enumerate().filter(|(_, has_run)| !**has_run) {
            checked.job(place, release);
        }
    }
    for lack in &checked.lacks {
        found.add(lack.told(source, scenario));
    }
}

/// What some releases of a story do not have, at one place of the file.
struct Lack {
    at: Range<usize>,
    since: Since,
    /// Which, in order of the file.
    releases: Vec<Release>,
}

impl Lack {
    fn told(&self, source: Source<'_>, scenario: &Scenario) -> Mistake {
        let names: Vec<String> = self.releases.iter().map(Release::to_string).collect();
        let (names, have) = match names.as_slice() {
            [.., last] if names.len() > 1 => {
                (format!("{} and {last}", names[..names.len() - 1].join(", ")), "have")
            }
            _ => (names.concat(), "has"),
        };
        let Since { what, word, has } = self.since;
        let message = format!("Flink {names} {have} no such thing as {what}");
        let stays = |release: Release| !self.releases.contains(&release);
        let is_listed = |release: &Release| scenario.releases().any(|other| other == *release);
        // A release that the cluster is upgraded to is none of the list, and one is to be left in it.
        let may_leave = scenario.releases().any(stays) && self.releases.iter().all(is_listed);
        let help = match Release::that_have(has) {
            Some(when) if may_leave => format!(
                "it exists {when}: take {names} out of `flink` and into a story without `{word}`, or leave `{word}` out"
            ),
            Some(when) => {
                format!("it exists {when}: leave `{word}` out, or play such a release")
            }
            None => format!("leave `{word}` out"),
        };
        source.error_with(&self.at, message, help)
    }
}

/// A story whose names are all known.
struct Checked<'s> {
    scenario: &'s Scenario,
    file: &'s DeTable<'s>,
    catalogue: &'s Catalogue,
    /// What is missing so far.
    lacks: Vec<Lack>,
}

impl Checked<'_> {
    fn job(&mut self, place: usize, release: Release) {
        let job = &self.scenario.jobs[place];
        let name = job.graph.name.as_str();
        self.require(OF_JOBS, job, release, &["job", name]);
        for node in &job.graph.operators {
            let way = ["job", name, &node.name];
            if let Some(since) = self.catalogue.of(node).and_then(|entry| entry.since.as_ref()) {
                self.refuse_before(since, release, &way);
            }
            self.require(OF_OPERATORS, node, release, &way);
        }
    }

    /// Takes down what is asked for and not there. `way` leads to where the file asks for it.
    fn require<T>(&mut self, novelties: &[Novelty<T>], asker: &T, release: Release, way: &[&str]) {
        for novelty in novelties.iter().filter(|novelty| (novelty.asks)(asker)) {
            self.refuse_before(&novelty.since, release, way);
        }
    }

    fn refuse_before(&mut self, since: &Since, release: Release, way: &[&str]) {
        if (since.has)(&self.scenario.rules_under(release)) {
            return;
        }
        let at = place_of(self.file, way, since.word);
        let is_it = |lack: &&mut Lack| lack.at == at && lack.since.what == since.what;
        match self.lacks.iter_mut().find(is_it) {
            Some(lack) if lack.releases.contains(&release) => {}
            Some(lack) => lack.releases.push(release),
            None => self.lacks.push(Lack { at, since: *since, releases: vec![release] }),
        }
    }
}

/// Where a word stands, as a key or a text, at the end of a way through a file; else, the last of the way that is there.
fn place_of(file: &DeTable<'_>, way: &[&str], word: &str) -> Range<usize> {
    let (mut at, mut inside) = (0..0, None);
    let mut table = Some(file);
    for step in way {
        let next = match (table, inside) {
            (Some(table), _) => table
                .iter()
                .find(|(key, _)| key.get_ref() == step)
                .map(|(key, value)| (key.span(), value)),
            (None, Some(value)) => part_of(value, step),
            (None, None) => None,
        };
        let Some((place, value)) = next else { break };
        (at, inside, table) = (place, Some(value), None);
    }
    inside.and_then(|value: &Spanned<DeValue<'_>>| seek(value, word)).unwrap_or(at)
}

/// The part of a value that is called so: by its key, its number in a list, or by the name of an operator in it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other values have no parts")]
fn part_of<'v, 't>(
    value: &'v Spanned<DeValue<'t>>,
    step: &str,
) -> Option<(Range<usize>, &'v Spanned<DeValue<'t>>)> {
    match value.get_ref() {
        DeValue::Array(list) => {
            let by_number = step.parse::<usize>().ok().and_then(|number| list.get(number));
            let is_named = |item: &&Spanned<DeValue<'_>>| {
                let name = item.get_ref().as_table().and_then(|table| table.get("name"));
                name.is_some_and(|name| name.get_ref().as_str() == Some(step))
            };
            let item = by_number.or_else(|| list.iter().find(is_named))?;
            Some((item.span(), item))
        }
        DeValue::Table(table) => {
            let own = table.iter().find(|(key, _)| key.get_ref() == step);
            let own = own.map(|(key, value)| (key.span(), value));
            own.or_else(|| table.values().find_map(|value| part_of(value, step)))
        }
        _ => None,
    }
}

/// Where a word stands in a value, as a key or a text.
#[expect(clippy::wildcard_enum_match_arm, reason = "other values hold no words")]
fn seek(value: &Spanned<DeValue<'_>>, word: &str) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::String(text) => (text == word).then(|| value.span()),
        DeValue::Array(list) => list.iter().find_map(|item| seek(item, word)),
        DeValue::Table(table) => {
            let key = table.keys().find(|key| key.get_ref() == word).map(Spanned::span);
            key.or_else(|| table.values().find_map(|value| seek(value, word)))
        }
        _ => None,
    }
}
