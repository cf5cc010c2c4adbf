//! The sinks of a data folder, as files: what external systems hold outlives the processes that write to them.
//!
//! Each run adds segments ([`super::segment`]) and changes none, so that what one process committed does not depend on what
//! another one knew. A file `<name>-<hash>.sink` that holds all of one sink, as older programs wrote it, is read before
//! the segments and stays.

use super::codec::{decode_sink, fingerprint};
use super::disk::Disk;
use super::error::StoreError;
use super::folder::{DataDir, create_folder, entries, exists, read_regular, sync_folder};
use super::segment::{Ledger, Segment, SegmentHead, SegmentId, Written};
use super::unfinished::{TEMPORARY, drawn, write_file};
use crate::effect::ExternalSystem;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the sinks are.
pub(super) const SINKS: &str = "sinks";
const SINK_SUFFIX: &str = ".sink";

/// The longest file of a sink that is read, in bytes.
pub const SINK_BYTES_MAX: u64 = 1 << 32;

/// How often a folder is listed before a file that only the others speak of is missed: a listing may miss one that is made
/// meanwhile.
const LISTINGS: u32 = 3;

/// The segments that lie in a folder.
#[derive(Debug, Default)]
struct Found {
    segments: Vec<SegmentHead>,
}

impl Found {
    fn ids(&self) -> BTreeSet<SegmentId> {
        self.segments.iter().map(|head| head.id).collect()
    }

    /// Those that no other names.
    fn heads(&self) -> BTreeSet<SegmentId> {
        let mut heads = self.ids();
        for parent in self.segments.iter().flat_map(|head| &head.parents) {
            heads.remove(parent);
        }
        assert!(self.segments.is_empty() || !heads.is_empty(), "segments name one another");
        heads
    }

    /// One that another names and that is not there, with the one that names it.
    fn missing(&self) -> Option<(SegmentId, SegmentId)> {
        let ids = self.ids();
        let heads = self.segments.iter();
        let mut named = heads.flat_map(|head| head.parents.iter().map(|parent| (*parent, head.id)));
        named.find(|(parent, _)| !ids.contains(parent))
    }
}

impl DataDir {
    /// What every external system of this folder holds, in order of a name made of theirs.
    ///
    /// # Errors
    /// A file is damaged, has another's name, or is missing though another one speaks of it, or the operating system
    /// refuses.
    pub fn read_sinks(&self) -> Result<Vec<ExternalSystem>, StoreError> {
        self.find_sinks().map(|(sinks, _)| sinks)
    }

    /// The same, to go on from: what the run that begins now writes is added to it.
    ///
    /// # Errors
    /// Those of [`DataDir::read_sinks`].
    pub(crate) fn open_sinks(&self) -> Result<(Vec<ExternalSystem>, SinkWriter), StoreError> {
        let (sinks, found) = self.find_sinks()?;
        let writer = SinkWriter {
            folder: self.path().join(SINKS),
            disk: Arc::clone(self.disk()),
            run: drawn(),
            heads: found.heads(),
            seen: found.ids(),
            base: None,
            written: written_of(&sinks),
        };
        Ok((sinks, writer))
    }

    fn find_sinks(&self) -> Result<(Vec<ExternalSystem>, Found), StoreError> {
        let folder = self.path().join(SINKS);
        let disk = &**self.disk();
        if !exists(disk, &folder)? {
            return Ok((Vec::new(), Found::default()));
        }
        // Ours are text.
        let names = entries(disk, &folder)?.into_iter().filter_map(|name| name.into_string().ok());
        let is_sink = |name: &String| name.ends_with(SINK_SUFFIX) && !name.starts_with(TEMPORARY);
        let whole = names.filter(is_sink).map(|name| read_sink(disk, &folder, &name));
        let mut ledger = Ledger::of(whole.collect::<Result<Vec<_>, _>>()?);
        let (segments, found) = find_segments(disk, &folder)?;
        segments.into_iter().for_each(|segment| ledger.add(segment));
        let mut sinks: Vec<_> = ledger.into_sinks().collect();
        sinks.sort_by_cached_key(|sink| sink_file_name(&sink.name));
        Ok((sinks, found))
    }
}

fn written_of(sinks: &[ExternalSystem]) -> BTreeMap<String, Written> {
    sinks.iter().map(|sink| (sink.name.clone(), Written::of(sink))).collect()
}

/// Reads all segments of a folder, in order.
fn find_segments(disk: &dyn Disk, folder: &Path) -> Result<(Vec<Segment>, Found), StoreError> {
    let mut listings = 1;
    loop {
        let ids = segments_in(disk, folder)?;
        let read = ids.into_iter().map(|id| read_segment(disk, folder, id));
        let segments = read.collect::<Result<Vec<_>, _>>()?;
        let found = Found { segments: segments.iter().map(|found| found.head.clone()).collect() };
        let Some((missing, by)) = found.missing() else { return Ok((segments, found)) };
        let file = folder.join(missing.file_name());
        if listings == LISTINGS || !exists(disk, &file)? {
            let by = folder.join(by.file_name());
            return Err(StoreError::SegmentMissing { file, by });
        }
        listings += 1;
    }
}

