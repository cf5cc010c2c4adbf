//! A disk that fails where it is told to.

use sandbar::internals::{Content, Disk, DiskFile, Found, Links, RealDisk};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What happens at one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It fails, and has done nothing.
    Fails,
    /// It does what it should, and reports a failure.
    FailsAfterwards,
    /// A write takes half, and the next finds the disk full. Any other call finds it full at once.
    Full,
    /// It is late: meanwhile somebody else puts a file into the folder.
    Late,
    /// The process is killed before it.
    StopsBefore,
    /// The process is killed after it; a write has taken half.
    StopsAfter,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Fails,
    Fault::FailsAfterwards,
    Fault::Full,
    Fault::Late,
    Fault::StopsBefore,
    Fault::StopsAfter,
];

#[derive(Debug, Default)]
struct State {
    calls: usize,
    by_kind: BTreeMap<&'static str, usize>,
    /// At which call, from 0.
    fault: Option<(usize, Fault)>,
    is_stopped: bool,
    is_full: bool,
    /// The files that somebody else put there.
    foreign: Vec<PathBuf>,
}

/// The disk of the machine, with a fault in it.
#[derive(Debug)]
pub(crate) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    /// A folder that lies in another file system.
    far: Option<PathBuf>,
}

/// What the content of a file of somebody else is.
const FOREIGN: &str = "somebody else's";

/// What a call is to do.
enum Course {
    Goes,
    Fails(io::Error),
    /// It goes, and fails then.
    GoesThenFails,
    /// A write takes half of its bytes.
    Halves,
}

impl FaultyDisk {
    pub(crate) fn new(fault: Option<(usize, Fault)>, far: Option<PathBuf>) -> Arc<Self> {
        let state = State { fault, ..State::default() };
        Arc::new(Self { state: Arc::new(Mutex::new(state)), far })
    }

    /// It, to be handed down.
    pub(crate) fn shared(self: &Arc<Self>) -> Arc<dyn Disk> {
        let disk: Arc<Self> = Arc::clone(self);
        disk
    }

    /// How many calls there were, and of which kinds.
    pub(crate) fn calls(&self) -> (usize, BTreeMap<&'static str, usize>) {
        let state = self.state.lock().expect("no call panics");
        (state.calls, state.by_kind.clone())
    }

    /// The files that somebody else put there are there.
    pub(crate) fn assert_foreign_files_stayed(&self, story: &str) {
        for path in &self.state.lock().expect("no call panics").foreign {
            let content = std::fs::read_to_string(path).unwrap_or_default();
            assert_eq!(content, FOREIGN, "{story}: `{}` is gone", path.display());
        }
    }

    fn call<T>(
        &self,
        kind: &'static str,
        path: &Path,
        go: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match course(&self.state, kind, path) {
            Course::Goes | Course::Halves => go(),
            Course::Fails(error) => Err(error),
            Course::GoesThenFails => go().and_then(|_| Err(broken())),
        }
    }

    /// Whether a rename leads from one file system into another.
    fn crosses(&self, from: &Path, to: &Path) -> bool {
        self.far.as_ref().is_some_and(|far| from.starts_with(far) != to.starts_with(far))
    }
}

fn broken() -> io::Error {
    io::Error::other("the disk is broken")
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

/// Counts a call, and says what becomes of it.
fn course(state: &Mutex<State>, kind: &'static str, path: &Path) -> Course {
    let mut state = state.lock().expect("no call panics");
    if state.is_stopped {
        return Course::Fails(io::Error::other("the process was killed"));
    }
    let number = state.calls;
    state.calls += 1;
    *state.by_kind.entry(kind).or_default() += 1;
    let is_write = kind == "write";
    if is_write && state.is_full {
        return Course::Fails(full());
    }
    let Some((_, fault)) = state.fault.filter(|(at, _)| *at == number) else {
        return Course::Goes;
    };
    match fault {
        Fault::Fails => Course::Fails(broken()),
        Fault::FailsAfterwards => Course::GoesThenFails,
        Fault::Full if is_write => {
            state.is_full = true;
            Course::Halves
        }
        Fault::Full => Course::Fails(full()),
        Fault::Late => {
            let foreign = path.with_file_name("somebody else's file");
            // Nobody puts a file where nobody can, nor into a folder that is still being written.
            let is_hidden = path.to_string_lossy().contains("/.unfinished-");
            if path.is_absolute() && !is_hidden && std::fs::write(&foreign, FOREIGN).is_ok() {
                // The way there may be gone by the end.
                state.foreign.push(std::fs::canonicalize(&foreign).unwrap_or(foreign));
            }
            Course::Goes
        }
        Fault::StopsBefore => {
            state.is_stopped = true;
            Course::Fails(io::Error::other("the process was killed"))
        }
        Fault::StopsAfter => {
            state.is_stopped = true;
            if is_write { Course::Halves } else { Course::GoesThenFails }
        }
    }
}

impl Disk for FaultyDisk {
    fn look(&self, path: &Path, links: Links) -> io::Result<Found> {
        self.call("look", path, || RealDisk.look(path, links))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.call("real path", path, || RealDisk.real_path(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.call("list", &folder.join("any"), || RealDisk.list(folder))
    }

    fn read(&self, path: &Path, links: Links, at_most: u64) -> io::Result<Content> {
        self.call("read", path, || RealDisk.read(path, links, at_most))
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let opened = self.call("create", file, || RealDisk.create(file))?;
        Ok(Box::new(FaultyFile { state: Arc::clone(&self.state), path: file.to_owned(), opened }))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call("create folder", path, || RealDisk.create_folder(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename", from, || match self.crosses(from, to) {
            true => Err(io::ErrorKind::CrossesDevices.into()),
            false => RealDisk.rename(from, to),
        })
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        self.call("remove file", file, || RealDisk.remove_file(file))
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        // What comes late is in the folder that is to go.
        self.call("remove folder", &folder.join("any"), || RealDisk.remove_folder(folder))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // No machine fails here, so that nothing needs to be durable.
        self.call("sync folder", &folder.join("any"), || Ok(()))
    }
}

#[derive(Debug)]
struct FaultyFile {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    opened: Box<dyn DiskFile>,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match course(&self.state, "write", &self.path) {
            Course::Goes => self.opened.write(bytes),
            Course::Halves => self.opened.write(&bytes[..bytes.len() / 2]),
            Course::Fails(error) => Err(error),
            Course::GoesThenFails => self.opened.write(bytes).and_then(|_| Err(broken())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.opened.flush()
    }
}

impl DiskFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        match course(&self.state, "sync file", &self.path) {
            Course::Goes | Course::Halves => Ok(()),
            Course::Fails(error) => Err(error),
            Course::GoesThenFails => Err(broken()),
        }
    }
}
