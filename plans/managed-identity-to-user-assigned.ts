import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import { reimagedTwiceGap } from "../src/migration/gaps.ts";
import { controlPlaneGrants, kubeletGrants } from "../src/migration/grants.ts";
import { COMBINED_REFUSED, changesKubeletIdentity, type Migration } from "../src/migration/migration.ts";
import { assignKubeletIdentity } from "../steps/assign-kubelet-identity.ts";
import { assignRoles } from "../steps/assign-roles.ts";
import { attachAcr } from "../steps/attach-acr.ts";
import { awaitKubeletPropagation } from "../steps/await-kubelet-propagation.ts";
import { awaitRolePropagation } from "../steps/await-role-propagation.ts";
import { awaitTokenSwitchover } from "../steps/await-token-switchover.ts";
import { createIdentities } from "../steps/create-identities.ts";
import { enableManagedIdentity } from "../steps/enable-managed-identity.ts";
import { upgradeNodeImages } from "../steps/upgrade-node-images.ts";
import { verifyMigration } from "../steps/verify-migration.ts";

/**
 * The control plane moves between managed identities. Add-ons keep their identities, and so do the nodes unless another
 * kubelet identity is asked for.
 */
export function managedIdentityToUserAssigned(migration: Migration, azure: Azure): AnyStep[] {
  const { clusterId, facts, target } = migration;
  const pull = kubeletGrants(facts);
  const before = [...controlPlaneGrants(clusterId, facts, target), ...(target.kubelet ? pull : [])];
  const rolls = target.kubelet !== undefined && changesKubeletIdentity(migration);
  return [
    createIdentities(migration, target, azure),
    assignRoles(migration, before, azure),
    awaitRolePropagation(migration, before, azure),
    enableManagedIdentity(migration, [], azure),
    ...(rolls ? [assignKubeletIdentity(migration, target.kubelet!, COMBINED_REFUSED, azure)] : []),
    attachAcr(migration, pull, azure),
    awaitKubeletPropagation(migration, pull, [], azure),
    ...(rolls ? [upgradeNodeImages(migration, reimagedTwiceGap(pull), azure)] : []),
    verifyMigration(migration, azure),
    awaitTokenSwitchover(migration, [], azure),
  ];
}
