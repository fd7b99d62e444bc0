// Starts the WebAssembly on a page that is as the server has sent it. Translators, password managers and blockers change
// pages before that, and on a page of another shape it would fail, or listen at the wrong places.
const place = () => location.pathname + location.search;
const asked = place();
const foreign = new Set();
let isOurs = true;
const isForeign = (node) => {
  for (; node; node = node.parentNode) if (foreign.has(node)) return true;
  return false;
};
const note = (records) => {
  for (const { type, target, addedNodes, removedNodes } of records) {
    if (isForeign(target)) continue;
    if (type === "characterData" || [...removedNodes].some((node) => !isForeign(node))) isOurs = false;
    for (const node of addedNodes) foreign.add(node);
  }
};
const observer = new MutationObserver(note);
observer.observe(document.body, { childList: true, characterData: true, subtree: true });
const tell = (detail) => dispatchEvent(new CustomEvent("not-live", { detail }));
const patience = setTimeout(tell, 10_000, "slow");
const start = async () => {
  const module = await import(js);
  await module.default({ module_or_path: wasm });
  await module.load(location.pathname);
  note(observer.takeRecords());
  observer.disconnect();
  clearTimeout(patience);
  // Back and Forward between pages of one document only change the address as long as nothing listens.
  if (place() !== asked) return location.reload();
  if (!isOurs) return tell("changed");
  dispatchEvent(new CustomEvent("live-at-last"));
  // What others have only put in is put back afterwards.
  const places = [...foreign]
    .filter((node) => node.isConnected && !isForeign(node.parentNode))
    .map((node) => [node, node.parentNode, node.nextSibling]);
  for (const [node] of places) node.remove();
  await module.hydrate();
  for (const [node, parent, next] of places.reverse())
    if (parent.isConnected) parent.insertBefore(node, next?.parentNode === parent ? next : null);
  watch();
};
// A live page can be changed too: a translator is mostly asked for later. What the script writes to is then no longer in the page.
const wrappers = new Set(["FONT", "YA-TR-SPAN"]);
const watch = () => {
  const mark = document.body.appendChild(document.createComment("live"));
  const watcher = new MutationObserver((records) => {
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
    const removed = records.flatMap(({ removedNodes }) => [...removedNodes]);
    const isMoved = (text) => text.nodeType === Node.TEXT_NODE && added.some((node) => node !== text && node.contains(text));
    if (!removed.includes(mark) && !added.some(({ nodeName }) => wrappers.has(nodeName)) && !removed.some(isMoved)) return;
    watcher.disconnect();
    tell("changed");
  });
  watcher.observe(document.body, { childList: true, subtree: true });
};
// A newer server may not understand this page, nor the page its answers. While one release replaces another, nodes of both answer.
let differs;
const ask = fetch;
const askAgain = () => {
  const call = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  window.fetch("/_fn/signed_in", call).catch(() => {});
};
window.fetch = async (...request) => {
  const answer = await ask(...request);
  const given = answer.headers.get("support-console-build");
  if (given === build) differs = undefined;
  else if (answer.status === 404 && !answer.headers.get("content-type") && new URL(answer.url).pathname.startsWith("/_fn/")) tell("old");
  else if (given) {
    differs ??= (setTimeout(askAgain, 3_000), Date.now());
    if (Date.now() - differs > 2_500) tell("old");
  }
  return answer;
};
// Streams of changes end with the script that listens to them.
const streams = new Set();
let isOver = false;
addEventListener("not-live", ({ detail }) => {
  if (detail === "slow") return;
  isOver = true;
  for (const stream of streams) stream.close();
});
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    streams.add(this);
    if (isOver) this.close();
  }
  close() {
    streams.delete(this);
    super.close();
  }
};
start().catch(() => tell("failed"));
