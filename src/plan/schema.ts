import { z } from "zod";
import { DURATION } from "../engine/clock.ts";
import { RISKS, SEVERITIES, STEP_IDS } from "../engine/step.ts";

/** Controls, and marks that a reviewer would not see: what is approved is what is shown. */
const UNSEEN =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb";
/** A part of an id: nothing that a URL would take for more than a name, and no way up (`.`, `..`). */
const SEGMENT = `(?!\\.{1,2}(?:/|$))[^/?#%\\\\${UNSEEN}]+`;
const GROUP = `/subscriptions/[0-9a-f-]{36}/resourceGroups/${SEGMENT}`;
const RESOURCE_ID = new RegExp(`^${GROUP}/providers/${SEGMENT}(/${SEGMENT}/${SEGMENT})+$`, "i");
const CLUSTER_ID = new RegExp(`^${GROUP}/providers/Microsoft\\.ContainerService/managedClusters/${SEGMENT}$`, "i");
const SCOPE = new RegExp(`^/(${SEGMENT}(/${SEGMENT})*)?$`);

const resourceId = z.string().regex(RESOURCE_ID, "must be the id of an Azure resource (/subscriptions/…/providers/…)");
const anyScope = z.string().regex(SCOPE, "must be an Azure scope (it starts with /)");
const resourceName = z.string().regex(new RegExp(`^${SEGMENT}$`), "must be a name (without /, ?, # and %)");
const guid = z.string().regex(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i, "must be a GUID");
const duration = z.string().regex(DURATION, "must be a duration such as 60m, 24h or 1h30m");
const timestamp = z.iso.datetime({ offset: true });

/** One role on one scope, as the old principal holds it. */
const heldRole = z.strictObject({
  role: z.string(),
  roleDefinitionId: anyScope,
  scope: anyScope,
  /** The group through which the principal holds it, where it is not its own. */
  through: z.string().optional(),
  /** A role of the user's own that lets its holder hand out roles. */
  grantsRoles: z.literal(true).optional(),
  /** It holds under a condition only. */
  conditional: z.literal(true).optional(),
});

/** One registry the nodes pull from. */
const registryFact = z.strictObject({
  id: resourceId,
  /** `abac` registries ignore AcrPull. */
  mode: z.enum(["rbac", "abac"]),
  /** How it came to be here: a role of the old principal, or `--registry`. */
  source: z.string(),
});

const poolFact = z.strictObject({
  name: resourceName,
  type: z.string(),
  osType: z.string(),
  mode: z.string(),
  subnet: resourceId.optional(),
  podSubnet: resourceId.optional(),
  /** Where its nodes are placed: proximity placement group, host group, capacity reservation group. */
  placement: z.array(resourceId).optional(),
});

/** What decides the plan. Live facts are compared with these; counts, tags, states and versions are not among them. */
export const clusterFacts = z.strictObject({
  identity: z.strictObject({ type: z.string(), userAssigned: z.array(resourceId) }),
  clientId: z.string(),
  kubeletIdentity: resourceId.optional(),
  network: z.strictObject({
    nodeResourceGroup: resourceName,
    plugin: z.string().optional(),
    outboundType: z.string().optional(),
    apiServerSubnet: resourceId.optional(),
    /** Route tables of the clusters' own subnets. */
    routeTables: z.array(resourceId),
    /** Network security groups of the clusters' own subnets. */
    securityGroups: z.array(resourceId),
    publicIps: z.array(resourceId),
  }),
  privateDnsZone: resourceId.optional(),
  diskEncryptionSet: resourceId.optional(),
  kms: z
    .strictObject({
      keyId: z.string(),
      vault: resourceId.optional(),
      /** The vault is reached over a private link only. */
      isPrivate: z.literal(true).optional(),
    })
    .optional(),
  addons: z.record(z.string(), z.record(z.string(), z.string())),
  pools: z.array(poolFact),
  /** What the old principal holds outside the node resource group; absent when it could not be read. */
  heldRoles: z.array(heldRole).optional(),
  registries: z.array(registryFact),
});

/** The names that Azure takes for a user-assigned identity (Azure's naming rules for resources). */
export const IDENTITY_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/;

/** A user-assigned identity that a cluster is to use; it is made where it does not exist. */
export const identityTarget = z.strictObject({
  name: z.string().regex(IDENTITY_NAME, "must be 3 to 128 letters, digits, hyphens or underscores"),
  resourceGroup: resourceName,
  location: z.string().min(1),
  /** Only where it is not the cluster's. */
  subscription: guid.optional(),
});

/** A finding as the plan has it, in front of whoever approves it. */
export const finding = z.strictObject({
  check: z.string(),
  severity: z.enum(SEVERITIES),
  seen: z.string(),
  remedy: z.string(),
  link: z.string().optional(),
});

