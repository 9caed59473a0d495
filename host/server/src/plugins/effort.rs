//! How hard a component is to compile, which is told before anybody tries: for what was made to have it do so, a compiler
//! takes hours, and all memory.

use wasmparser::{BinaryReaderError, CompositeInnerType, FunctionBody, Parser, Payload, RecGroup};

/// Bytes of one function. CPython's longest has 427 thousand.
const LONGEST: u64 = 2 << 20;
/// Variables of a function, times its bytes: a compiler's work grows with both. CPython's hardest comes to 17 million. With
/// this one it is busy for a second or two.
const HARDEST: u64 = 100_000_000;
/// The same of all functions together; CPython's come to 300 million.
const ALL: u64 = 2_000_000_000;

/// Refuses a component that would keep a compiler busy for too long. One that is no component passes: what is wrong with
/// that is not told by this.
///
/// # Errors
/// A sentence that says which function it is.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    // Values that one block hands on at most, which are variables too.
    let mut widest = 0;
    let (mut all, mut function) = (0_u64, 0_u64);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::Version { .. }) => (widest, function) = (0, 0),
            Ok(Payload::TypeSection(types)) => {
                widest = types.into_iter().map(width).max().unwrap_or_default();
            }
            Ok(Payload::CodeSectionEntry(body)) => {
                let length = body.range().len() as u64;
                // One that cannot be read has as many as there can be.
                let variables = variables(&body).unwrap_or(u64::from(u32::MAX)).saturating_add(widest);
                let effort = length.saturating_mul(variables);
                all = all.saturating_add(effort);
                if length > LONGEST || effort > HARDEST {
                    return Err(format!(
                        "its function {function} is too hard to compile: it has {length} bytes and up to {variables} \
                         variables; split it into several"
                    ));
                }
                if all > ALL {
                    return Err(
                        "it is too hard to compile: its functions have too many bytes and variables".to_owned(),
                    );
                }
                function += 1;
            }
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn variables(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let mut variables = 1;
    for local in body.get_locals_reader()? {
        variables += u64::from(local?.0);
    }
    Ok(variables)
}

/// Parameters and results of the types that have most of them.
fn width(group: Result<RecGroup, BinaryReaderError>) -> u64 {
    let Ok(group) = group else { return 0 };
    let widths = group.types().map(|kind| match &kind.composite_type.inner {
        CompositeInnerType::Func(function) => (function.params().len() + function.results().len()) as u64,
        _ => 0,
    });
    widths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// A component with one function of so many variables and blocks.
    fn component(variables: usize, blocks: usize) -> Vec<u8> {
        let mut body = format!("(local{})", " i64".repeat(variables));
        for _ in 0..blocks {
            let _ = write!(body, "(block (br_if 0 (local.get 0)) (local.set 1 (local.get 2)))");
        }
        wat::parse_str(format!("(component (core module (func (param i32) {body})))")).expect("a component")
    }

    #[test]
    fn what_is_made_to_be_hard_is_refused() {
        assert_eq!(check(&component(10, 1_000)), Ok(()));
        let refused = check(&component(20_000, 10_000)).expect_err("it is too hard");
        assert!(refused.contains("function 0"), "{refused}");
        check(&component(2, 250_000)).expect_err("it is too long");
        assert_eq!(check(b"no component"), Ok(()));
        let wide = " i64".repeat(900);
        let block = format!("(block (param{wide}) (result{wide}))").repeat(50_000);
        let wide = format!(
            "(component (core module (func (param{wide}) (result{wide}) {} {block})))",
            (0..900)
                .map(|local| format!("(local.get {local})"))
                .collect::<Vec<_>>()
                .concat()
        );
        check(&wat::parse_str(wide).expect("a component")).expect_err("it hands too much on");
    }
}
