import type { Azure } from "../azure/azure.ts";
import { normalizeId, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { type ManagedCluster, nodeResourceGroupOf, poolsOf, powerStateOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { type Known, known, unknown } from "../engine/known.ts";
import { findBlockingBudgets } from "./budgets.ts";
import {
  type ClientIdHolders,
  findClientIdInConfigMaps,
  findClientIdInPods,
  findClientIdInSecrets,
  WITHOUT_HELM_RECORDS,
} from "./client-id.ts";
import type { InClusterEvidence } from "./evidence.ts";
import { findInterruptions, type Interruptions } from "./interruptions.ts";
import { nameOf, ofKind, sortedNames } from "./names.ts";
import { type RunInside, readObjects } from "./read-objects.ts";
import { findOutsideReferences } from "./references.ts";
import { findEvictionWebhooks } from "./webhooks.ts";
import {
  findDriverSecrets,
  findHostFileReaders,
  findPodIdentity,
  findPodIdentityClasses,
  findRegistryUses,
  POD_IDENTITY_GROUP,
} from "./workloads.ts";

/**
 * Looks into a cluster through the AKS run command, one short-lived pod per question: opt-in only.
 * @param clientId of the service principal that the cluster leaves; undefined when nobody knows it any more
 */
export async function lookInside(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  clientId: string | undefined,
): Promise<InClusterEvidence> {
  const read = await openReader(azure, clusterId, cluster);
  const workloads = await read(WORKLOADS);
  const apis = await read("customresourcedefinition,validatingwebhookconfiguration");
  const definitions = map(apis, (objects) => ofKind(objects, "CustomResourceDefinition"));
  const resources = await read(
    ["service", "storageclass", "persistentvolume", ...snapshotKinds(definitions)].join(","),
  );
  const pods = map(workloads, (objects) => ofKind(objects, "Pod"));
  const clientIdHolders = await findHolders(read, pods, clientId);
  const group = nodeResourceGroupOf(cluster);
  const nodeGroup = resourceGroupId(parseResourceId(clusterId)!.subscription, group);
  return {
    ...drainEvidence(workloads),
    evictionWebhooks: map(apis, (objects) => findEvictionWebhooks(ofKind(objects, "ValidatingWebhookConfiguration"))),
    interruptions: combine(pods, resources),
    hostFileReaders: map(pods, findHostFileReaders),
    clientIdHolders,
    podIdentity: await findTraces(read, definitions, pods),
    secretProviders: await findProviders(read, definitions, pods, clientIdHolders),
    references: map(resources, (objects) => findOutsideReferences(objects, nodeGroup, networkOf(cluster))),
  };
}

/** The virtual network of a cluster's nodes, where it is not of AKS's own making. */
function networkOf(cluster: ManagedCluster): string | undefined {
  const subnet = poolsOf(cluster)
    .map((pool) => asString(pool["vnetSubnetID"]))
    .find((id) => id !== undefined);
  return subnet && normalizeId(subnet).replace(/\/subnets\/[^/]+$/i, "");
}

/** Snapshots of volumes, where the cluster knows them. */
function snapshotKinds(definitions: Known<JsonObject[]>): string[] {
  const names = definitions.known ? definitions.value.map(nameOf) : [];
  return ["volumesnapshotclass", "volumesnapshotcontent"].filter((kind) =>
    names.some((name) => isPluralOf(name, kind, "snapshot.storage.k8s.io")),
  );
}

function combine(pods: Known<JsonObject[]>, resources: Known<JsonObject[]>): Known<Interruptions> {
  if (!pods.known) return pods;
  return map(resources, (objects) => findInterruptions(pods.value, objects));
}

/** What says whether nodes can be drained, and from where the pods on them pull. */
export type DrainEvidence = Pick<InClusterEvidence, "budgets" | "registries">;

/** The part of a look inside that is worth repeating right before nodes are drained: one pod, one question. */
export async function lookAtDrains(azure: Azure, clusterId: string, cluster: ManagedCluster): Promise<DrainEvidence> {
  const read = await openReader(azure, clusterId, cluster);
  return drainEvidence(await read(WORKLOADS));
}

const WORKLOADS = "poddisruptionbudget,pod";

function drainEvidence(workloads: Known<JsonObject[]>): DrainEvidence {
  return {
    budgets: map(workloads, (objects) => findBlockingBudgets(ofKind(objects, "PodDisruptionBudget"))),
    registries: map(workloads, (objects) => findRegistryUses(ofKind(objects, "Pod"))),
  };
}

async function openReader(azure: Azure, clusterId: string, cluster: ManagedCluster): Promise<Read> {
  const run = await openCluster(azure, clusterId, cluster);
  return (kinds, selector) => ("reason" in run ? run : readObjects(run.value, kinds, selector));
}

type Read = (kinds: string, selector?: string) => Promise<Known<JsonObject[]>> | Known<JsonObject[]>;

/** Where commands can be run, or why they cannot: without a request where the cluster's own object says so. */
export async function openCluster(azure: Azure, clusterId: string, cluster: ManagedCluster): Promise<Known<RunInside>> {
  if (at(cluster, "properties", "apiServerAccessProfile", "disableRunCommand") === true)
    return unknown("the cluster's run command is off");
  const power = powerStateOf(asObject(cluster["properties"]));
  if (power !== "running") return unknown(`the cluster is ${power}`);
  const signsIn = at(cluster, "properties", "aadProfile", "managed") === true;
  return known(async (command) => {
    try {
      return await azure.runCommands.run(normalizeId(clusterId), command, signsIn);
    } catch (error) {
      return { ended: false, reason: reasonFor(error, "the inside of the cluster (run command)") };
    }
  });
}

async function findHolders(
  read: Read,
  pods: Known<JsonObject[]>,
  clientId: string | undefined,
): Promise<Known<ClientIdHolders>> {
  if (clientId === undefined) return unknown("the client id that the cluster left is not known any more");
  if (!pods.known) return pods;
  const secrets = map(await read("secret", WITHOUT_HELM_RECORDS), (found) => findClientIdInSecrets(found, clientId));
  if (!secrets.known) return unknown(`secrets: ${secrets.reason}`);
  const configMaps = map(await read("configmap"), (found) => findClientIdInConfigMaps(found, clientId));
  if (!configMaps.known) return unknown(`config maps: ${configMaps.reason}`);
  const inPods = findClientIdInPods(pods.value, clientId);
  return known({ ...secrets.value, objects: [...secrets.value.objects, ...configMaps.value, ...inPods] });
}

/** Kinds that a cluster does not know cannot be asked for: its definitions say which there are. */
async function findTraces(read: Read, definitions: Known<JsonObject[]>, pods: Known<JsonObject[]>) {
  if (!definitions.known) return definitions;
  if (!pods.known) return pods;
  const kinds = ["azureidentity", "azureidentitybinding"].filter((kind) =>
    definitions.value.some((definition) => isPluralOf(nameOf(definition), kind, POD_IDENTITY_GROUP)),
  );
  const objects = kinds.length > 0 ? await read(kinds.join(",")) : known([]);
  return map(objects, (found) => findPodIdentity(definitions.value, found, pods.value));
}

function isPluralOf(definition: string, kind: string, group: string): boolean {
  return (
    [`${kind}s.${group}`, `${kind}es.${group}`].includes(definition) ||
    definition === `${kind.replace(/y$/, "ies")}.${group}`
  );
}

async function findProviders(
  read: Read,
  definitions: Known<JsonObject[]>,
  pods: Known<JsonObject[]>,
  holders: Known<ClientIdHolders>,
): Promise<Known<string[]>> {
  if (!definitions.known) return definitions;
  const has = definitions.value.some((one) => nameOf(one) === "secretproviderclasses.secrets-store.csi.x-k8s.io");
  const classes = has ? await read("secretproviderclass") : known<JsonObject[]>([]);
  if (!classes.known) return classes;
  const old = new Set(holders.known ? holders.value.objects : []);
  const drivers = (pods.known ? findDriverSecrets(pods.value) : []).filter(({ secret }) => old.has(`Secret ${secret}`));
  return known(sortedNames([...findPodIdentityClasses(classes.value), ...drivers.map(({ workload }) => workload)]));
}

function map<A, B>(answer: Known<A>, find: (value: A) => B): Known<B> {
  return answer.known ? known(find(answer.value)) : answer;
}
