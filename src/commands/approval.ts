import { AksMiError } from "../engine/errors.ts";
import type { Approval } from "../execute/execute-cluster.ts";
import { planHash } from "../plan/canonical.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { askText } from "./ask.ts";
import { type ApprovalFlags, mayPrompt, whoAmI } from "./context.ts";

/** What is said of what is to be approved. */
interface Words {
  readonly missing: string;
  /** What whoever approves has to know, as a sentence. */
  readonly warning?: string;
  /** Follows the names that are to be typed. */
  readonly toWhat: string;
}

const RUNNING: Words = {
  missing: "The plan has not been approved.",
  warning: "There is no way back after the switch.",
  toWhat: "to approve:",
};

/** Of taking back what a run has made. */
export const UNDOING: Words = {
  missing: "The removal has not been approved.",
  toWhat: "to have all of it removed:",
};

/**
 * Has a plan approved, or that what it made is taken back: by its hash, by --yes, or by someone who types the cluster's name.
 * @param show prints what is to be approved, before the question
 * @throws AksMiError `APPROVAL_NEEDED`: never a hang
 */
export async function obtainApproval(
  plan: MigrationPlan,
  flags: ApprovalFlags & { prompt: boolean },
  show: () => void,
  words = RUNNING,
): Promise<Approval> {
  const hash = planHash(plan);
  if (flags.approve !== undefined) {
    if (flags.approve.toLowerCase().replace(/^sha256:/, "") === hash) return { by: whoAmI(), how: "hash" };
    throw new AksMiError(
      "APPROVAL_NEEDED",
      `The hash that was approved is not this plan's, which is ${hash}: the plan has changed since, or it is another one.`,
      "Review the plan as it is now, and approve its own hash.",
    );
  }
  if (flags.yes) return { by: whoAmI(), how: "yes" };
  if (!mayPrompt(flags)) {
    throw new AksMiError("APPROVAL_NEEDED", words.missing, `Review it, then add --approve ${hash} (or --yes).`);
  }
  show();
  const names = plan.clusters.map((cluster) => cluster.id.split("/").at(-1)!).join(", ");
  const typed = await askText(`${words.warning ? `${words.warning}\n` : ""}Type ${names} ${words.toWhat}`);
  if (typed.trim() === names) return { by: whoAmI(), how: "prompt" };
  throw new AksMiError(
    "APPROVAL_NEEDED",
    `"${typed.trim()}" is not ${names}: nothing has been approved or written.`,
    "Run the command again.",
  );
}
