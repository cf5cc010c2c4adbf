//! A sink that stands for two operators: its writer, and the committer behind it (`SinkTransformationTranslator`).

use super::found::Found;
use super::operator::{FromText, OperatorText};
use crate::operator::{Catalogue, Writes};
use crate::scenario::Mistake;
use crate::scenario::language::Source;
use std::ops::Range;
use toml::Spanned;

/// An operator with its place in the file.
type Placed = (Range<usize>, Box<OperatorText>);

/// The operators of a job, with two in the place of each such sink. Of one that is wrong only that is said.
pub(super) fn expanded(
    source: Source<'_>,
    catalogue: &Catalogue,
    operators: Vec<Placed>,
    found: &mut Found<'_>,
) -> Vec<Placed> {
    let mut all = Vec::with_capacity(operators.len());
    let pair = catalogue.that_writes(Writes::Writer).zip(catalogue.that_writes(Writes::Committer));
    for (at, mut text) in operators {
        let (Some(kind), Some((writer, committer))) = (text.sink_to.clone(), pair) else {
            all.push((at, text));
            continue;
        };
        let is_right = found.keep(check(source, catalogue, &kind, writer.0, &text)).is_some();
        if !text.kinds.is_empty() {
            all.push((at, text));
            continue;
        }
        let function = if is_right { kind.get_ref().clone() } else { writer.1.to_owned() };
        text.uid_hash = None;
        let kinds = [(writer.0, function), (committer.0, committer.1.to_owned())];
        let [writer, committer] = parts(&at, &kind.span(), kinds, *text);
        all.push((at.clone(), Box::new(writer)));
        all.push((at, Box::new(committer)));
    }
    all
}

/// Whether there is such a writer, and nothing is said that two operators cannot be together.
fn check(
    source: Source<'_>,
    catalogue: &Catalogue,
    kind: &Spanned<String>,
    writer: &str,
    text: &OperatorText,
) -> Result<(), Mistake> {
    let name = text.name().unwrap_or_default();
    if let Some((other, _)) = text.kinds.first() {
        let message = format!("operator `{name}` is both `sink-to` and `{}`", other.get_ref());
        return Err(source.error_with(&other.span(), message, "make two operators of it"));
    }
    if let Some(hash) = &text.uid_hash {
        let message = format!("`{name}` is two operators by its `sink-to`, and has one id");
        return Err(source.error_with(
            &hash.span(),
            message,
            "say `uid`, from which both ids are made",
        ));
    }
    if catalogue.entry(writer, kind.get_ref()).is_some() {
        return Ok(());
    }
    let message = format!("there is no writer `{}` for a sink", kind.get_ref());
    let known = catalogue.names().filter(|(kind, _)| *kind == writer);
    Err(source.unknown(&kind.span(), message, kind.get_ref(), known.map(|(_, function)| function)))
}

/// The writer and the committer of a sink, given what each is.
fn parts(
    at: &Range<usize>,
    place: &Range<usize>,
    kinds: [(&str, String); 2],
    text: OperatorText,
) -> [OperatorText; 2] {
    let name = format!("{}-writer", text.name().unwrap_or_default());
    let [is_writer, is_committer] = kinds.map(|(kind, function)| {
        (Spanned::new(place.clone(), kind.to_owned()), toml::Value::String(function))
    });
    // The uid pattern of 1.13 (`SinkTransformationTranslator.concatUid`): the writer has the uid of the sink.
    let uid = text.uid.as_ref().map(|uid| format!("Sink Committer: {uid}"));
    let from = FromText { operator: name.clone(), side: false, partitioner: None };
    let committer = OperatorText {
        name: text.name.clone(),
        kinds: vec![is_committer],
        uid,
        from: Some(vec![Spanned::new(at.clone(), from)]),
        parallelism: text.parallelism,
        max_parallelism: text.max_parallelism,
        slot_group: text.slot_group.clone(),
        ..OperatorText::default()
    };
    let name = Some(Spanned::new(at.clone(), name));
    [OperatorText { name, kinds: vec![is_writer], ..text }, committer]
}
