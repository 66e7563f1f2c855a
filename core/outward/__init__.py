"""The log on its way to other systems: as CloudEvents by HTTP and NATS, and as sets on the Hub."""
