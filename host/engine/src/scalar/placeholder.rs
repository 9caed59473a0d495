//! What stands for a plugin's function while a query is planned.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::{Known, Opened};

/// Stands for a function until it is taken out of its expression; it knows types and computes nothing.
#[derive(Debug)]
pub(super) struct Placeholder {
    known: Arc<Known>,
    /// SQL looks names up in lower case, unless they are quoted.
    name: String,
    aliases: Vec<String>,
    signature: Signature,
}

impl Placeholder {
    pub fn new(known: Arc<Known>) -> Self {
        let name = known.name.to_lowercase();
        let aliases = if name == known.name {
            Vec::new()
        } else {
            vec![known.name.clone()]
        };
        Self {
            known,
            name,
            aliases,
            signature: Signature::variadic_any(Volatility::Stable),
        }
    }

    pub fn known(&self) -> &Known {
        &self.known
    }

    /// How the function was opened with these types, if it was.
    pub fn opened(&self, types: &[DataType]) -> DataFusionResult<Arc<Opened>> {
        let mut known = self.known.types.lock();
        if let Some(opened) = known.opened.get(types) {
            return Ok(Arc::clone(opened));
        }
        if !known.unknown.iter().any(|unknown| unknown == types) {
            known.unknown.push(types.to_vec());
        }
        let name = &self.known.name;
        Err(DataFusionError::Plan(format!(
            "the function `{name}` has not been asked about these types"
        )))
    }
}

impl ScalarUDFImpl for Placeholder {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(self.opened(types)?.output.data_type().clone())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let name = &self.known.name;
        Err(DataFusionError::Plan(format!(
            "the function `{name}` cannot be called in this place of a query; call it in a step before"
        )))
    }
}

impl PartialEq for Placeholder {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Placeholder {}

impl Hash for Placeholder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
