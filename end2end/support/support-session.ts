// Support sessions, created in the dialog as a staff member does.
import { expect, type Locator, type Page } from "@playwright/test";
import { expectHydrated, open } from "./page.ts";

/** A support session with the token that is shown once. */
export interface Granted {
  id: string;
  token: string;
}

export interface Wanted {
  reason?: string;
  minutes?: number;
  scopes?: string[];
}

/** The dialog before the server has granted anything. */
export function createDialog(page: Page): Locator {
  return page.getByRole("dialog", { name: "Create Support Session" });
}

/** The dialog afterwards. */
export function grantedDialog(page: Page): Locator {
  return page.getByRole("dialog", { name: "Support session created" });
}

/** Fills in the dialog and sends it. */
export async function fillAndCreate(dialog: Locator, { reason, minutes, scopes }: Wanted): Promise<void> {
  await dialog.getByLabel("Reason").fill(reason ?? "Invoices fail since this morning");
  if (minutes !== undefined) await dialog.getByLabel("Duration (TTL, minutes)").fill(`${minutes}`);
  for (const scope of scopes ?? []) {
    await dialog.getByRole("checkbox", { name: new RegExp(`^${scope}\\s`) }).check();
  }
  await dialog.getByRole("button", { name: "Create Session" }).click();
}

/** Reads what the confirmation shows. */
export async function readGranted(page: Page): Promise<Granted> {
  const dialog = grantedDialog(page);
  const token = await dialog.getByRole("region", { name: "Access token" }).locator("code").innerText();
  const link = dialog.getByRole("link", { name: "View session" });
  const id = (await link.getAttribute("href"))?.split("/").pop() ?? "";
  expect(token).toMatch(/^scst_/);
  return { id, token };
}

/** Creates a support session in a tenant and stays at the confirmation. */
export async function createSession(page: Page, tenantId: string, wanted: Wanted = {}): Promise<Granted> {
  await open(page, `/support/tenants/${tenantId}/create-session`);
  await fillAndCreate(createDialog(page), wanted);
  return readGranted(page);
}

/** Opens the page of a support session, with the pointer outside its lists, where it doesn't hold rows back. */
export async function openSession(page: Page, id: string): Promise<void> {
  await page.mouse.move(0, 0);
  await open(page, `/support/sessions/${id}`);
  await expectLive(page);
}

/** Follows Enter tenant on the page of a support session, and returns the new tab. */
export async function enterTenant(page: Page, id: string): Promise<Page> {
  await openSession(page, id);
  const link = page.getByRole("link", { name: /^Enter tenant/ });
  const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await tab.waitForLoadState();
  return tab;
}

/** The page's live stream is open. */
export async function expectLive(page: Page): Promise<void> {
  await expectHydrated(page);
  await expect(page.getByText(/^Live · /)).toBeVisible();
}

/** The row of a request in Access Logs. */
export function logRow(page: Page, requestId: string | null): Locator {
  const table = page.getByRole("table", { name: "Access Logs" });
  return table.getByRole("row").filter({ hasText: requestId ?? "no request id" });
}
