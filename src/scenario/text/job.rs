//! Jobs: what they inherit, their settings, and the graph of their operators.

use super::found::Found;
use super::node::Nodes;
use super::operator::{FromText, OperatorText};
use super::settings::Setting;
use super::settings::{BackendText, CheckpointText};
use super::shape::{JobText, RestartText, StrategyText};
use super::sink_to;
use super::word::{Ordered, Time};
use crate::job::{CheckpointMode, JobGraph, StateBackend};
use crate::kernel::SimTime;
use crate::operator::Catalogue;
use crate::scenario::language::Source;
use crate::scenario::{
    CheckpointConfig, Input, JobConfig, Mistake, Planned, RestartStrategy, bounds,
};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

/// A job with everything in it that it inherits, still in the words of the file.
#[derive(Clone, Default)]
struct Draft {
    operators: Vec<(Range<usize>, Box<OperatorText>)>,
    /// Its settings.
    text: JobText,
    /// Whether an operator or a change of one could not be read: of the graph as a whole nothing can be said then.
    is_broken: bool,
}

/// The jobs, in order of the file. The graphs of those that are to be `refused` need not be such that they can run.
pub(super) fn jobs(
    source: Source<'_>,
    catalogue: &Catalogue,
    inputs: &[Input],
    texts: Ordered<JobText>,
    refused: &[&str],
    found: &mut Found<'_>,
) -> Vec<JobConfig> {
    let mut drafts: Vec<(Spanned<String>, Draft)> = Vec::new();
    let mut operators = 0;
    for (name, text) in texts.0 {
        found.keep(source.check_name("a job", &name));
        let drafting = Drafting { source, job: &name };
        let Some(draft) = drafting.draft(&drafts, text, found) else {
            found.pass_over(name.span());
            continue;
        };
        operators += draft.operators.len();
        if bounds::ALL_OPERATORS.is_exceeded_by(operators) {
            found.add(source.beyond(&name.span(), &bounds::ALL_OPERATORS));
            break;
        }
        drafts.push((name, draft));
    }
    let mut job = |(name, draft): (Spanned<String>, Draft)| {
        let must_run = !draft.is_broken && !refused.contains(&name.get_ref().as_str());
        let operators = sink_to::expanded(source, catalogue, draft.operators, found);
        let nodes = Nodes::new(source, catalogue, inputs, &name, &operators);
        job(&nodes, &draft.text, must_run, found)
    };
    drafts.into_iter().map(&mut job).collect()
}

/// Works out what a job inherits.
struct Drafting<'t> {
    source: Source<'t>,
    job: &'t Spanned<String>,
}

