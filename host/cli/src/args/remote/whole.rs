//! The whole command for completions: what there is on this machine, and what a server has.

use clap::{Arg, Command, CommandFactory};

use super::RemoteArguments;
use crate::args::Arguments;

/// Both trees in one. Where both have a command, it has what either has.
pub fn whole() -> Command {
    let mut remote = RemoteArguments::command();
    // So that each command has the options that all have.
    remote.build();
    merged(Arguments::command(), &remote)
}

fn merged(mut local: Command, remote: &Command) -> Command {
    let known: Vec<String> = local.get_arguments().filter_map(long).collect();
    let new = remote.get_arguments().filter(|argument| {
        // Positions and what comes of itself are no use twice.
        long(argument).is_some_and(|long| !known.contains(&long) && long != "help" && long != "version")
    });
    local = local.args(new.map(|argument| argument.clone().global(false).required(false)));
    for command in remote.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = command.get_name().to_owned();
        local = if local.find_subcommand(&name).is_some() {
            local.mut_subcommand(&name, |local| merged(local, command))
        } else {
            local.subcommand(command.clone())
        };
    }
    local
}

fn long(argument: &Arg) -> Option<String> {
    argument.get_long().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_trees_are_in_the_completions() {
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut whole(), "tenon", &mut script);
        let script = String::from_utf8(script).expect("text");
        assert!(script.contains("--server") && script.contains("rollback"), "{script}");
        let whole = whole();
        let find = |path: [&str; 2]| {
            whole
                .find_subcommand(path[0])
                .and_then(|command| command.find_subcommand(path[1]))
        };
        for path in [
            ["job", "start"],
            ["connection", "add"],
            ["connection", "put"],
            ["run", "watch"],
        ] {
            assert!(find(path).is_some(), "{path:?}");
        }
    }
}
