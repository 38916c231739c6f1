"""Object stores: what lies there is fetched into files that local backends read."""
