import { DAY_MS } from "../engine/clock.ts";
import { shortSubscription } from "../report/ids.ts";
import { count } from "../report/words.ts";
import { truncate } from "../text/terminal.ts";
import type { WizardCluster } from "./wizard-types.ts";

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

/** Widths of the columns after the name: state, secret, findings. */
const [STATE_COLUMNS, SECRET_COLUMNS, FINDING_COLUMNS] = [17, 15, 11];
const GAP = "  ";
/** With less room than this a resource group is left to the description. */
const LEAST_GROUP_COLUMNS = 12;

/** Clusters with the most urgent first: half-migrated, then by the date on which the secret expires. */
export function sortClusters(clusters: readonly WizardCluster[]): WizardCluster[] {
  const expiry = ({ secretExpires }: WizardCluster) => secretExpires?.getTime() ?? Number.POSITIVE_INFINITY;
  const order = (a: number, b: number) => (a === b ? 0 : a - b);
  return [...clusters].sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) || order(expiry(a), expiry(b)) || a.name.localeCompare(b.name),
  );
}

/** A cluster on one line: name, true state, how long its secret lives, its gravest findings, and where there is room, its place. */
export function describeCluster(
  cluster: WizardCluster,
  { now, columns, nameColumns }: { now: Date; columns: number; nameColumns: number },
): string {
  const text = [
    truncate(cluster.name, nameColumns).padEnd(nameColumns),
    STATE_WORDS[cluster.state].padEnd(STATE_COLUMNS),
    expiryWords(cluster, now).padEnd(SECRET_COLUMNS),
    worstWords(cluster).padEnd(FINDING_COLUMNS),
  ].join(GAP);
  const room = columns - text.length - GAP.length;
  return room < LEAST_GROUP_COLUMNS
    ? truncate(text.trimEnd(), columns)
    : `${text}${GAP}${truncate(cluster.resourceGroup, room)}`;
}

/** Where a cluster is, how large, and what was found, the gravest first. */
export function detailOfCluster({ resourceGroup, subscription, size, findings, notAssessed }: WizardCluster): string {
  const place = `${resourceGroup}, subscription ${shortSubscription(subscription)}: ${size}.`;
  const found = findings.map(({ check, severity, seen }) => `${check} ${severity}: ${seen}`).join("; ");
  const open = notAssessed > 0 ? ` ${count(notAssessed, "check")} could not be made.` : "";
  return `${place} ${count(findings.length, "finding")}${found ? `: ${found}` : ""}.${open}`;
}

/** How wide the column of the names is: as the longest of them, as far as the rest leaves room. */
export function columnsForNames(clusters: readonly WizardCluster[], columns: number): number {
  const longest = Math.max(0, ...clusters.map(({ name }) => name.length));
  const others = STATE_COLUMNS + SECRET_COLUMNS + FINDING_COLUMNS + 3 * GAP.length;
  return Math.min(longest, Math.max(16, columns - others));
}

/** How long a cluster's secret lives. */
function expiryWords({ secretExpires, state }: WizardCluster, now: Date): string {
  if (!secretExpires) return state === "service-principal" ? "secret unknown" : "";
  const days = Math.floor((secretExpires.getTime() - now.getTime()) / DAY_MS);
  return days < 0 ? "secret EXPIRED" : `secret ${count(days, "day")}`;
}

/** How many of the gravest findings there are. */
function worstWords({ findings }: WizardCluster): string {
  const worst = findings[0]?.severity;
  return worst ? `${findings.filter(({ severity }) => severity === worst).length} ${worst}` : "no finding";
}