fn segments_in(disk: &dyn Disk, folder: &Path) -> Result<BTreeSet<SegmentId>, StoreError> {
    let names = entries(disk, folder)?;
    Ok(names.iter().filter_map(|name| SegmentId::of_file_name(name.to_str()?)).collect())
}

fn read_segment(disk: &dyn Disk, folder: &Path, id: SegmentId) -> Result<Segment, StoreError> {
    let file = folder.join(id.file_name());
    let bytes = read_regular(disk, &file, "the rows of a sink", SINK_BYTES_MAX)?;
    let segment = Segment::decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    if segment.head.id != id {
        let expected = segment.head.id.file_name();
        return Err(StoreError::MisnamedSegment { file, expected });
    }
    Ok(segment)
}

fn read_sink(disk: &dyn Disk, folder: &Path, name: &str) -> Result<ExternalSystem, StoreError> {
    let file = folder.join(name);
    let bytes = read_regular(disk, &file, "the file of a sink", SINK_BYTES_MAX)?;
    let sink = decode_sink(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let expected = sink_file_name(&sink.name);
    if name != expected {
        return Err(StoreError::MisnamedSink { file, sink: sink.name, expected });
    }
    Ok(sink)
}

/// A name that every file system takes: what is plain in the sink's name, and a hash that tells it from others.
fn sink_file_name(sink: &str) -> String {
    let plain =
        sink.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    let plain: String = plain.take(40).collect();
    let print = format!("{:032x}", fingerprint(sink.as_bytes(), 0));
    format!("{plain}-{}{SINK_SUFFIX}", &print[..16])
}

/// Writes what one run adds to the sinks of a data folder.
#[derive(Debug)]
pub(crate) struct SinkWriter {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    /// Drawn, so that no other process gives its segments the same names.
    run: u64,
    /// What the next segment names: those that no other had named, and later its own last one.
    heads: BTreeSet<SegmentId>,
    /// What has been named, or will be by `heads`.
    seen: BTreeSet<SegmentId>,
    /// What has to be there before anything is added to it.
    base: Option<Segment>,
    /// What is there of each sink, as far as this run knows.
    written: BTreeMap<String, Written>,
}

impl SinkWriter {
    /// The run goes on from these and not from what the folder holds by now: from what it held when they were read if
    /// `lie_here`, else from what lies elsewhere, which is brought here first.
    pub(crate) fn go_on_from(&mut self, sinks: &[ExternalSystem], lie_here: bool) {
        self.written = written_of(sinks);
        self.base = (!lie_here && !sinks.is_empty()).then(|| Segment::base(sinks));
    }

    /// Adds what is new in these external systems; the others are left alone. All of it is there, durably, or nothing.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn write(&mut self, sinks: &[ExternalSystem]) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.disk);
        create_folder(&*disk, &self.folder)?;
        if let Some(base) = &self.base {
            self.put(base)?;
            self.base = None;
        }
        let names: BTreeSet<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
        assert_eq!(names.len(), sinks.len(), "two sinks have one name");
        let changes = sinks.iter().filter_map(|sink| match self.written.get(&sink.name) {
            Some(written) => written.news(sink),
            None => Some(Written::default().change_to(sink)),
        });
        let changes: Vec<_> = changes.collect();
        if changes.is_empty() {
            return Ok(());
        }
        let found = segments_in(&*disk, &self.folder)?;
        let mut parents = self.heads.clone();
        parents.extend(found.difference(&self.seen));
        let last = found.last().max(self.seen.last());
        let number = last.map_or(0, |last| last.number) + 1;
        let mut id = SegmentId { number, run: self.run };
        while exists(&*disk, &self.folder.join(id.file_name()))? {
            id.run = drawn();
        }
        let segment = Segment { head: SegmentHead { id, parents }, changes };
        assert!(!self.seen.contains(&id), "two segments are called {}", id.file_name());
        self.put(&segment)?;
        self.run = id.run;
        let is_last = self.seen.last() < Some(&id);
        assert!(is_last, "{} comes before one that it builds on", id.file_name());
        self.heads = BTreeSet::from([id]);
        self.seen.extend(found);
        self.seen.insert(id);
        for sink in sinks {
            self.written.insert(sink.name.clone(), Written::of(sink));
        }
        Ok(())
    }

    /// Writes a segment under an unfinished name and gives it its own, unless it is there.
    fn put(&self, segment: &Segment) -> Result<(), StoreError> {
        let target = self.folder.join(segment.head.id.file_name());
        match exists(&*self.disk, &target)? {
            true => sync_folder(&*self.disk, &self.folder),
            false => write_file(&*self.disk, &target, &segment.encode()),
        }
    }
}

#[cfg(test)]
mod tests;
