import { SECOND_MS } from "../engine/clock.ts";
import { type ArmReply, type ArmRequest, targetName } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { isSameId, withLowerCaseGroup } from "./ids.ts";
import { type JsonObject, type Resource, textAt } from "./json.ts";
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

/** POST runCommand and GET commandResults: answers `kubectl get … -o json` from the Kubernetes objects that were put in. */
export function runCommand(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  const resultsPath = `${withLowerCaseGroup(cluster.id)}/commandResults`;
  if (request.method === "GET") return getResult(world, request, `${request.origin}${resultsPath}`);
  const command = textAt(request.body, "command");
  if (!command) throw enveloped(400, "InvalidParameter", "The command must not be empty.");
  const id = world.ids.nextGuid();
  const { exitCode, logs } = answer(world, cluster, command);
  const result: CommandResult = { startMs: world.nowMs, endMs: world.nowMs + COMMAND_MS, exitCode, logs };
  commandsOf(world).set(id, result);
  const location = `${request.origin}${resultsPath}/${id}?api-version=${request.apiVersion}`;
  return { status: 202, headers: { location } };
}

interface CommandResult {
  readonly startMs: number;
  readonly endMs: number;
  readonly exitCode: number;
  readonly logs: string;
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

function answer(world: World, cluster: Cluster, command: string): { exitCode: number; logs: string } {
  const asked = /^kubectl\s+get\s+([\w.,-]+)/.exec(command.trim())?.[1];
  if (!asked) return { exitCode: 1, logs: `error: the emulator does not run '${command}'` };
  const items = asked.split(",").flatMap((name) => objectsOfKind(world, cluster, name));
  return {
    exitCode: 0,
    logs: JSON.stringify({ apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items }),
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

function manifestOf({ id: _id, type: _type, cluster: _cluster, pools: _pools, ...manifest }: Resource): JsonObject {
  return manifest;
}