impl Drafting<'_> {
    fn draft(
        &self,
        earlier: &[(Spanned<String>, Draft)],
        text: JobText,
        found: &mut Found<'_>,
    ) -> Option<Draft> {
        let Some(base) = &text.extends else {
            return self.own_draft(text, found);
        };
        let mut draft = found.keep(self.base(base, earlier))?;
        if !text.operators.is_empty() {
            found.add(self.source.error_with(
                &base.span(),
                format!("job `{}` both extends a job and has operators", self.job.get_ref()),
                "use `add`, `remove`, `set` and `reorder` to change what it extends",
            ));
            return None;
        }
        let inherited = &mut draft.text;
        inherited.checkpoint = text.checkpoint.or(inherited.checkpoint.take());
        inherited.restart = text.restart.or(inherited.restart);
        inherited.failover = text.failover.or(inherited.failover);
        inherited.chaining = text.chaining.or(inherited.chaining);
        inherited.auto_uids = text.auto_uids.or(inherited.auto_uids);
        inherited.max_parallelism = text.max_parallelism.or(inherited.max_parallelism);
        for name in &text.remove {
            let removed = self.remove(&mut draft, name);
            draft.is_broken |= found.keep(removed).is_none();
        }
        for (name, change) in text.set.0 {
            let changed = self.change(&mut draft, &name, change);
            draft.is_broken |= found.keep(changed).is_none();
        }
        self.append(&mut draft, text.add, found);
        let reordered = self.reorder(&mut draft, &text.reorder);
        draft.is_broken |= found.keep(reordered).is_none();
        Some(draft)
    }

    /// Changes what `set` says of one operator.
    fn change(
        &self,
        draft: &mut Draft,
        name: &Spanned<String>,
        change: OperatorText,
    ) -> Result<(), Mistake> {
        let place = self.place(draft, name)?;
        if let Some(other) = change.name {
            let message = format!("`set` cannot rename operator `{}`", name.get_ref());
            let help = "remove the operator and add one of the other name";
            return Err(self.source.error_with(&other.span(), message, help));
        }
        draft.operators[place].1.change(change);
        Ok(())
    }

    /// A job that extends none.
    fn own_draft(&self, mut text: JobText, found: &mut Found<'_>) -> Option<Draft> {
        let changes = [
            ("set", text.set.0.first().map(|(name, _)| name.span())),
            ("add", text.add.first().map(Spanned::span)),
            ("remove", text.remove.first().map(Spanned::span)),
            ("reorder", text.reorder.first().map(Spanned::span)),
        ];
        for (key, at) in changes {
            if let Some(at) = at {
                let job = self.job.get_ref();
                found.add(self.source.error_with(
                    &at,
                    format!("job `{job}` has `{key}` but extends no job"),
                    "say which job it changes: `extends = NAME`",
                ));
                return None;
            }
        }
        let operators = std::mem::take(&mut text.operators);
        let mut draft = Draft { operators: Vec::new(), text, is_broken: false };
        self.append(&mut draft, operators, found);
        Some(draft)
    }

    /// The job that this one extends.
    fn base(
        &self,
        base: &Spanned<String>,
        earlier: &[(Spanned<String>, Draft)],
    ) -> Result<Draft, Mistake> {
        let found = earlier.iter().find(|(name, _)| name.get_ref() == base.get_ref());
        found.map(|(_, draft)| draft.clone()).ok_or_else(|| {
            let (job, base_name) = (self.job.get_ref(), base.get_ref());
            self.source.unknown(
                &base.span(),
                format!("job `{job}` extends `{base_name}`, which is no earlier job of the file"),
                base_name,
                earlier.iter().map(|(name, _)| name.get_ref().as_str()),
            )
        })
    }

    /// Adds operators at the end; one that names no input and is no source reads the one before it.
    fn append(&self, draft: &mut Draft, added: Vec<Spanned<OperatorText>>, found: &mut Found<'_>) {
        let mut names: BTreeSet<String> = draft
            .operators
            .iter()
            .filter_map(|(_, other)| other.name())
            .map(str::to_owned)
            .collect();
        for added in added {
            let at = added.span();
            let mut operator = added.into_inner();
            if found.keep(self.check_named(&at, &operator, &mut names)).is_none() {
                found.pass_over(at);
                draft.is_broken = true;
                continue;
            }
            if let Some(name) = &operator.name {
                let is_well_spelled = found.keep(self.source.check_name("an operator", name));
                draft.is_broken |= is_well_spelled.is_none();
            }
            if operator.from.is_none()
                && !operator.is_source()
                && let Some((_, previous)) = draft.operators.last()
            {
                operator.from = Some(vec![Spanned::new(at.clone(), previous.as_input())]);
            }
            if bounds::OPERATORS.is_exceeded_by(draft.operators.len() + 1) {
                found.add(self.source.beyond(&at, &bounds::OPERATORS));
                draft.is_broken = true;
                return;
            }
            draft.operators.push((at, Box::new(operator)));
        }
    }

    /// Whether an operator has a name that no other has.
    fn check_named(
        &self,
        at: &Range<usize>,
        operator: &OperatorText,
        names: &mut BTreeSet<String>,
    ) -> Result<(), Mistake> {
        let job = self.job.get_ref();
        let Some(name) = &operator.name else {
            let message = format!("an operator of job `{job}` has no name");
            return Err(self.source.error_with(at, message, "add `name = …`"));
        };
        if names.insert(name.get_ref().clone()) {
            return Ok(());
        }
        let message = format!("job `{job}` has two operators named `{}`", name.get_ref());
        let help = "give each operator a name of its own";
        Err(self.source.error_with(&name.span(), message, help))
    }

    /// Takes an operator away; who read it now reads what it read.
    fn remove(&self, draft: &mut Draft, name: &Spanned<String>) -> Result<(), Mistake> {
        let place = self.place(draft, name)?;
        let (_, removed) = draft.operators.remove(place);
        let instead = removed.from.unwrap_or_default();
        for (_, reader) in &mut draft.operators {
            for inputs in [&mut reader.from, &mut reader.second_from].into_iter().flatten() {
                bypass(inputs, name.get_ref(), &instead);
            }
        }
        Ok(())
    }

    /// Puts the named operators first, in this order; the others follow as they were.
    fn reorder(&self, draft: &mut Draft, order: &[Spanned<String>]) -> Result<(), Mistake> {
        let mut first = Vec::new();
        for name in order {
            let place = self.place(draft, name)?;
            first.push(draft.operators.remove(place));
        }
        first.append(&mut draft.operators);
        draft.operators = first;
        Ok(())
    }

    /// Where a named operator is in a draft.
    fn place(&self, draft: &Draft, name: &Spanned<String>) -> Result<usize, Mistake> {
        let wanted = name.get_ref();
        let found = draft.operators.iter().position(|(_, operator)| operator.is_named(wanted));
        found.ok_or_else(|| {
            self.source.unknown(
                &name.span(),
                format!("job `{}` has no operator `{wanted}`", self.job.get_ref()),
                wanted,
                draft.operators.iter().filter_map(|(_, operator)| operator.name()),
            )
        })
    }
}

