"""Kernel confinement: namespaces, Landlock, seccomp and limits, by system calls of our own."""
