"""Adapters to the outside, one folder per capability. Vendor SDKs live here and nowhere else."""
