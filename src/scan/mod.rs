//! Source tree → [`CodeFacts`](crate::facts::code::CodeFacts).
