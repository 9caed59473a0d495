//! Bounds on the words and signs of an expression, before the parser sees them.

use datafusion_sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

use crate::{
    Limits,
    error::{At, Error},
    parse::{depth, limit, syntax},
};

/// Tokens per node that an expression of ordinary style needs: brackets, commas and keywords.
const TOKENS_PER_NODE: usize = 8;

/// Bounds what the parser recurses over without counting it: types in angle brackets, and `interval interval ...`. And
/// what it counts, but reports as a strange syntax error: `not not ...` and nested `case`.
pub(crate) fn check(at: &At, tokens: &[TokenWithSpan], limits: &Limits) -> Result<(), Error> {
    let allowed = limits.nodes.saturating_mul(TOKENS_PER_NODE);
    if tokens.len() > allowed {
        return Err(limit(
            at,
            "the expression",
            format!("{} words and signs", tokens.len()),
            "nodes",
            limits.nodes,
        ));
    }
    let (mut brackets, mut types, mut nots) = (0_usize, 0_usize, 0_usize);
    let mut before: Option<&Token> = None;
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => brackets += 1,
            Token::RParen | Token::RBracket | Token::RBrace => brackets = brackets.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::CASE => brackets += 1,
            Token::Word(word) if word.keyword == Keyword::END => brackets = brackets.saturating_sub(1),
            Token::Lt if matches!(before, Some(Token::Word(word)) if word.keyword != Keyword::NoKeyword) => types += 1,
            Token::Word(word)
                if word.keyword == Keyword::INTERVAL
                    && matches!(before, Some(Token::Word(last)) if last.keyword == Keyword::INTERVAL) =>
            {
                return Err(syntax(
                    at,
                    "expected the length of the interval, found: INTERVAL",
                    token.span.start,
                ));
            }
            _ => {}
        }
        let is_not = matches!(&token.token, Token::Word(word) if word.keyword == Keyword::NOT);
        nots = if is_not { nots + 1 } else { 0 };
        if brackets + nots > limits.depth {
            return Err(depth(at, limits));
        }
        if types > limits.depth {
            return Err(syntax(
                at,
                "more types in angle brackets than an expression may have",
                token.span.start,
            ));
        }
        before = Some(&token.token);
    }
    Ok(())
}
