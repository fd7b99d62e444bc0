import type { Page, Request } from "@playwright/test";
import { expect, fact, fillSignIn, test, title } from "../fixtures.ts";
import { createDialog, fillAndCreate, grantedDialog, readGranted } from "../support/support-session.ts";
import { userSignsIn } from "../support/user-sessions.ts";

test.use({ javaScriptEnabled: false });

test.beforeEach(async ({ page, demo }) => {
  await page.goto("/sign-in");
  await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
  await expect(title(page)).toHaveText("Tenant health");
});

test("without JavaScript the overview is filtered, searched and paged", async ({ page, demo }) => {
  const failing = await demo.tenant("critical");
  const rows = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr");
  await page.getByRole("combobox", { name: "Health" }).selectOption("Critical");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/health=critical/);
  await expect(rows.filter({ hasNotText: "Critical" })).toHaveCount(0);
  await page.getByRole("searchbox").fill(failing.id);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(rows).toHaveCount(1);
  await rows.getByRole("link", { name: "View Details" }).click();
  await expect(title(page)).toHaveText(failing.name);

  await page.goto("/support?sort=name");
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page.getByText(/^Rows 51–100 of/)).toBeVisible();
});

test("without JavaScript a session is created, its token shown once, and revoked", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}`);
  await page.getByRole("link", { name: "Create Support Session" }).click();
  await createDialog(page).getByRole("checkbox", { name: "invoices:export" }).check();
  await fillAndCreate(createDialog(page), { reason: "short", minutes: 99 });
  const reason = createDialog(page).getByLabel("Reason");
  await expect(reason).toHaveValue("short");
  await expect(reason).toHaveAccessibleDescription(/Add 5 more characters/);
  await expect(createDialog(page).getByLabel("Duration (TTL, minutes)")).toHaveValue("99");
  await expect(createDialog(page).getByRole("checkbox", { name: "invoices:export" })).toBeChecked();

  await fillAndCreate(createDialog(page), { reason: "Exports look empty", minutes: 5 });
  const { id, token } = await readGranted(page);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
  await page.reload();
  await expect(grantedDialog(page)).toHaveCount(0);
  expect(await page.content()).not.toContain(token);

  await page.goto(`/support/sessions/${id}`);
  await expect(page.getByRole("table", { name: "Access Logs" }).locator("tbody tr")).toHaveCount(1);
  await page.getByRole("link", { name: "Revoke Session" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("Done");
  await dialog.getByRole("button", { name: "Revoke Session" }).click();
  await expect(page.getByRole("main").getByText("Revoked", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("region", { name: "Timing" })).toContainText("Done");
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
});

test("without JavaScript End now ends one's own session from any page, and links its audit event", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  const path = `/support/tenants/${tenant.id}`;
  await page.goto(`${path}/create-session`);
  await fillAndCreate(createDialog(page), {});
  const { token } = await readGranted(page);
  await page.goto(path);
  const band = page.getByRole("region", { name: "Your active support sessions" });
  await expect(band).toContainText(`You're in ${tenant.name}`);
  await band.getByRole("button", { name: /^End now/ }).click();
  await expect(band).toHaveCount(0);
  await expect(title(page)).toHaveText(tenant.name);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
  await page.getByRole("link", { name: "View audit event" }).click();
  await expect(title(page)).toHaveText(/^Support session revoked/);
});

