//! The world around the jobs: external logs, task managers, the network.

use super::found::Found;
use super::settings::ClusterText;
use super::shape::{GrowthText, InputText};
use super::word::{Count, Ordered};
use crate::kernel::SimTime;
use crate::operator::Growth;
use crate::scenario::language::Source;
use crate::scenario::{ClusterConfig, Input, InputKind, Mistake, bounds};
use toml::Spanned;

/// The cluster, with defaults where the file says nothing.
pub(super) fn cluster(source: Source<'_>, text: &ClusterText) -> Result<ClusterConfig, Mistake> {
    let mut cluster = text.over(ClusterConfig::default());
    if u64::from(cluster.task_managers) * u64::from(cluster.slots) > bounds::SLOTS.most {
        let places = [text.slots.as_ref(), text.task_managers.as_ref()];
        let at = places.into_iter().flatten().map(Spanned::span).next().unwrap_or_default();
        return Err(source.beyond(&at, &bounds::SLOTS));
    }
    let is_available = text.high_availability.unwrap_or_default();
    let takeover = text.takeover_after.as_ref();
    if let Some(takeover) = takeover.filter(|_| !is_available) {
        return Err(source.error_with(
            &takeover.span(),
            "`takeover-after` without `high-availability = true`",
            "add it, or leave `takeover-after` out: nobody takes over",
        ));
    }
    let takeover = takeover.map_or(ClusterConfig::TAKEOVER_AFTER, |time| time.get_ref().0);
    cluster.takeover_after = is_available.then_some(takeover);
    match &text.heartbeat_interval {
        Some(interval) if cluster.heartbeat_interval > cluster.heartbeat_timeout => {
            return Err(source.error_with(
                &interval.span(),
                "`heartbeat-interval` is longer than `heartbeat-timeout`",
                "make it at most as long: whoever is heard of less often is given up all the time",
            ));
        }
        Some(_) => {}
        None => cluster.heartbeat_interval = cluster.usual_heartbeat(),
    }
    Ok(cluster)
}

/// When a log gains partitions: each time later, and some more.
fn growths(
    source: Source<'_>,
    partitions: u16,
    texts: Vec<Spanned<GrowthText>>,
) -> Result<Vec<Growth>, Mistake> {
    let mut last = Growth { at: SimTime::ZERO, partitions };
    let mut growths = Vec::new();
    for text in texts {
        let (span, GrowthText { at, partitions }) = (text.span(), text.into_inner());
        let growth = Growth { at: at.0, partitions: partitions.narrow() };
        if growth.at <= last.at || growth.partitions <= last.partitions {
            return Err(source.error_with(
                &span,
                format!("a log of {} partitions does not grow so", last.partitions),
                "let it have more partitions each time, and each time later: a log never loses any",
            ));
        }
        growths.push(growth);
        last = growth;
    }
    Ok(growths)
}

/// Refuses more inputs, or more generated records, than a world can hold.
pub(super) fn check_size(
    source: Source<'_>,
    texts: &Ordered<Spanned<InputText>>,
) -> Result<(), Mistake> {
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
    Ok(())
}

/// The inputs, in order of the file.
pub(super) fn inputs(
    source: Source<'_>,
    texts: Ordered<Spanned<InputText>>,
    found: &mut Found<'_>,
) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (name, text) in texts.0 {
        let is_read = found.is_read(&name.span());
        match input(source, &name, text.into_inner()) {
            Ok(input) => inputs.push(input),
            Err(mistake) => {
                found.pass_over(name.span());
                // One of which a part was wrong lacks it for no other reason.
                if is_read {
                    found.add(mistake);
                }
            }
        }
    }
    inputs
}

fn input(source: Source<'_>, name: &Spanned<String>, text: InputText) -> Result<Input, Mistake> {
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
    let partitions = text.partitions.map_or(Input::PARTITIONS, Count::narrow);
    Ok(Input {
        name: name.get_ref().clone(),
        kind,
        shuffle: shuffle.transpose()?,
        partitions,
        grows: growths(source, partitions, text.grows.unwrap_or_default())?,
        every: text.every.map_or(Input::EVERY, |time| time.0),
    })
}
