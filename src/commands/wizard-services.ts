import { type AssessedCluster, assessEstate } from "../assess/assess-estate.ts";
import type { Azure } from "../azure/azure.ts";
import type { Connection } from "../azure/connection.ts";
import { parseResourceId } from "../azure/ids.ts";
import { asString, at } from "../azure/json.ts";
import { type ManagedCluster, nodeCountOf, poolsOf } from "../azure/managed-cluster.ts";
import { readFacts } from "../migration/read-facts.ts";
import { planHash } from "../plan/canonical.ts";
import { DEFAULT_WAITS } from "../plan/default-waits.ts";
import { writePlanFile } from "../plan/plan-file.ts";
import { makePlan } from "../planning/make-plan.ts";
import { oldPrincipals, readOrigin } from "../planning/origin.ts";
import { count } from "../report/words.ts";
import type { WizardCluster, WizardEstate, WizardRegistry, WizardServices } from "../ui/wizard-types.ts";
import { type CommonFlags, planOrigin, tenantOf } from "./context.ts";

/** The flags that the wizard takes. */
export type WizardFlags = Pick<CommonFlags, "stateDir" | "prompt" | "emulator" | "tenant" | "cloud">;

/**
 * What the wizard asks of Azure: reads alone.
 * @throws AksMiError `NOT_SIGNED_IN` when there is nobody to show
 */
export async function servicesFor(
  connection: Connection,
  flags: WizardFlags,
  signal: AbortSignal,
): Promise<WizardServices> {
  const who = await connection.caller();
  const isEmbedded = connection.emulator && flags.emulator === undefined;
  const azure = connection.azure({ signal });
  const subscriptions = (await azure.resources.subscriptions()).filter((subscription) => subscription.enabled);
  const known = new Map<string, ManagedCluster>();
  return {
    account: {
      cloud: connection.cloud,
      tenant: tenantOf(undefined, subscriptions, flags),
      who,
      emulator: connection.emulator,
    },
    commonFlags: flagsForCommands(flags, isEmbedded),
    commandNote: isEmbedded ? "where URL is what `aks-mi emulator --scenario demo` prints" : undefined,
    listClusters: (onProgress) => listClusters(connection, flags, signal, known, onProgress),
    async identities(clusterId) {
      const identities = await azure.identities.list(parseResourceId(clusterId)!.subscription);
      return identities.map(({ id }) => ({
        id,
        name: parseResourceId(id)!.name,
        resourceGroup: parseResourceId(id)!.resourceGroup,
      }));
    },
    registries: (clusterId) => listRegistries(azure, clusterId, known.get(clusterId)!, connection.clock.now()),
    makePlan: ({ clusters: clusterIds, ...choices }, onProgress) =>
      makePlan(
        azure,
        { ...choices, clusterIds, ...DEFAULT_WAITS },
        planOrigin(connection, tenantOf(clusterIds[0], subscriptions, flags)),
        (done, total) => onProgress(total > 1 ? `${done} of ${total} clusters read` : ""),
      ),
    savePlan: async (plan, file) => writePlanFile(file, plan),
    hash: planHash,
  };
}

/** What the commands that do the same need besides the choices. */
function flagsForCommands({ emulator, stateDir, tenant, cloud }: WizardFlags, isEmbedded: boolean): string[] {
  return [
    ...(cloud ? ["--cloud", cloud] : []),
    ...(tenant ? ["--tenant", tenant] : []),
    ...(isEmbedded ? ["--emulator", "URL"] : emulator ? ["--emulator", emulator] : []),
    ...(stateDir === ".aks-mi" || isEmbedded ? [] : ["--state-dir", stateDir]),
  ];
}

/** Every cluster that the account can see, as `aks-mi assess` judges it and with as few requests. */
async function listClusters(
  connection: Connection,
  { tenant }: WizardFlags,
  signal: AbortSignal,
  known: Map<string, ManagedCluster>,
  onProgress: (words: string) => void,
): Promise<WizardEstate> {
  const { clusters, subscriptionsNotAssessed = [] } = await assessEstate(
    connection.azure({
      pacedReads: true,
      signal,
      onRetry: ({ reason }) => onProgress(`Azure asks to wait: ${reason}`),
    }),
    { ids: [], tenant },
    {
      cloud: connection.cloud,
      now: connection.clock.now(),
      onProgress: ({ what, done, total }) => onProgress(`${done} of ${total} ${what}`),
      onCluster: (id, cluster) => known.set(id, cluster),
    },
  );
  return {
    clusters: clusters.map((cluster) => describeCluster(cluster, known.get(cluster.id)!)),
    gaps: subscriptionsNotAssessed.map(({ id, reason }) => `Subscription ${id} is not complete here: ${reason}.`),
  };
}

function describeCluster(assessed: AssessedCluster, cluster: ManagedCluster): WizardCluster {
  const { id, state, credentialsEnd, findings, notAssessed } = assessed;
  const { name, resourceGroup, subscription } = parseResourceId(id)!;
  const pools = poolsOf(cluster);
  const nodes = pools.reduce((sum, pool) => sum + nodeCountOf(pool), 0);
  const version = asString(at(cluster, "properties", "kubernetesVersion")) ?? "of unknown version";
  return {
    id,
    name,
    resourceGroup,
    subscription,
    state,
    secretExpires: credentialsEnd === undefined ? undefined : new Date(credentialsEnd),
    size: `${count(pools.length, "pool")}, ${count(nodes, "node")}, Kubernetes ${version}`,
    findings,
    notAssessed: notAssessed.length,
  };
}

async function listRegistries(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  now: Date,
): Promise<WizardRegistry[]> {
  const { from } = await readOrigin(azure, cluster, now, undefined);
  const { facts } = await readFacts(azure, cluster, oldPrincipals(from), []);
  const always = facts.registries.map(({ id, source }) => ({ id, source, always: true }));
  const others = await azure.registries.list(parseResourceId(clusterId)!.subscription);
  const more = others.filter(({ id }) => !always.some((registry) => registry.id.toLowerCase() === id.toLowerCase()));
  return [...always, ...more.map(({ id }) => ({ id, source: "in the cluster's subscription", always: false }))];
}
