// The same API with Express: `node --require ./instrumentation.cjs api.cjs PORT`.
const express = require("express");

const api = express();
api.get("/invoices/:number", (request, response) => response.json({ number: Number(request.params.number) }));
api.get("/reports", (_, response) => response.status(503).json({ error: "busy" }));
const port = Number(process.argv[2]);
api.listen(port, "127.0.0.1", () => console.log(`Running on http://127.0.0.1:${port}`));
