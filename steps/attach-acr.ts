import type { Azure } from "../src/azure/azure.ts";
import { type GrantStep, grantStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/**
 * Lets the kubelet identity pull from the registries: one role assignment each, which is all that `--attach-acr` comes
 * to. An own kubelet identity got them before the switch, and this step only looks again.
 */
export function attachAcr(migration: Migration, grants: readonly Grant[], azure: Azure): GrantStep {
  return grantStep({ id: "attach-acr", azure, migration, grants });
}
