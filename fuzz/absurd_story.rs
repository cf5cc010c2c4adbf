//! Steps and expectations by the grammar.

use super::{Draft, WORDS};
use sandbar::internals::Word;
use sandbar::{CheckName, Sometimes};
use std::fmt::Write;

const CALLS: [&str; 11] = [
    "open",
    "process",
    "snapshot",
    "async-snapshot",
    "prepare-snapshot",
    "notify-complete",
    "notify-aborted",
    "initialize",
    "finish",
    "close",
    "no-such",
];

impl Draft<'_> {
    /// The name of a job.
    fn some_job(&mut self) -> String {
        let names: Vec<String> = self.jobs.iter().map(|job| job.name.clone()).collect();
        let name = self.pick(&names);
        self.or_absurd(format!("'{name}'"))
    }

    /// The name of a task.
    fn some_task(&mut self) -> String {
        let tasks: Vec<String> = self
            .jobs
            .iter()
            .flat_map(|job| {
                job.operators.iter().map(move |operator| format!("{}:{operator}", job.name))
            })
            .collect();
        let task = self.pick(&tasks);
        let subtask = if self.one_in > 0 { self.pick(&["0", "0", "1", "4294967295"]) } else { "0" };
        self.or_absurd(format!("'{task}/{subtask}'"))
    }

    pub(super) fn step(&mut self, number: u32) {
        self.say("[[step]]\n");
        if self.is_one_in(2) {
            let at = self.time();
            self.say(format!("at = {at}\n"));
        } else {
            let milestone = self.milestone();
            self.say(format!("when = {{ {milestone} }}\n"));
            if self.is_one_in(4) {
                let after = self.time();
                self.say(format!("after = {after}\n"));
            }
        }
        let action = self.action(number);
        self.say(format!("do = {{ {action} }}\n"));
        if self.is_one_in(8) {
            let retry = self.time();
            self.say(format!("retry = {retry}\n"));
        } else if self.is_one_in(20) {
            let refused = self.word(&WORDS);
            self.say(format!("refused = {refused}\n"));
        }
    }

    fn milestone(&mut self) -> String {
        let checkpoint = self.number(&[1, 2, 3, 4_294_967_295]);
        match self.below(3) {
            0 => {
                let word =
                    self.pick(&["triggered", "metadata-written", "pointer-stored", "completed"]);
                let job = self.some_job();
                format!("{word} = {{ checkpoint = {checkpoint}, job = {job} }}")
            }
            1 => {
                let word = self.pick(&["snapshot", "durable", "ack-sent", "acked", "notified"]);
                let task = self.some_task();
                format!("{word} = {{ checkpoint = {checkpoint}, by = {task} }}")
            }
            _ => {
                let word = self.pick(&[
                    "restored",
                    "created",
                    "running",
                    "restarting",
                    "canceling",
                    "canceled",
                    "finished",
                    "failed",
                    "lost",
                    "suspended",
                ]);
                let job = self.some_job();
                format!("{word} = {job}")
            }
        }
    }

    fn action(&mut self, number: u32) -> String {
        let (job, task) = (self.some_job(), self.some_task());
        let manager = self.number(&[0]);
        let old = if self.one_in > 0 {
            self.pick(&["j0@newest", "j0@1", "l0", "l1"])
        } else {
            "j0@newest"
        };
        let old = self.or_absurd(format!("'{old}'"));
        let (own, time) = (format!("'l{number}'"), self.time());
        match self.below(25) {
            0..=2 => {
                let from = self.maybe(2, "from", |_| old);
                let claim = self.maybe(3, "claim", |d| d.word(&["claim", "no-claim", "legacy"]));
                let dropped = self.maybe(3, "allow-non-restored-state", Self::truth);
                format!("run = {{ {from}{claim}{dropped}job = {job} }}")
            }
            3..=5 => {
                let format = self.maybe(4, "format", |d| d.word(&["canonical", "native"]));
                format!("savepoint = {{ {format}job = {job}, as = {own} }}")
            }
            6 => format!("cancel = {{ job = {job}, with-savepoint = true, as = {own} }}"),
            7 => format!("cancel = {{ job = {job} }}"),
            8 => {
                let drain = self.maybe(2, "drain", Self::truth);
                format!("stop = {{ {drain}job = {job}, as = {own} }}")
            }
            9 => format!("checkpoint = {{ job = {job}, as = {own} }}"),
            10 => {
                let call = self.word(&CALLS);
                let times = self.maybe(3, "times", |d| d.number(&[1, 70_000, 4_294_967_295]));
                format!("fail = {{ {times}task = {task}, in = {call} }}")
            }
            11 => format!("block = {{ task = {task}, for = {time} }}"),
            12 => format!("unblock = {task}"),
            13 => format!("kill = {task}"),
            14 => format!("kill-task-manager = {manager}"),
            15 => format!("partition = {{ task-manager = {manager}, for = {time} }}"),
            16 => "kill-job-manager = true".to_owned(),
            17 => {
                let fault = self.word(&["refused", "torn", "lost", "reply-lost"]);
                let what = self.pick(&[format!("state = {task}"), format!("metadata = {job}")]);
                format!("storage = {{ {what}, fault = {fault} }}")
            }
            18 => {
                let release = self.word(&["1.4", "1.11", "1.15", "2.x"]);
                format!("upgrade = {release}")
            }
            19 => format!("move = {{ savepoint = {old}, to = 'elsewhere' }}"),
            20 => format!("copy = {{ savepoint = {old}, as = {own}, to = 'copy' }}"),
            21 => format!("delete = {{ savepoint = {old} }}"),
            22 => format!("dispose = {{ savepoint = {old} }}"),
            23 => {
                let aim = self.pick(&[
                    "trigger",
                    "ack",
                    "decline",
                    "notify-complete",
                    "notify-aborted",
                    "split",
                ]);
                format!("lose = {{ {aim} = {task} }}")
            }
            _ => {
                let (word, aim) = (
                    self.pick(&["delay", "repeat"]),
                    self.pick(&["trigger", "ack", "notify-complete"]),
                );
                format!("{word} = {{ {aim} = {task}, by = {time} }}")
            }
        }
    }

    pub(super) fn expect(&mut self) {
        self.say("[expect]\nmay-refuse = true\n");
        let (job, task) = (self.some_job(), self.some_task());
        let name = job.trim_matches('\'').to_owned();
        for key in [
            "holds",
            "breaks",
            "sometimes",
            "jobs",
            "committed-rows",
            "completed",
            "callbacks",
            "attempts",
        ] {
            if !self.is_one_in(5) {
                continue;
            }
            let value = match key {
                "holds" | "breaks" => format!("['{}']", self.pick(CheckName::ALL)),
                "sometimes" => format!("['{}']", self.pick(Sometimes::ALL)),
                "jobs" => format!("{{ {name} = 'finished' }}"),
                "committed-rows" => {
                    let rows = self.number(&[0, 1, 18_446_744_073_709_551_615]);
                    format!("{{ out = {rows} }}")
                }
                "completed" => format!("{{ {name} = [1, 2, 18446744073709551615] }}"),
                "callbacks" => format!("{{ {task} = ['open'] }}"),
                _ => format!("{{ {task} = 1 }}"),
            };
            let value = self.or_absurd(value);
            writeln!(self.out, "{key} = {value}").expect("a string takes everything");
        }
    }
}
