import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Site, addCompiled, compile, filesBelow, hash, manifest, script, style, writeIfChanged } from "./bundle.mjs";

/** A folder for one test, with these files in it. */
function folder(t, files = {}) {
  const root = mkdtempSync(join(tmpdir(), "bundle-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const read = (...path) => readFileSync(join(...path), "utf8");
const names = (root) => filesBelow(root).map((path) => path.slice(root.length + 1));
const styled = (root) => style(join(root, "main.css"), new Site(join(root, "site"), false));

test("both compressed forms of a text unpack to it", (t) => {
  const root = folder(t);
  const text = "body { margin: 0 } ".repeat(50);
  new Site(root, true).add("a.css", text);
  assert.equal(brotliDecompressSync(readFileSync(join(root, "a.css.br"))).toString(), text);
  assert.equal(gunzipSync(readFileSync(join(root, "a.css.gz"))).toString(), text);
});

test("fonts and tiny files are not compressed", (t) => {
  const root = folder(t);
  const site = new Site(root, true);
  site.add("inter.woff2", Buffer.alloc(4096));
  site.add("robots.txt", "x");
  assert.deepEqual(names(root), ["inter.woff2", "robots.txt"]);
});

test("the manifest names each file by its path, and gives Leptos the bare hashes", (t) => {
  const site = new Site(folder(t), false);
  const [js, wasm, css] = ["1", "2", "3"].map((content, i) => site.addHashed("support-console", [".js", ".wasm", ".css"][i], content));
  const page = site.addHashed("page", ".js", "1");
  const list = manifest({ js, wasm, css, page, fonts: [] });
  assert.equal(JSON.parse(list.json).js, "/pkg/support-console.6b86b273ff34fce1.js");
  assert.equal(JSON.parse(list.json).page, "/pkg/page.6b86b273ff34fce1.js");
  assert.deepEqual(JSON.parse(list.json).fonts, []);
  assert.equal(list.leptos, "js: 6b86b273ff34fce1\nwasm: d4735e3a265e16ee\ncss: 4e07408562bedb8b\n");
});

test("the scripts of a folder become one, in the order of their names", (t) => {
  const root = folder(t, { "b.js": "b();\n", "a.js": "a();\n" });
  assert.equal(script(root), "a();\nb();\n");
});

test("a public folder is copied with its folders, and a missing one is empty", (t) => {
  const root = folder(t, { "in/.well-known/security.txt": "Contact: someone" });
  const site = new Site(join(root, "out"), false);
  site.copy(join(root, "in"));
  site.copy(join(root, "no/such/folder"));
  assert.deepEqual(names(join(root, "out")), [".well-known/security.txt"]);
});

test("a name changes with its content only", (t) => {
  const site = new Site(folder(t), false);
  assert.equal(site.addHashed("a", ".js", "1").name, site.addHashed("a", ".js", "1").name);
  assert.notEqual(site.addHashed("a", ".js", "1").name, site.addHashed("a", ".js", "2").name);
});

test("a program that includes the list of files carries each of them by its path, with its compressed forms", (t) => {
  const root = folder(t);
  const site = new Site(root, true);
  const css = site.addHashed("style", ".css", "a { color: red }".repeat(20));
  site.add("robots.txt", "");
  const [first, ...more] = ["", ".br", ".gz"].map((form) => `    ("${css.path}${form}", include_bytes!("${root}${css.path}${form}")),`);
  assert.equal(site.rust, ["&[", first, ...more, `    ("/robots.txt", include_bytes!("${root}/robots.txt")),`, "]", ""].join("\n"));
});

test("files of an earlier bundle are removed", (t) => {
  const root = folder(t);
  let site = new Site(root, true);
  site.addHashed("style", ".css", "a { color: red }".repeat(20));
  site.removeStale();
  assert.equal(names(root).length, 3);

  site = new Site(root, true);
  site.add("robots.txt", "");
  site.removeStale();
  assert.deepEqual(names(root), ["robots.txt"]);
});

test("an uncompressed bundle drops the compressed forms of an earlier one", (t) => {
  const root = folder(t);
  for (const [compress, files] of [[true, 3], [false, 1]]) {
    const site = new Site(root, compress);
    site.add("style.css", "a { color: red }".repeat(20));
    site.removeStale();
    assert.equal(names(root).length, files);
  }
});

test("compressed forms follow a change under a fixed name", (t) => {
  const root = folder(t);
  for (const content of ["a".repeat(500), "b".repeat(500), "c"]) {
    const site = new Site(root, true);
    site.add("icon.svg", content);
    site.removeStale();
    if (content === "c") assert.deepEqual(names(root), ["icon.svg"]);
    else assert.equal(gunzipSync(readFileSync(join(root, "icon.svg.gz"))).toString(), content);
  }
});

test("a file with the same content is left alone", (t) => {
  const path = join(folder(t), "a/b.txt");
  assert.deepEqual(["1", "1", "2"].map((content) => writeIfChanged(path, content)), [true, false, true]);
});

test("imports end up in one minified sheet", (t) => {
  const root = folder(t, {
    "main.css": "@layer base, page; @import 'base.css' layer(base);",
    "base.css": "body { margin : 0px; color: light-dark(#fff, #000) }",
  });
  assert.equal(styled(root).text, "@layer base{body{color:light-dark(#fff,#000);margin:0}}@layer page;");
});

test("fonts get hashed names and are listed", (t) => {
  const root = folder(t, {
    "main.css": "@import 'type/fonts.css';",
    "type/fonts.css": "@font-face { font-family: F; src: url('f.woff2') }",
    "type/f.woff2": "a font",
  });
  const { text, fonts } = styled(root);
  assert.ok(text.includes(`url("${fonts[0].name}")`), text);
  assert.ok(existsSync(join(root, "site/pkg", fonts[0].name)));
});

test("other URLs stay as they are", (t) => {
  const { text } = styled(folder(t, { "main.css": `a { background: url(/x.svg), url("data:image/png,x'y") }` }));
  assert.ok(text.includes(`url("/x.svg")`) && text.includes(`url("data:image/png,x'y")`), text);
});

test("a missing file is named with the sheet that refers to it", (t) => {
  assert.throws(() => styled(folder(t, { "main.css": "a { background: url(gone.svg) }" })), /main\.css refers to gone\.svg/);
});

test("a mistake in a sheet is an error that names the line", (t) => {
  assert.throws(() => styled(folder(t, { "main.css": "a {}\n@import 'gone.css';" })), /main\.css:2: /);
});

/** A stand-in for the program in `bindgen/`, which has its own tests. */
const BINDGEN = `#!/bin/sh\nset -e\ncp "$1" "$2/frontend_bg.wasm"\necho export >"$2/frontend.js"\n`;

test("two scripts that import each other become one, and parts go by the hashed names of their files", (t) => {
  const root = folder(t, {
    "frontend_bg.wasm": "0",
    "split_audit.wasm": "1",
    "chunk_1.wasm": "2",
    "parts.json": `{"audit": ["chunk_1", "split_audit"]}`,
    "parts.js": `import { initSync } from "./frontend.js";\nexport const load_audit = ["./chunk_1.wasm", "./split_audit.wasm", initSync()];\n`,
    "frontend.js": `import * as import1 from "./parts.js"\nexport function initSync() { return "started"; }\nexport const seen = () => import1.load_audit;\n`,
  });
  const site = new Site(join(root, "site"), false);
  const { js, wasm, parts } = addCompiled(root, site);
  assert.deepEqual(parts.audit.map((path) => read(root, "site", path)), ["2", "1"]);
  assert.equal(read(root, "site", wasm.path), "0");
  const script = read(root, "site", js.path);
  assert.ok(!script.includes("import "), script);
  const seen = new Function(`${script.replace(/^export /gm, "")}; return seen();`)();
  assert.deepEqual(seen.slice(0, 2).map((name) => name.slice(2)), parts.audit.map((path) => path.slice("/pkg/".length)));
  assert.equal(seen[2], "started");
});

test("the result is kept until the input changes", (t) => {
  const root = folder(t, { wasm: "1", bindgen: BINDGEN });
  const [wasm, bindgen, cache] = ["wasm", "bindgen", "cache"].map((name) => join(root, name));
  const script = () => read(compile({ wasm, bindgen, cache }), "frontend.js");
  chmodSync(bindgen, 0o755);
  assert.equal(script(), "export\n");

  const kept = filesBelow(cache).find((path) => path.endsWith(".js"));
  writeFileSync(kept, "from the cache");
  assert.equal(script(), "from the cache");

  writeFileSync(wasm, "2");
  assert.equal(script(), "export\n");
  assert.ok(!existsSync(kept));
});

test("a step that failed is not taken for done", (t) => {
  const root = folder(t, { wasm: "1", bindgen: "#!/bin/sh\nexit 3\n" });
  const [wasm, bindgen, cache] = ["wasm", "bindgen", "cache"].map((name) => join(root, name));
  chmodSync(bindgen, 0o755);
  for (let time = 0; time < 2; time++) assert.throws(() => compile({ wasm, bindgen, cache }), /bindgen failed: exit 3/);
});

test("a missing optimiser is named", (t) => {
  const root = folder(t, { wasm: "1", bindgen: BINDGEN });
  const options = { wasm: join(root, "wasm"), bindgen: join(root, "bindgen"), cache: join(root, "cache") };
  assert.throws(() => compile({ ...options, optimiser: "no/such/wasm-opt" }), /no\/such\/wasm-opt/);
});
