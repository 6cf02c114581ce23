import { DAY_MS } from "../engine/clock.ts";
import { count } from "../report/words.ts";
import { truncate } from "./terminal.ts";
import type { WizardCluster } from "./wizard.ts";

const STATES: readonly WizardCluster["state"][] = [
  "half-migrated",
  "service-principal",
  "system-assigned",
  "user-assigned",
  "broken",
];

const STATE_WORDS: Record<WizardCluster["state"], string> = {
  "half-migrated": "half-migrated",
  "service-principal": "service principal",
  "system-assigned": "system-assigned",
  "user-assigned": "user-assigned",
  broken: "broken",
};

/** Clusters with the most urgent first: half-migrated, then by the date on which the secret expires. */
export function sortClusters(clusters: readonly WizardCluster[]): WizardCluster[] {
  const expiry = ({ secretExpires }: WizardCluster) => secretExpires?.getTime() ?? Number.POSITIVE_INFINITY;
  const order = (a: number, b: number) => (a === b ? 0 : a - b);
  return [...clusters].sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) || order(expiry(a), expiry(b)) || a.name.localeCompare(b.name),
  );
}

/** A cluster on one line: name, true state, how long its secret lives, where it is. */
export function describeCluster(
  cluster: WizardCluster,
  { now, columns, nameColumns }: { now: Date; columns: number; nameColumns: number },
): string {
  const parts = [
    truncate(cluster.name, nameColumns).padEnd(nameColumns),
    STATE_WORDS[cluster.state].padEnd(17),
    expiryWords(cluster, now).padEnd(20),
    cluster.resourceGroup,
  ];
  return truncate(parts.join("  ").trimEnd(), columns);
}

/** How wide the column of the names is: as the longest of them, as far as the rest leaves room. */
export function columnsForNames(clusters: readonly WizardCluster[], columns: number): number {
  const longest = Math.max(0, ...clusters.map(({ name }) => name.length));
  return Math.min(longest, Math.max(16, columns - 52));
}

/** How long a cluster's secret lives. */
function expiryWords({ secretExpires, state }: WizardCluster, now: Date): string {
  if (!secretExpires) return state === "service-principal" ? "secret not readable" : "";
  const days = Math.floor((secretExpires.getTime() - now.getTime()) / DAY_MS);
  return days < 0 ? "secret HAS EXPIRED" : `secret: ${count(days, "day")} left`;
}
