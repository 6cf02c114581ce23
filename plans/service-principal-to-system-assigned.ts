import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import { addonGrants } from "../src/migration/addon-grants.ts";
import { controlPlaneGap, deadPrincipalGap, kubeletGap } from "../src/migration/gaps.ts";
import { controlPlaneGrants, kubeletGrants } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { attachAcr } from "../steps/attach-acr.ts";
import { awaitKubeletPropagation } from "../steps/await-kubelet-propagation.ts";
import { awaitTokenSwitchover } from "../steps/await-token-switchover.ts";
import { enableManagedIdentity } from "../steps/enable-managed-identity.ts";
import { grantAddonRoles } from "../steps/grant-addon-roles.ts";
import { upgradeNodeImages } from "../steps/upgrade-node-images.ts";
import { verifyMigration } from "../steps/verify-migration.ts";

/** From a service principal to the system-assigned identity, which exists only from the switch on: so do all its rights. */
export function servicePrincipalToSystemAssigned(migration: Migration, azure: Azure): AnyStep[] {
  const { clusterId, cloud, facts, target } = migration;
  const pull = kubeletGrants(facts);
  const own = controlPlaneGrants(clusterId, facts, target);
  return [
    enableManagedIdentity(migration, own, azure),
    attachAcr(migration, pull, azure),
    grantAddonRoles(migration, addonGrants(clusterId, cloud, facts), azure),
    awaitKubeletPropagation(migration, [...own, ...pull], [...controlPlaneGap(own), ...kubeletGap(pull)], azure),
    upgradeNodeImages(migration, [], azure),
    verifyMigration(migration, azure),
    awaitTokenSwitchover(migration, deadPrincipalGap(migration), azure),
  ];
}
