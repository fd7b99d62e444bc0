import { expect, expectHydrated, open, test, title } from "../fixtures.ts";

test("a super admin finds a staff member, and the list follows their sign-ins", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const ida = await demo.addStaff("Ida Björnsdóttir", "support_admin");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Staff", exact: true }).click();
  await expect(title(page)).toHaveText("Staff");
  await page.getByRole("searchbox").fill("bjornsdottir");
  const rows = page.getByRole("table", { name: "Staff members" }).locator("tbody tr");
  const row = rows.filter({ hasText: ida.email });
  await expect(row).toContainText("Support admin");
  await expect(row).toContainText("never");
  await another(ida);
  await expect(row).not.toContainText("never");
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
