// A WebSocket is one request in the record. Its frames are counted, and a revocation ends it.
import { expect, fact, test as base } from "../fixtures.ts";
import { Chat, Talk } from "../support/chat.ts";
import { Served } from "../support/served.ts";
import { logRow, openSession } from "../support/support-session.ts";

const test = base.extend<{ served: Served }>({
  served: async ({}, use, testInfo) => {
    const chat = await Chat.start();
    const served = await Served.start(chat.url);
    await use(served);
    await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
    await served.stop();
    await chat.stop();
  },
  baseURL: async ({ served }, use) => use(served.console),
});

test("a WebSocket is open in the record, counted frame by frame, and cut by a revocation", async ({ page, served }) => {
  const { id, token } = await served.enterAcme(page, ["talk"]);
  await openSession(page, id);
  const talk = await Talk.open(`${served.gateway}/talk`, token);
  expect(await talk.say("Hello")).toBe("Hello");
  expect(await talk.say("Good bye")).toBe("Good bye");
  const row = logRow(page, talk.requestId);
  await expect(row).toContainText("open");

  await page.getByRole("link", { name: "Revoke Session" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke Session" }).click();
  await talk.ended();
  await expect(row).toContainText("101, interrupted");

  await expect(page.getByRole("listitem").filter({ hasText: /^talk 1 request$/ })).toBeVisible();
  await row.locator("summary").click();
  const details = page.getByRole("table", { name: "Access Logs" });
  // Frames with their heads: two bytes and a mask of four from a client, two bytes from a server.
  await expect(fact(details, "Upgrade")).toContainText("Messages are counted, not recorded individually.");
  await expect(fact(details, "To the upstream")).toContainText("2 frames, 25 bytes, SHA-256");
  await expect(fact(details, "To the client")).toContainText("2 frames, 17 bytes, SHA-256");
});

test("without a rule that says so there is no WebSocket", async ({ page, served }) => {
  const { id, token } = await served.enterAcme(page, ["everything"]);
  await expect(Talk.open(`${served.gateway}/talk`, token)).rejects.toThrow("not upgraded: 403");
  await openSession(page, id);
  const table = page.getByRole("table", { name: "Access Logs" });
  await expect(table.getByRole("row").filter({ hasText: "/talk" })).toContainText("403, refused");
});
