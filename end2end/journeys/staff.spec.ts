import type { Page } from "@playwright/test";
import { expect, expectHydrated, expectInBothThemes, fact, fillSignIn, open, signInAs, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

test("a super admin finds a staff member, whose sign-ins and sessions the list follows", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Björnsdóttir", "support_admin");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Staff", exact: true }).click();
  await expect(title(page)).toHaveText("Staff");
  await page.getByRole("searchbox").fill("bjornsdottir");
  const rows = page.getByRole("table", { name: "Staff members" }).locator("tbody tr");
  const row = rows.filter({ hasText: ida.email });
  await expect(row).toContainText("Support admin");
  await expect(row).toContainText("never");
  const active = row.locator("td[data-label='Active support sessions']");
  await expect(active).toHaveText("0");
  const hers = await another(ida);
  await expect(row).not.toContainText("never");
  await createSession(hers, (await demo.tenant("healthy")).id);
  await expect(active).toHaveText("1");
  await expect(active.getByRole("link")).toHaveAttribute("href", /^\/support\/sessions\?staff=[\w-]+&status=active$/);
  await page.getByRole("combobox", { name: "Role" }).selectOption("Super admin");
  await expect(page.getByRole("heading", { name: "No matching staff members" })).toBeVisible();
});

test("support admins neither see nor open the pages of administration", async ({ page, signIn }) => {
  await signIn("support_admin");
  await expect(page.getByRole("navigation", { name: "Main" })).not.toContainText("Administration");
  await open(page, "/admin/staff");
  await expectHydrated(page);
  await expect(page.getByRole("alert")).toContainText("You need the role super_admin for this.");
});

test("roles are changed live", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Roles", "support_admin");
  const hers = await another(ida);
  await openMember(page, ida.email);
  await page.getByRole("link", { name: "Change roles" }).click();
  const dialog = page.getByRole("dialog", { name: "Change the roles of Ida Roles" });
  await dialog.getByLabel("Super admin").check();
  await dialog.getByRole("button", { name: "Save roles" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("status").filter({ hasText: "Roles saved: Support admin, Super admin." })).toBeVisible();
  await expect(page.getByRole("table", { name: "Audit events" })).toContainText("Staff roles changed");

  await open(hers, "/admin/staff");
  await expect(title(hers)).toHaveText("Staff");
  await page.getByRole("link", { name: "Change roles" }).click();
  await dialog.getByLabel("Support admin").uncheck();
  await dialog.getByLabel("Super admin").uncheck();
  await dialog.getByRole("button", { name: "Save roles" }).click();
  await expect(hers).toHaveURL(/no-role|sign-in/);
});

test("of two who edit the same person, each learns what the other did, and nothing is lost", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Conflict", "support_admin");
  const second = await another(await demo.addStaff("Second Admin", "super_admin"));
  await openMember(page, ida.email);
  const path = `${new URL(page.url()).pathname}/roles`;
  await open(page, path);
  await open(second, path);
  const save = async (admin: typeof page) => admin.getByRole("button", { name: "Save roles" }).click();
  await page.getByLabel("Super admin").check();
  await save(page);
  await expect(page.getByRole("status").filter({ hasText: "Roles saved" })).toBeVisible();

  await second.getByLabel("Support admin").uncheck();
  await save(second);
  const told = second.getByRole("alert").filter({ hasText: "Nothing was saved." });
  await expect(told).toContainText("changed these roles at");
  await expect(told).toContainText("They are now: Support admin, Super admin.");
  await expect(second.getByLabel("Support admin")).not.toBeChecked();
  await expectInBothThemes(second, "roles after a conflict");
  await expect(second.locator("input[name=seen]")).toHaveValue("support_admin super_admin");
  await save(second);
  await expect(second.getByRole("status").filter({ hasText: "Roles saved: No role." })).toBeVisible();
  const roles = fact(page.getByRole("region", { name: "Account", exact: true }), "Roles");
  await expect(roles, "the other's page follows").toHaveText("No role");
});

