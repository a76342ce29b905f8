//! Bytes of a file as UTF-8, whatever the editor wrote.

use std::io;
use std::path::Path;

/// How much of a file is looked at to tell whether it is text.
const HEAD: usize = 1 << 16;

/// Whether bytes are text: compiled code and pictures under the name of a source file are not. At most a tenth may be
/// control characters or no UTF-8, so that old encodings pass.
pub fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let control = |byte: &u8| matches!(byte, 0..=8 | 14..=31);
    let odd = |chunk: std::str::Utf8Chunk<'_>| {
        chunk.invalid().len() + chunk.valid().as_bytes().iter().filter(|b| control(b)).count()
    };
    head.utf8_chunks().map(odd).sum::<usize>() * 10 <= head.len()
}

/// Read a file; text in UTF-16 with a byte-order mark becomes UTF-8. Nothing else is changed.
///
/// # Errors
/// Those of reading the file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    let order: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => u16::from_le_bytes,
        Some([0xFE, 0xFF]) => u16::from_be_bytes,
        _ => return Ok(bytes),
    };
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().skip(1).map(|pair| order(*pair));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Ok(text.into_bytes())
}
/// The text of a line before a place in it.
pub fn line_before(bytes: &[u8], at: usize) -> &[u8] {
    let before = bytes.get(..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    before.get(start..).unwrap_or_default()
}

/// Whether a match is not a piece of a longer name.
pub fn is_whole(bytes: &[u8], start: usize, end: usize) -> bool {
    let part = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80);
    let edge =
        |inside: usize, outside: Option<usize>| part(bytes.get(inside)) && part(outside.and_then(|at| bytes.get(at)));
    !edge(start, start.checked_sub(1)) && !edge(end.saturating_sub(1), Some(end))
}
