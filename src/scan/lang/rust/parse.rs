//! Text → items, without ever overflowing the stack.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Item};

/// What a parser recurses by: levels of brackets and tokens that stand in a row without a separator. Code
/// that people write stays below a tenth of it.
const MAX_WEIGHT: usize = 4000;

/// Levels of brackets; each takes several frames of the parser.
const MAX_NESTING: usize = 200;

/// The items of a file, whether some of it could not be parsed, and whether it is compiled for tests only.
pub(super) fn parse(text: &str) -> Result<(Vec<Item>, bool, bool), String> {
    let text = parsable(text);
    if brackets(&text) > MAX_NESTING {
        return Err(format!("nesting deeper than {MAX_NESTING} levels"));
    }
    let tokens: TokenStream = text.parse().map_err(|e| format!("could not be parsed: {e}"))?;
    if weight(tokens.clone()) > MAX_WEIGHT {
        return Err("nesting too deep to be parsed".to_owned());
    }
    file.parse2(tokens).map_err(|e| format!("could not be parsed: {e}"))
}

/// The lexer takes no lone carriage returns and no line for the shell; lengths stay.
fn parsable(text: &str) -> std::borrow::Cow<'_, str> {
    let shell = text.starts_with("#!") && !text.trim_start_matches("#!").trim_start().starts_with('[');
    let bytes = text.as_bytes();
    let lone = memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'));
    if !shell && !lone {
        return text.into();
    }
    let mut out: Vec<u8> = bytes.to_vec();
    if shell {
        let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        out.iter_mut().take(end).for_each(|b| *b = b' ');
    }
    for at in memchr::memchr_iter(b'\r', bytes) {
        if bytes.get(at + 1) != Some(&b'\n')
            && let Some(byte) = out.get_mut(at)
        {
            *byte = b' ';
        }
    }
    String::from_utf8(out).map_or_else(|_| text.into(), Into::into)
}

/// An upper bound of the nesting of brackets, before anything is built from the text: brackets in strings and
/// comments are counted as long as they are balanced there, too.
fn brackets(text: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    if most <= MAX_NESTING { most } else { bracket_tokens(text) }
}

/// The same for texts whose strings hold many brackets; the lexer itself keeps its own stack.
fn bracket_tokens(text: &str) -> usize {
    let Ok(tokens) = text.parse::<TokenStream>() else { return 0 };
    let mut stack = vec![tokens.into_iter()];
    let mut most = 0;
    while let Some(top) = stack.last_mut() {
        match top.next() {
            Some(TokenTree::Group(group)) => {
                stack.push(group.stream().into_iter());
                most = most.max(stack.len());
            }
            Some(_) => {}
            None => {
                stack.pop();
            }
        }
    }
    most
}

/// How many tokens, at most, stand around and before a token without a separator between.
fn weight(tokens: TokenStream) -> usize {
    let mut stack = vec![(tokens.into_iter().peekable(), 0usize, 0usize)];
    let mut most = 0;
    while let Some((top, around, run)) = stack.last_mut() {
        let Some(token) = top.next() else {
            stack.pop();
            continue;
        };
        *run += 1;
        most = most.max(*around + *run);
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => *run = 0,
            TokenTree::Group(group) => {
                let inside = *around + *run + 10;
                let ends = group.delimiter() == Delimiter::Brace
                    && match top.peek() {
                        Some(TokenTree::Ident(next)) => next != "else",
                        Some(TokenTree::Punct(next)) => next.as_char() == '#',
                        _ => true,
                    };
                if ends {
                    *run = 0;
                }
                stack.push((group.stream().into_iter().peekable(), inside, 0));
            }
            _ => {}
        }
    }
    most
}

/// Items one by one: what cannot be parsed is skipped up to the next item.
fn file(input: ParseStream<'_>) -> syn::Result<(Vec<Item>, bool, bool)> {
    let attributes = input.call(Attribute::parse_inner).unwrap_or_default();
    let tests_only = attributes.iter().any(super::items::is_cfg_test);
    let (mut items, mut broken) = (vec![], false);
    while !input.is_empty() {
        let ahead = input.fork();
        match ahead.parse::<Item>() {
            Ok(item) => {
                syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                items.push(item);
            }
            Err(_) => {
                broken = true;
                skip(input)?;
            }
        }
    }
    Ok((items, broken, tests_only))
}

/// Past the tokens of one item: up to its braces or its semicolon.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        match input.parse::<TokenTree>()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            _ => {}
        }
    }
    Ok(())
}
