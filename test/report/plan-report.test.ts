import { describe, expect, it } from "vitest";
import { renderPlanHtml } from "../../src/report/plan-html.ts";
import { renderPlanMarkdown } from "../../src/report/plan-markdown.ts";
import { renderPlan } from "../../src/report/plan-report.ts";
import { visibleLength } from "../../src/text/terminal.ts";
import { buildEmptyPlan, buildPlan, HASH, REGISTRY, SUBNET } from "./fixtures.ts";

const NEXT = "aks-mi apply --plan plan.yaml --approve 3f6c";
const OPTIONS = { color: false, width: 80, hash: HASH, nextCommand: NEXT };

/** The lines between one text and the next heading-like one. */
function section(report: string, from: string, to: string): string {
  const start = report.indexOf(from);
  const end = report.indexOf(to, start);
  expect(start, from).toBeGreaterThanOrEqual(0);
  expect(end, to).toBeGreaterThan(start);
  return report.slice(start, end);
}

describe("the dry-run report on a terminal", () => {
  const report = renderPlan(buildPlan(), OPTIONS);

  it("says which cluster goes from where to where, on which cloud and tenant", () => {
    const header = section(report, "Migration plan", "Findings");
    expect(header).toContain("payments-prod in rg-payments, subscription 11111111, westeurope");
    expect(header).toContain("from service principal to user-assigned managed identity");
    expect(header).toContain("AzureCloud, tenant 99999999-9999-4999-8999-999999999999");
    expect(header).toContain("11 (8 additive, 2 disruptive, 1 irreversible)");
    expect(header).toContain("3 pools, 9 nodes: system (3), apps (4), gpu (2)");
  });

  it("marks the step that cannot be undone and what it drains", () => {
    const step = section(report, "POINT OF NO RETURN", " 5  Assign kubelet identity");
    expect(step).toContain("4  Enable managed identity");
    expect(step).toContain("IRREVERSIBLE, 47 min to 1 h 35 min");
    expect(step).toContain("drains 3 pools, 9 nodes");
  });

  it("groups the rights of a principal and gives each its reason", () => {
    const step = section(report, "2  Assign roles", "3  Wait for role propagation");
    expect(step).toContain("control plane identity id-payments-prod gets 4 roles:");
    expect(step).toMatch(
      /Network Contributor on:\n +subnet vnet-hub\/snet-aks \(rg-network\) \[1\]\n +subnet vnet-hub\/snet-gpu/,
    );
    expect(step).toContain("AcrPull on registry acrshared (rg-shared, subscription 22222222) [5]");
    expect(step).toContain("Why: Nodes pull images as the kubelet identity.");
  });

  it("names conditional changes, gaps, waits, what is not copied and what cannot be undone", () => {
    expect(section(report, "5  Assign kubelet", "6  Attach")).toContain("Only if: Combined update refused.");
    expect(section(report, "Gaps in rights", "Not copied")).toContain("Closed by: Grant add-on");
    const notCopied = section(report, "Not copied", "What cannot be undone");
    expect(notCopied).toContain("Contributor on subscription 11111111");
    expect(notCopied).toContain("Why not: It covers a whole subscription.");
    expect(notCopied).toContain("Instead: Network Contributor on the cluster's subnets.");
    const final = section(report, "What cannot be undone", "Ids in full");
    expect(final).toContain("! switch payments-prod");
    expect(final).toContain("valid until 24 h after the switch");
  });

  it("keeps a step without changes to one line", () => {
    expect(report).toMatch(/\n 6 {2}Attach registries +nothing to change\n\n? *7/);
  });

  it("has every id in full, and ends with the hash and the exact next command", () => {
    expect(section(report, "Ids in full", "Next").replace(/\n +/g, "")).toContain(REGISTRY);
    expect(report).toContain(HASH);
    expect(report.endsWith(`\n  ${NEXT}\n`)).toBe(true);
  });

  it.each([80, 100, 140])("stays within %i columns", (width) => {
    for (const line of renderPlan(buildPlan(), { ...OPTIONS, width }).split("\n"))
      expect(visibleLength(line), line).toBeLessThanOrEqual(width);
  });

  it("puts blockers first and says that the plan is blocked", () => {
    const findings = [
      { check: "ID003", severity: "high", seen: "the secret expires", remedy: "rotate it" },
      { check: "RD001", severity: "blocker", seen: "the cluster is stopped", remedy: "start it" },
    ] as const;
    const blocked = renderPlan(buildPlan({ blocked: true, findings: [...findings] }), OPTIONS);
    expect(blocked).toContain("BLOCKED: this plan cannot be applied");
    expect(blocked.indexOf("BLOCKER RD001")).toBeLessThan(blocked.indexOf("high ID003"));
    expect(report).not.toContain("BLOCKED");
  });

  it("says of an empty plan that there is nothing to do, and announces no wait and nothing irreversible", () => {
    const empty = renderPlan(buildEmptyPlan(), OPTIONS);
    expect(empty).toContain("none: there is nothing to do");
    expect(empty).not.toMatch(/POINT OF NO RETURN|Waits|undone/);
  });

  it("prints control sequences from a plan file harmlessly", () => {
    const plan = buildPlan();
    plan.clusters[0]!.findings[0]!.seen = "a\u001b[2Jb\u202ec\rd";
    expect(renderPlan(plan, OPTIONS)).toContain("ID003 abc d");
  });

  it("uses colour only when it is asked to", () => {
    expect(report).not.toContain("\u001b[");
    expect(renderPlan(buildPlan(), { ...OPTIONS, color: true })).toContain("\u001b[");
  });
});

