import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import { addonGrants } from "../src/migration/addon-grants.ts";
import { controlPlaneGrants, kubeletGrants } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { assignRoles } from "../steps/assign-roles.ts";
import { attachAcr } from "../steps/attach-acr.ts";
import { awaitKubeletPropagation } from "../steps/await-kubelet-propagation.ts";
import { awaitTokenSwitchover } from "../steps/await-token-switchover.ts";
import { grantAddonRoles } from "../steps/grant-addon-roles.ts";
import { upgradeNodeImages } from "../steps/upgrade-node-images.ts";
import { verifyMigration } from "../steps/verify-migration.ts";

/**
 * The control plane has been switched, by hand or by an interrupted run, and nodes still use the old principal. Whoever
 * switched it with Azure CLI has left most rights behind, so those are looked at first.
 */
export function finishNodeMigration(migration: Migration, azure: Azure): AnyStep[] {
  const { clusterId, cloud, facts, target } = migration;
  const pull = kubeletGrants(facts);
  return [
    assignRoles(migration, controlPlaneGrants(clusterId, facts, target), azure),
    attachAcr(migration, pull, azure),
    grantAddonRoles(migration, addonGrants(clusterId, cloud, facts), azure),
    awaitKubeletPropagation(migration, pull, [], azure),
    upgradeNodeImages(migration, [], azure),
    verifyMigration(migration, azure),
    awaitTokenSwitchover(migration, [], azure),
  ];
}
