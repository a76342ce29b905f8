//! What a unit declares: functions with their blocks, and types.

use super::{BlockId, ExprId, FuncId, VarId};

/// A function, method or lambda.
#[derive(Debug)]
pub struct Function {
    /// Name; empty for lambdas.
    pub name: String,
    /// The type it is a method of.
    pub owner: Option<String>,
    /// The trait whose method it is, where methods are written apart for each.
    pub implements: Option<String>,
    /// The variable that holds the object.
    pub receiver: Option<VarId>,
    /// Parameters.
    pub params: Vec<VarId>,
    /// The parameter that takes the rest of the arguments.
    pub rest: Option<usize>,
    /// The parameter that takes the rest of the named arguments.
    pub keywords: Option<usize>,
    /// Parameters from here on are given by name only.
    pub named_from: Option<usize>,
    /// Reading the member of this name calls it.
    pub getter: bool,
    /// Called on the type, not on an object: no object comes before its arguments.
    pub of_type: bool,
    /// Annotations: decorators as expressions.
    pub decorators: Vec<ExprId>,
    /// Its result is waited for.
    pub asynchronous: bool,
    /// Results.
    pub results: Vec<ResultDecl>,
    /// Return statements.
    pub returns: Vec<Return>,
    /// The function a lambda is written in.
    pub parent: Option<FuncId>,
    /// For package-level lambdas: the variable they initialise.
    pub holder: Option<String>,
    /// 1-based line of the name.
    pub line: u32,
    /// Its body.
    pub block: BlockId,
    /// First byte.
    pub start: u32,
    /// End.
    pub end: u32,
}

/// One declared result.
#[derive(Debug)]
pub struct ResultDecl {
    /// Type.
    pub ty: TypeExpr,
    /// The variable of a named result.
    pub var: Option<VarId>,
}

/// One return statement.
#[derive(Debug)]
pub struct Return {
    /// Values; empty for a bare return.
    pub values: Vec<ExprId>,
    /// Block it stands in.
    pub block: BlockId,
}

/// A block with what must hold for it to run.
#[derive(Debug)]
pub struct Block {
    /// The block around it.
    pub parent: Option<BlockId>,
    /// Why it runs.
    pub guard: Guard,
    /// The function it belongs to.
    pub function: Option<FuncId>,
    /// 1-based first line.
    pub line: u32,
}

/// Why a block runs.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Always.
    None,
    /// The condition holds, or does not.
    When {
        /// The condition.
        condition: ExprId,
        /// Whether it holds in the block.
        holds: bool,
    },
    /// One branch of a switch; no values and no types for the default branch.
    Case {
        /// What is switched on.
        subject: Option<ExprId>,
        /// Values of the branch.
        values: Vec<ExprId>,
        /// Types of the branch.
        types: Vec<TypeExpr>,
    },
    /// Body of a loop over something.
    Loop {
        /// What is iterated.
        over: Option<ExprId>,
    },
    /// An error handler for these types; none for any error.
    Handler {
        /// Types of errors.
        types: Vec<TypeExpr>,
        /// The block whose errors come here.
        tried: BlockId,
        /// The variable that holds the error.
        error: Option<VarId>,
    },
}

/// A type declaration.
#[derive(Debug)]
pub struct TypeDecl {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: TypeKind,
    /// 1-based line.
    pub line: u32,
    /// Calling the type makes an object of it, and runs [`CONSTRUCTOR`](super::CONSTRUCTOR).
    pub made_by_call: bool,
    /// Annotations: decorators as expressions.
    pub decorators: Vec<ExprId>,
    /// What a container makes values of an alias from.
    pub provider: Option<ExprId>,
}

/// What a type is.
#[derive(Debug)]
pub enum TypeKind {
    /// Has fields; embedded ones hand their members on.
    Record {
        /// The fields.
        fields: Vec<Field>,
        /// Types whose members it inherits.
        bases: Vec<TypeExpr>,
    },
    /// Has methods without bodies.
    Interface {
        /// Methods.
        methods: Vec<Method>,
        /// Interfaces it includes.
        bases: Vec<TypeExpr>,
        /// Fields, in languages where any object that has them fits.
        fields: Vec<Field>,
    },
    /// Another name for a type.
    Alias(TypeExpr),
    /// A new type with the shape of another.
    Defined(TypeExpr),
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Name; for an embedded one the last part of its type.
    pub name: String,
    /// Type.
    pub ty: TypeExpr,
    /// Its members are members of the record.
    pub embedded: bool,
}

/// A method of an interface.
#[derive(Debug)]
pub struct Method {
    /// Name.
    pub name: String,
    /// Parameter types.
    pub params: Vec<TypeExpr>,
    /// Result types.
    pub results: Vec<TypeExpr>,
}

/// A type as written; pointers are dropped, since a client and a pointer to it are the same client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TypeExpr {
    /// Not written, or without meaning here (type parameters, anonymous types).
    #[default]
    Unknown,
    /// `qualifier.name`.
    Named {
        /// Package or module it is taken from.
        qualifier: Option<String>,
        /// Name.
        name: String,
    },
    /// List, array, channel.
    List(Box<TypeExpr>),
    /// Map by its values.
    Map(Box<TypeExpr>),
    /// Function by its results.
    Function(Vec<TypeExpr>),
}
