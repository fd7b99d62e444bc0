import { expect, fact, open, test } from "../fixtures.ts";
import { createSession, openSession } from "../support/support-session.ts";

test("a session ends by itself: countdown, gateway, audit event", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id, { minutes: 6 });
  await openSession(page, id);
  const countdown = page.getByRole("main").locator(".countdown").first();
  await expect(countdown).toContainText(/0[56]:\d\d left/);
  const timing = page.getByRole("region", { name: "Timing" });
  const expires = await fact(timing, "Expires").locator("time").getAttribute("datetime");

  await demo.advance("6m");
  await expect(page.getByRole("status").getByText("Expired")).toBeVisible();
  await expect(countdown).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Revoke Session" })).toHaveCount(0);
  const refused = await demo.request(token, "/v1/whoami");
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ code: "session_expired" });

  await open(page, `/audit?action=support_session.expired&tenant=${tenant.id}`);
  await page.getByRole("row").filter({ hasText: id }).getByRole("link", { name: /support_session\.expired/ }).click();
  const happened = page.getByRole("region", { name: "What happened" });
  await expect(fact(happened, "Occurred").locator("time")).toHaveAttribute("datetime", expires ?? "");
});

test("an expired session can't be revoked any more", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const { id } = await createSession(page, (await demo.tenant("healthy")).id, { minutes: 1 });
  await demo.advance("1m");
  await open(page, `/support/sessions/${id}/revoke`);
  await expect(page.getByRole("dialog", { name: "Revoke Session" })).toContainText(
    "This support session has already ended.",
  );
  await open(page, "/support/sessions?status=expired");
  await expect(page.getByRole("row").filter({ has: page.locator(`a[href$="${id}"]`) })).toContainText("Expired");
});

test("a tab that slept goes by the server's deadline, and says when little time is left", async ({ page, context, demo, signIn }) => {
  await page.clock.install();
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const { id } = await createSession(page, (await demo.tenant("healthy")).id, { minutes: 30 });
  await openSession(page, id);
  const countdown = page.getByRole("main").locator(".countdown").first();
  await expect(countdown.locator("time")).toHaveText(/^until \d\d:\d\d:\d\d UTC/);
  const left = async () => {
    const [, minutes, seconds] = (await countdown.innerText()).match(/(\d+):(\d\d) left/)!;
    return Number(minutes) * 60 + Number(seconds);
  };
  // Asleep it hears nothing, and each of its timers fires once at most.
  const sleep = (seconds: number) => page.clock.fastForward(seconds * 1_000);
  await context.setOffline(true);
  const before = await left();
  await sleep(1_200);
  await expect.poll(left).toBeLessThanOrEqual(before - 1_200);
  const said = page.locator("#announcements");
  await sleep((await left()) - 290);
  await expect(said).toContainText(": 5 minutes left.");
  await sleep((await left()) - 50);
  await expect(said).toContainText(": 1 minute left.");
  await sleep(await left());
  await expect(said).toContainText(/ has (expired|ended)\./);
  await expect(countdown).toHaveCount(0);
  await expect(page.getByRole("main").locator(".badge").filter({ hasText: /^Expired$/ }).first()).toBeVisible();
});
