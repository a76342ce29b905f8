//! The neutral program: what every language front end lowers its syntax trees into.
//!
//! Nothing here knows a grammar, and nothing here knows Temporal. Names are bound lexically while
//! lowering (see [`super::lang::builder`]), so a shadowed package name is never mistaken for the package.

mod declarations;
mod reaching;

use crate::facts::code::Scope;

pub use declarations::*;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// As an index.
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

/// Name of the function that runs when an object of a type is made, in every language.
pub const CONSTRUCTOR: &str = "constructor";

id!(
    /// An expression of a unit.
    ExprId
);
id!(
    /// A variable of a unit.
    VarId
);
id!(
    /// A function, method or lambda of a unit.
    FuncId
);
id!(
    /// A block of a unit; block 0 is the unit itself.
    BlockId
);

/// One source file.
#[derive(Debug, Default)]
pub struct Unit {
    /// Relative to the root, `/` as separator.
    pub path: String,
    /// `go` …
    pub language: &'static str,
    /// Kind of code.
    pub scope: Scope,
    /// Name under which other files import this one.
    pub package: String,
    /// Name the package gives itself, which importers use when they give no alias.
    pub package_name: String,
    /// What is imported.
    pub imports: Vec<Import>,
    /// Packages whose names this one hands on as its own.
    pub hands_on: Vec<String>,
    /// Names this file hands out → its own names for them, where the language writes that down.
    pub exports: Vec<(String, String)>,
    /// Calls written upon declarations.
    pub annotations: Vec<Annotation>,
    /// Expressions; an operand comes before the expression that uses it.
    pub exprs: Vec<Expr>,
    /// Variables.
    pub vars: Vec<Var>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Type declarations.
    pub types: Vec<TypeDecl>,
    /// Package-level variables and constants.
    pub globals: Vec<VarId>,
    /// Assignments to fields and to names this file does not declare.
    pub writes: Vec<Write>,
    /// Calls.
    pub calls: Vec<CallPlace>,
    /// Members and free names used as values, not called.
    pub references: Vec<Reference>,
    /// The text, for snippets; the units of one file share it.
    pub text: std::sync::Arc<str>,
    /// What the parser could not read, with the statements around it, by bytes of the text.
    pub broken: Vec<std::ops::Range<usize>>,
    /// Lowering stopped somewhere because the nesting was too deep.
    pub too_deep: bool,
}

impl Unit {
    /// Give back what the lists took in advance: nothing is added after lowering, and many units are kept.
    pub fn seal(&mut self) {
        self.exprs.shrink_to_fit();
        self.vars.shrink_to_fit();
        self.functions.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.calls.shrink_to_fit();
        self.references.shrink_to_fit();
    }

    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.at()]
    }

    /// A variable.
    pub fn var(&self, id: VarId) -> &Var {
        &self.vars[id.at()]
    }

    /// A function.
    pub fn function(&self, id: FuncId) -> &Function {
        &self.functions[id.at()]
    }

    /// A block and those around it, the innermost first.
    pub fn blocks_around(&self, block: BlockId) -> Vec<BlockId> {
        std::iter::successors(Some(block), |id| self.blocks.get(id.at()).and_then(|b| b.parent)).collect()
    }

    /// The source text of an expression.
    pub fn text_of(&self, id: ExprId) -> &str {
        let expr = self.expr(id);
        self.text.get(expr.start as usize..expr.end as usize).unwrap_or_default()
    }

    /// The trimmed text of a 1-based line, at most 200 characters.
    pub fn line(&self, line: u32) -> String {
        let text = self.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default().trim();
        text.chars().take(200).collect()
    }

    /// The innermost named function around `function`, or the name of the variable a lambda initialises.
    pub fn name_around(&self, function: Option<FuncId>) -> Option<&str> {
        let named = self.named_around(function)?;
        let function = self.function(named);
        if function.name.is_empty() { function.holder.as_deref() } else { Some(&function.name) }
    }

    /// The outermost function around `function`: lambdas belong to the function they are written in.
    pub fn named_around(&self, function: Option<FuncId>) -> Option<FuncId> {
        let mut id = function?;
        while let Some(parent) = self.function(id).parent {
            id = parent;
        }
        Some(id)
    }
}

/// A call written upon a declaration: a decorator of a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Annotation {
    /// What it is written upon.
    pub on: VarId,
    /// The call, or a bare name.
    pub call: ExprId,
}

/// One import.
#[derive(Debug, Clone)]
pub struct Import {
    /// Local name; `None` when the package's own name is used; `.` brings all names in.
    pub alias: Option<String>,
    /// What is imported.
    pub path: String,
    /// The one name of it that is meant; `None` for the whole package.
    pub member: Option<String>,
}

