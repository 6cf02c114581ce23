import { isDeepStrictEqual } from "node:util";
import { sameId } from "../../src/azure/ids.ts";
import { asArray, asObject, asString, at, type Json, type JsonObject } from "../../src/azure/json.ts";
import { parseDuration } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { kubeletIdentityKey, switchKey } from "../../src/migration/migration.ts";
import { roleKey } from "../../src/plan/change-keys.ts";
import type { Deed } from "./deeds.ts";
import { wrongAtTheEnd } from "./ending.ts";
import { heldSince, type Needed, neededRights, principalOf } from "./needs.ts";
import type { Subject } from "./site.ts";
import { pathOf, type Write } from "./writes.ts";

/** How many requests lie between the last look at a right and the write: what vanishes in between nobody can see. */
const BLIND_REQUESTS = 6;

/** The same for an identity, which a look reads first. */
const BLIND_REQUESTS_FOR_IDENTITY = 25;

/** What an update of the cluster's identities may change about it. */
const PROPERTIES_OF_IDENTITY = ["provisioningState", "identityProfile", "servicePrincipalProfile", "addonProfiles"];

/** What any update may change about a pool. */
const POOL_STATE = ["provisioningState", "eTag", "nodeImageVersion"];

/** Something that our own writes began in Azure. */
interface Begun {
  readonly key: string;
  readonly operation: string | undefined;
}

/** What must hold for one cluster after every event, whatever goes wrong. */
export class Invariants {
  readonly subject: Subject;
  readonly #fail: (what: string) => void;
  readonly #needs: readonly Needed[];
  readonly #waitMs: number;
  readonly #tokenMs: number;
  readonly #events: Event[] = [];
  readonly #begun: Begun[] = [];
  readonly #rolesMade = new Map<string, number>();
  /** Every date of a role assignment that Azure has told: a wait counts from one of them. */
  readonly #datesTold = new Set<number>();
  #requests = 0;
  #lastRightLost = Number.NEGATIVE_INFINITY;
  #blindUntil = 0;
  #onTheirWay = 0;
  /** The cluster's eTag need not say so: then nobody can know. */
  #isScaledSinceRead = false;
  #identityChangedAt: Date | undefined;
  #before: JsonObject = {};
  #tokenUntil: string | undefined;
  #switchedAt: Date | undefined;

  /** @param fail told what does not hold */
  constructor(subject: Subject, fail: (what: string) => void) {
    const { settings, clusters } = subject.site.plan;
    this.subject = subject;
    this.#fail = (what) => fail(clusters.length === 1 ? what : `${subject.clusterId.split("/").at(-1)}: ${what}`);
    this.#needs = neededRights(subject);
    this.#waitMs = parseDuration(settings.rolePropagation.wait)!;
    this.#tokenMs = parseDuration(settings.tokenSwitchover.wait)!;
  }

  /** Someone else has done something. */
  noteStranger(deed: Deed): void {
    if (deed === "scale" || deed === "addPool") this.#isScaledSinceRead = true;
    const isIdentity = deed === "deleteIdentity" || deed === "deleteUsedIdentity";
    if (deed !== "deleteRole" && !isIdentity) return;
    const blind = (isIdentity ? BLIND_REQUESTS_FOR_IDENTITY : BLIND_REQUESTS) * this.subject.site.plan.clusters.length;
    this.#blindUntil = Math.max(this.#blindUntil, this.#requests + blind);
    this.#lastRightLost = this.#requests;
  }

  /** Azure has answered a request. */
  noteAnswer(request: WireRequest, { body }: WireResponse): void {
    if (!/\/roleAssignments[/?]/i.test(request.url)) return;
    for (const [, date] of body.matchAll(/"(?:created|updated)On":"([^"]+)"/g)) this.#datesTold.add(Date.parse(date!));
  }

