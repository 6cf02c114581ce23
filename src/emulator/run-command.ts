import { SECOND_MS } from "../engine/clock.ts";
import { type ArmReply, type ArmRequest, targetName } from "./arm.ts";
import { enveloped, flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { ensureRunning } from "./cluster-guards.ts";
import { isSameId, nameOf, withLowerCaseGroup } from "./ids.ts";
import { type JsonObject, type Resource, textAt, valueAt } from "./json.ts";
import { type CommandEnd, runKubectl } from "./kubectl.ts";
import { kubernetesEventsOf } from "./kubernetes-events.ts";
import type { World } from "./world.ts";

/** How long a command takes in the cluster; it waits for a pod to start. */
const COMMAND_MS = 5 * SECOND_MS;

/** Kinds by the names that kubectl takes for them. */
const KINDS: Record<string, string> = {
  pdb: "PodDisruptionBudget",
  poddisruptionbudget: "PodDisruptionBudget",
  po: "Pod",
  pod: "Pod",
  no: "Node",
  node: "Node",
  deploy: "Deployment",
  deployment: "Deployment",
  secret: "Secret",
  cm: "ConfigMap",
  configmap: "ConfigMap",
  sc: "StorageClass",
  storageclass: "StorageClass",
  pv: "PersistentVolume",
  persistentvolume: "PersistentVolume",
  svc: "Service",
  service: "Service",
  ev: "Event",
  event: "Event",
};

/**
 * POST runCommand and GET commandResults: answers `kubectl get … -o json` from the Kubernetes objects that were put in.
 * @throws ArmError 409 where the run command is off or the cluster is stopped, 400 without a command, 404 for no result
 */
export function runCommand(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  const resultsPath = `${withLowerCaseGroup(cluster.id)}/commandResults`;
  if (request.method === "GET") return getResult(world, request, `${request.origin}${resultsPath}`);
  ensureRunning(cluster);
  ensureAllowed(cluster);
  const command = textAt(request.body, "command");
  if (!command) throw enveloped(400, "InvalidParameter", "The command must not be empty.");
  const id = world.ids.nextGuid();
  const end = runKubectl(command, (kind) => objectsOfKind(world, cluster, kind));
  const result: CommandResult = { startMs: world.nowMs, endMs: world.nowMs + COMMAND_MS, ...end };
  commandsOf(world).set(id, result);
  const location = `${request.origin}${resultsPath}/${id}?api-version=${request.apiVersion}`;
  return { status: 202, headers: { location } };
}

/** `disableRunCommand` forbids it (AKS documentation); code and text of the refusal are not published and the model's own. */
function ensureAllowed(cluster: Cluster): void {
  if (valueAt(cluster.resource, "properties", "apiServerAccessProfile", "disableRunCommand") !== true) return;
  throw flat(409, "OperationNotAllowed", `Run command is disabled for managed cluster ${nameOf(cluster.id)}.`);
}

interface CommandResult extends CommandEnd {
  readonly startMs: number;
  readonly endMs: number;
}

const COMMANDS = new WeakMap<World, Map<string, CommandResult>>();

function commandsOf(world: World): Map<string, CommandResult> {
  const known = COMMANDS.get(world) ?? new Map<string, CommandResult>();
  COMMANDS.set(world, known);
  return known;
}

function getResult(world: World, request: ArmRequest, results: string): ArmReply {
  const id = targetName(request.target);
  const result = commandsOf(world).get(id);
  if (!result) throw enveloped(404, "NotFound", `The command '${id}' was not found.`);
  if (world.nowMs < result.endMs)
    return { status: 202, headers: { location: `${results}/${id}?api-version=${request.apiVersion}` } };
  return {
    status: 200,
    body: {
      id,
      properties: {
        provisioningState: "Succeeded",
        exitCode: result.exitCode,
        startedAt: new Date(result.startMs).toISOString(),
        finishedAt: new Date(result.endMs).toISOString(),
        logs: result.logs,
      },
    },
  };
}

function objectsOfKind(world: World, cluster: Cluster, name: string): JsonObject[] {
  const short = name.toLowerCase().split(".")[0]!;
  const kind = KINDS[short] ?? KINDS[short.replace(/e?s$/, "")] ?? KINDS[short.replace(/s$/, "")] ?? short;
  const put = world.store
    .ofType(`kubernetes/${kind}`)
    .filter((resource) => isSameId(textAt(resource, "cluster"), cluster.id))
    .map(manifestOf);
  return kind === "Event" ? [...put, ...kubernetesEventsOf(world, cluster)] : put;
}

/** The object as Kubernetes shows it; `type` is the model's word for the kind, so that its own one is `_emulator.type`. */
function manifestOf(resource: Resource): JsonObject {
  const { id: _id, type, cluster: _cluster, pools: _pools, _emulator: own, ...manifest } = resource;
  const ownType = textAt(own, "type") ?? (/\/secret$/i.test(type) ? "Opaque" : undefined);
  return ownType === undefined ? manifest : { ...manifest, type: ownType };
}
