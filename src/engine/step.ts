/** The risks, from the least to the worst. */
export const RISKS = ["additive", "disruptive", "irreversible"] as const;

/** The worst that a change can do, from harmless to final. */
export type Risk = (typeof RISKS)[number];

/** One thing a step would do. Plain data: shown, approved and journalled as it stands; ids that only exist at run time are looked up by `apply`. */
export interface Change {
  /** Symbolic and stable, for example `switch:<cluster id>` or `role:AcrPull@<registry id>→kubelet`. */
  readonly key: string;
  readonly summary: string;
  readonly reason: string;
  readonly risk: Risk;
  /** Node pools that are drained, or may be. */
  readonly drains?: readonly string[] | undefined;
  /** How many nodes `drains` covers today. */
  readonly nodes?: number | undefined;
  /** The answer of Azure on which this change depends; it is approved with the rest. */
  readonly onlyIf?: string | undefined;
}

/** The severities, from the worst to the least. */
export const SEVERITIES = ["blocker", "critical", "high", "medium", "low", "info"] as const;

/** How much a finding matters; only a `blocker` stops anything. */
export type Severity = (typeof SEVERITIES)[number];

/** The checks that can stop a plan: of severity `blocker` before anything is written, or right before the switch. */
export const BLOCKER_CHECKS = [
  "ID007",
  "ID014",
  "IDENTITY-GROUP",
  "RB011",
  "RB014",
  "RD001",
  "RD002",
  "RD005",
  "RD006",
  "RD008",
  "RD009",
  "RD010",
  "RD015",
] as const;

/** A check that can stop a plan. */
export type BlockerCheck = (typeof BLOCKER_CHECKS)[number];

/** Something that was found, as a plan file or a journal has it. */
export interface RecordedFinding {
  /** Id of the check, for example `RD001`. */
  readonly check: string;
  readonly severity: Severity;
  readonly seen: string;
  readonly remedy: string;
  readonly link?: string | undefined;
}

/** Something that was looked for and found. Only the checks of `BLOCKER_CHECKS` block: each of them is tested to. */
export type Finding = RecordedFinding &
  (
    | { readonly check: BlockerCheck; readonly severity: "blocker" }
    | { readonly severity: Exclude<Severity, "blocker"> }
  );

/** What a step concludes from the facts. Only the engine turns it into a sleep, an exit code or a write. */
export type Verdict<C extends Change = Change> =
  | { readonly kind: "done"; readonly evidence: string }
  | {
      readonly kind: "change";
      readonly changes: readonly C[];
      /** What it will have to do besides once that is possible: planned and approved with the rest, not done now. */
      readonly later?: readonly C[];
    }
  | {
      readonly kind: "wait";
      readonly reason: string;
      /** When the wait is known to end; it is then not polled. */
      readonly until?: Date;
      readonly pollMs: number;
      /** When waiting any longer is an error. */
      readonly atMost?: Date;
      /** True when nothing is at work on the cluster meanwhile: it is time that has to pass, or people who have to act. */
      readonly idle?: true;
    }
  | {
      readonly kind: "pause";
      readonly reason: string;
      readonly retryAt?: Date;
      /** What it will have to do when it goes on: planned and approved, not done now. */
      readonly later?: readonly C[];
    }
  /** It cannot become done by itself. With a `key`: that change's operation failed, and the next resume may try it again. */
  | {
      readonly kind: "failed";
      readonly key?: string;
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    }
  | { readonly kind: "blocked"; readonly findings: readonly Finding[] };

