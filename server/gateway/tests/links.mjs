// Writes links.txt: the requests of a browser that follows links, by Node's URL (the URL Standard).
// Each line has the target of the request and, behind a tab, the target of the request that follows if the
// answer redirects to the canonical spelling of the first, or "-" if it can't redirect. Run: node links.mjs > links.txt

const pieces = [
  "a", "B", "7", "~", "-", "_", ".", "..", "...", "%", "%%", "%2", "%zz", "%25", "%2525", "%2e", "%2E", "%2f", "%2F",
  "%5c", "%5C", "%3b", ";", ";v=1", "%7E", "%7e", "%41", "%c3%a9", "%C3%A9", "é", "ß", "日本", "😀", " ", "%20", "+",
  "!", "$", "&", "'", "(", ")", "*", ",", "=", ":", "@", "[", "]", "[slug]", "{id}", "|", "^", "`", "\"", "<", ">",
  "\\", "//", "/", "/", "/", "/a/", "%3F", "%23", "100%", "100%25.pdf", "%0A", "%00", "%FF", "%C0%AE",
  "%7F", "%09", "%0B", "%1F", "%01", "%C2%85", "%E0%A4%A", "%E0%A4", "%E9", "caf%e9", "%ED%A0%80", "%F0%9F", "%u0041",
  "%u", "%uD83D", "%G0", "/%", "%/", "//host/", "/host//", "%EF%BF%BD", "\u200b", "％", "／",
];
const queries = [
  "", "", "", "?", "?q=50%", "?q=%0D%0A", "?q=a%zz", "?q=[x]&y={z}", "?q=é", "?q=a+b%20c", "?a=1;b=2", "?q=%00x".slice(0, 3),
  "?q='\"<>`|^", "?q=a?b/c", "?=", "?&&", "?%", "?q=%FF", "?q=%E0%A4%A", "?q=%7F", "?%u0041",
];

// A random generator with a fixed seed, so that the file is the same each time (mulberry32).
let state = 0x5eed;
const random = (below) => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
};

const unreserved = /[A-Za-z0-9\-._~]/;
// The canonical spelling of a path, implemented a second time.
const respelt = (path) => {
  // Readers differ about a "%" that escapes nothing, so nothing is undone beside it.
  const isSound = !/%(?![0-9a-fA-F]{2})/.test(path);
  return path.replace(/%([0-9a-fA-F]{2})/g, (whole, digits) => {
    const character = String.fromCharCode(parseInt(digits, 16));
    return isSound && unreserved.test(character) ? character : whole.toUpperCase();
  });
};

const seen = new Set();
const lines = [];
const add = (link) => {
  let url;
  try {
    url = new URL("https://s-x.support.example" + link);
  } catch {
    return;
  }
  if (url.host !== "s-x.support.example") return;
  const target = url.pathname + url.search;
  if (seen.has(target)) return;
  seen.add(target);
  const location = respelt(url.pathname) + url.search;
  // As browsers read a Location: relative to the requested address. One with two slashes would name a host.
  const led = location.startsWith("//") ? null : new URL(location, url);
  lines.push(`${target}\t${led ? led.pathname + led.search : "-"}`);
};

for (const piece of pieces) for (const query of queries) add(`/${piece}${query}`);
for (const link of ["//", "///", "//a", "//host/a", "///host//a", "//host", "//u:p@host/a", "//%E9/%", "/%2F/a"]) add(link);
while (lines.length < 4500) {
  let link = "/";
  for (let count = 1 + random(6); count > 0; count--) link += pieces[random(pieces.length)];
  add(link + queries[random(queries.length)]);
}
console.log(lines.join("\n"));
