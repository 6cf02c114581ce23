import type { Behaviour } from "../../src/emulator/behaviour.ts";
import type { Random } from "./random.ts";

/** How Azure behaves in a simulation: every open question, and every duration, anew. @param fixed what its case asks for */
export function randomBehaviour(random: Random, fixed: Partial<Behaviour> | undefined) {
  const minutes = (low: number, high: number) => `${random.whole(low, high)}m`;
  const behaviour = {
    combinedIdentityUpdate: random.pick(["rolls", "rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"] as const),
    identityUpdateReimagesNodes: random.chance(0.2),
    kubeletIdentityUpdateReimagesNodes: random.chance(0.8),
    reimage: random.pick(["inPlace", "replacesInstance"] as const),
    latestModelApplied: random.chance(0.2),
    etagMismatchInOperation: random.chance(0.2),
    rolePropagation: random.chance(0.1) ? minutes(61, 100) : minutes(0, 59),
    identityUpdate: random.chance(0.1) ? minutes(60, 400) : minutes(1, 10),
    nodeImageUpgradePerNode: minutes(2, 12),
    tokenSwitchover: minutes(10, 1400),
    newerNodeImage: random.chance(0.8),
    throttles: random.chance(0.15) ? ("azure" as const) : (false as const),
    pageSize: random.pick([1, 3, 100]),
  } satisfies Partial<Behaviour>;
  return random.chance(0.5) ? { ...behaviour, ...fixed } : behaviour;
}
