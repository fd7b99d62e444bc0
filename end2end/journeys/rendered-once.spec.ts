// The server may find what a page waits for at once, or only later. The page must not depend on it: the browser looks for each
// answer under the number that it gave to it, and a page that asks twice is dear.
import type { Page } from "@playwright/test";
import { expect, signInAs, test } from "../fixtures.ts";
import { Served } from "../support/served.ts";

/** Enough for the answers to come in another order several times. */
const ROUNDS = 12;
const AT_ONCE = 4;

/** The numbers of the answers that a page brings along. */
async function numbers(page: Page, path: string): Promise<string> {
  const html = await (await page.request.get(path)).text();
  const found = [...html.matchAll(/__RESOLVED_RESOURCES\[(\d+)\]/g)].map(([, number]) => Number(number));
  return found.toSorted((a, b) => a - b).join(" ");
}

async function expectAlike(page: Page, path: string): Promise<void> {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const pages = await Promise.all(Array.from({ length: AT_ONCE }, () => numbers(page, path)));
    for (const one of pages) seen.add(one);
  }
  expect([...seen], path).toEqual([expect.stringMatching(/^\d+( \d+)+$/)]);
}

test("a page asks for the same answers however fast they are there", async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  const tenant = await demo.tenant("critical");
  for (const path of [
    "/support",
    "/support/sessions",
    "/audit",
    `/support/tenants/${tenant.id}`,
    `/support/tenants/${tenant.id}/create-session`,
    "/admin/tenants",
    "/admin/settings",
    "/admin/staff",
    "/admin/api-keys",
  ]) {
    await test.step(path, () => expectAlike(page, path));
  }
});

test("the overview of an empty console asks for the same answers however fast they are there", async ({ browser }) => {
  const served = await Served.start("http://127.0.0.1:1");
  const page = await browser.newPage({ baseURL: served.console });
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await expectAlike(page, "/support");
  await page.close();
  await served.stop();
});
