import type { Page } from "@playwright/test";
import { expect, expectHydrated, fillSignIn, open, test, title } from "../fixtures.ts";
import { change } from "../support/others.ts";
import { createDialog, fillAndCreate, readGranted } from "../support/support-session.ts";

/** What an ad blocker's lists do, once the page is there. */
const block = () =>
  document.addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll("aside, [role=status]")) element.remove();
    document.head.append(Object.assign(document.createElement("style"), { textContent: "aside, .banner { display: none }" }));
  });

/** What may happen to a page, or to its script, before the script has taken over. */
const surroundings: Record<string, (page: Page) => Promise<unknown>> = {
  "a translator wraps each text": (page) => page.addInitScript(change, { what: "span", isLive: false }),
  "a translator replaces each text": (page) => page.addInitScript(change, { what: "wrap", isLive: false }),
  "an ad blocker removes and styles elements": (page) => page.addInitScript(block),
  "comments are removed": (page) => page.addInitScript(change, { what: "remove", isLive: false }),
  "the WebAssembly is blocked": (page) => page.route("**/*.wasm", (route) => route.abort()),
  "the WebAssembly is not what it should be": (page) =>
    page.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" })),
};

for (const [what, happens] of Object.entries(surroundings)) {
  test(`links, filters and forms work when ${what}`, async ({ page, demo, consoleErrors }) => {
    const account = await demo.addStaff("Ida Brandt", "super_admin");
    const failing = await demo.tenant("critical");
    const reported = page.waitForResponse((answer) => answer.url().endsWith("/not-live"));
    await happens(page);
    await page.goto("/sign-in");
    await fillSignIn(page, account);
    await expect(title(page)).toHaveText("Tenant health");
    expect((await reported).status()).toBe(204);
    const line = page.getByRole("alert").filter({ hasText: "This page is not live" });
    await expect(line).toHaveCount(1);
    await expect(line.getByRole("link", { name: "Reload the page" })).toBeVisible();

    const rows = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr");
    await page.getByRole("searchbox").fill(failing.id);
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(rows).toHaveCount(1);
    await expect(line).toHaveCount(1);
    await rows.getByRole("link", { name: "View Details" }).click();
    await expect(title(page)).toHaveText(failing.name);
    await expect(line).toHaveCount(1);
    await page.getByRole("link", { name: "Create Support Session" }).click();
    await expect(line).toHaveCount(1);
    await fillAndCreate(createDialog(page), { reason: "Nothing may be lost here" });
    await readGranted(page);
    // A failed script says so in the browser's console.
    consoleErrors.length = 0;
  });
}

for (const what of ["wrap", "span", "remove"] as const) {
  test(`a page that is live and then changed by others says that it is not, and its form works (${what})`, async ({ page, signIn, demo }) => {
    await signIn("support_admin");
    const { id } = await demo.tenant("healthy");
    await open(page, `/support/tenants/${id}/create-session`);
    const reported = page.waitForRequest((request) => request.url().endsWith("/not-live"));
    await page.evaluate(change, { what, isLive: true });
    expect((await reported).postData()).toBe("changed");
    await expect(page.getByText("This page is not live")).toBeVisible();
    await expect(page.locator(".live-text")).toHaveText("Not live");
    await fillAndCreate(createDialog(page), { reason: "Nothing may be lost here" });
    await readGranted(page);
  });
}

const sessions = (page: Page) => page.getByRole("list", { name: "Support" }).getByRole("link", { name: "View Sessions" });

test("a page whose code is blocked says that it is not live, and the next page is", async ({ page, demo, consoleErrors }) => {
  await page.route("**/split_overview.*.wasm", (route) => route.abort());
  await page.goto("/sign-in");
  await fillSignIn(page, await demo.addStaff("Ida Brandt", "support_admin"));
  const line = page.getByRole("alert").filter({ hasText: "This page is not live" });
  await expect(line).toHaveCount(1);
  await sessions(page).click();
  await expect(title(page)).toHaveText("Support sessions");
  await expectHydrated(page);
  await expect(line).toHaveCount(0);
  consoleErrors.length = 0;
});

test("a page whose code is gone after a release comes from the server", async ({ page, signIn, consoleErrors }) => {
  await signIn("support_admin");
  await expectHydrated(page);
  await page.route("**/split_sessions.*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
  const document = page.waitForRequest((request) => request.isNavigationRequest());
  await sessions(page).click();
  expect(new URL((await document).url()).pathname).toBe("/support/sessions");
  await expect(title(page)).toHaveText("Support sessions");
  await expect(page.getByRole("alert").filter({ hasText: "This page is not live" })).toHaveCount(1);
  await page.unroute("**/split_sessions.*.wasm");
  await page.getByRole("link", { name: "Reload the page" }).click();
  await expectHydrated(page);
  consoleErrors.length = 0;
});

test("links work when a proxy strips comments and the script fails half-way", async ({ page, signIn, consoleErrors }) => {
  await signIn("support_admin");
  await page.route("**/support**", async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 });
    if (!answer.headers()["content-type"]?.startsWith("text/html")) return route.fulfill({ response: answer });
    const body = (await answer.text()).replace(/<!--.*?-->/gs, "");
    return route.fulfill({ response: answer, body });
  });
  const reported = page.waitForRequest((request) => request.url().endsWith("/not-live"));
  await page.goto("/support");
  expect((await reported).postData()).toBe("panic");
  await expect(page.getByText("This page is not live")).toBeVisible();
  await page.getByRole("table", { name: "Tenant health" }).getByRole("link", { name: "View Details" }).first().click();
  await expect(page).toHaveURL(/support\/tenants\//);
  await expect(page.getByText("This page is not live")).toBeVisible();
  consoleErrors.length = 0;
});

