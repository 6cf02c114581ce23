"""Fills in what Debian 12's azure-cli 2.45 misses in Debian's own Azure SDK packages.

Debian's SDK is newer (authorization) or holds other API versions (network) than this CLI wants, so that some commands
end in a traceback before anything is sent, whatever the server:

* az role ...: the operations object has no attribute "config", and does not know the keyword "custom_headers";
* az aks update --attach-acr: the same, after 110 seconds of silent retries; and the 409 RoleAssignmentExists that it
  always meets on a cluster with managed identity is not recognised, because the message now carries the error code;
* az network: its API version is not there as a module.

With this folder on PYTHONPATH the missing names are put in when az starts. Requests and answers stay what they are,
and a CLI whose packages fit together is not touched.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import os
import sys

_AUTHORIZATION = {
    f"azure.mgmt.authorization.{version}.operations.{module}"
    for version in ("v2015_07_01", "v2018_01_01_preview", "v2020_04_01_preview", "v2022_04_01")
    for module in ("_role_assignments_operations", "_role_definitions_operations")
}
_NETWORK = "azure.mgmt.network.v2022_01_01"


def _repair_authorization(module):
    for name in ("RoleAssignmentsOperations", "RoleDefinitionsOperations"):
        operations = getattr(module, name, None)
        if operations is None or hasattr(operations, "config"):
            continue
        operations.config = property(lambda self: self._config)
        if hasattr(operations, "create"):
            operations.create = _taking_old_keyword(operations.create)


def _taking_old_keyword(create):
    @functools.wraps(create)
    def wrapper(self, *args, custom_headers=None, **kwargs):
        if custom_headers:
            kwargs["headers"] = custom_headers
        try:
            return create(self, *args, **kwargs)
        except Exception as error:
            if getattr(getattr(error, "error", None), "code", None) == "RoleAssignmentExists":
                error.message = "The role assignment already exists."
            raise

    return wrapper


class _NetworkAlias(importlib.abc.Loader):
    """Lets the unversioned network module, which Debian has, stand for the version that the CLI names."""

    def create_module(self, spec):
        return importlib.import_module(spec.name.replace(".v2022_01_01", ""))

    def exec_module(self, module):
        pass


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(_NETWORK):
            if importlib.machinery.PathFinder.find_spec(name, path) is not None:
                return None
            return importlib.machinery.ModuleSpec(name, _NetworkAlias(), is_package=name == _NETWORK)
        if name not in _AUTHORIZATION:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _repair_authorization(module)

        spec.loader.exec_module = exec_module
        return spec


if any(os.path.basename(word) == "az" or word == "azure.cli" for word in getattr(sys, "orig_argv", sys.argv)[:4]):
    sys.meta_path.insert(0, _Finder())
