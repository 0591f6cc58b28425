"""``python -m heal_lsp.engine``: the engine process. Started by :class:`heal_lsp.engine.client.EngineClient`."""

from heal_lsp.engine.door import main

if __name__ == "__main__":
    main()
