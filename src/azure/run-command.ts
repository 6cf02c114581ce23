import { MINUTE_MS, SECOND_MS } from "../engine/clock.ts";
import { asString, at } from "./json.ts";
import { withRetry } from "./retry.ts";
import type { RawResponse, Transport } from "./transport.ts";

const API_VERSION = "2026-04-01";

/** A pod has to start first, on a node that may have to pull its image. */
const POLL_MS = 5 * SECOND_MS;
const LONGEST_MS = 5 * MINUTE_MS;

/** The application that stands for every AKS API server in Microsoft Entra: `az aks command invoke` asks for its token too. */
const API_SERVER_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/** How a command ended: with its exit code and whatever it printed, or not at all. */
export type CommandEnd =
  | { readonly ended: true; readonly exitCode: number; readonly logs: string }
  | { readonly ended: false; readonly reason: string };

/** Commands that AKS runs in a cluster, in a pod that lives as long as the command. */
export interface RunCommands {
  /**
   * Runs a command that changes nothing: it may be sent twice. What it printed may hold secrets, and is in no error.
   * @param signsIn true where the cluster's API server asks Microsoft Entra who the caller is
   */
  run(clusterId: string, command: string, signsIn: boolean): Promise<CommandEnd>;
}

/** POST runCommand and GET commandResults (Microsoft.ContainerService), as plain requests; private clusters answer too. */
export function createRunCommands({ arm, credential, retry }: Transport): RunCommands {
  return {
    async run(clusterId, command, signsIn) {
      const name = clusterId.split("/").at(-1);
      let clusterToken: string | undefined;
      if (signsIn) {
        clusterToken = await credential.getToken(API_SERVER_SCOPE).then(
          (token) => token?.token,
          () => undefined,
        );
        if (!clusterToken) return { ended: false, reason: "Microsoft Entra gives you no token for its API server" };
      }
      const body = { command, ...(clusterToken ? { clusterToken } : {}) };
      const path = `${clusterId}/runCommand?api-version=${API_VERSION}`;
      let response = await withRetry(`run a command in ${name}`, retry, () =>
        arm.send(`run a command in ${name}`, "POST", path, body),
      );
      const giveUpAt = retry.clock.now().getTime() + LONGEST_MS;
      let location = response.header("location");
      while (response.status === 202 && location !== undefined) {
        if (retry.clock.now().getTime() >= giveUpAt)
          return { ended: false, reason: `it had not ended after ${LONGEST_MS / MINUTE_MS} minutes` };
        await retry.clock.sleep(POLL_MS, retry.signal);
        response = await arm.get(`read the result of a command in ${name}`, location);
        location = response.header("location") ?? location;
      }
      return endOf(response);
    },
  };
}

/** `provisioningState` says whether the command ran, `exitCode` how it ended. */
function endOf({ body }: RawResponse): CommandEnd {
  const exitCode = at(body, "properties", "exitCode");
  if (typeof exitCode === "number")
    return { ended: true, exitCode, logs: asString(at(body, "properties", "logs")) ?? "" };
  const state = asString(at(body, "properties", "provisioningState")) ?? "without a result";
  return { ended: false, reason: `Azure could not run it (${state})` };
}
