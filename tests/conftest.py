"""What every test may use; the engine's fixtures are in a module of their own."""

pytest_plugins = ["tests.support.engine_fixtures"]
