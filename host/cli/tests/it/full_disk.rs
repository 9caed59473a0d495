//! A disk that is full in the middle of a write.

use std::fs;
use std::process::{Command, Output};

use crate::place::{Ended, Place};

/// Ways to a place where nobody else sees what is mounted: of root, and of whoever may make namespaces of users.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// Mounts a disk of 2 MiB at `disk`, with data of before in `disk/out`, and runs a command. The mount goes with it, so that what
/// is left there is noted outside.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=2m tenon disk && mkdir disk/out && cp before.csv disk/out/ || exit 97
"$0" "$@"
code=$?
ls -A disk/out > left.txt && cp disk/out/*.csv left.csv || exit 98
exit $code
"#;

/// Runs a command of the place on a disk that is small, in this sort of namespace.
fn on_a_small_disk(place: &Place, namespace: &[&str], run: &Command) -> anyhow::Result<Output> {
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", ON_A_SMALL_DISK]);
    command.arg(run.get_program()).args(run.get_args());
    command.current_dir(place.path(""));
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .output()
        .map_err(|error| anyhow::anyhow!("there is no `unshare`: {error}"))
}

/// The sort of namespace in which a disk can be mounted here.
fn namespace(place: &Place) -> anyhow::Result<&'static [&'static str]> {
    let mut reasons = Vec::new();
    for namespace in NAMESPACES {
        let tried = on_a_small_disk(place, namespace, &Command::new("true"))?;
        if tried.status.success() {
            return Ok(namespace);
        }
        reasons.push(String::from_utf8_lossy(&tried.stderr).trim().to_owned());
    }
    anyhow::bail!("no disk can be mounted here: {}", reasons.join("; "))
}

#[test]
fn a_full_disk_is_named_and_what_was_there_stays() {
    let place = Place::new();
    fs::create_dir(place.path("disk")).expect("made");
    fs::write(place.path("before.csv"), "id\n7\n").expect("written");
    let Some(namespace) = tenon_servers::or_skip("a full disk", namespace(&place)) else {
        return;
    };
    // Some 8 MB.
    let numbers = (0..400_000_u64).map(|id| format!("{}\n", id.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    fs::write(place.path("many.csv"), format!("id\n{}", numbers.collect::<String>())).expect("written");
    let job = "sources.numbers.url = \"many.csv\"\n\
               [sinks.out]\nfrom = \"numbers\"\nurl = \"disk/out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    fs::write(place.path("copy.toml"), job).expect("written");
    let ended = on_a_small_disk(&place, namespace, &place.command(&["run", "copy.toml"]));
    let message = Ended::from(ended.expect("started")).failed(1);
    assert!(
        message.contains("No space left on device") && message.contains("disk/out/"),
        "{message}"
    );
    let left = |name: &str| fs::read_to_string(place.path(name)).expect("noted");
    assert_eq!(left("left.txt"), "before.csv\n", "nothing else is left");
    assert_eq!(left("left.csv"), "id\n7\n");
}
