// Turns the compiled WebAssembly and the style sheets into the files that the server serves.
//
// In: `frontend.wasm` as cargo made it, `style/main.css` with what it imports, the scripts in `frontend/page`, `frontend/public`.
// Out: a site folder. The content's hash is part of each code, style and font file's name, so browsers may keep these
// files forever. Each text and WebAssembly file is there as `.br` and `.gz` too. `manifest.json` lists what a page loads:
//
//   { "js": "/pkg/support-console.0123456789abcdef.js", "wasm": "/pkg/….wasm", "css": "/pkg/….css",
//     "page": "/pkg/page.….js", "fonts": ["/pkg/….woff2"], "parts": { "audit": ["/pkg/….wasm"] } }
//
// `parts` are the files that hold the code of some pages, as `app::pages::parts` divides them.
//
// The script's default export takes the path of the WebAssembly: `init({ module_or_path: wasm })`. File names follow
// Leptos' `LEPTOS_HASH_FILES`, and `--hash-file` writes its `hash.txt`, so that `cargo leptos` finds the same files.
// `--rust-file` writes the list of all files that a program includes to carry them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bundle as bundleStyle } from "lightningcss";

/** The folder of hashed files below the site's root, and so the prefix of their URLs. */
const PACKAGE = "pkg";
const COMPRESSIBLE = /\.(css|html|js|json|svg|txt|wasm|webmanifest)$/;

// Smallest when compressed: `-Oz` would take four times as long, for 15 % less code that compresses to 8 % more. Features
// are those that rustc uses by default and every current browser has. Not `--all-features`: that includes proposals, and
// the result would not load.
const OPTIMISE = ["-O1", "--duplicate-function-elimination", "--enable-bulk-memory", "--enable-bulk-memory-opt",
  "--enable-multivalue", "--enable-mutable-globals", "--enable-nontrapping-float-to-int", "--enable-reference-types", "--enable-sign-ext"];

/** The first 16 hexadecimal digits of the SHA-256 over all parts. */
export function hash(...parts) {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest("hex").slice(0, 16);
}

/** The folder being written: what belongs in it is added, then `removeStale` removes everything else. */
export class Site {
  #root;
  #compress;
  #keep = new Set();
  #report = [];

  /** `compress` asks for `.br` and `.gz` beside each file that gets smaller by it. */
  constructor(root, compress) {
    this.#root = root;
    this.#compress = compress;
  }

  /** Adds a file with its content's hash in its name. */
  addHashed(stem, extension, content) {
    const file = { hash: hash(content), name: `${stem}.${hash(content)}${extension}` };
    this.add(`${PACKAGE}/${file.name}`, content);
    return { ...file, path: `/${PACKAGE}/${file.name}` };
  }

