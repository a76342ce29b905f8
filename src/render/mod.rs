//! `&Scorecard` → bytes; pure: no clock, no environment.
