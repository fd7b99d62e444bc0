//! Turns the compiled WebAssembly and the style sheets into the files that the server serves.
fn main() {}
