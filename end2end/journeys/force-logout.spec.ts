import { expect, open, test, title } from "../fixtures.ts";
import { isActive, userSignsIn } from "../support/user-sessions.ts";

test("force logout names the number, asks for the slug, and leads to its audit event", async ({
  page,
  demo,
  signIn,
}) => {
  const tenant = await demo.registerTenant("Harbour Finch");
  const users = ["usr_1", "usr_2", "usr_3"];
  for (const user of users) await userSignsIn(demo, tenant, user);
  expect(await Promise.all(users.map((user) => isActive(demo, tenant, user)))).toEqual([true, true, true]);

  await signIn("support_admin");
  await open(page, `/support/tenants/${tenant.id}`);
  await page.getByRole("link", { name: "Force Logout All Sessions" }).click();
  const act = "Sign out 3 user sessions of Harbour Finch";
  const dialog = page.getByRole("alertdialog", { name: act });
  await expect(dialog).toHaveAccessibleDescription(/All users of Harbour Finch are signed out now.*This can't be undone/);
  const slug = dialog.getByLabel(`Type ${tenant.slug} to confirm`);
  await slug.fill("harbour");
  await dialog.getByRole("button", { name: act }).click();
  await expect(slug).toBeFocused();
  await expect(slug).toHaveAccessibleDescription(new RegExp(`That doesn't match. Type ${tenant.slug}`));
  expect(await isActive(demo, tenant, "usr_1")).toBe(true);

  await slug.fill(tenant.slug);
  await dialog.getByRole("button", { name: act }).click();
  const done = page.getByRole("alertdialog", { name: "Users of Harbour Finch signed out" });
  await expect(done.getByRole("status")).toContainText("3 user sessions ended");
  expect(await Promise.all(users.map((user) => isActive(demo, tenant, user)))).toEqual([false, false, false]);

  const behind = page.locator("main");
  await expect(behind).toContainText("0 active user sessions");
  await expect(behind).toContainText("user_session.force_logout");

  await done.getByRole("link", { name: "View audit event" }).click();
  await expect(title(page)).toHaveText("All user sessions ended");
  await expect(page.getByRole("region", { name: "What happened" })).toContainText("Jonas Lindqvist");
});

test("a user session from before the logout is dead even if it is registered later", async ({
  page,
  demo,
  signIn,
}) => {
  const tenant = await demo.registerTenant("Late Registration");
  const before = await demo.now();
  await userSignsIn(demo, tenant, "usr_early");
  await signIn("support_admin");
  await open(page, `/support/tenants/${tenant.id}/force-logout`);
  await page.getByRole("alertdialog").getByRole("textbox").fill(tenant.slug);
  await page.getByRole("button", { name: "Sign out 1 user session of Late Registration" }).click();
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();
  await userSignsIn(demo, tenant, "usr_late", before);
  expect(await isActive(demo, tenant, "usr_late")).toBe(false);
});

test("Back after a force logout shows the tenant, and the form sent again says that nothing was done now", async ({
  page,
  demo,
  signIn,
}) => {
  const tenant = await demo.registerTenant("Twice Over");
  await userSignsIn(demo, tenant, "usr_1");
  await signIn("support_admin");
  await open(page, `/support/tenants/${tenant.id}`);
  await page.getByRole("link", { name: "Force Logout All Sessions" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Sign out 1 user session of Twice Over" });
  const key = dialog.locator("[name=idempotency_key]");
  const sent = await key.inputValue();
  const send = async () => {
    await dialog.getByRole("textbox").fill(tenant.slug);
    await dialog.getByRole("button", { name: /^Sign out / }).click();
  };
  await send();
  await expect(page.getByRole("status").getByText("1 user session ended")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("alertdialog")).toHaveCount(0);
  await expect(page.locator("main")).toContainText("0 active user sessions");

  // A forced logout covers the whole second in which it happens.
  await demo.advance("1s");
  await userSignsIn(demo, tenant, "usr_2");
  await page.goForward();
  await expect(key).not.toHaveValue(sent);
  // As a page would send it that the browser has kept.
  await key.evaluate((field, sent) => ((field as HTMLInputElement).value = sent), sent);
  await send();
  const said = page.getByRole("status").filter({ hasText: "Nothing was done now" });
  await expect(said).toContainText("1 user session ended then. 1 user session is active now.");
  expect(await isActive(demo, tenant, "usr_2")).toBe(true);
});

test("force logout is not offered where nobody is signed in, and says why", async ({ page, demo, signIn }) => {
  const tenant = await demo.registerTenant("Quiet House");
  await signIn("support_admin");
  await open(page, `/support/tenants/${tenant.id}`);
  const acts = page.getByRole("group", { name: "Support Actions" });
  await expect(acts.getByRole("link", { name: "Force Logout All Sessions" })).toHaveCount(0);
  await expect(acts.getByRole("button", { name: "Force Logout All Sessions" })).toBeDisabled();
  await expect(acts).toContainText("No one is signed in to Quiet House.");
  await open(page, `/support/tenants/${tenant.id}/force-logout`);
  const dialog = page.getByRole("dialog", { name: "Force Logout All Sessions" });
  await expect(dialog).toContainText("No one is signed in to Quiet House.");
  await expect(dialog.getByRole("button")).toHaveCount(0);
  await userSignsIn(demo, tenant, "usr_1");
  await page.reload();
  await expect(page.getByRole("alertdialog", { name: "Sign out 1 user session of Quiet House" })).toBeVisible();
});
