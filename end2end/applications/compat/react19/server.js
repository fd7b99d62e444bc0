// A whole document rendered by React 19 on both sides; what differs when it hydrates is counted on the page. /late
// waits in the middle of its body until somebody asks for /rest.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { Page } from "./page.js";

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("client.js", import.meta.url))],
  define: { "process.env.NODE_ENV": '"development"' },
  bundle: true,
  write: false,
});
const render = (late) => `<!doctype html>${renderToString(createElement(Page, { late }))}`;
const page = render(false);
const [first, second] = render(true).split(/(?=<button)/);
let sendRest = () => {};

createServer((request, response) => {
  const isScript = request.url === "/app.js";
  response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
  if (request.url === "/late") {
    response.write(first);
    sendRest = () => response.end(second);
    return;
  }
  if (request.url === "/rest") sendRest();
  response.end(isScript ? outputFiles[0].text : page);
}).listen(Number(process.argv[2]), "127.0.0.1");
