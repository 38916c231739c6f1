"""The untrusted side: language rules, loader, guards, confinement, zygote, worker. Never imports `engine`."""
