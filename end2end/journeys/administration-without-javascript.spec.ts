// Administration with plain forms only: roles, secrets after a redirect, sign-ins of oneself and of others, tenants.
import type { Page } from "@playwright/test";
import { expect, fillSignIn, plainPage, signInPlainly, test, title } from "../fixtures.ts";

test.use({ javaScriptEnabled: false });

test.beforeEach(async ({ page, demo }) => {
  await signInPlainly(page, await demo.addStaff("Ana Plain", "super_admin"));
});

test("without JavaScript a person is found, edited by two at once, deactivated and reactivated", async ({ page, demo, browser }) => {
  const ida = await demo.addStaff("Ida Plain", "support_admin");
  const hers = await plainPage(browser, demo.console, ida);
  const second = await plainPage(browser, demo.console, await demo.addStaff("Second Plain", "super_admin"));
  await page.goto("/admin/staff");
  await page.getByRole("searchbox").fill(ida.email);
  await apply(page);
  await page.getByRole("table", { name: "Staff members" }).getByRole("link", { name: "Ida Plain" }).click();
  await expect(title(page)).toHaveText("Ida Plain");
  await page.getByRole("link", { name: "Change roles" }).click();
  await expect(page.getByRole("dialog", { name: "Change the roles of Ida Plain" })).toBeVisible();
  await second.goto(page.url());
  await second.getByLabel("Super admin").check();
  await saveRoles(second, "Support admin, Super admin");

  await page.getByLabel("Support admin").uncheck();
  await page.getByRole("button", { name: "Save roles" }).click();
  const told = page.getByRole("alert").filter({ hasText: "Nothing was saved." });
  await expect(told).toContainText("Second Plain changed these roles at");
  await expect(told).toContainText("They are now: Support admin, Super admin. Your choice is still here.");
  for (const role of ["Support admin", "Super admin"]) await expect(page.getByLabel(role), role).not.toBeChecked();
  await page.getByLabel("Support admin").check();
  await saveRoles(page, "Support admin");

  await page.getByRole("link", { name: "Deactivate" }).click();
  const deactivate = page.getByRole("alertdialog", { name: "Deactivate Ida Plain" });
  await expect(deactivate).toContainText("This ends now: 1 sign-in and 0 active support sessions.");
  await deactivate.getByRole("button", { name: "Deactivate" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Ida Plain deactivated. 1 sign-in ended." })).toBeVisible();
  await hers.reload();
  await expect(hers).toHaveURL(/sign-in/);
  await page.getByRole("link", { name: "Reactivate" }).click();
  const reactivate = page.getByRole("dialog", { name: "Reactivate Ida Plain" });
  await expect(reactivate).toContainText("with the same password and these roles: Support admin.");
  await reactivate.getByRole("button", { name: "Reactivate" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Ida Plain reactivated." })).toBeVisible();
  await signInPlainly(hers, ida);
  for (const tab of [hers, second]) await tab.context().close();
});

test("without JavaScript a person is invited and reset, and only the last link works", async ({ page, demo, browser }) => {
  const email = `plain-${Date.now()}@demo.example`;
  await page.goto("/admin/invite-staff");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Name", { exact: true }).fill("Nia Plain");
  await page.getByRole("button", { name: "Make invitation link" }).click();
  await expect(page.getByText("Choose at least one role.")).toBeVisible();
  await expect(page.getByLabel("E-mail")).toHaveValue(email);
  await page.getByLabel("Support admin").check();
  await page.getByRole("button", { name: "Make invitation link" }).click();
  const invitation = await readCodeOnce(page);

  const theirs = await plainPage(browser, demo.console);
  await choosePassword(theirs, invitation, "seven green kettles");
  await expect(theirs.getByRole("status").filter({ hasText: `Password set. Sign in as ${email}.` })).toBeVisible();
  await fillSignIn(theirs, { email, password: "seven green kettles" });
  await expect(title(theirs)).toHaveText("Tenant health");

  await openMember(page, email);
  await page.getByRole("link", { name: "Reset password" }).click();
  const reset = page.getByRole("alertdialog", { name: "Reset the password of Nia Plain" });
  await reset.getByRole("button", { name: "Reset password" }).click();
  await expect(page.getByRole("heading", { name: "One-time link" })).toBeVisible();
  const first = await readCodeOnce(page);
  await theirs.reload();
  await fillSignIn(theirs, { email, password: "seven green kettles" });
  await expect(theirs.getByText("The e-mail address or the password is wrong.")).toBeVisible();

  await openMember(page, email);
  await expect(page.getByText("Password reset, works until")).toBeVisible();
  await page.getByRole("link", { name: "New reset link" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Make new link" }).click();
  const second = await readCodeOnce(page);
  await choosePassword(theirs, first, "eight green kettles");
  await expect(theirs.getByText("Doesn't work. It was used already, replaced or revoked")).toBeVisible();
  await expect(theirs.getByLabel("Code"), "no page keeps a code").toHaveValue("");

  await openMember(page, email);
  await page.getByRole("link", { name: "Revoke link" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke link" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Link revoked." })).toBeVisible();
  await choosePassword(theirs, second, "eight green kettles");
  await expect(theirs.getByText("Doesn't work.")).toBeVisible();
  await theirs.context().close();
});

test("without JavaScript people sign out their other devices, and a super admin signs them out everywhere", async ({ page, demo, browser }) => {
  const ida = await demo.addStaff("Ida Devices", "support_admin");
  const signIn = async () => plainPage(browser, demo.console, ida);
  const [hers, ...others] = [await signIn(), await signIn(), await signIn()];
  await hers.goto("/account/sessions");
  const rows = hers.getByRole("table", { name: "Open sign-ins" }).locator("tbody tr");
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: "This browser" })).toHaveCount(1);
  await hers.getByRole("button", { name: /^Sign out there/ }).first().click();
  await expect(hers.getByRole("status").filter({ hasText: "Signed out there." })).toBeVisible();
  await expect(rows).toHaveCount(2);
  await hers.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(hers.getByRole("status").filter({ hasText: "Signed out in 1 other browser." })).toBeVisible();
  await expect(rows).toHaveCount(1);

  await openMember(page, ida.email);
  await page.getByRole("link", { name: "Sign out everywhere" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Sign Ida Devices out of 1 browser" });
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Ida Devices signed out everywhere." })).toBeVisible();
  await expect(page.getByText("Not signed in anywhere.")).toBeVisible();
  for (const tab of [hers, ...others]) {
    await tab.reload();
    await expect(tab).toHaveURL(/sign-in/);
    await tab.context().close();
  }
});

test("without JavaScript the list of tenants is filtered, and the settings of one are changed", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Plain Settings");
  await page.goto("/admin/tenants");
  const rows = page.getByRole("table", { name: "Tenants" }).locator("tbody tr");
  await page.getByRole("combobox", { name: "Status" }).selectOption("Trial");
  await apply(page);
  await expect(page).toHaveURL(/status=trial/);
  await expect(rows.first()).toContainText("Trial");
  await expect(rows.filter({ hasNotText: "Trial" })).toHaveCount(0);
  const file = page.getByRole("link", { name: "Export CSV" });
  await expect(file).toHaveAttribute("href", "/export/tenants?format=csv&status=trial");
  await page.getByRole("combobox", { name: "Status" }).selectOption("Any status");
  await page.getByRole("combobox", { name: "Created" }).selectOption({ index: 1 });
  await page.getByRole("searchbox").fill(tenant.id);
  await apply(page);
  await expect(page).not.toHaveURL(/status=trial/);
  await expect(rows).toHaveCount(1);
  await rows.getByRole("link", { name: "Plain Settings" }).click();
  await expect(title(page)).toHaveText("Plain Settings");

  const settings = page.getByRole("region", { name: "Settings" });
  await settings.getByRole("link", { name: "Change settings" }).click();
  await page.getByLabel("Support may change data").uncheck();
  await page.getByLabel("Warning from this error rate (%)").fill("200");
  await page.getByLabel("Reason").fill("The tenant asked for it in writing");
  await page.getByRole("button", { name: "Save settings" }).click();
  const warning = page.getByLabel("Warning from this error rate (%)");
  await expect(warning).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Support may change data")).not.toBeChecked();
  await expect(page.getByLabel("Reason")).toHaveValue("The tenant asked for it in writing");
  await warning.fill("7.5");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Settings of Plain Settings saved.")).toBeVisible();
  await expect(settings).toContainText("Only read");
  await expect(settings).toContainText("7.5 %");
});

async function saveRoles(page: Page, roles: string): Promise<void> {
  await page.getByRole("button", { name: "Save roles" }).click();
  await expect(page.getByRole("status").filter({ hasText: `Roles saved: ${roles}.` })).toBeVisible();
}

async function openMember(page: Page, email: string): Promise<void> {
  await page.goto(`/admin/staff?q=${email}`);
  await page.getByRole("table", { name: "Staff members" }).locator("tbody th a").first().click();
  await expect(page.getByRole("navigation", { name: "Breadcrumb" })).toBeVisible();
}

/** The code of a link that the page shows. It doesn't show it again. */
async function readCodeOnce(page: Page): Promise<string> {
  const link = (await page.locator(".copy-block code").textContent()) ?? "";
  expect(link).toMatch(/\/set-password#scsl_[\w-]{43}$/);
  const code = link.split("#")[1] ?? "";
  await page.reload();
  expect(await page.content()).not.toContain(code);
  return code;
}

/** Pastes the code, because only a script reads the fragment of a link. */
async function choosePassword(page: Page, code: string, password: string): Promise<void> {
  await page.goto(`/set-password#${code}`);
  await expect(page.getByLabel("Code")).toHaveValue("");
  await page.getByLabel("Code").fill(code);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("Repeat new password").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
}

async function apply(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Apply" }).click();
}
