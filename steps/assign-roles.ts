import type { Azure } from "../src/azure/azure.ts";
import { type GrantStep, grantStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Gives the new identities their rights before the switch: `az aks update` gives them none of these. */
export function assignRoles(migration: Migration, grants: readonly Grant[], azure: Azure): GrantStep {
  return grantStep({ id: "assign-roles", azure, migration, grants });
}
