import { expect, fact, open, test } from "../fixtures.ts";
import { createSession, openSession } from "../support/support-session.ts";

test("another super admin raises a budget, and the holder's page shows it", async ({ page, demo, signIn, another }) => {
  await signIn(await demo.addStaff("Ida Brandt", "super_admin"));
  const { id, token } = await createSession(page, (await demo.tenant("healthy")).id);
  expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
  await openSession(page, id);
  const limits = page.getByRole("region", { name: "Limits" });
  await expect(fact(limits, "Budget")).toHaveText("1 of 10,000 requests");
  await expect(page.getByRole("link", { name: "Raise budget" })).toHaveCount(0);
  await open(page, `/support/sessions/${id}/raise-budget`);
  await expect(page.getByRole("dialog", { name: "Raise budget" })).toContainText(
    "You can't raise this budget. Only a super admin can, and not for their own session.",
  );
  await openSession(page, id);

  const admin = await another("super_admin");
  await openSession(admin, id);
  await admin.getByRole("link", { name: "Raise budget" }).click();
  const dialog = admin.getByRole("dialog", { name: /^Raise Ida Brandt’s budget in / });
  await dialog.getByLabel("Total requests allowed").fill("10000");
  await dialog.getByLabel("Reason").fill("The export is long");
  await dialog.getByRole("button", { name: "Raise budget" }).click();
  const total = dialog.getByLabel("Total requests allowed");
  await expect(total).toHaveAttribute("aria-invalid", "true");
  await expect(total).toBeFocused();
  await total.fill("25,000");
  await dialog.getByRole("button", { name: "Raise budget" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(fact(admin.getByRole("region", { name: "Limits" }), "Budget")).toHaveText("1 of 25,000 requests");
  await expect(fact(limits, "Budget")).toHaveText("1 of 25,000 requests");
});