  /** A request is about to be served. */
  noteRequest(request: WireRequest): void {
    this.#requests += 1;
    if (!this.#isScaledSinceRead || request.method !== "GET") return;
    if (sameId(pathOf(request), this.subject.clusterId)) this.#isScaledSinceRead = false;
  }

  /** Called before Azure gets a write about this cluster. */
  async beforeWrite(write: Write): Promise<void> {
    this.#expectApproved(write);
    await this.#expectGivenTo(write);
    if (isOperation(write)) this.#before = await this.#readCluster();
  }

  /** A write is on its way to Azure. */
  beginWrite(write: Write): void {
    if (!isOperation(write)) return;
    if (this.#onTheirWay > 0) this.#fail(`${write.path} was written while another write was on its way`);
    this.#onTheirWay += 1;
  }

  /** Azure has answered a write. */
  endWrite(write: Write): void {
    if (isOperation(write)) this.#onTheirWay -= 1;
  }

  /** Called with Azure's answer to a write about this cluster. */
  async afterWrite(write: Write, response: WireResponse): Promise<void> {
    const key = this.openKey;
    if (response.status >= 300 || key === undefined) return;
    if (!isOperation(write)) {
      if (response.status === 201) this.#rolesMade.set(write.path, (this.#rolesMade.get(write.path) ?? 0) + 1);
      const times = this.#rolesMade.get(write.path) ?? 0;
      if (times > 1 && this.#lastRightLost < 0) this.#fail(`${key} was made ${times} times`);
      return;
    }
    await this.#expectNothingElseRuns(key);
    await this.#expectNotTwice(key);
    if (write.kind === "cluster") await this.#expectNothingLost();
    await this.#expectRights(key);
    const url = response.headers["azure-asyncoperation"];
    this.#begun.push({ key, operation: url === undefined ? undefined : new URL(url).pathname });
    const now = this.subject.site.clock.now();
    if (write.kind === "cluster") this.#identityChangedAt = now;
    if (key === switchKey(this.subject.clusterId)) this.#switchedAt = now;
  }

  /** Called with each event of this cluster once it is on disk. */
  onEvent(event: Event): void {
    this.#events.push(event);
    if (event.type !== "step:waiting" || event.until === undefined) return;
    const until = Date.parse(event.until);
    if (event.step === "await-token-switchover") {
      const from = new Date(until - this.#tokenMs);
      if (this.#switchedAt && from < this.#switchedAt) this.#fail("the token wait ends before the tokens do");
      if (this.#tokenUntil !== undefined && this.#tokenUntil !== event.until)
        this.#fail(`the token wait was to end at ${this.#tokenUntil} and now ends at ${event.until}`);
      this.#tokenUntil = event.until;
    } else if (!this.#datesTold.has(until - this.#waitMs)) {
      this.#fail(`${event.step} waits until ${event.until}, which counts from no role assignment`);
    }
  }

  /** Called when the run has ended done. */
  async atTheEnd(): Promise<void> {
    const wrong = await wrongAtTheEnd({
      subject: this.subject,
      journal: this.#events,
      begun: this.#begun.map(({ key }) => key),
      needs: this.#needs,
      requestsSinceLoss: this.#requests - this.#lastRightLost,
      identityChangedAt: this.#identityChangedAt,
    });
    for (const what of wrong) this.#fail(what);
  }

  /** A right that vanished at the last moment is nobody's fault; one that was never looked for again is. */
  async #expectRights(key: string): Promise<void> {
    const { clusterId, site } = this.subject;
    const isUpdate = key === switchKey(clusterId) || key === kubeletIdentityKey(clusterId);
    const now = site.clock.now().getTime();
    for (const needed of this.#needs) {
      if (isUpdate ? !needed.isBeforeSwitch : needed.who !== "kubelet") continue;
      const since = (await heldSince(this.subject, needed))?.getTime();
      if (since !== undefined && now - since >= this.#waitMs) continue;
      if (this.#isBlind) continue;
      const held = since === undefined ? "is not held" : `is only ${(now - since) / 60_000} minutes old`;
      this.#fail(`${key} was sent while ${needed.role} of the ${needed.who} on ${needed.scope} ${held}`);
    }
  }

  async #expectNothingElseRuns(key: string): Promise<void> {
    for (const other of this.#begun) {
      if ((await this.#statusOf(other)) === "InProgress") this.#fail(`${key} was sent while ${other.key} goes on`);
    }
  }

  async #expectNotTwice(key: string): Promise<void> {
    const earlier = this.#begun.filter((other) => other.key === key);
    for (const other of earlier) {
      const status = await this.#statusOf(other);
      if (status === "Succeeded" && !(await this.#didNothing(key))) this.#fail(`${key} was applied twice`);
    }
  }

  /** An upgrade to the image that a pool already has succeeds and images no node. */
  async #didNothing(key: string): Promise<boolean> {
    const pool = /^roll:(.*)$/.exec(key)?.[1];
    if (pool === undefined) return false;
    const events = await this.subject.site.read<Json[]>("/_emulator/events");
    const isHere = (event: Json) => sameId(asString(at(event, "cluster")), this.subject.clusterId);
    return !events.some((event) => at(event, "kind") === "nodeReimaged" && at(event, "pool") === pool && isHere(event));
  }

  async #statusOf({ operation }: Begun): Promise<string | undefined> {
    return operation && asString(at(await this.subject.site.read<Json>(operation), "status"));
  }

  async #readCluster(): Promise<JsonObject> {
    return asObject(await this.subject.site.read<Json>(this.subject.clusterId));
  }

  /** Nothing that someone else changed may be undone by sending back an older body. */
  async #expectNothingLost(): Promise<void> {
    const [before, after] = [this.#before, await this.#readCluster()].map((cluster) =>
      this.#withoutIdentities(cluster),
    );
    if (!isDeepStrictEqual(before, after))
      this.#fail(`an update undid what someone else had changed: ${JSON.stringify([before, after])}`);
  }

  /** What an update of the identities has no business with, without states, versions and tags of entities. */
  #withoutIdentities(cluster: JsonObject): Json {
    const properties = asObject(cluster["properties"]);
    const pools = asArray(properties["agentPoolProfiles"]).map((pool) => without(asObject(pool), POOL_STATE));
    const others = without(properties, PROPERTIES_OF_IDENTITY);
    const kept = { ...others, agentPoolProfiles: this.#isScaledSinceRead ? [] : pools };
    return { ...without(cluster, ["eTag", "identity"]), properties: kept };
  }

  #expectApproved(write: Write): void {
    const key = this.openKey;
    const isApproved = this.#events.some((event) => event.type === "run:approved");
    if (!isApproved) this.#fail(`${write.path} was written before anyone approved`);
    if (key === undefined || !write.keys.includes(key)) this.#fail(`${write.path} was written for ${key ?? "nothing"}`);
    else if (!this.subject.approvedKeys.includes(key)) this.#fail(`${key} is not in the plan`);
  }

  /** A role goes to whom the plan names, and to nobody who has taken that name since. */
  async #expectGivenTo({ path, principalId, keys }: Write): Promise<void> {
    const key = keys.find((each) => each === this.openKey);
    const needed = this.#needs.find((each) => roleKey(each) === key);
    if (!needed || this.#isBlind) return;
    const holder = await principalOf(this.subject, needed.who);
    // While somebody updates the cluster, it does not show the identities of its add-ons.
    if (holder === undefined && needed.who.startsWith("addon:")) return;
    if (holder !== principalId) this.#fail(`${path} gives ${key} to ${principalId} instead of ${holder}`);
  }

  /** True when something vanished after anyone could have looked for it the last time. */
  get #isBlind(): boolean {
    return this.#requests <= this.#blindUntil;
  }

  /** The change that the journal says is being made. */
  get openKey(): string | undefined {
    const last = this.#events.findLast((event) => event.type === "change:started" || event.type === "change:applied");
    return last?.type === "change:started" ? last.key : undefined;
  }
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** True for a write that starts an operation on the cluster: of those there is one at a time. */
function isOperation({ kind }: Write): boolean {
  return kind === "cluster" || kind === "roll";
}
