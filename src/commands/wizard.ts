import pMap from "p-map";
import type { Azure } from "../azure/azure.ts";
import { isOnManagedIdentity, type ManagedCluster, poolsOf } from "../azure/clusters.ts";
import type { Connection } from "../azure/connection.ts";
import { normalizeId, parseResourceId } from "../azure/ids.ts";
import { asString, at } from "../azure/json.ts";
import { judgeCluster } from "../migration/cluster-state.ts";
import { readNodeEvidence } from "../migration/nodes.ts";
import { readFacts } from "../migration/read-facts.ts";
import { planHash } from "../plan/canonical.ts";
import { writePlanFile } from "../plan/plan-file.ts";
import { makePlan } from "../planning/make-plan.ts";
import { oldPrincipals, readOrigin } from "../planning/origin.ts";
import { useColor } from "../ui/terminal.ts";
import {
  runWizard,
  type WizardCluster,
  type WizardIo,
  type WizardRegistry,
  type WizardServices,
} from "../ui/wizard.ts";
import { VERSION } from "../version.ts";
import { type CommonFlags, connectFor, whoAmI } from "./context.ts";
import { runNewPlan } from "./run-plan.ts";

/** How many requests are under way at once while the clusters are listed. */
const READS_AT_ONCE = 8;

/** The wizard, on Azure or on the emulator that the flags name. @returns the exit code */
export async function wizard(flags: CommonFlags): Promise<number> {
  return runWizardOn(await connectFor(flags), flags);
}

type WizardFlags = Pick<CommonFlags, "stateDir" | "prompt" | "emulator" | "tenant" | "cloud">;

/**
 * Leads through a migration, then runs it.
 * @param onDone is told which clusters were migrated
 * @returns the exit code
 */
export async function runWizardOn(
  connection: Connection,
  flags: WizardFlags,
  onDone: (clusterIds: readonly string[]) => Promise<number> = async () => 0,
): Promise<number> {
  const io: WizardIo = {
    input: process.stdin,
    output: process.stderr,
    color: useColor(process.stderr, process.env),
    columns: () => process.stderr.columns ?? 80,
    rows: () => process.stderr.rows ?? 24,
    now: () => connection.clock.now(),
  };
  const result = await runWizard(await servicesFor(connection, flags), io);
  if (result.kind !== "apply") return 0;
  const exitCode = await runNewPlan(
    connection,
    result.plan,
    { by: whoAmI(), how: "prompt" },
    {
      stateDir: flags.stateDir,
      prompt: flags.prompt,
      output: "table",
      ...(flags.emulator ? { emulator: flags.emulator } : {}),
      ...(result.until ? { until: result.until } : {}),
    },
  );
  return exitCode === 0 ? onDone(result.plan.clusters.map(({ id }) => id)) : exitCode;
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

async function servicesFor(connection: Connection, flags: WizardFlags): Promise<WizardServices> {
  const who = await connection.caller();
  const isEmbedded = connection.emulator && flags.emulator === undefined;
  const azure = connection.azure();
  const subscriptions = (await azure.resources.subscriptions()).filter((subscription) => subscription.enabled);
  const tenant = flags.tenant ?? subscriptions[0]?.tenant ?? "unknown";
  const known = new Map<string, ManagedCluster>();
  return {
    account: { cloud: connection.cloud, tenant, who, emulator: connection.emulator },
    commonFlags: flagsForCommands(flags, isEmbedded),
    commandNote: isEmbedded ? "where URL is what `aks-mi emulator --scenario demo` prints" : undefined,
    async listClusters() {
      const lists = await pMap(subscriptions, ({ id }) => azure.clusters.list(id), { concurrency: READS_AT_ONCE });
      return pMap(
        lists.flat(),
        (cluster) => {
          const id = normalizeId(asString(cluster["id"]) ?? "");
          known.set(id, cluster);
          return describeCluster(azure, id, cluster);
        },
        { concurrency: READS_AT_ONCE },
      );
    },
    async identities(clusterId) {
      const identities = await azure.identities.list(parseResourceId(clusterId)!.subscription);
      return identities.map(({ id }) => ({
        id,
        name: parseResourceId(id)!.name,
        resourceGroup: parseResourceId(id)!.resourceGroup,
      }));
    },
    registries: (clusterId) => listRegistries(azure, clusterId, known.get(clusterId)!, connection.clock.now()),
    makePlan: (choices) =>
      makePlan(
        azure,
        {
          clusterIds: choices.clusters,
          to: choices.to,
          controlPlaneIdentity: choices.controlPlaneIdentity,
          kubeletIdentity: choices.kubeletIdentity,
          identityResourceGroup: choices.identityResourceGroup,
          registries: choices.registries,
          rolePropagation: "60m",
          tokenSwitchover: "24h",
        },
        { cloud: connection.cloud, tenant, emulator: connection.emulator, tool: VERSION, now: connection.clock.now() },
      ),
    savePlan: async (plan, file) => writePlanFile(file, plan),
    hash: planHash,
  };
}

async function describeCluster(azure: Azure, id: string, cluster: ManagedCluster): Promise<WizardCluster> {
  const { name, resourceGroup, subscription } = parseResourceId(id)!;
  const pools = poolsOf(cluster);
  const onManagedIdentity = isOnManagedIdentity(cluster);
  const evidence = onManagedIdentity ? await readNodeEvidence(azure, id, cluster, undefined) : [];
  const nodes = pools.reduce((sum, pool) => sum + Number(pool["count"] ?? 0), 0);
  const { state, findings } = judgeCluster(cluster, evidence);
  const version = asString(at(cluster, "properties", "kubernetesVersion")) ?? "of unknown version";
  return {
    id,
    name,
    resourceGroup,
    subscription,
    state,
    secretExpires: onManagedIdentity ? undefined : await readSecretEnd(azure, cluster),
    detail: [
      `${pools.length} pools, ${nodes} nodes, Kubernetes ${version}`,
      ...findings.map(({ check, severity, seen }) => `${check} ${severity}: ${seen}`),
    ].join(" · "),
  };
}

async function readSecretEnd(azure: Azure, cluster: ManagedCluster): Promise<Date | undefined> {
  const principal = await azure.graph.servicePrincipal(
    asString(at(cluster, "properties", "servicePrincipalProfile", "clientId")) ?? "",
  );
  const ends = principal.kind === "found" ? await azure.graph.credentialEnds(principal.value.appId) : undefined;
  return ends?.kind === "found" ? ends.value[0] : undefined;
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
