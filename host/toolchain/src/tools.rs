use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::command;
use crate::{Error, Language, Machine, Toolchain, c, go, javascript, packages, python, sdk, zig};

/// The tools that build guests: found, or installed, when first needed.
pub struct Tools<'a> {
    machine: Machine,
    say: Box<dyn FnMut(&str) + Send + 'a>,
    rust: Option<Toolchain>,
}

impl<'a> Tools<'a> {
    /// Those of this machine. `say` is told of each step that takes time.
    ///
    /// # Errors
    /// [`Error::NoCache`].
    pub fn from_env(say: impl FnMut(&str) + Send + 'a) -> Result<Self, Error> {
        Ok(Self::on(Machine::from_env()?, say))
    }

    /// As [`from_env`](Self::from_env), with places that the caller chose.
    pub fn on(machine: Machine, say: impl FnMut(&str) + Send + 'a) -> Self {
        Self {
            machine,
            say: Box::new(say),
            rust: None,
        }
    }

    /// Finds or installs what a language takes; describes it in a line.
    ///
    /// # Errors
    /// [`Error::NoToolchain`] and [`Error::NoTool`] say what to install, [`Error::Command`] what went wrong with it.
    pub fn prepare(&mut self, language: Language) -> Result<String, Error> {
        match language {
            Language::Rust => Ok(self.rust()?.describe()),
            Language::Python => python::prepare(self),
            Language::JavaScript => javascript::prepare(self),
            Language::Go => go::prepare(self),
            Language::C => c::prepare(self),
            Language::Zig => zig::prepare(self),
        }
    }

    /// The toolchain of Rust.
    ///
    /// # Errors
    /// As [`Toolchain::find_or_install`].
    pub fn rust(&mut self) -> Result<&Toolchain, Error> {
        let toolchain = match self.rust.take() {
            Some(toolchain) => toolchain,
            None => Toolchain::find_or_install_on(&self.machine, &mut self.say)?,
        };
        Ok(self.rust.insert(toolchain))
    }

    /// The machine that they are on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Tells people of a step that takes time.
    pub(crate) fn say(&mut self, line: &str) {
        (self.say)(line);
    }

    /// A program, with the machine's path and nothing of a cargo run around us.
    pub(crate) fn command(&self, program: &Path) -> Command {
        command(&self.machine, program)
    }

    /// Go's command, of a Go that is new enough for guests.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn go(&mut self) -> Result<Command, Error> {
        let go = go::compiler(self)?;
        Ok(self.command(&go))
    }

    /// Zig's command, of the Zig that guests are built with.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn zig(&mut self) -> Result<Command, Error> {
        Ok(c::Compiler::find(self)?.zig(self))
    }

    /// The folder of programs (`bin`) of a Python environment that has exactly these packages, as pip names them
    /// (`componentize-py==0.25.1`).
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn python_packages(&mut self, packages: &[&str]) -> Result<PathBuf, Error> {
        packages::python(&self.machine, packages, &mut self.say)
    }

    /// The `node_modules` folder that has these packages, as npm names them (`componentize-qjs@0.4.5`).
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn node_packages(&mut self, packages: &[&str]) -> Result<PathBuf, Error> {
        packages::node(&self.machine, packages, &mut self.say)
    }

    /// The folder of an SDK (`python`, `js`), as it is in the repository.
    pub(crate) fn sdk(&self, name: &str) -> Result<PathBuf, Error> {
        sdk::unpacked(&self.machine, name)
    }

    /// The folder of the contract's WIT files.
    pub(crate) fn wit(&self) -> Result<PathBuf, Error> {
        sdk::unpacked(&self.machine, "wit")
    }
}
