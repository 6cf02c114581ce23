import { describe, expect, it } from "vitest";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderPlanHtml } from "../../src/report/plan-html.ts";
import { renderPlanMarkdown } from "../../src/report/plan-markdown.ts";
import { renderRunHtml } from "../../src/report/run-html.ts";
import { renderRunJson } from "../../src/report/run-json.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { repeated } from "../support/repeated.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, KUBELET_ID, OLD_CLIENT, REGISTRY, SUBNET } from "./fixtures.ts";
import { FINISHED } from "./run-fixtures.ts";

const plan = buildPlan();
const finished = foldEvents(plan, FINISHED);
const EVIL = `"><script>alert('x')</script>`;

/** A plan with hostile text wherever a plan has text of its own. */
function evilPlan() {
  const evil = buildPlan({
    findings: [{ check: EVIL, severity: "high", seen: EVIL, remedy: EVIL, link: EVIL }],
    rights: [{ decision: "dropped", role: EVIL, scope: `/${EVIL}`, reason: EVIL, instead: EVIL }],
  });
  for (const change of evil.clusters[0]!.steps.flatMap(({ changes }) => changes))
    Object.assign(change, { summary: EVIL, reason: EVIL, onlyIf: EVIL, key: change.key.replace("AcrPull", EVIL) });
  return evil;
}

const evilEvents = FINISHED.map((event) => ({
  ...event,
  evidence: EVIL,
  by: EVIL,
  names: [EVIL],
  correlationId: EVIL,
  pool: EVIL,
}));
const evilFailure = buildEvents([
  "23T10:00:00",
  "verify-migration",
  { type: "step:failed", code: EVIL, message: EVIL, remedy: EVIL },
]);

const pages = {
  run: renderRunHtml(plan, finished, HASH),
  plan: renderPlanHtml(plan, { hash: HASH, nextCommand: "aks-mi apply --plan plan.yaml" }),
  evilRun: renderRunHtml(evilPlan(), foldEvents(evilPlan(), [...evilEvents, ...evilFailure] as typeof FINISHED), EVIL),
  evilPlan: renderPlanHtml(evilPlan(), { hash: EVIL, nextCommand: EVIL }),
};

