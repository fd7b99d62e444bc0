#!/usr/bin/env node
// Fails if files of a Rust crate import each other in a circle. A module and its submodules may. An import is an import
// of the file that defines the name, also through re-exports. Tests don't count.
//   .make/circles.mjs [FOLDER]    the crates below FOLDER, or else those of this repository
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const TOKEN =
  /\/\/.*|\/\*[^]*?\*\/|[bc]?r(#*)"[^]*?"\1|[bc]?"(?:[^"\\]|\\[^])*"|b?'(?:[^'\\\n]|\\(?:x..|u\{.*?\}|.))'|'\w+|::|(?:r#)?\w+|[^\s]/g;

/** The words and signs of Rust source, without comments and literals; of texts, those that are a path (`with = "crate::x"`). */
function tokens(source) {
  const text = (token) => token.match(/^"((?:crate|self|super)(?:::\w+)+)"$/)?.[1].match(/::|\w+/g) ?? [];
  return (source.match(TOKEN) ?? []).flatMap((token) =>
    /^(\/\/|\/\*|[bc]*r#*"|[bc]?"|b?')/.test(token) ? text(token) : token.replace(/^r#/, ""));
}

const isWord = (token) => /^[A-Za-z_]/.test(token ?? "");
const CLOSING = { "{": "}", "(": ")", "[": "]" };

/** The position after the bracket that closes the one at `at`. */
function pastBracket(list, at) {
  const [open, close] = [list[at], CLOSING[list[at]]];
  for (let depth = 0; at < list.length; at++) {
    if (list[at] === open) depth++;
    else if (list[at] === close && --depth === 0) return at + 1;
  }
  return at;
}

/** The position after what begins at `at`: an item, or else a field or an arm. */
function pastItem(list, at) {
  const isItem = /^(pub|use|mod|fn|async|unsafe|extern|struct|enum|trait|type|impl|const|static|macro_rules|let)$/.test(list[at]);
  for (; at < list.length; at = CLOSING[list[at]] ? pastBracket(list, at) : at + 1) {
    if (list[at] === ";" || (!isItem && list[at] === ",")) return at + 1;
    if (list[at] === "}") return at;
    if (isItem && list[at] === "{") return pastBracket(list, at);
  }
  return at;
}

/** The tokens without what is compiled for tests only. */
function withoutTests(list) {
  const kept = [];
  for (let at = 0; at < list.length; ) {
    if (/^#\[cfg\((test\)|all\(test,)/.test(list.slice(at, at + 7).join(""))) {
      while (list[at] === "#") at = pastBracket(list, at + 1);
      at = pastItem(list, at);
    } else kept.push(list[at++]);
  }
  return kept;
}

/** A module: where it is, what it defines, what it brings into scope, which paths it names. */
const newModule = (file, parent) => ({ file, parent, children: new Map(), items: new Set(), uses: [], paths: [] });

/** Fills `module` from its tokens, and its children from theirs; `folder` is where files of children are. */
function fill(module, list, folder) {
  for (let at = 0; at < list.length; ) {
    const [token, next] = [list[at], list[at + 1]];
    if (token === "mod" && isWord(next)) {
      const inline = list[at + 2] === "{";
      const child = newModule(inline ? module.file : join(folder, `${next}.rs`), module);
      const end = inline ? pastBracket(list, at + 2) : at + 3;
      module.children.set(next, child);
      fill(child, inline ? list.slice(at + 3, end - 1) : sourceOf(child.file), join(folder, next));
      at = end;
    } else if (token === "pub" && next === "(") {
      at = pastBracket(list, at + 1);
    } else if (token === "use" && next !== "<") {
      const end = list.indexOf(";", at);
      leaves(list.slice(at + 1, end), [], (path, name) => module.uses.push({ path, name }));
      at = end + 1;
    } else {
      const named = next === "mut" || next === "!" ? list[at + 2] : next;
      if (/^(fn|struct|enum|union|trait|type|const|static|macro_rules)$/.test(token)) module.items.add(named);
      const path = isWord(token) ? [token] : [];
      for (at++; path.length && list[at] === "::" && isWord(list[at + 1]); at += 2) path.push(list[at + 1]);
      if (path.length > 1) module.paths.push(path);
    }
  }
  return module;
}

const sourceOf = (file) => withoutTests(tokens(readFileSync(file, "utf8")));

/** Calls `found(path, name)` for each leaf of a `use` tree. The name of a glob is `*`. */
function leaves(list, before, found) {
  const path = [...before];
  for (let at = 0; at < list.length; at++) {
    const token = list[at];
    if (token === "{") {
      const inner = list.slice(at + 1, pastBracket(list, at) - 1);
      for (let start = 0, end = 0; start < inner.length; start = ++end) {
        while (end < inner.length && inner[end] !== ",") end = inner[end] === "{" ? pastBracket(inner, end) : end + 1;
        leaves(inner.slice(start, end), path, found);
      }
      return;
    }
    if (token === "*") return found(path, "*");
    if (token === "as") return found(path, list[at + 1]);
    if (token !== "::" && !(token === "self" && before.length)) path.push(token);
  }
  found(path, path.at(-1));
}

/** The module that `path` leads to from `module`, and whether it names something that is defined there. */
function resolve(module, path, depth = 0) {
  if (!module || depth > 16) return undefined;
  if (path.length === 0) return { module, isItem: false };
  const [first, ...rest] = path;
  if (first === "crate") return resolve(rootOf(module), rest, depth);
  if (first === "self") return resolve(module, rest, depth);
  if (first === "super") return resolve(module.parent, rest, depth);
  if (module.children.has(first)) return resolve(module.children.get(first), rest, depth);
  for (const use of module.uses.filter(({ name }) => name === first)) {
    const target = resolve(module, [...use.path, ...rest], depth + 1);
    if (target) return target;
  }
  if (module.items.has(first)) return { module, isItem: true };
  for (const use of module.uses.filter(({ name }) => name === "*")) {
    const from = resolve(module, use.path, depth + 1);
    const target = from && !from.isItem && from.module !== module && resolve(from.module, path, depth + 1);
    if (target) return target;
  }
  return undefined;
}

const rootOf = (module) => (module.parent ? rootOf(module.parent) : module);

/** File → the files that it imports from, each with a path that does so. */
function imports(module, edges = new Map()) {
  const from = edges.get(module.file) ?? new Map();
  edges.set(module.file, from);
  for (const path of [...module.paths, ...module.uses.map((use) => use.path)]) {
    const target = resolve(module, path);
    if (target?.isItem && target.module.file !== module.file) from.set(target.module.file, path.join("::"));
  }
  for (const child of module.children.values()) imports(child, edges);
  return edges;
}

/** Groups of files of which each reaches each other (Tarjan's algorithm). */
function circles(edges) {
  const [index, low, stack, found] = [new Map(), new Map(), [], []];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const next of edges.get(file)?.keys() ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) === index.get(file)) found.push(stack.splice(stack.indexOf(file)));
  };
  for (const file of edges.keys()) if (!index.has(file)) visit(file);
  return found.filter((group) => group.length > 1);
}

