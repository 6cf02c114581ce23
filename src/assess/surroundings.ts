import type { CloudName } from "../azure/clouds.ts";
import type { DirectoryKind } from "../azure/graph.ts";
import type { Estate } from "./estate.ts";
import type { Neighbours } from "./neighbours.ts";
import type { Known } from "./outcome.ts";
import type { AllAssignments } from "./rights.ts";

/** What the readings of all clusters share. */
export interface Surroundings {
  readonly estate: Estate;
  readonly neighbours: Neighbours;
  readonly assignments: AllAssignments;
  readonly directory: Known<ReadonlyMap<string, DirectoryKind>>;
  readonly cloud: CloudName;
  readonly now: Date;
  /** Start a pod in each cluster, and look at what is in it. */
  readonly inCluster: boolean;
}
