"""The world outside: Redis, files, letters. Adapters know no model."""
