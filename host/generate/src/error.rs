//! Why nothing can be generated.

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A password would be written.
    #[error(
        "the URL holds a password, which is not written to a file: put the URL into the environment and write `${{env:SOURCE_URL}}`, or store a connection"
    )]
    Password,
    /// There is nothing to write.
    #[error("there is no table to copy")]
    NoTables,
    /// A job takes so many and no more.
    #[error("{tables} tables are more than the {most} that one job takes; choose some by schema, name or pattern")]
    TooManyTables {
        /// The tables.
        tables: usize,
        /// As many as a job takes.
        most: usize,
    },
    /// The job file would be larger than job files may be.
    #[error("the job file would have {what}, and job files have at most {most}; choose fewer tables")]
    TooLarge {
        /// What it would have.
        what: String,
        /// What it may have.
        most: String,
    },
    /// A source has no columns.
    #[error("`{source_name}` has no columns")]
    NoColumns {
        /// The table or the files.
        source_name: String,
    },
    /// Source and target don't fit at all.
    #[error("no column of `{source_name}` fits one of `{target}`")]
    NothingInCommon {
        /// The table or the files that would be read.
        source_name: String,
        /// The table that would be written.
        target: String,
    },
    /// A mode that the target doesn't have.
    #[error("files can't be written with the mode `upsert`; use `overwrite` or `append`")]
    UpsertOfFiles,
    /// Nothing tells rows apart.
    #[error(
        "`{target}` can't be written with the mode `upsert`, since no column is known by which its rows are told apart; give keys"
    )]
    NoKeys {
        /// The table that would be written.
        target: String,
    },
    /// A column that isn't there.
    #[error("`{source_name}` has no column `{column}` to {purpose}")]
    NoSuchColumn {
        /// The table or the files.
        source_name: String,
        /// The column.
        column: String,
        /// What it was given for.
        purpose: &'static str,
    },
    /// A plugin may not compute so many columns at once.
    #[error(
        "`{source_name}` takes {what} to write out, and a function may use {most} at a time; generate a job file, which has no such bound"
    )]
    TooWide {
        /// The table or the files.
        source_name: String,
        /// Columns or bytes of expressions.
        what: String,
        /// As many as a function may use.
        most: usize,
    },
}
