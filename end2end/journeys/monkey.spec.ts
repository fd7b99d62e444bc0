// What nobody plans to do: clicks all over the pages, and pages that are left before they are there. Nothing may break.
import type { Page } from "@playwright/test";
import { expect, open, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

const CLICKS = 10;
const SEED = 20261129;

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The middle of what can be clicked and isn't covered. */
function places(page: Page): Promise<{ x: number; y: number; name: string }[]> {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, summary, select, input, textarea, label, tbody tr, h1, [tabindex]")];
    return all.flatMap((element) => {
      const box = element.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const hit = document.elementFromPoint(x, y);
      const name = `${element.localName} ${element.textContent?.trim().slice(0, 30)}`;
      return hit && (element.contains(hit) || hit.contains(element)) ? [{ x, y, name }] : [];
    });
  });
}

test("a monkey at the mouse breaks no page", async ({ page, context, demo, signIn }) => {
  await signIn(await demo.addStaff("Momo Klick", "super_admin"));
  const tenant = await demo.tenant("healthy");
  const { id, token } = await createSession(page, tenant.id);
  const answer = await demo.request(token, "/v1/whoami");
  const request = answer.headers.get("x-request-id") ?? "";
  await open(page, "/audit");
  const event = (await page.locator("tbody a[href*='/audit/events/']").first().getAttribute("href")) ?? "";

  // It looks, and changes nothing that belongs to other journeys: what it sends is not done.
  await context.route("**/forms/**", (route) => route.fulfill({ status: 204 }));
  const acts = /\/_fn\/(create_support_session|revoke_support_session|replace_token|raise_budget|force_logout)$/;
  await context.route(acts, (route) => route.fulfill({ status: 503 }));
  await context.route("**/export/**", (route) => route.fulfill({ status: 204 }));
  context.on("page", (tab) => void tab.close());

  const session = `/support/sessions/${id}`;
  const starts = [
    "/support",
    `/support/tenants/${tenant.id}`,
    `/support/tenants/${tenant.id}/create-session`,
    `/support/tenants/${tenant.id}/force-logout`,
    "/support/sessions",
    session,
    `${session}/revoke`,
    `${session}/replace-token`,
    `/support/revoke-sessions?id=${id}`,
    `/support/requests/${request}`,
    "/audit",
    event,
    "/support/rules",
    "/support/help",
    "/account/password",
    "/no/such/page",
  ];
  const next = numbers(SEED);
  for (const start of starts) {
    await open(page, start);
    const trail = [start];
    for (let click = 0; click < CLICKS; click += 1) {
      // A click may have led away while it was asked.
      const found = await places(page).catch(() => []);
      const place = found[Math.floor(next() * found.length)] ?? { x: 700, y: 450, name: "the middle" };
      trail.push(place.name);
      if (next() < 0.1) await page.keyboard.press(["Escape", "Tab", "Enter", "j", "/", "?"][Math.floor(next() * 6)] ?? "Tab");
      await page.mouse.click(place.x, place.y);
      await page.waitForLoadState();
      await expect(page.locator("#not-live"), trail.join(" › ")).toHaveCount(0);
    }
    await expect(page.getByRole("heading", { name: "Something went wrong" }), trail.join(" › ")).toHaveCount(0);
  }
});

test("an answer that comes after its page was left breaks nothing", async ({ page, session }) => {
  const { id, tenant } = session;
  await open(page, "/support/help");
  let held: (() => void)[] = [];
  await page.route("**/_fn/**", async (route) => {
    await new Promise<void>((release) => held.push(release));
    await route.continue().catch(() => undefined);
  });
  const go = (href: string) =>
    page.evaluate((href) => {
      const link = Object.assign(document.createElement("a"), { href });
      document.querySelector("main")?.append(link);
      link.click();
      link.remove();
    }, href);
  for (const path of [
    "/support",
    `/support/tenants/${tenant.id}`,
    `/support/tenants/${tenant.id}/create-session`,
    `/support/tenants/${tenant.id}/force-logout`,
    "/support/sessions?status=ACTIVE",
    `/support/sessions/${id}`,
    `/support/sessions/${id}/revoke`,
    "/audit?category=staff",
    "/support/rules",
  ]) {
    await go(path);
    await expect.poll(() => held.length, path).toBeGreaterThan(0);
    await go("/support/help");
    const answered = page.waitForResponse("**/_fn/**");
    for (const release of held) release();
    held = [];
    await answered;
    await expect(page, path).toHaveURL("/support/help");
    await expect(title(page), path).toHaveText("Help");
    await expect(page.locator("#not-live"), path).toHaveCount(0);
  }
});
