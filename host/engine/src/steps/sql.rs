//! Plans queries, each over its own tables and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::view::ViewTable;
use datafusion::common::TableReference;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::visit_relations;

/// The tables that a query reads, each as often as it names it.
pub(crate) fn tables_of(query: &str, session: &SessionContext) -> DataFusionResult<Vec<String>> {
    let state = session.state();
    let statement = parsed(query, &state)?;
    let references = state.resolve_table_references(&statement)?;
    let plain = |reference: &TableReference| match reference {
        TableReference::Bare { table } => Ok(table.to_string()),
        other => Err(DataFusionError::Plan(format!(
            "the table `{other}` is none: a query reads sources and steps, by names without a dot"
        ))),
    };
    let mut named: HashMap<String, usize> = HashMap::new();
    if let Statement::Statement(statement) = &statement {
        let counted = visit_relations(statement.as_ref(), |relation| {
            if let Some(name) = relation.0.last().and_then(|part| part.as_ident()) {
                *named.entry(name.value.clone()).or_default() += 1;
            }
            ControlFlow::<()>::Continue(())
        });
        debug_assert!(counted.is_continue());
    }
    let mut tables = Vec::new();
    for reference in &references {
        let table = plain(reference)?;
        let times = named.get(&table).copied().unwrap_or(1);
        tables.extend(std::iter::repeat_n(table, times));
    }
    Ok(tables)
}

/// The plan of a query over these tables.
pub(super) async fn plan(
    query: &str,
    tables: BTreeMap<String, LogicalPlan>,
    session: &SessionContext,
) -> DataFusionResult<LogicalPlan> {
    // Tables of its own, functions and settings of the session.
    let catalogs = Arc::new(datafusion::catalog::MemoryCatalogProviderList::new());
    let state = session.state();
    let config = state.config().clone().with_create_default_catalog_and_schema(true);
    let state = SessionStateBuilder::new_from_existing(state)
        .with_config(config)
        .with_catalog_list(catalogs)
        .build();
    let context = SessionContext::new_with_state(state);
    for (name, plan) in tables {
        let table = Arc::new(ViewTable::new(plan, None));
        context.register_table(TableReference::bare(name), table)?;
    }
    let state = context.state();
    let statement = parsed(query, &state)?;
    let plan = state.statement_to_plan(statement).await?;
    let options = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    options.verify_plan(&plan)?;
    if matches!(
        plan,
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_)
    ) {
        return Err(DataFusionError::Plan(
            "a step needs a query; `explain` is for the command line".to_owned(),
        ));
    }
    Ok(plan)
}

fn parsed(query: &str, state: &SessionState) -> DataFusionResult<Statement> {
    let dialect = state.config_options().sql_parser.dialect;
    state.sql_to_statement(query, &dialect)
}
