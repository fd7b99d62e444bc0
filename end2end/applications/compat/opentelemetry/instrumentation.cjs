// What the SDK's documentation says to load before a program, and the fields of requests that the console needs.
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { ExpressInstrumentation } = require("@opentelemetry/instrumentation-express");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");

const requestHeaders = ["X-Tenant-Id", "Support-Tenant", "X-Request-Id"];
const http = new HttpInstrumentation({ headersToSpanAttributes: { server: { requestHeaders } } });
const sdk = new NodeSDK({ instrumentations: [http, new ExpressInstrumentation()] });
sdk.start();
process.on("SIGTERM", () => sdk.shutdown().finally(() => process.exit()));