/// Replaces the main output of a removed operator, among a reader's inputs, by what the operator read.
fn bypass(inputs: &mut Vec<Spanned<FromText>>, removed: &str, instead: &[Spanned<FromText>]) {
    let reads_it = |edge: &FromText| edge.operator == removed && !edge.side;
    if let Some(place) = inputs.iter().position(|edge| reads_it(edge.get_ref())) {
        let at = inputs[place].span();
        let instead = instead.iter().map(|edge| Spanned::new(at.clone(), edge.get_ref().clone()));
        inputs.splice(place..=place, instead);
    }
}

/// The job that a draft describes, as far as it can be read.
fn job(nodes: &Nodes<'_>, text: &JobText, must_run: bool, found: &mut Found<'_>) -> JobConfig {
    let usual = CheckpointText::default();
    let checkpoint = checkpoint(nodes.source, text.checkpoint.as_ref().unwrap_or(&usual));
    let (operators, unread) = nodes.nodes(found);
    let graph = JobGraph {
        name: nodes.job.get_ref().clone(),
        operators,
        max_parallelism: text.max_parallelism.map(|most| most.0),
        chaining: text.chaining.unwrap_or(true),
        uids_required: text.auto_uids == Some(false),
    };
    if let Some(unread) = unread.filter(|_| must_run) {
        nodes.check_graph(&graph, &unread, found);
    }
    JobConfig {
        graph,
        checkpoint: found.keep(checkpoint).unwrap_or_default(),
        restart: text.restart.map(RestartText::strategy),
        failover: text.failover.map(|failover| failover.value()),
        planned: Planned::default(),
    }
}

/// Checkpoint settings, with defaults where the file says nothing.
fn checkpoint(source: Source<'_>, text: &CheckpointText) -> Result<CheckpointConfig, Mistake> {
    let times = [
        ("interval", text.interval.as_ref().map(|set| &set.0)),
        ("timeout", text.timeout.as_ref()),
    ];
    for (key, time) in times {
        let time = time.filter(|time| time.get_ref().0 < CheckpointConfig::SHORTEST);
        if let Some(time) = time {
            let given = time.get_ref().0;
            let message = format!("`{key}`: {given} is less than {}", CheckpointConfig::SHORTEST);
            return Err(source.error(&time.span(), message));
        }
    }
    let mut checkpoint = text.over(CheckpointConfig::default());
    check_unaligned(source, text, &checkpoint)?;
    check_alignment_limit(source, text, &checkpoint)?;
    checkpoint.backend = backend(source, text)?;
    Ok(checkpoint)
}

