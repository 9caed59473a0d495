use std::io;
use std::path::{Path, PathBuf};

/// What went wrong while finding a guest toolchain or building a guest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing on this machine can build guests, and nothing could be installed.
    #[error(
        "nothing on this machine can build guests for {}.\nLooked at:\n{looked_at}\nDo one of these, then try again:\n{advice}",
        crate::Target::Unknown
    )]
    NoToolchain {
        /// Each place that was looked at and why it does not serve, one per line.
        looked_at: String,
        /// Commands that would get a toolchain, one per line.
        advice: String,
    },
    /// A program could not be started.
    #[error("could not start `{command}`: {cause}; check that it is installed and may be run")]
    Start {
        /// The command line.
        command: String,
        /// Why not.
        cause: io::Error,
    },
    /// A program ended with an error.
    #[error("`{command}` failed ({status}){}{output}", if output.is_empty() { "" } else { ":\n" })]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// What it printed, whole; empty where its output was passed through.
        output: String,
    },
    /// A program was stopped because it took too long.
    #[error("`{command}` did not end within {seconds} seconds and was stopped")]
    Timeout {
        /// The command line.
        command: String,
        /// The time it was given, in seconds.
        seconds: u64,
    },
    /// No folder for the cache is known.
    #[error("no cache folder is known: set TENON_CACHE to a folder that Tenon may write to")]
    NoCache,
    /// A file or folder could not be read or written.
    #[error("could not {action} {}: {cause}", path.display())]
    File {
        /// What was being done, as in "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Building the standard library did not give the files that it should.
    #[error(
        "building std for {target} with Rust {version} gave no {missing}; please report this, with the output above"
    )]
    IncompleteStd {
        /// The target it was built for.
        target: crate::Target,
        /// The compiler's version.
        version: String,
        /// The library that is missing.
        missing: String,
    },
    /// A tool is missing, or too old.
    #[error("{tool} {problem}; this installs it:\n    {advice}")]
    NoTool {
        /// The tool.
        tool: String,
        /// What is wrong with it, as in "is not installed".
        problem: String,
        /// The command that gets it.
        advice: String,
    },
    /// Something would have to be downloaded.
    #[error("TENON_OFFLINE forbids downloads, and this needs one: {command}; run it once with TENON_OFFLINE unset")]
    Offline {
        /// What would have been run.
        command: String,
    },
    /// The project cannot become a guest as it is.
    #[error("{}: {problem}", place.display())]
    Source {
        /// The file or folder at fault.
        place: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The project folder holds nothing that tells its language.
    #[error(
        "{} is no project of a language that Tenon knows: it has none of Cargo.toml, pyproject.toml, package.json, \
         go.mod and build.zig, and no sources in Python, C, C++ or Zig; name the folder that holds the guest",
        project.display()
    )]
    NotAProject {
        /// The folder.
        project: PathBuf,
    },
    /// The project built, but gave no WebAssembly library.
    #[error(
        "{} is built into no WebAssembly library: add this to its Cargo.toml:\n\n[lib]\ncrate-type = [\"cdylib\"]",
        project.join("Cargo.toml").display()
    )]
    NotCdylib {
        /// The project's folder.
        project: PathBuf,
    },
    /// The manifest is that of a workspace without a package of its own.
    #[error("{} is a workspace and not a guest; name one of its members' folders", project.display())]
    Workspace {
        /// The folder.
        project: PathBuf,
    },
    /// The built module is no guest of Tenon.
    #[error(
        "{} cannot become a component: {cause}.\nA guest offers a function or a job through the SDK of its language, as \
         #[tenon::transform] of tenon-sdk does; it gets what that SDK offers and nothing else",
        module.display()
    )]
    NoComponent {
        /// The module.
        module: PathBuf,
        /// Why not.
        cause: tenon_component::Error,
    },
}

impl Error {
    /// Makes the error of a failed file operation.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File {
            action,
            path: path.to_path_buf(),
            cause,
        }
    }
}
