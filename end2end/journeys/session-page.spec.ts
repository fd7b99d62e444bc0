// The page of one support session: the log first, one voice for its end, and what its dialogs leave behind.
import { expect, fact, hear, open, test, title } from "../fixtures.ts";
import { createDialog, createSession, fillAndCreate, grantedDialog, openSession } from "../support/support-session.ts";

test("the page says who is in which tenant, and shows the log before all details", async ({ page, demo, session }) => {
  const { id, token, tenant } = session;
  await demo.request(token, "/v1/whoami");
  await openSession(page, id);
  await expect(title(page)).toHaveText(`Ida Brandt in ${tenant.name}`);
  await expect(page).toHaveTitle(new RegExp(`^Ida Brandt in ${tenant.name} · ${id.slice(-12)} · `));
  const boxes = await page.evaluate(() => {
    const box = (id: string) => document.getElementById(id)!.closest("section")!.getBoundingClientRect();
    return { log: box("access-logs-title"), details: box("details-title"), timing: box("timing-title") };
  });
  expect(boxes.log.right).toBeLessThan(boxes.details.left);
  expect(Math.abs(boxes.log.top - boxes.details.top)).toBeLessThan(2);
  expect(boxes.timing.left).toBe(boxes.details.left);
  expect(boxes.log.top).toBeLessThan(300);
  await expect(page.getByText("Ends when idle for")).toBeHidden();
  await page.getByRole("region", { name: "Limits" }).locator("summary").click();
  await expect(page.getByText("Ends when idle for")).toBeVisible();
  await page.getByRole("link", { name: /^Audit events/ }).click();
  await expect(page).toHaveURL(/\/audit\?/);
  await expect(page.getByRole("table", { name: "Audit events" }).locator("tbody tr")).not.toHaveCount(0);
});

test("the number of today's requests is kept current while it is on view", async ({ page, demo, session }) => {
  const { id, token } = session;
  await openSession(page, id);
  const limits = page.getByRole("region", { name: "Limits" });
  await limits.locator("summary").click();
  const today = fact(limits, "Requests today \\(UTC\\)");
  const number = async () => Number((await today.innerText()).match(/, ([\d,]+) in this tenant$/)?.[1]?.replaceAll(",", ""));
  await expect(today).toHaveText(/^0 by Ida Brandt, /);
  const used = limits.locator("summary");
  await expect(used).toHaveText(/^Limits0 of [\d,]+ requests/);
  const before = await number();
  for (const made of [1, 2]) {
    await demo.request(token, "/v1/whoami");
    await expect(today).toHaveText(new RegExp(`^${made} by Ida Brandt, `));
    expect(await number()).toBeGreaterThanOrEqual(before + made);
    await expect(used).toHaveText(new RegExp(`^Limits${made} of [\\d,]+ requests`));
  }
});

test("a tenant of which nothing was heard for long leaves the clock of the page alone", async ({ page, session }) => {
  await openSession(page, session.id);
  const band = page.locator(".session-band");
  const left = async () => {
    const [, minutes, seconds] = (await band.innerText()).match(/(\d+):(\d\d) left/)!;
    return Number(minutes) * 60 + Number(seconds);
  };
  const before = await left();
  await page.getByRole("link", { name: "Tenant health" }).first().click();
  await page.getByRole("row", { name: /No call for/ }).first().locator("a.name").click();
  await expect(page.getByRole("heading", { name: "Calls and errors, 24 hours" })).toBeVisible();
  expect(await left()).toBeLessThanOrEqual(before);
});

test("a clock that is set while the page is open ends no session", async ({ page, session }) => {
  await openSession(page, session.id);
  await expect(page.locator(".session-band")).toContainText("left");
  const asked = page.waitForResponse("**/_fn/signed_in");
  await page.evaluate(() => {
    const wall = Date.now;
    Date.now = () => wall.call(Date) + 20 * 60_000;
  });
  await asked;
  await expect(page.locator(".session-band")).toContainText(/1\d:\d\d left/);
  await expect(page.getByRole("main")).not.toContainText("Expired");
});

