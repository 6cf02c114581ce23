import { type Json, type JsonObject, objectAt, objectsAt, textAt } from "../../src/emulator/json.ts";
import { asMicrosoftGraph } from "./aad-graph.ts";
import { Bench } from "./bench.ts";
import { compareAnswers, type Side } from "./compare.ts";
import { type Difference, reasonFor } from "./difference.ts";
import {
  clusterAround,
  clusterBefore,
  identitiesOf,
  identity,
  MASKED_ID,
  placesOf,
  plainCluster,
  servicePrincipal,
  settledCluster,
} from "./implied-state.ts";
import { bodyOf, isMasked, pathOf, type Recording } from "./recording.ts";

/** How the emulator fared against one recording. */
export interface Result {
  readonly recording: Recording;
  readonly accepted: readonly (Difference & { readonly reason: string })[];
  readonly wrong: readonly Difference[];
}

/** Replays every recording on an emulator of its own. */
export async function replayAll(recordings: readonly Recording[]): Promise<Result[]> {
  const translated = recordings.map(asMicrosoftGraph);
  const results: Result[] = [];
  for (const recording of translated) {
    const session = translated.filter(({ source }) => source === recording.source);
    results.push(await replay(recording, session));
  }
  return results;
}

async function replay(recording: Recording, session: readonly Recording[]): Promise<Result> {
  const bench = new Bench(new Date(recording.response.headers["date"] ?? "2024-01-01T00:00:00Z"));
  const answer = await new Player(bench, session).play(recording);
  const found = compareAnswers(recordedSide(recording), answer, bench.ids);
  const judged = found.map((difference) => ({ ...difference, reason: reasonFor(difference, recording) }));
  return {
    recording,
    accepted: judged.filter((difference): difference is Difference & { reason: string } => !!difference.reason),
    wrong: judged.filter(({ reason }) => !reason).map(({ reason: _, ...difference }) => difference),
  };
}

function recordedSide({ response }: Recording): Side {
  return { status: response.status.code, headers: response.headers, body: response.body };
}

/** Puts in what a recording implies, lets happen what came before it in its session, and sends its request. */
class Player {
  readonly #bench: Bench;
  readonly #session: readonly Recording[];

  constructor(bench: Bench, session: readonly Recording[]) {
    this.#bench = bench;
    this.#session = session;
  }

  play(recording: Recording): Promise<Side> {
    const path = pathOf(recording);
    const { method } = recording.request;
    if (/^\/v1\.0\//.test(path)) return this.#graph(recording);
    if (/\/roleAssignments(\/[^/]+)?$/i.test(path)) return this.#roles(recording);
    if (/\/userAssignedIdentities\/[^/]+$/i.test(path)) return this.#identity(recording);
    if (/\/operations\/[^/]+$/i.test(path)) return this.#operation(recording);
    if (/\/operationresults\/[^/]+$/i.test(path)) return this.#result(recording);
    if (/\/agentPools\/[^/]+\/upgradeNodeImageVersion$/i.test(path)) return this.#poolUpgrade(recording);
    if (/\/agentPools\/[^/]+$/i.test(path)) return this.#pool(recording);
    if (/\/managedClusters\/[^/]+$/i.test(path))
      return method === "PUT" ? this.#clusterUpdate(recording) : this.#cluster(recording);
    return this.#list(recording);
  }

  /** Plays an earlier exchange of the session; its ids are those of the exchanges that follow. */
  async #before(earlier: Recording): Promise<Side> {
    const answer = await this.play(earlier);
    compareAnswers(recordedSide(earlier), answer, this.#bench.ids);
    return answer;
  }

  #earlier(recording: Recording, matches: (other: Recording) => boolean): Recording | undefined {
    return this.#session
      .filter((other) => other.interaction < recording.interaction && matches(other))
      .sort((left, right) => right.interaction - left.interaction)[0];
  }

