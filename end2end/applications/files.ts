// Files that people upload and download.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";

/** Every byte, many times. */
export const BYTES = {
  mimeType: "application/octet-stream",
  buffer: Buffer.from(Uint8Array.from({ length: 100_000 }, (_, at) => at)),
};

/** A picture of one pixel, which every application takes for one. */
export const PICTURE = {
  mimeType: "image/png",
  buffer: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
};

/** A table with two rows, for what imports SQL. */
export const DUMP = {
  name: "straße 50%.sql",
  mimeType: "application/sql",
  buffer: Buffer.from(`CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200));
INSERT INTO notes (text) VALUES ('Straße & 50%'), ('a;b');`),
};

/** Clicks a link to a file. Returns the file's name and the digest of its content. */
export async function download(page: Page, link: Locator): Promise<string[]> {
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const content = await readFile(await file.path());
  return [file.suggestedFilename(), createHash("sha256").update(content).digest("hex")];
}