test("a smaller laptop cuts no act, no time, and no name under another column", async ({ page, demo, session }) => {
  await demo.request(session.token, "/v1/whoami");
  const overview = [768, 1024, 1180, 1280, 1366, 1440].flatMap((width) => [["/support", width, "compact"], ["/support", width, "comfortable"]] as const);
  const log = [1280, 1366, 1440].map((width) => [`/support/sessions/${session.id}`, width, "compact"] as const);
  for (const [path, width, rows] of [...overview, ...log]) {
    await page.setViewportSize({ width, height: 800 });
    await open(page, path);
    await page.evaluate((rows) => (document.documentElement.dataset.density = rows), rows);
    const room = await page.locator(".table-box").first().evaluate((box) => {
      const right = (part: Element) => part.getBoundingClientRect().right;
      const parts = (of: string) => [...box.querySelectorAll(of)];
      return {
        over: box.scrollWidth - box.clientWidth,
        names: parts(".name").filter((name) => right(name) > right(name.closest("th, td")!)).length,
        acts: parts(".actions .button, time").filter((part) => right(part) > right(box)).length,
      };
    });
    expect(room, `${path} at ${width}, ${rows}`).toEqual({ over: 0, names: 0, acts: 0 });
  }
});

test("a narrow window keeps what tenants are sorted by", async ({ page, signIn }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn("support_admin");
  await page.getByRole("button", { name: "API calls (24h)" }).click();
  await expect(page).toHaveURL("/support?sort=calls");
});

test("lists and logs use a wide window", async ({ page, session }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  for (const path of ["/support", `/support/sessions/${session.id}`]) {
    await open(page, path);
    const right = await page.locator("main .page").evaluate((page) => page.getBoundingClientRect().right);
    expect(right, path).toBeGreaterThan(1860);
  }
});

test("the log names each time whole, in one line, whatever the reader's zone", async ({ browser, page, demo, session }) => {
  const { id, token } = session;
  const long = `/v1/invoices?status=failed&from=2026-11-01T00:00:00Z&to=2026-11-30T23:59:59Z&${"x".repeat(60)}`;
  for (const path of ["/v1/whoami", long]) await demo.request(token, path);
  await demo.request(token, "/v1/attestations", { method: "POST" });
  const state = await page.context().storageState();
  for (const timezoneId of ["Asia/Kathmandu", "America/New_York"]) {
    const there = await browser.newPage({ baseURL: demo.console, storageState: state, timezoneId });
    await openSession(there, id);
    const times = there.getByRole("table", { name: "Access Logs" }).locator("time");
    await expect(times.first()).toContainText(/UTC[+−]/);
    await expect(times).toHaveCount(3);
    for (const width of [1920, 1440, 1380, 1300, 1100]) {
      await there.setViewportSize({ width, height: 900 });
      const found = await times.evaluateAll((times) =>
        times.map((time) => {
          const card = time.closest("section")!.getBoundingClientRect();
          const scrolls = getComputedStyle(time.closest(".table-box")!).overflowX === "auto";
          return { lines: time.getClientRects().length, scrolls, over: time.getBoundingClientRect().right - card.right };
        }),
      );
      for (const { lines, scrolls, over } of found) {
        expect(lines, `${timezoneId} ${width}`).toBe(1);
        if (width >= 1440) expect(scrolls, `${timezoneId} ${width}`).toBe(false);
        if (!scrolls) expect(over, `${timezoneId} ${width}`).toBeLessThan(-8);
      }
    }
    await there.context().close();
  }
});

test("an end is announced once, under one name", async ({ page, demo, another, session }) => {
  const { id, tenant } = session;
  await openSession(page, id);
  const said = await hear(page);
  const admin = await another("super_admin");
  await openSession(admin, id);
  await admin.getByRole("link", { name: "Revoke Session" }).click();
  await admin.getByRole("alertdialog").getByRole("button", { name: "Revoke Session" }).click();
  await expect(page.getByRole("main").getByText("Revoked", { exact: true }).first()).toBeVisible();
  await expect(page.locator("[data-band]")).toBeHidden();
  const ends = async () => (await said()).filter((text) => /revoked|ended|expired/i.test(text));
  await expect.poll(ends).toEqual([`Ida Brandt’s session in ${tenant.name} has been revoked.`]);
  await demo.advance("1s");
  expect(await ends()).toHaveLength(1);
});

