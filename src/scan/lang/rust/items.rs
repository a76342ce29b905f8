//! Items: types, traits, implementations, functions, constants.

use proc_macro2::TokenTree;
use syn::{Attribute, Expr, FnArg, ImplItem, Item, Meta, Pat, Signature, TraitItem};

use super::{Lowering, Range};
use crate::scan::program::*;

/// Whether an attribute compiles something for tests only.
pub(super) fn is_cfg_test(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    if !list.path.is_ident("cfg") {
        return false;
    }
    let mut tokens = list.tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(first)), None) => first == "test",
        (Some(TokenTree::Ident(first)), Some(TokenTree::Group(group))) if first == "all" || first == "any" => {
            group.stream().into_iter().any(|t| matches!(t, TokenTree::Ident(i) if i == "test"))
        }
        _ => false,
    }
}

/// Whether an item is test code: compiled for tests only, or a test itself.
pub(super) fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => return false,
    };
    let last = |a: &Attribute| a.path().segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    attributes.iter().any(|a| {
        is_cfg_test(a)
            || (matches!(item, Item::Fn(_)) && matches!(last(a).as_str(), "test" | "rstest" | "test_case" | "bench"))
    })
}

impl<'t> Lowering<'t> {
    /// Lower the items of a module; `all` are those of its other kinds of code, too.
    pub(super) fn module<'i>(&mut self, items: &[&'i Item], all: &[&'i Item])
    where
        'i: 't,
    {
        for item in all {
            if let Item::Mod(module) = item {
                let id = match &module.content {
                    Some(_) => super::modules::inside(&self.id, &module.ident.to_string()),
                    None => self.child(&module.ident.to_string(), path_of(&module.attrs)),
                };
                self.children.insert(module.ident.to_string(), id);
            }
        }
        for item in all {
            match item {
                Item::Use(item) => self.import(&item.tree, &mut vec![], 0),
                Item::ExternCrate(item) => {
                    if let Some((_, alias)) = &item.rename {
                        self.uses.insert(alias.to_string(), vec![item.ident.to_string()]);
                    }
                }
                Item::Struct(item) => _ = self.types.insert(item.ident.to_string()),
                Item::Enum(item) => _ = self.types.insert(item.ident.to_string()),
                Item::Trait(item) => _ = self.types.insert(item.ident.to_string()),
                Item::Type(item) if !item.generics.params.is_empty() && super::types::wraps(&item.ty) => {
                    self.same.insert(item.ident.to_string());
                }
                _ => {}
            }
        }
        // Names of the module are visible before they are declared.
        for item in items {
            self.declare_global(item);
        }
        for item in items {
            self.item(item);
        }
    }

    fn declare_global(&mut self, item: &Item) {
        let (ident, ty) = match item {
            Item::Const(item) => (&item.ident, &item.ty),
            Item::Static(item) => (&item.ident, &item.ty),
            Item::Macro(item) => return self.declare_statics(&item.mac),
            _ => return,
        };
        let ty = self.ty(ty);
        let line = self.line(ident.span());
        self.b.declare(&ident.to_string(), Role::Global, ty, line);
    }

    /// Give a module-level variable its value.
    pub(super) fn global_value(&mut self, name: &str, value: &Expr) {
        self.b.set_holder(Some(name));
        let value = self.value(value);
        self.b.set_holder(None);
        if let Some(var) = self.b.lookup(name) {
            self.b.give(var, value, Projection::Whole);
        }
    }

    /// Lower one item, of a module or inside a function.
    pub(super) fn item<'i>(&mut self, item: &'i Item)
    where
        'i: 't,
    {
        match item {
            Item::Const(item) => self.global_value(&item.ident.to_string(), &item.expr),
            Item::Static(item) => self.global_value(&item.ident.to_string(), &item.expr),
            Item::Fn(item) => {
                let decorators = self.attributes(&item.attrs);
                self.function(&item.sig, Some(&item.block), None, decorators);
            }
            Item::Struct(item) => self.structure(item),
            Item::Enum(item) => self.enumeration(item),
            Item::Trait(item) => self.trait_item(item),
            Item::Impl(item) => self.implementation(item),
            Item::Type(item) => {
                let before = self.open_generics(&item.generics);
                let target = self.ty(&item.ty);
                self.generics.truncate(before);
                let line = self.line(item.ident.span());
                self.declare_type(item.ident.to_string(), TypeKind::Alias(target), line, vec![]);
            }
            Item::Mod(item) => {
                if let Some((_, items)) = &item.content {
                    let test = item.attrs.iter().any(is_cfg_test);
                    self.inner.push((item.ident.to_string(), items.iter().collect(), test));
                }
            }
            Item::Macro(item) => self.item_macro(&item.mac),
            _ => {}
        }
    }

    fn declare_type(&mut self, name: String, kind: TypeKind, line: u32, decorators: Vec<ExprId>) {
        let decl = TypeDecl { name, kind, line, made_by_call: false, decorators, provider: None };
        self.b.unit.types.push(decl);
    }

    fn structure(&mut self, item: &syn::ItemStruct) {
        let decorators = self.attributes(&item.attrs);
        let before = self.open_generics(&item.generics);
        let fields = self.fields(&item.fields);
        self.generics.truncate(before);
        let line = self.line(item.ident.span());
        self.declare_type(item.ident.to_string(), TypeKind::Record { fields, bases: vec![] }, line, decorators);
    }

    fn fields(&mut self, fields: &syn::Fields) -> Vec<Field> {
        let mut all = vec![];
        for (i, field) in fields.iter().enumerate() {
            let name = field.ident.as_ref().map_or_else(|| i.to_string(), ToString::to_string);
            let ty = self.ty(&field.ty);
            all.push(Field { name, ty, embedded: false });
        }
        all
    }

    /// The fields of all variants count as those of the type.
    fn enumeration(&mut self, item: &syn::ItemEnum) {
        let before = self.open_generics(&item.generics);
        let mut fields: Vec<Field> = vec![];
        for variant in &item.variants {
            for field in self.fields(&variant.fields) {
                if !fields.iter().any(|f| f.name == field.name && f.ty != TypeExpr::Unknown) {
                    fields.push(field);
                }
            }
        }
        self.generics.truncate(before);
        let line = self.line(item.ident.span());
        self.declare_type(item.ident.to_string(), TypeKind::Record { fields, bases: vec![] }, line, vec![]);
    }

    fn trait_item(&mut self, item: &syn::ItemTrait) {
        let name = item.ident.to_string();
        let before = self.open_generics(&item.generics);
        let own = TypeExpr::Named { qualifier: None, name: name.clone() };
        self.selves.push(own.clone());
        let (mut methods, mut bases) = (vec![], vec![]);
        for bound in &item.supertraits {
            match self.bounds(std::iter::once(bound)) {
                TypeExpr::Unknown => {}
                base => bases.push(base),
            }
        }
        for member in &item.items {
            let TraitItem::Fn(function) = member else { continue };
            match &function.default {
                Some(body) => {
                    let owner = Some((name.clone(), own.clone()));
                    self.function(&function.sig, Some(body), owner, vec![]);
                }
                None => {
                    let before = self.open_generics(&function.sig.generics);
                    let params = function.sig.inputs.iter().filter_map(|input| match input {
                        FnArg::Typed(typed) => Some(&*typed.ty),
                        FnArg::Receiver(_) => None,
                    });
                    let params = params.map(|ty| self.ty(ty)).collect();
                    let results = self.results(&function.sig.output);
                    self.generics.truncate(before);
                    methods.push(Method { name: function.sig.ident.to_string(), params, results });
                }
            }
        }
        self.selves.pop();
        self.generics.truncate(before);
        let line = self.line(item.ident.span());
        self.declare_type(name, TypeKind::Interface { methods, bases, fields: vec![] }, line, vec![]);
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let before = self.open_generics(&item.generics);
        let own = self.ty(&item.self_ty);
        let name = match &own {
            TypeExpr::Named { qualifier, name } => {
                // Methods of a type of another module: its name must lead there.
                if let Some(alias) = qualifier
                    && let Some(path) = alias.strip_suffix("::").map(str::to_owned)
                {
                    let (alias, member) = (Some(name.clone()), Some(name.clone()));
                    if !self.b.unit.imports.iter().any(|i| i.alias == alias) {
                        self.b.unit.imports.push(Import { alias, path, member });
                    }
                }
                name.clone()
            }
            _ => "?".to_owned(),
        };
        let implements = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        let implements = implements.map(|last| last.ident.to_string());
        self.selves.push(own.clone());
        for member in &item.items {
            match member {
                ImplItem::Fn(function) => {
                    let decorators = self.attributes(&function.attrs);
                    let owner = Some((name.clone(), own.clone()));
                    let id = self.function(&function.sig, Some(&function.block), owner, decorators);
                    self.b.with(id, |f| f.implements.clone_from(&implements));
                }
                ImplItem::Const(item) => self.associated(&name, &item.ident, &item.expr),
                _ => {}
            }
        }
        self.selves.pop();
        self.generics.truncate(before);
    }

    /// A constant of a type: reading it is as good as calling a function that returns it.
    fn associated(&mut self, owner: &str, ident: &syn::Ident, value: &Expr) {
        let span = ident.span().byte_range();
        let line = self.line(ident.span());
        let id = self.b.open_function(&ident.to_string(), line, span);
        self.b.with(id, |f| {
            f.owner = Some(owner.to_owned());
            f.getter = true;
            f.of_type = true;
        });
        let value = self.value(value);
        self.returns(id, value);
        self.b.close_function();
    }

    /// Attributes that may mean something to a library, as calls and names.
    fn attributes(&mut self, attributes: &[Attribute]) -> Vec<ExprId> {
        let mut found = vec![];
        for attribute in attributes {
            let known = ["doc", "derive", "cfg", "allow", "must_use", "inline", "serde", "cfg_attr", "warn", "expect"];
            if known.iter().any(|name| attribute.path().is_ident(name)) {
                continue;
            }
            let callee = self.path(attribute.path());
            let range = self.range(callee);
            match &attribute.meta {
                Meta::List(list) => {
                    let named = self.named_arguments(list.tokens.clone());
                    let args = self.first_text(list.tokens.clone()).into_iter().collect();
                    found.push(self.add(ExprKind::Call { callee, args, named, spread: false }, range));
                }
                _ => found.push(callee),
            }
        }
        found
    }

    /// The text an attribute begins with: `#[post("/orders", data = "<order>")]`.
    fn first_text(&mut self, tokens: proc_macro2::TokenStream) -> Option<ExprId> {
        let Some(TokenTree::Literal(value)) = tokens.into_iter().next() else { return None };
        let syn::Lit::Str(text) = syn::Lit::new(value) else { return None };
        Some(self.add(ExprKind::Text(text.value()), text.span().byte_range()))
    }

    /// `name = "…"` among the tokens of an attribute.
    fn named_arguments(&mut self, tokens: proc_macro2::TokenStream) -> Vec<Part> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut named = vec![];
        for three in tokens.windows(3) {
            if let [TokenTree::Ident(key), TokenTree::Punct(equal), TokenTree::Literal(value)] = three
                && equal.as_char() == '='
                && let syn::Lit::Str(text) = syn::Lit::new(value.clone())
            {
                let value = self.add(ExprKind::Text(text.value()), value.span().byte_range());
                named.push(Part { key: Some(Key::Name(key.to_string())), value });
            }
        }
        named
    }

    /// A function or method.
    pub(super) fn function(
        &mut self,
        signature: &Signature,
        body: Option<&syn::Block>,
        owner: Option<(String, TypeExpr)>,
        decorators: Vec<ExprId>,
    ) -> FuncId {
        let before = self.open_generics(&signature.generics);
        let start = signature.fn_token.span.byte_range().start;
        let end = body.map_or(start, |b| b.brace_token.span.close().byte_range().end);
        let line = self.line(signature.ident.span());
        let id = self.b.open_function(&signature.ident.to_string(), line, start..end);
        let receives = signature.receiver().is_some();
        let results = self.results(&signature.output);
        self.b.with(id, |f| {
            f.owner = owner.as_ref().map(|(name, _)| name.clone());
            f.of_type = owner.is_some() && !receives;
            f.decorators = decorators;
            f.asynchronous = signature.asyncness.is_some();
            f.results = results.into_iter().map(|ty| ResultDecl { ty, var: None }).collect();
        });
        if let Some((_, ty)) = owner.filter(|_| receives) {
            let var = self.b.declare("self", Role::Receiver, ty, line);
            self.b.with(id, |f| f.receiver = Some(var));
        }
        let mut position = 0;
        for input in &signature.inputs {
            let FnArg::Typed(typed) = input else { continue };
            let ty = self.ty(&typed.ty);
            self.parameter(id, position, &typed.pat, ty);
            position += 1;
        }
        if let Some(body) = body {
            let value = self.body(body);
            let unit = matches!(signature.output, syn::ReturnType::Default);
            if let Some(value) = value.filter(|_| !unit) {
                self.returns(id, value);
            }
        }
        self.b.close_function();
        self.generics.truncate(before);
        id
    }

    /// Declare a parameter, whatever pattern it is taken apart by.
    pub(super) fn parameter(&mut self, id: FuncId, position: usize, pattern: &Pat, ty: TypeExpr) {
        let name = super::patterns::name_of(pattern);
        let line = self.pattern_line(pattern);
        let text = name.clone().unwrap_or_else(|| "_".to_owned());
        let var = self.b.declare(&text, Role::Param(position), ty, line);
        self.b.with(id, |f| f.params.push(var));
        if name.is_none() {
            let range: Range = 0..0;
            let value = self.add(ExprKind::Var(var), range);
            self.bind(pattern, value);
        }
    }
}

/// `#[path = "…"]`.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|a| match &a.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}
