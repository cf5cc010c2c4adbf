//! The world around the jobs: external logs, task managers, the network.

use super::shape::{ClusterText, InputText, NetworkText};
use super::source::Source;
use super::word::{Count, Ordered, TimeRange};
use crate::kernel::SimTime;
use crate::scenario::{ClusterConfig, Input, InputKind, Network, ScenarioError, bounds};
use toml::Spanned;

/// The cluster, with defaults where the file says nothing.
pub(super) fn cluster(
    source: Source<'_>,
    text: &ClusterText,
) -> Result<ClusterConfig, ScenarioError> {
    let default = ClusterConfig::default();
    let slots = |managers: u16, slots: u16| u64::from(managers) * u64::from(slots);
    let managers =
        text.task_managers.as_ref().map_or(default.task_managers, |count| count.get_ref().narrow());
    let slots_each = text.slots.as_ref().map_or(default.slots, |count| count.get_ref().narrow());
    if slots(managers, slots_each) > bounds::SLOTS.most {
        let places = [text.slots.as_ref(), text.task_managers.as_ref()];
        let at = places.into_iter().flatten().map(Spanned::span).next().unwrap_or_default();
        return Err(source.beyond(&at, &bounds::SLOTS));
    }
    let takeover = text.takeover_after.as_ref();
    if let Some(takeover) = takeover.filter(|_| !text.high_availability) {
        return Err(source.error_with(
            &takeover.span(),
            "`takeover-after` without `high-availability = true`",
            "add it, or leave `takeover-after` out: nobody takes over",
        ));
    }
    let takeover = takeover.map_or(ClusterConfig::TAKEOVER_AFTER, |time| time.get_ref().0);
    let timeout = text.heartbeat_timeout.map_or(default.heartbeat_timeout, |time| time.0);
    if let Some(interval) =
        text.heartbeat_interval.as_ref().filter(|time| time.get_ref().0 > timeout)
    {
        return Err(source.error_with(
            &interval.span(),
            "`heartbeat-interval` is longer than `heartbeat-timeout`",
            "make it at most as long: whoever is heard of less often is given up all the time",
        ));
    }
    let interval = text.heartbeat_interval.as_ref().map(|time| time.get_ref().0);
    Ok(ClusterConfig {
        task_managers: managers,
        slots: slots_each,
        replaced_after: text.replaced_after.map_or(default.replaced_after, |time| time.0),
        heartbeat_timeout: timeout,
        heartbeat_interval: interval.unwrap_or(default.heartbeat_interval.min(timeout)),
        takeover_after: text.high_availability.then_some(takeover),
        savepoint_dir: text.savepoint_dir,
        savepoint_backend: text.savepoint_backend,
    })
}

/// The network, with defaults where the file says nothing.
pub(super) fn network(text: &NetworkText) -> Network {
    let default = Network::default();
    let range = |range: Option<TimeRange>, or: (SimTime, SimTime)| range.map_or(or, |text| text.0);
    Network {
        channel_latency: range(text.channel_latency, default.channel_latency),
        message_latency: range(text.message_latency, default.message_latency),
        channel_capacity: text.channel_capacity.map_or(default.channel_capacity, |count| count.0),
        snapshot_sync: range(text.snapshot_sync, default.snapshot_sync),
        snapshot_async: range(text.snapshot_async, default.snapshot_async),
        metadata_write: range(text.metadata_write, default.metadata_write),
        task_start: range(text.task_start, default.task_start),
    }
}

/// The inputs, in order of the file.
pub(super) fn inputs(
    source: Source<'_>,
    texts: Ordered<Spanned<InputText>>,
) -> Result<Vec<Input>, ScenarioError> {
    source.check_count(texts.0.iter().map(|(name, _)| name.span()), &bounds::INPUTS)?;
    let mut records = 0;
    for (_, text) in &texts.0 {
        if let Some(rows) = &text.get_ref().generate {
            records += u64::from(*rows.records.get_ref());
            if records > bounds::RECORDS.most {
                return Err(source.beyond(&rows.records.span(), &bounds::RECORDS));
            }
        }
    }
    texts.0.into_iter().map(|(name, text)| input(source, &name, text.into_inner())).collect()
}

fn input(
    source: Source<'_>,
    name: &Spanned<String>,
    text: InputText,
) -> Result<Input, ScenarioError> {
    let wrong = |what: String, help: &str| {
        Err(source.error_with(&name.span(), format!("input `{}` {what}", name.get_ref()), help))
    };
    if text.csv.is_none() && (text.columns.is_some() || text.header.is_some()) {
        return wrong("has columns, but reads no CSV file".into(), "say `csv = PATH`");
    }
    let kind = match (text.text, text.csv, text.generate) {
        (Some(path), None, None) => InputKind::Text(path),
        (None, Some(path), None) => match text.columns {
            Some(columns) if !columns.is_empty() => InputKind::Csv {
                path,
                header: text.header.unwrap_or(true),
                columns: columns.into_iter().map(|column| column.0).collect(),
            },
            Some(_) | None => {
                let help = "say what each column holds, as in `columns = [\"text\", \"int\", \"time %Y/%m/%d %H:%M\"]`";
                return wrong("is a CSV file without columns".into(), help);
            }
        },
        (None, None, Some(rows)) => {
            let step = rows.step.map(|step| step.0);
            InputKind::Generate { records: *rows.records.get_ref(), keys: rows.keys.0, step }
        }
        (Some(_), None, Some(_)) => {
            let help = "keep one of `text` and `generate`";
            return wrong("has both a text and a generator".into(), help);
        }
        (Some(_), Some(_), _) | (None, Some(_), Some(_)) => {
            let help = "keep one of `text`, `csv` and `generate`";
            return wrong("has entries from more than one place".into(), help);
        }
        (None, None, None) => {
            let help = "say `text = PATH` or `generate = { records = 1000, keys = 50 }`";
            return wrong("has no entries".into(), help);
        }
    };
    let shuffle = text.shuffle_within.map(|shuffle| {
        super::time::shuffle(source, &shuffle.span(), name.get_ref(), &kind, *shuffle.get_ref())
    });
    Ok(Input {
        name: name.get_ref().clone(),
        kind,
        shuffle: shuffle.transpose()?,
        partitions: text.partitions.map_or(Input::PARTITIONS, Count::narrow),
        every: text.every.map_or(Input::EVERY, |time| time.0),
    })
}
