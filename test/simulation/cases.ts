import type { Behaviour } from "../../src/emulator/behaviour.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import type { PathId } from "../../src/plan/schema.ts";
import type { PlanRequest } from "../../src/planning/make-plan.ts";
import { copyOfScenario } from "../support/scenarios.ts";

/** One migration that is crashed everywhere and run under faults: each path, and each way that a path can go. */
export interface MigrationCase {
  readonly name: string;
  readonly path: PathId;
  readonly scenario: string;
  readonly request: Partial<PlanRequest>;
  readonly behaviour?: Partial<Behaviour>;
  /** The scenario's cluster is half migrated; here its nodes have all been re-imaged already. */
  readonly finished?: boolean;
}

/** A plan for several clusters, which are worked on side by side: what they are follows from the simulation's seed. */
export const FLEET: FleetCase = {
  name: "a fleet of clusters on every kind of identity",
  clusters: 3,
  subscriptions: 2,
};

/** Clusters made by the emulator, as many as are asked for. */
export interface FleetCase {
  readonly name: string;
  readonly clusters: number;
  readonly subscriptions: number;
}

/** Every case; together they take every step of every path. */
export const CASES: readonly MigrationCase[] = [
  {
    name: "service principal to own identities, in one update",
    path: "service-principal-to-user-assigned",
    scenario: "demo",
    request: {},
  },
  {
    name: "service principal to own identities, nodes upgraded pool by pool",
    path: "service-principal-to-user-assigned",
    scenario: "demo",
    request: {},
    behaviour: { combinedIdentityUpdate: "appliesWithoutRoll" },
  },
  {
    name: "service principal to own identities, in two updates",
    path: "service-principal-to-user-assigned",
    scenario: "demo",
    request: {},
    behaviour: { combinedIdentityUpdate: "refused" },
  },
  {
    name: "service principal to an own identity and the kubelet identity AKS makes",
    path: "service-principal-to-user-assigned",
    scenario: "demo",
    request: { kubeletIdentity: "aks" },
  },
  {
    name: "service principal to the system-assigned identity",
    path: "service-principal-to-system-assigned",
    scenario: "azure-cni",
    request: { to: "system-assigned" },
    behaviour: { newerNodeImage: true },
  },
  {
    name: "system-assigned to an own identity",
    path: "system-assigned-to-user-assigned",
    scenario: "system-assigned",
    request: {},
  },
  {
    name: "system-assigned to own identities, kubelet too",
    path: "system-assigned-to-user-assigned",
    scenario: "system-assigned",
    request: { kubeletIdentity: "id-web-kubelet" },
  },
  {
    name: "one own identity to another",
    path: "user-assigned-to-user-assigned",
    scenario: "half-migrated",
    request: { controlPlaneIdentity: "id-billing-next" },
    finished: true,
  },
  {
    name: "own identities to others, kubelet too",
    path: "user-assigned-to-user-assigned",
    scenario: "half-migrated",
    request: { controlPlaneIdentity: "id-billing-next", kubeletIdentity: "id-billing-next-kubelet" },
    finished: true,
  },
  {
    name: "one kubelet identity to another",
    path: "replace-kubelet-identity",
    scenario: "half-migrated",
    request: { kubeletIdentity: "id-billing-next-kubelet" },
    finished: true,
  },
  {
    name: "nodes of a half-migrated cluster",
    path: "finish-node-migration",
    scenario: "half-migrated",
    request: {},
  },
];

/** True for a case with more than one cluster. */
export function isFleet(migration: MigrationCase | FleetCase): migration is FleetCase {
  return "clusters" in migration;
}

/** The scenario of a case, a copy of its own each time: the model keeps what it is given. */
export async function scenarioOf(migration: MigrationCase | FleetCase): Promise<Scenario> {
  if (isFleet(migration)) {
    const { clusters, subscriptions } = migration;
    return { behaviour: {}, generate: { clusters, subscriptions }, resources: [] };
  }
  const scenario = await copyOfScenario(migration.scenario);
  if (migration.finished) for (const resource of scenario.resources) forgetOldPools(resource["_emulator"]);
  return { ...scenario, behaviour: { ...scenario.behaviour, ...migration.behaviour } };
}

function forgetOldPools(mark: unknown): void {
  if (typeof mark === "object" && mark !== null) Reflect.deleteProperty(mark, "poolsOnServicePrincipal");
}
