import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type axe from "axe-core";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderPlanHtml } from "../../src/report/plan-html.ts";
import { renderRunHtml } from "../../src/report/run-html.ts";
import { buildPlan, HASH } from "./fixtures.ts";
import { FINISHED, ROLLING } from "./run-fixtures.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath) console.warn("SKIPPED: no Chromium is installed here, so no page is looked at with axe.");

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const plan = buildPlan();
const PAGES: readonly [name: string, html: string][] = [
  ["a plan", renderPlanHtml(plan, { hash: HASH, nextCommand: "aks-mi apply --plan plan.yaml" })],
  ["a finished run", renderRunHtml(plan, foldEvents(plan, FINISHED), HASH)],
  ["a run that goes on", renderRunHtml(plan, foldEvents(plan, ROLLING), HASH)],
];

/** A phone in the dark and a desktop by day. */
const WINDOWS = [
  [390, "dark"],
  [1280, "light"],
] as const;

describe.skipIf(!executablePath)("in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "aks-mi-pages-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(() => browser.close());

  async function open(html: string, width: number, colorScheme: "light" | "dark") {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    // The page's own policy forbids scripts, and axe is one.
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    const requests: string[] = [];
    const page = await context.newPage();
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, requests, close: () => context.close() };
  }

  describe.each(PAGES)("%s", (_, html) => {
    test.each(WINDOWS)("passes axe and is no wider than the window, at %i pixels, %s", async (width, scheme) => {
      const { page, requests, close } = await open(html, width, scheme);
      await page.evaluate(AXE);
      const { violations, passes } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] }),
      );
      expect(passes.length).toBeGreaterThan(10);
      expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html: node }) => node)])).toEqual([]);
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      expect(wide).toBeLessThanOrEqual(width);
      expect(requests).toHaveLength(1);
      await close();
    });
  });
});
