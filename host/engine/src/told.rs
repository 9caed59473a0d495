//! Finds our own errors in what the query engine wraps around them.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use crate::error::Error;
use crate::outcome::{Outcome, of_connector};

/// An error of ours inside one that several parts of a plan hold, so that nobody can take it out. It reads as if it had
/// been.
#[derive(Debug)]
pub struct Told(Arc<DataFusionError>);

/// What is at fault, inside.
enum Culprit<'a> {
    Own(&'a Error),
    Source(&'a tenon_connect::Error),
}

impl Told {
    /// Nothing, if there is no error of ours inside.
    fn try_new(error: Arc<DataFusionError>) -> Result<Self, Arc<DataFusionError>> {
        if culprit(error.as_ref()).is_some() {
            Ok(Self(error))
        } else {
            Err(error)
        }
    }

    fn culprit(&self) -> Option<Culprit<'_>> {
        culprit(self.0.as_ref())
    }

    /// The error of the engine inside, if it is one.
    pub(crate) fn own(&self) -> Option<&Error> {
        match self.culprit()? {
            Culprit::Own(error) => Some(error),
            Culprit::Source(_) => None,
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self.culprit() {
            Some(Culprit::Own(error)) => error.outcome(),
            Some(Culprit::Source(error)) => of_connector(error),
            None => Outcome::Failed,
        }
    }

    pub(crate) fn may_pass(&self) -> bool {
        match self.culprit() {
            Some(Culprit::Own(error)) => error.may_pass(),
            Some(Culprit::Source(error)) => error.may_pass(),
            None => false,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.culprit() {
            Some(Culprit::Own(error)) => error.fmt(formatter),
            // As `Error::Source` says it.
            Some(Culprit::Source(_)) => formatter.write_str("the source failed"),
            None => self.0.fmt(formatter),
        }
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.culprit()? {
            Culprit::Own(error) => error.source(),
            Culprit::Source(error) => Some(error),
        }
    }
}

fn culprit<'a>(error: &'a (dyn StdError + 'static)) -> Option<Culprit<'a>> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(Culprit::Own(own));
        }
        if let Some(source) = error.downcast_ref::<tenon_connect::Error>() {
            return Some(Culprit::Source(source));
        }
        // The source of an I/O error is what lies behind the error that it was made of, not that error.
        let inside = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        cause = inside.or_else(|| error.source());
    }
    None
}

impl Error {
    /// Finds our own error in what the query engine wrapped around it.
    pub(crate) fn from_plan(error: DataFusionError) -> Self {
        match taken(error) {
            Ok(own) => own,
            Err(error) => match Told::try_new(Arc::new(error)) {
                Ok(told) => Self::Told(told),
                Err(error) => Self::Plan(Box::new(Arc::try_unwrap(error).unwrap_or_else(DataFusionError::Shared))),
            },
        }
    }
}

/// Our own error, if nobody else holds it.
fn taken(error: DataFusionError) -> Result<Error, DataFusionError> {
    match error {
        DataFusionError::External(inner) => from_box(inner).map_err(DataFusionError::External),
        DataFusionError::ArrowError(inner, trace) => match *inner {
            ArrowError::ExternalError(inner) => from_box(inner)
                .map_err(|inner| DataFusionError::ArrowError(Box::new(ArrowError::ExternalError(inner)), trace)),
            other => Err(DataFusionError::ArrowError(Box::new(other), trace)),
        },
        DataFusionError::ParquetError(inner) => match *inner {
            ParquetError::External(inner) => {
                from_box(inner).map_err(|inner| DataFusionError::ParquetError(Box::new(ParquetError::External(inner))))
            }
            other => Err(DataFusionError::ParquetError(Box::new(other))),
        },
        DataFusionError::Context(text, inner) => {
            taken(*inner).map_err(|inner| DataFusionError::Context(text, Box::new(inner)))
        }
        DataFusionError::Shared(shared) => match Arc::try_unwrap(shared) {
            Ok(inner) => taken(inner),
            Err(shared) => Err(DataFusionError::Shared(shared)),
        },
        other => Err(other),
    }
}

