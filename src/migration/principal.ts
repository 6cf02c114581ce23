import type { Azure } from "../azure/azure.ts";
import type { DeletedPrincipal, ServicePrincipal } from "../azure/graph.ts";
import { DAY_MS } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";

/** Why nobody can sign in as a service principal any more. */
export type DeadPrincipal = "expired" | "disabled" | "deleted";

/** What Microsoft Graph says about the service principal that a cluster uses. */
export interface PrincipalReading {
  /** By which its roles are found; a deleted one has it as long as it can be restored. */
  readonly objectId: string | undefined;
  /** Undefined when it can be used, and when that is not known. */
  readonly dead: DeadPrincipal | undefined;
  /** When the application's credentials end, latest first; undefined when that is not known. */
  readonly credentialEnds: readonly Date[] | undefined;
  readonly findings: readonly Finding[];
}

const CREDENTIALS_LINK = "https://learn.microsoft.com/azure/aks/update-credentials";

/** Reads the service principal and when its credentials end. */
export async function readPrincipalState(azure: Azure, clientId: string, now: Date): Promise<PrincipalReading> {
  const answer = await azure.graph.servicePrincipal(clientId);
  if (answer.kind === "denied") return { ...NOTHING_KNOWN, findings: [graphDenied(clientId)] };
  if (answer.kind === "missing") return readDeleted(azure, clientId);
  const { objectId, appId, displayName, enabled } = answer.value;
  const ends = await azure.graph.credentialEnds(appId);
  const disabled = enabled ? [] : [principalDisabled(answer.value)];
  if (ends.kind !== "found" || ends.value.length === 0) {
    const dead = enabled ? undefined : "disabled";
    return { objectId, dead, credentialEnds: undefined, findings: [...disabled, credentialsUnread(displayName)] };
  }
  const isExpired = ends.value[0]! <= now;
  return {
    objectId,
    dead: enabled ? (isExpired ? "expired" : undefined) : "disabled",
    credentialEnds: ends.value,
    findings: [...disabled, ...checkCredentials(displayName, ends.value, now)],
  };
}

const NOTHING_KNOWN = { objectId: undefined, dead: undefined, credentialEnds: undefined } as const;

/** A service principal that is gone: for thirty days its object id, and so its roles, can still be found. */
async function readDeleted(azure: Azure, clientId: string): Promise<PrincipalReading> {
  const bin = await azure.graph.deletedServicePrincipal(clientId);
  const deleted = bin.kind === "found" ? bin.value : undefined;
  const findings = [principalGone(clientId, deleted), ...(deleted ? [] : [rolesUnknown(clientId)])];
  return { ...NOTHING_KNOWN, objectId: deleted?.objectId, dead: "deleted", findings };
}

function graphDenied(clientId: string): Finding {
  return {
    check: "RB013",
    severity: "high",
    seen: `Microsoft Graph does not let you look up the service principal ${clientId}, so the roles that it holds are not known`,
    remedy:
      "Ask for Directory Readers, or name the registries with --registry and give the identities by hand what the cluster needs beyond this plan.",
  };
}

function rolesUnknown(clientId: string): Finding {
  return {
    check: "RB013",
    severity: "high",
    seen: `the roles that the service principal ${clientId} held cannot be found any more: they are filed under an object id that nothing names`,
    remedy:
      "Name the registries with --registry; the plan gives what the cluster's own resources need. Look for assignments of an unknown identity on whatever else it used.",
  };
}

/**
 * When the credentials of a service principal end now, latest first: the part of the above that changes while a run waits.
 * @returns nothing and a finding where that cannot be read
 */
export async function readCredentialEnds(
  azure: Azure,
  clientId: string,
): Promise<{ readonly ends: readonly Date[] | undefined; readonly findings: readonly Finding[] }> {
  // A cluster may name its principal by an identifier URI: then the directory knows the application's id.
  const principal = /^[0-9a-f-]{36}$/i.test(clientId) ? undefined : await azure.graph.servicePrincipal(clientId);
  const ends = await azure.graph.credentialEnds(principal?.kind === "found" ? principal.value.appId : clientId);
  return ends.kind === "found" && ends.value.length > 0
    ? { ends: ends.value, findings: [] }
    : { ends: undefined, findings: [credentialsUnread(clientId)] };
}

