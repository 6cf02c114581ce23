import type { Event } from "../../src/engine/events.ts";
import { buildEvents, CLUSTER, HASH, KUBELET_ID, REGISTRY } from "./fixtures.ts";

const APPROVED = {
  type: "run:approved",
  planHash: HASH,
  by: "ada",
  account: "ada@contoso.com",
  how: "hash",
} as const;
const PULL = `role:AcrPull@${REGISTRY}→kubelet`;

/** A run that has created, assigned and waited, is killed in the wait, and is taken up again. */
export const INTERRUPTED: Event[] = buildEvents(
  ["08:00:00", undefined, { type: "run:started", planHash: HASH, tool: "aks-mi 0.1.0", resumed: false }],
  ["08:00:00", undefined, APPROVED],
  ["08:00:01", "create-identities", { type: "step:started", title: "Create identities" }],
  ["08:00:02", "create-identities", started("identity:kubelet", "create identity id-payments-prod-kubelet")],
  [
    "08:00:05",
    "create-identities",
    { type: "change:bound", key: "identity:kubelet", resourceId: KUBELET_ID, correlationId: "c0ffee-1", adopted: true },
  ],
  ["08:00:06", "create-identities", { type: "change:applied", key: "identity:kubelet" }],
  ["08:00:07", "create-identities", { type: "step:done", evidence: "both identities exist" }],
  ["08:00:08", "assign-roles", { type: "step:started", title: "Assign roles" }],
  ["08:00:09", "assign-roles", started(PULL, "assign AcrPull on acrshared")],
  [
    "08:00:10",
    "assign-roles",
    { type: "request:retried", request: "PUT roleAssignments", reason: "PrincipalNotFound", delayMs: 5000 },
  ],
  ["08:00:16", "assign-roles", { type: "change:applied", key: PULL }],
  ["08:00:17", "assign-roles", { type: "step:done", evidence: "5 of 5 roles are assigned" }],
  ["08:00:18", "await-role-propagation", { type: "step:started", title: "Wait for role propagation" }],
  [
    "08:00:18",
    "await-role-propagation",
    { type: "step:waiting", reason: "roles take up to 60 minutes to propagate", until: "2026-11-22T09:00:16Z" },
  ],
  ["08:30:00", undefined, { type: "run:started", planHash: HASH, tool: "aks-mi 0.1.0", resumed: true }],
  ["08:30:00", undefined, APPROVED],
  ["08:30:01", "await-role-propagation", { type: "step:started", title: "Wait for role propagation" }],
  [
    "08:30:01",
    "await-role-propagation",
    { type: "step:waiting", reason: "roles take up to 60 minutes to propagate", until: "2026-11-22T09:00:16Z" },
  ],
);

/** The same run, in the middle of re-imaging its nodes. */
export const ROLLING: Event[] = [
  ...INTERRUPTED,
  ...buildEvents(
    ["09:00:16", "await-role-propagation", { type: "step:done", evidence: "the youngest role is 60 min old" }],
    ["09:00:17", "enable-managed-identity", { type: "step:started", title: "Enable managed identity" }],
    ["09:00:18", "enable-managed-identity", started(`switch:${CLUSTER}`, "switch payments-prod")],
    [
      "09:00:20",
      "enable-managed-identity",
      { type: "operation:started", key: `switch:${CLUSTER}`, operation: "op-1", correlationId: "c0ffee-2" },
    ],
    ["09:00:20", "enable-managed-identity", { type: "step:waiting", reason: "Azure is updating the cluster" }],
    ["09:00:20", "enable-managed-identity", { type: "node:progress", pool: "system", reimaged: 0, nodes: 3 }],
    [
      "09:06:17",
      "enable-managed-identity",
      { type: "node:progress", pool: "system", reimaged: 1, nodes: 3, names: ["aks-system-0"] },
    ],
    [
      "09:12:17",
      "enable-managed-identity",
      { type: "node:progress", pool: "system", reimaged: 2, nodes: 3, names: ["aks-system-0", "aks-system-1"] },
    ],
  ),
];

/** The same run to its end. */
export const FINISHED: Event[] = [
  ...ROLLING,
  ...buildEvents(
    [
      "09:18:17",
      "enable-managed-identity",
      { type: "node:progress", pool: "system", reimaged: 3, nodes: 3, names: ["aks-system-2"] },
    ],
    [
      "09:40:00",
      "enable-managed-identity",
      { type: "node:progress", pool: "apps", reimaged: 4, nodes: 4, names: ["aks-apps-0"] },
    ],
    ["09:50:00", "enable-managed-identity", { type: "node:progress", pool: "gpu", reimaged: 2, nodes: 2 }],
    ["09:50:01", "enable-managed-identity", { type: "change:applied", key: `switch:${CLUSTER}` }],
    ["09:50:02", "enable-managed-identity", { type: "step:done", evidence: "the client id is msi" }],
    ["09:50:03", "assign-kubelet-identity", { type: "step:started", title: "Assign kubelet identity" }],
    ["09:50:04", "assign-kubelet-identity", { type: "step:done", evidence: "the cluster has its kubelet identity" }],
    ["09:50:04", "attach-acr", { type: "step:done", evidence: "the kubelet identity can pull from acrshared" }],
    ["09:50:05", "grant-addon-roles", { type: "step:started", title: "Grant add-on roles" }],
    ["09:50:06", "grant-addon-roles", started("gap:addon:omsagent", "container insights sends no metrics")],
    ["09:50:06", "grant-addon-roles", { type: "change:applied", key: "gap:addon:omsagent" }],
    ["09:50:06", "grant-addon-roles", { type: "step:done", evidence: "container insights has its role" }],
    ["09:50:06", "await-kubelet-propagation", { type: "step:done", evidence: "the youngest role is 60 min old" }],
    ["09:50:07", "upgrade-node-images", { type: "step:started", title: "Upgrade node images" }],
    ["09:50:08", "upgrade-node-images", { type: "step:done", evidence: "all 3 pools were re-imaged after the switch" }],
    ["09:50:09", "verify-migration", { type: "step:started", title: "Verify the migration" }],
    ["09:50:12", "verify-migration", { type: "step:done", evidence: "9 of 9 nodes carry the kubelet identity" }],
    ["09:50:13", "await-token-switchover", { type: "step:started", title: "Wait for the token switchover" }],
    [
      "09:50:13",
      "await-token-switchover",
      { type: "step:waiting", reason: "the old token may live on", until: "2026-11-23T09:00:20Z" },
    ],
    ["23T09:00:20", "await-token-switchover", { type: "step:done", evidence: "24 h have passed since the switch" }],
    ["23T09:00:21", undefined, { type: "run:done", changed: true }],
  ),
];

function started(key: string, summary: string) {
  const risk = key.startsWith("switch:") ? "irreversible" : "additive";
  return { type: "change:started", key, summary, risk } as const;
}
