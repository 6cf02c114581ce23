import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject, Resource } from "../../src/emulator/json.ts";
import { CLUSTER, Harness, plainWorld } from "./harness.ts";

function kubernetes(kind: string, name: string, more: JsonObject = {}, namespace = "shop"): Resource {
  const manifest = { kind, metadata: { name, namespace }, ...more };
  return { id: `${namespace}-${name}`, type: `Kubernetes/${kind}`, cluster: CLUSTER, ...manifest };
}

/** Starts a command and reads its result when it is over. */
async function run(harness: Harness, command: string): Promise<{ exitCode: number; logs: string }> {
  const post = await harness.call("POST", `${CLUSTER}/runCommand`, { command });
  expect(post.status).toBe(202);
  const result = new URL(post.headers["location"]!);
  expect((await harness.call("GET", result.pathname + result.search)).status).toBe(202);
  await harness.advance("5s");
  const { properties } = await harness.get(result.pathname + result.search);
  expect(properties.provisioningState).toBe("Succeeded");
  return properties;
}

async function namesOf(harness: Harness, command: string): Promise<string[]> {
  const { exitCode, logs } = await run(harness, command);
  expect(exitCode).toBe(0);
  return (JSON.parse(logs) as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
}

describe("run-command", () => {
  it("answers kubectl get from the objects that were put in, when the command is over", async () => {
    const harness = await Harness.with([...plainWorld(), kubernetes("PodDisruptionBudget", "tight")]);
    const { exitCode, logs } = await run(harness, "kubectl get poddisruptionbudgets -A -o json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(logs).items).toEqual([
      { kind: "PodDisruptionBudget", metadata: { name: "tight", namespace: "shop" } },
    ]);
  });

  it.each([
    ["kubectl get secret -A -o json", ["token", "release", "other"]],
    ["kubectl get secret --all-namespaces --field-selector type!=helm.sh/release.v1 -o json", ["token", "other"]],
    ["kubectl get secrets -A --field-selector=type=Opaque,metadata.name!=token -o json", ["other"]],
    ["kubectl get secret -n shop --output json", ["token", "release"]],
    ["kubectl get secret -o json", ["other"]],
  ])("chooses by namespace and field: %s", async (command, names) => {
    const harness = await Harness.with([
      ...plainWorld(),
      kubernetes("Secret", "token"),
      kubernetes("Secret", "release", { _emulator: { type: "helm.sh/release.v1" } }),
      kubernetes("Secret", "other", {}, "default"),
    ]);
    expect(await namesOf(harness, command)).toEqual(names);
  });

  it("cuts off what is longer than 512 kB, and packs what is piped through gzip", async () => {
    const large = kubernetes("ConfigMap", "large", { data: { text: "x".repeat(600 * 1024) } });
    const harness = await Harness.with([...plainWorld(), large]);
    const { logs } = await run(harness, "kubectl get configmap -A -o json");
    expect(logs).toHaveLength(512 * 1024);
    const packed = await run(harness, "kubectl get configmap -A -o json | gzip -c | base64 -w 0");
    const unpacked = JSON.parse(gunzipSync(Buffer.from(packed.logs, "base64")).toString("utf8"));
    expect(unpacked.items[0].data.text).toHaveLength(600 * 1024);
  });

  it.each([
    "kubectl get pod -A",
    "kubectl delete pod web",
    "kubectl get pod -o json | sh",
    "kubectl get pod -l a=b -o json",
  ])("does not pretend to run %s", async (command) => {
    const { exitCode, logs } = await run(await Harness.with(plainWorld()), command);
    expect([exitCode, logs]).toEqual([1, `error: the emulator does not run '${command}'`]);
  });

  const REFUSING: [string, JsonObject][] = [
    ["is off", { apiServerAccessProfile: { disableRunCommand: true } }],
    ["belongs to a stopped cluster", { powerState: { code: "Stopped" } }],
  ];
  it.each(REFUSING)("is refused where it %s", async (_, properties) => {
    const harness = await Harness.with(plainWorld(properties));
    const command: Json = { command: "kubectl get pod -A -o json" };
    const { status, body } = await harness.call("POST", `${CLUSTER}/runCommand`, command);
    expect([status, body.code]).toEqual([409, "OperationNotAllowed"]);
  });
});