const change = z.strictObject({
  key: z.string().min(1),
  summary: z.string(),
  reason: z.string(),
  risk: z.enum(RISKS),
  drains: z.array(z.string()).optional(),
  nodes: z.int().nonnegative().optional(),
  onlyIf: z.string().optional(),
});

const planStep = z.strictObject({ id: z.enum(STEP_IDS), changes: z.array(change) });

/** What becomes of a right of the old identity: it is in front of the reviewer, whatever it is. */
const right = z.strictObject({
  role: z.string(),
  scope: anyScope,
  /** The group through which the old identity holds it, where it is not its own. */
  through: z.string().optional(),
  decision: z.enum(["kept", "moved", "narrowed", "dropped"]),
  reason: z.string(),
  instead: z.string().optional(),
});

/** The migration paths; `none` for a cluster that is as it was asked for. */
export const PATHS = [
  "service-principal-to-user-assigned",
  "service-principal-to-system-assigned",
  "system-assigned-to-user-assigned",
  "user-assigned-to-user-assigned",
  "replace-kubelet-identity",
  "finish-node-migration",
  "none",
] as const;

/** Everything about one cluster: what it is, what it comes from, where it goes, and every change. */
export const clusterPlan = z.strictObject({
  id: z.string().regex(CLUSTER_ID, "must be the id of a managed cluster (/subscriptions/…/managedClusters/…)"),
  fingerprint: z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hexadecimal digits"),
  facts: clusterFacts,
  path: z.enum(PATHS),
  from: z.strictObject({
    servicePrincipal: z
      .strictObject({
        clientId: z.string(),
        objectId: guid.optional(),
        /** Why nobody can sign in as it any more, where that is so: the cluster cannot act until it is switched. */
        dead: z.enum(["expired", "disabled", "deleted"]).optional(),
      })
      .optional(),
    /** The managed identities that the cluster uses already, where it does. */
    controlPlane: z.strictObject({ resourceId: resourceId.optional(), objectId: guid }).optional(),
    kubelet: z.strictObject({ resourceId, objectId: guid }).optional(),
    location: z.string(),
    pools: z.array(
      z.strictObject({ name: resourceName, nodeImageVersion: z.string().optional(), nodes: z.int().nonnegative() }),
    ),
    /** Set when the switch happened before this plan was made. */
    switchedAt: timestamp.optional(),
  }),
  target: z.strictObject({
    /** Absent: the system-assigned identity. */
    controlPlaneIdentity: identityTarget.optional(),
    /** Absent: the one AKS makes. */
    kubeletIdentity: identityTarget.optional(),
  }),
  blocked: z.boolean().optional(),
  findings: z.array(finding),
  rights: z.array(right),
  steps: z.array(planStep),
});

/** The plan file: what is shown, approved and run. */
export const migrationPlan = z.strictObject({
  apiVersion: z.literal("aks-mi/v1"),
  kind: z.literal("MigrationPlan"),
  metadata: z.strictObject({
    name: z.string().min(1),
    createdAt: timestamp,
    tool: z.string(),
    cloud: z.enum(["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]),
    tenant: z.string(),
    emulator: z.boolean(),
  }),
  settings: z.strictObject({
    rolePropagation: z.strictObject({ wait: duration }),
    tokenSwitchover: z.strictObject({ wait: duration }),
    /** Someone else makes the role assignments: the run waits for them. */
    roleRequests: z.literal(true).optional(),
    /** A pool without a newer node image stops the plan (`--require-node-image`): here and again right before the switch. */
    requireNodeImage: z.literal(true).optional(),
    /** The clusters were looked into (`--in-cluster`): what blocks a drain is looked at again right before the switch. */
    inCluster: z.literal(true).optional(),
    /** Checks whose blockers the user chose to ignore (`--ignore-preflight`): here and again right before the switch. */
    ignoredChecks: z
      .array(z.string().regex(/^[A-Z]{2}\d{3}$/, "must be the id of a check such as RD009"))
      .min(1)
      .optional(),
  }),
  clusters: z.array(clusterPlan).min(1),
});

/** A plan file, read. */
export type MigrationPlan = z.infer<typeof migrationPlan>;
/** One cluster of a plan. */
export type ClusterPlan = z.infer<typeof clusterPlan>;
/** What decides a cluster's plan. */
export type ClusterFacts = z.infer<typeof clusterFacts>;
/** A role that the old identity holds. */
export type HeldRole = z.infer<typeof heldRole>;
/** A registry that the nodes pull from. */
export type RegistryFact = z.infer<typeof registryFact>;
/** An identity that a cluster is to use. */
export type IdentityTarget = z.infer<typeof identityTarget>;
/** What keys a path in plans. */
export type PathId = (typeof PATHS)[number];
