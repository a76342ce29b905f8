//! Two snapshots → typed changes; pure.
