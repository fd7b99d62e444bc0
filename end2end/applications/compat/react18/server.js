// A whole document rendered by React 18 on both sides; what differs when it hydrates is counted on the page. /late has
// its scripts at the end, and waits in the middle of its body until somebody asks for /rest.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const read = (path) => readFileSync(new URL(`../node_modules/${path}`, import.meta.url), "utf8");
const react = read("react-18/umd/react.development.js");
const app = `
  function Page({ late }) {
    const [count, setCount] = React.useState(0);
    const e = React.createElement;
    const scripts = ["/react.js", "/react-dom.js", "/app.js"].map((src) => e("script", { key: src, src, defer: !late }));
    return e("html", { lang: "en" },
      e("head", null, e("meta", { charSet: "utf-8" }), e("title", null, "Counter"), late ? null : scripts),
      e("body", null, e("h1", null, "Counter"),
        e("button", { onClick: () => setCount(count + 1) }, "Count ", count), late ? scripts : null));
  }
`;
const client = `${app}
  window.faults = [];
  const said = console.error;
  console.error = (...all) => { window.faults.push(String(all[0])); said(...all); };
  const onRecoverableError = (error) => window.faults.push(String(error));
  const late = location.pathname === "/late";
  ReactDOM.hydrateRoot(document, React.createElement(Page, { late }), { onRecoverableError });
`;
const server = vm.createContext({ TextEncoder, console });
for (const script of [react, read("react-dom-18/umd/react-dom-server-legacy.browser.development.js"), app]) {
  vm.runInContext(script, server);
}
const render = (late) => {
  const page = vm.runInContext(`ReactDOMServer.renderToString(React.createElement(Page, { late: ${late} }))`, server);
  return `<!doctype html>${page}`;
};
const page = render(false);
const [first, second] = render(true).split(/(?=<button)/);
let sendRest = () => {};
const scripts = { "/react.js": react, "/react-dom.js": read("react-dom-18/umd/react-dom.development.js"), "/app.js": client };

createServer((request, response) => {
  const script = scripts[request.url];
  const type = script ? "text/javascript" : "text/html; charset=utf-8";
  response.writeHead(200, { "Content-Type": type });
  if (request.url === "/late") {
    response.write(first);
    sendRest = () => response.end(second);
    return;
  }
  if (request.url === "/rest") sendRest();
  response.end(script ?? page);
}).listen(Number(process.argv[2]), "127.0.0.1");
