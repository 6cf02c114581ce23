import type { Azure } from "../src/azure/azure.ts";
import { type GrantStep, propagationStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Waits until the roles work: up to 60 minutes after each was assigned (AKS documentation), counted from Azure's own dates. */
export function awaitRolePropagation(migration: Migration, grants: readonly Grant[], azure: Azure): GrantStep {
  return propagationStep({ id: "await-role-propagation", azure, migration, grants });
}