/// An expression with its place. For a member, the place is that of the member's name.
#[derive(Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// 1-based line.
    pub line: u32,
    /// 1-based byte column.
    pub column: u32,
    /// Byte range in the text.
    pub start: u32,
    /// End of the byte range.
    pub end: u32,
    /// The block it stands in.
    pub block: BlockId,
}

/// The shapes expressions have in every language.
#[derive(Debug)]
pub enum ExprKind {
    /// A variable bound in this file.
    Var(VarId),
    /// A name bound elsewhere: package member, import, type, builtin.
    Free(String),
    /// `base.name`.
    Member {
        /// What it is a member of.
        base: ExprId,
        /// Its name.
        name: String,
    },
    /// `callee(args…)`.
    Call {
        /// What is called.
        callee: ExprId,
        /// The arguments, receivers not included.
        args: Vec<ExprId>,
        /// Arguments given by name; or a map spread into them.
        named: Vec<Part>,
        /// The last argument is spread.
        spread: bool,
    },
    /// A string.
    Text(String),
    /// A number, as written.
    Number(String),
    /// A boolean.
    Truth(bool),
    /// `nil`, `null`, `None`.
    Nothing,
    /// Struct, object, list or map literal; also keyword-constructed objects.
    Composite {
        /// Its type.
        ty: TypeExpr,
        /// Its parts.
        parts: Vec<Part>,
    },
    /// A function literal.
    Lambda(FuncId),
    /// Address of, or what a pointer points at: the same object for our purposes.
    Same(ExprId),
    /// Logical negation.
    Not(ExprId),
    /// An element of a container or what a channel yields.
    Element {
        /// The container.
        base: ExprId,
        /// Index or key.
        index: Option<ExprId>,
    },
    /// Assertion or conversion.
    Cast {
        /// To which type.
        ty: TypeExpr,
        /// What.
        value: ExprId,
    },
    /// Two operands.
    Binary {
        /// The operator as written.
        op: String,
        /// Left operand.
        left: ExprId,
        /// Right operand.
        right: ExprId,
    },
    /// A type used as a value.
    Type(TypeExpr),
    /// Conditional expression: one of these.
    Choice {
        /// What decides.
        condition: ExprId,
        /// When it holds.
        then: ExprId,
        /// When it does not.
        otherwise: ExprId,
    },
    /// Something without meaning for this analysis.
    Opaque,
}

/// One part of a composite literal.
#[derive(Debug)]
pub struct Part {
    /// Field name or map key.
    pub key: Option<Key>,
    /// The value.
    pub value: ExprId,
}

/// The key of a part.
#[derive(Debug)]
pub enum Key {
    /// A plain name: a field.
    Name(String),
    /// All parts of another object.
    Spread,
    /// Anything else.
    Value(ExprId),
}

/// A variable, parameter or constant.
#[derive(Debug)]
pub struct Var {
    /// Its name.
    pub name: String,
    /// What kind of variable.
    pub role: Role,
    /// The function that owns it; `None` for package level.
    pub function: Option<FuncId>,
    /// Declared type.
    pub ty: TypeExpr,
    /// Every value it is ever given.
    pub sources: Vec<Source>,
    /// 1-based line.
    pub line: u32,
}

/// What kind of variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Local variable.
    Local,
    /// The n-th parameter.
    Param(usize),
    /// The object a method is called on.
    Receiver,
    /// A named result.
    Result,
    /// Package-level variable or constant.
    Global,
}

/// One value given to a variable.
#[derive(Debug, Clone)]
pub struct Source {
    /// From where.
    pub value: ExprId,
    /// Which part of it, or as which part.
    pub take: Projection,
    /// In which block.
    pub block: BlockId,
}

/// Which part of a value is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// All of it.
    Whole,
    /// The n-th result of a call.
    Result(usize),
    /// An element of the value.
    ElementOf,
    /// The value becomes an element of the variable.
    IntoElement,
}

/// `base.field = value`, or an assignment to a free name.
#[derive(Debug)]
pub struct Write {
    /// The assigned expression: a member or a free name.
    pub target: ExprId,
    /// What it is given.
    pub source: Source,
    /// Function around it.
    pub function: Option<FuncId>,
}

/// A call and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct CallPlace {
    /// The call expression.
    pub expr: ExprId,
    /// Function around it.
    pub function: Option<FuncId>,
    /// Block around it.
    pub block: BlockId,
}

/// A member or free name used as a value.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// The expression.
    pub expr: ExprId,
    /// Function around it.
    pub function: Option<FuncId>,
    /// Block around it.
    pub block: BlockId,
    /// The call it is an argument of.
    pub argument_of: Option<ExprId>,
}
