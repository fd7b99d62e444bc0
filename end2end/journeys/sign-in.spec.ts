import { expect, expectHydrated, fillSignIn, open, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

test("a staff member signs in", async ({ page, signIn }) => {
  await signIn("support_admin");
  await expect(page).toHaveURL("/support");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});

test("a page that was asked for comes after the sign-in", async ({ page, demo }) => {
  await page.goto("/support?health=critical&sort=calls");
  await expect(page).toHaveURL(/sign-in\?next=/);
  await expectHydrated(page);
  for (const [label, autocomplete] of [["E-mail", "username"], ["Password", "current-password"]] as const) {
    const field = page.getByLabel(label, { exact: true });
    await expect(field).toHaveAttribute("autocomplete", autocomplete);
    const paste = (field: Element) => field.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true }));
    expect(await field.evaluate(paste), `${label} takes what is pasted`).toBe(true);
  }
  await fillSignIn(page, demo.account("support_admin"));
  await expect(page).toHaveURL("/support?health=critical&sort=calls");
});

test("the sign-in leads to no other site", async ({ page, context, demo }) => {
  for (const next of ["https://example.com/", "//example.com/", "/\\\\example.com/"]) {
    await context.clearCookies();
    await open(page, `/sign-in?next=${encodeURIComponent(next)}`);
    await fillSignIn(page, demo.account("support_admin"));
    await expect(page).toHaveURL("/support");
  }
});

test("a wrong password and an unknown account get the same answer", async ({ page, demo }) => {
  const { email } = await demo.addStaff("Uma Castell", "support_admin");
  await open(page, "/sign-in");
  const answers = [];
  for (const tried of [email, "nobody@demo.example"]) {
    await expectHydrated(page);
    await fillSignIn(page, { email: tried, password: "not the password at all" });
    const alert = page.getByRole("alert");
    await expect(alert).toContainText(/^The e-mail address or the password is wrong\.\s*Request ID [0-9a-f-]{36}$/);
    await expect(page.getByLabel("E-mail")).toHaveValue(tried);
    await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
    answers.push((await alert.innerText()).replace(/Request ID .*/, ""));
  }
  expect(answers[0]).toBe(answers[1]);
});

test("whoever has no support role is told so and sees nothing else", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Noor Haddad", "support_admin");
  const { code, output } = await demo.command(["staff", "set-roles", account.email, "--no-roles"]);
  expect(code, output).toBe(0);
  await signIn(account);
  for (const path of ["/support", "/support/sessions", "/audit", "/support/help"]) {
    await page.goto(path);
    await expect(title(page)).toHaveText("You have no support role");
    await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  }
});

test("losing the last role takes the open page away", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Ravi Menon", "super_admin");
  await signIn(account);
  await expect(page.getByText(/^Live · /)).toBeVisible();
  await demo.command(["staff", "set-roles", account.email, "--no-roles"]);
  await expect(page.getByRole("table", { name: "Tenant health" })).toBeHidden();
});

test("signing out in one tab takes the page in another away", async ({ page, context, signIn }) => {
  await signIn("support_admin");
  const other = await context.newPage();
  await open(other, "/support");
  await expect(other.getByText(/^Live · /)).toBeVisible();
  await page.locator("details.account summary").click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page).toHaveURL(/sign-in/);
  await expect(other).toHaveURL(/sign-in/);
  await expect(other.getByRole("table")).toHaveCount(0);
});

test("a password that was given must be changed first", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Tess Aldo", "support_admin");
  const reset = await demo.command(["staff", "reset-password", account.email, "--one-time-password"]);
  const given = /shown once: (\S+)/.exec(reset.output)?.[1] ?? "";
  await signIn({ ...account, password: given });
  await expect(page).toHaveURL("/account/password");
  await page.goto("/support");
  await expect(page).toHaveURL("/account/password");

  const chosen = "a few words of my own";
  await expectHydrated(page);
  await page.getByLabel("Current password").fill(given);
  await page.getByLabel("New password", { exact: true }).fill(chosen);
  await page.getByLabel("Repeat new password").fill(chosen);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(title(page)).toHaveText("Tenant health");
});

test("what was typed is there after signing in again", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Nia Costa", "support_admin");
  await signIn(account);
  const { id } = await demo.tenant("healthy");
  await open(page, `/support/tenants/${id}/create-session`);
  await page.getByLabel("Reason").fill("Typed before the sign-in ended");
  // Ends every sign-in. The open page is notified, and shows the sign-in.
  const { code, output } = await demo.command(["staff", "reset-password", account.email, "--password-stdin"], account.password);
  expect(code, output).toBe(0);
  await expect(page).toHaveURL(/sign-in\?next=/);
  await expectHydrated(page);
  await fillSignIn(page, account);
  await expect(page.getByText("What you typed is still here.")).toBeVisible();
  await expectHydrated(page);
  await expect(page.getByLabel("Reason")).toHaveValue("Typed before the sign-in ended");
  await page.getByRole("button", { name: "Create Session" }).click();
  await expect(page.getByRole("dialog", { name: "Support session created" })).toBeVisible();
});

