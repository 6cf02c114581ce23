import { connect } from "../../src/azure/connection.ts";
import { type ClusterResult, type ExecuteOptions, execute } from "../../src/execute/execute.ts";
import type { Site } from "./site.ts";

/** What a test chooses of a run at a site: where it is kept, and what happens on the way. */
export interface RunAt extends Pick<ExecuteOptions, "stateDir" | "run"> {
  readonly approval?: ExecuteOptions["approval"];
  readonly breakLock?: ExecuteOptions["breakLock"];
  readonly onEvent?: ExecuteOptions["onEvent"];
  /** Called before each request that may change something, after the run has asked whether it may send it. */
  readonly onWrite?: () => void;
}

/** Runs a site's one cluster as a command does: with a directory, a journal and locks on disk. */
export async function executeAt(
  { emulator, clock }: Site,
  { approval, onWrite = () => {}, onEvent = () => {}, ...options }: RunAt,
): Promise<ClusterResult["outcome"]> {
  const handle: Site["emulator"]["handle"] = (request) => {
    if (request.method !== "GET") onWrite();
    return emulator.handle(request);
  };
  const [result] = await execute({
    ...options,
    approval,
    connection: await connect({ cloud: "AzureCloud", emulator: { handle, clock } }),
    tool: "test",
    signal: new AbortController().signal,
    onEvent,
  });
  return result!.outcome;
}
