//! Debian's security archive carries a recent compiler, which its browsers are built with.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::command::{capture, capture_within, command};
use crate::{Error, Machine};

/// The compiler, cargo and the sources of the standard library.
pub(crate) const COMPILER: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
/// LLVM's linkers.
pub(crate) const LINKER: [&str; 1] = ["lld"];

/// Some 150 MB are downloaded for the compiler.
const LIMIT: Duration = Duration::from_mins(15);

/// apt, where it is there and we may use it.
pub(crate) struct Apt<'a> {
    machine: &'a Machine,
    program: PathBuf,
    sudo: Option<PathBuf>,
}

impl<'a> Apt<'a> {
    /// `None` where the machine has no apt, or we are neither root nor may become it without a password.
    pub(crate) fn find(machine: &'a Machine) -> Option<Self> {
        let program = machine.program("apt-get")?;
        let id = machine.program("id")?;
        let user = capture(command(machine, &id).arg("-u")).ok()?;
        if user.trim() == "0" {
            return Some(Self {
                machine,
                program,
                sudo: None,
            });
        }
        let sudo = machine.program("sudo")?;
        capture(command(machine, &sudo).args(["-n", "true"])).ok()?;
        Some(Self {
            machine,
            program,
            sudo: Some(sudo),
        })
    }

    /// Installs packages, after an update of the lists where they don't have them or are stale.
    pub(crate) fn install(&self, packages: &[&str], say: &mut dyn FnMut(&str)) -> Result<(), Error> {
        say(&format!("apt-get install {}", packages.join(" ")));
        if self.try_install(packages).is_ok() {
            return Ok(());
        }
        say("apt-get update, then once more");
        // A failed update of one foreign archive does not matter if the packages can be had.
        let updated = self.run(&["update"]);
        self.try_install(packages)
            .map_err(|error| updated.err().unwrap_or(error))
    }

    fn try_install(&self, packages: &[&str]) -> Result<(), Error> {
        // No removals: these packages conflict with Debian's older rustc, which somebody may need.
        let mut arguments = vec![
            "-y",
            "-o",
            "DPkg::Lock::Timeout=120",
            "install",
            "--no-install-recommends",
            "--no-remove",
        ];
        arguments.extend(packages);
        self.run(&arguments)
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Error> {
        let mut apt = self.command();
        apt.args(arguments);
        capture_within(&mut apt, LIMIT).map(drop)
    }

    fn command(&self) -> Command {
        let mut apt = match &self.sudo {
            None => command(self.machine, &self.program),
            Some(sudo) => {
                let mut sudo = command(self.machine, sudo);
                // sudo drops our environment, so the variable is set behind it.
                sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive"])
                    .arg(&self.program);
                sudo
            }
        };
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    }
}