  #send(recording: Recording, body: Json = recording.request.body): Promise<Side> {
    return this.#bench.send(recording.request.method, recording.request.uri, body);
  }

  async #graph(recording: Recording): Promise<Side> {
    const denied = recording.response.status.code === 403;
    if (denied) await this.#bench.behave({ graphDenied: true });
    const shown = objectsAt(bodyOf(recording.response), "value");
    await this.#bench.put(...shown.map((object) => ({ ...object, type: "Microsoft.Graph/servicePrincipals" })));
    return this.#send(recording);
  }

  async #roles(recording: Recording): Promise<Side> {
    const { code } = recording.response.status;
    const principalId = textAt(bodyOf(recording.request), "properties", "principalId");
    const scope = pathOf(recording).replace(/\/providers\/Microsoft\.Authorization\/roleAssignments.*$/i, "");
    await this.#bench.put(...placesOf(scope));
    const refused = textAt(bodyOf(recording.response), "error", "code");
    if (principalId && refused !== "PrincipalNotFound")
      await this.#bench.put(servicePrincipal(principalId, [MASKED_ID]));
    if (code === 409) {
      const other = pathOf(recording).replace(/[^/]+$/, "11111111-1111-4111-8111-111111111111");
      await this.#bench.put({
        ...bodyOf(recording.request),
        id: other,
        type: "Microsoft.Authorization/roleAssignments",
      });
    }
    if (code === 403) {
      const message = textAt(bodyOf(recording.response), "error", "message") ?? "";
      const [, name, objectId] = /client '([^']*)' with object id '([^']*)'/.exec(message) ?? [];
      const roles = [{ role: "Contributor", scope: "/" }];
      await this.#bench.behave({ caller: { name: name!, objectId: objectId!, type: "User", roles } });
    }
    return this.#send(recording);
  }

  async #identity(recording: Recording): Promise<Side> {
    const id = textAt(bodyOf(recording.response), "id")!;
    const location = textAt(bodyOf(recording.response), "location")!;
    await this.#bench.put(...placesOf(id.replace(/\/providers\/.*$/i, "")));
    if (recording.request.method === "GET") await this.#bench.put(identity(id, location));
    return this.#send(recording);
  }

  async #list(recording: Recording): Promise<Side> {
    await this.#bench.put(...objectsAt(bodyOf(recording.response), "value"));
    return this.#send(recording);
  }

  async #cluster(recording: Recording): Promise<Side> {
    const update = this.#earlier(
      recording,
      (other) => other.request.method === "PUT" && other.response.status.code < 300 && isSamePath(other, recording),
    );
    if (update) {
      await this.#before(update);
      await this.#bench.advance("2h");
      return this.#send(recording);
    }
    await this.#putCluster(settledCluster(bodyOf(recording.response)));
    if (textAt(bodyOf(recording.response), "properties", "provisioningState") === "Canceled") {
      await this.#abortUpdate(pathOf(recording));
      await this.#bench.advance("1m");
    }
    return this.#send(recording);
  }

  async #clusterUpdate(recording: Recording): Promise<Side> {
    await this.#bench.put(...placesOf(pathOf(recording)));
    if (recording.response.status.code >= 400) return this.#send(recording);
    const shown = this.#earlier(
      recording,
      (other) => other.request.method === "GET" && other.response.status.code === 200 && isSamePath(other, recording),
    );
    const answered = bodyOf(recording.response);
    const before = shown ? settledCluster(bodyOf(shown.response)) : clusterBefore(answered);
    const asked = bodyOf(recording.request);
    await this.#bench.put(...identitiesOf({ ...asked, location: textAt(answered, "location") }));
    await this.#putCluster(before);
    await this.#allowKubeletIdentity(before, asked);
    return this.#send(recording, this.#unmasked(asked, await this.#bench.show(pathOf(recording))));
  }

  async #putCluster(cluster: JsonObject): Promise<void> {
    const clientId = textAt(cluster, "properties", "servicePrincipalProfile", "clientId");
    if (clientId && clientId !== "msi") {
      const id = "22222222-2222-4222-8222-222222222222";
      await this.#bench.put(servicePrincipal(id, [clientId]));
    }
    await this.#bench.put(...identitiesOf(cluster));
    await this.#bench.put(cluster);
  }

  /** That Azure took a new kubelet identity implies that the control plane might assign it. */
  async #allowKubeletIdentity(before: JsonObject, asked: JsonObject): Promise<void> {
    const kubelet = textAt(asked, "properties", "identityProfile", "kubeletidentity", "resourceId");
    const controlPlane = Object.keys(objectAt(before, "identity", "userAssignedIdentities") ?? {})[0];
    if (!kubelet || !controlPlane) return;
    const principalId = textAt(identity(controlPlane, ""), "properties", "principalId")!;
    await this.#bench.put({
      id: `${kubelet}/providers/Microsoft.Authorization/roleAssignments/33333333-3333-4333-8333-333333333333`,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        principalId,
        roleDefinitionId: "/providers/Microsoft.Authorization/roleDefinitions/f1a07417-d97a-45cb-824c-7a7467783830",
      },
    });
  }

  /** The recorded request with the ids that the client had read, in place of the masks. */
  #unmasked(asked: JsonObject, shown: JsonObject): JsonObject {
    const body = structuredClone(asked);
    const properties = objectAt(body, "properties")!;
    if (isMasked(textAt(properties, "servicePrincipalProfile", "clientId")))
      properties["servicePrincipalProfile"] = objectAt(shown, "properties", "servicePrincipalProfile");
    const kubelet = objectAt(properties, "identityProfile", "kubeletidentity");
    if (kubelet && isMasked(kubelet["clientId"]))
      Object.assign(kubelet, objectAt(shown, "properties", "identityProfile", "kubeletidentity"));
    return body;
  }

  async #abortUpdate(clusterPath: string): Promise<Side> {
    const uri = (path: string) => `https://management.azure.com${path}?api-version=2024-09-01`;
    await this.#bench.send("PUT", uri(clusterPath), await this.#bench.show(clusterPath));
    return this.#bench.send("POST", uri(`${clusterPath}/abort`));
  }

  async #operation(recording: Recording): Promise<Side> {
    const id = pathOf(recording).split("/").at(-1)!;
    const started = this.#earlier(recording, (other) =>
      (other.response.headers["azure-asyncoperation"] ?? "").includes(`/operations/${id}`),
    );
    const error = objectAt(bodyOf(recording.response), "error");
    const { code } = recording.response.status;
    if (code === 200 && error) await this.#bench.behave({ etagMismatchInOperation: true });
    const accepted = started ? await this.#before(started) : await this.#someUpdate(recording);
    if (textAt(bodyOf(recording.response), "status") === "Succeeded") await this.#bench.advance("2h");
    if (code >= 400)
      await this.#bench.fail("/operations/", { status: code, code: error!["code"], message: error!["message"] });
    return this.#bench.send("GET", accepted.headers["azure-asyncoperation"]!);
  }

  /** An update of a cluster of which nothing is known but the place: its operation is all that was recorded. */
  async #someUpdate(recording: Recording): Promise<Side> {
    const path = await this.#putSomeCluster(recording);
    const uri = `https://management.azure.com${path}?api-version=2024-09-01`;
    return this.#bench.send("PUT", uri, await this.#bench.show(path));
  }

  async #putSomeCluster(recording: Recording): Promise<string> {
    const [, subscription, location] = /^\/subscriptions\/([^/]+)\/.*\/locations\/([^/]+)\//i.exec(pathOf(recording))!;
    const path = `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/some`;
    await this.#bench.put(plainCluster(path, location!));
    return path;
  }

  /** A result without content is what an abort leaves. */
  async #result(recording: Recording): Promise<Side> {
    const aborted = await this.#abortUpdate(await this.#putSomeCluster(recording));
    await this.#bench.advance("1m");
    return this.#bench.send("GET", aborted.headers["location"]!);
  }

  async #poolUpgrade(recording: Recording): Promise<Side> {
    await this.#bench.put(clusterAround(bodyOf(recording.response)));
    return this.#send(recording);
  }

  async #pool(recording: Recording): Promise<Side> {
    const upgrade = this.#earlier(
      recording,
      (other) => other.request.method === "POST" && pathOf(other).startsWith(`${pathOf(recording)}/`),
    );
    if (upgrade) await this.#before(upgrade);
    else await this.#bench.put(clusterAround(bodyOf(recording.response)));
    return this.#send(recording);
  }
}

function isSamePath(left: Recording, right: Recording): boolean {
  return pathOf(left).toLowerCase() === pathOf(right).toLowerCase();
}
