import { execFile } from "node:child_process";
import { request as http } from "node:http";
import { promisify } from "node:util";
import { expect, expectHydrated, open, test, title } from "../fixtures.ts";
import {
  createDialog,
  createSession,
  fillAndCreate,
  grantedDialog,
  logRow,
  openSession,
  readGranted,
} from "../support/support-session.ts";

test.beforeEach(async ({ demo, signIn }) => signIn(await demo.addStaff("Ida Brandt", "support_admin")));

test("a form with mistakes says which, keeps the input, and puts the focus on the first", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  const dialog = createDialog(page);
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await dialog.getByLabel("Reason").fill("  short  ");
  await dialog.getByLabel("Duration (TTL, minutes)").fill("61");
  await dialog.getByRole("button", { name: "Create Session" }).click();

  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await expect(dialog.getByLabel("Reason")).toHaveAccessibleDescription(/Add 5 more characters\./);
  await expect(dialog.getByLabel("Duration (TTL, minutes)")).toHaveAccessibleDescription(
    /Must be a whole number of minutes from 1 to 60\./,
  );
  await expect(dialog.getByLabel("Reason")).toHaveValue("  short  ");

  await dialog.getByLabel("Reason").fill("ñandúñandú");
  await dialog.getByRole("button", { name: "Create Session" }).click();
  await expect(dialog.getByLabel("Duration (TTL, minutes)")).toBeFocused();
  await dialog.getByLabel("Duration (TTL, minutes)").fill("60");
  await dialog.getByRole("button", { name: "Create Session" }).click();
  await expect(grantedDialog(page)).toBeVisible();
});

test("the health signals stand above the form", async ({ page, demo }) => {
  const tenant = await demo.tenant("critical");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  const signals = createDialog(page).getByRole("region", { name: "Health signals" });
  await expect(signals.locator("dt")).toHaveText(["Health status", "Last seen", "API calls (24h)", "Error rate"]);
  await expect(signals).toContainText("threshold: 20%");
});

