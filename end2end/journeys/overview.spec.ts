import { readFile } from "node:fs/promises";
import { expect, open, test, title } from "../fixtures.ts";
import { openSession } from "../support/support-session.ts";

test.beforeEach(async ({ signIn }) => signIn("support_admin"));

test("the failing tenant is found by its card", async ({ page, demo }) => {
  const failing = await demo.tenant("critical");
  const cards = page.getByRole("region", { name: "Health overview" });
  await cards.getByRole("link", { name: /^Critical/ }).click();
  await expect(page).toHaveURL("/support?health=critical");

  const table = page.getByRole("table", { name: "Tenant health" });
  const rows = table.locator("tbody tr");
  await expect(rows.filter({ hasNotText: "Critical" })).toHaveCount(0);
  const parts = await table.locator(".badge").evaluateAll((badges) => badges.map(({ firstElementChild, textContent }) => `${firstElementChild?.localName} ${textContent}`));
  expect(new Set(parts), "a shape and a word").toEqual(new Set(["svg Critical"]));
  await rows.filter({ hasText: failing.id }).getByRole("link", { name: "View Details" }).click();
  await expect(title(page)).toHaveText(failing.name);
  await expect(page.getByText("failed in the last 15 minutes (threshold: 20%)")).toBeVisible();
  await expect(page.getByRole("group", { name: "Support Actions" }).getByRole("link")).toHaveText([
    "Plan and settings",
    "Create Support Session",
    "Force Logout All Sessions",
  ]);
});

test("the failing tenant is found by search", async ({ page, demo }) => {
  const failing = await demo.tenant("critical");
  const search = page.getByRole("searchbox", { name: "Search by name or ID" });
  // What announces the number is there before it changes.
  const count = page.getByRole("status").filter({ hasText: /^[\d,]+ tenants?$/ });
  await count.evaluate((line) => line.setAttribute("data-from-the-start", ""));
  for (const text of [failing.name.toUpperCase(), failing.id.slice(0, 9)]) {
    await search.fill(text);
    await expect(page).toHaveURL(/\?q=/);
    await expect(page.getByRole("status").getByText(/^\d+ tenants?$/)).toBeVisible();
    await expect(page.getByRole("row").filter({ hasText: failing.id })).toBeVisible();
  }
  await expect(page.getByRole("table", { name: "Tenant health" }).locator("tbody tr")).toHaveCount(1);
  await expect(page.locator("[role=status][data-from-the-start]")).toHaveText("1 tenant");
});

test("the address carries everything: reload, Back and a pasted link work", async ({ page }) => {
  const health = page.getByRole("combobox", { name: "Health" });
  const names = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr strong");
  await health.selectOption("Healthy");
  await page.getByRole("columnheader", { name: "Tenant" }).getByRole("button").click();
  await expect(page).toHaveURL("/support?health=healthy&sort=name");
  await page.getByRole("navigation", { name: "Pages of tenants" }).getByRole("link", { name: "Next" }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(page.getByText(/^Rows 51–/)).toBeVisible();
  const second = await names.allInnerTexts();

  await page.reload();
  await expect(names).toHaveText(second);
  await expect(health).toHaveValue("healthy");
  await page.goBack();
  await expect(page.getByText(/^Rows 1–50/)).toBeVisible();
  await expect(names).not.toHaveText(second);
  await page.goForward();
  await expect(names).toHaveText(second);
});

test("pages follow each other without losing or repeating a tenant", async ({ page }) => {
  await open(page, "/support?sort=name&limit=100");
  const names = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr .id");
  const pager = page.getByRole("navigation", { name: "Pages of tenants" });
  const seen: string[] = [];
  for (const rows of [/^Rows 1–100 /, /^Rows 101–200 /, /^Rows 201–/]) {
    await expect(pager.getByText(rows)).toBeVisible();
    seen.push(...(await names.allInnerTexts()));
    const next = pager.getByRole("link", { name: "Next" });
    if ((await next.getAttribute("href")) !== null) await next.click();
  }
  const total = await pager.getByText(/^Rows/).innerText();
  expect(total).toContain(`of ${seen.length}`);
  expect(new Set(seen).size).toBe(seen.length);
  await expect(pager.getByRole("link", { name: "Next" })).toHaveAttribute("aria-disabled", "true");
  await pager.getByRole("link", { name: "First" }).click();
  await expect(pager.getByText(/^Rows 1–100 /)).toBeVisible();
  await open(page, "/support?sort=name&limit=1000");
  await expect(names, "the server's limit").toHaveCount(200);
});

test("nothing that matches is a screen of its own, with the next step", async ({ page }) => {
  await page.getByRole("searchbox").fill("no such tenant anywhere");
  await expect(page.getByRole("heading", { name: "No matching tenants" })).toBeVisible();
  await page.getByRole("link", { name: "Clear search and filters" }).click();
  await expect(page).toHaveURL("/support");
  await expect(page.getByRole("table", { name: "Tenant health" })).toBeVisible();
});

test("signs that databases treat as wildcards are ordinary signs", async ({ page }) => {
  for (const [text, name] of [["100%", "100% Pure Water Co."], ["r_s", "under_score Studios"], ["<test>", "<Test>"]]) {
    await page.getByRole("searchbox").fill(text ?? "");
    await expect(page.locator("tbody tr strong")).toHaveText([new RegExp(name ?? "")]);
  }
});

test("an edited address gets a clear message and a way back", async ({ page }) => {
  const next = page.getByRole("link", { name: "Next" });
  const href = (await next.getAttribute("href")) ?? "";
  const edited = href.slice(0, -2) + (href.endsWith("AA") ? "BB" : "AA");
  const pages: [path: string, status: number, message: string][] = [
    [edited, 400, "This link is no longer valid."],
    ["/support?cursor=made-up", 400, "This link is no longer valid."],
    ["/support?health=purple", 422, "This filter isn't valid."],
    ["/support?limit=-1", 422, "This filter isn't valid."],
  ];
  for (const [path, status, message] of pages) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(status);
    await expect(page.getByRole("alert")).toContainText(message);
  }
  await page.getByRole("link", { name: "Go to the first page" }).click();
  await expect(page.getByRole("table", { name: "Tenant health" })).toBeVisible();
});