test("a deactivation ends support sessions and open pages at once, and a reactivation gives access back", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Leaves", "support_admin");
  const hers = await another(ida);
  const tenant = await demo.tenant("healthy");
  const { token } = await createSession(hers, tenant.id);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
  await openMember(page, ida.email);
  await page.getByRole("link", { name: "Deactivate" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Deactivate Ida Leaves" });
  await expect(dialog).toContainText("1 sign-in and 1 active support session");
  await dialog.getByRole("button", { name: "Deactivate" }).click();
  const done = "Ida Leaves deactivated. 1 sign-in and 1 support session ended.";
  await expect(page.getByRole("status").filter({ hasText: done })).toBeVisible();
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
  await expect(hers).toHaveURL(/sign-in/);
  await expect(page.getByText("Not signed in anywhere.")).toBeVisible();

  await page.getByRole("link", { name: "Reactivate" }).click();
  const reactivate = page.getByRole("dialog", { name: "Reactivate Ida Leaves" });
  await expect(reactivate).toContainText("with the same password and these roles: Support admin.");
  await reactivate.getByRole("button", { name: "Reactivate" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Ida Leaves reactivated." })).toBeVisible();
  await signInAs(hers, ida);
});

test("people sign out their other devices, and a super admin signs them out everywhere", async ({ page, demo, signIn, another }) => {
  const ida = await demo.addStaff("Ida Devices", "support_admin");
  await signIn(ida);
  await page.locator("details.account summary").click();
  await page.getByRole("link", { name: "Your sessions and devices" }).click();
  await expect(title(page)).toHaveText("Your sessions and devices");
  const rows = page.getByRole("table", { name: "Open sign-ins" }).locator("tbody tr");
  await expect(rows).toHaveCount(1);
  const [there, elsewhere] = [await another(ida), await another(ida)];
  await expect(rows, "the page follows").toHaveCount(3);
  await expect(rows.filter({ hasText: "This browser" })).toHaveCount(1);
  await expect(rows.first()).toContainText("Chrome on Linux");
  await page.getByRole("button", { name: /^Sign out there/ }).first().click();
  await expect(page.getByRole("status").filter({ hasText: "Signed out there." })).toBeVisible();
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Signed out in 1 other browser." })).toBeVisible();
  await expect(rows).toHaveCount(1);
  for (const other of [there, elsewhere]) await expect(other).toHaveURL(/sign-in/);

  const admin = await another("super_admin");
  await openMember(admin, ida.email);
  await admin.getByRole("link", { name: "Sign out everywhere" }).click();
  const dialog = admin.getByRole("alertdialog", { name: "Sign Ida Devices out of 1 browser" });
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "Ida Devices signed out everywhere." })).toBeVisible();
  await expect(admin.getByText("Not signed in anywhere.")).toBeVisible();
  await expect(page).toHaveURL(/sign-in/);
});

/** Opens the page of a staff member from the list. */
async function openMember(page: Page, email: string): Promise<void> {
  await open(page, `/admin/staff?q=${email}`);
  await page.getByRole("table", { name: "Staff members" }).locator("tbody th a").first().click();
  await expect(page.getByRole("navigation", { name: "Breadcrumb" })).toBeVisible();
}

test("an invited person chooses a password with a link whose secret no server's log has", async ({ page, demo, signIn, browser }) => {
  await signIn("super_admin");
  await open(page, "/admin/staff");
  await page.getByRole("link", { name: "Invite staff member" }).click();
  const email = `invited-${Date.now()}@demo.example`;
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Name", { exact: true }).fill("Nia Invited");
  await page.getByRole("button", { name: "Make invitation link" }).click();
  await expect(page.getByText("Choose at least one role.")).toBeVisible();
  await expect(page.getByLabel("E-mail")).toHaveValue(email);
  await expectInBothThemes(page, "invite staff with a mistake");
  await page.getByLabel("Support admin").check();
  await page.getByRole("button", { name: "Make invitation link" }).click();
  const link = (await page.locator(".copy-block code").textContent()) ?? "";
  expect(link).toMatch(/\/set-password#scsl_[\w-]{43}$/);
  await expectInBothThemes(page, "invitation link given");
  await page.reload();
  expect(await page.content()).not.toContain(link.split("#")[1]);
  await page.goto(`/admin/staff?q=${email}`);
  await expect(page.getByRole("table", { name: "Staff members" })).toContainText("Invited");

  const theirs = await browser.newPage({ baseURL: demo.console });
  const asked: string[] = [];
  theirs.on("request", (request) => asked.push(`${request.url()} ${request.headers()["referer"] ?? ""}`));
  await open(theirs, link);
  await expect(theirs).toHaveURL(/\/set-password$/);
  await choosePassword(theirs, "seven green kettles");
  await expect(theirs.getByRole("status").filter({ hasText: `Password set. Sign in as ${email}.` })).toBeVisible();
  expect(asked.filter((address) => address.includes("scsl_"))).toEqual([]);
  await fillSignIn(theirs, { email, password: "seven green kettles" });
  await expect(title(theirs)).toHaveText("Tenant health");

  await open(theirs, link);
  await choosePassword(theirs, "eight green kettles");
  await expect(theirs.getByText("Doesn't work. It was used already, replaced or revoked, or is older than 72 hours.")).toBeVisible();
  await theirs.close();
});

test("a reset gives a new link, and the old password no longer works", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Reset", "support_admin");
  const hers = await another(ida);
  await openMember(page, ida.email);
  await page.getByRole("link", { name: "Reset password" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByRole("button", { name: "Reset password" }).click();
  const link = (await page.getByRole("dialog").or(dialog).locator(".copy-block code").textContent()) ?? "";
  expect(link).toContain("/set-password#scsl_");
  await expectInBothThemes(page, "reset link given");
  await expect(hers).toHaveURL(/sign-in/);
  await page.getByRole("link", { name: "Done" }).click();
  await expect(page.getByText("Password reset, works until")).toBeVisible();
  await expect(page.locator(".session-facts")).toContainText("Password reset");
  await expect(page.getByRole("link", { name: "New reset link" })).toBeVisible();
  await page.getByRole("link", { name: "Revoke link" }).click();
  await page.getByRole("button", { name: "Revoke link" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Link revoked." })).toBeVisible();
  await open(hers, link);
  await choosePassword(hers, "nine green kettles");
  await expect(hers.getByText("Doesn't work.")).toBeVisible();
});

async function choosePassword(page: Page, password: string): Promise<void> {
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("Repeat new password").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
}
