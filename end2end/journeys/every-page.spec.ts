// Every page and dialog, for each role: accessibility as far as a program can check it, and overflow. Runs at both widths,
// each page in both themes. The other journeys run once.
import type { Page } from "@playwright/test";
import { expect, expectNoSidewaysScroll, expectInTheDark, expectNoViolations, expectHydrated, open, takePicture, test } from "../fixtures.ts";
import type { Demo } from "../support/demo.ts";
import { createDialog, createSession, fillAndCreate, grantedDialog } from "../support/support-session.ts";

// They take long, and rely on nothing of each other.
test.describe.configure({ mode: "parallel" });

test("every page and dialog is usable by everyone and fits its window", async ({ page, demo, signIn }) => {
  test.setTimeout(360_000);
  const look = async (name: string) => test.step(name, () => check(page, name));
  await open(page, "/sign-in");
  await look("sign-in");

  await signIn("super_admin");
  await look("overview");
  const tenant = await demo.tenant("critical");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  await look("create session");
  await fillAndCreate(createDialog(page), { reason: "short", minutes: 0 });
  await look("create session with mistakes");
  await fillAndCreate(createDialog(page), { reason: "Attestations fail since this morning", minutes: 10 });
  await expect(grantedDialog(page)).toBeVisible();
  await look("session created");
  const { id, token } = await createSession(page, tenant.id, { minutes: 10 });
  for (const [path, method] of [["/v1/whoami", "GET"], ["/v1/attestations", "POST"], ["/v1/no-such", "GET"]] as const) {
    await demo.request(token, path, { method });
  }

  const event = await firstEvent(page);
  const request = await firstRequest(page);
  const paths = {
    "no match": "/support?q=no-such-tenant",
    "edited cursor": "/support?cursor=edited",
    "tenant": `/support/tenants/${tenant.id}`,
    "force logout": `/support/tenants/${tenant.id}/force-logout`,
    "support sessions": "/support/sessions",
    "support session": `/support/sessions/${id}`,
    "revoke": `/support/sessions/${id}/revoke`,
    "replace token": `/support/sessions/${id}/replace-token`,
    "raise budget": `/support/sessions/${id}/raise-budget`,
    "revoke selected": `/support/revoke-sessions?id=${id}`,
    "support sessions of a time": "/support/sessions?time=custom&active_at=2026-01-01T10:00:00Z",
    "request": request,
    "audit log": "/audit",
    "audit log, filtered": "/audit?time=last-7-days&category=support_session&outcome=success",
    "audit filter with a mistake": "/audit?from=yesterday",
    "audit event": event,
    "gateway rules": "/support/rules",
    "help": "/support/help",
    "password": "/account/password",
    "not found": "/no-such-page",
  };
  await checkAll(page, paths);
});

test("every page and dialog of administration is usable by everyone and fits its window", async ({ page, demo, signIn }) => {
  test.setTimeout(360_000);
  await signIn("super_admin");
  const key = await firstKey(page);
  const staff = await demo.command(["staff", "list"]);
  const member = staff.stdout.trim().split(/\s+/).at(-1);
  const gone = await deactivated(demo);
  await checkAll(page, {
    "staff": "/admin/staff",
    "staff, filtered": "/admin/staff?q=a&role=super_admin&state=active&sort=last_sign_in",
    "staff member": `/admin/staff/${member}`,
    "staff member, roles": `/admin/staff/${member}/roles`,
    "staff member, deactivate": `/admin/staff/${member}/deactivate`,
    "staff member, sign out": `/admin/staff/${member}/sign-out`,
    "staff member, link": `/admin/staff/${member}/link`,
    "staff member, revoke link": `/admin/staff/${member}/revoke-link`,
    "staff member, deactivated": `/admin/staff/${gone}`,
    "staff member, reactivate": `/admin/staff/${gone}/reactivate`,
    "invite staff": "/admin/invite-staff",
    "choose a password": "/set-password",
    "own sign-ins": "/account/sessions",
    "staff, no match": "/admin/staff?q=no-such-person",
    "staff filter with a mistake": "/admin/staff?role=root",
    "settings": "/admin/settings",
    "settings, other thresholds": "/admin/settings?warning_percent=0&critical_percent=0",
    "settings with a mistake": "/admin/settings?warning_percent=101",
    "API keys": "/admin/api-keys",
    "API keys, filtered": "/admin/api-keys?state=revoked",
    "API keys filter with a mistake": "/admin/api-keys?state=gone",
    "create API key": "/admin/api-keys/create",
    "API key": key,
    "rotate API key": `${key}/rotate`,
    "revoke API key": `${key}/revoke`,
    "permissions": "/support/permissions",
  });
});

test("every page about tenants for administration is usable by everyone and fits its window", async ({ page, demo, signIn }) => {
  test.setTimeout(240_000);
  await signIn("super_admin");
  const { id } = await demo.tenant("critical");
  await checkAll(page, {
    "tenants to manage": "/admin/tenants",
    "no tenant to manage": "/admin/tenants?q=no-such-tenant",
    "tenants, filter with a mistake": "/admin/tenants?created=yesterday",
    "tenant to manage": `/admin/tenants/${id}`,
    "edit tenant": `/admin/tenants/${id}/edit`,
    "settings of a tenant": `/admin/tenants/${id}/settings`,
    "new organization": `/admin/tenants/${id}/organization`,
    "new tenant": "/admin/new-tenant",
    "status of a tenant": `/admin/tenant-status?id=${id}&to=suspended`,
  });
});

test("the page for those without a role is usable by everyone", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Noor Haddad", "support_admin");
  await demo.command(["staff", "set-roles", account.email, "--no-roles"]);
  await signIn(account);
  await check(page, "no role");
});

async function checkAll(page: Page, paths: Record<string, string>): Promise<void> {
  for (const [name, path] of Object.entries(paths)) {
    await open(page, path);
    await test.step(name, () => check(page, name));
  }
}

/** Continues after a finding, so that one run names all of them. */
async function check(page: Page, name: string): Promise<void> {
  await expectHydrated(page);
  await takePicture(page, name);
  await expectNoViolations(page, name);
  await expectInTheDark(page, name);
  await expectNoSidewaysScroll(page, name);
  const size = page.viewportSize();
  if (size && size.width < 600) {
    await page.setViewportSize({ ...size, width: 320 });
    await expectNoSidewaysScroll(page, `${name} at 320 px`);
    await page.setViewportSize(size);
  }
}

async function firstEvent(page: Page): Promise<string> {
  await open(page, "/audit?category=support_session");
  const link = page.getByRole("table", { name: "Audit events" }).locator("tbody th a").first();
  return (await link.getAttribute("href")) ?? "";
}

async function firstRequest(page: Page): Promise<string> {
  const link = page.getByRole("table", { name: "Audit events" }).getByRole("link", { name: "Request", exact: true }).first();
  return (await link.getAttribute("href")) ?? "";
}

/** The ID of a staff member who was deactivated. */
async function deactivated(demo: Demo): Promise<string> {
  const { email } = await demo.addStaff("Noa Leaves", "support_admin");
  await demo.command(["staff", "deactivate", email]);
  const { stdout } = await demo.command(["staff", "list"]);
  const line = stdout.split("\n").find((line) => line.startsWith(email)) ?? "";
  expect(line).toContain("deactivated");
  return line.trim().split(/\s+/).at(-1) ?? "";
}

async function firstKey(page: Page): Promise<string> {
  await open(page, "/admin/api-keys");
  const link = page.getByRole("table", { name: "API keys" }).locator("tbody th a").first();
  return (await link.getAttribute("href")) ?? "";
}