test("what a dialog did links its audit event", async ({ page, demo, another, session }) => {
  const { id } = session;
  const leadsTo = async (on: typeof page, action: string) => {
    await on.getByRole("link", { name: "View audit event" }).click();
    await expect(on.locator("main")).toContainText(action);
  };
  await openSession(page, id);
  await page.getByRole("link", { name: "Replace token" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Replace token" }).click();
  await expect(page.getByRole("alertdialog", { name: "Token replaced" })).toBeVisible();
  await leadsTo(page, "support_session.token_replaced");

  const admin = await another("super_admin");
  await open(admin, `/support/sessions/${id}/raise-budget`);
  const raise = admin.getByRole("dialog");
  await raise.getByLabel("Total requests allowed").fill("25000");
  await raise.getByLabel("Reason").fill("The export is long");
  await raise.getByRole("button", { name: "Raise budget" }).click();
  await leadsTo(admin, "support_session.budget_raised");

  await openSession(admin, id);
  await admin.getByRole("link", { name: "Revoke Session" }).click();
  await admin.getByRole("alertdialog").getByRole("button", { name: "Revoke Session" }).click();
  await leadsTo(admin, "support_session.revoked");

  await createSession(page, (await demo.tenant("warning")).id);
  await leadsTo(page, "support_session.created");
  await open(page, "/support");
  await page.getByRole("button", { name: /^End now/ }).click();
  await leadsTo(page, "support_session.revoked");
});

test("a token is not handed out once its session has ended", async ({ page, demo, another, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  await fillAndCreate(createDialog(page), {});
  const dialog = grantedDialog(page);
  await expect(dialog.getByRole("region", { name: "Access token" })).toBeVisible();
  await expect(dialog.getByRole("link", { name: /^Enter tenant/ })).toBeVisible();
  const href = await dialog.getByRole("link", { name: "View session" }).getAttribute("href");
  const admin = await another("super_admin");
  await open(admin, `${href}/revoke`);
  await admin.getByRole("alertdialog").getByRole("button", { name: "Revoke Session" }).click();
  await expect(dialog).toContainText("This session has ended.");
  await expect(dialog.getByRole("region", { name: "Access token" })).toHaveCount(0);
  await expect(dialog.getByRole("link", { name: /^Enter tenant/ })).toHaveCount(0);
});

test("a session prints as one clean sheet", async ({ page, demo, session }) => {
  const { id, token, tenant } = session;
  await demo.request(token, "/v1/invoices?limit=2");
  await openSession(page, id);
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 718, height: 1000 });
  for (const gone of [".side", "[data-band]", ".button", ".copy", ".breadcrumb", ".pager"]) {
    for (const part of await page.locator(gone).all()) await expect(part, gone).toBeHidden();
  }
  for (const part of [title(page), page.getByRole("main").getByText(tenant.name).first(), page.getByText("Platform user ID"), page.getByText("/v1/invoices?limit=2")]) {
    await expect(part).toBeVisible();
  }
  const cut = await page.evaluate(() => {
    const texts = [...document.querySelectorAll("main :is(td, th, dd, dt, h1, h2, p, code, time)")].filter((text) => (text as HTMLElement).offsetParent);
    return texts
      .filter((text) => text.scrollWidth > text.clientWidth + 1 && getComputedStyle(text).display !== "inline" && !text.closest(".visually-hidden") && !text.matches("caption, .visually-hidden"))
      .map((text) => text.outerHTML.slice(0, 120));
  });
  expect(cut).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(718);
});

test("every dialog has a unique title", async ({ page, session }) => {
  const { id, tenant } = session;
  const paths: [path: string, start: string][] = [
    [`/support/tenants/${tenant.id}/create-session`, `Create Support Session for ${tenant.name}`],
    [`/support/tenants/${tenant.id}/force-logout`, `Force Logout All Sessions of ${tenant.name}`],
    [`/support/sessions/${id}/revoke`, `Revoke Session of Ida Brandt in ${tenant.name}`],
    [`/support/sessions/${id}/replace-token`, `Replace token of Ida Brandt in ${tenant.name}`],
    [`/support/sessions/${id}/raise-budget`, `Raise budget of Ida Brandt in ${tenant.name}`],
    [`/support/tenants/${tenant.id}`, tenant.name],
  ];
  for (const [path, start] of paths) {
    await open(page, path);
    await expect(page).toHaveTitle(`${start} · Support Console`);
  }
  // Led to by the script, too.
  await open(page, `/support/tenants/${tenant.id}`);
  await page.getByRole("link", { name: "Create Support Session" }).click();
  await expect(page).toHaveTitle(`Create Support Session for ${tenant.name} · Support Console`);
});

test("a page has one primary button at most", async ({ page, demo, session, another }) => {
  const admin = await another("super_admin");
  const tenant = await demo.tenant("warning");
  const paths = ["/support", `/support/tenants/${tenant.id}`, "/support/sessions", `/support/sessions/${session.id}`, "/audit", "/support/rules", "/support/help", "/account/password"];
  for (const [who, path] of [page, admin].flatMap((who) => paths.map((path) => [who, path] as const))) {
    await open(who, path);
    expect(await who.locator("main").locator(".button.primary:visible, .button.solid:visible").count(), path).toBeLessThanOrEqual(1);
  }
});
