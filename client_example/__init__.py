"""Examples of client applications: they use `cpe.client` and `cpe.protocol`, as any client would."""
