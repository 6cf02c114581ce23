import { expect, test } from "vitest";
import { HOUR_MS } from "../../src/engine/clock.ts";
import { PATHS } from "../../src/plan/schema.ts";
import type { PlanRequest } from "../../src/planning/make-plan.ts";
import { Lab } from "../support/lab.ts";
import { applyAndTell, rehearse } from "./support.ts";

interface Case {
  readonly path: string;
  readonly name: string;
  readonly scenario: string;
  readonly request: Partial<PlanRequest>;
  readonly drains: number;
  /** Migrated already when the plan is made. */
  readonly migrated?: true;
}

const CASES: readonly Case[] = [
  {
    path: "service-principal-to-user-assigned",
    name: "with an own kubelet identity",
    scenario: "demo",
    request: {},
    drains: 9,
  },
  {
    path: "service-principal-to-user-assigned",
    name: "with the kubelet identity that AKS makes",
    scenario: "demo",
    request: { kubeletIdentity: "aks" },
    drains: 9,
  },
  {
    path: "service-principal-to-user-assigned",
    name: "of forty nodes",
    scenario: "production",
    // Its maintenance window is shut on most days, and where the update re-images no node the run would pause for it.
    request: { ignoredChecks: ["RD008"] },
    drains: 40,
  },
  {
    path: "service-principal-to-system-assigned",
    name: "in a network that AKS made",
    scenario: "kubenet-plain",
    request: { to: "system-assigned" },
    drains: 3,
  },
  {
    path: "system-assigned-to-user-assigned",
    name: "that keeps its kubelet identity",
    scenario: "system-assigned",
    request: {},
    drains: 0,
  },
  {
    path: "system-assigned-to-user-assigned",
    name: "with an own kubelet identity",
    scenario: "system-assigned",
    request: { kubeletIdentity: "id-own-kubelet" },
    drains: 5,
  },
  {
    path: "finish-node-migration",
    name: "of one pool that was left behind",
    scenario: "half-migrated",
    request: {},
    drains: 4,
  },
  {
    path: "replace-kubelet-identity",
    name: "of a cluster that was migrated before",
    scenario: "kubenet-plain",
    request: { kubeletIdentity: "id-next-kubelet" },
    drains: 3,
    migrated: true,
  },
  {
    path: "user-assigned-to-user-assigned",
    name: "of a cluster that was migrated before",
    scenario: "kubenet-plain",
    request: { controlPlaneIdentity: "id-next" },
    drains: 0,
    migrated: true,
  },
];

test.each(CASES)("$path $name: a rehearsal tells beforehand what apply then does", async (which) => {
  const lab = await Lab.open({}, which.scenario);
  if (which.migrated) await lab.apply(await lab.plan());
  const plan = await lab.plan(which.request);
  expect(plan.clusters.map(({ path }) => path)).toEqual([which.path]);
  const before = (await lab.requests()).length;
  const rehearsed = await rehearse(lab, plan);
  const asked = (await lab.requests()).slice(before);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(["GET"]));
  expect(rehearsed.through).toBe(true);
  expect(rehearsed.twin.gaps).toEqual([]);

  const applied = await applyAndTell(lab, plan);
  const [cluster] = rehearsed.rehearsals[0]!.clusters;
  expect(cluster!.timeline.filter(({ kind }) => kind === "drain")).toHaveLength(which.drains);
  expect(cluster!.timeline).toEqual(applied.timeline);
  expect(cluster!.end).toEqual(applied.end);
  expect(applied.end.complete).toBe(true);
});

test("each path is rehearsed", () => {
  expect(new Set(CASES.map(({ path }) => path))).toEqual(new Set(PATHS.filter((path) => path !== "none")));
});

test("a migration of 26 hours is rehearsed without its hours passing", async () => {
  const lab = await Lab.open();
  const before = lab.clock.now();
  const { rehearsals } = await rehearse(lab, await lab.plan({ tokenSwitchover: "25h" }));
  expect(rehearsals[0]!.durationMs).toBe(26 * HOUR_MS);
  expect(lab.clock.now()).toEqual(before);
});