test("without JavaScript a line break counts once, and what nobody sees not at all", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}/create-session`);
  const lines = Array.from({ length: 11 }, (_, line) => `Line ${line}:`.padEnd(line === 0 ? 50 : 44, "."));
  const reason = lines.join("\n");
  expect(reason).toHaveLength(500);
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await fillAndCreate(createDialog(page), { reason: reason.replace("Line 5", "Line\u200B 5") });
  const body = (await sent).postData() ?? "";
  expect(body.split("%0D%0A"), "line breaks as browsers send them").toHaveLength(11);
  expect(body).toContain("%E2%80%8B");
  const { id } = await readGranted(page);
  await page.goto(`/support/sessions/${id}`);
  const shown = fact(page.getByRole("region", { name: "Session details" }), "Reason");
  expect((await shown.innerText()).split("\n")).toEqual(lines);
});

test("without JavaScript a tenant's users are logged out", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Plain Forms");
  await userSignsIn(demo, tenant, "usr_1");
  await page.goto(`/support/tenants/${tenant.id}/force-logout`);
  await send(page, "plain");
  const slug = page.getByRole("alertdialog").getByRole("textbox");
  await expect(slug).toHaveValue("plain");
  await expect(slug).toHaveAttribute("aria-invalid", "true");
  await send(page, tenant.slug);
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();
  await page.getByRole("link", { name: "View audit event" }).click();
  await expect(title(page)).toHaveText("All user sessions ended");
});

test("without JavaScript a form that is sent twice says that nothing was done now", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Sent Twice");
  await userSignsIn(demo, tenant, "usr_1");
  const form = `/support/tenants/${tenant.id}/force-logout`;
  await page.goto(form);
  const key = await page.locator("[name=idempotency_key]").inputValue();
  await send(page, tenant.slug);
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();

  // A forced logout covers the whole second in which it happens.
  await demo.advance("1s");
  await userSignsIn(demo, tenant, "usr_2");
  await page.goto(form);
  const fresh = await page.locator("[name=idempotency_key]").inputValue();
  expect(fresh).not.toBe(key);
  await page.locator("[name=idempotency_key]").evaluate((field, key) => ((field as HTMLInputElement).value = key), key);
  await send(page, tenant.slug);
  const said = page.getByRole("status").filter({ hasText: "Nothing was done now" });
  await expect(said).toContainText(/this form was sent at .*, and 1 user session ended then\. 1 user session is active now/);
  await send(page, tenant.slug);
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();
});

test("without JavaScript Back after a revocation says that it is over, and the form sent again changes nothing", async ({ page, demo }) => {
  await page.goto(`/support/tenants/${(await demo.tenant("healthy")).id}/create-session`);
  await fillAndCreate(createDialog(page), {});
  const { id } = await readGranted(page);
  await page.goto(`/support/sessions/${id}/revoke`);
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("Sent once");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await dialog.getByRole("button", { name: "Revoke Session" }).click();
  await expect(page.getByRole("region", { name: "Timing" })).toContainText("Sent once");

  await page.goBack();
  const closed = page.getByRole("dialog", { name: "Revoke Session" });
  await expect(closed).toContainText("Nothing was revoked.");
  await expect(closed).toContainText("This support session has already ended.");
  await expect(closed.getByRole("button")).toHaveCount(0);
  expect(await sendAgain(page, await sent)).toContain("already revoked by Ida Brandt");
});

test("without JavaScript Back after a force logout shows that nobody is signed in, and the form sent again does nothing", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Sent Again");
  await userSignsIn(demo, tenant, "usr_1");
  await page.goto(`/support/tenants/${tenant.id}/force-logout`);
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await send(page, tenant.slug);
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();

  await page.goBack();
  const closed = page.getByRole("dialog", { name: "Force Logout All Sessions" });
  await expect(closed).toContainText("No one is signed in to Sent Again.");
  await expect(closed.getByRole("button")).toHaveCount(0);
  expect(await sendAgain(page, await sent)).toContain("Nothing was done now");
});

test("without JavaScript two clicks on Create lead to the token", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}/create-session`);
  await page.route("**/forms/**", async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 });
    await new Promise((done) => setTimeout(done, 300));
    await route.fulfill({ response: answer }).catch(() => undefined);
  });
  await createDialog(page).getByLabel("Reason").fill("Clicks come in pairs");
  const button = createDialog(page).getByRole("button", { name: "Create Session" });
  await button.click({ noWaitAfter: true, clickCount: 2, delay: 150 });
  const { token } = await readGranted(page);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
});

