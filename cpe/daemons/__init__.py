"""The three daemons. Each is *poll + handle*: what it polls and how it handles one item."""