test.each([
  { dead: "expired", prepare: expire },
  { dead: "deleted", prepare: remove },
])("a service principal that is $dead is in the twin too, and whether Azure lets the cluster go is among what is open", async ({
  dead,
  prepare,
}) => {
  const lab = await Lab.open();
  await prepare(lab);
  const plan = await lab.plan();
  expect(plan.clusters[0]!.from.servicePrincipal).toMatchObject({ dead });
  const { rehearsals, twin } = await rehearse(lab, plan);
  expect(twin.gaps).toEqual([]);
  const refusing = "Azure refuses every update of a cluster whose service principal is dead";
  expect(rehearsals.filter(({ through }) => !through).map(({ assumption }) => assumption)).toEqual([refusing]);
  const stopped = rehearsals.find(({ assumption }) => assumption === refusing)!.clusters[0]!;
  expect(stopped.outcome).toMatchObject({ kind: "failed", code: "AZURE_ERROR" });
  const { timeline, end } = await applyAndTell(lab, plan);
  expect(rehearsals[0]!.clusters[0]!.timeline).toEqual(timeline);
  expect(rehearsals[0]!.clusters[0]!.end).toEqual(end);
});

const APPLICATION = "c4b7e2d1-0a35-4f8e-8b69-d27f5a1e3c06";

async function expire(lab: Lab): Promise<void> {
  await lab.control("POST", "/_emulator/resources", [
    {
      type: "Microsoft.Graph/applications",
      id: APPLICATION,
      appId: "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25",
      displayName: "sp-aks-payments-prod",
      passwordCredentials: [{ endDateTime: "2026-11-01T00:00:00Z" }],
    },
  ]);
}

async function remove(lab: Lab): Promise<void> {
  const url = `https://graph.microsoft.com/v1.0/applications/${APPLICATION}`;
  await lab.emulator.handle({ method: "DELETE", url, headers: { host: "graph.microsoft.com" } });
}

test.each([
  {
    behaviour: { combinedIdentityUpdate: "refused", identityUpdateReimagesNodes: true },
    assumption:
      "Azure refuses both identities in one update; an update of the control-plane identity re-images the nodes",
  },
  {
    behaviour: { combinedIdentityUpdate: "appliesWithoutRoll" },
    assumption: "the update of both identities re-images no node",
  },
  { behaviour: { reimage: "replacesInstance" }, assumption: "re-imaging replaces instances instead of keeping them" },
])("where $behaviour holds, the rehearsal of it tells what apply then does", async ({ behaviour, assumption }) => {
  const lab = await Lab.open(behaviour);
  const plan = await lab.plan();
  const { rehearsals } = await rehearse(lab, plan);
  const { timeline, end } = await applyAndTell(lab, plan);
  const right = rehearsals.find((rehearsal) => rehearsal.assumption === assumption)!.clusters[0]!;
  expect(right.timeline).toEqual(timeline);
  expect(right.end).toEqual(end);
  expect(rehearsals[0]!.clusters[0]!.timeline).not.toEqual(timeline);
});

test("a migration that was stopped half way is rehearsed from where Azure stands", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  const first = await rehearse(lab, plan);
  const azure = lab.connection.azure();
  const { controlPlaneIdentity } = plan.clusters[0]!.target;
  const subscription = plan.clusters[0]!.id.split("/")[2];
  const id = `/subscriptions/${subscription}/resourceGroups/${controlPlaneIdentity!.resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${controlPlaneIdentity!.name}`;
  await azure.identities.create(id, controlPlaneIdentity!.location);
  const second = await rehearse(lab, plan);
  const creations = ({ rehearsals }: typeof first) =>
    rehearsals[0]!.clusters[0]!.timeline.filter(({ text }) => text.startsWith("create identity"));
  expect(creations(first)).toHaveLength(2);
  expect(creations(second)).toHaveLength(1);
  expect(second.through).toBe(true);
});