  /** Adds a file under a fixed name, relative to the root. */
  add(name, content) {
    const path = join(this.#root, name);
    const changed = writeIfChanged(path, content);
    this.#keep.add(path);
    let line = `   ${name.padEnd(56)}${kilobytes(Buffer.byteLength(content))}`;
    if (this.#compress && COMPRESSIBLE.test(name)) {
      if (changed || !existsSync(`${path}.br`)) writeCompressed(path, Buffer.from(content));
      for (const form of ["br", "gz"].filter((suffix) => existsSync(`${path}.${suffix}`))) {
        this.#keep.add(`${path}.${form}`);
        line += `${kilobytes(readFileSync(`${path}.${form}`).length)} ${form}`;
      }
    }
    this.#report.push(line);
  }

  /** Copies a folder into the root: browsers and robots ask for these files by name. A missing folder is an empty one. */
  copy(folder) {
    for (const path of filesBelow(folder)) this.add(relative(folder, path), readFileSync(path));
  }

  removeStale() {
    for (const path of filesBelow(this.#root)) if (!this.#keep.has(path)) rmSync(path);
  }

  /** The files as a Rust expression, which a program includes that carries them: their paths and contents. */
  get rust() {
    const files = [...this.#keep].sort().map((path) => `    (${JSON.stringify(`/${relative(this.#root, path)}`)}, include_bytes!(${JSON.stringify(resolve(path))})),\n`);
    return `&[\n${files.join("")}]\n`;
  }

  /** A table of names and sizes for people. */
  get report() {
    return this.#report.join("\n");
  }
}

const kilobytes = (size) => `${(size / 1000).toFixed(1)} kB`.padStart(12);

/** As small as the formats allow: made once here, served many times. */
function writeCompressed(path, content) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const forms = { br: brotliCompressSync(content, { params }), gz: gzipSync(content, { level: 9 }) };
  for (const [suffix, compressed] of Object.entries(forms)) {
    if (compressed.length < content.length) writeIfChanged(`${path}.${suffix}`, compressed);
    else rmSync(`${path}.${suffix}`, { force: true });
  }
}

/** Writes a file in one step, unless it has this content already. Returns whether it did. */
export function writeIfChanged(path, content) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
  return true;
}

/** All files in a folder and the folders in it, in a stable order. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * From cargo's WebAssembly to what a browser can load: a folder with a script, the modules, and the script that loads all
 * but the first of them. Runs `bindgen`, then `optimiser` if there is one; function names are dropped then too. Both are
 * skipped while nothing changes that they depend on.
 */
export function compile({ wasm, bindgen, optimiser, cache }) {
  const tools = [bindgen, optimiser].filter(Boolean).map((path) => readFileSync(path));
  const folder = join(cache, hash(readFileSync(wasm), ...tools, OPTIMISE.join(" ")));
  if (!existsSync(join(folder, "complete"))) {
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run(bindgen, wasm, folder, ...(optimiser ? ["--strip"] : []));
    const modules = filesBelow(folder).filter((path) => extname(path) === ".wasm");
    if (optimiser) for (const module of modules) run(optimiser, ...OPTIMISE, module, "-o", module);
    writeFileSync(join(folder, "complete"), "");
  }
  return folder;
}

/** Adds what was compiled: the first module, the parts' modules, and one script for all of them. */
export function addCompiled(folder, site) {
  const names = new Map();
  for (const path of filesBelow(folder).filter((path) => extname(path) === ".wasm"))
    names.set(basename(path), site.addHashed(stem(path), ".wasm", readFileSync(path)));
  const text = (name) => readFileSync(join(folder, name), "utf8");
  const named = (file) => names.get(`${file}.wasm`);
  const loaders = text("parts.js").replace(/"\.\/(\w+)\.wasm"/g, (_, file) => JSON.stringify(`./${named(file).name}`));
  const js = site.addHashed("support-console", ".js", joined(text("frontend.js"), loaders));
  const parts = Object.entries(JSON.parse(text("parts.json"))).map(([part, files]) => [part, files.map((file) => named(file).path)]);
  return { js, wasm: named("frontend_bg"), parts: Object.fromEntries(parts) };
}

const stem = (path) => basename(path, ".wasm").replace(/^frontend_bg$/, "support-console");

/** One script out of two that import each other: their names have hashes, and neither could know that of the other. */
function joined(main, loaders) {
  const imports = /^import \* as (\w+) from "\.\/parts\.js";?$/gm;
  const exported = [...loaders.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  return [
    main.replace(imports, ""),
    loaders.replace(/^import .*$/m, "").replace(/^export /gm, ""),
    ...[...main.matchAll(imports)].map(([, name]) => `const ${name} = { ${exported.join(", ")} };`),
  ].join("\n");
}

function run(program, ...options) {
  const { error, status } = spawnSync(program, options, { stdio: "inherit" });
  if (error || status !== 0) throw new Error(`${program} failed: ${error?.message ?? `exit ${status}`}`);
}

/**
 * One minified style sheet out of `entry` and all it imports. A `url(…)` without scheme or leading slash is a file
 * beside its style sheet, and goes into the site under a hashed name. Other URLs stay as they are.
 */
export function style(entry, site) {
  const { code, dependencies } = parse(entry);
  let text = code.toString();
  const fonts = new Map();
  for (const { url, placeholder, loc } of dependencies.filter(({ type }) => type === "url")) {
    const asset = /^[/#]|:/.test(url) ? undefined : addAsset(site, loc.filePath, url);
    if (asset?.name.endsWith(".woff2")) fonts.set(asset.name, asset);
    text = text.replaceAll(`url("${placeholder}")`, () => `url(${JSON.stringify(asset?.name ?? url)})`);
  }
  return { text, fonts: [...fonts.values()] };
}

function parse(entry) {
  try {
    return bundleStyle({ filename: entry, minify: true, analyzeDependencies: true });
  } catch (error) {
    throw new Error(`${error.fileName}:${error.loc?.line}: ${error.message}`);
  }
}

function addAsset(site, sheet, url) {
  const path = join(dirname(sheet), url);
  if (!existsSync(path)) throw new Error(`${sheet} refers to ${url}, which does not exist`);
  return site.addHashed(basename(path, extname(path)), extname(path), readFileSync(path));
}

/** The scripts in a folder as one, in the order of their names. Each keeps its names to itself. */
export function script(folder) {
  return filesBelow(folder).map((path) => readFileSync(path, "utf8")).join("");
}

/** What a page has to load: the list for our server, and the one for Leptos. */
export function manifest({ js, wasm, css, page, fonts, parts }) {
  const paths = { js: js.path, wasm: wasm.path, css: css.path, page: page.path, fonts: fonts.map(({ path }) => path), parts };
  return {
    json: `${JSON.stringify(paths, null, 2)}\n`,
    leptos: `js: ${js.hash}\nwasm: ${wasm.hash}\ncss: ${css.hash}\n`,
  };
}

/** Command line: `--wasm` and `--bindgen` are what cargo compiled; `--release` shrinks and compresses. */
function main() {
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    options: { wasm: text(), bindgen: text(), site: text("target/site"), cache: text("target/bundle"), "hash-file": text(), "rust-file": text(), release: { type: "boolean" } },
  });
  const here = import.meta.dirname;
  const optimiser = values.release ? join(here, "node_modules/.bin/wasm-opt") : undefined;
  const site = new Site(values.site, values.release);
  const compiled = addCompiled(compile({ ...values, optimiser }), site);
  const sheet = style(join(here, "../style/main.css"), site);
  const css = site.addHashed("support-console", ".css", sheet.text);
  const page = site.addHashed("page", ".js", script(join(here, "page")));
  site.copy(join(here, "public"));
  const list = manifest({ ...compiled, css, page, fonts: sheet.fonts });
  site.add("manifest.json", list.json);
  if (values["hash-file"]) writeIfChanged(values["hash-file"], list.leptos);
  site.removeStale();
  if (values["rust-file"]) writeIfChanged(values["rust-file"], site.rust);
  console.log(site.report);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