/** What a step tells while one of its changes is applied, or while it waits for Azure. */
export type ApplyEvent =
  | {
      readonly type: "operation:started";
      readonly key: string;
      /** The operation's id in Azure; its URL is kept apart. */
      readonly operation: string;
      readonly correlationId?: string | undefined;
      /** When Azure answered, by its own clock: a request may have been long on its way. */
      readonly acceptedAt?: string | undefined;
      /** An earlier attempt had got as far as the nodes: some of them may be imaged already. */
      readonly takesUp?: true | undefined;
    }
  | {
      readonly type: "node:progress";
      readonly pool: string;
      /** Nodes whose re-imaging is evidenced, of `nodes`. */
      readonly reimaged: number;
      readonly nodes: number;
      /** Names of the nodes that have newly been re-imaged. */
      readonly names?: readonly string[] | undefined;
    }
  /** What Azure's activity log tells of the principal that the cluster has left. */
  | {
      readonly type: "principal:use";
      /** `none`: not used for as long as its tokens last. `recent`: used since, or not long enough ago. */
      readonly use: "none" | "recent" | "too-early" | "not-assessed";
      /** In one sentence. */
      readonly seen: string;
      readonly lastUseAt?: string | undefined;
      /** When it will be known, at the earliest, that it has not been used for so long. */
      readonly knownAt?: string | undefined;
      /** With `none`: what else speaks against removing it, or could not be looked at. */
      readonly otherUses?: readonly string[] | undefined;
    }
  | { readonly type: "request:retried"; readonly request: string; readonly reason: string; readonly delayMs: number }
  | {
      readonly type: "change:bound";
      readonly key: string;
      /** The id that Azure gave to what the change made. */
      readonly resourceId: string;
      readonly correlationId?: string | undefined;
      /** True when it was there already and has been taken over. */
      readonly adopted?: boolean | undefined;
    };

/** Tells the journal what happens while a change is applied; resolves when the event is on disk. */
export type Report = (event: ApplyEvent) => Promise<void>;

/** A step says what the world should look like, and can tell from Azure alone whether it already does. */
export interface Step<Facts = unknown, C extends Change = Change> {
  /** Keys the journal: stable, never reused. */
  readonly id: StepId;
  /** Gaps in rights that open before this step and close when it is done: announced in the plan, written by nobody. */
  readonly gaps?: readonly Change[];
  /** Reads only. */
  detect(signal: AbortSignal): Promise<Facts>;
  /** Pure. */
  decide(facts: Facts, now: Date): Verdict<C>;
  /**
   * Starts one change and returns when Azure has accepted it; `detect` sees how it goes on.
   * @throws AksMiError when Azure refuses it, or `TransientError` when nobody knows whether Azure acted
   */
  apply(change: C, report: Report, signal: AbortSignal): Promise<void>;
  /** What the work in progress can show of itself, for example nodes re-imaged so far. Asked for while the step waits. */
  progress?(facts: Facts): readonly ApplyEvent[];
}

/** A step of any facts and changes. The facts only ever travel from a step's `detect` to its own `decide`. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where steps of different facts meet
export type AnyStep = Step<any, any>;

/** The steps that exist, in the documented order. */
export const STEP_IDS = [
  "create-identities",
  "assign-roles",
  "await-role-propagation",
  "enable-managed-identity",
  "assign-kubelet-identity",
  "attach-acr",
  "grant-addon-roles",
  "await-kubelet-propagation",
  "upgrade-node-images",
  "verify-migration",
  "await-token-switchover",
] as const;

/** What keys a step in plans and journals. */
export type StepId = (typeof STEP_IDS)[number];

/** What each step is called, in the imperative: the same words in a plan, on the screen and in a report. */
export const STEP_TITLES: Record<StepId, string> = {
  "create-identities": "Create identities",
  "assign-roles": "Assign roles",
  "await-role-propagation": "Wait for role propagation",
  "enable-managed-identity": "Enable managed identity",
  "assign-kubelet-identity": "Assign kubelet identity",
  "attach-acr": "Attach registries",
  "grant-addon-roles": "Grant add-on roles",
  "await-kubelet-propagation": "Wait for kubelet role propagation",
  "upgrade-node-images": "Upgrade node images",
  "verify-migration": "Verify the migration",
  "await-token-switchover": "Wait for the token switchover",
};

/** True for a gap in rights: announced and approved like a change, but nobody writes it; it closes when its step is done. */
export function isGap({ key }: Pick<Change, "key">): boolean {
  return key.startsWith("gap:");
}
