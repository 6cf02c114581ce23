/**
 * The state that a migration ends in: cluster, identities, roles. Ids that a model makes up are replaced by what they
 * stand for, so that the states of two models compare.
 * @param {object[]} resources every resource of the model
 * @param {string} clusterId
 */
export function endState(resources, clusterId) {
  const named = resources.filter(({ id }) => id !== undefined);
  const identities = ofType(named, "Microsoft.ManagedIdentity/userAssignedIdentities");
  const names = new Map();
  for (const { id, properties } of identities) {
    names.set(properties.principalId, `principal of ${nameOf(id)}`);
    names.set(properties.clientId, `client of ${nameOf(id)}`);
  }
  const cluster = named.find(({ id }) => id.toLowerCase() === clusterId.toLowerCase());
  const { identity, properties, tags, sku } = cluster;
  const { agentPoolProfiles, ...others } = properties;
  const pools = Object.fromEntries(agentPoolProfiles.map(({ eTag: _, ...profile }) => [profile.name, profile]));
  const state = {
    cluster: { identity, tags, sku, properties: others, pools },
    scaleSets: Object.fromEntries(
      ofType(named, "Microsoft.Compute/virtualMachineScaleSets").map((set) => [
        nameOf(set.id),
        Object.keys(set.identity?.userAssignedIdentities ?? {}).sort(),
      ]),
    ),
    nodesWithoutLatestModel: ofType(named, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines")
      .filter((node) => node.properties.latestModelApplied === false)
      .map(({ id }) => nameOf(id)),
    identities: identities.map(({ id, location }) => `${id.toLowerCase()} in ${location}`).sort(),
    roles: ofType(named, "Microsoft.Authorization/roleAssignments")
      .map(({ id, properties: { principalId, principalType, roleDefinitionId } }) => {
        const scope = id.toLowerCase().split("/providers/microsoft.authorization/roleassignments/")[0];
        return `${roleDefinitionId.split("/").at(-1)} for ${principalId} (${principalType}) on ${scope}`;
      })
      .map((text) => withNames(text, names))
      .sort(),
  };
  // Azure keeps the spelling of an id as it was sent, which differs from client to client.
  const text = JSON.stringify(state).replaceAll(/"\/subscriptions\/[^"]*"/gi, (id) => id.toLowerCase());
  return JSON.parse(withNames(text, names));
}

function withNames(text, names) {
  let named = text;
  for (const [id, name] of names) named = named.replaceAll(id, name);
  return named;
}

function ofType(resources, type) {
  return resources.filter((resource) => resource.type.toLowerCase() === type.toLowerCase());
}

function nameOf(id) {
  return id.split("/").at(-1);
}

/** Where two states differ. @returns {{ path: string, left: string, right: string }[]} */
export function differences(left, right, path = "") {
  const isNested = (value) => typeof value === "object" && value !== null;
  if (Array.isArray(left) && Array.isArray(right) && [...left, ...right].every((item) => typeof item === "string"))
    return [
      ...left.filter((item) => !right.includes(item)).map((item) => ({ path, left: item, right: "-" })),
      ...right.filter((item) => !left.includes(item)).map((item) => ({ path, left: "-", right: item })),
    ];
  if (!isNested(left) || !isNested(right))
    return left === right ? [] : [{ path, left: JSON.stringify(left) ?? "-", right: JSON.stringify(right) ?? "-" }];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(left[key], right[key], path ? `${path}.${key}` : key));
}
