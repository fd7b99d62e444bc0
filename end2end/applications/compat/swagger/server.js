// A small API that wants a bearer token, with Swagger UI before it.
import { createServer } from "node:http";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import swagger from "swagger-ui-dist";

const TOKEN = "a token of the platform";
const files = swagger.getAbsoluteFSPath();
const answer = (description) => ({ 200: { description } });
const description = {
  openapi: "3.0.3",
  info: { title: "Notes", version: "1" },
  components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  security: [{ token: [] }],
  paths: {
    "/api/notes/{name}": {
      get: {
        operationId: "read",
        parameters: [{ name: "name", in: "path", required: true, schema: { type: "string" } }],
        responses: answer("The note"),
      },
    },
  },
};
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Notes</title>
<link rel="stylesheet" href="/swagger-ui.css"></head><body><div id="ui"></div>
<script src="/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui" })</script></body></html>`;

createServer((request, response) => {
  const send = (status, type, text) => response.writeHead(status, { "Content-Type": type }).end(text);
  const json = (status, value) => send(status, "application/json", JSON.stringify(value));
  if (request.url === "/") return send(200, "text/html; charset=utf-8", page);
  if (request.url === "/openapi.json") return json(200, description);
  const note = request.url.match(/^\/api\/notes\/([^/?]+)$/)?.[1];
  if (note) {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return json(401, { error: "no token" });
    return json(200, { note: decodeURIComponent(note) });
  }
  const type = { "/swagger-ui.css": "text/css", "/swagger-ui-bundle.js": "text/javascript" }[request.url];
  if (!type) return send(404, "text/plain", "not here");
  response.writeHead(200, { "Content-Type": type });
  createReadStream(join(files, request.url)).pipe(response);
}).listen(Number(process.argv[2]), "127.0.0.1");
