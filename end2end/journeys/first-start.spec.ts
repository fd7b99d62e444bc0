// From nothing to the first request through the gateway, with the commands that the pages show and an upstream that is
// not ours.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import { expect, expectHydrated, fact, fillSignIn, open, plainPage, signInAs, test as base, title } from "../fixtures.ts";
import { programPath } from "../support/console.ts";
import { Served } from "../support/served.ts";
import { logRow, openSession } from "../support/support-session.ts";

/** A key of the configuration that is set by a variable here. */
const EXPORTS = "SUPPORT_CONSOLE_LIMITS__EXPORTS_PER_HOUR";

const test = base.extend<{ served: Served }>({
  served: async ({ httpbin }, use, testInfo) => {
    const more = ['upstream_authorization = "Bearer of-the-upstream"'];
    const served = await Served.start(httpbin.url, more, undefined, programPath(), { [EXPORTS]: "7" });
    await use(served);
    await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
    await served.stop();
  },
  baseURL: async ({ served }, use) => use(served.console),
});

const password = "a few words of my own";

test("the pages of an empty console say what to do, and the commands work", async ({ page, served }) => {
  await open(page, "/sign-in");
  const [, ...add] = words(await page.getByText(/^support-console staff add /).innerText());
  const added = await served.command([...add, "--password-stdin"], password);
  expect(added.code, added.output).toBe(0);
  await page.reload();
  await expect(page.getByText("No one can sign in yet.")).toHaveCount(0);
  await signIn(page);

  await expect(page.getByRole("heading", { name: "No tenants yet" })).toBeVisible();
  const steps = page.getByRole("listitem").locator("pre");
  const [makeKey, register, send] = await steps.allInnerTexts();
  const made = await served.command(words(makeKey ?? "").slice(1));
  expect(made.code, made.output).toBe(0);
  for (const command of [register, send]) {
    const env = { ...process.env, KEY: made.stdout.trim() };
    const { stdout } = await promisify(execFile)("sh", ["-c", `${command} --fail-with-body --silent --show-error`], {
      env,
    });
    expect(stdout).not.toContain("problem");
  }
  await page.reload();
  await expect(page.getByRole("row").filter({ hasText: "acme" })).toContainText("Acme");
});

test("an upstream that nobody here wrote is served through the gateway as it is", async ({
  page,
  served,
  httpbin,
}, testInfo) => {
  const { token } = await served.enterAcme(page, ["everything"]);
  const curl = async (path: string, ...more: string[]) => {
    const args = ["-sS", "-H", `Authorization: Bearer ${token}`, ...more, `${served.gateway}${path}`];
    return (await promisify(execFile)("curl", args, { encoding: "buffer", maxBuffer: 1 << 25 })).stdout;
  };
  const onlyStatus = ["-o", "/dev/null", "-w", "%{http_code}"];
  const status = async (path: string, ...more: string[]) => `${await curl(path, ...onlyStatus, ...more)}`;
  const json = async (path: string, ...more: string[]) => JSON.parse(`${await curl(path, ...more)}`);

  await test.step("headers", async () => {
    const { headers } = await json("/headers?show_env=1", "-H", "Cookie: a=b", "-H", "Support-Tenant: other");
    expect(headers["Support-Tenant"]).toBe("acme");
    expect(headers.Authorization).toBe("Bearer of-the-upstream");
    expect(headers.Cookie).toBeUndefined();
    expect(headers["X-Request-Id"]).toBeDefined();
  });

  await test.step("statuses and redirects", async () => {
    for (const code of ["204", "304", "404", "418", "500", "503"]) expect(await status(`/status/${code}`)).toBe(code);
    const redirect = `${await curl("/redirect-to?url=https://example.com/", "-i")}`;
    expect(redirect).toMatch(/^HTTP\/1\.1 302 /);
    expect(redirect).toMatch(/^location: https:\/\/example\.com\/\r$/im);
  });

  await test.step("bodies, byte for byte", async () => {
    for (const path of ["/bytes/100000?seed=7", "/image/png", "/encoding/utf8"]) {
      const direct = Buffer.from(await (await fetch(`${httpbin.url}${path}`)).arrayBuffer());
      expect(digest(await curl(path)), path).toBe(digest(direct));
    }
    expect((await curl("/gzip")).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    const lines = `${await curl("/stream/20")}`.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).id)).toEqual([...Array(20).keys()]);
  });

  await test.step("uploads, whole and in chunks", async () => {
    const file = testInfo.outputPath("upload");
    await writeFile(file, "0123456789abcdef".repeat(65_536));
    for (const more of [[], ["-H", "Transfer-Encoding: chunked"]]) {
      const { data } = await json("/post", "-H", "Content-Type: text/plain", "--data-binary", `@${file}`, ...more);
      expect(data.length).toBe(1_048_576);
    }
    const patch = ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", '{"ñ":1}'];
    expect(await json("/anything", ...patch)).toMatchObject({ method: "PATCH", json: { ñ: 1 } });
  });

  await test.step("another tenant's name", async () => {
    expect(await status("/get?tenant_id=other")).toBe("403");
    expect(await status("/get", "-H", "X-Tenant-Id: other")).toBe("403");
    expect(await status("/get?tenant_id=acme")).toBe("200");
  });
});