test("what a password manager puts into a page stands in nobody's way", async ({ page, signIn, demo }) => {
  await page.addInitScript(() => {
    document.addEventListener("DOMContentLoaded", () => {
      for (const input of Array.from(document.querySelectorAll("input, label, main, form")))
        input.after(Object.assign(document.createElement("x-manager"), { textContent: "*" }));
      document.body.prepend(document.createElement("x-manager"));
    });
  });
  await signIn("support_admin");
  await expectHydrated(page);
  await expect(page.getByText("This page is not live")).toHaveCount(0);
  await expect(page.locator("x-manager").first()).toBeAttached();
  const failing = await demo.tenant("critical");
  await page.getByRole("searchbox").fill(failing.id);
  await expect(page.getByRole("table", { name: "Tenant health" }).locator("tbody tr")).toHaveCount(1);
});

/** Keeps the WebAssembly back until what this gives is called. */
async function hold(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route("**/*.wasm", async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

test("Back shows the page before, also while the script is still on its way", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support?limit=10");
  await page.getByRole("navigation", { name: "Pages of tenants" }).getByRole("link", { name: "Next" }).click();
  await expect(page.getByText(/^Rows 11–20/)).toBeVisible();
  const release = await hold(page);
  await page.reload();
  await page.goBack();
  await expect(page).toHaveURL("/support?limit=10");
  release();
  await expectHydrated(page);
  await expect(page.getByText(/^Rows 1–10/)).toBeVisible();
});

test("a script that comes late takes the page over", async ({ page, signIn, consoleErrors }) => {
  await signIn("support_admin");
  const release = await hold(page);
  await page.goto("/support/sessions");
  const line = page.getByText("This page is not live");
  await expect(line).toBeVisible();
  await expect(page.getByRole("button", { name: "Apply" })).toBeVisible();
  release();
  await expectHydrated(page);
  await expect(line).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Apply" })).toBeHidden();
  consoleErrors.length = 0;
});

test("a tab that is older than the server says so, and loses nothing that was typed", async ({ page, signIn, demo }) => {
  await signIn("support_admin");
  const { id } = await demo.tenant("healthy");
  await open(page, `/support/tenants/${id}/create-session`);
  await page.getByLabel("Reason").fill("Typed before the release");
  await page.route("**/_fn/**", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "support-console-build": "a newer one" } });
  });
  // One such answer may come from a node that is about to be replaced. The page asks again.
  await page.evaluate(() => fetch("/_fn/signed_in", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }));
  const line = page.getByRole("alert").filter({ hasText: "A new version of the console is here." });
  await expect(line).toHaveCount(1);
  await expect(page.locator(".live-text")).toHaveText("Not live");
  await page.unroute("**/_fn/**");
  await line.getByRole("link", { name: "Reload the page" }).dblclick();
  await expect(page.getByText("What you typed is still here.")).toBeVisible();
  await expectHydrated(page);
  await expect(page.getByLabel("Reason")).toHaveValue("Typed before the release");
  await expect(line).toHaveCount(0);
});

test("a page that calls what the server no longer has says that there is a new version", async ({ page, signIn, consoleErrors }) => {
  await signIn("support_admin");
  await open(page, "/support");
  await page.route("**/_fn/support_sessions", (route) => route.fulfill({ status: 404 }));
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "View Sessions" }).click();
  const line = page.getByRole("alert").filter({ hasText: "A new version of the console is here." });
  await expect(line).toHaveCount(1);
  await page.unroute("**/_fn/support_sessions");
  await line.getByRole("link", { name: "Reload the page" }).click();
  await expect(title(page)).toHaveText("Support sessions");
  await expectHydrated(page);
  await expect(line).toHaveCount(0);
  // The browser's console names what was not found.
  consoleErrors.length = 0;
});

test("a page whose script has panicked listens to nothing any more", async ({ page, signIn }) => {
  await signIn("support_admin");
  await expect(page.locator(".live-text")).toHaveText(/^Live · /);
  const states = await page.evaluate(() => {
    const streams = [new EventSource("/live"), new EventSource("/live")];
    dispatchEvent(new CustomEvent("not-live", { detail: "panic" }));
    return streams.map((stream) => stream.readyState);
  });
  expect(states, "and none of several streams").toEqual([2, 2]);
  await expect(page.locator(".live-text")).toHaveText("Not live");
  expect(await page.evaluate(() => new EventSource("/live").readyState)).toBe(2);
});
