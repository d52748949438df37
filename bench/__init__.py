"""What Moorline costs: CPU of the server process per operation, beside floors measured in the same run.

`python -m bench`; how it is measured and what came out stands in docs/performance.md. Nothing in `src` imports this.
"""