test("without JavaScript the page with the token says what of a second form was not used", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}/create-session`);
  const key = await page.locator("[name=idempotency_key]").inputValue();
  await page.request.post(`/forms/tenants/${tenant.id}/create-session`, {
    form: { reason: "Sent first, as it was", idempotency_key: key },
    headers: { origin: demo.console },
    maxRedirects: 0,
  });
  await fillAndCreate(createDialog(page), { reason: "Changed, and sent again", minutes: 7 });
  await expect(grantedDialog(page)).toContainText("The first one counts. Not used from the second: reason and duration.");
  const { token } = await readGranted(page);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
});

test("without JavaScript a field that an extension has added is named", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  for (const [path, button] of [
    [`/support/tenants/${tenant.id}/create-session`, "Create Session"],
    ["/account/password", "Change password"],
    ["/support/rules", "Test rules"],
  ] as const) {
    await page.goto(path);
    await page.locator("main form, dialog form").last().evaluate((form) => {
      form.insertAdjacentHTML("beforeend", '<input type="hidden" name="added" value="x">');
      for (const field of form.querySelectorAll<HTMLInputElement>("[required]")) field.value ||= "Long enough to be sent";
    });
    await page.getByRole("button", { name: button, exact: true }).click();
    await expect(page.getByRole("alert").filter({ hasText: "added is not a field of this form" }), path).toBeVisible();
  }
});

test("without JavaScript the audit log is filtered", async ({ page }) => {
  await page.goto("/audit");
  await page.getByRole("combobox", { name: "Category" }).selectOption("staff");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/category=staff/);
  const rows = page.getByRole("table", { name: "Audit events" }).locator("tbody tr");
  await expect(rows.first()).toContainText("staff.signed_in");
  await expect(rows.filter({ hasNotText: "staff." })).toHaveCount(0);
});

test("without JavaScript a tenant is found by its name, and the address has its ID", async ({ page, demo }) => {
  const tenant = await demo.tenant("healthy");
  for (const list of ["/audit", "/support/sessions"]) {
    await page.goto(list);
    await page.getByLabel("Tenant", { exact: true }).fill(tenant.name.toUpperCase());
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(page).toHaveURL(`${list}?tenant=${tenant.id}`);
    await expect(page.getByLabel("Tenant", { exact: true })).toHaveValue(tenant.name);

    await page.getByLabel("Tenant", { exact: true }).fill("Nobody Ltd");
    await page.getByRole("button", { name: "Apply" }).click();
    const field = page.getByLabel("Tenant", { exact: true });
    await expect(field).toHaveValue("Nobody Ltd");
    await expect(field).toHaveAccessibleDescription('No tenant "Nobody Ltd". Enter a tenant\'s name or ID.');
  }
});

test("without JavaScript a time is chosen, and it is UTC", async ({ page }) => {
  await page.goto("/audit");
  await expect(page.getByText("Times in UTC", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Today", exact: true }).click();
  await expect(page).toHaveURL("/audit?time=today");
  await expect(page.getByText(/00:00:00 UTC\s*–\s*now/)).toBeVisible();
  await page.getByRole("link", { name: "Custom", exact: true }).click();
  await page.getByLabel("From").fill("2026-01-01T10:00");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/time=custom&from=2026-01-01T10%3A00/);
  await expect(page.getByLabel("From")).toHaveValue(/^2026-01-01T10:00/);
});

test("without JavaScript what was typed is there after signing in again", async ({ page, context, demo }) => {
  const account = await demo.addStaff("Nia Costa", "support_admin");
  await context.clearCookies();
  await page.goto("/sign-in");
  await fillSignIn(page, account);
  await expect(title(page)).toHaveText("Tenant health");
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}/create-session`);
  await demo.command(["staff", "reset-password", account.email, "--password-stdin"], account.password);
  await fillAndCreate(createDialog(page), { reason: "Typed before the sign-in ended", minutes: 7 });
  await expect(page).toHaveURL(/sign-in\?next=/);
  await fillSignIn(page, account);
  await expect(createDialog(page).getByLabel("Reason")).toHaveValue("Typed before the sign-in ended");
  await expect(createDialog(page).getByLabel("Duration (TTL, minutes)")).toHaveValue("7");
  await createDialog(page).getByRole("button", { name: "Create Session" }).click();
  await readGranted(page);
});

test("without JavaScript what was typed outlasts a lost cookie", async ({ page, context, demo }) => {
  const account = await demo.addStaff("Nia Costa", "support_admin");
  await context.clearCookies();
  await page.goto("/sign-in");
  await fillSignIn(page, account);
  await expect(title(page)).toHaveText("Tenant health");
  const tenant = await demo.tenant("healthy");
  await page.goto(`/support/tenants/${tenant.id}/create-session`);
  await context.clearCookies();
  await fillAndCreate(createDialog(page), { reason: "Typed before the cookie was gone", minutes: 7 });
  await expect(page).toHaveURL(/sign-in\?next=/);
  await fillSignIn(page, account);
  await expect(createDialog(page).getByLabel("Reason")).toHaveValue("Typed before the cookie was gone");
  await expect(createDialog(page).getByText("Nothing has been sent yet.")).toBeVisible();
});

test("without JavaScript one signs out", async ({ page }) => {
  await page.getByText("Ida Brandt").first().click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByText("You've been signed out.")).toBeVisible();
});

async function send(page: Page, slug: string): Promise<void> {
  const dialog = page.getByRole("alertdialog", { name: /^Sign out / });
  await dialog.getByRole("textbox").fill(slug);
  await dialog.getByRole("button", { name: /^Sign out / }).click();
}

/** Sends a form once more as it was. Returns the page that answers. */
async function sendAgain(page: Page, sent: Request): Promise<string> {
  const { origin } = new URL(sent.url());
  const headers = { origin, "content-type": "application/x-www-form-urlencoded" };
  const again = await page.request.post(sent.url(), { data: sent.postData() ?? "", headers });
  return again.text();
}