/** Tags that were opened and not closed in order; empty for a well-formed page. */
function unclosedTags(page: string): string[] {
  const open: string[] = [];
  const body = page.slice(page.indexOf("<html")).replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [, slash, name, rest] of body.matchAll(/<(\/?)([a-z0-9]+)((?:\s+[\w-]+(?:="[^"<]*")?)*\s*\/?)>/g)) {
    if (slash) {
      if (open.pop() !== name) return [...open, `/${name}`];
    } else if (!rest!.endsWith("/") && !["meta", "br"].includes(name!)) open.push(name!);
  }
  return open;
}

describe("an HTML report", () => {
  it.each(Object.entries(pages))("(%s) is well-formed, has no scripts and loads nothing", (_, page) => {
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(unclosedTags(page)).toEqual([]);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|javascript:|src=|@import|url\(/i);
    expect(page.match(/<h1>/g)).toHaveLength(1);
    for (const landmark of ["<header>", "<main>", "<footer>"]) expect(page).toContain(landmark);
  });

  it("has no id twice, and one for each section that names its heading", () => {
    const two = { ...plan, clusters: [plan.clusters[0]!, { ...plan.clusters[0]!, id: `${CLUSTER}-2` }] };
    const page = renderRunHtml(two, foldEvents(two, FINISHED), HASH);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    const named = [...page.matchAll(/aria-labelledby="([^"]+)"/g)].map(([, id]) => id);
    expect(repeated(ids)).toEqual([]);
    expect(named.length).toBeGreaterThan(2 * 8);
    expect(ids).toEqual(expect.arrayContaining(named));
  });

  it("shows hostile text as text", () => {
    expect(pages.evilRun).toContain("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  });

  it("of a run has what happened: approvals, resumes, rights with reasons, nodes with times, correlation ids", () => {
    for (const text of [
      "ada@contoso.com (user ada of the machine), 22 Nov 2026 08:00 UTC",
      "22 Nov 08:30 UTC",
      SUBNET,
      "c0ffee-1",
      "c0ffee-2",
    ])
      expect(pages.run).toContain(text);
    expect(pages.run).toMatch(/Nodes pull images as the kubelet identity\.<\/td><td[^>]*><span class="badge applied">/);
    expect(pages.run).toMatch(/aks-system-1<\/td><td[^>]*><span class="time">22 Nov 09:12 UTC/);
    expect(pages.run).toMatch(/service principal aaaaaaaa-0000-4000-8000-000000000001<\/td><td[^>]*>id-payments-prod</);
  });

  it("of a run draws each step that began, and where the point of no return was", () => {
    const timeline = pages.run.slice(pages.run.indexOf("<svg"), pages.run.indexOf("</svg>"));
    expect(timeline.match(/class="track"/g)).toHaveLength(9);
    expect(timeline).toContain("point of no return, 22 Nov 09:00 UTC");
    const bars = [...timeline.matchAll(/class="(?:work|wait)" x="([\d.]+)%" y="\d+" width="([\d.]+)%"/g)];
    expect(bars.length).toBeGreaterThanOrEqual(9);
    for (const [, x, width] of bars) expect(Number(x) + Number(width)).toBeLessThanOrEqual(100.01);
  });

  it("of a plan has the point of no return right before its step", () => {
    expect(pages.plan).toMatch(/POINT OF NO RETURN:<\/strong>[^<]*<\/p>\s*<h3>4\. Enable managed identity/);
  });

  it("masks subscriptions everywhere when asked to", () => {
    const masked = [
      renderRunHtml(plan, finished, HASH, { mask: true }),
      renderRunMarkdown(plan, finished, HASH, { mask: true }),
      renderRunJson(plan, finished, HASH, { mask: true }),
      ...[renderPlanHtml, renderPlanMarkdown].map((render) =>
        render(plan, { hash: HASH, nextCommand: `aks-mi verify --id ${CLUSTER}`, mask: true }),
      ),
    ];
    for (const report of masked) {
      expect(report).not.toMatch(/11111111|22222222/);
      expect(report).toContain("/subscriptions/subscription-2/");
    }
    expect(pages.run).toContain(REGISTRY);
  });
});

describe("the run as JSON", () => {
  it("has the state, the writes with their ids, and who approved", () => {
    const report = JSON.parse(renderRunJson(plan, finished, HASH));
    expect(report).toMatchObject({
      state: "done",
      planHash: HASH,
      approvals: [{ by: "ada", account: "ada@contoso.com", how: "hash" }],
    });
    const [cluster] = report.clusters;
    expect(cluster.steps[0].changes[1]).toMatchObject({ key: "identity:kubelet", resourceId: KUBELET_ID });
    expect(cluster.nodes[0]).toEqual({ pool: "system", node: "aks-system-0", at: "2026-11-22T09:06:17Z" });
    expect(cluster.identities[0]).toMatchObject({
      before: `service principal ${OLD_CLIENT}`,
      after: "id-payments-prod",
    });
  });
});

describe("the run as Markdown", () => {
  it("keeps all that is said of a cluster below the cluster's heading", () => {
    const lines = renderRunMarkdown(plan, finished, HASH).split("\n");
    expect(lines.filter((line) => line.startsWith("## "))).toHaveLength(plan.clusters.length);
    expect(lines).toContain("### What is left to do");
  });

  it("has tables whose rows all have as many cells as their header", () => {
    for (const view of [finished, foldEvents(evilPlan(), FINISHED)]) {
      const lines = renderRunMarkdown(view === finished ? plan : evilPlan(), view, HASH).split("\n");
      const cells = (line: string) => line.replaceAll("\\|", "").split("|").length;
      for (const [index, line] of lines.entries())
        if (line.startsWith("|") && lines[index - 1]?.startsWith("|"))
          expect(cells(line), line).toBe(cells(lines[index - 1]!));
    }
  });
});
