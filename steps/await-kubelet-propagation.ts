import type { Azure } from "../src/azure/azure.ts";
import type { Change } from "../src/engine/step.ts";
import { type GrantStep, propagationStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Waits until the rights of principals that exist only after the switch work, before any node depends on them. */
export function awaitKubeletPropagation(
  migration: Migration,
  grants: readonly Grant[],
  gaps: readonly Change[],
  azure: Azure,
): GrantStep {
  return propagationStep({ id: "await-kubelet-propagation", azure, migration, grants, gaps });
}
