import { asString, type JsonObject } from "../azure/json.ts";
import { type ManagedCluster, poolNameOf, poolsOf, powerStateOf } from "../azure/managed-cluster.ts";
import type { Finding } from "../engine/step.ts";

/** How a path re-images the nodes: with the update that gives them a kubelet identity, or with a node image upgrade. */
export type RollKind = "update" | "image upgrade";

/** A kind of pool that takes a branch of its own when nodes are re-imaged, and what is said of those. */
interface PoolKind {
  readonly isOf: (pool: JsonObject) => boolean;
  /** @param names of the pools, separated by commas */
  readonly describe: (names: string, roll: RollKind) => Finding;
}

const POOL_KINDS: readonly PoolKind[] = [
  { isOf: (pool) => isText(pool["osType"], "windows"), describe: windowsFinding },
  {
    isOf: (pool) => isText(pool["scaleSetPriority"], "spot"),
    describe: (names) => ({
      check: "RD006",
      severity: "medium",
      seen: `pool ${names} is Spot: its nodes are re-imaged one at a time, with no surge node and no drain`,
      remedy:
        "Branch without drain: its pods stop and start again elsewhere. Scale up another pool first if that is too much, or delete the pool and create it again after the switch.",
      link: "https://learn.microsoft.com/azure/aks/spot-node-pool",
    }),
  },
  {
    isOf: (pool) => powerStateOf(pool) === "stopped",
    describe: (names) => ({
      check: "RD001",
      severity: "medium",
      seen: `pool ${names} is stopped: Azure re-images none of its nodes`,
      remedy:
        "Branch after the start: start it before the migration (`az aks nodepool start`), or start it afterwards and run `aks-mi verify` and, where it asks for it, `aks-mi plan` again before anything runs on it.",
      link: "https://learn.microsoft.com/azure/aks/start-stop-nodepools",
    }),
  },
  {
    isOf: (pool) => pool["count"] === 0 && powerStateOf(pool) !== "stopped",
    describe: (names) => ({
      check: "RD001",
      severity: "low",
      seen: `pool ${names} has no node: what its next node will use cannot be proven beforehand`,
      remedy: "Branch at the next scale-up: run `aks-mi verify` once it has a node, or give it one for the migration.",
      link: "https://learn.microsoft.com/azure/aks/scale-cluster",
    }),
  },
  {
    isOf: (pool) => pool["enableAutoScaling"] === true,
    describe: (names) => ({
      check: "RD001",
      severity: "info",
      seen: `pool ${names} scales by itself: Azure takes no other operation on the cluster while it does`,
      remedy:
        "Branch with patience: nothing has to be done, the run waits up to an hour for each such operation. Turn the autoscaler off for the time of the migration to be quicker.",
      link: "https://learn.microsoft.com/azure/aks/cluster-autoscaler",
    }),
  },
];

/**
 * Pools that take a branch of their own when nodes are re-imaged: Windows (RD004), Spot (RD006), stopped or without a node,
 * and autoscaled (RD001), each with what happens to it (AKS documentation of each kind).
 */
export function checkPoolKinds(cluster: ManagedCluster, roll: RollKind): Finding[] {
  return POOL_KINDS.flatMap(({ isOf, describe }) => {
    const names = poolsOf(cluster).filter(isOf).map(poolNameOf);
    return names.length > 0 ? [describe(names.join(", "), roll)] : [];
  });
}

function windowsFinding(names: string, roll: RollKind): Finding {
  const slow = "Raise its drain timeout (30 minutes by default) where its images are large.";
  return {
    check: "RD004",
    severity: "medium",
    seen: `pool ${names} runs Windows: its node images come once a month, and its nodes start slowly`,
    remedy:
      roll === "update"
        ? `Branch with the update: it re-images Windows nodes like the others, whatever their image. ${slow}`
        : `Branch with the monthly image: where it has the newest one, the run pauses (exit 8) for up to a month. Plan with an own kubelet identity, whose update does not wait for an image. ${slow}`,
    link: "https://learn.microsoft.com/azure/aks/upgrade-windows-os",
  };
}

/** RD007: pools whose work stops while their only node is replaced. */
export function checkSingleNodePools(cluster: ManagedCluster): Finding[] {
  const single = poolsOf(cluster).filter((pool) => pool["count"] === 1);
  if (single.length === 0) return [];
  return [
    {
      check: "RD007",
      severity: "medium",
      seen: `pool ${single.map(poolNameOf).join(", ")} has a single node`,
      remedy: "Scale it to two for the time of the migration, or expect its pods to move once.",
      link: "https://learn.microsoft.com/azure/aks/upgrade-options",
    },
  ];
}

/** A pool with the newest image that Azure names for it; undefined where Azure does not say. */
export interface PoolImage {
  readonly name: string;
  readonly image: string | undefined;
  readonly newest: string | undefined;
}

/**
 * RD002: pools that a node image upgrade would not re-image, with what else there is, from the cheapest to the dearest.
 * @param isRequired the user wants no plan without a newer image (`--require-node-image`)
 */
export function checkNewerImages(pools: readonly PoolImage[], roll: RollKind, isRequired: boolean): Finding[] {
  const without = pools.filter(({ image, newest }) => newest !== undefined && newest === image);
  const untold = pools.filter(({ newest }) => newest === undefined);
  const finding = (seen: string, remedy: string): Finding => ({
    check: "RD002",
    severity: isRequired ? "blocker" : "info",
    seen,
    remedy,
    link: "https://learn.microsoft.com/azure/aks/node-image-upgrade",
  });
  const names = (some: readonly PoolImage[]) => some.map(({ name }) => name).join(", ");
  return [
    ...(without.length > 0
      ? [
          finding(
            `there is no newer node image than that of pool ${names(without)}: upgrading it would re-image nothing`,
            `${isRequired ? "Wait for the next release and plan again, or do without --require-node-image. " : ""}${rankAlternatives(roll)}`,
          ),
        ]
      : []),
    ...(untold.length > 0
      ? [
          finding(
            `Azure does not say whether there is a newer node image for pool ${names(untold)}: not assessed`,
            "Ask for the right to read the pools' upgrade profiles, or look at `az aks nodepool get-upgrades`.",
          ),
        ]
      : []),
  ];
}

function rankAlternatives(roll: RollKind): string {
  const alternatives = [
    "an own kubelet identity (--to user-assigned with --kubelet-identity NAME): its update re-images the pools whatever their image, at the cost of an identity to look after",
    "wait: the run pauses (exit 8) until the release, weekly on Linux, monthly on Windows, up to two weeks later in some regions, at the cost of keeping the old principal valid until then",
    "a Kubernetes patch upgrade of the pools (`az aks nodepool upgrade`), at the cost of another version",
    "a new pool in place of the old one, at the cost of quota and addresses for both at a time",
  ];
  const open = roll === "update" ? alternatives.slice(1) : alternatives;
  const first = roll === "update" ? "The update re-images the pools all the same. Should Azure not do that: " : "";
  return `${first}${open.map((text, index) => `(${index + 1}) ${text}`).join("; ")}.`;
}

function isText(value: JsonObject[string], text: string): boolean {
  return asString(value)?.toLowerCase() === text;
}
