//! The program as a person and a CI job meet it: flags, exit codes, the pull-request gate, the action, the documents.

mod action;
mod check;
mod docs;
mod exit_codes;
mod surface;