fn from_box(error: Box<dyn StdError + Send + Sync>) -> Result<Error, Box<dyn StdError + Send + Sync>> {
    let error = match error.downcast::<Error>() {
        Ok(own) => return Ok(*own),
        Err(error) => error,
    };
    let error = match error.downcast::<tenon_connect::Error>() {
        Ok(source) => return Ok(Error::Source(source)),
        Err(error) => error,
    };
    match error.downcast::<DataFusionError>() {
        Ok(nested) => taken(*nested).map_err(Into::into),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::FailedBatch;

    fn missing() -> tenon_connect::Error {
        tenon_connect::Error::NotFound {
            url: "x.csv".to_owned(),
        }
    }

    fn is_source(error: &Error) -> bool {
        let named = error
            .source()
            .is_some_and(|source| source.to_string().contains("x.csv"));
        named && error.to_string() == "the source failed" && error.outcome() == Outcome::Refused
    }

    #[test]
    fn our_own_errors_are_found_again() {
        let wrapped = DataFusionError::External(Box::new(DataFusionError::Context(
            "somewhere".to_owned(),
            Box::new(Error::Cancelled.into()),
        )));
        assert!(matches!(Error::from_plan(wrapped), Error::Cancelled));
        let foreign = DataFusionError::Execution("other".to_owned());
        assert!(matches!(Error::from_plan(foreign), Error::Plan(_)));
    }

    #[test]
    fn errors_of_sources_are_found_wherever_they_are() {
        let boxed = || -> Box<dyn StdError + Send + Sync> { Box::new(missing()) };
        let cases = [
            DataFusionError::External(boxed()),
            DataFusionError::ArrowError(Box::new(ArrowError::ExternalError(boxed())), None),
            DataFusionError::ParquetError(Box::new(ParquetError::External(boxed()))),
            DataFusionError::IoError(std::io::Error::other(boxed())),
            DataFusionError::Shared(Arc::new(DataFusionError::External(boxed()))),
            DataFusionError::Collection(vec![DataFusionError::External(boxed())]),
        ];
        for case in cases {
            let shown = format!("{case:?}");
            assert!(is_source(&Error::from_plan(case)), "{shown}");
        }
    }

    #[test]
    fn the_batch_is_found_that_a_function_failed_on() {
        let batch = FailedBatch {
            plugin_digest: "d".to_owned(),
            function: "clean".to_owned(),
            rows: 2,
            arrow_ipc: vec![1, 2, 3],
            schema_fingerprint: "f".to_owned(),
        };
        let failed = Error::Step {
            step: "cleaned".to_owned(),
            partition: 3,
            rows: 0,
            batch: Some(Box::new(batch.clone())),
            source: Box::new(tenon_runtime::Error::Guest {
                plugin: "p".to_owned(),
                function: None,
                kind: tenon_runtime::ErrorKind::BadData,
                message: "odd".to_owned(),
                context: Vec::new(),
            }),
        };
        // Below a repartition, which tells all of its partitions.
        let shared = Arc::new(DataFusionError::from(failed));
        let error = Error::from_plan(DataFusionError::Shared(Arc::clone(&shared)));
        assert_eq!(error.failed_batch(), Some(("cleaned", 3, &batch)));
    }

    #[test]
    fn what_several_hold_reads_as_if_it_were_held_by_one() {
        let limit = Error::TooManyRejects {
            limit: 3,
            reason: "odd".to_owned(),
        };
        let text = limit.to_string();
        let shared = Arc::new(DataFusionError::from(limit));
        let error = Error::from_plan(DataFusionError::Shared(Arc::clone(&shared)));
        assert!(matches!(error, Error::Told(_)));
        assert_eq!(error.to_string(), text);
        assert_eq!(error.outcome(), Outcome::Limit);

        let shared = Arc::new(DataFusionError::External(Box::new(missing())));
        let error = Error::from_plan(DataFusionError::Context(
            "while reading".to_owned(),
            Box::new(DataFusionError::Shared(Arc::clone(&shared))),
        ));
        assert!(is_source(&error), "{error}");
    }
}
