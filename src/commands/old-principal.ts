import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { formatInstant } from "../engine/clock.ts";
import { type Known, known } from "../engine/known.ts";
import { isFinding } from "../engine/outcome.ts";
import { judgeWorkloads } from "../in-cluster/judge-inside.ts";
import { lookInside } from "../in-cluster/look-inside.ts";
import { readOtherUses } from "../migration/other-uses.ts";
import {
  judgeUse,
  latest,
  type OldPrincipal,
  type PrincipalUse,
  readUse,
  type Use,
  type UseReading,
} from "../migration/principal-use.ts";
import { INSIDE_CHECKS, retireCommands, SIGN_IN_LOG } from "../report/retire-principal.ts";
import type { Departure } from "./departure.ts";

/** What can be said of the principal that a cluster has left, at this moment. */
export interface OldPrincipalReport {
  readonly principal: OldPrincipal;
  readonly switchedAt: Date | undefined;
  readonly use: PrincipalUse;
  /** What the sign-ins tell, in a sentence; undefined where nobody asked for them. */
  readonly signIns: string | undefined;
  /** With no known use: what else speaks against retiring it, or could not be looked at. */
  readonly missing: readonly string[];
  /** How to retire it; empty while anything is missing. */
  readonly commands: readonly string[];
}

/** Looks whether the principal that a cluster has left is still used, and if not, whether anything else speaks against retiring it. */
export async function assessOldPrincipal(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  { principal, switchedAt, quietMs, groups, behind }: Departure,
  { inCluster, now }: { readonly inCluster: boolean; readonly now: Date },
): Promise<OldPrincipalReport> {
  const base = {
    principal,
    switchedAt: switchedAt.known ? switchedAt.value : undefined,
    missing: [],
    commands: [],
  };
  if (!switchedAt.known) return { ...base, use: judgeUse(principal, now, quietMs, switchedAt), signIns: undefined };
  const reading = await readUse(azure, principal, groups, switchedAt.value);
  const signIns = await readSignIns(azure, principal, switchedAt.value);
  const use = judgeAll(principal, switchedAt.value, quietMs, reading, signIns.last, now);
  const { clientId, objectId } = principal;
  if (use.kind !== "none" || !clientId) return { ...base, use, signIns: signIns.seen };
  const others = await readOtherUses(azure, clusterId, cluster, { clientId, objectId });
  const missing = [
    ...others.against,
    ...behind.map((name) => `${name} has not been migrated yet`),
    ...(await findUsesInside(azure, clusterId, cluster, clientId, inCluster)),
  ];
  const commands = missing.length > 0 ? [] : retireCommands({ clientId, objectId, scopes: others.scopes });
  return { ...base, use, signIns: signIns.seen, missing, commands };
}

/** A sign-in counts like a write; where the activity log cannot be read, it can only show that the principal is used. */
function judgeAll(
  principal: OldPrincipal,
  switchedAt: Date,
  quietMs: number,
  reading: Known<UseReading>,
  signIn: Use | undefined,
  now: Date,
): PrincipalUse {
  const judge = (read: Known<UseReading>) => judgeUse(principal, switchedAt, quietMs, read);
  if (!signIn) return judge(reading);
  if (reading.known) return judge(known({ ...reading.value, lastUse: latest([reading.value.lastUse, signIn]) }));
  const bySignIn = judge(known({ from: switchedAt, to: now, groups: [], lastUse: signIn }));
  return bySignIn.kind === "recent" ? bySignIn : judge(reading);
}

/** That the log of sign-ins shows one counts; that it shows none, or may not be read, proves nothing. */
async function readSignIns(
  azure: Azure,
  { clientId }: OldPrincipal,
  since: Date,
): Promise<{ seen: string; last: Use | undefined }> {
  if (!clientId)
    return { seen: "sign-ins are not assessed: those of a managed identity are not listed", last: undefined };
  const look = `look at ${SIGN_IN_LOG}`;
  try {
    const answer = await azure.graph.lastSignIn(clientId, since);
    if (answer.kind === "found") {
      const { at, resource } = answer.value;
      const what = `sign-in to ${resource ?? "a resource without a name"}`;
      return { seen: `its last sign-in was on ${formatInstant(at)} (${what})`, last: { at, what } };
    }
    const seen =
      answer.kind === "denied"
        ? `sign-ins are not assessed: Microsoft Graph does not let you read them (AuditLog.Read.All, and Microsoft Entra ID P1 in the tenant); ${look}`
        : `Microsoft Graph shows no sign-in since the switch, by an API of its beta that proves nothing; ${look}`;
    return { seen, last: undefined };
  } catch (error) {
    return { seen: `sign-ins are not assessed: ${reasonFor(error, "sign-ins")}; ${look}`, last: undefined };
  }
}

/** What uses a service principal inside the cluster, or why that is not known. */
async function findUsesInside(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  clientId: string,
  inCluster: boolean,
): Promise<string[]> {
  if (!inCluster) return ["nobody looked inside the cluster for what uses it (--in-cluster)"];
  return judgeWorkloads(await lookInside(azure, clusterId, cluster, clientId))
    .filter(({ check }) => INSIDE_CHECKS.has(check))
    .map((outcome) => `${outcome.check}: ${isFinding(outcome) ? outcome.seen : outcome.reason}`);
}
