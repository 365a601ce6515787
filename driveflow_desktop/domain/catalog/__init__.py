"""Catalog: what a school sells and at which price."""