/** File → the files of the modules above it. */
function ancestors(module, above = [], found = new Map()) {
  found.set(module.file, above);
  for (const child of module.children.values()) {
    if (child.file === module.file) ancestors(child, above, found);
    else ancestors(child, [...above, module.file], found);
  }
  return found;
}

/** Whether the group is a module and those below it, in a circle only because these import from those above them. */
function isFamily(group, edges, above) {
  const heads = group.filter((file) => !above.get(file).some((other) => group.includes(other)));
  const others = (file) => [...edges.get(file)].filter(([to]) => group.includes(to) && !above.get(file).includes(to));
  return heads.length === 1 && circles(new Map(group.map((file) => [file, new Map(others(file))]))).length === 0;
}

/** The root files of the crates at and below `folder`. */
function crates(folder) {
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|target$|node_modules$|fuzz$|src$)/.test(entry.name))
    .flatMap(({ name }) => crates(join(folder, name)));
  const roots = ["src/lib.rs", "src/main.rs"].map((name) => join(folder, name)).filter(existsSync);
  return existsSync(join(folder, "Cargo.toml")) ? [...roots, ...below] : below;
}

const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "..");
for (const root of crates(folder)) {
  const tree = fill(newModule(root), sourceOf(root), dirname(root));
  const [edges, above] = [imports(tree), ancestors(tree)];
  for (const group of circles(edges).filter((group) => !isFamily(group, edges, above))) {
    process.exitCode = 1;
    console.log(`${relative(folder, root)}: ${group.length} files import each other in a circle`);
    for (const file of group.sort()) {
      const others = [...edges.get(file)].filter(([to]) => group.includes(to));
      const name = (path) => relative(dirname(root), path);
      console.log(`  ${name(file)} → ${others.map(([to, path]) => `${name(to)} (${path})`).join(", ")}`);
    }
  }
}
