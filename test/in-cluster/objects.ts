import type { Lab } from "../support/lab.ts";

/** What must come out nowhere. */
export const PLANTED = "correct-horse-battery-staple";

/** The service principal of the demo's cluster. */
export async function clientIdOf(lab: Lab): Promise<string> {
  const [cluster] = await clusters(lab);
  return cluster!.properties.servicePrincipalProfile.clientId;
}

interface ClusterResource {
  readonly id: string;
  readonly type: string;
  readonly properties: { readonly servicePrincipalProfile: { readonly clientId: string }; [key: string]: unknown };
}

/** The clusters of the model, as they were put in. */
export async function clusters(lab: Lab): Promise<ClusterResource[]> {
  const all = await lab.control<ClusterResource[]>("GET", "/_emulator/resources");
  return all.filter(({ type }) => type.toLowerCase() === "microsoft.containerservice/managedclusters");
}

/** Puts Kubernetes objects into the first cluster. */
export async function putObjects(lab: Lab, objects: readonly object[]): Promise<void> {
  const [cluster] = await lab.clusterIds();
  await lab.control(
    "POST",
    "/_emulator/resources",
    objects.map((object, index) => ({
      id: `object-${index}`,
      type: `Kubernetes/${(object as { kind: string }).kind}`,
      cluster,
      ...object,
    })),
  );
}

/** A Kubernetes object. */
export function object(kind: string, name: string, more: object = {}, metadata: object = {}): object {
  return { kind, metadata: { namespace: "shop", name, ...metadata }, ...more };
}

/** A pod of a Deployment. */
export function pod(name: string, spec: object, more: object = {}): object {
  const owner = { kind: "ReplicaSet", name: `${name}-5d8f7c9b6d` };
  return object(
    "Pod",
    `${name}-5d8f7c9b6d-x2x4k`,
    { spec: { containers: [{ name: "main", image: "nginx" }], ...spec }, ...more },
    {
      ownerReferences: [owner],
    },
  );
}

/** A secret with these values. */
export function secret(name: string, values: Record<string, string>): object {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return object("Secret", name, { data });
}

/** As Kubernetes writes the values of secrets. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
