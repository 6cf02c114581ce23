import type { Finding, StepId } from "../engine/step.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { PromptStreams, Prompts } from "./prompts.ts";

/** Who is signed in, and where. */
export interface WizardAccount {
  readonly cloud: string;
  readonly tenant: string;
  /** As Azure knows the caller: a name or an object id. */
  readonly who: string;
  readonly emulator: boolean;
}

/** A cluster as it really is, looked at from outside. */
export interface WizardCluster {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  /** Id of its subscription. */
  readonly subscription: string;
  readonly state: "service-principal" | "half-migrated" | "system-assigned" | "user-assigned" | "broken";
  /** When the last credential of its service principal expires, where that can be read. */
  readonly secretExpires?: Date | undefined;
  /** Pools, nodes, version: `3 pools, 9 nodes, Kubernetes 1.33`. */
  readonly size: string;
  /** What the assessment has found, the gravest first. */
  readonly findings: readonly Pick<Finding, "check" | "severity" | "seen">[];
  /** How many of its checks could not be carried out. */
  readonly notAssessed: number;
}

/** The clusters to choose from. */
export interface WizardEstate {
  readonly clusters: readonly WizardCluster[];
  /** One sentence for each subscription whose clusters could not be listed, or not all of them. */
  readonly gaps: readonly string[];
}

/** A user-assigned identity that exists already. */
export interface WizardIdentity {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
}

/** A registry the cluster pulls from, or may. */
export interface WizardRegistry {
  readonly id: string;
  /** How it came to be here, for example the old principal's role. */
  readonly source: string;
  /** True when every plan has it, because the old principal can pull from it. */
  readonly always: boolean;
}

/** What the user chose: all that a plan is made of. */
export interface WizardChoices {
  readonly clusters: readonly string[];
  readonly to: "user-assigned" | "system-assigned";
  /** Name or resource id; undefined for the default. */
  readonly controlPlaneIdentity?: string | undefined;
  /** Name, resource id, or `aks` for the one that AKS makes; undefined for the default. */
  readonly kubeletIdentity?: string | undefined;
  readonly identityResourceGroup?: string | undefined;
  /** Besides those that every plan has. */
  readonly registries: readonly string[];
}

/** What the wizard asks of the rest of the program. None of it writes to Azure. */
export interface WizardServices {
  readonly account: WizardAccount;
  /** Flags that the equivalent command needs besides the choices, for example `--emulator` and its address. */
  readonly commonFlags: readonly string[];
  /** What the flags don't say about the equivalent command. */
  readonly commandNote?: string | undefined;
  /** @param onProgress told how far the reading is, in a few words */
  listClusters(onProgress: (words: string) => void): Promise<WizardEstate>;
  identities(clusterId: string): Promise<readonly WizardIdentity[]>;
  registries(clusterId: string): Promise<readonly WizardRegistry[]>;
  /**
   * @param onProgress told how far the reading is, in a few words
   * @throws AksMiError when there is no such plan; the user then changes an answer
   */
  makePlan(choices: WizardChoices, onProgress: (words: string) => void): Promise<MigrationPlan>;
  /** @throws AksMiError when the file can't be written; the user then names another */
  savePlan(plan: MigrationPlan, file: string): Promise<void>;
  hash(plan: MigrationPlan): string;
}

/** How the wizard was left. Only `apply` has an approval: the user has read this plan and confirmed its point of no return. */
export type WizardResult =
  | {
      readonly kind: "apply";
      readonly plan: MigrationPlan;
      /** Where to stop: the user wants to prepare now and to switch later. */
      readonly until?: StepId | undefined;
    }
  | { readonly kind: "saved"; readonly file: string }
  /** `interrupted`: with Ctrl-C, by a signal, or because there is nobody to answer any more. */
  | { readonly kind: "left"; readonly interrupted?: true };

/** Where the wizard is read from and drawn. */
export interface WizardIo extends PromptStreams {
  readonly rows: () => number;
  readonly now: () => Date;
  /** Instead of inquirer's, in tests. */
  readonly prompts?: Prompts | undefined;
}
