//! Macros: those whose arguments are expressions or statements are read as such; of all others, whatever
//! in them reads as an expression.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Macro, Pat, Token};

use super::{Lowering, Range};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

/// Whether a macro ends the function.
pub(super) fn never_returns(mac: &Macro) -> bool {
    let name = name_of(mac);
    matches!(name.as_str(), "panic" | "unreachable" | "todo" | "unimplemented" | "bail" | "compile_error")
}

fn name_of(mac: &Macro) -> String {
    mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default()
}

/// One branch of `select!`: `pattern = future => handler`.
struct Branch {
    pattern: Option<Pat>,
    future: Expr,
    condition: Option<Expr>,
    handler: Option<Expr>,
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![else]) {
            input.parse::<Token![else]>()?;
            input.parse::<Token![=>]>()?;
            let future = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            return Ok(Self { pattern: None, future, condition: None, handler: None });
        }
        let pattern = Some(Pat::parse_multi_with_leading_vert(input)?);
        input.parse::<Token![=]>()?;
        let future = input.parse()?;
        let condition = match input.parse::<Option<Token![,]>>()? {
            Some(_) => {
                input.parse::<Token![if]>()?;
                Some(input.parse()?)
            }
            None => None,
        };
        input.parse::<Token![=>]>()?;
        let handler = Some(Expr::parse_with_earlier_boundary_rule(input)?);
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { pattern, future, condition, handler })
    }
}

/// `static ref NAME: Type = value;` of `lazy_static!`, `static NAME: Type = value;` of `thread_local!`.
struct Static {
    name: syn::Ident,
    ty: syn::Type,
    value: Expr,
}

impl Parse for Static {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(syn::Attribute::parse_outer)?;
        input.parse::<syn::Visibility>()?;
        input.parse::<Token![static]>()?;
        input.parse::<Option<Token![ref]>>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        input.parse::<Option<Token![;]>>()?;
        Ok(Self { name, ty, value })
    }
}

fn statics(mac: &Macro) -> Vec<Static> {
    if !matches!(name_of(mac).as_str(), "lazy_static" | "thread_local") {
        return vec![];
    }
    let all = |input: ParseStream<'_>| {
        let mut all = vec![];
        while !input.is_empty() {
            all.push(input.parse::<Static>()?);
        }
        Ok(all)
    };
    all.parse2(mac.tokens.clone()).unwrap_or_default()
}

