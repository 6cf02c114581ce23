import { isGap, STEP_TITLES } from "../engine/step.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { nameOf } from "./ids.ts";
import type { ApprovalView, ChangeView, ClusterView, RunView } from "./run-view.ts";
import { targetIds } from "./snippets.ts";
import { formatMoment, principalWords } from "./words.ts";

const HOW: Record<ApprovalView["how"], string> = {
  prompt: "typing the cluster's name",
  yes: "--yes",
  hash: "the plan's hash",
};

/** Who approved, as Azure and the machine know them, when, how, and how far. */
function approvalWords({ at, by, account, how, stopsBefore }: ApprovalView): string {
  const who = account ? `${account} (user ${by} of the machine)` : `user ${by} of the machine`;
  const end = stopsBefore ? `, up to "${STEP_TITLES[stopsBefore]}"` : "";
  return `${who}, ${formatMoment(at)}, by ${HOW[how]}${end}`;
}

/** When a run was started, resumed and ended, and who approved it and its undo, as terms with their values. */
export function courseOf(run: RunView): [term: string, value: string][] {
  return [
    ["Started", run.startedAt ? formatMoment(run.startedAt) : "not yet"],
    ["Ended", run.endedAt ? formatMoment(run.endedAt) : "not yet"],
    ...run.resumes.map((at): [string, string] => ["Resumed", formatMoment(at)]),
    ...run.approvals.map((approval): [string, string] => ["Approved", approvalWords(approval)]),
    ...run.undoApprovals.map((approval): [string, string] => ["Undo approved", approvalWords(approval)]),
  ];
}

/** One user of an identity, before and after. */
export interface IdentityRow {
  readonly user: string;
  readonly before: string;
  readonly after: string;
  /** Resource id of the new one, where it has one of its own. */
  readonly afterId?: string | undefined;
}

/** Which identities a cluster used, and is to use. */
export function listIdentities(cluster: ClusterPlan, view: ClusterView): IdentityRow[] {
  const { facts, from, target } = cluster;
  const ids = targetIds(cluster, view);
  const old = from.servicePrincipal && `service principal ${from.servicePrincipal.clientId}`;
  const assigned = facts.identity.userAssigned.map(nameOf).join(", ");
  const managed = /userassigned/i.test(facts.identity.type) ? assigned : "system-assigned identity";
  return [
    {
      user: "Control plane",
      before: cluster.path === "finish-node-migration" ? managed : (old ?? managed),
      after: target.controlPlaneIdentity?.name ?? "system-assigned identity",
      afterId: ids.controlPlane,
    },
    {
      user: "Nodes (kubelet)",
      before: facts.kubeletIdentity ? nameOf(facts.kubeletIdentity) : (old ?? "identity made by AKS"),
      after: target.kubeletIdentity?.name ?? "identity made by AKS",
      afterId: ids.kubelet,
    },
  ];
}

/** A right of the plan, and what became of it. */
export interface RightRow {
  readonly principal: string;
  readonly role: string;
  readonly scope: string;
  readonly change: ChangeView;
}

/** Every right of the plan, with its reason and state. */
export function listRights(cluster: ClusterPlan, view: ClusterView): RightRow[] {
  return changesOf(view).flatMap((change) => {
    const key = parseRoleKey(change.key);
    return key ? [{ principal: principalWords(key.who, cluster), role: key.role, scope: key.scope, change }] : [];
  });
}

/** Times in which a principal was without its rights, as the plan announced them. */
export function listGaps(view: ClusterView): ChangeView[] {
  return changesOf(view).filter(isGap);
}

/** A node, or the nodes of a pool whose names are not known, and when they were seen re-imaged. */
export interface NodeRow {
  readonly pool: string;
  readonly node: string;
  readonly at: string;
}

/** Nodes that were drained and re-imaged, and when that was seen. */
export function listNodes(view: ClusterView): NodeRow[] {
  return view.steps.flatMap(({ pools }) =>
    pools.flatMap(({ pool, names, reimaged, before, nodes, at }) => {
      const rows = names.map(({ name, at: seen }) => ({ pool, node: name, at: seen }));
      const unnamed = reimaged - before - names.length;
      const rest = { pool, node: names.length > 0 ? `${unnamed} more` : `${unnamed} of ${nodes} nodes`, at };
      return unnamed > 0 ? [...rows, rest] : rows;
    }),
  );
}

/** The changes that were written, with Azure's own ids for them. */
export function listWrites(view: ClusterView): ChangeView[] {
  return changesOf(view).filter((change) => !isGap(change) && (change.startedAt || change.resourceId));
}

function changesOf(view: ClusterView): ChangeView[] {
  return view.steps.flatMap(({ changes }) => changes);
}
