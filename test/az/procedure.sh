#!/usr/bin/env bash
# Moves one AKS cluster from its service principal to user-assigned managed identities the way Microsoft documents it,
# with the Azure CLI alone: identities, roles, an hour for the roles to propagate, one update, registries, node images.
# Reads: RESOURCE_GROUP, CLUSTER, CONTROL_PLANE_IDENTITY, KUBELET_IDENTITY; REGISTRIES (ids) and ROLES (lines of
# "role|scope" that the old principal holds and the new one needs); WAIT (a command that is given seconds to wait).
set -euo pipefail
: "${RESOURCE_GROUP:?}" "${CLUSTER:?}" "${CONTROL_PLANE_IDENTITY:?}" "${KUBELET_IDENTITY:?}"
REGISTRIES="${REGISTRIES:-}" ROLES="${ROLES:-}" WAIT="${WAIT:-sleep}"

say() { printf '== %s\n' "$*" >&2; }
stop() { printf 'STOP: %s\n' "$*" >&2; exit 1; }
# One value a line; warnings would get among them.
get() { az "$@" --only-show-errors -o tsv; }
cluster() { get aks show -g "$RESOURCE_GROUP" -n "$CLUSTER" --query "$1"; }
pools() { get aks nodepool list -g "$RESOURCE_GROUP" --cluster-name "$CLUSTER" --query "$1"; }

# Nothing may be in progress: Azure would refuse the next change.
ensure_idle() {
  local state
  state="$(cluster provisioningState)"
  [ "$state" = Succeeded ] || stop "the cluster is $state"
  state="$(pools "[?provisioningState!='Succeeded'].name")"
  [ -z "$state" ] || stop "not Succeeded: $state"
}

grant() { # principal, role, scope
  say "grant $2 on $3"
  local try
  for try in 1 2 3 4 5 6; do
    # A new identity is unknown to Entra for some seconds; an assignment that exists counts as made.
    az role assignment create --assignee-object-id "$1" --assignee-principal-type ServicePrincipal \
      --role "$2" --scope "$3" --only-show-errors -o none && return
    say "try $try failed"
    sleep 5
  done
  stop "no $2 on $3"
}

say "1. what is there"
ensure_idle
old_client_id="$(cluster servicePrincipalProfile.clientId)"
[ "$old_client_id" != msi ] || stop "the cluster is on managed identity already"
old_principal="$(get ad sp show --id "$old_client_id" --query id)"
az role assignment list --all --assignee "$old_principal" --only-show-errors -o table >&2
az lock list -g "$RESOURCE_GROUP" --only-show-errors -o table >&2

say "2. identities"
location="$(cluster location)"
for name in "$CONTROL_PLANE_IDENTITY" "$KUBELET_IDENTITY"; do
  az identity create -g "$RESOURCE_GROUP" -n "$name" -l "$location" --only-show-errors -o none
done
read -r control_plane_id control_plane_principal < <(get identity show -g "$RESOURCE_GROUP" \
  -n "$CONTROL_PLANE_IDENTITY" --query '[id, principalId]' | paste -s)
read -r kubelet_id kubelet_principal < <(get identity show -g "$RESOURCE_GROUP" \
  -n "$KUBELET_IDENTITY" --query '[id, principalId]' | paste -s)

say "3. roles"
grant "$control_plane_principal" "Managed Identity Operator" "$kubelet_id"
for registry in $REGISTRIES; do grant "$kubelet_principal" AcrPull "$registry"; done
while IFS='|' read -r role scope; do
  [ -z "$role" ] || grant "$control_plane_principal" "$role" "$scope"
done <<< "$ROLES"
# The control plane joins nodes and load balancers to the pools' subnets, and writes routes where those have a table.
for subnet in $(pools '[].vnetSubnetId' | sort -u); do
  grant "$control_plane_principal" "Network Contributor" "$subnet"
  route_table="$(get network vnet subnet show --ids "$subnet" --query routeTable.id)"
  case "$route_table" in /*) grant "$control_plane_principal" "Network Contributor" "$route_table" ;; esac
done
say "wait until the roles work"
$WAIT 3600

say "4. update the cluster"
ensure_idle
az aks update -g "$RESOURCE_GROUP" -n "$CLUSTER" --yes --enable-managed-identity \
  --assign-identity "$control_plane_id" --assign-kubelet-identity "$kubelet_id" --only-show-errors -o none
ensure_idle

say "5. attach the registries"
for registry in $REGISTRIES; do
  az aks update -g "$RESOURCE_GROUP" -n "$CLUSTER" --attach-acr "$registry" --only-show-errors -o none
done

say "6. node images: a kubelet keeps the service principal until its node is re-imaged"
for pool in $(pools 'sort_by([], &mode)[].name'); do
  ensure_idle
  say "pool $pool: $(get aks nodepool show -g "$RESOURCE_GROUP" --cluster-name "$CLUSTER" -n "$pool" \
    --query nodeImageVersion) -> $(get aks nodepool get-upgrades -g "$RESOURCE_GROUP" --cluster-name "$CLUSTER" \
    --nodepool-name "$pool" --query latestNodeImageVersion)"
  az aks nodepool upgrade -g "$RESOURCE_GROUP" --cluster-name "$CLUSTER" -n "$pool" --node-image-only --yes \
    --only-show-errors -o none
done

say "7. what is there now"
ensure_idle
[ "$(cluster identityProfile.kubeletidentity.objectId)" = "$kubelet_principal" ] || stop "another kubelet identity"
az role assignment list --all --assignee "$control_plane_principal" --only-show-errors -o table >&2
az aks show -g "$RESOURCE_GROUP" -n "$CLUSTER" --only-show-errors -o json \
  --query '{state: provisioningState, identity: identity, kubelet: identityProfile, servicePrincipal: servicePrincipalProfile, addons: addonProfiles, pools: agentPoolProfiles[].{name: name, state: provisioningState}}'
