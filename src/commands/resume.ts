import { join } from "node:path";
import type { Event } from "../engine/events.ts";
import { STEP_TITLES } from "../engine/step.ts";
import { ensureSamePlan, findApproval } from "../execute/execute-cluster.ts";
import { planHash } from "../plan/canonical.ts";
import { openRun, type RunDirectory, readEvents } from "../state/state-directory.ts";
import { obtainApproval } from "./approval.ts";
import { type ApprovalFlags, type CommonFlags, connectForPlan } from "./context.ts";
import { checkedStep, type RunFlags, runPlan, timeBoxEnd } from "./run-plan.ts";

/** Continues a run, on the approval that it has. @returns the exit code */
export async function resume(
  id: string | undefined,
  flags: CommonFlags & ApprovalFlags & RunFlags & { readonly maxDuration?: string },
): Promise<number> {
  const until = checkedStep(flags.until);
  const run = openRun(flags.stateDir, id);
  const events = readEvents(run);
  const hash = planHash(run.plan);
  ensureSamePlan(hash, events);
  const connection = await connectForPlan(run.plan, flags, "USAGE");
  // Whoever names a hash means that plan, whoever has approved which.
  const given = flags.approve === undefined ? findApproval(events, hash, until) : undefined;
  const approval = given ?? (await obtainApproval(run.plan, flags, () => show(run, events)));
  return runPlan(connection, run, approval, { ...flags, pauseAt: timeBoxEnd(connection, flags) });
}

/** What is to be approved, before the question. */
function show({ path }: RunDirectory, events: readonly Event[]): void {
  const earlier = events.find((event) => event.type === "run:approved")?.stopsBefore;
  const how = earlier ? `approved up to "${STEP_TITLES[earlier]}" only` : "not approved yet";
  process.stderr.write(`The run is ${how}; its plan is ${join(path, "plan.yaml")}.\n`);
}
