//! The bundler splits the pages' code off, and needs for that what the linker would drop: where code and data refer to
//! each other.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    println!("cargo::rustc-link-arg-cdylib=--no-merge-data-segments");
}
