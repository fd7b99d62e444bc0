import { expect, open, test, title } from "../fixtures.ts";
import { createSession, openSession } from "../support/support-session.ts";

const ATTEST = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"subject":"Ada Example","kind":"degree"}',
};

test("a change of the rules is tried on the requests that were made", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id, { scopes: ["attestations:write"] });
  const made = await demo.request(token, "/v1/attestations", ATTEST);
  expect(made.status).toBe(201);

  await open(page, "/support/help");
  await page.getByRole("link", { name: "Rules and dry run" }).click();
  await expect(title(page)).toHaveText("Rules");
  const file = page.getByLabel("Rules to test");
  await expect(file).toHaveValue(/name = "attestations:write"/);
  const changed = (await file.inputValue()).replace("/v1/attestations/**", "/v1/attestations/{id}");
  await file.fill(changed);
  await page.getByRole("button", { name: "Test rules" }).click();

  await expect(page.getByRole("heading", { name: "Test result" })).toBeVisible();
  await expect(page.getByText(/Newly refused: \d+\. Newly allowed: 0\./)).toBeVisible();
  const rows = page.getByRole("table", { name: "Requests with a different decision" }).locator("tbody tr");
  const row = rows.filter({ has: page.locator(`a[href="/support/sessions/${id}"]`) });
  await expect(row).toContainText("refused: out_of_scope");
  await expect(page.getByLabel("Rules to test")).toHaveValue(changed);
  expect((await demo.request(token, "/v1/attestations", ATTEST)).status, "nothing has changed").toBe(201);
});

test("a rule file that can't be read says where, and is kept", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support/rules");
  const broken = '[[scopes]]\nname = "x"\ndescription = "X."\nallow = [{ methods = ["GET"], paths = ["x"] }]\n';
  await page.getByLabel("Rules to test").fill(broken);
  await page.getByRole("button", { name: "Test rules" }).click();
  await expect(page.getByText(/scopes\[0\]\.allow\[0\]\.paths\[0\]/i)).toBeVisible();
  await expect(page.getByLabel("Rules to test")).toHaveValue(broken);
});

test("the page of a session tells what was granted and what was used", async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id, { scopes: ["attestations:write"] });
  await openSession(page, id);
  const scopes = page.getByRole("region", { name: "Session details" }).getByRole("listitem");
  await expect(scopes.filter({ hasText: "read_only" })).toContainText("not used");
  await demo.request(token, "/v1/whoami");
  await demo.request(token, "/v1/users");
  await expect(scopes.filter({ hasText: "read_only" })).toContainText("2 requests");
  await expect(scopes.filter({ hasText: "attestations:write" })).toContainText("not used");
  await page.reload();
  await expect(scopes.filter({ hasText: "read_only" })).toContainText("2 requests");
});
