import { type ActivityLog, createActivityLog } from "./activity-log.ts";
import { type Capacity, createCapacity } from "./capacity.ts";
import { type Clusters, createClusters } from "./clusters.ts";
import { createGraph, type Graph } from "./graph.ts";
import { createIdentities, type Identities } from "./identities.ts";
import { createInventory, type Inventory } from "./inventory.ts";
import { createMaintenance, type Maintenance } from "./maintenance.ts";
import { createNetworks, type Networks } from "./networks.ts";
import { createPolicies, type Policies } from "./policies.ts";
import { createRegistries, type Registries } from "./registries.ts";
import { createResources, type Resources } from "./resources.ts";
import { createRoles, type Roles } from "./roles.ts";
import { createRunCommands, type RunCommands } from "./run-command.ts";
import { createScaleSets, type ScaleSets } from "./scale-sets.ts";
import type { Transport } from "./transport.ts";

/** All that this project asks of Azure. Steps take the parts they use. */
export interface Azure {
  readonly clusters: Clusters;
  readonly identities: Identities;
  readonly roles: Roles;
  readonly registries: Registries;
  readonly resources: Resources;
  readonly scaleSets: ScaleSets;
  readonly networks: Networks;
  readonly maintenance: Maintenance;
  readonly policies: Policies;
  readonly capacity: Capacity;
  readonly activityLog: ActivityLog;
  readonly graph: Graph;
  /** Starts pods: only where the user asked for it. */
  readonly runCommands: RunCommands;
  /** For copies of what is there; steps do not use it. */
  readonly inventory: Inventory;
}

/** The adapters over one transport. */
export function createAzure(transport: Transport): Azure {
  return {
    clusters: createClusters(transport),
    identities: createIdentities(transport),
    roles: createRoles(transport),
    registries: createRegistries(transport),
    resources: createResources(transport),
    scaleSets: createScaleSets(transport),
    networks: createNetworks(transport),
    maintenance: createMaintenance(transport),
    policies: createPolicies(transport),
    capacity: createCapacity(transport),
    activityLog: createActivityLog(transport),
    graph: createGraph(transport),
    runCommands: createRunCommands(transport),
    inventory: createInventory(transport),
  };
}
