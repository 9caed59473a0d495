//! Tools from package registries, each set in a folder of its own in the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{capture, capture_within, command};
use crate::debian::Apt;
use crate::fingerprint::Fingerprint;
use crate::{Error, Machine};

/// The largest of them is 100 MB.
const LIMIT: Duration = Duration::from_mins(15);
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// The folder of programs of a Python environment that has exactly these packages.
pub(crate) fn python(machine: &Machine, packages: &[&str], say: &mut dyn FnMut(&str)) -> Result<PathBuf, Error> {
    let folder = folder(machine, "python", packages);
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    install_once(
        machine,
        &folder,
        &format!("pip install {}", packages.join(" ")),
        say,
        |say| {
            let python = system_python(machine)?;
            let environment =
                || capture(command(machine, &python).args(["-m", "venv", "--clear"]).arg(&folder)).map(drop);
            if let Err(error) = environment() {
                // Debian keeps the module in a package of its own.
                let apt = Apt::find(machine).ok_or(error)?;
                apt.install(&["python3-venv"], say)?;
                environment()?;
            }
            let mut pip = command(machine, &programs.join("python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            capture_within(pip.args(packages), LIMIT).map(drop)
        },
    )?;
    Ok(programs)
}

/// The `node_modules` folder that has exactly these packages.
pub(crate) fn node(machine: &Machine, packages: &[&str], say: &mut dyn FnMut(&str)) -> Result<PathBuf, Error> {
    let folder = folder(machine, "node", packages);
    install_once(
        machine,
        &folder,
        &format!("npm install {}", packages.join(" ")),
        say,
        |_| {
            let npm = machine.program("npm").ok_or_else(|| Error::NoTool {
                tool: "npm".to_owned(),
                problem: "is not installed".to_owned(),
                advice: "apt-get install nodejs npm     # Node.js 18 or newer".to_owned(),
            })?;
            fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
            let manifest = folder.join("package.json");
            fs::write(&manifest, "{\"private\":true}").map_err(Error::file("write", &manifest))?;
            let mut npm = command(machine, &npm);
            npm.current_dir(&folder)
                .args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
            capture_within(npm.args(packages), LIMIT).map(drop)
        },
    )?;
    Ok(folder.join("node_modules"))
}

/// The machine's Python, if it is new enough.
pub(crate) fn system_python(machine: &Machine) -> Result<PathBuf, Error> {
    let advice = "apt-get install python3 python3-venv     # Python 3.10 or newer".to_owned();
    let mut problem = "is not installed".to_owned();
    for python in ["python3", "python"].iter().flat_map(|name| machine.programs(name)) {
        const VERSION: &str = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let Ok(version) = capture(command(machine, &python).args(["-c", VERSION])) else {
            continue;
        };
        let mut numbers = version.split_whitespace().filter_map(|number| number.parse().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) {
            if (major, minor) >= OLDEST_PYTHON {
                return Ok(python);
            }
            problem = format!("is too old: {} is {major}.{minor}", python.display());
        }
    }
    Err(Error::NoTool {
        tool: "Python".to_owned(),
        problem,
        advice,
    })
}

fn folder(machine: &Machine, kind: &str, packages: &[&str]) -> PathBuf {
    let mut fingerprint = Fingerprint::default();
    for package in packages {
        fingerprint.text(package);
    }
    machine.cache.join("tools").join(format!("{kind}-{fingerprint}"))
}

/// Fills a folder, once, whoever else wants it at the same time.
fn install_once(
    machine: &Machine,
    folder: &Path,
    command: &str,
    say: &mut dyn FnMut(&str),
    install: impl FnOnce(&mut dyn FnMut(&str)) -> Result<(), Error>,
) -> Result<(), Error> {
    // Written last, so that what was cut short is done again.
    let installed = folder.join("installed");
    if installed.is_file() {
        return Ok(());
    }
    let tools = machine.cache.join("tools");
    fs::create_dir_all(&tools).map_err(Error::file("create", &tools))?;
    let lock = folder.with_extension("lock");
    let locked = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _locked = locked.map_err(Error::file("lock", &lock))?;
    if installed.is_file() {
        return Ok(());
    }
    if machine.offline {
        return Err(Error::Offline {
            command: command.to_owned(),
        });
    }
    say(command);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::file("remove", folder))?;
    }
    install(say)?;
    fs::write(&installed, command).map_err(Error::file("write", &installed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(cache: &Path, path: &[&Path]) -> Machine {
        Machine {
            path: path.iter().map(|folder| folder.to_path_buf()).collect(),
            rustup_home: None,
            cache: cache.to_owned(),
            offline: true,
        }
    }

    #[test]
    fn offline_says_what_it_would_have_run() {
        let cache = tempfile::tempdir().unwrap();
        let machine = machine(cache.path(), &[]);
        let error = node(&machine, &["left-pad@1.3.0"], &mut |_| {})
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("npm install left-pad@1.3.0") && error.contains("TENON_OFFLINE"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_tool_is_named_with_what_installs_it() {
        let cache = tempfile::tempdir().unwrap();
        let machine = Machine {
            offline: false,
            ..machine(cache.path(), &[])
        };
        let error = node(&machine, &["left-pad@1.3.0"], &mut |_| {})
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("npm is not installed") && error.contains("apt-get install"),
            "{error}"
        );
        let error = python(&machine, &["six==1.17.0"], &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("Python is not installed"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_python_that_is_too_old_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python3");
        fs::write(&python, "#!/bin/sh\necho 3 7\n").unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let machine = machine(folder.path(), &[folder.path(), Path::new("/bin")]);
        let machine = Machine {
            path: vec![folder.path().to_owned()],
            ..machine
        };
        let error = system_python(&machine).unwrap_err().to_string();
        assert!(error.contains("too old") && error.contains("3.7"), "{error}");
    }
}
