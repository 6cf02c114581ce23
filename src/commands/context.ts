import { userInfo } from "node:os";
import { chooseSubscription } from "../azure/choose-subscription.ts";
import { type Connection, connect } from "../azure/connection.ts";
import { normalizeId, parseResourceId, subscriptionOf } from "../azure/ids.ts";
import type { Subscription } from "../azure/resources.ts";
import { AksMiError, type ErrorCode } from "../engine/errors.ts";
import type { Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { PlanOrigin } from "../planning/make-plan.ts";
import type { BreakLock } from "../state/lock.ts";
import { isInCi } from "../text/in-ci.ts";
import { VERSION } from "../version.ts";

/** The flags that commands share. */
export interface CommonFlags extends Place {
  readonly prompt: boolean;
}

/** The flags that say which clusters. */
export interface ScopeFlags {
  readonly id: readonly string[];
  readonly subscription?: string;
  readonly resourceGroup?: string;
  readonly name?: string;
}

/** The flags that approve. */
export interface ApprovalFlags {
  readonly yes?: boolean;
  readonly approve?: string;
}

/** Whose locks may be broken, and who says so. */
export function breakLockOf(flags: { readonly breakLock?: string }): BreakLock | undefined {
  return flags.breakLock === undefined ? undefined : { run: flags.breakLock, by: whoAmI() };
}

/** The name under which an approval, or the breaking of a lock, is recorded. */
export function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

/** True when a question can be asked and answered. */
export function mayPrompt(flags: { readonly prompt: boolean }): boolean {
  return flags.prompt && !isInCi(process.env) && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Connects as the flags say. */
export function connectFor(flags: CommonFlags): Promise<Connection> {
  return connect({ cloud: flags.cloud ?? "AzureCloud", tenant: flags.tenant, emulator: flags.emulator });
}

/** What a mismatch of a plan, or of a run, with the command is. */
type MismatchCode = Extract<ErrorCode, "PLAN_STALE" | "USAGE">;

/**
 * Connects to where a plan was made.
 * @throws AksMiError with `code` when the flags say otherwise: before any request is sent
 */
export async function connectForPlan(plan: MigrationPlan, flags: CommonFlags, code: MismatchCode): Promise<Connection> {
  ensureSamePlace(plan, flags, code);
  const { cloud, tenant, emulator } = plan.metadata;
  return connect({ cloud, tenant: emulator ? undefined : tenant, emulator: flags.emulator });
}

/** Asks nobody anything. @throws AksMiError with `code` when the flags lead elsewhere than to where a plan was made */
export function ensureSamePlace({ metadata }: MigrationPlan, flags: CommonFlags, code: MismatchCode): void {
  const { cloud, tenant, emulator } = metadata;
  const mismatch = (what: string, planned: string, given: string) =>
    new AksMiError(
      code,
      `The plan was made ${what} ${planned}, and this command would run ${what} ${given}.`,
      "Run it where the plan was made, or make a new plan.",
    );
  if (flags.cloud && flags.cloud !== cloud) throw mismatch("in", cloud, flags.cloud);
  if (flags.tenant && flags.tenant.toLowerCase() !== tenant.toLowerCase())
    throw mismatch("in tenant", tenant, flags.tenant);
  if (emulator && !flags.emulator) {
    throw new AksMiError(
      code,
      "The plan was made on an emulator, and none is named.",
      "Name it with --emulator URL or AKS_MI_EMULATOR.",
    );
  }
  if (!emulator && flags.emulator) {
    throw new AksMiError(
      code,
      "The plan was made for Azure itself, and an emulator is named.",
      "Leave out --emulator and unset AKS_MI_EMULATOR.",
    );
  }
}

/** The ids of the clusters that the flags name. @throws AksMiError `USAGE` when they name none */
export async function resolveScope(connection: Connection, flags: ScopeFlags): Promise<string[]> {
  const ids = flags.id.map(checkedClusterId);
  if (ids.length > 0) return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
  if (!flags.subscription && !flags.resourceGroup && !flags.name) {
    throw new AksMiError(
      "USAGE",
      "No cluster is named.",
      "Name clusters with --id, or with --subscription, --resource-group and --name.",
    );
  }
  const azure = connection.azure();
  const subscription = await subscriptionOfScope(connection, flags.subscription);
  const clusters = await azure.clusters.list(subscription, flags.resourceGroup);
  const found = clusters.map((cluster) => normalizeId(String(cluster["id"])));
  const named = flags.name
    ? found.filter((id) => parseResourceId(id)?.name.toLowerCase() === flags.name!.toLowerCase())
    : found;
  if (named.length > 0) return named;
  const where = flags.resourceGroup ? `resource group ${flags.resourceGroup}` : `subscription ${subscription}`;
  throw new AksMiError(
    "USAGE",
    `There is no cluster${flags.name ? ` ${flags.name}` : ""} in ${where}.`,
    "Check the names and the account you are signed in with (`az aks list -o table`).",
  );
}

async function subscriptionOfScope(connection: Connection, given: string | undefined): Promise<string> {
  const wanted = given ?? process.env["AZURE_SUBSCRIPTION_ID"];
  const visible = (await connection.azure().resources.subscriptions()).filter(({ enabled }) => enabled);
  if (wanted) return chooseSubscription(visible, wanted).id;
  if (visible.length === 1) return visible[0]!.id;
  throw new AksMiError(
    "USAGE",
    `You can see ${visible.length} subscriptions, and none is named.`,
    "Name one with --subscription.",
  );
}

/** The id of a cluster, as Azure documents it. @throws AksMiError `USAGE` when it is something else */
export function checkedClusterId(id: string): string {
  if (parseResourceId(id)?.type.toLowerCase() === "microsoft.containerservice/managedclusters") return normalizeId(id);
  throw new AksMiError(
    "USAGE",
    `"${id}" is not the id of a managed cluster.`,
    "It has the form /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ContainerService/managedClusters/<name>.",
  );
}

/**
 * The tenant that a plan is made in: what the flags say, else that of the cluster's subscription, or of the first that there is.
 * @param subscriptions those that the caller can see
 */
export function tenantOf(
  clusterId: string | undefined,
  subscriptions: readonly Subscription[],
  flags: Pick<CommonFlags, "tenant">,
): string {
  const own = subscriptions.find(({ id }) => id.toLowerCase() === subscriptionOf(clusterId ?? "")?.toLowerCase());
  return flags.tenant ?? own?.tenant ?? subscriptions[0]?.tenant ?? "unknown";
}

/** Where and with what a plan is made now. */
export function planOrigin({ cloud, emulator, clock }: Connection, tenant: string): PlanOrigin {
  return { cloud, tenant, emulator, tool: VERSION, now: clock.now() };
}

/** False for a day that its month does not have: JavaScript takes 30 February for 2 March. */
function isOfCalendar(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** The time that a flag names. @throws AksMiError `USAGE` when it is none */
export function parseTime(flag: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  // Without its zone a time would be another one on another machine, and in autumn two.
  if (!Number.isNaN(time.getTime()) && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && isOfCalendar(text))
    return time;
  throw new AksMiError(
    "USAGE",
    `${flag} names "${text}", which is not a time with its zone.`,
    "Write it like 2026-11-22T22:00:00Z or 2026-11-22T23:00:00+01:00.",
  );
}