function credentialsUnread(name: string): Finding {
  return {
    check: "ID003",
    severity: "info",
    seen: `the credentials of ${name} cannot be read: not assessed`,
    remedy:
      "Ask someone who may when they end: they are needed until the token switchover is over. `az aks update-credentials` rotates them, and re-images the nodes.",
  };
}

/** What a dead service principal means for the cluster, and what to do where Azure does not let go of it. */
const DEAD_REMEDY =
  "The switch is the way out, and until it is through the cluster attaches no disk, changes no load balancer, and pulls no image from a registry.";
const RESET_REMEDY =
  "Should Azure refuse the switch, give the cluster a new secret with `az aks update-credentials --reset-service-principal` (which re-images the nodes), then resume.";

/** ID004: the service principal is not in the directory any more. @param deleted as long as it can be restored */
export function principalGone(clientId: string, deleted?: DeletedPrincipal): Finding {
  const when = deleted?.deletedAt ? ` since ${day(deleted.deletedAt)}` : "";
  return {
    check: "ID004",
    severity: "critical",
    seen: deleted
      ? `the service principal ${clientId} (${deleted.displayName}) has been among the deleted items of the directory${when}`
      : `the service principal ${clientId} is gone from the directory`,
    remedy: deleted
      ? `Restore it (\`az rest --method POST --url ${deleted.restoreUrl}\`) and migrate then, or migrate without it. ${DEAD_REMEDY} ${RESET_REMEDY}`
      : `${DEAD_REMEDY} ${RESET_REMEDY}`,
    link: CREDENTIALS_LINK,
  };
}

/** ID004: an administrator has disabled the service principal, so that it gets no token. */
export function principalDisabled({ displayName }: ServicePrincipal): Finding {
  return {
    check: "ID004",
    severity: "critical",
    seen: `the service principal ${displayName} is disabled in the directory`,
    remedy: `Enable it again until the migration is over. Without that: ${DEAD_REMEDY.slice(0, 1).toLowerCase()}${DEAD_REMEDY.slice(1)}`,
    link: CREDENTIALS_LINK,
  };
}

/**
 * ID003: credentials are the application's, and the latest end decides; earlier ones are shown, for the cluster may hold
 * one of them.
 * @param ends latest first, at least one
 */
export function checkCredentials(displayName: string, ends: readonly Date[], now: Date): Finding[] {
  const latest = ends[0]!;
  const days = Math.floor((latest.getTime() - now.getTime()) / DAY_MS);
  if (days >= 90) return [];
  const name = `the last credential of ${displayName}`;
  const others = ends.length > 1 ? `; earlier ones: ${ends.slice(1).map(day).join(", ")}` : "";
  const expired = latest.getTime() <= now.getTime();
  return [
    {
      check: "ID003",
      severity: days < 30 ? "critical" : "high",
      seen: expired ? `${name} expired on ${day(latest)}${others}` : `${name} expires on ${day(latest)}${others}`,
      remedy: expired
        ? `${DEAD_REMEDY} ${RESET_REMEDY}`
        : "Migrate before that, or rotate it with `az aks update-credentials`, which re-images the nodes.",
      link: CREDENTIALS_LINK,
    },
  ];
}

/**
 * RD015: the control plane may go on using the old principal for hours after the switch, so a credential that ends before
 * the plan does takes the cluster down half way. One that has already ended is no reason to wait: see ID003.
 * @param planEnd when the plan's last wait is expected to be over
 */
export function checkCredentialsOutlast(ends: readonly Date[] | undefined, now: Date, planEnd: Date): Finding[] {
  const latest = ends?.[0];
  if (!latest || latest <= now || latest >= planEnd) return [];
  return [
    {
      check: "RD015",
      severity: "blocker",
      seen: `the old principal's last credential expires on ${day(latest)}, before this plan ends (about ${day(planEnd)})`,
      remedy: "Rotate it first with `az aks update-credentials`, or plan with a shorter --token-switchover.",
      link: CREDENTIALS_LINK,
    },
  ];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
