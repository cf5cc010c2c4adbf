//! What is on the agenda, in words.

use crate::cluster::control::{Control, ForTask, Kind, News, unpack};
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::world::World;
use crate::effect::JobTimer;
use crate::job::{RunId, TaskId};
use crate::kernel::Event;

/// How much of what is due next is told.
const TOLD_MAX: usize = 5;
/// Among how many events it is looked for.
const LOOKED_AT_MAX: usize = 200;

/// What is due in a world.
pub(crate) struct Due<'w>(pub(crate) &'w World);

impl Due<'_> {
    /// What this event and those after it are about, in words.
    pub(crate) fn next(&self, event: Event) -> Vec<String> {
        let mut agenda = self.0.journal.agenda.clone();
        let mut told: Vec<String> = Vec::new();
        let rest = std::iter::from_fn(|| agenda.pop());
        for event in std::iter::once(event).chain(rest).take(LOOKED_AT_MAX) {
            let words = self.in_words(event.what);
            if !told.contains(&words) {
                told.push(words);
            }
            if told.len() == TOLD_MAX {
                break;
            }
        }
        let later = self.0.journal.controls.steps().map(|step| self.step_in_words(step));
        let later = later.filter(|words| !told.contains(words)).take(TOLD_MAX);
        let later: Vec<String> = later.map(|words| format!("later {words}")).collect();
        told.extend(later);
        told
    }

    fn step_in_words(&self, step: usize) -> String {
        match self.0.scenario.steps.get(step).map(|step| step.line.0) {
            Some(line @ 1..) => format!("the step in line {line}"),
            Some(0) | None => format!("step {step}"),
        }
    }

    /// What an event is about: `clicks/0 reads`.
    fn in_words(&self, what: u32) -> String {
        let (kind, index) = unpack(what);
        match kind {
            Kind::Head => format!("an element reaches {}", self.receiver(WireId::new(index))),
            Kind::Turn => format!("{} takes the next element", self.at(PlaceId::new(index))),
            Kind::Read => format!("{} reads", self.at(PlaceId::new(index))),
            Kind::Control => match self.0.journal.controls.peek(index) {
                Some(control) => self.control_in_words(control),
                None => "nothing".to_owned(),
            },
        }
    }

    /// The name of a task: `count#0:counts/1`.
    fn named(&self, task: TaskId) -> String {
        let layout = &self.0.hosts.places[PlaceId::of(task)].layout;
        format!("{}:{}", layout.label, layout.task_name(task))
    }

    fn at(&self, place: PlaceId) -> String {
        self.named(self.0.hosts.places[place].id)
    }

    fn receiver(&self, wire: WireId) -> String {
        self.at(self.0.network.channels[wire].to)
    }

    fn control_in_words(&self, control: &Control) -> String {
        let label = |run: &RunId| self.0.leaders[*run].layout.label.as_str();
        match control {
            Control::Task { task, what, .. } => what.in_words(&self.named(*task)),
            Control::ToJob { task, .. } => format!("a message of {} arrives", self.named(*task)),
            Control::BarrierArrives { wire, checkpoint, .. } => {
                format!("the barrier of checkpoint {checkpoint} reaches {}", self.receiver(*wire))
            }
            Control::ToLeader { run, news, .. } => news_in_words(label(run), *news),
            Control::Pointer { run, .. } => format!("a pointer of {} is stored", label(run)),
            Control::TakeOver(run) => format!("{} is taken over", label(run)),
            Control::Recover(run) => format!("{} recovers", label(run)),
            Control::Step(step) => self.step_in_words(*step),
            Control::Replaced(manager) => format!("task manager {} is replaced", manager.index()),
            Control::TaskManagerSilent { manager, .. }
            | Control::JobManagerSilent { manager, .. }
            | Control::NetworkWhole { manager, .. } => {
                format!("something becomes of task manager {}, which is cut off", manager.index())
            }
            Control::Until => "`until`".to_owned(),
            Control::Quiet(_) => "the end of a world that is quiet".to_owned(),
        }
    }
}

impl ForTask {
    fn in_words(&self, task: &str) -> String {
        match self {
            Self::Message(_) => format!("a message reaches {task}"),
            Self::Started(_) => format!("{task} starts"),
            Self::Durable(checkpoint, _) => {
                format!("the snapshot of {task} for checkpoint {checkpoint} is durable")
            }
            Self::SendAck(checkpoint, _) => format!("{task} acks checkpoint {checkpoint}"),
            Self::AlignmentTimer(checkpoint) => {
                format!("the aligned time of checkpoint {checkpoint} is over for {task}")
            }
            Self::Wake(_) => format!("a timer or a watermark of {task} is due"),
            Self::Disowned => format!("{task} ends"),
            Self::Unblock => format!("{task} is not blocked any more"),
            Self::UploadFailed(checkpoint) => {
                format!("{task} fails to upload checkpoint {checkpoint}")
            }
        }
    }
}

/// What reaches the job manager of a run.
fn news_in_words(run: &str, news: News) -> String {
    match news {
        News::Timer(JobTimer::Periodic(_)) => format!("a periodic checkpoint of {run}"),
        News::Timer(JobTimer::Expire(checkpoint)) => {
            format!("the timeout of checkpoint {checkpoint} of {run}")
        }
        News::Timer(JobTimer::Enumerators(checkpoint)) => {
            format!("the state of the split enumerators of {run} for checkpoint {checkpoint}")
        }
        News::Timer(JobTimer::Assignment(_)) => format!("the timeout of a split of {run}"),
        News::Timer(JobTimer::Restart(_)) => format!("a restart of {run}"),
        News::Metadata(checkpoint)
        | News::MetadataStored(checkpoint)
        | News::MetadataUnheard(checkpoint)
        | News::MetadataFailed(checkpoint) => {
            format!("the metadata of checkpoint {checkpoint} of {run}")
        }
        News::PointerStored(checkpoint) | News::PointerFailed(checkpoint) => {
            format!("the pointer to checkpoint {checkpoint} of {run}")
        }
    }
}
