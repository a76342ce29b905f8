//! A consultancy's own brand on the page: name, logo, a few colours. Everything is embedded; nothing is loaded.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::ui::{Problem, yaml};

/// A logo adds a third to its size to every report.
const LARGEST_LOGO: usize = 200 * 1024;
/// WCAG 2.1 AA for text.
const LEAST_CONTRAST: f64 = 4.5;
/// What links stand on, as in `report.css`: page, surface, sunk.
const LIGHT: [u32; 3] = [0xf5f6f8, 0xffffff, 0xf0f2f5];
const DARK: [u32; 3] = [0x10141a, 0x181e26, 0x202731];
const WHITE: u32 = 0xffffff;
const BLACK: u32 = 0x17202b;

/// A theme, checked: its colours can be read, its logo is embedded.
#[derive(Debug, Clone, Serialize)]
pub struct Theme {
    /// Who hands the report over.
    pub name: String,
    /// Said at the end of the page, such as a note on confidentiality.
    pub footer: Option<String>,
    /// The logo as a `data:` address.
    pub logo: Option<String>,
    /// Declarations of CSS variables that replace the built-in ones.
    css: Css,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Css {
    /// In every scheme.
    always: String,
    /// In the light scheme and on paper.
    light: String,
    dark: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    #[serde(default)]
    logo: Option<Spanned<String>>,
    #[serde(default)]
    footer: Option<String>,
    #[serde(default)]
    colors: Colors,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Colors {
    #[serde(default)]
    accent: Option<Spanned<String>>,
    #[serde(default)]
    accent_dark: Option<Spanned<String>>,
    #[serde(default)]
    header: Option<Spanned<String>>,
    #[serde(default)]
    header_text: Option<Spanned<String>>,
}

/// Places in one file.
struct At<'a> {
    name: &'a str,
    text: &'a str,
}

impl At<'_> {
    fn problem(&self, title: String, value: &Spanned<String>, label: impl Into<String>) -> Problem {
        Problem::usage(title).at(yaml::place(self.name, self.text, &value.referenced, label))
    }

    /// `#rrggbb` or `#rgb`.
    fn color(&self, value: &Spanned<String>) -> Result<u32, Problem> {
        let digits = value.value.strip_prefix('#').unwrap_or_default();
        let doubled: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            _ => digits.to_owned(),
        };
        u32::from_str_radix(&doubled, 16).ok().filter(|_| doubled.len() == 6).ok_or_else(|| {
            self.problem(format!("{} is not a colour", value.value), value, "this is not #rrggbb")
                .help("write six hexadecimal digits in quotes, such as \"#1d4db8\"")
        })
    }

    fn readable(&self, front: u32, value: &Spanned<String>, backs: &[u32], what: &str) -> Result<(), Problem> {
        let worst = backs.iter().map(|back| (contrast(front, *back), *back)).min_by(|a, b| a.0.total_cmp(&b.0));
        match worst {
            Some((ratio, back)) if ratio < LEAST_CONTRAST => Err(self
                .problem(
                    format!("{} cannot be read {what}", value.value),
                    value,
                    format!("contrast {ratio:.1} to #{back:06x}; text needs {LEAST_CONTRAST}"),
                )
                .help(if luminance(back) > 0.5 { "choose a darker colour" } else { "choose a lighter colour" })),
            _ => Ok(()),
        }
    }
}

impl Theme {
    /// Read a theme file and the logo beside it.
    ///
    /// # Errors
    /// Usage problems that point at the place: a file that cannot be read, unknown keys, a colour that is none or
    /// cannot be read on the page, a logo that is no image or too large.
    pub fn load(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| Problem::usage(format!("cannot read the theme {name}")).note(e.to_string()))?;
        let file: File = yaml::parse(&name, &text)?;
        let at = At { name: &name, text: &text };
        if file.name.value.trim().is_empty() {
            return Err(at.problem("the theme has no name".to_owned(), &file.name, "this is empty"));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            logo: file.logo.as_ref().map(|logo| embed(&at, folder, logo)).transpose()?,
            css: css(&at, &file.colors)?,
            name: file.name.value,
            footer: file.footer.filter(|footer| !footer.trim().is_empty()),
        })
    }
}

fn css(at: &At, colors: &Colors) -> Result<Css, Problem> {
    let mut css = Css::default();
    if let Some(value) = &colors.accent {
        let color = at.color(value)?;
        at.readable(color, value, &LIGHT, "on the light page")?;
        css.light = format!("--accent:#{color:06x};");
    }
    if let Some(value) = &colors.accent_dark {
        let color = at.color(value)?;
        at.readable(color, value, &DARK, "on the dark page")?;
        css.dark = format!("--accent:#{color:06x};");
    }
    match (&colors.header, &colors.header_text) {
        (Some(value), text) => {
            let back = at.color(value)?;
            let front = match text {
                Some(value) => {
                    let front = at.color(value)?;
                    at.readable(front, value, &[back], "on the header")?;
                    front
                }
                None if contrast(WHITE, back) >= contrast(BLACK, back) => WHITE,
                None => BLACK,
            };
            css.always = format!("--head:#{back:06x};--head-ink:#{front:06x};--head-soft:#{front:06x};");
        }
        (None, Some(value)) => {
            return Err(at
                .problem("header_text has no header to stand on".to_owned(), value, "there is no colors.header")
                .help("give both, or neither"));
        }
        (None, None) => {}
    }
    Ok(css)
}

fn embed(at: &At, folder: &Path, logo: &Spanned<String>) -> Result<String, Problem> {
    let path = folder.join(&logo.value);
    let bytes = std::fs::read(&path).map_err(|e| {
        at.problem(format!("cannot read the logo {}", path.display()), logo, "named here")
            .note(e.to_string())
            .help("a logo is a local file; its path is relative to the theme")
    })?;
    if bytes.len() > LARGEST_LOGO {
        let title = format!("the logo {} is too large to be embedded in every report", path.display());
        return Err(at.problem(title, logo, format!("{} KB; at most 200", bytes.len() / 1024)));
    }
    let kind = kind(&bytes).ok_or_else(|| {
        at.problem(format!("{} is not an image", path.display()), logo, "named here")
            .help("use SVG, PNG, JPEG, GIF or WebP")
    })?;
    Ok(format!("data:{kind};base64,{}", STANDARD.encode(&bytes)))
}

/// The media type, told from the content. Scripts in an SVG do not run where it is shown as an image.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    Some(match bytes {
        _ if starts(b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if starts(b"\xff\xd8\xff") => "image/jpeg",
        _ if starts(b"GIF8") => "image/gif",
        _ if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => "image/webp",
        _ => {
            let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
            let prolog = ["<?xml", "<!--", "<!DOCTYPE svg"].iter().any(|start| text.starts_with(start));
            (text.starts_with("<svg") || (prolog && text.contains("<svg"))).then_some(())?;
            "image/svg+xml"
        }
    })
}

/// WCAG 2 contrast ratio.
fn contrast(a: u32, b: u32) -> f64 {
    let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
    (high + 0.05) / (low + 0.05)
}

/// WCAG 2 relative luminance.
fn luminance(color: u32) -> f64 {
    let part = |shift: u32| {
        let x = f64::from(color >> shift & 0xff) / 255.0;
        if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}
