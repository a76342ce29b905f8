//! Source tree → [`CodeFacts`](crate::facts::code::CodeFacts).

// TEMPORARY
#[derive(Debug, Clone, Default)]
/// x
pub struct ScanOptions {
    /// x
    pub factories: Vec<String>,
    /// x
    pub exclude: Vec<String>,
}
/// x
pub fn scan(_: &std::path::Path, _: &ScanOptions) -> Result<crate::facts::code::CodeFacts, crate::ui::Problem> {
    Err(crate::ui::Problem::tool("x"))
}
/// x
pub fn merge(mut v: Vec<crate::facts::code::CodeFacts>) -> crate::facts::code::CodeFacts {
    v.remove(0)
}
/// x
pub mod document {
    /// x
    pub fn read(_: &std::path::Path) -> Result<crate::facts::code::CodeFacts, crate::ui::Problem> {
        Err(crate::ui::Problem::tool("x"))
    }
}
