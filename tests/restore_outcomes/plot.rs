//! What a row of the recording changes: its name, and for numbers its description, say it.

use super::jobs::{Does, Job, Op};

/// How job A is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Stop,
    Drain,
    CancelWithSavepoint,
    /// A checkpoint asked for by hand, which outlives the job.
    Retained,
    /// The same while barriers may overtake what `counter` holds back.
    Unaligned,
}

/// What becomes of the path between the jobs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Path {
    Folder,
    Metadata,
    TrailingSlash,
    Moved,
    Text(&'static str),
    Corrupt(String),
}

/// A row, ready to be played.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) a: Job,
    pub(crate) b: Job,
    pub(crate) exit: Exit,
    pub(crate) native: bool,
    pub(crate) path: Path,
}

/// The row of this name; none if nothing is known of such a name.
pub(crate) fn plot_of(name: &str, description: &str) -> Option<Plot> {
    let plain = Plot {
        a: Job::default(),
        b: Job::default(),
        exit: Exit::Stop,
        native: name.contains("_native") || name.starts_with("native"),
        path: Path::Folder,
    };
    let told = Told { name, description, words: name.split('_').collect() };
    let ways = [
        Told::identity,
        Told::unchanged,
        Told::rescaled,
        Told::max_parallelism,
        Told::operators,
        Told::state,
        Told::backend,
        Told::files,
        Told::unaligned,
    ];
    ways.iter().find_map(|way| way(&told, plain.clone()))
}

/// What a row says of itself.
struct Told<'r> {
    name: &'r str,
    description: &'r str,
    words: Vec<&'r str>,
}

