#![no_main]

// The first byte chooses the dialect.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let name = match first % 4 {
        0 => "a.ts",
        1 => "a.tsx",
        2 => "a.js",
        _ => "a.vue",
    };
    temporal_preflight_fuzz::lower(name, rest);
});
