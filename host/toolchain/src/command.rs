//! Starting programs: with an environment of their own, whole output in errors, and a time limit where one is due.

use std::env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Machine, ToolOutput};

/// How often a program with a time limit is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Prepares a program that searches the machine's path and knows nothing of a cargo or rustup run around us.
///
/// `cargo run` passes its settings down in the environment: the toolchain, flags and folders that are meant for the
/// host would otherwise apply to the guest.
pub(crate) fn command(machine: &Machine, program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if is_of_outer_build(&name) {
            command.env_remove(name);
        }
    }
    command.env("PATH", machine.path_variable()).stdin(Stdio::null());
    command
}

fn is_of_outer_build(name: &OsStr) -> bool {
    const USERS: [&str; 7] = ["HOME", "HTTP_", "NET_", "REGISTR", "SOURCE_", "TERM_", "HTTPS_"];
    let Some(name) = name.to_str() else { return false };
    if let Some(setting) = name.strip_prefix("CARGO_") {
        return !USERS.iter().any(|users| setting.starts_with(users));
    }
    name == "CARGO"
        || name == "RUSTUP_TOOLCHAIN"
        || name == "RUSTFLAGS"
        || name == "RUSTDOCFLAGS"
        || name == "RUST_RECURSION_COUNT"
        || name == "CLIPPY_ARGS"
        || name.starts_with("RUSTC")
        || name.starts_with("__CARGO")
}

/// Runs it to its end and returns what it printed to stdout.
pub(crate) fn capture(command: &mut Command) -> Result<String, Error> {
    let output = command.output().map_err(|cause| Error::Start {
        command: line(command),
        cause,
    })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    Err(failure(
        command,
        output.status,
        &stdout,
        &String::from_utf8_lossy(&output.stderr),
    ))
}

/// Runs it and returns what it printed to stdout, or stops it when the time is up.
pub(crate) fn capture_within(command: &mut Command, limit: Duration) -> Result<String, Error> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|cause| Error::Start {
        command: line(command),
        cause,
    })?;
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = wait_within(&mut child, limit).map_err(|cause| Error::Start {
        command: line(command),
        cause,
    })?;
    let Some(status) = status else {
        return Err(Error::Timeout {
            command: line(command),
            seconds: limit.as_secs(),
        });
    };
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    if status.success() {
        Ok(stdout)
    } else {
        Err(failure(command, status, &stdout, &stderr))
    }
}

/// Runs a compiler to its end. Where it fails, `hint` looks into what it said and says more where we know more.
pub(crate) fn run(
    command: &mut Command,
    output: ToolOutput,
    hint: impl Fn(&str) -> Option<&'static str>,
) -> Result<(), Error> {
    let ended = run_to_end(command, output)?;
    if ended.succeeded() {
        return Ok(());
    }
    Err(ended.failure(command, &ended.stdout, hint(&ended.stderr)))
}

/// Runs a compiler to its end. What it says to people is kept, and where that is wanted also shown as it comes.
pub(crate) fn run_to_end(command: &mut Command, output: ToolOutput) -> Result<Ended, Error> {
    let shown = output == ToolOutput::Shown;
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let finished = started.and_then(|mut child| {
        let stderr = child.stderr.take();
        let said = thread::spawn(move || said(stderr, shown));
        Ok((child.wait_with_output()?, said.join().unwrap_or_default()))
    });
    let (finished, stderr) = finished.map_err(|cause| Error::Start {
        command: line(command),
        cause,
    })?;
    Ok(Ended {
        status: finished.status,
        stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
        stderr,
        shown,
    })
}

/// How a compiler has ended, and what it said.
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Whether people have seen what it said on stderr.
    shown: bool,
}

impl Ended {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// The error of one that failed, with what people haven't seen of it.
    pub(crate) fn failure(&self, command: &Command, stdout: &str, hint: Option<&str>) -> Error {
        let stderr = if self.shown { "" } else { self.stderr.trim_end() };
        let hint = hint.unwrap_or_default();
        failure(command, self.status, stdout, &format!("{stderr}\n\n{hint}"))
    }
}

/// Whether what a compiler says to people is to have colours: it sees no terminal itself.
pub(crate) fn coloured(output: ToolOutput) -> bool {
    output == ToolOutput::Shown && io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none()
}

/// All that comes out of a pipe, which goes to our stderr too if it is `shown`.
fn said(pipe: Option<impl Read>, shown: bool) -> String {
    let mut kept = Kept {
        bytes: Vec::new(),
        shown,
    };
    if let Some(mut pipe) = pipe {
        // What came before a failed read is still worth showing.
        let _ = io::copy(&mut pipe, &mut kept);
    }
    String::from_utf8_lossy(&kept.bytes).into_owned()
}

/// What is written is kept, and shown.
struct Kept {
    bytes: Vec<u8>,
    shown: bool,
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shown {
            // The compiler goes on, whether anybody looks or not.
            let _ = io::stderr().write_all(bytes);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The error of a program that ended with one.
pub(crate) fn failure(command: &Command, status: ExitStatus, stdout: &str, stderr: &str) -> Error {
    let output = format!("{}\n{}", stdout.trim_end(), stderr.trim_end())
        .trim()
        .to_owned();
    Error::Command {
        command: line(command),
        status: status.to_string(),
        output,
    }
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a failed read is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait_within(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_cargo_run_around_us_are_dropped() {
        for name in [
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "CARGO_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_MAKEFLAGS",
            "RUSTC",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
        ] {
            assert!(is_of_outer_build(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn settings_of_the_user_are_kept() {
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_X_INDEX",
            "PATH",
            "RUST_LOG",
        ] {
            assert!(!is_of_outer_build(OsStr::new(name)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_stopped() {
        let started = Instant::now();
        let error = capture_within(Command::new("sleep").arg("30"), Duration::from_millis(100)).unwrap_err();
        assert!(
            matches!(&error, Error::Timeout { command, .. } if command == "sleep 30"),
            "{error}"
        );
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[cfg(unix)]
    #[test]
    fn hints_follow_what_was_said_and_nothing_is_said_twice() {
        let fail = |output| {
            let hint = |said: &str| said.contains("no such header").then_some("put it below src");
            let mut command = Command::new("sh");
            command.args(["-c", "echo no such header >&2; exit 3"]);
            match run(&mut command, output, hint) {
                Err(Error::Command { output, .. }) => output,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(fail(ToolOutput::Captured), "no such header\n\nput it below src");
        assert_eq!(fail(ToolOutput::Shown), "put it below src");
        let mut succeeds = Command::new("sh");
        run(succeeds.args(["-c", "echo fine >&2"]), ToolOutput::Captured, |_| None).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_failure_shows_everything_that_was_printed() {
        let error = capture(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap_err();
        let Error::Command { status, output, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(output, "out\nerr");
        assert!(status.contains('3'), "{status}");
    }
}