test("the access token is shown once, with a curl line that works", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}`);
  await page.getByRole("group", { name: "Support Actions" }).getByRole("link", { name: "Create Support Session" }).click();
  await fillAndCreate(createDialog(page), { reason: "Look at the failing invoices" });
  const { id, token } = await readGranted(page);
  const curl = await grantedDialog(page).getByRole("region", { name: "First request" }).locator("code").innerText();
  const { stdout } = await promisify(execFile)("sh", ["-c", `${curl} --silent --show-error`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK/);

  await page.getByRole("link", { name: "View session", exact: true }).click();
  await expect(page).toHaveURL(`/support/sessions/${id}`);
  await expect(title(page)).toBeVisible();
  expect(await page.content()).not.toContain(token);
  await page.goBack();
  await page.reload();
  await expect(createDialog(page)).toBeVisible();
  expect(await page.content()).not.toContain(token);
});

test("a double click creates one session", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Double Click");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  const dialog = createDialog(page);
  await dialog.getByLabel("Reason").fill("Clicked twice by mistake");
  await dialog.getByRole("button", { name: "Create Session" }).dblclick();
  await readGranted(page);
  await open(page, `/support/sessions?tenant=${tenant.id}`);
  await expect(page.getByRole("table", { name: "Support sessions" }).locator("tbody tr")).toHaveCount(1);
});

test("work through the gateway fills the access log by itself", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id);
  await openSession(page, id);
  await expect(page.getByRole("heading", { name: "No requests yet" })).toBeVisible();

  for (const path of ["/v1/whoami", "/v1/invoices?limit=2", "/v1/users", "/v1/nothing-here"]) {
    const answer = await demo.request(token, path);
    const row = logRow(page, answer.headers.get("x-request-id"));
    await expect(row.getByRole("cell")).toContainText(["GET", path, `${answer.status}`]);
  }
  const whoami = await (await demo.request(token, "/v1/whoami")).json();
  expect(whoami).toMatchObject({ tenant: { id: tenant.id }, support: { session: id, scopes: "read_only" } });
  await expect(page.getByRole("region", { name: "Access Logs", exact: true }).getByText("5 requests")).toBeVisible();

  const first = page.getByRole("table", { name: "Access Logs" }).locator("tbody tr").last();
  await first.locator("summary").click();
  await expect(first).toContainText("Completed");
  await expect(first).toContainText("127.0.0.1");
  await page.reload();
  await expect(page.getByRole("table", { name: "Access Logs" }).locator("tbody tr")).toHaveCount(5);
});

test("the scopes decide: a POST is refused and recorded, until a scope permits it", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  const attest = { method: "POST", body: '{"subject":"Ada Example","kind":"degree"}' };
  const init = { ...attest, headers: { "content-type": "application/json" } };
  const reader = await createSession(page, tenant.id);
  const refused = await demo.request(reader.token, "/v1/attestations", init);
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: "out_of_scope" });
  await openSession(page, reader.id);
  const row = logRow(page, refused.headers.get("x-request-id"));
  await expect(row.getByRole("cell")).toContainText(["POST", "/v1/attestations", "403, refused"]);
  await row.locator("summary").click();
  await expect(row).toContainText("This session's scopes don't allow this method on this path.");

  const writer = await createSession(page, tenant.id, { scopes: ["attestations:write"] });
  expect((await demo.request(writer.token, "/v1/attestations", init)).status).toBe(201);
});

test("another tenant's name never reaches the upstream", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id);
  await openSession(page, id);
  const answer = await withHost(`${demo.gateway}/v1/whoami`, "another-tenant.example", token);
  expect(answer.status).toBe(421);
  await expect(logRow(page, answer.requestId)).toContainText("421, refused");

  const posing = await demo.request(token, "/v1/whoami", { headers: { "support-tenant": "tnt_other" } });
  expect(await posing.json()).toMatchObject({ tenant: { id: tenant.id } });
});

test("a path that leads somewhere else to some readers is refused", async ({ page, demo }) => {
  const { id, token } = await createSession(page, (await demo.tenant("healthy")).id);
  await openSession(page, id);
  for (const path of ["/v1/%2e%2e/whoami", "/v1/../whoami", "/v1/a%2F..%2Fwhoami", "/v1/..;/whoami", "/v1/%0Awhoami"]) {
    const { status, requestId } = await demo.requestAsWritten(token, path);
    expect(status, path).toBe(400);
    await expect(logRow(page, requestId)).toContainText("400, refused");
  }
  // This session may read everything of its tenant, so every reading of the path is permitted.
  const { status, requestId } = await demo.requestAsWritten(token, "/v1/a%2Fb;x=1");
  expect(status).toBe(404);
  await expect(logRow(page, requestId)).toContainText("404");
});

test("a session of one organization sees that organization alone", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  const choice = createDialog(page).getByLabel("Organization");
  const organization = (await choice.locator("option").nth(1).getAttribute("value")) ?? "";
  await choice.selectOption(organization);
  await fillAndCreate(createDialog(page), {});
  const { token } = await readGranted(page);
  const { items } = (await (await demo.request(token, "/v1/organizations")).json()) as { items: { id: string }[] };
  expect(items.map(({ id }) => id)).toEqual([organization]);
});

test("a lost token is replaced, and the old one dies", async ({ page, demo }) => {
  const { id, token } = await createSession(page, (await demo.tenant("healthy")).id);
  await openSession(page, id);
  await page.getByRole("link", { name: "Replace token" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Replace token" }).click();
  const replaced = page.getByRole("alertdialog", { name: "Token replaced" });
  const next = await replaced.getByRole("region", { name: "Access token" }).locator("code").innerText();
  expect(next).not.toBe(token);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
  expect((await demo.request(next, "/v1/whoami")).status).toBe(200);
});

test("five sessions at a time are enough", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Busy Support");
  for (let number = 1; number <= 5; number += 1) await createSession(page, tenant.id);
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  await fillAndCreate(createDialog(page), {});
  await expect(createDialog(page).getByRole("alert")).toBeFocused();
  await open(page, `/support/sessions?tenant=${tenant.id}`);
  await expect(page.getByRole("status").getByText("5 support sessions")).toBeVisible();
});

test("Escape and Cancel close the dialog, and the focus returns", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}`);
  const opener = page.getByRole("group", { name: "Support Actions" }).getByRole("link", { name: "Create Support Session" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await expect(createDialog(page).getByLabel("Reason")).toBeFocused();
  // The page below takes no focus.
  await page.locator(".side a").first().evaluate((link) => (link as HTMLElement).focus());
  await expect(createDialog(page).getByLabel("Reason")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(`/support/tenants/${tenant.id}`);
  await expect(createDialog(page)).toHaveCount(0);
  await expect(opener).toBeFocused();
  await expectHydrated(page);
});

test("a dialog that a row opened leads back to its list", async ({ page }) => {
  await open(page, "/support?health=healthy&sort=name&dir=asc");
  await page.getByRole("link", { name: /^Create Support Session in / }).first().click();
  await expect(createDialog(page).getByLabel("Reason")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL("/support?health=healthy&sort=name&dir=asc");
  await page.getByRole("link", { name: /^Create Support Session in / }).first().click();
  await createDialog(page).getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveURL("/support?health=healthy&sort=name&dir=asc");
  await expect(createDialog(page)).toHaveCount(0);
});

test("what a tenant is called is never markup", async ({ page, demo }) => {
  const name = "</title><meta http-equiv=refresh content=0;url=/stolen><b>Bold</b>";
  const { id } = await demo.platform<{ id: string }>("PUT", "tenants/tnt_markup", {
    slug: "markup",
    name,
    status: "active",
  });
  for (const path of [`/support/tenants/${id}`, `/support/tenants/${id}/create-session`, "/support?q=markup"]) {
    const answer = await page.goto(path);
    expect(await answer?.text()).not.toContain("<meta http-equiv=refresh");
    await expect(page).toHaveURL(path);
    await expect(page.locator("b")).toHaveCount(0);
  }
  await open(page, `/support/tenants/${id}`);
  await expect(page).toHaveTitle(`${name} · Support Console`);
});

/** A request with a `Host` header that `fetch` would not send. */
async function withHost(url: string, host: string, token: string): Promise<{ status: number; requestId: string }> {
  return new Promise((done, failed) => {
    const sent = http(url, { headers: { host, authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume();
      done({ status: answer.statusCode ?? 0, requestId: `${answer.headers["x-request-id"]}` });
    });
    sent.on("error", failed).end();
  });
}

test("a form that is sent again with another reason says that the first one counts", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  const key = await page.locator("[name=idempotency_key]").inputValue();
  await page.request.post(`/forms/tenants/${tenant.id}/create-session`, {
    form: { reason: "Sent first, as it was", idempotency_key: key },
    headers: { origin: demo.console },
    maxRedirects: 0,
  });
  const dialog = createDialog(page);
  await dialog.locator("form").evaluate((form) => form.insertAdjacentHTML("beforeend", '<input type="hidden" name="added">'));
  await fillAndCreate(dialog, { reason: "Changed, and sent again" });
  await expect(dialog.getByRole("alert").filter({ hasText: "added is not a field of this form" })).toBeVisible();
  await dialog.locator("[name=added]").evaluate((field) => field.remove());
  await fillAndCreate(dialog, {});
  await expect(grantedDialog(page)).toContainText("Nothing was done now");
  await expect(grantedDialog(page)).toContainText("Not used from the second: reason.");
});
