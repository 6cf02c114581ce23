import { MINUTE_MS } from "../../src/engine/clock.ts";
import { put } from "./deeds.ts";
import type { Site, Subject } from "./site.ts";

interface Shown {
  readonly properties: {
    readonly provisioningState: string;
    readonly agentPoolProfiles: readonly { readonly name: string; readonly provisioningState: string }[];
  };
}

const ENDED_BADLY = ["Failed", "Canceled"];
const ENDED = [...ENDED_BADLY, "Succeeded"];

/** What the tool's remedies ask of its user before the next start: an operation that hangs is aborted, what failed is put right. */
export async function repair(site: Site, hasHung: boolean, note: (text: string) => void): Promise<void> {
  for (const subject of site.subjects) {
    if (hasHung && (await abortWhatHangs(subject))) {
      note(`someone aborts what hangs at ${subject.clusterId}`);
      site.clock.advance(MINUTE_MS);
    }
    const { provisioningState, agentPoolProfiles } = (await site.read<Shown>(subject.clusterId)).properties;
    const states = [provisioningState, ...agentPoolProfiles.map((pool) => pool.provisioningState)];
    if (!states.some((state) => ENDED_BADLY.includes(state))) continue;
    note(`someone reconciles ${subject.clusterId}`);
    await put(site, subject.clusterId, (body) => body);
  }
}

async function abortWhatHangs({ site, clusterId }: Subject): Promise<boolean> {
  const { provisioningState, agentPoolProfiles } = (await site.read<Shown>(clusterId)).properties;
  if (!ENDED.includes(provisioningState)) return (await site.ask("POST", `${clusterId}/abort`)).status === 202;
  const busy = agentPoolProfiles.find((pool) => !ENDED.includes(pool.provisioningState));
  if (!busy) return false;
  return (await site.ask("POST", `${clusterId}/agentPools/${busy.name}/abort`)).status === 202;
}
