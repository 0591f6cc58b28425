"""The engine: the process that repairs, its door and client, the scheduler, and the wiring of adapters to the core."""