/// Where snapshots go, with the one size that means something there.
fn backend(source: Source<'_>, text: &CheckpointText) -> Result<StateBackend, Mistake> {
    let misplaced = |key: &str, size: &Spanned<u32>, backend: &str| {
        let message = format!("`{key}` without `state-backend = \"{backend}\"`");
        let help = match backend {
            "job-manager" => "leave it out: files may have any size",
            _ => "leave it out: only file-system snapshots are partly inside the metadata",
        };
        source.error_with(&size.span(), message, help)
    };
    let kind = text.state_backend.map(|kind| kind.value()).unwrap_or_default();
    let is = |backend| kind == backend;
    match (&text.max_state_size, &text.inline_below) {
        (Some(size), _) if !is(BackendText::JobManager) => {
            return Err(misplaced("max-state-size", size, "job-manager"));
        }
        (_, Some(size)) if !is(BackendText::FileSystem) => {
            return Err(misplaced("inline-below", size, "file-system"));
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    let or = |size: &Option<Spanned<u32>>, or| size.as_ref().map_or(or, |size| *size.get_ref());
    Ok(match kind {
        BackendText::JobManager => {
            let max_state_size = or(&text.max_state_size, StateBackend::MAX_STATE_SIZE);
            StateBackend::JobManager { max_state_size }
        }
        BackendText::FileSystem => {
            let inline_below = or(&text.inline_below, StateBackend::INLINE_BELOW);
            StateBackend::FileSystem { inline_below }
        }
        BackendText::Incremental => StateBackend::Incremental,
        BackendText::Rocksdb => StateBackend::RocksDb,
    })
}

/// Refuses a limit of what a subtask buffers while it aligns where it never does.
fn check_alignment_limit(
    source: Source<'_>,
    text: &CheckpointText,
    checkpoint: &CheckpointConfig,
) -> Result<(), Mistake> {
    let Some(limit) = &text.alignment_limit else { return Ok(()) };
    let which = match checkpoint.mode {
        CheckpointMode::AtLeastOnce => "at-least-once",
        CheckpointMode::ExactlyOnce if checkpoint.unaligned => "unaligned",
        CheckpointMode::ExactlyOnce => return Ok(()),
    };
    Err(source.error_with(
        &limit.0.span(),
        format!("`alignment-limit` with {which} checkpoints"),
        "leave it out: only where barriers hold channels back is anything buffered",
    ))
}

/// Refuses barriers that overtake records where the other settings do not allow it.
fn check_unaligned(
    source: Source<'_>,
    text: &CheckpointText,
    checkpoint: &CheckpointConfig,
) -> Result<(), Mistake> {
    let wanted = match (&text.unaligned, &text.aligned_timeout) {
        (Some(wanted), _) if checkpoint.unaligned => wanted.span(),
        (_, Some(timeout)) => {
            return Err(source.error_with(
                &timeout.span(),
                "`aligned-timeout` without `unaligned = true`",
                "a checkpoint that is only ever aligned has `timeout`; add `unaligned = true` to have barriers overtake",
            ));
        }
        (_, None) => return Ok(()),
    };
    let (what, help) = if checkpoint.mode == CheckpointMode::AtLeastOnce {
        ("at-least-once", "leave `mode` out: only exactly-once checkpoints can be unaligned")
    } else if checkpoint.max_concurrent > 1 {
        ("more than one checkpoint at a time", "set `max-concurrent = 1`")
    } else if checkpoint.interval.is_none() {
        ("no `interval`", "set `interval`: savepoints are always aligned")
    } else {
        return Ok(());
    };
    Err(source.error_with(&wanted, format!("unaligned checkpoints with {what}"), help))
}

impl RestartText {
    /// The strategy, with Flink's defaults where the file says nothing.
    fn strategy(self) -> RestartStrategy {
        let or = |time: Option<Time>, default| time.map_or(default, |time| time.0);
        match self {
            Self::None => RestartStrategy::None,
            Self::Strategy(StrategyText::FixedDelay(text)) => {
                RestartStrategy::FixedDelay { attempts: text.attempts, delay: text.delay.0 }
            }
            Self::Strategy(StrategyText::FailureRate(text)) => RestartStrategy::FailureRate {
                failures: text.failures,
                per: text.per.0,
                delay: or(text.delay, RestartStrategy::DELAY),
            },
            Self::Strategy(StrategyText::ExponentialDelay(text)) => {
                RestartStrategy::ExponentialDelay {
                    initial: or(text.initial, RestartStrategy::DELAY),
                    multiplier: text
                        .multiplier
                        .map_or(1_500, |thousandths| thousandths.0.max(1_000)),
                    most: or(text.most, SimTime::from_secs(60)),
                    reset_after: or(text.reset_after, SimTime::from_secs(3_600)),
                    jitter: text.jitter.map_or(10, |percent| percent.0),
                }
            }
        }
    }
}
