// The console as the master of tenants: from the first tenant to its end, with and without JavaScript, and what the
// platform reads of it.
import type { Page } from "@playwright/test";
import { expect, expectInBothThemes, fact, fillSignIn, open, signInAs, test as base, title } from "../fixtures.ts";
import { Served } from "../support/served.ts";

const test = base.extend<{ served: Served }>({
  served: async ({}, use, testInfo) => {
    const served = await Served.start("http://127.0.0.1:1", ["[tenants]", 'master = "console"']);
    await use(served);
    await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
    await served.stop();
  },
  baseURL: async ({ served }, use) => use(served.console),
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a tenant is added, approved, edited, suspended and closed, and the platform reads it", async ({ page, served }) => {
      test.setTimeout(180_000);
      const check = async (name: string) => {
        if (javaScriptEnabled) await expectInBothThemes(page, name);
      };
      await page.goto("/sign-in");
      await fillSignIn(page, await served.addStaff("Ana Silva", "super_admin"));
      await expect(title(page)).toHaveText("Tenant health");
      await page.goto("/admin/tenants");
      await expect(page.getByRole("heading", { name: "No tenants yet" })).toBeVisible();
      await page.getByRole("link", { name: "New tenant" }).first().click();
      await expect(title(page)).toHaveText("New tenant");
      await page.getByLabel("Name", { exact: true }).fill("Lumen Health");
      await page.getByLabel("Slug").fill("Lumen Health");
      await page.getByLabel("Tenant ID").fill("lumen");
      await page.getByLabel("Type").selectOption("Business");
      await page.getByLabel("Plan").fill("Starter");
      await page.getByLabel("Contact").fill("ops@lumen.example");
      await page.getByRole("button", { name: "Add tenant" }).click();
      await expect(page.getByLabel("Slug")).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Lumen Health");
      await page.getByLabel("Slug").fill("lumen-health");
      await page.getByRole("button", { name: "Add tenant" }).click();
      await expect(page.getByText("Lumen Health added. It is pending until you approve it.")).toBeVisible();
      await expect(page).toHaveURL(/\/admin\/tenants\/lumen(\?|$)/);
      await expect(title(page)).toHaveText("Lumen Health");

      await change(page, "Approve", "Approve Lumen Health");
      await expect(page.getByText("1 tenant is onboarding now.")).toBeVisible();
      await change(page, "Activate", "Activate Lumen Health");

      const values = page.getByRole("region", { name: "Tenant", exact: true });
      await values.getByRole("link", { name: "Edit" }).click();
      await expect(page.locator("datalist#plans option")).toHaveAttribute("value", "Starter");
      await check("edit tenant, with suggestions");
      const name = "Lumen Care";
      await page.getByLabel("Name", { exact: true }).fill(name);
      const edited = { Slug: "lumen-care", Plan: "Enterprise", Region: "eu-west", Contact: "care@lumen.example" };
      for (const [field, value] of Object.entries(edited)) await page.getByLabel(field).fill(value);
      await page.getByLabel("Reason").fill("The contract was signed today");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("Lumen Care saved.")).toBeVisible();
      await expect(title(page)).toHaveText(name);
      await expect(fact(values, "Name")).toHaveText(name);
      for (const [field, value] of Object.entries(edited)) await expect(fact(values, field), field).toHaveText(value);

      await page.getByRole("link", { name: "New organization" }).click();
      await page.getByLabel("Organization ID").fill("emea");
      await page.getByLabel("Name", { exact: true }).fill("EMEA");
      await page.getByLabel("Slug").fill("EMEA");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByLabel("Slug")).toHaveAttribute("aria-invalid", "true");
      await check("new organization with a mistake");
      await page.getByLabel("Slug").fill("emea");
      await page.getByRole("button", { name: "Save" }).click();
      const organizations = page.getByRole("region", { name: "Organizations" });
      await expect(organizations.getByText("1 organization", { exact: true })).toBeVisible();
      await expect(organizations.locator("li")).toHaveText([/EMEA.*Active/]);
      await expect(organizations.getByText("platform", { exact: true })).toHaveCount(0);

      await organizations.getByRole("link", { name: "Edit EMEA" }).click();
      await expect(page.getByText("If you suspend the organization, 0 active support sessions continue")).toBeVisible();
      await check("edit organization");
      await page.getByRole("combobox", { name: "Status" }).selectOption("Suspended");
      await page.getByLabel("Reason").fill("The office in Rome is closed");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("EMEA saved.")).toBeVisible();
      await expect(organizations.locator("li")).toHaveText([/EMEA.*Suspended/]);
      await check("tenant that the console manages");

      await page.goto("/admin/tenants");
      const box = page.getByRole("checkbox", { name: "Select Lumen Care" });
      const all = page.getByRole("checkbox", { name: "Select all tenants on this page" });
      if (javaScriptEnabled) {
        await all.check();
        await expect(box).toBeChecked();
        await box.uncheck();
        await expect(all).not.toBeChecked();
      } else {
        await expect(all).toHaveCount(0);
      }
      await box.check();
      await check("tenants, one selected");
      await page.getByLabel("Change of status").selectOption("Suspend");
      await page.getByRole("button", { name: "Change selected…" }).click();
      const suspend = page.getByRole("alertdialog", { name: "Suspend Lumen Care" });
      await expect(suspend).toContainText("0 active user sessions end now.");
      await suspend.getByLabel("Reason").fill("The invoices are overdue");
      await check("suspend a tenant");
      await suspend.getByRole("button", { name: "Suspend Lumen Care" }).click();
      await expect(page.getByText("1 tenant is suspended now.")).toBeVisible();

      await page.getByRole("link", { name: "Close", exact: true }).click();
      const close = page.getByRole("alertdialog", { name: "Close Lumen Care" });
      await expect(close).toContainText("This can’t be undone.");
      await close.getByLabel("Reason").fill("The customer has left us");
      await close.getByRole("button", { name: "Close Lumen Care" }).click();
      await expect(close.getByLabel("Type lumen-care to confirm")).toHaveAttribute("aria-invalid", "true");
      await check("close a tenant, without its slug");
      await close.getByLabel("Type lumen-care to confirm").fill("lumen-care");
      await close.getByRole("button", { name: "Close Lumen Care" }).click();
      await expect(page.getByText("1 tenant is closed now.")).toBeVisible();
      await expect(page.getByRole("link", { name: "Reactivate" })).toHaveCount(0);

      const made = await served.command(["api-key", "create", "--name", "platform", "--right", "read", "--right", "tenants:write"]);
      const ask = (method: string, path: string, body?: object) =>
        fetch(`${served.console}/api/v1/${path}`, {
          method,
          headers: { "X-API-Key": made.stdout.trim(), "Content-Type": "application/json" },
          ...(body && { body: JSON.stringify(body) }),
        });
      const changes = await (await ask("GET", "tenant-changes")).json();
      const { Slug: slug, Plan: plan, Region: region, Contact: contact } = edited;
      expect(changes.items).toMatchObject([{ id: "lumen", status: "closed", type: "business", name, slug, plan, region, contact }]);
      const { items } = await (await ask("GET", "tenants/lumen/organizations")).json();
      expect(items).toMatchObject([{ id: "emea", name: "EMEA", slug: "emea", status: "suspended" }]);
      const later = await (await ask("GET", `tenant-changes?cursor=${changes.next_cursor}`)).json();
      expect(later).toEqual({ items: [], next_cursor: changes.next_cursor });
      const refused = await ask("PUT", "tenants/lumen", { slug: "lumen-health", name: "Lumen", status: "active" });
      expect(refused.status).toBe(409);
    });
  });
}

