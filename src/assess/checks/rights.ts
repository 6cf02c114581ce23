import { isWithin, parseResourceId } from "../../azure/ids.ts";
import { kubeletIdentityOf, userAssignedIdsOf } from "../../azure/managed-cluster.ts";
import { judgeRegistries } from "../../in-cluster/judge-inside.ts";
import { isHostOf } from "../../in-cluster/workloads.ts";
import { addonGrants } from "../../migration/addon-grants.ts";
import { judgeAssignmentCount } from "../../migration/assignment-limit.ts";
import { PULL_ACTION, PULL_DATA_ACTION } from "../../migration/built-in-roles.ts";
import { controlPlaneGrants, describe, type Grant } from "../../migration/grants.ts";
import type { PlannedIdentity } from "../../migration/migration.ts";
import { LINKS } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import type { ClusterReading, Holder } from "../reading.ts";
import { rightsFor } from "../rights.ts";

/** A kind of resource that the control plane needs rights on, and what it does there (AKS documentation of its permissions). */
interface Need {
  readonly type: string;
  readonly check: string;
  /** The role that is for it, where several are given on such a resource. */
  readonly role?: string;
  /** All of these; of several in one place any will do. */
  readonly actions: readonly (string | readonly string[])[];
  readonly dataAction?: boolean;
}

const NEEDS: readonly Need[] = [
  {
    type: "Microsoft.Network/virtualNetworks/subnets",
    check: "RB001",
    actions: [
      "Microsoft.Network/virtualNetworks/subnets/join/action",
      "Microsoft.Network/virtualNetworks/subnets/read",
    ],
  },
  {
    type: "Microsoft.Network/routeTables",
    check: "RB002",
    actions: [
      ["Microsoft.Network/routeTables/routes/write", "Microsoft.Network/routeTables/write"],
      ["Microsoft.Network/routeTables/routes/read", "Microsoft.Network/routeTables/read"],
    ],
  },
  {
    type: "Microsoft.Network/networkSecurityGroups",
    check: "RB003",
    actions: ["Microsoft.Network/networkSecurityGroups/write", "Microsoft.Network/networkSecurityGroups/read"],
  },
  { type: "Microsoft.Network/privateDnsZones", check: "RB004", actions: ["Microsoft.Network/privateDnsZones/A/write"] },
  {
    type: "Microsoft.Network/virtualNetworks",
    check: "RB004",
    actions: ["Microsoft.Network/virtualNetworks/join/action"],
  },
  {
    type: "Microsoft.Network/publicIPAddresses",
    check: "RB005",
    actions: ["Microsoft.Network/publicIPAddresses/join/action", "Microsoft.Network/publicIPAddresses/read"],
  },
  {
    type: "Microsoft.Network/publicIPPrefixes",
    check: "RB005",
    actions: ["Microsoft.Network/publicIPPrefixes/join/action", "Microsoft.Network/publicIPPrefixes/read"],
  },
  {
    type: "Microsoft.Compute/diskEncryptionSets",
    check: "RB006",
    actions: ["Microsoft.Compute/diskEncryptionSets/read"],
  },
  {
    type: "Microsoft.Compute/proximityPlacementGroups",
    check: "RB008",
    actions: ["Microsoft.Compute/proximityPlacementGroups/write"],
  },
  { type: "Microsoft.Compute/hostGroups", check: "RB008", actions: ["Microsoft.Compute/hostGroups/write"] },
  {
    type: "Microsoft.Compute/capacityReservationGroups",
    check: "RB008",
    actions: ["Microsoft.Compute/capacityReservationGroups/deploy/action"],
  },
  {
    type: "Microsoft.KeyVault/vaults",
    check: "RB009",
    role: "Key Vault Contributor",
    actions: ["Microsoft.KeyVault/vaults/privateEndpointConnectionsApproval/action"],
  },
  {
    type: "Microsoft.KeyVault/vaults",
    check: "RB009",
    actions: ["Microsoft.KeyVault/vaults/keys/encrypt/action", "Microsoft.KeyVault/vaults/keys/decrypt/action"],
    dataAction: true,
  },
  {
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    check: "ID012",
    actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"],
  },
];

/**
 * RB001 to RB006, RB008, RB009 and ID012: what the control plane's managed identity lacks on the resources that the cluster names.
 * On a service principal this is no finding: the migration gives the new identity these rights.
 */
export function checkControlPlaneRights({ id, cluster, facts, controlPlane }: ClusterReading): Outcome[] {
  if (!controlPlane) return [];
  const own = userAssignedIdsOf(cluster)[0];
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  const target = { controlPlane: own ? planned(own) : undefined, kubelet: kubelet ? planned(kubelet) : undefined };
  const grants = controlPlaneGrants(id, { ...facts, heldRoles: [] }, target);
  const outcomes = grants.flatMap((grant) => {
    const type = parseResourceId(grant.on ?? grant.scope)?.type.toLowerCase() ?? "";
    const need = NEEDS.find(
      (candidate) => candidate.type.toLowerCase() === type && (candidate.role ?? grant.role) === grant.role,
    );
    return need ? missing(controlPlane, grant, need) : [];
  });
  return facts.kms && !facts.kms.vault ? [...outcomes, { check: "RB009", reason: VAULT_NOT_NAMED }] : outcomes;
}

const VAULT_NOT_NAMED = "etcd is encrypted with a key of a vault that the cluster names by its address alone";

