import type { Azure } from "../src/azure/azure.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { propagationStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { GrantFacts } from "../src/migration/held-grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Waits until the rights of principals that exist only after the switch work, before any node depends on them. */
export function awaitKubeletPropagation(
  migration: Migration,
  grants: readonly Grant[],
  gaps: readonly Change[],
  azure: Azure,
): Step<GrantFacts, Change> {
  return propagationStep({
    id: "await-kubelet-propagation",
    azure,
    migration,
    grants,
    gaps,
  });
}
