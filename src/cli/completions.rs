//! Scripts by which a shell completes what is typed.

use super::arguments::Arguments;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

/// The script for a shell.
pub(super) fn script(shell: Shell) -> String {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "sandbar", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Fish {
        script.push_str(&words_without_option(&command));
    }
    script
}

/// What the generator leaves out for fish: the words that a command takes without an option, such as `new rescale`.
fn words_without_option(command: &Command) -> String {
    let words =
        |arg: &Arg| arg.get_possible_values().into_iter().map(|word| word.get_name().to_owned());
    let row = |command: &Command| {
        let words: Vec<String> = command.get_positionals().flat_map(words).collect();
        let (name, words) = (command.get_name(), words.join(" "));
        let is_typed = format!("__fish_sandbar_using_subcommand {name}");
        (!words.is_empty())
            .then(|| format!("complete -c sandbar -n \"{is_typed}\" -f -a \"{words}\"\n"))
    };
    command.get_subcommands().filter_map(row).collect()
}
