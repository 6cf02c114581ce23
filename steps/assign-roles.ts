import type { Azure } from "../src/azure/azure.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { grantStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { GrantFacts } from "../src/migration/held-grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Gives the new identities their rights before the switch: `az aks update` gives them none of these. */
export function assignRoles(migration: Migration, grants: readonly Grant[], azure: Azure): Step<GrantFacts, Change> {
  return grantStep({ id: "assign-roles", azure, migration, grants });
}
