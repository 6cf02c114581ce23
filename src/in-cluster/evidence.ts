import type { Known } from "../engine/known.ts";
import type { BlockingBudget } from "./budgets.ts";
import type { ClientIdHolders } from "./client-id.ts";
import type { Interruptions } from "./interruptions.ts";
import type { OutsideReference } from "./references.ts";
import type { PodIdentityTraces, RegistryUse } from "./workloads.ts";

/** What was seen inside a cluster: names, and nothing of what secrets and config maps hold. */
export interface InClusterEvidence {
  readonly budgets: Known<readonly BlockingBudget[]>;
  /** Validating webhooks that are asked about evictions. */
  readonly evictionWebhooks: Known<readonly string[]>;
  /** What stops or is lost while a node is replaced. */
  readonly interruptions: Known<Interruptions>;
  /** Workloads that mount the nodes' own credentials. */
  readonly hostFileReaders: Known<readonly string[]>;
  readonly clientIdHolders: Known<ClientIdHolders>;
  readonly podIdentity: Known<PodIdentityTraces>;
  /** Secret provider classes on pod identity, and workloads whose driver signs in with the old client id. */
  readonly secretProviders: Known<readonly string[]>;
  readonly references: Known<readonly OutsideReference[]>;
  readonly registries: Known<readonly RegistryUse[]>;
}
