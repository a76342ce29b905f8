//! Builds a [`Unit`] and binds names while a front end walks the syntax tree.

use std::collections::HashMap;

use crate::scan::program::*;

/// Nesting at which lowering stops: deeper code is generated data, and the call stack is finite.
pub const MAX_DEPTH: usize = 400;

/// A unit under construction with its open scopes.
pub struct Builder {
    /// The unit so far.
    pub unit: Unit,
    /// Current nesting of expressions and statements.
    pub depth: usize,
    scopes: Vec<HashMap<String, VarId>>,
    functions: Vec<FuncId>,
    blocks: Vec<BlockId>,
    holder: Option<String>,
}

impl Builder {
    /// Start with the package scope open.
    pub fn new(mut unit: Unit) -> Self {
        unit.blocks.push(Block { parent: None, guard: Guard::None, function: None, line: 1 });
        Self { unit, depth: 0, scopes: vec![HashMap::new()], functions: vec![], blocks: vec![BlockId(0)], holder: None }
    }

    /// Run `f` one level deeper, or record that the nesting is too deep.
    pub fn deeper<T>(&mut self, otherwise: T, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            self.unit.too_deep = true;
            return otherwise;
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// The current function.
    pub fn function(&self) -> Option<FuncId> {
        self.functions.last().copied()
    }

    /// The current block.
    pub fn block(&self) -> BlockId {
        self.blocks.last().copied().unwrap_or(BlockId(0))
    }

    /// Open a lexical scope.
    pub fn open_scope(&mut self) {
        self.scopes.push(HashMap::new());
    }

    /// Close the innermost scope.
    pub fn close_scope(&mut self) {
        self.scopes.pop();
    }

    /// Open a block inside the current one.
    pub fn open_block(&mut self, guard: Guard, line: u32) -> BlockId {
        let id = BlockId(self.unit.blocks.len() as u32);
        let (parent, function) = (Some(self.block()), self.function());
        self.unit.blocks.push(Block { parent, guard, function, line });
        self.blocks.push(id);
        id
    }

    /// Close the innermost block.
    pub fn close_block(&mut self) {
        self.blocks.pop();
    }

    /// The variable a name means here.
    pub fn lookup(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    /// Whether the innermost scope declares the name.
    pub fn declared_here(&self, name: &str) -> Option<VarId> {
        self.scopes.last().and_then(|scope| scope.get(name).copied())
    }

    /// Declare a variable in the innermost scope.
    pub fn declare(&mut self, name: &str, role: Role, ty: TypeExpr, line: u32) -> VarId {
        let id = VarId(self.unit.vars.len() as u32);
        let function = if role == Role::Global { None } else { self.function() };
        self.unit.vars.push(Var { name: name.to_owned(), role, function, ty, sources: vec![], line });
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), id);
        }
        if role == Role::Global {
            self.unit.globals.push(id);
        }
        id
    }

    /// Declare a package-level variable that only other files see by this name.
    pub fn declare_outside(&mut self, name: &str, line: u32) -> VarId {
        let id = VarId(self.unit.vars.len() as u32);
        let (role, ty) = (Role::Global, TypeExpr::Unknown);
        self.unit.vars.push(Var { name: name.to_owned(), role, function: None, ty, sources: vec![], line });
        self.unit.globals.push(id);
        id
    }

    /// Give a variable a value.
    pub fn give(&mut self, var: VarId, value: ExprId, take: Projection) {
        let block = self.block();
        self.unit.vars[var.at()].sources.push(Source { value, take, block });
    }

    /// Record an assignment to a member or a free name.
    pub fn write(&mut self, target: ExprId, value: ExprId, take: Projection) {
        let (block, function) = (self.block(), self.function());
        self.unit.writes.push(Write { target, source: Source { value, take, block }, function });
    }

    /// Add an expression; calls, members and free names are indexed on the way.
    pub fn expr(&mut self, kind: ExprKind, line: u32, column: u32, range: std::ops::Range<usize>) -> ExprId {
        let id = ExprId(self.unit.exprs.len() as u32);
        if matches!(kind, ExprKind::Call { .. }) {
            let (function, block) = (self.function(), self.block());
            self.unit.calls.push(CallPlace { expr: id, function, block });
        }
        let (start, end, block) = (range.start as u32, range.end as u32, self.block());
        self.unit.exprs.push(Expr { kind, line, column, start, end, block });
        id
    }

    /// Record that a member or a free name is used as a value.
    pub fn reference(&mut self, expr: ExprId, argument_of: Option<ExprId>) {
        let (function, block) = (self.function(), self.block());
        self.unit.references.push(Reference { expr, function, block, argument_of });
    }

    /// Open a function: its scope, its body block and its place among the functions.
    pub fn open_function(&mut self, name: &str, line: u32, range: std::ops::Range<usize>) -> FuncId {
        let id = FuncId(self.unit.functions.len() as u32);
        let parent = self.function();
        let block = self.open_block(Guard::None, line);
        self.unit.blocks[block.at()].function = Some(id);
        self.unit.functions.push(Function {
            name: name.to_owned(),
            owner: None,
            implements: None,
            receiver: None,
            params: vec![],
            rest: None,
            keywords: None,
            named_from: None,
            getter: false,
            of_type: false,
            decorators: vec![],
            asynchronous: false,
            results: vec![],
            returns: vec![],
            holder: if parent.is_none() { self.holder.clone() } else { None },
            parent,
            line,
            block,
            start: range.start as u32,
            end: range.end as u32,
        });
        self.functions.push(id);
        self.open_scope();
        id
    }

    /// Close the innermost function.
    pub fn close_function(&mut self) {
        self.close_scope();
        self.functions.pop();
        self.close_block();
    }

    /// Change a function under construction.
    pub fn with(&mut self, id: FuncId, f: impl FnOnce(&mut Function)) {
        f(&mut self.unit.functions[id.at()]);
    }

    /// Lambdas met from now on initialise this package-level variable.
    pub fn set_holder(&mut self, name: Option<&str>) {
        self.holder = name.map(str::to_owned);
    }
}
