import { expect, expectNoViolations, open, test } from "../fixtures.ts";

test("a staff member signs in", async ({ page, signIn }) => {
  await signIn("support_admin");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});

test("the sign-in page is usable by everyone", async ({ page }) => {
  await open(page, "/sign-in");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectNoViolations(page);
});

test("a wrong password is refused with a sentence", async ({ page, demo }) => {
  await open(page, "/sign-in");
  await page.getByLabel("Email").fill(demo.account("support_admin").email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(/sign-in/);
});
