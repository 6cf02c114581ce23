import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderPlanHtml } from "../../src/report/plan-html.ts";
import { renderPlanMarkdown } from "../../src/report/plan-markdown.ts";
import { renderRunHtml } from "../../src/report/run-html.ts";
import { renderRunJson } from "../../src/report/run-json.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { listSnippets, targetIds } from "../../src/report/snippets.ts";
import { repeated } from "../support/repeated.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, KUBELET_ID, REGISTRY, SUBNET } from "./fixtures.ts";
import { FINISHED, INTERRUPTED } from "./run-fixtures.ts";

const plan = buildPlan();
const finished = foldEvents(plan, FINISHED);
const OLD_CLIENT = "aaaaaaaa-0000-4000-8000-000000000001";
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

describe("what is left to do", () => {
  /** The finished run, with what the activity log told at its end. */
  function ended(use: Partial<Event & { type: "principal:use" }>, of: MigrationPlan = lookedInside) {
    const told = { type: "principal:use", use: "none", seen: "Nothing was written.", otherUses: [], ...use } as const;
    return renderRunMarkdown(
      of,
      foldEvents(of, [...FINISHED, ...buildEvents(["23T09:00:20", "await-token-switchover", told as never])]),
      HASH,
    );
  }
  const lookedInside = { ...plan, settings: { ...plan.settings, inCluster: true as const } };

  it("is, where nothing is known to use the old principal, to retire it by commands that are printed, not run", () => {
    const text = ended({});
    expect(text).toContain("Nothing was written. Disabling can be taken back at once");
    expect(text).toContain(`az ad sp update --id ${OLD_CLIENT} --set accountEnabled=false`);
    expect(text).toContain("az role assignment delete --assignee");
    expect(text).toContain("--scope /subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/MC_");
    expect(text.indexOf("accountEnabled=false")).toBeLessThan(text.indexOf("az ad app delete"));
    expect(text).not.toContain("aks-mi resume");
  });

  it.each([
    ["it was used not long ago", { use: "recent", seen: "It wrote at nine." }, "It wrote at nine."],
    [
      "it is too early",
      { use: "too-early", seen: "Known at noon.", knownAt: "2026-11-23T12:00:00Z" },
      "Known at noon.",
    ],
    ["the log may not be read", { use: "not-assessed", seen: "You may not read it." }, "You may not read it."],
    ["another cluster uses it", { otherUses: ["ID005: it is also used by billing"] }, "also used by billing."],
  ] as const)("is, where %s, to keep it and to look again, and no command removes anything", (_, use, missing) => {
    const text = ended(use);
    expect(text).toContain(missing);
    expect(text).toContain(`aks-mi verify --id ${CLUSTER} --in-cluster`);
    expect(text).not.toMatch(/accountEnabled=false|assignment delete|app delete/);
  });

  it("is to look again in the cloud of the plan, where it is not the one that everybody means", () => {
    const elsewhere = { ...plan, metadata: { ...plan.metadata, cloud: "AzureUSGovernment" as const } };
    expect(ended({}, elsewhere)).toContain(`aks-mi verify --id ${CLUSTER} --in-cluster --cloud AzureUSGovernment`);
    expect(ended({}, plan)).not.toContain("--cloud");
  });

  it("is to keep the old principal, where nobody looked inside the cluster, or something there uses it", () => {
    expect(ended({}, plan)).toContain("Nobody looked inside the cluster for what uses it");
    expect(ended({}, plan)).not.toContain("app delete");
    const seen = "the old client id stands in Secret shop/dns";
    const found = buildPlan({ findings: [{ check: "WK002", severity: "high", seen, remedy: "" }] });
    expect(ended({}, { ...found, settings: lookedInside.settings })).toContain(`WK002: ${seen}.`);
    expect(ended({}, { ...found, settings: lookedInside.settings })).not.toContain("app delete");
  });

  it("is to let others use the new identities, and to protect these from deletion", () => {
    const text = ended({});
    for (const name of ["id-payments-prod", "id-payments-prod-kubelet"]) {
      expect(text).toContain(`az lock create --name keep-${name} --lock-type CanNotDelete --resource /subscriptions/`);
      expect(text).toMatch(new RegExp(`"Managed Identity Operator" .* --scope \\S+/${name}\\n`));
    }
    const unfinished = renderRunMarkdown(plan, foldEvents(plan, FINISHED.slice(0, 6)), HASH);
    expect(unfinished).not.toContain("az lock create");
    const systemAssigned = buildPlan({ target: {} });
    expect(ended({}, { ...systemAssigned, settings: lookedInside.settings })).not.toContain("az lock create");
  });

  it("is to keep the old principal, where another cluster of the plan has not got so far", () => {
    const [first] = lookedInside.clusters;
    const two = { ...lookedInside, clusters: [first!, { ...first!, id: `${CLUSTER}-2` }] };
    expect(ended({}, two)).toContain("payments-prod-2 has not been migrated yet.");
    expect(ended({}, two)).not.toContain("app delete");
  });

  it("is, after a run that told nothing of its use, to look first", () => {
    const text = renderRunMarkdown(lookedInside, foldEvents(lookedInside, FINISHED), HASH);
    expect(text).toContain("Nobody looked whether it is still used.");
    expect(text).not.toContain("app delete");
  });

  it("is, until the token switchover is over, to keep the old principal valid", () => {
    const waiting = renderRunMarkdown(plan, foldEvents(plan, FINISHED.slice(0, -2)), HASH);
    expect(waiting).toContain("Until 23 Nov 09:00 UTC, when the token switchover is over, payments-prod may use it");
    expect(renderRunMarkdown(plan, foldEvents(plan, INTERRUPTED), HASH)).toContain("Until 24 h after the switch");
  });

  it("is not to keep a principal valid that is not, and nothing about one that is deleted", () => {
    const dead = (how: "expired" | "deleted") => {
      const [first] = lookedInside.clusters;
      const servicePrincipal = { ...first!.from.servicePrincipal!, dead: how };
      const of = { ...lookedInside, clusters: [{ ...first!, from: { ...first!.from, servicePrincipal } }] };
      return renderRunMarkdown(of, foldEvents(of, FINISHED.slice(0, -2)), HASH);
    };
    expect(dead("expired")).toContain("It is expired and gets no token; until 23 Nov 09:00 UTC components");
    expect(dead("deleted")).toContain("Nothing is to be done about the old service principal");
    for (const how of ["expired", "deleted"] as const)
      expect(dead(how)).not.toContain("Keep the old service principal");
  });

  it("is, after a run that failed, to go on with it", () => {
    const failure = {
      type: "step:failed",
      code: "AZURE_ERROR",
      message: "Azure said no",
      remedy: "Ask again",
    } as const;
    const view = foldEvents(plan, [...INTERRUPTED, ...buildEvents(["08:40:00", "await-role-propagation", failure])]);
    const text = renderRunMarkdown(plan, view, HASH);
    expect(text).toContain("**Failed** (`AZURE_ERROR`): Azure said no.");
    expect(text).toContain("aks-mi resume 20261122-0800-k3f9");
  });
});