test("the last super admin can neither be deactivated nor lose the role", async ({ page, served, browser }) => {
  const ana = await served.addStaff("Ana Silva", "super_admin");
  await signInAs(page, ana);
  await expectToStay(page, async (path) => open(page, path));
  const plain = await plainPage(browser, served.console, ana);
  await expectToStay(plain, async (path) => plain.goto(path));
  await plain.context().close();
});

/** Ana Silva is the last super admin. */
async function expectToStay(page: Page, visit: (path: string) => Promise<unknown>): Promise<void> {
  await visit("/admin/staff");
  await page.getByRole("table", { name: "Staff members" }).getByRole("link", { name: "Ana Silva" }).click();
  await expect(title(page)).toHaveText("Ana Silva");
  const member = new URL(page.url()).pathname;
  const refusal = "This is the last super admin. Make someone else a super admin first.";
  const dialog = page.getByRole("dialog");
  await visit(`${member}/deactivate`);
  await expect(dialog).toContainText(refusal);
  await expect(dialog.getByRole("button")).toHaveCount(0);

  await visit(`${member}/roles`);
  await expect(dialog).toContainText("This is the last super admin, so the role Super admin must stay.");
  await dialog.getByLabel("Support admin").check();
  await dialog.getByLabel("Super admin").uncheck();
  await dialog.getByRole("button", { name: "Save roles" }).click();
  await expect(dialog.getByRole("alert")).toContainText(refusal);
  await visit(member);
  await expect(fact(page.getByRole("region", { name: "Account", exact: true }), "Roles")).toHaveText("Super admin");
}

test("settings name the variable of a value, hide secrets and show how the store grows", async ({ page, served }) => {
  const since = Date.now() - 2 * 3_600_000;
  await served.write(`INSERT INTO store_sizes (at, bytes) VALUES (${since * 1000}, 1)`);
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await open(page, "/admin/settings");
  const values = page.getByRole("table", { name: "Configuration" }).locator("tbody tr");
  const cells = (key: string) => values.filter({ hasText: key }).getByRole("cell");
  await expect(cells("limits.exports_per_hour")).toHaveText(["7", "Variable", EXPORTS]);
  await expect(cells("gateway.upstream_authorization")).toHaveText(["Set, hidden", "File", /line \d+$/]);
  expect(await page.content()).not.toContain("of-the-upstream");

  const day = fact(page.getByRole("region", { name: "Data store" }), "Last 24 hours");
  await expect(day).toHaveText(/^\+[\d.,]+ [kM]B \(.+%\) since /);
  await expect(day.locator("time")).toHaveAttribute("datetime", new Date(since).toISOString());
});

test("settings follow the nodes and keep what is typed", async ({ page, served }) => {
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await open(page, "/admin/settings");
  const critical = page.getByLabel("Critical from (% errors)");
  await critical.fill("42");
  await served.write(
    "INSERT INTO nodes (boot, node, started_at, ended_at, lease_until) VALUES ('gone', 'another-node', 1, 2, 2)",
  );
  const row = page.getByRole("table", { name: "Nodes" }).locator("tbody tr", { hasText: "another-node" });
  await expect(row).toContainText("Stopped", { timeout: 60_000 });
  await expect(critical).toHaveValue("42");
});

test("an answer that streams arrives while it is made", async ({ page, served }) => {
  const { id: session, token } = await served.enterAcme(page, ["everything"]);
  const answer = await served.request(token, "/drip?duration=2&numbytes=4&delay=0");
  const id = answer.headers.get("x-request-id");
  const reader = answer.body!.getReader();
  expect((await reader.read()).value?.length).toBeLessThan(4);
  await openSession(page, session);
  await expect(logRow(page, id)).toBeVisible();
  while (!(await reader.read()).done) {
    // The rest of the answer doesn't matter here.
  }
  await expect(logRow(page, id)).not.toContainText("open");
});

async function signIn(page: Page): Promise<void> {
  await expectHydrated(page);
  await fillSignIn(page, { email: "you@example.com", password });
  await expect(title(page)).toHaveText("Tenant health");
}

/** The words of a command as a shell splits them. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

