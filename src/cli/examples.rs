//! What stands under the help of commands: examples.

/// What is told under the help of the whole.
pub(super) const EXAMPLES: &str = "\
Examples:
  sandbar run sim/word_count.toml
      play a story, check it, and tell what came of it
  sandbar run sim/word_count.toml --seed 8 -v
      under another seed, with every event
  sandbar run sim/word_count.toml --output out=/dev/stdout
      with what the sink `out` committed
  sandbar run sim/word_count_part1.toml --data-dir out/d
      keep savepoints as files under out/d
  sandbar savepoint list out/d
      which there are
  sandbar run sim/word_count_part2.toml -s out/d/savepoints/savepoint-…
      a second process goes on from one
  sandbar sweep my.toml
      play a story under a hundred seeds
  sandbar sweep
      play a thousand drawn stories
  sandbar test stories
      play all stories of a folder, and tell those that fail
  sandbar shrink my.toml --seed 8 -o small.toml
      look for a smaller story that is broken in the same way
  sandbar explain my.toml
      what led to what is broken; or to a checkpoint, a record, a row
  sandbar compare my.toml --seed 1 --seed 2
      where two runs part, and what followed
  sandbar crash my.toml
      kill and lose something at each moment of a story in turn
  sandbar bugs
      real bugs, each as a small story; `bugs E3` plays one
  sandbar draw my.toml -o my.svg
      draw a run as a picture
  sandbar new rescale
      write a first story of your own, with comments
  sandbar check my.toml
      tell all that is wrong with a story, without playing it
  sandbar list actions
      what a step can do; `list` knows the other words of a story, too
  sandbar key hello --parallelism 4
      the key group and subtask of a key
  sandbar rules 2.x
      what a release of Flink does, with sources
  sandbar explain-error 'Incompatible state assignment modes. Was [UNION]…'
      what a message of Flink means, and the way out";

/// How an editor comes to know the language.
pub(super) const SCHEMA: &str = "\
For completion and mistakes while you type, keep it beside your stories,
  sandbar schema > sandbar.schema.json
and begin each story with the line
  #:schema ./sandbar.schema.json
which `sandbar new` writes where such a file is. Even Better TOML (VS Code) and
Taplo, whose language server other editors run, read that line; `taplo lint`
does so without an editor.";

/// What `explain` is for.
pub(super) const EXPLAINING: &str = "\
Examples:
  sandbar explain my.toml
      what led to the first violation of a story that is broken
  sandbar explain my.toml --checkpoint 2
      each task's part in checkpoint 2, who was last and what that hung on
  sandbar explain my.toml --record rows/0/17
      what became of entry 17 of partition 0 of input `rows`
  sandbar explain my.toml --at 1500ms
      which subtask stood where at that time, and what was on its way
  sandbar explain my.toml --rows out
      the rows of sink `out` with the records they stem from";

/// What `compare` is for.
pub(super) const COMPARING: &str = "\
Examples:
  sandbar compare my.toml --flink 1.13 --flink 1.20
      the same story under two of its releases
  sandbar compare my.toml --mutation ack-before-durable
      what changes where the protocol is broken
  sandbar compare my.toml --seed 1 --seed 2
      under two seeds
  sandbar compare before.jsonl after.jsonl
      two traces that `run --trace` wrote

It exits with 0 if both did the same, and with 1 if not.";

/// What `test` is for.
pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  sandbar test stories
      all stories under a folder; what fails is told with the command that
      plays it again
  sandbar test stories --junit stories.xml
      in a build, whose report reads such a file
  sandbar test stories --filter rescale
      those with `rescale` in their path or in what they are about
  sandbar test stories --flink 1.20
      those that are played under this release, under it alone
  sandbar test stories --format json | jq 'select(.result == \"failed\")'
      what failed, for a program

A story that cannot be read hinders none of the others. Each is played from
nothing, as `run FILE` does without -s: one that holds only from a savepoint of
another process fails here; keep it elsewhere, and run it with -s.
It exits with what `run` exits with for the worst of them: 0 if all hold, 1 if
one is broken, 2 if one cannot be read or there is none, 4 or 5 if one is stuck
or panicked.";

/// What a story loses.
pub(super) const SHRINKING: &str = "\
What is tried, again and again until nothing helps: fewer jobs, steps, operators,
subtasks and records; settings as they are where nobody says anything; the newest
release; plainer times. What is kept: the check or expectation that is broken,
and in which way: the sentence that tells it, less names and numbers, in which a
source stays a source, and a sink a sink. Broken protocols (`mutations`) stay.
The same file, seed and budget give the same story.

Examples:
  sandbar shrink my.toml -o small.toml
      a story that `sandbar run` says is broken
  sandbar shrink my.toml --seed 8 -o small.toml
      under a seed that `sandbar sweep my.toml` has found
  sandbar shrink --seed 36 --mutation ack-before-durable
      the drawn story of a seed that `sandbar sweep` has found";

/// What the zoo is for.
pub(super) const BUGS: &str = "\
Each story re-enacts a bug that some system had, by a protocol that is broken on
purpose, by what a release of Flink does, or by a mistake of its user. It is
played as it is, and as it should be; what is told of it is what `run` tells.
Exits with 0 if each story comes out as its file says.

Examples:
  sandbar bugs
      all of them: the entry, the story, what is broken, who notices it first
  sandbar bugs E3
      the stories of an entry
  sandbar bugs e03_files_of_the_start --print-scenario > mine.toml
      the story as a file of your own
  sandbar bugs --matrix --seeds 0..200
      each broken protocol in two hundred drawn worlds, and which checks notice";

/// What crash points are for.
pub(super) const CRASH: &str = "\
The story is played once as it is. Then it is played again for each moment at
which something of its protocol happens, with one step more at that time: each
task is killed, each task manager, the job manager, and each message is lost. A
step comes before whatever else happens at its time, so that every placement is
a step that a file can hold. Only checks are asked for, less those that the
story breaks by itself; a story that stalls counts as broken, too.
Exits with 0 if everything holds, and with 1 if anything is broken.

Examples:
  sandbar crash my.toml
      wherever it is disturbed, up to 4000 worlds
  sandbar crash my.toml --only lose --only kill-job-manager
      these alone
  sandbar crash my.toml -o first.toml
      with the first that breaks a check as a story of its own";
/// What is drawn.
pub(super) const DRAWING: &str = "\
Without options the whole run is drawn, folded: a row for each operator. Beneath
it one checkpoint is drawn in full: that of the first violation; else the last
one before the first restore, up to the restart; else the first that held a
channel back; else the first. The same story, seed and options give the same
bytes. Each mark names its entries of the trace (`data-e`), by the numbers that
`run -v` and `run --trace` tell.

Examples:
  sandbar draw sim/word_count.toml -o word_count.svg
      a whole run, and one checkpoint of it
  sandbar draw sim/unaligned.toml --checkpoint 2 --records -o cut.svg
      one checkpoint with the records that cross its cut
  sandbar draw my.toml --span 1s..2500ms -o part.svg
      part of a run
  sandbar draw my.toml --view gantt -o time.svg
      where the time of checkpoints goes
  sandbar draw my.toml --mutation commit-on-snapshot -o broken.svg
      a protocol that is broken on purpose, with what caused it
  sandbar draw my.toml --format text
      the same in sentences
  sandbar draw my.toml --checkpoint 2 --format ascii
      one checkpoint on the terminal";