function missing(holder: Holder, grant: Grant, need: Need): Outcome[] {
  const { items, gap } = holder.rights;
  const kind = need.dataAction ? "data action" : "action";
  const on = grant.on ?? grant.scope;
  const lacking = need.actions
    .map((action) => [action].flat())
    .filter((any) => !any.some((action) => rightsFor(items, on, action, kind).length > 0));
  if (lacking.length === 0) return [];
  const where = on.split("/").at(-1)!;
  if (gap !== undefined) return [{ check: need.check, reason: `${where}: ${gap}` }];
  if (need.check === "RB009" && need.dataAction)
    return [{ check: need.check, reason: `${where}: no role gives it, and access policies of vaults are not read` }];
  return [
    {
      check: need.check,
      severity: "high",
      seen: `the ${describe(grant.who)} may not do ${lacking.map(([first]) => first).join(", ")} on ${where}: ${grant.reason}`,
      remedy: `Assign it ${grant.role} on ${grant.scope}; it takes up to an hour to work.`,
      link: LINKS.permissions,
    },
  ];
}

function planned(id: string): PlannedIdentity {
  const { name, resourceGroup } = parseResourceId(id)!;
  return { id, name, resourceGroup, location: "" };
}

/** What add-on roles are for, by the role. */
const ADDON_ACTIONS: Readonly<Record<string, { readonly action: string; readonly dataAction?: boolean }>> = {
  "Monitoring Metrics Publisher": { action: "Microsoft.Insights/Metrics/Write", dataAction: true },
  "DNS Zone Contributor": { action: "Microsoft.Network/dnsZones/A/write" },
  "Private DNS Zone Contributor": { action: "Microsoft.Network/privateDnsZones/A/write" },
  "Network Contributor": { action: "Microsoft.Network/virtualNetworks/subnets/join/action" },
  Contributor: { action: "Microsoft.Network/virtualNetworks/subnets/join/action" },
};

/** RB010: roles of add-ons' own identities. The CLI assigns them, other clients of Azure have to do it themselves. */
export function checkAddonRights({ id, cloud, facts, addons, controlPlane }: ClusterReading): Outcome[] {
  if (!controlPlane) return [];
  const reading = Object.keys(facts.addons).filter((name) => VAULT_READERS.has(name.toLowerCase()));
  const unread = reading.map((name) => ({
    check: "RB010",
    reason: `${name}: which key vaults it reads, and by which identity, is only known in the cluster`,
  }));
  const outcomes = addonGrants(id, cloud, facts).flatMap((grant) => {
    const holder = addons.get(grant.who.slice("addon:".length).toLowerCase());
    const need = ADDON_ACTIONS[grant.role];
    // An add-on without an identity is AD003.
    if (!holder || !need) return [];
    const action = /\/applicationGateways\//i.test(grant.scope) || isGroup(grant.scope) ? GATEWAY_WRITE : need.action;
    return missing(holder, grant, {
      type: "",
      check: "RB010",
      actions: [action],
      dataAction: need.dataAction ?? false,
    });
  });
  return [...outcomes, ...unread];
}

/** Add-ons that read certificates or secrets from vaults. */
const VAULT_READERS: ReadonlySet<string> = new Set(["azurekeyvaultsecretsprovider", "webapprouting"]);

const GATEWAY_WRITE = "Microsoft.Network/applicationGateways/write";

function isGroup(scope: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+$/i.test(scope);
}

/**
 * RB011 and RB012: what the kubelet identity can pull. Which registries the pods need stands in the cluster, not in Azure;
 * without a look inside only a role that a registry ignores, and pulling through a group, can be seen.
 */
export function checkPullRights({ kubelet, registries, inside }: ClusterReading): Outcome[] {
  if (!kubelet) return [];
  const gap = kubelet.rights.gap ?? registries.gap;
  const outcomes: Outcome[] = inside
    ? judgeRegistries(inside, "high", (host) => mayPull(kubelet, registries, host))
    : [{ check: "RB011", reason: gap ?? "which registries the pods pull from is only known in the cluster" }];
  for (const { id, mode } of registries.items) {
    const name = id.split("/").at(-1);
    const byAction = rightsFor(kubelet.rights.items, id, PULL_ACTION);
    const byRepository = rightsFor(kubelet.rights.items, id, PULL_DATA_ACTION, "data action");
    if (mode === "abac" && byRepository.length === 0 && byAction.some(({ scope }) => isWithin(scope, id))) {
      outcomes.unshift({
        check: "RB011",
        severity: "high",
        seen: `the kubelet identity holds ${byAction[0]!.roleName} on ${name}, which decides per repository and ignores it`,
        remedy: `Assign it Container Registry Repository Reader on ${id}.`,
        link: LINKS.registry,
      });
    }
    const pulling = mode === "abac" ? byRepository : byAction;
    if (pulling.length > 0 && pulling.every(({ through }) => through !== undefined)) {
      outcomes.unshift({
        check: "RB012",
        severity: "medium",
        seen: `the kubelet identity may pull from ${name} only as a member of group ${pulling[0]!.through}`,
        remedy: "Assign the role to the identity itself: changes of groups take many hours to reach its tokens.",
        link: LINKS.registry,
      });
    }
  }
  return outcomes;
}

function mayPull({ rights }: Holder, registries: ClusterReading["registries"], host: string) {
  const registry = registries.items.find(({ id }) => isHostOf(host, id.split("/").at(-1)!));
  if (!registry) return { reason: registries.gap ?? "it is no registry of the cluster's subscription" };
  const held =
    registry.mode === "abac"
      ? rightsFor(rights.items, registry.id, PULL_DATA_ACTION, "data action")
      : rightsFor(rights.items, registry.id, PULL_ACTION);
  if (held.length > 0) return true;
  return rights.gap === undefined ? false : { reason: rights.gap };
}

/** RB015: a migration assigns roles, and a subscription takes only so many; a plan asks the same. */
export function checkAssignmentLimit({ assignmentCount, servicePrincipal }: ClusterReading): Outcome[] {
  return servicePrincipal ? judgeAssignmentCount(assignmentCount, "the subscription") : [];
}
