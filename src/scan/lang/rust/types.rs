//! Types as written.

use syn::{GenericArgument, Generics, PathArguments, ReturnType, Type, TypeParamBound, WherePredicate};

use super::Lowering;
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

/// Types of libraries that hand out what they hold: for our purposes they are what they hold.
const SAME: [&str; 36] = [
    "Arc",
    "Rc",
    "Box",
    "Weak",
    "Pin",
    "Cow",
    "Option",
    "Result",
    "Mutex",
    "RwLock",
    "RefCell",
    "Cell",
    "OnceCell",
    "OnceLock",
    "LazyLock",
    "LazyCell",
    "Lazy",
    "ArcSwap",
    "ArcSwapOption",
    "State",
    "Data",
    "Extension",
    "Poll",
    "Ready",
    "BoxFuture",
    "LocalBoxFuture",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "AsyncOnceCell",
    "Json",
    "ManuallyDrop",
    "SetOnce",
    "Shared",
    "ReqData",
    "Request",
];

/// Types that hold several of their last argument.
const LISTS: [&str; 9] =
    ["Vec", "VecDeque", "HashSet", "BTreeSet", "IndexSet", "DashSet", "SmallVec", "LinkedList", "BinaryHeap"];

/// Types that hold values of their second argument by key.
const MAPS: [&str; 8] = ["HashMap", "BTreeMap", "DashMap", "IndexMap", "FxHashMap", "AHashMap", "MokaCache", "Cache"];

/// Bounds that say nothing of what a type is.
const MARKERS: [&str; 17] = [
    "Send",
    "Sync",
    "Sized",
    "Clone",
    "Copy",
    "Debug",
    "Display",
    "Default",
    "Unpin",
    "Into",
    "From",
    "AsRef",
    "Serialize",
    "Deserialize",
    "DeserializeOwned",
    "ToString",
    "Error",
];

/// Whether a type of this name is what it holds.
pub(super) fn is_same(name: &str) -> bool {
    SAME.contains(&name)
}

/// Whether an alias stands for a type that is what it holds.
pub(super) fn wraps(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| is_same(&s.ident.to_string())))
}