impl Told<'_> {
    fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// Whether name or description contain this.
    fn says(&self, words: &str) -> bool {
        let flat = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
        flat(self.name).contains(&flat(words)) || flat(self.description).contains(&flat(words))
    }

    /// The numbers of the name.
    fn numbers(&self) -> Vec<u32> {
        self.words.iter().filter_map(|word| word.parse().ok()).collect()
    }

    /// The numbers around the arrow of the description: `p 3->5`.
    fn arrow(&self) -> Option<(u32, u32)> {
        let (before, after) = self.description.split_once("->")?;
        let digits = |text: &str| text.parse().ok();
        let before = before.rsplit(|letter: char| !letter.is_ascii_digit()).next()?;
        let after = after.split(|letter: char| !letter.is_ascii_digit()).next()?;
        Some((digits(before)?, digits(after)?))
    }

    /// The number behind some words of a text.
    fn number_behind(text: &str, words: &str) -> Option<u32> {
        let rest = text.split(words).nth(1)?;
        rest.split(|letter: char| !letter.is_ascii_digit())
            .find(|digits| !digits.is_empty())?
            .parse()
            .ok()
    }

    /// The part of the description that speaks of a job: `job B maxParallelism=8 and counter p=10`.
    fn part(&self, job: &str) -> &str {
        let mut parts = self.description.split(';');
        parts.find(|part| part.trim().starts_with(job)).unwrap_or("")
    }

    fn unchanged(&self, plot: Plot) -> Option<Plot> {
        let exit = match self.name {
            _ if self.name.starts_with("same_graph") => Exit::Stop,
            _ if self.name.starts_with("from_drained") => Exit::Drain,
            _ if self.name.starts_with("from_cancel_with_savepoint") => Exit::CancelWithSavepoint,
            _ if self.name.starts_with("from_retained") => Exit::Retained,
            _ if self.name.starts_with("savepoint_") && plot_is_claimed(self) => Exit::Stop,
            _ if self.name.starts_with("retained_checkpoint") => Exit::Retained,
            _ => return None,
        };
        let mut plot = Plot { exit, ..plot };
        if plot_is_claimed(self) {
            plot.b.checkpoint = ", interval = \"30ms\"".to_owned();
        }
        Some(plot)
    }

    /// One or all operators at another parallelism, and lists in another mode.
    fn rescaled(&self, mut plot: Plot) -> Option<Plot> {
        let is_of_mode =
            self.words[0] == "union" || self.words[0] == "split" || self.words[0] == "list";
        if self.words[0] != "rescale" && !is_of_mode {
            return None;
        }
        if is_of_mode && self.says("ListState<Long>") {
            return None;
        }
        if self.words[0] == "union" {
            plot.a.op("la").mode = "union";
            plot.b.op("la").mode = "union";
        }
        for (to, mode) in [("split", "split"), ("union", "union"), ("broadcast", "broadcast")] {
            if self.words.windows(2).any(|pair| pair == ["to", to])
                || self.words.last() == Some(&to)
            {
                plot.b.op("la").mode = mode;
            }
        }
        let numbers = match self.numbers()[..] {
            [before, after, ..] => Some((before, after)),
            _ => self.arrow(),
        };
        let of = ["counter", "la", "source"].into_iter().find(|name| self.has(name));
        let of = if is_of_mode { "la" } else { of.unwrap_or("counter") };
        let of = if of == "source" { "src" } else { of };
        if let Some((before, after)) = numbers {
            plot.a.op(of).parallelism = before;
            plot.b.op(of).parallelism = after;
        }
        Some(plot)
    }

    fn max_parallelism(&self, mut plot: Plot) -> Option<Plot> {
        if !self.name.starts_with("maxp") && !self.name.starts_with("max_parallelism") {
            return None;
        }
        if self.says("nonkeyed") || self.says("without keyed operator") {
            (plot.a, plot.b) = (plot.a.without_keys(), plot.b.without_keys());
        }
        for (job, part) in [(&mut plot.a, self.part("job A")), (&mut plot.b, self.part("job B"))] {
            if let Some(most) = Self::number_behind(part, "setMaxParallelism(") {
                job.op("counter").max_parallelism = Some(most);
            } else {
                let explicit = || Self::number_behind(part, "explicit");
                job.max_parallelism =
                    Self::number_behind(part, "maxParallelism=").or_else(explicit);
            }
            if let Some(parallelism) = Self::number_behind(part, "counter p=") {
                job.op("counter").parallelism = parallelism;
            }
        }
        Some(plot)
    }

    /// Ids: uids changed, exchanged, absent; hashes; chains.
    fn identity(&self, mut plot: Plot) -> Option<Plot> {
        if self.name.starts_with("nouid") {
            let plain = || Job::default().with_lb().without_uids();
            (plot.a, plot.b) = (plain(), plain());
            if self.has("uid") && self.has("into") {
                plot.b = Job::default().with_lb();
            }
            return self.changed_shape(plot);
        }
        if self.says("uidhash") || self.says("user hash") {
            return Some(self.uid_hash(plot));
        }
        if self.has("uids") && self.has("swapped") {
            let [one, other] = self.words[2..] else { return None };
            plot.b.op(one).uid = Some(other.to_owned());
            plot.b.op(other).uid = Some(one.to_owned());
            return Some(plot);
        }
        if self.has("uid") && self.has("changed") {
            let of = self.words[0];
            plot.b.op(of).uid = Some(format!("{of}-2"));
            return Some(plot);
        }
        if self.says("duplicate uid") || self.says("same uid") || self.says("uid collision") {
            plot.b.op("counter").uid = Some("la".to_owned());
            return Some(plot);
        }
        if self.says("auto generated uid")
            || self.says("autogenerateuids")
            || self.says("disableAutoGeneratedUIDs")
        {
            plot.b.auto_uids = false;
            if self.says("without uid") || self.says("no uid") {
                plot.b.op("counter").uid = None;
            }
            return Some(plot);
        }
        if self.says("forward") {
            plot.b.op("la").partition = Some("forward");
            return Some(plot);
        }
        None
    }

    fn uid_hash(&self, mut plot: Plot) -> Plot {
        // The id of the uid `counter`.
        let hash = "0da08f51eaa85fc298e176a139b3649a";
        let is_wrong = self.says("wrong length")
            || self.says("short")
            || self.says("invalid")
            || self.says("bad");
        let counter = plot.b.op("counter");
        counter.uid = if self.says("no uid") || self.says("nouid") {
            None
        } else {
            Some("counter-2".to_owned())
        };
        counter.uid_hash = Some(if is_wrong { &hash[..31] } else { hash }.to_owned());
        plot
    }

    /// What a job without uids is changed to.
    fn changed_shape(&self, mut plot: Plot) -> Option<Plot> {
        if self.says("add stateless") {
            let map = Op { uid: None, ..Op::new("map", Does::Map, 2) };
            plot.b.insert_behind("src", map);
        } else if self.has("swap")
            || self.has("swapped")
            || self.says("reorder")
            || self.says("exchanged")
        {
            plot.b.swap("la", "lb");
        } else if let Some((before, after)) = self.arrow() {
            for name in ["la", "lb"] {
                plot.a.op(name).parallelism = before;
                plot.b.op(name).parallelism = after;
            }
        } else if self.says("disable chaining")
            || self.says("chaining off")
            || self.says("chaining disabled")
        {
            plot.b.chaining = false;
        } else if self.says("start new chain") {
            plot.b.op("lb").chain = Some("head");
        } else if !self.has("same") && !self.has("into") {
            return None;
        }
        Some(plot)
    }

    /// Operators that come, go and move.
    fn operators(&self, mut plot: Plot) -> Option<Plot> {
        match self.words[..] {
            ["remove", name, ..] if plot.b.has(name) => plot.b.remove(name),
            ["remove", "stateless", ..] => {
                plot.a.insert_behind("src", Op::new("map", Does::Map, 2));
            }
            ["rename", ..] => plot.b.op("counter").name = "renamed",
            ["add", "stateful", ..] => {
                plot.b.insert_behind("la", Op::new("new", Does::List, 3));
            }
            ["add", "stateless", ..] => {
                plot.b.insert_behind("src", Op { uid: None, ..Op::new("map", Does::Map, 2) });
            }
            ["reorder", ..] => {
                (plot.a, plot.b) = (plot.a.with_lb(), plot.b.with_lb());
                plot.b.swap("la", "lb");
            }
            ["chaining", ..] | ["disable", "chaining", ..] | ["rechain", ..] => {
                (plot.a, plot.b) = (plot.a.with_lb(), plot.b.with_lb());
                plot.b.chaining = false;
            }
            _ => return None,
        }
        Some(plot)
    }

    /// State that is renamed, retyped, of another kind, or that begins to expire.
    fn state(&self, mut plot: Plot) -> Option<Plot> {
        if self.says("ttl") {
            let is_off = self.says("disable") || self.says("removed") || self.says("ttl_to_plain");
            let job = if is_off { &mut plot.a } else { &mut plot.b };
            job.op("counter").ttl = true;
            return Some(plot);
        }
        match self.words[..] {
            ["keyed", "long", "to", "string", ..] => plot.b.op("counter").state_type = "text",
            ["keyed", "long", "to", "int", ..] => plot.b.op("counter").state_type = "int",
            ["keyed", "value", "to", "map", ..] => plot.b.op("counter").state_kind = "map",
            ["keyed", "value", "to", "list", ..] => plot.b.op("counter").state_kind = "list",
            ["keyed", "value", "to", "reducing", ..] => {
                plot.b.op("counter").state_kind = "reducing"
            }
            ["keyed", "state", "renamed", "back", ..] => plot.a.op("counter").state = "count2",
            ["keyed", "state", "renamed", ..] => plot.b.op("counter").state = "count2",
            ["list", "string", "to", "long", ..] => plot.b.op("la").items = "long",
            ["list", "state", "renamed", ..] => plot.b.op("la").lists = "\"buf2\"",
            _ => return None,
        }
        Some(plot)
    }

    /// `backend_FROM_FORMAT_…`: the state backend of both jobs, or of the first.
    fn backend(&self, mut plot: Plot) -> Option<Plot> {
        let ["backend", from, ..] = self.words[..] else { return None };
        let backend = |word: &str| if word == "rocksdb" { "rocksdb" } else { "file-system" };
        (plot.a.backend, plot.b.backend) = (backend(from), backend(from));
        if let Some(place) = self.words.iter().position(|word| *word == "to")
            && ["rocksdb", "hashmap", "heap"].contains(&self.words[place + 1])
        {
            plot.b.backend = backend(self.words[place + 1]);
        }
        if self.has("long") && self.has("string") {
            plot.b.op("counter").state_type = "text";
        }
        if self.has("rescale") {
            let (before, after) = self.arrow()?;
            plot.a.op("counter").parallelism = before;
            plot.b.op("counter").parallelism = after;
        }
        Some(plot)
    }

    /// Where the snapshot is looked for, and what was done to it.
    fn files(&self, mut plot: Plot) -> Option<Plot> {
        plot.path = match self.words[..] {
            ["from", "metadata", ..] => Path::Metadata,
            ["trailing", ..] => Path::TrailingSlash,
            ["bad", "scheme"] => Path::Text("foo://nowhere/savepoint-1"),
            ["empty", "path"] => Path::Text(""),
            ["missing", "path"] | ["nonexistent", ..] | ["path", "missing"] => {
                Path::Text("/nowhere/savepoint-1")
            }
            ["corrupt", ..] => Path::Corrupt(self.name["corrupt_".len()..].to_owned()),
            ["relocated", ..] => {
                if self.says("retained") {
                    plot.exit = Exit::Retained;
                }
                plot.a.inline_below = Some(0);
                Path::Moved
            }
            _ => return None,
        };
        Some(plot)
    }

    fn unaligned(&self, mut plot: Plot) -> Option<Plot> {
        if self.words[0] != "unaligned" {
            return None;
        }
        plot.exit = Exit::Unaligned;
        match self.words[1..] {
            ["counter", parallelism, ..] => {
                let parallelism = parallelism.strip_prefix('p')?.parse().ok()?;
                plot.b.op("counter").parallelism = parallelism;
            }
            ["la", ..] | ["source", ..] | ["src", ..] => {
                let of = if self.words[1] == "la" { "la" } else { "src" };
                let (before, after) = self.arrow()?;
                plot.a.op(of).parallelism = before;
                plot.b.op(of).parallelism = after;
            }
            ["add", "map", ..] => {
                plot.b.insert_behind("src", Op { uid: None, ..Op::new("map", Does::Map, 2) });
            }
            ["remove", name, ..] if plot.b.has(name) => plot.b.remove(name),
            ["same", ..] => {}
            _ => return None,
        }
        Some(plot)
    }
}

fn plot_is_claimed(told: &Told<'_>) -> bool {
    ["CLAIM", "LEGACY"].iter().any(|mode| told.has(mode))
}
