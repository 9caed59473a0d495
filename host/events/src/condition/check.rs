//! What a condition may say.

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};

use super::cost::Cost;

/// Levels of an expression.
const DEEPEST: usize = 64;
/// Operations, names and literals of an expression.
const MOST_NODES: u64 = 500;

const OPERATORS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
    operators::NOT_STRICTLY_FALSE,
];

const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// What is wrong with a part of an expression.
#[derive(Debug)]
pub(super) struct Objection {
    pub node: u64,
    pub reason: String,
}

/// Looks at all of an expression, and counts what it costs.
pub(super) fn check(expression: &IdedExpr) -> Result<Cost, Objection> {
    let mut checker = Checker {
        nodes: 0,
        cost: Cost::default(),
        variables: Vec::new(),
        node: 0,
    };
    checker.expression(expression, 0)?;
    Ok(checker.cost)
}

struct Checker {
    nodes: u64,
    cost: Cost,
    /// Names that the comprehension around has made.
    variables: Vec<String>,
    /// The last one that stands in the text, for those that macros have made.
    node: u64,
}

impl Checker {
    fn expression(&mut self, expression: &IdedExpr, depth: usize) -> Result<(), Objection> {
        self.node = expression.id;
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(self.object(format!("it has more than {MOST_NODES} operations and names")));
        }
        if depth > DEEPEST {
            return Err(self.object(format!("it is deeper than {DEEPEST} operations")));
        }
        let repeated = !self.variables.is_empty();
        self.cost.count(repeated);
        match &expression.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.expression(&select.operand, depth + 1),
            Expr::List(list) => self.all(&list.elements, depth),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key, depth + 1)?;
                    self.expression(&entry.value, depth + 1)
                }
                EntryExpr::StructField(_) => Err(self.object("there are no types to make".to_owned())),
            }),
            Expr::Call(call) => {
                self.function(&call.func_name)?;
                if call.func_name == operators::ADD {
                    self.cost.add();
                }
                if let Some(target) = &call.target {
                    self.expression(target, depth + 1)?;
                }
                self.all(&call.args, depth)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::Struct(_) | Expr::Unspecified => Err(self.object("there are no types to make".to_owned())),
        }
    }

    fn all(&mut self, expressions: &[IdedExpr], depth: usize) -> Result<(), Objection> {
        expressions
            .iter()
            .try_for_each(|expression| self.expression(expression, depth + 1))
    }

    fn name(&mut self, name: &str) -> Result<(), Objection> {
        if name == "event" {
            if !self.variables.is_empty() {
                self.cost.event_is_repeated();
            }
            return Ok(());
        }
        if self.variables.iter().any(|variable| variable == name) {
            return Ok(());
        }
        let name: String = name.chars().take(50).collect();
        Err(self.object(format!("there is no `{name}`; there is `event`")))
    }

    fn function(&mut self, name: &str) -> Result<(), Objection> {
        if OPERATORS.contains(&name) || FUNCTIONS.contains(&name) {
            return Ok(());
        }
        if name == "matches" {
            let reason = "there are no regular expressions; use contains, startsWith or endsWith";
            return Err(self.object(reason.to_owned()));
        }
        let name: String = name.chars().take(50).collect();
        Err(self.object(format!("there is no function `{name}`")))
    }

    /// `exists`, `all` or `exists_one`, which the parser has made loops.
    fn comprehension(&mut self, comprehension: &ComprehensionExpr, depth: usize) -> Result<(), Objection> {
        if !self.variables.is_empty() {
            let reason = "exists, all and exists_one cannot stand within one another";
            return Err(self.object(reason.to_owned()));
        }
        let counts = matches!(
            comprehension.accu_init.expr,
            Expr::Literal(LiteralValue::Boolean(_) | LiteralValue::Int(_))
        );
        if !counts || comprehension.iter_var == "event" {
            let reason = "of the macros there are has, exists, all and exists_one, with a variable of their own";
            return Err(self.object(reason.to_owned()));
        }
        self.expression(&comprehension.iter_range, depth + 1)?;
        self.variables.push(comprehension.iter_var.clone());
        self.variables.extend(comprehension.iter_var2.clone());
        self.variables.push(comprehension.accu_var.clone());
        for part in [
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ] {
            self.expression(part, depth + 1)?;
        }
        self.variables.clear();
        Ok(())
    }

    fn object(&self, reason: String) -> Objection {
        Objection {
            node: self.node,
            reason,
        }
    }
}