/// The types among generic arguments.
pub(super) fn type_arguments(arguments: &PathArguments) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else { return vec![] };
    list.args
        .iter()
        .filter_map(|a| match a {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
        .collect()
}

impl Lowering<'_> {
    /// A type as written.
    pub(super) fn ty(&mut self, ty: &Type) -> TypeExpr {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return TypeExpr::Unknown;
        }
        self.b.depth += 1;
        let lowered = self.ty_inner(ty);
        self.b.depth -= 1;
        lowered
    }

    fn ty_inner(&mut self, ty: &Type) -> TypeExpr {
        match ty {
            Type::Reference(inner) => self.ty(&inner.elem),
            Type::Paren(inner) => self.ty(&inner.elem),
            Type::Group(inner) => self.ty(&inner.elem),
            Type::Ptr(inner) => self.ty(&inner.elem),
            Type::Array(inner) => TypeExpr::List(Box::new(self.ty(&inner.elem))),
            Type::Slice(inner) => TypeExpr::List(Box::new(self.ty(&inner.elem))),
            Type::ImplTrait(inner) => self.bounds(inner.bounds.iter()),
            Type::TraitObject(inner) => self.bounds(inner.bounds.iter()),
            Type::BareFn(function) => TypeExpr::Function(self.results(&function.output)),
            Type::Path(path) => self.path_type(&path.path, path.qself.is_some()),
            _ => TypeExpr::Unknown,
        }
    }

    /// A type named by a path.
    pub(super) fn path_type(&mut self, path: &syn::Path, projected: bool) -> TypeExpr {
        let Some(last) = path.segments.last() else { return TypeExpr::Unknown };
        let name = last.ident.to_string();
        let arguments = type_arguments(&last.arguments);
        if path.segments.len() == 1 {
            if name == "Self" {
                return self.selves.last().cloned().unwrap_or_default();
            }
            if let Some((_, bound)) = self.generics.iter().rev().find(|(generic, _)| *generic == name) {
                return bound.clone();
            }
            if matches!(name.as_str(), "str" | "String" | "char" | "usize" | "isize" | "i128" | "u128") || plain(&name)
            {
                return TypeExpr::Named { qualifier: None, name: "string".to_owned() };
            }
        }
        let own = path.segments.len() == 1 && self.types.contains(&name);
        if !own && !arguments.is_empty() {
            // `AppResult<T>` is what it says wherever it is declared.
            if is_same(&name) || name.ends_with("Result") || self.same.contains(&name) {
                return arguments.first().map(|ty| self.ty(ty)).unwrap_or_default();
            }
            if LISTS.contains(&name.as_str()) {
                return TypeExpr::List(Box::new(arguments.first().map(|ty| self.ty(ty)).unwrap_or_default()));
            }
            if MAPS.contains(&name.as_str()) {
                return TypeExpr::Map(Box::new(arguments.get(1).map(|ty| self.ty(ty)).unwrap_or_default()));
            }
        }
        if projected {
            return TypeExpr::Unknown;
        }
        let named = self.named(path);
        match named.rest.as_slice() {
            [(name, _)] => TypeExpr::Named { qualifier: named.module, name: name.clone() },
            // `Type::Variant`, `T::Output`.
            _ => TypeExpr::Unknown,
        }
    }

    /// The type that bounds tell: the first trait that says something, or what a future or function yields.
    pub(super) fn bounds<'b>(&mut self, bounds: impl Iterator<Item = &'b TypeParamBound>) -> TypeExpr {
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else { continue };
            let Some(last) = bound.path.segments.last() else { continue };
            let name = last.ident.to_string();
            if MARKERS.contains(&name.as_str()) {
                continue;
            }
            if let PathArguments::Parenthesized(function) = &last.arguments {
                return TypeExpr::Function(self.results(&function.output));
            }
            if let PathArguments::AngleBracketed(list) = &last.arguments {
                let output = list.args.iter().find_map(|a| match a {
                    GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(&assoc.ty),
                    _ => None,
                });
                if let Some(output) = output {
                    return self.ty(output);
                }
                if name == "Deref" || matches!(name.as_str(), "Iterator" | "Stream") {
                    let item = list.args.iter().find_map(|a| match a {
                        GenericArgument::AssocType(assoc) => Some(&assoc.ty),
                        _ => None,
                    });
                    let item = item.map(|ty| self.ty(ty)).unwrap_or_default();
                    return if name == "Deref" { item } else { TypeExpr::List(Box::new(item)) };
                }
            }
            return self.path_type(&bound.path, false);
        }
        TypeExpr::Unknown
    }

    /// What a function yields: the parts of a tuple are several results.
    pub(super) fn results(&mut self, output: &ReturnType) -> Vec<TypeExpr> {
        match output {
            ReturnType::Default => vec![],
            ReturnType::Type(_, ty) => self.result_types(ty),
        }
    }

    fn result_types(&mut self, ty: &Type) -> Vec<TypeExpr> {
        match ty {
            Type::Tuple(tuple) => tuple.elems.iter().map(|ty| self.ty(ty)).collect(),
            Type::Path(path) => {
                let Some(last) = path.path.segments.last() else { return vec![TypeExpr::Unknown] };
                let name = last.ident.to_string();
                let wraps = is_same(&name) || name.ends_with("Result") || self.same.contains(&name);
                match type_arguments(&last.arguments).first() {
                    Some(inner @ (Type::Tuple(_) | Type::Path(_) | Type::TraitObject(_))) if wraps => {
                        self.result_types(inner)
                    }
                    _ => vec![self.ty(ty)],
                }
            }
            Type::ImplTrait(inner) => self.future(inner.bounds.iter()).unwrap_or_else(|| vec![self.ty(ty)]),
            Type::TraitObject(inner) => self.future(inner.bounds.iter()).unwrap_or_else(|| vec![self.ty(ty)]),
            _ => vec![self.ty(ty)],
        }
    }

    /// `impl Future<Output = …>`.
    fn future<'b>(&mut self, bounds: impl Iterator<Item = &'b TypeParamBound>) -> Option<Vec<TypeExpr>> {
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else { continue };
            let Some(PathArguments::AngleBracketed(list)) = bound.path.segments.last().map(|s| &s.arguments) else {
                continue;
            };
            for argument in &list.args {
                if let GenericArgument::AssocType(assoc) = argument
                    && assoc.ident == "Output"
                {
                    return Some(self.result_types(&assoc.ty));
                }
            }
        }
        None
    }

    /// Bring type parameters into scope; returns how many there were before.
    pub(super) fn open_generics(&mut self, generics: &Generics) -> usize {
        let before = self.generics.len();
        for parameter in generics.type_params() {
            self.generics.push((parameter.ident.to_string(), TypeExpr::Unknown));
        }
        let mut found: Vec<(String, TypeExpr)> = vec![];
        for parameter in generics.type_params() {
            let bound = self.bounds(parameter.bounds.iter());
            found.push((parameter.ident.to_string(), bound));
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            let WherePredicate::Type(predicate) = predicate else { continue };
            let Type::Path(path) = &predicate.bounded_ty else { continue };
            if let Some(name) = path.path.get_ident() {
                let bound = self.bounds(predicate.bounds.iter());
                found.push((name.to_string(), bound));
            }
        }
        for (name, bound) in found.into_iter().filter(|(_, bound)| *bound != TypeExpr::Unknown) {
            let known = self.generics.iter_mut().skip(before).find(|(generic, _)| *generic == name);
            if let Some((_, ty)) = known.filter(|(_, ty)| *ty == TypeExpr::Unknown) {
                *ty = bound;
            }
        }
        before
    }
}

fn plain(name: &str) -> bool {
    matches!(name, "bool" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "f32" | "f64")
}
