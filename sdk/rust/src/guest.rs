//! The exports of a component: the world `transformer`.

use crate::bindings::exports::tenon::etl::transform::{Function, Guest, Output, Rejection, Shape};
use crate::bindings::tenon::etl::arrow::{FieldResult, SchemaResult};
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::Error;
use crate::boundary::{Handle, error_into, schema_from, schema_into};
use crate::{function, logging};

struct Component;

impl Guest for Component {
    fn describe() -> Vec<Function> {
        function::all().into_iter().map(described).collect()
    }

    fn open(name: String, config: String, input: Vec<FieldResult>) -> Result<SchemaResult, Error> {
        logging::start();
        function::open_session(&name, &config, schema_from(input))
            .map(|output| schema_into(&output))
            .map_err(error_into)
    }

    fn process(input: Batch) -> Result<Output, Error> {
        function::in_session(|session| session.process(Handle(input)))
            .map(output_into)
            .map_err(error_into)
    }

    fn finish() -> Result<Output, Error> {
        function::in_session(function::Session::finish)
            .map(output_into)
            .map_err(error_into)
    }
}

fn described(function: &function::Function) -> Function {
    Function {
        name: function.name.to_owned(),
        doc: function.doc.to_owned(),
        shape: if function.scalar {
            Shape::Scalar
        } else {
            Shape::Batchwise
        },
        config: (function.config)(),
        reads: function
            .reads
            .map(|columns| columns.iter().map(|&column| column.to_owned()).collect()),
        stateless: function.stateless,
    }
}

fn output_into(output: function::Output) -> Output {
    Output {
        batches: output.batches.into_iter().map(|batch| batch.into_handle().0).collect(),
        rejected: output
            .rejected
            .into_iter()
            .map(|(row, reason)| Rejection {
                row,
                reason: reason.into_owned(),
            })
            .collect(),
    }
}

crate::bindings::export!(Component with_types_in crate::bindings);
