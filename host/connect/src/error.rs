use std::path::PathBuf;

/// What went wrong while reading or writing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source does not exist.
    #[error("there is no file or folder {url}")]
    NotFound {
        /// The source, as it was asked for.
        url: String,
    },

    /// The source is a folder or pattern that holds nothing to read.
    #[error("{url} holds no files to read: nothing in {listed} fits; names that begin with `.` or `_` are left out")]
    NoFiles {
        /// The source, as it was asked for.
        url: String,
        /// The folder that was listed.
        listed: String,
    },

    /// A file is empty, so that not even its columns are known.
    #[error("{file} is empty: it has no header line to take the columns from")]
    Empty {
        /// The file.
        file: String,
    },

    /// The format can't be told from the name.
    #[error("cannot tell the format of {url} from its name; expected {expected}")]
    UnknownFormat {
        /// The file or folder.
        url: String,
        /// What would have been understood.
        expected: &'static str,
    },

    /// A configuration that contradicts itself, or that this version does not serve.
    #[error("{subject}: {reason}")]
    Config {
        /// What was configured.
        subject: String,
        /// What is wrong with it and what to do.
        reason: String,
    },

    /// A line of text that is not what the file's other lines said it would be.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// Line in it, from 1, counted after decompression.
        line: u64,
        /// What is wrong with the line and what to do.
        reason: String,
    },

    /// Files of one source disagree about their columns, and they may not.
    #[error(
        "{file} has the columns {found}, but {first} has {expected}; set `evolution = \"compatible\"` to allow for that"
    )]
    Columns {
        /// The file that differs.
        file: String,
        /// The file that the columns were taken from.
        first: String,
        /// Columns of `first`.
        expected: String,
        /// Columns of `file`.
        found: String,
    },

    /// Files of one source have a column in types that do not fit together.
    #[error(
        "the column `{column}` is {expected} in {first}, but {found} in {file}; give it a type in `schema`, or set \
         `evolution = \"widest\"`"
    )]
    Clash {
        /// The column.
        column: String,
        /// The file that the type was taken from.
        first: String,
        /// Type in `first`.
        expected: String,
        /// The file that differs.
        file: String,
        /// Type in `file`.
        found: String,
    },

    /// A file is not, or no longer, what its format demands.
    #[error("{file} is damaged {place}: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// Where, as far as it could be read.
        place: String,
        /// What is wrong.
        reason: String,
    },

    /// A file was replaced or written to while it was read.
    #[error("{file} was changed while it was read; run again once nothing writes to it")]
    Changed {
        /// The file.
        file: String,
    },

    /// Only a part of what a run has written to a folder is visible.
    #[error(
        "{folder} holds only a part of what the run {run} has written there, which makes its files visible or was killed \
         while it did; run its job again, or any other that writes there, which finishes that first"
    )]
    HalfVisible {
        /// The folder.
        folder: String,
        /// The run.
        run: String,
    },

    /// The file could not be read or decompressed.
    #[error("cannot read {file}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },

    /// The source could not be opened or planned.
    #[error("cannot read {url}")]
    Source {
        /// The source.
        url: String,
        /// Why.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },

    /// A store refused a request or did not answer it.
    #[error("cannot {action} {url}{}: {reason}", at(endpoint.as_deref()))]
    Store {
        /// What was tried, as a verb.
        action: &'static str,
        /// The object or folder, with its bucket.
        url: String,
        /// The server that was asked, where it is not the usual one of the URL's scheme.
        endpoint: Option<String>,
        /// What the store answered and what to do. Holds no secrets.
        reason: String,
        /// Whether the same request may succeed later.
        transient: bool,
    },

    /// The target exists and the mode is to leave such a target alone.
    #[error("{target} already holds data; choose the mode `overwrite` to replace it{append}")]
    Exists {
        /// The target.
        target: String,
        /// Ends the sentence where appending is possible.
        append: &'static str,
    },

    /// Something else writes to the target now.
    #[error("another run is writing to {target}; wait for it to end, or choose another target")]
    Busy {
        /// The target.
        target: String,
    },

    /// Overwriting would delete what Tenon did not write.
    #[error("{target} cannot be overwritten: it holds {name}, which is not a data file; choose another folder")]
    Foreign {
        /// The target.
        target: String,
        /// What was found there.
        name: String,
    },

    /// A file operation of a sink failed.
    #[error("cannot {action} {path}", path = path.display())]
    Write {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },

    /// Rows could not be encoded in the sink's format.
    #[error("cannot write rows to {target} as {format}")]
    Encode {
        /// The target.
        target: String,
        /// The format.
        format: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The format has nothing for a column's type.
    #[error("{format} cannot hold the column `{column}` of type {data_type}, which is to go to {target}: {help}")]
    Unsupported {
        /// The target.
        target: String,
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// The format.
        format: &'static str,
        /// What to do.
        help: String,
        /// What the encoder said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// What was prepared is not there any more.
    #[error(
        "what run {run} prepared for {target} is not there: it was aborted, or swept by a later run after a day, or its \
         files have been replaced since; run again"
    )]
    Gone {
        /// The target.
        target: String,
        /// The run.
        run: String,
    },

    /// Of what was decided to become visible, something is lost.
    #[error(
        "the commit of run {run} can't be finished: {file} is neither prepared nor there any more; check the folder by \
         hand, then remove {journal}",
        file = file.display(),
        journal = journal.display()
    )]
    Lost {
        /// The run.
        run: String,
        /// The file.
        file: PathBuf,
        /// The journal of the commit.
        journal: PathBuf,
    },

    /// What is to be aborted is committed already.
    #[error("run {run} has committed to {target} already; it can no longer be aborted")]
    Decided {
        /// The target.
        target: String,
        /// The run.
        run: String,
    },

    /// A database refused or could not be reached.
    #[error(transparent)]
    Database(#[from] tenon_database::Error),

    /// A bookmark that says how far something else was read.
    #[error(
        "the bookmark is not one of {source_name}: the source was something else when it was saved; `tenon bookmark reset` \
         removes it, and all rows are read again"
    )]
    ForeignBookmark {
        /// The source as it is now.
        source_name: String,
    },

    /// Rows that a target refused could not be kept.
    #[error("the rows that the target refused could not be kept")]
    Rejected {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A commit journal that a killed run left can't be understood.
    #[error("{path} is a damaged commit journal; check its folder by hand, then remove it")]
    Journal {
        /// The journal.
        path: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The data are wrong: the same input fails again.
    BadData,
    /// The configuration is wrong, or names something that is not there.
    BadConfig,
    /// The system refused: permissions, space, an interrupted read.
    System,
}

impl From<Error> for datafusion::error::DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl Error {
    /// Finds an error of this crate among the causes of another, such as one of a query.
    pub fn find_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(own) = error.downcast_ref::<Self>() {
                return Some(own);
            }
            cause = error.source();
        }
        None
    }

    /// Whether trying again later may help: something outside did not answer, or is in use.
    pub fn may_pass(&self) -> bool {
        let is_passing = |source: &std::io::Error| {
            use std::io::ErrorKind as Io;
            matches!(
                source.kind(),
                Io::Interrupted | Io::TimedOut | Io::ConnectionReset | Io::ConnectionAborted | Io::ResourceBusy
            )
        };
        match self {
            Self::Busy { .. }
            | Self::Changed { .. }
            | Self::HalfVisible { .. }
            | Self::Store { transient: true, .. } => true,
            Self::Source { source, .. } => Self::find_in(source.as_ref()).is_some_and(Self::may_pass),
            Self::Database(error) => error.may_pass(),
            Self::Read { source, .. } | Self::Write { source, .. } => is_passing(source),
            _ => false,
        }
    }

    /// Whether a folder or pattern holds no file that could be read.
    pub fn found_no_files(&self) -> bool {
        matches!(self, Self::NoFiles { .. })
    }

    /// The run of which a folder holds only a part, if that is what is wrong.
    pub fn half_visible(&self) -> Option<&str> {
        match self {
            Self::HalfVisible { run, .. } => Some(run),
            _ => None,
        }
    }

    /// Whether nothing is left of what was to be committed.
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Gone { .. } | Self::Database(tenon_database::Error::Gone { .. })
        )
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty { .. }
            | Self::Line { .. }
            | Self::Columns { .. }
            | Self::Clash { .. }
            | Self::Damaged { .. }
            | Self::Encode { .. } => ErrorKind::BadData,
            Self::Source { source, .. } => Self::find_in(source.as_ref()).map_or(ErrorKind::System, Self::kind),
            Self::Database(error) => match error.kind() {
                tenon_database::ErrorKind::BadData => ErrorKind::BadData,
                tenon_database::ErrorKind::BadConfig => ErrorKind::BadConfig,
                tenon_database::ErrorKind::System => ErrorKind::System,
            },
            Self::NotFound { .. }
            | Self::ForeignBookmark { .. }
            | Self::NoFiles { .. }
            | Self::UnknownFormat { .. }
            | Self::Config { .. }
            | Self::Store { transient: false, .. }
            | Self::Exists { .. }
            | Self::Unsupported { .. }
            | Self::Decided { .. }
            | Self::Foreign { .. } => ErrorKind::BadConfig,
            Self::Changed { .. }
            | Self::Store { .. }
            | Self::Read { .. }
            | Self::Busy { .. }
            | Self::HalfVisible { .. }
            | Self::Write { .. }
            | Self::Gone { .. }
            | Self::Lost { .. }
            | Self::Rejected { .. }
            | Self::Journal { .. } => ErrorKind::System,
        }
    }
}

fn at(endpoint: Option<&str>) -> String {
    endpoint.map(|endpoint| format!(" at {endpoint}")).unwrap_or_default()
}