describe("the snippets", () => {
  const [terraform, bicep, azureCli] = listSnippets(
    plan.clusters[0]!,
    targetIds(plan.clusters[0]!, finished.clusters[0]),
  );
  const controlPlane = KUBELET_ID.replace("-kubelet", "");

  it("keep Terraform from replacing the cluster", () => {
    expect(terraform!.code).toContain(`identity_ids = ["${controlPlane}"]`);
    expect(terraform!.code).toContain("ignore_changes = [kubelet_identity]");
    expect(terraform!.code).not.toContain("service_principal");
  });

  it("have the client id msi and both identities in Bicep", () => {
    expect(bicep!.code).toContain("servicePrincipalProfile: { clientId: 'msi' }");
    expect(bicep!.code).toContain(`userAssignedIdentities: { '\${controlPlane.id}': {} }`);
    expect(bicep!.code).toContain("resourceId: kubelet.id");
  });

  it("have this cluster's ids in az", () => {
    expect(azureCli!.code).toContain(`az aks show --ids ${CLUSTER}`);
    expect(azureCli!.code).toContain(`--assign-kubelet-identity ${KUBELET_ID}`);
  });

  it("leave out what a system-assigned cluster has not got", () => {
    const cluster = buildPlan({ target: {} }).clusters[0]!;
    const codes = listSnippets(cluster, targetIds(cluster)).map(({ code }) => code);
    expect(codes[0]).toContain('type = "SystemAssigned"');
    expect(codes[1]).not.toMatch(/userAssigned|kubelet/);
    expect(codes[2]).not.toMatch(/--assign/);
  });

  it("quote what a template language would run", () => {
    const id = CLUSTER.replace("payments-prod", `a'\${b}"c`);
    const codes = listSnippets({ ...plan.clusters[0]!, id }, { controlPlane: `${id}/x` }).map(({ code }) => code);
    expect(codes[0]).toContain("a'$${b}\\\"c");
    expect(codes[1]).toContain(`name: 'a\\'\\\${b}"c'`);
    expect(codes[2]).toContain("'\\''");
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

describe("what a report says of the time after the switch", () => {
  const render = (events: readonly Event[], of = plan) => renderRunMarkdown(of, foldEvents(of, events), HASH);

  it("is a plan as long as the nodes are not seen on their new identity, and then a fact", () => {
    const before = render(INTERRUPTED);
    expect(before).toContain("| For | Before | After, as planned |");
    expect(before).toContain("After the switch, a deployment of the old code asks for the service principal again");
    const after = render(FINISHED);
    expect(after).toContain("| For | Before | After |");
    expect(after).toContain("A deployment of the old code asks for the service principal again");
  });

  it("speaks of a service principal only where there was one", () => {
    const [cluster] = plan.clusters;
    const { servicePrincipal: _, ...from } = cluster!.from;
    const managed = { ...plan, clusters: [{ ...cluster!, from }] };
    const report = render(FINISHED, managed);
    expect(report).toContain("A deployment of the old code asks for the old identity again");
    expect(report).not.toContain("Remove the service");
    expect(render(FINISHED)).toContain("Remove the service");
  });
});
