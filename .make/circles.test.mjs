// What `circles.mjs` must and must not report. Runs in `make check`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

/** The files that are reported for a crate of these sources; `lib.rs` declares `a` and `b`. */
function circle(sources) {
  const folder = mkdtempSync(join(tmpdir(), "circles-"));
  const files = { "Cargo.toml": "", "src/lib.rs": "pub mod a;\nmod b;", "src/a.rs": "", "src/b.rs": "", ...sources };
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "circles.mjs"), folder], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  assert.equal(stderr, "");
  return stdout.split("\n").flatMap((line) => line.match(/^  (\S+)/)?.[1] ?? []);
}

test("two files that use each other are a circle, by use, by nested use, by path", () => {
  const b = "pub struct B; fn f() -> super::a::A { todo!() }";
  assert.deepEqual(circle({ "src/a.rs": "use crate::b::B; pub struct A;", "src/b.rs": b }), ["a.rs", "b.rs"]);
  assert.deepEqual(circle({ "src/a.rs": "use crate::{b::{self as other, B as C}}; pub struct A;", "src/b.rs": b }), ["a.rs", "b.rs"]);
  assert.deepEqual(circle({ "src/a.rs": "use crate::b; pub struct A(b::B);", "src/b.rs": b }), ["a.rs", "b.rs"]);
});

test("a module and its children are no circle, children among each other are", () => {
  const parent = "mod x; mod y; pub use x::X; pub struct A;";
  assert.deepEqual(circle({ "src/a.rs": parent, "src/a/x.rs": "use super::A; pub struct X;", "src/a/y.rs": "use super::X; pub struct Y;" }), []);
  assert.deepEqual(circle({ "src/a.rs": parent, "src/a/x.rs": "use super::y::Y; pub struct X;", "src/a/y.rs": "use super::X; pub struct Y;" }), ["a/x.rs", "a/y.rs"]);
});

test("a circle that leads out of the family is one", () => {
  const files = { "src/a.rs": "mod x; use crate::b::B; pub struct A;", "src/a/x.rs": "use super::A; pub struct X;", "src/b.rs": "use crate::a::x::X; pub struct B;" };
  assert.deepEqual(circle(files), ["a.rs", "a/x.rs", "b.rs"]);
});

test("tests, comments, texts and other crates lead nowhere", () => {
  const a = `// crate::b::B
    #[cfg(test)] mod tests { use crate::b::B; }
    /* crate::b::B */ pub struct A; const T: &str = r#"" crate::b::B"#; fn f(c: char) -> bool { c == '"' && b::B }`;
  assert.deepEqual(circle({ "src/a.rs": a, "src/b.rs": "use crate::a::A; pub struct B;" }), []);
});
