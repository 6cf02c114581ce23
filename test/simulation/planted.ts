import type { Azure } from "../../src/azure/azure.ts";
import { AzureError } from "../../src/azure/errors.ts";
import type { RoleAssignment } from "../../src/azure/roles.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import type { Site } from "./site.ts";

/** Bugs that are planted on purpose, to show that the simulation finds their like. */
export const PLANTED_BUGS = ["forgetsRoleAssignmentExists", "restartsDeadlines", "forgetsIfMatch"] as const;

export type PlantedBug = (typeof PLANTED_BUGS)[number];

/** A process with a bug in it: what stands between its steps and Azure, and what becomes of its requests. */
export interface Planted {
  wrap(azure: Azure): Azure;
  bend(request: WireRequest): WireRequest;
  /** Told each answer of Azure. */
  see(response: WireResponse): void;
}

/** Plants a bug into one process. Without a bug nothing is changed. */
export function plant(bug: PlantedBug | undefined, site: Site): Planted {
  const bornAt = site.clock.now();
  let taken = 0;
  return {
    wrap(azure) {
      if (bug === "forgetsRoleAssignmentExists")
        return { ...azure, roles: { ...azure.roles, assign: assignOnce(azure, () => taken) } };
      if (bug === "restartsDeadlines")
        return { ...azure, roles: { ...azure.roles, ...countingFromNow(azure, bornAt) } };
      return azure;
    },
    see(response) {
      if (response.body.includes('"RoleAssignmentExists"')) taken += 1;
    },
    bend(request) {
      if (bug !== "forgetsIfMatch") return request;
      const { "if-match": _, ...headers } = request.headers;
      return { ...request, headers };
    },
  };
}

/** Takes an assignment that is there under another name for a failure. */
function assignOnce(azure: Azure, taken: () => number): Azure["roles"]["assign"] {
  return async (grant) => {
    const before = taken();
    const made = await azure.roles.assign(grant);
    if (taken() === before) return made;
    throw new AzureError(
      "AZURE_ERROR",
      409,
      "RoleAssignmentExists",
      "The role assignment already exists.",
      "Look at it.",
    );
  };
}

/** Lets the wait for a role count from the beginning of the process instead of Azure's own date. */
function countingFromNow(azure: Azure, bornAt: Date): Pick<Azure["roles"], "listForPrincipal"> {
  const later = (held: RoleAssignment): RoleAssignment =>
    held.since && held.since < bornAt && bornAt.getTime() - held.since.getTime() < 3_600_000
      ? { ...held, since: bornAt }
      : held;
  return {
    listForPrincipal: async (subscription, principalId) =>
      (await azure.roles.listForPrincipal(subscription, principalId)).map(later),
  };
}
