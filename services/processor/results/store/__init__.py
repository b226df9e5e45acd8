"""SQL for finished rows and assemblies. The rules are in the package above."""
