//! What stands in the attribute's parentheses.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitBool, LitStr, Token, bracketed};

/// The options of `#[tenon::transform(...)]`.
#[derive(Default)]
pub struct Options {
    pub name: Option<LitStr>,
    pub stateless: Option<bool>,
    pub reads: Option<Vec<LitStr>>,
    pub scalar: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let option: Ident = input.parse()?;
            if seen.contains(&option) {
                return Err(syn::Error::new(option.span(), format!("`{option}` is given twice")));
            }
            match option.to_string().as_str() {
                "name" => options.name = Some(name(input)?),
                "stateless" => options.stateless = Some(value::<LitBool>(input)?.value),
                "reads" => options.reads = Some(columns(input)?),
                "scalar" => options.scalar = !input.peek(Token![=]) || value::<LitBool>(input)?.value,
                _ => {
                    let message = format!(
                        "there is no option `{option}`; the options are `name = \"...\"`, `stateless = false`, \
                         `reads = [\"column\"]` and `scalar`"
                    );
                    return Err(syn::Error::new(option.span(), message));
                }
            }
            seen.push(option);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn name(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let name: LitStr = value(input)?;
    if name.value().is_empty() {
        return Err(syn::Error::new(name.span(), "a function needs a name"));
    }
    Ok(name)
}

fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn columns(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    input.parse::<Token![=]>()?;
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        syn::parse_str::<Options>(text)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn every_option_is_read() {
        let options: Options =
            syn::parse_str(r#"name = "mask", stateless = false, reads = ["a", "b"], scalar,"#).unwrap();
        assert_eq!(options.name.unwrap().value(), "mask");
        assert_eq!(options.stateless, Some(false));
        assert_eq!(
            options.reads.unwrap().iter().map(LitStr::value).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert!(options.scalar);
    }

    #[test]
    fn misuse_is_explained() {
        assert!(error("colour = 1").starts_with("there is no option `colour`; the options are"));
        assert_eq!(error("scalar, scalar"), "`scalar` is given twice");
        assert_eq!(error("name = \"\""), "a function needs a name");
        assert_eq!(error("stateless = 1"), "expected boolean literal");
        assert_eq!(error("reads = \"a\""), "expected square brackets");
    }
}
