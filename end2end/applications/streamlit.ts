import { writeFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import { type Application, fromCompat, Running } from "./application.ts";

const PROGRAM = `
import streamlit
name = streamlit.text_input("Name")
streamlit.write(f"Hello, {name}!")
file = streamlit.file_uploader("File")
streamlit.write(f"{len(file.read())} bytes" if file else "no file")
`;

/** Streamlit: everything over one WebSocket, and uploads that a cookie protects. */
export const streamlit: Application = {
  name: "Streamlit",
  upstream: ['upstream_readable_cookies = ["_streamlit_xsrf"]'],

  async start() {
    return Running.start(
      fromCompat("streamlit"),
      (port, folder) => [
        ["run", `${folder}/hello.py`, "--server.headless=true", "--browser.gatherUsageStats=false"],
        ["--server.address=127.0.0.1", `--server.port=${port}`],
      ].flat(),
      async (folder) => writeFile(`${folder}/hello.py`, PROGRAM),
    );
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(url);
    await page.getByLabel("Name").fill("Søren");
    await page.keyboard.press("Enter");
    await expect(page.getByText("Hello, Søren!")).toBeVisible();
    const file = { name: "straße 50%.txt", mimeType: "text/plain", buffer: Buffer.alloc(100_000, "x") };
    await page.locator("input[type=file]").setInputFiles(file);
    await expect(page.getByText("100000 bytes")).toBeVisible();
    seen.push("uploaded");
    return seen;
  },
};
