import { expect, fact, open, test } from "../fixtures.ts";
import { createSession, logRow, openSession } from "../support/support-session.ts";

test("a super admin revokes in another browser: page, gateway and open feed end", async ({
  page,
  demo,
  another,
  session,
}) => {
  const { id, token } = session;
  await openSession(page, id);
  const feed = await demo.request(token, "/v1/feed");
  const events = feed.body!.getReader();
  expect(new TextDecoder().decode((await events.read()).value)).toContain("event: activity");
  await expect(logRow(page, feed.headers.get("x-request-id"))).toContainText("open");
  await page.evaluate(() => document.body.setAttribute("data-loaded-once", ""));

  const admin = await another("super_admin");
  await openSession(admin, id);
  await admin.getByRole("link", { name: "Revoke Session" }).click();
  const dialog = admin.getByRole("alertdialog", { name: /^Revoke Ida Brandt’s session in / });
  await dialog.getByLabel("Reason").fill("Not needed any more");
  await dialog.getByRole("button", { name: "Revoke Session" }).click();
  await expect(admin.getByRole("status").getByText(/^Session in .+ revoked\.$/)).toBeVisible();

  await expect(rest(events)).rejects.toThrow();
  const refused = await demo.request(token, "/v1/whoami");
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ code: "session_revoked" });

  await expect(page.getByRole("status").getByText("Revoked")).toBeVisible();
  const timing = page.getByRole("region", { name: "Timing" });
  await expect(fact(timing, "Revoked by")).toContainText("Mina Okafor");
  await expect(fact(timing, "Revocation reason")).toHaveText("Not needed any more");
  await expect(fact(timing, "Last request")).toContainText("before the revocation");
  await expect(fact(timing, "Confirmation")).toContainText("1 open request cut off");
  await expect(page.getByRole("link", { name: "Revoke Session" })).toHaveCount(0);
  await expect(logRow(page, feed.headers.get("x-request-id"))).toContainText("interrupted");
  await expect(logRow(page, refused.headers.get("x-request-id"))).toContainText("401, refused");
  await expect(page.locator("body")).toHaveAttribute("data-loaded-once", "");
});

test("another support admin may not revoke, and the page says so", async ({ demo, another, session }) => {
  const { id, token } = session;
  const other = await another(await demo.addStaff("Teo Salas", "support_admin"));
  await openSession(other, id);
  await expect(other.getByRole("link", { name: "Revoke Session" })).toHaveCount(0);
  await other.goto(`/support/sessions/${id}/revoke`);
  await expect(other.getByRole("dialog", { name: "Revoke Session" })).toContainText(
    "Only its holder and super admins can revoke this support session.",
  );
  const forced = await other.request.post(`/forms/support-sessions/${id}/revoke`, {
    form: { reason: "" },
    headers: { origin: demo.console },
  });
  expect(await forced.text()).toContain("You need the role super_admin for this.");
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
});

test("the band at the top ends one's own session", async ({ page, demo, session }) => {
  const { token } = session;
  await page.goto("/support");
  const band = page.getByRole("region", { name: "Your active support sessions" });
  await expect(band).toContainText("You're in");
  await band.getByRole("button", { name: /^End now/ }).click();
  await expect(band).toHaveCount(0);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
});

test("revoking twice is refused, and nothing changes", async ({ page, demo, another, session }) => {
  const { id } = session;
  const admin = await another("super_admin");
  await openSession(admin, id);
  await admin.getByRole("link", { name: "Revoke Session" }).click();
  const dialog = admin.getByRole("alertdialog");
  await expect(dialog).toBeVisible();
  const first = await page.request.post(`/forms/support-sessions/${id}/revoke`, {
    form: { reason: "I was first" },
    headers: { origin: demo.console },
  });
  expect(first.ok()).toBe(true);
  await dialog.getByLabel("Reason").fill("Too late");
  await dialog.getByRole("button", { name: "Revoke Session" }).click();
  await expect(dialog.getByRole("alert")).toContainText("already revoked by Ida Brandt");
});

test("Back after a revocation shows what is, and the act sent again changes nothing", async ({ page, session }) => {
  await openSession(page, session.id);
  await page.getByRole("link", { name: "Revoke Session" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("Sent once");
  const sent = page.waitForRequest("**/_fn/revoke_support_session");
  await dialog.getByRole("button", { name: "Revoke Session" }).click();
  await expect(page.getByRole("status").getByText(/^Session in .+ revoked\.$/)).toBeVisible();

  await page.goBack();
  await expect(page).toHaveURL(new RegExp(`/support/sessions/${session.id}$`));
  await expect(page.getByRole("alertdialog")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Revoke Session" })).toHaveCount(0);
  const act = { url: (await sent).url(), body: (await sent).postData() };
  const again = await page.evaluate(async ({ url, body }) => {
    const headers = { "content-type": "application/json", accept: "application/json" };
    return (await fetch(url, { method: "POST", headers, body })).text();
  }, act);
  expect(again).toContain("already revoked by Ida Brandt");
  await open(page, `/support/sessions/${session.id}/revoke`);
  const closed = page.getByRole("dialog", { name: "Revoke Session" });
  await expect(closed).toContainText("This support session has already ended.");
  await expect(closed.getByRole("button")).toHaveCount(0);
  await expect(fact(page.locator("main"), "Revocation reason")).toHaveText("Sent once");
});

test("several sessions can be revoked only while one on the page is active", async ({ demo, another }) => {
  const admin = await another("super_admin");
  const tenant = await demo.registerTenant("Soon Over");
  const { id } = await createSession(admin, tenant.id);
  await open(admin, `/support/sessions?tenant=${tenant.id}`);
  const several = admin.getByRole("button", { name: "Revoke selected…" });
  await expect(several).toBeVisible();
  const revoked = await admin.request.post(`/forms/support-sessions/${id}/revoke`, {
    form: { reason: "Done" },
    headers: { origin: demo.console },
  });
  expect(revoked.ok()).toBe(true);
  const row = admin.getByRole("row").filter({ hasText: "Soon Over" });
  await expect(row.locator(".badge")).toHaveText("Revoked");
  await expect(several).toBeHidden();
  await admin.reload();
  await expect(row.locator(".badge")).toHaveText("Revoked");
  await expect(several).toBeHidden();
});

test("a staff member who is deactivated in a shell loses page and session at once", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Leo Fabbri", "support_admin");
  await signIn(account);
  const { id, token } = await createSession(page, (await demo.tenant("healthy")).id);
  await openSession(page, id);
  const { code, output } = await demo.command(["staff", "deactivate", account.email]);
  expect(code, output).toBe(0);
  await expect(page).toHaveURL(/sign-in/);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
});

async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done) {
    // Reads the feed until it ends or breaks.
  }
}
