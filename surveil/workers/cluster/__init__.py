"""A fleet over several hosts: which host takes which camera, and Ray, which starts the hosts."""
