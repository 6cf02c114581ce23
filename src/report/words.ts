import { formatDuration as formatLength, HOUR_MS, MINUTE_MS } from "../engine/clock.ts";
import type { Risk, Severity, StepId } from "../engine/step.ts";
import { RISKS, SEVERITIES } from "../engine/step.ts";
import type { ClusterPlan, MigrationPlan, PathId } from "../plan/schema.ts";
import type { DurationRange } from "./durations.ts";

/** Why each step is there, as Azure's documentation has it. */
export const STEP_REASONS: Record<StepId, string> = {
  "create-identities":
    "An identity that exists before the cluster uses it can have its rights in force before they are needed.",
  "assign-roles":
    "AKS gives a managed identity Contributor on the node resource group only; every right outside it has to be granted.",
  "await-role-propagation":
    "It can take up to 60 minutes for the permissions granted to a cluster's managed identity to propagate.",
  "enable-managed-identity":
    "The control plane and the add-on pods switch to managed identity; a cluster can't go back to a service principal.",
  "assign-kubelet-identity":
    "The kubelet identity is the one that nodes pull images with; assigning it re-images nodes.",
  "attach-acr": "Nodes pull images as the kubelet identity; without a role on a registry they can't pull from it.",
  "grant-addon-roles":
    "The update makes identities for add-ons; Azure grants none of the roles they need outside the node resource group.",
  "await-kubelet-propagation": "A right granted after the switch takes up to 60 minutes to be in force as well.",
  "upgrade-node-images":
    "Kubelet keeps using the service principal on a node until that node is re-imaged, whatever the cluster says.",
  "verify-migration":
    "A client id of msi says nothing about the nodes, so each pool is proven by evidence about its own nodes.",
  "await-token-switchover":
    "Control plane components use the old identity until its token expires, which can take several hours.",
};

/** A length of time for people, the same in the report as in what the steps say. */
export { formatLength };

const PATH_WORDS: Record<PathId, readonly [from: string, to: string]> = {
  "service-principal-to-user-assigned": ["service principal", "user-assigned managed identity"],
  "service-principal-to-system-assigned": ["service principal", "system-assigned managed identity"],
  "system-assigned-to-user-assigned": ["system-assigned managed identity", "user-assigned managed identity"],
  "user-assigned-to-user-assigned": ["user-assigned managed identity", "another user-assigned managed identity"],
  "replace-kubelet-identity": ["kubelet identity", "another kubelet identity"],
  "finish-node-migration": ["nodes on the service principal", "nodes on managed identity"],
  none: ["as it is", "no change needed"],
};

/** A right of the old identity that the new ones do not get, and what they get instead, in words. */
export type NotCopiedRight = ClusterPlan["rights"][number] & { readonly instead: string };

/** The rights of the old identity that the new ones do not get. */
export function notCopiedRights({ rights }: Pick<ClusterPlan, "rights">): NotCopiedRight[] {
  return rights
    .filter(({ decision }) => decision === "narrowed" || decision === "dropped")
    .map((right) => ({ ...right, instead: right.instead ?? "nothing, the new identities don't need it" }));
}

/** What is to be kept valid for a while after the switch, in a sentence. @param switchover how long, for people */
export function keepValidWords({ from }: ClusterPlan, switchover: string): string {
  if (from.servicePrincipal?.dead)
    return `There is no valid service principal to be kept: what still asks for it gets no token, for up to ${switchover} after the switch.`;
  const what = from.servicePrincipal
    ? "the service principal and its secret"
    : "the identity that the control plane leaves";
  return `Keep ${what} valid until ${switchover} after the switch.`;
}

/** Why there is no way back from the switch. */
export function noWayBackWords({ from }: ClusterPlan): string {
  return from.servicePrincipal
    ? "A cluster on managed identity cannot go back to a service principal."
    : "A system-assigned identity is deleted with the switch, and its roles with it.";
}

/** What a path changes: `from service principal to user-assigned managed identity`. */
export function pathWords(path: PathId): string {
  const [from, to] = PATH_WORDS[path];
  return path === "none" ? to : `from ${from} to ${to}`;
}

/** In which Azure a plan was made: `AzureCloud, tenant <id>`, or an emulator that stands for it. */
export function azureWords({ emulator, cloud, tenant }: MigrationPlan["metadata"]): string {
  return `${emulator ? "emulator as " : ""}${cloud}, tenant ${tenant}`;
}

/** The identity that a role change's principal stands for: its name where the plan gives it one. */
export function principalWords(who: string, { target, path }: ClusterPlan): string {
  if (who === "control-plane") {
    const name = target.controlPlaneIdentity?.name;
    return name ? `control plane identity ${name}` : "control plane identity (system-assigned)";
  }
  if (who === "kubelet") {
    if (target.kubeletIdentity) return `kubelet identity ${target.kubeletIdentity.name}`;
    return path === "none" ? "kubelet identity" : "kubelet identity (made by AKS)";
  }
  return who.startsWith("addon:") ? `add-on identity ${who.slice("addon:".length)}` : who;
}

/** The worst of some risks; undefined for none. */
export function worstRisk(risks: readonly Risk[]): Risk | undefined {
  return RISKS[Math.max(...risks.map((risk) => RISKS.indexOf(risk)))];
}

/** Findings with the gravest first. */
export function sortFindings<F extends { readonly severity: Severity }>(findings: readonly F[]): F[] {
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** A range of expected durations for people: `15 min to 30 min`, `up to 2 min`, `1 h`; one that is certain is exact. */
export function formatRange({ minMs, maxMs }: DurationRange): string {
  if (minMs === maxMs) return formatLength(maxMs);
  const [from, to] = [formatLength(roundEstimate(minMs, Math.floor)), formatLength(roundEstimate(maxMs, Math.ceil))];
  return minMs === 0 ? `up to ${to}` : `${from} to ${to}`;
}

/** An expectation, no more exact than it can be: to 5 minutes above an hour, to a minute above ten. */
function roundEstimate(ms: number, round: (amount: number) => number): number {
  const stepMs = ms >= HOUR_MS ? 5 * MINUTE_MS : ms >= 10 * MINUTE_MS ? MINUTE_MS : 1;
  return round(ms / stepMs) * stepMs;
}

/** A moment as a clock time in UTC, with the date where it is not today's: `09:12 UTC`, `23 Nov 09:12 UTC`. */
export function formatTime(at: Date | string, today?: Date): string {
  const date = typeof at === "string" ? new Date(at) : at;
  const time = `${date.toISOString().slice(11, 16)} UTC`;
  if (today && date.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)) return time;
  return `${DAY.format(date)} ${time}`;
}

/** Made once: it costs more than all the rest of a line of output. */
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** A moment with its year, for what is kept: `23 Nov 2026 09:12 UTC`. */
export function formatMoment(at: string): string {
  const [day, time] = [DAY.format(new Date(at)), at.slice(11, 16)];
  return `${day} ${at.slice(0, 4)} ${time} UTC`;
}

/** A text in which moments stand as clock times instead of as ISO 8601. */
export function withClockTimes(text: string, today?: Date): string {
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?Z/g, (at) => formatTime(at, today));
}

/** A number with its noun: `1 node`, `3 nodes`. */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${amount} ${amount === 1 ? noun : plural}`;
}

/** A text as one sentence, with its capital and its full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return `${trimmed.slice(0, 1).toUpperCase()}${trimmed.slice(1)}${/[.!?…:]$/.test(trimmed) ? "" : "."}`;
}