test("of two people who edit a tenant at once, the second sees both choices in words", async ({ page, served }) => {
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await addTenant(page, "lumen", "Lumen Health");
  const other = await page.context().newPage();
  for (const tab of [page, other]) {
    await tab.goto("/admin/tenants/lumen/edit");
    await tab.getByLabel("Reason").fill("The contract was signed today");
  }
  await other.getByLabel("Type").selectOption("Government");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByText("Lumen Health saved.")).toBeVisible();
  await page.getByLabel("Type").selectOption("Business");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Was “Business” in your form.")).toBeVisible();
  await expect(page.getByLabel("Type")).toHaveValue("government");
  await expectInBothThemes(page, "edit tenant, after a conflict");
});

test("of two people at the list, one keeps a selection while the other works, and suspends two", async ({ page, served, browser }) => {
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await addTenant(page, "lumen", "Lumen Health");
  await change(page, "Approve", "Approve Lumen Health");
  await change(page, "Activate", "Activate Lumen Health");
  await expect(page.getByText("1 tenant is active now.")).toBeVisible();
  await open(page, "/admin/tenants");
  const all = page.getByRole("checkbox", { name: "Select all tenants on this page" });
  await all.check();
  await page.getByLabel("Change of status").selectOption("Suspend");

  const other = await browser.newPage({ baseURL: served.console });
  await signInAs(other, await served.addStaff("Bo Lind", "super_admin"));
  await addTenant(other, "mosaic", "Mosaic Retail");
  await expect(page.getByRole("checkbox", { name: "Select Mosaic Retail" })).not.toBeChecked();
  await expect(page.getByText("2 tenants", { exact: true })).toBeVisible();
  await change(other, "Approve", "Approve Mosaic Retail");
  const rowOf = (name: string) => page.getByRole("row").filter({ hasText: name });
  await expect(rowOf("Mosaic Retail")).toContainText("Onboarding");
  await change(other, "Activate", "Activate Mosaic Retail");
  await expect(rowOf("Mosaic Retail")).toContainText("Active");
  await other.close();

  await expect(page.getByRole("checkbox", { name: "Select Lumen Health" })).toBeChecked();
  await expect(all).toBeChecked({ indeterminate: true });
  await expect(page.getByLabel("Change of status")).toHaveValue("suspended");

  await page.getByRole("checkbox", { name: "Select Mosaic Retail" }).check();
  await expect(all).toBeChecked();
  await page.getByRole("button", { name: "Change selected…" }).click();
  const suspend = page.getByRole("alertdialog", { name: "Suspend 2 tenants" });
  const reason = suspend.getByLabel("Reason");
  await reason.fill("overdue");
  await suspend.getByRole("button", { name: "Suspend 2 tenants" }).click();
  await expect(reason).toHaveAccessibleDescription(/Add 3 more characters\./);
  await expect(reason).toHaveValue("overdue");
  for (const name of ["Lumen Health", "Mosaic Retail"]) {
    await expect(suspend.getByRole("listitem").filter({ hasText: name }), "still as it was").toContainText("Active");
  }
  await reason.fill("The invoices are overdue");
  await suspend.getByRole("button", { name: "Suspend 2 tenants" }).click();
  await expect(page.getByText("2 tenants are suspended now.")).toBeVisible();
  for (const name of ["Lumen Health", "Mosaic Retail"]) await expect(rowOf(name)).toContainText("Suspended");
});

test("the forms for managing tenants are usable by everyone", async ({ page, served }) => {
  await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
  await page.goto("/admin/new-tenant");
  await expectInBothThemes(page, "new tenant");
});

async function addTenant(page: Page, id: string, name: string): Promise<void> {
  await open(page, "/admin/new-tenant");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Slug").fill(name.toLowerCase().replace(" ", "-"));
  await page.getByLabel("Tenant ID").fill(id);
  await page.getByRole("button", { name: "Add tenant" }).click();
  await expect(title(page)).toHaveText(name);
}

async function change(page: Page, act: string, title: string): Promise<void> {
  await page.getByRole("link", { name: act, exact: true }).click();
  await page.getByLabel("Reason").fill("The contract was signed today");
  await page.getByRole("button", { name: title }).click();
}
