"""How the servers use more CPUs: some CPUs for them, the others for the clients."""