describe("the report on several clusters", () => {
  const plan = buildPlan();
  const [first] = plan.clusters;
  const second = { ...first!, id: first!.id.replace("payments-prod", "orders-prod"), blocked: true as const };
  const several = {
    ...plan,
    metadata: { ...plan.metadata, name: "payments-prod and 1 more" },
    clusters: [first!, second],
  };

  it("begins and ends with what they come to together, and has a row for each", () => {
    const text = renderPlan(several, OPTIONS);
    expect(text).toMatch(/^Migration plan: payments-prod and 1 more/);
    for (const part of [text.slice(0, 1500), section(text, "\nNext\n", NEXT)]) {
      expect(part).toContain("Clusters   2, up to 5 at a time");
      expect(part).toContain("Blocked    1 of 2: this plan cannot be applied");
    }
    expect(text).toMatch(/\norders-prod in .* BLOCKED +\d/);
  });

  it("does so as Markdown and as HTML", () => {
    const options = { hash: HASH, nextCommand: NEXT };
    expect(renderPlanMarkdown(several, options)).toContain("| Cluster | Changes | Nodes drained |");
    expect(renderPlanHtml(several, options)).toContain("1 of 2: this plan cannot be applied");
  });
});

describe("the dry-run report as Markdown", () => {
  const report = renderPlanMarkdown(buildPlan(), { hash: HASH, nextCommand: NEXT });

  it("has every right with its full scope and its reason", () => {
    const rows = report.split("\n").filter((line) => line.startsWith("|") && line.includes(SUBNET));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain("Network Contributor");
    expect(rows[0]).toContain("The control plane joins nodes and load balancers to this subnet.");
  });

  it("has the point of no return right before its step, and ends with the next command", () => {
    expect(report).toMatch(/POINT OF NO RETURN.*\n\n### 4\. Enable managed identity/);
    expect(report.trimEnd().endsWith(`\`\`\`sh\n${NEXT}\n\`\`\``)).toBe(true);
  });

  it("masks subscriptions but still tells them apart", () => {
    const masked = renderPlanMarkdown(buildPlan(), { hash: HASH, nextCommand: NEXT, mask: true });
    expect(masked).not.toMatch(/11111111|22222222/);
    expect(masked).toContain("registry acrshared \\(rg-shared, subscription subscription-2\\)");
  });

  it("shows markup from a plan file literally", () => {
    const plan = buildPlan();
    plan.clusters[0]!.findings[0]!.seen = "<img src=x> | [click](http://evil)";
    const line = renderPlanMarkdown(plan, { hash: HASH, nextCommand: NEXT })
      .split("\n")
      .find((row) => row.includes("ID003"));
    expect(line).toContain("\\<img src=x\\> \\| \\[click\\]\\(http://evil\\)");
  });
});
