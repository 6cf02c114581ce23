import { openRun, readEvents } from "../state/state-directory.ts";
import { obtainApproval } from "./approval.ts";
import { type ApprovalFlags, type CommonFlags, connectForPlan } from "./context.ts";
import { checkedStep, type RunFlags, runPlan } from "./run-plan.ts";

/** Continues a run, on the approval that it has. @returns the exit code */
export async function resume(id: string | undefined, flags: CommonFlags & ApprovalFlags & RunFlags): Promise<number> {
  checkedStep(flags.until);
  const run = openRun(flags.stateDir, id);
  const connection = await connectForPlan(run.plan, flags, "USAGE");
  const events = readEvents(run);
  const approved = events.some((event) => event.type === "run:approved");
  const approval = approved ? undefined : await obtainApproval(run.plan, flags, () => {});
  return runPlan(connection, run, approval, flags);
}
