//! Saying what is going on, and for how long it went on.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Announces a step, takes it, and says how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let started = Instant::now();
    let outcome = work();
    let ending = if outcome.is_ok() { "done" } else { "failed" };
    eprintln!("    {ending} after {:.1} s", started.elapsed().as_secs_f64());
    outcome
}

/// Runs a command whose output goes to ours, and fails when it does.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns what it prints to stdout; fails when it does.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until a program has ended whose stdout and stderr are pipes, and returns what it printed to them; stops it, and
/// fails, when the time is up.
pub(crate) fn finish_within(mut child: Child, limit: Duration) -> Result<(ExitStatus, String)> {
    const POLL: Duration = Duration::from_millis(20);
    let printed = [reader(child.stdout.take()), reader(child.stderr.take())];
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            let printed = printed.map(|text| text.join().unwrap_or_default());
            return Ok((status, printed.concat()));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            // What it started may hold the pipes open for longer: what was printed is not waited for.
            bail!("they did not end within {} s, and were stopped", limit.as_secs());
        }
        thread::sleep(POLL);
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a failed read is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn shell(script: &str) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell.spawn().unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn what_was_printed_comes_back_if_it_ends_in_time() {
        let child = shell("echo said; echo told >&2; exit 3");
        let (status, printed) = finish_within(child, Duration::from_mins(1)).unwrap();
        assert_eq!((status.code(), printed.as_str()), (Some(3), "said\ntold\n"));
        let error = finish_within(shell("exec sleep 30"), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("did not end within"), "{error}");
    }
}
