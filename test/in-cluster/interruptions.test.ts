import { expect, test } from "vitest";
import { assessEstate } from "../../src/assess/assess-estate.ts";
import { findInterruptions } from "../../src/in-cluster/interruptions.ts";
import { Lab } from "../support/lab.ts";
import { object, pod, putObjects } from "./objects.ts";

type Objects = Parameters<typeof findInterruptions>[0];

const owned = (kind: string) => object("Pod", "one", { spec: {} }, { ownerReferences: [{ kind, name: "owner" }] });
const single = (...pods: object[]) => findInterruptions(pods as unknown as Objects, []).single;
const local = (volumes: object[], ...others: object[]) =>
  findInterruptions([pod("api", { volumes })] as unknown as Objects, others as unknown as Objects).local;

test("workloads with one pod stop while its node is replaced, unless they run everywhere or again", () => {
  expect(single(pod("api", {}))).toEqual(["shop/api"]);
  expect(single(pod("api", {}), pod("api", {}))).toEqual([]);
  expect(single(pod("api", {}, { status: { phase: "Succeeded" } }))).toEqual([]);
  expect(single(owned("StatefulSet"))).toEqual(["shop/owner"]);
  expect(["DaemonSet", "Job", "Node"].flatMap((kind) => single(owned(kind)))).toEqual([]);
  expect(single(object("Pod", "dns", { spec: {} }, { namespace: "kube-system" }))).toEqual([]);
});

test("files on nodes are lost with them", () => {
  expect(local([{ name: "cache", emptyDir: {} }])).toEqual(["shop/api"]);
  expect(local([{ name: "cache", emptyDir: { medium: "Memory" } }])).toEqual([]);
  expect(local([{ name: "claim", persistentVolumeClaim: { claimName: "data" } }])).toEqual([]);
  expect(local([], object("PersistentVolume", "disk", { spec: { local: { path: "/mnt" } } }))).toEqual([
    "PersistentVolume shop/disk",
  ]);
});

test("both are said with a look inside, and without one that nobody looked", async () => {
  const lab = await Lab.open();
  await putObjects(lab, [pod("api", { volumes: [{ name: "cache", emptyDir: {} }] })]);
  const assess = async (inCluster: boolean) => {
    const scope = { ids: [(await lab.clusterIds())[0]!] };
    const options = { cloud: "AzureCloud" as const, now: lab.clock.now(), inCluster };
    const { findings, notAssessed } = (await assessEstate(lab.connection.azure(), scope, options)).clusters[0]!;
    return [...findings, ...notAssessed].flatMap((outcome) =>
      outcome.check === "RD007" ? ["seen" in outcome ? outcome.seen : `not assessed: ${outcome.reason}`] : [],
    );
  };
  expect(await assess(true)).toEqual([
    "shop/api runs as a single pod: it stops until it runs on another node",
    "shop/api keeps files on its node, which are lost with it",
  ]);
  expect(await assess(false)).toEqual([expect.stringMatching(/^not assessed: single pods and files kept on nodes/)]);
  const plan = await lab.plan({ clusterIds: [(await lab.clusterIds())[0]!], inCluster: true });
  expect(plan.clusters[0]!.findings.map(({ seen }) => seen)).toContain(
    "shop/api runs as a single pod: it stops until it runs on another node",
  );
});
