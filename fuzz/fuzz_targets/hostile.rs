#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| temporal_preflight_fuzz::scan_hostile(bytes));
