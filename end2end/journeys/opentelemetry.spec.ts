// Services with OpenTelemetry's SDKs report their calls as `docs/integrations/opentelemetry.md` says, without code for the console.
import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromCompat, inCompat } from "../applications/application.ts";
import { expect, open, test } from "../fixtures.ts";
import { freePort, Program } from "../support/process.ts";
import { Served } from "../support/served.ts";

type Signal = "traces" | "metrics";

/** The command of each service at a port. Only `make compat` installs what they need. */
const services: Record<string, (port: number) => string[]> = !process.env.SUPPORT_CONSOLE_COMPAT ? {} : {
  Flask: (port) => [fromCompat("opentelemetry-instrument"), fromCompat("python"), inCompat("opentelemetry/api.py"), `${port}`],
  Express: (port) => {
    const [instrumentation, api] = ["instrumentation", "api"].map((file) => inCompat(`opentelemetry/${file}.cjs`));
    return [process.execPath, "--require", instrumentation!, api!, `${port}`];
  },
};

/** The two SDKs spell the names of captured fields differently. */
const TENANT_ATTRIBUTES = ["x_tenant_id", "x-tenant-id", "support_tenant", "support-tenant"].map(
  (field) => `"http.request.header.${field}"`,
);

/** The environment of a service that reports spans, or histograms. */
function variables(signal: Signal, protocol: string, console: string, key: string): Record<string, string> {
  const exporter = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}`;
  const ofSignal: Record<Signal, Record<string, string>> = {
    traces: {
      OTEL_METRICS_EXPORTER: "none",
      OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: "X-Tenant-Id,Support-Tenant,X-Request-Id",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    },
    metrics: {
      OTEL_TRACES_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_RESOURCE_ATTRIBUTES: "tenant.id=acme",
      OTEL_METRIC_EXPORT_INTERVAL: "500",
      OTEL_METRIC_EXPORT_TIMEOUT: "400",
      [`${exporter}_TEMPORALITY_PREFERENCE`]: "delta",
    },
  };
  return {
    OTEL_LOGS_EXPORTER: "none",
    [`${exporter}_ENDPOINT`]: `${console}/v1/${signal}`,
    [`${exporter}_PROTOCOL`]: protocol,
    [`${exporter}_HEADERS`]: `x-api-key=${key}`,
    [`${exporter}_COMPRESSION`]: "gzip",
    ...ofSignal[signal],
  };
}

/** Starts a service. It answers nothing before the journey asks, because it would report that too. */
async function start([command, ...args]: string[], environment: Record<string, string>): Promise<Program> {
  const program = Program.start(command!, args, await mkdtemp(join(tmpdir(), "service-")), environment);
  await program.until("the service", async () => readFileSync(program.log, "utf8").includes("Running on") || undefined);
  return program;
}

for (const [name, command] of Object.entries(services)) {
  for (const protocol of name === "Flask" ? ["http/protobuf"] : ["http/protobuf", "http/json"]) {
    for (const signal of ["traces", "metrics"] as const) {
      test(`the ${signal} of ${name} by ${protocol} are its tenant's calls`, async ({ browser }) => {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        const attributes = `telemetry.tenant_attributes = ["tenant.id", ${TENANT_ATTRIBUTES.join(", ")}]`;
        const served = await Served.start(url, [attributes]);
        const page = await browser.newPage({ baseURL: served.console });
        let service: Program | undefined;
        try {
          const { token } = await served.enterAcme(page, ["everything"]);
          const { stdout } = await served.command(["api-key", "create", "--name", "otel", "--right", "telemetry:write"]);
          service = await start(command(port), variables(signal, protocol, served.console, stdout.trim()));
          // Support traffic, which only spans can tell apart. It comes first, so that it has arrived with the others.
          if (signal === "traces") expect((await served.request(token, "/invoices/7")).status).toBe(200);
          for (const [path, status] of [["/invoices/7", 200], ["/invoices/8", 200], ["/reports", 503]] as const) {
            const answer = await fetch(`${url}${path}`, { headers: { "x-tenant-id": "acme" } });
            expect(answer.status).toBe(status);
          }
          const health = async () => {
            const { signals } = await served.platform<{ signals: Record<string, unknown> }>("GET", "tenants/acme");
            return [signals.calls_24h, signals.errors_24h];
          };
          await expect.poll(health).toEqual([3, 1]);
          await open(page, "/support/tenants/acme");
          await expect(page.getByRole("group", { name: /^API calls in the last 24 hours: 3 calls, 1 failed/ })).toBeVisible();
        } finally {
          await page.context().close();
          await service?.stop();
          await served.stop();
        }
      });
    }
  }
}
