import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, OLD_CLIENT, REFUSED } from "./fixtures.ts";
import { FINISHED, INTERRUPTED } from "./run-fixtures.ts";

const plan = buildPlan();

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
    const view = foldEvents(plan, [...INTERRUPTED, ...buildEvents(["08:40:00", "await-role-propagation", REFUSED])]);
    const text = renderRunMarkdown(plan, view, HASH);
    expect(text).toContain("**Failed** (`AZURE_ERROR`): Azure said no.");
    expect(text).toContain("aks-mi resume 20261122-0800-k3f9");
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
