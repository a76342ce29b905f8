//! What a call or decorator says: its arguments as text, and its name.

use crate::scan::catalogue::Slot;
use crate::scan::index::{At, strip};
use crate::scan::resolve::Resolver;

/// The text of an argument; a constant that is no text is named as it is written when that is short.
pub(super) fn argument(r: &Resolver<'_>, call: At, token: &str) -> Option<String> {
    let slot = Slot::try_from(token.to_owned()).ok()?;
    let (written, steps) = r.slot_argument(call, &slot)?;
    if let Some(text) = r.fold_slot(call, &slot).and_then(|folded| folded.text().map(str::to_owned)) {
        return Some(text);
    }
    let text = r.index.unit(written.unit).text_of(written.expr);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
    (steps.is_empty() && !text.is_empty() && text.len() <= 60 && text.chars().all(plain)).then(|| text.to_owned())
}

pub(super) fn called<'a>(r: &Resolver<'a>, said: At) -> Option<&'a str> {
    let callee = super::library::callee_of(r, said);
    let unit = r.index.unit(callee.unit);
    r.index.meant_name(callee.unit, unit, strip(unit, callee.expr))
}