test("a row leads to its tenant by a click, and in a new tab with Ctrl or the middle button", async ({ page, context }) => {
  const row = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr").first();
  const name = await row.locator("strong").innerText();
  const opensTab = async (how: Parameters<typeof row.click>[0]) => {
    const [tab] = await Promise.all([context.waitForEvent("page"), row.locator("td").nth(2).click(how)]);
    await expect(title(tab)).toHaveText(name);
  };
  await opensTab({ modifiers: ["ControlOrMeta"] });
  await opensTab({ button: "middle" });
  await row.locator("td").nth(2).click();
  await expect(title(page)).toHaveText(name);
});

test("a record that the platform sends shows in the open page", async ({ page, demo }) => {
  const tenant = await demo.registerTenant("Fresh Telemetry");
  await open(page, `/support?q=${tenant.id}`);
  const row = page.getByRole("row").filter({ hasText: tenant.id });
  await expect(row).toContainText("never");
  await expect(row.locator(".badge")).toHaveText("Unknown");
  await expect(row.locator(".badge"), "no colour of a health").toHaveClass("badge mute");
  await expect(row.locator("td[data-label='Error rate']")).toHaveText("—");
  await expect(page.getByText(/^Live · /)).toBeVisible();
  const record = { tenant_id: tenant.id, at: await demo.now(), status: 200, count: 7 };
  await demo.platform("POST", "requests", [record]);
  await expect(row.locator("td").nth(2)).toHaveText("7");

  const sorted = page.getByText(/^Sorted as of \d\d:\d\d:\d\d UTC/).locator("time");
  const before = (await sorted.getAttribute("datetime")) ?? "";
  await demo.advance("1s");
  await page.getByRole("link", { name: "Sort again" }).click();
  await expect(sorted).not.toHaveAttribute("datetime", before);
  await expect(row.locator("td").nth(2)).toHaveText("7");
});

test("why a tenant is in its health stands beside the badge, in one line, and nothing is cut off", async ({ page }) => {
  const table = page.getByRole("table", { name: "Tenant health" });
  for (const [width, rows] of [[1440, "compact"], [1440, "comfortable"], [1920, "compact"]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate((rows) => (document.documentElement.dataset.density = rows), rows);
    const found = await table.evaluate((table) => {
      const middle = (part: Element) => part.getBoundingClientRect().top + part.getBoundingClientRect().height / 2;
      const pairs = [...table.querySelectorAll(".health")].map((cell) => [...cell.children].map(middle));
      return {
        apart: Math.max(...pairs.map(([badge, reason]) => Math.abs(badge! - reason!))),
        lines: pairs.length,
        over: table.getBoundingClientRect().right - table.closest("section")!.getBoundingClientRect().right,
      };
    });
    expect(found.lines, `${width} ${rows}`).toBe(50);
    expect(found.apart, `${width} ${rows}`).toBeLessThan(2);
    expect(found.over, `${width} ${rows}`).toBeLessThanOrEqual(0);
  }
});

test("what a page shows is exported by a link with its filter", async ({ page, session, demo }, testInfo) => {
  const saved = async (link: string) => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
    const path = testInfo.outputPath(file.suggestedFilename());
    await file.saveAs(path);
    return { name: file.suggestedFilename(), text: await readFile(path, "utf8") };
  };
  await open(page, "/support?sort=calls");
  await page.getByRole("combobox", { name: "Health" }).selectOption("Critical");
  await expect(page.getByRole("link", { name: "Export CSV" })).toHaveAttribute("href", "/export/tenants?format=csv&health=critical");
  const tenants = await saved("Export CSV");
  expect(tenants.name).toMatch(/^tenants-critical-.*\.csv$/);
  expect(tenants.text).toContain((await demo.tenant("critical")).id);
  expect(tenants.text).not.toContain(session.tenant.id);
  await page.goto("/support?health=purple");
  await expect(page.getByRole("link", { name: "Export CSV" })).toBeHidden();

  await demo.request(session.token, "/v1/whoami");
  await openSession(page, session.id);
  const log = await saved("Export JSON Lines");
  expect(log.name).toMatch(/^access-log-.*\.jsonl$/);
  expect(log.text).toContain("/v1/whoami");
});