for (const end of ["cookies cleared", "signed out in another tab"]) {
  test(`what was typed is there for the same person only: ${end}`, async ({ page, context, demo, signIn }) => {
    const account = await demo.addStaff("Nia Costa", "support_admin");
    const colleague = await demo.addStaff("Otto Lind", "support_admin");
    const { id } = await demo.tenant("healthy");
    const reason = "Typed before the sign-in ended";
    for (const next of [account, colleague]) {
      await context.clearCookies();
      await signIn(account);
      await open(page, `/support/tenants/${id}/create-session`);
      await page.getByLabel("Reason").fill(reason);
      await page.getByLabel("Duration (TTL, minutes)").fill("7");
      await page.getByLabel("Ticket").fill("INC-4127");
      if (end === "cookies cleared") {
        await context.clearCookies();
        await page.getByRole("button", { name: "Create Session" }).click();
      } else {
        const other = await context.newPage();
        await open(other, "/support");
        await other.getByText("Nia Costa").first().click();
        await other.getByRole("button", { name: "Sign out", exact: true }).click();
        await other.close();
      }
      await expect(page).toHaveURL(/sign-in\?next=/);
      await fillSignIn(page, next);
      await expect(page).toHaveURL(new RegExp(`${id}/create-session`));
      const isSame = next === account;
      await expect(page.getByLabel("Reason")).toHaveValue(isSame ? reason : "");
      await expect(page.getByLabel("Duration (TTL, minutes)")).toHaveValue(isSame ? "7" : "15");
      await expect(page.getByLabel("Ticket")).toHaveValue(isSame ? "INC-4127" : "");
      await expect(page.getByText("What you typed is still here.")).toBeVisible({ visible: isSame });
    }
  });
}

test("what was typed into any other form outlasts a lost cookie", async ({ page, context, demo, signIn }) => {
  const account = await demo.addStaff("Nia Costa", "super_admin");
  await signIn(account);
  const { id } = await createSession(page, (await demo.tenant("healthy")).id);
  const forms = [
    [`/support/sessions/${id}/revoke`, "Reason", "Half a reason", "Revoke Session"],
    [`/support/revoke-sessions?id=${id}`, "Reason", "Half a reason for several", "Revoke 1 support session"],
    ["/support/rules", "Rules to test", '[[scopes]]\nname = "half"\n', "Test rules"],
    ["/audit?category=staff", "Name of this view", "Half a name", "Save view"],
  ] as const;
  for (const [path, label, typed, send] of forms) {
    for (const isSent of [true, false]) {
      await open(page, path);
      if (path.startsWith("/audit")) await page.getByText("Save this view").click();
      await page.getByLabel(label).fill(typed);
      if (isSent) {
        await context.clearCookies();
        await page.getByRole("button", { name: send, exact: true }).click();
      } else {
        // Ends the sign-in as another tab does. The page notices.
        await page.request.post("/forms/sign-out", { form: { everywhere: "on" }, headers: { origin: demo.console } });
      }
      await expect(page, path).toHaveURL(/sign-in\?next=/);
      await fillSignIn(page, account);
      await expect(page.getByLabel(label), `${path} ${isSent}`).toHaveValue(typed);
    }
  }
});

test("signing in again in another tab leaves an open form as it is", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Kofi Boateng", "support_admin");
  await signIn(account);
  const { id } = await demo.tenant("healthy");
  await open(page, `/support/tenants/${id}/create-session`);
  await page.getByLabel("Reason").fill("Half-written, and not to be lost");
  const other = await page.context().newPage();
  await open(other, "/sign-in");
  // The open page learns that its sign-in has ended, asks again, and uses the new one.
  const asked = page.waitForResponse((answer) => answer.url().endsWith("/_fn/signed_in"));
  const followed = page.waitForRequest((request) => new URL(request.url()).pathname === "/live");
  await fillSignIn(other, account);
  await expect(other).toHaveURL("/support");
  await Promise.all([asked, followed]);
  await expect(page.getByLabel("Reason")).toHaveValue("Half-written, and not to be lost");
  await page.getByRole("button", { name: "Create Session" }).click();
  await expect(page.getByRole("dialog", { name: "Support session created" })).toBeVisible();
});

test("the sign-in runs no WebAssembly, and fetches it for the page that follows", async ({ page, demo }) => {
  await page.addInitScript(() => {
    const run: string[] = [];
    Object.assign(globalThis, { run });
    for (const name of ["instantiate", "instantiateStreaming", "compile", "compileStreaming"] as const) {
      const original = WebAssembly[name] as (...given: unknown[]) => unknown;
      Object.assign(WebAssembly, { [name]: (...given: unknown[]) => (run.push(name), original(...given)) });
    }
  });
  const fetched = page.waitForResponse((answer) => answer.url().includes(".wasm"));
  await page.goto("/sign-in");
  await fetched;
  await page.waitForLoadState("networkidle");
  expect(await page.evaluate(() => Reflect.get(globalThis, "run"))).toEqual([]);
  await expect(page.locator("#not-live")).toHaveCount(0);
  await fillSignIn(page, demo.account("support_admin"));
  await expect(page).toHaveURL("/support");
  await expectHydrated(page);
});

test("the sign-in says why someone was thrown out", async ({ page, demo, signIn, browser }) => {
  const leaves = async (why: string) => {
    await expect(page).toHaveURL(/\/sign-in\?/);
    await expect(page.getByRole("alert")).toContainText(why);
  };
  const account = await demo.addStaff("Rosa Lind", "support_admin");
  await signIn(account);
  await expect(page.getByText(/^Live · /)).toBeVisible();
  const other = await browser.newPage({ baseURL: demo.console });
  await open(other, "/sign-in");
  await fillSignIn(other, account);
  await expectHydrated(other);
  await other.locator("details.account summary").click();
  await other.getByRole("button", { name: "Sign out everywhere" }).click();
  await leaves("You were signed out");
  await other.close();

  await signIn(account);
  await expect(page.getByText(/^Live · /)).toBeVisible();
  await demo.command(["staff", "deactivate", account.email]);
  await leaves("Your account was deactivated.");
});
