import { judgeSurge, poolsWithSurge } from "../../migration/surge.ts";
import { judgeVersions } from "../../migration/versions.ts";
import type { Outcome } from "../outcome.ts";
import { type ClusterReading, isMigrationAhead, poolsLeft } from "../reading.ts";

/** RD003: versions out of support, and nodes too far from their control plane; a plan asks the same. */
export function checkVersions(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? judgeVersions(reading.cluster, reading.kubernetesVersions) : [];
}

/** RD006: room for the nodes that stand in while others are replaced; a plan asks the same. */
export function checkSurge(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? judgeSurge(reading, poolsWithSurge(poolsLeft(reading))) : [];
}