/// Expressions with commas or semicolons between, names of arguments left out.
fn expressions(input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let mut all = vec![];
    while !input.is_empty() {
        if input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![=]>()?;
        }
        // `tracing` marks what it prints.
        if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
        } else if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
        }
        all.push(input.parse()?);
        if input.is_empty() {
            break;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else if input.peek(Token![=>]) {
            input.parse::<Token![=>]>()?;
        } else {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(all)
}

fn matching(input: ParseStream<'_>) -> syn::Result<(Expr, Pat, Option<Expr>)> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    let condition = match input.parse::<Option<Token![if]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    input.parse::<Option<Token![,]>>()?;
    Ok((value, pattern, condition))
}

impl<'t> Lowering<'t> {
    /// The variables a macro at module level declares.
    pub(super) fn declare_statics(&mut self, mac: &Macro) {
        for declared in statics(mac) {
            let ty = self.ty(&declared.ty);
            let line = self.line(declared.name.span());
            self.b.declare(&declared.name.to_string(), Role::Global, ty, line);
        }
    }

    /// A macro at module level.
    pub(super) fn item_macro(&mut self, mac: &Macro) {
        for declared in statics(mac) {
            self.global_value(&declared.name.to_string(), &declared.value);
        }
    }

    /// A macro as an expression or statement.
    pub(super) fn macro_value(&mut self, mac: &Macro) -> ExprId {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return self.opaque();
        }
        self.b.depth += 1;
        let value = self.macro_inner(mac);
        self.b.depth -= 1;
        value
    }

    fn macro_inner(&mut self, mac: &Macro) -> ExprId {
        let start = super::modules::range_of(&mac.path).start;
        let range = start..mac.delimiter.span().close().byte_range().end;
        let tokens = mac.tokens.clone();
        match name_of(mac).as_str() {
            "macro_rules" | "stringify" | "include_str" | "include_bytes" | "concat" | "line" | "file" => self.opaque(),
            "env" | "option_env" => {
                let args = expressions.parse2(tokens).unwrap_or_default();
                let callee = self.path(&mac.path);
                let args = args.iter().map(|arg| self.value(arg)).collect();
                self.add(ExprKind::Call { callee, args, named: vec![], spread: false }, range)
            }
            "matches" | "assert_matches" => match matching.parse2(tokens) {
                Ok((value, pattern, condition)) => self.matches(&value, &pattern, condition.as_ref(), range),
                Err(_) => self.opaque(),
            },
            "select" | "select_biased" => {
                self.select(tokens);
                self.nothing()
            }
            "format" | "concatcp" | "formatcp" => self.format(tokens, range),
            "join" | "try_join" => match expressions.parse2(tokens.clone()) {
                Ok(parts) => self.tuple(parts.iter(), range),
                Err(_) => self.scan(tokens),
            },
            "vec" | "join_all" | "smallvec" | "hashset" | "btreeset" => match expressions.parse2(tokens.clone()) {
                Ok(parts) => self.list(parts.iter(), range),
                Err(_) => self.scan(tokens),
            },
            "pin" | "dbg" | "ready" => match expressions.parse2(tokens.clone()) {
                Ok(parts) => match parts.first() {
                    Some(first) => self.value(first),
                    None => self.nothing(),
                },
                Err(_) => self.scan(tokens),
            },
            name => match expressions.parse2(tokens.clone()) {
                // A call under a name that no function can have.
                Ok(args) => {
                    let callee = self.add(ExprKind::Free(format!("{name}!")), start..range.end);
                    let args = args.iter().map(|arg| self.value(arg)).collect();
                    self.add(ExprKind::Call { callee, args, named: vec![], spread: false }, range)
                }
                Err(_) => self.scan(tokens),
            },
        }
    }

    /// `matches!(value, pattern)`.
    fn matches(&mut self, value: &Expr, pattern: &Pat, condition: Option<&Expr>, range: Range) -> ExprId {
        let left = self.value(value);
        self.b.open_scope();
        self.bind(pattern, left);
        let says = match self.pattern_guard(pattern, left) {
            Guard::When { condition, holds: true } => condition,
            Guard::When { condition, .. } => self.add(ExprKind::Not(condition), range.clone()),
            Guard::Case { values, .. } => {
                let mut says = None;
                for right in values {
                    let equal = ExprKind::Binary { op: "==".to_owned(), left, right };
                    let equal = self.add(equal, range.clone());
                    says = Some(match says {
                        None => equal,
                        Some(says) => {
                            let either = ExprKind::Binary { op: "||".to_owned(), left: says, right: equal };
                            self.add(either, range.clone())
                        }
                    });
                }
                says.unwrap_or_else(|| self.opaque())
            }
            _ => self.opaque(),
        };
        let both = match condition {
            Some(condition) => {
                let right = self.value(condition);
                self.add(ExprKind::Binary { op: "&&".to_owned(), left: says, right }, range)
            }
            None => says,
        };
        self.b.close_scope();
        both
    }

    fn select(&mut self, tokens: TokenStream) {
        let branches = |input: ParseStream<'_>| {
            if input.peek(syn::Ident) && input.peek2(Token![;]) {
                input.parse::<syn::Ident>()?;
                input.parse::<Token![;]>()?;
            }
            let mut all = vec![];
            while !input.is_empty() {
                all.push(input.parse::<Branch>()?);
            }
            Ok(all)
        };
        let Ok(branches) = branches.parse2(tokens.clone()) else {
            self.scan(tokens);
            return;
        };
        for branch in &branches {
            self.b.open_scope();
            let future = self.value(&branch.future);
            if let Some(condition) = &branch.condition {
                self.value(condition);
            }
            if let Some(pattern) = &branch.pattern {
                self.bind(pattern, future);
            }
            if let Some(handler) = &branch.handler {
                self.value(handler);
            }
            self.b.close_scope();
        }
    }

    /// `format!("a {} {b}", x)`: the pieces, one after the other.
    fn format(&mut self, tokens: TokenStream, range: Range) -> ExprId {
        let args = expressions.parse2(tokens).unwrap_or_default();
        let Some((Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }), rest)) = args.split_first() else {
            for arg in &args {
                self.value(arg);
            }
            return self.opaque();
        };
        let values: Vec<ExprId> = rest.iter().map(|arg| self.value(arg)).collect();
        let mut given = values.into_iter();
        let mut pieces: Vec<ExprId> = vec![];
        for (hole, piece) in pieces_of(&text.value()) {
            let kind = match (hole, piece) {
                (false, text) => ExprKind::Text(text),
                (true, name) if name.is_empty() || name.parse::<usize>().is_ok() => match given.next() {
                    Some(value) => {
                        pieces.push(value);
                        continue;
                    }
                    None => ExprKind::Opaque,
                },
                (true, name) => match self.b.lookup(&name) {
                    Some(var) => ExprKind::Var(var),
                    None => ExprKind::Free(name),
                },
            };
            pieces.push(self.add(kind, range.clone()));
        }
        let mut pieces = pieces.into_iter();
        let Some(mut whole) = pieces.next() else { return self.add(ExprKind::Text(String::new()), range) };
        for right in pieces.take(60) {
            whole = self.add(ExprKind::Binary { op: "+".to_owned(), left: whole, right }, range.clone());
        }
        whole
    }

    /// A macro nothing is known of: expressions, statements, or tokens among which expressions are looked for.
    fn scan(&mut self, tokens: TokenStream) -> ExprId {
        if let Ok(args) = expressions.parse2(tokens.clone()) {
            for arg in &args {
                self.value(arg);
            }
            return self.nothing();
        }
        if let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) {
            let block = syn::Block { brace_token: Default::default(), stmts: statements };
            self.block(&block, false);
            return self.nothing();
        }
        // Pieces between commas, semicolons and arrows.
        let mut piece = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => {
                    self.piece(std::mem::take(&mut piece))
                }
                TokenTree::Punct(punct)
                    if punct.as_char() == '='
                        && matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '>') =>
                {
                    tokens.next();
                    self.piece(std::mem::take(&mut piece));
                }
                _ => piece.extend([token]),
            }
        }
        self.piece(piece);
        self.nothing()
    }

    fn piece(&mut self, tokens: TokenStream) {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return;
        }
        match syn::parse2::<Expr>(tokens.clone()) {
            Ok(expr) => _ = self.value(&expr),
            Err(_) => {
                for token in tokens {
                    if let TokenTree::Group(group) = token
                        && group.delimiter() != Delimiter::None
                    {
                        self.b.depth += 1;
                        self.scan(group.stream());
                        self.b.depth -= 1;
                    }
                }
            }
        }
    }
}

/// The pieces of a format text: whether it is a hole, and its text or name.
fn pieces_of(text: &str) -> Vec<(bool, String)> {
    let mut pieces = vec![];
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' if chars.peek() == Some(&c) => {
                chars.next();
                plain.push(c);
            }
            '{' => {
                if !plain.is_empty() {
                    pieces.push((false, std::mem::take(&mut plain)));
                }
                let hole: String = chars.by_ref().take_while(|c| *c != '}').collect();
                let name = hole.split(':').next().unwrap_or_default().trim().to_owned();
                pieces.push((true, name));
            }
            c => plain.push(c),
        }
    }
    if !plain.is_empty() {
        pieces.push((false, plain));
    }
    pieces
}
